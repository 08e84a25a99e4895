"""The catalogue views that clients ask, each with its columns and what fills it.

Only what clients of U8 ask for is here. Each view shows a login what it may see, as the real ones do: tables on which
it has some right, and with such a table all its columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from emulated import view_rows
from emulated.catalogue import Database
from emulated.errors import NotModelledError
from emulated.sqltypes import BIGINT, BIT, DATETIME, INT, SqlType

if TYPE_CHECKING:
    from emulated.session import EmulatedSession

__all__ = ["VIEWS", "View", "view_name"]

_NAME = SqlType("nvarchar", 128)
_TINY = SqlType("tinyint")
_SMALL = SqlType("smallint")
_CODE = SqlType("varchar", 2)
_WORDS = SqlType("nvarchar", 60)
_LONG = SqlType("nvarchar", -1)
_SID = SqlType("varbinary", 85)


@dataclass(frozen=True)
class View:
    """A view: its columns, what fills it, and whether it is about sessions and never stays as it is."""

    columns: tuple[tuple[str, SqlType], ...]
    fill: view_rows.Filler
    live: bool = False


def view_name(schema: str, name: str) -> str | None:
    """The key of a view in :data:`VIEWS`; null for what is no view."""
    key = f"{schema}.{name}".lower()
    found = _BY_LOWER.get(key)
    if found is None and name.lower() == "sysobjects" and schema.lower() in ("", "dbo"):
        found = "sys.sysobjects"
    if found is None and schema.lower() in ("sys", "information_schema"):
        raise NotModelledError(f"{schema}.{name}")
    return found


def _system_views(session: EmulatedSession, database: Database) -> Iterator[tuple[Any, ...]]:
    for at, key in enumerate(VIEWS):
        schema, name = key.split(".")
        yield (
            name,
            -(at + 1),
            [name.casefold() for name in database.schemas].index(schema.casefold()) + 1,
            "V",
            "VIEW",
        )
    del session


# --- the list ---------------------------------------------------------------------------------------------------------


def _columns_of(**types: SqlType) -> tuple[tuple[str, SqlType], ...]:
    return tuple(types.items())


_OBJECT: Final = _columns_of(
    name=_NAME, object_id=INT, principal_id=INT, schema_id=INT, parent_object_id=INT, type=_CODE, type_desc=_WORDS,
    create_date=DATETIME, modify_date=DATETIME, is_ms_shipped=BIT,
)  # fmt: skip

VIEWS: Final[Mapping[str, View]] = {
    "sys.objects": View(_OBJECT, view_rows.objects),
    "sys.all_objects": View(_OBJECT, view_rows.objects),
    "sys.tables": View(_OBJECT, view_rows.of_type("U")),
    "sys.views": View(_OBJECT, view_rows.nothing),
    "sys.procedures": View(_OBJECT, view_rows.nothing),
    "sys.columns": View(
        _columns_of(
            object_id=INT, name=_NAME, column_id=INT, system_type_id=_TINY, user_type_id=INT, max_length=_SMALL,
            precision=_TINY, scale=_TINY, collation_name=_NAME, is_nullable=BIT, is_rowguidcol=BIT, is_identity=BIT,
            is_computed=BIT, default_object_id=INT,
        ),
        view_rows.columns,
    ),
    "sys.types": View(
        _columns_of(
            name=_NAME, system_type_id=_TINY, user_type_id=INT, schema_id=INT, max_length=_SMALL, precision=_TINY,
            scale=_TINY, collation_name=_NAME, is_nullable=BIT, is_user_defined=BIT,
        ),
        view_rows.types,
    ),
    "sys.schemas": View(_columns_of(name=_NAME, schema_id=INT, principal_id=INT), view_rows.schemas),
    "sys.triggers": View(
        _columns_of(
            name=_NAME, object_id=INT, parent_class=_TINY, parent_class_desc=_WORDS, parent_id=INT, type=_CODE,
            type_desc=_WORDS, is_ms_shipped=BIT, is_disabled=BIT, is_not_for_replication=BIT, is_instead_of_trigger=BIT,
        ),
        view_rows.triggers,
    ),
    "sys.trigger_events": View(
        _columns_of(object_id=INT, type=INT, type_desc=_WORDS, is_first=BIT, is_last=BIT), view_rows.trigger_events
    ),
    "sys.default_constraints": View(
        _columns_of(
            name=_NAME, object_id=INT, schema_id=INT, parent_object_id=INT, parent_column_id=INT, definition=_LONG
        ),
        view_rows.default_constraints,
    ),
    "sys.check_constraints": View(
        _columns_of(name=_NAME, object_id=INT, schema_id=INT, parent_object_id=INT, definition=_LONG), view_rows.nothing
    ),
    "sys.computed_columns": View(
        _columns_of(object_id=INT, name=_NAME, column_id=INT, definition=_LONG, is_persisted=BIT), view_rows.nothing
    ),
    "sys.identity_columns": View(
        _columns_of(
            object_id=INT, name=_NAME, column_id=INT, is_identity=BIT, seed_value=_NAME, increment_value=_NAME,
            last_value=_NAME,
        ),
        view_rows.identity_columns,
    ),
    "sys.extended_properties": View(
        (("class", _TINY), ("major_id", INT), ("minor_id", INT), ("name", _NAME), ("value", _LONG)),
        view_rows.nothing,
    ),
    "sys.sysobjects": View(
        _columns_of(name=_NAME, id=INT, xtype=_CODE, uid=_SMALL, parent_obj=INT, crdate=DATETIME, type=_CODE),
        view_rows.sysobjects,
    ),
    "sys.indexes": View(
        _columns_of(
            object_id=INT, name=_NAME, index_id=INT, type=_TINY, type_desc=_WORDS, is_unique=BIT, is_primary_key=BIT,
            is_unique_constraint=BIT, is_disabled=BIT, has_filter=BIT, filter_definition=_LONG,
        ),
        view_rows.indexes,
    ),
    "sys.index_columns": View(
        _columns_of(
            object_id=INT, index_id=INT, index_column_id=INT, column_id=INT, key_ordinal=_TINY, partition_ordinal=_TINY,
            is_descending_key=BIT, is_included_column=BIT,
        ),
        view_rows.index_columns,
    ),
    "sys.key_constraints": View(
        _columns_of(
            name=_NAME, object_id=INT, schema_id=INT, parent_object_id=INT, type=_CODE, type_desc=_WORDS,
            unique_index_id=INT, is_system_named=BIT,
        ),
        view_rows.key_constraints,
    ),
    "sys.foreign_keys": View(
        _columns_of(
            name=_NAME, object_id=INT, schema_id=INT, parent_object_id=INT, referenced_object_id=INT, is_disabled=BIT
        ),
        view_rows.nothing,
    ),
    "sys.foreign_key_columns": View(
        _columns_of(
            constraint_object_id=INT, constraint_column_id=INT, parent_object_id=INT, parent_column_id=INT,
            referenced_object_id=INT, referenced_column_id=INT,
        ),
        view_rows.nothing,
    ),
    "sys.sql_modules": View(_columns_of(object_id=INT, definition=_LONG), view_rows.nothing),
    "sys.databases": View(
        _columns_of(
            name=_NAME, database_id=INT, owner_sid=_SID, create_date=DATETIME, compatibility_level=_TINY,
            collation_name=_NAME, state=_TINY, state_desc=_WORDS, is_read_only=BIT, is_read_committed_snapshot_on=BIT,
            snapshot_isolation_state=_TINY, snapshot_isolation_state_desc=_WORDS, recovery_model=_TINY,
            recovery_model_desc=_WORDS, is_encrypted=BIT, user_access=_TINY,
        ),
        view_rows.databases,
    ),
    "sys.server_principals": View(
        _columns_of(
            name=_NAME, principal_id=INT, sid=_SID, type=_CODE, type_desc=_WORDS, is_disabled=BIT,
            default_database_name=_NAME, default_language_name=_NAME,
        ),
        view_rows.server_principals,
    ),
    "sys.database_principals": View(
        _columns_of(
            name=_NAME, principal_id=INT, type=_CODE, type_desc=_WORDS, default_schema_name=_NAME, sid=_SID,
            authentication_type=INT,
        ),
        view_rows.database_principals,
    ),
    "sys.database_role_members": View(
        _columns_of(role_principal_id=INT, member_principal_id=INT), view_rows.role_members
    ),
    "sys.database_permissions": View(
        (
            ("class", _TINY), ("class_desc", _WORDS), ("major_id", INT), ("minor_id", INT),
            ("grantee_principal_id", INT), ("grantor_principal_id", INT), ("type", SqlType("varchar", 4)),
            ("permission_name", _NAME), ("state", _CODE), ("state_desc", _WORDS),
        ),
        view_rows.permissions,
    ),
    "sys.system_views": View(
        _columns_of(name=_NAME, object_id=INT, schema_id=INT, type=_CODE, type_desc=_WORDS), _system_views
    ),
    "sys.dm_exec_sessions": View(
        _columns_of(
            session_id=_SMALL, login_time=DATETIME, host_name=_NAME, program_name=_NAME, client_version=INT,
            login_name=_NAME, original_login_name=_NAME, status=SqlType("nvarchar", 30), is_user_process=BIT,
            transaction_isolation_level=_SMALL, lock_timeout=INT, deadlock_priority=INT, row_count=BIGINT,
            database_id=_SMALL, open_transaction_count=INT, date_format=SqlType("nvarchar", 3), language=_NAME,
        ),
        view_rows.sessions,
        live=True,
    ),
    "sys.dm_tran_locks": View(
        _columns_of(
            resource_type=SqlType("nvarchar", 60), resource_subtype=SqlType("nvarchar", 60), resource_database_id=INT,
            resource_description=SqlType("nvarchar", 256), resource_associated_entity_id=BIGINT,
            request_mode=SqlType("nvarchar", 60), request_type=SqlType("nvarchar", 60),
            request_status=SqlType("nvarchar", 60), request_session_id=INT,
        ),
        view_rows.application_locks,
        live=True,
    ),
    "sys.dm_exec_connections": View(
        _columns_of(
            session_id=INT, connect_time=DATETIME, net_transport=_NAME, protocol_type=_NAME, encrypt_option=_NAME,
            auth_scheme=_NAME, local_net_address=SqlType("varchar", 48), local_tcp_port=INT,
            client_net_address=SqlType("varchar", 48), client_tcp_port=INT, net_packet_size=INT,
        ),
        view_rows.connections,
        live=True,
    ),
    "INFORMATION_SCHEMA.TABLES": View(
        _columns_of(TABLE_CATALOG=_NAME, TABLE_SCHEMA=_NAME, TABLE_NAME=_NAME, TABLE_TYPE=SqlType("varchar", 10)),
        view_rows.is_tables,
    ),
    "INFORMATION_SCHEMA.VIEWS": View(
        _columns_of(TABLE_CATALOG=_NAME, TABLE_SCHEMA=_NAME, TABLE_NAME=_NAME), view_rows.nothing
    ),
    "INFORMATION_SCHEMA.COLUMNS": View(
        _columns_of(
            TABLE_CATALOG=_NAME, TABLE_SCHEMA=_NAME, TABLE_NAME=_NAME, COLUMN_NAME=_NAME, ORDINAL_POSITION=INT,
            COLUMN_DEFAULT=SqlType("nvarchar", 4000), IS_NULLABLE=SqlType("varchar", 3), DATA_TYPE=_NAME,
            CHARACTER_MAXIMUM_LENGTH=INT, NUMERIC_PRECISION=_TINY, NUMERIC_SCALE=INT, COLLATION_NAME=_NAME,
        ),
        view_rows.is_columns,
    ),
    "INFORMATION_SCHEMA.SCHEMATA": View(
        _columns_of(CATALOG_NAME=_NAME, SCHEMA_NAME=_NAME, SCHEMA_OWNER=_NAME), view_rows.is_schemata
    ),
}  # fmt: skip

_BY_LOWER: Final = {key.lower(): key for key in VIEWS}

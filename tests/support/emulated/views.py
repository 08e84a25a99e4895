"""The catalogue views that clients ask, each with its columns and what fills it.

Only what clients of U8 ask for is here. Each view shows a login what it may see, as the real ones do: tables on which
it has some right, and with such a table all its columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from emulated.catalogue import Column, Database, Table
from emulated.errors import SqlError
from emulated.sqltypes import BIGINT, BIT, DATETIME, INT, SqlType

if TYPE_CHECKING:
    from emulated.session import EmulatedSession

__all__ = ["VIEWS", "View", "principal_id", "view_name"]

_NAME = SqlType("nvarchar", 128)
_TINY = SqlType("tinyint")
_SMALL = SqlType("smallint")
_CODE = SqlType("varchar", 2)
_WORDS = SqlType("nvarchar", 60)
_LONG = SqlType("nvarchar", -1)
_SID = SqlType("varbinary", 85)

Rows = Iterator[tuple[Any, ...]]
Filler = Callable[["EmulatedSession", Database], Rows]


@dataclass(frozen=True)
class View:
    """A view: its columns with their types, what fills it, and whether it is about sessions and never stays as it is."""

    columns: tuple[tuple[str, SqlType], ...]
    fill: Filler
    live: bool = False


def view_name(schema: str, name: str) -> str | None:
    """The key of a view in :data:`VIEWS`; null for what is no view. Raises SqlError 208 for a sys view not known."""
    key = f"{schema}.{name}".lower()
    found = _BY_LOWER.get(key)
    if found is None and name.lower() == "sysobjects" and schema.lower() in ("", "dbo"):
        found = "sys.sysobjects"
    if found is None and schema.lower() in ("sys", "information_schema"):
        raise SqlError(208, f"Invalid object name '{schema}.{name}'.")
    return found


def principal_id(name: str, session: EmulatedSession, database: Database) -> int:
    """The number of a user or role."""
    known = ["public", "dbo", "guest", "INFORMATION_SCHEMA", "sys"]
    principals = session.server.rights.principals(database.name)
    names = [*known, *principals.users, *(role for role in principals.roles if role != "public")]
    return [each.casefold() for each in names].index(name.casefold())


_TYPES: Final[Mapping[str, tuple[int, int, int, int]]] = {
    # name: number, bytes, precision, scale
    "nvarchar": (231, 8000, 0, 0),
    "varchar": (167, 8000, 0, 0),
    "int": (56, 4, 10, 0),
    "bigint": (127, 8, 19, 0),
    "smallint": (52, 2, 5, 0),
    "tinyint": (48, 1, 3, 0),
    "bit": (104, 1, 1, 0),
    "float": (62, 8, 53, 0),
    "decimal": (106, 17, 38, 38),
    "numeric": (108, 17, 38, 38),
    "money": (60, 8, 19, 4),
    "datetime": (61, 8, 23, 3),
    "datetime2": (42, 8, 27, 7),
    "date": (40, 3, 10, 0),
    "varbinary": (165, 8000, 0, 0),
    "binary": (173, 8000, 0, 0),
    "timestamp": (189, 8, 0, 0),
}


def _shape(type_: SqlType) -> tuple[int, int, int, int]:
    """Number, length in bytes, precision and scale of a column's type."""
    number, length, precision, scale = _TYPES["timestamp" if type_.name == "rowversion" else type_.name]
    if type_.size is not None:
        length = -1 if type_.size == -1 else type_.size * (2 if type_.name == "nvarchar" else 1)
    if type_.name == "decimal":
        precision, scale = type_.precision or 18, type_.scale or 0
        length = 5 if precision <= 9 else 9 if precision <= 19 else 13 if precision <= 28 else 17
    return number, length, precision, scale


def _visible(session: EmulatedSession, database: Database) -> Iterator[Table]:
    return (
        table for table in database.tables.values() if session.server.rights.sees(session.account, database.name, table)
    )


def _schema_id(database: Database, schema: str) -> int:
    return [name.casefold() for name in database.schemas].index(schema.casefold()) + 1


def _default_id(table: Table, at: int) -> int:
    return table.object_id + at


def _trigger_id(table: Table, at: int) -> int:
    return table.object_id + 2_000 + at


def _key_id(table: Table) -> int:
    return table.object_id + 5_000


# --- objects ----------------------------------------------------------------------------------------------------------


def _objects(session: EmulatedSession, database: Database) -> Rows:
    def row(name: str, number: int, schema: str, parent: int, type_: str, words: str) -> tuple[Any, ...]:
        created = session.stored_time(database.created)
        return (name, number, None, _schema_id(database, schema), parent, type_, words, created, created, 0)

    for table in _visible(session, database):
        yield row(table.name, table.object_id, table.schema, 0, "U", "USER_TABLE")
        if table.key:
            yield row(f"PK_{table.name}", _key_id(table), table.schema, table.object_id, "PK", "PRIMARY_KEY_CONSTRAINT")
        for at, column in enumerate(table.columns, start=1):
            if column.default is not None:
                name = f"DF_{table.name}_{column.name}"
                yield row(name, _default_id(table, at), table.schema, table.object_id, "D", "DEFAULT_CONSTRAINT")
        for at, trigger in enumerate(database.triggers):
            if trigger.table.casefold() == table.name.casefold():
                yield row(trigger.name, _trigger_id(table, at), table.schema, table.object_id, "TR", "SQL_TRIGGER")


def _sysobjects(session: EmulatedSession, database: Database) -> Rows:
    return ((row[0], row[1], row[5], row[3], row[4], row[7], row[5]) for row in _objects(session, database))


def _of_type(*types: str) -> Filler:
    return lambda session, database: (row for row in _objects(session, database) if row[5] in types)


def _columns(session: EmulatedSession, database: Database) -> Rows:
    for table in _visible(session, database):
        for at, column in enumerate(table.columns, start=1):
            number, length, precision, scale = _shape(column.type)
            text = column.type.name in ("nvarchar", "varchar")
            yield (
                table.object_id, column.name, at, number, number, length, precision, scale,
                database.collation if text else None, int(column.nullable), 0, int(column.identity), 0,
                0 if column.default is None else _default_id(table, at),
            )  # fmt: skip


def _types(_session: EmulatedSession, database: Database) -> Rows:
    for name, (number, length, precision, scale) in _TYPES.items():
        text = name in ("nvarchar", "varchar")
        yield (name, number, number, 4, length, precision, scale, database.collation if text else None, 1, 0)
    yield ("sysname", 231, 256, 4, 256, 0, 0, database.collation, 0, 0)


def _schemas(_session: EmulatedSession, database: Database) -> Rows:
    return ((name, at, 1) for at, name in enumerate(database.schemas, start=1))


def _triggers(session: EmulatedSession, database: Database) -> Rows:
    for table in _visible(session, database):
        for at, trigger in enumerate(database.triggers):
            if trigger.table.casefold() == table.name.casefold():
                yield (
                    trigger.name, _trigger_id(table, at), 1, "OBJECT_OR_COLUMN", table.object_id, "TR", "SQL_TRIGGER",
                    0, int(trigger.disabled), 0, int(trigger.instead_of),
                )  # fmt: skip


def _trigger_events(session: EmulatedSession, database: Database) -> Rows:
    numbers = {"INSERT": 1, "UPDATE": 2, "DELETE": 3}
    for table in _visible(session, database):
        for at, trigger in enumerate(database.triggers):
            if trigger.table.casefold() == table.name.casefold():
                yield (_trigger_id(table, at), numbers[trigger.event], trigger.event, 0, 0)


def _default_constraints(session: EmulatedSession, database: Database) -> Rows:
    for table in _visible(session, database):
        definitions = session.server.rights.allowed(session.account, database.name, "VIEW DEFINITION", table)
        for at, column in enumerate(table.columns, start=1):
            if column.default is not None:
                shown = column.default if definitions else None
                schema = _schema_id(database, table.schema)
                yield (f"DF_{table.name}_{column.name}", _default_id(table, at), schema, table.object_id, at, shown)


def _identity_columns(session: EmulatedSession, database: Database) -> Rows:
    for table in _visible(session, database):
        for at, column in enumerate(table.columns, start=1):
            if column.identity:
                yield (table.object_id, column.name, at, 1, "1", "1", None)


def _indexes_of(table: Table) -> Iterator[tuple[str, tuple[str, ...], bool, bool]]:
    """Name, columns, whether unique, whether the primary key."""
    if table.key:
        yield f"PK_{table.name}", table.key, True, True
    for columns in table.uniques:
        yield f"UQ_{table.name}_{'_'.join(columns)}", columns, True, False
    for name, columns in table.indexes:
        yield name, columns, False, False


def _indexes(session: EmulatedSession, database: Database) -> Rows:
    for table in _visible(session, database):
        for at, (name, _, unique, key) in enumerate(_indexes_of(table), start=1):
            words = "CLUSTERED" if at == 1 else "NONCLUSTERED"
            yield (table.object_id, name, at, 1 if at == 1 else 2, words, int(unique), int(key), 0, 0, 0, None)


def _index_columns(session: EmulatedSession, database: Database) -> Rows:
    for table in _visible(session, database):
        positions = {column.name: at for at, column in enumerate(table.columns, start=1)}
        for at, (_, columns, _, _) in enumerate(_indexes_of(table), start=1):
            for place, name in enumerate(columns, start=1):
                yield (table.object_id, at, place, positions[name], place, 0, 0, 0)


def _key_constraints(session: EmulatedSession, database: Database) -> Rows:
    for row in _objects(session, database):
        if row[5] == "PK":
            yield (row[0], row[1], row[3], row[4], row[5], row[6], 1, 1)


def _nothing(_session: EmulatedSession, _database: Database) -> Rows:
    return iter(())


# --- the server -------------------------------------------------------------------------------------------------------


def _databases(session: EmulatedSession, _database: Database) -> Rows:
    for database in session.server.databases:
        yield (
            database.name, database.number, b"\x01", session.stored_time(database.created), session.server.level,
            database.collation, 0, "ONLINE", int(database.read_only), int(database.snapshot_reads), 0, "OFF", 1,
            "FULL", 0, 0,
        )  # fmt: skip


def _sessions(session: EmulatedSession, _database: Database) -> Rows:
    everybody = session.server.rights.on_server(session.account, "VIEW SERVER STATE")
    for other in session.server.sessions:
        if everybody or other.spid == session.spid:
            login = other.login
            yield (
                other.spid, session.stored_time(other.since), login.host, login.application, 0, other.account.name,
                other.account.name, "running" if other is session else "sleeping", 1, other.options.isolation_level,
                other.lock_timeout_ms, other.deadlock_priority, other.rowcount, other.database.number, other.trancount,
                other.options.date_format, other.options.language,
            )  # fmt: skip


def _connections(session: EmulatedSession, _database: Database) -> Rows:
    if not session.server.rights.on_server(session.account, "VIEW SERVER STATE"):
        raise SqlError(
            300, "VIEW SERVER STATE permission was denied on object 'server', database 'master'.", severity=14
        )
    for other in session.server.sessions:
        encrypted = "TRUE" if other.login.encrypted else "FALSE"
        since = session.stored_time(other.since)
        yield (other.spid, since, "TCP", "TSQL", encrypted, "SQL", "127.0.0.1", 1433, "127.0.0.1", 0, 4096)


def _server_principals(session: EmulatedSession, _database: Database) -> Rows:
    for at, account in enumerate(session.server.rights.accounts.values(), start=256):
        windows = "\\" in account.name
        yield (
            account.name, at, account.name.encode("utf-16-le"), "U" if windows else "S",
            "WINDOWS_LOGIN" if windows else "SQL_LOGIN", int(account.disabled), account.default_database, "us_english",
        )  # fmt: skip
    for at, role in enumerate(("public", "sysadmin", "securityadmin", "serveradmin"), start=2):
        yield (role, at, bytes([at]), "R", "SERVER_ROLE", 0, None, None)


def _database_principals(session: EmulatedSession, database: Database) -> Rows:
    principals = session.server.rights.principals(database.name)
    for name in ("dbo", "guest", "INFORMATION_SCHEMA", "sys"):
        yield (name, principal_id(name, session, database), "S", "SQL_USER", "dbo", b"\x01", 1 if name == "dbo" else 0)
    for user, login in principals.users.items():
        shown = principals.shown.get(user, user)
        windows = "\\" in login
        yield (
            shown, principal_id(user, session, database), "U" if windows else "S",
            "WINDOWS_USER" if windows else "SQL_USER", "dbo",
            session.server.rights.accounts[login].name.encode("utf-16-le"), 2,
        )  # fmt: skip
    for role in principals.roles:
        shown = principals.shown.get(role, role)
        yield (shown, principal_id(role, session, database), "R", "DATABASE_ROLE", None, None, 0)


def _role_members(session: EmulatedSession, database: Database) -> Rows:
    for role, members in session.server.rights.principals(database.name).roles.items():
        for member in sorted(members):
            yield (principal_id(role, session, database), principal_id(member, session, database))


def _permissions(session: EmulatedSession, database: Database) -> Rows:
    principals = session.server.rights.principals(database.name)
    for grants, state, words in ((principals.granted, "G", "GRANT"), (principals.denied, "D", "DENY")):
        for grant in sorted(grants, key=str):
            table = None if grant.table is None else database.table(grant.table, grant.schema)
            minor = 0
            if table is not None and grant.column is not None:
                names = [column.name.casefold() for column in table.columns]
                minor = names.index(grant.column) + 1 if grant.column in names else 0
            yield (
                1 if table is not None else 3 if grant.schema else 0, "OBJECT_OR_COLUMN" if table else "DATABASE",
                0 if table is None else table.object_id, minor, principal_id(grant.grantee, session, database), 1,
                grant.permission[:4], grant.permission, state, words,
            )  # fmt: skip


def _system_views(session: EmulatedSession, database: Database) -> Rows:
    for at, key in enumerate(VIEWS):
        schema, name = key.split(".")
        yield (name, -(at + 1), _schema_id(database, schema), "V", "VIEW")
    del session


# --- INFORMATION_SCHEMA -----------------------------------------------------------------------------------------------


def _is_tables(session: EmulatedSession, database: Database) -> Rows:
    for table in _visible(session, database):
        yield (database.name, table.schema, table.name, "BASE TABLE")


def _is_columns(session: EmulatedSession, database: Database) -> Rows:
    for table in _visible(session, database):
        for at, column in enumerate(table.columns, start=1):
            yield _is_column(database, table, column, at)


def _is_column(database: Database, table: Table, column: Column, at: int) -> tuple[Any, ...]:
    _, _, precision, scale = _shape(column.type)
    name = "timestamp" if column.type.name == "rowversion" else column.type.name
    number = name in ("int", "bigint", "smallint", "tinyint", "decimal", "money", "float")
    return (
        database.name, table.schema, table.name, column.name, at, column.default, "YES" if column.nullable else "NO",
        name, column.type.size, precision if number else None, scale if number and name != "float" else None,
        database.collation if column.type.name in ("nvarchar", "varchar") else None,
    )  # fmt: skip


def _is_schemata(_session: EmulatedSession, database: Database) -> Rows:
    return ((database.name, name, "dbo") for name in database.schemas)


# --- the list ---------------------------------------------------------------------------------------------------------


def _columns_of(**types: SqlType) -> tuple[tuple[str, SqlType], ...]:
    return tuple(types.items())


_OBJECT: Final = _columns_of(
    name=_NAME, object_id=INT, principal_id=INT, schema_id=INT, parent_object_id=INT, type=_CODE, type_desc=_WORDS,
    create_date=DATETIME, modify_date=DATETIME, is_ms_shipped=BIT,
)  # fmt: skip

VIEWS: Final[Mapping[str, View]] = {
    "sys.objects": View(_OBJECT, _objects),
    "sys.all_objects": View(_OBJECT, _objects),
    "sys.tables": View(_OBJECT, _of_type("U")),
    "sys.views": View(_OBJECT, _nothing),
    "sys.procedures": View(_OBJECT, _nothing),
    "sys.columns": View(
        _columns_of(
            object_id=INT, name=_NAME, column_id=INT, system_type_id=_TINY, user_type_id=INT, max_length=_SMALL,
            precision=_TINY, scale=_TINY, collation_name=_NAME, is_nullable=BIT, is_rowguidcol=BIT, is_identity=BIT,
            is_computed=BIT, default_object_id=INT,
        ),
        _columns,
    ),
    "sys.types": View(
        _columns_of(
            name=_NAME, system_type_id=_TINY, user_type_id=INT, schema_id=INT, max_length=_SMALL, precision=_TINY,
            scale=_TINY, collation_name=_NAME, is_nullable=BIT, is_user_defined=BIT,
        ),
        _types,
    ),
    "sys.schemas": View(_columns_of(name=_NAME, schema_id=INT, principal_id=INT), _schemas),
    "sys.triggers": View(
        _columns_of(
            name=_NAME, object_id=INT, parent_class=_TINY, parent_class_desc=_WORDS, parent_id=INT, type=_CODE,
            type_desc=_WORDS, is_ms_shipped=BIT, is_disabled=BIT, is_not_for_replication=BIT, is_instead_of_trigger=BIT,
        ),
        _triggers,
    ),
    "sys.trigger_events": View(
        _columns_of(object_id=INT, type=INT, type_desc=_WORDS, is_first=BIT, is_last=BIT), _trigger_events
    ),
    "sys.default_constraints": View(
        _columns_of(
            name=_NAME, object_id=INT, schema_id=INT, parent_object_id=INT, parent_column_id=INT, definition=_LONG
        ),
        _default_constraints,
    ),
    "sys.check_constraints": View(
        _columns_of(name=_NAME, object_id=INT, schema_id=INT, parent_object_id=INT, definition=_LONG), _nothing
    ),
    "sys.computed_columns": View(
        _columns_of(object_id=INT, name=_NAME, column_id=INT, definition=_LONG, is_persisted=BIT), _nothing
    ),
    "sys.identity_columns": View(
        _columns_of(
            object_id=INT, name=_NAME, column_id=INT, is_identity=BIT, seed_value=_NAME, increment_value=_NAME,
            last_value=_NAME,
        ),
        _identity_columns,
    ),
    "sys.extended_properties": View(
        (("class", _TINY), ("major_id", INT), ("minor_id", INT), ("name", _NAME), ("value", _LONG)),
        _nothing,
    ),
    "sys.sysobjects": View(
        _columns_of(name=_NAME, id=INT, xtype=_CODE, uid=_SMALL, parent_obj=INT, crdate=DATETIME, type=_CODE),
        _sysobjects,
    ),
    "sys.indexes": View(
        _columns_of(
            object_id=INT, name=_NAME, index_id=INT, type=_TINY, type_desc=_WORDS, is_unique=BIT, is_primary_key=BIT,
            is_unique_constraint=BIT, is_disabled=BIT, has_filter=BIT, filter_definition=_LONG,
        ),
        _indexes,
    ),
    "sys.index_columns": View(
        _columns_of(
            object_id=INT, index_id=INT, index_column_id=INT, column_id=INT, key_ordinal=_TINY, partition_ordinal=_TINY,
            is_descending_key=BIT, is_included_column=BIT,
        ),
        _index_columns,
    ),
    "sys.key_constraints": View(
        _columns_of(
            name=_NAME, object_id=INT, schema_id=INT, parent_object_id=INT, type=_CODE, type_desc=_WORDS,
            unique_index_id=INT, is_system_named=BIT,
        ),
        _key_constraints,
    ),
    "sys.foreign_keys": View(
        _columns_of(
            name=_NAME, object_id=INT, schema_id=INT, parent_object_id=INT, referenced_object_id=INT, is_disabled=BIT
        ),
        _nothing,
    ),
    "sys.foreign_key_columns": View(
        _columns_of(
            constraint_object_id=INT, constraint_column_id=INT, parent_object_id=INT, parent_column_id=INT,
            referenced_object_id=INT, referenced_column_id=INT,
        ),
        _nothing,
    ),
    "sys.sql_modules": View(_columns_of(object_id=INT, definition=_LONG), _nothing),
    "sys.databases": View(
        _columns_of(
            name=_NAME, database_id=INT, owner_sid=_SID, create_date=DATETIME, compatibility_level=_TINY,
            collation_name=_NAME, state=_TINY, state_desc=_WORDS, is_read_only=BIT, is_read_committed_snapshot_on=BIT,
            snapshot_isolation_state=_TINY, snapshot_isolation_state_desc=_WORDS, recovery_model=_TINY,
            recovery_model_desc=_WORDS, is_encrypted=BIT, user_access=_TINY,
        ),
        _databases,
    ),
    "sys.server_principals": View(
        _columns_of(
            name=_NAME, principal_id=INT, sid=_SID, type=_CODE, type_desc=_WORDS, is_disabled=BIT,
            default_database_name=_NAME, default_language_name=_NAME,
        ),
        _server_principals,
    ),
    "sys.database_principals": View(
        _columns_of(
            name=_NAME, principal_id=INT, type=_CODE, type_desc=_WORDS, default_schema_name=_NAME, sid=_SID,
            authentication_type=INT,
        ),
        _database_principals,
    ),
    "sys.database_role_members": View(_columns_of(role_principal_id=INT, member_principal_id=INT), _role_members),
    "sys.database_permissions": View(
        (
            ("class", _TINY), ("class_desc", _WORDS), ("major_id", INT), ("minor_id", INT),
            ("grantee_principal_id", INT), ("grantor_principal_id", INT), ("type", SqlType("varchar", 4)),
            ("permission_name", _NAME), ("state", _CODE), ("state_desc", _WORDS),
        ),
        _permissions,
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
        _sessions,
        live=True,
    ),
    "sys.dm_exec_connections": View(
        _columns_of(
            session_id=INT, connect_time=DATETIME, net_transport=_NAME, protocol_type=_NAME, encrypt_option=_NAME,
            auth_scheme=_NAME, local_net_address=SqlType("varchar", 48), local_tcp_port=INT,
            client_net_address=SqlType("varchar", 48), client_tcp_port=INT, net_packet_size=INT,
        ),
        _connections,
        live=True,
    ),
    "INFORMATION_SCHEMA.TABLES": View(
        _columns_of(TABLE_CATALOG=_NAME, TABLE_SCHEMA=_NAME, TABLE_NAME=_NAME, TABLE_TYPE=SqlType("varchar", 10)),
        _is_tables,
    ),
    "INFORMATION_SCHEMA.VIEWS": View(_columns_of(TABLE_CATALOG=_NAME, TABLE_SCHEMA=_NAME, TABLE_NAME=_NAME), _nothing),
    "INFORMATION_SCHEMA.COLUMNS": View(
        _columns_of(
            TABLE_CATALOG=_NAME, TABLE_SCHEMA=_NAME, TABLE_NAME=_NAME, COLUMN_NAME=_NAME, ORDINAL_POSITION=INT,
            COLUMN_DEFAULT=SqlType("nvarchar", 4000), IS_NULLABLE=SqlType("varchar", 3), DATA_TYPE=_NAME,
            CHARACTER_MAXIMUM_LENGTH=INT, NUMERIC_PRECISION=_TINY, NUMERIC_SCALE=INT, COLLATION_NAME=_NAME,
        ),
        _is_columns,
    ),
    "INFORMATION_SCHEMA.SCHEMATA": View(
        _columns_of(CATALOG_NAME=_NAME, SCHEMA_NAME=_NAME, SCHEMA_OWNER=_NAME), _is_schemata
    ),
}  # fmt: skip

_BY_LOWER: Final = {key.lower(): key for key in VIEWS}

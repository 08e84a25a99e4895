"""What the session's functions answer: who is asking, where, with which rights, on what server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Any, Final

from emulated.catalogue import Database, Table
from emulated.sqltypes import instant_text
from emulated.tokens import tokens_of, unquoted
from emulated.view_rows import principal_id

if TYPE_CHECKING:
    from emulated.session import EmulatedSession

__all__ = ["ANSWERS", "system_value"]

_SERVER_PERMISSIONS: Final = frozenset({
    "VIEW SERVER STATE", "VIEW SERVER PERFORMANCE STATE", "VIEW SERVER SECURITY STATE", "ALTER SERVER STATE",
    "CONTROL SERVER", "VIEW ANY DEFINITION", "VIEW ANY DATABASE", "ALTER ANY LOGIN", "CONNECT SQL",
    "ADMINISTER BULK OPERATIONS",
})  # fmt: skip
_OBJECT_PERMISSIONS: Final = frozenset({
    "SELECT", "INSERT", "UPDATE", "DELETE", "REFERENCES", "VIEW DEFINITION", "CONTROL", "ALTER", "TAKE OWNERSHIP",
    "EXECUTE", "VIEW CHANGE TRACKING",
})  # fmt: skip
_COLUMN_PERMISSIONS: Final = ("SELECT", "UPDATE", "REFERENCES")


def _parts(name: str) -> tuple[str, ...]:
    """The parts of a name such as ``[db].dbo.[table]``, the last first."""
    parts: list[str] = [""]
    for token in tokens_of(name):
        if token.text == ".":
            parts.append("")
        else:
            parts[-1] += unquoted(token.text)
    return tuple(reversed(parts))


def _find_table(session: EmulatedSession, name: str | None) -> tuple[Database, Table] | None:
    """The table that a name means, if the session may enter its database."""
    if not name:
        return None
    table, schema, catalog, *_ = (*_parts(name), "", "")
    database = session.server.database(catalog) if catalog else session.database
    if database is None or session.server.rights.user(session.account, database.name) is None:
        return None
    found = database.table(table, schema or "dbo")
    return None if found is None else (database, found)


def _visible_table(session: EmulatedSession, name: str | None) -> tuple[Database, Table] | None:
    found = _find_table(session, name)
    if found is None or not session.server.rights.sees(session.account, found[0].name, found[1]):
        return None
    return found


def _by_id(session: EmulatedSession, object_id: int | None) -> Table | None:
    return next((table for table in session.database.tables.values() if table.object_id == object_id), None)


# --- rights -----------------------------------------------------------------------------------------------------------


def _has_perms(session: EmulatedSession, *given: Any) -> int | None:
    """HAS_PERMS_BY_NAME(securable, class, permission [, column, 'COLUMN'])."""
    securable, kind, permission, sub, sub_kind = (*given, None, None, None)[:5]
    kind = kind.upper() if kind else None
    permission = (permission or "").upper()
    if kind == "SERVER" or (kind is None and securable is None):
        return _on_server(session, permission)
    if kind == "DATABASE":
        return _on_database(session, securable, permission)
    if kind == "OBJECT":
        return _on_object(session, securable, permission, sub, sub_kind)
    if kind == "SCHEMA":
        return _on_schema(session, securable, permission)
    return None


def _on_server(session: EmulatedSession, permission: str) -> int | None:
    if permission in ("ANY", "VIEW ANY DATABASE", "CONNECT SQL"):
        return 1
    known = permission in _SERVER_PERMISSIONS
    return int(session.server.rights.on_server(session.account, permission)) if known else None


def _on_database(session: EmulatedSession, name: str | None, permission: str) -> int | None:
    database = session.database if name is None else session.server.database(unquoted(name))
    if database is None:
        return None
    rights = session.server.rights
    if rights.user(session.account, database.name) is None:
        return 0
    return int(permission in ("CONNECT", "ANY") or rights.allowed(session.account, database.name, permission))


def _on_object(
    session: EmulatedSession, name: str | None, permission: str, column: str | None, column_kind: str | None
) -> int | None:
    found = _find_table(session, name)
    if found is None or permission not in _OBJECT_PERMISSIONS | {"ANY"}:
        return None
    database, table = found
    rights = session.server.rights
    if permission == "ANY":
        return int(rights.sees(session.account, database.name, table))
    if column is None:
        return int(rights.allowed(session.account, database.name, permission, table))
    known = table.column(unquoted(column))
    if known is None or (column_kind or "").upper() != "COLUMN" or permission not in _COLUMN_PERMISSIONS:
        return None
    return int(rights.allowed(session.account, database.name, permission, table, known.name))


def _on_schema(session: EmulatedSession, name: str | None, permission: str) -> int | None:
    schema = unquoted(name or "")
    if schema.casefold() not in (known.casefold() for known in session.database.schemas):
        return None
    anything_there = Table("", (), schema=schema)
    return int(session.server.rights.allowed(session.account, session.database.name, permission, anything_there))


def _is_member(session: EmulatedSession, role: str | None, user: str | None = None) -> int | None:
    principals = session.server.rights.principals(session.database.name)
    if role is None or role.casefold() not in principals.roles:
        return None
    user = session.user if user is None else user.casefold()
    if user == "dbo" and role.casefold() == "db_owner":
        return 1
    return int(role.casefold() in principals.roles_of(user))


def _is_srvrolemember(session: EmulatedSession, role: str | None, login: str | None = None) -> int | None:
    known = ("sysadmin", "serveradmin", "securityadmin", "processadmin", "setupadmin", "bulkadmin", "diskadmin",
             "dbcreator", "public")  # fmt: skip
    account = session.account if login is None else session.server.rights.accounts.get(login.casefold())
    if role is None or role.lower() not in known or account is None:
        return None
    return int(account.is_sysadmin or role.lower() == "public" or role.lower() in account.server_roles)


def _has_dbaccess(session: EmulatedSession, name: str | None) -> int | None:
    database = session.server.database(name or "")
    if database is None:
        return None
    return int(session.server.rights.user(session.account, database.name) is not None)


# --- names ------------------------------------------------------------------------------------------------------------


def _object_id(session: EmulatedSession, name: str | None, kind: str | None = None) -> int | None:
    found = _visible_table(session, name)
    if found is not None:
        return found[1].object_id if kind is None or kind.strip().upper() == "U" else None
    return None


def _object_name(session: EmulatedSession, object_id: int | None, _database: int | None = None) -> str | None:
    table = _by_id(session, object_id)
    return None if table is None else table.name


def _object_schema(session: EmulatedSession, object_id: int | None, _database: int | None = None) -> str | None:
    table = _by_id(session, object_id)
    return None if table is None else table.schema


def _col_length(session: EmulatedSession, name: str | None, column: str | None) -> int | None:
    found = _visible_table(session, name)
    known = found[1].column(column or "") if found else None
    if known is None:
        return None
    size = known.type.size
    return 8 if size is None else size if size == -1 or known.type.name != "nvarchar" else size * 2


def _col_name(session: EmulatedSession, object_id: int | None, number: int | None) -> str | None:
    table = _by_id(session, object_id)
    return table.columns[number - 1].name if table and number and 0 < number <= len(table.columns) else None


def _db_id(session: EmulatedSession, name: str | None = None) -> int | None:
    database = session.server.database(name) if name else session.database
    return None if database is None else database.number


def _db_name(session: EmulatedSession, number: int | None = None) -> str | None:
    if number in (None, 0):
        return session.database.name
    return next((database.name for database in session.server.databases if database.number == number), None)


def _schema_id(session: EmulatedSession, name: str | None = None) -> int | None:
    names = [each.casefold() for each in session.database.schemas]
    wanted = (name or "dbo").casefold()
    return names.index(wanted) + 1 if wanted in names else None


def _schema_name(session: EmulatedSession, number: int | None = None) -> str | None:
    if number is None:
        return "dbo"
    return session.database.schemas[number - 1] if 0 < number <= len(session.database.schemas) else None


def _user_name(session: EmulatedSession, number: int | None = None) -> str | None:
    if number is not None and number != 1:
        return None
    return "dbo" if number == 1 else session.user_shown


def _principal_id(session: EmulatedSession, name: str | None = None) -> int | None:
    try:
        return principal_id(name or session.user, session, session.database)
    except ValueError:
        return None


def _login_name(session: EmulatedSession, _sid: Any = None) -> str:
    return session.account.name


def _quotename(_session: EmulatedSession, name: str | None, sign: str = "[") -> str | None:
    if name is None or len(name) > 128:
        return None
    opening, closing = (sign, sign) if sign in "'\"" else ("[", "]")
    return f"{opening}{name.replace(closing, closing * 2)}{closing}"


# --- server and database ----------------------------------------------------------------------------------------------


def _server_property(session: EmulatedSession, name: str) -> str | None:
    server = session.server
    machine, _, instance = server.name.partition("\\")
    return {
        "servername": server.name,
        "machinename": machine,
        "computernamephysicalnetbios": machine,
        "instancename": instance or None,
        "productversion": server.version,
        "productlevel": "RTM",
        "edition": "Standard Edition (64-bit)",
        "engineedition": "2",
        "collation": server.collation,
        "isclustered": "0",
        "ishadrenabled": "0",
        "isintegratedsecurityonly": "0",
        "isfulltextinstalled": "0",
        "productmajorversion": server.version.split(".")[0],
    }.get(name.lower())


def _database_property(session: EmulatedSession, name: str, wanted: str) -> str | None:
    database = session.server.database(name)
    if database is None:
        return None
    return {
        "collation": database.collation,
        "status": "ONLINE",
        "updateability": "READ_ONLY" if database.read_only else "READ_WRITE",
        "useraccess": "MULTI_USER",
        "recovery": "FULL",
        "version": "661",
        "isautoclose": "0",
    }.get(wanted.lower())


def _connection_property(session: EmulatedSession, name: str) -> str | None:
    return {
        "net_transport": "TCP",
        "protocol_type": "TSQL",
        "auth_scheme": "SQL",
        "local_net_address": "127.0.0.1",
        "client_net_address": "127.0.0.1",
        "physical_net_transport": "TCP",
    }.get(name.lower())


def _column_property(session: EmulatedSession, object_id: int | None, column: str, wanted: str) -> int | None:
    table = _by_id(session, object_id)
    known = table.column(column) if table else None
    if known is None:
        return None
    return {
        "allowsnull": int(known.nullable),
        "isidentity": int(known.identity),
        "iscomputed": 0,
        "charmaxlen": known.type.size,
    }.get(wanted.lower())


def _object_property(session: EmulatedSession, object_id: int | None, wanted: str) -> int | None:
    table = _by_id(session, object_id)
    return None if table is None else {"istable": 1, "isusertable": 1, "isview": 0}.get(wanted.lower())


def _applock_mode(session: EmulatedSession, _principal: str, resource: str, owner: str) -> str:
    return session.application_locks.mode(resource, owner)


def _applock_test(session: EmulatedSession, _principal: str, resource: str, mode: str, _owner: str) -> int:
    return int(session.application_locks.could_take(resource, mode))


ANSWERS: Final[Mapping[str, Callable[..., Any]]] = {
    "HAS_PERMS_BY_NAME": _has_perms,
    "IS_MEMBER": _is_member,
    "IS_ROLEMEMBER": _is_member,
    "IS_SRVROLEMEMBER": _is_srvrolemember,
    "HAS_DBACCESS": _has_dbaccess,
    "OBJECT_ID": _object_id,
    "OBJECT_NAME": _object_name,
    "OBJECT_SCHEMA_NAME": _object_schema,
    "COL_LENGTH": _col_length,
    "COL_NAME": _col_name,
    "COLUMNPROPERTY": _column_property,
    "OBJECTPROPERTY": _object_property,
    "DB_ID": _db_id,
    "DB_NAME": _db_name,
    "SCHEMA_ID": _schema_id,
    "SCHEMA_NAME": _schema_name,
    **dict.fromkeys(("USER_NAME", "CURRENT_USER", "SESSION_USER", "USER"), _user_name),
    **dict.fromkeys(("USER_ID", "DATABASE_PRINCIPAL_ID"), _principal_id),
    **dict.fromkeys(("SUSER_NAME", "SUSER_SNAME", "SYSTEM_USER", "ORIGINAL_LOGIN"), _login_name),
    "APP_NAME": lambda session: session.login.application,
    "HOST_NAME": lambda session: session.login.host,
    "QUOTENAME": _quotename,
    "SERVERPROPERTY": _server_property,
    "DATABASEPROPERTYEX": _database_property,
    "CONNECTIONPROPERTY": _connection_property,
    "APPLOCK_MODE": _applock_mode,
    "APPLOCK_TEST": _applock_test,
    "TYPE_NAME": lambda _session, _number: None,
    "SCOPE_IDENTITY": lambda session: session.last_identity,
    "MIN_ACTIVE_ROWVERSION": lambda session: session.row_version() + 1,
}


def system_value(session: EmulatedSession, name: str) -> Any:
    """What ``@@NAME``, or a function that tells the time, is worth now; the name in lower case."""
    server = session.server
    clocks: dict[str, tuple[tzinfo | None, str]] = {
        "getdate": (server.time_zone, "datetime"),
        "current_timestamp": (server.time_zone, "datetime"),
        "getutcdate": (UTC, "datetime"),
        "sysdatetime": (server.time_zone, "datetime2"),
        "sysutcdatetime": (UTC, "datetime2"),
    }
    if name in clocks:
        zone, type_name = clocks[name]
        return instant_text(server.now().astimezone(zone), type_name)
    return {
        "rowcount": lambda: session.rowcount,
        "trancount": lambda: session.trancount,
        "error": lambda: session.last_error,
        "spid": lambda: session.spid,
        "lock_timeout": lambda: session.options.lock_timeout_ms,
        "options": lambda: session.options.bits,
        "datefirst": lambda: 7,
        "microsoftversion": lambda: server.version_number[0] << 24,
        "version": lambda: server.version_text,
        "servername": lambda: server.name,
        "servicename": lambda: server.name.partition("\\")[2] or "MSSQLSERVER",
        "language": lambda: session.options.language,
        "dbts": session.row_version,
        "identity": lambda: session.last_identity,
    }[name]()

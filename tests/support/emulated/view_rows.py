"""What the catalogue views show: for each a function that yields its rows as one session may see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from emulated.catalogue import Column, Database, Table
from emulated.errors import SqlError
from emulated.sqltypes import SqlType

if TYPE_CHECKING:
    from emulated.session import EmulatedSession

__all__ = [
    "Filler",
    "columns",
    "connections",
    "database_principals",
    "databases",
    "default_constraints",
    "identity_columns",
    "index_columns",
    "indexes",
    "is_columns",
    "is_schemata",
    "is_tables",
    "key_constraints",
    "nothing",
    "objects",
    "of_type",
    "permissions",
    "principal_id",
    "role_members",
    "schemas",
    "server_principals",
    "sessions",
    "sysobjects",
    "trigger_events",
    "triggers",
    "types",
]

Rows = Iterator[tuple[Any, ...]]
Filler = Callable[["EmulatedSession", Database], Rows]


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


def objects(session: EmulatedSession, database: Database) -> Rows:
    created = session.stored_time(database.created)

    def row(name: str, number: int, table: Table, type_: str, words: str) -> tuple[Any, ...]:
        parent = 0 if type_ == "U" else table.object_id
        return (name, number, None, _schema_id(database, table.schema), parent, type_, words, created, created, 0)

    for table in _visible(session, database):
        yield row(table.name, table.object_id, table, "U", "USER_TABLE")
        if table.key:
            yield row(f"PK_{table.name}", _key_id(table), table, "PK", "PRIMARY_KEY_CONSTRAINT")
        for at, column in enumerate(table.columns, start=1):
            if column.default is not None:
                name = f"DF_{table.name}_{column.name}"
                yield row(name, _default_id(table, at), table, "D", "DEFAULT_CONSTRAINT")
        for at, trigger in enumerate(database.triggers):
            if trigger.table.casefold() == table.name.casefold():
                yield row(trigger.name, _trigger_id(table, at), table, "TR", "SQL_TRIGGER")


def sysobjects(session: EmulatedSession, database: Database) -> Rows:
    return ((row[0], row[1], row[5], row[3], row[4], row[7], row[5]) for row in objects(session, database))


def of_type(*types: str) -> Filler:
    return lambda session, database: (row for row in objects(session, database) if row[5] in types)


def columns(session: EmulatedSession, database: Database) -> Rows:
    for table in _visible(session, database):
        for at, column in enumerate(table.columns, start=1):
            number, length, precision, scale = _shape(column.type)
            text = column.type.name in ("nvarchar", "varchar")
            yield (
                table.object_id, column.name, at, number, number, length, precision, scale,
                database.collation if text else None, int(column.nullable), 0, int(column.identity), 0,
                0 if column.default is None else _default_id(table, at),
            )  # fmt: skip


def types(_session: EmulatedSession, database: Database) -> Rows:
    for name, (number, length, precision, scale) in _TYPES.items():
        text = name in ("nvarchar", "varchar")
        yield (name, number, number, 4, length, precision, scale, database.collation if text else None, 1, 0)
    yield ("sysname", 231, 256, 4, 256, 0, 0, database.collation, 0, 0)


def schemas(_session: EmulatedSession, database: Database) -> Rows:
    return ((name, at, 1) for at, name in enumerate(database.schemas, start=1))


def triggers(session: EmulatedSession, database: Database) -> Rows:
    for table in _visible(session, database):
        for at, trigger in enumerate(database.triggers):
            if trigger.table.casefold() == table.name.casefold():
                yield (
                    trigger.name, _trigger_id(table, at), 1, "OBJECT_OR_COLUMN", table.object_id, "TR", "SQL_TRIGGER",
                    0, int(trigger.disabled), 0, int(trigger.instead_of),
                )  # fmt: skip


def trigger_events(session: EmulatedSession, database: Database) -> Rows:
    numbers = {"INSERT": 1, "UPDATE": 2, "DELETE": 3}
    for table in _visible(session, database):
        for at, trigger in enumerate(database.triggers):
            if trigger.table.casefold() == table.name.casefold():
                yield (_trigger_id(table, at), numbers[trigger.event], trigger.event, 0, 0)


def default_constraints(session: EmulatedSession, database: Database) -> Rows:
    for table in _visible(session, database):
        definitions = session.server.rights.allowed(session.account, database.name, "VIEW DEFINITION", table)
        for at, column in enumerate(table.columns, start=1):
            if column.default is not None:
                shown = column.default if definitions else None
                schema = _schema_id(database, table.schema)
                yield (f"DF_{table.name}_{column.name}", _default_id(table, at), schema, table.object_id, at, shown)


def identity_columns(session: EmulatedSession, database: Database) -> Rows:
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


def indexes(session: EmulatedSession, database: Database) -> Rows:
    for table in _visible(session, database):
        for at, (name, _, unique, key) in enumerate(_indexes_of(table), start=1):
            words = "CLUSTERED" if at == 1 else "NONCLUSTERED"
            yield (table.object_id, name, at, 1 if at == 1 else 2, words, int(unique), int(key), 0, 0, 0, None)


def index_columns(session: EmulatedSession, database: Database) -> Rows:
    for table in _visible(session, database):
        positions = {column.name: at for at, column in enumerate(table.columns, start=1)}
        for at, (_, columns, _, _) in enumerate(_indexes_of(table), start=1):
            for place, name in enumerate(columns, start=1):
                yield (table.object_id, at, place, positions[name], place, 0, 0, 0)


def key_constraints(session: EmulatedSession, database: Database) -> Rows:
    for row in objects(session, database):
        if row[5] == "PK":
            yield (row[0], row[1], row[3], row[4], row[5], row[6], 1, 1)


def nothing(_session: EmulatedSession, _database: Database) -> Rows:
    return iter(())


# --- the server -------------------------------------------------------------------------------------------------------


def databases(session: EmulatedSession, _database: Database) -> Rows:
    for database in session.server.databases:
        yield (
            database.name, database.number, b"\x01", session.stored_time(database.created), session.server.level,
            database.collation, 0, "ONLINE", int(database.read_only), int(database.snapshot_reads), 0, "OFF", 1,
            "FULL", 0, 0,
        )  # fmt: skip


def sessions(session: EmulatedSession, _database: Database) -> Rows:
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


def _refuse_strangers(session: EmulatedSession) -> None:
    if not session.server.rights.on_server(session.account, "VIEW SERVER STATE"):
        raise SqlError(
            300, "VIEW SERVER STATE permission was denied on object 'server', database 'master'.", severity=14
        )


def application_locks(session: EmulatedSession, _database: Database) -> Rows:
    """The named locks; those of tables and rows are not listed, because nothing that we ask looks at them."""
    _refuse_strangers(session)
    numbers = {database.name: database.number for database in session.server.databases}
    for what, spid, exclusive in session.server.locks.granted():
        if isinstance(what, tuple) and what[0] == "application":
            _, database, resource = what
            yield (
                "APPLICATION", "", numbers[database], f"0:[{resource[:32]}]:(5ab0c1d2)", 0,
                "X" if exclusive else "S", "LOCK", "GRANT", spid,
            )  # fmt: skip


def connections(session: EmulatedSession, _database: Database) -> Rows:
    _refuse_strangers(session)
    for other in session.server.sessions:
        encrypted = "TRUE" if other.login.encrypted else "FALSE"
        since = session.stored_time(other.since)
        yield (other.spid, since, "TCP", "TSQL", encrypted, "SQL", "127.0.0.1", 1433, "127.0.0.1", 0, 4096)


def server_principals(session: EmulatedSession, _database: Database) -> Rows:
    for at, account in enumerate(session.server.rights.accounts.values(), start=256):
        windows = "\\" in account.name
        yield (
            account.name, at, account.name.encode("utf-16-le"), "U" if windows else "S",
            "WINDOWS_LOGIN" if windows else "SQL_LOGIN", int(account.disabled), account.default_database, "us_english",
        )  # fmt: skip
    for at, role in enumerate(("public", "sysadmin", "securityadmin", "serveradmin"), start=2):
        yield (role, at, bytes([at]), "R", "SERVER_ROLE", 0, None, None)


def database_principals(session: EmulatedSession, database: Database) -> Rows:
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


def role_members(session: EmulatedSession, database: Database) -> Rows:
    for role, members in session.server.rights.principals(database.name).roles.items():
        for member in sorted(members):
            yield (principal_id(role, session, database), principal_id(member, session, database))


def permissions(session: EmulatedSession, database: Database) -> Rows:
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


# --- INFORMATION_SCHEMA -----------------------------------------------------------------------------------------------


def is_tables(session: EmulatedSession, database: Database) -> Rows:
    for table in _visible(session, database):
        yield (database.name, table.schema, table.name, "BASE TABLE")


def is_columns(session: EmulatedSession, database: Database) -> Rows:
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


def is_schemata(_session: EmulatedSession, database: Database) -> Rows:
    return ((database.name, name, "dbo") for name in database.schemas)

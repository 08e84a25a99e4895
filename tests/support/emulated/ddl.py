"""The administrator's statements about tables, as far as tests need them.

What they change is not undone when a transaction is rolled back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from emulated import tables
from emulated.catalogue import Column, Database, Table, quoted
from emulated.errors import NotModelledError, SqlError, no_object
from emulated.grammar import parse_query
from emulated.security import check_security
from emulated.sqltypes import TEXT, parse_type, stored
from emulated.words import Words

if TYPE_CHECKING:
    from emulated.session import EmulatedSession

__all__ = [
    "alter_database",
    "alter_table",
    "create_database",
    "create_index",
    "create_schema",
    "create_table",
    "drop_database",
    "drop_table",
    "truncate",
]


def _check_table_right(session: EmulatedSession) -> None:
    if not session.server.rights.allowed(session.account, session.database.name, "CREATE TABLE"):
        raise SqlError(262, f"CREATE TABLE permission denied in database '{session.database.name}'.", severity=14)


def _check_server_right(session: EmulatedSession) -> None:
    if not session.account.is_sysadmin:
        raise SqlError(262, "CREATE DATABASE permission denied in database 'master'.", severity=14)
    if session.trancount:
        raise SqlError(226, "CREATE DATABASE statement not allowed within multi-statement transaction.")


def create_database(session: EmulatedSession, words: Words) -> None:
    """CREATE DATABASE: an empty one."""
    _check_server_right(session)
    words.expect("CREATE", "DATABASE")
    name = words.name()
    if session.server.database(name) is not None:
        raise SqlError(1801, f"Database '{name}' already exists. Choose a different database name.", state=3)
    collation = words.next() if words.skip("COLLATE") else None
    session.server.add_database(name, collation=collation, u8=False)


def alter_database(session: EmulatedSession, words: Words) -> None:
    """ALTER DATABASE ... SET, as far as it makes a difference."""
    _check_server_right(session)
    words.expect("ALTER", "DATABASE")
    database = _existing_database(session, words.name())
    words.expect("SET")
    if words.skip("READ_COMMITTED_SNAPSHOT"):
        database.snapshot_reads = words.next().upper() == "ON"
    elif words.peek() in ("READ_ONLY", "READ_WRITE"):
        database.read_only = words.next().upper() == "READ_ONLY"
    elif words.peek() not in ("SINGLE_USER", "MULTI_USER"):
        raise NotModelledError(f"ALTER DATABASE SET {words.peek()}")


def drop_database(session: EmulatedSession, words: Words) -> None:
    """DROP DATABASE."""
    _check_server_right(session)
    words.expect("DROP", "DATABASE")
    session.server.drop_database(_existing_database(session, words.name()))


def _existing_database(session: EmulatedSession, name: str) -> Database:
    database = session.server.database(name)
    if database is None or database.file is None:
        raise SqlError(
            3701,
            f"Cannot drop the database '{name}', because it does not exist or you do not have permission.",
            severity=11,
        )
    return database


def create_schema(session: EmulatedSession, words: Words) -> None:
    check_security(session)
    words.expect("CREATE", "SCHEMA")
    name = words.name()
    if name.casefold() in (known.casefold() for known in session.database.schemas):
        raise SqlError(2714, f"There is already an object named '{name}' in the database.", state=6)
    session.database.schemas.append(name)


def create_table(session: EmulatedSession, words: Words) -> None:
    _check_table_right(session)
    table = _table_from(parse_query(words.text))
    database = session.database
    if table.schema.casefold() not in (known.casefold() for known in database.schemas):
        raise SqlError(
            2760,
            f'The specified schema name "{table.schema}" either does not exist or you do not have permission to use'
            " it.",
        )
    if database.table(table.name, table.schema) is not None:
        raise SqlError(2714, f"There is already an object named '{table.name}' in the database.", state=6)
    tables.create_table(session, database, table)


def _table_from(tree: exp.Expression) -> Table:
    schema = tree.this
    if not isinstance(tree, exp.Create) or not isinstance(schema, exp.Schema):
        raise NotModelledError("CREATE TABLE of this form")
    columns: list[Column] = []
    key: tuple[str, ...] = ()
    uniques: list[tuple[str, ...]] = []
    for part in schema.expressions:
        if isinstance(part, exp.ColumnDef):
            column, is_key, unique = _column_from(part)
            columns.append(column)
            key = (column.name,) if is_key else key
            uniques += [(column.name,)] if unique else []
            continue
        for rule in part.expressions if isinstance(part, exp.Constraint) else [part]:
            if isinstance(rule, exp.PrimaryKey):
                key = tuple(name.name for name in rule.expressions)
            elif isinstance(rule, exp.UniqueColumnConstraint):
                uniques.append(tuple(name.name for name in rule.this.expressions))
            else:
                raise NotModelledError(f"the constraint {rule.sql()}")
    return Table(
        name=schema.this.name,
        schema=schema.this.text("db") or "dbo",
        columns=tuple(replace(column, nullable=column.nullable and column.name not in key) for column in columns),
        key=key,
        uniques=tuple(uniques),
    )


def _column_from(part: exp.ColumnDef) -> tuple[Column, bool, bool]:
    column = Column(part.name, parse_type(part.args["kind"].sql("tsql")))
    is_key = unique = False
    for constraint in part.args.get("constraints") or []:
        kind = constraint.kind
        if isinstance(kind, exp.NotNullColumnConstraint):
            column = replace(column, nullable=bool(kind.args.get("allow_null")))
        elif isinstance(kind, exp.PrimaryKeyColumnConstraint):
            is_key = True
        elif isinstance(kind, exp.UniqueColumnConstraint):
            unique = True
        elif isinstance(kind, exp.GeneratedAsIdentityColumnConstraint | exp.AutoIncrementColumnConstraint):
            column = replace(column, identity=True, nullable=False)
        elif isinstance(kind, exp.DefaultColumnConstraint):
            shown, sql = _default_from(kind.this, column)
            column = replace(column, default=f"({shown})", default_sql=sql)
        else:
            raise NotModelledError(f"the constraint {constraint.sql()}")
    return column, is_key, unique


def _default_from(node: exp.Expression, column: Column) -> tuple[str, str]:
    """As T-SQL shows it, and in SQLite's words."""
    if isinstance(node, exp.Paren):
        return _default_from(node.this, column)
    if isinstance(node, exp.National) or (isinstance(node, exp.Literal) and node.is_string):
        escaped = node.this.replace("'", "''")
        if column.type.name not in TEXT:
            return f"'{escaped}'", str(stored(int(node.this), column.type))
        return f"N'{escaped}'", f"'{escaped}'"
    if isinstance(node, exp.Literal):
        return f"({node.this})", str(stored(node.this, column.type))
    name = str(node.this if isinstance(node, exp.Anonymous) else node.name).upper()
    if name in ("GETDATE", "SYSDATETIME", "CURRENT_TIMESTAMP"):
        return "getdate()", "(datetime('now', 'localtime'))"
    if name in ("GETUTCDATE", "SYSUTCDATETIME"):
        return "getutcdate()", "(datetime('now'))"
    raise NotModelledError(f"the default {node.sql()}")


def _existing(session: EmulatedSession, words: Words) -> tuple[Database, Table]:
    _check_table_right(session)
    parts = words.dotted()
    database = session.database
    if len(parts) == 3:
        found = session.server.database(parts[0])
        if found is None:
            raise no_object(".".join(parts))
        database = found
    table = database.table(parts[-1], parts[-2] if len(parts) > 1 else "dbo")
    if table is None:
        raise SqlError(
            3701, f"Cannot drop the table '{parts[-1]}', because it does not exist or you do not have permission.",
            severity=11, state=5,
        )  # fmt: skip
    return database, table


def drop_table(session: EmulatedSession, words: Words) -> None:
    words.expect("DROP", "TABLE")
    words.skip("IF", "EXISTS")
    tables.drop_table(session, *_existing(session, words))


def truncate(session: EmulatedSession, words: Words) -> None:
    words.expect("TRUNCATE", "TABLE")
    database, table = _existing(session, words)
    session.write_directly(database, f"DELETE FROM {quoted(database.name)}.{quoted(table.stored_name)}")


def create_index(session: EmulatedSession, words: Words) -> None:
    words.expect("CREATE")
    unique = words.skip("UNIQUE")
    words.skip("NONCLUSTERED")
    words.expect("INDEX")
    name = words.name()
    words.expect("ON")
    database, table = _existing(session, words)
    columns = tuple(words.columns())
    changed = (
        replace(table, uniques=(*table.uniques, columns))
        if unique
        else replace(table, indexes=(*table.indexes, (name, columns)))
    )
    tables.replace_table(session, database, table, changed)


def alter_table(session: EmulatedSession, words: Words) -> None:
    words.expect("ALTER", "TABLE")
    database, table = _existing(session, words)
    if words.skip("DROP", "COLUMN"):
        gone = words.name().casefold()
        if table.column(gone) is None:
            raise SqlError(4924, f"ALTER TABLE DROP COLUMN failed because column '{gone}' does not exist.")
        columns = tuple(column for column in table.columns if column.name.casefold() != gone)
        changed = replace(
            table, columns=columns, uniques=tuple(u for u in table.uniques if gone not in map(str.casefold, u))
        )
    elif words.skip("ADD"):
        rest = words.text[words.text.upper().index(" ADD ") + 5 :]
        changed = replace(
            table, columns=(*table.columns, *_table_from(parse_query(f"CREATE TABLE x ({rest})")).columns)
        )
    elif words.skip("ALTER", "COLUMN"):
        rest = words.text[words.text.upper().index(" ALTER COLUMN ") + 14 :]
        (new,) = _table_from(parse_query(f"CREATE TABLE x ({rest})")).columns
        changed = replace(
            table,
            columns=tuple(
                replace(column, type=new.type, nullable=new.nullable)
                if column.name.casefold() == new.name.casefold()
                else column
                for column in table.columns
            ),
        )
    else:
        raise NotModelledError("ALTER TABLE of this form")
    tables.replace_table(session, database, table, changed)

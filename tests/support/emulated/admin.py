"""The administrator's statements: logins, users, roles and rights; tables as far as tests need them.

What they change is not undone when a transaction is rolled back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sqlglot import exp
from tds.seam import Done, Reply

from emulated.batch import Token, tokens_of, unquoted
from emulated.catalogue import Column, Database, Table, quoted
from emulated.errors import NotModelled, SqlError, near, no_object
from emulated.grammar import parse_query
from emulated.rights import Account, Grant
from emulated.sqltypes import TEXT, parse_type, stored

if TYPE_CHECKING:
    from emulated.session import EmulatedSession

__all__ = ["administer", "grant"]

_SCOPES: Final = ("OBJECT", "SCHEMA", "DATABASE", "LOGIN", "ROLE", "USER")
_SERVER_PERMISSIONS: Final = ("VIEW SERVER STATE", "VIEW ANY DEFINITION", "VIEW ANY DATABASE", "CONTROL SERVER")


def administer(session: EmulatedSession, text: str, _frame: object) -> Iterator[Reply]:
    """Run one statement of an administrator. Raises SqlError, also when the session may not."""
    words = _Words(text)
    first, second = words.peek(), words.peek(1)
    known: Mapping[tuple[str, str], Callable[[EmulatedSession, _Words], None]] = {
        ("CREATE", "LOGIN"): _create_login,
        ("CREATE", "USER"): _create_user,
        ("CREATE", "ROLE"): _create_role,
        ("ALTER", "ROLE"): _alter_role,
        ("CREATE", "SCHEMA"): _create_schema,
        ("CREATE", "TABLE"): _create_table,
        ("DROP", "TABLE"): _drop_table,
        ("ALTER", "TABLE"): _alter_table,
        ("TRUNCATE", "TABLE"): _truncate,
        ("CREATE", "INDEX"): _create_index,
        ("CREATE", "UNIQUE"): _create_index,
    }
    if first in ("GRANT", "DENY", "REVOKE"):
        _check_security(session)
        grant(session, words.text)
    elif (first, second) in known:
        known[first, second](session, words)
        session.commit_statement()
    else:
        raise NotModelled(f"{first} {second}")
    session.server.changed()
    yield Done(None)


class _Words:
    """A statement's tokens, read from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens: Sequence[Token] = tokens_of(text)
        self._at = 0

    def peek(self, ahead: int = 0) -> str:
        """A word in upper case; empty at the end."""
        at = self._at + ahead
        return self._tokens[at].word if at < len(self._tokens) else ""

    def next(self) -> str:
        """The next token as it is written."""
        if self._at >= len(self._tokens):
            raise near(self._tokens[-1].text)
        self._at += 1
        return self._tokens[self._at - 1].text

    def name(self) -> str:
        """The next token as a name."""
        return unquoted(self.next())

    def skip(self, *words: str) -> bool:
        """Pass over these words when they come next."""
        if all(self.peek(ahead) == word for ahead, word in enumerate(words)):
            self._at += len(words)
            return True
        return False

    def expect(self, *words: str) -> None:
        """Pass over these words. Raises SqlError 102 when they do not come next."""
        if not self.skip(*words):
            raise near(self._tokens[min(self._at, len(self._tokens) - 1)].text)

    def dotted(self) -> list[str]:
        """A name with its parts."""
        parts = [self.name()]
        while self.skip("."):
            parts.append(self.name())
        return parts

    def columns(self) -> list[str]:
        """Names in brackets, if there are any."""
        found: list[str] = []
        if self.skip("("):
            found.append(self.name())
            while self.skip(","):
                found.append(self.name())
            self.expect(")")
        return found


def _check_security(session: EmulatedSession) -> None:
    if not session.server.rights.is_owner(session.account, session.database.name):
        raise SqlError(15247, "User does not have permission to perform this action.")


def _check_table_right(session: EmulatedSession) -> None:
    if not session.server.rights.allowed(session.account, session.database.name, "CREATE TABLE"):
        raise SqlError(262, f"CREATE TABLE permission denied in database '{session.database.name}'.", severity=14)


# --- logins, users, roles ---------------------------------------------------------------------------------------------


def _create_login(session: EmulatedSession, words: _Words) -> None:
    if not session.account.is_sysadmin:
        raise SqlError(15247, "User does not have permission to perform this action.")
    words.expect("CREATE", "LOGIN")
    name = words.name()
    if name.casefold() in session.server.rights.accounts:
        raise SqlError(15025, f"The server principal '{name}' already exists.")
    password = ""
    default = "master"
    while word := words.peek():
        words.next()
        if word == "PASSWORD":
            words.expect("=")
            password = words.next().removeprefix("N").removeprefix("n")[1:-1].replace("''", "'")
        elif word == "DEFAULT_DATABASE":
            words.expect("=")
            default = words.name()
    session.server.rights.accounts[name.casefold()] = Account(name, password, default)


def _create_user(session: EmulatedSession, words: _Words) -> None:
    _check_security(session)
    words.expect("CREATE", "USER")
    name = words.name()
    login = name
    if words.skip("FOR", "LOGIN") or words.skip("FROM", "LOGIN"):
        login = words.name()
    principals = session.server.rights.principals(session.database.name)
    if name.casefold() in principals.users or name.casefold() in principals.roles:
        raise SqlError(15023, f"User, group, or role '{name}' already exists in the current database.")
    if login.casefold() not in session.server.rights.accounts:
        raise SqlError(15007, f"'{login}' is not a valid login or you do not have permission.")
    if principals.user_of(login) is not None:
        raise SqlError(15063, "The login already has an account under a different user name.")
    principals.users[name.casefold()] = login.casefold()
    principals.shown[name.casefold()] = name


def _create_role(session: EmulatedSession, words: _Words) -> None:
    _check_security(session)
    words.expect("CREATE", "ROLE")
    name = words.name()
    principals = session.server.rights.principals(session.database.name)
    if name.casefold() in principals.users or name.casefold() in principals.roles:
        raise SqlError(15023, f"User, group, or role '{name}' already exists in the current database.")
    principals.roles[name.casefold()] = set()
    principals.shown[name.casefold()] = name


def _alter_role(session: EmulatedSession, words: _Words) -> None:
    words.expect("ALTER", "ROLE")
    role = words.name()
    if session.server.version_number < (11,):
        raise near(words.peek())
    words.expect("ADD", "MEMBER")
    session.server.add_role_member(session, role, words.name())


def grant(session: EmulatedSession, text: str) -> None:
    """GRANT, DENY or REVOKE, whoever asks."""
    words = _Words(text)
    action = words.next().upper()
    words.skip("GRANT", "OPTION", "FOR")
    permissions = [_permission(words)]
    while words.skip(","):
        permissions.append(_permission(words))
    schema = table = None
    columns: list[str] = []
    if words.skip("ON"):
        schema, table, columns = _securable(session, words)
    if not words.skip("TO"):
        words.expect("FROM")
    grantees = [words.name()]
    while words.skip(","):
        grantees.append(words.name())
    for permission, own_columns in permissions:
        for grantee in grantees:
            _change(session, action, permission, grantee, schema, table, own_columns or columns)


def _permission(words: _Words) -> tuple[str, list[str]]:
    parts = [words.next().upper()]
    while words.peek() not in (",", "(", "ON", "TO", "FROM", ""):
        parts.append(words.next().upper())
    return " ".join(parts), words.columns()


def _securable(session: EmulatedSession, words: _Words) -> tuple[str | None, Table | None, list[str]]:
    """Schema, table and columns that the permission is about."""
    kind = "OBJECT"
    if words.peek() in _SCOPES and words.peek(1) == "::":
        kind = words.next().upper()
        words.expect("::")
    if kind == "DATABASE":
        words.name()
        return None, None, []
    if kind == "SCHEMA":
        return words.name(), None, []
    if kind != "OBJECT":
        raise NotModelled(f"a permission on a {kind.lower()}")
    parts = words.dotted()
    schema = parts[-2] if len(parts) > 1 else "dbo"
    table = session.database.table(parts[-1], schema)
    if table is None:
        raise SqlError(
            15151, f"Cannot find the object '{parts[-1]}', because it does not exist or you do not have permission."
        )
    return schema, table, words.columns()


def _change(
    session: EmulatedSession,
    action: str,
    permission: str,
    grantee: str,
    schema: str | None,
    table: Table | None,
    columns: Sequence[str],
) -> None:
    rights = session.server.rights
    if permission in _SERVER_PERMISSIONS:
        account = rights.accounts.get(grantee.casefold())
        if session.database.name != "master":
            raise SqlError(
                4621, "Permissions at the server scope can only be granted when the current database is master"
            )
        if account is None:
            raise SqlError(
                15151, f"Cannot find the login '{grantee}', because it does not exist or you do not have permission."
            )
        (account.permissions.add if action == "GRANT" else account.permissions.discard)(permission)
        return
    principals = rights.principals(session.database.name)
    if grantee.casefold() not in {*principals.users, *principals.roles}:
        raise SqlError(
            15151, f"Cannot find the user '{grantee}', because it does not exist or you do not have permission."
        )
    if table is not None:
        unknown = next((name for name in columns if table.column(name) is None), None)
        if unknown is not None:
            raise SqlError(1911, f"Column name '{unknown}' does not exist in the target table or view.")
    for column in columns or [None]:  # type: ignore[list-item]
        entry = Grant(
            permission=permission,
            grantee=grantee.casefold(),
            schema=None if schema is None else schema.casefold(),
            table=None if table is None else table.name.casefold(),
            column=None if column is None else column.casefold(),
        )
        principals.granted.discard(entry)
        principals.denied.discard(entry)
        if action == "GRANT":
            principals.granted.add(entry)
        elif action == "DENY":
            principals.denied.add(entry)


# --- tables -----------------------------------------------------------------------------------------------------------


def _create_schema(session: EmulatedSession, words: _Words) -> None:
    _check_security(session)
    words.expect("CREATE", "SCHEMA")
    name = words.name()
    if name.casefold() in (known.casefold() for known in session.database.schemas):
        raise SqlError(2714, f"There is already an object named '{name}' in the database.", state=6)
    session.database.schemas.append(name)


def _create_table(session: EmulatedSession, words: _Words) -> None:
    _check_table_right(session)
    table = _table_from(parse_query(words.text))
    database = session.database
    if table.schema.casefold() not in (known.casefold() for known in database.schemas):
        raise SqlError(
            2760,
            f'The specified schema name "{table.schema}" either does not exist or you do not have permission to use it.',
        )
    if database.table(table.name, table.schema) is not None:
        raise SqlError(2714, f"There is already an object named '{table.name}' in the database.", state=6)
    session.server.create_table(session, database, table)


def _table_from(tree: exp.Expression) -> Table:
    schema = tree.this
    if not isinstance(tree, exp.Create) or not isinstance(schema, exp.Schema):
        raise NotModelled("CREATE TABLE of this form")
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
                raise NotModelled(f"the constraint {rule.sql()}")
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
        elif isinstance(kind, exp.GeneratedAsIdentityColumnConstraint):
            column = replace(column, identity=True, nullable=False)
        elif isinstance(kind, exp.DefaultColumnConstraint):
            shown, sql = _default_from(kind.this, column)
            column = replace(column, default=f"({shown})", default_sql=sql)
        else:
            raise NotModelled(f"the constraint {constraint.sql()}")
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
    raise NotModelled(f"the default {node.sql()}")


def _existing(session: EmulatedSession, words: _Words) -> tuple[Database, Table]:
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


def _drop_table(session: EmulatedSession, words: _Words) -> None:
    words.expect("DROP", "TABLE")
    words.skip("IF", "EXISTS")
    session.server.drop_table(session, *_existing(session, words))


def _truncate(session: EmulatedSession, words: _Words) -> None:
    words.expect("TRUNCATE", "TABLE")
    database, table = _existing(session, words)
    session.write_directly(database, f"DELETE FROM {quoted(database.name)}.{quoted(table.stored_name)}")


def _create_index(session: EmulatedSession, words: _Words) -> None:
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
    session.server.replace_table(session, database, table, changed)


def _alter_table(session: EmulatedSession, words: _Words) -> None:
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
        raise NotModelled("ALTER TABLE of this form")
    session.server.replace_table(session, database, table, changed)

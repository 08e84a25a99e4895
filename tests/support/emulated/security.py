"""The administrator's statements about who may do what: logins, users, roles, grants."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from emulated.errors import NotModelledError, SqlError, near
from emulated.rights import Account, Grant
from emulated.words import Words

if TYPE_CHECKING:
    from emulated.session import EmulatedSession

__all__ = ["add_role_member", "alter_role", "check_security", "create_login", "create_role", "create_user", "grant"]

_SCOPES: Final = ("OBJECT", "SCHEMA", "DATABASE", "LOGIN", "ROLE", "USER")
_SERVER_PERMISSIONS: Final = ("VIEW SERVER STATE", "VIEW ANY DEFINITION", "VIEW ANY DATABASE", "CONTROL SERVER")


def check_security(session: EmulatedSession) -> None:
    if not session.server.rights.is_owner(session.account, session.database.name):
        raise SqlError(15247, "User does not have permission to perform this action.")


def create_login(session: EmulatedSession, words: Words) -> None:
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


def create_user(session: EmulatedSession, words: Words) -> None:
    check_security(session)
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


def create_role(session: EmulatedSession, words: Words) -> None:
    check_security(session)
    words.expect("CREATE", "ROLE")
    name = words.name()
    principals = session.server.rights.principals(session.database.name)
    if name.casefold() in principals.users or name.casefold() in principals.roles:
        raise SqlError(15023, f"User, group, or role '{name}' already exists in the current database.")
    principals.roles[name.casefold()] = set()
    principals.shown[name.casefold()] = name


def alter_role(session: EmulatedSession, words: Words) -> None:
    words.expect("ALTER", "ROLE")
    role = words.name()
    if session.server.version_number < (11,):
        raise near(words.peek())
    words.expect("ADD", "MEMBER")
    add_role_member(session, role, words.name())


def add_role_member(session: EmulatedSession, role: str, member: str) -> None:
    """Put a user or role into a role of the session's database. Raises SqlError."""
    check_security(session)
    principals = session.server.rights.principals(session.database.name)
    if role.casefold() not in principals.roles:
        raise SqlError(15014, f"The role '{role}' does not exist in the current database.")
    if member.casefold() not in {*principals.users, *principals.roles}:
        raise SqlError(15410, f"User or role '{member}' does not exist in this database.")
    principals.roles[role.casefold()].add(member.casefold())


def grant(session: EmulatedSession, text: str) -> None:
    """GRANT, DENY or REVOKE, whoever asks."""
    words = Words(text)
    action = words.next().upper()
    words.skip("GRANT", "OPTION", "FOR")
    permissions = [_permission(words)]
    while words.skip(","):
        permissions.append(_permission(words))
    on, columns = _securable(session, words) if words.skip("ON") else (Grant("", ""), [])
    if not words.skip("TO"):
        words.expect("FROM")
    grantees = [words.name()]
    while words.skip(","):
        grantees.append(words.name())
    for permission, own_columns in permissions:
        for grantee in grantees:
            if permission in _SERVER_PERMISSIONS:
                _change_on_server(session, action, permission, grantee)
                continue
            named: list[str | None] = [*(own_columns or columns)]
            for column in named or [None]:
                _change(session, action, replace(on, permission=permission, grantee=grantee, column=column))


def _permission(words: Words) -> tuple[str, list[str]]:
    parts = [words.next().upper()]
    while words.peek() not in (",", "(", "ON", "TO", "FROM", ""):
        parts.append(words.next().upper())
    return " ".join(parts), words.columns()


def _securable(session: EmulatedSession, words: Words) -> tuple[Grant, list[str]]:
    """What the permission is about, as a grant of it would say, and the columns named."""
    kind = "OBJECT"
    if words.peek() in _SCOPES and words.peek(1) == "::":
        kind = words.next().upper()
        words.expect("::")
    parts = words.dotted()
    if kind == "DATABASE":
        return Grant("", ""), []
    if kind == "SCHEMA":
        return Grant("", "", parts[-1]), []
    if kind != "OBJECT":
        raise NotModelledError(f"a permission on a {kind.lower()}")
    schema = parts[-2] if len(parts) > 1 else "dbo"
    if session.database.table(parts[-1], schema) is None:
        raise _not_found("object", parts[-1])
    return Grant("", "", schema, parts[-1]), words.columns()


def _change_on_server(session: EmulatedSession, action: str, permission: str, grantee: str) -> None:
    account = session.server.rights.accounts.get(grantee.casefold())
    if session.database.name != "master":
        raise SqlError(4621, "Permissions at the server scope can only be granted when the current database is master")
    if account is None:
        raise _not_found("login", grantee)
    (account.permissions.add if action == "GRANT" else account.permissions.discard)(permission)


def _change(session: EmulatedSession, action: str, grant: Grant) -> None:
    principals = session.server.rights.principals(session.database.name)
    if grant.grantee.casefold() not in {*principals.users, *principals.roles}:
        raise _not_found("user", grant.grantee)
    if grant.table is not None and grant.column is not None:
        table = session.database.table(grant.table, grant.schema)
        if table is not None and table.column(grant.column) is None:
            raise SqlError(1911, f"Column name '{grant.column}' does not exist in the target table or view.")
    entry = grant.folded()
    principals.granted.discard(entry)
    principals.denied.discard(entry)
    if action == "GRANT":
        principals.granted.add(entry)
    elif action == "DENY":
        principals.denied.add(entry)


def _not_found(kind: str, name: str) -> SqlError:
    return SqlError(15151, f"Cannot find the {kind} '{name}', because it does not exist or you do not have permission.")

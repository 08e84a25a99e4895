"""Who may do what: logins, users, roles and grants, and the answer to "may this login do that here?".

Permissions are kept as they are granted and looked up at each statement; nothing is worked out in advance.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from emulated.catalogue import Table
from emulated.errors import SqlError, no_access
from emulated.scope import Need

__all__ = ["FIXED_ROLES", "Account", "Grant", "Principals", "Rights"]

FIXED_ROLES = (
    "db_owner", "db_accessadmin", "db_securityadmin", "db_ddladmin", "db_backupoperator", "db_datareader",
    "db_datawriter", "db_denydatareader", "db_denydatawriter",
)  # fmt: skip

_OF_FIXED_ROLES = {
    "db_datareader": {"SELECT"},
    "db_datawriter": {"INSERT", "UPDATE", "DELETE"},
    "db_ddladmin": {"ALTER", "CREATE TABLE", "CREATE SCHEMA"},
}
_IMPLIED_BY = {
    "VIEW DEFINITION": ("CONTROL", "ALTER"),
    "ALTER": ("CONTROL",),
    "CREATE TABLE": ("CONTROL",),
    "CREATE SCHEMA": ("CONTROL",),
}
_FOR_COLUMNS = ("SELECT", "UPDATE", "REFERENCES")


@dataclass
class Account:
    """A login of the server."""

    name: str
    password: str = field(repr=False)
    default_database: str = "master"
    server_roles: set[str] = field(default_factory=set)
    permissions: set[str] = field(default_factory=set)
    locked: bool = False
    disabled: bool = False

    @property
    def is_sysadmin(self) -> bool:
        """Whether nothing is denied to it."""
        return "sysadmin" in self.server_roles


@dataclass(frozen=True)
class Grant:
    """A permission given to, or denied to, a user or role; it is kept with its names in lower case.

    ``schema``, ``table`` and ``column`` are null for what is granted on the whole database, schema or table.
    """

    permission: str
    grantee: str
    schema: str | None = None
    table: str | None = None
    column: str | None = None

    def folded(self) -> Grant:
        """It with its names in lower case."""
        names = (self.grantee, self.schema, self.table, self.column)
        return Grant(self.permission, *(None if name is None else name.casefold() for name in names))  # type: ignore[arg-type]


@dataclass
class Principals:
    """Users, roles and grants of one database; names in lower case, except those shown to people."""

    users: dict[str, str] = field(default_factory=dict)
    """User -> its login."""
    shown: dict[str, str] = field(default_factory=dict)
    """Lower case -> the name as it was given."""
    roles: dict[str, set[str]] = field(default_factory=lambda: {role: set() for role in (*FIXED_ROLES, "public")})
    """Role -> its members, users or roles."""
    granted: set[Grant] = field(default_factory=set)
    denied: set[Grant] = field(default_factory=set)

    def user_of(self, login: str) -> str | None:
        """The user that a login is in this database."""
        return next((user for user, of in self.users.items() if of == login.casefold()), None)

    def roles_of(self, user: str) -> set[str]:
        """The roles a user is in, directly or through other roles, and ``public``."""
        found = {"public"}
        members = {user}
        while members:
            members = {role for role, inside in self.roles.items() if inside & members and role not in found}
            found |= members
        return found


class Rights:
    """The rights in all databases of a server."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.databases: dict[str, Principals] = {}

    def principals(self, database: str) -> Principals:
        """Those of one database."""
        return self.databases.setdefault(database.casefold(), Principals())

    def user(self, account: Account, database: str) -> str | None:
        """The user that an account is in a database; null when it may not enter."""
        if account.is_sysadmin:
            return "dbo"
        user = self.principals(database).user_of(account.name)
        if user is None and database.casefold() in ("master", "tempdb"):
            return "guest"
        return user

    def is_owner(self, account: Account, database: str) -> bool:
        """Whether it may do everything there."""
        user = self.user(account, database)
        return user == "dbo" or (user is not None and "db_owner" in self.principals(database).roles_of(user))

    def on_server(self, account: Account, permission: str) -> bool:
        """Whether a permission of the server is granted."""
        held = account.permissions
        return account.is_sysadmin or permission in held or "CONTROL SERVER" in held

    def allowed(
        self, account: Account, database: str, permission: str, table: Table | None = None, column: str | None = None
    ) -> bool:
        """Whether a permission holds on a database, a table or a column."""
        if self.is_owner(account, database):
            return True
        user = self.user(account, database)
        if user is None:
            return False
        principals = self.principals(database)
        mine = {user, *principals.roles_of(user)}
        scopes = _scopes(table, column)
        denying = scopes
        if column is not None and any(Grant(permission, name, *scopes[-1]) in principals.granted for name in mine):
            # A grant on a column holds against a denial on its table: an oddity that the server keeps.
            denying = [scope for scope in scopes if scope != scopes[-2]]
        if any(Grant(permission, name, *scope) in principals.denied for name in mine for scope in denying):
            return False
        if f"db_deny{'datareader' if permission == 'SELECT' else 'datawriter'}" in mine and permission in (
            "SELECT", "INSERT", "UPDATE", "DELETE",
        ):  # fmt: skip
            return False
        if any(permission in _OF_FIXED_ROLES.get(role, ()) for role in mine):
            return True
        return any(
            Grant(enough, name, *scope) in principals.granted
            for enough in (permission, "CONTROL", *_IMPLIED_BY.get(permission, ()))
            for name in mine
            for scope in scopes
        )

    def check(self, account: Account, databases: Iterable[str], needs: Iterable[Need]) -> None:
        """Raise SqlError 916, 229 or 230 unless the account may do what a statement needs."""
        for name in databases:
            if self.user(account, name) is None:
                raise no_access(account.name, name)
        for need in needs:
            asked: list[str | None] = [*sorted(need.columns)]
            denied = [
                column
                for column in asked or [None]
                if not self.allowed(account, need.database, need.permission, need.table, column)
            ]
            if not denied:
                continue
            what = f"object '{need.table.name}', database '{need.database}', schema '{need.table.schema}'"
            if denied[0] and self.columns_allowed(account, need.database, need.permission, need.table):
                raise SqlError(
                    230,
                    f"The {need.permission} permission was denied on the column '{denied[0]}' of the {what}.",
                    severity=14,
                )
            said = f"The {need.permission} permission was denied on the {what}."
            raise SqlError(229, said, severity=14, state=5)

    def columns_allowed(self, account: Account, database: str, permission: str, table: Table) -> bool:
        """Whether the permission holds on at least one column."""
        return any(self.allowed(account, database, permission, table, column.name) for column in table.columns)

    def sees(self, account: Account, database: str, table: Table) -> bool:
        """Whether the catalogue shows a table: to whom has any permission on it or on one of its columns."""
        if "VIEW ANY DEFINITION" in account.permissions:
            return True
        names = ("SELECT", "INSERT", "UPDATE", "DELETE", "VIEW DEFINITION", "REFERENCES")
        return any(self.allowed(account, database, name, table) for name in names) or any(
            self.columns_allowed(account, database, name, table) for name in _FOR_COLUMNS
        )


def _scopes(table: Table | None, column: str | None) -> list[tuple[str | None, str | None, str | None]]:
    """Where a permission on this may have been granted: schema, table, column."""
    scopes: list[tuple[str | None, str | None, str | None]] = [(None, None, None)]
    if table is not None:
        schema, name = table.schema.casefold(), table.name.casefold()
        scopes += [(schema, None, None), (schema, name, None)]
        if column is not None:
            scopes.append((schema, name, column.casefold()))
    return scopes

"""What a server says of itself, and of the login that asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

__all__ = ["Identity", "read_identity"]

# A sql_variant, which SERVERPROPERTY returns, is more than some drivers can read.
_QUERY: Final = text(
    "SELECT CONVERT(nvarchar(128), SERVERPROPERTY('ServerName')), DB_NAME(),"
    " CONVERT(nvarchar(128), SERVERPROPERTY('ProductVersion')),"
    " CONVERT(nvarchar(128), SERVERPROPERTY('Edition')),"
    " SUSER_SNAME(),"
    " CONVERT(nvarchar(128), DATABASEPROPERTYEX(DB_NAME(), 'Collation')),"
    " IS_SRVROLEMEMBER('sysadmin'),"
    " HAS_PERMS_BY_NAME(NULL, NULL, 'CONTROL SERVER'),"
    " IS_MEMBER('db_owner'),"
    " HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'CONTROL')"
)


@dataclass(frozen=True)
class Identity:
    """Who answers, and as whom we ask.

    Attributes:
        server: The server's own name, with the instance.
        database: The database asked, as the server spells it.
        version: Product version, e.g. ``10.50.6000.34``.
        edition: E.g. ``Standard Edition (64-bit)``.
        login: The login's name.
        collation: Of the database asked.
        too_much: What the login is or may do beyond all that u8sync needs, in SQL Server's own words; empty: nothing.
    """

    server: str
    database: str
    version: str
    edition: str
    login: str
    collation: str
    too_much: tuple[str, ...]

    def route(self) -> dict[str, str]:
        """For the audit log."""
        words = {
            "server": self.server,
            "version": self.version,
            "edition": self.edition,
            "login": self.login,
            "collation": self.collation,
        }
        return words | ({"too_much": ", ".join(self.too_much)} if self.too_much else {})


def read_identity(connection: Connection) -> Identity:
    """Ask the server; the answers on rights are for the connection's database."""
    server, database, version, edition, login, collation, *rights = connection.execute(_QUERY).one()
    names = ("sysadmin", "CONTROL SERVER", "db_owner", "CONTROL DATABASE")
    held = tuple(name for name, held in zip(names, rights, strict=True) if held == 1)
    return Identity(server, database, version, edition or "", login, collation or "", held)

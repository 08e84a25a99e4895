"""A table on another SQL Server that keeps checkpoints of audit logs: rows are added, never changed.

The login is to have SELECT and INSERT on this one table and nothing else; one that may also change or delete rows is
refused, because then the table proves nothing that the log does not. When a row came is said by the server's own clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import Field
from sqlalchemy import BigInteger, Column, Connection, MetaData, Table, Unicode, insert, select, text

from u8sync.backends import AnchorKind
from u8sync.backends.sqlserver.connect import Server, open_server
from u8sync.backends.sqlserver.dialect import literal, quoted
from u8sync.backends.sqlserver.grants import anchor_script
from u8sync.backends.sqlserver.options import ConnectionOptions, SqlServerOptions, TableName, Word
from u8sync.domain.standing import Standing, forked, standing_of
from u8sync.errors import FatalError, RefusedError
from u8sync.text import msg

__all__ = ["ANCHOR", "SqlServerAnchor", "SqlServerAnchorOptions"]

_NOTE: Final = 4000
"""Most UTF-16 units in the column ``note``."""

_NEEDED: Final = ("SELECT", "INSERT")
_TOO_MUCH: Final = ("UPDATE", "DELETE", "ALTER")

_WINDOWS_ACCOUNT: Final = r"DOMAIN\u8sync"
"""Stands in the script where the settings name no login: an administrator puts the right one in."""


class SqlServerAnchorOptions(ConnectionOptions):
    """Settings of a table of checkpoints on SQL Server."""

    database: Word = Field(description="检查点表所在的数据库。 Database of the table of checkpoints.")
    table: TableName = Field(
        default="u8sync.anchor",
        description="检查点表，由 u8sync grants 给出的脚本建立。 "
        "Table of checkpoints; the script of 'u8sync grants' makes it.",
    )


@dataclass(frozen=True)
class SqlServerAnchor:
    """A table of checkpoints, as :class:`u8sync.ports.Anchor`.

    Attributes:
        options: Its settings.
        base: The folder that relative paths of the settings start from.
        timeout_s: How long it may hold up a run, seconds.
    """

    options: SqlServerAnchorOptions
    base: Path
    timeout_s: float = 30.0

    @property
    def name(self) -> str:
        """Server, database and table."""
        port = "" if self.options.port is None else f",{self.options.port}"
        return f"{self.options.server}{port}/{self.options.database}/{self.options.table}"

    @property
    def keeps(self) -> bool:
        """It does."""
        return True

    def publish(self, checkpoint: str) -> None:
        """Add the checkpoint unless it is there, and read back what the server holds."""
        standing = standing_of(checkpoint)
        if standing is None or len(checkpoint.encode("utf-16-le")) > 2 * _NOTE:
            raise ValueError("no checkpoint of a u8sync log")
        with self._server().connect(self.options.database, writing=True) as connection:
            self._check_rights(connection)
            held = self._held(connection, standing)
            if held is None:
                values = {"origin": standing.origin, "size": standing.size, "note": checkpoint}
                connection.execute(insert(self._table).values(values))
                held = self._held(connection, standing)
        if held != checkpoint:
            raise forked(self.name, standing)

    def newest(self, origin: str, most: int) -> Sequence[str]:
        """Read the rows of the largest sizes."""
        rows = self._table.c
        query = select(rows.note).where(rows.origin == origin).order_by(rows.size.desc()).limit(most)
        with self._server().connect(self.options.database) as connection:
            self._check_rights(connection)
            return connection.scalars(query).all()[::-1]

    @property
    def _table(self) -> Table:
        """The table; the form is that of ``grants.py``."""
        schema, name = self.options.table.split(".")
        columns = Column("origin", Unicode(200)), Column("size", BigInteger), Column("note", Unicode(_NOTE))
        return Table(name, MetaData(), *columns, schema=schema)

    def _server(self) -> Server:
        """The server as the backend's own code reaches it; no secret was fetched before."""
        shared = {name: getattr(self.options, name) for name in ConnectionOptions.model_fields}
        timeout_s = max(1, int(self.timeout_s))
        shared |= {"login_timeout_s": min(self.options.login_timeout_s, timeout_s), "statement_timeout_s": timeout_s}
        return open_server(SqlServerOptions.model_validate(shared), self.base)

    def _held(self, connection: Connection, standing: Standing) -> str | None:
        rows = self._table.c
        query = select(rows.note).where(rows.origin == standing.origin, rows.size == standing.size)
        found = connection.execute(query).scalar_one_or_none()
        return None if found is None else str(found)

    def _check_rights(self, connection: Connection) -> None:
        """Raises FatalError when there is no such table for this login, RefusedError when it may do too much there."""
        table = literal(".".join(quoted(part) for part in self.options.table.split(".")))
        asked = ", ".join(f"HAS_PERMS_BY_NAME({table}, N'OBJECT', N'{right}')" for right in (*_NEEDED, *_TOO_MUCH))
        held = dict(zip((*_NEEDED, *_TOO_MUCH), connection.execute(text(f"SELECT {asked}")).one(), strict=True))
        lacking = [right for right in _NEEDED if held[right] != 1]
        if lacking:
            raise FatalError(
                msg(
                    "The anchor {anchor}: the login has no right to {rights}, or there is no such table.",
                    anchor=self.name,
                    rights=", ".join(lacking),
                ),
                hint=msg("'u8sync grants' prints the script that makes the table and gives the rights."),
            )
        too_much = [right for right in _TOO_MUCH if held[right] == 1]
        if too_much and self.options.allow_overprivileged is None:
            raise RefusedError(
                msg(
                    "The anchor {anchor}: the login may also {rights} there, so that what it keeps proves nothing.",
                    anchor=self.name,
                    rights=", ".join(too_much),
                ),
                hint=msg(
                    "Give it SELECT and INSERT on this table alone: 'u8sync grants' prints the script. Or say in"
                    " allow_overprivileged why this site accepts it."
                ),
            )


def _open(options: SqlServerAnchorOptions, base: Path, timeout_s: float) -> SqlServerAnchor:
    return SqlServerAnchor(options, base, timeout_s)


def _grants(options: SqlServerAnchorOptions) -> str:
    port = "" if options.port is None else f",{options.port}"
    return anchor_script(
        server=f"{options.server}{port}",
        database=options.database,
        table=options.table,
        login=options.login or _WINDOWS_ACCOUNT,
    )


ANCHOR: Final = AnchorKind(options=SqlServerAnchorOptions, open=_open, grants=_grants)

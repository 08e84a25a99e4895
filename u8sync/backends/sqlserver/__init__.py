"""The way into an account set on Microsoft SQL Server, 2008 R2 to the present, over ODBC."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from u8sync.backends import BackendKind
from u8sync.backends.read_only import ReadOnly
from u8sync.backends.sqlserver.account_sets import choose, list_account_sets, server_day
from u8sync.backends.sqlserver.admin import accounts, grants
from u8sync.backends.sqlserver.anchor import ANCHOR
from u8sync.backends.sqlserver.backend import SqlServerBackend
from u8sync.backends.sqlserver.checks import examine
from u8sync.backends.sqlserver.connect import ENTRANCE, open_server
from u8sync.backends.sqlserver.identity import read_identity
from u8sync.backends.sqlserver.options import SqlServerOptions
from u8sync.ports import Backend, Trying

__all__ = ["KIND", "open_backend"]


def open_backend(options: SqlServerOptions, base: Path, _trying: Trying | None = None) -> Backend:
    """Find the account set on its server and open it.

    Args:
        options: Its settings.
        base: The folder that relative paths of the settings start from.

    Raises:
        InputError: The password cannot be had.
        FatalError: There is no driver, no such account set, no right, or the login is refused.
        TransientError: The server does not answer or is busy.
    """
    server = open_server(options, base)
    with server.connect(options.database or ENTRANCE) as connection:
        found, notes = list_account_sets(connection)
        today = server_day(connection)
    account = choose(found, code=options.account, database=options.database, today=today, server=server.place)
    with server.connect(account.current.name) as connection:
        identity = read_identity(connection)
    backend = SqlServerBackend(server, account, identity, notes)
    return ReadOnly(backend) if options.read_only else backend


def _server(options: SqlServerOptions) -> str:
    """Host, instance and port; letters count alike, as SQL Server and DNS take them."""
    return options.server.casefold() if options.port is None else f"{options.server.casefold()},{options.port}"


KIND: Final = BackendKind(
    options=SqlServerOptions,
    open=open_backend,
    examine=examine,
    accounts=accounts,
    grants=grants,
    anchor=ANCHOR,
    server=_server,
)

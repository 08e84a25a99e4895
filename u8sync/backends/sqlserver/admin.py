"""What an administrator asks for before the first run: which account sets there are, and the script of the rights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from u8sync.backends.sqlserver.account_sets import AccountDatabases, choose, list_account_sets, server_day
from u8sync.backends.sqlserver.connect import ENTRANCE, open_server
from u8sync.backends.sqlserver.grants import grants_script
from u8sync.backends.sqlserver.options import SqlServerOptions
from u8sync.backends.sqlserver.rights import needed_rights
from u8sync.errors import BackendError, FatalError, InputError
from u8sync.ports import AccountSetFound, DatabaseFound, Needs
from u8sync.text import Message, msg

__all__ = ["accounts", "grants"]


def accounts(options: SqlServerOptions, base: Path) -> Sequence[AccountSetFound]:
    """The account sets that the login can see. Raises FatalError when there is none."""
    server = open_server(options, base)
    with server.connect(ENTRANCE) as connection:
        found, notes = list_account_sets(connection)
    if not found:
        raise FatalError(
            msg("The server {server} shows this login no account set.", server=server.place),
            hint=msg(
                "The login needs rights on UFSystem and on the account set's databases: 'u8sync grants' prints them."
            ),
        )
    return [_listed(account, notes) for account in found]


def _listed(account: AccountDatabases, notes: tuple[Message, ...]) -> AccountSetFound:
    closed = [
        msg("The login may not enter the database {database}.", database=year.name)
        for year in account.databases
        if not year.accessible
    ]
    databases = tuple(DatabaseFound(year.name, year.begin_year, year.end_year) for year in account.databases)
    return AccountSetFound(account.code, account.name, databases, (*notes, *closed))


def grants(options: SqlServerOptions, base: Path, needs: Needs, reader: str, writer: str) -> str:
    """The script for the databases of the account set, as far as the server can be asked for them.

    Without the server, or with a login that sees nothing yet, the database that the settings name has to do.

    Raises:
        FatalError: The databases cannot be looked up and the settings name none.
    """
    try:
        archives, earlier, absent = _databases(options, base)
    except (BackendError, InputError) as error:
        if options.database is None:
            raise FatalError(
                error.message,
                hint=msg(
                    "For a login that cannot see the databases yet, name the 'database' in the configuration: the"
                    " script is then made for that one, without the server."
                ),
            ) from None
        archives, earlier = [options.database], []
        remarks = [
            "未能在服务器上查找各年度数据库：有其他年度数据库时，请为其重复相应部分。",
            "The server could not be asked for databases of other years: repeat the part for each that there is.",
        ]
    else:
        remarks = [
            f"U8 列出了数据库 {name}，但服务器上没有。 U8 lists the database {name}, and the server has none so named."
            for name in absent
        ]
    rights = needed_rights(needs, archives=archives, earlier=earlier, receipts=options.receipts)
    return grants_script(rights, reader=reader, writer=writer if needs.writing else None, remarks=remarks)


def _databases(options: SqlServerOptions, base: Path) -> tuple[list[str], list[str], list[str]]:
    """The database in use and those of years to come, which U8 makes ahead; those of earlier years; those not there."""
    server = open_server(options, base)
    with server.connect(ENTRANCE) as connection:
        found, _ = list_account_sets(connection)
        today = server_day(connection)
        there = {name.casefold() for (name,) in connection.exec_driver_sql("SELECT name FROM sys.databases")}
    # The script is for a login that may not enter them yet.
    enterable = [
        replace(each, databases=tuple(replace(year, accessible=True) for year in each.databases)) for each in found
    ]
    chosen = choose(enterable, code=options.account, database=options.database, today=today, server=server.place)
    every = next((each.databases for each in enterable if chosen.current in each.databases), chosen.databases)
    at = every.index(chosen.current)
    names = [year.name for year in every]
    absent = [name for name in names if name.casefold() not in there]
    archives = [name for name in names[at:] if name not in absent]
    return archives, [name for name in names[:at] if name not in absent], absent

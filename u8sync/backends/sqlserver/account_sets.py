"""Which account sets a server holds, and in which databases, year by year.

The name of a database tells its first year and not the present one, and may be any name at all: what counts is
``UFSystem..UA_AccountDatabase``. Where that is missing (old U8) or may not be read, the usual names have to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from u8sync.backends.sqlserver.dialect import literal
from u8sync.backends.sqlserver.faults import classify, read_fault
from u8sync.domain.model import Period
from u8sync.errors import FatalError, InputError
from u8sync.text import Message, msg

__all__ = [
    "AccountDatabases",
    "YearDatabase",
    "choose",
    "list_account_sets",
    "read_periods",
    "rows_if_allowed",
    "server_day",
]

_USUAL_NAME: Final = re.compile(r"(?i)UFDATA_(?P<code>[0-9A-Z]{3})_(?P<year>\d{4})")

_ACCOUNTS: Final = "SELECT cAcc_Id, cAcc_Name FROM UFSystem.dbo.UA_Account"
_YEARS: Final = "SELECT cAcc_Id, iBeginYear, iEndYear, cDatabase FROM UFSystem.dbo.UA_AccountDatabase"
_PERIODS: Final = (
    "SELECT cAcc_Id, iYear, CONVERT(varchar(10), MIN(dBegin), 120) FROM UFSystem.dbo.UA_Period"
    " WHERE dBegin IS NOT NULL GROUP BY cAcc_Id, iYear"
)
_ALL_PERIODS: Final = (
    "SELECT iYear, iId, CONVERT(varchar(10), dBegin, 120), CONVERT(varchar(10), dEnd, 120), bIsDelete"
    " FROM UFSystem.dbo.UA_Period WHERE dBegin IS NOT NULL AND dEnd IS NOT NULL AND cAcc_Id = "
)
_DATABASES: Final = "SELECT name FROM sys.databases WHERE HAS_DBACCESS(name) = 1"


@dataclass(frozen=True)
class YearDatabase:
    """One database of an account set.

    Attributes:
        name: Its name.
        begin_year: The first fiscal year in it.
        end_year: The last one; null: it is the one in use.
        first_day: The first day of ``begin_year``.
        accessible: Whether the login may enter it.
    """

    name: str
    begin_year: int
    end_year: int | None
    first_day: date
    accessible: bool


@dataclass(frozen=True)
class AccountDatabases:
    """An account set, and where it is kept.

    Attributes:
        code: Three characters.
        name: As U8 shows it; the code when that may not be read.
        databases: Oldest first, at least one.
    """

    code: str
    name: str
    databases: tuple[YearDatabase, ...]

    @property
    def current(self) -> YearDatabase:
        """The database in use."""
        return self.databases[-1]


def list_account_sets(connection: Connection) -> tuple[tuple[AccountDatabases, ...], tuple[Message, ...]]:
    """The account sets of the server as far as the login can see them, by code, and what could not be seen."""
    accounts = rows_if_allowed(connection, _ACCOUNTS)
    years = rows_if_allowed(connection, _YEARS)
    periods = rows_if_allowed(connection, _PERIODS)
    accessible = {name.casefold(): name for (name,) in connection.execute(text(_DATABASES))}
    names = dict(accounts or ())
    first_days = {(code, year): date.fromisoformat(day) for code, year, day in periods or ()}
    databases: dict[str, list[YearDatabase]] = {}
    for code, begin, end, padded in _usual(accessible.values()) if years is None else years:
        name = padded.strip()
        first_day = first_days.get((code, begin), date(begin, 1, 1))
        year = YearDatabase(name, begin, end, first_day, accessible=name.casefold() in accessible)
        databases.setdefault(code, []).append(year)
    found = tuple(
        AccountDatabases(code, names.get(code, code), tuple(sorted(several, key=lambda each: each.begin_year)))
        for code, several in sorted(databases.items())
    )
    return found, tuple(_lost(accounts, years, periods))


def _usual(names: Iterable[str]) -> list[tuple[str, int, None, str]]:
    """Databases with the usual name, as ``UA_AccountDatabase`` would list them."""
    matches = ((_USUAL_NAME.fullmatch(name), name) for name in names)
    return [(match["code"], int(match["year"]), None, name) for match, name in matches if match]


def _lost(accounts: object, years: object, periods: object) -> list[Message]:
    notes = []
    if accounts is None:
        notes.append(msg("UFSystem..UA_Account cannot be read: the name of the account set is not known."))
    if years is None:
        notes.append(
            msg(
                "UFSystem..UA_AccountDatabase cannot be read: databases are told by their usual names, and one with"
                " another name is not found."
            )
        )
    if periods is None:
        notes.append(msg("UFSystem..UA_Period cannot be read: fiscal years are taken for calendar years."))
    return notes


def read_periods(connection: Connection, account: str) -> tuple[Period, ...]:
    """The fiscal periods of an account set, ordered; empty where they do not exist or may not be read."""
    rows = rows_if_allowed(connection, f"{_ALL_PERIODS}{literal(account)}") or ()
    return tuple(
        sorted(
            Period(year, number, date.fromisoformat(first), date.fromisoformat(last))
            for year, number, first, last, deleted in rows
            if not deleted
        )
    )


def server_day(connection: Connection) -> date:
    """The day on the server's wall."""
    return date.fromisoformat(connection.execute(text("SELECT CONVERT(varchar(10), GETDATE(), 120)")).scalar_one())


def choose(
    found: Sequence[AccountDatabases], *, code: str | None, database: str | None, today: date, server: str
) -> AccountDatabases:
    """The account set that the settings mean; its databases end with the one to work on.

    Args:
        found: What the server has.
        code: The account set's code; null when only the database is named.
        database: Its database; null for the one in use. A database that U8 does not list is taken by itself.
        today: The database in use is that of the fiscal year of this day: the next one is made before the year ends.
        server: What messages call the server.

    Raises:
        InputError: The settings name neither.
        InputError: Neither is given.
        FatalError: There is no such account set, or the login may not enter its database.
    """
    if code is None and database is None:
        raise InputError(
            msg("Neither 'account' nor 'database' is given under 'account_set'."),
            hint=msg("'u8sync accounts' lists the account sets that the login can see."),
        )
    visible = msg("Account sets that this login can see: {codes}", codes=", ".join(each.code for each in found) or "-")
    if database is None and code is None:
        raise InputError(msg("The configuration names no account set: give 'account' or 'database'."), hint=visible)
    if database is None:
        matching = [each for each in found if each.code.casefold() == str(code).casefold()]
        if not matching:
            raise FatalError(
                msg("The server {server} has no account set {code} that this login can see.", server=server, code=code),
                hint=visible,
            )
        begun = tuple(year for year in matching[0].databases if year.first_day <= today)
        chosen = replace(matching[0], databases=begun or matching[0].databases[:1])
    else:
        chosen = _with_database(found, database, code)
    if not chosen.current.accessible:
        raise FatalError(
            msg("The login may not enter the database {database}.", database=chosen.current.name),
            hint=msg("Ask the database administrator to run the script of 'u8sync grants'."),
        )
    return chosen


def _with_database(found: Sequence[AccountDatabases], database: str, code: str | None) -> AccountDatabases:
    for each in found:
        for at, year in enumerate(each.databases):
            if year.name.casefold() == database.casefold():
                return replace(each, databases=each.databases[: at + 1])
    usual = _USUAL_NAME.fullmatch(database)
    own = code or (usual["code"] if usual else database[:3])
    begin = int(usual["year"]) if usual else 1
    return AccountDatabases(own, own, (YearDatabase(database, begin, None, date(begin, 1, 1), accessible=True),))


def rows_if_allowed(connection: Connection, query: str) -> Sequence[Any] | None:
    """The rows of a query; null when what it reads does not exist or may not be read."""
    try:
        return connection.execute(text(query)).all()
    except DBAPIError as error:
        if connection.invalidated or classify(read_fault(error.orig or error), "read").meaning != "fatal":
            raise
        return None

"""What ``u8sync doctor`` can tell of a SQL Server: the way there, the login, and which account set is meant.

What it can tell of the account set's database is in :mod:`~u8sync.backends.sqlserver.archive_checks`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from u8sync.backends.sqlserver.account_sets import AccountDatabases, choose, list_account_sets, server_day
from u8sync.backends.sqlserver.archive_checks import examine_archive
from u8sync.backends.sqlserver.connect import ENTRANCE, Server, open_server
from u8sync.backends.sqlserver.identity import Identity, read_identity
from u8sync.backends.sqlserver.options import SqlServerOptions
from u8sync.ports import Check, Needs
from u8sync.text import Message, msg

__all__ = ["RELEASES", "check_release", "examine"]

SKEW: Final = timedelta(seconds=60)

RELEASES: Final[Mapping[str, tuple[str, date | None]]] = {
    "10.50": ("2008 R2", date(2019, 7, 9)),
    "11.0": ("2012", date(2022, 7, 12)),
    "12.0": ("2014", date(2024, 7, 9)),
    "13.0": ("2016", date(2026, 7, 14)),
    "14.0": ("2017", date(2027, 10, 12)),
    "15.0": ("2019", date(2030, 1, 8)),
    "16.0": ("2022", date(2033, 1, 11)),
    "17.0": ("2025", None),
}
"""Beginning of the product version -> release, and the last day of Microsoft's extended support as far as known."""


def examine(options: SqlServerOptions, base: Path, needs: Needs) -> Iterator[Check]:
    """All checks of this way into U8.

    Raises InputError or BackendError when the server or the account set cannot be reached: nothing more can be asked.
    """
    server = open_server(options, base)
    with server.connect(ENTRANCE) as connection:
        yield _driver(server, connection)
        yield _line(options)
        identity = read_identity(connection)
        yield check_release(identity.version, identity.edition, identity.server, datetime.now(UTC).date())
        yield _clock(connection)
        found, _ = list_account_sets(connection)
        today = server_day(connection)
    account = choose(found, code=options.account, database=options.database, today=today, server=server.place)
    yield from _years(account)
    with server.connect(account.current.name) as connection:
        identity = read_identity(connection)
        yield _login(options, identity, needs)
        yield from examine_archive(connection, server, account, identity, needs)


def _driver(server: Server, connection: Connection) -> Check:
    driver = server.driver
    if driver.interface == "pyodbc":
        import pyodbc

        dbapi = connection.connection.dbapi_connection
        number = str(dbapi.getinfo(pyodbc.SQL_DRIVER_VER)) if isinstance(dbapi, pyodbc.Connection) else "?"
    else:
        number = version("mssql-python")
    found = msg("{driver}, version {number}", driver=driver.label, number=number)
    if driver.family in ("windows", "native"):
        hint = msg("This driver came with old servers. Install the Microsoft ODBC Driver 18 for SQL Server.")
        return Check(msg("Driver"), "warning", found, hint)
    return Check(msg("Driver"), "ok", found)


def _line(options: SqlServerOptions) -> Check:
    """By the settings: a driver that is told to encrypt gives up where it cannot."""
    topic = msg("Encryption")
    if options.encrypt == "no":
        return Check(
            topic,
            "warning",
            msg("The connection is not encrypted: {why}", why=options.insecure_reason),
            msg("Set 'encrypt: yes' once the server can do TLS 1.2."),
        )
    if options.trust_server_certificate:
        return Check(
            topic,
            "warning",
            msg("Encrypted, but nobody checks who answers: {why}", why=options.insecure_reason),
            msg(
                "Put the server's certificate among those that this machine trusts, and delete"
                " 'trust_server_certificate'."
            ),
        )
    return Check(topic, "ok", msg("Encrypted, and the server's certificate is checked."))


def check_release(number: str, edition: str, name: str, today: date) -> Check:
    """Which SQL Server this is, and whether it still gets security updates."""
    topic = msg("Server")
    release, end = RELEASES.get(".".join(number.split(".")[:2]), (None, None))
    found = msg(
        "{name}: SQL Server {release} ({number}), {edition}",
        name=name,
        release=release or "?",
        number=number,
        edition=edition,
    )
    if release is None:
        return Check(topic, "warning", found, msg("u8sync is made for SQL Server 2008 R2 to 2025."))
    if end is not None and today > end:
        hint = msg("Microsoft's support for it ended on {day}: no more security updates.", day=end)
        return Check(topic, "warning", found, hint)
    return Check(topic, "ok", found)


def _clock(connection: Connection) -> Check:
    before = datetime.now(UTC)
    said = connection.exec_driver_sql("SELECT CONVERT(varchar(19), SYSUTCDATETIME(), 126)").scalar_one()
    skew = datetime.fromisoformat(said).replace(tzinfo=UTC) - before
    return Check(
        msg("Server's clock"),
        "ok" if abs(skew) <= SKEW else "warning",
        msg("{seconds} s apart from this machine's", seconds=f"{round(skew.total_seconds()):+d}"),
        None if abs(skew) <= SKEW else msg("Set both by the same time server: audit records and U8's dates disagree."),
    )


def _years(account: AccountDatabases) -> Iterator[Check]:
    topic = msg("Databases")
    names = ", ".join(f"{year.name} ({year.begin_year}-{year.end_year or ''})" for year in account.databases)
    found = msg("{code} {name}: {databases}", code=account.code, name=account.name, databases=names)
    yield Check(topic, "ok", found)
    for year in account.databases:
        if not year.accessible:
            yield Check(
                topic,
                "warning",
                msg("The login may not enter the database {database}.", database=year.name),
                msg("What happened in its years is not known to u8sync. 'u8sync grants' prints the script."),
            )


def _login(options: SqlServerOptions, identity: Identity, needs: Needs) -> Check:
    topic = msg("Login")
    kind: Message = msg("Windows authentication") if options.login is None else msg("SQL Server login")
    if not identity.too_much:
        return Check(topic, "ok", msg("{login} ({kind})", login=identity.login, kind=kind))
    reason = options.allow_overprivileged
    found = msg(
        "{login} ({kind}) may do more than u8sync needs: {rights}",
        login=identity.login,
        kind=kind,
        rights=", ".join(identity.too_much),
    )
    if reason is not None:
        return Check(topic, "warning", found, msg("Allowed by the configuration: {why}", why=reason))
    return Check(
        topic,
        "failure" if needs.writing else "warning",
        found,
        msg("u8sync does not write with it. Use a login made with the script of 'u8sync grants'."),
    )

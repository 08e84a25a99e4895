"""Which drivers can reach a SQL Server from here, which of them is best, and what each wants to be told.

What lives here is pure apart from :func:`installed_drivers`, which asks the machine. The drivers differ in the spelling
of their keywords and in what they can do at all; everything above this room sees one kind of connection.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final, Literal

from u8sync import __version__
from u8sync.backends.sqlserver.options import SqlServerOptions
from u8sync.errors import FatalError
from u8sync.text import msg

__all__ = ["APPLICATION", "Driver", "Family", "best_driver", "connection_string", "installed_drivers", "named_driver"]

APPLICATION: Final = f"u8sync/{__version__}"
"""What the server's list of sessions shows."""

Family = Literal["mssql-python", "microsoft18", "microsoft", "native", "freetds", "windows"]
"""Drivers that take the same keywords.

``microsoft18``: ODBC Driver 18; ``microsoft``: 11, 13, 17; ``native``: SQL Server Native Client, which came with
old servers; ``windows``: the driver "SQL Server" that every Windows has.
"""


@dataclass(frozen=True)
class Driver:
    """One way to a SQL Server.

    Attributes:
        interface: The Python package.
        name: Name or file of the ODBC driver; empty for mssql-python, which brings its own.
        family: What keywords it takes.
    """

    interface: Literal["pyodbc", "mssql-python"]
    name: str
    family: Family

    @property
    def label(self) -> str:
        """What messages and records call it, without the folders of a file."""
        short = re.split(r"[\\/]", self.name)[-1]
        return f"{self.interface} ({short})" if short else self.interface


_FAMILIES: Final[Sequence[tuple[re.Pattern[str], Family]]] = (
    (re.compile(r"(?i)ODBC Driver 1[89]|msodbcsql-?1[89]"), "microsoft18"),
    (re.compile(r"(?i)ODBC Driver 1\d|msodbcsql-?1\d"), "microsoft"),
    (re.compile(r"(?i)Native Client|sqlncli"), "native"),
    (re.compile(r"(?i)FreeTDS|tdsodbc"), "freetds"),
    (re.compile(r"(?i)^SQL Server$"), "windows"),
)
_RANK: Final[Sequence[Family]] = ("microsoft18", "microsoft", "mssql-python", "native", "freetds", "windows")
"""From the best to the last resort: the last cannot do what a server of today asks for."""


def installed_drivers() -> tuple[Driver, ...]:
    """The drivers of this machine that are known to reach a SQL Server, best first."""
    found: list[Driver] = []
    with suppress(ImportError):  # also where the package is there and the system's driver manager is not
        import pyodbc

        found = [Driver("pyodbc", name, family) for name in pyodbc.drivers() if (family := _family(name))]
    if find_spec("mssql_python"):
        found.append(Driver("mssql-python", "", "mssql-python"))
    return tuple(sorted(found, key=lambda driver: (_RANK.index(driver.family), _number(driver.name))))


def best_driver(options: SqlServerOptions, installed: Sequence[Driver]) -> Driver:
    """The driver to use: the one that the options name, or the best one of those installed.

    Raises:
        FatalError: There is none, or not the one named.
    """
    if options.driver is not None:
        return named_driver(options.driver)
    fitting = [driver for driver in installed if options.interface in (None, driver.interface)]
    if not fitting:
        raise FatalError(
            msg("No driver for SQL Server is installed."),
            hint=msg(
                "Install the Microsoft ODBC Driver 18 for SQL Server and run: pip install 'u8sync[sqlserver]'."
                " Or without ODBC: pip install 'u8sync[mssql-python]'."
            ),
        )
    return fitting[0]


def named_driver(name: str) -> Driver:
    """The ODBC driver with this name, or in this file. A name that says nothing is taken for one of Microsoft's."""
    try:
        import pyodbc  # noqa: F401
    except ImportError as error:
        raise FatalError(
            msg(
                "The driver {driver} needs the package pyodbc, which cannot be used: {why}", driver=name, why=str(error)
            ),
            hint=msg(
                "Run: pip install 'u8sync[sqlserver]'. On Linux also install unixODBC (apt-get install unixodbc)."
            ),
        ) from None
    return Driver("pyodbc", name, _family(name) or "microsoft18")


def _family(name: str) -> Family | None:
    return next((family for pattern, family in _FAMILIES if pattern.search(name)), None)


def _number(name: str) -> int:
    """Newer drivers first."""
    numbers = re.findall(r"\d+", name)
    return -int(numbers[0]) if numbers else 0


def connection_string(
    options: SqlServerOptions, driver: Driver, *, password: str | None, database: str | None, writing: bool
) -> str:
    """What the driver wants to be told, as ``key=value;...``. It holds the password: never show or log it.

    Args:
        options: The settings.
        driver: Who is told.
        password: Of the SQL login; null for Windows authentication.
        database: Where to begin; the login's own default when null.
        writing: Whether the connection will write.
    """
    words: dict[str, str] = {}
    if driver.interface == "pyodbc":
        words["DRIVER"] = driver.name
        words["APP"] = APPLICATION
    words |= _address(options, driver)
    if database is not None:
        words["Database"] = database
    if options.login is not None and password is not None:
        words |= {"UID": options.login, "PWD": password}
    else:
        words["Trusted_Connection"] = "yes"
    words |= _security(options, driver)
    if driver.family not in ("windows", "freetds"):
        # A silent second connection would come without the lock and the settings of the first.
        words |= {"ConnectRetryCount": "0"} if driver.family != "native" else {}
        words |= {"MARS_Connection": "no"} if driver.interface == "pyodbc" else {}
    if options.read_intent and not writing and driver.family != "windows":
        words["ApplicationIntent"] = "ReadOnly"
    if driver.family == "freetds":
        words |= {"TDS_Version": "7.4", "ClientCharset": "UTF-8"}
    return ";".join(f"{key}={_quoted(value, driver)}" for key, value in words.items())


def _address(options: SqlServerOptions, driver: Driver) -> dict[str, str]:
    if options.port is None:
        return {"Server": options.server}
    host = options.server.split("\\")[0]  # with a port, nobody is asked where the instance is
    if driver.family == "freetds":
        return {"Server": host, "Port": str(options.port)}
    return {"Server": f"{host},{options.port}"}


def _security(options: SqlServerOptions, driver: Driver) -> dict[str, str]:
    if driver.family == "freetds":
        if options.encrypt != "no" and not options.trust_server_certificate:
            raise FatalError(
                msg("The driver {driver} cannot check the server's certificate.", driver=driver.label),
                hint=msg(
                    "Install the Microsoft ODBC Driver 18, or set 'trust_server_certificate: true' with an"
                    " insecure_reason."
                ),
                about="tls_certificate",
            )
        return {"Encryption": "off" if options.encrypt == "no" else "require"}
    if options.encrypt == "strict" and driver.family not in ("microsoft18", "mssql-python"):
        raise FatalError(
            msg("The driver {driver} does not know 'encrypt: strict'.", driver=driver.label),
            hint=msg("Install the Microsoft ODBC Driver 18, or set 'encrypt: yes'."),
        )
    words: dict[str, str] = {"Encrypt": options.encrypt}
    if driver.family != "windows":
        words["TrustServerCertificate"] = "yes" if options.trust_server_certificate else "no"
    if options.server_certificate is not None:
        words["ServerCertificate"] = options.server_certificate
    if options.host_name_in_certificate is not None:
        words["HostnameInCertificate"] = options.host_name_in_certificate
    return words


_FREETDS_END: Final = "};"
"""Where FreeTDS takes a value in braces to end, whatever follows."""


def _quoted(value: str, driver: Driver) -> str:
    """Braces where the value has a character that means something to the parser of connection strings."""
    if re.fullmatch(r"[\w .,:/\\@-]+", value) and value == value.strip():
        return value
    if driver.family != "freetds":
        return "{" + value.replace("}", "}}") + "}"
    # FreeTDS takes a doubled brace for two: another password, and a failed login can lock the account.
    if _FREETDS_END in value:
        raise FatalError(
            msg(
                "The driver {driver} cannot pass on a password or name that contains {characters}",
                driver=driver.label,
                characters=_FREETDS_END,
            ),
            hint=msg("Change the password, or install the Microsoft ODBC Driver 18."),
        )
    return "{" + value + "}"

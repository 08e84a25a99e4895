"""The drivers that tests talk through, and whether this machine has them."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

__all__ = ["DRIVERS", "connect", "connection", "freetds", "msodbcsql", "mssql_python", "require"]

DRIVERS = ("freetds", "msodbcsql", "mssql-python")

_INSTALL = {
    "freetds": "FreeTDS for ODBC (apt-get install unixodbc tdsodbc) and pyodbc (pip install pyodbc)",
    "msodbcsql": "Microsoft's ODBC driver (pip install mssql-python-odbc) and pyodbc (pip install pyodbc)",
    "mssql-python": "mssql-python (pip install mssql-python)",
}


def freetds() -> str | None:
    """The name under which ODBC knows FreeTDS; null when it or pyodbc is not there."""
    pyodbc = _pyodbc()
    return next((name for name in pyodbc.drivers() if "freetds" in name.casefold()), None) if pyodbc else None


def msodbcsql() -> str | None:
    """Microsoft's driver, as a name known to ODBC or as a path; null when it or pyodbc is not there."""
    pyodbc = _pyodbc()
    if pyodbc is None:
        return None
    named = [name for name in pyodbc.drivers() if name.startswith("ODBC Driver ") and name.endswith("for SQL Server")]
    return max(named, default=None) or _packaged_driver()


def mssql_python() -> bool:
    """Whether mssql-python is there."""
    return importlib.util.find_spec("mssql_python") is not None


def require(driver: str) -> None:
    """Skip the test, saying what to install, when a driver is missing; fail where drivers are required."""
    there = {"freetds": freetds, "msodbcsql": msodbcsql, "mssql-python": mssql_python}[driver]()
    if there:
        return
    reason = f"needs {_INSTALL[driver]}"
    if os.environ.get("U8SYNC_REQUIRE_DRIVERS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def connect(driver: str, port: int, *, timeout_s: int = 5, autocommit: bool = False, **options: str) -> Any:
    """Connect to 127.0.0.1 as a test does; skips the test when the driver is missing.

    Args:
        driver: One of :data:`DRIVERS`.
        port: Of the server.
        timeout_s: For the login.
        autocommit: As in DB-API.
        options: Added to the connection string, or in place of what it would say, in the driver's words.

    Returns:
        The driver's DB-API connection.
    """
    require(driver)
    settings = {"UID": "u8sync", "PWD": "secret", "DATABASE": "UFDATA_001_2019"}
    if driver == "mssql-python":
        import mssql_python

        settings |= {"SERVER": f"127.0.0.1,{port}", "Encrypt": "no"} | options
        mssql_python.pooling(enabled=False)
        return mssql_python.connect(_joined(settings), autocommit=autocommit, timeout=timeout_s)
    pyodbc = _pyodbc()
    if driver == "freetds":
        settings |= {"DRIVER": f"{{{freetds()}}}", "SERVER": "127.0.0.1", "PORT": str(port), "TDS_Version": "7.4"}
        settings |= {"ClientCharset": "UTF-8"}
    else:
        settings |= {"DRIVER": f"{{{msodbcsql()}}}", "SERVER": f"127.0.0.1,{port}", "Encrypt": "no"}
    return pyodbc.connect(_joined(settings | options), autocommit=autocommit, timeout=timeout_s)


@contextlib.contextmanager
def connection(driver: str, port: int, **options: Any) -> Iterator[Any]:
    """As :func:`connect`, closed at the end, also when the link has gone meanwhile."""
    opened = connect(driver, port, **options)
    try:
        yield opened
    finally:
        # A driver may complain that it cannot roll back on a link that is gone.
        with contextlib.suppress(Exception):
            opened.close()


def _joined(settings: dict[str, str]) -> str:
    return ";".join(f"{key}={value}" for key, value in settings.items())


def _pyodbc() -> Any:
    try:
        import pyodbc
    except ImportError:
        # Missing, or without the ODBC manager it is built on.
        return None
    # The manager's pool would hand a test the connection of another.
    pyodbc.pooling = False
    return pyodbc


def _packaged_driver() -> str | None:
    """The driver inside the package mssql-python-odbc, of the flavour that this system loads."""
    spec = importlib.util.find_spec("mssql_python_odbc")
    if spec is None or spec.origin is None or sys.platform != "linux":
        return None
    libraries = Path(spec.origin).parent / "libs" / "linux"
    flavour = "alpine" if Path("/etc/alpine-release").exists() else "debian_ubuntu"
    found = sorted((libraries / flavour / os.uname().machine).glob("lib/libmsodbcsql-*.so*"))
    return str(found[-1]) if found else None

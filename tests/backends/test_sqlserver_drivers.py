"""Which driver is taken, and what each of them is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import odbc
import pytest
from sqlserver_site import driver_options
from tds.scripted import ScriptedEngine
from tds.server import TdsServer

from u8sync import __version__
from u8sync.backends.sqlserver.connect import open_server
from u8sync.backends.sqlserver.drivers import Driver, Family, best_driver, connection_string, installed_drivers
from u8sync.backends.sqlserver.options import SqlServerOptions
from u8sync.errors import FatalError

WORD = "Geheim"
INSECURE = {"encrypt": "no", "insecure_reason": "loopback of a test"}
NAMES: dict[str, Family] = {
    "ODBC Driver 18 for SQL Server": "microsoft18",
    "/opt/lib/libmsodbcsql-18.6.so.2.1": "microsoft18",
    "ODBC Driver 17 for SQL Server": "microsoft",
    "ODBC Driver 13 for SQL Server": "microsoft",
    "SQL Server Native Client 11.0": "native",
    "FreeTDS": "freetds",
    "/usr/lib/x86_64-linux-gnu/odbc/libtdsodbc.so": "freetds",
    "SQL Server": "windows",
}


def options(**values: Any) -> SqlServerOptions:
    return SqlServerOptions.model_validate({"server": "erp", "account": "001", **values})


def driver(family: Family) -> Driver:
    interface: Literal["pyodbc", "mssql-python"] = "mssql-python" if family == "mssql-python" else "pyodbc"
    name = "" if family == "mssql-python" else next(name for name, known in NAMES.items() if known == family)
    return Driver(interface, name, family)


def words(
    chosen: Driver, *, writing: bool = False, database: str | None = "UFDATA_001_2019", **values: Any
) -> set[str]:
    sql_login = {"login": "u8sync_w", "password": {"env": "X"}}
    text = connection_string(
        options(**{**sql_login, **values}), chosen, password=WORD, database="UFDATA_001_2019", writing=writing
    )
    return set(text.split(";"))


@pytest.mark.parametrize(("name", "family"), NAMES.items())
def test_a_driver_is_known_by_its_name_or_file(name: str, family: Family) -> None:
    assert best_driver(options(driver=name), ()) == Driver("pyodbc", name, family)


def test_the_newest_driver_of_microsoft_is_best_and_that_of_windows_last() -> None:
    found = installed_drivers()
    assert [each.family for each in found] == sorted(
        (each.family for each in found),
        key=["microsoft18", "microsoft", "mssql-python", "native", "freetds", "windows"].index,
    )
    assert best_driver(options(), found) == found[0]


def test_the_interface_that_is_asked_for_is_taken() -> None:
    both = (driver("microsoft18"), driver("mssql-python"))
    assert best_driver(options(interface="mssql-python"), both).family == "mssql-python"
    assert best_driver(options(interface="pyodbc"), both).family == "microsoft18"


def test_without_any_driver_the_error_says_what_to_install() -> None:
    with pytest.raises(FatalError, match="No driver") as raised:
        best_driver(options(), ())
    assert "pip install 'u8sync[sqlserver]'" in str(raised.value.hint)


def test_the_label_of_a_driver_shows_no_folder() -> None:
    assert driver("microsoft18").label == "pyodbc (ODBC Driver 18 for SQL Server)"
    assert Driver("pyodbc", "/home/anna/libmsodbcsql-18.6.so.2.1", "microsoft18").label == (
        "pyodbc (libmsodbcsql-18.6.so.2.1)"
    )
    assert Driver("pyodbc", "C:\\x\\msodbcsql18.dll", "microsoft18").label == "pyodbc (msodbcsql18.dll)"
    assert driver("mssql-python").label == "mssql-python"


def test_microsofts_driver_is_told_everything() -> None:
    assert words(driver("microsoft18")) == {
        "DRIVER=ODBC Driver 18 for SQL Server",
        f"APP=u8sync/{__version__}",
        "Server=erp",
        "Database=UFDATA_001_2019",
        "UID=u8sync_w",
        f"PWD={WORD}",
        "Encrypt=yes",
        "TrustServerCertificate=no",
        "ConnectRetryCount=0",
        "MARS_Connection=no",
    }


def test_mssql_python_is_told_only_what_it_takes() -> None:
    assert words(driver("mssql-python")) == {
        "Server=erp",
        "Database=UFDATA_001_2019",
        "UID=u8sync_w",
        f"PWD={WORD}",
        "Encrypt=yes",
        "TrustServerCertificate=no",
        "ConnectRetryCount=0",
    }


def test_freetds_speaks_the_newest_protocol_it_knows() -> None:
    found = words(driver("freetds"), trust_server_certificate=True, insecure_reason="test network")
    assert {"TDS_Version=7.4", "Encryption=require", "ClientCharset=UTF-8", "Server=erp"} <= found
    assert not {word for word in found if word.startswith(("Encrypt=", "TrustServerCertificate", "MARS"))}


def test_freetds_is_refused_where_the_certificate_is_to_be_checked() -> None:
    with pytest.raises(FatalError, match="cannot check the server's certificate"):
        words(driver("freetds"))


@pytest.mark.parametrize(
    ("family", "expected"),
    [("microsoft18", {"Server=erp,1444"}), ("freetds", {"Server=erp", "Port=1444"}), ("windows", {"Server=erp,1444"})],
)
def test_a_port_makes_the_instance_name_needless(family: Family, expected: set[str]) -> None:
    insecure = {"trust_server_certificate": True, "insecure_reason": "test network"}
    assert expected <= words(driver(family), server="erp\\U8", port=1444, **insecure)


def test_a_named_instance_is_left_to_the_driver() -> None:
    assert r"Server=erp\U8" in words(driver("microsoft"), server="erp\\U8")


def test_without_a_login_windows_authentication_is_used() -> None:
    found = words(driver("microsoft"), login=None, password=None)
    assert "Trusted_Connection=yes" in found
    assert not {word for word in found if word.startswith(("UID", "PWD"))}


@pytest.mark.parametrize(("writing", "expected"), [(False, True), (True, False)])
def test_read_intent_is_for_reading_only(writing: bool, expected: bool) -> None:  # noqa: FBT001
    found = words(driver("microsoft18"), writing=writing, read_intent=True)
    assert ("ApplicationIntent=ReadOnly" in found) is expected


@pytest.mark.parametrize("family", ["microsoft", "native", "windows"])
def test_strict_encryption_needs_a_driver_that_knows_it(family: Family) -> None:
    with pytest.raises(FatalError, match="does not know 'encrypt: strict'"):
        words(driver(family), encrypt="strict")


def test_the_driver_of_windows_is_not_told_what_it_does_not_know() -> None:
    found = words(driver("windows"), read_intent=True)
    assert not {word for word in found if word.startswith(("Trust", "MARS", "ConnectRetry", "ApplicationIntent"))}


PASSWORDS = [
    "p}wd",
    "{p1}",
    "密}码号",
    "}}}}",
    "}end",
    "a;bc",
    "x}}y",
    " lead",
    "trail ",
    "'q\"=",
    "====",
    "é😀é😀",
    "{{{{",
    "{beg",
    "a{bc",
    "a;UID=sa",
    "a};b",
]


@pytest.mark.parametrize("name", odbc.DRIVERS)
def test_every_password_arrives_as_it_is(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with TdsServer(ScriptedEngine()) as wire:
        given = options(server="127.0.0.1", port=wire.port, login="x", password={"env": "X"}, **INSECURE)
        given = given.model_copy(update=driver_options(name))
        for password in PASSWORDS:
            monkeypatch.setenv("X", password)
            # The server refuses everybody; FreeTDS never asks with what it would cut short.
            with pytest.raises(
                FatalError, match="contains };" if "};" in password and name == "freetds" else "refused"
            ):
                open_server(given, Path()).connect().__enter__()
        arrived = [login.password for login in wire.logins]
    assert arrived == [word for word in PASSWORDS if name != "freetds" or "};" not in word]


@pytest.mark.parametrize("value", ["a;UID=sa", "{x}", "}", " blank ", "=", "'\"", "密码"])
def test_no_value_can_become_another_word(value: str) -> None:
    text = connection_string(
        options(login="x", password={"env": "X"}), driver("microsoft18"), password=value, database=None, writing=False
    )
    quoted = value if value == "密码" else "{" + value.replace("}", "}}") + "}"
    assert f";PWD={quoted};" in text
    assert "Database" not in text

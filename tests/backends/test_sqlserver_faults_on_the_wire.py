"""What the three real drivers make of a fault that happens on the wire, and what u8sync makes of what they say."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from odbc import DRIVERS, connect, require
from tds.certificates import Tls, make_certificates
from tds.faults import Action, Drop, DropInResult, Fault, Faults, Raise, Stall
from tds.scripted import ScriptedEngine
from tds.seam import Column, Done, Parameter, Reply, Result, SqlError
from tds.server import TdsServer

from u8sync.backends.sqlserver.faults import MEANINGS, PHASES, classify, read_fault, rows, to_error
from u8sync.errors import TransientError
from u8sync.text import english

NUMBERS = [int(row["code"]) for row in rows().values() if row["kind"] == "server"]
EXACT = {207, 208, 245, 515, 547, 1205, 2601, 2627, 8152, 18456}
"""What even a driver without numbers must tell exactly."""

every_driver = pytest.mark.parametrize("driver", DRIVERS)


def script(sql: str, _parameters: Sequence[Parameter]) -> Iterator[Reply]:
    """Answers ``error N`` with that error, ``rows`` with rows, everything else with nothing."""
    if number := re.search(r"error (\d+)", sql):
        raise SqlError(int(number[1]), "事务(进程 ID 52)与另一个进程被死锁在 锁 资源上。")
    if "rows" in sql:
        yield Result([Column("code", "nvarchar", 20)], ([f"C{number}"] for number in range(10)))
        yield Done(10)
    else:
        yield Done(None)


@pytest.fixture(scope="module")
def server() -> Iterator[TdsServer]:
    with TdsServer(ScriptedEngine(script)) as running:
        yield running


def failure(act: Callable[[], Any]) -> BaseException:
    """The error that ``act`` must end with."""
    with pytest.raises(Exception, match=r".") as caught:
        act()
    return caught.value


def ask(driver: str, port: int, sql: str, *, timeout_s: int = 0) -> None:
    """Run a statement and fetch all that it gives."""
    with closing(connect(driver, port, autocommit=True)) as connection:
        connection.timeout = timeout_s
        cursor = connection.cursor()
        cursor.execute(sql)
        if cursor.description:
            cursor.fetchall()


@every_driver
@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_of_the_server_is_told_by_every_driver_or_taken_for_the_worst(
    server: TdsServer, driver: str, number: int
) -> None:
    fault = read_fault(failure(lambda: ask(driver, server.port, f"SELECT 'error {number}'")))
    agreed = rows()["server", str(number)]["fault_class"]
    assert fault.native == (None if driver == "mssql-python" else number)
    for phase, meaning in zip(PHASES, MEANINGS[agreed], strict=True):
        verdict = classify(fault, phase)
        if driver == "mssql-python" and number not in EXACT and verdict.fault_class != agreed:
            assert verdict.meaning == ("fatal" if phase in ("connect", "read") else "unknown")
        else:
            assert (verdict.fault_class, verdict.meaning) == (agreed, meaning)


LOST: dict[str, Action] = {
    "before it was executed": Drop(),
    "after it was executed": Drop(executed=True),
    "with a reset": Drop(reset=True),
    "in the result": DropInResult(rows=3),
    "in a packet": DropInResult(rows=3, truncated=True),
    "in the result, with a reset": DropInResult(rows=3, reset=True),
}


@pytest.mark.parametrize(
    ("driver", "when"),
    [
        (driver, when)
        for driver in DRIVERS
        for when, action in LOST.items()
        # mssql-python gives the rows so far and raises nothing: see whole_results.
        if driver != "mssql-python" or isinstance(action, Drop)
    ],
)
def test_a_lost_link_is_one_for_every_driver(driver: str, when: str) -> None:
    faults = Faults()
    with TdsServer(ScriptedEngine(script), faults=faults) as server:
        dropped = faults.add(Fault(LOST[when], matching="rows"))
        fault = read_fault(failure(lambda: ask(driver, server.port, "SELECT 'rows'")))
        assert dropped.fired == 1
    assert classify(fault, "read").meaning == "transient"
    assert classify(fault, "write").meaning == "unknown"
    assert classify(fault, "commit").meaning == "unknown"
    assert "the connection was lost" in english(classify(fault, "read").sentence)


@every_driver
def test_a_statement_that_takes_too_long_is_a_timeout_for_every_driver(driver: str) -> None:
    faults = Faults()
    with TdsServer(ScriptedEngine(script), faults=faults) as server:
        stalled = faults.add(Fault(Stall(), matching="rows"))
        fault = read_fault(failure(lambda: ask(driver, server.port, "SELECT 'rows'", timeout_s=1)))
        stalled.release()
    assert classify(fault, "read").fault_class == "T4"
    assert classify(fault, "write").meaning == "unknown"
    assert "'statement_timeout_s'" in english(classify(fault, "read").hint)


@every_driver
def test_a_refused_login_is_fatal_and_warns_of_the_lock(server: TdsServer, driver: str) -> None:
    error = failure(lambda: connect(driver, server.port, PWD="wrong"))  # noqa: S106
    verdict = classify(read_fault(error), "connect")
    assert verdict.meaning == "fatal"
    assert english(verdict.sentence).startswith("the login was refused: ")
    assert "may be locked" in english(verdict.hint)


@every_driver
def test_a_locked_login_is_not_tried_again(driver: str) -> None:
    faults = Faults()
    with TdsServer(ScriptedEngine(), faults=faults) as server:
        faults.add(Fault(Raise(18486, "登录名已被锁定。", severity=14), "login"))
        verdict = classify(read_fault(failure(lambda: connect(driver, server.port))), "connect")
    assert verdict.meaning == "fatal"


microsofts = pytest.mark.parametrize("driver", ["msodbcsql", "mssql-python"])


@microsofts
def test_a_certificate_that_nobody_vouches_for_is_told_with_what_to_set(driver: str, tmp_path: Path) -> None:
    with TdsServer(ScriptedEngine(), tls=Tls(make_certificates(tmp_path), "all")) as server:
        error = failure(lambda: connect(driver, server.port, Encrypt="yes"))
    verdict = classify(read_fault(error), "connect")
    assert verdict.meaning == "fatal"
    assert english(verdict.sentence).startswith("its certificate is not trusted: ")
    assert "'trust_server_certificate: true' with an 'insecure_reason'" in english(verdict.hint)


@microsofts
@pytest.mark.parametrize("encrypt", ["yes", "no"])
def test_a_server_that_knows_only_tls_1_0_is_told_with_what_to_do(driver: str, encrypt: str, tmp_path: Path) -> None:
    old = Tls(make_certificates(tmp_path), version="1.0")
    with TdsServer(ScriptedEngine(), tls=old) as server:
        error = failure(lambda: connect(driver, server.port, Encrypt=encrypt, TrustServerCertificate="yes"))
    verdict = classify(read_fault(error), "connect")
    assert verdict.meaning == "fatal"
    assert english(verdict.sentence).startswith("server and driver have no version of TLS in common: ")
    assert "TLS 1.2" in english(verdict.hint)


@microsofts
def test_a_server_without_encryption_is_told_with_what_to_set(server: TdsServer, driver: str) -> None:
    verdict = classify(read_fault(failure(lambda: connect(driver, server.port, Encrypt="yes"))), "connect")
    assert verdict.meaning == "fatal"
    assert english(verdict.sentence).startswith("it offers no encryption: ")
    assert "'encrypt: no' with an 'insecure_reason'" in english(verdict.hint)


def hang_up(connection: socket.socket) -> None:
    connection.close()


def say_nothing(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass  # until the client gives up


def speak_http(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


@contextmanager
def listener(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server on a free port that does this with each connection, one after the other."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection, suppress(OSError):
                    serve(connection)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        with suppress(OSError):
            # Wakes accept() on Linux; Windows wakes it by closing, and refuses this.
            listening.shutdown(socket.SHUT_RDWR)
    thread.join(10)


@contextmanager
def nobody() -> Iterator[int]:
    """A port that is taken but not listened on."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


CANARY = "Kanarienvogel;7}x"


def try_to_connect(driver: str, port: int) -> Any:
    """With a login timeout of one second."""
    require(driver)
    password = "{" + CANARY.replace("}", "}}") + "}"
    if driver != "mssql-python":
        return connect(driver, port, timeout_s=1, PWD=password)
    import mssql_python

    mssql_python.pooling(enabled=False)
    return mssql_python.connect(f"Server=127.0.0.1,{port};UID=u8sync;PWD={password};Encrypt=no", timeout=1)


@every_driver
@pytest.mark.parametrize(
    "unreachable",
    [
        pytest.param(nobody, id="nobody listens"),
        pytest.param(lambda: listener(hang_up), id="the server hangs up"),
        pytest.param(lambda: listener(say_nothing), id="the server says nothing"),
    ],
)
def test_a_server_that_cannot_be_reached_may_be_tried_again_and_the_hint_says_what_to_check(
    driver: str, unreachable: Callable[[], Any]
) -> None:
    with unreachable() as port:
        error = failure(lambda: try_to_connect(driver, port))
    verdict = classify(read_fault(error), "connect")
    shown = to_error(verdict, "erp")
    assert verdict.fault_class in ("T3", "T4")
    assert isinstance(shown, TransientError)
    assert shown.hint is not None
    assert "'port'" in english(shown.hint)
    assert "Kanarienvogel" not in str(shown)


@every_driver
def test_something_else_that_listens_is_told_as_a_link_that_fails(driver: str) -> None:
    with listener(speak_http) as port:
        error = failure(lambda: try_to_connect(driver, port))
    # What the drivers take an HTTP reply for depends on how much of it has come: once it was an offer of encryption.
    assert classify(read_fault(error), "connect").fault_class in ("T3", "T3*", "T4")


@pytest.mark.parametrize("words", ["DRIVER=No such driver;Server=erp", "DRIVER=/no/such.so;Server=erp", "DSN=none"])
def test_a_missing_driver_is_told_by_name_and_never_tried_again(words: str) -> None:
    require("freetds")
    import pyodbc

    verdict = classify(read_fault(failure(lambda: pyodbc.connect(words))), "connect")
    assert verdict.meaning == "fatal"
    assert english(verdict.sentence).startswith("the ODBC driver cannot be used: ")

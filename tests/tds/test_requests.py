"""What drivers ask reaches the engine: statements, prepared ones, transactions, attentions, and errors come back."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import odbc
import pytest
from tds.faults import Fault, Faults, Stall
from tds.scripted import ScriptedEngine
from tds.seam import Column, Done, EnvChange, Info, Parameter, Reply, Result, SqlError
from tds.server import TdsServer

NUMBER = Column("n", "int")


def _raising(error: SqlError) -> ScriptedEngine:
    def script(_sql: str, _parameters: Sequence[Parameter]) -> Iterator[Reply]:
        raise error
        yield

    return ScriptedEngine(script)


def test_a_login_tells_who_comes(driver: str) -> None:
    # mssql-python lets nobody but itself say the application's name.
    options = {} if driver == "mssql-python" else {"APP": "u8sync 测试"}
    options["ApplicationIntent"] = "ReadOnly"
    with TdsServer(ScriptedEngine()) as server, odbc.connection(driver, server.port, **options):
        [login] = server.logins
    assert (login.user, login.password, login.database) == ("u8sync", "secret", "UFDATA_001_2019")
    assert login.read_only_intent
    assert login.application == ("MSSQL-Python" if driver == "mssql-python" else "u8sync 测试")


@pytest.mark.parametrize("password", ["密码!@#", "x" * 100, "p}w;d{"])
def test_a_password_is_read_as_it_was_typed(driver: str, password: str) -> None:
    # FreeTDS takes a doubled brace for two, and would log in with a wrong password.
    quoted = "{" + (password if driver == "freetds" else password.replace("}", "}}")) + "}"
    with TdsServer(ScriptedEngine()) as server:
        # The scripted engine knows one password only.
        with pytest.raises(Exception, match="Login failed"), odbc.connection(driver, server.port, PWD=quoted):
            pass
        assert [login.password for login in server.logins] == [password]


def test_a_prepared_statement_is_used_again_with_other_values(driver: str) -> None:
    with TdsServer(ScriptedEngine()) as server, odbc.connection(driver, server.port) as connection:
        cursor = connection.cursor()
        for code, count in (("a", 1), ("用友", 2), (None, 3)):
            cursor.execute("UPDATE t SET n = ? WHERE c = ?", (count, code))
        cursor.executemany("UPDATE t SET n = ? WHERE c = ?", [(4, "d"), (5, "e"), (6, "f")])
        asked = [[parameter.value for parameter in request.parameters] for request in server.requests
                 if request.sql.startswith("UPDATE") and request.procedure != "sp_prepare"]  # fmt: skip
    assert asked == [[1, "a"], [2, "用友"], [3, None], [4, "d"], [5, "e"], [6, "f"]]


def test_a_statement_can_be_carried_by_sp_executesql(driver: str) -> None:
    with TdsServer(ScriptedEngine()) as server, odbc.connection(driver, server.port) as connection:
        values = ("UPDATE t SET n = @n WHERE c = @c", "@n int, @c nvarchar(20)", 1, "用友")
        connection.cursor().execute("{call sp_executesql(?, ?, ?, ?)}", values)
        asked = [request.parameters for request in server.requests if request.sql.startswith("UPDATE")]
    assert asked == [(Parameter("@n", 1, "int"), Parameter("@c", "用友", "nvarchar(20)"))]


def test_a_procedure_is_called_again_and_again_by_its_own_name(driver: str) -> None:
    called = []

    def script(procedure: str, parameters: Sequence[Parameter]) -> Iterator[Reply]:
        called.append((procedure, [parameter.value for parameter in parameters]))
        yield Done(None)

    with TdsServer(ScriptedEngine(script)) as server, odbc.connection(driver, server.port) as connection:
        cursor = connection.cursor()
        for resource in ("a", "b"):
            cursor.execute("{call sp_getapplock(?, ?)}", (resource, "Exclusive"))
    assert called == [("sp_getapplock", ["a", "Exclusive"]), ("sp_getapplock", ["b", "Exclusive"])]


_POOLED = """
import sys
import mssql_python
mssql_python.pooling(enabled=True)
for _ in range(2):
    connection = mssql_python.connect(sys.argv[1], autocommit=True)
    connection.cursor().execute("UPDATE t SET a = 1")
    connection.close()
"""


def test_a_connection_from_a_pool_is_reset_and_goes_on() -> None:
    odbc.require("mssql-python")
    engine = ScriptedEngine()
    with TdsServer(engine) as server:
        # A process of its own: the pool would outlive the test.
        settings = f"SERVER=127.0.0.1,{server.port};UID=u8sync;PWD=secret;Encrypt=no"
        subprocess.run([sys.executable, "-c", _POOLED, settings], check=True, timeout=60)
        assert len(server.logins) == 1
        asked = [request.sql for request in server.requests]
    assert asked.count("UPDATE t SET a = 1") == 2
    # One more than the driver asked for in so many words: the reset's own.
    assert engine.sessions[0].told.count("rollback") == asked.count("ROLLBACK TRANSACTION") + 1


def test_a_transaction_is_begun_committed_and_rolled_back(driver: str) -> None:
    engine = ScriptedEngine()
    with TdsServer(engine) as server, odbc.connection(driver, server.port) as connection:
        cursor = connection.cursor()
        cursor.execute("UPDATE t SET a = 1")
        connection.commit()
        cursor.execute("UPDATE t SET a = 2")
        connection.rollback()
        told = [word for word in engine.sessions[0].told if word != "cancel"]
    assert told[:6] == ["begin", "execute", "commit", "begin", "execute", "rollback"]


def test_a_transaction_that_the_batch_ends_itself_is_told_to_the_driver(driver: str) -> None:
    def script(sql: str, _parameters: Sequence[Parameter]) -> Iterator[Reply]:
        if "BEGIN" in sql:
            yield EnvChange("begin")
        if "COMMIT" in sql:
            yield EnvChange("commit")
        yield Done(None)

    engine = ScriptedEngine(script)
    with TdsServer(engine) as server, odbc.connection(driver, server.port, autocommit=True) as connection:
        cursor = connection.cursor()
        for sql in ("BEGIN TRANSACTION", "UPDATE t SET a = 1", "COMMIT TRANSACTION", "UPDATE t SET a = 2"):
            cursor.execute(sql)
        told = [word for word in engine.sessions[0].told if word != "cancel"]
    assert told == ["execute"] * 4


def test_several_results_counts_and_messages_of_a_batch_come_in_order(driver: str) -> None:
    def script(_sql: str, _parameters: Sequence[Parameter]) -> Iterator[Reply]:
        yield Result([NUMBER], [(1,)])
        yield Done(5)
        yield Info(50_000, "just so you know")
        yield Result([NUMBER], [(2,), (3,)])

    with TdsServer(ScriptedEngine(script)) as server, odbc.connection(driver, server.port) as connection:
        cursor = connection.cursor().execute("SELECT 1; UPDATE t SET a = 1; SELECT 2")
        found: list[Any] = [[row[0] for row in cursor.fetchall()]]
        while cursor.nextset():
            found.append([row[0] for row in cursor.fetchall()] if cursor.description else cursor.rowcount)
    # mssql-python keeps the count of the first result.
    assert found == [[1], 1 if driver == "mssql-python" else 5, [2, 3]]


def test_a_database_change_is_told(driver: str) -> None:
    def script(_sql: str, _parameters: Sequence[Parameter]) -> Iterator[Reply]:
        yield EnvChange("database", "UFSystem")
        yield Done(None)

    with TdsServer(ScriptedEngine(script)) as server, odbc.connection(driver, server.port) as connection:
        connection.cursor().execute("USE UFSystem")
        # 16 is SQL_DATABASE_NAME: the driver's own knowledge, without asking the server.
        assert connection.getinfo(16) == "UFSystem"


class Known(NamedTuple):
    """What each driver makes of an error: SQLSTATE with pyodbc, a sentence for it with mssql-python."""

    number: int
    severity: int
    microsoft: str
    freetds: str
    words: str


ERRORS = [
    Known(1205, 13, "40001", "42000", "Serialization failure"),
    Known(1222, 16, "42000", "42000", "Syntax error or access violation"),
    Known(229, 14, "42000", "42000", "Syntax error or access violation"),
    Known(208, 16, "42S02", "42S02", "Base table or view not found"),
    Known(207, 16, "42S22", "42S22", "Column not found"),
    Known(2627, 14, "23000", "23000", "Integrity constraint violation"),
    Known(547, 16, "23000", "23000", "Integrity constraint violation"),
    Known(8152, 16, "22001", "22001", "String data, right-truncated"),
    Known(102, 15, "42000", "42000", "Syntax error or access violation"),
    Known(245, 16, "22018", "22018", "Invalid character value for cast specification"),
]


@pytest.mark.parametrize("prepared", [False, True], ids=["as a batch", "prepared"])
@pytest.mark.parametrize("error", ERRORS, ids=[str(error.number) for error in ERRORS])
def test_an_error_keeps_its_number_and_gets_the_drivers_state(driver: str, error: Known, *, prepared: bool) -> None:
    engine = _raising(SqlError(error.number, "出错了", severity=error.severity))
    with TdsServer(engine) as server, odbc.connection(driver, server.port) as connection:
        arguments: tuple[Any, ...] = ("UPDATE t SET a = ?", (1,)) if prepared else ("UPDATE t SET a = 1",)
        # FreeTDS shows the most severe error alone: a statement that was to be prepared hides milder syntax errors.
        hidden = driver == "freetds" and prepared and error.number == 102
        with pytest.raises(Exception, match="could not be prepared" if hidden else "出错了") as caught:
            connection.cursor().execute(*arguments)
    if driver == "mssql-python":
        assert caught.value.driver_error == error.words
        return
    state, text = caught.value.args
    assert state == (error.freetds if driver == "freetds" else error.microsoft)
    assert f"({8180 if hidden else error.number})" in text


@pytest.mark.parametrize("how", ["fetchall", "fetchmany", "fetchone"])
def test_an_error_after_thousands_of_rows_is_not_lost(driver: str, how: str) -> None:
    def rows() -> Iterator[tuple[int]]:
        yield from ((number,) for number in range(3000))
        raise SqlError(1205, "deadlock victim", severity=13)

    def script(_sql: str, _parameters: Sequence[Parameter]) -> Iterator[Reply]:
        yield Result([NUMBER], rows())

    with TdsServer(ScriptedEngine(script)) as server, odbc.connection(driver, server.port) as connection:
        cursor = connection.cursor()
        with pytest.raises(Exception, match="deadlock victim"):
            _read(cursor.execute("SELECT n FROM t"), how)


def _read(cursor: Any, how: str) -> int:
    match how:
        case "fetchall":
            return len(cursor.fetchall())
        case "fetchmany":
            return sum(len(rows) for rows in iter(lambda: cursor.fetchmany(500), []))
        case _:
            return sum(1 for _ in iter(cursor.fetchone, None))


def test_an_error_so_severe_ends_the_connection(driver: str) -> None:
    engine = _raising(SqlError(596, "session is in the kill state", severity=21))
    with TdsServer(engine) as server, odbc.connection(driver, server.port) as connection:
        cursor = connection.cursor()
        with pytest.raises(Exception, match="kill state"):
            cursor.execute("UPDATE t SET a = 1")
        assert engine.sessions[0].closed.wait(5)


def test_a_statement_that_lasts_too_long_is_called_off_and_the_connection_lives_on(driver: str) -> None:
    engine = ScriptedEngine()
    faults = Faults()
    stall = faults.add(Fault(Stall(), matching="slow"))
    with TdsServer(engine, faults=faults) as server, odbc.connection(driver, server.port) as connection:
        connection.timeout = 1
        with pytest.raises(Exception, match=r"(?i)timeout expired"):
            connection.cursor().execute("UPDATE slow SET a = ?", (Decimal(1),))
        assert stall.fired == 1
        assert engine.sessions[0].cancelled.is_set()
        connection.cursor().execute("UPDATE t SET a = 1")
        assert server.requests[-1].sql == "UPDATE t SET a = 1"


def test_an_attention_reaches_a_statement_that_the_engine_is_busy_with(driver: str) -> None:
    called_off = threading.Event()

    def script(sql: str, _parameters: Sequence[Parameter]) -> Iterator[Reply]:
        if "slow" in sql:
            session = engine.sessions[0]
            assert session.cancelled.wait(10)
            called_off.set()
            raise SqlError(3621, "The statement has been terminated.")
        yield Done(1)

    engine = ScriptedEngine(script)
    with TdsServer(engine) as server, odbc.connection(driver, server.port) as connection:
        connection.timeout = 1
        with pytest.raises(Exception, match=r"(?i)timeout expired"):
            connection.cursor().execute("UPDATE slow SET a = 1")
        assert called_off.is_set()
        assert connection.cursor().execute("UPDATE t SET a = 1").rowcount == 1


def test_a_client_that_goes_away_ends_its_session(driver: str) -> None:
    engine = ScriptedEngine()
    with TdsServer(engine) as server:
        odbc.connect(driver, server.port).close()
        assert engine.sessions[0].closed.wait(5)


def test_leaving_the_server_leaves_no_thread(driver: str) -> None:
    before = set(threading.enumerate())
    with TdsServer(ScriptedEngine()) as server, odbc.connection(driver, server.port) as connection:
        connection.cursor().execute("UPDATE t SET a = 1")
        server.drop_all()
    assert set(threading.enumerate()) <= before


def test_a_fault_of_the_test_server_itself_does_not_pass_unseen(driver: str) -> None:
    def script(_sql: str, _parameters: Sequence[Parameter]) -> Iterator[Reply]:
        raise ZeroDivisionError
        yield

    with pytest.raises(ExceptionGroup, match="the test server failed") as caught:  # noqa: PT012, SIM117
        with TdsServer(ScriptedEngine(script)) as server, odbc.connection(driver, server.port) as connection:
            with pytest.raises(Exception, match="ZeroDivisionError"):
                connection.cursor().execute("UPDATE t SET a = 1")
    assert caught.group_contains(ZeroDivisionError)

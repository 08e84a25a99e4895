"""Transactions, what ends them, and sessions that wait for each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from emulated import EmulatedServer
from emulated.client import Client
from tds.seam import EnvChange, SqlError

UPDATE = "UPDATE Customer SET cCusDefine4 = N'new' WHERE cCusCode = 'C001'"
READ = "SELECT cCusDefine4 FROM Customer WHERE cCusCode = 'C001'"
LOCK = (
    "DECLARE @r int; EXEC @r = sp_getapplock @Resource = @P1, @LockMode = 'Exclusive', @LockOwner = @P2,"
    " @LockTimeout = @P3; SELECT @r"
)
MODE = "SELECT APPLOCK_MODE('public', @P1, 'Session')"


@pytest.fixture
def other(server: EmulatedServer) -> Client:
    return Client(server, application="U8")


@contextmanager
def waiting(server: EmulatedServer, client: Client, sql: str) -> Iterator[Future[Any]]:
    """A batch that runs in a thread of its own and has begun to wait for a lock."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(client.replies, sql)
        assert server.locks.wait_until_waiting(client.session.spid)
        yield future


def number_of(future: Future[Any]) -> int:
    error = future.exception(10)
    assert isinstance(error, SqlError)
    return error.number


def test_a_transaction_is_seen_by_others_when_it_is_committed(client: Client, other: Client) -> None:
    client.replies(f"BEGIN TRANSACTION; {UPDATE}")
    assert (client.value(READ), other.value(READ)) == ("new", "金")
    assert client.replies("COMMIT TRANSACTION")[0] == EnvChange("commit")
    assert other.value(READ) == "new"


def test_a_rollback_takes_back_everything(client: Client) -> None:
    client.replies(f"BEGIN TRAN; {UPDATE}; BEGIN TRAN; {UPDATE}")
    assert client.value("SELECT @@TRANCOUNT") == 2
    assert client.replies("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION")[0] == EnvChange("rollback")
    assert client.rows(f"{READ}; SELECT @@TRANCOUNT") == [(0,)]
    assert client.value(READ) == "金"


def test_an_inner_commit_only_counts(client: Client, other: Client) -> None:
    client.replies(f"BEGIN TRAN; BEGIN TRAN; {UPDATE}; COMMIT")
    assert other.value(READ) == "金"
    client.replies("COMMIT")
    assert other.value(READ) == "new"


@pytest.mark.parametrize("first", ["", "UPDATE Customer SET cCusDefine5 = N'x';"])
def test_a_savepoint_keeps_what_was_before_it(client: Client, server: EmulatedServer, first: str) -> None:
    client.replies(f"BEGIN TRAN; {first} SAVE TRANSACTION here; {UPDATE}; ROLLBACK TRANSACTION here; COMMIT")
    assert client.value(READ) == "金"
    assert client.value("SELECT COUNT(cCusDefine5) FROM Customer") == (3 if first else 0)
    assert {change.column for change in server.journal} == ({"cCusDefine5"} if first else set())


def test_transaction_requests_of_the_protocol_do_the_same(client: Client, other: Client) -> None:
    client.session.begin()
    client.replies(UPDATE)
    client.session.rollback()
    assert client.value(READ) == "金"
    client.session.begin()
    client.replies(UPDATE)
    client.session.commit()
    assert other.value(READ) == "new"
    with pytest.raises(SqlError) as caught:
        client.session.commit()
    assert caught.value.number == 3902


def test_an_implicit_transaction_begins_with_the_first_statement(client: Client, other: Client) -> None:
    client.replies("SET IMPLICIT_TRANSACTIONS ON")
    assert client.replies(UPDATE)[0] == EnvChange("begin")
    assert other.value(READ) == "金"
    client.replies("COMMIT")
    assert client.value("SET IMPLICIT_TRANSACTIONS OFF SELECT @@TRANCOUNT") == 0


@pytest.mark.parametrize(("xact_abort", "left"), [("ON", 0), ("OFF", 1)])
def test_an_error_ends_the_transaction_with_xact_abort_and_only_then(
    client: Client, xact_abort: str, left: int
) -> None:
    client.replies(f"SET XACT_ABORT {xact_abort}; BEGIN TRAN; {UPDATE}")
    assert client.error("UPDATE Customer SET cCusAbbName = NULL").number == 515
    assert client.value("SELECT @@TRANCOUNT") == left
    assert client.value(READ) == ("new" if left else "金")


def test_a_mistake_of_syntax_never_ends_the_transaction(client: Client) -> None:
    client.replies(f"SET XACT_ABORT ON; BEGIN TRAN; {UPDATE}")
    assert client.error("UPDATE Customer SET WHERE").number == 156
    assert client.value("SELECT @@TRANCOUNT") == 1


def test_a_failed_conversion_ends_the_transaction_whatever_the_settings(client: Client) -> None:
    client.replies(f"BEGIN TRAN; {UPDATE}")
    assert client.error("SELECT CAST('x' AS int)").number == 245
    assert client.value("SELECT @@TRANCOUNT") == 0


def test_what_follows_an_error_in_the_batch_is_not_run(client: Client) -> None:
    assert client.error(f"UPDATE Customer SET cCusAbbName = NULL; {UPDATE}").number == 515
    assert client.value(READ) == "金"


# --- waiting ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        UPDATE,
        "DELETE FROM Customer WHERE cCusCode = 'nobody'",
        "SELECT cCusCode FROM Customer WITH (UPDLOCK)",
        "SELECT cCusCode FROM Customer WITH (READCOMMITTEDLOCK)",
    ],
)
def test_who_wants_a_lock_that_another_holds_waits_as_long_as_it_said(client: Client, other: Client, sql: str) -> None:
    other.replies(f"BEGIN TRAN; {UPDATE}")
    assert client.error(f"SET LOCK_TIMEOUT 0; {sql}").number == 1222
    assert client.error(f"SET LOCK_TIMEOUT 20; {sql}").number == 1222
    other.replies("COMMIT")
    client.replies(sql)


def test_a_locking_read_holds_others_off_until_the_transaction_ends(client: Client, other: Client) -> None:
    client.replies("BEGIN TRAN; SELECT cCusCode FROM Customer WITH (UPDLOCK, ROWLOCK)")
    assert other.error(f"SET LOCK_TIMEOUT 0; {UPDATE}").number == 1222
    client.replies("ROLLBACK")
    assert other.counts(UPDATE) == [1]


def test_plain_reads_do_not_wait_unless_the_database_keeps_no_versions(
    server: EmulatedServer, client: Client, other: Client
) -> None:
    other.replies(f"BEGIN TRAN; {UPDATE}")
    assert client.value(f"SET LOCK_TIMEOUT 0; {READ}") == "金"
    database = server.database("UFDATA_999_2019")
    assert database is not None
    database.snapshot_reads = False
    server.changed()
    assert client.error(READ).number == 1222
    assert client.value("SELECT COUNT(*) FROM Customer WITH (NOLOCK)") == 3


def test_a_wait_ends_when_the_lock_is_given_back(server: EmulatedServer, client: Client, other: Client) -> None:
    other.replies("BEGIN TRAN; UPDATE Customer SET cCusDefine4 = N'first' WHERE cCusCode = 'C001'")
    append = "UPDATE Customer SET cCusDefine4 = cCusDefine4 + N'+' WHERE cCusCode = 'C001'"
    with waiting(server, client, append) as future:
        other.replies("COMMIT")
        future.result(10)
    assert client.value(READ) == "first+"


@pytest.mark.parametrize("how", ["cancel", "close", "kill"])
def test_a_wait_ends_at_once_when_the_session_is_stopped(
    server: EmulatedServer, client: Client, other: Client, how: str
) -> None:
    other.replies(f"BEGIN TRAN; {UPDATE}")
    with waiting(server, client, UPDATE) as future:
        getattr(client.session, how)()
        assert number_of(future) == (3617 if how == "cancel" else 596)


def test_of_two_sessions_in_a_deadlock_the_one_of_low_priority_is_the_victim(
    server: EmulatedServer, client: Client, other: Client
) -> None:
    there = "UPDATE UFDATA_999_2015.dbo.Customer SET cCusDefine4 = N'x'"
    client.replies(f"SET DEADLOCK_PRIORITY LOW; BEGIN TRAN; {UPDATE}")
    other.replies(f"BEGIN TRAN; {there}")
    with waiting(server, client, there) as future:
        assert other.counts(UPDATE) == [1]
        assert number_of(future) == 1205
    assert client.value("SELECT @@TRANCOUNT") == 0
    assert other.value("SELECT @@TRANCOUNT") == 1


def test_an_attention_rolls_back_with_xact_abort_and_only_then(client: Client) -> None:
    client.replies(f"BEGIN TRAN; {UPDATE}")
    client.session.cancel()
    assert client.value("SELECT @@TRANCOUNT") == 1
    client.replies("SET XACT_ABORT ON")
    client.session.cancel()
    assert client.value("SELECT @@TRANCOUNT") == 0
    assert client.value(READ) == "金"


def test_an_attention_stops_a_statement_that_runs(client: Client) -> None:
    many = ", ".join(f"SaleBillVouchs AS v{number}" for number in range(40))
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(client.replies, f"SELECT COUNT(*) FROM {many} WHERE v0.SBVID + v39.SBVID = 0")
        while not future.done():
            client.session.cancel()
        assert number_of(future) == 3617
    assert client.value("SELECT 1") == 1


def test_a_session_that_is_closed_leaves_nothing_behind(client: Client, other: Client) -> None:
    client.replies(f"BEGIN TRAN; {UPDATE}")
    client.value(LOCK, "u8sync", "Session", 0)
    client.session.close()
    client.session.close()
    assert other.value(READ) == "金"
    assert other.counts(f"SET LOCK_TIMEOUT 0; {UPDATE}") == [None, 1]
    assert other.value(LOCK, "u8sync", "Session", 0) == 0


def test_a_killed_session_is_rolled_back_and_told_so(server: EmulatedServer, client: Client, other: Client) -> None:
    client.replies(f"BEGIN TRAN; {UPDATE}")
    server.kill(client.session.spid)
    assert other.counts(f"SET LOCK_TIMEOUT 0; {UPDATE}") == [None, 1]
    error = client.error("SELECT 1")
    assert (error.number, error.severity) == (596, 21)


# --- application locks ------------------------------------------------------------------------------------------------


def test_an_application_lock_keeps_others_out_until_it_is_released(client: Client, other: Client) -> None:
    assert client.value(LOCK, "u8sync", "Session", 0) == 0
    assert (client.value(MODE, "u8sync"), other.value(MODE, "u8sync")) == ("Exclusive", "NoLock")
    assert other.value(LOCK, "u8sync", "Session", 0) == -1
    assert other.value(LOCK, "another", "Session", 0) == 0
    client.replies("EXEC sp_releaseapplock @Resource = 'u8sync', @LockOwner = 'Session'")
    assert client.value(MODE, "u8sync") == "NoLock"
    assert other.value(LOCK, "u8sync", "Session", 0) == 0


def test_an_application_lock_may_be_taken_twice_and_must_be_released_twice(client: Client, other: Client) -> None:
    for _ in range(2):
        assert client.value(LOCK, "u8sync", "Session", 0) == 0
    client.replies("EXEC sp_releaseapplock 'u8sync', 'Session'")
    assert other.value(LOCK, "u8sync", "Session", 0) == -1
    client.replies("EXEC sp_releaseapplock 'u8sync', 'Session'")
    assert other.value(LOCK, "u8sync", "Session", 0) == 0


def test_an_application_lock_of_a_transaction_ends_with_it(client: Client, other: Client) -> None:
    assert client.value(LOCK, "u8sync", "Transaction", 0) == -999
    client.replies("BEGIN TRAN")
    assert client.value(LOCK, "u8sync", "Transaction", 0) == 0
    assert other.value(LOCK, "u8sync", "Session", 0) == -1
    client.replies("COMMIT")
    assert other.value(LOCK, "u8sync", "Session", 0) == 0


def test_an_application_lock_belongs_to_its_database(client: Client, server: EmulatedServer) -> None:
    assert client.value(LOCK, "u8sync", "Session", 0) == 0
    assert Client(server, database="UFDATA_999_2015").value(LOCK, "u8sync", "Session", 0) == 0


def test_a_wait_for_an_application_lock_is_told(server: EmulatedServer, client: Client, other: Client) -> None:
    other.value(LOCK, "u8sync", "Session", 0)
    wait = LOCK.replace("@P1", "'u8sync'").replace("@P2", "'Session'").replace("@P3", "-1")
    with waiting(server, client, wait) as future:
        other.session.close()
        assert list(future.result(10)[-1].rows) == [(1,)]


def test_sessions_work_at_the_same_time(make_server: Callable[..., EmulatedServer]) -> None:
    server = make_server()
    clients = [Client(server) for _ in range(4)]
    add = "UPDATE Customer SET iCusCreDate = iCusCreDate + 1 WHERE cCusCode = 'C001'"

    def work(client: Client) -> None:
        for _ in range(25):
            client.replies(f"BEGIN TRAN; {add}; COMMIT")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, clients))
    assert clients[0].value("SELECT iCusCreDate FROM Customer WHERE cCusCode = 'C001'") == 130
    assert [change.new for change in server.journal if change.column == "iCusCreDate"] == list(range(31, 131))

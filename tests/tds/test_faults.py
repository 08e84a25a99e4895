"""Each way in which the server can be told to misbehave, as each driver sees it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import odbc
import pytest
from tds.faults import (
    Action,
    Drop,
    DropInResult,
    Fault,
    Faults,
    Late,
    Phase,
    Raise,
    Stall,
    deadlock,
    lock_timeout,
    login_failed,
)
from tds.scripted import ScriptedEngine
from tds.seam import Column, Done, Parameter, Reply, Result
from tds.server import TdsServer

CUTS = [False, True]
CUT_NAMES = ["FIN", "RST"]


def _script(sql: str, _parameters: Sequence[Parameter]) -> Iterator[Reply]:
    if "SELECT" in sql:
        yield Result([Column("code", "nvarchar", 20)], ((f"C{number}",) for number in range(5000)))
    else:
        yield Done(1)


class World:
    """A server with one fault."""

    def __init__(self, action: Action, phase: Phase = "statement", **rule: Any) -> None:
        self.engine = ScriptedEngine(_script)
        faults = Faults()
        self.fault = faults.add(Fault(action, phase, **rule))
        self.server = TdsServer(self.engine, faults=faults)

    def told(self) -> list[str]:
        """What the first session was told; attentions left out, which FreeTDS sends unasked."""
        return [word for word in self.engine.sessions[0].told if word != "cancel"]


@pytest.mark.parametrize("number", [18456, 18486, 4060])
def test_a_login_can_be_refused(driver: str, number: int) -> None:
    world = World(Raise(number, "refused", severity=14), "login")
    with world.server as server, pytest.raises(Exception, match=r"refused|Login failed"):
        odbc.connect(driver, server.port)
    assert world.fault.fired == 1
    assert world.engine.sessions == []


def test_a_login_is_tried_once_when_it_is_refused(driver: str) -> None:
    world = World(login_failed(), "login", times=None)
    with world.server as server, pytest.raises(Exception, match="Login failed"):
        odbc.connect(driver, server.port)
    assert len(server.logins) == 1


@pytest.mark.parametrize("reset", CUTS, ids=CUT_NAMES)
@pytest.mark.parametrize("phase", ["prelogin", "login"])
def test_the_link_can_be_cut_before_the_login_is_over(driver: str, phase: Phase, *, reset: bool) -> None:
    world = World(Drop(reset=reset), phase, times=None)
    with world.server as server, pytest.raises(Exception, match=r"08001|08S01|establish connection|link failure"):
        odbc.connect(driver, server.port)
    assert world.fault.fired >= 1


@pytest.mark.parametrize("phase", ["prelogin", "login"])
def test_a_login_can_stall_until_the_drivers_own_timeout(driver: str, phase: Phase) -> None:
    world = World(Stall(), phase)
    with world.server as server, pytest.raises(Exception, match=r"(?i)timeout|establish connection"):
        odbc.connect(driver, server.port, timeout_s=1)
    assert world.fault.fired == 1


@pytest.mark.parametrize("make", [deadlock, lock_timeout], ids=["1205", "1222"])
def test_a_statement_can_fail_in_place_of_being_executed(driver: str, make: Any) -> None:
    world = World(make(), matching="UPDATE t")
    with world.server as server, odbc.connection(driver, server.port) as connection:
        with pytest.raises(Exception, match=r"deadlock|Lock request"):
            connection.cursor().execute("UPDATE t SET a = 1")
        # The transaction went with it; the connection stays good.
        assert world.told() == ["begin", "rollback"]
        assert connection.cursor().execute("UPDATE u SET a = 1").rowcount == 1


def test_a_statement_can_fail_although_it_was_executed(driver: str) -> None:
    world = World(Raise(1222, "late error", executed=True), matching="UPDATE t")
    with world.server as server, odbc.connection(driver, server.port) as connection:
        with pytest.raises(Exception, match="late error"):
            connection.cursor().execute("UPDATE t SET a = 1")
        assert world.told() == ["begin", "execute"]


@pytest.mark.parametrize("reset", CUTS, ids=CUT_NAMES)
@pytest.mark.parametrize("executed", [False, True], ids=["before", "after"])
def test_the_link_can_be_cut_before_and_after_a_statement(driver: str, *, executed: bool, reset: bool) -> None:
    world = World(Drop(executed=executed, reset=reset), matching="UPDATE t")
    with world.server as server, odbc.connection(driver, server.port) as connection:
        with pytest.raises(Exception):  # noqa: B017, PT011
            connection.cursor().execute("UPDATE t SET a = ?", (1,))
        assert world.fault.fired == 1
        assert world.engine.sessions[0].closed.wait(5)
    assert world.told() == ["begin", *(["execute"] if executed else []), "close"]


@pytest.mark.parametrize("reset", CUTS, ids=CUT_NAMES)
@pytest.mark.parametrize("executed", [False, True], ids=["before", "after"])
def test_the_link_can_be_cut_before_and_after_a_commit_took_effect(driver: str, *, executed: bool, reset: bool) -> None:
    world = World(Drop(executed=executed, reset=reset), "commit")
    with world.server as server, odbc.connection(driver, server.port) as connection:
        connection.cursor().execute("UPDATE t SET a = 1")
        with pytest.raises(Exception):  # noqa: B017, PT011
            connection.commit()
        assert world.engine.sessions[0].closed.wait(5)
    assert world.fault.fired == 1
    assert ("commit" in world.told()) == executed


def test_a_commit_can_come_late_when_the_client_has_long_gone(driver: str) -> None:
    world = World(Late(), "commit")
    with world.server as server, odbc.connection(driver, server.port) as connection:
        connection.cursor().execute("UPDATE t SET a = 1")
        with pytest.raises(Exception):  # noqa: B017, PT011
            connection.commit()
        assert world.told() == ["begin", "execute"]
        world.fault.release()
        world.fault.wait_until_ended()
        assert "commit" in world.told()


def test_a_late_commit_that_is_never_released_never_happens(driver: str) -> None:
    world = World(Late(), "commit")
    with world.server as server, odbc.connection(driver, server.port) as connection:
        connection.cursor().execute("UPDATE t SET a = 1")
        with pytest.raises(Exception):  # noqa: B017, PT011
            connection.commit()
    assert world.told() == ["begin", "execute", "close"]


@pytest.mark.parametrize("reset", CUTS, ids=CUT_NAMES)
@pytest.mark.parametrize("truncated", [False, True], ids=["between tokens", "in a packet"])
@pytest.mark.parametrize("rows", [1, 3000])
def test_the_link_can_be_cut_in_the_middle_of_a_result(driver: str, rows: int, *, truncated: bool, reset: bool) -> None:
    world = World(DropInResult(rows, truncated=truncated, reset=reset), matching="SELECT")
    with world.server as server, odbc.connection(driver, server.port) as connection:
        cursor = connection.cursor()
        if driver == "mssql-python":
            # Version 1.16.0 takes the cut for the result's end in fetchall and fetchmany; its messages alone tell.
            assert len(cursor.execute("SELECT code FROM t").fetchall()) == rows
            assert any("08S01" in state for state, _ in cursor.messages)
        else:
            with pytest.raises(Exception):  # noqa: B017, PT011
                cursor.execute("SELECT code FROM t").fetchall()
        assert world.fault.fired == 1
        with pytest.raises(Exception):  # noqa: B017, PT011
            connection.cursor().execute("UPDATE t SET a = 1")


def test_the_link_cut_before_the_first_row_is_seen_by_every_driver(driver: str) -> None:
    world = World(DropInResult(0), matching="SELECT")
    with world.server as server, odbc.connection(driver, server.port) as connection:
        with pytest.raises(Exception):  # noqa: B017, PT011
            connection.cursor().execute("SELECT code FROM t").fetchall()
        assert world.fault.fired == 1


def test_a_rule_skips_and_counts_what_matches(driver: str) -> None:
    world = World(Raise(50_000, "now"), matching="update t", skip=2, times=2)
    with world.server as server, odbc.connection(driver, server.port) as connection:
        cursor = connection.cursor()
        outcomes = []
        for _ in range(6):
            try:
                cursor.execute("UPDATE t SET a = ?", (1,))
                outcomes.append("done")
            except Exception:  # noqa: BLE001
                outcomes.append("failed")
        cursor.execute("UPDATE other SET a = 1")
    assert outcomes == ["done", "done", "failed", "failed", "done", "done"]
    assert world.fault.fired == 2


def test_a_rule_for_any_statement_is_not_used_up_by_what_drivers_send_unasked(driver: str) -> None:
    world = World(Raise(50_000, "now"))
    with world.server as server, odbc.connection(driver, server.port) as connection:
        assert world.fault.fired == 0
        with pytest.raises(Exception, match="now"):
            connection.cursor().execute("UPDATE t SET a = 1")


def test_a_stalled_statement_goes_on_when_it_is_released(driver: str) -> None:
    world = World(Stall(), matching="UPDATE t")
    world.fault.release()
    with world.server as server, odbc.connection(driver, server.port) as connection:
        assert connection.cursor().execute("UPDATE t SET a = 1").rowcount == 1
    assert world.fault.fired == 1


def test_all_links_can_be_cut_at_once(driver: str) -> None:
    engine = ScriptedEngine(_script)
    with TdsServer(engine) as server, odbc.connection(driver, server.port) as connection:
        server.drop_all()
        assert engine.sessions[0].closed.wait(5)
        with pytest.raises(Exception):  # noqa: B017, PT011
            connection.cursor().execute("UPDATE t SET a = 1")

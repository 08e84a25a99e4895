"""A night over a line and a server that fail, with each driver.

The law: nothing is lost, nothing is written twice, and every change is accounted for. The server's own journal of
committed changes says what happened; the audit log must say the same, whatever went wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import odbc
import pytest
from engine_world import TIER, World
from sqlalchemy import create_engine, insert
from sqlserver_site import EmulatedSite, emulated_site
from tds.faults import Drop, DropInResult, Fault, Late, Raise, Stall, deadlock, lock_timeout, login_failed

from u8sync.backends import u8_schema
from u8sync.domain.model import CustomerCode
from u8sync.domain.run import RunResult
from u8sync.errors import FatalError, LockHeldError, TransientError, UnknownOutcomeError

CODES = ("A1", "B2", "C3", "D4", "E5")
ARCHIVE = r"TOP .*FROM \[Customer\]"
SUMS = r"GROUP BY \S*\[SaleBillVouch\]"
UPDATE = r"UPDATE \[Customer\]"
SETTLED = {"applied", "already_applied", "not_applied", "conflict", "not_started"}


@pytest.fixture(scope="session")
def five(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four customers that buy more and more, and one that never bought; no tier in U8 yet."""
    file = tmp_path_factory.mktemp("five") / "five.db"
    engine = create_engine(f"sqlite:///{file.as_posix()}")
    with engine.begin() as connection:
        u8_schema.METADATA.create_all(connection)
        u8_schema.create_rowversion_triggers(connection)
        connection.execute(insert(u8_schema.UAAccount).values(cAcc_Id="999", cAcc_Name="五", iYear=2019, cCurName="元"))
        year = {"cAcc_Id": "999", "iBeginYear": 2019, "cDatabase": "UFDATA_999_2019"}
        connection.execute(insert(u8_schema.UAAccountDatabase).values(year))
        item = {"cID": "66", "cItemName": "客户等级", "iLength": 60, "bArchive": False}
        connection.execute(insert(u8_schema.UserDefBase).values(item))
        for number, code in enumerate(CODES, 1):
            row = {"cCusCode": code, "cCusAbbName": code, "cCusName": code, "cCCCode": "01", "cCusMngTypeCode": "999"}
            connection.execute(insert(u8_schema.Customer).values(**row, dCusDevDate=date(2020, 1, 1)))
            if code == "E5":
                continue
            head = {"SBVID": number, "cVouchType": "26", "dDate": date(2026, 3, number), "cCusCode": code}
            connection.execute(insert(u8_schema.SaleBillVouch).values(**head, cChecker="张三"))
            line = {"AutoID": number, "SBVID": number, "iNatMoney": Decimal(1000 * number)}
            connection.execute(insert(u8_schema.SaleBillVouchs).values(line))
    engine.dispose()
    return file


class Site:
    """The five customers on a server that can be told to fail, and a log on paper."""

    def __init__(self, at: EmulatedSite, driver: str) -> None:
        self.at = at
        self.driver = driver
        self.world = World(at.open(), batch=2)  # type: ignore[arg-type]

    def fail(self, fault: Fault) -> Fault:
        return self.at.wire.faults.add(fault)

    def written(self) -> list[tuple[str, str]]:
        """Customer and tier, as the server committed them."""
        return [(entry.key, entry.new) for entry in self.at.server.journal if entry.column == TIER]

    def run(self) -> RunResult:
        """A night from a new process: what only this one knew is gone."""
        self.world.backend.close()
        retry = self.world.retry()
        self.world.backend, _ = retry.call(lambda: self.at.open(statement_timeout_s=1, lock_timeout_s=1))  # type: ignore[assignment]
        return self.world.run()

    def agrees(self, result: RunResult) -> None:
        """The law, for one night."""
        written = self.written()
        assert len(set(written)) == len(written), "written twice"
        for ending in result.endings:
            assert ending.status in SETTLED | {"unknown"}
            if ending.status == "applied":
                assert ending.code in dict(written)
            elif ending.status in ("not_applied", "not_started"):
                assert ending.code not in dict(written)

    def comes_right(self) -> None:
        """The next night finishes what is left, and after it every change was made exactly once."""
        self.at.wire.faults.clear()
        last = self.run()
        assert last.exit_code == 0
        written = self.written()
        assert sorted(code for code, _ in written) == list(CODES)
        intents = {record["op_id"] for record in self.world.of_type("intent")}
        final = [r for r in self.world.of_type("outcome", "settle") if r.get("status") != "unknown"]
        assert {record["op_id"] for record in final} == intents, "an intent without an end"
        claimed = [r["customer"] for r in final if (r.get("status") or r.get("verdict")) == "applied"]
        assert sorted(claimed) == list(CODES), "the log says applied once for each"
        assert self.run().endings == ()


@pytest.fixture(params=odbc.DRIVERS)
def site(request: pytest.FixtureRequest, tmp_path: Path, five: Path) -> Iterator[Site]:
    with emulated_site(tmp_path, request.param, account_set=five) as at:
        site = Site(at, request.param)
        yield site
        at.wire.faults.clear()
        site.world.backend.close()


def test_without_faults_all_is_written_once(site: Site) -> None:
    site.agrees(site.run())
    site.comes_right()


MENDED = {
    "deadlock": (deadlock(), UPDATE),
    "deadlock at the locking read": (deadlock(), "UPDLOCK"),
    "result cut between two rows": (DropInResult(rows=2), ARCHIVE),
    "result cut in a packet": (DropInResult(rows=2, truncated=True), ARCHIVE),
    "sums cut between two rows": (DropInResult(rows=1), SUMS),
    "reset while reading facts": (Drop(reset=True), "SaleBillVouch"),
    "link lost at the lock check": (Drop(), "APPLOCK_MODE"),
    "link lost while SQLAlchemy sets the connection up": (Drop(), "ProductVersion"),
    "link lost at the end of that": (Drop(), "fn_listextendedproperty"),
}
NUMBERED = {
    "lock timeout": (lock_timeout(), UPDATE),
    "server busy": (Raise(8645, "no memory", rolls_back=True), UPDATE),
}


@pytest.mark.parametrize("name", MENDED)
def test_what_certainly_did_not_happen_is_tried_again_in_the_same_night(site: Site, name: str) -> None:
    action, matching = MENDED[name]
    fault = site.fail(Fault(action, matching=matching))
    result = site.run()
    assert fault.fired == 1
    assert result.exit_code == 0
    assert [ending.status for ending in result.endings] == ["applied"] * 5
    site.agrees(result)
    site.comes_right()


@pytest.mark.parametrize("name", NUMBERED)
def test_an_error_that_only_its_number_tells_is_tried_again_where_the_driver_gives_the_number(
    site: Site, name: str
) -> None:
    action, matching = NUMBERED[name]
    fault = site.fail(Fault(action, matching=matching))
    result = site.run()
    assert fault.fired == 1
    if site.driver == "mssql-python":  # passes no number on, so this is an error that nobody knows
        assert [ending.status for ending in result.endings] == ["not_applied"] * 2 + ["not_started"] * 3
    else:
        assert [ending.status for ending in result.endings] == ["applied"] * 5
    site.agrees(result)
    site.comes_right()


UNKNOWN = {
    "link lost before the update": (Drop(), "statement", UPDATE, False),
    "link lost after the update": (Drop(executed=True), "statement", UPDATE, False),
    "reset after the update": (Drop(executed=True, reset=True), "statement", UPDATE, False),
    "link lost before the commit": (Drop(), "commit", "", False),
    "link lost after the commit": (Drop(executed=True), "commit", "", True),
    "reset after the commit": (Drop(executed=True, reset=True), "commit", "", True),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_answer_that_is_missing_is_settled_by_reading_back(site: Site, name: str) -> None:
    action, phase, matching, took_effect = UNKNOWN[name]
    fault = site.fail(Fault(action, phase, matching=matching))  # type: ignore[arg-type]
    result = site.run()
    assert fault.fired == 1
    assert [ending.status for ending in result.endings[:2]] == ["applied" if took_effect else "not_applied"] * 2
    assert [ending.status for ending in result.endings[2:]] == ["applied"] * 3, "the other batches go on"
    assert [record["status"] for record in site.world.of_type("outcome")[:2]] == ["unknown"] * 2
    site.agrees(result)
    site.comes_right()


@pytest.mark.parametrize("error", [Raise(9002, "log full", severity=17), Raise(51234, "?")], ids=["sick", "unknown"])
def test_a_server_that_is_not_well_ends_the_run_after_its_last_word_was_settled(site: Site, error: Raise) -> None:
    fault = site.fail(Fault(error, matching=UPDATE))
    result = site.run()
    assert fault.fired == 1
    assert isinstance(result.stopped_by, UnknownOutcomeError)
    assert [ending.status for ending in result.endings] == ["not_applied"] * 2 + ["not_started"] * 3
    site.agrees(result)
    site.comes_right()


def test_a_commit_that_comes_late_is_waited_for(site: Site) -> None:
    """The link is lost, the server commits later: reading back before that must not say that nothing happened."""
    fault = site.fail(Fault(Late(), "commit"))
    result = site.run()
    assert fault.fired == 1
    # While the old session still holds its rows nobody can know, so the run says so and stops.
    assert [ending.status for ending in result.endings[:2]] == ["unknown"] * 2
    assert isinstance(result.stopped_by, TransientError)
    fault.release()
    fault.wait_until_ended()
    site.comes_right()


def test_a_statement_that_takes_too_long_is_unknown_and_settled(site: Site) -> None:
    fault = site.fail(Fault(Stall(), matching=UPDATE))
    result = site.run()
    assert fault.fired == 1
    assert [ending.status for ending in result.endings[:2]] == ["not_applied"] * 2
    site.agrees(result)
    site.comes_right()


def test_a_server_that_always_deadlocks_ends_the_run_with_nothing_written(site: Site) -> None:
    fault = site.fail(Fault(deadlock(), matching=UPDATE, times=None))
    result = site.run()
    assert fault.fired == 6, "three tries, two until the breaker opens, and one after its pause"
    assert isinstance(result.stopped_by, TransientError)
    assert site.written() == []
    site.comes_right()


def test_a_refused_login_is_tried_once_because_more_would_lock_the_account(site: Site) -> None:
    site.world.backend.close()
    before = len(site.at.wire.logins)
    site.fail(Fault(login_failed(), "login", times=None))
    with pytest.raises(FatalError, match="log"):
        site.at.open()
    assert len(site.at.wire.logins) == before + 1


def test_a_second_u8sync_is_locked_out_at_once_and_writes_nothing(site: Site) -> None:
    other = site.at.open()
    other.claim()
    with pytest.raises(LockHeldError):
        site.run()
    assert site.written() == []
    other.close()
    site.comes_right()


def test_a_session_that_is_killed_loses_no_change_and_gets_its_lock_back(site: Site) -> None:
    fault = site.fail(Fault(Raise(596, "session killed", severity=21), matching="APPLOCK_MODE", skip=1))
    result = site.run()
    assert fault.fired == 1
    site.agrees(result)
    site.comes_right()


@pytest.mark.parametrize("keeps_receipts", [True, False])
def test_a_value_that_a_person_changes_after_a_lost_commit_is_told_apart_by_its_receipt(
    site: Site,
    keeps_receipts: bool,  # noqa: FBT001
) -> None:
    site.at.options["receipts"] = "u8sync.receipt" if keeps_receipts else None
    fault = site.fail(Fault(Late(), "commit"))
    site.run()
    fault.release()
    fault.wait_until_ended()
    site.at.somebody_sets("A1", TIER, "VIP")
    site.world.backend.close()
    site.world.backend = site.at.open()  # type: ignore[assignment]
    site.world.run()
    verdicts = {r["customer"]: (r["verdict"], r["method"]) for r in site.world.of_type("settle")}
    assert verdicts[CustomerCode("A1")] == (("applied", "receipt") if keeps_receipts else ("conflict", "read_back"))


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        pytest.param("set", None, id="one statement for all"),
        pytest.param("row", None, id="row by row"),
        pytest.param("set", Drop(), id="the commit lost"),
        pytest.param("set", Late(), id="the commit late"),
    ],
)
def test_an_undo_empties_the_fields_again_whatever_becomes_of_its_commit(
    site: Site, form: str, fault: Drop | Late | None
) -> None:
    site.at.options["write_form"] = form
    site.agrees(site.run())
    run = site.world.log.run_id
    lost = None if fault is None else site.fail(Fault(fault, "commit"))
    site.world.night().apply(site.world.undo(run).plan)
    if lost is not None:
        assert lost.fired == 1
        if isinstance(fault, Late):
            lost.release()
            lost.wait_until_ended()
        site.at.wire.faults.clear()
        site.world.backend.close()
        site.world.backend = site.at.open()  # type: ignore[assignment]
        # What the run left open is settled by the next one, which here is the rest of the undo.
        site.world.night().apply(replace(site.world.plan().plan, changes=()))
        site.world.night().apply(site.world.undo(run).plan)
    emptied = [(entry.key, entry.new) for entry in site.at.server.journal if entry.column == TIER][len(CODES) :]
    assert sorted(emptied) == [(code, None) for code in CODES]
    final = {r["op_id"] for r in site.world.of_type("outcome", "settle") if r.get("status") != "unknown"}
    assert final == {record["op_id"] for record in site.world.of_type("intent")}
    assert site.world.undo(run).plan.changes == ()

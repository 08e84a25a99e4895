"""Nights through Yonyou's OpenAPI as an IT admin runs them: the command line, a configuration file, real HTTP.

The law is that of every way in: nothing is lost, nothing is written twice, and every change is accounted for. What the
served U8 noted down of its own edits says what happened; the audit log must say the same, whatever went wrong.
"""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from cli_home import Ask, ask
from openapi_site import SECRET, openapi_settings, wait_until

from u8sync.cli.app import call
from u8sync.sandbox.examples import example
from u8sync.sandbox.openapi.behaviour import Behaviour
from u8sync.sandbox.openapi.faults import Fault
from u8sync.sandbox.openapi.server import OpenApiServer

__all__ = ["ask"]

CUSTOMERS: Final = 150
FEW: Final = 40
TIER: Final = "self_define5"
GUARDS: Final = {"share_changed": 100, "top_downgrades": 1000, "issue_share": 100, "from_customers": 10}
IN_PART: Final = 2
"""Exit code: not everything that was planned could be written."""
UNDO: Final = ("--allow", "share_changed", "--allow", "top_downgrades")

Tiers = Mapping[str, str | None]


def made(file: Path, customers: int) -> Path:
    """No tier in it, and no ledger of stock accounting: cost comes from stock-outs, whichever the way in."""
    assert call(["sandbox", "create", str(file), "--customers", str(customers), "--seed", "7"], language="en") == 0
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE Customer SET cCusDefine5 = NULL")
        connection.execute("DROP TABLE IA_Subsidiary")
    return file


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("openapi") / "many.db", CUSTOMERS)


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("openapi") / "few.db", FEW)


@dataclass
class Place:
    """A served account set and the folder that works with it; the current folder."""

    home: Path
    server: OpenApiServer
    ask: Ask

    @property
    def file(self) -> Path:
        return self.home / "account-set.db"

    def configure(self, name: str, account_set: Mapping[str, Any]) -> Path:
        """What a user makes of the example, with this way in."""
        settings = yaml.safe_load(example("config.example.yaml"))
        settings |= {"account_set": dict(account_set), "as_of": "2026-10-31", "guards": GUARDS}
        settings["retry"] = {"tries": 2, "budget_s": 5}
        config = self.home / name
        config.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
        return config

    def through_openapi(self, **more: Any) -> None:
        """The usual configuration, with other settings of the account set."""
        items = {"self_define4": {"length": 60}, TIER: {"length": 60}}
        self.configure("config.yaml", openapi_settings(self.server, items=items, **more))

    def tiers(self) -> dict[str, str | None]:
        with closing(sqlite3.connect(self.file)) as connection:
            return dict(connection.execute("SELECT cCusCode, cCusDefine5 FROM Customer"))

    def somebody_sets(self, code: str, value: str | None, column: str = "cCusDefine5") -> None:
        with closing(sqlite3.connect(self.file)) as connection, connection:
            connection.execute(f"UPDATE Customer SET {column} = ? WHERE cCusCode = ?", (value, code))

    def planned(self) -> dict[str, str | None]:
        answer = self.ask("plan", "--json")
        assert answer.code in {0, 2}, answer.err
        return {change["code"]: change["fields"][0]["after"] for change in answer.json["changes"]}

    def recorded(self, *statuses: str) -> list[tuple[str, str]]:
        """Customer and status of every change in the log."""
        listed = [(one["customer"], one["status"]) for one in self.ask("audit", "list", "--json").json]
        return [one for one in listed if not statuses or one[1] in statuses]

    def whole(self) -> None:
        (verified,) = self.ask("audit", "verify", "--json").json
        assert (verified["whole"], verified["open_intents"]) == (True, 0)

    def written(self) -> Counter[tuple[str, str | None]]:
        """Customer and tier -> how often U8 wrote it, and no other field."""
        assert {edit.field for edit in self.server.edits} <= {TIER}
        return Counter((edit.code, edit.after) for edit in self.server.edits)

    def ended_as(self, wanted: Tiers) -> None:
        """Each planned change was made once and is so recorded, the log is whole, and nothing is left to do."""
        assert {code: tier for code, tier in self.tiers().items() if tier is not None} == wanted
        assert self.written() == Counter(dict.fromkeys(wanted.items(), 1))
        assert Counter(self.recorded("applied")) == Counter((code, "applied") for code in wanted)
        self.whole()
        assert self.planned() == {}
        assert self.server.violations == ()


@contextmanager
def laid_out(account_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask) -> Iterator[Place]:
    """An account set that is served, and a folder as a consultant would lay it out."""
    shutil.copyfile(account_set, tmp_path / "account-set.db")
    (tmp_path / "mappings").mkdir()
    for name in ("mappings/customer.yaml", "mappings/tiers.yaml"):
        (tmp_path / name).write_text(example(name), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with OpenApiServer(tmp_path / "account-set.db") as server:
        monkeypatch.setenv(SECRET, server.credentials.app_secret)
        place = Place(tmp_path, server, ask)
        place.through_openapi()
        yield place


@pytest.fixture
def office(many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask) -> Iterator[Place]:
    with laid_out(many, tmp_path, monkeypatch, ask) as place:
        yield place


@pytest.fixture
def place(few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask) -> Iterator[Place]:
    with laid_out(few, tmp_path, monkeypatch, ask) as place:
        yield place


# --- the main job -----------------------------------------------------------------------------------------------------


def test_from_the_check_to_the_undo_of_the_night(office: Place, ask: Ask) -> None:
    checked = ask("doctor")
    assert checked.code == 0, checked.err + checked.out
    planned = ask("plan", "--out", "plan.json", "--json")
    assert planned.code == 2, planned.err
    wanted = {change["code"]: change["fields"][0]["after"] for change in planned.json["changes"]}
    assert set(wanted.values()) == {"VIP", "重要", "一般", "潜在"}

    night = ask("run", "--json", "--report", "night.html")
    assert night.code == 0, night.err
    office.ended_as(wanted)
    report = (office.home / "night.html").read_text(encoding="utf-8")
    assert "no lock and no transaction" in report

    (run,) = {one["run_id"] for one in ask("audit", "list", "--json").json}
    assert ask("plan", "--undo", run, "--out", "undo.json", *UNDO).code == 2
    undone = ask("apply", "undo.json", *UNDO)
    assert undone.code == 0, undone.err
    assert set(office.tiers().values()) == {None}
    office.whole()
    assert office.planned() == wanted

    secret = office.server.credentials.app_secret
    log = "".join(file.read_text(encoding="utf-8") for file in office.home.glob("audit/*/seg-*.jsonl"))
    for said in (checked.out, planned.out, planned.err, night.out, night.err, undone.out, undone.err, report, log):
        assert secret not in said


def test_the_decisions_are_those_of_the_embedded_account_set(office: Place, ask: Ask) -> None:
    embedded = office.configure("embedded.yaml", {"backend": "sqlite", "file": "account-set.db"})
    wanted = ask("plan", "--json", "--config", embedded).json
    planned = ask("plan", "--json").json
    decided = [
        [(change["code"], [field["after"] for field in change["fields"]]) for change in plan["changes"]]
        for plan in (wanted, planned)
    ]
    assert decided[0] == decided[1]
    assert len(decided[0]) > CUSTOMERS // 2


def test_after_one_change_in_a_hundred_the_second_night_asks_for_about_as_much(office: Place, ask: Ask) -> None:
    ask("run", "--json")
    first = len(office.server.requests)
    with closing(sqlite3.connect(office.file)) as connection, connection:
        (number,) = connection.execute("SELECT max(SBVID) FROM SaleBillVouch WHERE dDate <= '2026-10-31'").fetchone()
        more = "UPDATE SaleBillVouchs SET iNatMoney = iNatMoney + 1, iNatSum = iNatSum + 1 WHERE SBVID = ?"
        connection.execute(more, [number])
    office.somebody_sets(next(iter(office.tiers())), "甲", "cCusDefine1")
    office.server.forget()
    night = ask("run", "--json")
    assert night.code == 0, night.err
    calls = Counter(asked.path for asked in office.server.requests)
    lists = sum(times for path, times in calls.items() if path.endswith("batch_get"))
    assert len(office.server.requests) - lists <= first // 100 + 2
    assert lists <= 30, "the lists of the last weeks, and of the customers that changed"


# --- replies that are lost, late, or come in two steps ----------------------------------------------------------------


@pytest.mark.parametrize("what", ["reset", "close", "status", "html", "lost_reply"])
def test_replies_that_are_lost_lose_no_change_and_double_none(place: Place, ask: Ask, what: Any) -> None:
    wanted = place.planned()
    for after, when in ((3, "before"), (9, "after"), (20, "after"), (21, "before")):
        place.server.faults.add(Fault(call="customer/edit", what=what, when=when, after=after, status=500))  # type: ignore[arg-type]
    for _ in range(4):
        if ask("run", "--json").code == 0:
            break
        assert not place.recorded("unknown"), "what U8 can tell is settled in the same night"
    place.server.faults.clear()
    assert ask("run", "--json").code == 0
    place.ended_as(wanted)


def test_an_edit_that_takes_effect_after_its_answer_was_lost_is_waited_for(place: Place, ask: Ask) -> None:
    place.through_openapi(late_s=1)
    wanted = place.planned()
    place.server.faults.add(Fault(call="customer/edit", what="late_effect", seconds=0.3, after=5))
    night = ask("run", "--json")
    assert night.code in {0, 2}, night.err
    place.ended_as(wanted)


@pytest.mark.parametrize(
    "behaviour",
    [Behaviour(edit_reply="async", polls=2, ping_after_s=0), Behaviour(edit="replace")],
    ids=["async", "replace"],
)
def test_a_gateway_that_answers_in_another_way_is_served_as_well(
    place: Place, ask: Ask, behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("u8sync.backends.openapi.client.SHORTEST_POLL_S", 0.0)
    place.server.behaviour = behaviour
    if behaviour.edit == "replace":
        place.through_openapi(edit_sends="card")
        # A type of blanks, which U8 would not take back: those customers are rejected in its own words.
        for code in place.tiers():
            place.somebody_sets(code, "999", "cCusMngTypeCode")
    wanted = place.planned()
    night = ask("run", "--json")
    assert night.code == 0, night.err
    place.ended_as(wanted)


def test_a_gateway_that_replaces_the_card_is_stopped_after_one_customer_and_says_what_to_put_back(
    place: Place, ask: Ask
) -> None:
    place.server.behaviour = Behaviour(edit="replace")
    night = ask("run", "--json")
    assert night.code not in {0, 2}
    (harmed,) = {edit.code for edit in place.server.edits}
    assert harmed in night.err + night.out
    assert len(place.recorded("applied", "unknown")) == 1
    assert place.recorded("applied", "unknown")[0][0] == harmed
    place.whole()


def test_a_token_that_dies_in_the_middle_is_renewed_and_no_edit_is_sent_twice(place: Place, ask: Ask) -> None:
    place.server.behaviour = Behaviour(tokens="one")
    wanted = place.planned()
    place.server.faults.add(
        Fault(call="customer/edit", what="expired_token", after=7),
        Fault(call="customer/get", what="expired_token", after=40),
        Fault(call="saleinvoice/get", what="expired_token", after=1),
    )
    night = ask("run", "--json")
    assert night.code == 0, night.err
    place.ended_as(wanted)


# --- other people -----------------------------------------------------------------------------------------------------


def while_editing(place: Place, after: int, act: Callable[[], None]) -> threading.Thread:
    """Do something as soon as so many customers were edited."""

    def wait() -> None:
        wait_until(lambda: len(place.server.edits) >= after, seconds=30)
        act()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_a_card_that_a_person_edits_before_its_turn_is_a_conflict_and_stays(place: Place, ask: Ask) -> None:
    wanted = place.planned()
    last = list(wanted)[-1]
    other = next(tier for tier in ("重要", "一般") if tier != wanted[last])
    person = while_editing(place, 3, lambda: place.somebody_sets(last, other))
    night = ask("run", "--json")
    person.join()
    assert night.code == IN_PART, night.err
    assert place.recorded("conflict") == [(last, "conflict")]
    assert place.tiers()[last] == other
    assert (last, wanted[last]) not in place.written()
    place.whole()
    assert place.planned() == {last: wanted[last]}, "the next plan holds exactly the rest"


def test_a_person_who_saves_over_our_value_is_told_by_reconcile(place: Place, ask: Ask) -> None:
    wanted = place.planned()
    ask("run", "--json")
    code = next(code for code, tier in wanted.items() if tier != "VIP")
    place.somebody_sets(code, "VIP")
    told = ask("audit", "reconcile", "--json")
    (found,) = told.json["findings"]
    assert (code, "VIP", wanted[code]) == (found["customer"], found["live"], found["logged"])
    assert place.planned() == {}, "a person's value stays until somebody allows the change"
    allowed = ask("plan", "--allow", "edited_in_u8", "--json").json["changes"]
    assert [(one["code"], one["fields"][0]["after"]) for one in allowed] == [(code, wanted[code])]

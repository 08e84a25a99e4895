"""``u8sync fleet`` as its users meet it: several real account sets in one night, and all that can go wrong."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import oracle
import pytest
import yaml
from cli_home import Ask
from fleet_home import all_hold, change_config, last_summary, make_group, planned, tiers_in, write_fleet
from post_office import post_office

from u8sync.bootstrap import member_runs
from u8sync.domain.fleet import FleetSummary

NAMES = ("alpha", "beta", "gamma")


@pytest.fixture(scope="session")
def group(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three account sets; nobody works in it, only in copies."""
    folder = tmp_path_factory.mktemp("group")
    make_group(folder, NAMES)
    return folder


@pytest.fixture
def here(group: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = Path(shutil.copytree(group, tmp_path / "here"))
    monkeypatch.chdir(folder)
    return folder


def states(answer: object) -> dict[str, str]:
    return {member["name"]: member["state"] for member in answer.json["members"]}  # type: ignore[attr-defined]


def test_threads_run_every_account_set_once_and_another_night_has_nothing_to_do(here: Path, ask: Ask) -> None:
    wanted = {name: planned(here / name) for name in NAMES}
    answer = ask("fleet", "plan", "--json")
    assert answer.code == 2
    assert {one["name"]: one["changes"] for one in answer.json["members"]} == {n: len(wanted[n]) for n in NAMES}
    assert [tiers_in(here / name) for name in NAMES] == [0, 0, 0]
    assert not (here / "runs").exists()

    answer = ask("fleet", "run")
    assert answer.code == 0, answer.err
    assert "All is well in 3 account set(s)." in answer.out
    assert answer.err.count("done, changes:") == 3
    for name in NAMES:
        all_hold(here / name, wanted[name])
        assert len(list((here / name / "runs").glob("*/run.json"))) == 1
    summary = last_summary(here)
    assert [one["entry"]["planned"] for one in summary["results"]] == [len(wanted[name]) for name in NAMES]

    assert ask("fleet", "run").code == 0
    for name in NAMES:
        all_hold(here / name, wanted[name])
        oracle.nothing_left(oracle.records_in(oracle.log_below(here / name / "audit")))
    assert ask("fleet", "plan").code == 0


def test_the_page_leads_to_each_report_and_asks_for_nothing_outside(here: Path, ask: Ask) -> None:
    assert ask("fleet", "run", language="zh").code == 0
    [page] = (here / "runs" / "fleet").glob("*/fleet.html")
    text = page.read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in text
    links = [part.split('"')[0] for part in text.split('href="')[1:]]
    assert len(links) == 3
    assert all((page.parent / link).is_file() for link in links)
    assert "http" not in text.replace("http-equiv", "")
    assert "3 个账套全部正常" in text


def test_one_with_a_broken_mapping_and_one_that_a_guard_stops_keep_nobody_else(here: Path, ask: Ask) -> None:
    (here / "alpha" / "mappings" / "customer.yaml").write_text("version: 1\nfields: {}\n", encoding="utf-8")
    assert ask("fleet", "run", "--only", "beta").code == 0
    with closing(sqlite3.connect(here / "beta" / "account-set.db")) as connection, connection:
        connection.execute("DELETE FROM Customer WHERE cCusCode IN (SELECT cCusCode FROM Customer LIMIT 10)")
    wanted = planned(here / "gamma")
    answer = ask("fleet", "run", "--json")
    assert answer.code == 2
    assert states(answer) == {"alpha": "failed", "beta": "blocked", "gamma": "done"}
    ends = {one["name"]: one for one in answer.json["members"]}
    assert (ends["alpha"]["exit_code"], ends["beta"]["exit_code"]) == (65, 4)
    assert "customer.yaml" in ends["alpha"]["error"]["en"]
    assert ends["beta"]["guards"] == ["customers_missing"]
    all_hold(here / "gamma", wanted)
    answer = ask("fleet", "run", language="zh")
    assert "被安全检查拦截" in answer.out
    assert "archive not shrunk" not in answer.out


def test_when_none_is_carried_out_the_code_says_why(here: Path, ask: Ask) -> None:
    for name in NAMES:
        (here / name / "account-set.db").unlink()
    assert ask("fleet", "run").code == 69
    (here / "beta" / "config.yaml").unlink()
    answer = ask("fleet", "run", "--json")
    assert [one["exit_code"] for one in answer.json["members"]] == [69, 65, 69]
    assert answer.code == 69


def test_two_members_that_are_one_account_set_are_refused_before_anything_is_written(here: Path, ask: Ask) -> None:
    members = [{"name": name, "config": f"{name}/config.yaml"} for name in NAMES]
    write_fleet(here, [*members, {"name": "again", "config": "beta/../alpha/config.yaml"}])
    answer = ask("fleet", "run")
    assert (answer.code, "'alpha'and'again'arethesameaccountset" in answer.complaint) == (65, True)
    # By U8's own word, where the configurations do not tell.
    (here / "other").mkdir()
    shutil.copytree(here / "alpha" / "mappings", here / "other" / "mappings")
    shutil.copy(here / "alpha" / "config.yaml", here / "other")
    change_config(here / "other", account_set={"backend": "sqlite", "file": "../alpha/account-set.db"}, audit={})
    write_fleet(here, [*members, {"name": "again", "config": "other/config.yaml"}])
    answer = ask("fleet", "run", language="zh")
    assert (answer.code, "“alpha”和“again”是同一个账套" in answer.complaint) == (65, True)
    assert [tiers_in(here / name) for name in NAMES] == [0, 0, 0]
    assert not (here / "other" / "audit").exists()


def test_a_configuration_that_is_edited_during_the_night_is_not_gone_by(
    here: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = member_runs.identify

    def edit(order: member_runs.MemberOrder) -> str | None:
        found = whole(order)
        if order.member.name == "beta":
            with order.member.config.open("a", encoding="utf-8") as config:
                config.write("# edited\n")
        return found

    monkeypatch.setattr("u8sync.bootstrap.spreading.identify", edit)
    answer = ask("fleet", "run", "--json")
    assert (answer.code, states(answer)) == (2, {"alpha": "done", "beta": "failed", "gamma": "done"})
    assert tiers_in(here / "beta") == 0


def test_a_signal_lets_those_at_work_finish_their_batch_and_begins_no_other(
    here: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_fleet(here, [{"name": name, "config": f"{name}/config.yaml"} for name in NAMES], limits={"workers": 1})
    wanted = {name: planned(here / name) for name in NAMES}
    whole = member_runs.run_night

    def ask_to_stop(order: object, **more: object) -> object:
        more["show"] = lambda _files, _planned: os.kill(os.getpid(), signal.SIGTERM)
        return whole(order, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(member_runs, "run_night", ask_to_stop)
        answer = ask("fleet", "run", "--json")
    assert answer.code == 75
    assert "Asked to stop" in answer.err
    assert list(states(answer).values())[1:] == ["not_run", "not_run"]
    assert answer.json["stopped"]
    assert [tiers_in(here / name) for name in NAMES[1:]] == [0, 0]
    assert 0 <= tiers_in(here / "alpha") < len(wanted["alpha"])
    assert ask("fleet", "run").code == 0
    for name in NAMES:
        all_hold(here / name, wanted[name])


def test_an_unforeseen_error_of_one_is_told_and_ends_that_one_alone(
    here: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = member_runs.run_night

    def fail(order: object, **more: object) -> object:
        if "beta" in str(order.config):  # type: ignore[attr-defined]
            raise ZeroDivisionError("surprise")
        return whole(order, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(member_runs, "run_night", fail)
    answer = ask("fleet", "run", "--json")
    assert (answer.code, states(answer)) == (2, {"alpha": "done", "beta": "failed", "gamma": "done"})
    assert answer.json["members"][1]["exit_code"] == 1
    assert "ZeroDivisionError: surprise" in answer.json["members"][1]["error"]["en"]


def test_the_list_tells_each_member_and_its_last_night(here: Path, ask: Ask) -> None:
    assert ask("fleet", "run", "--only", "beta").code == 0
    (here / "gamma" / "config.yaml").write_text("version: 2\n", encoding="utf-8")
    answer = ask("fleet", "list")
    assert answer.code == 0
    beta, gamma = (next(line for line in answer.out.splitlines() if line.startswith(name)) for name in NAMES[1:])
    assert "UTC" in beta
    assert "done" in beta
    assert "cannot be used" in gamma
    found = {one["name"]: one for one in ask("fleet", "list", "--json").json}
    assert (found["alpha"]["last"], found["beta"]["last"]["exit_code"], found["gamma"]["usable"]) == (None, 0, False)


def test_old_summaries_are_cleared_away_and_a_spoilt_one_is_told(here: Path, ask: Ask) -> None:
    week_ago = f"{datetime.now(UTC) - timedelta(days=8):%Y%m%dT%H%M%SZ}-cccccc"  # bears out that 2020 is long gone
    names = "20200101T000000Z-aaaaaa", "20991231T000000Z-bbbbbb", week_ago
    old, spoilt, recent = (here / "runs" / "fleet" / name for name in names)
    for folder in (old, spoilt, recent):
        folder.mkdir(parents=True)
        (folder / "fleet.json").write_text("{", encoding="utf-8")
    assert ask("fleet", "run").code == 0
    assert (old.exists(), recent.exists()) == (False, True)
    answer = ask("fleet", "list")
    assert (answer.code, "cannotberead" in answer.complaint) == (0, True)


def test_a_first_fleet_file_is_made_and_works(here: Path, ask: Ask) -> None:
    answer = ask("fleet", "init", "--config", "alpha/config.yaml", "--out", "first.yaml")
    assert answer.code == 0
    assert ask("map", "check", "first.yaml").code == 0
    assert ask("fleet", "plan", "--fleet", "first.yaml").code == 2
    assert ask("fleet", "init", "--config", "alpha/config.yaml", "--out", "first.yaml").code == 65
    assert yaml.safe_load(ask("fleet", "init", "--config", "alpha/config.yaml").out)["version"] == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("version: 1\n", "thisfleethasnomember"),
        ("version: 1\nmembers: [{name: a}]\n", "thekey'config'ismissing"),
        ("version: 1\nmembers: [{name: a, config: x}, {name: a, config: y}]\n", "'a'standsheretwice,firstinline2"),
        ("version: 1\nmembers: [{name: a, config: x}]\nlimits: {workers: 0}\n", "limits"),
        ("version: 1\nmembers: [{name: a, config: x}]\nlimits: {per_server: 0}\n", "limits"),
        ("version: 1\ndiscover: {config: alpha/config.yaml}\n", "leadstooneaccountsetonly:sqlite"),
        ("version: 1\ndiscover: {config: x, accounts: []}\n", "noaccountsetisnamedhere"),
        ('version: 1\ndiscover: {config: x, accounts: ["1"]}\n', "accounts"),
        ('version: 1\ndiscover: {config: x, without: ["001"], overlays: {"001": {}}}\n', "001isnotinthisfleet"),
        ("version: 1\ndiscover: {config: missing.yaml}\n", "thereisnosuchfile"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_with_its_place(here: Path, ask: Ask, text: str, told: str) -> None:
    (here / "bad.yaml").write_text(text, encoding="utf-8")
    for command in ("run", "plan", "list"):
        answer = ask("fleet", command, "--fleet", "bad.yaml")
        assert answer.code == 65
        assert told in answer.complaint
        assert "Traceback" not in answer.err


def test_other_bad_input_is_told(here: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask("fleet", "run", "--fleet", "missing.yaml").code == 65
    answer = ask("fleet", "run", "--only", "delta")
    assert (answer.code, "Members:alpha,beta,gamma" in answer.complaint) == (65, True)
    answer = ask("fleet", "run", "--allow", "share_changed")
    assert (answer.code, "--only" in answer.err) == (65, True)
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    answer = ask("fleet", "run", "--scheduler", "tcp://127.0.0.1:1", language="zh")
    assert (answer.code, 'pipinstall"u8sync[dask]"' in answer.complaint) == (65, True)


def test_the_exit_code_tells_all_well_from_some_from_none(here: Path) -> None:
    def code(*codes: int | None, stopped: bool = False) -> int:
        from datetime import UTC, datetime

        from u8sync.domain.fleet import MemberResult

        now = datetime(2026, 1, 1, tzinfo=UTC)
        results = tuple(MemberResult(str(at), one) for at, one in enumerate(codes))
        return FleetSummary("x", "run", now, now, "h", "u", "f", "d", None, results, len(codes), stopped).exit_code

    assert code(0, 0) == 0
    assert code(0, 4) == code(2, 2) == code(0, 69, 1) == 2
    assert code(4, 4) == 4
    assert code(69, 69) == 69
    assert code(4, 69, 3) == 69
    assert code(4, 1) == 1
    assert code(0, None, stopped=True) == code(75, None, stopped=True) == 75
    assert code(0, 75, stopped=True) == 2


# --- who is told ------------------------------------------------------------------------------------------------------


def test_people_hear_of_the_fleet_in_one_message_and_of_no_member_by_itself(
    here: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with post_office() as office:
        monkeypatch.setenv("U8SYNC_HOOK", office.url("token"))
        told = {"to": [{"name": "IT", "url": {"env": "U8SYNC_HOOK"}, "language": "en"}]}
        for name in NAMES:
            change_config(here / name, notify=told)
        members = [{"name": name, "config": f"{name}/config.yaml"} for name in NAMES]
        write_fleet(here, members, notify="alpha/config.yaml")

        assert ask("fleet", "run").code == 0
        change_config(here / "beta", guards={"share_changed": 0, "from_customers": 0}, as_of="2026-09-30")
        assert ask("fleet", "run").code == 2
        change_config(here / "beta", guards={"share_changed": 100, "top_downgrades": 1000})
        assert ask("fleet", "run").code == 0

    titles = [letter["title"] for letter in office.taken]
    assert titles == ["u8sync: all is well", "u8sync: finished in part", "u8sync: well again"]
    assert "Fleet of 3 account set(s)" in office.taken[0]["message"]
    assert "beta: stopped by a guard" in office.taken[1]["message"]
    assert "alpha" not in office.taken[1]["message"]


def test_without_that_each_member_tells_its_own_people(here: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    with post_office() as office:
        monkeypatch.setenv("U8SYNC_HOOK", office.url("token"))
        change_config(here / "alpha", notify={"to": [{"name": "IT", "url": {"env": "U8SYNC_HOOK"}, "language": "en"}]})
        assert ask("fleet", "run").code == 0
    assert [letter["title"].endswith("all is well") for letter in office.taken] == [True]

"""A fleet that is found on a SQL Server: the command line, a real ODBC driver, a server over the wire.

The server has five account sets: two that work, one that the login may not enter, one whose database is gone, and one
that the fleet file leaves out.
"""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import oracle
import pytest
import yaml
from canary import WORD, hits, hits_below
from cli_home import Ask
from deaths import TIER, make_home
from emulated.server import EmulatedServer
from fleet_home import all_hold, last_summary, planned
from openapi_home import CUSTOMERS, small_account_set
from sqlserver_site import PASSWORD, driver_options
from tds.server import TdsServer

from u8sync.backends.sqlserver import admin
from u8sync.bootstrap import spreading

SYSTEM = ("SELECT ON UA_Account", "SELECT ON UA_AccountDatabase", "SELECT ON UA_Period")
ROLES = ("db_datareader", "db_datawriter")
GOOD = ("001", "002")


def database(code: str) -> str:
    return f"UFDATA_{code}_2024"


@dataclass(frozen=True)
class Group:
    """The server, and the folder of the fleet file."""

    server: EmulatedServer
    wire: TdsServer
    folder: Path

    def tiers(self, code: str) -> int:
        with self.server.back_door(database(code)) as door:
            (count,) = door.execute(f"SELECT count({TIER}) FROM Customer").fetchone()
        return int(count)

    def write_fleet(self, **discover: Any) -> None:
        found = {"config": "server.yaml", "accounts": "all", "without": ["999"], **discover}
        limits = {"workers": 8, "per_server": 2}
        text = yaml.safe_dump({"version": 1, "discover": found, "limits": limits}, allow_unicode=True)
        (self.folder / "fleet.yaml").write_text(text, encoding="utf-8")

    def nobody_is_there(self) -> None:
        """The configuration names a port where nothing listens; Microsoft's driver waits for it nevertheless."""
        file = self.folder / "server.yaml"
        settings = yaml.safe_load(file.read_text(encoding="utf-8"))
        settings["account_set"] |= {"port": 1, "login_timeout_s": 1}
        file.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")


def add_account_set(server: EmulatedServer, folder: Path, code: str) -> None:
    """An account set of its own code, with its database, as U8 lists it."""
    file = Path(shutil.copyfile(small_account_set(), folder / f"{code}.db"))
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE UA_Account SET cAcc_Id = ?, cAcc_Name = ?", (code, f"分公司{code}"))
        connection.execute("UPDATE UA_AccountDatabase SET cAcc_Id = ?, cDatabase = ?", (code, database(code)))
        connection.execute("UPDATE UA_Period SET cAcc_Id = ?", (code,))
    server.import_account_set(file, database=database(code))


@pytest.fixture(params=["freetds", "msodbcsql"])
def group(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Group]:
    options = driver_options(request.param)
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv(PASSWORD, WORD)
    shutil.copytree(Path(__file__).parents[2] / "mappings", folder / "mappings")
    with EmulatedServer.create(tmp_path / "server") as server:
        for code in (*GOOD, "003", "004", "999"):
            add_account_set(server, tmp_path, code)
        gone = server.database(database("004"))
        assert gone is not None
        server.drop_database(gone)
        grants = {"UFSystem": SYSTEM, **{database(code): ROLES for code in (*GOOD, "999")}}
        server.add_login("group", WORD, grants=grants, permissions=["VIEW SERVER STATE"])
        with TdsServer(server) as wire:
            made = Group(server, wire, folder)
            settings = {
                "version": 1,
                "account_set": {
                    "backend": "sqlserver",
                    "server": "127.0.0.1",
                    "port": wire.port,
                    "login": "group",
                    "password": {"env": PASSWORD},
                    "encrypt": "no",
                    "insecure_reason": "loopback of a test",
                    "allow_overprivileged": "the suite is not about rights",
                    **options,
                },
                "mapping": "mappings/customer.yaml",
                "policy": "mappings/tiers.yaml",
                "as_of": "2026-10-31",
                "guards": {"share_changed": 100, "issue_share": 100, "top_downgrades": 1000},
                "retry": {"tries": 1, "budget_s": 5},
                "runs": {"report": False},
            }
            (folder / "server.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
            made.write_fleet()
            yield made


def members_of(answer: Any) -> dict[str, Any]:
    return {member["name"]: member for member in answer.json["members"]}


def written_once(group: Group, *codes: str) -> None:
    """Hold that every customer of these account sets got its tier by one commit, and nobody else of any other."""
    written = Counter((change.database, change.key) for change in group.server.journal if change.column == TIER)
    assert set(written.values()) == {1}
    assert Counter(name for name, _ in written) == dict.fromkeys(map(database, codes), CUSTOMERS)


def test_all_account_sets_are_found_and_one_that_cannot_be_entered_keeps_nobody_else(group: Group, ask: Ask) -> None:
    listed = ask("fleet", "list", "--json")
    assert listed.code == 0, listed.err
    assert [member["name"] for member in listed.json] == ["001", "002", "003", "004"]
    assert {member["server"] for member in listed.json} == {f"127.0.0.1,{group.wire.port}"}

    night = ask("fleet", "run", "--json")
    assert night.code == 2, night.err
    members = members_of(night)
    assert {name: (one["state"], one["exit_code"]) for name, one in members.items()} == {
        "001": ("done", 0),
        "002": ("done", 0),
        "003": ("failed", 69),
        "004": ("failed", 69),
    }
    for code in ("003", "004"):
        assert f"may not enter the database {database(code)}" in members[code]["error"]["en"]
        assert "u8sync grants" in members[code]["hint"]["en"]
    assert [members[code]["account_set_name"] for code in GOOD] == ["分公司001", "分公司002"]
    assert (group.tiers("001"), group.tiers("999")) == (CUSTOMERS, 0)
    written_once(group, *GOOD)
    logs = sorted((group.folder / "audit").iterdir())
    assert len(logs) == 2, "each account set has a log of its own"
    for log in logs:
        oracle.whole(log, recovered=True)

    again = ask("fleet", "run", "--json")
    assert (again.code, [one["changes"] for one in members_of(again).values()]) == (2, [0, 0, None, None])
    written_once(group, *GOOD)
    for log in logs:
        oracle.nothing_left(oracle.records_in(log))
    table = ask("fleet", "list")
    assert table.out.count("failed") == 2
    assert not hits(WORD, night.out + night.err + listed.out + table.out)
    assert not hits_below(WORD, group.folder)


def test_no_more_run_on_one_server_at_a_time_than_its_limit_allows(
    group: Group, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, counting, both = spreading.run_member, threading.Lock(), threading.Barrier(2)
    at_work: set[str] = set()
    seen: list[int] = []

    def watched(order: Any, *rest: Any) -> Any:
        name = order.member.name
        with counting:
            at_work.add(name)
            seen.append(len(at_work))
        if name in GOOD:
            both.wait(60)  # neither goes on before the other has begun
        try:
            return run(order, *rest)
        finally:
            with counting:
                at_work.remove(name)

    monkeypatch.setattr(spreading, "run_member", watched)
    assert ask("fleet", "run").code == 2
    assert (len(seen), max(seen)) == (4, 2)
    written_once(group, *GOOD)


def test_named_account_sets_with_what_differs_for_one_and_one_that_is_not_there(group: Group, ask: Ask) -> None:
    group.write_fleet(accounts=["002", "001", "077"], overlays={"001": {"name": "总部", "as_of": "2026-09-30"}})
    night = ask("fleet", "run", "--json")
    assert night.code == 2, night.err
    members = members_of(night)
    assert [(name, one["state"]) for name, one in members.items()] == [
        ("002", "done"),
        ("总部", "done"),
        ("077", "failed"),
    ]
    assert "no account set 077 that this login can see" in members["077"]["error"]["en"]
    assert "001, 002, 003, 004, 999" in members["077"]["hint"]["en"]
    as_of = {one["name"]: one["entry"]["as_of"] for one in last_summary(group.folder)["results"] if one["entry"]}
    assert (as_of["002"], as_of["总部"], members["总部"]["account_set"]) == ("2026-10-31", "2026-09-30", "001")
    written_once(group, *GOOD)

    assert ask("fleet", "run", "--only", "总部", "--json").code == 0


def test_a_login_that_may_not_read_the_list_of_account_sets_finds_those_that_it_may_enter(
    group: Group, ask: Ask
) -> None:
    group.server.add_login("narrow", WORD, grants={database(code): ROLES for code in (*GOOD, "999")})
    file = group.folder / "server.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("login: group", "login: narrow"), encoding="utf-8")
    night = ask("fleet", "run", "--json")
    assert night.code == 0, night.err
    assert sorted(members_of(night)) == [*GOOD]
    written_once(group, *GOOD)


@pytest.mark.parametrize("command", ["list", "run"])
def test_a_server_that_is_not_there_or_refuses_the_login_is_told_and_nothing_is_run(
    group: Group, ask: Ask, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv(PASSWORD, "another")
    answer = ask("fleet", command)
    assert (answer.code, "the login was refused" in answer.err) == (69, True), answer.err
    assert group.server.failed_logins == ["group"], "one wrong password, tried once: more would lock the login"
    group.nobody_is_there()
    answer = ask("fleet", command)
    assert (answer.code, "127.0.0.1,1" in answer.err) == (75, True), answer.err
    assert not (group.folder / "runs").exists()


def test_a_server_that_cannot_be_asked_keeps_the_listed_members_not_from_their_night(group: Group, ask: Ask) -> None:
    make_home(group.folder / "branch")
    wanted = planned(group.folder / "branch")
    file = group.folder / "fleet.yaml"
    fleet = yaml.safe_load(file.read_text(encoding="utf-8"))
    members = [{"name": "分公司", "config": "branch/config.yaml"}]
    file.write_text(yaml.safe_dump({**fleet, "members": members}, allow_unicode=True), encoding="utf-8")
    group.nobody_is_there()

    listed = ask("fleet", "list", "--json")
    assert [(one["name"], one["usable"]) for one in listed.json] == [("分公司", True), ("server.yaml", False)]
    for language, word in (("en", "cannot be used"), ("zh", "无法使用")):
        table = ask("fleet", "list", language=language)
        assert (table.code, word in table.out, "127.0.0.1,1" in table.out) == (0, True, True)
    night = ask("fleet", "run", "--json")
    assert night.code == 2
    ends = {name: (one["state"], one["exit_code"]) for name, one in members_of(night).items()}
    assert ends == {"分公司": ("done", 0), "server.yaml": ("failed", 75)}
    assert "127.0.0.1,1" in members_of(night)["server.yaml"]["error"]["en"]
    all_hold(group.folder / "branch", wanted)

    # One of the server's own that somebody names is not "unknown": nobody could look.
    answer = ask("fleet", "run", "--only", "001")
    assert (answer.code, "127.0.0.1,1" in answer.err) == (75, True), answer.err
    assert ask("fleet", "run", "--only", "分公司").code == 0

    # A base configuration that cannot be read is such a server as well.
    server = group.folder / "server.yaml"
    server.write_text(server.read_text(encoding="utf-8").replace("as_of:", "as_off:"), encoding="utf-8")
    assert (ask("fleet", "run").code, ask("fleet", "run", "--only", "001").code) == (2, 65)


@pytest.mark.parametrize("busy", [1, 9])
def test_a_server_that_is_busy_for_a_moment_is_asked_again(
    group: Group, ask: Ask, monkeypatch: pytest.MonkeyPatch, busy: int
) -> None:
    """The line is cut ``busy`` times while it is asked for its account sets."""
    server = group.folder / "server.yaml"
    server.write_text(server.read_text(encoding="utf-8").replace("tries: 1", "tries: 4"), encoding="utf-8")
    monkeypatch.setattr("u8sync.bootstrap.installation.time.sleep", lambda _seconds: None)
    tries: list[int] = []
    listing = admin.list_account_sets

    def asked(connection: Any) -> Any:
        tries.append(1)
        if len(tries) <= busy:
            group.wire.drop_all()
        return listing(connection)

    monkeypatch.setattr(admin, "list_account_sets", asked)
    answer = ask("fleet", "list", "--json")
    assert (answer.code, len(tries)) == ((0, 2) if busy == 1 else (75, 3)), answer.err

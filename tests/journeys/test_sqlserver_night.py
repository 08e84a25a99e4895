"""Nights on SQL Server as an IT admin runs them: the command line, a configuration file, a server over the wire."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import odbc
import pytest
import yaml
from cli_home import Ask, ask, demo_folder, fresh, home
from sqlserver_site import PASSWORD, EmulatedSite, emulated_site

__all__ = ["ask", "demo_folder", "fresh", "home"]

WORD = "Canary#42;"
DATABASE = "UFDATA_999_2024"


@dataclass(frozen=True)
class Place:
    """The demo before its first night, once as a file and once on a server."""

    home: Path
    at: EmulatedSite
    embedded: Path
    config: Path


@pytest.fixture(params=odbc.DRIVERS)
def place(
    request: pytest.FixtureRequest,
    fresh: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("server")
    made = {"account_set": fresh / "account-set.db", "database": DATABASE}
    with emulated_site(folder, request.param, **made) as at:
        monkeypatch.setenv(PASSWORD, WORD)
        settings = yaml.safe_load((fresh / "config.yaml").read_text(encoding="utf-8"))
        settings["account_set"] = {"backend": "sqlserver", **at.options, "login": "u8sync_writer"}
        settings["account_set"].pop("allow_overprivileged")
        settings["write"]["batch"] = 50
        config = fresh / "server.yaml"
        config.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
        yield Place(fresh, at, fresh / "config.yaml", config)


def give_rights(place: Place, ask: Ask) -> None:
    """What an administrator does with the printed script, before the logins that it makes are there."""
    named = place.home / "named.yaml"
    text = place.config.read_text(encoding="utf-8")
    named.write_text(text.replace("  account: '999'", f"  account: '999'\n  database: {DATABASE}"), encoding="utf-8")
    answer = ask("grants", "--config", named, "--reader", "u8sync_reader", "--writer", "u8sync_writer")
    assert answer.code == 0, answer.err
    place.at.server.run_script(answer.out.replace("<N'password'>", f"N'{WORD}'"))


def test_from_the_printed_rights_to_a_second_night_with_nothing_to_do(place: Place, ask: Ask) -> None:
    give_rights(place, ask)
    config = ("--config", place.config)

    assert ask("doctor", *config).code == 0
    wanted = ask("plan", "--json", "--config", place.embedded).json["changes"]
    planned = ask("plan", "--json", *config)
    assert planned.json["changes"] == wanted, "the same decisions, wherever the account set is kept"

    night = ask("run", "--json", "--report", "night.html", *config)
    assert night.code == 0, night.err
    assert ask("plan", "--json", *config).json["changes"] == []
    stored = dict(place.at.run("SELECT cCusCode, cCusDefine5 FROM Customer WHERE cCusDefine5 IS NOT NULL"))
    assert stored == {change["code"]: change["fields"][0]["after"] for change in wanted}
    written = Counter(change.key for change in place.at.server.journal if change.column == "cCusDefine5")
    assert set(written.values()) == {1}

    assert ask("audit", "verify", "--json", *config).json[0]["whole"]
    log = "".join(file.read_text(encoding="utf-8") for file in place.home.glob("audit/sqlserver-*/seg-*.jsonl"))
    assert '"login":"u8sync_writer"' in log
    report = (place.home / "night.html").read_text(encoding="utf-8")
    assert "READ COMMITTED" in report
    everything = log + report + planned.out + planned.err + night.out + night.err
    assert WORD not in everything


def test_nights_that_are_killed_or_lose_the_line_end_well(place: Place, ask: Ask) -> None:
    give_rights(place, ask)
    config = ("--config", place.config)
    wanted = {change["code"]: change["fields"][0]["after"] for change in ask("plan", "--json", *config).json["changes"]}
    dice = random.Random(11)  # noqa: S311
    killed = 0
    for attempt in range(4):
        before = len(place.at.wire.requests)
        night = subprocess.Popen(
            [sys.executable, "-m", "u8sync", "run", "--json", *map(str, config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # It dies, or its line does, once it has sent some requests more than it takes to make the plan.
        enough = before + dice.randrange(45, 75)
        while night.poll() is None and len(place.at.wire.requests) < enough:
            time.sleep(0.0005)  # the server works in this very process: who only looks takes its time
        if attempt % 2:
            place.at.wire.drop_all()
        else:
            killed += night.poll() is None
            night.kill()
        night.wait()
    assert killed == 2, "both were in the middle of something"

    last = ask("run", "--json", *config)
    assert last.code == 0, last.err
    assert ask("plan", "--json", *config).json["changes"] == []
    verified = ask("audit", "verify", "--json", *config).json[0]
    assert (verified["whole"], verified["open_intents"]) == (True, 0)
    assert dict(place.at.run("SELECT cCusCode, cCusDefine5 FROM Customer WHERE cCusDefine5 IS NOT NULL")) == wanted
    written = Counter(change.key for change in place.at.server.journal if change.column == "cCusDefine5")
    assert written == Counter(dict.fromkeys(wanted, 1)), "each change was committed exactly once"
    recorded = Counter(
        change["customer"] for change in ask("audit", "list", "--json", *config).json if change["status"] == "applied"
    )
    assert recorded == Counter(dict.fromkeys(wanted, 1)), "and is recorded exactly once"


def test_a_server_that_is_not_there_is_told_in_words(place: Place, ask: Ask) -> None:
    settings = yaml.safe_load(place.config.read_text(encoding="utf-8"))
    settings["account_set"] |= {"port": 1, "login_timeout_s": 1}
    settings["retry"] = {"tries": 1, "budget_s": 10}
    place.config.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    answer = ask("plan", "--config", place.config)
    assert answer.code == 75
    assert "127.0.0.1,1" in answer.err
    assert "firewall" in answer.err
    assert DATABASE not in answer.out

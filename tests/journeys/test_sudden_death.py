"""The process is killed in the middle of a night, again and again, and the next night puts everything right."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from cli_home import Ask, ask, demo_folder, fresh, home

__all__ = ["ask", "demo_folder", "fresh", "home"]

DEATHS = 8


def records_in(home: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in home.glob("audit/*/seg-*.jsonl"))


def test_a_night_killed_at_random_moments_ends_well_in_the_next_one(fresh: Path, ask: Ask) -> None:
    config = fresh / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("batch: 200", "batch: 3"), encoding="utf-8")
    wanted = {c["code"]: c["fields"][0]["after"] for c in ask("plan", "--json").json["changes"]}
    dice = random.Random(7)  # noqa: S311
    killed = 0
    for _ in range(DEATHS):
        before = records_in(fresh)
        night = subprocess.Popen([sys.executable, "-m", "u8sync", "run", "--json"], stdout=subprocess.DEVNULL)
        # Watched from outside: it dies once it has written some records more, at whatever it is doing then.
        enough = before + dice.randrange(5, 120)
        while night.poll() is None and records_in(fresh) < enough:
            time.sleep(0.001)
        killed += night.poll() is None
        night.kill()
        night.wait()
    assert killed >= DEATHS // 2

    last = ask("run", "--json")
    assert last.code == 0, last.err
    assert ask("plan", "--json").json["changes"] == []
    verified = ask("audit", "verify", "--json").json[0]
    assert (verified["whole"], verified["open_intents"]) == (True, 0)

    connection = sqlite3.connect(fresh / "account-set.db")
    rows = connection.execute("SELECT cCusCode, cCusDefine5 FROM Customer WHERE cCusDefine5 IS NOT NULL")
    assert dict(rows) == wanted
    connection.close()
    written = Counter(
        change["customer"] for change in ask("audit", "list", "--json").json if change["status"] == "applied"
    )
    assert written == Counter(dict.fromkeys(wanted, 1)), "each change is recorded as written exactly once"

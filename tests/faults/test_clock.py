"""A clock that jumps, and machines in other time zones: order and days do not depend on either."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import oracle
import pytest
import yaml
from audit_world import ACCOUNT_SET
from deaths import FileSite
from engine_world import World, five_customers
from fakes import Quiet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from killing import Nursery

from u8sync import bootstrap
from u8sync.audit.store import open_log

JUMPS = {
    "a day ahead and back": (timedelta(days=1), timedelta(days=-1)),
    "an hour back, as when summer time ends": (timedelta(hours=-1),),
    "a leap second": (timedelta(0), timedelta(0)),
    "ten years back, as with an empty battery": (timedelta(days=-3650),),
}


@dataclass
class Jumping:
    """A clock that makes these steps, over and over."""

    steps: Iterator[timedelta]
    at: datetime = datetime(2026, 11, 1, 18, 0, tzinfo=UTC)
    seen: list[datetime] = field(default_factory=list)

    def now(self) -> datetime:
        self.at += next(self.steps)
        self.seen.append(self.at)
        return self.at


def night(world: World, root: Path, clock: Jumping, number: int) -> None:
    """A night with this clock and a log on the disk."""
    log = open_log(root, ACCOUNT_SET, run_id=f"run-{number}", clock=clock, host="host", pid=1, progress=Quiet())
    try:
        made = world.night()
        type(made)(**{**made.__dict__, "log": log, "clock": clock, "run_id": f"run-{number}"}).run(lambda _: None)
    finally:
        log.close()


def nights(root: Path, steps: tuple[timedelta, ...]) -> None:
    world = five_customers()
    clock = Jumping(itertools.cycle(steps))
    for number in (1, 2):
        night(world, root, clock, number)
    folder = oracle.log_below(root)
    assert folder is not None
    oracle.whole(folder, recovered=True)
    records = oracle.records_in(folder)
    assert [record["seq"] for record in records] == list(range(1, len(records) + 1))
    oracle.agree(records, oracle.memory_journal(world.backend), recovered=True)
    oracle.nothing_left(records)
    for run in ("run-1", "run-2"):
        spent = [record["mono_us"] for record in records if record["run_id"] == run]
        assert spent == sorted(spent), "the order that does not trust the clock"


@pytest.mark.parametrize("name", JUMPS)
def test_a_clock_that_jumps_changes_neither_order_nor_outcome(tmp_path: Path, name: str) -> None:
    nights(tmp_path, JUMPS[name])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(steps=st.lists(st.timedeltas(timedelta(days=-2), timedelta(days=2)), min_size=1, max_size=8))
def test_no_jump_changes_order_or_outcome(tmp_path_factory: pytest.TempPathFactory, steps: list[timedelta]) -> None:
    nights(tmp_path_factory.mktemp("log"), tuple(steps))


ZONES = ("UTC", "Asia/Shanghai", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati", "Australia/Lord_Howe")


def test_the_machines_own_time_zone_changes_no_plan(nursery: Nursery, new_home: Path, tmp_path: Path) -> None:
    home = FileSite(new_home, tmp_path).fresh()
    plans = set()
    for zone in ZONES:
        planned = nursery.run(home, "plan", "--json", environment={"TZ": zone})
        assert planned.code == 2, planned.err
        plans.add(json.dumps(json.loads(planned.out)["changes"], sort_keys=True))
    assert len(plans) == 1


MOMENTS = [
    ("2026-11-01T15:59:59+00:00", "Asia/Shanghai", date(2026, 11, 1)),
    ("2026-11-01T16:00:00+00:00", "Asia/Shanghai", date(2026, 11, 2)),
    ("2026-11-01T05:30:00+00:00", "America/New_York", date(2026, 11, 1)),  # 01:30, the first time
    ("2026-11-01T06:30:00+00:00", "America/New_York", date(2026, 11, 1)),  # 01:30, the second time
    (
        "1988-04-16T15:30:00+00:00",
        "Asia/Shanghai",
        date(1988, 4, 16),
    ),  # an hour before China's summer time of that year
    ("1988-07-01T15:30:00+00:00", "Asia/Shanghai", date(1988, 7, 2)),  # within it
]


@pytest.mark.parametrize(("instant", "zone", "day"), MOMENTS)
def test_today_is_the_day_of_the_account_set(
    new_home: Path, tmp_path: Path, instant: str, zone: str, day: date
) -> None:
    home = FileSite(new_home, tmp_path).fresh()
    written: dict[str, Any] = yaml.safe_load((home / "config.yaml").read_text(encoding="utf-8"))
    (home / "config.yaml").write_text(yaml.safe_dump({**written, "as_of": "today", "timezone": zone}), encoding="utf-8")
    clock = Jumping(itertools.repeat(timedelta(0)), datetime.fromisoformat(instant))
    rules = bootstrap.rules_of(bootstrap.load(home / "config.yaml"), as_of=None, allow=frozenset(), clock=clock)
    assert rules.as_of == day

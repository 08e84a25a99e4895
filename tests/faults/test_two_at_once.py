"""Two runs at once: one writes, the others say so and leave; what reads is not held up."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import deaths
import oracle
import pytest
import racing
from audit_world import open_at

LOCK_HELD = 3
WORK_S = 2.0


def at_the_log(scene: Any) -> Any:
    """The moment when the intents of some batch go to the disk: the account set itself is free."""
    return [point for point in scene.points if point.on.startswith("seg-") and point.call == "fdatasync"][8]


def test_of_twelve_that_start_at_once_one_writes_and_the_others_leave(on_file: Any) -> None:
    home = on_file.site.fresh()
    winner, others = racing.race(on_file.nursery, home, deaths.RUN, 12)
    assert winner.code == 0
    assert [ended.code for ended in others] == [LOCK_HELD] * 11
    assert max(ended.cpu_s for ended in others) < WORK_S
    assert all("Another run is at work" in ended.err for ended in others)
    deaths.comes_right(on_file.nursery, on_file.site, home, on_file.planned)


def test_two_machines_with_logs_of_their_own_are_told_apart_by_the_server(over_wire: Any, tmp_path: Path) -> None:
    home = over_wire.site.fresh()
    homes = [home, *(Path(shutil.copytree(home, tmp_path / str(number))) for number in range(3))]
    nights = [over_wire.nursery.prepare(each, *deaths.RUN) for each in homes]
    for night in nights:
        night.go()
    ended = [night.wait() for night in nights]
    assert {each.code for each in ended} <= {0, LOCK_HELD}
    assert [each.code for each in ended].count(0) >= 1
    ours = [(entry.customer, entry.after) for entry in over_wire.site.journal() if entry.column == deaths.TIER]
    assert sorted(ours, key=str) == sorted(over_wire.planned, key=str), "each change once, whoever made it"
    logs = [log for each in homes if (log := oracle.log_below(each / "audit")) is not None]
    told = [
        record["customer"]
        for log in logs
        for record in oracle.records_in(log)
        if record["type"] == "outcome" and record["status"] == "applied"
    ]
    assert sorted(told) == sorted(customer for customer, _ in over_wire.planned)


def test_beside_a_night_at_work_one_can_plan_and_check_the_log_and_not_apply(on_file: Any) -> None:
    home = on_file.site.fresh()
    assert on_file.nursery.run(home, "plan", "--out", "plan.json").code == 2
    night = racing.held(on_file.nursery, home, deaths.RUN, at_the_log(on_file))
    try:
        assert on_file.nursery.run(home, "plan").code in {0, 2}
        assert on_file.nursery.run(home, "audit", "list").code == 0
        assert on_file.nursery.run(home, "audit", "verify").code in {0, 2}
        assert on_file.nursery.run(home, "apply", "plan.json").code == LOCK_HELD
    finally:
        night.go()
        assert night.wait().code == 0


def test_the_lock_of_a_process_that_was_killed_is_free(on_file: Any) -> None:
    home = on_file.site.fresh()
    night = racing.held(on_file.nursery, home, deaths.RUN, at_the_log(on_file))
    assert on_file.nursery.run(home, *deaths.RUN).code == LOCK_HELD
    night.signal(signal.SIGKILL)
    night.wait()
    assert racing.holder_of(home) == night.pid, "the note of the dead one still lies there"
    deaths.comes_right(on_file.nursery, on_file.site, home, on_file.planned)


def test_a_lock_file_that_somebody_deletes_never_makes_two_writers(on_file: Any) -> None:
    home = on_file.site.fresh()
    first = racing.held(on_file.nursery, home, deaths.RUN, at_the_log(on_file))
    (lock,) = home.glob("audit/*/.lock")
    lock.unlink()
    second = on_file.nursery.run(home, *deaths.RUN)
    first.go()
    ended = first.wait()
    codes = {ended.code, second.code}
    assert codes & {LOCK_HELD, 74}, "one of the two saw that the log is not its own"
    log = oracle.log_below(home / "audit")
    assert log is not None
    oracle.whole(log, recovered=False)
    deaths.comes_right(on_file.nursery, on_file.site, home, on_file.planned)


@pytest.mark.skipif(os.name == "nt", reason="asks the system for the descriptors of the process")
def test_a_child_process_inherits_neither_the_lock_nor_the_log(tmp_path: Path) -> None:
    log = open_at(tmp_path)
    held = [
        int(entry.name)
        for entry in Path("/proc/self/fd").iterdir()
        if entry.is_symlink() and str(entry.readlink()).startswith(str(tmp_path))
    ]
    assert len(held) >= 2, "the lock and the segment"
    assert not [descriptor for descriptor in held if os.get_inheritable(descriptor)]
    log.close()


def test_the_one_that_is_told_to_wait_learns_who_is_at_work(on_file: Any) -> None:
    home = on_file.site.fresh()
    night = racing.held(on_file.nursery, home, deaths.RUN, at_the_log(on_file))
    said = on_file.nursery.run(home, *deaths.RUN).err
    holder = json.loads(next(home.glob("audit/*/.holder")).read_text(encoding="utf-8"))
    night.go()
    night.wait()
    assert str(holder["pid"]) in said

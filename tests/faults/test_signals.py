"""Asked to stop, a night finishes its batch and closes; asked twice, it ends at once and the next one settles."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path
from typing import Any

import deaths
import oracle
import pytest

TEMPORARY = 75
POLITE = [signal.Signals[name] for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)]


def in_the_middle(scene: Any) -> list[Any]:
    """Moments between the first intent and the last outcome."""
    synced = [number for number, point in enumerate(scene.points) if point.on.startswith("seg-")]
    return list(scene.points[synced[4] : synced[-8]])


def after_one_signal(scene: Any, home: Path) -> Counter[str]:
    """What must hold after a night that was asked to stop; how its changes ended."""
    log = oracle.log_below(home / "audit")
    assert log is not None
    oracle.whole(log, recovered=True)
    records = oracle.records_in(log)
    oracle.agree(records, scene.site.journal(), recovered=True)
    closing = (
        records[-1]
        if records[-1]["type"] == "run_close"
        else next(record for record in reversed(records) if record["type"] == "run_close")
    )
    assert closing["exit_code"] == TEMPORARY
    return Counter({status: count for status, count in closing["totals"].items() if count})


@pytest.mark.parametrize("number", POLITE, ids=lambda number: number.name)
def test_a_signal_lets_the_batch_in_hand_end_and_closes_the_run(on_file: Any, number: signal.Signals) -> None:
    dice = deaths.dice_of(number)
    for point in dice.sample(in_the_middle(on_file), 4):
        home = on_file.site.fresh()
        ended = on_file.nursery.run(home, *deaths.RUN, inject=[point.signal(number)])
        assert (ended.code, ended.killed_by) == (TEMPORARY, None), f"{point}: {ended.err}"
        assert "asked to stop" in ended.err
        assert "Run it again" in ended.err
        totals = after_one_signal(on_file, home)
        assert totals["applied"] % 3 == 0, "whole batches"
        assert totals["applied"] + totals["not_started"] == totals["planned"] == len(on_file.planned)
        assert totals["not_started"]
        deaths.comes_right(on_file.nursery, on_file.site, home, on_file.planned)


def test_a_signal_over_the_wire_lets_the_batch_in_hand_end(over_wire: Any) -> None:
    point = deaths.dice_of(1).choice([point for point in in_the_middle(over_wire) if point.call == "sendto"])
    home = over_wire.site.fresh()
    ended = over_wire.nursery.run(home, *deaths.RUN, inject=[point.signal(signal.SIGTERM)])
    assert (ended.code, ended.killed_by) == (TEMPORARY, None), ended.err
    assert after_one_signal(over_wire, home)["not_started"]
    deaths.comes_right(over_wire.nursery, over_wire.site, home, over_wire.planned)


def test_a_signal_before_the_first_batch_leaves_everything_unwritten(on_file: Any) -> None:
    early = next(point for point in on_file.points if point.on.startswith("seg-") and point.call == "fdatasync")
    home = on_file.site.fresh()
    ended = on_file.nursery.run(home, *deaths.RUN, inject=[early.signal(signal.SIGTERM)])
    assert ended.code == TEMPORARY
    assert after_one_signal(on_file, home).keys() == {"planned", "not_started"}
    assert on_file.site.journal() == []


@pytest.mark.parametrize("second", POLITE, ids=lambda number: number.name)
def test_the_second_signal_ends_the_night_at_once_and_the_next_one_settles(
    on_file: Any, second: signal.Signals
) -> None:
    dice = deaths.dice_of(second)
    moments = in_the_middle(on_file)
    for _ in range(3):
        first, then = sorted(dice.sample(range(len(moments)), 2))
        if moments[first].call == moments[then].call:
            continue  # strace sends one signal for each name of a call
        home = on_file.site.fresh()
        inject = [moments[first].signal(signal.SIGINT), moments[then].signal(second)]
        ended = on_file.nursery.run(home, *deaths.RUN, inject=inject)
        assert ended.code == TEMPORARY, ended.err
        assert "Traceback" not in ended.err
        deaths.comes_right(on_file.nursery, on_file.site, home, on_file.planned)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="the system knows no SIGHUP")
def test_under_nohup_a_closed_terminal_changes_nothing(on_file: Any) -> None:
    point = in_the_middle(on_file)[10]
    home = on_file.site.fresh()
    inject = [point.signal(signal.SIGHUP)]
    ended = on_file.nursery.run(home, *deaths.RUN, inject=inject, ignore=[int(signal.SIGHUP)])
    assert ended.code == 0, ended.err


def test_a_night_whose_output_nobody_reads_any_more_goes_on_and_leaves_nothing_open(on_file: Any) -> None:
    """The reader is gone: what the guards let pass is written all the same, and the exit code tells of it."""
    home = on_file.site.fresh()
    ended = on_file.nursery.run(home, "run", unheard=True)
    assert ended.code == 0
    assert "Traceback" not in ended.err
    assert deaths.written(on_file.site.journal()) == on_file.planned
    deaths.comes_right(on_file.nursery, on_file.site, home, on_file.planned)

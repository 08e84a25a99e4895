"""Kill -9 just before a system call: whatever the call, the next night puts everything right.

A sample, drawn anew only when the seed is changed. All moments: ``python tests/figures.py --full``.
"""

from __future__ import annotations

import json
from typing import Any

import deaths
import oracle
import pytest

SEED = 20261124


def test_a_night_on_a_file_that_dies_before_any_call_is_put_right_by_the_next(on_file: Any) -> None:
    dice = deaths.dice_of(SEED)
    sample = deaths.sample(on_file.points, 14, dice)
    died = sum(deaths.die(on_file.nursery, on_file.site, point, on_file.planned) for point in sample)
    assert died == len(sample), "every night died where it was to"


def test_a_night_over_the_wire_that_dies_before_any_call_is_put_right_by_the_next(over_wire: Any) -> None:
    dice = deaths.dice_of(SEED)
    sample = deaths.sample(over_wire.points, 9, dice)
    died = sum(deaths.die(over_wire.nursery, over_wire.site, point, over_wire.planned) for point in sample)
    # A driver may ask for more packets in one night than in another.
    assert died >= len(sample) - 2


def test_a_night_through_the_openapi_that_dies_before_any_call_is_put_right_by_the_next(over_http: Any) -> None:
    dice = deaths.dice_of(SEED)
    # Up to its first intent a night can do no harm: most of the sample is what comes then.
    begun = [point.on for point in over_http.points].index("seg-000001.jsonl")
    sample = deaths.sample(over_http.points[begun:], 8, dice) + deaths.sample(over_http.points[:begun], 3, dice)
    died = sum(deaths.die(over_http.nursery, over_http.site, point, over_http.planned) for point in sample)
    assert died == len(sample), "every night died where it was to"


def test_recoveries_through_the_openapi_may_die_three_deep(over_http: Any) -> None:
    dice = deaths.dice_of(SEED)
    sent = [point for point in over_http.points if point.call == "sendto"]
    early = [point for point in over_http.points if point.call in ("write", "fdatasync", "sendto")][:16]
    died = sum(
        deaths.die(over_http.nursery, over_http.site, point, over_http.planned, again=deaths.recoveries(dice, early, 3))
        for point in dice.sample(sent[-60:], 2)
    )
    assert died >= 6, "nearly all of the recoveries died as well"


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_recovery_may_die_too_and_the_recovery_of_the_recovery(on_file: Any, depth: int) -> None:
    dice = deaths.dice_of(SEED + depth)
    # Only a night that has announced something leaves something to recover.
    late = [point for point in on_file.points if point.on.startswith("seg-") and point.call == "write"][2:]
    early = [point for point in on_file.points if point.call in ("write", "fdatasync", "fsync", "rename")][:12]
    died = 0
    for point in dice.sample(late, 4):
        again = deaths.recoveries(dice, early, depth)
        died += deaths.die(on_file.nursery, on_file.site, point, on_file.planned, again=again)
    assert died >= 4 * depth, "nearly all of the recoveries died as well"


def test_a_night_that_is_killed_from_outside_at_a_random_moment_is_put_right(on_file: Any) -> None:
    dice = deaths.dice_of(SEED)
    home = on_file.site.fresh()
    ended = on_file.nursery.run(home, "run", "--json")
    assert ended.code == 0
    died = 0
    for _ in range(8):
        moment = dice.uniform(0.2, 1.0) * ended.cpu_s
        died += deaths.random_death(
            on_file.nursery, on_file.site, on_file.planned, lambda night, s=moment: night.work(s)
        )
    assert died >= 3


def test_after_a_death_the_log_tells_the_same_with_its_index_and_without(on_file: Any) -> None:
    home = on_file.site.fresh()
    late = [point for point in on_file.points if point.on.startswith("seg-") and point.call == "write"][-4]
    assert on_file.nursery.run(home, *deaths.RUN, inject=[late.kill()]).killed_by
    assert on_file.nursery.run(home, *deaths.RUN).code == 0
    log = oracle.log_below(home / "audit")
    assert log is not None

    def question() -> str:
        listed = on_file.nursery.run(home, "audit", "list", "--json")
        assert listed.code == 0, listed.err
        return str(listed.out)

    assert len(json.loads(question())) >= len(on_file.planned)
    assert list(log.glob("index.sqlite*")), "there is an index to take away"
    oracle.same_without_index(log, question)

"""What a plan reads by its policy: which days, and what of the documents besides the usual."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from engine_world import ACCOUNT_SET, TIER, TIERS, Quiet, World, customer, example_mapping, example_policy, sales

from u8sync.backends.memory import MemoryBackend
from u8sync.domain.model import ColumnLimit, CustomerCode, Extra, Facts, Month, Period, Window
from u8sync.domain.plan import Plan
from u8sync.domain.policy import Policy, Weight
from u8sync.domain.run import Planned
from u8sync.domain.schedule import Schedule
from u8sync.domain.windows import WindowRule
from u8sync.engine.past import read_past
from u8sync.engine.plan_file import load_plan, save_plan
from u8sync.engine.planner import make_plan
from u8sync.engine.records import plan_record

PERIODS = tuple(
    Period(year, number, Month(year, 3).plus(number).first, Month(year, 3).plus(number).last)
    for year in (2024, 2025, 2026)
    for number in range(1, 13)
)
"""Fiscal years that begin in April."""


@dataclass
class Asked:
    """What a backend was asked for."""

    windows: list[Window] = field(default_factory=list)
    extras: list[frozenset[Extra]] = field(default_factory=list)
    periods: int = 0


class Listening(MemoryBackend):
    """A backend that remembers what it was asked for."""

    asked: Asked

    def periods(self) -> tuple[Period, ...]:
        self.asked.periods += 1
        return super().periods()

    def facts(self, window: Window, progress: Any, extras: frozenset[Extra] = frozenset()) -> Facts:
        self.asked.windows.append(window)
        self.asked.extras.append(extras)
        return super().facts(window, progress, extras)


def listening() -> Listening:
    """Two customers with business in the last twelve months, and fiscal periods."""
    backend = Listening(
        ACCOUNT_SET,
        {CustomerCode(code): customer() for code in ("A1", "B2")},
        sales({"A1": 1000, "B2": 2000}),
        writable={TIER: ColumnLimit(60, TIERS)},
        periods=PERIODS,
    )
    backend.asked = Asked()
    return backend


Planning = Callable[[Policy], tuple[Planned, Asked]]


@pytest.fixture
def planning() -> Planning:
    """Make a plan by a policy on 2026-10-31; answers also what was asked for."""

    def plan(policy: Policy) -> tuple[Planned, Asked]:
        backend = listening()
        world = World(backend)
        rules = replace(world.rules(), policy=policy)
        return make_plan(backend, rules, clock=world.clock, retry=world.retry(), progress=Quiet()), backend.asked

    return plan


def by(policy: Policy, *metrics: str) -> Policy:
    """The policy with these metrics at equal weight."""
    place = policy.weights[0].place
    return replace(policy, weights=tuple(Weight(name, 100 // len(metrics), "leave_out", place) for name in metrics))


def test_nothing_is_read_that_no_metric_of_the_policy_needs(planning: Planning) -> None:
    planned, asked = planning(example_policy())
    assert asked.extras == [frozenset()]
    assert asked.periods == 0
    assert asked.windows == [planned.facts.window] == [planned.plan.window]


@pytest.mark.parametrize(
    ("metrics", "extras"),
    [
        (("growth", "revenue"), {"before"}),
        (("active_months", "overdue_share"), {"months", "receivables"}),
    ],
)
def test_what_a_weighed_metric_needs_is_read(planning: Planning, metrics: tuple[str, ...], extras: set[Extra]) -> None:
    _, asked = planning(by(example_policy(), *metrics))
    assert asked.extras == [frozenset(extras)]


def test_what_a_condition_alone_names_is_read_too(planning: Planning) -> None:
    policy = example_policy()
    condition = replace(policy.top.conditions[0], subject="overdue_share")
    top = replace(policy.top, conditions=(*policy.top.conditions, condition))
    _, asked = planning(replace(policy, tiers=(top, *policy.tiers[1:])))
    assert asked.extras == [frozenset({"receivables"})]


def test_a_fiscal_year_goes_by_the_periods_of_the_account_set(planning: Planning) -> None:
    policy = replace(example_policy(), window=WindowRule(fiscal_year="last", floor_days=30, credit_days=60))
    planned, asked = planning(policy)
    assert asked.periods == 1
    window = planned.plan.window
    assert window is not None
    assert (window.start, window.as_of) == (date(2025, 4, 1), date(2026, 3, 31))
    assert (window.before.start, window.before.as_of) == (date(2024, 4, 1), date(2025, 3, 31))
    assert (window.floor_days, window.credit_days, window.looked_at_on) == (30, 60, date(2026, 10, 31))
    assert planned.plan.seal.as_of == date(2026, 10, 31)
    assert plan_record(planned.plan, policy)["window"] == {
        "start": "2025-04-01",
        "as_of": "2026-03-31",
        "compared_with": {"start": "2024-04-01", "as_of": "2025-03-31"},
        "floor_days": 30,
        "credit_days": 60,
    }
    rules: Any = plan_record(planned.plan, policy)["rules"]
    assert rules["months"] is None
    assert rules["window"] == {"fiscal_year": "last", "until": "as_of", "floor_days": 30, "credit_days": 60}


def test_hindsight_reads_the_fiscal_periods_once_and_no_window_twice() -> None:
    backend = listening()
    world = World(backend)
    past = read_past(
        backend,
        mapping=example_mapping(),
        policy=replace(example_policy(), window=WindowRule(fiscal_year="last")),
        schedule=Schedule(until=date(2026, 9, 30), periods=3, every=3, horizon=3),
        exactly=True,
        protected=(),
        retry=world.retry(),
        progress=Quiet(),
    )
    assert [look.slot.as_of for look in past.looks] == [date(2025, 12, 31), date(2026, 3, 31), date(2026, 6, 30)]
    assert backend.asked.periods == 1
    assert len(backend.asked.windows) == len(set(backend.asked.windows))


def test_who_was_disabled_since_the_window_ended_is_left_alone(planning: Planning) -> None:
    backend = MemoryBackend(
        ACCOUNT_SET,
        {CustomerCode("A1"): customer(dEndDate="2026-10-31"), CustomerCode("B2"): customer(dEndDate="2026-11-01")},
        sales({"A1": 1000, "B2": 2000}),
        writable={TIER: ColumnLimit(60, TIERS)},
    )
    world = World(backend)
    rules = replace(world.rules(), policy=replace(example_policy(), window=WindowRule(fiscal_year="last")))
    planned = make_plan(backend, rules, clock=world.clock, retry=world.retry(), progress=Quiet())
    assert [(one.code, one.cause) for one in planned.plan.skipped] == [("A1", "disabled")]
    assert any("calendar months and years" in str(note) for note in planned.facts.notes)


@pytest.mark.parametrize("rule", [WindowRule(months=12), WindowRule(fiscal_year="last", floor_days=1)])
def test_the_window_of_a_plan_comes_back_from_its_file(planning: Planning, tmp_path: Path, rule: WindowRule) -> None:
    planned, _ = planning(replace(example_policy(), window=rule))
    save_plan(planned.plan, tmp_path / "plan.json")
    again: Plan = load_plan(tmp_path / "plan.json")
    assert again.window == planned.plan.window is not None
    assert again == planned.plan

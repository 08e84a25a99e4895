"""How tiers move: a table of cases for each rule, and what a customer near an edge sees over many evaluations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policies import AS_OF, PLACE, customers, frame, pasts, policies

from u8sync.domain.movement import (
    BELOW,
    CHANGED_ON,
    EDITED,
    HELD,
    PAST_SCHEMA,
    Past,
    move,
    review_due,
    state_after,
)
from u8sync.domain.policy import SCORE, Condition, CoolDown, Movement, Pin, Policy, Quota, Tier, Weight
from u8sync.domain.scoring import score
from u8sync.domain.tiers import EARNED, TIER, recommend
from u8sync.domain.windows import WindowRule


def tiers(*, below: str | None = None, quota: Quota | None = None) -> tuple[Tier, ...]:
    """A ladder on revenue alone: 100 for VIP, 50 for 重要."""
    upper = None if below is None else Decimal(below)
    return (
        Tier("VIP", (Condition("revenue", Decimal(100), upper, PLACE),), False, "", PLACE, quota),
        Tier("重要", (Condition("revenue", Decimal(50), None, PLACE),), False, "", PLACE),
        Tier("一般", (), False, "", PLACE),
        Tier("潜在", (), True, "", PLACE),
    )


def rules(**given: Any) -> Movement:
    """Movement at once, but for what is given."""
    found: dict[str, Any] = {"margin": Decimal(0), "down_after": 1, "most_steps": None, "review": (), "cool_down": None}
    return Movement(**{**found, **given}, place=PLACE)


def policy(movement: Movement | None, **given: Any) -> Policy:
    found: dict[str, Any] = {"tiers": tiers(), **given}
    return Policy(
        WindowRule(months=12),
        (Weight("revenue", 100, "zero", PLACE),),
        found.pop("tiers"),
        frozenset(),
        "p" * 64,
        movement=movement,
        **found,
    )


def moved(rows: Sequence[Mapping[str, Any]], by: Policy, past: Past | None = None, as_of: date = AS_OF) -> pl.DataFrame:
    """The customers after the rules of movement; ``edited`` marks those whose tier a person changed."""
    judged = frame(
        [{"rated": True, **{name: value for name, value in row.items() if name != "edited"}} for row in rows]
    )
    scored = recommend(score(judged, by.weights), by)
    edited = pl.Series(EDITED, [bool(row.get("edited")) for row in rows])
    return move(scored.with_columns(edited), by, past or Past(), as_of)


def one(
    row: Mapping[str, Any],
    by: Policy,
    *,
    below: int = 0,
    changed: date | None = None,
    evaluated: date | None = None,
    as_of: date = AS_OF,
) -> tuple[str | None, str | None, int]:
    """What becomes of one customer: its tier, what held it, evaluations below."""
    left = pl.DataFrame([{"code": "0", BELOW: below, CHANGED_ON: changed}], schema=PAST_SCHEMA)
    return moved([row], by, Past(evaluated, left), as_of).select(TIER, HELD, BELOW).row(0)


@pytest.mark.parametrize(
    ("movement", "revenue", "current", "below", "expected"),
    [
        pytest.param({}, 40, "VIP", 0, ("一般", None, 1), id="down at once, all the way"),
        pytest.param({}, 120, "一般", 0, ("VIP", None, 0), id="up at once, all the way"),
        pytest.param({}, 120, None, 0, ("VIP", None, 0), id="the first tier is given as earned"),
        pytest.param({}, 120, "战略", 0, ("VIP", None, 0), id="a tier that the ladder does not know holds nothing"),
        pytest.param({"margin": Decimal(10)}, 90, "VIP", 0, ("VIP", "margin", 0), id="at the eased bound: holds"),
        pytest.param({"margin": Decimal(10)}, "89.9999", "VIP", 0, ("重要", None, 1), id="just under it: falls"),
        pytest.param({"margin": Decimal(10)}, 90, "重要", 0, ("重要", None, 0), id="the margin lifts nobody"),
        pytest.param({"margin": Decimal(10)}, 46, "VIP", 0, ("重要", "margin", 1), id="falls to what it holds"),
        pytest.param({"margin": Decimal(10)}, 90, "VIP", 5, ("VIP", "margin", 0), id="counts anew"),
        pytest.param({"down_after": 3}, 40, "VIP", 0, ("VIP", "count", 1), id="first time below"),
        pytest.param({"down_after": 3}, 40, "VIP", 1, ("VIP", "count", 2), id="second time below"),
        pytest.param({"down_after": 3}, 40, "VIP", 2, ("一般", None, 3), id="third time below: falls"),
        pytest.param({"down_after": 3}, 120, "VIP", 2, ("VIP", None, 0), id="not below: counts from nothing"),
        pytest.param({"down_after": 3}, 120, "一般", 0, ("VIP", None, 0), id="up does not wait"),
        pytest.param({"most_steps": 1}, 120, "潜在", 0, ("一般", "steps", 0), id="one step up"),
        pytest.param({"most_steps": 1}, 40, "VIP", 0, ("重要", "steps", 1), id="one step down"),
        pytest.param({"most_steps": 2}, 120, "潜在", 0, ("重要", "steps", 0), id="two steps up"),
        pytest.param({"most_steps": 1}, 60, "VIP", 0, ("重要", None, 1), id="a step that is all"),
    ],
)
def test_what_becomes_of_a_customer(
    movement: dict[str, Any], revenue: Any, current: str | None, below: int, expected: tuple[Any, ...]
) -> None:
    row = {"revenue": Decimal(revenue), "current": current}
    assert one(row, policy(rules(**movement)), below=below) == expected


def test_an_upper_bound_is_eased_upwards() -> None:
    by = policy(rules(margin=Decimal(10)), tiers=tiers(below="200"))
    assert one({"revenue": Decimal("219.9999"), "current": "VIP"}, by) == ("VIP", "margin", 0)
    assert one({"revenue": Decimal(220), "current": "VIP"}, by) == ("重要", None, 1)


def test_a_bound_below_zero_is_eased_downwards() -> None:
    steps = (replace(tiers()[0], conditions=(Condition("revenue", Decimal(-100), None, PLACE),)), *tiers()[2:])
    by = policy(rules(margin=Decimal(10)), tiers=steps)
    assert one({"revenue": Decimal(-110), "current": "VIP"}, by) == ("VIP", "margin", 0)
    assert one({"revenue": Decimal("-110.0001"), "current": "VIP"}, by) == ("一般", None, 1)


def test_a_customer_without_business_falls_by_the_same_rules() -> None:
    by = policy(rules(down_after=2, most_steps=1))
    row = {"rated": False, "revenue": None, "current": "VIP"}
    assert one(row, by) == ("VIP", "count", 1)
    assert one(row, by, below=1) == ("重要", "steps", 2)


@pytest.mark.parametrize(
    ("holds", "current", "changed", "expected"),
    [
        pytest.param("both", "VIP", date(2026, 6, 1), ("VIP", "cool_down"), id="not down while it rests"),
        pytest.param("both", "潜在", date(2026, 6, 1), ("潜在", "cool_down"), id="not up either"),
        pytest.param("down", "潜在", date(2026, 6, 1), ("一般", None), id="up if only falls rest"),
        pytest.param("down", "VIP", date(2026, 6, 1), ("VIP", "cool_down"), id="falls rest"),
        pytest.param("both", "VIP", date(2026, 5, 31), ("一般", None), id="thirty days later it rests no more"),
        pytest.param("both", "VIP", None, ("一般", None), id="it never changed"),
    ],
)
def test_a_tier_that_changed_rests(
    holds: Any, current: str, changed: date | None, expected: tuple[str, str | None]
) -> None:
    by = policy(rules(cool_down=CoolDown(30, holds)))
    assert one({"revenue": Decimal(40), "current": current}, by, changed=changed)[:2] == expected


@pytest.mark.parametrize(
    ("evaluated", "as_of", "due"),
    [
        pytest.param(None, date(2026, 3, 15), True, id="the first evaluation of all"),
        pytest.param(date(2026, 6, 30), date(2026, 7, 1), True, id="on the day itself"),
        pytest.param(date(2026, 7, 1), date(2026, 7, 2), False, id="the day after"),
        pytest.param(date(2026, 6, 30), date(2026, 8, 15), True, id="the first one after the day"),
        pytest.param(date(2025, 12, 31), date(2026, 1, 31), True, id="over the turn of the year"),
        pytest.param(date(2026, 1, 1), date(2026, 6, 30), False, id="between two days"),
        pytest.param(date(2024, 6, 1), date(2026, 6, 30), True, id="after years without an evaluation"),
    ],
)
def test_review_days(evaluated: date | None, as_of: date, *, due: bool) -> None:
    by = policy(rules(review=((1, 1), (7, 1))))
    assert by.movement is not None
    assert review_due(by.movement, Past(evaluated), as_of) is due
    tier, held, _ = one({"revenue": Decimal(40), "current": "VIP"}, by, evaluated=evaluated, as_of=as_of)
    assert (tier, held) == (("一般", None) if due else ("VIP", "review"))
    # A review holds falls only.
    assert one({"revenue": Decimal(120), "current": "一般"}, by, evaluated=evaluated, as_of=as_of)[0] == "VIP"


def test_a_pin_wins_until_its_last_day() -> None:
    pin = Pin("0", "VIP", "tender", "Wang", AS_OF, PLACE)
    by = policy(rules(down_after=3), pins=(pin,))
    assert one({"revenue": Decimal(40), "current": "一般"}, by) == ("VIP", "pinned", 0)
    assert one({"revenue": Decimal(40), "current": "一般", "edited": True}, by) == ("VIP", "pinned", 0)
    later = AS_OF + timedelta(days=1)
    assert one({"revenue": Decimal(40), "current": "VIP"}, by, as_of=later) == ("VIP", "count", 1)


def test_a_tier_that_a_person_changed_stays() -> None:
    for by in (policy(rules()), policy(None)):
        assert one({"revenue": Decimal(40), "current": "VIP", "edited": True}, by) == ("VIP", "edited", 0)
        assert one({"revenue": Decimal(120), "current": None, "edited": True}, by) == (None, "edited", 0)


# --- quotas -----------------------------------------------------------------------------------------------------------


TWO = Quota(None, 2, PLACE)


def placed(by: Policy, *rows: tuple[int, str | None]) -> list[tuple[str | None, str | None]]:
    found = moved([{"revenue": Decimal(revenue), "current": current} for revenue, current in rows], by)
    return found.select(TIER, HELD).rows()


def test_the_best_by_score_get_the_places() -> None:
    by = policy(None, tiers=tiers(quota=TWO))
    assert placed(by, (300, None), (200, "VIP"), (400, "一般")) == [("VIP", None), ("重要", None), ("VIP", None)]


def test_a_quota_never_splits_a_tie() -> None:
    by = policy(None, tiers=tiers(quota=TWO))
    assert placed(by, (300, None), (200, None), (200, None)) == [("VIP", None), ("重要", None), ("重要", None)]


def test_those_who_keep_a_tier_have_their_places_first() -> None:
    by = policy(rules(down_after=2), tiers=tiers(quota=TWO))
    # The third keeps VIP though the ladder would give its place away: it is below for the first time.
    assert placed(by, (300, "一般"), (400, "一般"), (200, "VIP")) == [
        ("重要", "quota"),
        ("VIP", None),
        ("VIP", "count"),
    ]


def test_nobody_falls_because_a_higher_tier_is_full() -> None:
    by = policy(rules(down_after=2), tiers=tiers(quota=Quota(None, 1, PLACE)))
    assert placed(by, (300, "重要"), (200, "VIP")) == [("重要", "quota"), ("VIP", "count")]


def test_a_pinned_customer_takes_a_place() -> None:
    pin = Pin("0", "VIP", "tender", "Wang", AS_OF, PLACE)
    by = policy(None, tiers=tiers(quota=Quota(None, 1, PLACE)), pins=(pin,))
    assert placed(by, (10, "一般"), (300, "一般")) == [("VIP", "pinned"), ("重要", "quota")]


@settings(max_examples=80)
@given(rows=customers, by=policies(), past=pasts)
def test_a_quota_is_exceeded_by_nobody_who_comes_in(rows: list[dict[str, Any]], by: Policy, past: Past) -> None:
    found = move(recommend(score(frame(rows), by.weights, smallest_group=by.smallest_group), by), by, past, AS_OF)
    rated = int(found["rated"].sum())
    for tier in by.tiers:
        if tier.quota is None:
            continue
        most = tier.quota.customers or int(rated * tier.quota.percent / 100)  # type: ignore[operator]
        inside = found.filter(pl.col(TIER) == tier.name)
        keep = inside.filter((pl.col("current") == tier.name) | (pl.col(HELD) == "pinned"))
        assert inside.height <= max(most, keep.height)
        assert found.filter(pl.col(EARNED) == tier.name).height <= most


# --- over time --------------------------------------------------------------------------------------------------------


def history(values: Sequence[Decimal], by: Policy, start: str | None = None) -> list[str | None]:
    """The tiers of one customer over evaluations a month apart, if every recommended tier is written."""
    past, current, told = Past(), start, []
    day = date(2024, 1, 31)
    for value in values:
        found = moved([{"revenue": value, "current": current}], by, past, day)
        past = state_after(found, day)
        current = found[TIER][0]
        told.append(current)
        day += timedelta(days=30)
    return told


@settings(max_examples=30)
@given(st.lists(st.decimals("95.01", "104.99", places=2), min_size=1, max_size=12))
def test_a_customer_that_jitters_around_an_edge_does_not_flap(values: list[Decimal]) -> None:
    told = history(values, policy(rules(margin=Decimal(5))))
    # It may come in once; having come in, it stays.
    assert sum(before != after for before, after in pairwise(told)) <= 1
    jumpy = history(values, policy(rules()))
    assert told.count("VIP") >= jumpy.count("VIP")


def test_without_a_margin_it_does() -> None:
    values = [Decimal(99), Decimal(101)] * 3
    assert history(values, policy(rules())) == ["重要", "VIP"] * 3
    assert history(values, policy(rules(margin=Decimal(5)))) == ["重要", *["VIP"] * 5]


def test_only_evaluations_in_a_row_count() -> None:
    by = policy(rules(down_after=3))
    values = [Decimal(value) for value in (120, 40, 40, 120, 40, 40, 40)]
    assert history(values, by) == ["VIP"] * 6 + ["一般"]


@settings(max_examples=50)
@given(rows=customers, by=policies(), past=pasts)
def test_the_order_of_the_rows_changes_nothing(rows: list[dict[str, Any]], by: Policy, past: Past) -> None:
    def told(judged: pl.DataFrame) -> dict[str, tuple[Any, ...]]:
        found = move(recommend(score(judged, by.weights, smallest_group=by.smallest_group), by), by, past, AS_OF)
        return {code: rest for code, *rest in found.select("code", SCORE, EARNED, TIER, HELD, BELOW).iter_rows()}

    assert told(frame(rows)) == told(frame(rows).reverse())


@settings(max_examples=60)
@given(rows=customers, by=policies(), past=pasts)
def test_nobody_moves_further_than_its_steps_or_against_its_earnings(
    rows: list[dict[str, Any]], by: Policy, past: Past
) -> None:
    found = move(recommend(score(frame(rows), by.weights, smallest_group=by.smallest_group), by), by, past, AS_OF)
    for current, earned, tier, held in found.select("current", EARNED, TIER, HELD).iter_rows():
        was, got, now = by.rank(current), by.rank(earned), by.rank(tier)
        assert (held is None) == (earned == tier) or held == "pinned"
        if was is None or held == "pinned" or got is None or now is None:
            continue
        if held != "quota":
            assert min(was, got) <= now <= max(was, got)
        if by.movement is not None and by.movement.most_steps is not None and held != "quota":
            assert abs(now - was) <= by.movement.most_steps

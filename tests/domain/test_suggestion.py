"""Numbers for a policy, searched in hindsight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from u8sync.domain.look import Look
from u8sync.domain.metrics import METRICS
from u8sync.domain.model import MONEY
from u8sync.domain.numbers import Numbers, bounds_for, numbers_of, with_numbers
from u8sync.domain.policy import SCORE, Policy
from u8sync.domain.schedule import Schedule
from u8sync.domain.suggestion import Suggestion, split, suggest
from u8sync.domain.weight_search import Tried, front, knee, level, search

SLOTS = Schedule(until=date(2026, 12, 31), periods=4, every=3, horizon=3).slots


def scored(*scores: str | None, relation: Sequence[int] | None = None, rated: Sequence[bool] | None = None) -> Any:
    """Customers with these scores."""
    rows = {
        "rated": list(rated) if rated else [True] * len(scores),
        SCORE: [None if one is None else Decimal(one) for one in scores],
        "relation_length": [Decimal(years) for years in (relation or [5] * len(scores))],
    }
    return pl.DataFrame(rows, schema={"rated": pl.Boolean, SCORE: MONEY, "relation_length": MONEY})


@pytest.fixture
def policy(world: Any) -> Policy:
    made: Policy = world.ladder(
        [world.weight("revenue", 50), world.weight("recency", 50)],
        [
            world.tier("VIP", world.condition("score", "80"), world.condition("relation_length", "2")),
            world.tier("key", world.condition("score", "50")),
            world.tier("regular"),
            world.tier("prospect", without_business=True),
        ],
    )
    return made


def sizes(vip: int, key: int) -> Mapping[str, Fraction]:
    return {"VIP": Fraction(vip, 100), "key": Fraction(key, 100)}


def test_the_numbers_of_a_policy_go_out_and_in_again(policy: Policy) -> None:
    numbers = numbers_of(policy)
    assert numbers == Numbers({"revenue": 50, "recency": 50}, {"VIP": Decimal(80), "key": Decimal(50)})
    assert with_numbers(policy, numbers) == policy
    other = with_numbers(policy, Numbers({"revenue": 10, "order_frequency": 90}, {"key": Decimal("33.3")}))
    assert [(weight.metric, weight.percent) for weight in other.weights] == [("revenue", 10), ("order_frequency", 90)]
    assert numbers_of(other).bounds == {"VIP": Decimal(80), "key": Decimal("33.3")}
    assert other.tiers[0].conditions[1] == policy.tiers[0].conditions[1]  # what is no free number stays


def test_bounds_are_the_lowest_that_keep_the_tiers_in_size(policy: Policy) -> None:
    ten = scored("95", "90", "85", "80", "70", "60", "50", "40", "30", "20")
    # At most 2 VIP and 3 key: the third best has 85, the sixth 60.
    assert bounds_for([ten], policy, sizes(20, 30)) == {"VIP": Decimal("85.1"), "key": Decimal("60.1")}


def test_a_tie_stays_outside_together_where_it_does_not_fit(policy: Policy) -> None:
    tied = scored("95", "90", "90", "90", "10", "10", "10", "10", "10", "10")
    assert bounds_for([tied], policy, sizes(20, 20)) == {"VIP": Decimal("90.1"), "key": Decimal("10.1")}


def test_a_higher_tier_always_asks_for_more(policy: Policy) -> None:
    # Nobody but the last has been there for two years: any bound would keep VIP in size.
    young = scored("90", "80", "70", "60", relation=[0, 0, 0, 9])
    assert bounds_for([young], policy, sizes(50, 25)) == {"VIP": Decimal("60.2"), "key": Decimal("60.1")}


def test_a_tier_that_nobody_could_reach_keeps_its_bound(policy: Policy) -> None:
    young = scored("90", "70", "50", "30", relation=[0, 0, 0, 0])
    assert bounds_for([young], policy, sizes(0, 25)) == {"VIP": Decimal(80), "key": Decimal("70.1")}


def test_customers_that_are_not_rated_or_have_no_score_take_no_place(policy: Policy) -> None:
    frame = scored("99", None, "80", "60", rated=[False, True, True, True])
    assert bounds_for([frame], policy, sizes(0, 34))["key"] == Decimal("60.1")


@given(
    values=st.lists(st.integers(0, 1_000_000), min_size=1, max_size=30),
    vip=st.integers(0, 50),
    key=st.integers(0, 50),
    years=st.randoms(use_true_random=False),
)
@settings(max_examples=100, deadline=None)
def test_no_tier_outgrows_its_size_whatever_the_scores(
    world: Any, values: list[int], vip: int, key: int, years: Any
) -> None:
    policy = world.ladder(
        [world.weight("revenue", 100)],
        [
            world.tier("VIP", world.condition("score", "80"), world.condition("relation_length", "2")),
            world.tier("key", world.condition("score", "50")),
            world.tier("regular"),
            world.tier("prospect", without_business=True),
        ],
    )
    frame = scored(*(str(Decimal(v) / 10_000) for v in values), relation=[years.randint(0, 4) for _ in values])
    found = bounds_for([frame], policy, sizes(vip, key))
    assert Decimal(100) >= found["VIP"] > found["key"] >= 0
    below_the_ceiling = frame.filter(pl.col(SCORE) < Decimal("99.8"))
    top = below_the_ceiling.filter((pl.col(SCORE) >= found["VIP"]) & (pl.col("relation_length") >= 2)).height
    both = below_the_ceiling.filter(pl.col(SCORE) >= found["key"]).height
    assert top <= vip * len(values) // 100
    assert both <= (vip + key) * len(values) // 100


# --- the search -------------------------------------------------------------------------------------------------------


def tried(aim: str, churn: str | None, *weights: int) -> Tried:
    numbers = Numbers(dict(zip(("revenue", "recency", "order_frequency"), weights, strict=False)), {})
    return Tried(numbers, Decimal(aim), None if churn is None else Decimal(churn))


BEST, WORSE, CALM = tried("0.5", "0.3", 70, 30), tried("0.4", "0.3", 60, 40), tried("0.3", "0.1", 50, 50)
MIDDLE = tried("0.45", "0.15", 65, 35)


def test_the_front_is_what_nothing_else_beats_in_both() -> None:
    assert front([CALM, WORSE, BEST, MIDDLE]) == [BEST, MIDDLE, CALM]


def test_the_knee_bends_farthest_from_the_straight_line() -> None:
    # From (0.5, 0.3) to (0.3, 0.1): the middle one gives up a quarter of the catch for three quarters of the churn.
    assert knee([BEST, MIDDLE, CALM]) is MIDDLE
    assert knee([BEST]) is BEST


def test_of_what_catches_as_much_as_the_best_the_most_even_weights_come_first() -> None:
    steep, even, outside = tried("0.5005", None, 90, 10), tried("0.4996", None, 60, 40), tried("0.4994", None, 50, 50)
    assert level([steep, outside, even]) == [even, steep]


def paraboloid(best: tuple[int, ...]) -> Any:
    def trial(weights: tuple[int, ...]) -> Tried:
        away = sum((one - other) ** 2 for one, other in zip(weights, best, strict=True))
        return tried(str(Decimal(1) - Decimal(away) / 10_000), None, *weights)

    return trial


@pytest.mark.parametrize("best", [(70, 25, 5), (5, 5, 90), (34, 33, 33)])
def test_the_search_finds_the_top_of_a_hill(best: tuple[int, ...]) -> None:
    found = search(paraboloid(best), starts=[], count=3, trials=200, seed=7, tried=lambda: None)
    top = front(found)[0].numbers.weights.values()
    assert max(abs(one - other) for one, other in zip(top, best, strict=True)) <= 2
    assert len(found) == len({tuple(one.numbers.weights.values()) for one in found}) == 200


@given(count=st.integers(1, 6), seed=st.integers(), trials=st.integers(1, 40))
@settings(deadline=None)
def test_weights_are_whole_percents_of_at_least_one_that_add_up(count: int, seed: int, trials: int) -> None:
    seen: list[tuple[int, ...]] = []

    def trial(weights: tuple[int, ...]) -> Tried:
        seen.append(weights)
        return tried("0.5", None)

    search(trial, starts=[], count=count, trials=trials, seed=seed, tried=lambda: None)
    assert len(seen) <= trials
    assert all(sum(weights) == 100 and min(weights) >= 1 and len(weights) == count for weights in seen)


def test_the_same_seed_gives_the_same_trials_and_another_one_others() -> None:
    first, again, other = (
        search(paraboloid((50, 30, 20)), starts=[], count=3, trials=30, seed=seed, tried=lambda: None)
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


# --- the whole --------------------------------------------------------------------------------------------------------


def looks(days: int = 4, *, recent_matters: bool = True) -> list[Look]:
    """Evaluations of ten customers; what they buy next follows recency alone, or revenue alone."""
    made = []
    for slot in SLOTS[:days]:
        rows = {
            "code": [f"{at:02}" for at in range(10)],
            "eligible": [True] * 10,
            "rated": [True] * 10,
            "documents": [1] * 10,
            **{name: [None] * 10 for name in METRICS},
            "revenue": [Decimal(at * 10) for at in range(10)],
            "recency": [Decimal(at * 3 % 10) for at in range(10)],
            "next_revenue": [Decimal(1000 - 100 * (at * 3 % 10) if recent_matters else 100 * at) for at in range(10)],
        }
        schema = {"code": pl.String, "eligible": pl.Boolean, "rated": pl.Boolean, "documents": pl.Int64}
        schema |= dict.fromkeys((*METRICS, "next_revenue"), MONEY)
        made.append(Look(slot, pl.DataFrame(rows, schema=schema), 0, Decimal(0)))
    return made


def found(policy: Policy, past: Sequence[Look], held_out: int = 1, seed: int = 0, **more: Any) -> Suggestion:
    wanted = {"metrics": ["revenue", "recency"], "sizes": {}, "trials": 30} | more
    return suggest(past, policy, held_out=held_out, seed=seed, **wanted)


def test_weight_goes_to_the_metric_that_tells_what_customers_buy_next(policy: Policy) -> None:
    lately = found(policy, looks()).choice("catch").numbers.weights
    much = found(policy, looks(recent_matters=False)).choice("catch").numbers.weights
    assert lately["recency"] > 50 > much["recency"]


def test_the_last_evaluations_take_no_part_in_the_search(policy: Policy) -> None:
    past = looks()
    answer = found(policy, past)
    assert answer.searched == tuple(slot.as_of for slot in SLOTS[:3])
    assert answer.held_out == (SLOTS[3].as_of,)
    # Whatever happens in them, the same numbers are found; only what they were worth there differs.
    other = [*past[:3], *looks(recent_matters=False)[3:]]
    turned = found(policy, other)
    assert [choice.numbers for choice in turned.choices] == [choice.numbers for choice in answer.choices]
    assert [choice.searched for choice in turned.choices] == [choice.searched for choice in answer.choices]
    assert turned.choice("catch").held_out != answer.choice("catch").held_out


def test_an_outcome_that_reaches_into_the_held_out_days_is_purged() -> None:
    slots = Schedule(until=date(2026, 12, 31), periods=4, every=3, horizon=6).slots
    past = [replace(look, slot=slot) for look, slot in zip(looks(), slots, strict=True)]
    searched, purged, held = split(past, 1)
    assert [len(part) for part in (searched, purged, held)] == [2, 1, 1]
    assert all(look.slot.outcome.as_of <= held[0].slot.as_of for look in searched)


def test_the_same_seed_gives_the_same_suggestion(policy: Policy) -> None:
    assert found(policy, looks(), seed=5) == found(policy, looks(), seed=5)


def test_with_one_evaluation_churn_is_not_known_and_nothing_need_be_held_out(policy: Policy) -> None:
    answer = found(policy, looks(1), held_out=0)
    assert answer.choice("catch").searched.churn is None
    assert answer.choice("catch").held_out is None
    assert len({str(choice.numbers) for choice in answer.choices[1:]}) == 1


def test_tiers_stay_as_large_as_they_are_unless_sizes_are_given(policy: Policy) -> None:
    bare = replace(
        policy, tiers=(replace(policy.tiers[0], conditions=policy.tiers[0].conditions[:1]), *policy.tiers[1:])
    )
    as_is = found(bare, looks())
    present = as_is.choice("present").searched.sizes
    for choice in as_is.choices[1:]:
        assert choice.searched.sizes["VIP"] <= present["VIP"]  # type: ignore[operator]
    small = found(bare, looks(), sizes={"VIP": Fraction(10, 100), "key": Fraction(20, 100)})
    assert small.choice("catch").searched.sizes == {
        "VIP": Decimal("0.100000"), "key": Decimal("0.200000"), "regular": Decimal("0.700000"),
    }  # fmt: skip

"""The ladder of tiers: bounds, unknown values, and who gets no tier."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from u8sync.domain.policy import SCORE
from u8sync.domain.tiers import TIER, meets, recommend


def recommended(world: Any, policy: Any, *rows: dict[str, Any]) -> list[str | None]:
    """The tier of each row of scores and metrics."""
    return recommend(world.measured(rows), policy)[TIER].to_list()


@pytest.mark.parametrize(
    ("at_least", "below", "value", "met"),
    [
        pytest.param("80", None, "80", True, id="exactly at the lower bound"),
        pytest.param("80", None, "79.9999", False, id="a ten-thousandth under it"),
        pytest.param("80", None, "100", True, id="above it"),
        pytest.param(None, "80", "80", False, id="exactly at the upper bound"),
        pytest.param(None, "80", "79.9999", True, id="a ten-thousandth under the upper bound"),
        pytest.param("50", "80", "50", True, id="at the lower end of a range"),
        pytest.param("50", "80", "80", False, id="at the upper end of a range"),
        pytest.param("50", "50", "50", False, id="an empty range"),
        pytest.param("-10", "0", "-10", True, id="negative, at the lower bound"),
        pytest.param("-10", "0", "0", False, id="negative range, zero"),
        pytest.param("33.33335", None, "33.3333", False, id="a bound with more decimals than the value"),
        pytest.param("33.33335", None, "33.3334", True, id="and the next value above it"),
        pytest.param(None, None, "-1", True, id="no bound"),
        pytest.param("0", None, None, False, id="unknown meets no lower bound"),
        pytest.param(None, "80", None, False, id="unknown meets no upper bound"),
        pytest.param(None, None, None, False, id="unknown meets not even a condition without bounds"),
    ],
)
@pytest.mark.parametrize("subject", [SCORE, "revenue", "recency"])
def test_a_condition_is_half_open_and_unknown_meets_none(
    world: Any, subject: str, at_least: str | None, below: str | None, value: str | None, *, met: bool
) -> None:
    condition = world.condition(subject, at_least, below)
    assert world.measured([{subject: value}]).select(meets(condition).alias("met"))["met"].to_list() == [met]


def ladder(world: Any) -> Any:
    """Five steps, with conditions on the score, on metrics, and on both."""
    return world.ladder(
        [world.weight("revenue", 100)],
        [
            world.tier("partner", world.condition(SCORE, "90"), world.condition("relation_length", "5")),
            world.tier("VIP", world.condition(SCORE, "80"), world.condition("recency", None, "180")),
            world.tier("key", world.condition(SCORE, "50", "95")),
            world.tier("regular"),
            world.tier("prospect", without_business=True),
        ],
    )


@pytest.mark.parametrize(
    ("name", "row", "expected"),
    [
        ("Anchor", {SCORE: 95, "relation_length": 8, "recency": 3}, "partner"),
        ("Bridge", {SCORE: 90, "relation_length": 5, "recency": 400}, "partner"),
        ("Candle", {SCORE: 95, "relation_length": "4.99", "recency": 3}, "VIP"),
        ("Drum", {SCORE: 95, "relation_length": None, "recency": 179}, "VIP"),
        ("Ember", {SCORE: 85, "relation_length": 9, "recency": 180}, "key"),
        ("Fern", {SCORE: 95, "relation_length": 1, "recency": None}, "regular"),
        ("Garnet", {SCORE: 50, "recency": 3}, "key"),
        ("Harbour", {SCORE: "49.9999", "recency": 0}, "regular"),
        ("Iris", {SCORE: None, "recency": 0}, "regular"),
        ("Juniper", {"rated": False}, "prospect"),
    ],
)
def test_ten_customers_on_a_ladder(world: Any, name: str, row: dict[str, Any], expected: str) -> None:
    assert recommended(world, ladder(world), {"code": name, **row}) == [expected]


def test_the_highest_tier_wins_where_several_fit(world: Any) -> None:
    steps = [world.tier(name, world.condition("revenue", "10")) for name in ("first", "second")]
    policy = world.ladder([], [*steps, world.tier("rest"), world.tier("none", without_business=True)])
    assert recommended(world, policy, {"revenue": 10}, {"revenue": 9}) == ["first", "rest"]


def test_only_eligible_customers_get_a_tier(world: Any) -> None:
    rows = [{SCORE: 99, "eligible": False}, {"rated": False, "eligible": False}, {"rated": False, "eligible": True}]
    assert recommended(world, ladder(world), *rows) == [None, None, "prospect"]


def test_a_policy_ranks_its_tiers_from_the_bottom(world: Any) -> None:
    policy = ladder(world)
    assert policy.top.name == "partner"
    names = ("partner", "VIP", "key", "regular", "prospect", "stranger", None)
    assert [policy.rank(name) for name in names] == [4, 3, 2, 1, 0, None, None]


SCORES = st.none() | st.decimals(0, 100, places=4) | st.sampled_from([Decimal(n) for n in (0, 50, 80, 90, 95, 100)])


@given(total=SCORES, recency=st.none() | st.integers(0, 400), length=st.none() | st.integers(0, 9))
def test_every_customer_with_business_gets_exactly_the_first_tier_that_it_meets(
    world: Any, total: Decimal | None, recency: int | None, length: int | None
) -> None:
    values = {SCORE: total, "recency": recency, "relation_length": length}
    policy = ladder(world)

    def met(condition: Any) -> bool:
        value = values[condition.subject]
        if value is None:
            return False
        return (condition.at_least is None or condition.at_least <= value) and (
            condition.below is None or value < condition.below
        )

    expected = next(tier.name for tier in policy.tiers if not tier.without_business and all(map(met, tier.conditions)))
    assert recommended(world, policy, values) == [expected]

"""The laws of tiers, over every method, group, quota and rule of movement that a policy may have."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from policies import ADDITIVE, AS_OF, CUSTOMER, GROUP, NAMES, PLACE, TIERS, customers, frame, pasts, policies

from u8sync.domain.metrics import DOCUMENTS, METRICS
from u8sync.domain.movement import Past, move
from u8sync.domain.policy import SCORE, Band, Condition, Policy, Tier, Weight
from u8sync.domain.scoring import points_of, score, shrunk_of
from u8sync.domain.tiers import EARNED, TIER, recommend
from u8sync.domain.windows import WindowRule

Rows = list[dict[str, Any]]


def judged(rows: Rows, policy: Policy, past: Past | None = None) -> pl.DataFrame:
    """The customers with score, earned and recommended tier."""
    scored = score(frame(rows), policy.weights, smallest_group=policy.smallest_group)
    return move(recommend(scored, policy), policy, past or Past(), AS_OF)


@settings(max_examples=120)
@given(
    rows=customers,
    policy=policies(shrinks=False, upper_bounds=False),
    past=pasts,
    change=st.tuples(st.integers(0, 7), st.sampled_from(NAMES), st.integers(1, 12)),
)
def test_more_of_what_is_good_never_lowers_a_tier(
    rows: Rows, policy: Policy, past: Past, change: tuple[int, str, int]
) -> None:
    who, metric, more = change
    assume(who < len(rows) and rows[who]["rated"] and rows[who][metric] is not None)
    better = rows[who][metric] + (more if METRICS[metric].higher_is_better else -more)
    lifted = [*rows[:who], {**rows[who], metric: better}, *rows[who + 1 :]]
    before, after = (judged(each, policy, past).row(who, named=True) for each in (rows, lifted))
    for column in (EARNED, TIER):
        was, now = policy.rank(before[column]), policy.rank(after[column])
        assert now is not None or was is None
        assert was is None or now is None or now >= was
    assert (after[SCORE] or 0) >= (before[SCORE] or 0)


@settings(max_examples=60)
@given(rows=customers, weights=policies(methods=("rank",), moves=False), who=st.integers(0, 7), more=st.integers(1, 9))
def test_a_shrunk_value_still_rises_with_the_customers_own(rows: Rows, weights: Policy, who: int, more: int) -> None:
    assume(who < len(rows) and rows[who]["rated"] and rows[who]["revenue"] is not None)
    weight = Weight("revenue", 100, "zero", PLACE, shrink=3)
    lifted = [*rows[:who], {**rows[who], "revenue": rows[who]["revenue"] + more}, *rows[who + 1 :]]
    before, after = (score(frame(each), [weight])[points_of("revenue")][who] for each in (rows, lifted))
    assert after >= before


@settings(max_examples=60)
@given(rows=customers, policy=policies(), past=pasts, extra=CUSTOMER)
def test_a_customer_without_business_changes_nobody_elses_tier(
    rows: Rows, policy: Policy, past: Past, extra: dict[str, Any]
) -> None:
    # It holds no tier and no pin: a place that it took by hand would be one less for others.
    newcomer = {**extra, "rated": False, "current": None}
    policy = replace(policy, pins=())
    told = [
        judged(each, policy, past).select(EARNED, TIER, SCORE).rows()[: len(rows)] for each in (rows, [*rows, newcomer])
    ]
    assert told[0] == told[1]


@settings(max_examples=60)
@given(rows=customers, policy=policies(), twin=st.integers(0, 7))
def test_customers_that_are_alike_are_treated_alike(rows: Rows, policy: Policy, twin: int) -> None:
    assume(twin < len(rows))
    policy = replace(policy, pins=())
    found = judged([*rows, dict(rows[twin])], policy)
    assert found.select(EARNED, TIER, SCORE).row(twin) == found.select(EARNED, TIER, SCORE).row(len(rows))


@settings(max_examples=60)
@given(
    rows=customers,
    policy=policies(methods=("rank", "percent_of_customers", "cumulative_share")),
    factor=st.sampled_from([2, 7, 1000]),
)
def test_the_scale_of_the_currency_changes_nothing_where_the_policy_is_relative(
    rows: Rows, policy: Policy, factor: int
) -> None:
    def relative(tier: Tier) -> Tier:
        kept = (
            condition if condition.subject == SCORE else replace(condition, at_least=None, below=None)
            for condition in tier.conditions
        )
        return replace(tier, conditions=tuple(each for each in kept if each.subject == SCORE or each.ranked))

    policy = replace(
        policy,
        tiers=tuple(relative(tier) for tier in policy.tiers),
        weights=tuple(replace(weight, shrink=None) for weight in policy.weights),
    )
    scaled = [{**row, **{name: row[name] and row[name] * factor for name in ADDITIVE}} for row in rows]
    same = [judged(each, policy).select(EARNED, TIER, SCORE).rows() for each in (rows, scaled)]
    assert same[0] == same[1]


@settings(max_examples=60)
@given(rows=customers, policy=policies(), past=pasts)
def test_every_customer_gets_exactly_one_tier_of_the_ladder(rows: Rows, policy: Policy, past: Past) -> None:
    found = judged(rows, policy, past)
    assert set(found[EARNED]) <= set(TIERS)
    # A tier that a person gave and the ladder does not know could stay; nobody edits here.
    assert set(found[TIER]) <= set(TIERS)
    unrated = found.filter(~pl.col("rated"))
    assert set(unrated[EARNED]) <= {"潜在"}


# --- the traps that other engines fell into ---------------------------------------------------------------------------


def one_metric(metric: str, *bands: tuple[int, int | None, int | None]) -> Policy:
    """A policy of thresholds: points, lower and upper bound."""
    made = tuple(
        Band(Decimal(points), *(None if bound is None else Decimal(bound) for bound in bounds), None, PLACE)
        for points, *bounds in bands
    )
    weight = Weight(metric, 100, "zero", PLACE, "threshold", made)
    tiers = (Tier("一般", (), False, "", PLACE), Tier("潜在", (), True, "", PLACE))
    return Policy(WindowRule(months=12), (weight,), tiers, frozenset(), "p" * 64)


def points(policy: Policy, metric: str, *values: str | None) -> list[int | None]:
    rows = [{"rated": True, metric: None if value is None else Decimal(value)} for value in values]
    found = score(frame(rows), policy.weights)[points_of(metric)].to_list()
    return [None if value is None else int(value) for value in found]


def test_zero_is_a_bound_like_any_other_and_no_value_falls_between_two_bands() -> None:
    # A band "from 0" that means "no lower bound" catches losses; bands 0..2 and 3..5 leave 2.5 out.
    policy = one_metric("gross_profit", (100, 3, None), (50, 0, 3), (0, None, 0))
    assert points(policy, "gross_profit", "-0.0001", "0", "2.5", "2.9999", "3", None) == [0, 50, 50, 50, 100, None]


def test_a_metric_of_few_values_is_ranked_without_an_error_and_ties_stay_together() -> None:
    # Most customers order once or twice: quantile bins of such a metric swallow most customers or cannot be made.
    counts = ["1"] * 6 + ["2"] * 3 + ["9"]
    rows = [{"rated": True, "order_frequency": Decimal(count)} for count in counts]
    bands = tuple(
        Band(Decimal(earned), None, None, None if top is None else Decimal(top), PLACE)
        for earned, top in ((5, 20), (4, 40), (3, 60), (2, 80), (1, None))
    )
    quintiles = Weight("order_frequency", 100, "zero", PLACE, "percent_of_customers", bands)
    found = score(frame(rows), [quintiles])[points_of("order_frequency")].to_list()
    # Nine orders: the best of ten. Two: the fourth place, and 40 %. One: all ten together, so all others.
    assert [int(value) for value in found] == [1] * 6 + [4] * 3 + [5]
    ranked = score(frame(rows), [Weight("order_frequency", 100, "zero", PLACE)])[points_of("order_frequency")].to_list()
    assert [str(value) for value in ranked] == ["27.7777"] * 6 + ["77.7777"] * 3 + ["100.0000"]


def test_a_first_purchase_gets_the_lowest_tier_of_business_not_the_second() -> None:
    policy = one_metric("revenue", (100, 1000, None), (50, 100, 1000), (0, None, 100))
    ladder = (
        Tier("gold", (Condition(SCORE, Decimal(100), None, PLACE),), False, "", PLACE),
        Tier("silver", (Condition(SCORE, Decimal(50), None, PLACE),), False, "", PLACE),
        Tier("bronze", (), False, "", PLACE),
        Tier("none", (), True, "", PLACE),
    )
    rows: Rows = [{"rated": True, "revenue": Decimal(1)}]
    assert judged(rows, replace(policy, tiers=ladder))[TIER].to_list() == ["bronze"]


# --- odd populations: each has a defined result -----------------------------------------------------------------------


def bands(*parts: tuple[int, int | None]) -> tuple[Band, ...]:
    tops = [None if top is None else Decimal(top) for _, top in parts]
    return tuple(Band(Decimal(earned), None, None, top, PLACE) for (earned, _), top in zip(parts, tops, strict=True))


METHODS = {
    "rank": Weight("revenue", 100, "zero", PLACE),
    "percent": Weight("revenue", 100, "zero", PLACE, "percent_of_customers", bands((100, 20), (10, None))),
    "share": Weight("revenue", 100, "zero", PLACE, "cumulative_share", bands((100, 80), (10, None))),
}


@pytest.mark.parametrize(
    ("revenues", "expected"),
    [
        pytest.param(["5"], {"rank": [50], "percent": [10], "share": [100]}, id="one customer only"),
        pytest.param(["7"] * 5, {"rank": [50] * 5, "percent": [10] * 5, "share": [100] * 5}, id="all equal"),
        pytest.param(["0", "0"], {"rank": [50] * 2, "percent": [10] * 2, "share": [10] * 2}, id="all zero"),
        pytest.param(["-5", "-9"], {"rank": [100, 0], "percent": [10, 10], "share": [10, 10]}, id="returns only"),
        pytest.param([None, None], {"rank": [None] * 2, "percent": [None] * 2, "share": [None] * 2}, id="all unknown"),
        pytest.param(
            ["90", "10", "-50", "0", None],
            {"rank": [100, 66, 0, 33, None], "percent": [10, 10, 10, 10, None], "share": [100, 10, 10, 10, None]},
            id="a loss takes nothing from the sum",
        ),
        pytest.param([], {"rank": [], "percent": [], "share": []}, id="no customer at all"),
    ],
)
def test_odd_populations_have_defined_points(revenues: list[str | None], expected: dict[str, list[int | None]]) -> None:
    rows = [{"rated": True, "revenue": None if value is None else Decimal(value)} for value in revenues]
    for name, weight in METHODS.items():
        found = score(frame(rows), [weight])[points_of("revenue")].to_list()
        assert [None if value is None else int(value) for value in found] == expected[name], name


def test_groups_that_are_too_small_and_customers_without_one_are_compared_with_everybody() -> None:
    rows = [
        {"rated": True, "revenue": Decimal(revenue), GROUP: group}
        for revenue, group in ((1, "east"), (2, "east"), (3, "east"), (4, "west"), (5, None))
    ]
    weight = Weight("revenue", 100, "zero", PLACE, within=GROUP)
    alone = score(frame(rows), [weight])[points_of("revenue")].to_list()
    # west is one customer, in the middle of itself; the last one beats all four others.
    assert [int(value) for value in alone] == [0, 50, 100, 50, 100]
    small = score(frame(rows), [weight], smallest_group=2)[points_of("revenue")].to_list()
    assert [int(value) for value in small] == [0, 50, 100, 75, 100]


def test_few_documents_are_drawn_to_the_mean_of_the_group() -> None:
    # The mean is weighted by documents: (1 * 90 + 9 * 10) / 10 = 18. With k = 4: (90 + 72) / 5 and (90 + 72) / 13.
    rows = [
        {"rated": True, "gross_margin": Decimal(90), DOCUMENTS: 1},
        {"rated": True, "gross_margin": Decimal(10), DOCUMENTS: 9},
        {"rated": True, "gross_margin": Decimal(50), DOCUMENTS: 0},
    ]
    weight = Weight("gross_margin", 100, "zero", PLACE, shrink=4)
    found = score(frame(rows), [weight])
    assert [str(value) for value in found[shrunk_of("gross_margin")]] == ["32.4000", "12.4615", "18.0000"]


def test_where_nobody_has_a_document_each_customer_counts_alike_in_the_mean() -> None:
    rows = [{"rated": True, "gross_margin": Decimal(value), DOCUMENTS: 0} for value in (10, 20)]
    weight = Weight("gross_margin", 100, "zero", PLACE, shrink=4)
    assert score(frame(rows), [weight])[shrunk_of("gross_margin")].to_list() == [Decimal(15), Decimal(15)]

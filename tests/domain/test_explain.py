"""Why a customer has its tier, and what would lift it: by hand, and by actually lifting it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from u8sync.domain.explain import Explanation, Lift, MetricLine, explain
from u8sync.domain.metrics import METRICS
from u8sync.domain.policy import SCORE


def explained(world: Any, code: str, customers: Any = None, **options: Any) -> Explanation:
    """The explanation of one of the six customers, or of the given ones."""
    decision = world.decide(world.six if customers is None else customers, **options)
    explanation = explain(decision.customers, code, options.get("policy") or world.policy)
    assert explanation is not None
    return explanation


def tried(explanation: Explanation) -> list[tuple[str, Decimal | None, bool]]:
    return [(test.condition.subject, test.value, test.met) for test in explanation.tests]


def test_the_customer_in_the_middle(world: Any) -> None:
    beacon = explained(world, "002")
    assert (beacon.name, beacon.cause, beacon.rated, beacon.current) == ("Beacon", None, True, "key")
    assert beacon.tier == world.policy.tiers[1]
    assert beacon.next_tier == world.policy.top
    assert beacon.score == 50
    assert tried(beacon) == [(SCORE, Decimal(50), True)]
    assert [(test.condition.at_least, test.met) for test in beacon.next_tests] == [(Decimal(80), False)]
    half, none = Decimal(50), None
    assert beacon.metrics == (
        MetricLine("revenue", Decimal(500), 50, half, Decimal(25), rank=2, of=3, method="rank"),
        MetricLine("order_frequency", Decimal(5), 30, half, Decimal(15), rank=2, of=3, method="rank"),
        MetricLine("recency", Decimal(30), 20, half, Decimal(10), rank=2, of=3, method="rank"),
        MetricLine("gross_profit", None, none, none, none, rank=None, of=0),
        MetricLine("gross_margin", None, none, none, none, rank=None, of=0),
        MetricLine("order_count", Decimal(5), none, none, none, rank=2, of=3),
        MetricLine("relation_length", None, none, none, none, rank=None, of=0),
    )


def test_what_would_lift_the_customer_in_the_middle(world: Any) -> None:
    # 30 points of score are missing. Level with Aurora in revenue is 75 points, 12.5 more; past her 100, 25 more.
    assert explained(world, "002").lifts == ()
    # With a lower bar of 70: revenue past Aurora's gives 75; orders past hers give 65, recency cannot be better than 0.
    top = world.tier("VIP", world.condition(SCORE, "70"))
    policy = replace(world.policy, tiers=(top, *world.policy.tiers[1:]))
    assert explained(world, "002", policy=policy).lifts == (Lift("revenue", Decimal(500), Decimal(900), beyond=True),)
    # With a bar of 60: level in revenue gives 62.5; orders past hers 65; recency level 55.
    lower = replace(policy, tiers=(world.tier("VIP", world.condition(SCORE, "60")), *world.policy.tiers[1:]))
    assert explained(world, "002", policy=lower).lifts == (
        Lift("revenue", Decimal(500), Decimal(900), beyond=False),
        Lift("order_frequency", Decimal(5), Decimal(9), beyond=True),
    )


def test_the_lowest_customer_may_be_lifted_by_revenue_alone(world: Any) -> None:
    cedar = explained(world, "003")
    assert (cedar.tier, cedar.next_tier) == (world.policy.tiers[2], world.policy.tiers[1])
    assert cedar.tests == ()
    assert [test.met for test in cedar.next_tests] == [False]
    # 50 points of score: all of revenue's weight, so that Cedar must be first.
    assert cedar.lifts == (Lift("revenue", Decimal(100), Decimal(900), beyond=True),)


def test_the_highest_customer_has_no_tier_above(world: Any) -> None:
    aurora = explained(world, "001")
    assert (aurora.tier, aurora.next_tier, aurora.next_tests, aurora.lifts) == (world.policy.top, None, (), ())
    assert [line.rank for line in aurora.metrics] == [1, 1, 1, None, None, 1, None]


def test_what_nobody_asked_for_is_left_out(world: Any) -> None:
    asked = [replace(each, receipts=1, active_months=1) for each in world.six]
    names = {line.metric for line in explained(world, "001", asked).metrics}
    assert {"receipts", "active_months"} <= names
    assert not names & {"growth", "overdue_share"}
    assert not {line.metric for line in explained(world, "001").metrics} & {"receipts", "active_months"}


def test_a_customer_without_business(world: Any) -> None:
    dune = explained(world, "004")
    assert (dune.rated, dune.score, dune.lifts) == (False, None, ())
    assert dune.tier == world.policy.tiers[-1]
    assert dune.tests == ()
    assert dune.next_tier == world.policy.tiers[2]
    assert dune.next_tests == ()
    assert all(line.rank is None and line.points is None and line.contribution is None for line in dune.metrics)
    assert [line.of for line in dune.metrics] == [3, 3, 3, 0, 0, 3, 0]


@pytest.mark.parametrize(("code", "cause"), [("005", "disabled"), ("007", "set_aside")])
def test_a_customer_that_gets_no_tier_says_why(world: Any, code: str, cause: str) -> None:
    left_out = explained(world, code)
    assert (left_out.cause, left_out.rated, left_out.tier, left_out.next_tier) == (cause, False, None, None)
    assert (left_out.tests, left_out.next_tests, left_out.lifts, left_out.score) == ((), (), (), None)
    assert left_out.metrics[0].value == {"005": Decimal(9000), "007": Decimal(8000)}[code]


def test_a_protected_customer_is_explained_as_if_it_were_changed(world: Any) -> None:
    protected = explained(world, "002", protected={"002"})
    free = explained(world, "002")
    assert protected.cause == "protected"
    assert replace(protected, cause=None) == free


@pytest.mark.parametrize("code", ["999", "", "1", "01", "001 "])
def test_an_unknown_customer_has_no_explanation(world: Any, code: str) -> None:
    assert explain(world.decide(world.six).customers, code, world.policy) is None


def test_a_mapping_without_names_explains_without_a_name(world: Any) -> None:
    mapping = replace(world.mapping, fields=tuple(each for each in world.mapping.fields if each.name != "name"))
    assert explained(world, "001", mapping=mapping).name is None


def test_level_customers_share_the_better_rank(world: Any) -> None:
    level = [replace(world.aurora, code=code) for code in ("a", "b")]
    third = replace(world.cedar, code="c")
    ranks = [explained(world, code, [*level, third]).metrics[0].rank for code in "abc"]
    assert ranks == [1, 1, 3]


def test_a_negative_profit_is_the_last_and_an_unknown_one_has_no_rank(world: Any) -> None:
    loss = replace(world.aurora, code="a", revenue_posted=10, cost=90)
    gain = replace(world.beacon, code="b", revenue_posted=10, cost=9)
    unknown = replace(world.cedar, code="c")
    policy = replace(world.policy, weights=(world.weight("gross_profit", 100),))
    lines = [explained(world, code, [loss, gain, unknown], policy=policy).metrics[0] for code in "abc"]
    assert [(line.value, line.rank, line.of) for line in lines] == [
        (Decimal(-80), 2, 2), (Decimal(1), 1, 2), (None, None, 2)
    ]  # fmt: skip


def ladder(world: Any, *conditions: Any, weights: Any = None) -> Any:
    """A ladder whose top has these conditions, and which has one more step."""
    steps = [world.tier("VIP", *conditions), world.tier("regular"), world.tier("prospect", without_business=True)]
    return world.ladder(weights or [world.weight("revenue", 100)], steps)


def test_nothing_lifts_where_the_score_is_not_what_is_missing(world: Any) -> None:
    policy = ladder(world, world.condition(SCORE, "40"), world.condition("recency", None, "10"))
    beacon = explained(world, "002", policy=policy)
    assert [(test.condition.subject, test.met) for test in beacon.next_tests] == [(SCORE, True), ("recency", False)]
    assert beacon.lifts == ()


def test_nothing_lifts_a_score_that_is_too_high(world: Any) -> None:
    aurora = explained(world, "001", policy=ladder(world, world.condition(SCORE, "40", "60")))
    assert (aurora.score, aurora.next_tier is None) == (Decimal(100), False)
    assert [test.met for test in aurora.next_tests] == [False]
    assert aurora.lifts == ()


def test_any_known_value_lifts_a_customer_of_whom_nothing_is_known(world: Any) -> None:
    weights = [world.weight("gross_profit", 100)]
    known = replace(world.aurora, revenue_posted=10, cost=4)
    beacon = explained(
        world, "002", [known, world.beacon], policy=ladder(world, world.condition(SCORE, "0"), weights=weights)
    )
    assert beacon.score is None
    assert [(test.value, test.met) for test in beacon.next_tests] == [(None, False)]
    assert beacon.lifts == (Lift("gross_profit", None, Decimal(6), beyond=False),)


def test_a_customer_level_with_the_best_is_lifted_past_them(world: Any) -> None:
    level = [replace(world.aurora, code=code) for code in ("a", "b", "c")]
    lifted = explained(world, "a", level, policy=ladder(world, world.condition(SCORE, "100")))
    assert lifted.lifts == (Lift("revenue", Decimal(900), Decimal(900), beyond=True),)


def test_nothing_lifts_a_customer_that_is_alone(world: Any) -> None:
    alone = explained(world, "001", [world.aurora], policy=ladder(world, world.condition(SCORE, "60")))
    assert (alone.score, alone.lifts) == (Decimal(50), ())


@pytest.mark.parametrize(
    ("best", "lifts"),
    [
        pytest.param(0, (), id="today is the best there is"),
        pytest.param(1, (Lift("recency", Decimal(30), Decimal(1), beyond=True),), id="later than yesterday is today"),
    ],
)
def test_days_since_the_last_sale_cannot_fall_below_zero(world: Any, best: int, lifts: tuple[Lift, ...]) -> None:
    first = replace(world.aurora, last_sale_on=date(2025, 12, 31) - timedelta(days=best))
    policy = ladder(world, world.condition(SCORE, "100"), weights=[world.weight("recency", 100)])
    assert explained(world, "002", [first, world.beacon], policy=policy).lifts == lifts


# The law of lifts, by trying them on the documents themselves and deciding again.

PERCENTS = st.sampled_from(
    [
        {"revenue": 100},
        {"recency": 60, "revenue": 40},
        {"gross_profit": 50, "order_frequency": 50},
        {"revenue": 40, "gross_profit": 25, "order_frequency": 20, "recency": 15},
    ]
)
BAR = st.sampled_from(["0", "30", "50", "60", "75", "90", "100"])
UNKNOWN = st.sampled_from(["leave_out", "zero"])
PERSON = st.fixed_dictionaries(
    {
        "revenue": st.integers(-2, 4),
        "revenue_posted": st.integers(-2, 4),
        "cost": st.none() | st.integers(0, 3),
        "orders": st.integers(1, 4),
        "last_sale_on": st.none() | st.dates(date(2025, 12, 26), date(2025, 12, 31)),
    }
)
AS_OF = date(2025, 12, 31)


def with_value(customer: Any, metric: str, value: Decimal) -> Any:
    """The customer with such documents that the metric has this value."""
    match metric:
        case "revenue":
            return replace(customer, revenue=value)
        case "gross_profit":
            cost = customer.cost or 0
            return replace(customer, cost=cost, revenue_posted=value + cost)
        case "order_frequency":
            return replace(customer, orders=int(value))
        case "recency":
            return replace(customer, last_sale_on=AS_OF - timedelta(days=int(value)))
    raise AssertionError(metric)


def past(metric: str, value: Decimal) -> Decimal | None:
    """The next better value that documents can give; null where there is none."""
    if METRICS[metric].unit == "money":
        return value + Decimal("0.0001")
    better = value + 1 if METRICS[metric].higher_is_better else value - 1
    return better if better >= 0 else None


@settings(max_examples=25)
@given(rows=st.lists(PERSON, min_size=2, max_size=5), percents=PERCENTS, unknown=UNKNOWN, bar=BAR)
def test_a_lift_reaches_the_score_and_no_smaller_step_does(
    world: Any, *, rows: list[dict[str, Any]], percents: dict[str, int], unknown: str, bar: str
) -> None:
    people = [world.Customer(f"{number:03}", **row) for number, row in enumerate(rows)]
    weights = [world.weight(metric, percent, unknown) for metric, percent in percents.items()]
    policy = ladder(world, world.condition(SCORE, bar), weights=weights)
    decided = world.decide(people, policy=policy).customers
    here = explain(decided, "000", policy)
    assert here is not None

    def reaches(metric: str, value: Decimal | None) -> bool:
        if value is None:
            return False
        there = explained(world, "000", [with_value(people[0], metric, value), *people[1:]], policy=policy)
        assert next(line.value for line in there.metrics if line.metric == metric) == value
        return there.tier == policy.top

    if here.tier == policy.top:
        assert here.lifts == ()
        return
    lifts = {lift.metric: lift for lift in here.lifts}
    for metric, now in ((line.metric, line.value) for line in here.metrics[: len(percents)]):
        up = METRICS[metric].higher_is_better
        held = sorted(set(decided[metric].drop_nulls()), reverse=not up)
        steps = [value for value in held if now is None or (value > now if up else value < now)]
        best = steps[-1] if steps else now
        lift = lifts.get(metric)
        if lift is None:
            assert best is None or not reaches(metric, past(metric, best))
            continue
        assert lift.now == now
        smaller = steps if lift.beyond else steps[: steps.index(lift.needed)]
        assert not any(reaches(metric, step) for step in smaller)
        assert lift.beyond is False or lift.needed == best
        assert reaches(metric, past(metric, lift.needed) if lift.beyond else lift.needed)

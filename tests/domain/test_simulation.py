"""Trying policies out on a handful of customers, worked out by hand, and the laws that hold for every population."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from u8sync.domain.mapping import read_customers
from u8sync.domain.model import Facts, Window
from u8sync.domain.movement import BELOW, CHANGED_ON, PAST_SCHEMA, WRITTEN_SCHEMA, Past
from u8sync.domain.outcome import Ground, ground_of
from u8sync.domain.policy import SCORE, Movement, Policy, Weight
from u8sync.domain.policy_diff import Missed, missed_by, way_between
from u8sync.domain.simulation import Simulation, simulate
from u8sync.domain.tiers import EARNED

LATER = Window.ending(date(2025, 12, 31), months=6)


def ground(world: Any, customers: Sequence[Any]) -> Ground:
    canonical, _ = read_customers(world.raw(customers), world.mapping, world.way)
    return Ground(canonical, world.mapping, world.way, ())


def tried(
    world: Any, customers: Sequence[Any], present: Policy, other: Policy | None = None, *, later: Facts | None = None
) -> Simulation:
    """Both policies on the same facts, unless the other one has ``later`` ones."""
    facts = world.facts(customers)
    aside = None if other is None else (other, later or facts)
    return simulate(ground(world, customers), (present, facts), aside)


def ladder(world: Any, *bounds: str, weights: Sequence[Weight] | None = None, **more: Any) -> Policy:
    """A ladder on the score: VIP, key, regular and prospect, with as many bounds as there are."""
    names = ["VIP", "key"]
    steps = [world.tier(name, world.condition(SCORE, bound)) for name, bound in zip(names, bounds, strict=False)]
    ends = [world.tier("regular"), world.tier("prospect", without_business=True)]
    return world.ladder(weights or [world.weight("revenue", 100)], [*steps, *ends], **more)


def sellers(world: Any, *revenues: int, **more: Any) -> list[Any]:
    """Customers A, B, C ... with one order each and so much revenue."""
    return [
        world.Customer(chr(65 + at), f"Customer {at}", revenue=revenue, orders=1, invoices=1, **more)
        for at, revenue in enumerate(revenues)
    ]


def cells(simulation: Simulation) -> dict[tuple[str | None, str | None], int]:
    assert simulation.compared is not None
    return {(cell.was, cell.becomes): cell.customers for cell in simulation.compared.matrix}


def moves(simulation: Simulation) -> dict[str, dict[str, Any]]:
    assert simulation.compared is not None
    return {row["code"]: row for row in simulation.compared.moves.iter_rows(named=True)}


def test_customers_go_from_tier_to_tier(world: Any) -> None:
    # Scores by revenue: 100, 75, 50, 25, 0.
    five = sellers(world, 500, 400, 300, 200, 100)
    found = tried(world, five, ladder(world, "80", "50"), ladder(world, "70", "60"))
    assert cells(found) == {("VIP", "VIP"): 1, ("key", "VIP"): 1, ("key", "regular"): 1, ("regular", "regular"): 2}
    assert [(code, row["way"]) for code, row in moves(found).items()] == [("C", "down"), ("B", "up")]
    assert found.compared is not None
    assert [(one.tier, one.was, one.gained, one.lost, one.becomes) for one in found.compared.turnover] == [
        ("VIP", 1, 1, 0, 2),
        ("key", 2, 0, 2, 0),
        ("regular", 2, 1, 0, 3),
        ("prospect", 0, 0, 0, 0),
    ]


def test_revenue_and_profit_are_added_up_by_tier(world: Any) -> None:
    three = sellers(world, 300, 200, 100)
    three[0] = replace(three[0], revenue_posted=300, cost=250)
    found = tried(world, three, ladder(world, "80", "50"), ladder(world, "50"))
    assert found.other is not None
    now = {one.tier: (one.customers, one.revenue, one.gross_profit, one.profit_known) for one in found.present.tiers}
    then = {one.tier: (one.customers, one.revenue) for one in found.other.tiers}
    assert now == {"VIP": (1, 300, 50, 1), "key": (1, 200, 0, 0), "regular": (1, 100, 0, 0), "prospect": (0, 0, 0, 0)}
    assert then == {"VIP": (2, 500), "regular": (1, 100), "prospect": (0, 0)}


def test_what_u8_holds_is_compared_too(world: Any) -> None:
    held = [replace(world.aurora, tier="VIP"), world.beacon, world.cedar, world.dune, world.ember, world.fjord]
    found = tried(world, held, world.policy)
    assert {(cell.was, cell.becomes): (cell.customers, cell.way) for cell in found.held} == {
        ("VIP", "VIP"): (1, "stay"),
        ("VIP", "regular"): (1, "down"),
        ("key", "key"): (1, "stay"),
        (None, "prospect"): (1, "enter"),
    }
    assert (found.other, found.compared, found.other_held) == (None, None, ())


def test_the_ladder_made_the_difference(world: Any) -> None:
    five = sellers(world, 500, 400, 300, 200, 100)
    found = tried(world, five, ladder(world, "80", "50"), ladder(world, "70", "60"))
    for row in moves(found).values():
        assert (row["by_exclusion"], row["by_window"], row["by_scoring"], row["by_ladder"]) == (False,) * 3 + (True,)
        assert row["metric"] is None
        assert row["score_was"] == row["score_is"]
    asked = pl.DataFrame({"code": ["B", "C"], "tier": ["VIP", "key"]})
    assert missed_by(found.present, asked) == {"B": (Missed("VIP", 0, Decimal(75)),)}
    assert found.other is not None
    assert missed_by(found.other, asked) == {"C": (Missed("key", 0, Decimal(50)),)}


def test_the_scoring_made_the_difference_and_the_metric_is_named(world: Any) -> None:
    big = world.Customer("A", revenue=900, orders=1, invoices=1, last_sale_on=date(2025, 1, 1))
    fresh = world.Customer("B", revenue=100, orders=9, invoices=9, last_sale_on=date(2025, 12, 31))
    revenue, orders = world.weight("revenue", 60), world.weight("order_frequency", 40)
    now = ladder(world, "55", weights=[revenue, orders])
    then = ladder(world, "55", weights=[world.weight("revenue", 40), world.weight("order_frequency", 60)])
    found = moves(tried(world, [big, fresh], now, then))
    told = ("way", "by_window", "by_scoring", "by_ladder", "metric", "metric_was", "metric_is")
    assert {code: tuple(row[name] for name in told) for code, row in found.items()} == {
        "A": ("down", False, True, False, "revenue", Decimal(60), Decimal(40)),
        "B": ("up", False, True, False, "order_frequency", Decimal(40), Decimal(60)),
    }


def test_a_metric_that_only_one_policy_knows_counts_nothing_in_the_other(world: Any) -> None:
    big = world.Customer("A", revenue=900, orders=1, invoices=1)
    busy = world.Customer("B", revenue=100, orders=9, invoices=9)
    then = ladder(world, "55", weights=[world.weight("order_frequency", 100)])
    found = moves(tried(world, [big, busy], ladder(world, "55"), then))
    assert (found["A"]["metric"], found["A"]["metric_was"], found["A"]["metric_is"]) == ("revenue", 100, 0)
    assert (found["B"]["metric"], found["B"]["metric_was"], found["B"]["metric_is"]) == ("order_frequency", 0, 100)


def test_the_window_made_the_difference(world: Any) -> None:
    two = sellers(world, 200, 100)
    later = replace(world.facts([two[1]]), window=LATER)
    found = tried(world, two, ladder(world, "50"), ladder(world, "50"), later=later)
    assert {code: (row["was"], row["becomes"], row["by_window"]) for code, row in moves(found).items()} == {
        "A": ("VIP", "prospect", True),
        "B": ("regular", "VIP", True),
    }
    assert (moves(found)["A"]["business_was"], moves(found)["A"]["business_is"]) == (True, False)


def test_an_exclusion_made_the_difference(world: Any) -> None:
    three = sellers(world, 300, 200, 100)
    found = tried(world, three, ladder(world, "80"), ladder(world, "80", exclude=["A"]))
    row = moves(found)["A"]
    assert (row["was"], row["becomes"], row["way"], row["by_exclusion"]) == ("VIP", None, "leave", True)
    back = tried(world, three, ladder(world, "80", exclude=["A"]), ladder(world, "80"))
    assert (moves(back)["A"]["way"], moves(back)["A"]["by_exclusion"]) == ("enter", True)
    assert back.compared is not None
    assert back.compared.without == 0
    both = tried(world, three, ladder(world, "80", exclude=["A"]), ladder(world, "80", exclude=["A"]))
    assert both.compared is not None
    assert (both.compared.without, both.compared.moves.height) == (1, 0)


@pytest.mark.parametrize(
    ("was", "becomes", "way"),
    [
        ("VIP", "VIP", "stay"),
        ("VIP", "regular", "down"),
        ("prospect", "key", "up"),
        (None, "VIP", "enter"),
        ("VIP", None, "leave"),
        ("VIP", "Gold", "down"),
        ("key", "Gold", "other"),
        ("Gold", "Silver", "other"),
    ],
)
def test_ways_are_told_by_the_first_ladder_that_knows_both_tiers(
    world: Any, was: str | None, becomes: str | None, way: str
) -> None:
    gold = world.ladder(
        [world.weight("revenue", 100)],
        [
            world.tier("VIP", world.condition(SCORE, "90")),
            world.tier("Gold"),
            world.tier("none", without_business=True),
        ],
    )
    assert way_between(was, becomes, (gold, world.policy)) == way


def test_tiers_that_only_one_ladder_has_are_told(world: Any) -> None:
    three = sellers(world, 300, 200, 100)
    other = world.ladder(
        [world.weight("revenue", 100)],
        [
            world.tier("Gold", world.condition(SCORE, "80")),
            world.tier("regular"),
            world.tier("x", without_business=True),
        ],
    )
    found = tried(world, three, ladder(world, "80"), other)
    assert cells(found) == {("VIP", "Gold"): 1, ("regular", "regular"): 2}
    assert found.compared is not None
    assert [one.tier for one in found.compared.turnover] == ["Gold", "regular", "x", "VIP", "prospect"]
    assert moves(found)["A"]["way"] == "other"


def test_a_weight_is_a_tenth_lower_and_higher_than_it_is(world: Any) -> None:
    # A: 100 % of the revenue points, 0 of the orders; at 50:50 it stands at 50, and at 52.3809 with 55:50.
    two = [
        world.Customer("A", revenue=900, orders=1, invoices=1),
        world.Customer("B", revenue=100, orders=9, invoices=9),
    ]
    policy = ladder(world, "52", weights=[world.weight("revenue", 50), world.weight("order_frequency", 50)])
    found = tried(world, two, policy)
    assert [(one.metric, one.change, one.up, one.down) for one in found.present.sensitivity] == [
        ("revenue", -10, 1, 0),
        ("revenue", 10, 1, 0),
        ("order_frequency", -10, 1, 0),
        ("order_frequency", 10, 1, 0),
    ]
    tight = ladder(world, "52.3810", weights=policy.weights)
    moved = {(one.metric, one.change): one.moved for one in tried(world, two, tight).present.sensitivity}
    # 45:50 puts B at 52.6315, 55:50 puts A at 52.3809 only.
    assert moved == {
        ("revenue", -10): 1,
        ("revenue", 10): 0,
        ("order_frequency", -10): 1,
        ("order_frequency", 10): 0,
    }


def test_a_swayed_weight_is_judged_as_any_policy_is(world: Any) -> None:
    categories = ["0101", "0101", "0101", "0201", "0201", "0201", "0201"]
    people = [
        world.Customer(f"{at:03}", category=category, revenue=revenue, orders=orders, invoices=orders)
        for at, (category, revenue, orders) in enumerate(
            zip(categories, [9, 1, 5, 40, 30, 20, 8], [1, 9, 4, 2, 3, 4, 9], strict=True)
        )
    ]
    grouped = replace(world.weight("revenue", 47), within="category")
    weights = [grouped, world.weight("order_frequency", 53)]
    # The smaller group is compared with everybody.
    policy = replace(ladder(world, "60", "48", weights=weights), smallest_group=4)
    here, facts = ground(world, people), world.facts(people)
    found = simulate(here, (policy, facts)).present
    before = here.judge(policy, facts)[EARNED].to_list()
    for one in found.sensitivity:
        swayed = [
            replace(each, percent=each.percent * (100 + (one.change if each.metric == one.metric else 0)))
            for each in policy.weights
        ]
        after = here.judge(replace(policy, weights=tuple(swayed)), facts)[EARNED].to_list()
        assert one.moved == sum(left != right for left, right in zip(before, after, strict=True))
    assert sum(one.moved for one in found.sensitivity) > 0
    everybody = simulate(here, (replace(policy, smallest_group=1), facts)).present
    assert everybody.sensitivity != found.sensitivity


def test_the_stability_number_counts_customers_near_an_edge(world: Any) -> None:
    found = tried(world, sellers(world, 500, 400, 300, 200, 100), ladder(world, "77", "60")).present
    assert (found.rated, found.borderline) == (5, 1)
    assert found.edges.select("code", "edge_of", "distance").rows() == [("B", "VIP", Decimal(2))]


def test_movement_rules_hold_what_a_run_would_give_and_not_what_is_compared(world: Any) -> None:
    three = [replace(each, tier="VIP") for each in sellers(world, 300, 200, 100)]
    rules = Movement(Decimal(0), 2, None, (), None, world.condition(SCORE).place)
    slow = replace(ladder(world, "80"), movement=rules)
    facts = world.facts(three)
    first = simulate(ground(world, three), (slow, facts)).present
    assert ([one.customers for one in first.tiers], first.held) == ([1, 2, 0], 2)
    below = pl.DataFrame({"code": ["B"], BELOW: [1], CHANGED_ON: [None]}, schema=PAST_SCHEMA)
    again = replace(ground(world, three), past=Past(date(2025, 11, 30), below))
    found = simulate(again, (slow, facts))
    assert ([one.customers for one in found.present.tiers], found.present.held) == ([1, 2, 0], 1)
    assert {(cell.was, cell.becomes): cell.customers for cell in found.held} == {
        ("VIP", "VIP"): 2,
        ("VIP", "regular"): 1,
    }


def test_a_tier_that_a_person_set_stays_unless_the_policy_writes_over_it(world: Any) -> None:
    people = [replace(each, tier="VIP") for each in sellers(world, 300, 200, 100)]
    written = pl.DataFrame(
        {"code": ["A", "B"], "column": ["cCusDefine1"] * 2, "value": ["VIP", "普通"]}, schema=WRITTEN_SCHEMA
    )
    here = ground_of(world.raw(people), mapping=world.mapping, way=world.way, protected=(), past=Past(written=written))
    facts = world.facts(people)
    given = {rule: simulate(here, (replace(ladder(world, "80"), edited=rule), facts)) for rule in ("ask", "overwrite")}
    # B holds VIP though u8sync wrote 普通: a person did that. C was never written.
    assert {(cell.was, cell.becomes): cell.customers for cell in given["ask"].held} == {
        ("VIP", "VIP"): 2,
        ("VIP", "regular"): 1,
    }
    assert {(cell.was, cell.becomes): cell.customers for cell in given["overwrite"].held} == {
        ("VIP", "VIP"): 1,
        ("VIP", "regular"): 2,
    }


# Laws

CUSTOMERS = st.lists(
    st.tuples(
        st.none() | st.integers(-300, 300), st.integers(0, 9), st.sampled_from([None, "VIP", "普通", "潜在", "odd"])
    ),
    max_size=9,
)
BOUNDS = st.lists(st.integers(1, 99), min_size=1, max_size=2, unique=True).map(lambda found: sorted(found)[::-1])
PERCENTS = st.integers(1, 99)


def drawn(world: Any, rows: list[tuple[int | None, int, str | None]]) -> list[Any]:
    return [
        world.Customer(f"{at:03}", revenue=revenue, orders=orders, invoices=orders, tier=tier)
        for at, (revenue, orders, tier) in enumerate(rows)
    ]


def policy_of(world: Any, bounds: list[int], percent: int) -> Policy:
    weights = [world.weight("revenue", percent), world.weight("order_frequency", 100 - percent)]
    return ladder(world, *map(str, bounds), weights=weights)


@settings(deadline=None, max_examples=25)  # each is several whole decisions
@given(CUSTOMERS, BOUNDS, PERCENTS)
def test_the_same_policy_fills_only_the_diagonal(world: Any, rows: Any, bounds: Any, percent: int) -> None:
    policy = policy_of(world, bounds, percent)
    found = tried(world, drawn(world, rows), policy, replace(policy, digest="o" * 64))
    assert all(was == becomes for was, becomes in cells(found))
    assert moves(found) == {}
    assert found.compared is not None
    assert {(one.gained, one.lost) for one in found.compared.turnover} <= {(0, 0)}


@settings(deadline=None, max_examples=25)  # each is several whole decisions
@given(CUSTOMERS, st.tuples(BOUNDS, PERCENTS), st.tuples(BOUNDS, PERCENTS))
def test_every_customer_stands_in_the_matrix_once(world: Any, rows: Any, one: Any, another: Any) -> None:
    customers = drawn(world, rows)
    now, then = policy_of(world, *one), policy_of(world, *another)
    found = tried(world, customers, now, then)
    assert found.compared is not None
    assert found.other is not None
    assert sum(cells(found).values()) + found.compared.without == len(customers)
    assert found.compared.moves.height == sum(n for (was, becomes), n in cells(found).items() if was != becomes)
    for outcome, held in ((found.present, found.held), (found.other, found.other_held)):
        assert sum(one.customers for one in outcome.tiers) == sum(cell.customers for cell in held)
        assert sum(one.revenue for one in outcome.tiers) == sum(each.revenue or 0 for each in customers)
    sizes = {each.tier: each.customers for each in found.other.tiers}
    for line in found.compared.turnover:
        assert line.becomes == sizes.get(line.tier, 0)
    for row in moves(found).values():
        assert row["by_scoring"] or row["by_ladder"]


@settings(deadline=None, max_examples=25)  # each is several whole decisions
@given(CUSTOMERS, BOUNDS)
def test_an_only_weight_can_be_anything(world: Any, rows: Any, bounds: Any) -> None:
    policy = ladder(world, *map(str, bounds), weights=[world.weight("revenue", 100)])
    found = tried(world, drawn(world, rows), policy)
    assert [(one.change, one.moved) for one in found.present.sensitivity] == [(-10, 0), (10, 0)]


@settings(deadline=None, max_examples=10)
@given(st.permutations(range(6)), BOUNDS, PERCENTS)
def test_the_order_of_rows_changes_nothing(world: Any, order: list[int], bounds: Any, percent: int) -> None:
    customers = drawn(
        world, [(100, 1, "VIP"), (200, 2, None), (300, 1, None), (None, 0, "odd"), (50, 9, None), (0, 3, None)]
    )
    now, then = policy_of(world, bounds, percent), ladder(world, "80", "40")
    told, again = (tried(world, each, now, then) for each in (customers, [customers[at] for at in order]))
    assert told.compared is not None
    assert again.compared is not None
    assert cells(told) == cells(again)
    assert told.compared.moves.equals(again.compared.moves)
    assert told.present.sensitivity == again.present.sensitivity
    assert told.present.edges.equals(again.present.edges)

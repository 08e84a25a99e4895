"""Who stands near the edge of a tier, worked out by hand, and the laws that hold for every population."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from u8sync.domain.edges import EDGES_SCHEMA, NEAR, near_edges
from u8sync.domain.policy import SCORE, Condition, Policy, Quota, Tier, eased
from u8sync.domain.tiers import EARNED, TIER, recommend


def borderline(frame: pl.DataFrame, policy: Policy, percent: int = NEAR) -> pl.Series:
    """Who is borderline, by the definition alone: the eased or the tightened ladder gives another tier."""
    now = recommend(frame, policy)[EARNED]
    moved = (recommend(frame, eased(policy, Decimal(by)))[EARNED] for by in (percent, -percent))
    up, down = (then.ne_missing(now) for then in moved)
    return up | down


def near(world: Any, policy: Policy, **row: object) -> list[tuple[object, ...]]:
    """The edges that one customer is near: way, tier of the edge, subject, kind, distance."""
    frame = world.measured([row])
    rows = near_edges(frame, policy).select("way", "edge_of", "subject", "kind", "distance").rows()
    assert borderline(frame, policy).to_list() == [bool(rows)]
    return rows


@pytest.mark.parametrize(
    ("score", "edges"),
    [
        pytest.param("75.9999", [], id="just too far below"),
        pytest.param("76", [("up", "VIP", Decimal(4))], id="at 5 % below the bound"),
        pytest.param("79.9999", [("up", "VIP", Decimal("0.0001"))], id="a hair below"),
        pytest.param("80", [("down", "VIP", Decimal(0))], id="on the bound"),
        pytest.param("83.9999", [("down", "VIP", Decimal("3.9999"))], id="just inside"),
        pytest.param("84", [], id="at 5 % above the bound"),
        pytest.param("47.5", [("up", "key", Decimal("2.5"))], id="below the lower tier"),
        pytest.param("52.4999", [("down", "key", Decimal("2.4999"))], id="above the lower tier"),
        pytest.param("20", [], id="far from all"),
        pytest.param(None, [], id="no score"),
    ],
)
def test_a_score_is_near_a_bound_within_five_percent_of_it(
    world: Any, score: str | None, edges: list[tuple[str, str, Decimal]]
) -> None:
    found = near(world, world.policy, score=score)
    assert found == [(way, tier, SCORE, "at_least", distance) for way, tier, distance in edges]


@pytest.mark.parametrize(
    ("bounds", "value", "edges"),
    [
        pytest.param(("-100", None), "-105", [("up", "at_least", "5")], id="a negative bound is eased downwards"),
        pytest.param(("-100", None), "-105.0001", [], id="no further than by its own size"),
        pytest.param(("-100", None), "-95.0001", [("down", "at_least", "4.9999")], id="and tightened upwards"),
        pytest.param((None, "100"), "104.9999", [("up", "below", "4.9999")], id="an upper bound is eased upwards"),
        pytest.param((None, "100"), "105", [], id="which is not included"),
        pytest.param((None, "100"), "95", [("down", "below", "5")], id="and tightened downwards"),
        pytest.param((None, "100"), "94.9999", [], id="out of its reach"),
        pytest.param((None, "-100"), "-104", [("down", "below", "4")], id="a negative upper bound"),
        pytest.param(("0", None), "-0.0001", [], id="a bound of 0 does not move"),
        pytest.param(("0.0001", None), "0", [], id="a bound moves to the next value that there is"),
    ],
)
def test_bounds_of_any_sign_and_side_move_by_their_own_size(
    world: Any, bounds: tuple[str | None, str | None], value: str, edges: list[tuple[str, str, str]]
) -> None:
    policy = world.ladder(
        [world.weight("revenue", 100)],
        [
            world.tier("top", world.condition("revenue", *bounds)),
            world.tier("rest"),
            world.tier("prospect", without_business=True),
        ],
    )
    found = near(world, policy, revenue=value)
    assert found == [(way, "top", "revenue", kind, Decimal(distance)) for way, kind, distance in edges]


def test_every_bound_that_is_missed_is_told(world: Any) -> None:
    policy = world.ladder(
        [world.weight("revenue", 100)],
        [
            world.tier("top", world.condition(SCORE, "80"), world.condition("relation_length", "2")),
            world.tier("rest"),
            world.tier("prospect", without_business=True),
        ],
    )
    assert [edge[2] for edge in near(world, policy, score="79", relation_length="1.95")] == [SCORE, "relation_length"]
    assert near(world, policy, score="79", relation_length="1.5") == []
    assert near(world, policy, score="90", relation_length=None) == []


def ranked(world: Any, **asked: str) -> Policy:
    """A ladder whose top tier asks for a place by revenue."""
    place = world.condition("revenue").place
    bounds = {name: Decimal(bound) for name, bound in asked.items()}
    return world.ladder(
        [world.weight("revenue", 100)],
        [
            world.tier("top", Condition("revenue", None, None, place, **bounds)),
            world.tier("rest"),
            world.tier("prospect", without_business=True),
        ],
    )


def told(frame: pl.DataFrame, policy: Policy) -> list[tuple[object, ...]]:
    return near_edges(frame, policy).select("code", "way", "kind", "bound", "value", "distance").rows()


def test_a_place_among_the_best_percent_is_near_an_edge(world: Any) -> None:
    # Of 40 customers the best 10 % are four, the best 10.5 % too, the best 9.5 % three.
    frame = world.measured([{"revenue": 40 - at} for at in range(40)])
    edges = [Decimal(each) for each in ("10", "10", "0")]
    assert told(frame, ranked(world, top_percent="10")) == [("003", "down", "top_percent", *edges)]
    # The best 4.9 % is one, and 5.145 % would be two: the second is missed by a tenth of a percent.
    edges = [Decimal(each) for each in ("4.9", "5", "0.1")]
    assert told(frame, ranked(world, top_percent="4.9")) == [("001", "up", "top_percent", *edges)]


def test_a_share_of_the_sum_is_near_an_edge(world: Any) -> None:
    # Those ahead bring 0, 50 and 80 percent.
    frame = world.measured([{"revenue": 50}, {"revenue": 30}, {"revenue": 20}])
    edges = [Decimal(each) for each in ("80", "80", "0")]
    assert told(frame, ranked(world, top_share="80")) == [("002", "up", "top_share", *edges)]
    edges = [Decimal(each) for each in ("52", "50", "2")]
    assert told(frame, ranked(world, top_share="52")) == [("001", "down", "top_share", *edges)]


def test_a_quota_is_an_edge_too(world: Any) -> None:
    place = world.condition(SCORE).place
    full = Tier("top", (), without_business=False, service="", place=place, quota=Quota(Decimal(10), None, place))
    policy = world.ladder(
        [world.weight("revenue", 100)], [full, world.tier("rest"), world.tier("prospect", without_business=True)]
    )
    # Of 20 customers 10 % are two; 9.5 % would be one, 10.5 % two.
    frame = world.measured([{"score": 99 - at} for at in range(20)])
    assert told(frame, policy) == [("001", "down", "quota", Decimal(2), Decimal(2), Decimal(0))]


def test_who_misses_a_condition_is_not_refused_by_the_quota(world: Any) -> None:
    place = world.condition(SCORE).place
    condition = Condition("relation_length", Decimal(2), None, place)
    top = Tier("top", (condition,), without_business=False, service="", place=place, quota=Quota(None, 20, place))
    policy = world.ladder(
        [world.weight("revenue", 100)], [top, world.tier("rest"), world.tier("prospect", without_business=True)]
    )
    frame = world.measured([{"score": 90, "relation_length": "1.95"}, {"score": 80, "relation_length": 9}])
    assert near_edges(frame, policy).select("code", "way", "kind").rows() == [("000", "up", "at_least")]


def test_a_place_that_others_leave_is_no_bound_of_ones_own(world: Any) -> None:
    place = world.condition(SCORE).place
    condition = Condition("relation_length", Decimal(2), None, place)
    top = Tier("top", (condition,), without_business=False, service="", place=place, quota=Quota(None, 20, place))
    policy = world.ladder(
        [world.weight("revenue", 100)], [top, world.tier("rest"), world.tier("prospect", without_business=True)]
    )
    # 20 places for 21 customers. Tightened, there are 19 places, but the first two have not been there long enough.
    frame = world.measured([{"score": 99 - at, "relation_length": "2.05" if at < 2 else 9} for at in range(21)])
    edges = near_edges(frame, policy).select("code", "way", "would_be", "edge_of", "kind").rows()
    assert edges == [
        ("000", "down", "rest", "top", "at_least"),
        ("001", "down", "rest", "top", "at_least"),
        ("020", "down", "top", None, None),
        ("020", "up", "top", "top", "quota"),
    ]


def test_customers_without_business_or_without_a_tier_are_near_nothing(world: Any) -> None:
    assert near(world, world.policy, score="80", rated=False) == []
    assert near(world, world.policy, score="80", eligible=False) == []


def test_an_empty_archive_has_no_edges(world: Any) -> None:
    frame = world.measured([])
    assert borderline(frame, world.policy).to_list() == []
    assert near_edges(frame, world.policy).schema == EDGES_SCHEMA


def test_the_share_that_counts_as_near_can_be_chosen(world: Any) -> None:
    frame = world.measured([{"score": "72"}])
    assert borderline(frame, world.policy, 10).to_list() == [True]
    assert borderline(frame, world.policy, 9).to_list() == [False]


# Laws

SCORES = st.lists(st.none() | st.decimals(0, 100, places=4), max_size=8)


@given(SCORES, st.data())
def test_easing_lifts_and_tightening_lowers_and_nothing_else(
    world: Any, scores: list[Any], data: st.DataObject
) -> None:
    bounds = sorted(data.draw(st.sets(st.decimals(1, 100, places=2), min_size=2, max_size=2)), reverse=True)
    policy = world.ladder(
        [world.weight("revenue", 100)],
        [
            *(world.tier(f"T{at}", world.condition(SCORE, str(bound))) for at, bound in enumerate(bounds)),
            world.tier("rest"),
            world.tier("prospect", without_business=True),
        ],
    )
    frame = world.measured([{"score": score} for score in scores])
    now = [policy.rank(name) for name in recommend(frame, policy)[TIER]]
    lifted = [policy.rank(name) for name in recommend(frame, eased(policy, Decimal(5)))[TIER]]
    tightened = [policy.rank(name) for name in recommend(frame, eased(policy, Decimal(-5)))[TIER]]
    assert all(low <= mid <= high for low, mid, high in zip(tightened, now, lifted, strict=True))
    found = borderline(frame, policy).to_list()
    assert found == [low < mid or mid < high for low, mid, high in zip(tightened, now, lifted, strict=True)]
    edges = near_edges(frame, policy)
    assert set(edges["code"]) == set(frame.filter(pl.Series(found, dtype=pl.Boolean))["code"])
    assert edges["edge_of"].null_count() == 0
    assert (edges["distance"] <= edges["bound"] * Decimal("0.05")).all()

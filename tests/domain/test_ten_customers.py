"""Ten customers worked out by hand: every rule of the ladder and of movement decides about one of them.

The policy: 60 % revenue by cumulative share (the first 70 % of the sum 100 points, up to 90 % 60, the rest 20), 40 %
order frequency by rank. VIP asks for a score of 70, two years of relation (长期合作) and a place among the best 30 % by
revenue, and takes one customer; 重要 asks for 50. Rated from two orders. Tiers move with a margin of 10 %, down after
two evaluations, one step a run. The window is the year 2025, so that orders a year are the number of orders.

Rated are 01 to 07. Their revenue above zero adds up to 930; those ahead of them bring

    01    0        0.00 %   100     03  600/930  64.5 %  100     05  800/930  86.0 %   60     07  930/930  100 %  20
    02  400/930   43.0 %   100     04  600/930  64.5 %  100     06  880/930  94.6 %   20

Orders: 2 (04, 07), 3 (02, 06), 8 (05), 10 (03), 12 (01). Beaten and tied of 6 others give, in twelfths of 100 points:
04 and 07 1, 02 and 06 5, 05 8, 03 10, 01 12. All cut to ten-thousandths.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from u8sync.domain.movement import BELOW, CHANGED_ON, PAST_SCHEMA, WRITTEN_SCHEMA, Past
from u8sync.domain.policy import SCORE, Band, Condition, Evidence, Movement, Pin, Policy, Quota, Tier, Weight
from u8sync.domain.tiers import EARNED, TIER
from u8sync.text import Place

PLACE = Place("tiers.yaml", 1, 1)


def bands(*parts: tuple[int, int | None]) -> tuple[Band, ...]:
    return tuple(
        Band(Decimal(points), None, None, None if top is None else Decimal(top), PLACE) for points, top in parts
    )


POLICY_PARTS: dict[str, Any] = {
    "weights": (
        Weight("revenue", 60, "leave_out", PLACE, "cumulative_share", bands((100, 70), (60, 90), (20, None))),
        Weight("order_frequency", 40, "leave_out", PLACE),
    ),
    "tiers": (
        Tier(
            "VIP",
            (
                Condition(SCORE, Decimal(70), None, PLACE),
                Condition("relation_length", Decimal(2), None, PLACE),
                Condition("revenue", None, None, PLACE, top_percent=Decimal(30)),
            ),
            False,
            "",
            PLACE,
            Quota(None, 1, PLACE),
        ),
        Tier("key", (Condition(SCORE, Decimal(50), None, PLACE),), False, "", PLACE),
        Tier("regular", (), False, "", PLACE),
        Tier("prospect", (), True, "", PLACE),
    ),
    "evidence": Evidence(2, None, PLACE),
    "movement": Movement(Decimal(10), 2, 1, (), None, PLACE),
    "pins": (Pin("08", "key", "tender", "Wang", date(2025, 12, 31), PLACE),),
}

SPELT = {"VIP": "VIP", "key": "重点", "regular": "普通", "prospect": "潜在", None: None}

#       code  revenue orders since     current    earned      recommended  held      below
TABLE = [
    ("01", 400, 12, "2020-01-01", "regular", "VIP", "key", "steps", 0),
    ("02", 200, 3, "2020-01-01", "VIP", "key", "VIP", "count", 1),
    ("03", 100, 10, "2025-01-01", None, "key", "key", None, 0),
    ("04", 100, 2, "2020-01-01", "VIP", "key", "key", None, 2),
    ("05", 80, 8, "2020-01-01", "key", "key", "key", None, 0),
    ("06", 50, 3, "2020-01-01", "key", "regular", "key", "count", 1),
    ("07", -40, 2, "2020-01-01", "key", "regular", "regular", None, 2),
    ("08", 30, 1, "2020-01-01", "regular", "prospect", "key", "pinned", 0),
    ("09", None, 0, "2020-01-01", "regular", "prospect", "regular", "count", 1),
    ("10", None, 0, "2020-01-01", "VIP", "prospect", "VIP", "edited", 0),
]
SCORES = {
    "01": "100.0000",
    "02": "76.6666",
    "03": "93.3333",
    "04": "63.3333",
    "05": "62.6666",
    "06": "28.6666",
    "07": "15.3333",
}
ONCE_BELOW = ("04", "07")


@pytest.fixture
def policy(world: Any) -> Policy:
    return replace(world.policy, **POLICY_PARTS)


@pytest.fixture
def customers(world: Any) -> list[Any]:
    return [
        world.Customer(
            code,
            tier=SPELT[current],
            developed_on=since,
            revenue=revenue,
            orders=orders,
            invoices=orders,
            last_sale_on=date(2025, 12, 1) if orders else None,
            first_sale_on=date(2025, 1, 1) if orders else None,
        )
        for code, revenue, orders, since, current, *_ in TABLE
    ]


PAST = Past(
    date(2025, 11, 30),
    pl.DataFrame([{"code": code, BELOW: 1, CHANGED_ON: None} for code in ONCE_BELOW], schema=PAST_SCHEMA),
    pl.DataFrame([{"code": "10", "column": "cCusDefine1", "value": "普通"}], schema=WRITTEN_SCHEMA),
)


def test_the_scores_are_those_worked_out_by_hand(world: Any, customers: list[Any], policy: Policy) -> None:
    judged = world.decide(customers, policy=policy, past=PAST).customers
    assert dict(judged.drop_nulls(SCORE).select("code", SCORE).iter_rows()) == {
        code: Decimal(score) for code, score in SCORES.items()
    }
    points = dict(judged.drop_nulls(SCORE).select("code", "revenue.points").iter_rows())
    assert [int(points[code]) for code in sorted(points)] == [100, 100, 100, 100, 60, 20, 20]


def test_each_customer_gets_the_tier_that_its_rule_gives(world: Any, customers: list[Any], policy: Policy) -> None:
    judged = world.decide(customers, policy=policy, past=PAST).customers
    told = judged.sort("code").select("code", "current", EARNED, TIER, "tier.held", BELOW).rows()
    assert told == [(code, now, earned, tier, held, below) for code, _, _, _, now, earned, tier, held, below in TABLE]


def test_only_what_differs_is_written_and_the_others_are_accounted_for(
    world: Any, customers: list[Any], policy: Policy
) -> None:
    decision = world.decide(customers, policy=policy, past=PAST)
    assert {change.code: change.fields[0].becomes for change in decision.changes} == {
        "01": "key",
        "03": "key",
        "04": "key",
        "07": "regular",
        "08": "key",
    }
    assert [(held.code, held.cause, held.below) for held in decision.held] == [
        ("01", "steps", 0),
        ("02", "count", 1),
        ("04", None, 2),
        ("06", "count", 1),
        ("07", None, 2),
        ("08", "pinned", 0),
        ("09", "count", 1),
        ("10", "edited", 0),
    ]


def test_without_movement_every_customer_has_what_it_earned_but_pins_and_edits_stand(
    world: Any, customers: list[Any], policy: Policy
) -> None:
    judged = world.decide(customers, policy=replace(policy, movement=None), past=PAST).customers.sort("code")
    earned = [row[5] for row in TABLE]
    # 10 keeps VIP, which a person gave it, and with it the only place: 01 finds none.
    assert judged[TIER].to_list() == ["key", *earned[1:7], "key", earned[8], "VIP"]
    assert judged["tier.held"].to_list()[0] == "quota"


def test_the_quota_has_one_place_and_the_place_is_among_the_best_thirty_percent(
    world: Any, customers: list[Any], policy: Policy
) -> None:
    judged = world.decide(customers, policy=policy, past=PAST).customers.sort("code")
    # Two of seven are at most 30 %: 01 and 02 meet all conditions, and 01 is ahead.
    assert judged.filter(pl.col("quota0.ahead").is_not_null()).select(
        "code", "quota0.ahead", "quota0.places"
    ).rows() == [
        ("01", 0, 1),
        ("02", 1, 1),
    ]
    wider = replace(policy, tiers=(replace(policy.top, quota=None), *policy.tiers[1:]), movement=None)
    assert world.decide(customers, policy=wider, past=PAST).customers.sort("code")[EARNED].to_list()[:2] == [
        "VIP",
        "VIP",
    ]


def test_an_edit_that_is_written_over_moves_from_what_u8sync_wrote(
    world: Any, customers: list[Any], policy: Policy
) -> None:
    # 10 has VIP from a person; u8sync wrote regular, and without business it is below that for the first time.
    allowed = world.decide(customers, policy=policy, past=PAST, overwrite_edited=True)
    ten = allowed.customers.filter(pl.col("code") == "10")
    assert ten.select("current", TIER, "tier.held", BELOW).row(0) == ("VIP", "regular", "count", 1)
    [change] = [change for change in allowed.changes if change.code == "10"]
    [field] = change.fields
    assert (field.before, field.after, field.edited and field.edited.wrote) == ("VIP", "普通", "普通")
    assert change.reason.moved is not None
    assert change.reason.moved.current == "regular"

"""What is noticed about a policy on given customers: each finding with its figures, and none where nothing is amiss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from policies import AS_OF, customers, frame, policies

from u8sync.domain.decision import CAUSE
from u8sync.domain.movement import Past, move
from u8sync.domain.policy import SCORE, Band, Condition, Evidence, Pin, Policy, Quota, Tier, Weight
from u8sync.domain.policy_findings import Finding, findings
from u8sync.domain.scoring import score
from u8sync.domain.tiers import EARNED, recommend
from u8sync.domain.windows import WindowRule
from u8sync.text import Place

ROWS = [
    {"revenue": revenue, "order_frequency": often, "region": region}
    for revenue, often, region in [(90, 3, "east"), (70, 9, "east"), (40, 8, "west"), (10, 1, "west")]
]
"""Four customers, no two level in anything. Points: 100, 67, 33, 0 for revenue, 33, 100, 67, 0 for frequency."""


def at(line: int) -> Place:
    return Place("tiers.yaml", line, 3)


def band(points: int, low: int | None = None, high: int | None = None, top: str | None = None, line: int = 1) -> Band:
    bounds = (None if bound is None else Decimal(bound) for bound in (low, high, top))
    return Band(Decimal(points), *bounds, at(line))


def weight(metric: str, percent: int, line: int = 1, **more: Any) -> Weight:
    return Weight(metric, percent, "leave_out", at(line), **more)


def tier(name: str, line: int, *conditions: Condition, quota: Quota | None = None) -> Tier:
    return Tier(name, conditions, False, "", at(line), quota)


def asks(subject: str, at_least: int | None = None, below: int | None = None, line: int = 1, **more: Any) -> Condition:
    bounds = (None if bound is None else Decimal(bound) for bound in (at_least, below))
    return Condition(subject, *bounds, at(line), **more)


LADDER = (tier("key", 11, asks(SCORE, 45)), tier("regular", 12))


def policy(*weights: Weight, tiers: Sequence[Tier] = LADDER, **more: Any) -> Policy:
    """Revenue and frequency, half and half; 'key' from 45 points on."""
    weighed = weights or (weight("revenue", 50, 5), weight("order_frequency", 50, 6))
    return Policy(
        WindowRule(months=12), weighed, (*tiers, Tier("none", (), True, "", at(19))), frozenset(), "p" * 64, **more
    )


def judged(rows: Sequence[dict[str, Any]], policy: Policy) -> pl.DataFrame:
    """Customers "0", "1" and so on, as a decision judges them."""
    measured = [{name: value for name, value in row.items() if name not in (CAUSE, "has_business")} for row in rows]
    full = [{"rated": True, **row} for row in measured]
    people = frame(full).with_columns(
        pl.Series(CAUSE, [row.get(CAUSE) for row in rows], dtype=pl.String),
        pl.Series("has_business", [row.get("has_business", True) for row in rows]),
    )
    people = people.with_columns(eligible=pl.col(CAUSE).is_null() | (pl.col(CAUSE) == "protected"))
    people = people.with_columns(rated=pl.col("eligible") & pl.col("rated"))
    ranked = recommend(score(people, policy.weights, smallest_group=policy.smallest_group), policy)
    return move(ranked, policy, Past(), AS_OF)


def noticed(rows: Sequence[dict[str, Any]], policy: Policy, *kinds: str) -> list[Finding]:
    """What is noticed, only these kinds if any are named."""
    found = findings(judged(rows, policy), policy, AS_OF)
    return [one for one in found if not kinds or one.kind in kinds]


def told(found: Finding) -> tuple[int | None, str, str | None]:
    """Line, sentence and hint."""
    return found.place and found.place.line, str(found.message), None if found.hint is None else str(found.hint)


def only(rows: Sequence[dict[str, Any]], policy: Policy, kind: str) -> tuple[int | None, str, str | None]:
    """The one finding of a kind."""
    [found] = noticed(rows, policy, kind)
    assert found.warns
    return told(found)


def test_nothing_is_noticed_where_every_part_does_something() -> None:
    assert noticed(ROWS, policy()) == []
    assert judged(ROWS, policy())[EARNED].to_list() == ["key", "key", "key", "regular"]


# --- tiers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conditions", "why", "hint"),
    [
        pytest.param(
            [asks(SCORE, 99), asks("revenue", 50)],
            "no customer meets its condition on: score",
            "score: from 0 to 83.3333.",
            id="a score that is too high",
        ),
        pytest.param(
            [asks("revenue", None, 10), asks("order_frequency", 10)],
            "no customer meets its condition on: revenue, order frequency",
            "revenue: from 10 to 90.",
            id="two conditions, the hint for the first",
        ),
        pytest.param(
            [asks("receipts", 1)],
            "no customer meets its condition on: receipts (with tax)",
            "receipts (with tax): unknown for all 4 rated customers.",
            id="an unknown metric",
        ),
        pytest.param(
            [asks(SCORE, top_percent=Decimal(20))],
            "no customer meets its condition on: score",
            "score: the best are level, or so few percent of 4 are less than one.",
            id="less than one customer",
        ),
        pytest.param(
            [asks("revenue", None, 41), asks("order_frequency", 9)],
            "each of its conditions is met by somebody, but nobody meets all of them",
            "Fewest meet the one on order frequency: 1 customer(s).",
            id="no customer meets both",
        ),
    ],
)
def test_a_tier_that_nobody_reaches_is_told_with_the_condition_that_keeps_them_out(
    conditions: list[Condition], why: str, hint: str
) -> None:
    tiers = (tier("VIP", 10, *conditions), *LADDER)
    assert only(ROWS, policy(tiers=tiers), "tier_empty") == (10, f"nobody reaches the tier 'VIP': {why}", hint)


def test_a_tier_is_empty_where_those_above_take_everybody() -> None:
    tiers = (tier("VIP", 10, asks(SCORE, 45)), tier("key", 11, asks("order_frequency", 8)), tier("regular", 12))
    why = "nobody reaches the tier 'key': the tiers above take all 2 customers that meet its conditions"
    assert only(ROWS, policy(tiers=tiers), "tier_empty") == (11, why, None)
    assert only([{"revenue": 5}], policy(tiers=(tier("all", 10, asks("revenue", 1)), tier("rest", 11))), "tier_empty")[
        :2
    ] == (11, "nobody reaches the tier 'rest': the tiers above take all 1 customers that meet its conditions")


def test_a_tier_is_empty_where_its_quota_would_split_a_tie() -> None:
    rows = [{"revenue": 9}, {"revenue": 9}, {"revenue": 1}]
    tiers = (tier("VIP", 10, quota=Quota(None, 1, at(9))), tier("regular", 11))
    why = "its quota has 1 place(s), and the first 2 of the 3 customers that meet its conditions are level"
    assert only(rows, policy(weight("revenue", 100), tiers=tiers), "tier_empty") == (
        10,
        f"nobody reaches the tier 'VIP': {why}",
        "Customers that are level get a place together or not at all.",
    )


def test_the_tier_without_business_may_be_empty() -> None:
    assert noticed(ROWS, policy(), "tier_empty") == []


def test_a_quota_that_leaves_nobody_out_is_a_warning_and_one_that_does_a_note() -> None:
    def with_places(count: int) -> Policy:
        ladder = (tier("VIP", 10, asks(SCORE, 40), quota=Quota(None, count, at(9))), tier("regular", 12))
        return policy(tiers=ladder)

    assert only(ROWS, with_places(3), "quota_idle") == (
        9,
        "the quota of the tier 'VIP' leaves nobody out: 3 customers meet its conditions, and there are 3 places",
        None,
    )
    [cut] = noticed(ROWS, with_places(1), "quota_idle", "quota_cuts")
    assert (cut.kind, cut.warns) == ("quota_cuts", False)
    assert told(cut) == (
        9,
        "the quota of the tier 'VIP' leaves out 2 of the 3 customers that meet its conditions",
        None,
    )
    level = [*ROWS, ROWS[2]]
    [cut] = noticed(level, with_places(3), "quota_cuts")
    assert told(cut)[2] == "1 of its 3 places stay empty: those next in line are level."


def test_a_ladder_that_never_asks_for_the_score_is_told_once() -> None:
    tiers = (tier("VIP", 10, asks("revenue", 50)), tier("regular", 12))
    found = noticed(ROWS, policy(tiers=tiers))
    assert [told(one)[:2] for one in found] == [(5, "no tier asks for the score, so no weight decides anything")]
    quota = (tier("VIP", 10, quota=Quota(None, 1, at(9))), tier("regular", 12))
    assert noticed(ROWS, policy(tiers=quota), "score_unused") == []


# --- metrics, bands, weights ------------------------------------------------------------------------------------------


def test_a_metric_that_is_unknown_for_most_is_told_with_what_null_means() -> None:
    rows = [{**row, "gross_profit": known} for row, known in zip(ROWS, [5, None, None, None], strict=True)]
    weights = (weight("revenue", 50, 5), weight("gross_profit", 50, 7))
    sentence = (
        "gross profit is unknown for 3 of the 4 rated customers: stock accounting has posted no cost for this customer"
        " in the window"
    )
    assert only(rows, policy(*weights), "metric_unknown") == (
        7,
        sentence,
        "For them its weight goes to the other metrics ('unknown: leave_out').",
    )
    zero = replace(weights[1], unknown="zero")
    assert only(rows, policy(weights[0], zero), "metric_unknown")[2] == "They get no points for it ('unknown: zero')."
    asked = (tier("VIP", 10, asks("gross_profit", 1, line=8)), *LADDER)
    assert only(rows, policy(tiers=asked), "metric_unknown") == (
        8,
        sentence,
        "Who has no value meets no condition on it.",
    )
    half = [{**row, "gross_profit": known} for row, known in zip(ROWS, [5, 6, None, None], strict=True)]
    assert noticed(half, policy(*weights), "metric_unknown") == []


def test_a_metric_that_is_the_same_for_everybody_is_told_once() -> None:
    same = Decimal("3.5")
    rows = [{**row, "recency": recent} for row, recent in zip(ROWS, [same, None, same, same], strict=True)]
    weights = (weight("revenue", 50, 5), weight("order_frequency", 40, 6), weight("recency", 10, 7))
    found = noticed(rows, policy(*weights))
    assert [told(one) for one in found] == [
        (
            7,
            "days since the last sale is 3.5 for all 3 customers of whom it is known: it tells nobody from anybody",
            None,
        )
    ]
    assert noticed(ROWS[:1], policy(), "metric_same") == []


def test_ties_are_told_where_more_than_a_third_share_a_value() -> None:
    rows = [{"revenue": at, "order_count": count} for at, count in enumerate([1, 1, 2, 3, 4, 5])]
    weights = (weight("revenue", 50, 5), weight("order_count", 50, 7))
    assert noticed(rows, policy(*weights), "ties") == []
    rows[2]["order_count"] = 1
    assert only(rows, policy(*weights), "ties") == (
        7,
        "number of orders is 1 for 3 of the 6 rated customers: they are level and get the same points",
        "Places say little among so many ties; 'method: threshold' gives points by the value itself.",
    )
    bands = (band(100, top="50"), band(0))
    places = replace(weights[1], method="percent_of_customers", bands=bands)
    assert len(noticed(rows, policy(weights[0], places), "ties")) == 1
    values = replace(weights[1], method="threshold", bands=(band(100, 2), band(0, None, 2)))
    assert noticed(rows, policy(weights[0], values), "ties") == []


def test_a_band_without_customers_is_told_with_its_line() -> None:
    bands = (band(100, 80, None, line=21), band(60, 75, 80, line=22), band(0, None, 75, line=23))
    weights = (weight("revenue", 50, 5, method="threshold", bands=bands), weight("order_frequency", 50, 6))
    assert only(ROWS, policy(*weights), "band_empty") == (
        22,
        "no customer lies in this band of revenue, worth 60 points",
        None,
    )
    places = (band(100, top="20", line=21), band(50, top="50", line=22), band(0, line=23))
    weights = (weight("revenue", 50, 5, method="percent_of_customers", bands=places), weight("order_frequency", 50, 6))
    assert only(ROWS, policy(*weights), "band_empty") == (
        21,
        "no customer lies in this band of revenue, worth 100 points",
        "Customers that are level reach a band together or not at all.",
    )
    nobody = [{**row, "revenue": None} for row in ROWS]
    assert noticed(nobody, policy(*weights), "band_empty") == []


def test_a_weight_without_which_nobody_gets_another_tier_does_nothing() -> None:
    weights = (weight("revenue", 90, 5), weight("order_frequency", 10, 6))
    assert only(ROWS, policy(*weights), "weight_idle") == (
        6,
        "without the weight of order frequency every customer would get the same tier",
        None,
    )
    assert noticed(ROWS, policy(weight("revenue", 100)), "weight_idle") == []


# --- groups, evidence -------------------------------------------------------------------------------------------------


def test_groups_that_are_too_small_are_counted() -> None:
    rows = [*ROWS, {"revenue": 20, "order_frequency": 4, "region": "north"}]
    weights = (weight("revenue", 50, 5, within="region"), weight("order_frequency", 50, 6, within="region"))
    assert only(rows, policy(*weights, smallest_group=2), "group_small") == (
        5,
        "1 group(s) of 'region' have fewer than 2 rated customers: 1 customer(s) are compared with everybody instead",
        None,
    )
    assert noticed(ROWS, policy(*weights, smallest_group=2), "group_small", "group_alone") == []
    assert only(rows, policy(*weights), "group_alone") == (
        5,
        "1 customer(s) are alone in their group of 'region'",
        "There is nobody to compare them with; 'smallest_group' compares them with everybody.",
    )


def test_a_group_field_that_is_empty_for_most_is_told() -> None:
    rows = [{**row, "region": region} for row, region in zip(ROWS, ["east", None, None, None], strict=True)]
    condition = asks(SCORE, 10, line=8, top_percent=Decimal(50), within="region")
    tiers = (tier("VIP", 10, condition), *LADDER)
    assert only(rows, policy(tiers=tiers), "group_unknown") == (
        8,
        "3 of the 4 rated customers have no value in 'region' and are compared with everybody",
        None,
    )


def test_evidence_that_leaves_out_most_is_told_with_what_is_missing() -> None:
    def among(*counts: tuple[int, int]) -> list[dict[str, Any]]:
        return [
            {**row, "documents": count, "history_days": days, "rated": count >= 3 and days >= 90}
            for row, (count, days) in zip(ROWS, counts, strict=True)
        ]

    asked = policy(evidence=Evidence(3, 90, at(15)))
    strict = among((3, 90), (2, 90), (1, 20), (3, 20))
    assert only(strict, asked, "evidence_strict") == (
        15,
        "too little is known of 3 of the 4 customers with business, so that they are not rated",
        "Too few documents: 2; too short a history: 2.",
    )
    assert noticed(among((3, 90), (3, 90), (1, 20), (3, 20)), asked, "evidence_strict") == []
    without = [{**row, "has_business": False, "rated": False} for row in strict[1:]]
    assert noticed([strict[0], *without], asked, "evidence_strict") == []


def test_where_nobody_is_rated_that_alone_is_told() -> None:
    rows = [{**row, "rated": False} for row in ROWS]
    [found] = noticed(rows, policy())
    assert (found.kind, found.place, str(found.message)) == (
        "nobody_rated",
        None,
        "nobody is rated: none of 4 customers has enough business in the window",
    )


# --- pins, exclusions -------------------------------------------------------------------------------------------------


def pin(customer: str, until: date, line: int) -> Pin:
    return Pin(customer, "key", "tender", "Wang", until, at(line))


def test_pins_that_run_out_or_do_nothing_are_told() -> None:
    rows = [*ROWS, {CAUSE: "disabled"}, {CAUSE: "set_aside"}, {CAUSE: "protected", "revenue": 50}]
    pins = (
        pin("0", date(2026, 6, 29), 31),
        pin("1", AS_OF, 32),
        pin("2", date(2026, 7, 30), 33),
        pin("3", date(2026, 7, 31), 34),
        pin("9", date(2027, 1, 1), 35),
        pin("4", date(2027, 1, 1), 36),
        pin("5", date(2027, 1, 1), 37),
        pin("6", date(2026, 7, 1), 38),
    )
    found = noticed(rows, policy(pins=pins), "pin_expired", "pin_soon", "pin_unknown", "pin_idle")
    soon = "this pin runs out soon: its last day is {}, {} day(s) after the as-of day"
    idle = "the pin of '{}' does nothing: {}"
    assert [(one.kind, *told(one)[:2]) for one in found] == [
        ("pin_expired", 31, "this pin ran out on 2026-06-29 and does nothing any more"),
        ("pin_soon", 32, soon.format("2026-06-30", 0)),
        ("pin_soon", 33, soon.format("2026-07-30", 30)),
        ("pin_unknown", 35, "the archive has no customer '9', so the pin does nothing"),
        ("pin_idle", 36, idle.format("4", "the customer is disabled in U8 and gets no tier")),
        ("pin_idle", 37, idle.format("5", "the mapping sets the customer aside, so that it gets no tier")),
        ("pin_idle", 38, idle.format("6", "the customer is protected by the configuration and never changed")),
    ]
    assert [told(one)[2] for one in found[:2]] == ["Take it out, or let Wang renew it.", "Wang answers for it."]


def test_excluded_codes_that_the_archive_lacks_are_told() -> None:
    excluded = replace(policy(), exclude=frozenset({"0", "007", "7"}), excluded_at={"007": at(41), "7": at(40)})
    found = noticed(ROWS, excluded, "exclude_unknown")
    assert [told(one)[:2] for one in found] == [
        (40, "the archive has no customer '7', so to exclude it does nothing"),
        (41, "the archive has no customer '007', so to exclude it does nothing"),
    ]


# --- laws -------------------------------------------------------------------------------------------------------------


@given(policy=policies(), rows=customers)
def test_findings_are_in_the_order_of_the_file_and_true_of_every_population(
    policy: Policy, rows: list[dict[str, Any]]
) -> None:
    people = judged(rows, policy)
    found = findings(people, policy, AS_OF)
    assert [one.place for one in found if one.place] == sorted(one.place for one in found if one.place)
    empty = {name for one in found if one.kind == "tier_empty" for name in [one.message.args["tier"]]}
    if people["rated"].any():
        reached = set(people.filter("rated")[EARNED])
        assert empty == {one.name for one in policy.tiers if not one.without_business} - reached
    for one in found:
        assert str(one.message)
        assert one.hint is None or str(one.hint)


@given(policy=policies(), rows=customers)
def test_the_order_of_customers_changes_no_finding(policy: Policy, rows: list[dict[str, Any]]) -> None:
    people = judged(rows, policy)
    assert findings(people.reverse(), policy, AS_OF) == findings(people, policy, AS_OF)

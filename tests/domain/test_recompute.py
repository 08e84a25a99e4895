"""A tier worked out again from two records: the same to the last digit, or the difference is named."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import accumulate, pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policies import AS_OF, pasts
from policies import customers as any_customers
from policies import frame as any_frame
from policies import policies as any_policies

from u8sync.domain.canonical import canonical_bytes
from u8sync.domain.metrics import METRICS
from u8sync.domain.model import MONEY
from u8sync.domain.movement import Past, move
from u8sync.domain.plan import Plan, Population, Seal
from u8sync.domain.policy import SCORE, Condition, Movement, Policy, Quota, Tier, Weight
from u8sync.domain.reason import Contribution, Reason, reason_json
from u8sync.domain.reasoning import reasons_of
from u8sync.domain.recompute import Difference, Recomputed, recompute
from u8sync.domain.rules import MOST_BYTES, rules_json
from u8sync.domain.scoring import contribution_of, points_of, rank_of, score
from u8sync.domain.tiers import TIER, recommend
from u8sync.domain.windows import WindowRule
from u8sync.engine.records import plan_record
from u8sync.text import Message, Place

PLACE = Place("tiers.yaml", 1, 1)
NAMES = list(METRICS)


def as_kept(value: Any) -> Any:
    """What comes back of a value that was written into the log."""
    return json.loads(canonical_bytes({"it": value}))["it"]


def again(policy: Policy, reason: Reason, **edits: Any) -> Recomputed | Message:
    """Work the tier out again from the records of a reason, after edits of the reason."""
    return recompute({"rules": as_kept(rules_json(policy))}, {"reason": as_kept({**reason_json(reason), **edits})})


VALUE = st.none() | st.integers(-3, 3).map(Decimal) | st.decimals(-9, 9, places=4)
ROW = st.fixed_dictionaries({"rated": st.sampled_from([True, True, True, False]), **dict.fromkeys(NAMES, VALUE)})
BOUND = st.none() | st.decimals(-9, 100, places=2)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Ladders of conditions on the score and on metrics, weighted or not."""
    chosen = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True))
    cuts = draw(st.lists(st.integers(1, 99), min_size=len(chosen) - 1, max_size=len(chosen) - 1, unique=True))
    percents = [after - before for before, after in pairwise([0, *sorted(cuts), 100])]
    assert list(accumulate(percents))[-1] == 100
    weights = [
        Weight(name, percent, draw(st.sampled_from(["leave_out", "zero"])), PLACE)
        for name, percent in zip(chosen, percents, strict=True)
    ]
    subjects = st.lists(st.sampled_from([SCORE, *NAMES]), max_size=3, unique=True)
    steps = [
        Tier(
            f"T{number}", tuple(Condition(s, draw(BOUND), draw(BOUND), PLACE) for s in draw(subjects)), False, "", PLACE
        )
        for number in range(draw(st.integers(0, 3)))
    ]
    last = [Tier("all others", (), False, "", PLACE), Tier("none", (), True, "", PLACE)]
    return Policy(WindowRule(months=12), tuple(weights), (*steps, *last), frozenset(), "p" * 64)


def reasons(world: Any, rows: Sequence[Mapping[str, object]], policy: Policy) -> list[Reason]:
    """Why each customer has its tier, as the columns of the decision tell it."""
    judged = recommend(score(world.measured(rows), policy.weights), policy)
    weighted = [weight.metric for weight in policy.weights]
    tested = {condition.subject for tier in policy.tiers for condition in tier.conditions} - {SCORE, *weighted}
    return [
        Reason(
            row[TIER],
            row[SCORE],
            tuple(
                Contribution(m, row[m], row[points_of(m)], row[contribution_of(m)], *(row[name] for name in rank_of(m)))
                for m in weighted
                if row["rated"]
            ),
            "tiers.yaml:1",
            {metric: row[metric] for metric in tested if row["rated"]},
        )
        for row in judged.iter_rows(named=True)
    ]


@settings(max_examples=150)
@given(rows=st.lists(ROW, min_size=1, max_size=7), policy=policies())
def test_every_customer_of_every_population_is_recomputed_to_the_last_digit(
    world: Any, rows: list[dict[str, object]], policy: Policy
) -> None:
    for reason in reasons(world, rows, policy):
        found = again(policy, reason)
        assert isinstance(found, Recomputed)
        assert found.differences == ()
        assert (found.tier, found.score) == (reason.tier, reason.score)
        assert [(line.points, line.contribution) for line in found.lines] == [
            (part.points, part.contribution) for part in reason.contributions
        ]


def test_the_reasons_that_a_decision_gives_are_recomputed(world: Any) -> None:
    steps = [
        world.tier("VIP", world.condition(SCORE, "80"), world.condition("recency", below="30")),
        world.tier("key", world.condition("order_frequency", "5")),
        world.tier("regular"),
        world.tier("prospect", without_business=True),
    ]
    policy = world.ladder([world.weight("revenue", 60), world.weight("gross_profit", 40)], steps)
    changes = world.decide(world.six, policy=policy).changes
    assert [change.code for change in changes] == ["001", "003", "004"]
    for change in changes:
        found = again(policy, change.reason)
        assert isinstance(found, Recomputed)
        assert found.differences == ()


REASON = Reason(
    "VIP",
    Decimal("75.0000"),
    (
        Contribution("revenue", Decimal("9.0000"), Decimal("100.0000"), Decimal("50.0000"), 4, 0, 4),
        Contribution("recency", Decimal("3.0000"), Decimal("50.0000"), Decimal("25.0000"), 1, 2, 4),
    ),
    "tiers.yaml:1",
    {"relation_length": Decimal("2.5000")},
)
WEIGHTS = (Weight("revenue", 50, "leave_out", PLACE), Weight("recency", 50, "leave_out", PLACE))
LADDER = (
    Tier(
        "VIP",
        (Condition(SCORE, Decimal(75), None, PLACE), Condition("relation_length", Decimal("2.5"), Decimal(9), PLACE)),
        False,
        "",
        PLACE,
    ),
    Tier("others", (), False, "", PLACE),
    Tier("none", (), True, "", PLACE),
)
POLICY = Policy(WindowRule(months=12), WEIGHTS, LADDER, frozenset({"X1", "X2"}), "p" * 64)


def part(number: int, **edits: object) -> dict[str, Any]:
    """An edit of one contribution of the reason."""
    parts: Any = reason_json(REASON)["contributions"]
    return {"contributions": [{**each, **edits} if at == number else each for at, each in enumerate(parts)]}


@pytest.mark.parametrize(
    ("edits", "differences"),
    [
        pytest.param({}, [], id="none"),
        pytest.param({"tier": "others"}, [("tier", None, "others", "VIP")], id="tier"),
        pytest.param({"score": "75.0001"}, [("score", None, "75.0001", "75.0000")], id="score"),
        pytest.param({"score": "75"}, [("score", None, "75", "75.0000")], id="a lost zero"),
        pytest.param({"score": None}, [("score", None, None, "75.0000")], id="no score"),
        pytest.param(part(0, points="99.0000"), [("points", "revenue", "99.0000", "100.0000")], id="points"),
        pytest.param(
            part(1, contribution="26.0000"), [("contribution", "recency", "26.0000", "25.0000")], id="contribution"
        ),
        pytest.param(
            part(0, beaten=3),
            [
                ("tier", None, "VIP", "others"),
                ("score", None, "75.0000", "62.5000"),
                ("points", "revenue", "100.0000", "75.0000"),
                ("contribution", "revenue", "50.0000", "37.5000"),
            ],
            id="one other less beaten",
        ),
        pytest.param(
            {"measured": {"relation_length": "2.4999"}}, [("tier", None, "VIP", "others")], id="a condition just missed"
        ),
        pytest.param(
            {"measured": {"relation_length": "9"}}, [("tier", None, "VIP", "others")], id="a bound not included"
        ),
        pytest.param(
            {"measured": {"relation_length": None}}, [("tier", None, "VIP", "others")], id="a condition not known"
        ),
        pytest.param(
            part(0, beaten=3, tied=2),
            [("ranks", "revenue", "3, 2, 4", None)],
            id="ranks that no population has",
        ),
        pytest.param(
            part(0, value=None),
            [("ranks", "revenue", "4, 0, 4", None)],
            id="ranks of an unknown value",
        ),
        pytest.param(
            {"contributions": []},
            [("tier", None, "VIP", "none"), ("score", None, "75.0000", None)],
            id="a customer without business has no score",
        ),
    ],
)
def test_what_does_not_follow_from_the_evidence_is_named(
    edits: dict[str, Any], differences: list[tuple[Any, ...]]
) -> None:
    found = again(POLICY, REASON, **edits)
    assert isinstance(found, Recomputed)
    assert list(found.differences) == [Difference(*each) for each in differences]


def test_a_contribution_that_the_rules_give_no_weight_is_named() -> None:
    only = replace(POLICY, weights=(replace(WEIGHTS[0], percent=100),))
    found = again(only, replace(REASON, score=Decimal("100.0000")), **part(0, contribution="100.0000"))
    assert isinstance(found, Recomputed)
    assert found.differences == (Difference("contribution", "recency", "25.0000", None),)


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        pytest.param({}, reason_json(REASON), id="no rules"),
        pytest.param({"rules": None}, reason_json(REASON), id="rules too large for a record"),
        pytest.param(
            {"rules": rules_json(POLICY)},
            {key: value for key, value in reason_json(REASON).items() if key != "measured"},
            id="no values of conditions",
        ),
        pytest.param({"rules": rules_json(POLICY)}, {**reason_json(REASON), "measured": {}}, id="a value is missing"),
        pytest.param({"rules": rules_json(POLICY)}, {**reason_json(REASON), **part(0, beaten="4")}, id="text as rank"),
        pytest.param({"rules": rules_json(POLICY)}, {**reason_json(REASON), **part(0, value="x")}, id="no number"),
        pytest.param({"rules": {"weights": []}}, reason_json(REASON), id="half of the rules"),
    ],
)
def test_a_record_that_does_not_say_enough_cannot_be_recomputed(rules: dict[str, Any], reason: dict[str, Any]) -> None:
    found = recompute(rules, {"reason": reason})
    assert isinstance(found, Message)
    assert "cannot be recomputed from this record" in str(found)


def test_a_change_without_a_rule_has_nothing_to_recompute() -> None:
    found = recompute({"rules": rules_json(POLICY)}, {"reason": None})
    assert isinstance(found, Message)
    assert "rests on no rule" in str(found)


def test_the_record_of_a_plan_has_window_and_rules_and_only_the_number_of_excluded_customers(world: Any) -> None:
    decision = world.decide(world.six)
    seal = Seal("memory||D|999|", date(2025, 12, 31), "m" * 64, "p" * 64, "1")
    plan = Plan(seal, None, decision.changes, decision.skipped, Population(6, 4, 3, 1), world.window)  # type: ignore[arg-type]
    record = plan_record(plan, POLICY)
    assert record["window"] == {
        "start": "2025-01-01",
        "as_of": "2025-12-31",
        "compared_with": {"start": "2024-01-01", "as_of": "2024-12-31"},
        "floor_days": 90,
        "credit_days": 30,
    }
    rules: Any = record["rules"]
    assert rules["excluded"] == 2
    assert (rules["months"], rules["window"]["months"], rules["window"]["until"]) == (12, 12, "as_of")
    assert "X1" not in json.dumps(record)
    assert rules["weights"][0] == {"metric": "revenue", "percent": 50, "unknown": "leave_out"}
    assert rules["tiers"][0]["conditions"][0] == {"subject": SCORE, "at_least": "75", "below": None}
    assert canonical_bytes(record)


def test_rules_that_would_not_fit_into_a_record_are_left_out() -> None:
    many = tuple(Tier("等" * 60, LADDER[0].conditions, False, "", PLACE) for _ in range(200))
    assert rules_json(replace(POLICY, tiers=(*many, *LADDER))) is None
    fewer = rules_json(replace(POLICY, tiers=(*many[:100], *LADDER)))
    assert isinstance(fewer, dict)
    assert len(canonical_bytes(fewer)) <= MOST_BYTES


def test_money_keeps_its_four_places_on_the_way_through_a_record(world: Any) -> None:
    frame = world.measured([{"revenue": "0.0001"}, {"revenue": "-12345678901234567890.1234"}])
    assert frame.schema["revenue"] == MONEY
    policy = replace(POLICY, weights=(replace(WEIGHTS[0], percent=100),), tiers=LADDER[1:])
    for reason in reasons(world, frame.to_dicts(), policy):
        found = again(policy, reason)
        assert isinstance(found, Recomputed)
        assert found.differences == ()
        assert found.lines[0].value == reason.contributions[0].value


@settings(max_examples=150)
@given(rows=any_customers, policy=any_policies(), past=pasts)
def test_methods_groups_quotas_and_movement_are_recomputed_to_the_last_digit(
    rows: list[dict[str, object]], policy: Policy, past: Past
) -> None:
    judged = move(
        recommend(score(any_frame(rows), policy.weights, smallest_group=policy.smallest_group), policy),
        policy,
        past,
        AS_OF,
    )
    placed = judged.filter(pl.col(TIER).is_not_null())
    for code, reason in reasons_of(placed, policy, as_of=AS_OF):
        found = again(policy, reason)
        assert isinstance(found, Recomputed), (code, found)
        assert found.differences == (), code
        assert found.tier == reason.tier


@pytest.mark.parametrize(
    ("rows", "quota", "expected"),
    [
        pytest.param(
            [(210, "VIP")], None, [("VIP", "key", "margin")], id="an upper bound is eased upwards for who has the tier"
        ),
        pytest.param(
            [(300, "key"), (290, "VIP")],
            1,
            [("key", "VIP", "quota"), ("VIP", "regular", "count")],
            id="nobody falls below the tier that he has because a higher one is full",
        ),
    ],
)
def test_what_movement_made_of_bounds_and_places_is_recomputed(
    rows: list[tuple[int, str]], quota: int | None, expected: list[tuple[str, str, str]]
) -> None:
    upper = None if quota else Decimal(200)
    key = Condition("revenue", Decimal(50), None if quota is None else Decimal(150), PLACE)
    places = None if quota is None else Quota(None, quota, PLACE)
    ladder = (
        Tier("VIP", (Condition("revenue", Decimal(100), upper, PLACE),), False, "", PLACE, places),
        Tier("key", (key,), False, "", PLACE),
        Tier("regular", (), False, "", PLACE),
        Tier("none", (), True, "", PLACE),
    )
    rules = Movement(Decimal(10), 2, None, (), None, PLACE)
    weights = (Weight("revenue", 100, "zero", PLACE),)
    policy = Policy(WindowRule(months=12), weights, ladder, frozenset(), "p" * 64, movement=rules)
    people = any_frame([{"rated": True, "revenue": Decimal(value), "current": current} for value, current in rows])
    moved = move(recommend(score(people, weights), policy), policy, Past(), AS_OF)
    assert moved.select(TIER, "tier.earned", "tier.held").rows() == expected
    for _, reason in reasons_of(moved, policy, as_of=AS_OF):
        found = again(policy, reason)
        assert isinstance(found, Recomputed)
        assert found.differences == ()

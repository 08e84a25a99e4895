"""The whole decision: six customers whose outcome is worked out by hand, then every rule of it, then its laws."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from u8sync.domain.decision import Decision, decide, needed_columns
from u8sync.domain.mapping import CustomerMapping
from u8sync.domain.model import ColumnLimit
from u8sync.domain.plan import FieldChange, Plan, Population, Seal, Skipped
from u8sync.domain.policy import SCORE
from u8sync.domain.reason import Contribution, Reason

# The six customers.


def by_code(decision: Decision, column: str) -> dict[str, Any]:
    return dict(decision.customers.select("code", column).iter_rows())


def test_the_six_customers_get_the_tiers_worked_out_by_hand(world: Any) -> None:
    decision = world.decide(world.six)
    # Aurora, Beacon and Cedar are compared: first, second and third in everything.
    assert by_code(decision, SCORE) == {
        "001": Decimal(100), "002": Decimal(50), "003": Decimal(0), "004": None, "005": None, "007": None
    }  # fmt: skip
    assert by_code(decision, "recommended") == {
        "001": "VIP", "002": "key", "003": "regular", "004": "prospect", "005": None, "007": None
    }  # fmt: skip
    assert by_code(decision, "current") == {
        "001": None, "002": "key", "003": "VIP", "004": None, "005": None, "007": None
    }  # fmt: skip
    assert by_code(decision, "rated") == {
        "001": True, "002": True, "003": True, "004": False, "005": False, "007": False
    }  # fmt: skip


def test_only_what_differs_is_changed(world: Any) -> None:
    decision = world.decide(world.six)
    assert [(change.code, change.fields) for change in decision.changes] == [
        ("001", (FieldChange("tier", "cCusDefine1", None, "VIP", was=None, becomes="VIP"),)),
        ("003", (FieldChange("tier", "cCusDefine1", "VIP", "普通", was="VIP", becomes="regular"),)),
        ("004", (FieldChange("tier", "cCusDefine1", None, "潜在", was=None, becomes="prospect"),)),
    ]


def test_a_change_says_why(world: Any) -> None:
    aurora, _, dune = world.decide(world.six).changes
    assert aurora.reason == Reason(
        tier="VIP",
        score=Decimal(100),
        contributions=(
            Contribution("revenue", Decimal(900), Decimal(100), Decimal(50), beaten=2, tied=0, others=2),
            Contribution("order_frequency", Decimal(9), Decimal(100), Decimal(30), beaten=2, tied=0, others=2),
            Contribution("recency", Decimal(0), Decimal(100), Decimal(20), beaten=2, tied=0, others=2),
        ),
        rule="tiers.yaml:11",
    )
    assert dune.reason == Reason(tier="prospect", score=None, contributions=(), rule="tiers.yaml:19")


def test_a_reason_has_the_metrics_that_only_conditions_name(world: Any) -> None:
    steps = [
        world.tier("VIP", world.condition(SCORE, "80"), world.condition("order_frequency", "5")),
        world.tier("key", world.condition("gross_profit", below="0")),
        world.tier("regular"),
        world.tier("prospect", without_business=True),
    ]
    policy = world.ladder([world.weight("revenue", 100)], steps)
    reasons = {change.code: change.reason for change in world.decide(world.six, policy=policy).changes}
    assert reasons["001"].measured == {"order_frequency": Decimal(9), "gross_profit": None}
    assert reasons["004"].measured == {}, "nothing is measured of a customer without business"


def test_the_customers_left_alone_are_named_with_their_cause(world: Any) -> None:
    decision = world.decide(world.six)
    assert decision.skipped == (Skipped("005", "disabled"), Skipped("007", "set_aside"))
    [issue] = decision.issues
    assert (issue.code, issue.field, issue.value, issue.sets_aside) == ("007", "category", "9901", True)


def test_the_population_is_counted(world: Any) -> None:
    assert world.decide(world.six).population == Population(customers=6, eligible=4, with_business=3, with_issues=1)


def test_an_archive_without_customers_decides_nothing(world: Any) -> None:
    decision = world.decide([])
    assert (decision.changes, decision.issues, decision.skipped) == ((), (), ())
    assert decision.population == Population(0, 0, 0, 0)


def test_the_columns_that_a_decision_reads_are_those_of_the_mapping(world: Any) -> None:
    assert needed_columns(world.mapping, "sql") == tuple(sorted(world.columns.values()))
    assert needed_columns(world.mapping, "openapi") == ()


def settled(world: Any, code: str, **changed: str | None) -> list[Any]:
    """The six customers with the tiers that they deserve, and one of them changed."""
    six = world.apply(world.six, world.decide(world.six))
    return [replace(each, **changed) if each.code == code else each for each in six]


# The tier that U8 holds.


@pytest.mark.parametrize(
    ("held", "before", "kind", "was"),
    [
        pytest.param(None, None, "fill", None, id="NULL is filled"),
        pytest.param("", "", "fill", None, id="the empty text is filled"),
        pytest.param(" \u3000", " \u3000", "fill", None, id="blanks are filled"),
        pytest.param("普通", "普通", "replace", "regular", id="another tier is replaced"),
        pytest.param(" 普通 ", " 普通 ", "replace", "regular", id="and its raw value is kept as it was"),
        pytest.param("??", "??", "replace", None, id="an unknown value is replaced"),
    ],
)
def test_the_tier_is_filled_or_replaced(
    world: Any, held: str | None, before: str | None, kind: str, was: str | None
) -> None:
    [change] = world.decide(settled(world, "001", tier=held)).changes
    [field] = change.fields
    assert (field.before, field.kind, field.was, field.after, field.becomes) == (before, kind, was, "VIP", "VIP")


@pytest.mark.parametrize("held", ["VIP", "贵宾", " 贵宾", "VIP  ", "\u3000VIP\u3000"])
def test_another_spelling_of_the_present_tier_is_no_change(world: Any, held: str) -> None:
    assert world.decide(settled(world, "001", tier=held)).changes == ()


def test_an_unknown_present_tier_is_an_issue_and_no_reason_to_stop(world: Any) -> None:
    decision = world.decide(settled(world, "001", tier="??"))
    assert [(i.code, i.field, i.sets_aside) for i in decision.issues if i.code == "001"] == [("001", "tier", False)]
    assert [change.code for change in decision.changes] == ["001"]


def test_a_mapping_that_writes_no_tier_changes_none(world: Any) -> None:
    fields = tuple(replace(field, write="never") for field in world.mapping.fields)
    decision = world.decide(world.six, mapping=replace(world.mapping, fields=fields))
    assert decision.changes == ()
    assert set(by_code(decision, "current").values()) == {None}
    assert by_code(decision, "recommended")["001"] == "VIP"


def test_a_tier_without_a_column_in_this_way_changes_none(world: Any) -> None:
    fields = tuple(
        replace(field, columns={"openapi": "define1"}) if field.name == "tier" else field
        for field in world.mapping.fields
    )
    assert world.decide(world.six, mapping=replace(world.mapping, fields=fields)).changes == ()


# Who is compared, and who is changed.


@pytest.mark.parametrize(
    ("disabled_on", "cause"),
    [
        pytest.param("2025-12-30", "disabled", id="before the last day"),
        pytest.param("2025-12-31", "disabled", id="on the last day"),
        pytest.param("2026-01-01", None, id="after the window"),
        pytest.param(None, None, id="never"),
        pytest.param("soon", None, id="on a day that cannot be read: an issue, and not disabled"),
    ],
)
def test_a_customer_is_disabled_from_its_day_on(world: Any, disabled_on: str | None, cause: str | None) -> None:
    decision = world.decide([replace(world.aurora, disabled_on=disabled_on), world.beacon])
    assert by_code(decision, "cause") == {"001": cause, "002": None}
    assert by_code(decision, "rated") == {"001": cause is None, "002": True}
    assert (by_code(decision, "recommended")["001"] is None) == (cause is not None)


def test_an_excluded_customer_is_neither_compared_nor_changed(world: Any) -> None:
    decision = world.decide(world.six, policy=replace(world.policy, exclude=frozenset({"001", "999"})))
    assert Skipped("001", "excluded") in decision.skipped
    assert by_code(decision, "recommended")["001"] is None
    assert by_code(decision, SCORE) == dict.fromkeys(["001", "004", "005", "007"]) | {
        "002": Decimal(100), "003": Decimal(0)
    }  # fmt: skip


def test_a_protected_customer_is_compared_and_not_changed(world: Any) -> None:
    decision = world.decide(world.six, protected={"001", "003"})
    assert [change.code for change in decision.changes] == ["004"]
    assert by_code(decision, SCORE)["001"] == 100
    assert by_code(decision, "recommended")["003"] == "regular"
    assert decision.population.eligible == 4
    assert decision.skipped == (
        Skipped("001", "protected"),
        Skipped("003", "protected"),
        Skipped("005", "disabled"),
        Skipped("007", "set_aside"),
    )


def test_the_first_cause_is_told_where_several_hold(world: Any) -> None:
    both = replace(world.fjord, disabled_on="2025-01-01")
    policy = replace(world.policy, exclude=frozenset({"005", "007"}))
    decision = world.decide([both, world.ember], policy=policy, protected={"005", "007"})
    assert decision.skipped == (Skipped("005", "disabled"), Skipped("007", "set_aside"))


def test_a_customer_set_aside_is_not_compared(world: Any) -> None:
    decision = world.decide([world.aurora, world.fjord])
    assert by_code(decision, SCORE) == {"001": Decimal(50), "007": None}


# What a change rests on.


def test_a_change_of_tier_holds_the_dates_that_it_rests_on(world: Any) -> None:
    aurora = replace(world.aurora, disabled_on="2027-01-01", developed_on="2020-05-05", created_on=None)
    weights = [world.weight("revenue", 80), world.weight("relation_length", 20)]
    [change] = world.decide([aurora], policy=replace(world.policy, weights=tuple(weights))).changes
    assert [field.becomes for field in change.fields] == ["key"]
    assert change.holds == {"dEndDate": "2027-01-01", "dCusDevDate": "2020-05-05", "dCusCreateDatetime": None}
    assert change.before == {**change.holds, "cCusDefine1": None}
    assert change.after == {"cCusDefine1": "02"}


def test_a_policy_that_does_not_use_the_dates_does_not_hold_them(world: Any) -> None:
    [change] = world.decide([world.aurora]).changes
    assert change.holds == {"dEndDate": None}


def test_a_condition_on_the_length_of_relation_holds_the_dates_too(world: Any) -> None:
    top = world.tier("VIP", world.condition("relation_length", "3"))
    [change] = world.decide([world.aurora], policy=replace(world.policy, tiers=(top, *world.policy.tiers[1:]))).changes
    assert set(change.holds) == {"dEndDate", "dCusDevDate", "dCusCreateDatetime"}


def test_a_change_of_spelling_rests_on_nothing_but_itself(world: Any) -> None:
    [change] = world.decide(settled(world, "002", roles="代理", disabled_on="2027-01-01")).changes
    assert change.holds == {}
    assert change.reason is None
    assert change.before == {"cCusDefine2": "代理"}


# The canonical spelling.


@pytest.mark.parametrize(
    ("held", "after"),
    [
        pytest.param("代理", "NO", id="an alias"),
        pytest.param("经销商,代理", "01、NO", id="aliases with another separator"),
        pytest.param("01,NO", "01、NO", id="another separator alone"),
        pytest.param("01、01", "01", id="a duplicate"),
        pytest.param(" 01", "01", id="a leading blank"),
        pytest.param("01、NO", None, id="the canonical spelling"),
        pytest.param("01、NO  ", None, id="trailing blanks, which U8 does not see"),
        pytest.param("NO、01", None, id="another order is kept"),
        pytest.param(None, None, id="NULL"),
        pytest.param("", None, id="the empty text"),
        pytest.param("\u3000", None, id="blanks"),
        pytest.param(",、", None, id="separators alone"),
        pytest.param("经销商,??", None, id="a list with an unknown part is left alone"),
        pytest.param("??", None, id="an unknown value is left alone"),
    ],
)
def test_the_canonical_spelling_is_written_where_the_value_is_usable_and_not_empty(
    world: Any, held: str | None, after: str | None
) -> None:
    decision = world.decide(settled(world, "002", roles=held))
    changes = {change.code: change.after for change in decision.changes}
    assert changes.get("002") == (None if after is None else {"cCusDefine2": after})


def test_a_change_of_spelling_keeps_the_meaning(world: Any) -> None:
    [change] = world.decide(settled(world, "001", roles="经销商,代理")).changes
    meaning = "dealer, agent"
    assert change.fields == (
        FieldChange("roles", "cCusDefine2", "经销商,代理", "01、NO", was=meaning, becomes=meaning, rule="m.yaml:20"),
    )


def test_a_customer_stands_once_with_all_its_fields(world: Any) -> None:
    [change] = world.decide([replace(world.aurora, roles="代理")]).changes
    assert [field.field for field in change.fields] == ["tier", "roles"]
    assert change.reason is not None
    assert change.after == {"cCusDefine1": "02", "cCusDefine2": "NO"}


@pytest.mark.parametrize(
    "alone",
    [
        pytest.param({"protected": {"001"}}, id="protected"),
        pytest.param({"policy": "excluded"}, id="excluded"),
        pytest.param({"customer": {"disabled_on": "2025-01-01"}}, id="disabled"),
        pytest.param({"customer": {"category": "9999"}}, id="set aside"),
    ],
)
def test_a_customer_that_is_left_alone_is_not_respelt_either(world: Any, alone: dict[str, Any]) -> None:
    customer = replace(world.aurora, roles="代理", **alone.get("customer", {}))
    policy = replace(world.policy, exclude=frozenset({"001"})) if "policy" in alone else None
    assert world.decide([customer], policy=policy, protected=alone.get("protected", ())).changes == ()


def test_a_default_is_never_written(world: Any) -> None:
    fields = tuple(
        replace(field, default="dealer") if field.name == "roles" else field for field in world.mapping.fields
    )
    decision = world.decide(settled(world, "002", roles=None), mapping=CustomerMapping(fields, "d"))
    assert by_code(decision, "roles")["002"] == ["dealer"]
    assert decision.changes == ()


def test_a_spelling_that_u8_does_not_allow_in_the_column_is_an_issue(world: Any) -> None:
    customers = settled(world, "001", roles="01,代理")
    limit = ColumnLimit(20, frozenset({"01"}))
    decision = world.decide(customers, writable={**world.writable, "cCusDefine2": limit})
    assert decision.changes == ()
    found = [(i.code, str(i.message), i.sets_aside) for i in decision.issues if i.field == "roles"]
    assert found == [("001", "would be written as '01、NO', which U8 does not allow there", False)]


@pytest.mark.parametrize(
    ("width", "after"),
    [pytest.param(5, {"cCusDefine2": "01、NO"}, id="just wide enough"), pytest.param(4, None, id="too narrow")],
)
def test_a_spelling_wider_than_the_column_is_an_issue(world: Any, width: int, after: dict[str, str] | None) -> None:
    customers = settled(world, "001", roles="01,代理")
    decision = world.decide(customers, writable={**world.writable, "cCusDefine2": ColumnLimit(width)})
    assert [change.after for change in decision.changes] == ([] if after is None else [after])
    found = [(i.code, i.field, i.value, str(i.message), i.sets_aside) for i in decision.issues if i.field == "roles"]
    complaint = "would be longer than the 4 characters of the column"
    assert found == ([] if after else [("001", "roles", "01,代理", complaint, False)])
    assert decision.population.with_issues == len({issue.code for issue in decision.issues})


# Laws, over small populations with every kind of value.

TIERS = st.sampled_from([None, "", "  ", "VIP", "贵宾", " 重点", "02", "普通", "潜在", "??"])
ROLES = st.sampled_from([None, "", "\u3000", "01", "经销商", "代理,01", "NO、NO", "??", "01,??", "01、NO"])
DAY = st.none() | st.dates(date(2024, 1, 1), date(2026, 12, 31)).map(str) | st.just("soon")
SOLD = st.none() | st.dates(date(2024, 6, 1), date(2025, 12, 31))
AMOUNT = st.none() | st.integers(-3, 6)
PERSON = st.fixed_dictionaries(
    {
        "category": st.sampled_from(["0101", "02", "02xx", "9", "9901", None]),
        "tier": TIERS,
        "roles": ROLES,
        "developed_on": DAY,
        "disabled_on": DAY,
        "revenue": AMOUNT,
        "revenue_posted": AMOUNT,
        "cost": AMOUNT,
        "invoices": st.integers(0, 2),
        "orders": st.integers(0, 3),
        "last_sale_on": SOLD,
    }
)
PEOPLE = st.lists(PERSON, max_size=7)


def people(world: Any, rows: list[dict[str, Any]]) -> list[Any]:
    return [world.Customer(f"{number:03}", **row) for number, row in enumerate(rows)]


def fingerprint(decision: Decision) -> str:
    seal = Seal("account set", date(2025, 12, 31), "m", "p", "1.0")
    made_at = datetime(2026, 1, 1, tzinfo=UTC)
    return Plan(seal, made_at, decision.changes, decision.skipped, decision.population).fingerprint


@settings(max_examples=30)
@given(rows=PEOPLE)
def test_what_was_applied_is_not_planned_again(world: Any, rows: list[dict[str, Any]]) -> None:
    before = people(world, rows)
    decision = world.decide(before)
    after = world.apply(before, decision)
    again = world.decide(after)
    assert again.changes == ()
    assert by_code(again, "recommended") == by_code(decision, "recommended")


@settings(max_examples=30)
@given(rows=PEOPLE, data=st.data())
def test_the_order_of_rows_changes_nothing(world: Any, rows: list[dict[str, Any]], data: Any) -> None:
    customers = people(world, rows)
    decision = world.decide(customers)
    raw, facts = world.raw(customers), world.facts(customers)
    other = decide(
        raw[data.draw(st.permutations(range(raw.height)))],
        replace(facts, frame=facts.frame[data.draw(st.permutations(range(facts.frame.height)))]),
        mapping=world.mapping,
        policy=world.policy,
        way=world.way,
        writable=world.writable,
        protected=(),
    )
    assert other.customers.sort("code").equals(decision.customers)
    assert (other.changes, other.skipped, other.issues) == (decision.changes, decision.skipped, decision.issues)
    assert other.population == decision.population
    assert fingerprint(other) == fingerprint(decision)


@settings(max_examples=30)
@given(rows=PEOPLE)
def test_every_change_differs_is_ordered_and_has_somebody_who_may_be_changed(
    world: Any, rows: list[dict[str, Any]]
) -> None:
    customers = people(world, rows)
    decision = world.decide(customers)
    codes = [change.code for change in decision.changes]
    assert codes == sorted(set(codes))
    assert not set(codes) & {skipped.code for skipped in decision.skipped}
    raw = {row["code"]: row for row in world.raw(customers).iter_rows(named=True)}
    for change in decision.changes:
        assert change.fields
        for column, value in change.before.items():
            assert raw[change.code][column] == value
        assert all(change.before[column] != value for column, value in change.after.items())


@settings(max_examples=30)
@given(rows=PEOPLE)
def test_every_customer_is_changed_kept_or_skipped_and_counted(world: Any, rows: list[dict[str, Any]]) -> None:
    decision = world.decide(people(world, rows))
    tiers = by_code(decision, "recommended")
    causes = by_code(decision, "cause")
    assert {code for code, tier in tiers.items() if tier is None} == {code for code, cause in causes.items() if cause}
    assert [(each.code, each.cause) for each in decision.skipped] == [(c, why) for c, why in causes.items() if why]
    assert decision.population.customers == len(rows)
    assert decision.population.eligible == sum(tier is not None for tier in tiers.values())
    assert decision.population.with_business == sum(by_code(decision, "rated").values())
    assert decision.population.with_issues == len({issue.code for issue in decision.issues})


@settings(max_examples=30)
@given(rows=PEOPLE, data=st.data())
def test_protecting_a_customer_changes_no_other(world: Any, rows: list[dict[str, Any]], data: Any) -> None:
    customers = people(world, rows)
    protected = data.draw(st.sets(st.sampled_from([each.code for each in customers]))) if customers else set()
    free, held = world.decide(customers), world.decide(customers, protected=protected)
    assert held.changes == tuple(change for change in free.changes if change.code not in protected)
    assert by_code(held, "recommended") == by_code(free, "recommended")

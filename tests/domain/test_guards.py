"""The guards: each under, at and over its limit, and what a person may let pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from u8sync.domain.guards import GUARDS, Limits, Verdict, check
from u8sync.domain.plan import Change, Edited, FieldChange, Plan, Population, Seal
from u8sync.domain.reason import Reason


def change(number: int, before: str | None, was: str | None, becomes: str, *, tier: bool = True) -> Change:
    """A change of one field; ``tier`` tells a change of tier from a change of spelling."""
    reason = Reason(becomes, Decimal(50), (), "tiers.yaml:1") if tier else None
    return Change(f"{number:05}", (FieldChange("f", "c", before, becomes, was=was, becomes=becomes),), {}, reason)


def judge(
    world: Any,
    *,
    replaced: int = 0,
    filled: int = 0,
    fallen: int = 0,
    respelt: int = 0,
    edited: int = 0,
    limits: Limits | None = None,
    allow: frozenset[str] = frozenset(),
    before: int | None = 1000,
    **population: int,
) -> dict[str, Verdict]:
    """The verdicts on a plan with so many changes of each sort, by name of the guard."""
    kinds = [("key", "key", "regular", True)] * replaced + [(None, None, "key", True)] * filled
    kinds += [("VIP", "VIP", "key", True)] * fallen + [("贵宾", "VIP", "VIP", False)] * respelt
    changes = [change(n, b, w, a, tier=t) for n, (b, w, a, t) in enumerate(kinds)]
    for at, one in enumerate(changes[:edited]):
        changes[at] = replace(one, fields=tuple(replace(field, edited=Edited("VIP")) for field in one.fields))
    counts = {"customers": 1000, "eligible": 1000, "with_business": 1000, "with_issues": 0} | population
    seal = Seal("account set", date(2025, 12, 31), "m", "p", "1.0")
    plan = Plan(seal, datetime(2026, 1, 1, tzinfo=UTC), tuple(changes), (), Population(**counts))
    verdicts = check(plan, world.policy, limits or Limits(), allow=allow, last_customers=before)
    assert tuple(verdict.guard for verdict in verdicts) == GUARDS
    return {verdict.guard: verdict for verdict in verdicts}


@pytest.mark.parametrize(
    ("guard", "case", "ok", "figures"),
    [
        pytest.param("empty_source", {"customers": 1}, True, ("1", "1"), id="one customer is a source"),
        pytest.param("empty_source", {"customers": 0, "eligible": 0}, False, ("0", "1"), id="an empty archive"),
        pytest.param("customers_missing", {"customers": 901}, True, ("90.10", "90"), id="a few customers went"),
        pytest.param("customers_missing", {"customers": 900}, True, ("90.00", "90"), id="a tenth of them went"),
        pytest.param("customers_missing", {"customers": 899}, False, ("89.90", "90"), id="more than a tenth went"),
        pytest.param("customers_missing", {"customers": 500}, False, ("50.00", "90"), id="half of them are missing"),
        pytest.param("customers_missing", {"customers": 2000}, True, ("100.00", "90"), id="customers came"),
        pytest.param("customers_missing", {"before": 9, "customers": 1}, True, ("11.11", "90"), id="a tiny archive"),
        pytest.param("customers_missing", {"before": None, "customers": 1}, True, ("100.00", "90"), id="the first run"),
        pytest.param("no_business", {"with_business": 1}, True, ("1", "1"), id="one customer has business"),
        pytest.param("no_business", {"with_business": 0}, False, ("0", "1"), id="nobody has business"),
        pytest.param("no_business", {"with_business": 0, "eligible": 0}, True, ("0", "1"), id="nobody could have any"),
        pytest.param("share_changed", {"replaced": 99}, True, ("9.90", "10"), id="under the share"),
        pytest.param("share_changed", {"replaced": 100}, True, ("10.00", "10"), id="at the share"),
        pytest.param("share_changed", {"replaced": 101}, False, ("10.10", "10"), id="over the share"),
        pytest.param("share_changed", {"respelt": 101}, False, ("10.10", "10"), id="a new spelling replaces too"),
        pytest.param("share_changed", {"filled": 1000}, True, ("0.00", "10"), id="filling does not count"),
        pytest.param("share_changed", {"replaced": 0, "eligible": 0}, True, ("0.00", "10"), id="nobody gets a tier"),
        pytest.param(
            "share_changed", {"replaced": 6, "eligible": 50}, False, ("12.00", "10"), id="of those with a tier"
        ),
        pytest.param("top_downgrades", {"fallen": 19}, True, ("19", "20"), id="under the falls"),
        pytest.param("top_downgrades", {"fallen": 20}, True, ("20", "20"), id="at the falls"),
        pytest.param("top_downgrades", {"fallen": 21}, False, ("21", "20"), id="over the falls"),
        pytest.param("top_downgrades", {"replaced": 90}, True, ("0", "20"), id="falls from lower tiers do not count"),
        pytest.param("top_downgrades", {"respelt": 90}, True, ("0", "20"), id="a new spelling of the top is no fall"),
        pytest.param("issue_share", {"with_issues": 49}, True, ("4.90", "5"), id="under the issues"),
        pytest.param("issue_share", {"with_issues": 50}, True, ("5.00", "5"), id="at the issues"),
        pytest.param("issue_share", {"with_issues": 51}, False, ("5.10", "5"), id="over the issues"),
    ],
)
def test_a_guard(world: Any, guard: str, case: dict[str, int], figures: tuple[str, str], *, ok: bool) -> None:
    verdict = judge(world, **case)[guard]
    assert (verdict.ok, verdict.stops, verdict.allowed) == (ok, not ok, False)
    assert (verdict.measured, verdict.limit) == figures


@pytest.mark.parametrize(
    ("part", "whole", "measured"),
    [
        pytest.param(1, 3, "33.34", id="a third is rounded up"),
        pytest.param(2, 3, "66.67", id="two thirds"),
        pytest.param(1, 8, "12.50", id="an eighth"),
        pytest.param(3, 3, "100.00", id="all"),
        pytest.param(1, 100_000, "0.01", id="the smallest share is not nothing"),
    ],
)
def test_a_share_is_shown_in_percent_with_two_places_rounded_up(
    world: Any, part: int, whole: int, measured: str
) -> None:
    assert judge(world, replaced=part, eligible=whole)["share_changed"].measured == measured
    assert judge(world, with_issues=part, customers=whole)["issue_share"].measured == measured


def test_a_share_just_over_the_limit_is_not_rounded_down_to_it(world: Any) -> None:
    limits = Limits(issue_share=Decimal(10))
    verdict = judge(world, with_issues=10_001, customers=100_000, limits=limits)["issue_share"]
    assert (verdict.ok, verdict.measured) == (False, "10.01")
    closer = judge(world, with_issues=1_000_001, customers=10_000_000, limits=limits)["issue_share"]
    assert (closer.ok, closer.measured) == (False, "10.01")


@given(part=st.integers(0, 400), whole=st.integers(10, 4000), hundredths=st.integers(0, 10_000))
def test_a_share_passes_exactly_where_it_is_within_the_limit(
    world: Any, part: int, whole: int, hundredths: int
) -> None:
    limit = Decimal(hundredths) / 100
    limits = Limits(issue_share=limit)
    verdict = judge(world, with_issues=part, customers=whole, limits=limits)["issue_share"]
    assert verdict.ok == (Fraction(100 * part, whole) <= Fraction(hundredths, 100))
    assert verdict.ok == (Decimal(verdict.measured) <= limit)


@pytest.mark.parametrize(("customers", "ok"), [(9, True), (10, False), (11, False)])
def test_percentages_are_tested_from_a_number_of_customers_up(world: Any, customers: int, *, ok: bool) -> None:
    verdicts = judge(world, replaced=5, with_issues=5, customers=customers, eligible=customers)
    assert (verdicts["share_changed"].ok, verdicts["issue_share"].ok) == (ok, ok)


def test_counts_are_tested_however_few_the_customers(world: Any) -> None:
    few = judge(world, before=3, fallen=3, customers=3, eligible=3, with_business=0, limits=Limits(top_downgrades=2))
    assert {name for name, verdict in few.items() if verdict.stops} == {"top_downgrades", "no_business"}


def test_the_limits_are_those_of_the_installation(world: Any) -> None:
    limits = Limits(Decimal("0.5"), top_downgrades=0, issue_share=Decimal(100), from_customers=1)
    verdicts = judge(world, replaced=6, fallen=1, with_issues=1000, limits=limits)
    assert {name for name, verdict in verdicts.items() if verdict.stops} == {"share_changed", "top_downgrades"}


@pytest.mark.parametrize(
    ("rule", "ok"), [pytest.param("ask", False), pytest.param("overwrite", True), pytest.param("respect", True)]
)
def test_edits_by_people_are_written_over_only_where_the_policy_or_a_person_lets_them(
    world: Any, rule: Any, *, ok: bool
) -> None:
    world = replace(world, policy=replace(world.policy, edited=rule))
    verdict = judge(world, replaced=3, edited=2)["edited_in_u8"]
    assert (verdict.ok, verdict.measured, verdict.limit) == (ok, "2", "0")
    assert judge(world, replaced=3, edited=2, allow=frozenset({"edited_in_u8"}))["edited_in_u8"].stops is False
    assert judge(world, replaced=3)["edited_in_u8"].ok


@pytest.mark.parametrize("guard", GUARDS)
def test_a_person_may_let_one_guard_pass_and_no_other(world: Any, guard: str) -> None:
    case: dict[str, int] = {"customers": 0, "with_business": 0, "replaced": 500, "fallen": 30, "with_issues": 1}
    case["edited"] = 1
    limits = Limits(from_customers=0)
    stopped = {name for name, verdict in judge(world, limits=limits, **case).items() if verdict.stops}
    verdicts = judge(world, limits=limits, allow=frozenset({guard}), **case)
    assert stopped == set(GUARDS)
    assert {name for name, verdict in verdicts.items() if verdict.stops} == stopped - {guard}
    assert (verdicts[guard].ok, verdicts[guard].allowed) == (False, True)


def test_a_customer_with_two_changed_fields_counts_once(world: Any) -> None:
    base = change(1, "key", "key", "regular")
    double = Change(base.code, (*base.fields, *base.fields), {}, base.reason)
    seal = Seal("account set", date(2025, 12, 31), "m", "p", "1.0")
    plan = Plan(seal, datetime(2026, 1, 1, tzinfo=UTC), (double,), (), Population(10, 10, 10, 0))
    assert check(plan, world.policy, Limits(), allow=frozenset(), last_customers=None)[3].measured == "10.00"


def test_a_verdict_says_what_was_measured(world: Any) -> None:
    verdicts = judge(world, replaced=101, fallen=2, with_issues=51)
    assert [str(verdicts[guard].message) for guard in GUARDS] == [
        "customers in the archive: 1,000 (at least 1)",
        "customers in the archive: 1,000, at the last good run 1,000 (at least 90 %)",
        "customers with business in the window: 1,000 (at least 1)",
        "103 of 1,000 customers would get another value in place of the present one: 10.30 % (limit 10 %)",
        "2 customers would fall from VIP (limit 20)",
        "51 of 1,000 customers have a value that cannot be used: 5.10 % (limit 5 %)",
        "0 customers whose value people changed in U8 would be written over (limit 0)",
    ]

"""A plan and its fingerprint: every edit of what would be written, or of what it was made for, breaks it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from u8sync.domain.model import CustomerCode
from u8sync.domain.plan import Change, Edited, FieldChange, Held, Plan, Population, Seal, Skipped, Undoes, op_id
from u8sync.domain.reason import Contribution, Moved, Pinned, Places, Rank, Reason

PLAN = Plan(
    seal=Seal("sqlserver|erp01|UFDATA_999_2026|999|L1", date(2025, 12, 31), "a" * 64, "b" * 64, "1.0.0"),
    made_at=datetime(2026, 1, 1, 2, 30, tzinfo=UTC),
    changes=(
        Change(
            CustomerCode("001"),
            (
                FieldChange("tier", "cCusDefine1", "重要", "VIP", was="重要", becomes="VIP", edited=Edited("一般")),
                FieldChange("roles", "cCusDefine2", "代理", "NO", was="agent", becomes="agent"),
            ),
            {"dEndDate": None, "dCusDevDate": "2020-01-01"},
            Reason(
                "VIP",
                Decimal("81.2500"),
                (
                    Contribution("revenue", Decimal("900.0000"), Decimal("100.0000"), Decimal("50.0000"), 8, 0, 8),
                    Contribution(
                        "gross_margin",
                        Decimal("9.0000"),
                        Decimal("60.0000"),
                        Decimal("20.0000"),
                        ahead=Decimal("10.0000"),
                        total=Decimal("90.0000"),
                        shrunk=Decimal("8.0000"),
                        mean=Decimal("7.0000"),
                        group="east",
                    ),
                    Contribution("gross_profit", None, None, None),
                ),
                "tiers.yaml:11",
                {"relation_length": Decimal("2.5000"), "recency": None},
                ranks=(Rank("revenue", None, None, 8, 0, 8), Rank("score", "region", "east", 3, 1, 5)),
                quotas=(Places("VIP", 3, 0, 5),),
                documents=12,
                history_days=400,
                moved=Moved(
                    "VIP",
                    "重要",
                    "VIP",
                    0,
                    None,
                    date(2025, 12, 31),
                    date(2025, 6, 30),
                    review=True,
                    pin=Pinned("VIP", "tender", "Wang", date(2026, 6, 30), "tiers.yaml:50"),
                    eased=(Places("VIP", 3, 0, 6),),
                    seats=(Places("VIP", 0, 0, 2),),
                ),
            ),
        ),
        Change(
            CustomerCode("002"),
            (FieldChange("roles", "cCusDefine2", "经销商", "01", was="dealer", becomes="dealer"),),
            {},
            None,
        ),
    ),
    skipped=(Skipped(CustomerCode("005"), "disabled"),),
    population=Population(9, 8, 7, 1),
)


INSTEAD_OF_NULL = {
    **dict.fromkeys(("value", "points", "contribution", "score", "recency", "more"), Decimal("0.0000")),
    **dict.fromkeys(("beaten", "tied", "others"), 0),
    "reason": Reason("", None, (), ""),
    "undoes": Undoes("run-1", "0" * 32),
    **dict.fromkeys(("ahead", "total", "shrunk", "mean"), Decimal("0.0000")),
    **dict.fromkeys(("documents", "history_days"), 0),
    "edited": Edited(None),
    "moved": Moved(None, None, None, 0, None, date(2025, 1, 1), None, review=False, pin=None),
    "changed_on": date(2025, 1, 1),
    "pin": Pinned("", "", "", date(2025, 1, 1), ""),
}
"""What a null may be edited to, by the name of its place; a text anywhere else."""


def edits(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    """Every way to edit one place inside ``value``, with the name of the place."""
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            for place, edited in edits(getattr(value, field.name), f"{where}.{field.name}"):
                yield place, replace(value, **{field.name: edited})
    elif isinstance(value, tuple):
        yield f"{where} turned round", value[::-1]
        for index, item in enumerate(value):
            yield f"{where}[{index}] left out", value[:index] + value[index + 1 :]
            yield f"{where}[{index}] doubled", (*value[: index + 1], *value[index:])
            for place, edited in edits(item, f"{where}[{index}]"):
                yield place, (*value[:index], edited, *value[index + 1 :])
    elif isinstance(value, Mapping):
        yield f"{where} with one more", {**value, "more": None}
        for key, item in value.items():
            yield f"{where}.{key} left out", {other: each for other, each in value.items() if other != key}
            yield f"{where}.{key} renamed", {(f"{k}2" if k == key else k): each for k, each in value.items()}
            for place, edited in edits(item, f"{where}.{key}"):
                yield place, {**value, key: edited}
    else:
        yield from plain_edits(value, where)


def plain_edits(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    """Every way to edit a value that has no parts."""
    match value:
        case None:
            yield f"{where}: no more null", INSTEAD_OF_NULL.get(where.rpartition(".")[2], "None")
        case bool():
            yield f"{where}: the contrary", not value
        case str():
            yield f"{where}: a blank added", value + " "
            yield f"{where}: emptied", ""
        case int():
            yield f"{where}: one more", value + 1
            yield f"{where}: null", None
        case Decimal():
            yield f"{where}: a ten-thousandth more", value + Decimal("0.0001")
            yield f"{where}: null", None
        case date():
            yield f"{where}: a day later", value + timedelta(days=1)
        case _:
            raise TypeError(where)


SEAL_EDITS = [pytest.param(replace(PLAN, seal=seal), id=where) for where, seal in edits(PLAN.seal, "seal")]
CHANGE_EDITS = [
    pytest.param(replace(PLAN, changes=changes), id=where)
    for where, changes in edits(PLAN.changes, "changes")
    if changes != PLAN.changes  # a tuple of one, turned round
]


@pytest.mark.parametrize("edited", [*SEAL_EDITS, *CHANGE_EDITS])
def test_any_edit_of_a_change_or_of_the_seal_is_another_plan(edited: Plan) -> None:
    assert edited.fingerprint != PLAN.fingerprint


def test_no_two_edits_are_the_same_plan() -> None:
    prints = [param.values[0].fingerprint for param in [*SEAL_EDITS, *CHANGE_EDITS]]
    assert len(set(prints)) == len(prints) > 80


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"made_at": datetime(2027, 1, 1, tzinfo=UTC)}, id="when it was made"),
        pytest.param({"skipped": ()}, id="who was left alone"),
        pytest.param({"population": Population(1, 1, 1, 1)}, id="how many were seen"),
        pytest.param({"held": (Held(CustomerCode("005"), "VIP", "重要", "margin", 0),)}, id="who was held"),
    ],
)
def test_the_fingerprint_does_not_depend_on(other: dict[str, Any]) -> None:
    assert replace(PLAN, **other).fingerprint == PLAN.fingerprint


def test_the_order_of_the_columns_that_must_hold_is_no_edit() -> None:
    first, second = PLAN.changes
    turned = replace(first, holds=dict(reversed(first.holds.items())))
    assert replace(PLAN, changes=(turned, second)).fingerprint == PLAN.fingerprint


def test_the_fingerprint_is_the_hash_of_a_text_that_anybody_can_write_down() -> None:
    seal = Seal("memory||DB|999|", date(2025, 12, 31), "aa", "bb", "1.0.0")
    reason = Reason("VIP", Decimal("81.2500"), (Contribution("revenue", Decimal(9), None, None),), "t.yaml:1")
    change = Change(CustomerCode("001"), (FieldChange("tier", "c", None, "贵宾", was=None, becomes="VIP"),), {}, reason)
    text = (
        '{"changes":[{"code":"001","fields":[{"after":"贵宾","becomes":"VIP","before":null,"column":"c","field":"tier",'
        '"was":null}],"holds":{},"reason":{"contributions":[{"beaten":null,"contribution":null,"metric":"revenue",'
        '"others":null,"points":null,"tied":null,"value":"9"}],"measured":{},"rule":"t.yaml:1","score":"81.2500","tier":"VIP"}}],"seal":{"account_set":"memory||DB|999|",'
        '"as_of":"2025-12-31","mapping":"aa","policy":"bb","tool":"1.0.0"}}'
    )
    assert replace(PLAN, seal=seal, changes=(change,)).fingerprint == hashlib.sha256(text.encode()).hexdigest()


def test_a_plan_without_changes_has_a_fingerprint() -> None:
    assert replace(PLAN, changes=()).fingerprint != PLAN.fingerprint


def test_the_name_of_a_change_is_stable_and_its_own() -> None:
    names = [op_id(PLAN, change, "run 1") for change in PLAN.changes]
    later = replace(PLAN, made_at=PLAN.made_at + timedelta(days=1))
    assert names == [op_id(later, change, "run 1") for change in PLAN.changes]
    assert all(len(name) == 32 and set(name) <= set("0123456789abcdef") for name in names)


def test_no_two_changes_plans_or_runs_share_a_name() -> None:
    moved = replace(PLAN, seal=replace(PLAN.seal, account_set="another"))
    names = [
        op_id(plan, change, run) for plan in (PLAN, moved) for change in plan.changes for run in ("run 1", "run 2")
    ]
    assert len(set(names)) == len(names) == 8


@pytest.mark.parametrize(
    ("before", "kind"),
    [(None, "fill"), ("", "fill"), ("  ", "fill"), ("\u3000", "fill"), ("x", "replace"), ("0", "replace")],
    ids=["NULL", "empty text", "blanks", "a full-width blank", "a value", "zero"],
)
def test_a_change_fills_what_was_empty_and_replaces_the_rest(before: str | None, kind: str) -> None:
    assert FieldChange("f", "c", before, "after", was=None, becomes="after").kind == kind


def test_a_change_compares_what_it_rests_on_and_what_it_writes() -> None:
    change = PLAN.changes[0]
    assert change.before == {
        "dEndDate": None,
        "dCusDevDate": "2020-01-01",
        "cCusDefine1": "重要",
        "cCusDefine2": "代理",
    }
    assert change.after == {"cCusDefine1": "VIP", "cCusDefine2": "NO"}


WORD = st.sampled_from(["", "a", "b", "重", "None", "null"])
MAYBE = st.none() | WORD
FIGURE = st.none() | st.integers(-2, 2).map(lambda number: Decimal(number).quantize(Decimal("0.0001")))
CHANGES = st.builds(
    Change,
    code=WORD,
    fields=st.lists(st.builds(FieldChange, WORD, WORD, MAYBE, WORD, was=MAYBE, becomes=WORD), max_size=2).map(tuple),
    holds=st.dictionaries(st.sampled_from("xy"), MAYBE),
    reason=st.none()
    | st.builds(
        Reason,
        tier=WORD,
        score=FIGURE,
        contributions=st.lists(st.builds(Contribution, WORD, FIGURE, FIGURE, FIGURE), max_size=2).map(tuple),
        rule=WORD,
    ),
)
PLANS = st.builds(
    Plan,
    seal=st.builds(Seal, WORD, st.dates(date(2025, 1, 1), date(2025, 1, 2)), WORD, WORD, WORD),
    made_at=st.just(PLAN.made_at),
    changes=st.lists(CHANGES, max_size=2).map(tuple),
    skipped=st.just(()),
    population=st.just(PLAN.population),
)


@given(left=PLANS, right=PLANS)
def test_two_plans_have_one_fingerprint_exactly_where_they_say_the_same(left: Plan, right: Plan) -> None:
    assert (left.fingerprint == right.fingerprint) == ((left.seal, left.changes) == (right.seal, right.changes))
    assert replace(left, made_at=left.made_at + timedelta(hours=1)).fingerprint == left.fingerprint

"""The OpenAPI backend under the one suite of :mod:`backend_contract`: over real HTTP, however the gateway behaves.

The contract of the OpenAPI leaves questions open; each class answers some of them in another way, so that every answer
is met, and :func:`test_writing_and_reading_hold_in_every_combination` goes through all combinations of those that
matter for a write.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import pytest
from backend_contract import (
    CUSTOMERS,
    GLOSSARY,
    STAMP,
    WINDOW,
    BackendContract,
    Quiet,
    ReadOnlyContract,
    Site,
    expected_facts,
)
from backend_contract import check_the_law_of_writing as law
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_site import NAMES, Renamed, openapi_site

from u8sync.domain.model import ColumnLimit, Extra, Glossary, Period
from u8sync.ports import Edit
from u8sync.sandbox.openapi.behaviour import PLAIN, Behaviour


class OverHttp(BackendContract):
    """The world behind the OpenAPI."""

    account: ClassVar[Mapping[str, Any]] = {
        "database": "test_u8sync_sandbox",
        "code": "default",
        "name": "test_u8sync_sandbox",
        "lineage": "",
    }
    names: ClassVar[Mapping[str, str]] = NAMES
    absent: ClassVar[frozenset[str]] = frozenset({"CustomerKCode", "bCusState", "iCusCreDate", "iCusCreLine"})
    limits: ClassVar[Mapping[str, ColumnLimit]] = {
        "cCusDefine4": ColumnLimit(10),
        "cCusDefine5": ColumnLimit(60, frozenset({"A", "B"})),
        "cCusMngTypeCode": ColumnLimit(32, frozenset({"01", "999"})),
        "cCCCode": ColumnLimit(12, frozenset({"0101", "0102"})),
    }
    extras: ClassVar[frozenset[Extra]] = frozenset({"months", "before"})
    periods: ClassVar[tuple[Period, ...]] = ()
    glossary: ClassVar[Glossary] = Glossary(
        names={"cCusMngTypeCode": {"01": "一般客户", "999": "普通客户"}, **GLOSSARY.names}
    )
    behaviour: ClassVar[Behaviour] = PLAIN
    options: ClassVar[Mapping[str, Any]] = {}

    def shown(self, value: str | None) -> str | None:
        return value or None  # empty fields are left out of replies

    def check_stamp(self, row: Mapping[str, Any]) -> None:
        assert row["cModifyPerson"] == "OpenAPI"  # U8's own business here
        assert row["dModifyDate"].startswith(date.today().isoformat())  # noqa: DTZ011 - the server's wall clock

    @contextmanager
    def site(self) -> Iterator[Site]:
        with (
            tempfile.TemporaryDirectory() as folder,
            openapi_site(Path(folder), behaviour=self.behaviour, **self.options) as at,
        ):
            at.backend = Renamed(at.open())
            yield at
            at.backend.close()
            # The name of the list of invoices is found out by asking.
            assert {one.call for one in at.server.violations} <= {"api/saleinvoicelist/batch_get"}


class TestPlain(OverHttp):
    pass


class TestOtherAnswers(OverHttp):
    behaviour = Behaviour(
        edit_reply="async",
        polls=2,
        ping_after_s=1,
        tokens="one",
        expires_in="text",
        max_rows=2,
        parameters="exact",
        red_amounts="positive",
        numbers="bare",
        invoice_pages="whole",
        invoice_list="salesinvoicelist",
        stock_outs="single",
        order="timestamp",
        one_row_as_object=True,
    )
    options: ClassVar[Mapping[str, Any]] = {"stock_outs": "single", "connections": 1}


class TestWholeCards(OverHttp):
    behaviour = Behaviour(edit="replace", max_rows=3)
    options: ClassVar[Mapping[str, Any]] = {"edit_sends": "card", "rows_per_page": 2}


class TestOpenedReadOnly(ReadOnlyContract):
    account: ClassVar[Mapping[str, Any]] = OverHttp.account
    names: ClassVar[Mapping[str, str]] = NAMES
    absent: ClassVar[frozenset[str]] = OverHttp.absent
    limits: ClassVar[Mapping[str, ColumnLimit]] = OverHttp.limits
    extras: ClassVar[frozenset[Extra]] = OverHttp.extras
    periods: ClassVar[tuple[Period, ...]] = OverHttp.periods
    glossary: ClassVar[Glossary] = OverHttp.glossary

    def shown(self, value: str | None) -> str | None:
        return OverHttp.shown(self, value)  # type: ignore[arg-type]

    @contextmanager
    def site(self) -> Iterator[Site]:
        with tempfile.TemporaryDirectory() as folder, openapi_site(Path(folder)) as at:
            at.backend = Renamed(at.open(read_only=True))
            yield at
            at.backend.close()


@settings(max_examples=25)
@given(data=st.data())
def test_a_row_changes_if_its_before_held_and_then_exactly_to_its_after(data: st.DataObject) -> None:
    writes: dict[str, list[str | None]] = {
        "cCusDefine4": [None, "金", "银", "'", "%", "A"],
        "cCusDefine5": [None, "A", "B"],
        "cCCCode": ["0101", "0102"],
    }
    with TestPlain().site() as at:
        law(at, data, writes=writes)


CHOICES: dict[str, tuple[object, object]] = {
    "edit": ("merge", "replace"),
    "edit_reply": ("sync", "async"),
    "tokens": ("many", "one"),
    "max_rows": (100, 2),
    "parameters": ("any_case", "exact"),
    "numbers": ("text", "bare"),
}


@pytest.mark.parametrize("chosen", list(itertools.product(*CHOICES.values())), ids=str)
def test_writing_and_reading_hold_in_every_combination(chosen: tuple[object, ...], tmp_path: Path) -> None:
    behaviour = Behaviour(**dict(zip(CHOICES, chosen, strict=True)))  # type: ignore[arg-type]
    sends = "card" if behaviour.edit == "replace" else "changes"
    with openapi_site(tmp_path, behaviour=behaviour, edit_sends=sends) as at:
        backend = Renamed(at.open())
        before = at.stored()
        assert sorted(backend.customers(["cCusDefine4"], Quiet())["code"]) == sorted(CUSTOMERS)
        facts = {row[0]: row[1:] for row in backend.facts(WINDOW, Quiet()).frame.iter_rows()}
        assert facts == expected_facts()
        edits = [
            Edit("C001", {"cCusDefine4": "金", "cCCCode": "0101"}, {"cCusDefine4": "银"}),
            Edit("007", {"cCusDefine5": None}, {"cCusDefine5": "A"}),
            Edit("C006", {"cCusDefine4": "铜"}, {"cCusDefine4": "金"}),
        ]
        assert [outcome.status for outcome in backend.write(edits, STAMP)] == ["applied", "applied", "conflict"]
        assert [outcome.status for outcome in backend.write(edits, STAMP)] == ["already_applied"] * 2 + ["conflict"]
        backend.close()
        after = at.stored()
        moved = {
            (code, column) for code in after for column in after[code] if after[code][column] != before[code][column]
        }
        stamps = {(code, column) for code in ("C001", "007") for column in ("cModifyPerson", "dModifyDate", "pubufts")}
        assert moved == {("C001", "cCusDefine4"), ("007", "cCusDefine5")} | stamps
        assert at.server.violations == ()

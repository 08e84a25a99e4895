"""The one suite that every backend must pass: each promise of ``u8sync.ports.Backend``, on a tiny world.

Six customers, each there for one reason:

* ``C001`` the ordinary one: every column filled, sales, returns, orders and cost;
* ``007`` a code that is no number, and a row with nothing in it but what U8 insists on;
* ``客'户]%_"2`` a code that would break a statement put together from text;
* ``C004`` only documents that do not count: a draft, a void one, an opening balance;
* ``C005`` no documents at all, and blanks where others have nothing;
* ``C006`` cost without revenue, and values with trailing blanks.

A backend joins by a subclass, in a file of its own, that says how to make a site with this world.
"""

from __future__ import annotations

import atexit
import functools
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Protocol

import polars as pl
import pytest
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, insert

from u8sync.backends import u8_schema
from u8sync.domain.model import EXTRA_COLUMNS, EXTRAS, FACTS_SCHEMA, MONEY, Extra, Glossary, Month, Period, Window, same
from u8sync.errors import InputError, RefusedError
from u8sync.ports import Backend, ColumnLimit, Edit, Stamp
from u8sync.text import Message

WINDOW = Window(date(2026, 1, 1), date(2026, 3, 31))
STAMP = Stamp("u8sync 夜间同步用户名称很长很长很长很长", datetime(2026, 4, 1, 18, 30, tzinfo=UTC))
BY_CHANCE = "客'户]%_\"2"
BLANK: dict[str, str | None] = {
    "cCusName": None,
    "cCCCode": None,
    "cCusMngTypeCode": None,
    "CustomerKCode": None,
    "dCusDevDate": None,
    "dEndDate": None,
    "iCusCreDate": None,
    "iCusCreLine": None,
    "cCusDefine4": None,
    "cCusDefine5": None,
}
CUSTOMERS: dict[str, dict[str, str | None]] = {
    "C001": {
        "cCusAbbName": "上海一",
        "cCusName": "上海第一贸易有限公司",
        "cCCCode": "0101",
        "cCusMngTypeCode": "999",
        "CustomerKCode": "A",
        "dCusDevDate": "2019-02-28",
        "dEndDate": "2026-12-31",
        "bCusState": "1",
        "iCusCreDate": "30",
        "iCusCreLine": "100000.5",
        "cCusDefine4": "金",
        "cCusDefine5": "A",
    },
    "007": {**BLANK, "cCusAbbName": "零零七", "bCusState": "0"},
    BY_CHANCE: {**BLANK, "cCusAbbName": "引'号", "bCusState": "1", "iCusCreLine": "0.1", "cCusDefine4": "a'b%]"},
    "C004": {**BLANK, "cCusAbbName": "四", "bCusState": "0", "iCusCreLine": "1000000000000000000000"},
    "C005": {**BLANK, "cCusAbbName": "五", "bCusState": "0", "cCusDefine4": "", "cCusDefine5": "  "},
    "C006": {
        **BLANK,
        "cCusAbbName": "六",
        "bCusState": "0",
        "iCusCreLine": "-0.000001",
        "cCusDefine4": "银  ",
        "cCusMngTypeCode": "01",
    },
}
COLUMNS = sorted(CUSTOMERS["C001"])
WRITABLE = {
    "cCusDefine4": ColumnLimit(10),
    "cCusDefine5": ColumnLimit(60, frozenset({"A", "B"})),
    "cCusMngTypeCode": ColumnLimit(32, frozenset({"01", "999"})),
    "CustomerKCode": ColumnLimit(4, frozenset({"A"})),
    "cCCCode": ColumnLimit(12, frozenset({"0101", "0102"})),
}
GLOSSARY = Glossary(
    captions={"cCusDefine4": "建议等级", "cCusDefine5": "分级", "cCusDefine13": "信用 '分'%"},
    names={"cCCCode": {"01": "经销商", "0101": "华东经销商"}},
)
ACCOUNT = {"database": "UFDATA_999_2019", "code": "999", "name": "测试账套", "lineage": "sandbox-1"}
FACTS: dict[str, tuple[Any, ...]] = {
    # code: revenue, revenue_posted, cost, invoices, orders, first sale, last sale
    "C001": ("0.3", "0.1", "0.04", 2, 1, date(2025, 11, 5), date(2026, 3, 31)),
    "C006": (None, None, "7.5", 0, 0, None, None),
    "X999": ("12.3456", "12.3456", None, 1, 0, date(2026, 1, 1), date(2026, 1, 1)),
}
EXTRA_FACTS: dict[str, tuple[Any, ...]] = {
    # code: active months, revenue before, receipts, receivable, part of it past due
    "C001": (3, "1000", "70.5", "400", "200.25"),
    "C006": (0, None, "0", "-50", "0"),
    "X999": (1, None, "0", "0", "0"),
}
POSTED = (Month(2026, 1), Month(2026, 2))
PERIODS = (
    Period(2025, 12, date(2025, 11, 26), date(2025, 12, 25)),
    Period(2026, 1, date(2025, 12, 26), date(2026, 1, 25)),
    Period(2026, 2, date(2026, 1, 26), date(2026, 2, 25)),
)


def expected_facts(extras: Collection[Extra] = ()) -> dict[str, tuple[Any, ...]]:
    """The rows of the facts of the world, without the code; ``extras`` are those that were read."""
    told = {name for extra in extras for name in EXTRA_COLUMNS[extra]}
    rows = {}
    for code, usual in FACTS.items():
        row = dict(zip(list(FACTS_SCHEMA)[1:], (*usual, *EXTRA_FACTS[code]), strict=True))
        seldom = {name for names in EXTRA_COLUMNS.values() for name in names}
        known = {name: None if name in seldom - told else value for name, value in row.items()}
        rows[code] = tuple(
            money(value) if FACTS_SCHEMA[name] == MONEY and isinstance(value, str) else value
            for name, value in known.items()
        )
    return rows


class Quiet:
    """Hears of progress and counts it."""

    def __init__(self) -> None:
        self.total: int | None = None
        self.done = 0
        self.finished = False

    def start(self, step: Message, total: int | None) -> None:
        self.total = total
        self.done = 0

    def advance(self, units: int) -> None:
        self.done += units

    def finish(self) -> None:
        self.finished = True


class Site(Protocol):
    """An account set with the tiny world, seen through the backend and from behind it."""

    backend: Backend

    def somebody_sets(self, code: str, column: str, value: str | None) -> None: ...

    def somebody_deletes(self, code: str) -> None: ...

    def stored(self) -> dict[str, dict[str, Any]]:
        """Code -> everything that is kept of the customer, in whatever form."""


class ReadingContract:
    """What a backend promises that may not write."""

    account: ClassVar[Mapping[str, Any]] = {}
    """What an account set of this backend says of itself unlike the others."""

    names: ClassVar[Mapping[str, str]] = {}
    """Columns that this way into U8 names unlike the others; its site's backend takes and gives the usual names."""

    absent: ClassVar[frozenset[str]] = frozenset()
    """Columns of the world that this way does not offer."""

    limits: ClassVar[Mapping[str, ColumnLimit]] = WRITABLE
    """What may be written."""

    extras: ClassVar[frozenset[Extra]] = frozenset(EXTRAS)
    """What can be read of the documents besides the usual."""

    periods: ClassVar[tuple[Period, ...]] = PERIODS
    """The fiscal periods as far as they can be read."""

    glossary: ClassVar[Glossary] = GLOSSARY
    """What this way tells of the account set's own words, by the usual names."""

    @property
    def columns(self) -> list[str]:
        return [column for column in COLUMNS if column not in self.absent]

    @property
    def customers(self) -> dict[str, dict[str, str | None]]:
        """The world's customers as this way shows them."""
        return {code: {column: self.shown(row[column]) for column in self.columns} for code, row in CUSTOMERS.items()}

    def shown(self, value: str | None) -> str | None:
        """A raw value as this way shows it."""
        return value

    def called(self, column: str) -> str:
        return self.names.get(column, column)

    def check_stamp(self, row: Mapping[str, Any]) -> None:
        """Who and when stands on a row that was written."""
        assert row["cModifyPerson"] == STAMP.person[:20]
        assert row["dModifyDate"].startswith(f"{STAMP.at.astimezone():%Y-%m-%d}")

    @contextmanager
    def site(self) -> Iterator[Site]:
        raise NotImplementedError

    @pytest.fixture(name="at")
    def site_fixture(self) -> Iterator[Site]:
        with self.site() as site:
            yield site

    def test_an_account_set_says_which_one_it_is(self, at: Site) -> None:
        account = at.backend.account_set()
        assert {name: getattr(account, name) for name in ACCOUNT} == {**ACCOUNT, **self.account}
        assert account.key == at.backend.account_set().key

    def test_columns_name_what_can_be_read(self, at: Site) -> None:
        assert {*self.columns, "cCusCode"} <= at.backend.columns()

    def test_no_contact_bank_or_address_column_can_be_read(self, at: Site) -> None:
        personal = (
            *("Address", "Phone", "Person", "Email", "Hand", "Bank", "Account", "Fax", "PostCode"),
            *("contact", "mobile", "devliver", "memo"),
        )
        allowed = {"cCusPPerson", "account_type"}  # code of our own salesperson; kind of customer in the CRM
        readable = at.backend.columns() - allowed
        assert not [name for name in readable if any(part.lower() in name.lower() for part in personal)]

    def test_what_may_be_written_comes_from_the_account_set(self, at: Site) -> None:
        assert at.backend.writable() == self.limits

    def test_the_account_set_s_own_words_are_told_and_none_is_made_up(self, at: Site) -> None:
        glossary = at.backend.glossary()
        assert glossary == self.glossary
        assert {*glossary.captions, *glossary.names} <= at.backend.columns()

    def test_customers_come_in_raw_forms(self, at: Site) -> None:
        frame = at.backend.customers(self.columns, Quiet())
        assert frame.columns == ["code", *self.columns]
        assert set(frame.dtypes) == {pl.String()}
        rows = {row.pop("code"): row for row in frame.to_dicts()}
        assert rows == self.customers

    def test_customers_can_be_read_without_any_column(self, at: Site) -> None:
        assert sorted(at.backend.customers([], Quiet())["code"]) == sorted(CUSTOMERS)

    def test_reading_customers_tells_how_far_it_has_come(self, at: Site) -> None:
        progress = Quiet()
        at.backend.customers(["cCusName"], progress)
        assert (progress.total, progress.done, progress.finished) == (len(CUSTOMERS), len(CUSTOMERS), True)

    def test_a_column_that_cannot_be_read_is_an_input_error(self, at: Site) -> None:
        with pytest.raises(InputError, match="cCusPhone"):
            at.backend.customers(["cCusName", "cCusPhone"], Quiet())
        with pytest.raises(InputError, match="cCusPhone"):
            at.backend.read(["C001"], ["cCusPhone"])

    def test_single_customers_are_read_in_the_same_forms(self, at: Site) -> None:
        readings = at.backend.read([*CUSTOMERS, "NOBODY"], self.columns)
        assert {code: dict(reading.values) for code, reading in readings.items()} == self.customers

    def test_row_versions_are_hex_text_and_unique(self, at: Site) -> None:
        versions = [reading.version for reading in at.backend.read(list(CUSTOMERS), []).values()]
        assert len(set(versions)) == len(CUSTOMERS)
        assert all(version is not None and len(version) == 18 and int(version, 16) > 0 for version in versions)
        assert all(version is not None and version == f"0x{int(version, 16):016X}" for version in versions)

    def test_reading_nobody_answers_nothing(self, at: Site) -> None:
        assert at.backend.read([], self.columns) == {}

    def test_more_customers_than_a_statement_takes_parameters_can_be_read(self, at: Site) -> None:
        many = [f"N{number}" for number in range(40_000)]
        assert set(at.backend.read([*many, "C001"], ["cCusName"])) == {"C001"}

    def test_facts_are_exact_sums_for_each_customer(self, at: Site) -> None:
        facts = at.backend.facts(WINDOW, Quiet())
        assert dict(facts.frame.schema) == FACTS_SCHEMA
        rows = {row[0]: row[1:] for row in facts.frame.iter_rows()}
        assert rows == expected_facts()
        assert facts.window == WINDOW
        assert facts.posted == POSTED

    @pytest.mark.parametrize("asked", [["months"], ["before"], ["receivables"], [*EXTRAS]], ids=" ".join)
    def test_extras_are_told_where_they_were_asked_for_and_can_be_known(self, at: Site, asked: list[Extra]) -> None:
        facts = at.backend.facts(WINDOW, Quiet(), frozenset(asked))
        assert dict(facts.frame.schema) == FACTS_SCHEMA
        rows = {row[0]: row[1:] for row in facts.frame.iter_rows()}
        assert rows == expected_facts(self.extras.intersection(asked))
        usual = {str(note) for note in at.backend.facts(WINDOW, Quiet()).notes}
        if not self.extras.issuperset(asked):
            assert [note for note in facts.notes if str(note) not in usual]

    def test_fiscal_periods_are_those_of_the_account_set_in_their_order(self, at: Site) -> None:
        assert at.backend.periods() == self.periods

    @pytest.mark.parametrize("extras", [frozenset(), frozenset(EXTRAS)], ids=["usual", "extras"])
    def test_facts_tell_how_far_they_have_come(self, at: Site, extras: frozenset[Extra]) -> None:
        progress = Quiet()
        at.backend.facts(WINDOW, progress, extras)
        assert progress.done == progress.total
        assert progress.finished

    def test_reading_changes_nothing(self, at: Site) -> None:
        before = at.stored()
        at.backend.customers(self.columns, Quiet())
        at.backend.facts(WINDOW, Quiet(), frozenset(EXTRAS))
        at.backend.periods()
        at.backend.read(list(CUSTOMERS), self.columns)
        at.backend.writable()
        at.backend.glossary()
        assert at.stored() == before

    def test_closing_twice_is_harmless(self, at: Site) -> None:
        at.backend.close()
        at.backend.close()


class BackendContract(ReadingContract):
    """What every backend promises."""

    def test_a_row_whose_before_holds_is_written(self, at: Site) -> None:
        was = at.backend.read(["C001"], [])["C001"].version
        edit = Edit("C001", before={"cCusDefine4": "金", "cCCCode": "0101"}, after={"cCusDefine4": "银"})
        (outcome,) = at.backend.write([edit], STAMP)
        now = at.backend.read(["C001"], ["cCusDefine4"])["C001"]
        assert (outcome.code, outcome.status, outcome.detail) == ("C001", "applied", None)
        assert outcome.seen == {"cCusDefine4": "金", "cCCCode": "0101"}
        assert now.values == {"cCusDefine4": "银"}
        assert (outcome.version_before, outcome.version_after) == (was, now.version)
        assert int(now.version or "", 16) > int(was or "", 16)

    def test_only_the_planned_columns_and_the_bookkeeping_change(self, at: Site) -> None:
        before = at.stored()
        at.backend.write([Edit("C006", before={"cCusDefine5": ""}, after={"cCusDefine5": "B"})], STAMP)
        after = at.stored()
        changed = {column for column in after["C006"] if after["C006"][column] != before["C006"].get(column)}
        assert changed == {"cCusDefine5", "cModifyPerson", "dModifyDate", "pubufts"}
        assert after["C006"]["cCusDefine4"] == "银  "
        self.check_stamp(after["C006"])
        assert {code: row for code, row in after.items() if code != "C006"} == {
            code: row for code, row in before.items() if code != "C006"
        }

    def test_a_row_that_changed_meanwhile_is_a_conflict(self, at: Site) -> None:
        at.somebody_sets("C001", "cCusDefine4", "铜")
        before = at.stored()
        (outcome,) = at.backend.write([Edit("C001", {"cCusDefine4": "金"}, {"cCusDefine4": "银"})], STAMP)
        assert (outcome.status, outcome.seen, outcome.version_after) == ("conflict", {"cCusDefine4": "铜"}, None)
        assert at.stored() == before

    def test_an_input_of_the_decision_that_changed_is_a_conflict(self, at: Site) -> None:
        at.somebody_sets("C001", "cCCCode", "0102")
        before = at.stored()
        edit = Edit("C001", {"cCusDefine4": "金", "cCCCode": "0101"}, {"cCusDefine4": "银"})
        (outcome,) = at.backend.write([edit], STAMP)
        assert (outcome.status, outcome.seen) == ("conflict", {"cCusDefine4": "金", "cCCCode": "0102"})
        assert at.stored() == before

    def test_another_column_that_changed_is_no_conflict(self, at: Site) -> None:
        at.somebody_sets("C001", "cCusName", "改名")
        (outcome,) = at.backend.write([Edit("C001", {"cCusDefine4": "金"}, {"cCusDefine4": "银"})], STAMP)
        assert outcome.status == "applied"

    @pytest.mark.parametrize("believed", [None, "", "  ", "\u3000"])
    @pytest.mark.parametrize("code", ["007", "C005"], ids=["null in U8", "empty in U8"])
    def test_null_empty_and_blanks_are_the_same_nothing(self, at: Site, code: str, believed: str | None) -> None:
        (outcome,) = at.backend.write([Edit(code, {"cCusDefine4": believed}, {"cCusDefine4": "金"})], STAMP)
        assert outcome.status == "applied"

    def test_trailing_blanks_are_no_conflict(self, at: Site) -> None:
        (outcome,) = at.backend.write([Edit("C006", {"cCusDefine4": "银"}, {"cCusDefine4": "金"})], STAMP)
        assert (outcome.status, outcome.seen) == ("applied", {"cCusDefine4": "银  "})

    def test_leading_blanks_and_case_do_count(self, at: Site) -> None:
        edits = [
            Edit("C001", {"cCusDefine5": "a"}, {"cCusDefine5": "B"}),
            Edit("C006", {"cCusDefine4": " 银"}, {"cCusDefine4": "金"}),
        ]
        assert [outcome.status for outcome in at.backend.write(edits, STAMP)] == ["conflict", "conflict"]

    def test_a_value_that_is_there_already_is_not_written_again(self, at: Site) -> None:
        before = at.stored()
        edit = Edit("C006", {"cCusDefine4": "金"}, {"cCusDefine4": "银"})
        (outcome,) = at.backend.write([edit], STAMP)
        assert (outcome.status, outcome.seen, outcome.version_after) == (
            "already_applied",
            {"cCusDefine4": "银  "},
            None,
        )
        assert at.stored() == before

    def test_writing_twice_equals_writing_once(self, at: Site) -> None:
        edits = [Edit("C001", {"cCusDefine4": "金", "cCusDefine5": "A"}, {"cCusDefine4": "银", "cCusDefine5": None})]
        assert [outcome.status for outcome in at.backend.write(edits, STAMP)] == ["applied"]
        before = at.stored()
        assert [outcome.status for outcome in at.backend.write(edits, STAMP)] == ["already_applied"]
        assert at.stored() == before

    def test_a_customer_that_is_gone_says_so(self, at: Site) -> None:
        at.somebody_deletes("C001")
        (outcome,) = at.backend.write([Edit("C001", {"cCusDefine4": "金"}, {"cCusDefine4": "银"})], STAMP)
        assert (outcome.status, outcome.seen, outcome.version_before) == ("gone", {}, None)
        assert "C001" not in at.stored()

    def test_a_customer_is_written_as_a_whole_or_not_at_all(self, at: Site) -> None:
        before = at.stored()
        edit = Edit("C001", {"cCusDefine4": "金", "cCusDefine5": "B"}, {"cCusDefine4": "银", "cCusDefine5": "A"})
        assert [outcome.status for outcome in at.backend.write([edit], STAMP)] == ["conflict"]
        assert at.stored() == before

    def test_a_value_can_be_taken_out(self, at: Site) -> None:
        at.backend.write([Edit("C001", {"cCusDefine4": "金"}, {"cCusDefine4": None})], STAMP)
        assert at.stored()["C001"]["cCusDefine4"] is None

    @pytest.mark.parametrize("roles", [None, "金"], ids=["only nothing", "nothing beside something"])
    def test_values_are_taken_out_of_many_customers_at_once_and_are_null_then(
        self, at: Site, roles: str | None
    ) -> None:
        at.somebody_sets("007", "cCusDefine5", "B")
        edits = [
            Edit("C001", {"cCusDefine4": "金", "cCusDefine5": "A"}, {"cCusDefine4": None, "cCusDefine5": None}),
            Edit("007", {"cCusDefine4": None, "cCusDefine5": "B"}, {"cCusDefine4": roles, "cCusDefine5": None}),
            Edit("C006", {"cCusDefine4": "银"}, {"cCusDefine4": None}),
        ]
        assert [outcome.status for outcome in at.backend.write(edits, STAMP)] == ["applied"] * 3
        stored = at.stored()
        assert [stored[edit.code]["cCusDefine4"] for edit in edits] == [None, roles, None]
        assert [stored[edit.code]["cCusDefine5"] for edit in edits] == [None, None, None]
        assert [outcome.status for outcome in at.backend.write(edits, STAMP)] == ["already_applied"] * 3

    def test_a_value_that_is_too_long_is_rejected_and_the_others_go_on(self, at: Site) -> None:
        before = at.stored()
        edits = [
            Edit("C001", {"cCCCode": "0101"}, {"cCCCode": "0" * 13}),
            Edit("007", {"cCCCode": None}, {"cCCCode": "0102"}),
        ]
        rejected, applied = at.backend.write(edits, STAMP)
        assert (rejected.status, rejected.seen, rejected.version_after) == ("rejected", {"cCCCode": "0101"}, None)
        assert self.called("cCCCode") in (rejected.detail or "")
        assert applied.status == "applied"
        assert at.stored()["C001"] == before["C001"]

    def test_outcomes_come_in_the_order_of_the_edits(self, at: Site) -> None:
        edits = [
            Edit("NOBODY", {"cCusDefine4": None}, {"cCusDefine4": "金"}),
            Edit("C006", {"cCusDefine4": "别的"}, {"cCusDefine4": "铜"}),
            Edit(BY_CHANCE, {"cCusDefine4": "a'b%]"}, {"cCusDefine4": "'; --"}),
            Edit("C001", {"cCusDefine4": "金"}, {"cCusDefine4": "金"}),
            Edit("007", {"cCusDefine5": None}, {"cCusDefine5": "A"}),
        ]
        outcomes = at.backend.write(edits, STAMP)
        assert [outcome.code for outcome in outcomes] == [edit.code for edit in edits]
        assert [outcome.status for outcome in outcomes] == ["gone", "conflict", "applied", "already_applied", "applied"]
        assert at.backend.read([BY_CHANCE], ["cCusDefine4"])[BY_CHANCE].values == {"cCusDefine4": "'; --"}

    def test_a_batch_of_nothing_does_nothing(self, at: Site) -> None:
        before = at.stored()
        assert list(at.backend.write([], STAMP)) == []
        assert at.stored() == before

    @pytest.mark.parametrize("column", ["cCusName", "pubufts", "cModifyPerson", "cCusPhone", "dEndDate"])
    def test_a_column_outside_the_allow_list_is_refused_before_anything_is_written(self, at: Site, column: str) -> None:
        before = at.stored()
        good = Edit("007", {"cCusDefine4": None}, {"cCusDefine4": "金"})
        with pytest.raises(RefusedError, match=self.called(column)):
            at.backend.write([good, Edit("C001", {column: "x"}, {column: "y"})], STAMP)
        assert at.stored() == before

    def test_an_input_that_cannot_be_read_is_refused_before_anything_is_written(self, at: Site) -> None:
        before = at.stored()
        good = Edit("007", {"cCusDefine4": None}, {"cCusDefine4": "金"})
        with pytest.raises(InputError, match="cCusPhone"):
            at.backend.write(
                [good, Edit("C001", {"cCusPhone": "1", "cCusDefine4": "金"}, {"cCusDefine4": "银"})], STAMP
            )
        assert at.stored() == before

    def test_the_same_customer_twice_in_a_batch_is_a_programming_error(self, at: Site) -> None:
        edit = Edit("007", {"cCusDefine4": None}, {"cCusDefine4": "金"})
        with pytest.raises(ValueError, match="007"):
            at.backend.write([edit, edit], STAMP)

    def test_writing_what_was_never_seen_is_a_programming_error(self, at: Site) -> None:
        with pytest.raises(ValueError, match="007"):
            at.backend.write([Edit("007", {"cCCCode": None}, {"cCusDefine4": "金"})], STAMP)


def money(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


class ReadOnlyContract(ReadingContract):
    """A backend that was opened read-only reads as before and never writes."""

    def test_it_says_that_it_is_read_only(self, at: Site) -> None:
        assert at.backend.read_only

    @pytest.mark.parametrize("edits", [[], [Edit("C001", {"cCusDefine4": "金"}, {"cCusDefine4": "银"})]])
    def test_it_never_writes(self, at: Site, edits: list[Edit]) -> None:
        before = at.stored()
        with pytest.raises(RefusedError, match="read-only"):
            at.backend.write(edits, STAMP)
        assert at.stored() == before


# --- the world as a file of SQLite ------------------------------------------------------------------------------------


def typed(row: Mapping[str, str | None]) -> dict[str, Any]:
    kinds = {"d": date.fromisoformat, "b": lambda text: text == "1", "i": float}
    return {c: None if v is None else kinds.get(c[0], str)(v) for c, v in row.items()}


@functools.cache
def world_file() -> Path:
    """The world as an embedded account set, made once a process."""
    folder = tempfile.TemporaryDirectory(prefix="u8sync-world-")
    atexit.register(folder.cleanup)
    file = Path(folder.name) / "world.db"
    engine = create_engine(f"sqlite:///{file.as_posix()}")
    with engine.begin() as connection:
        u8_schema.METADATA.create_all(connection)
        u8_schema.create_rowversion_triggers(connection)
        fill_world(connection)
    engine.dispose()
    return file


def fill_world(connection: Connection) -> None:
    """Put the world into tables that are there and empty."""
    head = {"cVouchType": "26", "cChecker": "张三", "cInvalider": None, "bFirst": False, "bReturnFlag": False}
    invoices = [
        # id, customer, day, amounts, what is special
        (1, "C001", date(2026, 1, 5), ["0.1", "0.2", "-0.1"], {}),
        (2, "C001", date(2026, 2, 28), ["-0.1"], {"bReturnFlag": True}),
        (3, "C001", date(2026, 3, 31), ["0.2"], {}),
        (4, "C001", date(2026, 4, 1), ["1000"], {}),
        (5, "C001", date(2025, 12, 31), ["1000"], {}),
        (6, "C004", date(2026, 1, 5), ["1000"], {"cChecker": "  "}),
        (7, "C004", date(2026, 1, 5), ["1000"], {"cInvalider": "李四"}),
        (8, "C004", date(2026, 1, 5), ["1000"], {"bFirst": True}),
        (9, "X999", date(2026, 1, 1), ["12.3456"], {"cInvalider": " "}),
    ]
    order = {"cSTCode": "01", "cDepCode": "01", "cexch_name": "人民币", "cVerifier": "王五", "bReturnFlag": False}
    for code, row in CUSTOMERS.items():
        connection.execute(insert(u8_schema.Customer).values(cCusCode=code, **typed(row)))
    classes = [("01", "经销商", False), ("0101", "华东经销商  ", True), ("0102", " ", True)]
    connection.execute(
        insert(u8_schema.CustomerClass), [{"cCCCode": c, "cCCName": name, "bCCEnd": leaf} for c, name, leaf in classes]
    )
    items = [
        {"cID": "65", "cItemName": "建议等级", "iLength": 10, "bArchive": False},
        {"cID": "66", "cItemName": "分级", "iLength": 0, "bArchive": True},
        {"cID": "67", "cItemName": "  ", "iLength": 10, "bArchive": False},
        {"cID": "74", "cItemName": "信用 '分'%", "iLength": 15, "bArchive": False},
        {"cID": "1", "cItemName": "存货产地", "iLength": 10, "bArchive": False},
    ]
    connection.execute(insert(u8_schema.UserDefBase), items)
    connection.execute(insert(u8_schema.UserDefine), [{"cID": "66", "cValue": v} for v in "AB"])
    for number, code, day, amounts, special in invoices:
        values = {**head, "SBVID": number, "cCusCode": code, "dDate": day, **special}
        connection.execute(insert(u8_schema.SaleBillVouch).values(values))
        lines = [{"AutoID": number * 10 + at, "SBVID": number, "iNatMoney": Decimal(a)} for at, a in enumerate(amounts)]
        connection.execute(insert(u8_schema.SaleBillVouchs), lines)
    for number, day, special in [
        (1, date(2025, 11, 5), {}),
        (2, date(2026, 2, 1), {}),
        (3, date(2026, 2, 2), {"cVerifier": None}),
        (4, date(2026, 2, 3), {"bReturnFlag": True}),
    ]:
        values = {**order, "ID": number, "cSOCode": str(number), "cCusCode": "C001", "dDate": day, **special}
        connection.execute(insert(u8_schema.SOSOMain).values(values))
    cost = {"iYear": 2026, "iMonth": 1, "bSale": True, "bRdFlag": 0}
    for special in (
        {"cCusCode": "C001", "iAOutPrice": Decimal("0.04")},
        {"cCusCode": "C001", "iAOutPrice": Decimal(5), "bSale": False},
        {"cCusCode": "C001", "iAOutPrice": Decimal(5), "bRdFlag": 1},
        {"cCusCode": "C001", "iAOutPrice": Decimal(5), "iYear": 2025},
        {"cCusCode": "C006", "iAOutPrice": Decimal("7.5"), "iMonth": 2},
    ):
        connection.execute(insert(u8_schema.IASubsidiary).values({**cost, **special}))
    receipt = {
        "cFlag": "AR",
        "cVouchType": "48",
        "dVouchDate": date(2026, 1, 1),
        "cCheckMan": "赵六",
        "cDwCode": "C001",
    }
    for number, special in enumerate(
        (
            {"iAmount": Decimal("100.5")},
            {"iAmount": Decimal(30), "cVouchType": "49", "dVouchDate": date(2026, 3, 31)},
            {"iAmount": Decimal(1000), "cCheckMan": " "},
            {"iAmount": Decimal(1000), "dVouchDate": date(2025, 12, 31)},
            {"iAmount": Decimal(1000), "dVouchDate": date(2026, 4, 1)},
            {"iAmount": Decimal(1000), "cFlag": "AP", "cVouchType": "49"},
            {"iAmount": Decimal(1000), "cVouchType": "R0"},
        )
    ):
        connection.execute(insert(u8_schema.ApCloseBill).values({"iID": number, **receipt, **special}))
    for special in (
        {"dVouchDate": date(2024, 6, 1), "iDAmount": Decimal(500)},
        {"dVouchDate": date(2026, 3, 1), "iDAmount": Decimal("0.25"), "iCAmount": Decimal(0)},
        {"dVouchDate": date(2026, 3, 2), "iDAmount": Decimal("199.75")},
        {"dVouchDate": date(2026, 3, 31), "iCAmount": Decimal(300)},
        {"dVouchDate": date(2026, 4, 1), "iDAmount": Decimal(1000)},
        {"dVouchDate": date(2026, 1, 1), "iDAmount": Decimal(1000), "cFlag": "AP"},
        {"dVouchDate": date(2026, 1, 1), "iCAmount": Decimal(50), "cDwCode": "C006"},
    ):
        connection.execute(insert(u8_schema.ArDetail).values({"cFlag": "AR", "cDwCode": "C001", **special}))
    for account, period, deleted in (
        ("999", PERIODS[2], False),
        ("999", PERIODS[0], False),
        ("999", PERIODS[1], None),
        ("999", Period(2026, 3, date(2026, 2, 26), date(2026, 3, 25)), True),
        ("998", Period(2026, 1, date(2026, 1, 1), date(2026, 1, 31)), False),
    ):
        values = {"cAcc_Id": account, "iYear": period.year, "iId": period.number, "bIsDelete": deleted}
        connection.execute(insert(u8_schema.UAPeriod).values({**values, "dBegin": period.first, "dEnd": period.last}))
    for module, option in (("IA", "dStartDate"), ("AR", "dARStartDate")):
        started = {"cSysID": module, "cName": option, "cValue": "2019-01-01"}
        connection.execute(insert(u8_schema.AccInformation).values(started))
    connection.execute(
        insert(u8_schema.UAAccount).values(cAcc_Id="999", cAcc_Name="测试账套", iYear=2019, cCurName="人民币")
    )
    databases = [(2017, 2018, "UFDATA_999_2017"), (2019, None, "UFDATA_999_2019")]
    connection.execute(
        insert(u8_schema.UAAccountDatabase),
        [{"cAcc_Id": "999", "iBeginYear": b, "iEndYear": e, "cDatabase": d} for b, e, d in databases],
    )
    connection.execute(insert(u8_schema.Sandbox).values(name="lineage", value="sandbox-1"))


# --- the law of writing -----------------------------------------------------------------------------------------------


def check_the_law_of_writing(
    at: Site, data: st.DataObject, *, writes: Mapping[str, list[str | None]] | None = None
) -> None:
    """A row changes if its before held, and then exactly to its after; no other row changes.

    ``writes`` says what an edit may write into each column, where the account set takes less than any text.
    """
    columns = ["cCusDefine4", "cCusDefine5", "cCCCode"]
    texts = st.sampled_from([None, "", " ", "金", "金 ", "银", "A", "0101", "'", "%"])
    rows = st.dictionaries(st.sampled_from(columns), texts, min_size=1)
    codes = [*CUSTOMERS, "NOBODY"]
    for code, row in data.draw(st.dictionaries(st.sampled_from(sorted(CUSTOMERS)), rows, max_size=3)).items():
        for column, value in row.items():
            at.somebody_sets(code, column, value)
    before = at.stored()
    edits = []
    wanted = rows
    if writes is not None:
        each = {column: st.sampled_from(values) for column, values in writes.items()}
        wanted = st.fixed_dictionaries({}, optional=each).filter(bool)
    for code, row in data.draw(st.dictionaries(st.sampled_from(codes), wanted)).items():
        held = before.get(code, {})
        believed = {c: held.get(c) if data.draw(st.booleans()) else data.draw(texts) for c in columns}
        edits.append(Edit(code, believed, row))

    outcomes = at.backend.write(edits, STAMP)

    after = at.stored()
    assert [outcome.code for outcome in outcomes] == [edit.code for edit in edits]
    for edit, outcome in zip(edits, outcomes, strict=True):
        row = before.get(edit.code)
        there = row is not None and all(same(row[c], v) for c, v in edit.after.items())
        holds = row is not None and all(same(row[c], v) for c, v in edit.before.items())
        if row is not None and holds and not there:
            assert outcome.status == "applied"
            bookkeeping = {c: after[edit.code][c] for c in ("pubufts", "cModifyPerson", "dModifyDate")}
            assert after.pop(edit.code) == {**row, **edit.after, **bookkeeping}
            assert bookkeeping["pubufts"] != row["pubufts"]
            before.pop(edit.code)
        else:
            assert outcome.status == ("gone" if row is None else "already_applied" if there else "conflict")
    assert after == before

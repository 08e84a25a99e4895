"""Reading through the OpenAPI night after night: only what may have changed is asked for, and nothing is lost by it."""

from __future__ import annotations

import functools
import re
import sqlite3
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes import Quiet
from openapi_site import OpenApiSite, openapi_site

from u8sync.backends import backend_kind
from u8sync.backends.openapi import cache as cache_module
from u8sync.backends.openapi import connect
from u8sync.backends.openapi.backend import OpenApiBackend
from u8sync.backends.openapi.cache import open_cache
from u8sync.backends.openapi.fields import Shown, shown
from u8sync.backends.openapi.options import OpenApiOptions
from u8sync.backends.openapi.refresh import Refresher
from u8sync.backends.openapi.replies import Reply
from u8sync.domain.model import EXTRA_COLUMNS, Extra, Facts, Window
from u8sync.engine.retry import Retry
from u8sync.errors import FatalError, InputError, TransientError
from u8sync.sandbox.generator import create_account_set
from u8sync.sandbox.openapi.behaviour import PLAIN, Behaviour
from u8sync.sandbox.openapi.faults import Fault
from u8sync.sandbox.openapi.people import People

CUSTOMERS = 60
MANY = 200
TYPE = ("ccusmngtypecode", "ccusmngtypename")
LAST = date(2026, 10, 31)
WINDOW = Window(date(2026, 8, 1), LAST)
START = datetime(2026, 11, 1, 18, tzinfo=UTC)


@functools.cache
def folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="u8sync-reading-")


@functools.cache
def account_set(customers: int) -> Path:
    file = Path(folder().name) / f"{customers}.db"
    create_account_set(file, customers=customers, months=6, seed=3, until=LAST, progress=Quiet())
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("DROP TABLE IA_Subsidiary")  # the OpenAPI does not show it
    return file


class Nights:
    """A site, its clock, and the backend of each night."""

    def __init__(self, at: OpenApiSite) -> None:
        self.at = at
        self.now = START

    @contextmanager
    def night(self, **more: Any) -> Iterator[OpenApiBackend]:
        """Another night, another process."""
        backend: Any = self.at.open(**more)
        backend._refresher = replace(backend._refresher, now=lambda: self.now)
        self.at.server.forget()
        try:
            yield backend
        finally:
            backend.close()
            self.now += timedelta(days=1)

    def customers(self, **more: Any) -> dict[str, dict[str, Any]]:
        with self.night(**more) as backend:
            frame = backend.customers(["name", "end_date", "self_define5"], Quiet())
        return {row.pop("code"): row for row in frame.to_dicts()}

    def facts(self, window: Window = WINDOW, **more: Any) -> tuple[dict[str, tuple[Any, ...]], Facts]:
        with self.night(**more) as backend:
            backend.customers([], Quiet())
            facts = backend.facts(window, Quiet())
        return {row[0]: row[1:] for row in facts.frame.iter_rows()}, facts

    def asked(self, call: str) -> int:
        return self.at.calls(f"api/{call}")


@contextmanager
def nights(
    tmp_path: Path, behaviour: Behaviour = PLAIN, *, customers: int = CUSTOMERS, **more: Any
) -> Iterator[Nights]:
    options = {"timestamp_overlap": 0, "full_read_days": 7, **more}
    with openapi_site(tmp_path, behaviour=behaviour, account_set=account_set(customers), **options) as at:
        yield Nights(at)


def truth(at: OpenApiSite) -> set[str]:
    return set(at.stored())


def notes_of(facts: Facts, part: str) -> list[str]:
    return [str(note) for note in facts.notes if part in str(note)]


# --- customers --------------------------------------------------------------------------------------------------------

PAGES = CUSTOMERS // 20


def test_the_second_night_asks_for_what_changed(tmp_path: Path) -> None:
    with nights(tmp_path, rows_per_page=20) as one:
        first = one.customers()
        assert one.asked("customer/batch_get") == PAGES
        for code in sorted(first)[:3]:
            one.at.somebody_sets(code, "cCusName", f"新名{code}")
        second = one.customers()
        # A page of changes and the count; the overlap brings the latest row again.
        assert one.asked("customer/batch_get") == 2
        changed = {code for code in second if second[code] != first[code]}
        assert changed == set(sorted(first)[:3])
        assert second.keys() == truth(one.at)


def test_everything_is_read_after_so_many_days_and_when_the_clock_was_put_back(tmp_path: Path) -> None:
    with nights(tmp_path, rows_per_page=20, full_read_days=3) as one:
        asked = []
        for _ in range(5):
            one.customers()
            asked.append(one.asked("customer/batch_get"))
        assert [count >= PAGES for count in asked] == [True, False, False, True, False]
        one.now = START - timedelta(days=30)
        one.customers()
        assert one.asked("customer/batch_get") >= PAGES


def test_full_read_days_of_0_reads_everything_every_time(tmp_path: Path) -> None:
    with nights(tmp_path, rows_per_page=20, full_read_days=0) as one:
        for _ in range(2):
            one.customers()
            assert one.asked("customer/batch_get") == PAGES


@pytest.mark.parametrize("what", ["nan", "huge_number"])
def test_figures_that_cannot_be_read_are_no_customers(tmp_path: Path, what: Any) -> None:
    with nights(tmp_path) as one, one.night() as backend:
        one.at.server.faults.add(Fault(call="customer/batch_get", what=what, times=None))
        with pytest.raises(FatalError, match="cannot be read"):
            backend.customers([], Quiet())


def test_without_a_readable_timestamp_everything_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from u8sync.backends.openapi import fields

    with nights(tmp_path, rows_per_page=20) as one:
        monkeypatch.setattr(fields, "_stamp", lambda _card: None)
        for _ in range(2):
            assert one.customers().keys() == truth(one.at)
            assert one.asked("customer/batch_get") == PAGES


def test_a_filter_that_is_ignored_leads_to_a_whole_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with nights(tmp_path, rows_per_page=20) as one:
        one.customers()
        usual = Refresher._page

        def ignoring(self: Refresher, call: str, keys: Any, filters: Mapping[str, str], number: int) -> Any:
            return usual(self, call, keys, {k: v for k, v in filters.items() if k != "timestamp_begin"}, number)

        monkeypatch.setattr(Refresher, "_page", ignoring)
        gone = min(truth(one.at))
        one.at.somebody_deletes(gone)
        assert one.customers().keys() == truth(one.at)


def test_vanished_and_newly_disabled_customers_are_told(tmp_path: Path) -> None:
    with nights(tmp_path) as one:
        codes = sorted(one.customers())
        one.facts()
        for code in codes[:2]:
            one.at.somebody_deletes(code)
        one.at.somebody_sets(codes[5], "dEndDate", "2026-10-31 00:00:00")
        _, facts = one.facts()
        (vanished,), (disabled,) = notes_of(facts, "vanished"), notes_of(facts, "disabled")
        assert ", ".join(codes[:2]) in vanished
        assert vanished.startswith("2 ")
        assert codes[5] in disabled
        assert disabled.startswith("1 ")
        _, facts = one.facts()
        assert notes_of(facts, "vanished") == notes_of(facts, "disabled") == []


def test_one_that_goes_and_one_that_comes_do_not_hide_each_other(tmp_path: Path) -> None:
    with nights(tmp_path) as one:
        codes = sorted(one.customers())
        one.at.somebody_deletes(codes[0])
        one.at.run(
            "INSERT INTO Customer (cCusCode, cCusAbbName, cCusName, bCusState) VALUES ('NEW', '新客户', '新客户', 0)"
        )
        assert one.customers().keys() == truth(one.at) >= {"NEW"}


def test_customers_that_come_and_go_while_they_are_read_are_right_in_the_end(tmp_path: Path) -> None:
    with nights(tmp_path, rows_per_page=20, connections=1) as one:
        one.at.server.faults.add(
            Fault(call="customer/batch_get", what="row_removed", after=1),
            Fault(call="customer/batch_get", what="row_added", after=4),
        )
        assert one.customers().keys() == truth(one.at)


def test_a_list_that_never_holds_still_is_an_error_and_changes_nothing(tmp_path: Path) -> None:
    with nights(tmp_path, rows_per_page=20, connections=1, full_read_days=0) as one:
        before = one.customers()
        with one.night() as backend:
            one.at.server.faults.add(Fault(call="customer/batch_get", what="page_repeated", times=None))
            with pytest.raises(TransientError, match="hold still"):
                backend.customers([], Quiet())
        assert one.customers() == before


# --- the cache --------------------------------------------------------------------------------------------------------


def the_cache(at: OpenApiSite) -> Path:
    (file,) = (at.folder / "cache").glob("*.db")
    return file


def garbage(file: Path) -> None:
    file.write_bytes(b"no database at all" * 1000)


def empty(file: Path) -> None:
    file.write_bytes(b"")


def cut(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 3])


def scratched(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[4096 * 2 : 4096 * 6] = b"\xa5" * 4096 * 4
    file.write_bytes(data)


def other_format(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE meta SET value = '0' WHERE name = 'format'")


def foreign(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE somebody (else_ TEXT)")


@pytest.mark.parametrize("damage", [Path.unlink, garbage, empty, cut, scratched, other_format, foreign])
def test_a_cache_that_is_gone_or_damaged_is_made_anew(tmp_path: Path, damage: Any) -> None:
    with nights(tmp_path) as one:
        before = one.facts()[0]
        damage(the_cache(one.at))
        assert one.customers().keys() == truth(one.at)
        assert one.facts()[0] == before


def test_a_cache_that_another_process_holds_is_a_temporary_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = sqlite3.connect
    monkeypatch.setattr(cache_module.sqlite3, "connect", lambda path, **more: real(path, **{**more, "timeout": 0.01}))
    with nights(tmp_path) as one:
        one.customers()
        with closing(real(the_cache(one.at), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(TransientError, match="Another u8sync holds"):
                one.at.open()
        with one.night() as backend, closing(real(the_cache(one.at), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(TransientError, match="Another u8sync holds"):
                backend.customers([], Quiet())


def test_a_folder_that_cannot_be_had_is_said_so(tmp_path: Path) -> None:
    with nights(tmp_path) as one:
        (tmp_path / "file").write_text("x")
        with pytest.raises(FatalError, match="cannot be used"):
            one.at.open(cache="file")


def test_a_link_in_place_of_the_cache_is_not_followed(tmp_path: Path) -> None:
    with nights(tmp_path) as one:
        one.customers()
        file = the_cache(one.at)
        file.unlink()
        target = tmp_path / "target"
        target.write_bytes(b"precious")
        file.symlink_to(target)
        with pytest.raises(FatalError):
            one.at.open()
        assert target.read_bytes() == b"precious"


def test_the_cache_is_private_and_holds_neither_person_nor_token(tmp_path: Path) -> None:
    with nights(tmp_path) as one:
        one.facts()
        with one.night() as backend:
            backend.customers([], Quiet())
            secrets = set(backend._client._known_secrets)
        file = the_cache(one.at)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        data = file.read_bytes()
        persons = {value for code in truth(one.at) for value in People().of(code).values() if value.strip("0-")}
        assert len(persons) > 20
        assert len(secrets) == 2
        assert not [word for word in persons | secrets if word.encode() in data]


def test_two_account_sets_have_two_caches(tmp_path: Path) -> None:
    names = {open_cache(tmp_path, identity)._path.name for identity in ("u t 1", "u t 2", "u/t/1", "u t None")}
    assert len(names) == 4
    assert all(re.fullmatch(r"openapi-[A-Za-z0-9_-]+\.db", name) for name in names)


# --- documents --------------------------------------------------------------------------------------------------------


def sqlite_of(at: OpenApiSite) -> Any:
    kind = backend_kind("sqlite")
    options = kind.options.model_validate({"file": str(at.file)})
    return kind.open(options, at.folder, Retry(tries=1, budget_s=1, sleep=lambda _s: None))


def by_sql(at: OpenApiSite, window: Window) -> tuple[dict[str, tuple[Any, ...]], Facts]:
    """What the embedded account set itself says."""
    backend = sqlite_of(at)
    facts = backend.facts(window, Quiet())
    backend.close()
    return {row[0]: row[1:] for row in facts.frame.iter_rows()}, facts


WINDOWS = [
    WINDOW,
    Window(date(2026, 5, 1), LAST),
    Window(date(2026, 6, 15), date(2026, 9, 14)),
    Window(date(2026, 9, 1), date(2026, 9, 30)),
    Window(date(2020, 1, 1), date(2020, 12, 31)),
]
BEHAVIOURS = {
    "plain": (PLAIN, {}),
    "red amounts are positive": (Behaviour(red_amounts="positive"), {}),
    "stock-outs one by one": (Behaviour(stock_outs="single", numbers="bare"), {"stock_outs": "single"}),
    "small pages that end inside documents": (PLAIN, {"rows_per_page": 7, "connections": 3}),
    "whole invoices, other spelling": (Behaviour(invoice_pages="whole", invoice_list="salesinvoicelist"), {}),
}


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_facts_are_those_of_the_account_set_itself(tmp_path: Path, name: str) -> None:
    behaviour, options = BEHAVIOURS[name]
    with nights(tmp_path, behaviour, customers=MANY, **options) as one:
        for window in WINDOWS:
            wanted, theirs = by_sql(one.at, window)
            got, facts = one.facts(window)
            assert got == wanted
            assert facts.posted == theirs.posted


def test_the_second_night_reads_no_document_again(tmp_path: Path) -> None:
    with nights(tmp_path) as one:
        first = one.facts()[0]
        assert one.asked("saleinvoice/get") > 30
        assert one.facts()[0] == first
        assert one.asked("saleinvoice/get") == 0


def an_invoice(at: OpenApiSite, day: str) -> tuple[int, str, str]:
    with closing(sqlite3.connect(at.file)) as connection:
        row = connection.execute(
            "SELECT SBVID, cSBVCode, cCusCode FROM SaleBillVouch WHERE dDate >= ? AND cChecker IS NOT NULL"
            " AND cInvalider IS NULL ORDER BY dDate, SBVID LIMIT 1",
            (day,),
        ).fetchone()
    return int(row[0]), str(row[1]), str(row[2])


@pytest.mark.parametrize("change", ["un-approved", "vanished", "of another customer"])
def test_a_recent_invoice_that_changed_counts_as_it_is_now(tmp_path: Path, change: str) -> None:
    with nights(tmp_path) as one:
        one.facts()
        number, _, code = an_invoice(one.at, "2026-10-01")
        if change == "un-approved":
            one.at.run("UPDATE SaleBillVouch SET cChecker = NULL WHERE SBVID = ?", (number,))
        elif change == "vanished":
            one.at.run("DELETE FROM SaleBillVouchs WHERE SBVID = ?", (number,))
            one.at.run("DELETE FROM SaleBillVouch WHERE SBVID = ?", (number,))
        else:
            other = next(known for known in sorted(truth(one.at)) if known != code)
            one.at.run("UPDATE SaleBillVouch SET cCusCode = ? WHERE SBVID = ?", (other, number))
        assert one.facts()[0] == by_sql(one.at, WINDOW)[0]


def test_an_old_invoice_that_vanished_is_noticed_by_the_next_whole_reading(tmp_path: Path) -> None:
    with nights(tmp_path, overlap_days=30, full_read_days=3) as one:
        before = one.facts()[0]
        number, _, _ = an_invoice(one.at, "2026-08-01")
        one.at.run("DELETE FROM SaleBillVouchs WHERE SBVID = ?", (number,))
        one.at.run("DELETE FROM SaleBillVouch WHERE SBVID = ?", (number,))
        assert one.facts()[0] == before
        one.now = START + timedelta(days=4)
        assert one.facts()[0] == by_sql(one.at, WINDOW)[0] != before


def test_a_cost_that_is_posted_later_is_read(tmp_path: Path) -> None:
    with nights(tmp_path) as one:
        one.at.run("UPDATE rdrecords32 SET iPrice = NULL")
        _, facts = one.facts()
        assert facts.posted is None
        with closing(sqlite3.connect(account_set(CUSTOMERS))) as connection:
            prices = connection.execute("SELECT AutoID, iPrice FROM rdrecords32").fetchall()
        with closing(sqlite3.connect(one.at.file)) as connection, connection:
            connection.executemany("UPDATE rdrecords32 SET iPrice = ? WHERE AutoID = ?", [(p, n) for n, p in prices])
        one.now += timedelta(days=8)
        assert one.facts()[0] == by_sql(one.at, WINDOW)[0]


def test_equal_lines_on_both_sides_of_a_page_end_are_two(tmp_path: Path) -> None:
    with nights(tmp_path, rows_per_page=10, connections=1) as one:
        with closing(sqlite3.connect(one.at.file)) as connection, connection:
            head = connection.execute("SELECT min(ID) FROM rdrecord32 WHERE cVouchType = '32'").fetchone()[0]
            connection.execute("DELETE FROM rdrecords32")
            connection.execute("DELETE FROM rdrecord32 WHERE ID <> ?", (head,))
            connection.execute("UPDATE rdrecord32 SET dDate = '2026-09-10 00:00:00', cHandler = '张三'")
            connection.executemany(
                "INSERT INTO rdrecords32 (AutoID, ID, cInvCode, iQuantity, iPrice) VALUES (?, ?, 'I', 1, 10000)",
                [(n, head) for n in range(1, 16)],
            )
        rows, _ = one.facts()
        assert [row[2] for row in rows.values() if row[2]] == [15]


@pytest.mark.parametrize(("old", "new"), [("flat", "single"), ("single", "flat"), ("flat", "none")])
def test_another_way_to_the_cost_takes_effect_at_once(tmp_path: Path, old: str, new: str) -> None:
    with nights(tmp_path) as one:
        one.at.run("UPDATE rdrecords32 SET iPrice = NULL WHERE AutoID % 3 = 0")
        one.facts(stock_outs=old)
        rows, facts = one.facts(stock_outs=new)
        if new == "none":
            assert facts.posted is None
            assert notes_of(facts, "stock_outs: none")
        else:
            assert rows == by_sql(one.at, WINDOW)[0]


def test_a_gateway_without_the_list_of_lines_costs_the_cost_and_nothing_else(tmp_path: Path) -> None:
    with nights(tmp_path, Behaviour(stock_outs="single")) as one:
        rows, facts = one.facts()
        assert facts.posted is None
        assert notes_of(facts, "cost is not known")
        wanted = by_sql(one.at, WINDOW)[0]
        assert {code: row[0] for code, row in rows.items()} == {
            code: row[0] for code, row in wanted.items() if row[0] is not None or code in rows
        }


def test_where_no_invoice_shows_its_approval_all_count_and_a_note_says_so(tmp_path: Path) -> None:
    with nights(tmp_path, Behaviour(invoice_approval="hidden")) as one:
        rows, facts = one.facts()
        assert len(notes_of(facts, "no invoice that it was approved")) == 1
        one.at.run("UPDATE SaleBillVouch SET cChecker = '张三'")
        wanted = by_sql(one.at, WINDOW)[0]
        assert {code: row[0] for code, row in rows.items() if row[3]} == {
            code: row[0] for code, row in wanted.items() if row[3]
        }


@pytest.mark.parametrize("stock_outs", ["flat", "single"])
def test_drafts_alone_in_the_window_are_drafts_where_others_show_their_approval(
    tmp_path: Path, stock_outs: str
) -> None:
    window = Window(date(2026, 8, 1), date(2026, 8, 31))
    with nights(tmp_path, stock_outs=stock_outs) as one:
        one.at.run("UPDATE SaleBillVouch SET cChecker = NULL WHERE dDate < '2026-09-01'")
        one.at.run("UPDATE SO_SOMain SET cVerifier = NULL WHERE dDate < '2026-09-01'")
        one.at.run("UPDATE rdrecord32 SET cHandler = NULL WHERE dDate < '2026-09-01'")
        with one.night() as backend:
            backend.customers([], Quiet())
            backend.facts(WINDOW, Quiet())  # later documents are known, and approved
        rows, facts = one.facts(window)
        wanted, theirs = by_sql(one.at, window)
        assert rows == wanted
        assert facts.posted == theirs.posted
        assert notes_of(facts, "that it was approved") == []


def test_the_field_that_shows_approval_may_be_set_later(tmp_path: Path) -> None:
    with nights(tmp_path) as one:
        _, hidden = one.facts(invoice_approved_by="nosuchfield")
        assert notes_of(hidden, "no invoice that it was approved")
        rows, facts = one.facts()
        assert notes_of(facts, "no invoice that it was approved") == []
        assert rows == by_sql(one.at, WINDOW)[0]


def test_documents_before_the_history_are_not_read(tmp_path: Path) -> None:
    with nights(tmp_path, history_from=date(2026, 9, 1)) as one:
        rows, facts = one.facts(Window(date(2026, 9, 1), LAST))
        wanted = by_sql(one.at, Window(date(2026, 9, 1), LAST))[0]
        assert {code: row[0] for code, row in rows.items()} == {code: wanted[code][0] for code in rows}
        assert notes_of(facts, "older first sales are not known")
        _, facts = one.facts()
        assert notes_of(facts, "the window is not whole")


def extras_of(backend: Any, window: Window, extras: frozenset[Extra]) -> tuple[dict[str, tuple[Any, ...]], Facts]:
    facts = backend.facts(window, Quiet(), extras)
    columns = facts.frame.select("code", *EXTRA_COLUMNS["months"], *EXTRA_COLUMNS["before"])
    return {row[0]: row[1:] for row in columns.iter_rows()}, facts


ASKED: frozenset[Extra] = frozenset({"months", "before"})


def test_months_and_the_window_before_are_those_of_the_account_set(tmp_path: Path) -> None:
    window = Window.ending(LAST, months=2)
    with nights(tmp_path) as one:
        with one.night() as backend:
            told, facts = extras_of(backend, window, ASKED)
        embedded = sqlite_of(one.at)
        wanted, _ = extras_of(embedded, window, ASKED)
        embedded.close()
        assert told == wanted
        assert sum(row[0] == 2 for row in told.values()) > 5
        assert sum(row[1] is not None for row in told.values()) > 5
        assert facts.window == window


def test_amounts_of_the_window_before_are_read_only_when_they_are_asked_for(tmp_path: Path) -> None:
    window = Window(date(2026, 10, 1), LAST, earlier=(date(2026, 7, 1), date(2026, 7, 31)))
    with nights(tmp_path) as one:
        with one.night() as backend:
            backend.facts(window, Quiet())
            usual = one.asked("saleinvoice/get")
        with one.night() as backend:
            backend.facts(window, Quiet(), ASKED)
            more = one.asked("saleinvoice/get")
        with closing(sqlite3.connect(one.at.file)) as connection:
            [[july]] = connection.execute("SELECT count(*) FROM SaleBillVouch WHERE dDate LIKE '2026-07-%'")
        assert usual > 0
        assert 0 < more <= july


def test_a_window_before_that_was_not_read_is_not_known(tmp_path: Path) -> None:
    with nights(tmp_path, history_from=date(2026, 9, 15)) as one, one.night() as backend:
        told, facts = extras_of(backend, Window(date(2026, 10, 1), LAST), ASKED)
    assert {row[1] for row in told.values()} == {None}
    assert notes_of(facts, "revenue from 2026-09-01 to 2026-09-30 is not known")


def test_receivables_are_not_known(tmp_path: Path) -> None:
    with nights(tmp_path) as one, one.night() as backend:
        facts = backend.facts(WINDOW, Quiet(), frozenset({"receivables"}))
        assert notes_of(facts, "Receipts and open balances are not known")
        assert backend.periods() == ()


def test_money_of_an_invoice_is_home_currency(tmp_path: Path) -> None:
    with nights(tmp_path) as one:
        with closing(sqlite3.connect(one.at.file)) as connection:
            foreign = connection.execute(
                "SELECT count(*) FROM SaleBillVouch WHERE coalesce(cexch_name, '人民币') <> '人民币'"
            ).fetchone()[0]
        if not foreign:
            one.at.run("UPDATE SaleBillVouch SET cexch_name = '美元', iExchRate = 7 WHERE SBVID % 5 = 0")
        assert one.facts()[0] == by_sql(one.at, WINDOW)[0]


@pytest.mark.parametrize("call", ["saleorderlist/batch_get", "saleinvoicelist/batch_get", "saleinvoice/get"])
@pytest.mark.parametrize("what", ["html", "truncated_json", "nan", "status"])
def test_a_fault_that_passes_costs_nothing_but_a_repeat(tmp_path: Path, call: str, what: Any) -> None:
    with nights(tmp_path) as one, one.night() as backend:
        one.at.server.faults.add(Fault(call=call, what=what, after=1 if call.endswith("/get") else 0))
        backend.customers([], Quiet())
        rows = {row[0]: row[1:] for row in backend.facts(WINDOW, Quiet()).frame.iter_rows()}
        assert rows == by_sql(one.at, WINDOW)[0]


def test_what_was_read_before_a_failure_is_not_read_again(tmp_path: Path) -> None:
    with nights(tmp_path, customers=MANY) as one:
        with one.night() as backend:
            backend.customers([], Quiet())
            one.at.server.faults.add(Fault(call="saleinvoice/get", what="status", status=404, after=450, times=None))
            with pytest.raises(FatalError):
                backend.facts(WINDOW, Quiet())
        rows, _ = one.facts()
        assert one.asked("saleinvoice/get") < 450
        assert rows == by_sql(one.at, WINDOW)[0]


def test_a_secret_that_cannot_be_had_is_said_before_anything_is_asked(tmp_path: Path) -> None:
    from u8sync.errors import InputError

    options = {"from_account": "f", "to_account": "t", "app_key": "k", "app_secret": {"env": "NO_SUCH_VARIABLE"}}
    with pytest.raises(InputError):
        connect(OpenApiOptions.model_validate(options), tmp_path, Retry(tries=1, budget_s=1, sleep=lambda _s: None))


def test_stock_outs_that_are_refused_for_the_moment_end_the_run_and_are_not_taken_for_none(tmp_path: Path) -> None:
    with openapi_site(tmp_path) as at:
        at.server.faults.add(Fault(call="saleoutlistall/batch_get", what="errcode", times=None))
        backend = at.open()
        with pytest.raises(FatalError, match="saleoutlistall"):
            backend.facts(WINDOW, Quiet())
        backend.close()


# --- the account set's own words --------------------------------------------------------------------------------------


def test_a_management_type_that_the_cards_call_by_several_names_has_none(tmp_path: Path) -> None:
    def card(code: str, type_: str | None, name: str | None) -> Shown:
        return shown({key: value for key, value in (("code", code), *zip(TYPE, (type_, name), strict=True)) if value})

    cache = open_cache(tmp_path, "a")
    cache.put_cards(
        [
            *(card("a", "01", "一般"), card("b", "01 ", " 一般"), card("c", "01", None)),
            *(card("d", "02", "重要"), card("e", "02", "特别重要")),
            *(card("f", "03", "  "), card("g", None, "无编码"), card("h", " ", "无编码")),
        ]
    )
    assert cache.names(*TYPE) == {"01": "一般"}
    cache.close()


def test_words_are_those_of_now(tmp_path: Path) -> None:
    with openapi_site(tmp_path) as at:
        backend = at.open()
        assert "02" not in backend.glossary().names["ccusmngtypecode"]
        at.run("UPDATE Customer SET cCusMngTypeCode = '02' WHERE cCusCode = '007'")
        at.run("UPDATE CustomerClass SET cCCName = '代理商' WHERE cCCCode = '0102'")
        names = backend.glossary().names
        assert names["ccusmngtypecode"]["02"] == "重要客户"
        assert names["sort_code"]["0102"] == "代理商"
        backend.close()


def test_a_gateway_without_the_list_of_classes_costs_their_names_and_nothing_else(tmp_path: Path) -> None:
    with openapi_site(tmp_path) as at:
        at.server.faults.add(Fault(call="customerclass/batch_get", what="status", status=404, times=None))
        backend = at.open()
        assert backend.glossary().names.keys() == {"ccusmngtypecode"}
        backend.close()


def test_a_list_that_is_not_there_is_no_empty_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from u8sync.backends.openapi import client

    with openapi_site(tmp_path) as at:
        backend = at.open()
        assert backend.customers([], Quiet()).height
        monkeypatch.setattr(client, "parse", lambda _body: Reply("0", "", {"errcode": "0"}))
        with pytest.raises(FatalError, match="no list in it"):
            backend.customers([], Quiet())
        monkeypatch.undo()
        assert backend.customers([], Quiet()).height
        backend.close()


def test_certificates_that_are_not_there_are_told_before_anything_is_sent(tmp_path: Path) -> None:
    with openapi_site(tmp_path) as at, pytest.raises(InputError, match=r"gateway\.pem"):
        at.open(ca_file="gateway.pem")
    assert at.server.requests == ()

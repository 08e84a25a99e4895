"""An undo as people and machines read it: what is put back, what is left alone, and an empty value that looks empty."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from rich.console import Console

from u8sync.cli.as_json import undo_json
from u8sync.domain.guards import Verdict
from u8sync.domain.model import AccountSet, CustomerCode
from u8sync.domain.plan import Change, FieldChange, Plan, Population, Seal, Skipped, Undoes
from u8sync.domain.run import Ending
from u8sync.domain.undo import PlannedUndo
from u8sync.report.figures import movements, shown_values
from u8sync.report.html import render_report
from u8sync.report.language import translator
from u8sync.report.terminal.run import result_view
from u8sync.report.terminal.undo import undo_view
from u8sync.report.words import reason_words
from u8sync.text import english, msg

ACCOUNT_SET = AccountSet("sqlite", "", "UFDATA_999_2026", "999", "华东贸易", "a1")
RUN = "20261101T180000Z-abc123"


def change(number: int, before: str, after: str | None, *, was: str | None, becomes: str | None) -> Change:
    field = FieldChange("tier", "cCusDefine1", before, after, was=was, becomes=becomes)
    return Change(CustomerCode(f"C{number:02}"), (field,), {}, None, Undoes(RUN, f"{number:032x}"))


CHANGES = (
    change(1, "V", None, was="VIP", becomes=None),
    change(2, "重点", "普通", was="重点", becomes="普通"),
    change(3, "V", "钻石", was="VIP", becomes=None),
)
SKIPPED = (Skipped(CustomerCode("C04"), "changed_since", "tier"), Skipped(CustomerCode("C05"), "gone"))
STOP = Verdict("share_changed", ok=False, allowed=False, measured="30.00", limit="10", message=msg("too many"))


def undo(
    changes: tuple[Change, ...] = CHANGES, skipped: tuple[Skipped, ...] = SKIPPED, verdicts: tuple[Verdict, ...] = ()
) -> PlannedUndo:
    seal = Seal(ACCOUNT_SET.key, date(2026, 10, 31), "m" * 64, "p" * 64, "0.1.0")
    made_at = datetime(2026, 11, 2, tzinfo=UTC)
    return PlannedUndo(ACCOUNT_SET, RUN, Plan(seal, made_at, changes, skipped, Population(10, 10, 9, 0)), verdicts)


def shown(planned: PlannedUndo, *, limit: int | None = 20, language: str = "en") -> str:
    console = Console(width=132, color_system=None)
    with console.capture() as capture:
        console.print(undo_view(planned, translator("zh" if language == "zh" else "en"), limit=limit))
    return capture.get()


def row(text: str, code: str) -> list[str]:
    return next(line.split() for line in text.splitlines() if line.startswith(code))


def test_every_change_stands_with_its_values_and_what_it_takes_back() -> None:
    text = shown(undo())
    assert row(text, "C01") == ["C01", "tier", "VIP", "(V)", "-", f"{1:032x}"]
    assert row(text, "C02") == ["C02", "tier", "重点", "普通", f"{2:032x}"]
    assert row(text, "C03") == ["C03", "tier", "VIP", "(V)", "钻石", f"{3:032x}"]
    assert RUN in text.splitlines()[0]


def test_what_is_left_alone_is_counted_and_listed_with_its_cause() -> None:
    text = shown(undo())
    assert "changed since that run: 1; not in U8 any more: 1" in text
    assert row(text, "C04") == ["C04", "tier", "changed", "since", "that", "run"]
    assert row(text, "C05")[:2] == ["C05", "(all)"]


def test_a_guard_that_stops_it_is_told() -> None:
    assert "A guard stops this plan" in shown(undo(verdicts=(STOP,)))
    assert undo(verdicts=(STOP,)).stopped == (STOP,)


def test_only_an_undo_that_writes_something_warns_of_the_next_night() -> None:
    assert "The next night plans the same values again" in shown(undo())
    nothing = shown(undo(changes=()))
    assert "Nothing to undo" in nothing
    assert "Guards" not in nothing
    assert "The next night" not in nothing


def test_long_tables_are_cut_and_say_so() -> None:
    many = tuple(change(n, "V", None, was="VIP", becomes=None) for n in range(30))
    assert "... and 10 more" in shown(undo(changes=many))
    assert "... and" not in shown(undo(changes=many), limit=None)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_words_of_the_erp_get_out_of_their_cell(language: str) -> None:
    hostile = FieldChange("tier", "c", "\x1b[31mV\r\n", "[red]x[/red]", was=None, becomes=None)
    one = Change(CustomerCode("C\x1b]0;t\x07"), (hostile,), {}, None, Undoes(RUN, "f" * 32))
    text = shown(undo(changes=(one,)), language=language)
    assert "\x1b" not in text
    assert "[red]x[/red]" in text


def test_machines_get_null_for_nothing() -> None:
    plain = undo_json(undo())
    changes = plain["changes"]
    assert isinstance(changes, list)
    assert [change["fields"][0]["after"] for change in changes] == [None, "普通", "钻石"]  # type: ignore[index,call-overload]
    assert plain["undoes"] == RUN
    assert plain["skipped"] == [
        {"code": "C04", "cause": "changed_since", "field": "tier"},
        {"code": "C05", "cause": "gone"},
    ]


def test_the_reason_of_a_change_names_what_it_takes_back(books: Any) -> None:
    (reason,) = reason_words(CHANGES[0], books.policy)
    assert str(reason) == f"takes back change {1:032x} of run {RUN}"


def test_an_emptied_field_is_a_movement_to_nothing_and_shown_as_nothing(books: Any) -> None:
    assert shown_values(CHANGES[0].fields[0]) == ("VIP (V)", None)
    moves = {(move.was, move.becomes, move.way) for move in movements(undo().plan, books.policy)}
    assert moves == {("VIP", None, "enter"), ("重点", "普通", "down")}


def test_what_became_of_an_undo_is_shown_like_every_other_run(books: Any) -> None:
    planned = books.planned()
    result = replace(
        books.applied(planned),
        plan=undo().plan,
        endings=tuple(Ending(one.code, "conflict", {"cCusDefine1": "别的"}) for one in CHANGES),
    )
    console = Console(width=132, color_system=None)
    with console.capture() as capture:
        console.print(result_view(result, translator("en")))
    assert "cCusDefine1 = -" in capture.get()
    page = render_report(
        replace(planned, plan=replace(planned.plan, changes=CHANGES)), None, books.policy, english, "en"
    )
    assert f"takes back change {1:032x} of run {RUN}" in page
    assert ">None<" not in page

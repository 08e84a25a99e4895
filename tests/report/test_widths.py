"""Whatever text comes from the ERP, no line on a terminal is wider than the window and no character is torn."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console, RenderableType

from u8sync.report.language import translator
from u8sync.report.terminal.blocks import Writer
from u8sync.report.terminal.plan import planned_view
from u8sync.report.terminal.run import result_view
from u8sync.text import english, msg

LETTERS = [
    *"abcXYZ019 .,-/()",
    *"华东海江山川贸易有限公司（）、。，“”…·①Ω±",
    "e\u0301",
    "\u4e00\ufe00",
    "👨\u200d👩\u200d👧",
    "❤\ufe0f",
    "🇨🇳",
    "👍🏽",
    "한",
    "\u1112\u1161\u11ab",
    "\u0e01\u0e33",
    "ﷺ",
    "\ue000",
    "\u2028",
]
TEXTS = st.lists(st.sampled_from(LETTERS), max_size=120).map("".join) | st.text(max_size=60)
WIDTHS = st.integers(60, 140)


def shown(view: RenderableType, width: int) -> list[str]:
    """The lines that a window of that width shows."""
    console = Console(file=StringIO(), width=width, color_system=None, highlight=False, legacy_windows=False)
    console.print(view)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().split("\n")


def held(lines: list[str]) -> str:
    return "".join("".join(lines).split())


@given(text=TEXTS, width=WIDTHS, indent=st.integers(0, 8))
@example(text="👨\u200d👩\u200d👧" * 60, width=61, indent=2)
@example(text="华" * 200, width=61, indent=0)
def test_sentences_fit_and_lose_nothing(text: str, width: int, indent: int) -> None:
    write = Writer(english)
    for shape in (write.title(text), write.heading(text), write.line(text, indent=indent)):
        lines = shown(shape, width)
        assert all(cell_len(line) <= width for line in lines)
        assert held(lines) == held([write.say(text)])


@given(rows=st.lists(st.tuples(*[TEXTS] * 7), min_size=1, max_size=3), width=WIDTHS, count=st.integers(1, 7))
@example(rows=[("华" * 60,) * 7], width=60, count=7)
@example(rows=[("👨\u200d👩\u200d👧" * 20,) * 7], width=60, count=7)
@settings(max_examples=150)
def test_tables_fit_and_lose_nothing(rows: list[tuple[str, ...]], width: int, count: int) -> None:
    write = Writer(english)
    titles = [msg("Customer"), msg("Strongest reasons"), msg("Share of revenue"), *[msg("Before")] * 4][:count]
    cells = [row[:count] for row in rows]
    lines = shown(write.table([(title, "left") for title in titles], cells), width)
    assert all(cell_len(line) <= width for line in lines)
    written = [write.say(cell) for row in [titles, *cells] for cell in row]
    assert sorted(held(lines).replace("-", "")) == sorted(held(written).replace("-", ""))


@given(values=st.lists(TEXTS, min_size=1, max_size=4), width=WIDTHS)
def test_facts_fit_and_lose_nothing(values: list[str], width: int) -> None:
    write, name = Writer(english), msg("Months with posted cost")
    lines = shown(write.facts((name, value) for value in values), width)
    assert all(cell_len(line) <= width for line in lines)
    assert held([line.removeprefix(english(name)) for line in lines]) == held([write.say(value) for value in values])


@given(text=st.lists(st.sampled_from(LETTERS), min_size=1, max_size=120).map("".join), width=st.integers(4, 40))
def test_no_character_is_torn_from_its_accent_and_no_family_apart(text: str, width: int) -> None:
    for line in shown(Writer(english).table([(msg("X"), "left")], [[text]]), width)[2:]:
        assert not line.startswith(("\u0301", "\ufe0f", "\u200d", "🏽"))
        assert not line.rstrip(" ").endswith("\u200d")


def renamed(planned: Any, name: str) -> Any:
    customers = planned.decision.customers.with_columns(name=pl.lit(name, dtype=pl.String))
    return replace(planned, decision=replace(planned.decision, customers=customers))


@pytest.mark.parametrize("width", [60, 80, 132])
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "name", ["上海华东国际贸易进出口股份有限公司（浦东分公司）" * 3, "👨\u200d👩\u200d👧" * 30, "x" * 120]
)
def test_the_plan_and_what_became_of_it_fit(books: Any, width: int, language: str, name: str) -> None:
    planned, translate = renamed(books.planned(), name), translator(language)
    for view in (
        planned_view(planned, books.policy, translate, limit=None),
        result_view(books.applied(planned), translate),
    ):
        assert [line for line in shown(view, width) if cell_len(line) > width] == []

"""The page over past runs, read back by a parser as a browser would."""

from __future__ import annotations

import re
import time
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from entries import entry, nights
from pages import read

from u8sync.domain.run_entry import RunEntry
from u8sync.report.index_page import _by_day, render_index, run_end
from u8sync.report.language import translator
from u8sync.text import msg

NOW = datetime(2026, 11, 28, 20, tzinfo=UTC)


def page_of(entries: tuple[RunEntry, ...], language: str = "en") -> str:
    return render_index(entries, (), translator("zh" if language == "zh" else "en"), language, now=NOW)


@pytest.mark.parametrize("count", [0, 1, 2, 60])
def test_every_run_is_listed_the_newest_first_and_links_to_its_report(count: int) -> None:
    runs = nights(count)
    html = page_of(runs)
    page = read(html)

    links = list(dict.fromkeys(href for tag, at in page.tags if tag == "a" and (href := at.get("href"))))
    listed = re.findall(r"\d{8}T\d{6}Z-[0-9a-f]{6}(?=</span>)", html)
    assert listed == [one.run_id for one in reversed(runs)]
    assert links == [f"{one.run_id}/report.html" for one in reversed(runs) if one.files]
    assert html.count("<svg") == (5 if count else 1)


def test_before_the_first_run_the_page_says_so() -> None:
    assert "There was no run yet." in read(page_of(())).text
    assert "尚未运行过。" in read(page_of((), "zh")).text


def test_the_same_history_makes_the_same_bytes() -> None:
    assert page_of(nights(30), "zh") == page_of(nights(30), "zh")


def test_a_thousand_runs_are_drawn_and_listed_in_seconds() -> None:
    runs = nights(1000)
    began = time.process_time()
    html = page_of(runs)

    assert time.process_time() - began < 10
    assert html.count('scope="row"') == 1000
    assert len(html) < 3_000_000


@pytest.mark.parametrize(
    ("code", "end"), [(0, "ok"), (2, "partly"), (4, "stopped"), (69, "failed"), (3, "failed"), (None, "open")]
)
def test_an_exit_code_says_how_a_run_ended(code: int | None, end: str) -> None:
    assert run_end(entry(exit_code=code)) == end


def test_a_day_shows_its_worst_run_whatever_comes_after_it() -> None:
    assert _by_day([entry(exit_code=0), entry(exit_code=69), entry(exit_code=2)]) == {date(2026, 11, 28): "failed"}


def test_what_an_entry_says_is_text() -> None:
    page = read(page_of(nights(6)))

    assert "U8 is <gone>" in page.text
    assert "gone" not in {tag for tag, _ in page.tags}


def test_a_run_that_could_not_say_a_figure_has_none_and_not_zero() -> None:
    failed = entry(exit_code=69, planned=None, endings={}, held=None, tiers=(), ended_at=None, files={})
    row = read(page_of((failed,))).rows("Started (UTC)")[1]

    assert row[2:] == ["-"] * 6


def test_entries_that_cannot_be_read_are_named() -> None:
    html = render_index(
        (), (msg("{path} cannot be read: {why}", path="x/run.json", why="cut"),), translator("en"), "en", now=NOW
    )

    assert "x/run.json cannot be read: cut" in read(html).text


def test_a_run_whose_revenue_is_below_zero_is_drawn() -> None:
    tiers = tuple(one.__class__(one.tier, one.before, one.recommended, Decimal(-5)) for one in entry().tiers)

    assert "-15.00" in read(page_of((entry(tiers=tiers),))).text

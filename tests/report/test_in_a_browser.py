"""The pages as people meet them: in a real browser, on a screen, on a phone, in the dark, on paper."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import browser, look
from entries import entry, nights

from u8sync.report.html import render_report
from u8sync.report.index_page import render_index
from u8sync.report.language import translator

__all__ = ["browser", "look"]

NOW = datetime(2026, 11, 28, 20, tzinfo=UTC)
KINDS = pytest.mark.parametrize("kind", ["report", "index"])
LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])


@pytest.fixture(scope="module")
def pages(books: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    """(kind, language) -> the file."""
    folder, found = tmp_path_factory.mktemp("pages"), {}
    planned = books.planned()
    result = books.applied(planned)
    for language in ("en", "zh"):
        words = translator(language)
        report = render_report(planned, result, books.policy, words, language, entry=entry())
        for kind, html in (("report", report), ("index", render_index(nights(40), (), words, language, now=NOW))):
            path = folder / f"{kind}-{language}.html"
            path.write_text(html, encoding="utf-8")
            found[kind, language] = path
    return found


@KINDS
@LANGUAGES
@pytest.mark.parametrize("screen", [(1280, "light"), (390, "dark")], ids=["screen in the light", "phone in the dark"])
def test_axe_has_nothing_to_say(pages: Any, look: Any, kind: str, language: str, screen: tuple[int, str]) -> None:
    width, scheme = screen
    seen = look(pages[kind, language], width=width, scheme=scheme)

    violations = Axe().run(seen.page).response["violations"]

    assert [(one["id"], one["nodes"][0]["html"][:120]) for one in violations] == []


@KINDS
@LANGUAGES
def test_a_page_asks_for_nothing_complains_of_nothing_and_fits_a_phone(
    pages: Any, look: Any, kind: str, language: str
) -> None:
    seen = look(pages[kind, language], width=390)
    wide = seen.page.evaluate("document.documentElement.scrollWidth")

    assert wide <= 390
    assert seen.asked == []
    assert seen.said == []


def test_a_page_that_wants_something_from_outside_would_be_noticed(look: Any, tmp_path: Path) -> None:
    path = tmp_path / "bad.html"
    path.write_text('<!DOCTYPE html><img src="http://outside.example/x.png" alt="">', encoding="utf-8")

    seen = look(path)
    seen.page.wait_for_load_state()

    assert seen.asked == ["http://outside.example/x.png"]


def test_a_search_shows_what_holds_all_its_words_and_says_how_many(pages: Any, look: Any, books: Any) -> None:
    page = look(pages["report", "en"]).page
    table = page.locator("table.grouped")
    change = books.planned().plan.changes[3]
    every = len(books.planned().plan.changes)
    box = page.locator("section:has(table.grouped) input[type=search]")

    box.fill(f"{change.code} TIER")
    assert table.locator("tbody:visible").count() == 1
    assert change.code in table.locator("tbody:visible").inner_text()
    assert page.locator("section:has(table.grouped) output").inner_text() == f"1 of {every}"

    box.fill("nobody is called so")
    assert table.locator("tbody:visible").count() == 0

    box.fill("")
    assert table.locator("tbody:visible").count() == every


def test_a_customer_whose_name_is_markup_is_found_by_it(pages: Any, look: Any) -> None:
    page = look(pages["report", "zh"]).page
    page.locator("section:has(table.grouped) input[type=search]").fill("<img src=x")

    assert page.locator("table.grouped tbody:visible").count() == 1
    assert page.locator("img").count() == 0


def test_the_keyboard_sorts_by_a_column_both_ways_and_the_page_says_so(pages: Any, look: Any) -> None:
    page = look(pages["report", "en"]).page
    head = page.locator("table.grouped th", has_text="Score")
    scores = "cells => cells.map(cell => cell.textContent.trim()).filter(text => text !== '-' && text)"
    cells = page.locator("table.grouped td[data-label=Score]")

    head.get_by_role("button").focus()
    page.keyboard.press("Enter")
    up = [float(text) for text in cells.evaluate_all(scores)]
    assert head.get_attribute("aria-sort") == "ascending"
    page.keyboard.press("Space")
    down = [float(text) for text in cells.evaluate_all(scores)]

    assert len(up) > 20
    assert up == sorted(up)
    assert down == sorted(up, reverse=True)
    assert head.get_attribute("aria-sort") == "descending"
    assert page.locator("table.grouped th[aria-sort]").count() == 1


def test_both_fields_of_a_customer_stay_together_when_sorted(pages: Any, look: Any) -> None:
    page = look(pages["report", "en"]).page
    rows = "bodies => bodies.filter(body => body.rows.length > 1).map(body => body.innerText)"
    before = page.locator("table.grouped tbody").evaluate_all(rows)
    page.locator("table.grouped th", has_text="Customer").get_by_role("button").click()
    page.locator("table.grouped th", has_text="Customer").get_by_role("button").click()

    assert before
    assert sorted(page.locator("table.grouped tbody").evaluate_all(rows)) == sorted(before)


@KINDS
def test_without_a_script_everything_is_there_and_no_dead_control(pages: Any, look: Any, kind: str) -> None:
    plain, lively = look(pages[kind, "en"], script=False).page, look(pages[kind, "en"]).page

    assert plain.locator("input, button").count() == 0
    assert lively.locator("input").count() > 0
    assert plain.locator("tr").count() == lively.locator("tr").count() > 10
    assert plain.locator("svg.plot").count() >= 4


@KINDS
def test_charts_follow_the_dark_screen(pages: Any, look: Any, kind: str) -> None:
    colour = "text => getComputedStyle(text).fill"
    light, dark = (
        look(pages[kind, "zh"], scheme=scheme).page.locator("svg.plot text").first.evaluate(colour)
        for scheme in ("light", "dark")
    )

    assert light != dark


@KINDS
def test_printed_no_table_is_cut_and_what_was_closed_is_open(pages: Any, look: Any, kind: str) -> None:
    page = look(pages[kind, "zh"], width=700).page
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    cut = page.locator("table").evaluate_all(
        "all => all.filter(one => one.getBoundingClientRect().right > innerWidth + 1).map(one => one.innerText)"
    )

    assert cut == []
    assert page.locator("section > details:not([open])").count() == 0
    assert not page.locator("input").first.is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")


@KINDS
def test_chinese_letters_are_shown_and_not_boxes(pages: Any, look: Any, kind: str) -> None:
    page = look(pages[kind, "zh"]).page
    drawn = page.evaluate(
        """() => {
          const draw = (text) => {
            const canvas = document.createElement("canvas");
            const pen = canvas.getContext("2d");
            pen.font = "24px " + getComputedStyle(document.body).fontFamily;
            pen.fillText(text, 2, 30);
            return canvas.toDataURL();
          };
          return [draw("户"), draw("级"), draw("\\uE0FF")];
        }"""
    )

    assert len(set(drawn)) == 3
    assert page.locator("html").get_attribute("lang") == "zh-CN"


def test_charts_name_themselves_to_those_who_do_not_see_them(pages: Any, look: Any) -> None:
    page = look(pages["report", "en"]).page
    names = page.get_by_role("img").evaluate_all("all => all.map(one => one.getAttribute('aria-label'))")

    assert any(name.startswith("Movement between tiers. ") and " to " in name for name in names)
    assert any(name.startswith("Customers in each tier. ") for name in names)

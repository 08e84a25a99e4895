"""The report as one HTML file, read back by a parser as a browser would."""

import base64
import hashlib
import re
import time
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest
from pages import Page, read

from u8sync.domain.guards import GUARDS, Limits
from u8sync.errors import FatalError
from u8sync.report.figures import clean, names_of
from u8sync.report.html import MOST_CHANGES, render_report
from u8sync.report.language import translator
from u8sync.text import msg

LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])


def page_of(books: Any, language: str = "en", *, applied: bool = True) -> Page:
    """The page of the made-up account set."""
    planned = books.planned()
    result = books.applied(planned) if applied else None
    return read(render_report(planned, result, books.policy, translator(language), language))


@LANGUAGES
def test_nothing_in_the_page_comes_from_outside_and_only_its_own_script_runs(books: Any, language: str) -> None:
    html = render_report(books.planned(), None, books.policy, translator(language), language)
    page = read(html)

    assert html.startswith("<!DOCTYPE html>")
    assert {tag for tag, _ in page.tags} & {
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "form",
        "a",
        "base",
    } == set()
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name in {"src", "href", "srcset", "action"}]
    assert [attributes for tag, attributes in page.tags if tag == "script"] == [{}]
    assert page.script == (files("u8sync") / "report" / "templates" / "find.js").read_text(encoding="utf-8")
    assert not {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    assert "url(" not in html
    assert "@import" not in page.style
    assert not re.search(r"https?://", html.replace("http://evil.example", ""))


def test_the_page_forbids_itself_everything_but_its_own_style_and_its_one_script(books: Any) -> None:
    page = page_of(books)
    metas = [attributes for tag, attributes in page.tags if tag == "meta"]
    digest = base64.b64encode(hashlib.sha256(page.script.encode()).digest()).decode()

    assert {
        "http-equiv": "Content-Security-Policy",
        "content": f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'",
    } in metas
    assert {"charset": "utf-8"} in metas


@LANGUAGES
def test_hostile_names_are_text(books: Any, language: str) -> None:
    page = page_of(books, language)

    assert "<img src=x onerror=alert(1)>" in page.text
    assert '\'; DROP TABLE "Customer" --</td></table></body>' in page.text
    assert "[31m]0;title反转  第二行" in page.text
    assert not {"\x1b", "\x07", "\u202e", "\u200b"} & set(page.text)


def test_the_page_says_which_language_it_is_in(books: Any) -> None:
    assert page_of(books, "en").tags[0] == ("html", {"lang": "en"})
    assert page_of(books, "zh").tags[0] == ("html", {"lang": "zh-CN"})


def test_a_chinese_page_holds_no_english_sentence(books: Any) -> None:
    text = page_of(books, "zh").text
    for name in books.hostile.values():
        text = text.replace(clean(name), "")
    words = set(re.findall(r"[A-Za-z_]{3,}", re.sub(r"[0-9a-f]{64}|m{64}|p{64}", "", text)))

    # What is left are names: of columns, files, fields and guards, of the product and of the hash.
    assert words <= {
        *("UFDATA_", "cCusDefine", "dEndDate", "VIP", "UTC", "sync", "SHA", "tier", "roles", "region", "regions"),
        *("mappings", "customer", "tiers", "yaml"),
        *(guard.removesuffix("8") for guard in GUARDS),
    }


@LANGUAGES
def test_the_page_holds_the_facts(books: Any, language: str) -> None:
    page = page_of(books, language)
    tiers, matrix = (next(t for t in page.tables if t[1][0] == "VIP" and len(t[0]) == width) for width in (6, 5))

    assert "999 华东贸易有限公司 (UFDATA_999_2026)" in page.text
    assert tiers[1][1:4] == ["2", "8", "-6"]
    assert tiers[1][4:] == ["19.7 %", "1,839,524.54"]
    assert matrix[0][1:] == ["VIP", "重点", "普通", "潜在"]
    assert matrix[1][1:] == ["0", "4", "3", "1"]
    for fact in ("mappings/customer.yaml:22", "20261101-183100-7f3a", "0123456789abcdef" * 4, "74.58 %", "12.3 s"):
        assert fact in page.text
    assert books.planned().plan.fingerprint in page.text
    assert "专属客服，账期 60 天" in page.text


def test_every_change_is_listed_with_its_reasons(books: Any) -> None:
    rows = page_of(books).rows("Customer", "Field")
    changes = books.planned().plan.changes

    names = names_of(books.planned().decision)
    assert [row[0] for row in rows[1:] if row[0]] == [change.code + clean(names[change.code]) for change in changes]
    assert rows[1][2:6] == ["普通", "重点", "up", "89.41"]
    reasons, _, figures = rows[1][6].partition("All figures")
    assert reasons == "revenue: the best of allgross profit: the best of allRule: mappings/tiers.yaml:19"
    assert "order frequency: 40 a year, place 8 of 52, 86.2745 points × 20 %: 17.2549" in figures


def test_what_was_not_applied_is_shown_with_what_u8_holds(books: Any) -> None:
    rows = page_of(books).rows("Customer", "What happened")

    assert rows[1] == [
        "C00000",
        "changed in U8 since the plan was made; left alone",
        "cCusDefine1 = 重点",
        "dEndDate = 别人改的; cCusDefine1 = 别人改的",
        "-",
    ]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "A guard stops this plan: nothing will be written unless you allow it."),
        ("zh", "此计划被安全检查拦截"),
    ],
)
def test_a_stopped_plan_says_so_at_the_top(books: Any, language: str, sentence: str) -> None:
    page = page_of(books, language, applied=False)

    assert sentence in page.text[: len(page.text) // 4]


def test_a_run_that_ended_before_its_time_says_why(books: Any) -> None:
    planned = books.planned()
    error = FatalError(msg("U8 is gone"), hint=msg("Look at the server."))
    result = replace(books.applied(planned), stopped_by=error)
    page = read(render_report(planned, result, books.policy, translator("en"), "en"))

    assert "U8 is gone" in page.text
    assert "Look at the server." in page.text


def test_a_plan_that_waits_and_one_without_changes(books: Any) -> None:
    planned = books.planned(limits=Limits(share_changed=100, issue_share=100, top_downgrades=100))
    waiting = read(render_report(planned, None, books.policy, translator("en"), "en"))
    idle = replace(planned, plan=replace(planned.plan, changes=(), skipped=()))
    done = read(render_report(idle, None, books.policy, translator("en"), "en"))
    idle_night = replace(books.applied(planned), plan=idle.plan, endings=())
    night = read(render_report(idle, idle_night, books.policy, translator("en"), "en"))

    assert f"{len(planned.plan.changes)} changes are planned. Nothing has been written yet." in waiting.text
    assert "None: U8 holds every value as recommended." in done.text
    assert "U8 held every value as recommended: nothing was to be written." in night.text


def test_many_changes_are_listed_up_to_a_limit_and_quickly(books: Any) -> None:
    planned = books.planned(3400)
    count = len(planned.plan.changes)
    assert count > 2500
    began = time.process_time()
    html = render_report(planned, None, books.policy, translator("zh"), "zh")
    took_s = time.process_time() - began
    page = read(html)

    rows = next(table for table in page.tables if len(table) > 1000)
    assert len([row for row in rows[1:] if row[0]]) == MOST_CHANGES
    assert f"{count - MOST_CHANGES:,}" in page.text
    assert took_s < 5

"""The card: the first line says whether anything is to be done; it fits everywhere and holds no customer."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_entries import STARTED, entry, guard, told

from u8sync.domain.run_entry import RunEntry
from u8sync.domain.timeliness import Timeliness
from u8sync.notify.card import MOST_BYTES, Card, card_of, cut, missed_card
from u8sync.notify.state import Step, condition_of
from u8sync.report.language import for_many, translator
from u8sync.report.language import told as language_told
from u8sync.text import Private, english, listed, msg

SHANGHAI = ZoneInfo("Asia/Shanghai")


def card(night: RunEntry, *, step: Step = "nothing", due: Timeliness | None = None, language: str = "en") -> Card:
    return card_of(
        night,
        condition_of(night),
        step,
        due,
        site="Plant 2",
        language="zh" if language == "zh" else "en",
        translate=translator("zh" if language == "zh" else "en"),
        zone=SHANGHAI,
    )


def test_a_good_night_in_english_and_chinese() -> None:
    assert card(entry(waiting=3)) == Card(
        "u8sync Plant 2 001 演示账套: all is well",
        "Started 2026-11-28 02:00, took 0:03:05\n"
        "Written: 12 of 12 changes\n"
        "Waiting for approval: 3 (u8sync approve)\n"
        "Audit log: 2,210 records, c978484b22bf\n"
        "Run 20261127T180000Z-abcdef on erp-1",
        "success",
    )
    assert card(entry(), language="zh").title == "u8sync Plant 2 001 演示账套：一切正常"
    assert "已写入：12 项更改中的 12 项" in card(entry(), language="zh").body


@pytest.mark.parametrize(
    ("night", "headline", "lines"),
    [
        (
            entry(exit_code=4, endings={}, guards=(guard("share_changed"),), error=told("stopped"), hint=told("look")),
            "blocked by a guard, nothing was written",
            ["stopped", "look", "Planned and not written: 12 changes"],
        ),
        (
            entry(exit_code=2, endings={"applied": 10, "conflict": 2}),
            "finished in part",
            ["Written: 10 of 12 changes", "NOT written: 2"],
        ),
        (entry(exit_code=3, endings={}, planned=None, error=told("held")), "did not run: another run", ["held"]),
        (entry(exit_code=69, endings={}, planned=None, error=told("gone")), "FAILED", ["gone"]),
        (entry(planned=0, endings={}), "all is well", ["Nothing was to be written."]),
        (entry(exit_code=2, troubles=(told("no report"),)), "finished in part", ["no report"]),
    ],
)
def test_each_night_says_what_matters(night: RunEntry, headline: str, lines: list[str]) -> None:
    shown = card(night)
    assert headline in shown.title
    assert [line for line in lines if line not in shown.body.splitlines()] == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_customer_in_a_sentence_of_the_entry_is_not_on_the_card(language: str) -> None:
    what = msg("Customer {code} is gone after it was edited.", code=Private("C0815"))
    why = msg("The report cannot be written: {why}", why=listed([what]))
    night = entry(exit_code=75, error=language_told(what), troubles=(language_told(why), told("the disk is full")))
    night = replace(night, discreet=for_many([what, why, msg("the disk is full")]))
    assert list(night.discreet) == [english(what), english(why)]
    body = card(night, language=language).body
    assert "C0815" not in body
    assert body.count("not shown here" if language == "en" else "此处不显示") >= 2
    assert "the disk is full" in body
    assert f"u8sync runs show {night.run_id}" in body
    assert "C0815" in night.error.en, "who is on the site is told"  # type: ignore[union-attr]


def test_recovery_and_lateness_are_the_headline() -> None:
    late = Timeliness(STARTED, None, (), timedelta(hours=3))
    assert card(entry(), step="recovered").title.endswith("well again")
    assert card(entry(), due=late).title.endswith("ran late")


def test_a_night_that_did_not_come_says_so() -> None:
    due = Timeliness(STARTED, STARTED + timedelta(days=1), (STARTED,), None)
    shown = missed_card(due, site=None, translate=translator("en"), zone=SHANGHAI)
    assert shown.title == "u8sync: DID NOT RUN"
    assert "No run answered the start of 2026-11-28 02:00." in shown.body
    assert "Next start: 2026-11-29 02:00" in shown.body


def test_many_troubles_are_counted() -> None:
    shown = card(entry(exit_code=2, troubles=tuple(told(f"trouble {n}") for n in range(9)))).body
    assert "trouble 2" in shown
    assert "trouble 3" not in shown
    assert "... and 6 more troubles" in shown


@given(st.text(max_size=3000), st.integers(10, 4000))
def test_a_text_is_cut_behind_a_whole_character(text: str, most: int) -> None:
    text = text.encode("utf-8", "ignore").decode()
    short = cut(text, most)
    assert len(short.encode()) <= most
    assert short == text or text.startswith(short.removesuffix(" …"))


def test_a_card_with_long_chinese_words_fits_into_a_message_of_wecom() -> None:
    long = entry(exit_code=69, error=told("很长的原因" * 500), endings={})
    assert len(card(long, language="zh").body.encode()) <= MOST_BYTES

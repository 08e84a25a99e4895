"""Findings of ``doctor`` and account sets on the terminal."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console, RenderableType

from u8sync.ports import AccountSetFound, Check, DatabaseFound
from u8sync.report.language import Language, translator
from u8sync.report.terminal.checks import account_sets_view, check_view, checks_summary
from u8sync.text import msg

GRANT = "USE [UFDATA_001_2019];\nGRANT SELECT ON OBJECT::[dbo].[SaleBillVouch] ([cChecker], [dDate]) TO [u8sync_r];"
FAILURE = Check(msg("Rights"), "failure", msg("Whole."), msg("Way into U8"), GRANT)


def shown(view: RenderableType, *, width: int = 60) -> list[str]:
    console = Console(file=StringIO(), width=width, color_system=None, highlight=False, legacy_windows=False)
    console.print(view, crop=False)
    assert isinstance(console.file, StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        ("en", ["x failure  Rights: Whole.", "    Way into U8"]),
        ("zh", ["x 失败  权限: 完整。", "    访问 U8"]),
    ],
)
def test_a_finding_has_a_sign_a_word_and_its_cure_below(language: Language, lines: list[str]) -> None:
    assert shown(check_view(FAILURE, translator(language)))[:2] == lines


def test_a_script_is_never_folded_and_hides_nothing() -> None:
    assert shown(check_view(FAILURE, translator("en")))[2:] == [f"    {line}" for line in GRANT.splitlines()]
    sly = Check(msg("Rights"), "failure", msg("Whole."), script="GRANT [a\u202eb\x1b[2K] TO [x];")
    assert shown(check_view(sly, translator("en")))[1] == "    GRANT [ab[2K] TO [x];"


def test_each_status_has_a_sign_of_its_own() -> None:
    views = [check_view(Check(msg("File"), status, msg("Whole.")), translator("en")) for status in STATUSES]
    assert [shown(view) for view in views] == [
        ["+ ok  File: Whole."],
        ["! warning  File: Whole."],
        ["x failure  File: Whole."],
    ]
    summary = shown(checks_summary([FAILURE, FAILURE], translator("en")))
    assert summary[-1] == "0 ok, 0 warning(s), 2 failure(s). Nothing was written."


STATUSES = ("ok", "warning", "failure")


def test_account_sets_are_listed_by_database_with_their_years_and_each_note_once() -> None:
    lost = msg("fiscal years are taken for calendar years")
    databases = (
        DatabaseFound("Alt", 2015, 2015),
        DatabaseFound("Neu", 2016, 2025),
        DatabaseFound("Jetzt", 2026, None),
        DatabaseFound("Wer_weiss", None, None),
    )
    found = [
        AccountSetFound("001", "贸易", databases, (lost,)),
        AccountSetFound("002", "002", databases[:1], (lost,)),
    ]
    lines = shown(account_sets_view(found, translator("en")))
    assert [line.split() for line in lines[2:7]] == [
        ["001", "贸易", "Alt", "2015"],
        ["001", "贸易", "Neu", "2016", "to", "2025"],
        ["001", "贸易", "Jetzt", "since", "2026"],
        ["001", "贸易", "Wer_weiss", "-"],
        ["002", "002", "Alt", "2015"],
    ]
    assert lines[7:] == ["- fiscal years are taken for calendar years"]

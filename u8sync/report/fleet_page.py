"""A night of a fleet as one HTML file: every member in a row, with a link to the report of its own run.

The layout is ``templates/fleet.html.j2``. The links are relative where they can be, so that a folder that is copied or
shared as a whole keeps them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from u8sync.domain.fleet import FleetSummary, MemberResult, MemberState
from u8sync.report.fleet_words import (
    STATES,
    counts_words,
    duration_words,
    number,
    remark,
    standing,
    told_message,
    who,
)
from u8sync.report.pages import page_environment
from u8sync.text import Message, Translate

__all__ = ["render_fleet"]

_TAGS: Final[Mapping[MemberState, str]] = {
    "done": "ok",
    "pending": "wait",
    "partly": "wait",
    "blocked": "wait",
    "failed": "stop",
    "not_run": "stop",
}


@dataclass(frozen=True)
class Row:
    """A member, in words."""

    name: str
    link: str | None
    who: str | None
    state: Message
    tag: str
    changes: str | None
    in_place: str | None
    waiting: str | None
    code: str | None
    took: str | None
    remark: Message | None
    hint: str | None


def render_fleet(summary: FleetSummary, folder: Path, translate: Translate, language: str) -> str:
    """The page, complete.

    Args:
        summary: The night, over.
        folder: Where the page is to lie: links start there.
        translate: Puts messages into the words of ``language``.
        language: ``zh`` or ``en``.
    """
    way, sentence = standing(summary)
    return (
        page_environment(translate)
        .get_template("fleet.html.j2")
        .render(
            page_language="zh-CN" if language == "zh" else "en",
            summary=summary,
            way=way,
            sentence=sentence,
            counts=counts_words(summary),
            started=f"{summary.started_at:%Y-%m-%d %H:%M}",
            ended="-" if summary.ended_at is None else f"{summary.ended_at:%H:%M}",
            planned=f"{sum(result.changes or 0 for result in summary.results):,}",
            in_place=f"{sum(result.in_place or 0 for result in summary.results):,}",
            code=int(summary.exit_code),
            rows=[_row(summary, result, folder, language) for result in summary.results],
        )
    )


def _row(summary: FleetSummary, result: MemberResult, folder: Path, language: str) -> Row:
    state = summary.state_of(result)
    return Row(
        name=result.name,
        link=_link(summary, result, folder),
        who=who(result),
        state=STATES[state],
        tag=_TAGS[state],
        changes=number(result.changes),
        in_place=number(result.in_place),
        waiting=number(result.waiting),
        code=number(result.exit_code),
        took=duration_words(result),
        remark=remark(result, language),
        hint=told_message(result.hint, language),
    )


def _link(summary: FleetSummary, result: MemberResult, folder: Path) -> str | None:
    """The way to the member's report; null: there is none, or it lies on another machine's own disk."""
    if result.entry is None or result.folder is None or "report" not in result.entry.files:
        return None
    report = Path(result.folder) / result.entry.files["report"]
    if result.host != summary.host and not report.is_file():
        return None
    try:
        return quote(Path(os.path.relpath(report, folder.absolute())).as_posix())
    except ValueError:  # on another drive
        return report.as_uri()

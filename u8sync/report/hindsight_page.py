"""A policy in hindsight as one HTML file, without a script and with nothing outside itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from u8sync.domain.backtest import TOPS, Backtest
from u8sync.report.hindsight import (
    CATCH_COLUMNS,
    CHURN_COLUMNS,
    Row,
    Told,
    catch_rows,
    catch_title,
    churn_rows,
    facts_of,
    tier_columns,
    tier_rows,
)
from u8sync.report.suggested import (
    PICKS,
    Proposed,
    facts_of_suggestion,
    front_columns,
    front_rows,
    number_columns,
    number_rows,
    size_columns,
    size_rows,
    suggestion_notes,
    worth_columns,
    worth_rows,
)
from u8sync.report.tables import in_place_of
from u8sync.report.words import say
from u8sync.text import Message, Translate, msg

__all__ = ["Part", "render", "save_backtest", "save_suggestion"]


@dataclass(frozen=True)
class Part:
    """A section of the page.

    Attributes:
        title: Its heading.
        columns: Titles of its table.
        rows: Its table; empty: none.
        charts: Its charts, SVG that is safe as it stands.
        verbatim: Lines that somebody copies; empty: none.
    """

    title: Message
    columns: Sequence[Message] = ()
    rows: Sequence[Row] = ()
    charts: Sequence[object] = ()
    verbatim: str = ""


def save_backtest(path: Path, found: Backtest, told: Told, translate: Translate, language: str) -> None:
    """Write the page. Raises InputError when it cannot be written."""
    page = render(
        msg("The policy in hindsight"),
        list(facts_of(found.overall, told, found.periods)),
        list(_parts(found)),
        notes=found.notes,
        translate=translate,
        language=language,
    )
    with in_place_of(path, shared=True) as part:
        part.write_text(page, encoding="utf-8", newline="\n")


def save_suggestion(path: Path, proposed: Proposed, translate: Translate, language: str) -> None:
    """Write the page. Raises InputError when it cannot be written."""
    page = render(
        msg("Suggested numbers"),
        list(facts_of_suggestion(proposed)),
        list(_suggested_parts(proposed)),
        notes=list(suggestion_notes(proposed)),
        translate=translate,
        language=language,
    )
    with in_place_of(path, shared=True) as part:
        part.write_text(page, encoding="utf-8", newline="\n")


def render(
    title: Message,
    facts: Sequence[tuple[Message, str | Message]],
    parts: Sequence[Part],
    *,
    notes: Sequence[Message],
    translate: Translate,
    language: str,
) -> str:
    """The page, complete.

    Args:
        title: Its heading.
        facts: What was looked at.
        parts: Its sections.
        notes: What the figures do not say.
        translate: Puts messages into the words of ``language``.
        language: ``zh`` or ``en``.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: say(value, translate) if isinstance(value, Message | None) else value,
    )
    text = files("u8sync").joinpath("report", "templates", "hindsight.html.j2").read_text(encoding="utf-8")
    return environment.from_string(text).render(
        page_language="zh-CN" if language == "zh" else "en",
        title=title,
        facts=facts,
        parts=parts,
        notes=notes,
        worth_knowing=msg("Worth knowing"),
    )


def _parts(found: Backtest) -> Iterator[Part]:
    for top in TOPS:
        yield Part(catch_title(top), CATCH_COLUMNS, list(catch_rows(found.periods, found.overall, top)))
    yield Part(msg("What each tier was worth in the next period"), tier_columns(), list(tier_rows(found.overall.tiers)))
    if found.overall.moved:
        yield Part(msg("The same with the movement rules"), tier_columns(), list(tier_rows(found.overall.moved)))
    if found.churn:
        yield Part(
            msg("Customers that changed their tier, without movement rules"),
            CHURN_COLUMNS,
            list(churn_rows(found.churn, found.churn_overall)),
        )
    if found.moved_churn:
        yield Part(
            msg("Customers that changed their tier, with the movement rules"),
            CHURN_COLUMNS,
            list(churn_rows(found.moved_churn, found.moved_churn_overall)),
        )


def _suggested_parts(proposed: Proposed) -> Iterator[Part]:
    found = proposed.found
    yield Part(msg("Weights and least scores"), number_columns(found), list(number_rows(found)))
    yield Part(
        msg("Share of the next period's revenue, and of the customers that changed their tier"),
        worth_columns(found),
        list(worth_rows(found)),
    )
    yield Part(
        msg("Share of the rated customers in each tier / of the next period's revenue"),
        size_columns(found),
        list(size_rows(found)),
    )
    if len(found.front) > 1:
        yield Part(
            msg("What a little more of the one costs of the other, where it was searched"),
            front_columns(found),
            list(front_rows(found)),
        )
    yield Part(
        msg("To paste into {file}: {pick}", file=proposed.told.policy, pick=PICKS[proposed.chosen.pick]),
        verbatim=proposed.text,
    )

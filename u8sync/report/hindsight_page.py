"""A policy in hindsight as one HTML file, without a script and with nothing outside itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from u8sync.domain.backtest import TOPS, Backtest
from u8sync.domain.suggestion import AIMS, Suggestion
from u8sync.report.charts import Bars, Lines, Series, bars, lines
from u8sync.report.hindsight import (
    CHURN_COLUMNS,
    EVALUATION,
    ORDERS,
    Row,
    Told,
    catch_title,
    churn_rows,
    facts_of,
    share_words,
    tier_columns,
    tier_rows,
)
from u8sync.report.pages import page_environment, save_page
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
from u8sync.report.words import account_set_words
from u8sync.text import Message, Translate, msg

__all__ = ["save_backtest", "save_suggestion"]


@dataclass(frozen=True)
class Part:
    """A section of the page.

    Attributes:
        title: Its heading.
        columns: Titles of its table.
        rows: Its table; empty: none.
        lines: Its chart over periods, which brings a table of its own; null: none.
        bars: Its chart of bars, likewise; null: none.
        corner: What stands before the lines of a chart's table.
        verbatim: Lines that somebody copies; empty: none.
    """

    title: Message
    columns: Sequence[Message] = ()
    rows: Sequence[Row] = ()
    lines: Lines | None = None
    bars: Bars | None = None
    corner: Message = EVALUATION
    verbatim: str = ""


def save_backtest(path: Path, found: Backtest, told: Told, translate: Translate, language: str) -> None:
    """Write the page. Raises InputError when it cannot be written."""
    page = _render(
        msg("The policy in hindsight"),
        told,
        facts=list(facts_of(found.overall, told, found.periods)),
        parts=list(_parts(found)),
        notes=found.notes,
        translate=translate,
        language=language,
    )
    save_page(path, page)


def save_suggestion(path: Path, proposed: Proposed, translate: Translate, language: str) -> None:
    """Write the page. Raises InputError when it cannot be written."""
    page = _render(
        msg("Suggested numbers"),
        proposed.told,
        facts=list(facts_of_suggestion(proposed)),
        parts=list(_suggested_parts(proposed)),
        notes=list(suggestion_notes(proposed)),
        translate=translate,
        language=language,
    )
    save_page(path, page)


def _render(
    title: Message,
    told: Told,
    *,
    facts: Sequence[tuple[Message, str | Message]],
    parts: Sequence[Part],
    notes: Sequence[Message],
    translate: Translate,
    language: str,
) -> str:
    """The page, complete."""
    template = page_environment(translate).get_template("hindsight.html.j2")
    return template.render(
        page_language="zh-CN" if language == "zh" else "en",
        title=title,
        account_set=account_set_words(told.account_set),
        facts=facts,
        parts=parts,
        notes=notes,
    )


def _percent(tick: Decimal) -> str:
    return f"{tick:f} %"


def _series(title: Message, shares: Sequence[Decimal | None]) -> Series:
    return Series(
        title, [None if one is None else one * 100 for one in shares], [share_words(one) or "-" for one in shares]
    )


def _parts(found: Backtest) -> Iterator[Part]:
    days = [str(one.as_of) for one in found.periods]
    for top in TOPS:
        series = [_series(ORDERS[order], [one.caught[order][top] for one in found.periods]) for order in ORDERS]
        title = catch_title(top)
        if len(days) > 1:
            yield Part(title, lines=lines(days, series, _percent))
        else:
            yield Part(title, bars=bars(days, series))
    yield Part(
        msg("All evaluations together"),
        [msg("Order"), *(msg("top {percent} %", percent=top) for top in TOPS)],
        [
            *(
                [words, *(share_words(found.overall.caught[name][top]) for top in TOPS)]
                for name, words in ORDERS.items()
            ),
        ],
    )
    yield Part(msg("What each tier was worth in the next period"), tier_columns(), list(tier_rows(found.overall.tiers)))
    if found.overall.moved:
        yield Part(msg("The same with the movement rules"), tier_columns(), list(tier_rows(found.overall.moved)))
    if found.churn:
        yield _churn_chart(found)
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


def _churn_chart(found: Backtest) -> Part:
    series = [_series(msg("without movement rules"), [one.share for one in found.churn])]
    if found.moved_churn:
        series.append(_series(msg("with the movement rules"), [one.share for one in found.moved_churn]))
    days = [str(one.as_of) for one in found.churn]
    title = msg("Share of the rated customers that changed their tier since the evaluation before")
    return Part(title, lines=lines(days, series, _percent)) if len(days) > 1 else Part(title, bars=bars(days, series))


def _suggested_parts(proposed: Proposed) -> Iterator[Part]:
    found = proposed.found
    yield _picks_chart(found)
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


def _picks_chart(found: Suggestion) -> Part:
    """The choices side by side: held out where that is known."""
    sides = [choice.held_out or choice.searched for choice in found.choices]
    series = [
        *(
            _series(msg("revenue of the top {percent} %", percent=top), [side.caught[top] for side in sides])
            for top in AIMS
        ),
        _series(msg("changed their tier"), [choice.searched.churn for choice in found.choices]),
    ]
    return Part(
        msg("The choices side by side"),
        bars=bars([PICKS[choice.pick] for choice in found.choices], series),
        corner=msg("Numbers"),
    )

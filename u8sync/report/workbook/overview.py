"""The first sheet: where things stand, the numbers at a glance, the tiers with two charts, guards and steps."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from u8sync.domain.policy import Policy
from u8sync.domain.run import Planned, RunResult
from u8sync.domain.run_entry import RunEntry
from u8sync.report.figures import causes, tier_lines
from u8sync.report.html import standing_words
from u8sync.report.language import Language
from u8sync.report.tables import Column
from u8sync.report.words import CAUSES, ENDINGS, GUARD_NAMES, account_set_words, tier_name, verdict_word
from u8sync.report.workbook.blocks import AMOUNT, COUNT, PERCENT, Blocks, Region, Value
from u8sync.text import Message, msg

__all__ = ["add_overview"]

_NOW: Final = "#9FB4C0"
_RECOMMENDED: Final = "#22627E"
_CHART_ROWS: Final = 16
"""Rows that the charts take, of 20 pixels each."""

_TIERS: Final = (
    Column("tier", msg("Tier")),
    Column("now", msg("Now in U8"), "number", number_format=COUNT),
    Column("recommended", msg("Recommended"), "number", number_format=COUNT),
    Column("difference", msg("Difference"), "number", number_format="+#,##0;-#,##0;0"),
    Column("revenue", msg("Revenue"), "number", number_format=AMOUNT),
    Column("share", msg("Share of revenue"), "number", number_format=PERCENT),
)


def add_overview(
    blocks: Blocks,
    planned: Planned,
    result: RunResult | None,
    policy: Policy,
    entry: RunEntry | None,
    *,
    language: Language,
) -> None:
    """Fill the sheet; the steps of ``entry`` are told in both languages, ``language`` chooses."""
    window = planned.facts.window
    account_set = account_set_words(planned.account_set)
    blocks.title(msg("Customer tiers: {account_set}, {as_of}", account_set=account_set, as_of=window.as_of))
    blocks.line(standing_words(planned, result)[1])
    if result is not None and result.stopped_by is not None:
        blocks.line(result.stopped_by.message)
    blocks.row += 1
    blocks.facts(_glance(planned, result, entry))

    blocks.heading(msg("Tiers"))
    lines = tier_lines(planned.decision.customers, policy)
    tiers = blocks.table(
        _TIERS,
        (
            (
                tier_name(line.tier),
                line.now,
                line.recommended,
                line.recommended - line.now,
                line.revenue,
                None if line.share is None else Decimal(line.share) / 100,
            )
            for line in lines
        ),
    )
    blocks.line(msg("Amounts are in home currency, without tax."))
    blocks.row += 1
    _add_charts(blocks, tiers)
    blocks.row += _CHART_ROWS

    blocks.heading(msg("Guards"))
    blocks.table(
        (Column("guard", msg("Guard")), Column("verdict", msg("Verdict")), Column("finding", msg("Finding"))),
        ((GUARD_NAMES[one.guard], verdict_word(one), one.message) for one in planned.verdicts),
    )
    if entry is not None and entry.steps:
        blocks.heading(msg("Steps"))
        blocks.table(
            (Column("step", msg("Step")), Column("seconds", msg("Seconds"), "number", number_format="#,##0.0")),
            ((step.name.zh if language == "zh" else step.name.en, step.seconds) for step in entry.steps),
        )


def _glance(planned: Planned, result: RunResult | None, entry: RunEntry | None) -> Iterator[tuple[Message, Value]]:
    population, window = planned.plan.population, planned.facts.window
    yield msg("As of"), window.as_of
    yield msg("First day of the window"), window.start
    yield msg("Customers"), population.customers
    yield msg("Customers that get a tier"), population.eligible
    yield msg("With business"), population.with_business
    yield msg("Customers with an unusable value"), population.with_issues
    yield msg("Changes"), len(planned.plan.changes)
    yield msg("Held tiers"), sum(held.cause is not None for held in planned.plan.held)
    yield msg("Left alone"), len(planned.plan.skipped)
    for cause, count in causes(planned.plan.skipped).items():
        yield msg("Left alone: {why}", why=CAUSES[cause]), count
    if entry is not None and entry.waiting is not None:
        yield msg("Waiting for approval"), entry.waiting
    if result is not None:
        for status, count in result.totals.items():
            if count:
                yield msg("Changes: {what}", what=ENDINGS[status]), count


def _add_charts(blocks: Blocks, tiers: Region) -> None:
    """The pyramid of the tiers, now and recommended, and what each brings."""
    people = blocks.book.add_chart({"type": "bar"})
    people.add_series(_series(blocks, tiers, 1, msg("Now in U8"), _NOW))
    people.add_series(_series(blocks, tiers, 2, msg("Recommended"), _RECOMMENDED))
    people.set_title({"name": blocks.words(msg("Customers in each tier")), "name_font": {"size": 12}})
    # A bar chart counts from below; the highest tier belongs on top.
    people.set_y_axis({"reverse": True, "crossing": "max"})
    people.set_x_axis({"num_format": COUNT, "major_gridlines": {"visible": True, "line": {"color": "#E3E8EB"}}})
    people.set_legend({"position": "bottom"})
    revenue = blocks.book.add_chart({"type": "column"})
    revenue.add_series(_series(blocks, tiers, 4, msg("Revenue"), _RECOMMENDED))
    revenue.set_title({"name": blocks.words(msg("Revenue by tier")), "name_font": {"size": 12}})
    revenue.set_y_axis({"num_format": COUNT, "major_gridlines": {"visible": True, "line": {"color": "#E3E8EB"}}})
    revenue.set_legend({"none": True})
    for chart, position in ((people, 0), (revenue, 3)):
        chart.set_size({"width": 430, "height": 20 * (_CHART_ROWS - 1)})
        blocks.sheet.insert_chart(blocks.row, position, chart, {"description": blocks.words(msg("Tiers"))})


def _series(blocks: Blocks, tiers: Region, column: int, name: Message, colour: str) -> dict[str, Any]:
    """One row of bars. The values go along, for programs that show a chart without counting again."""
    return {
        "name": blocks.words(name),
        "categories": [tiers.sheet, tiers.first, 0, tiers.last, 0],
        "values": [tiers.sheet, tiers.first, column, tiers.last, column],
        "categories_data": [blocks.words(name) for name in tiers.columns[0]],
        "values_data": [float(str(value)) for value in tiers.columns[column]],
        "fill": {"color": colour},
        "gap": 60,
    }

"""A policy in hindsight, on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType

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
    lift_rows,
    tier_columns,
    tier_rows,
)
from u8sync.report.terminal.blocks import Writer
from u8sync.text import Message, Translate, msg

__all__ = ["backtest_view", "figures_table"]


def backtest_view(found: Backtest, told: Told, translate: Translate) -> RenderableType:
    """What the tiers of past days were worth.

    Args:
        found: The figures.
        told: What was looked at.
        translate: The language.
    """
    write = Writer(translate)
    parts: list[RenderableType] = [
        write.title(msg("The policy in hindsight")),
        write.facts(facts_of(found.overall, told, found.periods)),
    ]
    for top in TOPS:
        parts.append(write.heading(catch_title(top)))
        parts.append(figures_table(write, CATCH_COLUMNS, catch_rows(found.periods, found.overall, top)))
    parts += [
        write.heading(msg("How much more the policy caught")),
        figures_table(
            write, [msg("Than"), *(msg("top {percent} %", percent=top) for top in TOPS)], lift_rows(found.overall)
        ),
        write.heading(msg("What each tier was worth in the next period")),
        figures_table(write, tier_columns(), tier_rows(found.overall.tiers)),
    ]
    if found.overall.moved:
        parts.append(write.heading(msg("The same with the movement rules")))
        parts.append(figures_table(write, tier_columns(), tier_rows(found.overall.moved)))
    if found.churn:
        parts.append(write.heading(msg("Customers that changed their tier, without movement rules")))
        parts.append(figures_table(write, CHURN_COLUMNS, churn_rows(found.churn, found.churn_overall)))
    if found.moved_churn:
        parts.append(write.heading(msg("Customers that changed their tier, with the movement rules")))
        parts.append(figures_table(write, CHURN_COLUMNS, churn_rows(found.moved_churn, found.moved_churn_overall)))
    parts.append(write.heading(msg("Worth knowing")))
    parts += [write.line(note, indent=2) for note in found.notes]
    return Group(*parts)


def figures_table(write: Writer, titles: Sequence[Message], rows: Iterable[Row]) -> RenderableType:
    """A table whose first column is words and whose others are figures."""
    return write.table([(title, "left" if at == 0 else "right") for at, title in enumerate(titles)], rows)

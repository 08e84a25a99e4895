"""The customers of each tier on the terminal, below the service policy that they are to get."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import Group, RenderableType

from u8sync.domain.policy import SCORE, Policy
from u8sync.domain.tier_lists import TierList
from u8sync.report.edge_words import edges_by_code
from u8sync.report.figures import cut
from u8sync.report.terminal.blocks import Cell, Column, Writer
from u8sync.report.tier_list import ListsMade, rule_words
from u8sync.report.words import subject_label, tier_name, value_words
from u8sync.text import Translate, listed, msg

__all__ = ["tier_lists_view"]

MOST: Final = 20
"""So many customers of one tier are shown; a file holds all."""

METRICS_SHOWN: Final = 2
"""So many metrics fit beside the names: those that weigh most."""


def tier_lists_view(made: ListsMade, policy: Policy, translate: Translate) -> RenderableType:
    """Each tier: who gets it, its service policy, its customers."""
    write = Writer(translate)
    return Group(
        write.title(msg("Customers by tier")),
        write.facts(made.notes),
        *(part for one in made.lists for part in _section(one, made, policy, write)),
    )


def _section(one: TierList, made: ListsMade, policy: Policy, write: Writer) -> Iterator[RenderableType]:
    count = one.customers.height
    yield write.heading(msg("{tier}: {count} customer(s)", tier=tier_name(one.name), count=f"{count:,}"))
    if one.tier is not None:
        yield write.line(msg("Who gets it: {rule}", rule=listed(rule_words(one.tier))), indent=2)
        for line in one.tier.service.splitlines():
            yield write.line(line, indent=2)
    if not count:
        return
    weights = sorted(policy.weights, key=lambda weight: -weight.percent)
    metrics = [weight.metric for weight in weights[:METRICS_SHOWN]]
    other: Column = (msg("Tier in U8"), "left") if made.by == "recommended" else (msg("Recommended tier"), "left")
    yield write.table(
        [
            (msg("Customer"), "left"),
            (msg("Name"), "left"),
            other,
            (msg("Score"), "right"),
            *((subject_label(metric), "right") for metric in metrics),
            (msg("Near which edge"), "left"),
        ],
        _rows(one, made, metrics),
    )
    if count > MOST:
        yield write.line(msg("... and {count} more; --out writes all.", count=f"{count - MOST:,}"))


def _rows(one: TierList, made: ListsMade, metrics: list[str]) -> Iterator[tuple[Cell, ...]]:
    near = edges_by_code(one.edges)
    other = "current" if made.by == "recommended" else "recommended"
    for row in one.customers.head(MOST).iter_rows(named=True):
        edges = near.get(row["code"], ())
        yield (
            row["code"],
            row["name"],
            row[other],
            None if row[SCORE] is None else cut(row[SCORE], 2),
            *(value_words(metric, row[metric]) for metric in metrics),
            listed(edges) if edges else None,
        )

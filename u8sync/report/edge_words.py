"""The words for what is near an edge, and for the units of metrics in the head of a column."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import polars as pl

from u8sync.domain.edges import NEAR
from u8sync.domain.mapping import CODE
from u8sync.domain.metrics import METRICS, Unit
from u8sync.report.words import subject_label, value_words
from u8sync.text import Message, msg

__all__ = ["edge_words", "edges_by_code", "metric_title", "number_format"]


def edges_by_code(edges: pl.DataFrame) -> Mapping[str, tuple[Message, ...]]:
    """Customer -> the edges that it is near, see :func:`u8sync.domain.edges.near_edges`."""
    found: dict[str, list[Message]] = {}
    for row in edges.iter_rows(named=True):
        found.setdefault(row[CODE], []).append(edge_words(row))
    return {code: tuple(words) for code, words in found.items()}


def edge_words(row: Mapping[str, object]) -> Message:
    """One row of :func:`u8sync.domain.edges.near_edges`."""
    subject, bound = row["subject"], row["bound"]
    if not isinstance(subject, str) or not isinstance(bound, Decimal):
        return msg("would be '{tier}' with all bounds moved by {percent} %", tier=row["would_be"], percent=NEAR)
    told = {
        "tier": row["edge_of"],
        "subject": subject_label(subject),
        "bound": value_words(subject, bound),
        "value": value_words(subject, _decimal(row["value"])),
        "distance": value_words(subject, _decimal(row["distance"])),
    }
    if row["way"] == "up":
        if row["kind"] == "at_least":
            return msg("misses '{tier}' by {distance}: {subject} {value}, at least {bound} needed", **told)
        return msg("misses '{tier}' by {distance}: {subject} {value}, below {bound} needed", **told)
    if row["kind"] == "at_least":
        return msg("keeps '{tier}' by {distance}: {subject} {value}, at least {bound} needed", **told)
    return msg("keeps '{tier}' by {distance}: {subject} {value}, below {bound} needed", **told)


def _decimal(value: object) -> Decimal | None:
    return value if isinstance(value, Decimal) else None


def metric_title(metric: str) -> Message:
    """The head of a metric's column, with its unit."""
    label = METRICS[metric].label
    unit: Unit = METRICS[metric].unit
    match unit:
        case "money":
            return msg("{metric} (home currency, untaxed)", metric=label)
        case "orders_per_year":
            return msg("{metric} (a year)", metric=label)
        case "days":
            return msg("{metric} (number of days)", metric=label)
        case "years":
            return msg("{metric} (years)", metric=label)


def number_format(metric: str) -> str:
    """How a spreadsheet shows a metric; the cell holds the whole value."""
    unit: Unit = METRICS[metric].unit
    match unit:
        case "money":
            return "#,##0.00"
        case "days":
            return "0"
        case "orders_per_year" | "years":
            return "0.00"

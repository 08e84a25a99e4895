"""The words for what is near an edge, and for the units of metrics in the head of a column."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

import polars as pl

from u8sync.domain.edges import NEAR
from u8sync.domain.mapping import CODE
from u8sync.domain.metrics import METRICS, Unit
from u8sync.domain.policy import SCORE
from u8sync.report.words import subject_label, value_words
from u8sync.text import Message, msg

__all__ = ["bound_words", "edge_words", "edges_by_code", "metric_title", "number_format"]


def edges_by_code(edges: pl.DataFrame) -> Mapping[str, tuple[Message, ...]]:
    """Customer -> the edges that it is near, see :func:`u8sync.domain.edges.near_edges`."""
    found: dict[str, list[Message]] = {}
    for row in edges.iter_rows(named=True):
        found.setdefault(row[CODE], []).append(edge_words(row))
    return {code: tuple(words) for code, words in found.items()}


def edge_words(row: Mapping[str, object]) -> Message:
    """One row of :func:`u8sync.domain.edges.near_edges`."""
    subject, bound, kind = row["subject"], row["bound"], row["kind"]
    if not isinstance(subject, str) or not isinstance(bound, Decimal) or not isinstance(kind, str):
        return msg("would be '{tier}' with all bounds moved by {percent} %", tier=row["would_be"], percent=NEAR)
    told = {
        "tier": row["edge_of"],
        "distance": _measure(subject, kind, _decimal(row["distance"])),
        "standing": _standing(subject, kind, _decimal(row["value"])),
        "bound": bound_words(subject, kind, bound),
    }
    if row["way"] == "up":
        return msg("misses '{tier}' by {distance}: {standing}; needed: {bound}", **told)
    return msg("keeps '{tier}' by {distance}: {standing}; needed: {bound}", **told)


def bound_words(subject: str, kind: str, bound: Decimal) -> Message:
    """One bound of a tier, ``kind`` as :data:`u8sync.domain.edges.EdgeKind` names it."""
    label, value = subject_label(subject), _measure(subject, kind, bound)
    match kind:
        case "at_least":
            return msg("{subject} at least {low}", subject=label, low=value)
        case "below":
            return msg("{subject} below {high}", subject=label, high=value)
        case "top_percent":
            return msg("among the best {percent} by {subject}", percent=value, subject=label)
        case "top_share":
            return msg("among those that bring the first {percent} of {subject}", percent=value, subject=label)
        case _:
            return msg("one of the {places} places of the tier", places=value)


def _measure(subject: str, kind: str, value: Decimal | None) -> str | Message:
    """A bound, a value or a distance with its unit."""
    if value is None:
        return msg("not known")
    match kind:
        case "at_least" | "below":
            return value_words(subject, value)
        case "top_percent" | "top_share":
            return f"{value_words(SCORE, value)} %"
        case _:
            return str(int(value))


def _standing(subject: str, kind: str, value: Decimal | None) -> Message:
    label, shown = subject_label(subject), _measure(subject, kind, value)
    match kind:
        case "at_least" | "below":
            return msg("{subject} {value}", subject=label, value=shown)
        case "top_percent":
            return msg("among the best {percent} by {subject}", percent=shown, subject=label)
        case "top_share":
            return msg("those ahead bring {percent} of {subject}", percent=shown, subject=label)
        case _:
            return msg("place {place} by score", place=shown)


def _decimal(value: object) -> Decimal | None:
    return value if isinstance(value, Decimal) else None


_TITLES: Final[Mapping[Unit, Callable[[Message], Message]]] = {
    "money": lambda label: msg("{metric} (home currency)", metric=label),
    "percent": lambda label: msg("{metric} (%)", metric=label),
    "count": lambda label: label,
    "orders_per_year": lambda label: msg("{metric} (a year)", metric=label),
    "days": lambda label: msg("{metric} (number of days)", metric=label),
    "months": lambda label: msg("{metric} (number of months)", metric=label),
    "years": lambda label: msg("{metric} (years)", metric=label),
}
"""A metric's name with its unit."""

_FORMATS: Final[Mapping[Unit, str]] = {
    "money": "#,##0.00",
    "percent": "0.00",
    "count": "#,##0",
    "orders_per_year": "0.00",
    "days": "0",
    "months": "0",
    "years": "0.00",
}
"""How Excel writes each unit."""


def metric_title(metric: str) -> Message:
    """The head of a metric's column, with its unit."""
    return _TITLES[METRICS[metric].unit](METRICS[metric].label)


def number_format(metric: str) -> str:
    """How a spreadsheet shows a metric; the cell holds the whole value."""
    return _FORMATS[METRICS[metric].unit]

"""Lists and simulations as JSON for machines: codes, decimal text, ISO dates; keys are stable, words are English."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from u8sync.domain.canonical import Json, decimal_text
from u8sync.domain.decision import CAUSE
from u8sync.domain.mapping import CODE
from u8sync.domain.metrics import METRICS
from u8sync.domain.model import AccountSet, Window
from u8sync.domain.policy import SCORE
from u8sync.domain.tier_lists import TierList
from u8sync.report.tier_list import ListsMade
from u8sync.text import Message

__all__ = ["lists_json"]


def lists_json(made: ListsMade, judged: pl.DataFrame, notes: Iterable[Message]) -> dict[str, Json]:
    """The customers of each tier; ``left_out`` counts those that get none, by cause."""
    left_out = judged.filter(~pl.col("eligible")).group_by(CAUSE).len().sort(CAUSE)
    return {
        "account_set": _account_set(made.account_set),
        "window": _window(made.window),
        "policy": made.policy_file,
        "by": made.by,
        "tiers": [_list(one) for one in made.lists],
        "left_out": dict(left_out.iter_rows()),
        "notes": [str(note) for note in notes],
    }


def _account_set(account_set: AccountSet) -> Json:
    return {"code": account_set.code, "name": account_set.name}


def _window(window: Window) -> Json:
    return {"start": window.start.isoformat(), "as_of": window.as_of.isoformat()}


def _list(one: TierList) -> Json:
    near = edges_json(one.edges)
    return {
        "tier": one.name,
        "service": None if one.tier is None else one.tier.service,
        "customers": [
            {
                "code": row[CODE],
                "name": row["name"],
                "current": row["current"],
                "recommended": row["recommended"],
                "score": decimal_text(row[SCORE]),
                "metrics": {name: decimal_text(row[name]) for name in METRICS},
                "borderline": row["borderline"],
                "edges": near.get(row[CODE], []),
            }
            for row in one.customers.iter_rows(named=True)
        ],
    }


def edges_json(edges: pl.DataFrame) -> Mapping[str, list[Json]]:
    """Customer -> the edges that it is near, see :func:`u8sync.domain.edges.near_edges`."""
    found: dict[str, list[Json]] = {}
    for row in edges.iter_rows(named=True):
        one: dict[str, Json] = {name: value for name, value in row.items() if name not in (CODE, "tier")}
        for name in ("bound", "value", "distance"):
            one[name] = decimal_text(row[name])
        found.setdefault(row[CODE], []).append(one)
    return found

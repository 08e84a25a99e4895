"""The customers that stand near an edge, for every report that lists them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from u8sync.domain.mapping import CODE
from u8sync.domain.policy import SCORE
from u8sync.domain.tiers import EARNED
from u8sync.report.edge_words import edges_by_code
from u8sync.report.figures import cut
from u8sync.text import Message

__all__ = ["BorderlineRow", "borderline_rows"]


@dataclass(frozen=True)
class BorderlineRow:
    """A customer near an edge, with the tier that the ladder gives."""

    code: str
    name: str | None
    tier: str | None
    score: str | None
    edges: tuple[Message, ...]


def borderline_rows(
    customers: pl.DataFrame, edges: pl.DataFrame, limit: int | None = None, names: Mapping[str, str] | None = None
) -> Iterator[BorderlineRow]:
    """The borderline customers, the nearest to a bound first by its own size, at most ``limit``.

    Args:
        customers: See :attr:`u8sync.domain.decision.Decision.customers`.
        edges: See :func:`u8sync.domain.edges.near_edges`.
        limit: Most customers; null: all.
        names: Code -> name; null: as the mapping reads them.
    """
    nearness = pl.col("distance").cast(pl.Float64) / pl.col("bound").cast(pl.Float64).abs()
    # To rise takes every bound that is missed, to fall takes one of those that are kept.
    by_way = (
        edges.with_columns(nearness.alias("nearness"))
        .group_by(CODE, "way")
        .agg(pl.when(pl.col("way").first() == "up").then(pl.max("nearness")).otherwise(pl.min("nearness")))
    )
    order = by_way.group_by(CODE).agg(pl.min("nearness")).sort("nearness", CODE, nulls_last=True)
    shown = order if limit is None else order.head(limit)
    words = edges_by_code(edges.join(shown.select(CODE), on=CODE, how="semi", maintain_order="left"))
    columns = [CODE, EARNED, SCORE, *(["name"] if "name" in customers.columns else [])]
    found = shown.join(customers.select(columns), on=CODE, how="left", maintain_order="left")
    for row in found.iter_rows(named=True):
        code, score = row[CODE], row[SCORE]
        yield BorderlineRow(
            code,
            row.get("name") if names is None else names.get(code),
            row[EARNED],
            None if score is None else cut(score, 2),
            words.get(code, ()),
        )

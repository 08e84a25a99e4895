"""How near customers stand to the edges of a ladder: who would get another tier if its bounds were a little elsewhere.

Definition. The bounds of a ladder are those of its conditions and its quotas. An *eased* ladder has every one of them
moved outwards by so many percent of its own size, see :func:`u8sync.domain.policy.eased`, a *tightened* one inwards; a
bound of 0 does not move. A customer is *borderline* when one of the two gives it another tier than the ladder as it
stands. What movement rules make of the ladder's tier does not count: they are there because customers are borderline.
Customers that are not rated meet no bound and are never borderline.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Literal

import polars as pl

from u8sync.domain.mapping import CODE
from u8sync.domain.model import MONEY
from u8sync.domain.policy import SCORE, Condition, Policy, Tier, eased
from u8sync.domain.ranks import UNIT, as_decimal, units
from u8sync.domain.tiers import EARNED, meets, quota_of, recommend, standing_of

__all__ = ["EDGES_SCHEMA", "KINDS", "NEAR", "EdgeKind", "near_edges"]

EdgeKind = Literal["at_least", "below", "top_percent", "top_share", "quota"]
"""Which bound it is. Bound, value and distance are in the subject's own unit for the first two; ``top_percent``: in
percent of the customers, counted from the best; ``top_share``: in percent of the sum that those ahead bring; ``quota``:
in places."""

KINDS: Final[tuple[Literal["at_least", "below", "top_percent", "top_share"], ...]] = (
    "at_least",
    "below",
    "top_percent",
    "top_share",
)
"""The bounds that a condition can have, by the names of its attributes."""

NEAR: Final = 5
"""Within so many percent of an edge a customer is borderline."""

EDGES_SCHEMA: Final[dict[str, pl.DataType]] = {
    "code": pl.String(),
    "way": pl.String(),
    "tier": pl.String(),
    "would_be": pl.String(),
    "edge_of": pl.String(),
    "subject": pl.String(),
    "kind": pl.String(),
    "bound": MONEY,
    "value": MONEY,
    "distance": MONEY,
}
"""Columns of :func:`near_edges`."""

_UNMOVED: Final = "edge.unmoved"
_OWN: Final = "edge."
"""Before the names of what the ladder as it stands says of quotas."""


def near_edges(scored: pl.DataFrame, policy: Policy, percent: int = NEAR) -> pl.DataFrame:
    """The bounds that borderline customers are near, and how far off.

    Args:
        scored: ``n × (code, rated, eligible, score, *METRICS)``, as :func:`u8sync.domain.tiers.recommend` takes it.
        policy: The ladder.
        percent: How far each bound is moved, in percent of its own size.

    Returns:
        One row a customer and bound, by code and in the order of the ladder, with the columns of :data:`EDGES_SCHEMA`:

        * ``way``: ``up`` when an eased ladder lifts it, ``down`` when a tightened one lets it fall.
        * ``tier``, ``would_be``: what it gets, and what the moved ladder would give it.
        * ``edge_of``: the tier that the bound belongs to: on the way up ``would_be``, on the way down ``tier``.
        * ``subject``, ``kind``, ``bound``: which bound: score or metric, :data:`EdgeKind`, and its value.
        * ``value``, ``distance``: where the customer stands, and how far from the bound, never negative.

        A customer that would move for a reason which is no bound of its own, a place that somebody else leaves say, has
        one row with null from ``edge_of`` on.
    """
    now = recommend(scored, policy).rename({EARNED: _UNMOVED})
    quotas = [name for index, tier in enumerate(policy.tiers) if tier.quota for name in quota_of(index)]
    now = now.with_columns(pl.col(name).alias(f"{_OWN}{name}") for name in quotas)
    parts = [
        part for way, ladder in _moved(policy, percent).items() for part in _edges_one_way(now, policy, ladder, way)
    ]
    found = pl.concat(parts) if parts else pl.DataFrame(schema=EDGES_SCHEMA)
    return found.sort(CODE, "way", maintain_order=True)


def _moved(policy: Policy, percent: int) -> dict[Literal["up", "down"], Policy]:
    """The way a customer goes when the bounds move, and the ladder that they make then."""
    return {"up": eased(policy, Decimal(percent)), "down": eased(policy, Decimal(-percent))}


@dataclass(frozen=True)
class _Edge:
    """A bound of a tier: how it is told, and whether customers keep it by the ladder as it stands and by the moved one.

    ``bound`` and ``value`` are expressions over the rated customers of the ladder as it stands.
    """

    subject: str
    kind: EdgeKind
    bound: pl.Expr
    value: pl.Expr
    kept: pl.Expr
    kept_moved: pl.Expr


def _edges_one_way(
    now: pl.DataFrame, policy: Policy, moved: Policy, way: Literal["up", "down"]
) -> Iterator[pl.DataFrame]:
    """The bounds that decide between the ladder and the moved one.

    On the way up they are the bounds of the new tier that the customer does not meet yet; on the way down those of its
    own tier that it would not meet any more.
    """
    moving = recommend(now, moved, placed=True).filter(pl.col(EARNED).ne_missing(pl.col(_UNMOVED)))
    if moving.is_empty():
        return
    edge_of = EARNED if way == "up" else _UNMOVED
    explained = [moving.select(CODE).clear()]
    for index, (tier, moved_tier) in enumerate(zip(policy.tiers, moved.tiers, strict=True)):
        of_tier = moving.filter(pl.col(edge_of) == tier.name)
        for edge in _edges_of(tier, moved_tier, index):
            missed = of_tier.filter(~(edge.kept if way == "up" else edge.kept_moved))
            explained.append(missed.select(CODE))
            yield _rows(missed, way, tier.name, edge)
    untold = moving.join(pl.concat(explained), on=CODE, how="anti", maintain_order="left")
    if untold.height:
        yield _rows(untold, way, None, None)


def _edges_of(tier: Tier, moved: Tier, index: int) -> Iterator[_Edge]:
    for condition, other in zip(tier.conditions, moved.conditions, strict=True):
        for kind in KINDS:
            bound = getattr(condition, kind)
            if bound is not None:
                yield _Edge(
                    condition.subject,
                    kind,
                    pl.lit(bound, dtype=MONEY),
                    _value(condition, kind),
                    meets(_only(condition, kind)),
                    meets(_only(other, kind)),
                )
    if tier.quota is not None:
        ahead, tied, places = (pl.col(f"{_OWN}{name}") for name in quota_of(index))
        ahead_moved, tied_moved, places_moved = (pl.col(name) for name in quota_of(index))
        yield _Edge(
            SCORE,
            "quota",
            as_decimal(places * UNIT),
            as_decimal((ahead + tied + 1) * UNIT),
            # Who does not meet the conditions is not refused by the quota.
            (ahead + tied + 1 <= places).fill_null(value=True),
            (ahead_moved + tied_moved + 1 <= places_moved).fill_null(value=True),
        )


def _only(condition: Condition, kind: EdgeKind) -> Condition:
    """A condition with one of its bounds."""
    return replace(
        condition,
        at_least=condition.at_least if kind == "at_least" else None,
        below=condition.below if kind == "below" else None,
        top_percent=condition.top_percent if kind == "top_percent" else None,
        top_share=condition.top_share if kind == "top_share" else None,
    )


def _value(condition: Condition, kind: EdgeKind) -> pl.Expr:
    """Where a customer stands, in the unit of the bound; percents are cut to four decimals."""
    standing = standing_of(condition)
    if kind == "top_percent":
        beaten, _, others = (pl.col(name).cast(pl.Int128) for name in standing.counts)
        return as_decimal((others - beaten + 1) * (100 * UNIT) // (others + 1))
    if kind == "top_share":
        ahead, total = (units(name) for name in standing.sums)
        return as_decimal(pl.when(total > 0).then(ahead * (100 * UNIT) // total))
    return pl.col(condition.subject).cast(MONEY)


def _rows(customers: pl.DataFrame, way: str, edge_of: str | None, edge: _Edge | None) -> pl.DataFrame:
    nothing = pl.lit(None, dtype=MONEY)
    value, bound = (nothing, nothing) if edge is None else (edge.value, edge.bound)
    rows = customers.select(
        pl.col(CODE),
        pl.lit(way).alias("way"),
        pl.col(_UNMOVED).alias("tier"),
        pl.col(EARNED).alias("would_be"),
        pl.lit(edge_of, dtype=pl.String).alias("edge_of"),
        pl.lit(None if edge is None else edge.subject, dtype=pl.String).alias("subject"),
        pl.lit(None if edge is None else edge.kind, dtype=pl.String).alias("kind"),
        bound.cast(MONEY).alias("bound"),
        value.cast(MONEY).alias("value"),
    ).with_columns(
        pl.when(pl.col("value") > pl.col("bound"))
        .then(pl.col("value") - pl.col("bound"))
        .otherwise(pl.col("bound") - pl.col("value"))
        .alias("distance")
    )
    return rows.select(pl.col(name).cast(kind) for name, kind in EDGES_SCHEMA.items())

"""How near customers stand to the edges of a ladder: who would get another tier if its bounds were a little elsewhere.

Definition. A bound is moved by so many percent of its own size, ``|bound|``, so that a negative bound moves the same
way as a positive one, and a bound of 0 does not move. An *eased* ladder lets more customers in (``at_least`` lower,
``below`` higher), a *tightened* one fewer. A customer is *borderline* when one of the two gives it another tier than
the ladder as it stands. Customers without business meet no bound and are never borderline.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import ROUND_CEILING, Context, Decimal
from typing import Final, Literal

import polars as pl

from u8sync.domain.mapping import CODE
from u8sync.domain.model import MONEY
from u8sync.domain.policy import Condition, Policy
from u8sync.domain.tiers import TIER, meets, recommend

__all__ = ["EDGES_SCHEMA", "NEAR", "borderline", "near_edges", "shifted"]

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

_EXACT: Final = Context(prec=60)
_STEP: Final = Decimal("0.0001")
_UNMOVED: Final = "unmoved"


def borderline(scored: pl.DataFrame, policy: Policy, percent: int = NEAR) -> pl.Series:
    """Whether each customer is borderline.

    Args:
        scored: ``n × (code, rated, eligible, score, *METRICS)``, as :func:`u8sync.domain.tiers.recommend` takes it.
        policy: The ladder.
        percent: How far each bound is moved, in percent of its own size.

    Returns:
        One truth value a row, in the order of ``scored``, named ``borderline``; never null.
    """
    now = recommend(scored, policy)[TIER]
    moved = (recommend(scored, shifted(policy, way, percent))[TIER] for way in _WAYS.values())
    near = pl.Series("borderline", [False] * scored.height, dtype=pl.Boolean)
    for tiers in moved:
        near = near | tiers.ne_missing(now)
    return near.alias("borderline")


def near_edges(scored: pl.DataFrame, policy: Policy, percent: int = NEAR) -> pl.DataFrame:
    """The bounds that borderline customers are near, and how far off.

    Args:
        scored: As :func:`borderline` takes it.
        policy: The ladder.
        percent: How far each bound is moved, in percent of its own size.

    Returns:
        One row a customer and bound, by code and in the order of the ladder, with the columns of :data:`EDGES_SCHEMA`:

        * ``way``: ``up`` when an eased ladder lifts it, ``down`` when a tightened one lets it fall.
        * ``tier``, ``would_be``: what it gets, and what the moved ladder would give it.
        * ``edge_of``: the tier that the bound belongs to: on the way up ``would_be``, on the way down ``tier``.
        * ``subject``, ``kind``, ``bound``: which bound: score or metric, ``at_least`` or ``below``, and its value.
        * ``value``, ``distance``: where the customer stands, and how far from the bound, never negative; both in the
          subject's own unit.

        A customer that would move for a reason which is no bound of its own has one row with null from ``edge_of`` on.
    """
    now = recommend(scored, policy).rename({TIER: _UNMOVED})
    parts = [
        part
        for way, direction in _WAYS.items()
        for part in _edges_one_way(now, policy, shifted(policy, direction, percent), way)
    ]
    found = pl.concat(parts) if parts else pl.DataFrame(schema=EDGES_SCHEMA)
    return found.sort(CODE, "way", maintain_order=True)


def shifted(policy: Policy, way: Literal["eased", "tightened"], percent: int) -> Policy:
    """The policy with every bound moved by so many percent of its own size.

    Values have four decimals, so a moved bound is the next such number: the same customers meet it.
    """
    tiers = (
        replace(tier, conditions=tuple(_shifted(condition, way, percent) for condition in tier.conditions))
        for tier in policy.tiers
    )
    return replace(policy, tiers=tuple(tiers))


_WAYS: Final[dict[Literal["up", "down"], Literal["eased", "tightened"]]] = {"up": "eased", "down": "tightened"}
"""The way a customer goes when the bounds move, and how they move then."""


def _shifted(condition: Condition, way: Literal["eased", "tightened"], percent: int) -> Condition:
    out = -percent if way == "eased" else percent
    return replace(condition, at_least=_moved(condition.at_least, out), below=_moved(condition.below, -out))


def _moved(bound: Decimal | None, percent: int) -> Decimal | None:
    if bound is None:
        return None
    exact = _EXACT.add(bound, _EXACT.divide(_EXACT.multiply(abs(bound), Decimal(percent)), Decimal(100)))
    return exact.quantize(_STEP, rounding=ROUND_CEILING, context=_EXACT)


def _edges_one_way(
    now: pl.DataFrame, policy: Policy, moved: Policy, way: Literal["up", "down"]
) -> Iterator[pl.DataFrame]:
    """The bounds that decide between the ladder and the moved one.

    On the way up they are the bounds of the new tier that the customer does not meet yet; on the way down those of its
    own tier that it would not meet any more.
    """
    moving = recommend(now, moved).filter(pl.col(TIER).ne_missing(pl.col(_UNMOVED)))
    if moving.is_empty():
        return
    edge_of = TIER if way == "up" else _UNMOVED
    explained = []
    for tier, moved_tier in zip(policy.tiers, moved.tiers, strict=True):
        of_tier = moving.filter(pl.col(edge_of) == tier.name)
        for condition, other in zip(tier.conditions, moved_tier.conditions, strict=True):
            for one, one_moved in zip(_bounds(condition), _bounds(other), strict=True):
                missed = of_tier.filter(~meets(one if way == "up" else one_moved))
                explained.append(missed.select(CODE))
                yield _edge_rows(missed, way, tier.name, one)
    told = pl.concat(explained) if explained else moving.select(CODE).clear()
    untold = moving.join(told, on=CODE, how="anti")
    if untold.height:
        yield _edge_rows(untold, way, None, None)


def _bounds(condition: Condition) -> Iterator[Condition]:
    """A condition as one or two that have one bound each."""
    if condition.at_least is not None:
        yield replace(condition, below=None)
    if condition.below is not None:
        yield replace(condition, at_least=None)


def _edge_rows(customers: pl.DataFrame, way: str, edge_of: str | None, condition: Condition | None) -> pl.DataFrame:
    value: pl.Expr = pl.lit(None, dtype=MONEY)
    bound: Decimal | None = None
    if condition is not None:
        value = pl.col(condition.subject).cast(MONEY)
        bound = condition.below if condition.at_least is None else condition.at_least
    edge = pl.lit(bound, dtype=MONEY)
    kind = None if condition is None else "below" if condition.at_least is None else "at_least"
    rows = customers.select(
        pl.col(CODE),
        pl.lit(way).alias("way"),
        pl.col(_UNMOVED).alias("tier"),
        pl.col(TIER).alias("would_be"),
        pl.lit(edge_of, dtype=pl.String).alias("edge_of"),
        pl.lit(None if condition is None else condition.subject, dtype=pl.String).alias("subject"),
        pl.lit(kind, dtype=pl.String).alias("kind"),
        edge.alias("bound"),
        value.alias("value"),
        pl.when(value > edge).then(value - edge).otherwise(edge - value).cast(MONEY).alias("distance"),
    )
    return rows.select(pl.col(name).cast(kind_) for name, kind_ in EDGES_SCHEMA.items())

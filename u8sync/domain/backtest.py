"""A policy in hindsight: what its tiers of a past day were worth in the days that followed.

What lives here: the figures. What does not: how a past day is judged (``look.py``) and read (``engine/past.py``).

Shares are of what the customers of the day bought in the outcome. A customer whose returns exceed its purchases there
counts as nothing in a share, so that a share lies in 0 to 1 and never falls when more customers are taken; it is told
apart, and means and medians keep it. Amounts are exact; shares have six places, rounded half to even.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Final, Literal

import polars as pl

from u8sync.domain.baselines import BASELINES, Baseline, Curve, curve
from u8sync.domain.look import NEXT_REVENUE, UNKNOWABLE, Look
from u8sync.domain.mapping import CODE
from u8sync.domain.movement import BASE, BELOW, CHANGED_ON, Past, move, state_after
from u8sync.domain.policy import SCORE, Policy
from u8sync.domain.tiers import CURRENT, EARNED, TIER
from u8sync.text import Message

__all__ = [
    "POLICY",
    "TOPS",
    "Backtest",
    "Churn",
    "Figures",
    "Order",
    "TierFigures",
    "backtest",
    "churn_between",
    "moved_tiers",
    "share",
    "tops_of",
]

POLICY: Final = "policy"
"""Name of the order by the policy's score."""

Order = Literal["policy"] | Baseline

ORDERS: Final[Mapping[Order, str]] = {POLICY: SCORE, **{name: name for name in BASELINES}}
"""Name of an order -> the column that it goes by."""

TOPS: Final = (5, 10, 20)
"""So many percent of the rated customers are taken from the top of each order."""

SHARE_PLACES: Final = Decimal("0.000001")
CENTS: Final = Decimal("0.0001")
_WIDE: Final = Context(prec=60)

# --- the figures ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TierFigures:
    """What the customers of one tier bought afterwards.

    Attributes:
        tier: Its name.
        customers: How many it held.
        revenue: What they bought, net of returns.
        mean: That a customer; null when it held none.
        median: That of the customer in the middle, of two in the middle their mean; null likewise.
        taken: Share of the customers that this tier and all above it hold; null when there are no customers.
        caught: Share of the purchases that those made; null when nothing was bought.
        baselines: Share of the purchases that as many customers from the top of each baseline made; null likewise,
            and for the tiers that reach below the rated customers, whom no baseline orders.
    """

    tier: str
    customers: int
    revenue: Decimal
    mean: Decimal | None
    median: Decimal | None
    taken: Decimal | None
    caught: Decimal | None
    baselines: Mapping[Baseline, Decimal | None]


@dataclass(frozen=True)
class Figures:
    """One evaluation, or several together.

    Attributes:
        as_of: Its day; null: all together.
        until: Last day of its outcome; null: all together.
        customers: That were to get a tier.
        rated: Of those, with business in the window.
        revenue: What they bought in the outcome, net of returns.
        returns: Customers whose returns exceeded their purchases there.
        returned: By how much, as a negative amount.
        newcomers: Revenue from customers that were not there on the day.
        not_yet: How many customers of today were not there.
        caught: Order -> percent from the top -> share of the purchases; null when nothing was bought.
        lift: Baseline -> percent from the top -> the policy's share by the baseline's; null when that is nothing.
        tiers: By what the ladder gave, from the top.
        moved: By what the movement rules let stand; empty without such rules.
    """

    as_of: date | None
    until: date | None
    customers: int
    rated: int
    revenue: Decimal
    returns: int
    returned: Decimal
    newcomers: Decimal
    not_yet: int
    caught: Mapping[Order, Mapping[int, Decimal | None]]
    lift: Mapping[Baseline, Mapping[int, Decimal | None]]
    tiers: tuple[TierFigures, ...]
    moved: tuple[TierFigures, ...]


@dataclass(frozen=True)
class Churn:
    """How many customers changed their tier from one evaluation to the next.

    Attributes:
        since: Day of the earlier one; null: all pairs together.
        as_of: Day of the later one; null likewise.
        customers: Rated in both.
        up: Of those, now in a higher tier.
        down: Now in a lower one.
        share: Of those that changed; null when nobody was rated in both.
    """

    since: date | None
    as_of: date | None
    customers: int
    up: int
    down: int
    share: Decimal | None


@dataclass(frozen=True)
class Backtest:
    """A policy in hindsight.

    Attributes:
        periods: Oldest first.
        overall: All of them together: every customer counts once an evaluation.
        churn: By what the ladder gave, from one evaluation to the next.
        churn_overall: All of them together; null with fewer than two evaluations.
        moved_churn: By what the movement rules let stand; null without such rules.
        moved_churn_overall: All of them together; null likewise.
        notes: What the figures do not say.
    """

    periods: tuple[Figures, ...]
    overall: Figures
    churn: tuple[Churn, ...]
    churn_overall: Churn | None
    moved_churn: tuple[Churn, ...] | None
    moved_churn_overall: Churn | None
    notes: tuple[Message, ...]


def backtest(looks: Sequence[Look], policy: Policy, *, notes: Sequence[Message] = ()) -> Backtest:
    """The figures of one or more evaluations.

    Args:
        looks: Oldest first, at least one.
        policy: By which they were judged.
        notes: What reading the past has to say; :data:`UNKNOWABLE` is added.
    """
    moved = None if policy.movement is None else moved_tiers(looks, policy)
    counted = [_Counted.of(look.judged, None if moved is None else moved[index]) for index, look in enumerate(looks)]
    churn = tuple(_churns(looks, policy, [look.judged for look in looks], by=EARNED))
    moved_churn = None if moved is None else tuple(_churns(looks, policy, moved, by=TIER))
    return Backtest(
        periods=tuple(
            _figures([one], [look], policy, look.slot.as_of, look.slot.outcome.as_of)
            for one, look in zip(counted, looks, strict=True)
        ),
        overall=_figures(counted, looks, policy, None, None),
        churn=churn,
        churn_overall=_together(churn),
        moved_churn=moved_churn,
        moved_churn_overall=None if moved_churn is None else _together(moved_churn),
        notes=(*notes, *UNKNOWABLE),
    )


def moved_tiers(looks: Sequence[Look], policy: Policy) -> list[pl.DataFrame]:
    """The judged customers of each evaluation, with the tier that the movement rules let stand as ``recommended``.

    Each evaluation finds the tiers that the one before it left; the first one finds none.
    """
    past = Past()
    held = pl.DataFrame(schema={CODE: pl.String, CURRENT: pl.String})
    moved = []
    for look in looks:
        found = look.judged.drop(CURRENT, BASE, BELOW, CHANGED_ON).join(
            held, on=CODE, how="left", maintain_order="left", validate="1:1"
        )
        frame = move(found, policy, past, look.slot.as_of)
        moved.append(frame)
        past = state_after(frame, look.slot.as_of)
        held = frame.select(CODE, pl.col(TIER).alias(CURRENT))
    return moved


def share(part: Fraction | Decimal | int, whole: Fraction | Decimal | int) -> Decimal | None:
    """``part`` of ``whole`` with six places, half to even; null when there is no whole."""
    return None if whole == 0 else _rounded(Fraction(part) / Fraction(whole), SHARE_PLACES)


def _rounded(value: Fraction, places: Decimal) -> Decimal:
    """The fraction in so many places, half to even, without a first rounding on the way."""
    scale = int(1 / places)
    return Decimal(round(value * scale)).scaleb(-len(str(scale)) + 1, _WIDE).quantize(places, ROUND_HALF_EVEN, _WIDE)


@dataclass(frozen=True)
class _Counted:
    """What the figures of one evaluation are made of, so that several can be added up before anything is rounded."""

    customers: pl.DataFrame
    """Those that were to get a tier: with ``bought``, the revenue of the outcome or 0 where it is negative."""
    moved: pl.DataFrame | None
    curves: Mapping[Order, Curve]
    rated: int
    bought: Fraction

    @classmethod
    def of(cls, judged: pl.DataFrame, moved: pl.DataFrame | None) -> _Counted:
        bought = pl.col(NEXT_REVENUE).clip(0).alias("bought")
        customers = judged.filter("eligible").with_columns(bought)
        rated = customers.filter("rated")
        return cls(
            customers=customers,
            moved=None if moved is None else moved.filter("eligible").with_columns(bought),
            curves={order: curve(rated, by=by, amount="bought") for order, by in ORDERS.items()},
            rated=rated.height,
            bought=Fraction(customers["bought"].sum()),
        )

    def top(self, order: Order, percent: int) -> Fraction:
        return self.curves[order].first(Fraction(self.rated * percent, 100))


def tops_of(looks: Sequence[Look]) -> Mapping[Order, Mapping[int, Decimal | None]]:
    """Share of the purchases from the top of each order, all evaluations together."""
    counted = [_Counted.of(look.judged, None) for look in looks]
    return _caught(counted, sum((one.bought for one in counted), Fraction(0)))


def _caught(counted: Sequence[_Counted], bought: Fraction) -> dict[Order, Mapping[int, Decimal | None]]:
    return {
        order: {percent: share(sum(one.top(order, percent) for one in counted), bought) for percent in TOPS}
        for order in ORDERS
    }


def _figures(
    counted: Sequence[_Counted], looks: Sequence[Look], policy: Policy, as_of: date | None, until: date | None
) -> Figures:
    bought = sum((one.bought for one in counted), Fraction(0))
    together = pl.concat([one.customers.select(NEXT_REVENUE) for one in counted])
    returned = together.filter(pl.col(NEXT_REVENUE) < 0)[NEXT_REVENUE]
    caught = _caught(counted, bought)
    return Figures(
        as_of=as_of,
        until=until,
        customers=together.height,
        rated=sum(one.rated for one in counted),
        revenue=_sum(together[NEXT_REVENUE]),
        returns=returned.len(),
        returned=_sum(returned),
        newcomers=sum((look.newcomers for look in looks), Decimal(0)),
        not_yet=sum(look.not_yet for look in looks),
        caught=caught,
        lift={name: {percent: _lift(counted, name, percent) for percent in TOPS} for name in BASELINES},
        tiers=tuple(_tiers(counted, [one.customers for one in counted], policy, bought, by=EARNED)),
        moved=tuple(_tiers(counted, [one.moved for one in counted if one.moved is not None], policy, bought, by=TIER))
        if all(one.moved is not None for one in counted)
        else (),
    )


def _lift(counted: Sequence[_Counted], baseline: Baseline, percent: int) -> Decimal | None:
    ours, theirs = (sum((one.top(order, percent) for one in counted), Fraction(0)) for order in (POLICY, baseline))
    return share(ours, theirs)


def _sum(amounts: pl.Series) -> Decimal:
    return Decimal(amounts.sum() or 0)


def _tiers(
    counted: Sequence[_Counted], customers: Sequence[pl.DataFrame], policy: Policy, bought: Fraction, *, by: str
) -> Iterator[TierFigures]:
    everybody = sum(each.height for each in customers)
    above = [0] * len(customers)
    caught = Fraction(0)
    for tier in policy.tiers:
        held = [each.filter(pl.col(by) == tier.name) for each in customers]
        together = pl.concat([each.select(NEXT_REVENUE) for each in held])[NEXT_REVENUE].sort()
        caught += sum((Fraction(_sum(each["bought"])) for each in held), Fraction(0))
        above = [before + each.height for before, each in zip(above, held, strict=True)]
        ordered = all(places <= one.rated for places, one in zip(above, counted, strict=True))
        count, revenue = together.len(), _sum(together)
        yield TierFigures(
            tier=tier.name,
            customers=count,
            revenue=revenue,
            mean=None if count == 0 else _rounded(Fraction(revenue) / count, CENTS),
            median=_median(together),
            taken=share(sum(above), everybody),
            caught=share(caught, bought),
            baselines={
                name: share(
                    sum(one.curves[name].first(places) for places, one in zip(above, counted, strict=True)), bought
                )
                if ordered
                else None
                for name in BASELINES
            },
        )


def _median(ordered: pl.Series) -> Decimal | None:
    count = ordered.len()
    if count == 0:
        return None
    return _rounded(Fraction(ordered[(count - 1) // 2] + ordered[count // 2]) / 2, CENTS)


# --- churn ------------------------------------------------------------------------------------------------------------


def churn_between(then: pl.DataFrame, now: pl.DataFrame, policy: Policy, *, by: str) -> tuple[int, int, int]:
    """Customers rated in both evaluations; of those, in a higher tier now; in a lower one.

    Args:
        then: ``n × (code, rated, by)``.
        now: Likewise.
        policy: The ladder.
        by: The column with the tier.
    """
    heights = {tier.name: policy.rank(tier.name) for tier in policy.tiers}
    height = pl.col(by).replace_strict(heights, default=None, return_dtype=pl.Int64)
    both = (
        then.filter("rated")
        .select(CODE, height.alias("then"))
        .join(now.filter("rated").select(CODE, height.alias("now")), on=CODE, how="inner", validate="1:1")
        .select(
            pl.len().alias("both"),
            (pl.col("now") > pl.col("then")).sum().alias("up"),
            (pl.col("now") < pl.col("then")).sum().alias("down"),
        )
    )
    customers, up, down = both.row(0)
    return customers, up, down


def _churns(looks: Sequence[Look], policy: Policy, frames: Sequence[pl.DataFrame], *, by: str) -> Iterator[Churn]:
    for index in range(1, len(looks)):
        customers, up, down = churn_between(frames[index - 1], frames[index], policy, by=by)
        since, as_of = looks[index - 1].slot.as_of, looks[index].slot.as_of
        yield Churn(since, as_of, customers, up, down, share(up + down, customers))


def _together(churn: Sequence[Churn]) -> Churn | None:
    if not churn:
        return None
    customers, up, down = (sum(getattr(one, name) for one in churn) for name in ("customers", "up", "down"))
    return Churn(None, None, customers, up, down, share(up + down, customers))

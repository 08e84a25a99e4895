"""Movement: how a tier follows what a customer has earned. Up at once, down slowly, never without saying why.

What lives here: what becomes of the tier that U8 holds, given the tier that the ladder gives and what earlier
evaluations said. What does not: the ladder (``tiers.py``) and where the past comes from (the audit log).

Definition. A customer that U8 holds in tier *C*:

1. A pin that has not expired decides alone.
2. A tier that a person changed since u8sync wrote it stays, unless the policy says ``overwrite`` or the run allows it.
3. A higher tier is given at once.
4. A customer *holds* the highest tier whose conditions it meets with every bound eased by ``margin`` percent. Who holds
   *C* keeps it. Who does not is *below*; only after ``down_after`` evaluations below in a row, and at a review day if
   there are any, it falls: to the tier that it holds.
5. The changes of one as-of day are at most ``most_steps`` steps of the ladder, in however many runs, and none is made
   within ``cool_down`` of the last one.
6. A quota is kept in the end: those who keep a tier have their places first, and who would newly come in gets one of
   the others, the best by score first, ties together; who finds none is given the next tier.

An *evaluation* is a planned run; several for the same as-of day are one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, Literal, get_args

import polars as pl

from u8sync.domain.policy import Movement, Policy, Quota, eased
from u8sync.domain.tiers import CURRENT, EARNED, TIER, gets_a_place, line_up, places_of, quota_of, recommend, stands_on

__all__ = [
    "BASE",
    "BELOW",
    "CHANGED_ON",
    "EDITED",
    "HELD",
    "HELD_BY",
    "HOLDS",
    "PAST_SCHEMA",
    "PINNED",
    "REVIEW",
    "WRITTEN_SCHEMA",
    "Hold",
    "Past",
    "eased_quota_of",
    "move",
    "review_due",
    "seat_of",
    "state_after",
]

Hold = Literal["pinned", "edited", "margin", "count", "review", "cool_down", "steps", "quota"]
"""Why a customer's tier is not the one that the ladder gives.

``pinned`` somebody set it by hand; ``edited`` a person changed it in U8; ``margin`` it holds its tier within the
margin; ``count`` it has not been below often enough; ``review`` no review day has come; ``cool_down`` it changed
lately; ``steps`` it goes one step after the other; ``quota`` those who have the tier leave no place.
"""

HELD_BY: Final[tuple[Hold, ...]] = get_args(Hold)

HELD: Final = "tier.held"
"""Column: why the recommended tier is not the earned one, as :data:`Hold` names it; null: nothing held it."""

HOLDS: Final = "tier.holds"
"""Column: the highest tier whose eased conditions the customer meets; null without movement rules or a tier."""

BELOW: Final = "tier.below"
"""Column: evaluations in a row that found the customer below the tier that U8 holds, this one included; Int64."""

CHANGED_ON: Final = "tier.changed_on"
"""Column: as-of day of the run that moved the customer to another tier last; null: none did. To get the first one is no
move."""

EDITED: Final = "tier.edited"
"""Column: whether the tier in U8 is another one than u8sync wrote last, and stays for it."""

BASE: Final = "tier.base"
"""Column: the tier from which it moves: the one that U8 holds or, where a person's edit is written over, the one that
u8sync wrote last; null: none of the ladder."""

PINNED: Final = "tier.pinned"
"""Column: the tier of a pin that holds; null: none."""

REVIEW: Final = "tier.review"
"""Column: whether the tier may fall at this evaluation."""

PAST_SCHEMA: Final[dict[str, pl.DataType]] = {"code": pl.String(), BELOW: pl.Int64(), CHANGED_ON: pl.Date()}

WRITTEN_SCHEMA: Final[dict[str, pl.DataType]] = {"code": pl.String(), "column": pl.String(), "value": pl.String()}


def _nobody() -> pl.DataFrame:
    return pl.DataFrame(schema=PAST_SCHEMA)


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(schema=WRITTEN_SCHEMA)


@dataclass(frozen=True)
class Past:
    """What earlier evaluations and writes left behind.

    Attributes:
        evaluated_on: As-of day of the last evaluation; null: there was none.
        customers: ``n × PAST_SCHEMA``, a customer at most once; who is absent was not below and never changed.
        written: ``n × WRITTEN_SCHEMA``: the raw value that u8sync wrote last, by customer and column; null: it emptied
            the field. What it never wrote is absent.
        left_open: Customers whose fall was due at a review and waits for a person's answer, or has got a yes: for them
            the review goes on until then.
    """

    evaluated_on: date | None = None
    customers: pl.DataFrame = field(default_factory=_nobody)
    written: pl.DataFrame = field(default_factory=_nothing)
    left_open: frozenset[str] = frozenset()


def move(judged: pl.DataFrame, policy: Policy, past: Past, as_of: date) -> pl.DataFrame:
    """Let tiers follow what the ladder gives.

    Args:
        judged: As :func:`u8sync.domain.tiers.recommend` returns it, with ``current``, the tier that U8 holds; with
            :data:`EDITED` if any tier is to stay because a person changed it, and :data:`BASE` if any tier moves from
            another one than ``current``.
        policy: The ladder and the rules of movement.
        past: What earlier evaluations left.
        as_of: Day of this evaluation.

    Returns:
        ``judged`` with ``recommended`` set anew and with :data:`HELD`, :data:`HOLDS`, :data:`BELOW`,
        :data:`CHANGED_ON`, :data:`PINNED`, :data:`EDITED`, :data:`BASE` and :data:`REVIEW`.
    """
    frame = _with_past(judged, past.customers)
    pins = {pin.customer: pin.tier for pin in policy.pins if as_of <= pin.until}
    pinned = pl.col("code").replace_strict(pins, default=None, return_dtype=pl.String) if pins else _no_tier()
    if EDITED not in frame.columns:
        frame = frame.with_columns(pl.lit(value=False).alias(EDITED))
    if BASE not in frame.columns:
        frame = frame.with_columns(pl.col(CURRENT).alias(BASE))
    rules = policy.movement
    review = rules is None or review_due(rules, past, as_of)
    frame = frame.with_columns(
        pl.lit(value=True).alias(REVIEW) if review else pl.col("code").is_in(sorted(past.left_open)).alias(REVIEW),
        pl.when(pl.col("eligible")).then(pinned).alias(PINNED),
        pl.col(BELOW).fill_null(0),
        *([_no_tier().alias(HOLDS)] if rules is None else _holds(judged, policy, rules)),
    )
    frame = frame.with_columns(_heights(policy))
    frame = _followed(frame, rules, as_of)
    if any(tier.quota for tier in policy.tiers) and (rules is not None or pins or frame[EDITED].any()):
        for index, tier in enumerate(policy.tiers):
            if tier.quota is not None:
                frame = _seated(frame, policy, index, tier.quota)
    return frame.with_columns(_name(pl.col(_M), policy).alias(TIER)).drop(_HEIGHTS)


def _with_past(judged: pl.DataFrame, customers: pl.DataFrame) -> pl.DataFrame:
    if customers.is_empty():  # the first evaluation; a join would make columns of nulls, 16 bytes a customer
        return judged.with_columns(
            pl.lit(None, dtype=customers[name].dtype).alias(name) for name in customers.columns[1:]
        )
    return judged.join(customers, on="code", how="left", maintain_order="left", validate="1:1")


def review_due(rules: Movement, past: Past, as_of: date) -> bool:
    """Whether a review day lies after the last evaluation, up to ``as_of``; always at the first one."""
    if not rules.review or past.evaluated_on is None:
        return True
    days = (date(year, month, day) for year in (as_of.year, as_of.year - 1) for month, day in rules.review)
    latest = max(day for day in days if day <= as_of)
    return past.evaluated_on < latest


def state_after(moved: pl.DataFrame, as_of: date) -> Past:
    """The past of the next evaluation, if every recommended tier is written.

    Values that were written are not in it: a replay of history has no people who change them.
    """
    changes = pl.col(TIER).is_not_null() & pl.col(CURRENT).is_not_null() & (pl.col(TIER) != pl.col(CURRENT))
    left = moved.select(
        "code",
        pl.when(changes).then(0).otherwise(pl.col(BELOW)).alias(BELOW),
        pl.when(changes).then(pl.lit(as_of)).otherwise(pl.col(CHANGED_ON)).alias(CHANGED_ON),
    )
    return Past(as_of, left.filter((pl.col(BELOW) > 0) | pl.col(CHANGED_ON).is_not_null()))


# --- heights ----------------------------------------------------------------------------------------------------------

_C, _T, _H, _P, _M = "height.current", "height.earned", "height.holds", "height.pinned", "height.moved"
_HEIGHTS: Final = (_C, _T, _H, _P, _M)
"""Heights on the ladder, 0 the lowest; null: no tier of it."""


def _no_tier() -> pl.Expr:
    return pl.lit(None, dtype=pl.String)


def _heights(policy: Policy) -> Iterator[pl.Expr]:
    heights = {tier.name: height for height, tier in enumerate(reversed(policy.tiers))}
    for name, column in ((_C, BASE), (_T, EARNED), (_H, HOLDS), (_P, PINNED)):
        yield pl.col(column).replace_strict(heights, default=None, return_dtype=pl.Int64).alias(name)


def _name(height: pl.Expr, policy: Policy) -> pl.Expr:
    names = {height: tier.name for height, tier in enumerate(reversed(policy.tiers))}
    return height.replace_strict(names, default=None, return_dtype=pl.String)


def eased_quota_of(index: int) -> tuple[str, str, str]:
    """Names of the columns with the evidence of an eased quota, as :func:`u8sync.domain.tiers.quota_of`."""
    ahead, tied, places = quota_of(index)
    return f"eased.{ahead}", f"eased.{tied}", f"eased.{places}"


def _holds(judged: pl.DataFrame, policy: Policy, rules: Movement) -> Iterator[pl.Series]:
    """The tiers by the eased ladder, and the evidence of its quotas."""
    held = recommend(judged.drop(EARNED, TIER), eased(policy, rules.margin), placed=True)
    yield held[EARNED].alias(HOLDS)
    for index, tier in enumerate(policy.tiers):
        if tier.quota is not None:
            for name, eased_name in zip(quota_of(index), eased_quota_of(index), strict=True):
                yield held[name].alias(eased_name)


# --- following --------------------------------------------------------------------------------------------------------


def _followed(frame: pl.DataFrame, rules: Movement | None, as_of: date) -> pl.DataFrame:
    """Add the height that the tier gets, why it is held, and how often the customer was below."""
    current, earned, pinned = pl.col(_C), pl.col(_T), pl.col(_P)
    stays = pl.col(EDITED) & pl.col("eligible")
    if rules is None:
        target, held, below = earned, _no_tier(), pl.lit(0, dtype=pl.Int64)
    else:
        holds = pl.max_horizontal(pl.col(_H), earned)
        up, under = earned > current, holds < current
        below = pl.when(under).then(pl.col(BELOW) + 1).otherwise(0)
        resting = _resting(rules, as_of)
        steps = rules.most_steps
        highest = earned if steps is None else pl.min_horizontal(earned, current + steps)
        lowest = holds if steps is None else pl.max_horizontal(holds, current - steps)
        wait = (
            pl.when(under & (below < rules.down_after))
            .then(pl.lit("count"))
            .when(under & ~pl.col(REVIEW))
            .then(pl.lit("review"))
            .when(under & resting)
            .then(pl.lit("cool_down"))
            .when(up & resting & pl.lit(value=rules.cool_down is not None and rules.cool_down.holds == "both"))
            .then(pl.lit("cool_down"))
            .when((up | under) & pl.lit(value=steps is not None) & (pl.col(CHANGED_ON) == as_of))
            .then(pl.lit("steps"))
        )
        target = (
            pl.when(current.is_null())
            .then(earned)
            .when(wait.is_not_null())
            .then(current)
            .when(up)
            .then(highest)
            .when(under)
            .then(lowest)
            .otherwise(current)
        )
        held = (
            pl.when(current.is_null() | (target == earned))
            .then(_no_tier())
            .when(wait.is_not_null())
            .then(wait)
            .when(up | (under & (target > holds)))
            .then(pl.lit("steps"))
            .otherwise(pl.lit("margin"))
        )
    return frame.with_columns(
        (stays & pinned.is_null()).alias(EDITED),
        pl.when(pl.col("eligible"))
        .then(pl.when(pinned.is_not_null()).then(pinned).when(stays).then(current).otherwise(target))
        .alias(_M),
        pl.when(pinned.is_not_null())
        .then(pl.lit("pinned"))
        .when(stays)
        .then(pl.lit("edited"))
        .when(pl.col("eligible"))
        .then(held)
        .alias(HELD),
        pl.when(pinned.is_not_null() | stays | ~pl.col("eligible")).then(0).otherwise(below).fill_null(0).alias(BELOW),
    )


def _resting(rules: Movement, as_of: date) -> pl.Expr:
    if rules.cool_down is None:
        return pl.lit(value=False)
    since = pl.lit(as_of - timedelta(days=rules.cool_down.days))
    return (pl.col(CHANGED_ON) > since).fill_null(value=False)


# --- quotas -----------------------------------------------------------------------------------------------------------


def _seated(frame: pl.DataFrame, policy: Policy, index: int, quota: Quota) -> pl.DataFrame:
    """Give the places of one tier: first to those who keep it, then to the best of those who would come in."""
    height = len(policy.tiers) - 1 - index
    here = pl.col(_M) == height
    fixed = pl.col(HELD).is_in(["pinned", "edited"])
    if policy.movement is not None:
        fixed = fixed | (pl.col(_C) == height)
    keeps, comes = here & fixed, here & ~fixed.fill_null(value=False)
    free = places_of(quota) - keeps.sum().cast(pl.Int64)
    frame = frame.with_columns(line_up(seat_of(index), comes, free))
    late = comes & ~gets_a_place(seat_of(index))
    # Nobody falls below the tier that he has because a higher one is full.
    kept = pl.when(pl.col(_C) < height).then(pl.col(_C))
    instead = pl.max_horizontal(_next(policy, index), kept)
    return frame.with_columns(
        pl.when(late).then(instead).otherwise(pl.col(_M)).alias(_M),
        pl.when(late).then(pl.lit("quota")).otherwise(pl.col(HELD)).alias(HELD),
    )


def seat_of(index: int) -> tuple[str, str, str]:
    """Names of the columns with the evidence of the places of a tier: ahead, level with, free.

    Of those who would come in: how many have a better score, how many the same, how many places those who keep the
    tier leave; null for everybody else.
    """
    return f"seat{index}.ahead", f"seat{index}.tied", f"seat{index}.free"


def _next(policy: Policy, index: int) -> pl.Expr:
    """Height of the best lower tier whose conditions a customer meets."""
    height: pl.Expr = pl.lit(0, dtype=pl.Int64)
    for lower in range(len(policy.tiers) - 1, index, -1):
        tier = policy.tiers[lower]
        if not tier.without_business:
            height = pl.when(stands_on(tier)).then(pl.lit(len(policy.tiers) - 1 - lower)).otherwise(height)
    return height

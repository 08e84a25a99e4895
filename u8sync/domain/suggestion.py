"""Numbers for a policy, found in the account set's own past; nothing is applied.

What lives here: trying numbers on past evaluations, and which of those tried are worth showing. What does not: what the
numbers are (``numbers.py``) and how a past day is judged (``backtest.py``).

Two aims pull apart: to *catch* much of the next period's revenue with the first customers by score, and to be *steady*,
so that few customers change their tier from one evaluation to the next. Nobody can say how many points of the one are
worth a point of the other, so the answer is a front: numbers that no others tried beat in both. The bounds of the tiers
follow from the weights, so that tiers stay as large as wanted; else a policy would catch more by simply taking more.

Against over-fitting, the last evaluations are held out: numbers are searched on the earlier ones, and shown on both. An
evaluation whose outcome reaches into the held out days takes no part in the search.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Final, Literal

import polars as pl

from u8sync.domain.backtest import TOPS, churn_between, share
from u8sync.domain.baselines import Curve, curve
from u8sync.domain.look import NEXT_REVENUE, Look
from u8sync.domain.mapping import CODE
from u8sync.domain.metrics import DOCUMENTS, METRICS
from u8sync.domain.numbers import Numbers, bounds_for, free_tiers, numbers_of, with_numbers
from u8sync.domain.policy import SCORE, Policy
from u8sync.domain.scoring import score
from u8sync.domain.tiers import EARNED, recommend
from u8sync.domain.weight_search import Tried, front, knee, level, search

__all__ = ["AIMS", "Choice", "Measured", "Pick", "Suggestion", "split", "suggest"]

AIMS: Final = (5, 20)
"""The revenue that is to be caught: the mean of what the top so many percent of the rated customers made."""

Pick = Literal["present", "catch", "knee", "steady"]
"""A point worth showing: the policy as it is, most caught, the best bend between both, fewest changes of tier."""


@dataclass(frozen=True)
class Measured:
    """What numbers were worth on some evaluations, all together.

    Attributes:
        caught: Percent from the top -> share of the purchases; null when nothing was bought.
        aim: Mean of those of :data:`AIMS`; null likewise.
        churn: Share of the customers rated in two evaluations in a row whose tier differs, without movement rules; null
            with fewer than two evaluations.
        sizes: Tier -> share of the rated customers; null when nobody is rated.
        tier_caught: Tier -> share of the purchases that its customers made; null when nothing was bought.
    """

    caught: Mapping[int, Decimal | None]
    aim: Decimal | None
    churn: Decimal | None
    sizes: Mapping[str, Decimal | None]
    tier_caught: Mapping[str, Decimal | None]


@dataclass(frozen=True)
class Choice:
    """Numbers worth showing.

    Attributes:
        pick: Why; numbers may be shown for several reasons.
        numbers: The numbers.
        searched: On the evaluations of the search.
        held_out: On those held out; null when none are.
    """

    pick: Pick
    numbers: Numbers
    searched: Measured
    held_out: Measured | None


@dataclass(frozen=True)
class Suggestion:
    """What was found.

    Attributes:
        choices: The present policy first; then ``catch``, ``knee`` and ``steady``, which are the same numbers where
            churn is not known.
        front: All numbers that no others beat in both aims, most caught first.
        trials: How many were tried.
        searched: Days of the evaluations of the search.
        held_out: Days of those held out.
        purged: Days of those left out, because their outcome reaches into the days held out.
    """

    choices: tuple[Choice, ...]
    front: tuple[Tried, ...]
    trials: int
    searched: tuple[date, ...]
    held_out: tuple[date, ...]
    purged: tuple[date, ...]

    def choice(self, pick: Pick) -> Choice:
        """The numbers shown for this reason."""
        return next(choice for choice in self.choices if choice.pick == pick)


def split(looks: Sequence[Look], held_out: int) -> tuple[Sequence[Look], Sequence[Look], Sequence[Look]]:
    """The evaluations to search on, those to leave out, and the last ``held_out`` ones to judge by."""
    if held_out == 0:
        return looks, (), ()
    kept, held = looks[:-held_out], looks[-held_out:]
    whole = [look for look in kept if look.slot.outcome.as_of <= held[0].slot.as_of]
    return whole, kept[len(whole) :], held


def suggest(
    looks: Sequence[Look],
    policy: Policy,
    *,
    metrics: Sequence[str],
    sizes: Mapping[str, Fraction],
    held_out: int,
    trials: int,
    seed: int,
    tried: Callable[[], None] = lambda: None,
) -> Suggestion:
    """Search numbers for a policy.

    Args:
        looks: Past evaluations, oldest first; at least one more than ``held_out``, see :func:`split`.
        policy: Whose numbers are free; how its metrics become points, and all else that it says, stays.
        metrics: What the weights are for, at least one.
        sizes: Tier -> most share of the rated customers, 0 to 1, together with the tiers above; those that it does not
            name stay as large as the policy makes them.
        held_out: So many evaluations, the last ones, take no part in the search.
        trials: So many numbers are tried at most.
        seed: Of the random numbers; the same seed gives the same answer.
        tried: Called after each trial.
    """
    searched, purged, held = split(looks, held_out)
    ground = _Ground(searched, policy)
    wanted = {**ground.sizes(policy), **sizes}
    now = numbers_of(policy).weights
    found = search(
        lambda weights: ground.trial(dict(zip(metrics, weights, strict=True)), wanted),
        starts=[tuple(now[metric] for metric in metrics)] if set(now) == set(metrics) else [],
        count=len(metrics),
        trials=trials,
        seed=seed,
        tried=tried,
    )
    best = front(found)
    catch = level(found)[0]
    one_aim = best[0].churn is None
    picks: dict[Pick, Numbers] = {
        "present": numbers_of(policy),
        "catch": catch.numbers,
        "knee": (catch if one_aim else knee(best)).numbers,
        "steady": (catch if one_aim else best[-1]).numbers,
    }
    held_ground = _Ground(held, policy) if held else None
    return Suggestion(
        choices=tuple(
            Choice(
                pick,
                numbers,
                ground.measured(with_numbers(policy, numbers)),
                None if held_ground is None else held_ground.measured(with_numbers(policy, numbers)),
            )
            for pick, numbers in picks.items()
        ),
        front=tuple(best),
        trials=len(found),
        searched=tuple(look.slot.as_of for look in searched),
        held_out=tuple(look.slot.as_of for look in held),
        purged=tuple(look.slot.as_of for look in purged),
    )


# --- one trial --------------------------------------------------------------------------------------------------------


class _Ground:
    """Past evaluations, measured once; a trial only scores and recommends anew."""

    def __init__(self, looks: Sequence[Look], policy: Policy) -> None:
        kept = [CODE, "eligible", "rated", DOCUMENTS, *sorted(policy.groups), *METRICS, NEXT_REVENUE]
        self.policy = policy
        self._frames = [
            look.judged.select(kept).with_columns(pl.col(NEXT_REVENUE).clip(0).alias("bought")) for look in looks
        ]
        eligible = [frame.filter("eligible") for frame in self._frames]
        self.bought = sum((Fraction(frame["bought"].sum() or 0) for frame in eligible), Fraction(0))
        self.rated = [int(frame["rated"].sum()) for frame in self._frames]

    def scored(self, policy: Policy) -> list[pl.DataFrame]:
        return [score(frame, policy.weights, smallest_group=policy.smallest_group) for frame in self._frames]

    def sizes(self, policy: Policy) -> dict[str, Fraction]:
        """Share of the rated customers in each tier with a free bound."""
        judged = [recommend(frame, policy) for frame in self.scored(policy)]
        everybody = sum(self.rated)
        return {
            tier.name: Fraction(_held(judged, tier.name), everybody) if everybody else Fraction(0)
            for tier in free_tiers(policy)
        }

    def trial(self, weights: Mapping[str, int], sizes: Mapping[str, Fraction]) -> Tried:
        """The weights with the bounds that follow from them, and what they come to."""
        policy = with_numbers(self.policy, Numbers(weights, {}))
        scored = self.scored(policy)
        numbers = Numbers(weights, bounds_for(scored, policy, sizes))
        policy = with_numbers(policy, numbers)
        aim, churn = self._aims(scored, [recommend(frame, policy) for frame in scored], policy)
        return Tried(numbers, aim, churn)

    def measured(self, policy: Policy) -> Measured:
        """All that is shown of a policy."""
        scored = self.scored(policy)
        judged = [recommend(frame, policy) for frame in scored]
        curves = self._curves(scored)
        aim, churn = self._aims(scored, judged, policy)
        return Measured(
            caught={top: share(self._caught(curves, top), self.bought) for top in TOPS},
            aim=aim if self.bought else None,
            churn=churn,
            sizes={
                tier.name: share(_held(judged, tier.name), sum(self.rated))
                for tier in policy.tiers
                if not tier.without_business
            },
            tier_caught={
                tier.name: share(
                    sum(Fraction(f.filter(pl.col(EARNED) == tier.name)["bought"].sum() or 0) for f in judged),
                    self.bought,
                )
                for tier in policy.tiers
            },
        )

    def _curves(self, scored: Sequence[pl.DataFrame]) -> list[Curve]:
        return [curve(frame.filter("rated"), by=SCORE, amount="bought") for frame in scored]

    def _caught(self, curves: Sequence[Curve], top: int) -> Fraction:
        return sum(
            (one.first(Fraction(people * top, 100)) for one, people in zip(curves, self.rated, strict=True)),
            Fraction(0),
        )

    def _aims(
        self, scored: Sequence[pl.DataFrame], judged: Sequence[pl.DataFrame], policy: Policy
    ) -> tuple[Decimal, Decimal | None]:
        curves = self._curves(scored)
        aim = share(sum(self._caught(curves, top) for top in AIMS), self.bought * len(AIMS)) or Decimal(0)
        pairs = [churn_between(then, now, policy, by=EARNED) for then, now in pairwise(judged)]
        if not pairs:
            return aim, None
        both, up, down = (sum(pair[at] for pair in pairs) for at in range(3))
        return aim, share(up + down, both)


def _held(judged: Sequence[pl.DataFrame], tier: str) -> int:
    return sum(int((frame[EARNED] == tier).sum()) for frame in judged)

"""The search for weights: whole percents that add up to 100, and two aims that pull apart.

*Why a search of our own* and not an optimiser from a library: the space is a handful of whole percents that add up to
100, which such libraries only know by way of repair; after some hundred trials they find nothing better here (see
``benchmarks``); and what a seed gives must stay the same for years, over all versions, since a suggestion is evidence.
Half of the trials are spread evenly over all weights; a quarter moves percents between two metrics of the best; the
last one looks for more even weights that are as good as the best, because those are suggested.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import Final, TypeVar

from u8sync.domain.numbers import WHOLE, Numbers

__all__ = ["CLOSE", "Tried", "front", "knee", "level", "search"]

Weights = tuple[int, ...]

_T = TypeVar("_T")

MOVES: Final = (1, 2, 5, 10, 20)
"""So many percent are moved from one metric to another."""

CLOSE: Final = Decimal("0.001")
"""Shares are shown in percent with one decimal: what differs by less looks the same, and is the same for a choice."""

PATIENCE: Final = 200
"""After so many moves in a row that led nowhere new, the search ends early."""


@dataclass(frozen=True)
class Tried:
    """Numbers and what they came to where they were searched."""

    numbers: Numbers
    aim: Decimal
    churn: Decimal | None


def search(
    trial: Callable[[Weights], Tried],
    *,
    starts: Iterable[Weights],
    count: int,
    trials: int,
    seed: int,
    tried: Callable[[], None],
) -> list[Tried]:
    """Try weights, none of them twice; all that was tried, in that order.

    Args:
        trial: Tries one.
        starts: To be tried first.
        count: How many weights there are.
        trials: How many are tried at most, at least 1.
        seed: Of the random numbers.
        tried: Called after each trial.
    """
    found: dict[Weights, Tried] = {}
    dice = _Dice(seed)

    def is_new(weights: Weights | None) -> bool:
        if weights is None or weights in found or len(found) >= trials:
            return False
        found[weights] = trial(weights)
        tried()
        return True

    for weights in (*starts, tuple(WHOLE // count + (at < WHOLE % count) for at in range(count))):
        is_new(weights)
    for _ in range(trials):
        if len(found) * 2 < trials:
            is_new(dice.anywhere(count))
    idle = 0
    while len(found) < trials and idle < PATIENCE:
        if len(found) * 4 >= trials * 3 and idle % 2 == 0:
            even = [*level(found.values())[0].numbers.weights.values()]
            other = dice.moved(even, gives=even.index(max(even)))
        else:
            near = dice.one_of([*front(found.values()), *level(found.values())])
            other = dice.moved([*near.numbers.weights.values()])
        idle = 0 if is_new(other) else idle + 1
    return [*found.values()]


class _Dice:
    """Random numbers of a seed. ``Random.random`` alone is promised to give the same ones in every Python."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - no secret

    def below(self, end: int) -> int:
        return int(self._random.random() * end)

    def one_of(self, choices: Sequence[_T]) -> _T:
        return choices[self.below(len(choices))]

    def anywhere(self, count: int) -> Weights:
        """Weights of at least 1 from anywhere."""
        spare = WHOLE - count
        cuts = sorted(self.below(spare + 1) for _ in range(count - 1))
        return tuple(upto - since + 1 for since, upto in pairwise([0, *cuts, spare]))

    def moved(self, weights: list[int], gives: int | None = None) -> Weights | None:
        """Some percents of one weight, any or the one that gives, given to another; null when that is not possible."""
        gives = self.below(len(weights)) if gives is None else gives
        takes, percent = self.below(len(weights)), self.one_of(MOVES)
        if gives == takes or weights[gives] - percent < 1:
            return None
        weights[gives] -= percent
        weights[takes] += percent
        return tuple(weights)


def front(found: Iterable[Tried]) -> list[Tried]:
    """Those that no other beats in both aims, most caught first; of equal ones the first tried."""
    best: list[Tried] = []
    for one in sorted(found, key=lambda each: (-each.aim, _churn(each))):
        if not best or _churn(one) < _churn(best[-1]):
            best.append(one)
    return best


def level(found: Iterable[Tried]) -> list[Tried]:
    """Those that catch as much as the best to a reader, within :data:`CLOSE`, the most even weights first.

    Past figures cannot tell them apart, and one metric that outweighs all others is what over-fitting looks like.
    """
    tried = list(found)
    best = max(one.aim for one in tried)
    close = [one for one in tried if one.aim >= best - CLOSE]
    return sorted(close, key=lambda one: (sum(weight**2 for weight in one.numbers.weights.values()), -one.aim))


def knee(best: Sequence[Tried]) -> Tried:
    """The one of a front that lies farthest from the straight line between its ends, both aims on the same scale."""
    first, last = best[0], best[-1]
    caught, churn = Fraction(first.aim) - Fraction(last.aim), _churn(first) - _churn(last)
    if not caught or not churn:
        return first
    return max(
        best, key=lambda one: (Fraction(one.aim) - Fraction(last.aim)) / caught - (_churn(one) - _churn(last)) / churn
    )


def _churn(one: Tried) -> Fraction:
    return Fraction(one.churn or 0)

"""Chance that falls the same way on every machine and every Python.

The standard library promises a stable sequence for ``Random.random()`` alone, so everything here is made of it. The
arithmetic uses only operations that IEEE 754 rounds exactly (division and square root, no logarithm and no power):
the same seed gives the same account set to the last digit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from math import sqrt
from random import Random
from typing import Final, TypeVar

__all__ = ["Dice"]

T = TypeVar("T")

ENOUGH: Final = 50
"""A smaller account set need not show everything."""


class Dice:
    """A source of chance.

    Args:
        seed: Any text; equal texts give equal throws.
    """

    def __init__(self, seed: str) -> None:
        # A toy's chance, no secret hangs on it.
        self.roll = Random(int.from_bytes(hashlib.sha256(seed.encode()).digest(), "big")).random  # noqa: S311
        """The next number, at least 0 and below 1."""

    def chance(self, share: float) -> bool:
        """True in ``share`` of the cases."""
        return self.roll() < share

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return low + int(self.roll() * (high - low + 1))

    def pick(self, choices: Sequence[T]) -> T:
        """One of ``choices``, each as likely as any other."""
        return choices[int(self.roll() * len(choices))]

    def tail(self, most: float) -> float:
        """A size with a long tail, so that few make up most of the sum: Pareto from 1 on, exponent 4/3, cut off."""
        root = sqrt(1.0 - self.roll())
        return min(most, 1.0 / (root * sqrt(root)))

    def deal(self, count: int, shares: Sequence[tuple[T, float]]) -> list[T]:
        """``count`` values in exact proportion, shuffled: what is promised is there, not only probable.

        Args:
            count: How many; from :data:`ENOUGH` on every value comes at least once.
            shares: Each value with its share; the first one, the most common, also gets what rounding leaves over.
        """
        least = int(count >= ENOUGH)
        dealt: list[T] = []
        for value, share in shares[1:]:
            dealt += [value] * max(least, int(count * share + 0.5))
        del dealt[count:]
        dealt += [shares[0][0]] * (count - len(dealt))
        for last in range(count - 1, 0, -1):
            other = int(self.roll() * (last + 1))
            dealt[last], dealt[other] = dealt[other], dealt[last]
        return dealt

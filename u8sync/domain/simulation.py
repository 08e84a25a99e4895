"""Trying policies out: the configured one as it is, and another one beside it, on the same customers.

What one policy gives stands in ``outcome.py``, how two differ in ``policy_diff.py``. Nothing here reads or writes.
"""

from __future__ import annotations

from dataclasses import dataclass

from u8sync.domain.model import Facts
from u8sync.domain.outcome import Ground, Outcome, outcome_of
from u8sync.domain.policy import Policy
from u8sync.domain.policy_diff import Cell, Comparison, compare, matrix_of
from u8sync.domain.tiers import CURRENT, TIER

__all__ = ["Simulation", "simulate"]


@dataclass(frozen=True)
class Simulation:
    """What policies do on one archive.

    Attributes:
        present: The configured policy.
        held: The tier that U8 holds by the tier that a run would give by the present policy, over those that get one;
            pins, edits and movement rules count here.
        other: The policy that is tried out; null when none is.
        other_held: The same by the other policy; empty when none is tried out.
        compared: The two side by side; null when there is one only.
    """

    present: Outcome
    held: tuple[Cell, ...]
    other: Outcome | None
    other_held: tuple[Cell, ...]
    compared: Comparison | None


def simulate(ground: Ground, present: tuple[Policy, Facts], other: tuple[Policy, Facts] | None = None) -> Simulation:
    """Try policies out.

    Args:
        ground: The archive.
        present: The configured policy, and what the documents say in its window.
        other: The policy to try out, likewise; the same facts when the windows are equal.
    """
    now = outcome_of(ground, *present)
    held = matrix_of(now.customers.filter("eligible"), CURRENT, TIER, (now.policy,))
    if other is None:
        return Simulation(now, held, None, (), None)
    then = outcome_of(ground, *other)
    other_held = matrix_of(then.customers.filter("eligible"), CURRENT, TIER, (then.policy,))
    return Simulation(now, held, then, other_held, compare(ground, now, then))

"""``tiers backtest`` and ``tiers suggest``: the past of the configured account set, judged by a policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from u8sync.bootstrap import SystemClock, last_day, load, open_backend, retry_of, shown
from u8sync.config.policy_file import load_policy
from u8sync.domain.policy import Policy
from u8sync.domain.schedule import Schedule
from u8sync.engine.past import PastRead, read_past
from u8sync.errors import InputError
from u8sync.ports import Progress
from u8sync.text import msg

__all__ = ["PERIODS", "Asked", "History", "read_history"]

PERIODS: Final = 8
"""So many evaluations when nobody says how many."""

LONGEST_WINDOW: Final = 240
"""Months that the longest window of a policy can look back, with as many before it."""

EARLIEST: Final = 1753
"""First year that a U8 date can lie in."""


@dataclass(frozen=True)
class Asked:
    """When to look back, as far as somebody said.

    Attributes:
        until: Last day of the last outcome; null: the last day that counts by the configuration.
        periods: How many evaluations; null: :data:`PERIODS`, or as many as the documents allow.
        every: Months from one to the next.
        horizon: Months of each outcome; null: as ``every``.
    """

    until: date | None
    periods: int | None
    every: int
    horizon: int | None


@dataclass(frozen=True)
class History:
    """The past, and the policy that judged it.

    Attributes:
        path: The policy file.
        shown_as: Its name in messages.
        policy: What it says.
        schedule: When was looked.
        past: What was read.
    """

    path: Path
    shown_as: str
    policy: Policy
    schedule: Schedule
    past: PastRead


def read_history(
    config: Path,
    policy_file: Path | None,
    asked: Asked,
    progress: Progress,
    metrics: frozenset[str] = frozenset(),
) -> History:
    """Read the past of the configured account set.

    Args:
        config: The configuration.
        policy_file: The policy; null: the configuration's.
        asked: When to look.
        progress: Hears how far it has come.
        metrics: What is measured besides the policy's own metrics.

    Raises ConfigError for a bad file, InputError when there is no past to look back on, and the backend's errors.
    """
    installation = load(config)
    settings = installation.settings
    path = settings.policy if policy_file is None else policy_file
    name = shown(path)
    policy = installation.policy if policy_file is None else load_policy(path, shown_as=name)
    schedule = Schedule(
        until=last_day(settings, as_of=asked.until, clock=SystemClock()),
        periods=PERIODS if asked.periods is None else asked.periods,
        every=asked.every,
        horizon=asked.every if asked.horizon is None else asked.horizon,
    )
    _check_reach(schedule)
    retry = retry_of(settings)
    with open_backend(installation, writing=False, retry=retry) as backend:
        past = read_past(
            backend,
            mapping=installation.mapping,
            policy=policy,
            schedule=schedule,
            exactly=asked.periods is not None,
            protected=settings.guards.protected,
            metrics=metrics,
            retry=retry,
            progress=progress,
        )
    return History(path, name, policy, schedule, past)


def _check_reach(schedule: Schedule) -> None:
    """Raise InputError when the first window would start before any date that U8 can hold."""
    months = (schedule.periods - 1) * schedule.every + 2 * schedule.horizon + LONGEST_WINDOW
    if schedule.until.year - months // 12 - 1 < EARLIEST:
        raise InputError(
            msg("The first evaluation would look at days before the year {year}", year=EARLIEST),
            hint=msg("Ask for fewer periods (--periods) or shorter ones (--every, --horizon), or a later --until."),
        )

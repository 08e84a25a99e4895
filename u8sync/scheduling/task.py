"""What the operating system is told of a run that starts by itself: one frozen description, whatever the scheduler.

The idea: the operating system only has to start ``u8sync run --scheduled`` at about the right times. Whether a start is
due, on which days, and whether another run has answered it, u8sync asks itself: three schedulers with three ideas of
days, zones and moved clocks cannot disagree then, and a start too many does nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Final, Literal

from cronsim import CronSim

from u8sync.domain.run_schedule import RunSchedule
from u8sync.errors import InputError
from u8sync.text import msg

__all__ = ["KINDS", "LIMIT_HOURS", "STOP_MINUTES", "Kind", "Task", "plain", "task_name", "times_of_day"]

Kind = Literal["windows", "systemd", "cron"]
"""Which scheduler."""

KINDS: Final[tuple[Kind, ...]] = ("windows", "systemd", "cron")

LIMIT_HOURS: Final = 6
"""A run that takes longer hangs; the scheduler ends it, so that the next night can start."""

STOP_MINUTES: Final = 10
"""So long a run that is asked to stop may take: the batch in hand is finished, and the log closed."""


@dataclass(frozen=True)
class Task:
    """A run that is to start by itself.

    Attributes:
        name: Letters, digits and ``-``: of the task, the units or the block.
        command: Program and arguments; the program's path is absolute.
        folder: Working folder, absolute.
        times: Hours and minutes at which it starts, local to ``timezone``, in order.
        timezone: IANA name.
        account: The account that runs it; null: whoever sets it up.
    """

    name: str
    command: tuple[str, ...]
    folder: str
    times: tuple[tuple[int, int], ...]
    timezone: str
    account: str | None = None


def task_name(config: PurePath) -> str:
    """The name that belongs to a configuration file, the same each time."""
    return f"u8sync-{hashlib.sha256(str(config).encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"


def times_of_day(schedule: RunSchedule) -> tuple[tuple[int, int], ...]:
    """The hours and minutes at which starts may be meant, on whatever days. Raises InputError when none are."""
    if schedule.at is None:
        raise InputError(
            msg("The configuration does not say when runs are meant to start"),
            hint=msg('Write it there, for instance: schedule: {{at: "02:00"}}'),
        )
    cron = CronSim(schedule.at, datetime(2000, 1, 1))  # noqa: DTZ001 - only its fields are read
    return tuple(sorted((int(str(hour)), int(str(minute))) for hour in cron.hours for minute in cron.minutes))


def plain(text: str, what: str = "") -> str:
    """The text; refused when it holds characters that no scheduler can carry. Raises InputError."""
    if any(ord(character) < ord(" ") or character == "\x7f" for character in text):
        raise InputError(
            msg("{text} holds a line end or another control character", text=ascii(what or text)),
            hint=msg("Move the files to a path without such characters."),
        )
    return text

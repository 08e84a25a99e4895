"""A marked block in a user's crontab. Pure text; ``installing.py`` reads and writes the crontab.

*Why a line for every hour*: cron makes up for no start that the machine slept through, Debian's takes no time zone for
its lines (``CRON_TZ`` is that of others), and each cron has its own way with moved clocks. So cron only knocks, once an
hour at the right minute, and ``run --scheduled`` sees whether a start is due: the right one is in time to the minute, a
missed one is made up for within the hour, and every other knock ends at once without a trace.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Final

from u8sync.errors import InputError
from u8sync.scheduling.task import Task, plain
from u8sync.text import msg

__all__ = ["block_in", "cron_line", "with_block", "without_block"]

_LONGEST: Final = 998
"""Characters of a command that Debian's cron takes."""


def cron_line(task: Task, minutes: Iterable[int]) -> str:
    """The line.

    Args:
        task: What runs.
        minutes: Of the hour, on this machine's clock.

    Raises:
        InputError: The command cannot be written in a crontab.
    """
    command = f"cd {shlex.quote(plain(task.folder))} && exec {shlex.join(map(plain, task.command))}"
    if "\\" in command:
        # Crons do not agree on what a backslash is that does not stand before a percent sign.
        raise InputError(
            msg("a path with a backslash cannot be written in a crontab: {command}", command=command),
            hint=msg("Rename it, or use --kind systemd."),
        )
    command = command.replace("%", "\\%")
    if len(command.encode()) > _LONGEST:
        raise InputError(
            msg("The command is longer than a line of a crontab may be"),
            hint=msg("Move the files to a shorter path, or use --kind systemd."),
        )
    return f"{','.join(map(str, sorted(set(minutes))))} * * * * {command}"


def with_block(crontab: str, name: str, line: str) -> str:
    """A crontab with this line in its block, in the place of an earlier one; all else stays as it is."""
    rest = without_block(crontab, name)
    if rest and not rest.endswith("\n"):
        rest += "\n"
    return f"{rest}{_begin(name)}\n{line}\n{_end(name)}\n"


def without_block(crontab: str, name: str) -> str:
    """A crontab without the block; all else stays as it is. Raises InputError when somebody cut it in half."""
    lines = crontab.splitlines(keepends=True)
    found = _find(lines, name)
    return crontab if found is None else "".join([*lines[: found[0]], *lines[found[1] + 1 :]])


def block_in(crontab: str, name: str) -> str | None:
    """What stands in the block; null: there is none. Raises InputError when somebody cut it in half."""
    lines = crontab.splitlines(keepends=True)
    found = _find(lines, name)
    return None if found is None else "".join(lines[found[0] + 1 : found[1]])


def _find(lines: list[str], name: str) -> tuple[int, int] | None:
    begins = [number for number, line in enumerate(lines) if line.rstrip("\r\n") == _begin(name)]
    ends = [number for number, line in enumerate(lines) if line.rstrip("\r\n") == _end(name)]
    if not begins and not ends:
        return None
    if len(begins) != 1 or len(ends) != 1 or ends[0] < begins[0]:
        raise InputError(
            msg("The block of {name} in the crontab was edited: its first or last line is missing", name=name),
            hint=msg("Take the rest of the block out with 'crontab -e', then run the command again."),
        )
    return begins[0], ends[0]


def _begin(name: str) -> str:
    return f"# >>> {name}: made by 'u8sync schedule install', taken away by 'u8sync schedule remove'"


def _end(name: str) -> str:
    return f"# <<< {name}"

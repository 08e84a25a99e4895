"""A service and a timer for systemd. Pure text; ``installing.py`` puts the files in their place.

The idea: the timer names the account set's time zone itself, so that the machine's does not matter, and makes up for a
start that the machine was off for (``Persistent``). The service is asked to stop with SIGTERM and gets the time to
finish its batch.
"""

from __future__ import annotations

from typing import Final

from u8sync.errors import InputError
from u8sync.scheduling.task import LIMIT_HOURS, STOP_MINUTES, Task, plain
from u8sync.text import msg

__all__ = ["MARK", "service_unit", "timer_unit"]

MARK: Final = "# Made by 'u8sync schedule install'; 'u8sync schedule remove' takes it away."
"""First line of each unit: files without it are left alone."""


def service_unit(task: Task, *, system: bool) -> str:
    """The service.

    Args:
        task: What runs.
        system: For the whole machine; else for the user's own manager, which knows neither accounts nor networks.

    Raises:
        InputError: A path cannot be written in a unit, or a user's manager is to run another account's service.
    """
    if task.account is not None and not system:
        raise InputError(
            msg("Only root can let systemd run a service for another account"),
            hint=msg("Run the command as root, or leave --account out."),
        )
    lines = [MARK, "[Unit]", f"Description=u8sync run --scheduled ({task.name})"]
    if system:
        lines += ["Wants=network-online.target", "After=network-online.target"]
    lines += [
        "",
        "[Service]",
        "Type=oneshot",
        f"ExecStart={_command(task.command)}",
        f"WorkingDirectory={_folder(task.folder)}",
        *([f"User={_specified(plain(task.account))}"] if task.account is not None else []),
        f"TimeoutStartSec={LIMIT_HOURS}h",
        f"TimeoutStopSec={STOP_MINUTES}min",
        "KillMode=mixed",
        "KillSignal=SIGTERM",
        "Nice=10",
    ]
    return "\n".join(lines) + "\n"


def timer_unit(task: Task) -> str:
    """The timer that starts it."""
    lines = [MARK, "[Unit]", f"Description=u8sync run --scheduled ({task.name}), {task.timezone}", "", "[Timer]"]
    lines += [f"OnCalendar=*-*-* {hour:02}:{minute:02}:00 {task.timezone}" for hour, minute in task.times]
    lines += ["Persistent=true", "AccuracySec=1s", f"Unit={task.name}.service", "", "[Install]"]
    return "\n".join([*lines, "WantedBy=timers.target"]) + "\n"


def _command(words: tuple[str, ...]) -> str:
    """The command as systemd takes it apart: C escapes in quotes, ``%%`` for ``%``, ``$$`` for ``$``."""
    program, *arguments = map(plain, words)
    if "$" in program:
        # No variables are looked for in the program itself, so that $$ would stay as it is there.
        raise InputError(
            msg("systemd cannot start a program whose path holds a dollar sign: {path}", path=program),
            hint=msg("Install u8sync in another folder, or use --kind cron."),
        )
    return " ".join([_quoted(program), *(_quoted(word.replace("$", "$$")) for word in arguments)])


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_specified(escaped)}"'


def _folder(path: str) -> str:
    """A path as ``WorkingDirectory`` takes it: the rest of the line as it is, without quotes."""
    if plain(path) != path.strip() or path.endswith("\\"):
        raise InputError(
            msg("systemd cannot work in a folder whose name ends in a blank or a backslash: {path}", path=ascii(path)),
            hint=msg("Rename the folder, or use --kind cron."),
        )
    return _specified(path)


def _specified(text: str) -> str:
    return text.replace("%", "%%")

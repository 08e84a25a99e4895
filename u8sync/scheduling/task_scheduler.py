"""The definition of a task for the Windows Task Scheduler: XML in UTF-16, as ``schtasks /Create /XML`` wants it.

Pure text; ``installing.py`` hands it over. The idea: everything that a person would have to click together once for
each server, and would forget once, stands in it: a missed start is made up for, a second one never runs beside the
first, and a run that hangs is ended.

*Why several triggers*: a trigger holds either the time of the machine, or an instant with a fixed distance to UTC. When
the machine is in another zone than the account set the second kind is used, one for each distance that the zone has
during a year; the start that is not due does nothing.

*Why S4U*: without a password to store, the task runs whether anybody is logged on or not, but Windows gives it no
credentials for other machines. Whoever needs those (Windows authentication at a database server, a network folder)
names an account; ``schtasks`` asks for its password itself, and u8sync never sees it.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final
from xml.etree import ElementTree as ET

from u8sync.errors import InputError
from u8sync.scheduling.task import LIMIT_HOURS, Task, plain
from u8sync.text import msg

__all__ = ["is_service_account", "task_xml", "windows_command_line"]

_NAMESPACE: Final = "http://schemas.microsoft.com/windows/2004/02/mit/task"
_EXPANDED: Final = re.compile(r"%[^%\\/:\s\"]+%|\$\(")
"""What the Task Scheduler puts something else in the place of, in every part of an action; nothing escapes it."""

_SERVICES: Final = {
    "system": "S-1-5-18",
    "nt authority\\system": "S-1-5-18",
    "local service": "S-1-5-19",
    "nt authority\\local service": "S-1-5-19",
    "network service": "S-1-5-20",
    "nt authority\\network service": "S-1-5-20",
}


def is_service_account(account: str) -> bool:
    """Whether Windows itself answers for this account: it has no password that could be asked for."""
    return account.lower() in _SERVICES or account.endswith("$")


def task_xml(task: Task, *, user: str, first_day: date, offsets: Iterable[timedelta] = ()) -> bytes:
    """The definition of a task.

    Args:
        task: What runs, and when.
        user: Who sets it up, for a task without an account.
        first_day: The first day on which it may start.
        offsets: Distances of the account set's zone to UTC during a year; none: the machine is in the same zone.

    Raises:
        InputError: Some text would be changed by the Task Scheduler.
    """
    for text in (*task.command, task.folder):
        if _EXPANDED.search(plain(text)):
            raise InputError(
                msg("The Windows Task Scheduler would put something else in the place of a part of {text}", text=text),
                hint=msg("Move the files to a path without %NAME% and without $(."),
            )
    ET.register_namespace("", _NAMESPACE)
    root = ET.Element(_tag("Task"), version="1.2")
    about = _below(root, "RegistrationInfo")
    _below(about, "Author", "u8sync")
    _below(about, "Description", f"u8sync run --scheduled ({task.timezone}). Made by 'u8sync schedule install'.")
    _below(about, "URI", f"\\{task.name}")
    triggers = _below(root, "Triggers")
    for hour, minute in task.times:
        for offset in [_offset(each) for each in sorted(set(offsets))] or [""]:
            trigger = _below(triggers, "CalendarTrigger")
            _below(trigger, "StartBoundary", f"{first_day.isoformat()}T{hour:02}:{minute:02}:00{offset}")
            _below(trigger, "Enabled", "true")
            _below(_below(trigger, "ScheduleByDay"), "DaysInterval", "1")
    principal = _below(_below(root, "Principals"), "Principal")
    principal.set("id", "Author")
    account = task.account or user
    _below(principal, "UserId", _SERVICES.get(account.lower(), account))
    if account.lower() not in _SERVICES:
        _below(principal, "LogonType", "S4U" if task.account is None else "Password")
    _below(principal, "RunLevel", "LeastPrivilege")
    settings = _below(root, "Settings")
    for name, value in _SETTINGS:
        _below(settings, name, value)
    actions = _below(root, "Actions")
    actions.set("Context", "Author")
    action = _below(actions, "Exec")
    _below(action, "Command", task.command[0])
    _below(action, "Arguments", windows_command_line(task.command[1:]))
    _below(action, "WorkingDirectory", task.folder)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return ('<?xml version="1.0" encoding="UTF-16"?>\r\n' + text + "\r\n").encode("utf-16")


_SETTINGS: Final = (
    ("MultipleInstancesPolicy", "IgnoreNew"),  # one at a time, before the locks have to say so
    ("DisallowStartIfOnBatteries", "false"),
    ("StopIfGoingOnBatteries", "false"),
    ("AllowHardTerminate", "true"),
    ("StartWhenAvailable", "true"),  # a start that the machine slept through is made up for
    ("RunOnlyIfNetworkAvailable", "true"),
    ("AllowStartOnDemand", "true"),
    ("Enabled", "true"),
    ("Hidden", "false"),
    ("RunOnlyIfIdle", "false"),
    ("WakeToRun", "false"),
    ("ExecutionTimeLimit", f"PT{LIMIT_HOURS}H"),
    ("Priority", "7"),
)


def windows_command_line(words: Iterable[str]) -> str:
    """The words as one line that a Windows program takes apart again."""
    return subprocess.list2cmdline(list(words))


def _tag(name: str) -> str:
    return f"{{{_NAMESPACE}}}{name}"


def _below(parent: ET.Element, name: str, text: str | None = None) -> ET.Element:
    element = ET.SubElement(parent, _tag(name))
    element.text = text
    return element


def _offset(distance: timedelta) -> str:
    minutes = int(distance.total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"

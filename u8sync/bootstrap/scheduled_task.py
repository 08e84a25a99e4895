"""From a configuration and this machine to the task that the operating system is told of."""

from __future__ import annotations

import os
import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from u8sync.bootstrap import user_name
from u8sync.config.settings import Settings
from u8sync.domain.run_schedule import RunSchedule
from u8sync.report.language import Language
from u8sync.scheduling import due
from u8sync.scheduling.installing import Machine
from u8sync.scheduling.task import Kind, Task, task_name, times_of_day
from u8sync.scheduling.work_days import work_days_of
from u8sync.text import Message, msg

__all__ = ["kind_here", "machine_of", "schedule_in", "secrets_in_environment", "task_of"]

_YEAR = timedelta(days=366)


def schedule_in(settings: Settings) -> RunSchedule:
    """The schedule with its times. Raises InputError when there is none."""
    schedule = settings.schedule
    times_of_day(schedule or RunSchedule(at=None, timezone=settings.timezone))
    if schedule is None:
        raise AssertionError  # without times it was refused
    return schedule


def task_of(config: Path, schedule: RunSchedule, *, language: Language, account: str | None, name: str | None) -> Task:
    """The task of a configuration file.

    The program is this Python, with no folder of its own among the places where modules are looked for: a file beside
    the configuration must not stand in for a library's. Raises InputError when no starts are meant, or when the
    calendar of ``work_days`` is not installed.
    """
    work_days_of(schedule, strict=True)
    path = config.absolute()
    words = ("-P", "-m", "u8sync", "--lang", language, "run", "--scheduled", "--config", str(path))
    return Task(
        name=name or task_name(path),
        command=(sys.executable, *words),
        folder=str(path.parent),
        times=times_of_day(schedule),
        timezone=schedule.timezone,
        account=account,
    )


def machine_of(settings: Settings, schedule: RunSchedule, now: datetime) -> Machine:
    """What the set-up depends on here. ``now`` is aware."""
    coming = list(due.starts(schedule, lambda _day: True, now, now + _YEAR)) or [now]
    zone = ZoneInfo(schedule.timezone)
    same = all(_distance(start, None) == _distance(start, zone) for start in coming)
    system = sys.platform != "win32" and os.geteuid() == 0
    home = Path.home() / ".config" / "systemd" / "user"
    return Machine(
        system=system,
        units=Path("/etc/systemd/system") if system else home,
        user=user_name(),
        files=settings.runs_folder.absolute(),
        minutes=frozenset(start.astimezone().minute for start in coming),
        offsets=frozenset() if same else frozenset(_distance(start, zone) for start in coming),
        today=now.astimezone().date(),
    )


def _distance(instant: datetime, zone: ZoneInfo | None) -> timedelta:
    """How far a zone, or the machine's when null, is from UTC then."""
    return instant.astimezone(zone).utcoffset() or timedelta()


def kind_here() -> Kind:
    """The scheduler of this machine."""
    if sys.platform == "win32":
        return "windows"
    return "systemd" if Path("/run/systemd/system").is_dir() else "cron"


def secrets_in_environment(settings: Settings) -> Message | None:
    """A warning that names the environment variables of secrets, which a scheduler does not know; null: none."""
    located = settings.located
    names = sorted({str(located.at(route)) for route in located.values if route and route[-1] == "env"})
    if not names:
        return None
    return msg(
        "The configuration takes secrets from environment variables: {names}. A scheduled run does not have those of"
        " your session: keep them with {{file: ...}} or {{keyring: ...}}, or set them for the whole machine.",
        names=", ".join(names),
    )

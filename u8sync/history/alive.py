"""Whether the process of a run is still there, on this machine.

The idea: the number of a process is given again after a while, so the process must also be as old as the run. Where the
system does not tell its age, the number alone decides. Nothing is sent to it: on Windows ``os.kill`` would end it.
"""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

__all__ = ["is_alive"]

_SLACK: Final = timedelta(minutes=1)
"""The age of a process is known to the second, and the clock may have been set meanwhile."""

_QUERY: Final = 0x1000
"""PROCESS_QUERY_LIMITED_INFORMATION"""
_STILL_ACTIVE: Final = 259
_EPOCH: Final = datetime(1601, 1, 1, tzinfo=UTC)
"""Windows counts tenths of microseconds from here."""


def is_alive(pid: int, since: datetime) -> bool:
    """Whether a process of this number is there that began no later than ``since``."""
    if pid <= 0:
        return False
    there, began = _on_windows(pid) if sys.platform == "win32" else _on_posix(pid)
    return there and (began is None or began <= since + _SLACK)


def _on_posix(pid: int) -> tuple[bool, datetime | None]:
    try:
        os.kill(pid, 0)  # sends nothing
    except (ProcessLookupError, OverflowError):
        return False, None
    except PermissionError:
        pass  # it is another user's
    if _is_zombie(pid):
        return False, None
    return True, _began_on_linux(pid)


def _stat(pid: int) -> list[str]:
    """What Linux says of a process after its name, which may hold blanks and brackets; empty elsewhere."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    return []


def _is_zombie(pid: int) -> bool:
    """Whether it has ended and only its parent has not looked yet."""
    return _stat(pid)[:1] == ["Z"]


def _began_on_linux(pid: int) -> datetime | None:
    with suppress(OSError, ValueError, IndexError, StopIteration):
        ticks = int(_stat(pid)[19])  # field 22 of proc(5)
        lines = Path("/proc/stat").read_text(encoding="utf-8").splitlines()
        boot = int(next(line for line in lines if line.startswith("btime ")).split()[1])
        return datetime.fromtimestamp(boot + ticks / os.sysconf("SC_CLK_TCK"), UTC)
    return None


def _on_windows(pid: int) -> tuple[bool, datetime | None]:
    kernel: Any = getattr(ctypes, "windll").kernel32  # noqa: B009 - known to mypy on Windows only
    handle = kernel.OpenProcess(_QUERY, 0, pid)
    if not handle:
        return False, None
    try:
        code = ctypes.c_ulong()
        if not kernel.GetExitCodeProcess(handle, ctypes.byref(code)) or code.value != _STILL_ACTIVE:
            return False, None
        times = [ctypes.c_ulonglong() for _ in range(4)]
        if not kernel.GetProcessTimes(handle, *map(ctypes.byref, times)):
            return True, None
        return True, _EPOCH + timedelta(microseconds=times[0].value // 10)
    finally:
        kernel.CloseHandle(handle)

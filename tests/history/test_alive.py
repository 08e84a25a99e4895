"""Whether a process is still that of a run."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from u8sync.history.alive import is_alive


def test_the_present_process_is_there() -> None:
    assert is_alive(os.getpid(), datetime.now(UTC))


def test_a_process_that_ended_is_not_there_also_before_its_parent_looked() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.read()  # ends when the process does
    if sys.platform == "linux":
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not is_alive(child.pid, datetime.now(UTC)), "a zombie"
    child.wait()
    child.stdout.close()
    assert not is_alive(child.pid, datetime.now(UTC))


@pytest.mark.skipif(sys.platform not in {"linux", "win32"}, reason="the age of a process is not known")
def test_a_process_that_got_the_number_of_a_run_later_is_not_that_run() -> None:
    assert not is_alive(os.getpid(), datetime.now(UTC) - timedelta(days=30))


def test_what_is_no_process_is_not_there() -> None:
    for pid in (0, -1, -os.getpid(), 2**40):
        assert not is_alive(pid, datetime.now(UTC))

"""Logs that several threads of one process open at once, as the runs of a fleet do."""

from __future__ import annotations

import subprocess
import sys

FIRST_AT_ONCE = """
import sys, threading
sys.setswitchinterval(1e-6)
from u8sync.audit import chain
meeting = threading.Barrier(8)
def first():
    meeting.wait()
    chain.encode({"a": 1, "b": ["x", {"c": None}]})
threads = [threading.Thread(target=first) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def test_threads_that_write_the_first_record_of_a_process_at_once_do_not_end_it() -> None:
    # Without the use of the class at import, every second of these processes ended with a segmentation fault.
    ends = [subprocess.run([sys.executable, "-c", FIRST_AT_ONCE], check=False).returncode for _ in range(5)]
    assert ends == [0] * 5

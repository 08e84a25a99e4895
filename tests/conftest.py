"""How every test runs: the same examples on every machine, as many processes as keep it busy, no limit on time."""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import settings

# Where Python is told to keep no bytecode, each of the several hundred processes that the tests start would compile the
# whole package anew: a quarter of a second of each.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

settings.register_profile("u8sync", deadline=None, derandomize=True, max_examples=60, print_blob=True)
settings.load_profile("u8sync")

pytest.register_assert_rewrite("backend_contract")


@pytest.hookimpl(optionalhook=True)  # without pytest-xdist nobody asks
def pytest_xdist_auto_num_workers() -> int | None:
    """Processes of ``-n auto``: half as many again as cores, as a third of a test's time goes by in waiting.

    Waited for are disks, servers that do not answer, and processes that are to die. Null: the environment says.
    """
    return None if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else max((os.cpu_count() or 1) * 3 // 2, 1)

"""How every test runs: the same examples on every machine, and no test fails for being slow."""

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

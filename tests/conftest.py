"""How every test runs: the same examples on every machine, and no test fails for being slow."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("u8sync", deadline=None, derandomize=True, max_examples=60, print_blob=True)
settings.load_profile("u8sync")

pytest.register_assert_rewrite("backend_contract")

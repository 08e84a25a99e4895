"""What the tests of this folder share."""

from __future__ import annotations

from typing import Any

import pytest
from schedule_world import at, entry


@pytest.fixture
def run_at() -> Any:
    """Make an entry: when it began in UTC, and what else is not as usual."""
    return lambda text, **more: entry(at(text), **more)

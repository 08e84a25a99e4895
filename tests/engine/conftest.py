"""The world that most tests of the engine start from."""

from __future__ import annotations

import pytest
from engine_world import World, five_customers


@pytest.fixture
def world() -> World:
    return five_customers()

"""The benchmark of scoring runs, and what it compares comes to the same; how long it takes is not tested."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "scoring.py"
pytest.importorskip("resource", reason="memory is asked of a module that only POSIX has")


@pytest.fixture(scope="module")
def told() -> str:
    """What the small run prints."""
    ran = subprocess.run([sys.executable, str(SCRIPT), "--small"], capture_output=True, encoding="utf-8", check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_every_piece_of_work_is_measured(told: str) -> None:
    for name in ("example", "everything", "quintiles"):
        assert f"{name}: 5,000 customers in " in told


@pytest.mark.parametrize(
    ("package", "same"),
    [
        ("pandas", "the same scores (within 0.000"),
        ("rfm", "all of them level with others that rfm put into another band"),
        ("openretailscience", "all of them level with others that openretailscience put into another band"),
    ],
)
def test_contenders_come_to_the_same(told: str, package: str, same: str) -> None:
    if importlib.util.find_spec(package) is None:
        assert f"{package}: skipped, it is not installed" in told
        pytest.skip(f"{package} is not installed: pip install -e '.[bench]'")
    assert f"{package}: 5,000 customers in " in told
    assert same in told

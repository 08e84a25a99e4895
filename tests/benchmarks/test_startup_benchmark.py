"""The benchmark of starting runs, and measures every command; how long they take is not tested."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "startup.py"


@pytest.mark.skipif(sys.platform == "win32", reason="what a process used is asked of POSIX")
def test_every_command_is_measured_beside_the_floor() -> None:
    words = [sys.executable, str(SCRIPT), "--small", "--json"]
    ran = subprocess.run(words, capture_output=True, encoding="utf-8", check=False)
    assert ran.returncode == 0, ran.stderr
    found = {each["name"]: each for each in json.loads(ran.stdout)}
    assert {"python -c pass", "import click", "u8sync --version", "u8sync status", "u8sync plan"} <= found.keys()
    for each in found.values():
        assert 0 < each["lowest"] <= each["seconds"] <= each["highest"]
        assert each["peak"] > 1


def test_a_figure_is_the_median_with_the_outermost_and_the_most_memory() -> None:
    spec = importlib.util.spec_from_file_location("startup_benchmark", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    found = module.figure("x", [(3.0, 0.3, 20.0), (1.0, 0.1, 30.0), (2.0, 0.2, 10.0)])
    assert found == module.Figure("x", seconds=2.0, lowest=1.0, highest=3.0, cpu=0.2, peak=30.0)

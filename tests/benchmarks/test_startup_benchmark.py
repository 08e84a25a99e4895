"""The figures of the benchmark of starting; that it runs is held by the benchmark as a whole."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "startup.py"


def test_a_figure_is_the_median_with_the_outermost_and_the_most_memory() -> None:
    spec = importlib.util.spec_from_file_location("startup_benchmark", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    found = module.figure("x", [(3.0, 0.3, 20.0), (1.0, 0.1, 30.0), (2.0, 0.2, 10.0)])
    assert found == module.Figure("x", seconds=2.0, lowest=1.0, highest=3.0, cpu=0.2, peak=30.0)

"""All contenders on one account set, in turn, each time in a fresh process, until each has run often enough."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.figures import Figure
from benchmarks.nightly.contenders import Contender
from benchmarks.nightly.place import Place

__all__ = ["UnequalWorkError", "measure", "work_once"]

ROOT: Final = Path(__file__).resolve().parents[2]


class UnequalWorkError(Exception):
    """Two contenders did not come to the same, so that their times cannot be compared."""


def work_once(module: str, place: Place) -> dict[str, Any]:
    """What a contender's own process prints: time, memory, and the sum of what it came to."""
    words = [sys.executable, "-m", "benchmarks.nightly.child", module, place.told(), repr(time.monotonic())]
    ran = subprocess.run(words, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    if ran.returncode != 0:
        raise RuntimeError(f"{module} failed:\n{ran.stderr}")
    printed: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return printed


def measure(
    contenders: Sequence[Contender], place: Place, runs_of: Callable[[Contender], int], say: Callable[[str], None]
) -> list[Figure]:
    """One figure a contender, in their order. Who is missing, or too slow for this size, has a reason instead.

    Raises UnequalWorkError when two come to something else.
    """
    skipped = {one.name: one.missing() or (None if runs_of(one) else "too slow at this size") for one in contenders}
    taken: dict[str, list[dict[str, Any]]] = {one.name: [] for one in contenders}
    for round_ in range(max(map(runs_of, contenders))):
        for one in contenders:
            if skipped[one.name] is None and round_ < runs_of(one):
                told = work_once(one.module, place)
                say(f"{one.name}: {told['seconds']:.1f} s, {told['peak_mib']:.0f} MiB")
                taken[one.name].append(told)
    _refuse_unequal(taken)
    return [
        Figure(
            name=one.name,
            seconds=tuple(told["seconds"] for told in taken[one.name]),
            processor=tuple(told["processor"] for told in taken[one.name]),
            peak_mib=tuple(told["peak_mib"] for told in taken[one.name]),
            skipped=skipped[one.name],
        )
        for one in contenders
    ]


def _refuse_unequal(taken: dict[str, list[dict[str, Any]]]) -> None:
    sums = {(told["customers"], told["changes"], told["digest"]): name for name, each in taken.items() for told in each}
    if len(sums) > 1:
        raise UnequalWorkError("; ".join(f"{name} came to {found}" for found, name in sums.items()))

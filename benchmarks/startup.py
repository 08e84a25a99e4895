"""How long a command takes to begin, and what the commands of every day cost on a small account set.

Each in a fresh process, all of them in turn, so that whatever else the machine does meets them alike. Beside them the
floor: Python that does nothing, and Python that imports click, on which the command line stands.

The median with lowest and highest, the processor's share of the time (user and system), and the most memory held. A
process that needs less memory than this script itself is shown with the script's.
Usage: ``python benchmarks/startup.py [--runs N] [--small] [--json]``
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]

U8SYNC: Final = ("-m", "u8sync")
COMMANDS: Final[Mapping[str, Sequence[str]]] = {
    "python -c pass": ("-c", "pass"),
    "import click": ("-c", "import click"),
    "u8sync --version": (*U8SYNC, "--version"),
    "u8sync --help": (*U8SYNC, "--help"),
    "u8sync --lang zh --help": (*U8SYNC, "--lang", "zh", "--help"),
    "u8sync plan --help": (*U8SYNC, "plan", "--help"),
    "u8sync runs": (*U8SYNC, "runs"),
    "u8sync status": (*U8SYNC, "status"),
    "u8sync plan": (*U8SYNC, "plan"),
    "u8sync run": (*U8SYNC, "run", "--as-of", "2026-10-31"),
}
"""Name -> what Python is given. U8 holds what the plan wants: nothing is left to write."""


@dataclass(frozen=True)
class Figure:
    """What one command took.

    Attributes:
        name: The command.
        seconds: Median of the runs, from start to end; beside it ``lowest`` and ``highest``.
        cpu: Median of the processor time, in seconds.
        peak: Most memory in any run, in MiB.
    """

    name: str
    seconds: float
    lowest: float
    highest: float
    cpu: float
    peak: float


def figures(runs: int) -> list[Figure]:
    """Measure in a process of its own: one that holds much would be taken for the memory of those that it starts."""
    words = [sys.executable, __file__, "--json", "--runs", str(runs)]
    return [Figure(**told) for told in json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout)]


def measured(runs: int) -> list[Figure]:
    """Every command so many times, in turn, on the account set of the demo."""
    taken: dict[str, list[tuple[float, float, float]]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary) / "demo"
        one([*U8SYNC, "demo", "--dir", str(home)], ROOT)
        warm_up = runs > 1  # it fills the disk's cache and compiles
        for round_ in range(warm_up + runs):
            for name, words in COMMANDS.items():
                took = one(words, home)
                if round_ >= warm_up:
                    taken[name].append(took)
    return [figure(name, each) for name, each in taken.items()]


def one(words: Sequence[str], folder: Path) -> tuple[float, float, float]:
    """Seconds, processor seconds and MiB of one fresh process."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "U8SYNC_LANG": "en", "PYTHONIOENCODING": "utf-8"}
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        process = subprocess.Popen([sys.executable, *words], cwd=folder, env=environment, stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        assert process.returncode in (0, 2), said.read().decode(errors="replace")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)


def figure(name: str, each: Sequence[tuple[float, float, float]]) -> Figure:
    """The figure of some runs."""
    seconds, cpu, peak = zip(*each, strict=True)
    return Figure(name, statistics.median(seconds), min(seconds), max(seconds), statistics.median(cpu), max(peak))


def main() -> None:
    """Measure, and print one line a figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--small", action="store_true", help="once: whether it works at all")
    parser.add_argument("--json", action="store_true", help="for a machine to read")
    asked = parser.parse_args()
    found = measured(1 if asked.small else asked.runs)
    if asked.json:
        print(json.dumps([asdict(each) for each in found]))
        return
    for each in found:
        beside = f"({each.lowest:.3f} to {each.highest:.3f}); processor {each.cpu:.3f} s; peak {each.peak:.0f} MiB"
        print(f"{each.name}: {each.seconds:.3f} s {beside}")


if __name__ == "__main__":
    main()

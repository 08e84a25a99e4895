"""Run the kill, fault, tamper and security suites at full size and print the figures that they reach.

``python tests/figures.py`` takes a small sample (minutes), ``--full`` everything (hours on one core); ``--only G-A6``
takes one goal and ``--site file`` one account set, and both may be repeated. Said of each goal: what was asked, what
was seen, ok or missed. Ends with 1 when anything was missed. The experiments are those of the tests; this is only their
number.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parent
sys.path[:0] = [str(TESTS.parent), str(TESTS / "support")]

from deaths import ENVIRONMENT  # noqa: E402
from goals import RUNNERS, SITES, Bench, Figure  # noqa: E402
from killing import Nursery  # noqa: E402


@dataclass(frozen=True)
class Suite:
    """A goal that a part of the test suite holds.

    Attributes:
        asked: What the goal asks for.
        words: What pytest is told.
        whole: Whether the tests are as many as the goal asks for; false: they are a sample.
    """

    asked: str
    words: tuple[str, ...]
    whole: bool


SUITES = {
    "G-A2": Suite(
        "without an anchor: exactly the misses that are predicted",
        ("audit/test_tampering.py", "audit/test_audit_attacks.py", "audit/test_checkpoints.py"),
        whole=True,
    ),
    "G-A3": Suite(
        "both verifiers agree on 100,000 logs; the vectors of RFC 9162 pass",
        ("audit/test_tamper_parity.py", "audit/test_merkle.py"),
        whole=False,
    ),
    "G-A10": Suite(
        "reconcile lists what differs and nothing else, 10,000 rows", ("engine/test_reconcile.py",), whole=False
    ),
    "G-W6": Suite(
        "undo after apply is the identity on untouched rows, 1,000 cases", ("engine/test_undo.py",), whole=False
    ),
    "G-R1": Suite(
        "each code of the retry table is what was agreed", ("backends/test_sqlserver_faults.py",), whole=True
    ),
    "G-R2": Suite("retries are at most a tenth of the requests and ten", ("engine/test_retry.py",), whole=True),
    "G-S1": Suite(
        "statements only from the allow-list, 50,000 names and values",
        ("backends/test_sqlserver_statements.py", "config/test_loader_laws.py"),
        whole=False,
    ),
    "G-S2": Suite("at least 200 payloads, none active", ("faults/test_hostile_text.py",), whole=True),
    "G-S3": Suite("the canary is in no output", ("faults/test_canary.py",), whole=True),
    "G-S4": Suite("nothing is open to everybody", ("faults/test_modes.py",), whole=True),
    "F": Suite("every named fault has its tests, and those made for faults pass", ("faults",), whole=True),
}


def suite(goal: str) -> Iterator[Figure]:
    """Run a part of the suite."""
    part = SUITES[goal]
    places = [str(TESTS / word) for word in part.words]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header", *places]
    ended = subprocess.run(command, cwd=TESTS.parent, capture_output=True, text=True, check=False)
    seen = ended.stdout.strip().splitlines()[-1] if ended.stdout.strip() else ended.stderr.strip()[-200:]
    passed = ended.returncode == 0 and not re.search(r"\d+ (skipped|xfailed)", seen)
    seen = f"{seen.strip('= ')} ({' '.join(part.words)})"
    yield Figure(goal, part.asked, seen, (True if part.whole else None) if passed else False)


NOT_HERE = {
    "G-A4, G-A5, G-A8": "speed: benchmarks/",
    "G-A9": "with the tests of checkpoints and anchors",
    "G-W3": "part of every experiment of G-A6, G-A7, G-W1 and G-W2: the oracle counts each write (I1, I2)",
    "G-R3": "with the tests of each fault",
    "G-S5, G-T1, G-T2": "not measured by this command",
}


def say(figure: Figure, took_s: float) -> None:
    """Print one goal."""
    state = {True: "ok", False: "MISSED", None: "ok so far (a sample)"}[figure.ok]
    print(f"{figure.goal:6} {state}  [{took_s:.0f} s]")  # noqa: T201
    print(f"      asked: {figure.asked}\n      seen:  {figure.seen}", flush=True)  # noqa: T201


def main() -> int:
    """Take the words of the command line, print every figure, return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--full", action="store_true", help="everything, not a sample")
    parser.add_argument("--only", action="append", choices=[*RUNNERS, *SUITES], help="one goal; may be repeated")
    parser.add_argument("--site", action="append", choices=SITES, help="one account set; may be repeated")
    chosen = parser.parse_args()
    os.environ.update(ENVIRONMENT)
    missed = 0
    with tempfile.TemporaryDirectory(prefix="u8sync-figures-") as folder:
        nights = Path(folder) / "nights"
        nights.mkdir()
        with Nursery(nights, ENVIRONMENT) as nursery:
            bench = Bench(Path(folder), nursery, chosen.full, frozenset(chosen.site or SITES))
            for goal in chosen.only or [*RUNNERS, *SUITES]:
                makers = [lambda r=runner: r(bench) for runner in RUNNERS.get(goal, ())]
                makers += [lambda g=goal: suite(g)] if goal in SUITES else []
                for make in makers:
                    began = time.perf_counter()
                    for figure in make():
                        say(figure, time.perf_counter() - began)
                        missed += figure.ok is False
    for goal, where in NOT_HERE.items():
        print(f"{goal}: {where}")  # noqa: T201
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

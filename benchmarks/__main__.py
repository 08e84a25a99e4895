"""Measure u8sync beside what a user would take instead: ``python -m benchmarks``.

Makes the data, runs each contender in fresh processes in turn, checks that they came to the same, and prints the tables
of the README as Markdown. ``--keep`` also writes ``results.json``, the chart, and both READMEs; ``--render`` writes
these anew from the results that are kept. ``--small`` looks whether all of it works.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from benchmarks import startup as starts
from benchmarks.figures import Figure, Group, Results, from_json, to_json
from benchmarks.nightly.contenders import CONTENDERS, Contender
from benchmarks.nightly.measuring import measure
from benchmarks.nightly.place import embedded
from benchmarks.nightly.server import missing, served
from benchmarks.tables import block, put_into

ROOT: Final = Path(__file__).resolve().parents[1]
RESULTS: Final = ROOT / "benchmarks" / "results.json"
CHART: Final = ROOT / "benchmarks" / "nightly.svg"
CHART_SIZE: Final = 100_000
READMES: Final = {"en": ROOT / "README.md", "zh": ROOT / "README.zh-CN.md"}
PACKAGES: Final = ("polars", "connectorx", "arrow-odbc", "drt-core", "dlt", "duckdb", "pandas", "singer-sdk")
PARTS: Final = ("embedded", "sqlserver", "writing", "startup")


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    Attributes:
        embedded: Customers of the embedded account sets.
        sqlserver: Customers behind SQL Server.
        changes: Customers whose tiers are written, about.
        records: Of the log that is verified.
        rounds: Of the writing.
        starts: Runs of each command.
        once: Whether each contender runs once only.
    """

    embedded: tuple[int, ...] = (10_000, 100_000, 1_000_000)
    sqlserver: tuple[int, ...] = (10_000, 100_000)
    changes: int = 10_500
    records: int = 60_000
    rounds: int = 3
    starts: int = 3
    once: bool = False


SMALL: Final = Sizes(embedded=(300,), sqlserver=(300,), changes=300, records=600, rounds=1, starts=1, once=True)


def main(words: Sequence[str] | None = None) -> None:
    """Measure, print, and keep what was asked to be kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("--small", action="store_true", help="small sizes, once: whether all of it works")
    parser.add_argument("--only", choices=PARTS, action="append", help="a part; may be given several times")
    parser.add_argument("--keep", action="store_true", help="write results.json, the chart, and both READMEs")
    parser.add_argument("--render", action="store_true", help="write chart and READMEs from the results that are kept")
    parser.add_argument("--lang", choices=("en", "zh"), default="en", help="of the tables that are printed")
    asked = parser.parse_args(words)
    if asked.render:
        keep(from_json(RESULTS.read_text(encoding="utf-8")))
        return
    results = measured(SMALL if asked.small else Sizes(), asked.only or PARTS)
    print(block(results, asked.lang))
    if asked.keep:
        RESULTS.write_text(to_json(results), encoding="utf-8")
        keep(from_json(to_json(results)))


def keep(results: Results) -> None:
    """Write the chart and both READMEs."""
    from benchmarks.chart import draw  # late: a process begins with the memory of the one that makes it

    group = results.group("embedded", CHART_SIZE)
    if group is not None:
        draw(group, CHART)
    for language, readme in READMES.items():
        text = readme.read_text(encoding="utf-8")
        readme.write_text(put_into(text, block(results, "zh" if language == "zh" else "en")), encoding="utf-8")


def measured(sizes: Sizes, parts: Sequence[str]) -> Results:
    """All parts that were asked for."""
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{(time.monotonic() - began) / 60:5.1f} min  {line}", file=sys.stderr, flush=True)

    groups = list(nights(sizes, parts, say))
    verify = None
    if "writing" in parts:
        written, verify = writing(sizes, say)
        groups.append(written)
    if "startup" in parts:
        groups.append(startup(sizes, say))
    return Results(
        machine=machine(),
        day=datetime.now(UTC).date().isoformat(),
        minutes=(time.monotonic() - began) / 60,
        versions=dict(versions()),
        groups=tuple(groups),
        verify=verify,
    )


def nights(sizes: Sizes, parts: Sequence[str], say: Callable[[str], None]) -> Iterator[Group]:
    """The night's work, by all contenders, on the embedded account sets and over the wire."""
    on_server = sizes.sqlserver if "sqlserver" in parts else ()
    in_file = sizes.embedded if "embedded" in parts else ()
    over_the_wire = []
    for size in sorted({*on_server, *in_file}):
        with tempfile.TemporaryDirectory(prefix="u8sync-bench-") as folder:
            file = Path(folder) / "account-set.db"
            say(f"making {size:,} customers")
            child("-m", "benchmarks.nightly.account_set", str(file), str(size))
            if size in in_file:
                yield Group("embedded", size, night(CONTENDERS, file, size, sizes, say))
            if size in on_server:
                over_the_wire.append(Group("sqlserver", size, night(READERS, file, size, sizes, say, server=True)))
    yield from over_the_wire


READERS: Final = tuple(one for one in CONTENDERS if one.server)


def night(
    contenders: Sequence[Contender],
    file: Path,
    size: int,
    sizes: Sizes,
    say: Callable[[str], None],
    *,
    server: bool = False,
) -> tuple[Figure, ...]:
    """All of them on one account set."""
    if server and (reason := missing()):
        return tuple(Figure(one.name, skipped=reason) for one in contenders)

    def runs(one: Contender) -> int:
        # Over the wire most of the time is the test server's.
        return 1 if sizes.once else one.runs(size * (10 if server else 1))

    with ExitStack() as stack:
        place = stack.enter_context(served(file)) if server else embedded(file)
        where = "SQL Server" if server else "embedded"
        return tuple(measure(contenders, place, runs, lambda line: say(f"{where}, {size:,} customers: {line}")))


def writing(sizes: Sizes, say: Callable[[str], None]) -> tuple[Group, tuple[float, int]]:
    """Writing with and without the log, and how fast a log is verified."""
    say("writing, and verifying the log")
    numbers = {"--customers": sizes.changes, "--records": sizes.records, "--rounds": sizes.rounds}
    told = json.loads(child("benchmarks/audit.py", "--json", *_words(numbers)))
    figures = tuple(Figure(each["name"], tuple(each["seconds"])) for each in told["writing"]["figures"])
    checked = told["checking"]
    return Group("writing", told["writing"]["size"], figures), (checked["audit verify"][0], checked["records"])


def startup(sizes: Sizes, say: Callable[[str], None]) -> Group:
    """How long commands take to begin."""
    say("starting commands")
    return Group(
        "startup",
        0,
        # A median with lowest and highest: the median of the three is the same.
        tuple(
            Figure(each.name, (each.lowest, each.seconds, each.highest), (each.cpu,), (each.peak,))
            for each in starts.figures(sizes.starts)
        ),
    )


def child(*words: str) -> str:
    """What a process of its own prints: this one stays small, because each begins with the memory of its maker."""
    return subprocess.run([sys.executable, *words], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def machine() -> str:
    """In one line."""
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text(encoding="utf-8").splitlines() if cpu.exists() else []
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"
    )


def versions() -> Iterator[tuple[str, str]]:
    """Of what the contenders need, as far as it is installed."""
    for package in PACKAGES:
        try:
            yield package, version(package)
        except PackageNotFoundError:
            continue


def _words(numbers: dict[str, int]) -> Iterator[str]:
    for name, number in numbers.items():
        yield from (name, str(number))


if __name__ == "__main__":
    main()

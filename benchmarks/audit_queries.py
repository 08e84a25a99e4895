"""How fast the questions of auditors are answered in a long log, with the index and without.

The log is made up: runs of 1,000 changes with guards, skips, plan and a signed checkpoint each, as the engine writes
them. What is measured is what a person waits for: opening the index, asking, and reading every record of the answer
again.

Usage: ``python benchmarks/audit_queries.py [--records N] [--compressed]``
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from fakes import Quiet

from u8sync.audit.chain import GENESIS, encode
from u8sync.audit.checkpoint import Checkpoint, Note, new_key, origin_of
from u8sync.audit.index import open_index
from u8sync.audit.indexed import INDEX, Index
from u8sync.audit.merkle import Frontier
from u8sync.audit.proof import prove
from u8sync.audit.questions import changes, left_alone, record_of, runs, tally
from u8sync.audit.reading import iterate
from u8sync.audit.segments import segment_name
from u8sync.domain.logged import Asked

TARGET: Final = "sqlserver|192.0.2.10|UFDATA_001_2026|001|0123456789abcdef"
CUSTOMERS: Final = 200_000
CHANGES: Final = 1_000
SEGMENT_BYTES: Final = 64 * 1024 * 1024
METRICS: Final = ("revenue", "gross_profit", "order_frequency", "recency", "relation_length")


def main() -> None:
    """Make the log, then ask."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--compressed", action="store_true", help="all files but the last one as .gz")
    parser.add_argument("--keep", type=Path, help="folder to make the log in, and to use again")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (asked.keep or Path(temporary)) / "log"
        if not folder.exists():
            folder.mkdir(parents=True)
            make_log(folder, asked.records)
        if asked.compressed:
            compress(folder)
        measure(folder)


# --- the log ----------------------------------------------------------------------------------------------------------


def make_log(folder: Path, records: int) -> None:
    """Write so many records, in segments."""
    writer = Writer(folder)
    number = 0
    while writer.count < records:
        number += 1
        write_run(writer, number, CHANGES)
    writer.close()


class Writer:
    """Lines as the log writes them, without its fsync."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0
        self.tree = Frontier()
        self.at = datetime(2024, 1, 1, 18, tzinfo=UTC)
        self.key = new_key("benchmark")
        self._prev = GENESIS
        self._segment = 0
        self._left = 0
        self._file: Any = None

    def append(self, run: str, type_: str, **fields: Any) -> None:
        """One record."""
        if self._left <= 0 and type_ != "segment_open":
            self._next_segment(run)
        self.count += 1
        self.at += timedelta(microseconds=400)
        line = encode(
            {
                **fields,
                "v": 1,
                "seq": self.count,
                "prev": self._prev,
                "ts": f"{self.at:%Y-%m-%dT%H:%M:%S.%f}Z",
                "mono_us": self.count * 400,
                "type": type_,
                "run_id": run,
                "target": TARGET,
                "host": "U8SYNC",
                "pid": 4711,
                "tool_version": "0.1.0",
            }
        )
        leaf = hashlib.sha256(b"\0" + line)
        self._prev = leaf.hexdigest()
        self.tree.append(leaf.digest())
        self._file.write(line + b"\n")
        self._left -= len(line) + 1

    def _next_segment(self, run: str) -> None:
        self.close()
        self._segment += 1
        self._left = SEGMENT_BYTES
        self._file = (self.folder / segment_name(self._segment)).open("wb")
        self.append(run, "segment_open", segment=self._segment)

    def checkpoint(self, run: str) -> None:
        """Sign what stands there."""
        body = Checkpoint(
            origin_of(self.folder.name), self.count, self.tree.root(), f"{self.at:%Y-%m-%dT%H:%M:%SZ}", TARGET
        ).body
        self.append(run, "checkpoint", note=Note(body, (self.key.sign(body),)).text)

    def close(self) -> None:
        """End the file."""
        if self._file is not None:
            self._file.close()


def write_run(writer: Writer, number: int, count: int) -> None:
    """One night."""
    writer.at = datetime(2024, 1, 1, 18, tzinfo=UTC) + timedelta(days=number)
    run = f"{writer.at:%Y%m%dT%H%M%SZ}-{number:06x}"
    digest = hashlib.sha256(run.encode()).hexdigest()
    writer.append(
        run, "run_open", mode="run", user="svc-u8sync", command="u8sync run", route={"login": "u8sync_writer"}
    )
    if number == 1:
        writer.append(run, "key", key=writer.key.verification.text, replaces=None)
    writer.append(run, "plan", plan=digest, seal={"mapping": digest, "policy": digest}, changes=count, skipped=300)
    for guard in ("empty_source", "no_business", "share_changed", "top_downgrades", "issue_share"):
        writer.append(run, "guard", guard=guard, ok=True, allowed=False, measured="1.00", limit="30")
    writer.append(run, "skip", cause="disabled", customers=[code(number * 7 + n * 661) for n in range(300)])
    for batch in range(0, count, 200):
        names = []
        for position in range(batch, min(batch + 200, count)):
            customer = code(number * 7919 + position * 193)
            op = hashlib.sha256(f"{run}{position}".encode()).hexdigest()[:32]
            names.append((op, customer))
            writer.append(run, "intent", **intent(op, customer, batch // 200 + 1))
        for position, (op, customer) in enumerate(names):
            status = "conflict" if position % 100 == 99 else "applied"
            fields = {"op_id": op, "customer": customer, "status": status, "attempts": 1}
            versions = {"version_before": "0x00000000000007D1", "version_after": "0x00000000000007D2"}
            writer.append(run, "outcome", **fields, **versions)
    conflicts = count // 100
    totals = {"planned": count, "applied": count - conflicts, "conflict": conflicts}
    writer.append(run, "run_close", exit_code=2 if conflicts else 0, error=None, totals=totals)
    writer.checkpoint(run)


def code(number: int) -> str:
    """A customer."""
    return f"C{number % CUSTOMERS:07d}"


def intent(op: str, customer: str, batch: int) -> dict[str, Any]:
    """What the engine records before it writes."""
    parts = [
        {
            "metric": metric,
            "value": "123456.78",
            "points": "61.2500",
            "contribution": "12.2500",
            "beaten": 612,
            "tied": 1,
            "others": 999,
        }
        for metric in METRICS
    ]
    return {
        "op_id": op,
        "batch": batch,
        "customer": customer,
        "fields": [{"field": "tier", "column": "cCusDefine5", "was": "一般", "becomes": "重要"}],
        "before": {"cCusDefine5": "一般", "cCCCode": "0101", "dEndDate": None},
        "after": {"cCusDefine5": "重要"},
        "reason": {"tier": "重要", "score": "61.2500", "rule": "mappings/tiers.yaml:28", "contributions": parts},
    }


def compress(folder: Path) -> None:
    """All files but the last one."""
    for path in sorted(folder.glob("seg-*.jsonl"))[:-1]:
        with path.open("rb") as plain, gzip.open(f"{path}.gz", "wb", compresslevel=6) as packed:
            shutil.copyfileobj(plain, packed)
        path.unlink()


# --- measuring --------------------------------------------------------------------------------------------------------


def measure(folder: Path) -> None:
    """All figures."""
    (folder / INDEX).unlink(missing_ok=True)
    size = sum(path.stat().st_size for path in folder.glob("seg-*"))
    before = time.process_time()
    built = seconds(lambda: open_index(folder, Quiet()).close())
    worked = time.process_time() - before
    with open_index(folder, Quiet()) as index:
        count, middle = index.count, index.count // 2
    print(f"{count:,} records, {size / 2**20:,.0f} MiB, index {(folder / INDEX).stat().st_size / 2**20:,.0f} MiB")
    rate = f"{count / built:,.0f} records a second"
    print(f"index made from nothing: {built:.1f} s = {rate}; {worked:.1f} s of them this process was at work")
    read = seconds(lambda: exhaust(iterate(folder)))
    print(f"reading and parsing the whole log without an index: {read:.1f} s = {read / built:.1f} x")
    customer = code(7919 + 193)
    questions: dict[str, Callable[[Index], object]] = {
        "one customer": lambda index: list(changes(index, Asked(customers=frozenset({customer})))),
        "one customer, not written": lambda index: list(left_alone(index, Asked(customers=frozenset({customer})))),
        "all conflicts": lambda index: exhaust(changes(index, Asked(outcomes=frozenset({"conflict"})))),
        "newest 100 changes, and how all ended": lambda index: (
            list(changes(index, Asked(), newest=100)),
            tally(index, Asked()),
        ),
        "all runs": lambda index: exhaust(runs(index, Asked())),
        "one record with its proof": lambda index: prove(index, record_of(index, middle)),
        "one month": lambda index: exhaust(changes(index, Asked(since="2024-02-01", until="2024-03-01"))),
        "everything": lambda index: exhaust(changes(index, Asked())),
    }
    for name, ask in questions.items():
        took = min(seconds(lambda ask=ask: once(folder, ask)) for _ in range(2))  # type: ignore[misc]
        print(f"  {name}: {took * 1000:,.0f} ms, 1/{read / took:,.0f} of reading the log")


def once(folder: Path, ask: Callable[[Index], object]) -> None:
    """Open, ask, close, as a command does."""
    with open_index(folder, Quiet()) as index:
        ask(index)


def exhaust(items: Iterator[object]) -> int:
    """How many they are."""
    return sum(1 for _ in items)


def seconds(step: Callable[[], object]) -> float:
    """How long it takes."""
    begun = time.perf_counter()
    step()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()

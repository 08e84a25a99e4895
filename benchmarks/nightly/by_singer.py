"""Singer: a tap and a target on the Meltano SDK, a pipe between them, then one grouped statement in the target's file.

As the SDK documents it for many rows: a catalog kept from an earlier discovery, in which only the columns that are
needed are selected; rows in BATCH messages (``batch_config``), which is meant for a tap that outputs faster than the
target consumes, and costs three quarters of the processor time of a message a row; no metadata columns, no upserts. Its
Parquet batches take as long as those of JSON lines, and twice the memory.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from benchmarks.nightly.job import Outcome
from benchmarks.nightly.landed import GROUPED_LANDED
from benchmarks.nightly.place import Place
from benchmarks.nightly.reads import READS, Read

_ROOT: Final = Path(__file__).resolve().parents[2]
_NUMBERS: Final = {"SBVID", "iNatMoney", "iAOutPrice"}


@dataclass(frozen=True)
class Piped:
    """What both came to.

    Attributes:
        rows: Of the grouped statement.
        peak_mib: Of the tap and of the target, which are there at the same time, added up.
    """

    rows: list[Any]
    peak_mib: float


def work(place: Place, folder: Path) -> Piped:
    """Let the tap fill the target, then ask the target's file."""
    landed = folder / "landed.db"
    batches = {"encoding": {"format": "jsonl", "compression": "gzip"}, "storage": {"root": folder.as_uri()}}
    tap = {"file": place.file, "batch_config": batches}
    target = {"file": str(landed), "add_record_metadata": False, "load_method": "append-only"}
    catalog = {"streams": [_stream(what) for what in READS]}
    for name, content in (("tap", tap), ("target", target), ("catalog", catalog)):
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    peak_mib = _pipe(folder)
    with closing(sqlite3.connect(landed)) as connection:
        return Piped(connection.execute(GROUPED_LANDED).fetchall(), peak_mib)


def _stream(what: Read) -> dict[str, Any]:
    """A table's entry in the catalog."""
    properties = {
        column: {"type": ["integer" if column in _NUMBERS else "string", "null"]} for column in what.columns.values()
    }
    selected = {"selected": True}
    return {
        "tap_stream_id": what.table,
        "stream": what.table,
        "table_name": what.table,
        "replication_method": "FULL_TABLE",
        "schema": {"type": "object", "properties": properties},
        "metadata": [
            {"breadcrumb": [], "metadata": selected},
            *({"breadcrumb": ["properties", column], "metadata": selected} for column in properties),
        ],
    }


def _pipe(folder: Path) -> float:
    """Tap | target, to the end of both; their peaks in MiB, added up."""
    with (folder / "tap.log").open("wb") as tap_log, (folder / "target.log").open("wb") as target_log:
        tap = _started("tap", folder, "--catalog", str(folder / "catalog.json"), stdout=subprocess.PIPE, stderr=tap_log)
        target = _started("target", folder, stdin=tap.stdout, stdout=subprocess.DEVNULL, stderr=target_log)
        assert tap.stdout is not None
        tap.stdout.close()  # so that the tap learns of it when the target is gone
        try:
            return sum(_ended(who, process, folder) for who, process in (("target", target), ("tap", tap)))
        finally:
            for process in (tap, target):
                if process.poll() is None:
                    process.kill()
                    process.wait()


def _started(who: str, folder: Path, *more: str, **streams: int | IO[bytes] | None) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"benchmarks.nightly.singer_{who}", "--config", str(folder / f"{who}.json"), *more]
    return subprocess.Popen(command, cwd=_ROOT, **streams)  # type: ignore[call-overload, no-any-return]


def _ended(who: str, process: subprocess.Popen[bytes], folder: Path) -> float:
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, (folder / f"{who}.log").read_text(encoding="utf-8")
    return used.ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024)


def peak_mib_below(piped: Piped) -> float:
    """Of the processes that worked at the same time."""
    return piped.peak_mib


def outcomes(piped: Piped) -> Iterator[Outcome]:
    """What it came to."""
    yield from map(tuple, piped.rows)

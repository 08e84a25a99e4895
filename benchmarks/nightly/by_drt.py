"""drt-core: the grouped query as its model, fields renamed, a JSON line a customer written.

In its own words drt does one thing, "read a query, map fields, write to a destination", and building the set of records
"is a SQL/dbt-modeling problem": so the whole of the work is in the model, the statement that ``by_database`` asks, and
drt is the nearest rival: the database adds up, and what comes over is a row a customer. Settings that its reference
gives for many rows: batches of 10,000 (100 are the default), no limit of requests a second.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from benchmarks.nightly.job import Outcome
from benchmarks.nightly.place import Place
from benchmarks.nightly.query import GROUPED

_FIELDS = {
    "code": "cCusCode",
    "management_type": "type",
    "revenue": "revenue",
    "profit": "gross_profit",
    "orders": "order_count",
    "tier": "cCusDefine5",
    "was": "was",
}
"""Column of the query -> field of the destination, in the order of an outcome."""


def work(place: Place, folder: Path) -> Path:
    """Write the project, and run it as the integrations with Airflow and Prefect do."""
    home, project = folder / "home", folder / "project"
    written = project / "output" / "tiers.jsonl"
    _write(home / ".drt" / "profiles.yml", {"u8": {"type": "sqlite", "database": place.file}})
    _write(project / "drt_project.yml", {"name": "nightly", "version": "0.1", "profile": "u8"})
    (project / "syncs" / "models").mkdir(parents=True)
    (project / "syncs" / "models" / "tiers.sql").write_text(GROUPED)
    sync = {
        "name": "tiers",
        "model": "ref('tiers')",
        "destination": {"type": "file", "path": str(written), "format": "jsonl"},
        "sync": {
            "mode": "full",
            "batch_size": 10_000,
            "rate_limit": {"requests_per_second": 0},
            "field_mappings": _FIELDS,
        },
    }
    _write(project / "syncs" / "tiers.yml", sync)

    # It looks for its profiles below the home directory alone; the process is a child, made for this.
    os.environ.update({"HOME": str(home), "USERPROFILE": str(home), "DO_NOT_TRACK": "1"})
    from drt.integrations.airflow import run_drt_sync

    ended = run_drt_sync("tiers", str(project))
    assert ended["status"] == "success", ended["errors"]
    return written


def _write(file: Path, content: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content), encoding="utf-8")  # JSON is YAML


def outcomes(written: Path) -> Iterator[Outcome]:
    """What it came to."""
    with written.open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            code, kind, revenue, profit, orders, tier, was = (record[field] for field in _FIELDS.values())
            yield code, kind, revenue, profit, orders, tier, was

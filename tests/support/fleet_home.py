"""Fleets to test with: real embedded account sets that keep a journal, and what must hold of each after a night."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import deaths
import oracle
import yaml

from u8sync.bootstrap import SystemClock, load
from u8sync.bootstrap.planning import plan_only
from u8sync.report.no_progress import NoProgress

__all__ = ["all_hold", "change_config", "last_summary", "make_group", "planned", "tiers_in", "write_fleet", "written"]


def make_group(folder: Path, names: Sequence[str], *, customers: int = 30, batch: int = 3) -> None:
    """A folder for each name, with an account set of its own that has no tier yet, and a fleet file beside them."""
    for seed, name in enumerate(names, start=1):
        deaths.make_home(folder / name, customers=customers, batch=batch, seed=seed, report=True)
    write_fleet(folder, [{"name": name, "config": f"{name}/config.yaml"} for name in names])


def write_fleet(folder: Path, members: Sequence[Mapping[str, Any]], **more: Any) -> Path:
    """The fleet file of a folder."""
    path = folder / "fleet.yaml"
    path.write_text(
        yaml.safe_dump({"version": 1, "members": [dict(member) for member in members], **more}, allow_unicode=True),
        encoding="utf-8",
    )
    return path


def change_config(home: Path, **sections: Any) -> None:
    """Other sections in a member's configuration."""
    path = home / "config.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**settings, **sections}, allow_unicode=True), encoding="utf-8")


def planned(home: Path) -> Counter[tuple[str, str | None]]:
    """What an undisturbed night would write: customer and tier, once each."""
    plan = plan_only(
        load(home / "config.yaml"), as_of=None, allow=frozenset(), clock=SystemClock(), progress=NoProgress()
    ).plan
    return Counter((change.code, change.after[deaths.TIER]) for change in plan.changes)


def written(home: Path) -> Counter[tuple[str, str | None]]:
    """What was written, by the ERP's own journal."""
    return deaths.written(oracle.sqlite_journal(home / "account-set.db"))


def all_hold(home: Path, wanted: Counter[tuple[str, str | None]]) -> None:
    """After a recovered night: the log is whole and agrees with the ERP, and each planned change is there once."""
    log = oracle.log_below(home / "audit")
    assert log is not None
    oracle.whole(log, recovered=True)
    oracle.agree(oracle.records_in(log), oracle.sqlite_journal(home / "account-set.db"), recovered=True)
    assert written(home) == wanted


def last_summary(folder: Path) -> Any:
    """The newest summary of a fleet, as it lies on the disk."""
    newest = max((folder / "runs" / "fleet").iterdir())
    return json.loads((newest / "fleet.json").read_text(encoding="utf-8"))


def tiers_in(home: Path) -> int:
    """Customers that have a tier."""
    with closing(sqlite3.connect(home / "account-set.db")) as connection:
        (count,) = connection.execute(f"SELECT count({deaths.TIER}) FROM Customer").fetchone()
    return int(count)

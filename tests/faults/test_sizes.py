"""No customer, one, and more than a batch holds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import deaths
import oracle
import pytest
from deaths import FileSite
from killing import Nursery

GUARD = 4


def test_an_archive_without_customers_stops_the_night(nursery: Nursery, new_home: Path, tmp_path: Path) -> None:
    site = FileSite(new_home, tmp_path)
    home = site.fresh()
    oracle.somebody(site.file, "DELETE FROM Customer")
    ended = nursery.run(home, *deaths.RUN)
    assert ended.code == GUARD, ended.err
    assert "empty_source" in ended.err
    assert not [entry for entry in site.journal() if entry.ours]


@pytest.mark.parametrize("left", [1, 2, 3, 4])
def test_a_few_customers_are_written_like_many(nursery: Nursery, new_home: Path, tmp_path: Path, left: int) -> None:
    site = FileSite(new_home, tmp_path)
    home = site.fresh()
    with closing(sqlite3.connect(site.file)) as connection:
        kept = [
            row[0] for row in connection.execute("SELECT cCusCode FROM SaleBillVouch GROUP BY cCusCode LIMIT ?", [left])
        ]
    marks = ",".join("?" * left)
    oracle.somebody(site.file, f"DELETE FROM Customer WHERE cCusCode NOT IN ({marks})", *kept)
    assert nursery.run(home, *deaths.RUN).code == 0
    log = oracle.log_below(home / "audit")
    assert log is not None
    oracle.agree(oracle.records_in(log), site.journal(), recovered=True)
    assert len(deaths.written([entry for entry in site.journal() if entry.ours])) == left
    deaths.comes_right(nursery, site, home, deaths.written([entry for entry in site.journal() if entry.ours]))


@pytest.mark.parametrize("batch", [1, 7, 500])
def test_three_hundred_customers_in_batches_of_any_size_end_alike(nursery: Any, tmp_path: Path, batch: int) -> None:
    site = FileSite(deaths.make_home(tmp_path / "made", customers=300, batch=batch), tmp_path / "homes")
    home = site.fresh()
    ended = nursery.run(home, *deaths.RUN)
    assert ended.code == 0, ended.err
    planned = deaths.written(site.journal())
    assert len(planned) > 250
    deaths.comes_right(nursery, site, home, planned)

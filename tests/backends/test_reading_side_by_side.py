"""Sums read over several connections at a time: the same facts, of one state of the account set."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from backend_contract import WINDOW as SITE_WINDOW
from backend_contract import Quiet
from polars.testing import assert_frame_equal
from sqlalchemy import event
from sqlserver_site import emulated_site

from u8sync.backends import sqlite
from u8sync.backends.sql_facts import read_facts
from u8sync.domain.model import EXTRAS, Window
from u8sync.errors import TransientError
from u8sync.ports import Backend
from u8sync.report.no_progress import NoProgress
from u8sync.sandbox.generator import create_account_set

WINDOW = Window(date(2025, 7, 1), date(2026, 6, 30))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("made") / "account-set.db"
    create_account_set(file, customers=60, months=18, seed=1, until=date(2026, 6, 30), progress=NoProgress())
    return file


def opened(file: Path, readers: int, monkeypatch: pytest.MonkeyPatch, *, wait_s: str = "5") -> Backend:
    monkeypatch.setattr(sqlite, "READERS", readers)
    options = sqlite.SqliteOptions.model_validate({"file": file.name, "busy_timeout_s": wait_s})
    return sqlite.open_backend(options, file.parent)


def used(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many connections each reading of facts had."""
    counts: list[int] = []

    def spy(*given: Any, **named: Any) -> Any:
        counts.append(1 + len(named["beside"]))
        return read_facts(*given, **named)

    monkeypatch.setattr("u8sync.backends.sql.read_facts", spy)
    return counts


def test_facts_are_the_same_by_however_many_connections(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = used(monkeypatch)
    found = [opened(file, readers, monkeypatch).facts(WINDOW, NoProgress(), frozenset(EXTRAS)) for readers in (1, 2, 5)]
    assert counts == [1, 2, 5]
    alone = found[0].frame.sort("code")
    assert alone.height > 30
    for other in found[1:]:
        assert_frame_equal(other.frame.sort("code"), alone)
        assert (other.posted, other.notes) == (found[0].posted, found[0].notes)


def test_sums_that_come_by_column_are_those_that_come_by_row(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    by_column = opened(file, 2, monkeypatch).facts(WINDOW, NoProgress(), frozenset(EXTRAS))
    monkeypatch.setattr(sqlite.SqliteDialect, "by_column", lambda _self, _query: None)
    by_row = opened(file, 2, monkeypatch).facts(WINDOW, NoProgress(), frozenset(EXTRAS))
    assert_frame_equal(by_column.frame.sort("code"), by_row.frame.sort("code"))
    assert (by_column.posted, by_column.notes) == (by_row.posted, by_row.notes)


def test_what_goes_over_lines_is_asked_first(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the longest: asked last, it would leave all connections but one with nothing to do."""
    backend: Any = opened(file, 1, monkeypatch)
    asked: list[str] = []
    event.listen(backend._engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    backend.facts(WINDOW, NoProgress())
    sums = [statement for statement in asked if "GROUP BY" in statement]
    assert len(sums) == 4
    assert all("iNatMoney" in statement or "iAOutPrice" in statement for statement in sums[:2])


def test_nobody_can_change_the_file_between_two_of_the_sums(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend: Any = opened(file, 2, monkeypatch)
    with (
        backend._reading() as connection,
        backend._reading_beside(connection) as (_beside,),
        closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE SaleBillVouchs SET iNatMoney = 0")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("COMMIT")
        other.execute("ROLLBACK")


def test_with_a_write_ahead_log_one_connection_reads_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others may commit there while it reads, and a second connection would see it."""
    file = tmp_path / "account-set.db"
    create_account_set(file, customers=20, months=3, seed=1, until=date(2026, 6, 30), progress=NoProgress())
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
    counts = used(monkeypatch)
    opened(file, 2, monkeypatch).facts(WINDOW, NoProgress())
    assert counts == [1]


def test_a_second_connection_that_is_not_to_be_had_is_done_without(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that waits to commit lets nobody begin to read any more, and waits for who reads already."""
    backend: Any = opened(file, 2, monkeypatch, wait_s="0")
    with backend._reading() as connection, closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE SaleBillVouchs SET iNatMoney = 0")
        with pytest.raises(sqlite3.OperationalError):
            other.execute("COMMIT")
        with pytest.raises(TransientError):
            backend.account_set()
        with backend._reading_beside(connection) as beside:
            assert beside == []
        other.execute("ROLLBACK")


def test_an_error_of_one_of_the_sums_is_the_error_of_all(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_given: Any) -> None:
        raise TransientError("the line is down")  # type: ignore[arg-type]

    monkeypatch.setattr("u8sync.backends.sql_facts._side", fail)
    with pytest.raises(TransientError, match="the line is down"):
        opened(file, 2, monkeypatch).facts(WINDOW, NoProgress())


def test_sql_server_is_asked_over_as_many_connections_as_the_settings_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = used(monkeypatch)
    with emulated_site(tmp_path, "msodbcsql") as site:
        found = []
        for options in ({}, {"readers": 3}):
            backend = site.open(**options)
            found.append(backend.facts(SITE_WINDOW, Quiet()).frame.sort("code"))
            backend.close()
    assert counts == [1, 3]
    assert_frame_equal(*found)

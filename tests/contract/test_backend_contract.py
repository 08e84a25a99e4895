"""The memory and the embedded backend under the one suite of :mod:`backend_contract`."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from account_set_file import AccountSetFile
from backend_contract import (
    ACCOUNT,
    COLUMNS,
    CUSTOMERS,
    GLOSSARY,
    PERIODS,
    POSTED,
    STAMP,
    WRITABLE,
    BackendContract,
    Quiet,
    ReadOnlyContract,
    Site,
    check_the_law_of_writing,
    expected_facts,
    world_file,
)
from hypothesis import given
from hypothesis import strategies as st

from u8sync.backends import backend_kind
from u8sync.backends.memory import MemoryBackend
from u8sync.backends.read_only import ReadOnly
from u8sync.domain.model import EXTRAS, FACTS_SCHEMA, AccountSet, Facts
from u8sync.errors import TransientError
from u8sync.ports import Edit


class MemorySite:
    """The world in a :class:`MemoryBackend`."""

    def __init__(self) -> None:
        rows = [dict(zip(FACTS_SCHEMA, (code, *row), strict=True)) for code, row in expected_facts(EXTRAS).items()]
        frame = pl.DataFrame(rows, schema=FACTS_SCHEMA)
        self.backend = MemoryBackend(
            AccountSet(backend="memory", server="", **ACCOUNT),
            {code: {**row, "cCusDefine13": None} for code, row in CUSTOMERS.items()},
            lambda window: Facts(frame, window, POSTED),
            writable=WRITABLE,
            glossary=GLOSSARY,
            periods=PERIODS[::-1],
        )

    def somebody_sets(self, code: str, column: str, value: str | None) -> None:
        self.backend.change(code, {column: value})

    def somebody_deletes(self, code: str) -> None:
        self.backend.remove(code)

    def stored(self) -> dict[str, dict[str, Any]]:
        readings = self.backend.read(list(self.backend.customers([], Quiet())["code"]), [])
        blank = {"cModifyPerson": None, "dModifyDate": None}
        return {
            code: {**blank, **self.backend._rows[code], "pubufts": reading.version}
            for code, reading in readings.items()
        }


class SqliteSite(AccountSetFile):
    """The world in a SQLite file, seen from behind with SQLite's own driver."""

    def __init__(self, file: Path, *, read_only: bool = False) -> None:
        shutil.copyfile(world_file(), file)
        self.file = file
        kind = backend_kind("sqlite")
        options = kind.options.model_validate({"file": file.name, "busy_timeout_s": 0, "read_only": read_only})
        self.backend = kind.open(options, file.parent)


class TestMemory(BackendContract):
    @contextmanager
    def site(self) -> Iterator[Site]:
        yield MemorySite()


class TestSqlite(BackendContract):
    @contextmanager
    def site(self) -> Iterator[SqliteSite]:
        with tempfile.TemporaryDirectory() as folder:
            at = SqliteSite(Path(folder) / "账套 #1%.db")
            yield at
            at.backend.close()

    @pytest.fixture
    def busy(self, at: SqliteSite) -> Iterator[sqlite3.Connection]:
        other = sqlite3.connect(at.file, isolation_level=None)
        yield other
        other.close()

    def test_a_second_writer_makes_a_write_transient_and_nothing_changes(
        self, at: SqliteSite, busy: sqlite3.Connection
    ) -> None:
        before = at.stored()
        edits = [Edit("C001", {"cCusDefine4": "金"}, {"cCusDefine4": "银"})]
        busy.execute("BEGIN IMMEDIATE")
        with pytest.raises(TransientError):
            at.backend.write(edits, STAMP)
        busy.execute("ROLLBACK")
        assert at.stored() == before
        assert [outcome.status for outcome in at.backend.write(edits, STAMP)] == ["applied"]

    def test_a_reader_that_holds_up_the_commit_makes_a_write_transient_and_nothing_changes(
        self, at: SqliteSite, busy: sqlite3.Connection
    ) -> None:
        before = at.stored()
        edits = [Edit("C001", {"cCusDefine4": "金"}, {"cCusDefine4": "银"})]
        busy.execute("BEGIN")
        busy.execute("SELECT COUNT(*) FROM Customer").fetchone()
        with pytest.raises(TransientError):
            at.backend.write(edits, STAMP)
        busy.execute("ROLLBACK")
        assert at.stored() == before
        assert [outcome.status for outcome in at.backend.write(edits, STAMP)] == ["applied"]

    def test_a_writer_at_its_commit_makes_a_read_transient(self, at: SqliteSite, busy: sqlite3.Connection) -> None:
        busy.execute("BEGIN EXCLUSIVE")
        with pytest.raises(TransientError):
            at.backend.customers(COLUMNS, Quiet())
        busy.execute("ROLLBACK")
        assert at.backend.customers(COLUMNS, Quiet()).height == len(CUSTOMERS)


class TestMemoryBehindReadOnly(ReadOnlyContract):
    @contextmanager
    def site(self) -> Iterator[Site]:
        at = MemorySite()
        memory = at.backend
        at.backend = ReadOnly(memory)  # type: ignore[assignment]
        at.stored = lambda: {"journal": dict(enumerate(memory.journal))}  # type: ignore[method-assign]
        yield at


class TestSqliteOpenedReadOnly(ReadOnlyContract):
    @contextmanager
    def site(self) -> Iterator[Site]:
        with tempfile.TemporaryDirectory() as folder:
            at = SqliteSite(Path(folder) / "world.db", read_only=True)
            yield at
            at.backend.close()


@pytest.mark.parametrize("suite", [TestMemory, TestSqlite])
@given(data=st.data())
def test_a_row_changes_if_its_before_held_and_then_exactly_to_its_after(
    suite: type[BackendContract], data: st.DataObject
) -> None:
    with suite().site() as at:
        check_the_law_of_writing(at, data)

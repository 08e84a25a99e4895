"""The file of an account set: there as a whole or not at all, and never in place of something else by accident."""

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from u8sync.backends import u8_schema as u8
from u8sync.errors import InputError
from u8sync.sandbox.account_set import Starts, fixed_rows, leaf_classes, new_account_set

NO_STARTS = Starts(sales=None, stock_accounting=None, receivables=None)


def make(file: Path, *, overwrite: bool = False, lineage: str = "0" * 16) -> int:
    with new_account_set(file, overwrite=overwrite) as target:
        day = date(2026, 5, 1)
        return fixed_rows(target, name="测试", first=day, last=day, starts=NO_STARTS, lineage=lineage)


def lineage_of(file: Path) -> str:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT value FROM u8sync_sandbox").fetchone()[0]


def test_it_has_all_tables_indexes_and_triggers(tmp_path: Path) -> None:
    make(tmp_path / "one.db")

    engine = create_engine(f"sqlite:///{tmp_path / 'one.db'}")
    found = inspect(engine)
    assert set(found.get_table_names()) == set(u8.METADATA.tables)
    for table in u8.METADATA.sorted_tables:
        assert {index["name"] for index in found.get_indexes(table.name)} >= {index.name for index in table.indexes}
    with engine.connect() as connection:
        triggers = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'").scalar()
    engine.dispose()
    assert triggers == len(u8.rowversion_triggers())


def test_a_module_that_is_not_in_use_has_no_start_date(tmp_path: Path) -> None:
    make(tmp_path / "one.db")

    with closing(sqlite3.connect(tmp_path / "one.db")) as connection:
        assert connection.execute("SELECT DISTINCT cValue FROM AccInformation").fetchall() == [("",)]


def test_the_first_free_row_version_comes_after_those_of_the_classes(tmp_path: Path) -> None:
    free = make(tmp_path / "one.db")

    with closing(sqlite3.connect(tmp_path / "one.db")) as connection:
        assert connection.execute("SELECT max(pubufts) + 1 FROM CustomerClass").fetchone() == (free,)
    assert "0101001" in leaf_classes()
    assert "0101" not in leaf_classes()


def test_a_file_that_exists_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "one.db"
    file.write_bytes(b"precious")

    with pytest.raises(InputError, match="exists already") as caught:
        make(file)

    assert caught.value.hint is not None
    assert file.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_is_replaced_when_that_is_said(tmp_path: Path) -> None:
    make(tmp_path / "one.db", lineage="a" * 16)
    make(tmp_path / "one.db", lineage="b" * 16, overwrite=True)

    assert lineage_of(tmp_path / "one.db") == "b" * 16


@pytest.mark.parametrize("suffix", ["-wal", "-journal"])
def test_a_file_with_a_journal_beside_it_is_not_replaced(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / "one.db"
    make(file)
    before = file.read_bytes()
    (tmp_path / f"one.db{suffix}").write_bytes(b"unfinished business")

    with pytest.raises(InputError, match="in use"):
        make(file, overwrite=True)

    assert file.read_bytes() == before


def test_a_file_that_appears_meanwhile_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "one.db"
    with pytest.raises(InputError, match="exists already"), new_account_set(file, overwrite=False):
        file.write_bytes(b"of somebody else")

    assert file.read_bytes() == b"of somebody else"
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_that_does_not_exist_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written") as caught:
        make(tmp_path / "nowhere" / "one.db")

    assert caught.value.hint is not None


def test_a_file_in_place_of_the_folder_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="cannot be written"):
        make(tmp_path / "file" / "one.db")


def test_a_folder_in_place_of_the_file_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "one.db").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        make(tmp_path / "one.db", overwrite=True)

    assert list(tmp_path.iterdir()) == [tmp_path / "one.db"]


def test_an_error_inside_the_block_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), new_account_set(tmp_path / "one.db", overwrite=False):
        1 / 0  # noqa: B018

    assert list(tmp_path.iterdir()) == []

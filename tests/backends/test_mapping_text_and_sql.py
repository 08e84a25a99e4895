"""Nothing in a mapping file reaches SQL as text: names come from the known columns, values are parameters."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from fakes import Quiet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from u8sync.backends import backend_kind
from u8sync.backends.u8_schema import METADATA
from u8sync.config.mapping_file import load_mapping
from u8sync.domain.mapping import CustomerMapping, read_customers
from u8sync.errors import ConfigError, InputError, RefusedError
from u8sync.ports import Edit, Stamp
from u8sync.sandbox.generator import create_account_set

INJECTIONS = (
    "cCusCode; DROP TABLE Customer",
    "'; DROP TABLE Customer; --",
    '"; DELETE FROM Customer; --',
    "x' OR '1'='1",
    "] ; EXEC xp_cmdshell 'x' --",
    "＇；DROP TABLE Customer－－",
    "\u2019 OR \u2018a\u2019=\u2018a",
    "*/ DROP TABLE Customer /*",
    "cCusDefine5 = (SELECT cCusName)",
    "%s ? :p1 @p1 {0}",
    "`cCusCode`",
    "0x27; --",
)
KNOWN = {table.name for table in METADATA.tables.values()} | {
    column.name for table in METADATA.tables.values() for column in table.columns
}


@pytest.fixture(scope="module")
def account_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("sql") / "account-set.db"
    create_account_set(file, customers=20, months=2, seed=1, until=date(2026, 10, 31), progress=Quiet())
    return file


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Every statement that SQLAlchemy sends, without its parameters."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield sent
    event.remove(Engine, "before_cursor_execute", note)


def opened(file: Path) -> Any:
    kind = backend_kind("sqlite")
    return kind.open(kind.options.model_validate({"file": str(file)}), Path(), None)  # type: ignore[arg-type]


def mapped(folder: Path, text: str, *, column: str = "cCusDefine4") -> CustomerMapping:
    """A mapping in which one text stands wherever a free text may stand."""
    quoted = "'" + text.replace("'", "''") + "'"
    path = folder / "m.yaml"
    path.write_text(
        "version: 1\nfields:\n  code: {label: 编码, columns: {sql: cCusCode}}\n"
        f"  a: {{label: {quoted}, columns: {{sql: {column}}}, operators: [{{table: {quoted}}}], write: canonical}}\n"
        f"  b: {{label: B, choose: [{{when: {{a: {{is_not: {quoted}}}}}, value: {quoted}}}]}}\n"
        f"tables:\n  {quoted}:\n    unmapped: keep\n    values: {{{quoted}: 甲, 经销商: {quoted}}}\n"
        f"    spellings: {{甲: {quoted}}}\n",
        encoding="utf-8",
    )
    return load_mapping(path, "m.yaml")


def shape_of(statement: str) -> str:
    """A statement without what only lays it out."""
    return " ".join(statement.split())


@pytest.mark.parametrize("text", INJECTIONS)
def test_no_text_of_a_mapping_is_in_a_statement(
    account_set: Path, tmp_path: Path, statements: list[str], text: str
) -> None:
    with closing(sqlite3.connect(account_set)) as connection:
        before = connection.execute("SELECT count(*) FROM Customer").fetchone()
        connection.execute("UPDATE Customer SET cCusDefine4 = '经销商'")
        connection.commit()
    harmless, hostile = mapped(tmp_path, "harmless"), mapped(tmp_path, text)
    sent = []
    for mapping, word in ((harmless, "harmless"), (hostile, text)):
        statements.clear()
        backend = opened(account_set)
        columns = sorted(mapping.columns("sql").values())
        raw = backend.customers(columns, Quiet())
        frame, _ = read_customers(raw, mapping, "sql")
        assert frame["a"].to_list() == [word] * frame.height
        code = raw["code"][0]
        field = mapping.field("a")
        assert field is not None
        written = (field.raw(word) or "")[:60]
        stamp = Stamp("u8sync", datetime(2026, 11, 1, tzinfo=UTC))
        edit = Edit(code, {"cCusDefine4": "经销商"}, {"cCusDefine4": written})
        [outcome] = backend.write([edit], stamp)
        assert outcome.status in ("applied", "already_applied")
        assert backend.read([code], columns)[code].values["cCusDefine4"] == written
        backend.write([Edit(code, {"cCusDefine4": written}, {"cCusDefine4": "经销商"})], stamp)
        backend.close()
        sent.append([shape_of(statement) for statement in statements])
    assert sent[0] == sent[1]
    assert not [statement for statement in sent[1] if text in statement]
    with closing(sqlite3.connect(account_set)) as connection:
        assert connection.execute("SELECT count(*) FROM Customer").fetchone() == before


@pytest.mark.parametrize("text", INJECTIONS)
def test_a_column_that_is_none_is_refused_where_it_stands(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        mapped(tmp_path, "x", column="'" + text.replace("'", "''") + "'")
    [problem] = caught.value.problems
    assert problem.place is not None
    assert problem.place.line == 4
    assert "is not a column name" in str(problem.message)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True) | st.sampled_from(sorted(KNOWN)))
def test_a_column_that_is_not_known_is_never_sent(account_set: Path, statements: list[str], name: str) -> None:
    backend = opened(account_set)
    known = backend.columns()
    statements.clear()
    try:
        if name in known:
            assert isinstance(backend.customers([name], Quiet()), pl.DataFrame)
            return
        for ask in (lambda: backend.customers([name], Quiet()), lambda: backend.read(["00001"], [name])):
            with pytest.raises(InputError):
                ask()
        stamp = Stamp("u8sync", datetime(2026, 11, 1, tzinfo=UTC))
        with pytest.raises((InputError, RefusedError, ValueError)):
            backend.write([Edit("00001", {name: "a"}, {name: "b"})], stamp)
        assert not statements
    finally:
        backend.close()

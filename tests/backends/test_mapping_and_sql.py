"""Nothing that a mapping file says becomes SQL: names come from the columns that are known, all else is a parameter.

Mapping files that are full of SQL are taken the whole way: loaded, read with, written with, on the embedded account set
and as the statements that a SQL Server gets. What holds is that the statements are, letter for letter, those of a
mapping that says nothing unusual; so whatever the file says is a parameter or is nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from u8sync.backends.sqlserver.dialect import set_update
from u8sync.backends.u8_schema import TABLES
from u8sync.config.mapping_file import load_mapping
from u8sync.config.policy_file import load_policy
from u8sync.domain.fitting import misfits
from u8sync.domain.mapping import CustomerMapping, read_customers
from u8sync.domain.model import CustomerCode
from u8sync.errors import ConfigError, InputError, RefusedError
from u8sync.ports import Backend, Edit, Stamp

STAMP = Stamp("u8sync", datetime(2026, 4, 1, 2, 3, 4, tzinfo=UTC))
CODE = CustomerCode("C1")
TIER, MEANING = "cCusDefine5", "cCusDefine4"

ATTACKS = [
    pytest.param("x'; DROP TABLE Customer; --", id="a quote and a statement"),
    pytest.param('x"; DROP TABLE Customer; --', id="a double quote"),
    pytest.param("x]; DROP TABLE [Customer]; --", id="a bracket"),
    pytest.param("x]]] ' \" ` ;", id="every mark that quotes"),
    pytest.param("' OR '1'='1", id="always true"),
    pytest.param("*/ DROP TABLE Customer /*", id="ends a comment"),
    pytest.param("-- x", id="begins a comment"),
    pytest.param("xʼ; DROP TABLE Customer", id="a letter that some code pages make a quote"),
    pytest.param("x＇; DROP TABLE Customer；－－", id="full-width marks"),
    pytest.param("’‘“”', N'x", id="curly quotes"),
    pytest.param("? :new_cCusDefine5 %s {0} @p1 $1", id="marks of parameters"),
    pytest.param("\\'; DROP TABLE Customer", id="a backslash"),
    pytest.param("NULL", id="a word of SQL"),
    pytest.param("𠮷\U0001f600'", id="characters of four bytes"),
]


def yaml_text(word: str) -> str:
    return str(yaml.dump(word, default_style='"', allow_unicode=True, width=10_000)).strip()


def mapping_text(word: str) -> str:
    """A mapping in which everything that may be any text holds the word; the tier and the meaning are written."""
    quoted, other = yaml_text(word), yaml_text(f"another {word}")
    return f"""\
version: 1
fields:
  code: {{label: {quoted}, columns: {{sql: cCusCode}}}}
  name: {{label: {quoted}, columns: {{sql: cCusName}}, operators: [trim], default: {quoted}}}
  category:
    label: {quoted}
    columns: {{sql: cCCCode}}
    only_if: {{name: {{is_not: {other}}}}}
    operators: [trim]
  meaning:
    label: {quoted}
    columns: {{sql: {MEANING}}}
    operators: [trim, {{table: {quoted}}}]
    write: canonical
  chosen: {{label: {quoted}, choose: [{{when: {{category: {{begins: {quoted}}}}}, value: {quoted}}}]}}
  tier: {{label: {quoted}, columns: {{sql: {TIER}}}, operators: [trim, {{table: tiers}}], write: tier}}
tables:
  {quoted}: {{unmapped: keep, values: {{{quoted}: {quoted}, alias: {quoted}}}}}
  tiers: {{values: {{{quoted}: {quoted}}}}}
"""


def loaded(folder: Path, word: str) -> CustomerMapping:
    path = folder / "m.yaml"
    path.write_text(mapping_text(word), encoding="utf-8", newline="\n")
    return load_mapping(path, "m.yaml")


@contextmanager
def listened() -> Iterator[list[tuple[str, object]]]:
    """Every statement that reaches a driver, with its parameters."""
    heard: list[tuple[str, object]] = []

    def hear(_connection: Any, _cursor: Any, statement: str, parameters: object, *_rest: object) -> None:
        heard.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


def whole_way(backend: Backend, mapping: CustomerMapping) -> tuple[list[str], str]:
    """Read all, read one, write tier and meaning as the mapping spells them; the statements, and all parameters."""
    columns = [column for column in dict.fromkeys(mapping.columns("sql").values()) if column != "cCusCode"]
    quiet: Any = Unheard()
    with listened() as heard:
        raw = backend.customers(columns, quiet)
        frame, issues = read_customers(raw, mapping, "sql")
        before = backend.read([CODE], columns)[CODE].values
        tier, meaning = mapping.field("tier"), mapping.field("meaning")
        assert tier is not None
        assert meaning is not None
        [value] = tier.steps[-1].operator.table.results  # type: ignore[attr-defined]
        after = {TIER: tier.raw(value), MEANING: meaning.raw(frame["meaning"].item(0))}
        edit = Edit(CODE, {column: before[column] for column in [*after, "cCusName"]}, after)
        [outcome] = backend.write([edit], STAMP)
        assert outcome.status == "applied"
        assert {column: backend.read([CODE], columns)[CODE].values[column] for column in after} == after
        backend.glossary()
        backend.writable()
    assert not issues
    return [statement for statement, _ in heard], repr([parameters for _, parameters in heard])


class Unheard:
    """Progress that nobody looks at."""

    def start(self, *_: object) -> None: ...

    def advance(self, *_: object) -> None: ...

    def finish(self) -> None: ...


def statements_with(site: Any, tmp_path: Path, word: str) -> tuple[list[str], str]:
    """The whole way for a customer in whom the word stands too."""
    site.sql("DELETE FROM Customer")
    site.customer("C1", cCusName=word, cCCCode="01", cCusDefine4="alias", cCusDefine5=None)
    backend = site.open()
    try:
        return whole_way(backend, loaded(tmp_path, word))
    finally:
        backend.close()


@pytest.mark.parametrize("word", ATTACKS)
def test_statements_are_the_same_whatever_a_mapping_says(site: Any, tmp_path: Path, word: str) -> None:
    usual, _ = statements_with(site, tmp_path, "plain")
    statements, parameters = statements_with(site, tmp_path, word)
    assert statements == usual
    assert repr(word)[1:-1] in parameters  # it did go all the way
    assert site.sql("SELECT cCusCode, cCusDefine5 FROM Customer") == [("C1", word)]


def test_every_name_in_a_statement_is_one_of_the_schema(site: Any, tmp_path: Path) -> None:
    statements, _ = statements_with(site, tmp_path, "x]; DROP TABLE Customer; --'\"")
    names = {name.casefold() for table in TABLES.values() for name in (table.name, *(c.name for c in table.columns))}
    told = {
        word.casefold() for statement in statements for word in re.findall(r"c[A-Z]\w+|b[A-Z]\w+|Customer", statement)
    }
    assert "ccusdefine5" in told
    assert {word for word in told if re.sub("^(new|old|was)_", "", word) not in names} == set()
    assert not [statement for statement in statements if ";" in statement or "--" in statement or "DROP" in statement]


TEXTS = st.text(st.sampled_from("'\"[]();-*/\\%?:@ `ʼ＇；\u2019客xN\U00020bb7"), min_size=1, max_size=12).filter(
    lambda text: text.strip() == text and text.strip(" \u3000")
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(word=TEXTS)
def test_no_text_of_a_mapping_is_in_a_statement(site: Any, tmp_path: Path, word: str) -> None:
    usual, _ = statements_with(site, tmp_path, "plain")
    assert statements_with(site, tmp_path, word)[0] == usual


@pytest.mark.parametrize("word", ATTACKS)
def test_a_sql_server_gets_what_a_mapping_says_as_parameters(tmp_path: Path, word: str) -> None:
    mapping = loaded(tmp_path, word)
    tier = mapping.field("tier")
    assert tier is not None
    columns = [mapping.columns("sql")[name] for name in ("tier", "meaning")]
    row = {"key": word, "version": "0x01", f"new_{TIER}": tier.raw(word.strip()), f"new_{MEANING}": word}
    usual = {"key": "x", "version": "0x01", f"new_{TIER}": "x", f"new_{MEANING}": "x"}
    stamps = {"cModifyPerson": word}
    statement, parameters = set_update(columns, [row], stamps)
    assert statement == set_update(columns, [usual], {"cModifyPerson": "x"})[0]
    assert parameters == (word, word, "0x01", tier.raw(word.strip()), word)


COLUMNS = [
    "cCusCode; DROP TABLE Customer",
    "cCusName]",
    "cCusName' --",
    'cCusName"',
    "cCusName /*",
    "(SELECT 1)",
    "Customer.cCusName",
    "[cCusName]",
    "ｃCusName",
    "cCusName\u0000",
    "cCusName\n",
    "cCusNаme",
    "*",
]


@pytest.mark.parametrize("way", ["sql", "openapi"])
@pytest.mark.parametrize("column", COLUMNS)
def test_a_column_that_is_no_name_is_refused_at_its_place(tmp_path: Path, column: str, way: str) -> None:
    path = tmp_path / "m.yaml"
    head = "version: 1\nfields:\n  code: {label: 编码, columns: {sql: cCusCode}}\n"
    path.write_text(
        f"{head}  a: {{label: A, columns: {{{way}: {yaml_text(column)}}}}}\n", encoding="utf-8", newline="\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_mapping(path, "m.yaml")
    places = {(problem.place.line, problem.place.column) for problem in caught.value.problems if problem.place}
    assert places == {(4, len(f"  a: {{label: A, columns: {{{way}: ") + 1)}


@pytest.mark.parametrize("column", ["cCusWrong", "sqlite_master", "DROP", "rowid", "cCusBank", "_1"])
def test_a_column_that_the_account_set_does_not_have_is_told_at_its_field(
    site: Any, tmp_path: Path, column: str
) -> None:
    path = tmp_path / "m.yaml"
    text = mapping_text("VIP").replace("sql: cCCCode", f"sql: {column}")
    path.write_text(text, encoding="utf-8", newline="\n")
    policy = load_policy(Path(__file__).parents[2] / "mappings" / "tiers.yaml", "tiers.yaml")
    backend = site.open()
    problems = misfits(
        load_mapping(path, "m.yaml"), policy, way="sql", columns=backend.columns(), writable=backend.writable()
    )
    backend.close()
    told = {str(problem.place): str(problem.message) for problem in problems}
    assert told["m.yaml:5:3"] == f"the account set has no readable column '{column}'"


def test_a_column_that_only_looks_like_one_never_reaches_a_statement(site: Any) -> None:
    site.customer("C1")
    backend = site.open()
    with listened() as heard:
        for column in ("cCusWrong", "sqlite_master", "rowid", "cCusBank", *COLUMNS):
            with pytest.raises(InputError, match="no column"):
                backend.customers([column], Unheard())
            with pytest.raises(InputError, match="no column"):
                backend.read([CODE], [column])
            with pytest.raises(InputError, match="no column"):
                backend.write([Edit(CODE, {column: None, TIER: None}, {TIER: "x"})], STAMP)
            with pytest.raises(RefusedError, match="never writes"):
                backend.write([Edit(CODE, {column: None}, {column: "x"})], STAMP)
    assert heard == []
    backend.close()

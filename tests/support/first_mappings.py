"""First mappings of made-up account sets: the text, and what it is when it is loaded."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from u8sync.backends.ways import ITEMS, KNOWN_FIELDS
from u8sync.config.mapping_file import load_mapping
from u8sync.domain.mapping import CustomerMapping, read_customers
from u8sync.domain.model import AccountSet, ColumnLimit, Glossary, Issue
from u8sync.domain.tables import ValueTable
from u8sync.report.first_mapping import USUAL_TIERS, Draft, Source, draft_of, mapping_text

__all__ = ["ACCOUNT_SET", "Made", "loaded", "made", "source", "table_of"]

ACCOUNT_SET = AccountSet("sqlite", "", "UFDATA_999_2026", "999", "华东贸易", "a1")
Rows = Mapping[str, Sequence[str | None]]


class Made(NamedTuple):
    """A first mapping: decided, written, loaded, and used."""

    draft: Draft
    text: str
    mapping: CustomerMapping
    read: pl.DataFrame
    issues: tuple[Issue, ...]

    def lines(self, *words: str) -> list[str]:
        """The lines of the file that have all these words."""
        return [line.strip() for line in self.text.splitlines() if all(word in line for word in words)]


def source(
    rows: Rows,
    captions: Mapping[str, str] | None = None,
    *,
    way: str = "sql",
    names: Mapping[str, Mapping[str, str]] | None = None,
    writable: Mapping[str, ColumnLimit] | None = None,
    absent: frozenset[str] = frozenset(),
    account_set: AccountSet = ACCOUNT_SET,
) -> Source:
    """An account set whose columns are all that is known, but for ``absent``."""
    known = {columns[way] for columns in (*KNOWN_FIELDS.values(), *ITEMS) if way in columns}
    return Source(
        account_set=account_set,
        way=way,
        columns=frozenset(known | rows.keys()) - absent,
        writable=writable or {},
        glossary=Glossary(captions or {}, names or {}),
        fields=KNOWN_FIELDS,
        items=ITEMS,
    )


def frame_of(wanted: Source, rows: Rows) -> pl.DataFrame:
    """Every column of the account set; those that ``rows`` does not name are empty."""
    height = max((len(values) for values in rows.values()), default=0)
    columns = {column: [None] * height for column in sorted(wanted.columns)} | dict(rows)
    data = {"code": [f"C{number}" for number in range(height)], **columns}
    return pl.DataFrame(data, schema=dict.fromkeys(data, pl.String()))


def made(rows: Rows, *, tiers: Sequence[str] = USUAL_TIERS, **values: Any) -> Made:
    """The first mapping of an account set with these columns."""
    wanted = source(rows, **values)
    frame = frame_of(wanted, rows)
    draft = draft_of(wanted, frame.select("code", *wanted.to_count()), tiers)
    text = mapping_text(draft)
    mapping = loaded(text)
    read, issues = read_customers(frame, mapping, wanted.way)
    return Made(draft, text, mapping, read, issues)


def loaded(text: str) -> CustomerMapping:
    """The mapping of a file's text."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "customer.yaml"
        file.write_text(text, encoding="utf-8", newline="\n")
        return load_mapping(file, "customer.yaml")


def table_of(mapping: CustomerMapping, name: str) -> ValueTable | None:
    """The value table that a field ends with; null where it has none."""
    field = mapping.field(name)
    table = None if field is None or not field.steps else getattr(field.steps[-1].operator, "table", None)
    return table if isinstance(table, ValueTable) else None

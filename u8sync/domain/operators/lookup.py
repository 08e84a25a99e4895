"""The operator that looks values up in a value table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import polars as pl

from u8sync.domain.operators.operator import Canonical, Refusal
from u8sync.domain.tables import ValueTable
from u8sync.text import msg

__all__ = ["Lookup", "line_of"]


def line_of(table: ValueTable, value: pl.Expr) -> pl.Expr:
    """Index (from 0) of the line that covers a text; null where none does. UInt32."""
    return _found(table, value, range(len(table.entries)), pl.UInt32())


def _found(table: ValueTable, value: pl.Expr, results: Sequence[str | int], dtype: pl.DataType) -> pl.Expr:
    """The result of the line that covers a text; ``results`` has one for each line."""
    lines = [(entry.raw, result) for entry, result in zip(table.entries, results, strict=True)]
    nothing = pl.lit(None, dtype=dtype)
    match table.match:
        case "exact":
            return _equal(value, lines, dtype)
        case "prefix":
            longest_first = sorted(lines, key=lambda line: -len(line[0]))
            cuts = [
                _equal(value.str.slice(0, length), list(same), dtype)
                for length, same in groupby(longest_first, key=lambda line: len(line[0]))
            ]
            return pl.coalesce(*cuts, nothing)
        case "pattern":
            covered = (
                pl.when(value.str.contains(f"^(?:{pattern})$")).then(pl.lit(result, dtype=dtype))
                for pattern, result in lines
            )
            return pl.coalesce(*covered, nothing)


def _equal(value: pl.Expr, lines: Sequence[tuple[str, str | int]], dtype: pl.DataType) -> pl.Expr:
    raw, results = [line[0] for line in lines], [line[1] for line in lines]
    return value.replace_strict(raw, results, default=None, return_dtype=dtype)


@dataclass(frozen=True)
class Lookup:
    """Replaces each value by its meaning.

    Attributes:
        table: The table.
        many: Whether the field holds a list; then every part is looked up, parts of one meaning count once, and parts
            that no line covers are left out (and reported), unless the table says what they mean.
    """

    table: ValueTable
    many: bool

    def _mean(self, value: pl.Expr) -> pl.Expr:
        found = _found(self.table, value, [entry.canonical for entry in self.table.entries], pl.String())
        match self.table.unmapped:
            case "issue":
                return found
            case "keep":
                return pl.coalesce(found, value)
            case "default":
                return pl.coalesce(found, pl.when(value.is_not_null()).then(pl.lit(self.table.default)))

    def read(self, value: pl.Expr) -> pl.Expr:
        """The meaning; null when no line covers the value and the table does not say what it then means."""
        if not self.many:
            return self._mean(value)
        meant = value.list.eval(self._mean(pl.element())).list.drop_nulls().list.unique(maintain_order=True)
        return pl.when(meant.list.len() > 0).then(meant)

    def refuses(self, value: pl.Expr) -> Refusal | None:
        """Values that no line covers, unless the table says what they mean."""
        if self.table.unmapped != "issue":
            return None
        complaint = msg("is not in the value table '{table}'", table=self.table.name)
        if self.many:
            unknown = pl.element().is_not_null() & self._mean(pl.element()).is_null()
            return value.list.eval(unknown).list.any(), complaint
        return value.is_not_null() & self._mean(value).is_null(), complaint

    def write(self, value: Canonical) -> Canonical:
        """The spelling of the table. Raises ValueError when it has none for the value."""
        if value is None:
            return None
        parts = value if isinstance(value, tuple) else (str(value),)
        keep = self.table.unmapped == "keep"
        if not all(part in self.table.spellings or keep for part in parts):
            raise ValueError(value)
        raw = tuple(self.table.spellings.get(part, part) for part in parts)
        return raw if self.many else raw[0]

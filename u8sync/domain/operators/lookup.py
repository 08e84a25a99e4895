"""The operator that looks values up in a value table."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from u8sync.domain.operators.operator import Canonical, Refusal
from u8sync.domain.tables import ValueTable
from u8sync.text import msg

__all__ = ["Lookup"]


@dataclass(frozen=True)
class Lookup:
    """Replaces each value by its meaning.

    Attributes:
        table: The table.
        many: Whether the field holds a list; then every part is looked up, parts of one meaning count once, and parts
            that are not listed are left out (and reported).
    """

    table: ValueTable
    many: bool

    def _mean(self, value: pl.Expr) -> pl.Expr:
        raw, canonical = list(self.table.meanings), list(self.table.meanings.values())
        default = value if self.table.unmapped == "keep" else None
        return value.replace_strict(raw, canonical, default=default, return_dtype=pl.String)

    def read(self, value: pl.Expr) -> pl.Expr:
        """The meaning; null when the value is not listed."""
        if not self.many:
            return self._mean(value)
        meant = value.list.eval(self._mean(pl.element())).list.drop_nulls().list.unique(maintain_order=True)
        return pl.when(meant.list.len() > 0).then(meant)

    def refuses(self, value: pl.Expr) -> Refusal | None:
        """Values that are not listed, unless the table keeps them."""
        if self.table.unmapped == "keep":
            return None
        known = list(self.table.meanings)
        complaint = msg("is not in the value table '{table}'", table=self.table.name)
        if self.many:
            return value.list.eval(~pl.element().is_in(known)).list.any(), complaint
        return ~value.is_in(known), complaint

    def write(self, value: Canonical) -> Canonical:
        """The first spelling of the table. Raises ValueError when no line of it gives the value."""
        if value is None:
            return None
        parts = value if isinstance(value, tuple) else (str(value),)
        keep = self.table.unmapped == "keep"
        if not all(part in self.table.spellings or keep for part in parts):
            raise ValueError(value)
        raw = tuple(self.table.spellings.get(part, part) for part in parts)
        return raw if self.many else raw[0]

"""Operators on several values in one field."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from u8sync.domain.operators.operator import Canonical, Refusal, WrittenAsItIs
from u8sync.domain.operators.words import BLANKS

__all__ = ["SEPARATORS", "Sort", "Split"]

SEPARATORS = ",，;；、"
"""What people type between several values, half width and full width."""


@dataclass(frozen=True)
class Split:
    """Splits at any of :data:`SEPARATORS`; blanks trimmed, empty parts and duplicates dropped, order kept.

    Attributes:
        joint: The separator to write; one of :data:`SEPARATORS`.
    """

    joint: str

    def read(self, value: pl.Expr) -> pl.Expr:
        """The parts; null when there is none."""
        parts = value.str.replace_all(f"[{SEPARATORS}]", ",").str.split(",")
        parts = parts.list.eval(pl.element().str.strip_chars(BLANKS).filter(pl.element().str.strip_chars(BLANKS) != ""))
        parts = parts.list.unique(maintain_order=True)
        return pl.when(parts.list.len() > 0).then(parts)

    def refuses(self, value: pl.Expr) -> Refusal | None:  # noqa: ARG002
        """Nothing."""
        return None

    def write(self, value: Canonical) -> Canonical:
        """The parts joined; null for none. Raises ValueError when a part holds a separator."""
        if value is None:
            return None
        if not isinstance(value, tuple) or any(mark in part for part in value for mark in SEPARATORS):
            raise ValueError(value)
        return self.joint.join(value) or None


@dataclass(frozen=True)
class Sort(WrittenAsItIs):
    """Puts the values of a list in order, so that the order in which somebody typed them makes no difference."""

    def read(self, value: pl.Expr) -> pl.Expr:
        """The values by code point."""
        return value.list.sort()

    def write(self, value: Canonical) -> Canonical:
        """The values by code point, so that what is written is read as itself."""
        return tuple(sorted(value)) if isinstance(value, tuple) else value

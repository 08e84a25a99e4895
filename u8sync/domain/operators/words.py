"""Operators on plain text: blanks, case, code prefixes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from u8sync.domain.operators.operator import Canonical, Refusal, WrittenAsItIs
from u8sync.text import msg

__all__ = ["BLANKS", "HalfWidth", "Lower", "Prefix", "Trim", "Upper"]

BLANKS = " \t\r\n\u00a0\u3000"
"""What counts as blank, the full-width space among it."""


@dataclass(frozen=True)
class Trim(WrittenAsItIs):
    """Strips blanks at both ends; what is then empty is null."""

    def read(self, value: pl.Expr) -> pl.Expr:
        """The stripped text."""
        stripped = value.str.strip_chars(BLANKS)
        return pl.when(stripped != "").then(stripped)


@dataclass(frozen=True)
class Upper(WrittenAsItIs):
    """Capital letters, for codes that people type either way; written back as they are."""

    def read(self, value: pl.Expr) -> pl.Expr:
        """The text in capital letters."""
        return value.str.to_uppercase()


@dataclass(frozen=True)
class Lower(WrittenAsItIs):
    """Small letters, for words that people type either way; written back as they are."""

    def read(self, value: pl.Expr) -> pl.Expr:
        """The text in small letters."""
        return value.str.to_lowercase()


_FULL: Final = {chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)} | {"\u3000": " "}
"""Full-width letters, digits and marks, and the full-width blank, with their half-width twins."""


@dataclass(frozen=True)
class HalfWidth(WrittenAsItIs):
    """Letters, digits, marks and blanks that were typed full width, in half width: ＶＩＰ and VIP are one word.

    Nothing else changes: Chinese marks that have no half-width twin (、。《》) stay.
    """

    def read(self, value: pl.Expr) -> pl.Expr:
        """The text in half width."""
        return value.str.replace_many(_FULL)


@dataclass(frozen=True)
class Prefix:
    """The first characters of a code, e.g. the top level of a customer class. Cannot go back."""

    length: int

    def read(self, value: pl.Expr) -> pl.Expr:
        """The first ``length`` characters; null when there are fewer."""
        return pl.when(value.str.len_chars() >= self.length).then(value.str.slice(0, self.length))

    def refuses(self, value: pl.Expr) -> Refusal | None:
        """Codes that are too short."""
        return value.str.len_chars() < self.length, msg("is shorter than {length} characters", length=self.length)

    def write(self, value: Canonical) -> Canonical:
        """Never: the rest of the code is lost."""
        raise ValueError(value)

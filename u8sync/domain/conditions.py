"""Conditions on canonical fields: when a rule of the mapping holds, for all customers at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from u8sync.domain.operators import Kind
from u8sync.text import Place

__all__ = ["Condition", "TestKind", "all_hold"]

TestKind = Literal["is", "is_not", "begins", "empty", "filled"]
"""``is``: one of the words; ``is_not``: none of them, also where nothing stands; ``begins``: with one of them;
``empty`` and ``filled``: whether anything stands there."""


@dataclass(frozen=True)
class Condition:
    """One condition on one field; of a list it is enough that one value meets it, and ``is_not`` means none is.

    Attributes:
        field: Canonical field.
        kind: Kind of its values.
        test: What is asked.
        words: What it is compared with; none for ``empty`` and ``filled``.
        place: Its line in the mapping file.
    """

    field: str
    kind: Kind
    test: TestKind
    words: tuple[str, ...]
    place: Place

    def holds(self) -> pl.Expr:
        """Over the canonical frame; never null."""
        value = pl.col(self.field)
        match self.test:
            case "empty":
                return value.is_null()
            case "filled":
                return value.is_not_null()
            case "is":
                return self._any(lambda text: text.is_in(self.words))
            case "is_not":
                return ~self._any(lambda text: text.is_in(self.words))
            case "begins":
                return self._any(lambda text: pl.any_horizontal(*(text.str.starts_with(word) for word in self.words)))

    def _any(self, meets: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
        value = pl.col(self.field)
        found = value.list.eval(meets(pl.element())).list.any() if self.kind == "list" else meets(value)
        return found.fill_null(value=False)


def all_hold(conditions: Sequence[Condition]) -> pl.Expr:
    """Whether every one of them holds; true for none."""
    return pl.all_horizontal(pl.lit(value=True), *(condition.holds() for condition in conditions))

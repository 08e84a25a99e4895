"""What an operator is: one step between a raw value and a canonical one, columnar on the way in.

An operator is a lens. ``read`` and ``refuses`` are polars expressions, so that a million customers cost no Python call
per row; ``write`` takes one canonical value back, because only changed customers are ever written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

import polars as pl

from u8sync.domain.tables import ValueTable
from u8sync.text import Message

__all__ = ["ArgumentKind", "Canonical", "Kind", "Operator", "OperatorKind", "Refusal", "WrittenAsItIs"]

Kind = Literal["text", "date", "list"]
"""Type of a value between two operators: String, Date, or List(String)."""

Canonical = str | date | tuple[str, ...] | None
"""One canonical value; null means unknown or empty."""

ArgumentKind = Literal["none", "text", "number", "table"]
"""What stands behind an operator's name in a mapping file."""


Refusal = tuple[pl.Expr, Message]
"""Marks the values that an operator cannot read, and the complaint about them."""


class Operator(Protocol):
    """One operator with its argument."""

    def read(self, value: pl.Expr) -> pl.Expr:
        """The canonical side; null for null and for a refused value."""

    def refuses(self, value: pl.Expr) -> Refusal | None:
        """Which raw values cannot be read, and what to say of them; null when every text can be."""

    def write(self, value: Canonical) -> Canonical:
        """The raw side of one value. Raises ValueError when it has none, or when the operator cannot go back."""


class WrittenAsItIs:
    """What operators share that can read every text and write a value as it is: they have one spelling only."""

    def refuses(self, value: pl.Expr) -> Refusal | None:  # noqa: ARG002
        """Nothing."""
        return None

    def write(self, value: Canonical) -> Canonical:
        """The value as it is."""
        return value


@dataclass(frozen=True)
class OperatorKind:
    """An entry of the table of operators.

    Attributes:
        takes: Kinds that it accepts.
        gives: The kind it returns; null: the kind it was given.
        argument: What stands behind its name in the file.
        reversible: Whether ``write`` exists.
        make: Builds it from its argument and the kind it is given.
        help: What it does, for the list of known operators.
    """

    takes: tuple[Kind, ...]
    gives: Kind | None
    argument: ArgumentKind
    reversible: bool
    make: Callable[[str | int | ValueTable | None, Kind], Operator]
    help: Message

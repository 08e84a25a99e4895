"""What stands in a column of the customer archive, counted: for people who begin with an account set they do not know.

Values are taken as a mapping reads them, blanks at both ends stripped. Only counts and the values themselves come out
of here, never a customer.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from u8sync.domain.operators.lists import Split
from u8sync.domain.operators.words import Trim

__all__ = ["Count", "Use", "count_parts", "count_values"]


@dataclass(frozen=True)
class Use:
    """One value, and how many customers have it."""

    value: str
    customers: int


@dataclass(frozen=True)
class Count:
    """What a column holds.

    Attributes:
        customers: How many have a value.
        distinct: How many different values there are.
        uses: The most frequent ones, equally frequent ones by value; all of them unless there are too many.
    """

    customers: int
    distinct: int
    uses: tuple[Use, ...]

    @property
    def complete(self) -> bool:
        """Whether every value is among ``uses``."""
        return len(self.uses) == self.distinct


def count_values(raw: pl.DataFrame, column: str, *, most: int) -> Count:
    """Count the values of a column of raw customers; of at most ``most`` it says which they are."""
    values = raw.select(Trim().read(pl.col(column)).alias("value")).drop_nulls()
    return _count(values, values.height, most)


def count_parts(raw: pl.DataFrame, column: str, *, most: int) -> Count:
    """The same for a column that holds several values at once; one that a customer has twice counts once."""
    lists = raw.select(Split(",").read(Trim().read(pl.col(column))).alias("value")).drop_nulls()
    return _count(lists.explode("value"), lists.height, most)


def _count(values: pl.DataFrame, customers: int, most: int) -> Count:
    found = (
        values.group_by("value").agg(pl.len().alias("customers")).sort(["customers", "value"], descending=[True, False])
    )
    return Count(customers, found.height, tuple(Use(value, number) for value, number in found.head(most).iter_rows()))

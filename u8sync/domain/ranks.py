"""Where customers stand among each other: in whole numbers, so that the same place is found on every machine.

What lives here: places among all rated customers or those of one group, and what "the best 5 percent" and "the first
80 percent of the sum" mean. What does not: points (``scoring.py``) and tiers (``tiers.py``).

Definition. Of a customer that is compared, *beaten* are the others that are worse, *tied* those that are level with
it, *others* all others. Customers that are level always get the same place:

* It is among the best *p* percent when it, those ahead of it and those level with it are together at most *p* percent
  of all that are compared. A promise of "at most 5 percent" is kept, whatever ties there are; ties at the edge stay
  out together.
* It is among those that bring the first *p* percent of a sum when the customers *ahead* of it bring less than *p*
  percent of it. They are the fewest customers that reach *p* percent, ties at the edge together; the best one is always
  among them. Only values above zero bring anything: whoever brings nothing comes last, and so do all when nobody does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import polars as pl

from u8sync.domain.model import MONEY, TEN_THOUSANDTH, amount

__all__ = [
    "UNIT",
    "Standing",
    "as_decimal",
    "group_of",
    "in_top_percent",
    "in_top_share",
    "place",
    "units",
    "with_groups",
]

UNIT: Final = 10_000
"""Ten-thousandths in one: the arithmetic is on these."""

_AMOUNT: Final = pl.Int128()


@dataclass(frozen=True)
class Standing:
    """Names of the columns with a customer's place.

    Attributes:
        prefix: What they begin with; unique for what is compared among whom.
    """

    prefix: str

    @property
    def counts(self) -> tuple[str, str, str]:
        """Others beaten, level with, compared: Int64, null where the customer is not compared."""
        return f"{self.prefix}.beaten", f"{self.prefix}.tied", f"{self.prefix}.others"

    @property
    def sums(self) -> tuple[str, str]:
        """What those ahead bring, and all together, in the unit of the value; null where nothing is compared."""
        return f"{self.prefix}.ahead", f"{self.prefix}.total"


def units(column: str | pl.Expr) -> pl.Expr:
    """Exact decimals with four places as whole ten-thousandths."""
    return (pl.col(column) if isinstance(column, str) else column).to_physical().cast(_AMOUNT)


def group_of(field: str) -> str:
    """Name of the column with the group that a customer is compared in; null there: with everybody."""
    return f"group.{field}"


def with_groups(frame: pl.DataFrame, fields: Iterable[str], smallest: int) -> pl.DataFrame:
    """Add the groups of these fields.

    Args:
        frame: ``n × (code, rated, *fields)``; the fields are text.
        fields: Canonical fields.
        smallest: A group with fewer rated customers is compared with everybody, like customers without a value.
    """
    rated = pl.col("rated")
    return frame.with_columns(
        pl.when(rated & (rated.sum().over(field) >= smallest)).then(pl.col(field)).alias(group_of(field))
        for field in fields
    )


def place(
    standing: Standing, value: pl.Expr, *, higher_is_better: bool, field: str | None, sums: bool = False
) -> Iterator[pl.Expr]:
    """The columns of a standing.

    Args:
        standing: How they are called.
        value: Whole numbers; null for customers that are not compared.
        higher_is_better: Direction.
        field: Whose groups are compared, see :func:`with_groups`; null: everybody.
        sums: Whether the two columns of :attr:`Standing.sums` are wanted too.
    """

    def grouped(expression: pl.Expr) -> pl.Expr:
        if field is None:
            return expression
        group = pl.col(group_of(field))
        return pl.when(group.is_not_null()).then(expression.over(group)).otherwise(expression)

    known = value.is_not_null()
    lowest = grouped(value.rank("min", descending=not higher_is_better).cast(pl.Int64))
    level = pl.len().over(value)
    if field is not None:
        group = pl.col(group_of(field))
        level = pl.when(group.is_not_null()).then(pl.len().over(group, value)).otherwise(level)
    compared = grouped(value.count().cast(pl.Int64))
    beaten, tied, others = standing.counts
    yield (lowest - 1).alias(beaten)
    yield pl.when(known).then(level.cast(pl.Int64) - 1).alias(tied)
    yield pl.when(known).then(compared - 1).alias(others)
    if sums:
        brings = pl.when(known).then(value.clip(lower_bound=0))
        up_to = brings.drop_nulls().sort().cum_sum().gather(value.rank("max").cast(pl.Int64) - 1)
        ahead, total = standing.sums
        whole = grouped(brings.sum())
        yield pl.when(known).then(whole - grouped(up_to)).alias(ahead)
        yield pl.when(known).then(whole).alias(total)


def in_top_percent(standing: Standing, top: Decimal) -> pl.Expr:
    """Whether a customer is among the best ``top`` percent; null where it is not compared."""
    beaten, _, others = (pl.col(name) for name in standing.counts)
    return (others - beaten + 1) * (100 * UNIT) <= (others + 1) * int(top * UNIT)


def in_top_share(standing: Standing, top: Decimal) -> pl.Expr:
    """Whether a customer is among those that bring the first ``top`` percent; null where it is not compared."""
    ahead, total = (pl.col(name) for name in standing.sums)
    return ahead * (100 * UNIT) < total * int(top * UNIT)


def as_decimal(whole: pl.Expr) -> pl.Expr:
    """Whole ten-thousandths as exact decimals with four places."""
    return whole.cast(MONEY) * amount(TEN_THOUSANDTH)

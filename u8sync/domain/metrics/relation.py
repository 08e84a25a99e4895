"""Length of the relation with a customer."""

from __future__ import annotations

from typing import Final

import polars as pl

from u8sync.domain.metrics.metric import Metric
from u8sync.domain.model import MONEY, Facts
from u8sync.text import msg

__all__ = ["RELATION_LENGTH", "history_days"]


def _relation_length(facts: Facts) -> pl.Expr:
    """Years from the start of the relation to the window's end, cut to hundredths; a start after it counts as 0.

    The start is the earlier of the development date and the first document; the day the card was made stands in where
    both are missing. The development date is often the day of an import, which is why the first document counts too.
    """
    began = pl.min_horizontal("developed_on", "first_sale_on")
    began = pl.coalesce(began, "created_on")
    days = (pl.lit(facts.window.as_of) - began).dt.total_days().clip(0)
    hundredths = days * 10000 // 36525 * 100  # of ten-thousandths: hundredths of a year of 365.25 days
    return hundredths.cast(MONEY) / 10000


def history_days(facts: Facts) -> pl.Expr:
    """Days from the first document to the window's end; 0 on the last day itself."""
    return (pl.lit(facts.window.as_of) - pl.col("first_sale_on")).dt.total_days()


RELATION_LENGTH: Final = Metric(
    label=msg("length of relation"),
    unit="years",
    higher_is_better=True,
    fields=("developed_on", "created_on"),
    null_means=msg("neither a date on the card nor a document"),
    source="Customer.dCusDevDate, Customer.dCusCreateDatetime, first document",
    measure=_relation_length,
)

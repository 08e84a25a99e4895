"""What is measured of a customer: one family a file, all listed in :data:`METRICS` under the name that policies use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl

from u8sync.domain.metrics.frequency import ACTIVE_MONTHS, ORDER_COUNT, ORDER_FREQUENCY, RECENCY, counted
from u8sync.domain.metrics.metric import Evidence, Metric, Unit
from u8sync.domain.metrics.payment import OVERDUE_SHARE, RECEIPTS
from u8sync.domain.metrics.relation import RELATION_LENGTH, history_days
from u8sync.domain.metrics.sales import GROSS_MARGIN, GROSS_PROFIT, GROWTH, REVENUE
from u8sync.domain.model import MONEY, Extra, Facts

__all__ = ["DOCUMENTS", "HISTORY_DAYS", "METRICS", "Evidence", "Metric", "Unit", "extras_for", "measure"]

DOCUMENTS: Final = "documents"
"""Column: how many orders of the window stand behind the figures; invoices where the account set keeps no orders."""

HISTORY_DAYS: Final = "history_days"
"""Column: days from the first sale to the window's end; null: never sold to."""

METRICS: Final[dict[str, Metric]] = {
    "revenue": REVENUE,
    "gross_profit": GROSS_PROFIT,
    "gross_margin": GROSS_MARGIN,
    "growth": GROWTH,
    "order_count": ORDER_COUNT,
    "order_frequency": ORDER_FREQUENCY,
    "active_months": ACTIVE_MONTHS,
    "recency": RECENCY,
    "relation_length": RELATION_LENGTH,
    "receipts": RECEIPTS,
    "overdue_share": OVERDUE_SHARE,
}
"""Metric name -> metric. To add one: a file of this folder, or an entry in one, and one line here."""


def extras_for(names: Iterable[str]) -> frozenset[Extra]:
    """What must be read of the documents besides the usual for these metrics. Raises KeyError for another name."""
    return frozenset(extra for name in names for extra in METRICS[name].extras)


def measure(customers: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    """Measure every metric of every customer.

    Args:
        customers: Canonical frame, one row a customer, with ``code``; the date fields that metrics read may be missing.
        facts: What the documents say; customers that ``customers`` lacks are left out.

    Returns:
        ``n × (code, has_business, documents, history_days, *METRICS)`` in the order of ``customers``.
        ``has_business``: any approved invoice in the window, a return among them, or an order that is none; see
        :data:`DOCUMENTS` and :data:`HISTORY_DAYS` for the two counts, Int64. Metric values are exact decimals, null
        where unknown: also those that need extras which were not read.
    """
    missing = [name for name in ("developed_on", "created_on") if name not in customers.columns]
    dated = customers.select("code", *{"developed_on", "created_on"} - set(missing)).with_columns(
        pl.lit(None, dtype=pl.Date).alias(name) for name in missing
    )
    joined = dated.join(facts.frame, on="code", how="left", maintain_order="left", validate="1:1").with_columns(
        pl.col("invoices", "orders").fill_null(0)
    )
    has_business = (pl.col("invoices") > 0) | (pl.col("orders") > 0) | pl.col("revenue").is_not_null()
    return joined.select(
        "code",
        has_business.alias("has_business"),
        counted(facts).alias(DOCUMENTS),
        history_days(facts).alias(HISTORY_DAYS),
        *(metric.measure(facts).cast(MONEY).alias(name) for name, metric in METRICS.items()),
    )

"""What a customer pays, and how much of what it owes is past due."""

from __future__ import annotations

from typing import Final

import polars as pl

from u8sync.domain.metrics.metric import Metric, percent_of
from u8sync.domain.model import Facts
from u8sync.text import msg

__all__ = ["OVERDUE_SHARE", "RECEIPTS"]


def _receipts(_facts: Facts) -> pl.Expr:
    """Receipts less refunds of the window, tax included as money changes hands; negative: more was given back."""
    return pl.col("receipts")


def _overdue_share(_facts: Facts) -> pl.Expr:
    """The part of the open balance that is past due, in percent; null where nothing is open.

    A credit balance is nothing open: such a customer has paid ahead. What has no share is neither good nor bad here;
    the policy says what an unknown value counts.
    """
    return percent_of(pl.col("receivable_overdue"), pl.col("receivable"))


RECEIPTS: Final = Metric(
    label=msg("receipts (with tax)"),
    unit="money",
    higher_is_better=True,
    fields=(),
    null_means=msg("receipts are not known here, or no document at all"),
    source="Ap_CloseBill.iAmount (cFlag AR, cVouchType 48 less 49)",
    measure=_receipts,
    extras=frozenset({"receivables"}),
    additive=True,
)

OVERDUE_SHARE: Final = Metric(
    label=msg("share past due"),
    unit="percent",
    higher_is_better=False,
    fields=(),
    null_means=msg("nothing is open, or open balances are not known here"),
    source="Ar_Detail.iDAmount, Ar_Detail.iCAmount, Ar_Detail.dVouchDate",
    measure=_overdue_share,
    extras=frozenset({"receivables"}),
)

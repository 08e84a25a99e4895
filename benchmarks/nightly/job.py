"""The work itself: what every contender has to come to, for every customer, to the last digit.

Read customers, invoices with their lines, orders, and cost of sales; map the management type; revenue, gross profit and
number of orders of the window; points, tier; and whether U8 holds that tier already.

* Revenue: lines of invoices that are approved, not void, no opening balance.
* Gross profit: revenue less cost of sales; unknown where no cost is booked.
* Orders: approved and no return. A customer *has business* with a line that makes revenue or an order that counts.

The policy has bands of fixed width, so that no tool needs floats or has an order of ties of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

__all__ = [
    "AFTER",
    "AS_OF",
    "BANDS",
    "FIRST",
    "LADDER",
    "LAST_TIER",
    "MANAGEMENT_TYPES",
    "NOT_CLASSIFIED",
    "POLICY",
    "UNIT",
    "Outcome",
    "checksum",
]

UNIT: Final = 10_000
"""Amounts are whole ten-thousandths: that is how the embedded account set keeps them."""

FIRST: Final = date(2025, 7, 1)
AS_OF: Final = date(2026, 6, 30)
AFTER: Final = date(2026, 7, 1)
"""The window: twelve months, all of them closed."""

BANDS: Final = {
    "revenue": (50, ((200_000, 100), (50_000, 60), (10_000, 30))),
    "gross_profit": (30, ((40_000, 100), (10_000, 60), (2_000, 30))),
    "order_count": (20, ((8, 100), (3, 50))),
}
"""Metric -> weight, and for each band its lower bound (whole currency units, or orders) and points; below all: 0."""

LADDER: Final = (("VIP", 80), ("重要", 50), ("一般", None))
"""Tier and the least score, in whole points; the last one of those with business asks for none."""

LAST_TIER: Final = "潜在"
"""Of customers without business."""

MANAGEMENT_TYPES: Final = {"999": "未分类", "01": "一般", "02": "重要", "03": "潜在", "04": "VIP"}
NOT_CLASSIFIED: Final = "未分类"
"""Meaning of a management type that is empty."""

POLICY: Final = (
    "version: 1\nwindow: {months: 12}\nscore:\n"
    + "".join(
        f"  {metric}: {{weight: {weight}, method: threshold, bands: ["
        + "".join(f"{{at_least: {least}, points: {points}}}, " for least, points in bands)
        + "{points: 0}]}\n"
        for metric, (weight, bands) in BANDS.items()
    )
    + "tiers:\n"
    + "".join(
        f"  - {{name: {tier}}}\n"
        if least is None
        else f"  - {{name: {tier}, when: {{score: {{at_least: {least}}}}}}}\n"
        for tier, least in LADDER
    )
    + f"  - {{name: {LAST_TIER}, without_business: true}}\n"
)
"""The same as a policy file of u8sync."""

Outcome = tuple[str, str, int, int | None, int, str, str | None]
"""Code, management type, revenue and gross profit in ten-thousandths, orders, tier, tier that U8 holds."""


@dataclass(frozen=True)
class Sum:
    """What a contender came to.

    Attributes:
        customers: How many.
        changes: How many of them are to get another tier.
        digest: SHA-256 over all outcomes, in the order of the codes.
    """

    customers: int
    changes: int
    digest: str


def checksum(outcomes: Iterable[Outcome]) -> Sum:
    """The sum over all customers, in whatever order they come."""
    found = hashlib.sha256()
    customers = changes = 0
    for outcome in sorted(outcomes):
        customers += 1
        changes += outcome[5] != outcome[6]
        found.update(repr(outcome).encode())
    return Sum(customers, changes, found.hexdigest())

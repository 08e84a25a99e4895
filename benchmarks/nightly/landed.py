"""The rest of the work for those who load first: one statement over what :mod:`benchmarks.nightly.reads` has landed.

Filters were applied on the way, so only the sums are left; from the figures on, it is word for word the statement that
the database itself is asked. Names are written as the target has them, in small letters.
"""

from __future__ import annotations

from typing import Final

from benchmarks.nightly.query import GROUPED
from benchmarks.nightly.reads import BOOKED, HEADS, LINES, ORDERS

__all__ = ["GROUPED_LANDED"]

_FIGURES: Final = GROUPED.index("figures AS (")

GROUPED_LANDED: Final = f"""
WITH lines AS (
  SELECT h.cCusCode AS code, SUM(l.iNatMoney) AS revenue, COUNT(*) AS lines
  FROM {HEADS.table} h JOIN {LINES.table} l ON l.SBVID = h.SBVID GROUP BY h.cCusCode
), ordered AS (
  SELECT cCusCode AS code, COUNT(*) AS orders FROM {ORDERS.table} GROUP BY cCusCode
), booked AS (
  SELECT cCusCode AS code, SUM(iAOutPrice) AS cost FROM {BOOKED.table} GROUP BY cCusCode
), {GROUPED[_FIGURES:]}"""
"""In SQLite and DuckDB alike, for neither minds capitals in a name."""

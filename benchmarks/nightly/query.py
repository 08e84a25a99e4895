"""The same work as one statement of the database: what no client can beat that lets the server add up."""

from __future__ import annotations

from typing import Final

from benchmarks.nightly.job import AFTER, BANDS, FIRST, LADDER, LAST_TIER, MANAGEMENT_TYPES, NOT_CLASSIFIED, UNIT

__all__ = ["GROUPED"]


def _points(metric: str, value: str, unit: int) -> str:
    weight, bands = BANDS[metric]
    found = " ".join(f"WHEN {value} >= {least * unit} THEN {points * weight}" for least, points in bands)
    return f"CASE {found} ELSE 0 END"


_SCORE: Final = " + ".join(
    (_points("revenue", "revenue", UNIT), _points("gross_profit", "profit", UNIT), _points("order_count", "orders", 1))
)
_LADDER: Final = " ".join(
    f"WHEN score >= {least * 100} THEN '{tier}'" if least is not None else f"ELSE '{tier}'" for tier, least in LADDER
)
_TYPES: Final = " ".join(f"WHEN '{code}' THEN '{meaning}'" for code, meaning in MANAGEMENT_TYPES.items())

GROUPED: Final = f"""
WITH lines AS (
  SELECT h.cCusCode AS code, SUM(l.iNatMoney) AS revenue, COUNT(*) AS lines
  FROM SaleBillVouch h JOIN SaleBillVouchs l ON l.SBVID = h.SBVID
  WHERE h.dDate >= '{FIRST}' AND h.dDate < '{AFTER}' AND RTRIM(COALESCE(h.cChecker, '')) <> ''
    AND RTRIM(COALESCE(h.cInvalider, '')) = '' AND COALESCE(h.bFirst, 0) = 0
  GROUP BY h.cCusCode
), ordered AS (
  SELECT cCusCode AS code, COUNT(*) AS orders FROM SO_SOMain
  WHERE dDate >= '{FIRST}' AND dDate < '{AFTER}' AND RTRIM(COALESCE(cVerifier, '')) <> ''
    AND COALESCE(bReturnFlag, 0) = 0
  GROUP BY cCusCode
), booked AS (
  SELECT cCusCode AS code, SUM(iAOutPrice) AS cost FROM IA_Subsidiary
  WHERE bSale = 1 AND bRdFlag = 0 AND iYear * 100 + iMonth BETWEEN {FIRST:%Y%m} AND {AFTER.year * 100 + AFTER.month - 1}
  GROUP BY cCusCode
), figures AS (
  SELECT c.cCusCode AS code,
         CASE RTRIM(COALESCE(c.cCusMngTypeCode, '')) {_TYPES} ELSE '{NOT_CLASSIFIED}' END AS management_type,
         COALESCE(lines.revenue, 0) AS revenue,
         CASE WHEN booked.cost IS NOT NULL THEN COALESCE(lines.revenue, 0) - booked.cost END AS profit,
         COALESCE(ordered.orders, 0) AS orders,
         COALESCE(lines.lines, 0) + COALESCE(ordered.orders, 0) AS documents, c.cCusDefine5 AS was
  FROM Customer c
  LEFT JOIN lines ON lines.code = c.cCusCode
  LEFT JOIN ordered ON ordered.code = c.cCusCode
  LEFT JOIN booked ON booked.code = c.cCusCode
), scored AS (SELECT *, {_SCORE} AS score FROM figures)
SELECT code, management_type, revenue, profit, orders,
       CASE WHEN documents = 0 THEN '{LAST_TIER}' ELSE CASE {_LADDER} END END AS tier, was
FROM scored"""
"""Code, management type, revenue, profit, orders, tier, tier that U8 holds: a customer a row."""

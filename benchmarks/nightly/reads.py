"""What a client has to read that adds up by itself: five tables, only the columns and the rows that count.

Filters and names are the same for all of them, so that nobody reads more than another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from benchmarks.nightly.job import AFTER, FIRST

__all__ = ["BOOKED", "CUSTOMERS", "HEADS", "LINES", "ORDERS", "READS", "Read"]


@dataclass(frozen=True)
class Read:
    """One table's share.

    Attributes:
        table: As U8 calls it.
        columns: Name in the result -> U8's column.
        where: SQL that SQLite and SQL Server understand alike; empty for all rows.
        number: A column of whole numbers that are spread evenly over the rows, to divide a long read by; null where it
            is not worth it.
    """

    table: str
    columns: Mapping[str, str]
    where: str = ""
    number: str | None = None

    @property
    def sql(self) -> str:
        """As a query, its columns named."""
        columns = ", ".join(f"{column} AS {name}" for name, column in self.columns.items())
        return f"SELECT {columns} FROM {self.table}{f' WHERE {self.where}' if self.where else ''}"


_WINDOW: Final = f"dDate >= '{FIRST}' AND dDate < '{AFTER}'"

CUSTOMERS: Final = Read("Customer", {"code": "cCusCode", "kind": "cCusMngTypeCode", "was": "cCusDefine5"})
HEADS: Final = Read(
    "SaleBillVouch",
    {"SBVID": "SBVID", "code": "cCusCode"},
    f"{_WINDOW} AND RTRIM(COALESCE(cChecker, '')) <> '' AND RTRIM(COALESCE(cInvalider, '')) = ''"
    " AND COALESCE(bFirst, 0) = 0",
)
LINES: Final = Read("SaleBillVouchs", {"SBVID": "SBVID", "money": "iNatMoney"}, number="AutoID")
ORDERS: Final = Read(
    "SO_SOMain",
    {"code": "cCusCode"},
    f"{_WINDOW} AND RTRIM(COALESCE(cVerifier, '')) <> '' AND COALESCE(bReturnFlag, 0) = 0",
)
BOOKED: Final = Read(
    "IA_Subsidiary",
    {"code": "cCusCode", "cost": "iAOutPrice"},
    f"bSale = 1 AND bRdFlag = 0 AND iYear * 100 + iMonth BETWEEN {FIRST:%Y%m} AND {AFTER.year * 100 + AFTER.month - 1}",
    number="AutoID",
)

READS: Final = (CUSTOMERS, HEADS, LINES, ORDERS, BOOKED)

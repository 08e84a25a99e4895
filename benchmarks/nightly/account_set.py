"""The made-up account set: so many customers with ten invoice lines each, made by SQLite itself.

Equal arguments make equal rows. Customers differ as in real books: a few have most of the business, about every eighth
has none. Each invoice has one to four lines, an order, and a row of stock accounting for each line; some invoices are
returns, void or not approved. U8 holds the right tier already for all but three customers of a hundred.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from benchmarks.nightly.job import AS_OF, FIRST, LADDER, LAST_TIER
from benchmarks.nightly.query import GROUPED
from u8sync.backends import u8_schema as u8
from u8sync.sandbox.account_set import Starts, fixed_rows, new_account_set

__all__ = ["LINES", "make"]

LINES: Final = 10
"""Invoice lines a customer, on average; exactly so many in all."""

_INVOICES: Final = 4
"""A customer; the lines of four invoices in a row are 1 + 2 + 3 + 4."""

_DAYS: Final = (AS_OF - FIRST).days + 1


def make(file: Path, customers: int) -> None:
    """Make it; a file that is there is replaced."""
    with new_account_set(file, overwrite=True) as target:
        starts = Starts(sales=FIRST, stock_accounting=FIRST, receivables=None)
        version = fixed_rows(
            target, name="基准账套", first=FIRST, last=AS_OF, starts=starts, lineage=f"bench{customers}"
        )
        for table, columns, query in _queries(customers, version):
            target.fill(table, columns, query)
    _settle(file)


def _queries(customers: int, version: int) -> Iterator[tuple[u8.Table, Sequence[str], str]]:
    """Table, columns, and the SELECT with its rows."""
    yield (
        u8.Customer,
        (
            *("cCusCode", "cCusName", "cCusAbbName", "cCCCode", "cDCCode", "cCusMngTypeCode"),
            *("dCusDevDate", "dCusCreateDatetime", "pubufts"),
        ),
        f"""
        SELECT printf('%08d', n), '第' || n || '贸易有限公司', '简称' || n, '0101001', printf('%02d', n % 31),
               substr('999010203049990', 1 + n % 5 * 3, CASE n % 5 WHEN 0 THEN 3 ELSE 0 END)
                 || CASE n % 5 WHEN 1 THEN '01' WHEN 2 THEN '02 ' WHEN 3 THEN '03' ELSE '' END,
               date('2015-01-01', '+' || (n % 3000) || ' days') || ' 00:00:00',
               date('2015-01-01', '+' || (n % 3000) || ' days') || ' 00:00:00', {version} + n
        FROM ({_numbers(customers)})""",
    )
    # Made once in each query: each use of a value would be worked out again otherwise.
    invoices = f"WITH invoice AS MATERIALIZED ({_invoices(customers)})"
    yield (
        u8.SaleBillVouch,
        (
            *("SBVID", "cSBVCode", "cVouchType", "dDate", "cCusCode", "cexch_name", "iExchRate"),
            *("bReturnFlag", "bFirst", "cChecker", "cVerifier", "cInvalider"),
        ),
        f"""
        {invoices}
        SELECT n, printf('XS%010d', n), '26', day, customer, '人民币', 1, back, 0,
               CASE WHEN n % 131 = 0 THEN '' ELSE 'demo' END, 'demo', CASE WHEN n % 197 = 0 THEN 'demo' END
        FROM invoice""",
    )
    lines = f"""{invoices}, line AS MATERIALIZED (
        SELECT n, day, customer, back, column1 AS k,
               (1 - 2 * back) * (1 + (h / 8 + column1 * 7919) % 97) * (1 + (h / 1024 + column1 * 104729) % 9973) * 100
                 AS money, 1 + (h + column1) % 400 AS item
        FROM invoice, (VALUES (1), (2), (3), (4)) WHERE column1 <= 1 + n % 4)"""
    yield (
        u8.SaleBillVouchs,
        ("SBVID", "cInvCode", "iQuantity", "iMoney", "iTax", "iSum", "iNatMoney", "iNatTax", "iNatSum"),
        f"""
        {lines}
        SELECT n, printf('%05d', item), 1, money, money * 13 / 100, money * 113 / 100,
               money, money * 13 / 100, money * 113 / 100
        FROM line""",
    )
    yield (
        u8.IASubsidiary,
        (
            *("ID", "cVouCode", "cVouType", "iYear", "iMonth", "dVouDate", "dKeepDate", "bRdFlag", "bSale"),
            *("cCusCode", "cInvCode", "iAOutQuantity", "iOutCost", "iAOutPrice"),
        ),
        f"""
        {lines}
        SELECT n, printf('XS%010d', n), '26', CAST(substr(day, 1, 4) AS INT), CAST(substr(day, 6, 2) AS INT), day, day,
               0, 1, customer, printf('%05d', item), 1, 1, money * (62 + item % 30) / 100
        FROM line WHERE n % 131 <> 0 AND n % 197 <> 0""",
    )
    yield (
        u8.SOSOMain,
        ("ID", "cSOCode", "dDate", "cCusCode", "cSTCode", "cDepCode", "cexch_name", "bReturnFlag", "cVerifier"),
        f"""
        {invoices}
        SELECT n, printf('SO%010d', n), day, customer, '01', '0201', '人民币', back,
               CASE WHEN n % 151 = 0 THEN '' ELSE 'demo' END
        FROM invoice""",
    )


def _numbers(count: int) -> str:
    return f"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {count}) SELECT n FROM c"


def _invoices(customers: int) -> str:
    """Number, hash, day (numbers go up with the days), customer (few have most of them), and whether it is a return."""
    most = customers * _INVOICES
    return f"""
        SELECT n, h, date('{FIRST}', '+' || (n * {_DAYS} / {most + 1}) || ' days') || ' 00:00:00' AS day,
               printf('%08d', 1 + CAST({customers} * (u * u) AS INT)) AS customer, n % 41 = 0 AS back
        FROM (SELECT n, h, (h * (h % 1048573 + 7) >> 5 & 4294967295) / 4294967296.0 AS u
              FROM (SELECT n, (n * 2654435761 & 4294967295) >> 3 AS h FROM ({_numbers(most)})))"""


def _settle(file: Path) -> None:
    """Let U8 hold the right tier, but for three customers of a hundred."""
    tiers = [tier for tier, _ in LADDER] + [LAST_TIER]
    others = " ".join(f"WHEN '{tier}' THEN '{tiers[at - 1]}'" for at, tier in enumerate(tiers))
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute(f"CREATE TEMP TABLE right AS SELECT code, tier FROM ({GROUPED})")
        connection.execute("DROP TRIGGER u8_rowversion_Customer_UPDATE")
        connection.execute(f"""
            UPDATE Customer SET cCusDefine5 =
                CASE WHEN CAST(cCusCode AS INT) % 33 = 0 THEN CASE tier {others} END ELSE tier END
            FROM right WHERE code = cCusCode""")
        for trigger in u8.rowversion_triggers():
            if "u8_rowversion_Customer_UPDATE" in trigger:
                connection.execute(trigger)
        connection.execute("PRAGMA journal_mode = DELETE")


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]))

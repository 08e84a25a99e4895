"""A purchase history as an account set: the same purchases, exact, and all problems of a bad file at once."""

import csv
import gzip
import hashlib
import io
import sqlite3
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from u8sync.errors import ConfigError, InputError
from u8sync.sandbox.account_set import SandboxSummary
from u8sync.sandbox.importer import import_purchases

CDNOW = Path(__file__).parents[1] / "data" / "cdnow.csv.gz"

PLAIN = """customer,date,quantity,amount
007,2026-01-05,2,19.90
7,2026/1/4,1,0.0001
007,20260203,-1,-9.95
"""
SALES = (
    "SELECT h.cCusCode, h.dDate, l.iQuantity, l.iNatMoney, h.bReturnFlag FROM SaleBillVouch h "
    "JOIN SaleBillVouchs l ON l.SBVID = h.SBVID ORDER BY h.SBVID"
)
AS_U8 = [
    ("7", "2026-01-04 00:00:00", 1, 1, 0),
    ("007", "2026-01-05 00:00:00", 2, 199_000, 0),
    ("007", "2026-02-03 00:00:00", -1, -99_500, 1),
]


def ask(file: Path, question: str) -> list[Any]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(question).fetchall()


def take(
    tmp_path: Path, progress: Any, text: str | bytes, *, encoding: str = "utf-8", name: str = "history.csv"
) -> SandboxSummary:
    source = tmp_path / name
    source.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return import_purchases(source, tmp_path / "made.db", progress=progress)


def problems_of(tmp_path: Path, progress: Any, text: str | bytes) -> tuple[list[Any], ConfigError]:
    with pytest.raises(ConfigError) as caught:
        take(tmp_path, progress, text)
    assert not (tmp_path / "made.db").exists()
    return [(p.place and (p.place.line, p.place.column), str(p.message)) for p in caught.value.problems], caught.value


def test_each_purchase_becomes_an_approved_order_and_an_approved_invoice(tmp_path: Path, progress: Any) -> None:
    summary = take(tmp_path, progress, PLAIN)
    file = tmp_path / "made.db"

    assert ask(file, SALES) == AS_U8
    orders = (
        "SELECT h.cCusCode, h.dDate, l.iQuantity, l.iNatMoney, h.bReturnFlag FROM SO_SOMain h "
        "JOIN SO_SODetails l ON l.ID = h.ID WHERE h.cVerifier <> '' ORDER BY h.ID"
    )
    assert ask(file, orders) == AS_U8
    assert ask(file, "SELECT count(*) FROM SaleBillVouch WHERE cChecker <> '' AND cInvalider IS NULL") == [(3,)]
    assert (summary.customers, summary.invoice_lines) == (2, 3)
    assert (summary.first_day, summary.last_day) == (date(2026, 1, 4), date(2026, 2, 3))
    assert progress.open == 0


def test_what_the_history_does_not_say_stays_unknown(tmp_path: Path, progress: Any) -> None:
    take(tmp_path, progress, PLAIN)
    file = tmp_path / "made.db"

    customers = "SELECT cCusCode, cCusName, cCusAbbName, dCusDevDate, dCusCreateDatetime FROM Customer ORDER BY 1"
    assert ask(file, customers) == [
        ("007", "007", "007", None, "2026-01-05 00:00:00"),
        ("7", "7", "7", None, "2026-01-04 00:00:00"),
    ]
    assert ask(file, "SELECT cValue FROM AccInformation WHERE cSysID = 'IA' AND cName = 'dStartDate'") == [("",)]
    assert ask(file, "SELECT count(*) FROM IA_Subsidiary") == [(0,)]
    leaf = "SELECT DISTINCT k.bCCEnd FROM Customer c JOIN CustomerClass k ON k.cCCCode = c.cCCCode"
    assert ask(file, leaf) == [(1,)]


def test_costs_go_to_stock_accounting_where_they_are_filled(tmp_path: Path, progress: Any) -> None:
    take(
        tmp_path,
        progress,
        "cost,customer,date,quantity,amount\n3.5,A,2026-01-05,1,9\n,A,2026-02-05,1,9\n0,B,2026-03-01,0,1\n",
    )
    file = tmp_path / "made.db"

    posted = "SELECT cCusCode, iYear, iMonth, iAOutPrice, bSale, bRdFlag FROM IA_Subsidiary ORDER BY AutoID"
    assert ask(file, posted) == [("A", 2026, 1, 35_000, 1, 0), ("B", 2026, 3, 0, 1, 0)]
    assert ask(file, "SELECT cValue FROM AccInformation WHERE cSysID = 'IA'") == [("2026-01-05",)]


def test_a_cost_column_that_is_empty_all_through_is_no_stock_accounting(tmp_path: Path, progress: Any) -> None:
    take(tmp_path, progress, "customer,date,quantity,amount,cost\nA,2026-01-05,1,9,\n")

    assert ask(tmp_path / "made.db", "SELECT cValue FROM AccInformation WHERE cSysID = 'IA'") == [("",)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["newline", "windows"])
def test_chinese_headers_in_any_order_encoding_and_delimiter(
    tmp_path: Path, progress: Any, encoding: str, delimiter: str, end: str
) -> None:
    lines = ["金额,备注,客户,数量,日期", "12.5,老客户,杭州明远,1,2026-01-05", "1,,临时01,1,2026-01-06"]
    take(tmp_path, progress, "".join(line.replace(",", delimiter) + end for line in lines), encoding=encoding)

    assert ask(tmp_path / "made.db", SALES) == [
        ("杭州明远", "2026-01-05 00:00:00", 1, 125_000, 0),
        ("临时01", "2026-01-06 00:00:00", 1, 10_000, 0),
    ]


def test_quoted_cells_may_hold_delimiters_and_line_ends(tmp_path: Path, progress: Any) -> None:
    take(
        tmp_path,
        progress,
        '"customer","date","quantity","amount","note"\n"A,1",2026-01-05,1,"5","one\ntwo"\n\nB,2026-01-06,1,6,\n',
    )

    assert [row[0] for row in ask(tmp_path / "made.db", SALES)] == ["A,1", "B"]


def test_a_packed_file_gives_the_lineage_of_the_plain_one(tmp_path: Path, progress: Any) -> None:
    take(tmp_path, progress, gzip.compress(PLAIN.encode()), name="history.csv.gz")

    assert ask(tmp_path / "made.db", SALES) == AS_U8
    digest = hashlib.sha256(PLAIN.encode()).hexdigest()
    assert ask(tmp_path / "made.db", "SELECT value FROM u8sync_sandbox WHERE name = 'lineage'") == [(digest[:16],)]


def test_amounts_are_exact_also_where_binary_fractions_are_not(tmp_path: Path, progress: Any) -> None:
    take(
        tmp_path, progress, "customer,date,quantity,amount\nA,2026-01-05,0.5,90071992547409.9301\nA,2026-01-05,1,0.1\n"
    )

    assert [row[3] for row in ask(tmp_path / "made.db", SALES)] == [900_719_925_474_099_301, 1000]


def test_all_problems_are_shown_at_once_with_line_and_column(tmp_path: Path, progress: Any) -> None:
    text = (
        "customer,date,quantity,amount,cost\n"
        ",2026-02-30,x,1.23456,1\n"
        f'{"A" * 21},2026-01-05,1,"1,234.50",abc\n'
        "B,2026-1/5,1,NaN,1\n"
        "B,1752-12-31,1,99999999999999999999,1\n"
        "B,2026-01-05,1\n"
        "b,2026-01-05,1,1e3,1\n"
        "B,2026-01-05,1,5,2\n"
    )
    problems, error = problems_of(tmp_path, progress, text)

    assert [place for place, _ in problems] == [
        (2, 1), (2, 2), (2, 3), (2, 4), (3, 1), (3, 4), (3, 5), (4, 2), (4, 4), (5, 2), (5, 4), (6, 4), (7, 1), (7, 4)
    ]  # fmt: skip
    assert "14 problem(s)" in str(error)
    assert problems[0][1] == "The customer code is missing."
    assert problems[-2][1] == "Customer codes b and B are the same to U8."


def test_twenty_problems_are_shown_and_all_are_counted(tmp_path: Path, progress: Any) -> None:
    text = "customer,date,quantity,amount\n" + "A,never,1,1\n" * 50
    problems, error = problems_of(tmp_path, progress, text)

    assert len(problems) == 21
    assert problems[-1] == (None, "30 more problem(s) are not shown.")
    assert str(error.message).endswith("50 problem(s)")


def test_missing_and_double_columns_are_named_together(tmp_path: Path, progress: Any) -> None:
    problems, _ = problems_of(tmp_path, progress, "客户,Customer,数量\nA,A,1\n")

    assert problems == [
        ((1, 2), "Column customer stands there twice."),
        ((1, 1), "Column date is missing."),
        ((1, 1), "Column amount is missing."),
    ]


@pytest.mark.parametrize("text", ["", "\n\n", "customer,date,quantity,amount\n"], ids=["empty", "blank", "header only"])
def test_a_file_without_purchases_is_refused(tmp_path: Path, progress: Any, text: str | bytes) -> None:
    problems, _ = problems_of(tmp_path, progress, text)

    assert problems == [(None, "The file holds no purchase.")]


@pytest.mark.parametrize(
    "data", [PLAIN.encode("utf-16"), b"SQLite format 3\0", b"\xff\xff\xff"], ids=["utf-16", "database", "neither"]
)
def test_a_file_that_is_no_such_text_is_refused(tmp_path: Path, progress: Any, data: bytes | None) -> None:
    problems, _ = problems_of(tmp_path, progress, data)

    assert problems == [(None, "The file is no text in UTF-8 or GB18030.")]


def test_a_broken_quote_is_a_problem_of_its_line(tmp_path: Path, progress: Any) -> None:
    problems, _ = problems_of(
        tmp_path, progress, 'customer,date,quantity,amount\nA,2026-01-05,1,1\n"B"x,2026-01-05,1,1\n'
    )

    assert [place for place, _ in problems] == [(3, 1)]


@pytest.mark.parametrize("data", [None, gzip.compress(b"customer")[:-9]], ids=["missing", "cut off"])
def test_a_file_that_cannot_be_read_is_an_input_error(tmp_path: Path, progress: Any, data: bytes | None) -> None:
    source = tmp_path / "history.csv.gz"
    if data is not None:
        source.write_bytes(data)

    with pytest.raises(InputError, match="cannot be read") as caught:
        import_purchases(source, tmp_path / "made.db", progress=progress)
    assert caught.value.hint is not None


def test_an_account_set_that_exists_is_left_alone(tmp_path: Path, progress: Any) -> None:
    (tmp_path / "made.db").write_bytes(b"precious")

    with pytest.raises(InputError, match="exists already"):
        take(tmp_path, progress, PLAIN)
    assert (tmp_path / "made.db").read_bytes() == b"precious"


def test_importing_twice_gives_equal_rows(tmp_path: Path, progress: Any) -> None:
    dumps = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        take(tmp_path / name, progress, PLAIN)
        with closing(sqlite3.connect(tmp_path / name / "made.db")) as connection:
            dumps.append(list(connection.iterdump()))

    assert dumps[0] == dumps[1]


def test_cdnow_arrives_whole(tmp_path: Path, progress: Any) -> None:
    rows = list(csv.DictReader(io.StringIO(gzip.decompress(CDNOW.read_bytes()).decode("ascii"))))
    total = sum(Decimal(row["amount"]) for row in rows)
    assert (len(rows), len({row["customer"] for row in rows}), total) == (69_659, 23_570, Decimal("2500315.63"))

    summary = import_purchases(CDNOW, tmp_path / "cdnow.db", progress=progress)

    file = tmp_path / "cdnow.db"
    assert (summary.customers, summary.invoice_lines) == (23_570, 69_659)
    assert (summary.first_day, summary.last_day) == (date(1997, 1, 1), date(1998, 6, 30))
    assert ask(file, "SELECT count(*) FROM Customer") == [(23_570,)]
    invoices = (
        "SELECT count(*), count(DISTINCT h.SBVID), count(DISTINCT h.cCusCode), sum(l.iNatMoney), sum(l.iQuantity) "
    )
    joined = "FROM SaleBillVouch h JOIN SaleBillVouchs l ON l.SBVID = h.SBVID"
    assert ask(file, invoices + joined) == [(69_659, 69_659, 23_570, 25_003_156_300, 167_881)]
    assert ask(file, "SELECT count(*), sum(iNatMoney) FROM SO_SODetails") == [(69_659, 25_003_156_300)]

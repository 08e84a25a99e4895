"""What SQL Server is known to answer, and the emulation with it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from emulated import EmulatedServer
from emulated.client import Client
from tds.seam import Done, Result

ANSWERS: dict[str, Any] = {
    # whole numbers
    "SELECT 7 / 2": 3,
    "SELECT -7 / 2": -3,
    "SELECT -7 % 3": -1,
    "SELECT CAST('12' AS int) + 1": 13,
    "SELECT CAST(2.7 AS int)": 2,
    "SELECT CAST(CAST(2.7 AS money) AS int)": 3,
    "SELECT CAST(5 AS bit)": True,
    "SELECT 5 & 3": 1,
    # exact numbers
    "SELECT 1.1 + 2.20": Decimal("3.30"),
    "SELECT 0.1 + 0.2": Decimal("0.3"),
    "SELECT 1.5 * 1.5": Decimal("2.25"),
    "SELECT 2.0 / 3": Decimal("0.666666"),
    "SELECT CAST(1.005 AS decimal(10,2))": Decimal("1.01"),
    "SELECT CAST('0.1' AS decimal(18,4))": Decimal("0.1000"),
    "SELECT SUM(iNatMoney) FROM SaleBillVouchs WHERE SBVID < 3": Decimal("-0.0333"),
    "SELECT CAST(CAST(SUM(iNatMoney) AS decimal(38,4)) * 10000 AS bigint) FROM SaleBillVouchs WHERE SBVID < 3": -333,
    "SELECT CAST(CAST(MAX(iNatMoney) AS decimal(38,4)) * 10000 AS bigint) FROM SaleBillVouchs": 2**63 - 1,
    "SELECT MAX(iNatMoney) FROM SaleBillVouchs": Decimal("922337203685477.5807"),
    "SELECT SUM(CASE WHEN iNatMoney < 0 THEN iNatMoney END) FROM SaleBillVouchs": Decimal("-0.3333"),
    "SELECT iQuantity FROM SaleBillVouchs WHERE AutoID = 12": Decimal("2.5000000000"),
    "SELECT iNatMoney * 2 FROM SaleBillVouchs WHERE AutoID = 12": Decimal("0.4000"),
    "SELECT COUNT(*) FROM SaleBillVouchs WHERE iNatMoney > 0.15": 2,
    "SELECT COUNT(iQuantity) FROM SaleBillVouchs": 3,
    "SELECT SUM(iNatMoney) FROM SaleBillVouchs WHERE SBVID = 99": None,
    # text
    "SELECT LEN(N'ab  ')": 2,
    "SELECT LEN(N'金😀')": 3,
    "SELECT DATALENGTH(N'ab  ')": 8,
    "SELECT RTRIM(LTRIM(N'  a b  '))": "a b",
    "SELECT N'a' + N'b'": "ab",
    "SELECT 'a' + NULL": None,
    "SELECT LEFT(N'客户档案', 2)": "客户",
    "SELECT RIGHT(N'客户档案', 2)": "档案",
    "SELECT SUBSTRING('abc', 2, 5)": "bc",
    "SELECT CHARINDEX('B', 'abc')": 2,
    "SELECT REPLACE('a-b', '-', '+')": "a+b",
    "SELECT UPPER('abc')": "ABC",
    "SELECT CAST('abcdef' AS varchar(3))": "abc",
    "SELECT COALESCE(NULL, N'x')": "x",
    "SELECT ISNULL(NULLIF(N'', ' '), N'cut to the width of the first')": "c",
    "SELECT QUOTENAME('a]b')": "[a]]b]",
    "SELECT CAST(1 AS varchar(10)) + CAST(CAST(1.5 AS money) AS varchar(10))": "11.50",
    "SELECT CAST(CAST(0.1 AS float) AS varchar(30))": "0.1",
    "SELECT CAST(12.30 AS varchar(10))": "12.30",
    # a collation that minds neither case, nor width, nor trailing blanks
    "SELECT COUNT(*) FROM Customer WHERE cCusCode = 'c001'": 1,
    "SELECT COUNT(*) FROM Customer WHERE cCusCode IN (N'Ｃ００１', N'C002  ', N'nobody')": 2,
    "SELECT COUNT(*) FROM Customer WHERE 'C001 ' = cCusCode": 1,
    "SELECT COUNT(*) FROM SaleBillVouch v JOIN Customer c ON c.cCusCode = v.cCusCode": 3,
    "SELECT COUNT(DISTINCT x) FROM (SELECT N'a' AS x UNION ALL SELECT N'A ') AS q": 1,
    "SELECT COUNT(*) FROM (SELECT N'a' AS x UNION SELECT N'Ａ') AS q": 1,
    "SELECT MAX(n) FROM (SELECT COUNT(*) AS n FROM SaleBillVouch GROUP BY RTRIM(cCusCode)) AS q": 2,
    "SELECT COUNT(*) FROM Customer WHERE RTRIM(COALESCE(cCusDefine4, '')) <> ''": 2,
    "SELECT COUNT(*) FROM Customer WHERE cCusDefine4 = N'银'": 1,
    "SELECT COUNT(*) FROM Customer WHERE cCusName LIKE N'%贸易%'": 1,
    "SELECT COUNT(*) FROM Customer WHERE cCusCode LIKE '[0-9][0-9]_'": 1,
    "SELECT COUNT(*) FROM Customer WHERE cCusCode LIKE 'c%' COLLATE DATABASE_DEFAULT": 2,
    # days
    "SELECT CONVERT(varchar(10), dDate, 120) FROM SaleBillVouch WHERE SBVID = 1": "2026-01-05",
    "SELECT CONVERT(varchar(10), MIN(dDate), 120) FROM SaleBillVouch": "2026-01-05",
    "SELECT CONVERT(nvarchar(19), dEndDate, 120) FROM Customer WHERE cCusCode = 'C001'": "2026-12-31 00:00:00",
    "SELECT CONVERT(varchar(8), CAST('2026-01-05' AS datetime), 112)": "20260105",
    "SELECT CAST(CAST('20260105 13:14:15.678' AS datetime) AS varchar(30))": "Jan  5 2026  1:14PM",
    "SELECT CAST('20260105 13:14:15.678' AS datetime)": datetime.fromisoformat("2026-01-05 13:14:15.677"),
    "SELECT CAST('20260105 13:14:15.678' AS datetime2)": datetime.fromisoformat("2026-01-05 13:14:15.678"),
    "SELECT CAST(CAST('2026-01-05 13:14' AS datetime) AS date)": date(2026, 1, 5),
    "SELECT COUNT(*) FROM SaleBillVouch WHERE dDate BETWEEN '2026-01-05' AND '20260228'": 2,
    "SELECT COUNT(*) FROM SaleBillVouch WHERE dDate < CAST('2026-02-28' AS date)": 1,
    "SELECT DATEDIFF(day, '2026-01-31 23:59', '2026-02-01')": 1,
    "SELECT DATEADD(month, 1, CAST('2026-01-31' AS datetime))": datetime.fromisoformat("2026-02-28 00:00:00"),
    "SELECT YEAR(dDate) * 100 + MONTH(dDate) FROM SaleBillVouch WHERE SBVID = 2": 202602,
    "SELECT {ts '2026-01-05 00:00:00'}": datetime.fromisoformat("2026-01-05 00:00:00"),
    # bytes
    "SELECT CONVERT(varchar(18), CAST(255 AS binary(8)), 1)": "0x00000000000000FF",
    "SELECT CAST(0x0000000000000102 AS bigint)": 258,
    "SELECT 0xFF": b"\xff",
    # shapes
    "SELECT TOP 1 cCusCode FROM Customer WHERE cCusCode > N'007' ORDER BY cCusCode": "C001",
    "SELECT TOP (1) cCusCode AS k FROM Customer ORDER BY k DESC": "c002",
    "SELECT COUNT(*) FROM Customer c LEFT JOIN SaleBillVouch v ON v.cCusCode = c.cCusCode WHERE v.SBVID IS NULL": 1,
    "SELECT COUNT(*) FROM Customer WHERE cCusCode NOT IN (SELECT cCusCode FROM SaleBillVouch)": 1,
    "SELECT COUNT(*) FROM Customer c WHERE NOT EXISTS (SELECT 1 FROM SaleBillVouch v WHERE v.cCusCode = c.cCusCode)": 1,
    "SELECT MAX(n) FROM (SELECT ROW_NUMBER() OVER (ORDER BY cCusCode DESC) AS n FROM Customer) q": 3,
    "SELECT MAX(n) FROM (SELECT COUNT(*) OVER (PARTITION BY cCusCode) AS n FROM SaleBillVouch) AS q": 2,
    "WITH q (a) AS (SELECT 1 UNION ALL SELECT 2) SELECT SUM(a) FROM q": 3,
    "SELECT (SELECT MAX(SBVID) FROM SaleBillVouch)": 3,
    "SELECT CASE bCusState WHEN 1 THEN 'yes' ELSE 'no' END FROM Customer WHERE cCusCode = 'C001'": "yes",
    "SELECT COUNT(*) FROM UFDATA_999_2015.dbo.Customer": 0,
    "SELECT COUNT(*) FROM [UFDATA_999_2019]..[Customer]": 3,
    "SELECT COUNT(*) FROM ufsystem..ua_account": 0,
    "SELECT COUNT(*) FROM [Customer] WITH (UPDLOCK, ROWLOCK) WHERE [Customer].[cCusCode] > N''": 3,
    "SELECT COUNT(*) FROM Customer WITH (READCOMMITTEDLOCK)": 3,
    "SELECT COUNT(*) FROM Customer AS c WITH (NOLOCK) OPTION (RECOMPILE)": 3,
    "SELECT x FROM (VALUES (1, N'a'), (2, NULL)) AS v (n, x) WHERE n = 1": "a",
    # the session
    "SELECT DB_NAME()": "UFDATA_999_2019",
    "SELECT SUSER_SNAME() + ORIGINAL_LOGIN()": "adminadmin",
    "SELECT USER_NAME() + SCHEMA_NAME() + CURRENT_USER": "dbodbodbo",
    "SELECT APP_NAME()": "u8sync",
    "SELECT @@SERVERNAME": "U8SERVER",
    "SELECT @@TRANCOUNT": 0,
    "SELECT @@LOCK_TIMEOUT": -1,
    "SELECT CAST(SERVERPROPERTY('ProductVersion') AS VARCHAR(128))": "10.50.6000.34",
    "SELECT DATABASEPROPERTYEX(DB_NAME(), 'Collation')": "Chinese_PRC_CI_AS",
    "SELECT HAS_DBACCESS('nowhere')": None,
    "SELECT 1 WHERE OBJECT_ID(N'[dbo].[Customer]', 'U') IS NOT NULL": 1,
    "SELECT OBJECT_ID('nowhere')": None,
    "SELECT COL_LENGTH('dbo.Customer', 'cCusCode')": 40,
    "DECLARE @n int; SET @n = 2; SELECT @n = @n + COUNT(*) FROM Customer; SELECT @n": 5,
    "DECLARE @a nvarchar(2); SET @a = N'abc'; SELECT @a": "ab",
    "IF 1 > 2 SELECT 'a' ELSE BEGIN SELECT 'b' END": "b",
    "EXEC sp_executesql N'SELECT @x + 1', N'@x int', @x = 41": 42,
    "EXEC(N'SELECT 5')": 5,
    "SELECT COUNT(*) FROM fn_listextendedproperty(default, default, default, default, default, default, default)": 0,
}


@pytest.mark.parametrize("sql", ANSWERS)
def test_an_expression_has_the_value_that_sql_server_gives_it(client: Client, sql: str) -> None:
    value, expected = client.value(sql), ANSWERS[sql]
    assert value == expected
    assert type(value) is type(expected)
    if isinstance(expected, Decimal):
        assert value.as_tuple() == expected.as_tuple()


TYPES = {
    "iNatMoney": ("money", None, None, None),
    "iQuantity": ("decimal", None, 30, 10),
    "SUM(iNatMoney)": ("money", None, None, None),
    "SUM(iQuantity)": ("decimal", None, 38, 10),
    "SUM(AutoID)": ("int", None, None, None),
    "COUNT(*)": ("int", None, None, None),
    "COUNT_BIG(*)": ("bigint", None, None, None),
    "CAST(SUM(iNatMoney) AS decimal(38,4)) * 10000": ("decimal", None, 38, 4),
    "iNatMoney * 2": ("money", None, None, None),
    "MIN(AutoID) + 0.5": ("decimal", None, 12, 1),
    "N'ab' + 'c'": ("nvarchar", 3, None, None),
    "CAST('a' AS nvarchar(max))": ("nvarchar", -1, None, None),
    "CAST('a' AS varchar)": ("varchar", 30, None, None),
    "GETDATE()": ("datetime", None, None, None),
    "ROW_NUMBER() OVER (ORDER BY MIN(AutoID))": ("bigint", None, None, None),
}


@pytest.mark.parametrize("expression", TYPES)
def test_an_expression_has_the_type_that_sql_server_gives_it(client: Client, expression: str) -> None:
    grouped = "" if "(" in expression else " GROUP BY iNatMoney, iQuantity"
    (result,) = client.replies(f"SELECT {expression} FROM SaleBillVouchs WHERE SBVID < 3{grouped}")
    assert isinstance(result, Result)
    (column,) = result.columns
    assert (column.type, column.size, column.precision, column.scale) == TYPES[expression]


def test_row_versions_are_eight_bytes_that_grow_with_each_change(client: Client) -> None:
    before = client.rows("SELECT cCusCode, pubufts FROM Customer ORDER BY pubufts")
    assert [len(version) for _, version in before] == [8, 8, 8]
    client.replies("UPDATE Customer SET cCusDefine4 = cCusDefine4 WHERE cCusCode = 'C001'")
    code, version = client.rows("SELECT cCusCode, pubufts FROM Customer ORDER BY pubufts")[-1]
    assert code == "C001"
    assert version > before[-1][1]
    assert client.value("SELECT @@DBTS") == version
    assert client.value("SELECT cCusCode FROM Customer WHERE pubufts = @P1", version) == "C001"
    shown = client.value("SELECT CONVERT(varchar(18), CONVERT(binary(8), MAX(pubufts)), 1) FROM Customer")
    assert shown == f"0x{version.hex().upper()}"


def test_parameters_meet_columns_in_the_columns_type(client: Client) -> None:
    assert (
        client.value(
            "SELECT COUNT(*) FROM SaleBillVouch WHERE dDate >= @P1", datetime.fromisoformat("2026-02-28 00:00:00")
        )
        == 2
    )
    assert client.value("SELECT COUNT(*) FROM SaleBillVouchs WHERE iNatMoney = @P1", Decimal("0.2")) == 1
    assert client.value("SELECT COUNT(*) FROM Customer WHERE iCusCreLine = @P1", 0.1) == 1
    assert client.value("SELECT COUNT(*) FROM Customer WHERE bCusState = @P1", True) == 1
    assert client.value("SELECT COUNT(*) FROM SaleBillVouch WHERE SBVID = @P1", "2") == 1
    assert client.value("SELECT COUNT(*) FROM Customer WHERE cCusName = @P1", None) == 0


def test_a_list_may_have_2100_parameters_and_no_more(client: Client) -> None:
    def count(number: int) -> Any:
        places = ", ".join(f"@P{at}" for at in range(1, number + 1))
        codes = [f"N{at}" for at in range(number - 1)]
        return f"SELECT COUNT(*) FROM Customer WHERE cCusCode IN ({places})", *codes, "C001"

    assert client.value(*count(2100)) == 1
    assert client.error(*count(2101)).number == 8003


def test_the_collation_is_a_setting(make_server: Any) -> None:
    client = Client(make_server(collation="Chinese_PRC_CS_AS"))
    assert client.value("SELECT COUNT(*) FROM Customer WHERE cCusCode = 'c001'") == 0
    assert client.value("SELECT COUNT(*) FROM Customer WHERE cCusCode = N'C００1 '") == 1


def test_one_update_sets_many_rows_from_a_list_of_values(client: Client) -> None:
    sql = (
        "UPDATE [Customer] SET cCusDefine4 = v.x, dModifyDate = @P1 FROM [Customer], (VALUES (@P2, @P3), (@P4, @P5))"
        " AS v (k, x) WHERE [Customer].cCusCode = v.k; SELECT @@ROWCOUNT"
    )
    *_, counted, result = client.replies(
        sql, datetime.fromisoformat("2026-04-01 18:30:00"), "c001 ", "铜", "nobody", "铜"
    )
    assert counted == Done(1)
    assert isinstance(result, Result)
    assert result.rows == [(1,)]
    rows = client.rows("SELECT cCusDefine4, dModifyDate FROM Customer WHERE cCusCode = 'C001'")
    assert rows == [("铜", datetime.fromisoformat("2026-04-01 18:30:00"))]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE c SET c.cCusDefine4 = v.cChecker FROM Customer c JOIN SaleBillVouch v ON v.cCusCode = c.cCusCode",
        "UPDATE Customer SET cCusDefine4 = v.cChecker FROM SaleBillVouch AS v WHERE v.cCusCode = Customer.cCusCode",
    ],
)
def test_an_update_may_join_its_table_under_another_name(client: Client, sql: str) -> None:
    assert client.counts(sql) == [2]
    assert client.value("SELECT cCusDefine4 FROM Customer WHERE cCusCode = 'C001'") == "张三"


def test_rows_come_and_go(client: Client) -> None:
    assert client.counts("INSERT INTO UserDefine (cID, cValue) SELECT cCusCode, cCusAbbName FROM Customer") == [3]
    assert client.counts("DELETE FROM UserDefine WHERE cID <> '007'") == [2]
    assert client.rows("SELECT * FROM UserDefine") == [("007", "零零七")]


def test_an_insert_without_its_identity_gets_one(client: Client) -> None:
    insert = "INSERT INTO IA_Subsidiary (iYear, iMonth) OUTPUT inserted.AutoID VALUES (2026, 1)"
    assert client.value(insert) == 1
    assert client.value(f"{insert}; SELECT SCOPE_IDENTITY()") == 2


def test_nocount_keeps_row_counts_back(client: Client) -> None:
    assert client.counts("SET NOCOUNT ON; UPDATE Customer SET cCusDefine4 = NULL; SELECT @@ROWCOUNT") == [None, None]
    assert client.counts("SET NOCOUNT OFF UPDATE Customer SET cCusDefine4 = NULL") == [None, 3]


def test_format_only_answers_with_columns_and_no_rows(client: Client) -> None:
    replies = client.replies(" set fmtonly on select cCusCode from Customer where 1=2 set fmtonly off")
    (result,) = (reply for reply in replies if isinstance(reply, Result))
    assert [column.name for column in result.columns] == ["cCusCode"]
    assert client.value("SELECT COUNT(*) FROM Customer") == 3


def test_rows_of_a_large_result_come_as_they_are_asked_for(server: EmulatedServer, client: Client) -> None:
    with server.back_door("UFDATA_999_2019") as door:
        door.execute("BEGIN")
        door.executemany(
            "INSERT INTO UserDefine (cID, cValue) VALUES (?, 'x')", ((str(number),) for number in range(5000))
        )
        door.execute("COMMIT")
    (result,) = client.session.execute("SELECT cID FROM UserDefine", [])
    assert isinstance(result, Result)
    rows = iter(result.rows)
    assert next(rows) == ("0",)
    client.session.cancel()
    assert len(list(rows)) < 4999
    assert client.value("SELECT COUNT(*) FROM UserDefine") == 5000

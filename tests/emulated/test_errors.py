"""Mistakes, and the numbers by which SQL Server tells them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from emulated import EmulatedServer
from emulated.client import Client
from tds.seam import Login, SqlError

LONG = "N'123456789012345678901'"

ERRORS: dict[str, int] = {
    "SELECT FROM Customer": 156,
    "SELECT cCusCode Customer WHERE": 156,
    "SELECT a FROM Customer LIMIT 5": 102,
    "SELECT 'a' || 'b'": 102,
    "SELECT cCusCode = cCusName = 'a' FROM Customer": 102,
    "SELECT 1 FROM Customer ON CONFLICT": 156,
    "SELECT 'open": 105,
    "SELECT key FROM Customer": 156,
    "SELECT 1 AS order": 156,
    "SELECT 1 FROM Customer WHERE cCusCode": 4145,
    "SELECT 1 WHERE 1": 4145,
    "SELECT nowhere FROM Customer": 207,
    "UPDATE Customer SET nowhere = 1": 207,
    "SELECT * FROM Nowhere": 208,
    "SELECT * FROM nowhere.dbo.Customer": 208,
    "SELECT * FROM sys.nowhere": 49999,
    "SELECT * FROM u8.Customer": 208,
    "SELECT cCusCode FROM Customer, SaleBillVouch": 209,
    "SELECT x.cCusCode FROM Customer": 4104,
    "SELECT 1 FROM Customer, Customer AS Customer": 1011,
    "SELECT @nowhere": 137,
    "SELECT @@nowhere": 137,
    "SELECT NOWHERE(1)": 195,
    "SET NOWHERE ON": 195,
    "SELECT cCusName, COUNT(*) FROM Customer GROUP BY cCusCode": 8120,
    "SELECT cCusName, MAX(cCusCode) FROM Customer": 8120,
    "SELECT COALESCE(cCusName, @P1) FROM Customer GROUP BY COALESCE(cCusName, @P2)": 8120,
    "SELECT * FROM (SELECT cCusCode FROM Customer ORDER BY cCusCode) AS q": 1033,
    "SELECT * FROM (SELECT MAX(cCusCode) FROM Customer) AS q": 8155,
    "SELECT 1 UNION SELECT 1, 2": 205,
    "SELECT COUNT(*) FROM Customer GROUP BY 1": 164,
    "SELECT cCusCode FROM Customer ORDER BY 2": 108,
    "SELECT cCusCode FROM Customer ORDER BY @P1": 1008,
    "SELECT DISTINCT cCusName FROM Customer ORDER BY cCusCode": 145,
    "SELECT SUM(bCusState) FROM Customer": 8117,
    "SELECT MAX(bCusState) FROM Customer": 8117,
    "SELECT SUM(cCusCode) FROM Customer": 8117,
    "SELECT ROW_NUMBER() OVER (PARTITION BY cCusCode) FROM Customer": 4112,
    "SELECT * FROM Customer WITH (NOWHERE)": 321,
    "SELECT CAST('x' AS int)": 245,
    "SELECT COUNT(*) FROM SaleBillVouch WHERE SBVID = N'x'": 245,
    "SELECT CAST('x' AS decimal(5,2))": 8114,
    "SELECT CAST('x' AS float)": 8114,
    "SELECT CAST('yesterday' AS datetime)": 241,
    "SELECT CAST('2026-02-30' AS datetime)": 242,
    "SELECT CAST('1600-01-01' AS datetime)": 242,
    "UPDATE SaleBillVouch SET dDate = N'31.12.2026'": 241,
    "SELECT CAST(300 AS tinyint)": 8115,
    "SELECT CAST(1000 AS decimal(5,2))": 8115,
    "SELECT CAST(2026 AS smallint) * CAST(100 AS tinyint)": 8115,
    "SELECT 2147483647 + 1": 8115,
    "SELECT SUM(iNatMoney * 10) FROM SaleBillVouchs": 8115,
    "SELECT 1 / 0": 8134,
    "SELECT CASE WHEN 1 = 1 THEN NULL END": 8133,
    f"UPDATE Customer SET cCusDefine1 = {LONG}": 8152,
    f"INSERT INTO Customer (cCusCode, cCusAbbName) VALUES ({LONG}, N'a')": 8152,
    "UPDATE Customer SET cCusDefine1 = REPLACE(N'1234567890', '0', N'😀😀😀😀😀😀')": 8152,
    "INSERT INTO Customer (cCusCode, cCusAbbName) VALUES (N'c001 ', N'a')": 2627,
    "INSERT INTO Customer (cCusCode, cCusAbbName) VALUES (N'C009', N'二')": 2601,
    "INSERT INTO SaleBillVouchs (AutoID, SBVID) VALUES (11, 1)": 2627,
    "INSERT INTO Customer (cCusCode) VALUES (N'C009')": 515,
    "INSERT INTO Customer (cCusCode, cCusAbbName) VALUES (N'C009', NULL)": 515,
    "UPDATE Customer SET cCusAbbName = NULL": 515,
    "INSERT INTO UserDefine (cID, cValue) VALUES ('a')": 110,
    "INSERT INTO UserDefine (cID) VALUES ('a', 'b')": 109,
    "UPDATE Customer SET pubufts = 1": 272,
    "INSERT INTO CustomerClass (cCCCode, pubufts) VALUES ('1', 1)": 273,
    "UPDATE IA_Subsidiary SET AutoID = 1": 8102,
    "UPDATE sys.objects SET name = 'a'": 259,
    "USE nowhere": 911,
    "EXEC sp_nowhere": 2812,
    "sp_nowhere 1": 2812,
    "COMMIT": 3902,
    "ROLLBACK TRANSACTION": 3903,
    "SAVE TRANSACTION a": 628,
    "EXEC sp_releaseapplock @Resource = 'u8sync', @LockOwner = 'Session'": 1223,
    "RAISERROR('no', 16, 1)": 50000,
    "MERGE Customer USING Customer": 49999,
    "SELECT * FROM Customer CROSS APPLY (SELECT 1 AS a) AS q": 49999,
}


@pytest.mark.parametrize("sql", ERRORS)
def test_a_mistake_is_told_by_the_number_that_sql_server_gives_it(client: Client, sql: str) -> None:
    before = client.rows("SELECT * FROM Customer")
    error = client.error(sql, *(["a", "b"] if "@P" in sql else []))
    assert error.number == ERRORS[sql], error.message
    assert client.rows("SELECT * FROM Customer") == before


def test_what_is_grouped_may_be_part_of_an_expression(client: Client) -> None:
    assert client.rows("SELECT LEFT(cCusCode, 1), COUNT(*) FROM Customer GROUP BY cCusCode, cCusName")


def test_trailing_blanks_beyond_the_width_are_no_error(client: Client) -> None:
    client.replies("UPDATE Customer SET cCusDefine1 = N'1234567890123456789    ' WHERE cCusCode = '007'")
    assert client.value("SELECT cCusDefine1 FROM Customer WHERE cCusCode = '007'") == "1234567890123456789 "


def test_servers_from_2019_on_say_which_column_is_too_narrow(make_server: Callable[..., EmulatedServer]) -> None:
    error = Client(make_server(version="15.0.4312.2")).error(f"UPDATE Customer SET cCusDefine1 = {LONG}")
    assert error.number == 2628
    assert "'UFDATA_999_2019.dbo.Customer', column 'cCusDefine1'" in error.message


def test_a_refused_row_of_many_undoes_the_whole_statement(client: Client) -> None:
    values = "(VALUES (N'C001', N'x'), (N'c002', N'123456789012345678901')) AS v (k, x)"
    update = f"UPDATE Customer SET cCusDefine1 = v.x FROM Customer, {values} WHERE cCusCode = v.k"
    assert client.error(update).number == 8152
    assert client.rows("SELECT DISTINCT cCusDefine1 FROM Customer") == [(None,)]


LOGINS = {
    ("admin", "wrong", "UFDATA_999_2019"): 18456,
    ("nobody", "secret", "UFDATA_999_2019"): 18456,
    ("admin", "secret", "nowhere"): 4060,
    ("stranger", "secret", "UFDATA_999_2019"): 4060,
    ("locked", "secret", "master"): 18486,
    ("sa", "", "master"): 18470,
}


@pytest.mark.parametrize("login", LOGINS)
def test_a_login_that_is_refused_is_told_why(server: EmulatedServer, login: tuple[str, str, str]) -> None:
    server.add_login("stranger", "secret")
    server.add_login("locked", "secret")
    server.rights.accounts["locked"].locked = True
    user, password, database = login
    with pytest.raises(SqlError) as caught:
        server.login(Login(user, password, database, "u8sync", "desk", read_only_intent=False, encrypted=False))
    assert caught.value.number == LOGINS[login]
    assert server.failed_logins == ([user] if LOGINS[login] == 18456 else [])


TOO_NEW = {
    "SELECT cCusCode FROM Customer ORDER BY cCusCode OFFSET 5 ROWS FETCH NEXT 3 ROWS ONLY": 102,
    "SELECT TRY_CONVERT(int, '1')": 195,
    "SELECT TRY_CAST('1' AS int)": 195,
    "SELECT CONCAT('a', 'b')": 195,
    "SELECT IIF(1 = 1, 2, 3)": 195,
    "SELECT FORMAT(GETDATE(), 'yyyy')": 195,
    "SELECT EOMONTH(GETDATE())": 195,
    "SELECT LAG(cCusCode) OVER (ORDER BY cCusCode) FROM Customer": 195,
    "SELECT STRING_AGG(cCusCode, ',') FROM Customer": 195,
    "SELECT TRIM(cCusCode) FROM Customer": 195,
    "SELECT COUNT(*) OVER (ORDER BY cCusCode) FROM Customer": 102,
    "SELECT value FROM STRING_SPLIT('a,b', ',')": 208,
    "THROW 50000, 'no', 1": 102,
    "DROP TABLE IF EXISTS Customer": 156,
    "ALTER ROLE db_owner ADD MEMBER admin": 156,
}


@pytest.mark.parametrize("sql", TOO_NEW)
def test_a_server_of_2008_r2_refuses_what_came_later(client: Client, sql: str) -> None:
    assert client.error(sql).number == TOO_NEW[sql]


LATER: dict[str, Any] = {
    "SELECT IIF(1 = 1, CONCAT('a', NULL, 'b'), 'c')": "ab",
    "SELECT TRIM(N' a ')": "a",
    "SELECT YEAR(SYSDATETIME())": datetime.now().astimezone().year,
}


@pytest.mark.parametrize("sql", LATER)
def test_a_newer_server_takes_it(make_server: Callable[..., EmulatedServer], sql: str) -> None:
    assert Client(make_server(version="14.0.2065.1")).value(sql) == LATER[sql]

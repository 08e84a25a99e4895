"""What a login may do, what it is told when it may not, and what it sees of the rest."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from emulated import EmulatedServer
from emulated.client import Client
from tds.seam import SqlError

DATABASE = "UFDATA_999_2019"
READER = ["SELECT ON Customer (cCusCode, cCusDefine4, pubufts)", "SELECT ON OBJECT::dbo.SaleBillVouch"]
WRITER = [*READER, "UPDATE ON Customer (cCusDefine4, dModifyDate)"]


@pytest.fixture
def login(server: EmulatedServer) -> Callable[..., Client]:
    def make(grants: list[str], *permissions: str) -> Client:
        server.add_login("limited", "secret", grants={DATABASE: grants}, permissions=permissions)
        return Client(server, "limited")

    return make


ALLOWED = [
    "SELECT cCusCode, cCusDefine4 FROM Customer ORDER BY pubufts",
    "SELECT COUNT(cCusCode) FROM Customer",
    "SELECT * FROM SaleBillVouch",
    "SELECT COUNT(*) FROM SaleBillVouch",
    "SELECT c.cCusCode FROM Customer c JOIN SaleBillVouch v ON v.cCusCode = c.cCusCode",
    "UPDATE Customer SET cCusDefine4 = N'x' WHERE cCusCode = N'C001'",
    "UPDATE Customer SET cCusDefine4 = v.x FROM Customer, (VALUES (N'C001', N'y')) AS v (k, x) WHERE cCusCode = v.k",
]


@pytest.mark.parametrize("sql", ALLOWED)
def test_what_was_granted_is_done(login: Callable[..., Client], sql: str) -> None:
    login(WRITER).replies(sql)


DENIED = {
    "SELECT cCusName FROM Customer": 230,
    "SELECT * FROM Customer": 230,
    "SELECT cCusCode FROM Customer WHERE cCusName = N'x'": 230,
    "SELECT cCusCode FROM Customer ORDER BY cCusName": 230,
    "SELECT v.SBVID FROM SaleBillVouch v JOIN Customer c ON c.cCusName = v.cCusCode": 230,
    # Not proved of a real server; COUNT of a column that may be read is safe on either.
    "SELECT COUNT(*) FROM Customer": 229,
    "SELECT AutoID FROM SaleBillVouchs": 229,
    "SELECT SBVID FROM SaleBillVouch WHERE SBVID IN (SELECT SBVID FROM SaleBillVouchs)": 229,
    "UPDATE Customer SET cCusDefine5 = N'x'": 230,
    "UPDATE Customer SET cCusDefine4 = cCusName": 230,
    "UPDATE Customer SET cCusDefine4 = N'x' WHERE cCusName = N'x'": 230,
    "UPDATE SaleBillVouch SET cChecker = N'x'": 229,
    "INSERT INTO UserDefine (cID, cValue) VALUES ('1', '1')": 229,
    "DELETE FROM Customer": 229,
    "SELECT cCusCode FROM UFDATA_999_2015.dbo.Customer": 916,
    "USE UFDATA_999_2015": 916,
    "SELECT * FROM UFSystem..UA_Account": 916,
    "SELECT name FROM UFDATA_999_2015.sys.tables": 916,
    "SELECT encrypt_option FROM sys.dm_exec_connections": 300,
    "GRANT SELECT ON Customer TO limited": 15247,
    "CREATE TABLE x (a int)": 262,
    "CREATE LOGIN x WITH PASSWORD = 'x'": 15247,
    "EXEC sp_addrolemember 'db_owner', 'limited'": 15247,
}


@pytest.mark.parametrize("sql", DENIED)
def test_what_was_not_granted_is_refused(login: Callable[..., Client], sql: str) -> None:
    client = login(WRITER)
    assert client.error(sql).number == DENIED[sql]
    assert client.value("SELECT COUNT(cCusCode) FROM Customer WHERE cCusDefine4 IN (N'金', N'银')") == 2


def test_the_refusal_names_the_right_the_object_and_the_column(login: Callable[..., Client]) -> None:
    client = login(READER)
    assert client.error("SELECT cCusName FROM Customer").message == (
        "The SELECT permission was denied on the column 'cCusName' of the object 'Customer', database"
        " 'UFDATA_999_2019', schema 'dbo'."
    )
    assert client.error("SELECT AutoID FROM SaleBillVouchs").message == (
        "The SELECT permission was denied on the object 'SaleBillVouchs', database 'UFDATA_999_2019', schema 'dbo'."
    )


ASKED = {
    "HAS_PERMS_BY_NAME(N'dbo.SaleBillVouch', 'OBJECT', 'SELECT')": 1,
    "HAS_PERMS_BY_NAME(N'[UFDATA_999_2019].[dbo].[Customer]', 'OBJECT', 'SELECT', 'cCusCode', 'COLUMN')": 1,
    "HAS_PERMS_BY_NAME('Customer', 'OBJECT', 'UPDATE', 'cCusDefine4', 'COLUMN')": 1,
    "HAS_PERMS_BY_NAME('Customer', 'OBJECT', 'UPDATE', 'cCusCode', 'COLUMN')": 0,
    "HAS_PERMS_BY_NAME('Customer', 'OBJECT', 'SELECT')": 0,
    "HAS_PERMS_BY_NAME('Customer', 'OBJECT', 'ANY')": 1,
    "HAS_PERMS_BY_NAME('SaleBillVouchs', 'OBJECT', 'SELECT')": 0,
    "HAS_PERMS_BY_NAME('Customer', 'OBJECT', 'SELECT', 'nowhere', 'COLUMN')": None,
    "HAS_PERMS_BY_NAME('nowhere', 'OBJECT', 'SELECT')": None,
    "HAS_PERMS_BY_NAME('UFDATA_999_2015.dbo.Customer', 'OBJECT', 'SELECT')": None,
    "HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW SERVER STATE')": 0,
    "HAS_PERMS_BY_NAME(NULL, NULL, 'CONTROL SERVER')": 0,
    "HAS_PERMS_BY_NAME(NULL, NULL, 'nonsense')": None,
    "HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'CONTROL')": 0,
    "HAS_PERMS_BY_NAME('UFDATA_999_2015', 'DATABASE', 'ANY')": 0,
    "IS_SRVROLEMEMBER('sysadmin')": 0,
    "IS_MEMBER('db_owner')": 0,
    "HAS_DBACCESS('UFDATA_999_2015')": 0,
    "HAS_DBACCESS('UFDATA_999_2019')": 1,
    "USER_NAME()": "limited",
    "SUSER_SNAME()": "limited",
    "OBJECT_ID('SaleBillVouchs')": None,
}


@pytest.mark.parametrize("question", ASKED)
def test_a_login_can_ask_what_it_may_do(login: Callable[..., Client], question: str) -> None:
    assert login(WRITER).value(f"SELECT {question}") == ASKED[question]


def test_rights_can_be_asked_column_by_column(login: Callable[..., Client]) -> None:
    rows = login(READER).rows(
        "SELECT c.name FROM sys.columns AS c WHERE c.object_id = OBJECT_ID(N'dbo.Customer') AND HAS_PERMS_BY_NAME("
        "N'[dbo].' + QUOTENAME(OBJECT_NAME(c.object_id)), N'OBJECT', N'SELECT', c.name, N'COLUMN') = 1"
    )
    assert rows == [("cCusCode",), ("cCusDefine4",), ("pubufts",)]


def test_the_catalogue_shows_what_one_has_a_right_on(login: Callable[..., Client]) -> None:
    client = login(READER)
    assert client.rows("SELECT name FROM sys.tables ORDER BY name") == [("Customer",), ("SaleBillVouch",)]
    assert client.value("SELECT COUNT(*) FROM INFORMATION_SCHEMA.TABLES") == 2
    columns = client.value("SELECT COUNT(*) FROM sys.columns WHERE object_id = OBJECT_ID('Customer')")
    assert columns == Client(client.session.server).value(
        "SELECT COUNT(*) FROM sys.columns WHERE object_id = OBJECT_ID('Customer')"
    )
    assert client.rows("SELECT session_id FROM sys.dm_exec_sessions") == [(client.session.spid,)]


def test_the_server_s_state_is_for_those_who_may_see_it(login: Callable[..., Client]) -> None:
    client = login(READER, "VIEW SERVER STATE")
    spids = {spid for (spid,) in client.rows("SELECT session_id FROM sys.dm_exec_connections")}
    assert client.session.spid in spids


def test_who_holds_a_named_lock_is_for_those_who_may_see_the_server_s_state(login: Callable[..., Client]) -> None:
    ask = "SELECT resource_description, request_mode, request_session_id FROM sys.dm_tran_locks"
    client = login(READER, "VIEW SERVER STATE")
    client.replies("DECLARE @r int; EXEC @r = sp_getapplock 'u8sync', 'Exclusive', 'Session', 0; SELECT @r")
    ((what, mode, spid),) = client.rows(ask)
    assert ("[u8sync]" in str(what), mode, spid) == (True, "X", client.session.spid)
    stranger = login(READER)
    with pytest.raises(SqlError, match="VIEW SERVER STATE permission was denied"):
        stranger.rows(ask)


@pytest.mark.parametrize("grants", [["db_owner"], ["CONTROL"], ["db_datareader", "db_datawriter"]])
def test_roles_and_rights_on_the_whole_database_reach_its_tables(
    login: Callable[..., Client], grants: list[str]
) -> None:
    client = login(grants)
    client.replies("UPDATE Customer SET cCusDefine5 = cCusName; SELECT * FROM SaleBillVouchs")
    assert client.value("SELECT HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'CONTROL')") == int("data" not in grants[0])


def test_a_denial_holds_against_a_role_but_not_against_a_grant_on_the_column(
    server: EmulatedServer, login: Callable[..., Client]
) -> None:
    client = login(["db_datareader", "SELECT ON Customer (cCusCode)"])
    server.run("DENY SELECT ON Customer TO limited", DATABASE)
    assert client.error("SELECT cCusName FROM Customer").number == 230
    assert len(client.rows("SELECT cCusCode FROM Customer")) == 3
    server.run("REVOKE SELECT ON Customer FROM limited", DATABASE)
    assert len(client.rows("SELECT cCusName FROM Customer")) == 3


SCRIPT = """
USE [master];
GO
IF NOT EXISTS (SELECT 1 FROM sys.server_principals WHERE name = N'u8sync')
  CREATE LOGIN [u8sync] WITH PASSWORD = N'it''s', CHECK_POLICY = ON;
GRANT VIEW SERVER STATE TO [u8sync];
GO
USE [UFDATA_999_2019];
GO
IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = N'u8sync') CREATE USER [u8sync] FOR LOGIN [u8sync];
IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = N'u8sync_writer') CREATE ROLE [u8sync_writer];
EXEC sp_addrolemember N'u8sync_writer', N'u8sync';
IF SCHEMA_ID(N'u8sync') IS NULL EXEC(N'CREATE SCHEMA [u8sync]');
IF OBJECT_ID(N'[u8sync].[receipt]') IS NULL
  CREATE TABLE [u8sync].[receipt] ([op_id] varchar(64) NOT NULL PRIMARY KEY, [at] datetime NOT NULL DEFAULT GETDATE());
IF COL_LENGTH(N'dbo.Customer', N'cCusDefine4') IS NOT NULL
  GRANT SELECT, UPDATE ON OBJECT::[dbo].[Customer] ([cCusCode], [cCusDefine4]) TO [u8sync_writer];
GRANT INSERT ON [u8sync].[receipt] TO u8sync_writer;
GRANT VIEW DEFINITION ON OBJECT::dbo.UserDef_Base TO [u8sync_writer];
GO
"""


def test_a_script_of_an_administrator_gives_exactly_what_it_says(server: EmulatedServer) -> None:
    for _ in range(2):
        server.run_script(SCRIPT)
    client = Client(server, "u8sync", "it's")
    client.replies("UPDATE Customer SET cCusDefine4 = N'x' WHERE cCusCode = 'C001'")
    assert client.counts("INSERT INTO u8sync.receipt (op_id) VALUES ('a')") == [1]
    assert client.error("INSERT INTO [u8sync].[receipt] (op_id) VALUES ('A ')").number == 2627
    assert client.error("SELECT op_id FROM u8sync.receipt").number == 229
    assert client.error("SELECT cCusName FROM Customer").number == 230
    assert client.rows("SELECT name FROM sys.tables ORDER BY name") == [("Customer",), ("receipt",), ("UserDef_Base",)]
    assert server.run("SELECT op_id, DATEDIFF(day, at, GETDATE()) FROM u8sync.receipt", DATABASE) == [[("a", 0)]]


MISTAKES = {
    "CREATE LOGIN admin WITH PASSWORD = 'x'": 15025,
    "CREATE USER x FOR LOGIN nobody": 15007,
    "CREATE ROLE db_owner": 15023,
    "GRANT SELECT ON Nowhere TO public": 15151,
    "GRANT SELECT ON Customer TO nobody": 15151,
    "GRANT SELECT ON Customer (nowhere) TO public": 1911,
    "GRANT VIEW SERVER STATE TO admin": 4621,
    "EXEC sp_addrolemember 'nowhere', 'admin'": 15014,
    "EXEC sp_addrolemember 'db_owner', 'nobody'": 15410,
    "EXEC sp_addrolemember @wrong = 'db_owner'": 8145,
    "CREATE TABLE Customer (a int)": 2714,
    "CREATE TABLE nowhere.x (a int)": 2760,
    "DROP TABLE Nowhere": 3701,
}


@pytest.mark.parametrize("sql", MISTAKES)
def test_a_mistake_of_an_administrator_is_told(client: Client, sql: str) -> None:
    assert client.error(sql).number == MISTAKES[sql]

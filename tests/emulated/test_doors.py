"""What tests see and do behind the server's back: journal, triggers, files, embedded account sets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from emulated import Change, EmulatedServer, Trigger
from emulated.client import Client
from sqlalchemy import create_engine, insert
from tds.seam import Done, Result

from u8sync.backends import u8_schema

DATABASE = "UFDATA_999_2019"
UPDATE = "UPDATE Customer SET cCusDefine4 = N'new' WHERE cCusCode IN (N'C001', N'007')"
TRIGGER = Trigger("tr_Customer", "Customer")


def test_the_journal_has_what_was_committed_in_order_and_by_whom(server: EmulatedServer, client: Client) -> None:
    client.replies(f"BEGIN TRAN; {UPDATE}; ROLLBACK")
    assert server.journal == []
    client.replies(f"BEGIN TRAN; {UPDATE}")
    assert server.journal == []
    client.replies("COMMIT")
    client.replies("UPDATE SaleBillVouchs SET iNatMoney = 1.5 WHERE AutoID = 11")
    client.replies("DELETE FROM SaleBillVouchs WHERE AutoID = 11")
    spid = client.session.spid

    def change(*rest: object) -> Change:
        return Change("u8sync", spid, DATABASE, *rest)  # type: ignore[arg-type]

    assert sorted(server.journal[:2], key=lambda made: made.key) == [
        change("Customer", "007", "UPDATE", "cCusDefine4", None, "new"),
        change("Customer", "C001", "UPDATE", "cCusDefine4", "金", "new"),
    ]
    assert server.journal[2:] == [
        change("SaleBillVouchs", 11, "UPDATE", "iNatMoney", Decimal("0.1000"), Decimal("1.5000")),
        change("SaleBillVouchs", 11, "DELETE", None, None, None),
    ]


def test_the_journal_minds_case_and_blanks_and_leaves_out_what_stays_the_same(
    server: EmulatedServer, client: Client
) -> None:
    client.replies("UPDATE Customer SET cCusDefine4 = RTRIM(cCusDefine4), cCusName = cCusName, cCusDefine5 = N'a'")
    client.replies("UPDATE Customer SET cCusDefine5 = N'A'")
    changes = [(change.key, change.column, change.old, change.new) for change in server.journal]
    assert ("c002", "cCusDefine4", "银  ", "银") in changes
    assert ("C001", "cCusDefine5", "a", "A") in changes
    assert len(changes) == 1 + 3 + 3


def test_a_refused_statement_leaves_nothing_in_the_journal(server: EmulatedServer, client: Client) -> None:
    client.replies("BEGIN TRAN")
    assert client.error(f"{UPDATE}; UPDATE Customer SET cCusAbbName = N'same'").number == 2601
    client.replies("COMMIT")
    assert {change.column for change in server.journal} == {"cCusDefine4"}


def test_the_back_door_passes_locks_and_rights_and_is_in_the_journal(server: EmulatedServer, client: Client) -> None:
    with server.back_door(DATABASE) as door:
        door.execute("UPDATE Customer SET cCusDefine4 = 'by hand' WHERE cCusCode = 'c001 '")
    assert client.value("SELECT cCusDefine4 FROM Customer WHERE cCusCode = 'C001'") == "by hand"
    assert [(change.application, change.new) for change in server.journal] == [("back door", "by hand")]


def test_a_trigger_may_change_what_was_written(server: EmulatedServer, client: Client) -> None:
    body = "UPDATE Customer SET cCusDefine4 = upper(NEW.cCusDefine4) WHERE cCusCode = NEW.cCusCode"
    server.add_trigger(DATABASE, Trigger("tr_Customer", "Customer", body=body))
    assert client.counts(UPDATE) == [2]
    assert client.rows("SELECT cCusDefine4 FROM Customer WHERE cCusCode <> 'c002'") == [("NEW",), ("NEW",)]


def test_an_error_of_a_trigger_ends_the_transaction(server: EmulatedServer, client: Client) -> None:
    server.add_trigger(DATABASE, Trigger("tr_Customer", "Customer", body="SELECT u8_raise(50001, 'not today')"))
    client.replies("BEGIN TRAN; UPDATE SaleBillVouch SET cChecker = N'x'")
    error = client.error(UPDATE)
    assert (error.number, error.message) == (50001, "not today")
    assert client.value("SELECT @@TRANCOUNT") == 0
    assert client.value("SELECT COUNT(*) FROM SaleBillVouch WHERE cChecker = N'x'") == 0


def test_a_trigger_made_for_one_row_fails_with_two(server: EmulatedServer, client: Client) -> None:
    server.add_trigger(DATABASE, Trigger("tr_Customer", "Customer", single_row=True))
    assert client.error(UPDATE).number == 512
    assert client.counts("UPDATE Customer SET cCusDefine4 = N'new' WHERE cCusCode = N'C001'") == [1]


def test_a_trigger_may_report_row_counts_of_its_own(server: EmulatedServer, client: Client) -> None:
    server.add_trigger(DATABASE, Trigger("tr_Customer", "Customer", counts=(7,)))
    assert client.replies(f"{UPDATE}; SELECT @@ROWCOUNT")[:2] == [Done(7), Done(2)]


def test_a_table_with_a_trigger_takes_no_output_clause(server: EmulatedServer, client: Client) -> None:
    update = "UPDATE Customer SET cCusDefine4 = N'x' OUTPUT inserted.cCusCode WHERE cCusCode = N'C001'"
    assert client.value(update) == "C001"
    server.add_trigger(DATABASE, TRIGGER)
    assert client.error(update).number == 334


@pytest.mark.parametrize("trigger", [TRIGGER, Trigger("tr", "Customer", disabled=True, instead_of=True)])
def test_triggers_are_in_the_catalogue(server: EmulatedServer, client: Client, trigger: Trigger) -> None:
    server.add_trigger(DATABASE, trigger)
    query = "SELECT name, is_disabled, is_instead_of_trigger FROM sys.triggers WHERE parent_id = OBJECT_ID('Customer')"
    assert client.rows(query) == [(trigger.name, trigger.disabled, trigger.instead_of)]


def test_an_embedded_account_set_becomes_a_database_of_the_server(server: EmulatedServer, tmp_path: Path) -> None:
    file = tmp_path / "set.db"
    engine = create_engine(f"sqlite:///{file.as_posix()}")
    with engine.begin() as connection:
        u8_schema.METADATA.create_all(connection)
        connection.execute(
            insert(u8_schema.Customer).values(
                cCusCode="C1",
                cCusAbbName="一",
                dEndDate=date(2026, 1, 31),
                pubufts="0x0000000000123456",
                bCusState=True,
            )
        )
        u8_schema.create_rowversion_triggers(connection)
        line = {"AutoID": 1, "SBVID": 1, "iNatMoney": Decimal("12.3456"), "iQuantity": 0.1}
        connection.execute(insert(u8_schema.SaleBillVouchs).values(line))
        account = {"cAcc_Id": "998", "cAcc_Name": "导入", "iYear": 2020, "cCurName": "人民币"}
        connection.execute(insert(u8_schema.UAAccount).values(account))
        connection.execute(insert(u8_schema.Sandbox).values(name="lineage", value="x"))
    engine.dispose()

    server.import_account_set(file, database="UFDATA_998_2020")
    client = Client(server, database="UFDATA_998_2020")
    row = client.rows("SELECT cCusCode, dEndDate, bCusState, pubufts FROM Customer")
    assert row == [("C1", datetime.fromisoformat("2026-01-31 00:00:00"), True, bytes.fromhex("0000000000123456"))]
    assert client.rows("SELECT iNatMoney, iQuantity FROM SaleBillVouchs") == [
        (Decimal("12.3456"), Decimal("0.1000000000"))
    ]
    assert client.value("SELECT cAcc_Name FROM UFSystem..UA_Account") == "导入"
    assert client.error("SELECT * FROM u8sync_sandbox").number == 208
    client.replies("UPDATE Customer SET cCusDefine4 = N'x'")
    assert client.value("SELECT pubufts FROM Customer") > bytes.fromhex("0000000000123456")
    assert server.journal[0].old is None


def test_the_clock_can_be_wrong(server: EmulatedServer, client: Client) -> None:
    server.clock_offset = timedelta(minutes=-5)
    said = client.value("SELECT SYSUTCDATETIME()")
    assert timedelta(minutes=4) < datetime.now(UTC).replace(tzinfo=None) - said < timedelta(minutes=6)


def test_tables_change_as_those_of_other_versions_do(client: Client) -> None:
    client.replies("ALTER TABLE Customer DROP COLUMN cCusDefine5")
    assert client.error("SELECT cCusDefine5 FROM Customer").number == 207
    client.replies("ALTER TABLE Customer ADD cNew nvarchar(10) NULL")
    client.replies("ALTER TABLE Customer ALTER COLUMN cCusDefine4 nvarchar(3) NULL")
    assert client.error("UPDATE Customer SET cCusDefine4 = N'abcd'").number == 8152
    assert client.counts("UPDATE Customer SET cNew = N'x' WHERE cCusCode = N'c001'") == [1]
    assert client.error("INSERT INTO Customer (cCusCode, cCusAbbName) VALUES (N'n', N'二')").number == 2601
    client.replies("EXEC sp_rename 'rdrecord32', 'RdRecord'; DROP TABLE IA_Subsidiary")
    assert client.value("SELECT COUNT(*) FROM RdRecord") == 0
    assert client.error("SELECT * FROM IA_Subsidiary").number == 208


def test_a_session_sees_who_else_is_there(server: EmulatedServer, client: Client) -> None:
    other = Client(server, application="U8 client")
    query = "SELECT program_name FROM sys.dm_exec_sessions ORDER BY session_id"
    assert client.rows(query) == [("u8sync",), ("U8 client",)]
    other.session.close()
    assert client.rows(query) == [("u8sync",)]


def test_the_catalogue_tells_what_a_column_is(client: Client) -> None:
    rows = client.rows(
        "SELECT c.name, t.name, c.max_length, c.precision, c.scale, c.is_nullable, d.definition FROM sys.columns AS c"
        " JOIN sys.types AS t ON t.user_type_id = c.user_type_id LEFT JOIN sys.default_constraints AS d"
        " ON d.parent_object_id = c.object_id AND d.parent_column_id = c.column_id"
        " WHERE c.object_id = OBJECT_ID('Customer')"
        " AND c.name IN ('cCusCode', 'account_type', 'bCusDomestic', 'dEndDate', 'pubufts') ORDER BY c.name"
    )
    assert rows == [
        ("account_type", "decimal", 13, 22, 0, True, None),
        ("bCusDomestic", "bit", 1, 1, 0, False, "((1))"),
        ("cCusCode", "nvarchar", 40, 0, 0, False, None),
        ("dEndDate", "datetime", 8, 23, 3, True, None),
        ("pubufts", "timestamp", 8, 0, 0, False, None),
    ]


def test_the_catalogue_of_another_database_is_asked_by_its_name(client: Client) -> None:
    assert client.value("SELECT COUNT(*) FROM UFSystem.sys.tables") == 3
    assert client.rows("SELECT name FROM sys.databases ORDER BY database_id") == [
        ("master",), ("UFSystem",), ("UFDATA_999_2015",), (DATABASE,),
    ]  # fmt: skip
    (_, result) = client.replies("USE UFSystem; SELECT DB_NAME(), DB_ID()")
    assert isinstance(result, Result)
    assert result.rows == [("UFSystem", 5)]


def test_a_server_calls_itself_by_its_version_and_name(make_server: Callable[..., EmulatedServer]) -> None:
    client = Client(make_server(version="16.0.4085.2", name="ERP\\U8"))
    assert client.value("SELECT @@VERSION").startswith("Microsoft SQL Server 2022 - 16.0.4085.2")
    assert client.rows("SELECT SERVERPROPERTY('ServerName'), SERVERPROPERTY('InstanceName'), @@SERVICENAME") == [
        ("ERP\\U8", "U8", "U8")
    ]


def test_an_administrator_makes_databases_and_removes_them(server: EmulatedServer, client: Client) -> None:
    client.replies("CREATE DATABASE [mine] COLLATE Chinese_PRC_CS_AS")
    inside = Client(server, database="mine")
    inside.replies("CREATE TABLE t (a int IDENTITY, b nvarchar(5) UNIQUE); INSERT INTO t (b) VALUES (N'x'), (N'X')")
    assert inside.rows("SELECT a, b FROM t WHERE b = N'X'") == [(2, "X")]
    client.replies("ALTER DATABASE mine SET READ_ONLY WITH ROLLBACK IMMEDIATE")
    assert inside.error("DELETE FROM t").number == 3906
    client.replies("ALTER DATABASE mine SET READ_COMMITTED_SNAPSHOT OFF")
    query = "SELECT is_read_only, is_read_committed_snapshot_on FROM sys.databases WHERE name = 'mine'"
    assert client.rows(query) == [(True, False)]
    inside.session.close()
    client.replies("DROP DATABASE mine")
    assert client.error("USE mine").number == 911


def test_leaving_a_server_tells_what_it_was_asked_in_vain(tmp_path: Path) -> None:
    server = EmulatedServer.create(tmp_path / "asked")
    server.add_login("admin", "secret", sysadmin=True)
    assert Client(server, database="master").error("MERGE a USING b").number == 49999
    with pytest.raises(AssertionError, match="MERGE"):
        server.__exit__(None)

"""What only SQL Server has: years in several databases, rights, versions, triggers, locks and protected lines.

The server is the emulated one; Microsoft's driver talks to it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import odbc
import pytest
from backend_contract import CUSTOMERS, STAMP, WINDOW, Quiet
from emulated.catalogue import Trigger
from sqlserver_site import DATABASE, PASSWORD, EmulatedSite, emulated_site
from tds.certificates import Tls, make_certificates
from tds.faults import DropInResult, Fault, Raise, Stall
from tds.seam import SqlError

from u8sync.domain.model import Window
from u8sync.errors import FatalError, LockHeldError, RefusedError, TransientError
from u8sync.ports import Backend, Edit

DRIVER = "msodbcsql"
CHANGE = "UPDATE Customer SET cCusDefine4 = 'x' WHERE cCusCode = 'C001'"
GOLD = Edit("C001", {"cCusDefine4": "金"}, {"cCusDefine4": "银"})
OTHERS = [Edit(code, {"cCusDefine4": None}, {"cCusDefine4": "铜"}) for code in ("007", "C004", "C005")]


@pytest.fixture
def at(tmp_path: Path) -> Iterator[EmulatedSite]:
    with emulated_site(tmp_path, DRIVER) as site:
        yield site


@pytest.fixture
def backend(at: EmulatedSite) -> Iterator[Backend]:
    opened = at.open()
    yield opened
    opened.close()


def updates(at: EmulatedSite) -> list[str]:
    return [request.sql for request in at.wire.requests if request.sql and request.sql.startswith("UPDATE")]


def notes(backend: Backend, window: Window = WINDOW) -> str:
    return "\n".join(str(note) for note in backend.facts(window, Quiet()).notes)


# --- account sets and years -------------------------------------------------------------------------------------------


def test_years_in_several_databases_are_read_together(at: EmulatedSite) -> None:
    at.server.add_database("UFDATA_999_2017")
    old = "[UFDATA_999_2017].dbo"
    for place, number in (("dbo", 101), (old, 102)):  # carried over at the end of the year, with its old date
        at.server.run(
            f"INSERT INTO {place}.SaleBillVouch (SBVID, cVouchType, dDate, cCusCode, cChecker, bReturnFlag, bFirst)"
            f" VALUES ({number}, '26', '2018-06-01', 'C001', 'x', 0, 0);"
            f"INSERT INTO {place}.SaleBillVouchs (AutoID, SBVID, iNatMoney) VALUES ({number}, {number}, 70)",
            DATABASE,
        )
    backend = at.open()
    facts = backend.facts(Window(date(2018, 1, 1), date(2026, 3, 31)), Quiet()).frame
    (row,) = [row for row in facts.to_dicts() if row["code"] == "C001"]
    assert (row["invoices"], row["first_sale_on"]) == (4, date(2018, 6, 1))
    assert "cannot be read" not in notes(backend)
    backend.close()


def test_a_year_that_cannot_be_read_is_told_with_what_is_lost(backend: Backend) -> None:
    """UFSystem lists a database of 2017, and there is none."""
    assert "UFDATA_999_2017 cannot be read: what happened in its years, until 2019-01-01, is not known." in notes(
        backend
    )


def test_a_fiscal_year_begins_where_ufsystem_says(at: EmulatedSite) -> None:
    at.server.run(
        "INSERT INTO UFSystem.dbo.UA_Period (cAcc_Id, iYear, iId, dBegin, dEnd) VALUES ('999', 2019, 1, '2018-12-26',"
        " '2019-01-25')"
    )
    backend = at.open()
    assert "in its years, until 2018-12-26, is not known" in notes(backend)
    backend.close()


def test_fiscal_periods_are_not_known_without_a_right_on_ufsystem(at: EmulatedSite) -> None:
    at.server.add_login("reader", os.environ[PASSWORD], grants={DATABASE: ["db_datareader"]})
    backend = at.open(login="reader")
    assert backend.periods() == ()
    backend.close()
    at.server.run("DROP TABLE UFSystem.dbo.UA_Period")
    backend = at.open()
    assert backend.periods() == ()
    backend.close()


def test_open_balances_come_from_one_database_alone(at: EmulatedSite) -> None:
    """Nothing public tells whether a new year's ledger begins with the open items of the old one."""
    at.server.add_database("UFDATA_999_2017")
    for place in ("dbo", "[UFDATA_999_2017].dbo"):
        at.server.run(
            f"INSERT INTO {place}.Ar_Detail (Auto_ID, cFlag, cDwCode, dVouchDate, iDAmount)"
            " VALUES (900, 'AR', 'X999', '2018-06-01', 70);"
            f"INSERT INTO {place}.Ap_CloseBill (iID, cFlag, cVouchType, dVouchDate, cDwCode, iAmount, cCheckMan)"
            " VALUES (900, 'AR', '48', '2018-06-02', 'X999', 5, 'x')",
            DATABASE,
        )
    backend = at.open()
    facts = backend.facts(Window(date(2018, 1, 1), date(2026, 3, 31)), Quiet(), frozenset({"receivables"}))
    (row,) = [row for row in facts.frame.to_dicts() if row["code"] == "X999"]
    assert (row["receivable"], row["receivable_overdue"], row["receipts"]) == (70, 70, 5)
    assert any("come from one database alone" in str(note) for note in facts.notes)
    backend.close()


def test_without_rights_on_ufsystem_the_usual_names_have_to_do(at: EmulatedSite) -> None:
    at.server.add_login("reader", os.environ[PASSWORD], grants={DATABASE: ["db_datareader"]})
    backend = at.open(login="reader")
    account = backend.account_set()
    assert (account.code, account.name, account.database) == ("999", "999", DATABASE)
    told = notes(backend)
    for lost in ("the name of the account set is not known", "databases are told by their usual names", "fiscal years"):
        assert lost in told
    backend.close()


def test_a_code_in_another_case_is_the_customer_that_the_database_takes_it_for(at: EmulatedSite) -> None:
    at.server.run("UPDATE SaleBillVouch SET cCusCode = 'c001' WHERE SBVID = 1", DATABASE)
    backend = at.open()
    codes = set(backend.facts(WINDOW, Quiet()).frame["code"])
    assert "C001" in codes
    assert "c001" not in codes
    backend.close()


def test_two_ways_of_writing_the_address_are_one_account_set(at: EmulatedSite, backend: Backend) -> None:
    other = at.open(server="localhost", database=DATABASE.lower())
    assert other.account_set().key == backend.account_set().key
    other.close()


# --- versions and rights ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["10.50.6000.34", "13.0.6300.2", "16.0.4135.4"], ids=["2008 R2", "2016", "2022"])
def test_each_version_is_read_and_written_alike(tmp_path: Path, version: str) -> None:
    with emulated_site(tmp_path, DRIVER, version=version) as at:
        backend = at.open()
        assert backend.route["version"] == version
        assert backend.customers(["cCusName"], Quiet()).height == 6
        assert [outcome.status for outcome in backend.write([GOLD, *OTHERS], STAMP)] == ["applied"] * 4
        backend.close()


def test_a_column_without_a_right_is_as_if_it_were_not_there(at: EmulatedSite) -> None:
    documents = [f"SELECT ON {table}" for table in ("SaleBillVouch", "SaleBillVouchs", "SO_SOMain")]
    own = "SELECT ON Customer (cCusCode, pubufts, cCusDefine4)"
    at.server.add_login("narrow", os.environ[PASSWORD], grants={DATABASE: [own, *documents]})
    backend = at.open(login="narrow")
    assert backend.columns() == {"cCusCode", "pubufts", "cCusDefine4"}
    told = notes(backend)
    assert "Neither IA_Subsidiary nor the outbound notes can be read" in told
    backend.close()


def test_without_a_right_on_invoices_nothing_is_opened(at: EmulatedSite) -> None:
    at.server.add_login("blind", os.environ[PASSWORD], grants={DATABASE: ["SELECT ON Customer", "SELECT ON SO_SOMain"]})
    with pytest.raises(FatalError, match="SaleBillVouch, SaleBillVouchs not found") as raised:
        at.open(login="blind")
    assert "u8sync doctor" in str(raised.value.hint)


def test_a_login_that_may_do_everything_reads_and_is_refused_for_writing(at: EmulatedSite) -> None:
    backend = at.open(allow_overprivileged=None)
    assert backend.customers([], Quiet()).height == 6
    before = at.stored()
    for attempt in (backend.claim, lambda: backend.write([GOLD], STAMP)):
        with pytest.raises(RefusedError, match="admin may do too much to be used for writing: sysadmin") as raised:
            attempt()
        assert "u8sync grants" in str(raised.value.hint)
    assert at.stored() == before
    backend.close()


def test_the_route_tells_how_u8_was_reached_and_no_secret(backend: Backend) -> None:
    assert {name: backend.route[name] for name in ("server", "login", "encrypt", "insecure_reason")} == {
        "server": "U8SERVER",
        "login": "admin",
        "encrypt": "no",
        "insecure_reason": "loopback of a test",
    }
    assert "msodbcsql" in backend.route["driver"]
    assert os.environ[PASSWORD] not in str(backend.route)


# --- writing ----------------------------------------------------------------------------------------------------------


def test_a_batch_is_written_by_one_statement(at: EmulatedSite, backend: Backend) -> None:
    backend.write([GOLD, *OTHERS], STAMP)
    assert len(updates(at)) == 1


def test_a_batch_that_needs_more_parameters_than_a_statement_takes_is_written_in_parts(at: EmulatedSite) -> None:
    columns = [f"cCusDefine{number}" for number in range(1, 4)]
    for number in range(700):
        at.run("INSERT INTO Customer (cCusCode, cCusAbbName) VALUES (?, ?)", f"N{number:04d}", f"N{number:04d}")
    backend = at.open()
    blank = dict.fromkeys(columns)
    edits = [Edit(f"N{number:04d}", blank, {**blank, columns[0]: "a", columns[1]: "b"}) for number in range(700)]
    outcomes = backend.write(edits, STAMP)
    assert {outcome.status for outcome in outcomes} == {"applied"}
    assert len(updates(at)) == 2
    assert at.run("SELECT COUNT(*) FROM Customer WHERE cCusDefine1 = 'a' AND cCusDefine2 = 'b'") == [(700,)]
    backend.close()


def test_a_trigger_that_expects_single_rows_gets_them(at: EmulatedSite) -> None:
    at.server.add_trigger(DATABASE, Trigger("TR_one", "Customer", single_row=True))
    alike = at.open()
    with pytest.raises(FatalError, match="one customer at a time") as raised:
        alike.write([GOLD, *OTHERS], STAMP)
    assert "write_form: row" in str(raised.value.hint)
    alike.close()
    backend = at.open(write_form="row")
    assert [outcome.status for outcome in backend.write([GOLD, *OTHERS], STAMP)] == ["applied"] * 4
    backend.close()


def test_row_counts_that_a_trigger_falsifies_do_not_matter(at: EmulatedSite, backend: Backend) -> None:
    at.server.add_trigger(DATABASE, Trigger("TR_log", "Customer", counts=(0, 7)))
    assert [outcome.status for outcome in backend.write([GOLD], STAMP)] == ["applied"]


def test_the_one_value_that_the_server_refuses_is_told_and_the_others_are_written(at: EmulatedSite) -> None:
    body = "SELECT CASE WHEN NEW.cCusCode = 'C004' THEN u8_raise(547, 'conflict with a rule of the site') END"
    at.server.add_trigger(DATABASE, Trigger("TR_rule", "Customer", body=body))
    backend = at.open()
    outcomes = backend.write([GOLD, *OTHERS], STAMP)
    assert [outcome.status for outcome in outcomes] == ["applied", "applied", "rejected", "applied"]
    assert "conflict with a rule of the site" in str(outcomes[2].detail)
    assert outcomes[2].seen == {"cCusDefine4": None}
    assert {code: row["cCusDefine4"] for code, row in at.stored().items() if code in ("C001", "007", "C004")} == {
        "C001": "银",
        "007": "铜",
        "C004": None,
    }
    times = [change.key for change in at.server.journal if change.column == "cCusDefine4"]
    assert sorted(times) == ["007", "C001", "C005"], "what was tried was undone"
    backend.close()


def test_a_trigger_that_changes_what_is_written_undoes_the_batch(at: EmulatedSite, backend: Backend) -> None:
    body = "UPDATE Customer SET cCusDefine4 = 'x' WHERE rowid = NEW.rowid AND NEW.cCusDefine4 = '铜'"
    at.server.add_trigger(DATABASE, Trigger("TR_mind_of_its_own", "Customer", body=body))
    before = at.stored()
    with pytest.raises(FatalError, match="does not keep the value"):
        backend.write([GOLD, *OTHERS], STAMP)
    assert at.stored() == before


def test_a_row_that_a_person_holds_is_waited_for_and_then_left(at: EmulatedSite) -> None:
    backend = at.open(lock_timeout_s=0)
    with at.server.administrator(DATABASE) as person:
        list(person.execute("BEGIN TRAN; UPDATE Customer SET cCusName = 'x' WHERE cCusCode = 'C001'", []))
        with pytest.raises(TransientError):
            backend.write([GOLD], STAMP)
        list(person.execute("ROLLBACK", []))
    assert [outcome.status for outcome in backend.write([GOLD], STAMP)] == ["applied"]
    backend.close()


def test_reading_back_waits_for_a_write_that_is_not_over(at: EmulatedSite) -> None:
    """With row versioning a plain read would say that nothing happened, a moment before it does."""
    backend = at.open(statement_timeout_s=1)
    with at.server.administrator(DATABASE) as person:
        list(person.execute(f"BEGIN TRAN; {CHANGE}", []))
        assert backend.customers(["cCusDefine4"], Quiet()).height == 6, "plain reads do not wait"
        with pytest.raises(TransientError):
            backend.read(["C001"], ["cCusDefine4"])
        list(person.execute("ROLLBACK", []))
    backend.close()


def test_without_row_versions_readers_wait_for_people_and_not_for_ever(at: EmulatedSite) -> None:
    backend = at.open(statement_timeout_s=1)
    database = at.server.database(DATABASE)
    assert database is not None
    database.snapshot_reads = False
    with at.server.administrator(DATABASE) as person:
        list(person.execute(f"BEGIN TRAN; {CHANGE}", []))
        with pytest.raises(TransientError):
            backend.customers(["cCusDefine4"], Quiet())
        list(person.execute("ROLLBACK", []))
    assert backend.customers(["cCusDefine4"], Quiet()).height == 6
    backend.close()


def test_while_a_batch_is_decided_nobody_can_change_its_rows(at: EmulatedSite, backend: Backend) -> None:
    fault = at.wire.faults.add(Fault(Stall(), matching="^UPDATE"))
    with ThreadPoolExecutor(1) as pool, at.server.administrator(DATABASE) as person:
        writing = pool.submit(backend.write, [GOLD], STAMP)
        fault.wait_until_fired()
        try:
            with pytest.raises(SqlError, match="Lock request time out"):
                list(person.execute(f"SET LOCK_TIMEOUT 0; {CHANGE}", []))
        finally:
            fault.release()  # or a failure would wait for the batch for ever
        assert [outcome.status for outcome in writing.result()] == ["applied"]


def test_a_lock_that_is_gone_is_seen_before_the_next_batch(at: EmulatedSite) -> None:
    first, second = at.open(lock_timeout_s=0), at.open()
    first.claim()
    (session,) = [each for each in at.server.sessions if each.login.application.startswith("u8sync")]
    list(session.execute("EXEC sp_releaseapplock @Resource = N'u8sync', @LockOwner = N'Session'", []))
    second.claim()
    with pytest.raises(TransientError, match="was lost"):
        first.write([GOLD], STAMP)
    assert at.stored()["C001"]["cCusDefine4"] == "金"
    first.close()
    second.close()


def test_only_one_u8sync_writes_and_the_lock_goes_with_it(at: EmulatedSite) -> None:
    first, second = at.open(), at.open()
    first.claim()
    with pytest.raises(LockHeldError, match="Another u8sync is writing to UFDATA_999_2019"):
        second.write([GOLD], STAMP)
    first.close()
    assert [outcome.status for outcome in second.write([GOLD], STAMP)] == ["applied"]
    second.close()


def test_who_has_the_lock_and_since_when_is_told_as_far_as_the_server_tells_it(at: EmulatedSite) -> None:
    first, second = at.open(), at.open()
    first.claim()
    with pytest.raises(LockHeldError) as told:
        second.claim()
    (holder,) = [
        session
        for session in at.server.sessions
        if any(what[-1] == "u8sync" and spid == session.spid for what, spid, _ in at.server.locks.granted())
    ]
    said = str(told.value)
    assert f"{holder.login.application} on {holder.login.host}, login admin, session {holder.spid}, since 20" in said
    at.wire.faults.add(
        Fault(Raise(300, "VIEW SERVER STATE permission was denied", severity=14), matching="dm_tran_locks")
    )
    with pytest.raises(LockHeldError, match="here or on another machine") as untold:
        second.claim()
    assert "VIEW SERVER STATE" in str(untold.value.hint)
    first.close()
    second.claim()
    second.close()


def test_a_lock_that_died_with_its_session_is_taken_again_before_the_next_batch(at: EmulatedSite) -> None:
    backend = at.open()
    backend.claim()
    (spid,) = [session.spid for session in at.server.sessions if session.login.application.startswith("u8sync")]
    at.server.kill(spid)
    with pytest.raises(TransientError):
        backend.write([GOLD], STAMP)
    assert [outcome.status for outcome in backend.write([GOLD], STAMP)] == ["applied"]
    backend.close()


def test_receipts_are_left_for_what_was_written_and_for_nothing_else(at: EmulatedSite) -> None:
    backend = at.open(receipts="u8sync.receipt")
    named = [
        Edit("C001", GOLD.before, GOLD.after, "op-1"),
        Edit("C006", {"cCusDefine4": "不是"}, {"cCusDefine4": "铜"}, "op-2"),
    ]
    assert [outcome.status for outcome in backend.write(named, STAMP)] == ["applied", "conflict"]
    assert backend.receipts(["op-1", "op-2", "op-3"]) == {"op-1"}
    backend.close()


def test_without_a_receipt_table_none_are_kept(backend: Backend) -> None:
    assert backend.receipts(["op-1"]) is None


@pytest.mark.parametrize("driver", odbc.DRIVERS)
def test_settings_and_transactions_are_never_wrapped_into_a_procedure_call(tmp_path: Path, driver: str) -> None:
    """Inside a call, settings end with it, and a real server complains of a transaction that outlives it (266)."""
    with emulated_site(tmp_path, driver) as at:
        backend = at.open()
        backend.write([GOLD, *OTHERS], STAMP)
        backend.close()
        kinds = {
            (request.sql.split(" ")[0], request.kind)
            for request in at.wire.requests
            if request.sql and request.sql.startswith(("SET ", "BEGIN ", "COMMIT "))
        }
    assert kinds == {("SET", "batch"), ("BEGIN", "batch"), ("COMMIT", "batch")}


@pytest.mark.parametrize("driver", odbc.DRIVERS)
@pytest.mark.parametrize("truncated", [False, True], ids=["between two rows", "in a packet"])
def test_part_of_a_result_is_never_taken_for_all_of_it(
    tmp_path: Path,
    driver: str,
    truncated: bool,  # noqa: FBT001
) -> None:
    """Customers that a read-back does not show would be taken for deleted ones."""
    with emulated_site(tmp_path, driver) as at:
        backend = at.open()
        fault = at.wire.faults.add(Fault(DropInResult(rows=2, truncated=truncated), matching="READCOMMITTEDLOCK"))
        with pytest.raises(TransientError):
            backend.read(list(CUSTOMERS), ["cCusDefine4"])
        assert fault.fired == 1
        assert backend.read(list(CUSTOMERS), ["cCusDefine4"]).keys() == CUSTOMERS.keys()
        backend.close()


# --- the line ---------------------------------------------------------------------------------------------------------


def test_sessions_say_who_they_are_and_readers_declare_their_intent(at: EmulatedSite) -> None:
    backend = at.open(read_intent=True)
    backend.claim()
    ours = [login for login in at.wire.logins if login.application.startswith("u8sync/")]
    assert {login.read_only_intent for login in ours} == {True, False}
    assert [login.read_only_intent for login in ours].count(False) == 1
    backend.close()


@pytest.mark.parametrize("protects", ["login", "all"])
def test_a_certificate_that_nobody_vouches_for_is_refused_with_what_to_do(tmp_path: Path, protects: Any) -> None:
    tls = Tls(make_certificates(tmp_path), protects=protects)
    with emulated_site(tmp_path, DRIVER, tls=tls) as at:
        with pytest.raises(FatalError) as raised:
            at.open(encrypt="yes", insecure_reason=None)
        assert "insecure_reason" in str(raised.value.hint)
        trusting = at.open(encrypt="yes", trust_server_certificate=True)
        assert at.wire.logins[-1].encrypted
        assert "The certificate of SQL Server is not checked. Reason: loopback of a test" in notes(trusting)
        trusting.close()


def test_a_server_that_cannot_encrypt_is_told_apart(at: EmulatedSite) -> None:
    with pytest.raises(FatalError) as raised:
        at.open(encrypt="yes", insecure_reason=None)
    assert "encrypt: no" in str(raised.value.hint)


def test_a_line_without_encryption_is_told_in_every_report(backend: Backend) -> None:
    assert "The connection to SQL Server is not encrypted. Reason: loopback of a test" in notes(backend)
    assert "READ COMMITTED" in notes(backend)


def test_no_error_shows_the_password(at: EmulatedSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD, "Wrong;Geheim#2}")
    with pytest.raises(FatalError) as raised:
        at.open()
    assert "Geheim" not in f"{raised.value} {raised.value.hint} {raised.value!r} {raised.value.__context__!r}"
    assert at.server.failed_logins == ["admin"]


def test_the_stamp_is_the_wall_clock_of_the_site(at: EmulatedSite, backend: Backend) -> None:
    backend.write([GOLD], STAMP)
    assert at.stored()["C001"]["dModifyDate"] == f"{datetime(2026, 4, 1, 18, 30, tzinfo=UTC):%Y-%m-%d %H:%M:%S}"

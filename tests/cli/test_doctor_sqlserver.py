"""``doctor``, ``accounts`` and ``grants`` on a SQL Server, over the wire: what is missing is named, with its cure."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import odbc
import pytest
from cli_home import Answer, Ask
from emulated.catalogue import Trigger
from sqlserver_site import PASSWORD, EmulatedSite, emulated_site

from u8sync.backends.sqlserver.checks import check_release

ROOT = Path(__file__).parents[2]
DATABASE = "UFDATA_999_2019"

every_driver = pytest.mark.parametrize("driver", odbc.DRIVERS)


class Home:
    """A folder with a configuration for one server."""

    def __init__(self, folder: Path, site: EmulatedSite) -> None:
        self.folder = folder
        self.site = site
        shutil.copytree(ROOT / "mappings", folder / "mappings")
        mapping = folder / "mappings" / "customer.yaml"
        text = mapping.read_text(encoding="utf-8")
        # Item 4 of the tiny world takes any text, item 5 only its list.
        for was, becomes in (("sql: cCusDefine4", "sql: X"), ("sql: cCusDefine5", "sql: cCusDefine4")):
            text = text.replace(was, becomes)
        mapping.write_text(text.replace("sql: X", "sql: cCusDefine5"), encoding="utf-8")
        self.configure()

    def configure(self, **options: Any) -> None:
        """Write the configuration; null takes a setting out."""
        settings = {"backend": "sqlserver", **self.site.options, "allow_overprivileged": None, **options}
        lines = [f"  {key}: {json.dumps(value)}" for key, value in settings.items() if value is not None]
        (self.folder / "config.yaml").write_text(
            "version: 1\naccount_set:\n"
            + "\n".join(lines)
            + "\nmapping: mappings/customer.yaml\npolicy: mappings/tiers.yaml\nas_of: 2026-03-31\n"
            + "guards: {issue_share: 100, share_changed: 100}\n",
            encoding="utf-8",
        )

    def administrate(self, script: str) -> None:
        """What an administrator does with a script in Management Studio."""
        self.site.server.run_script(script)


@pytest.fixture
def driver() -> str:
    return "freetds"


@pytest.fixture
def home(driver: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    with emulated_site(tmp_path / "server", driver) as site:
        folder = tmp_path / "home"
        folder.mkdir()
        monkeypatch.chdir(folder)
        yield Home(folder, site)


def checks_of(answer: Answer, topic: str) -> list[dict[str, Any]]:
    return [check for check in answer.json["checks"] if check["topic"] == topic]


def failures(answer: Answer) -> list[str]:
    return [f"{check['topic']}: {check['found']}" for check in answer.json["checks"] if check["status"] == "failure"]


def grant_logins(home: Home, ask: Ask) -> str:
    """Make both logins by the printed script; returns it."""
    answer = ask("grants")
    assert answer.code == 0, answer.err
    home.administrate(answer.out.replace("<N'password'>", "N'Geheim#1'"))
    return answer.out


@every_driver
def test_logins_made_by_the_printed_script_lack_nothing_and_may_do_no_more(home: Home, ask: Ask) -> None:
    script = grant_logins(home, ask)
    home.administrate(script.replace("<N'password'>", "N'other#2'"))  # again: what is there is left alone
    home.configure(login="u8sync_w")
    answer = ask("doctor", "--json")
    assert answer.code == 0, failures(answer)
    assert [check["found"] for check in checks_of(answer, "Rights")] == ["The login has every right that u8sync needs."]
    assert checks_of(answer, "Login")[0]["found"] == "u8sync_w (SQL Server login)"
    night = ask("run")
    assert night.code == 0, night.err
    written = home.site.stored()["C001"]
    assert written["cCusDefine4"] == "一般"
    assert written["cModifyPerson"] == "u8sync"


def test_the_reading_login_plans_and_doctor_names_what_it_lacks_for_writing(home: Home, ask: Ask) -> None:
    grant_logins(home, ask)
    home.configure(login="u8sync_r")
    assert ask("plan").code == 2
    answer = ask("doctor", "--json")
    assert answer.code == 69
    assert failures(answer) == [f"Rights: UPDATE on {DATABASE}.dbo.Customer (cCusDefine4) is missing for u8sync_r."]
    home.configure(login="u8sync_r", read_only=True)
    assert failures(ask("doctor", "--json")) == []


@every_driver
def test_a_missing_right_is_named_with_the_statement_that_mends_it(
    home: Home, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant_logins(home, ask)
    home.administrate(
        f"USE {DATABASE};\nREVOKE SELECT ON OBJECT::dbo.SaleBillVouch (cChecker) FROM u8sync_reader_role;"
        "\nREVOKE UPDATE ON OBJECT::dbo.Customer (cCusDefine4) FROM u8sync_writer_role;"
    )
    home.configure(login="u8sync_w")
    answer = ask("doctor", "--json")
    assert answer.code == 69
    missing = [check for check in checks_of(answer, "Rights") if check["status"] == "failure"]
    assert [check["script"] for check in missing] == [
        f"USE [{DATABASE}];\nGRANT SELECT ON OBJECT::[dbo].[SaleBillVouch] ([cChecker]) TO [u8sync_w];",
        f"USE [{DATABASE}];\nGRANT UPDATE ON OBJECT::[dbo].[Customer] ([cCusDefine4]) TO [u8sync_w];",
    ]
    monkeypatch.setenv("COLUMNS", "40")
    told = ask("doctor").out
    assert "GRANT SELECT ON OBJECT::[dbo].[SaleBillVouch] ([cChecker]) TO [u8sync_w];" in told
    for check in missing:
        home.administrate(check["script"])
    assert failures(ask("doctor", "--json")) == []


def test_the_script_makes_the_table_of_receipts_where_they_are_asked_for(home: Home, ask: Ask) -> None:
    home.configure(receipts="ours.done")
    missing = [failure for failure in failures(ask("doctor", "--json")) if failure.startswith("Rights")]
    assert missing == [
        f"Rights: {permission} on {DATABASE}.ours.done is missing for admin." for permission in ("SELECT", "INSERT")
    ]
    grant_logins(home, ask)
    home.configure(login="u8sync_w", receipts="ours.done")
    assert failures(ask("doctor", "--json")) == []
    assert ask("run").code == 0
    [[(receipts,)]] = home.site.server.run("SELECT COUNT(*) FROM ours.done", DATABASE)
    assert receipts == len(home.site.stored())


def test_the_script_gives_what_the_metrics_and_the_window_of_the_policy_need(home: Home, ask: Ask) -> None:
    assert "Ar_Detail" not in ask("grants").out
    tiers = home.folder / "mappings" / "tiers.yaml"
    text = tiers.read_text(encoding="utf-8").replace("  recency:  ", "  overdue_share:")
    tiers.write_text(text.replace("window: {months: 12}", "window: {fiscal_year: current}"), encoding="utf-8")
    script = ask("grants").out
    assert (
        "GRANT SELECT ON OBJECT::[dbo].[Ar_Detail] ([cDwCode], [cFlag], [dVouchDate], [iCAmount], [iDAmount])" in script
    )
    assert "[UA_Period] ([bIsDelete], [cAcc_Id], [dBegin], [dEnd], [iId], [iYear])" in script
    grant_logins(home, ask)
    home.configure(login="u8sync_r")
    answer = ask("doctor", "--json")
    # The tiny world has periods up to February only.
    assert [check["status"] for check in checks_of(answer, "Fiscal periods")] == ["ok"]
    lacking = [check["found"] for check in checks_of(answer, "Rights")]
    assert not [one for one in lacking if any(table in one for table in ("Ar_Detail", "Ap_CloseBill", "UA_Period"))]
    assert ask("plan").code == 2


@every_driver
def test_what_a_run_can_do_without_is_a_warning_that_says_what_is_lost(home: Home, ask: Ask) -> None:
    grant_logins(home, ask)
    home.administrate(
        f"USE {DATABASE};\nREVOKE SELECT ON OBJECT::dbo.IA_Subsidiary (bRdFlag, bSale, cCusCode, iAOutPrice, iMonth,"
        " iYear) FROM u8sync_reader_role;\nUSE UFSystem;\n"
        "REVOKE SELECT ON OBJECT::dbo.UA_Period (cAcc_Id, dBegin, iYear) FROM u8sync_reader_role;"
    )
    home.configure(login="u8sync_w")
    answer = ask("doctor", "--json")
    assert answer.code == 0, failures(answer)
    hints = [check["hint"] for check in checks_of(answer, "Rights") if check["status"] == "warning"]
    assert "cost comes from outbound notes" in hints[0]
    assert "fiscal years are taken for calendar years" in hints[1]


def test_a_login_that_may_do_everything_is_refused_for_writing_unless_a_reason_is_given(home: Home, ask: Ask) -> None:
    answer = ask("doctor", "--json")
    assert answer.code == 69
    assert any("may do more than u8sync needs: sysadmin" in failure for failure in failures(answer))
    home.configure(allow_overprivileged="only a training server")
    answer = ask("doctor", "--json")
    assert answer.code == 0, failures(answer)
    assert checks_of(answer, "Login")[0]["hint"] == "Allowed by the configuration: only a training server"
    home.configure(read_only=True)
    assert checks_of(ask("doctor", "--json"), "Login")[0]["status"] == "warning"


def test_what_the_database_holds_is_told(home: Home, ask: Ask) -> None:
    answer = ask("doctor", "--json")
    said = {check["topic"]: check["found"] for check in reversed(answer.json["checks"])}
    assert "Collation Chinese_PRC_CI_AS" in said["Database"]
    assert "cCusDefine4" in said["Self-defined items"]
    assert said["Codes in use"].startswith("cCusMngTypeCode: ")
    assert "999: 1" in said["Codes in use"]
    assert "01: 1" in said["Codes in use"]
    assert "UFDATA_999_2019 (2019-)" in said["Databases"]
    assert "loopback of a test" in said["Encryption"]
    assert "SQL Server 2008 R2 (10.50." in said["Server"]
    assert "s apart" in said["Server's clock"]
    assert "FreeTDS" in said["Driver"]


@pytest.mark.parametrize(("instead_of", "status"), [(True, "failure"), (False, "warning")])
def test_triggers_on_the_archive_are_named(home: Home, ask: Ask, *, instead_of: bool, status: str) -> None:
    home.site.server.add_trigger(DATABASE, Trigger("tr_customer_log", "Customer", instead_of=instead_of))
    [found] = checks_of(ask("doctor", "--json"), "Triggers")
    assert found["status"] == status
    assert "tr_customer_log" in found["found"]


@every_driver
def test_a_refused_login_is_tried_once_and_the_audit_folder_is_still_looked_at(
    home: Home, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD, "wrong")
    answer = ask("doctor", "--json")
    assert answer.code == 69
    assert len(failures(answer)) == 1
    assert len(home.site.wire.logins) == 1
    assert checks_of(answer, "Audit log")[0]["status"] == "ok"
    assert "wrong" not in answer.out


def test_accounts_lists_what_the_login_sees_before_any_account_is_named(home: Home, ask: Ask) -> None:
    home.configure(account=None)
    [one] = ask("accounts", "--json").json
    assert (one["code"], one["name"]) == ("999", "测试账套")
    assert [(database["name"], database["last_year"]) for database in one["databases"]] == [
        ("UFDATA_999_2017", 2018),
        (DATABASE, None),
    ]
    assert one["notes"] == ["The login may not enter the database UFDATA_999_2017."]
    assert "since 2019" in ask("accounts").out
    for command in ("plan", "doctor", "grants"):
        answer = ask(command)
        assert answer.code in (65, 69)
        assert "Neither 'account' nor 'database' is given" in answer.err + answer.out


def test_a_login_that_sees_nothing_is_told_what_it_needs(home: Home, ask: Ask) -> None:
    home.site.server.add_login("nobody", "Geheim#1")
    home.configure(login="nobody")
    answer = ask("accounts")
    assert answer.code == 69
    assert "shows this login no account set" in answer.err
    assert "'u8syncgrants'printsthem" in answer.complaint
    assert ask("doctor").code == 69


def test_grants_needs_no_rights_itself_where_the_database_is_named(home: Home, ask: Ask) -> None:
    whole = ask("grants").out
    home.site.server.add_login("nobody", "Geheim#1")
    home.configure(login="nobody")
    assert ask("grants").code == 69
    home.configure(login="nobody", database=DATABASE)
    assert ask("grants").out.split("USE [master]")[1] == whole.split("USE [master]")[1]


def test_grants_for_the_years_of_an_account_set(home: Home, ask: Ask) -> None:
    for name in ("Alt", DATABASE + "b", "Morgen"):
        home.site.server.add_database(name)
    with home.site.server.back_door("UFSystem") as connection:
        connection.execute("UPDATE UA_AccountDatabase SET iEndYear = 2025 WHERE iEndYear IS NULL")
        rows = [("999", 2015, 2018, "Alt"), ("999", 2026, 2026, DATABASE + "b"), ("999", 2027, None, "Morgen")]
        connection.executemany(
            "INSERT INTO UA_AccountDatabase (cAcc_Id, iBeginYear, iEndYear, cDatabase) VALUES (?, ?, ?, ?)", rows
        )
    out = home.folder / "grants.sql"
    assert ask("grants", "--out", out, "--reader", "leser").code == 0
    script = out.read_text(encoding="utf-8-sig")
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    blocks = dict(re.findall(r"USE \[(\w+)\];\nGO\n(.*?)\nGO\n", script, re.DOTALL))
    assert set(blocks) == {"master", "Alt", DATABASE, DATABASE + "b", "Morgen", "UFSystem"}
    assert "U8 lists the database UFDATA_999_2017, and the server has none so named." in script
    assert "[leser]" in blocks["Alt"]
    # The archive is worked on in this year's database and will be in next year's.
    assert "GRANT UPDATE" in blocks[DATABASE + "b"]
    assert "GRANT UPDATE" in blocks["Morgen"]
    assert "GRANT UPDATE" not in blocks["Alt"] + blocks[DATABASE]


@pytest.mark.parametrize(
    ("number", "today", "status", "words"),
    [
        ("10.50.6000.34", date(2019, 7, 9), "ok", "2008 R2"),
        ("10.50.6000.34", date(2019, 7, 10), "warning", "2019-07-09"),
        ("16.0.1000.6", date(2026, 11, 24), "ok", "2022"),
        ("17.0.1000.7", date(2050, 1, 1), "ok", "2025"),
        ("9.00.5000.00", date(2026, 11, 24), "warning", "2008 R2 to 2025"),
        ("99.0.1", date(2026, 11, 24), "warning", "?"),
    ],
)
def test_an_old_or_unknown_server_is_a_warning(number: str, today: date, status: str, words: str) -> None:
    check = check_release(number, "Standard Edition", "ERP", today)
    assert check.status == status
    assert words in f"{check.found} {check.hint}"

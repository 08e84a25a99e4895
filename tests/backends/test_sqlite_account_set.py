"""The embedded account set: files that are none, sites that lack something, triggers, and commits that fail."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine

from u8sync.backends import backend_kind
from u8sync.backends.sqlite import SqliteBackend, SqliteDialect
from u8sync.backends.u8_schema import CustomerClass, UAAccount, UAAccountDatabase, UserDefine
from u8sync.domain.model import Glossary
from u8sync.errors import BackendError, FatalError, RefusedError, UnknownOutcomeError
from u8sync.ports import Backend, ColumnLimit, Edit, Stamp

STAMP = Stamp("u8sync", datetime(2026, 4, 1, 2, 3, 4, 567, tzinfo=UTC))


def opened(file: Path, **options: Any) -> Backend:
    kind = backend_kind("sqlite")
    return kind.open(kind.options.model_validate({"file": file.name, **options}), file.parent)


# --- what is no account set -------------------------------------------------------------------------------------------


def test_a_missing_file_is_fatal_and_is_not_created(tmp_path: Any) -> None:
    file = tmp_path / "none.db"
    with pytest.raises(FatalError, match=r"none\.db") as caught:
        opened(file)
    assert caught.value.hint is not None
    assert not file.exists()


def test_a_folder_is_no_account_set(tmp_path: Any) -> None:
    with pytest.raises(FatalError):
        opened(tmp_path)


def test_a_file_that_is_no_database_is_fatal(tmp_path: Any) -> None:
    file = tmp_path / "letter.db"
    file.write_bytes(b"Dear customer, this is no database. " * 100)
    with pytest.raises(FatalError, match="not a database"):
        opened(file)


def test_an_empty_file_is_no_account_set(tmp_path: Any) -> None:
    file = tmp_path / "empty.db"
    file.touch()
    with pytest.raises(FatalError, match="not a U8 account set that can be read: Customer, SaleBillVouch, "):
        opened(file)


def test_a_customer_table_without_a_row_version_is_no_account_set(site: Any) -> None:
    site.sql("DROP TABLE Customer")
    site.sql("CREATE TABLE Customer (cCusCode TEXT PRIMARY KEY)")
    with pytest.raises(FatalError, match=r"Customer\.pubufts"):
        site.open()


def test_a_damaged_file_is_fatal_in_plain_words(site: Any) -> None:
    for number in range(300):
        site.customer(f"{number:04d}", cCusName="名" * 90)
    backend = site.open()
    content = bytearray(site.file.read_bytes())
    (root,) = (row[0] for row in site.sql("SELECT rootpage FROM sqlite_master WHERE name = 'Customer'"))
    (size,) = (row[0] for row in site.sql("PRAGMA page_size"))
    content[(root - 1) * size : root * size] = b"\xff" * size
    site.file.write_bytes(content)
    with pytest.raises(FatalError, match="cannot be used") as caught:
        backend.customers(["cCusName"], site.quiet)
    assert "Traceback" not in str(caught.value)


def test_the_account_set_must_be_exactly_one(site: Any) -> None:
    backend = site.open()
    assert backend.account_set().lineage == ""
    site.add(UAAccount, cAcc_Id="998", cAcc_Name="另一", iYear=2020, cCurName="人民币")
    with pytest.raises(FatalError, match="names 2 account sets"):
        backend.account_set()


def test_an_account_set_without_a_database_name_is_fatal(site: Any) -> None:
    site.sql(f"DELETE FROM {UAAccountDatabase.name}")
    with pytest.raises(FatalError, match="which database"):
        site.open().account_set()


def test_a_file_name_with_every_odd_character_can_be_opened(site: Any) -> None:
    file = site.file.rename(site.file.with_name("账套 100%? #&'.db"))
    assert opened(file).account_set().code == "999"


# --- what a site may lack ---------------------------------------------------------------------------------------------


def test_a_column_that_an_older_u8_lacks_is_neither_read_nor_written(site: Any) -> None:
    site.sql("ALTER TABLE Customer DROP COLUMN cCusMngTypeCode")
    site.sql("ALTER TABLE Customer DROP COLUMN dModifyDate")
    site.item(65)
    site.customer("A", cCusDefine4="x")
    backend = site.open()
    assert not {"cCusMngTypeCode", "dModifyDate"} & backend.columns()
    assert "cCusMngTypeCode" not in backend.writable()
    with pytest.raises(RefusedError):
        backend.write([Edit("A", {"cCusMngTypeCode": None}, {"cCusMngTypeCode": "1"})], STAMP)
    (outcome,) = backend.write([Edit("A", {"cCusDefine4": "x"}, {"cCusDefine4": "y"})], STAMP)
    assert outcome.status == "applied"


def test_a_column_that_we_do_not_know_is_not_read(site: Any) -> None:
    site.sql("ALTER TABLE Customer ADD COLUMN cCusPhone TEXT")
    assert "cCusPhone" not in site.open().columns()


def test_names_in_another_case_are_the_same_names(site: Any) -> None:
    site.customer("A", cTrade="五金")
    site.sql("ALTER TABLE Customer RENAME COLUMN cTrade TO CTRADE")
    site.sql("ALTER TABLE Customer RENAME TO tmp")
    site.sql("ALTER TABLE tmp RENAME TO CUSTOMER")
    backend = site.open()
    assert backend.customers(["cTrade"], site.quiet)["cTrade"].to_list() == ["五金"]


def test_an_item_that_the_site_has_not_set_up_is_not_writable(site: Any) -> None:
    site.item(65, "等级")
    site.item(66, None)
    site.item(67, "  ")
    limits = site.open().writable()
    assert [name for name in limits if name.startswith("cCusDefine")] == ["cCusDefine4"]


def test_an_item_that_refers_to_another_archive_is_not_writable(site: Any) -> None:
    site.item(65, cRelArchive="Department")
    assert "cCusDefine4" not in site.open().writable()


def test_without_definitions_every_text_item_is_writable_at_its_width(site: Any) -> None:
    site.sql("DROP TABLE UserDef_Base")
    limits = {name: limit for name, limit in site.open().writable().items() if name.startswith("cCusDefine")}
    widths = {1: 20, 2: 20, 3: 20, 4: 60, 5: 60, 6: 60, 7: 120, 8: 120, 9: 120, 10: 120}
    assert limits == {f"cCusDefine{number}": ColumnLimit(width) for number, width in widths.items()}


@pytest.mark.parametrize(("length", "width"), [(None, 60), (0, 60), (8, 8), (200, 60)])
def test_the_width_is_the_smaller_of_item_and_column(site: Any, length: Any, width: Any) -> None:
    site.item(65, iLength=length)
    assert site.open().writable()["cCusDefine4"] == ColumnLimit(width)


def test_a_value_list_is_the_only_thing_allowed(site: Any) -> None:
    site.item(65, bArchive=True)
    for value in ("金", "银"):
        site.add(UserDefine, cID="65", cValue=value)
    site.add(UserDefine, cID="66", cValue="别的")
    assert site.open().writable()["cCusDefine4"].values == {"金", "银"}
    site.sql("DROP TABLE UserDefine")
    assert site.open().writable()["cCusDefine4"].values == frozenset()


def test_items_have_the_captions_of_u8_and_items_of_other_archives_are_none(site: Any) -> None:
    for id_, caption in ((11, "区域经理 "), (65, "角色"), (77, "评级日期"), (66, None), (67, " "), (1, "产地")):
        site.item(id_, caption)
    captions = {"cCusDefine1": "区域经理", "cCusDefine4": "角色", "cCusDefine16": "评级日期"}
    assert site.open().glossary() == Glossary(captions)


def test_classes_have_their_names_those_that_hold_no_customers_too(site: Any) -> None:
    for code, name in (("01", "经销商"), ("0101", "华东 "), ("02", None), ("03", "")):
        site.add(CustomerClass, cCCCode=code, cCCName=name, bCCEnd=len(code) > 2)
    assert site.open().glossary() == Glossary(names={"cCCCode": {"01": "经销商", "0101": "华东"}})


@pytest.mark.parametrize(
    "missing", ["UserDef_Base", "CustomerClass", "UserDef_Base.cItemName", "CustomerClass.cCCName", "Customer.cCCCode"]
)
def test_words_that_the_site_does_not_keep_are_absent_and_no_error(site: Any, missing: str) -> None:
    site.item(65, "角色")
    site.add(CustomerClass, cCCCode="01", cCCName="经销商")
    table, _, column = missing.partition(".")
    site.sql(f"ALTER TABLE {table} DROP COLUMN {column}" if column else f"DROP TABLE {table}")
    whole = Glossary({"cCusDefine4": "角色"}, {"cCCCode": {"01": "经销商"}})
    lost = Glossary(whole.captions) if table != "UserDef_Base" else Glossary(names=whole.names)
    assert site.open().glossary() == lost


def test_codes_in_use_are_the_codes_allowed(site: Any) -> None:
    site.add(CustomerClass, cCCCode="01", bCCEnd=False)
    site.add(CustomerClass, cCCCode="0101", bCCEnd=True)
    for number, code in enumerate(("A", "A", "B", "", "  ", None)):
        site.customer(str(number), CustomerKCode=code, cCusMngTypeCode=code)
    limits = site.open().writable()
    assert limits["CustomerKCode"] == ColumnLimit(4, frozenset("AB"))
    assert limits["cCusMngTypeCode"] == ColumnLimit(32, frozenset({"A", "B", "999"}))
    assert limits["cCCCode"] == ColumnLimit(12, frozenset({"0101"}))
    site.sql("DROP TABLE CustomerClass")
    assert "cCCCode" not in site.open().writable()


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [1, 2, 3, 4, 100])
def test_pages_of_any_size_give_every_customer_once(site: Any, page: Any) -> None:
    codes = ["007", "7", "A", "a", "客'户", "100%"]
    for code in codes:
        site.customer(code)
    engine = create_engine(f"sqlite:///{site.file.as_posix()}", poolclass=NullPool)
    backend = SqliteBackend(engine, SqliteDialect("site"), page=page)
    assert sorted(backend.customers(["cCusAbbName"], site.quiet)["code"]) == sorted(codes)


def test_an_empty_archive_is_an_empty_frame(site: Any) -> None:
    frame = site.open().customers(["cCusName"], site.quiet)
    assert (frame.columns, frame.height) == (["code", "cCusName"], 0)


@pytest.mark.parametrize(
    ("value", "raw"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        (-1.5e22, "-15000000000000000000000"),
        (100.0, "100"),
    ],
)
def test_floats_are_plain_decimals(site: Any, value: Any, raw: Any) -> None:
    site.customer("A", iCusCreLine=value, cCusDefine11=3, account_type=26)
    values = site.open().read(["A"], ["iCusCreLine", "cCusDefine11", "account_type"])["A"].values
    assert values == {"iCusCreLine": raw, "cCusDefine11": "3", "account_type": "26"}


# --- writing ----------------------------------------------------------------------------------------------------------


def before_and_after(number: object) -> tuple[dict[str, str | None], dict[str, str | None]]:
    return {"cCusDefine4": None}, {"cCusDefine4": f"值{number}"}


def test_bookkeeping_is_wall_clock_time_of_the_machine(site: Any) -> None:
    site.customer("A")
    site.open().write([Edit("A", *before_and_after(1))], STAMP)
    stored = site.sql("SELECT cModifyPerson, dModifyDate FROM Customer")
    assert stored == [("u8sync", f"{STAMP.at.astimezone():%Y-%m-%d %H:%M:%S}")]


def test_a_batch_may_be_larger_than_a_statement_takes_parameters(site: Any) -> None:
    backend = site.open()
    connection = sqlite3.connect(site.file)
    with connection:
        rows = [(f"{number:05d}",) * 2 for number in range(2_500)]
        connection.executemany("INSERT INTO Customer (cCusCode, cCusAbbName) VALUES (?, ?)", rows)
    connection.close()
    outcomes = backend.write([Edit(code, *before_and_after(code)) for code, _ in rows], STAMP)
    assert {outcome.status for outcome in outcomes} == {"applied"}
    assert site.sql("SELECT COUNT(*) FROM Customer WHERE cCusDefine4 = '值' || cCusCode") == [(2_500,)]


def test_a_row_that_a_trigger_refuses_is_rejected_and_the_others_go_on(site: Any) -> None:
    for code in "ABC":
        site.customer(code)
    site.sql(
        "CREATE TRIGGER partner BEFORE UPDATE ON Customer WHEN NEW.cCusDefine4 = '值B' "
        "BEGIN SELECT RAISE(ABORT, '不允许'); END"
    )
    outcomes = site.open().write([Edit(code, *before_and_after(code)) for code in "ABC"], STAMP)
    assert [outcome.status for outcome in outcomes] == ["applied", "rejected", "applied"]
    assert outcomes[1].detail == "不允许"
    assert outcomes[1].version_after is None
    assert site.sql("SELECT cCusDefine4 FROM Customer ORDER BY cCusCode") == [("值A",), (None,), ("值C",)]


@pytest.mark.parametrize(
    "trigger",
    [
        (
            "AFTER UPDATE OF cCusDefine4 ON Customer WHEN NEW.cCusDefine4 = '值B' "
            "BEGIN UPDATE Customer SET cCusDefine4 = '改了' WHERE cCusCode = NEW.cCusCode; END"
        ),
        (
            "AFTER UPDATE OF cCusDefine4 ON Customer WHEN NEW.cCusDefine4 = '值B' "
            "BEGIN DELETE FROM Customer WHERE cCusCode = NEW.cCusCode; END"
        ),
        "BEFORE UPDATE OF cCusDefine4 ON Customer WHEN NEW.cCusDefine4 = '值B' BEGIN SELECT RAISE(IGNORE); END",
    ],
    ids=["changed", "deleted", "ignored"],
)
def test_a_written_value_that_a_trigger_does_not_keep_undoes_the_whole_batch(site: Any, trigger: Any) -> None:
    for code in "ABC":
        site.customer(code)
    before = site.sql("SELECT * FROM Customer")
    site.sql(f"CREATE TRIGGER partner {trigger}")
    with pytest.raises(FatalError, match="cCusDefine4 of customer B"):
        site.open().write([Edit(code, *before_and_after(code)) for code in "ABC"], STAMP)
    assert site.sql("SELECT * FROM Customer") == before


def test_a_trigger_that_ends_the_transaction_leaves_nothing_behind(site: Any) -> None:
    for code in "ABC":
        site.customer(code)
    before = site.sql("SELECT * FROM Customer")
    site.sql(
        "CREATE TRIGGER partner BEFORE UPDATE ON Customer WHEN NEW.cCusDefine4 = '值B' "
        "BEGIN SELECT RAISE(ROLLBACK, '全部撤销'); END"
    )
    with pytest.raises(BackendError):
        site.open().write([Edit(code, *before_and_after(code)) for code in "ABC"], STAMP)
    assert site.sql("SELECT * FROM Customer") == before


def test_a_commit_whose_answer_is_lost_is_an_unknown_outcome(site: Any) -> None:
    site.customer("A")

    class Forgetful(sqlite3.Connection):
        """Commits, and then says that it could not tell."""

        def commit(self) -> None:
            super().commit()
            raise sqlite3.OperationalError("disk I/O error")

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(site.file, isolation_level=None, factory=Forgetful)

    backend = SqliteBackend(create_engine("sqlite://", creator=connect, poolclass=NullPool), SqliteDialect("site"))
    with pytest.raises(UnknownOutcomeError, match="disk I/O error"):
        backend.write([Edit("A", *before_and_after(1))], STAMP)
    assert site.open().read(["A"], ["cCusDefine4"])["A"].values == {"cCusDefine4": "值1"}


def test_a_file_opened_read_only_cannot_be_written_even_behind_the_wrapper(site: Any) -> None:
    site.customer("A")
    backend = site.open(read_only=True)
    with pytest.raises(FatalError, match="denied"):
        backend._backend.write([Edit("A", *before_and_after(1))], STAMP)
    assert site.sql("SELECT cCusDefine4 FROM Customer") == [(None,)]


def test_nothing_is_held_between_two_operations(site: Any) -> None:
    site.customer("A")
    backend = site.open()
    backend.customers(["cCusName"], site.quiet)
    backend.write([Edit("A", *before_and_after(1))], STAMP)
    site.sql("BEGIN EXCLUSIVE")
    site.file.rename(site.file.with_name("moved.db"))

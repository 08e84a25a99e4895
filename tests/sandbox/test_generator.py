"""A made account set: equal arguments give equal rows, and what is promised to be in it is in it."""

import hashlib
import re
import sqlite3
from contextlib import closing
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, func, select
from sqlalchemy.exc import IntegrityError

from u8sync.backends import u8_schema as u8
from u8sync.errors import InputError
from u8sync.sandbox import generator
from u8sync.sandbox.account_set import SandboxSummary
from u8sync.sandbox.customers import CUSTOMER
from u8sync.sandbox.generator import create_account_set

UNTIL = date(2026, 10, 20)
VALID = "trim(coalesce(h.cChecker, '')) <> '' AND trim(coalesce(h.cInvalider, '')) = '' AND h.bFirst = 0"
INVOICES = "SaleBillVouchs l JOIN SaleBillVouch h ON h.SBVID = l.SBVID"


def dump(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return list(connection.iterdump())


def ask(connection: sqlite3.Connection, question: str) -> list[Any]:
    return connection.execute(question).fetchall()


def count(connection: sqlite3.Connection, question: str) -> int:
    [[number]] = ask(connection, f"SELECT count(*) FROM {question}")
    return number


def make(file: Path, progress: Any, **changed: Any) -> SandboxSummary:
    arguments = {"customers": 60, "months": 6, "seed": 1, "until": UNTIL, **changed}
    return create_account_set(file, progress=progress, **arguments)


def test_equal_arguments_give_equal_rows(tmp_path: Path, progress: Any) -> None:
    make(tmp_path / "one.db", progress)
    make(tmp_path / "two.db", progress)

    assert dump(tmp_path / "one.db") == dump(tmp_path / "two.db")


@pytest.mark.parametrize(
    "changed",
    [{"seed": 2}, {"customers": 61}, {"months": 7}, {"until": date(2026, 10, 21)}],
    ids=lambda c: next(iter(c)),
)
def test_any_other_argument_gives_another_account_set_and_another_lineage(
    tmp_path: Path, progress: Any, changed: dict[str, Any]
) -> None:
    make(tmp_path / "one.db", progress)
    make(tmp_path / "two.db", progress, **changed)

    lineages = []
    for name in ("one.db", "two.db"):
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            lineages += ask(connection, "SELECT value FROM u8sync_sandbox WHERE name = 'lineage'")
            customers = ask(connection, "SELECT cCusAbbName FROM Customer ORDER BY 1")
        lineages.append(customers)
    assert lineages[0] != lineages[2]
    assert lineages[1] != lineages[3]
    assert re.fullmatch("[0-9a-f]{16}", lineages[0][0])


def test_the_rows_are_the_same_on_every_machine(books: sqlite3.Connection) -> None:
    # The digest comes from one run. Rows that change with the code need a new version of the generator, because the
    # lineage must change with them.
    rows = [
        ask(books, f"SELECT {', '.join(CUSTOMER)} FROM Customer ORDER BY pubufts"),
        ask(books, "SELECT SBVID, dDate, cCusCode, iExchRate, cChecker, cInvalider FROM SaleBillVouch ORDER BY SBVID"),
        ask(books, "SELECT AutoID, cInvCode, iQuantity, iNatMoney, iNatTax FROM SaleBillVouchs ORDER BY AutoID"),
        ask(books, "SELECT ID, iYear, iMonth, iAOutPrice FROM IA_Subsidiary ORDER BY AutoID"),
    ]

    paid = [
        ask(books, "SELECT cDwCode, dVouchDate, iDAmount, iCAmount FROM Ar_Detail ORDER BY Auto_ID"),
        ask(books, "SELECT cDwCode, dVouchDate, iAmount, cCheckMan FROM Ap_CloseBill ORDER BY iID"),
    ]

    assert (generator.VERSION, generator.PAYING_VERSION) == (1, 1)
    assert hashlib.sha256(repr(paid).encode()).hexdigest()[:16] == "91d0b5d3448635e6"
    assert hashlib.sha256(repr(rows).encode()).hexdigest()[:16] == "6a1a5778c8fbcc45"


def test_the_summary_tells_what_the_file_holds(tmp_path: Path, progress: Any) -> None:
    summary = make(tmp_path / "one.db", progress)

    with closing(sqlite3.connect(tmp_path / "one.db")) as connection:
        assert summary.customers == count(connection, "Customer") == 60
        assert summary.invoice_lines == count(connection, "SaleBillVouchs")
        assert ask(connection, "SELECT cAcc_Id, cAcc_Name FROM UA_Account") == [(summary.code, summary.name)]
    assert (summary.file, summary.first_day, summary.last_day) == (tmp_path / "one.db", date(2026, 5, 1), UNTIL)


def test_progress_hears_all_of_every_step(tmp_path: Path, progress: Any) -> None:
    make(tmp_path / "one.db", progress)

    assert progress.open == 0
    assert progress.steps
    assert all(total == done for total, done in progress.steps)


def test_there_are_about_ten_invoice_lines_a_customer(books: sqlite3.Connection) -> None:
    assert 9_500 <= count(books, "SaleBillVouchs") <= 11_500


@pytest.mark.parametrize("customers", [1, 2, 7, 49, 50])
@pytest.mark.parametrize("until", [date(2026, 10, 1), date(2024, 2, 29)])
def test_the_smallest_account_sets_can_be_made_too(tmp_path: Path, progress: Any, customers: int, until: date) -> None:
    summary = make(tmp_path / "one.db", progress, customers=customers, months=1, until=until)

    assert summary.customers == customers
    with closing(sqlite3.connect(tmp_path / "one.db")) as connection:
        assert count(connection, "IA_Subsidiary") == 0


# --- what an account set is made of -----------------------------------------------------------------------------------


def test_it_says_of_itself_what_an_account_set_says(books: sqlite3.Connection) -> None:
    assert ask(books, "SELECT cAcc_Id, iYear, cCurName FROM UA_Account") == [("999", 2024, "人民币")]
    assert ask(books, "SELECT * FROM UA_AccountDatabase") == [("999", 2024, None, "UFDATA_999_2024")]
    assert ask(books, "SELECT min(dBegin), max(dEnd), count(*) FROM UA_Period") == [
        ("2024-01-01 00:00:00", "2026-12-31 00:00:00", 36)
    ]
    assert dict(ask(books, "SELECT cSysID || '/' || cName, cValue FROM AccInformation")) == {
        "SA/dSaleStartDate": "2024-11-01",
        "IA/dStartDate": "2024-11-01",
        "AR/dARStartDate": "2024-11-01",
    }


def test_the_recommended_tier_has_a_self_defined_item_with_a_list_of_values(books: sqlite3.Connection) -> None:
    captions = dict(ask(books, "SELECT cID, cItemName FROM UserDef_Base WHERE cClass = '客户'"))
    item = u8.SELF_DEFINED_IDS["cCusDefine5"]

    assert len(captions) == 16
    assert captions.pop(u8.SELF_DEFINED_IDS["cCusDefine4"]) == "客户角色"
    assert captions.pop(item) == "推荐等级"
    assert set(captions.values()) == {""}
    assert ask(books, "SELECT cID FROM UserDef_Base WHERE bArchive = 1") == [(item,)]
    assert ask(books, "SELECT cValue FROM UserDefine WHERE cID = ?".replace("?", item)) == [
        ("潜在",), ("一般",), ("重要",), ("VIP",)
    ]  # fmt: skip
    assert count(books, "Customer WHERE cCusDefine5 IS NOT NULL") == 0


def test_class_codes_obey_the_coding_rule_and_customers_hang_on_leaves_only(books: sqlite3.Connection) -> None:
    [(rule,)] = ask(books, "SELECT CODINGRULE FROM GradeDef_Base WHERE KEYWORD = 'customerclass' AND iYear = 0")
    lengths = [sum(map(int, rule[:depth])) for depth in range(1, len(rule) + 1)]
    classes = {
        code: (grade, leaf) for code, grade, leaf in ask(books, "SELECT cCCCode, iCCGrade, bCCEnd FROM CustomerClass")
    }

    assert 20 <= len(classes) <= 30
    for code, (grade, leaf) in classes.items():
        assert lengths.index(len(code)) + 1 == grade
        assert grade == 1 or code[: lengths[grade - 2]] in classes
        assert leaf == (not any(other != code and other.startswith(code) for other in classes))
    used = {code for (code,) in ask(books, "SELECT DISTINCT cCCCode FROM Customer")}
    assert used
    assert all(classes[code][1] for code in used)


def test_names_and_codes_are_unique_also_where_case_does_not_count(books: sqlite3.Connection) -> None:
    rows = ask(books, "SELECT cCusCode, cCusAbbName, length(cCusName), length(cCusAbbName) FROM Customer")

    assert len({code.casefold() for code, *_ in rows}) == len({name.casefold() for _, name, *_ in rows}) == 1000
    assert max(len(code) for code, *_ in rows) <= 20
    assert max(row[2] for row in rows) <= 98
    assert max(row[3] for row in rows) <= 60


def test_every_text_fits_its_column(made: Path) -> None:
    engine = create_engine(f"sqlite:///{made}")
    with engine.connect() as connection:
        for table in u8.METADATA.sorted_tables:
            for column in table.columns:
                width = getattr(column.type, "length", None)
                if width:
                    assert (connection.scalar(select(func.max(func.length(column)))) or 0) <= width, column
    engine.dispose()


def test_the_rows_read_back_through_the_tables_of_the_backend(made: Path) -> None:
    engine = create_engine(f"sqlite:///{made}")
    with engine.connect() as connection:
        for table in u8.METADATA.sorted_tables:
            assert connection.execute(select(table).limit(500)).all() is not None
        line = connection.execute(select(u8.SaleBillVouchs)).first()
        customer = connection.execute(select(u8.Customer)).first()
    engine.dispose()
    assert isinstance(line.iNatMoney, Decimal)
    assert isinstance(customer.dCusCreateDatetime, date)
    assert customer.bCusDomestic in {True, False}


# --- what is untidy in it ---------------------------------------------------------------------------------------------


def test_management_types_are_blank_in_every_way_and_known_and_unknown(books: sqlite3.Connection) -> None:
    kinds = {kind for (kind,) in ask(books, "SELECT DISTINCT cCusMngTypeCode FROM Customer")}

    assert kinds == {None, "", "   ", "999", "01", "02", "03", "04", "X9"}
    assert 5 <= count(books, "Customer WHERE cCusMngTypeCode = 'X9'") <= 15


def test_role_texts_are_typed_in_every_way(books: sqlite3.Connection) -> None:
    texts = [text for (text,) in ask(books, "SELECT cCusDefine4 FROM Customer")]
    given = [text for text in texts if text and text.strip()]

    assert None in texts
    assert "" in texts
    for mark in ",，;；、":
        assert any(mark in text for text in given), mark
    lists = [[role.strip() for role in re.split("[,，;；、]", text)] for text in given]
    assert {role for roles in lists for role in roles} == {"供应商", "分销商", "合作伙伴", "终端客户", "代理"}
    assert sum("代理" in roles for roles in lists) == 10
    assert any(len(roles) > len(set(roles)) for roles in lists)
    assert any(re.search("[,，;；、] ", text) for text in given)


def test_customer_codes_are_text(books: sqlite3.Connection) -> None:
    codes = {code for (code,) in ask(books, "SELECT cCusCode FROM Customer")}

    assert {"007", "7", "vip01", "A001", "b002"} <= codes
    assert any(re.fullmatch("0[0-9]+", code) and len(code) > 4 for code in codes)
    assert any("-" in code for code in codes)


def test_some_customers_are_disabled_and_stop_ordering_then(books: sqlite3.Connection) -> None:
    assert 15 <= count(books, "Customer WHERE dEndDate IS NOT NULL") <= 40
    assert count(books, "Customer WHERE dEndDate < dCusDevDate OR dEndDate < dCusCreateDatetime") == 0
    assert (
        count(
            books,
            "SO_SOMain o JOIN Customer c ON c.cCusCode = o.cCusCode WHERE o.dDate > c.dEndDate AND o.bReturnFlag = 0",
        )
        == 0
    )


def test_one_customer_in_eight_never_bought_and_some_of_these_are_new(books: sqlite3.Connection) -> None:
    without = "Customer WHERE cCusCode NOT IN (SELECT cCusCode FROM SO_SOMain)"

    assert count(books, without) == 120
    assert count(books, f"{without} AND bCusState = 1") == 0
    assert count(books, f"{without} AND dCusCreateDatetime > '2026-09-20'") == 40


def test_no_customer_buys_before_its_relation_began(books: sqlite3.Connection) -> None:
    early = "SO_SOMain o JOIN Customer c ON c.cCusCode = o.cCusCode WHERE o.dDate < c.dCusDevDate"

    assert count(books, early) == 0
    assert count(books, "Customer WHERE dCusDevDate IS NULL") > 0


def test_few_customers_make_up_much_of_the_revenue(books: sqlite3.Connection) -> None:
    totals = [
        total
        for (total,) in ask(
            books, f"SELECT sum(l.iNatMoney) AS m FROM {INVOICES} WHERE {VALID} GROUP BY h.cCusCode ORDER BY m DESC"
        )
    ]

    assert sum(totals[: len(totals) // 10]) > 0.4 * sum(totals)


def test_returns_are_negative_and_flagged(books: sqlite3.Connection) -> None:
    assert count(books, "SaleBillVouch WHERE bReturnFlag = 1") > 20
    assert count(books, "SO_SOMain WHERE bReturnFlag = 1") > 20
    assert count(books, f"{INVOICES} WHERE h.bReturnFlag = 1 AND (l.iQuantity >= 0 OR l.iNatMoney > 0)") == 0
    assert count(books, "IA_Subsidiary WHERE iAOutPrice < 0 AND iAOutQuantity < 0") > 20


def test_goods_that_come_back_were_sold_at_that_price(books: sqlite3.Connection) -> None:
    unit = "l.iMoney * 1.0 / l.iQuantity"
    sold = set(
        ask(books, f"SELECT h.cCusCode, l.cInvCode, {unit} FROM {INVOICES} WHERE h.bReturnFlag = 0 AND l.iQuantity > 0")
    )
    back = set(ask(books, f"SELECT h.cCusCode, l.cInvCode, {unit} FROM {INVOICES} WHERE h.bReturnFlag = 1"))

    assert back <= sold


def test_voided_invoices_are_made_out_anew(books: sqlite3.Connection) -> None:
    voided = ask(
        books,
        "SELECT v.SBVID, count(n.SBVID) FROM SaleBillVouch v LEFT JOIN SaleBillVouch n ON n.SBVID = v.SBVID + 1 "
        "AND n.cCusCode = v.cCusCode AND n.dDate = v.dDate AND trim(coalesce(n.cInvalider, '')) = '' "
        "WHERE trim(coalesce(v.cInvalider, '')) <> '' GROUP BY v.SBVID",
    )

    assert len(voided) > 20
    assert all(again == 1 for _, again in voided)
    assert {blank for (blank,) in ask(books, "SELECT DISTINCT cInvalider FROM SaleBillVouch")} >= {None, "", "   "}


def test_some_invoices_and_orders_wait_for_approval_with_every_kind_of_blank(books: sqlite3.Connection) -> None:
    for table, column in (("SaleBillVouch", "cChecker"), ("SO_SOMain", "cVerifier")):
        blanks = {
            blank for (blank,) in ask(books, f"SELECT DISTINCT {column} FROM {table}") if not (blank or "").strip()
        }
        assert blanks == {None, "", "  "}


def test_opening_rows_lie_before_the_first_day_and_have_no_order(books: sqlite3.Connection) -> None:
    opening = "SaleBillVouch h JOIN SaleBillVouchs l ON l.SBVID = h.SBVID WHERE h.bFirst = 1"

    assert count(books, opening) > 10
    assert count(books, f"{opening} AND (h.dDate >= '2024-11-01' OR l.iSOsID IS NOT NULL)") == 0
    assert count(books, "SaleBillVouch WHERE bFirst = 0 AND dDate < '2024-11-01'") == 0


def test_there_are_gifts_and_discounts(books: sqlite3.Connection) -> None:
    assert count(books, f"{INVOICES} WHERE l.iQuantity > 0 AND l.iSum = 0") > 20
    assert count(books, f"{INVOICES} WHERE l.iQuantity = 0 AND l.iNatMoney < 0 AND h.bReturnFlag = 0") > 20


def test_the_last_month_has_sales_and_no_cost_and_the_others_have_both(books: sqlite3.Connection) -> None:
    sold = {month for (month,) in ask(books, f"SELECT DISTINCT substr(h.dDate, 1, 7) FROM {INVOICES} WHERE {VALID}")}
    costed = {month for (month,) in ask(books, "SELECT DISTINCT printf('%04d-%02d', iYear, iMonth) FROM IA_Subsidiary")}

    assert sold - costed == {"2026-10"}
    assert costed < sold
    assert len(costed) == 23
    assert (
        count(books, "rdrecord32 h JOIN rdrecords32 l ON l.ID = h.ID WHERE h.dDate >= '2026-10' AND iPrice IS NOT NULL")
        == 0
    )


def test_every_valid_line_of_a_closed_month_has_its_cost_and_no_other_line_has(books: sqlite3.Connection) -> None:
    lines = ask(
        books,
        f"SELECT ({VALID} AND h.dDate < '2026-10' AND l.iQuantity <> 0), count(c.AutoID), count(*), "
        "coalesce(sum(c.cCusCode <> h.cCusCode OR c.dVouDate <> h.dDate OR c.cVouCode <> h.cSBVCode), 0) "
        f"FROM {INVOICES} LEFT JOIN IA_Subsidiary c ON c.ID = l.AutoID GROUP BY 1 ORDER BY 1",
    )

    [(_, none, _, _), (_, costed, expected, wrong)] = lines
    assert none == wrong == 0
    assert costed == expected > 5_000


def test_margins_differ_and_a_few_customers_lose_money(books: sqlite3.Connection) -> None:
    revenue = dict(
        ask(
            books, f"SELECT h.cCusCode, sum(l.iNatMoney) FROM {INVOICES} WHERE {VALID} AND dDate < '2026-10' GROUP BY 1"
        )
    )
    cost = dict(ask(books, "SELECT cCusCode, sum(iAOutPrice) FROM IA_Subsidiary GROUP BY 1"))
    margins = [1 - cost.get(code, 0) / total for code, total in revenue.items() if total > 0]

    assert set(cost) <= set(revenue)
    assert 5 <= sum(margin < 0 for margin in margins) <= 40
    assert 0.2 < sorted(margins)[len(margins) // 2] < 0.4


# --- money and keys ---------------------------------------------------------------------------------------------------


def test_every_sum_is_exact(books: sqlite3.Connection) -> None:
    assert count(books, "SaleBillVouchs WHERE iMoney + iTax <> iSum OR iNatMoney + iNatTax <> iNatSum") == 0
    assert count(books, "SaleBillVouchs WHERE iMoney % 100 <> 0 OR iTax % 100 <> 0") == 0
    for table, column in (
        ("SaleBillVouchs", "iNatMoney"),
        ("IA_Subsidiary", "iAOutPrice"),
        ("SO_SODetails", "iNatSum"),
    ):
        assert ask(books, f"SELECT DISTINCT typeof({column}) FROM {table}") == [("integer",)]


def test_home_currency_is_the_amount_times_the_rate_rounded_to_four_places(books: sqlite3.Connection) -> None:
    rows = ask(books, f"SELECT l.iMoney, l.iNatMoney, h.iExchRate FROM {INVOICES} WHERE h.cexch_name = '美元'")

    assert len(rows) > 50
    for money, home, rate in rows:
        expected = (Decimal(money).scaleb(-4) * Decimal(str(rate))).quantize(Decimal("0.0001"), ROUND_HALF_UP)
        assert Decimal(home).scaleb(-4) == expected
    assert count(books, "SaleBillVouch WHERE cexch_name = '人民币' AND iExchRate <> 1") == 0


def test_lines_hang_together_along_the_whole_chain(books: sqlite3.Connection) -> None:
    for child, key, parent, parent_key in (
        ("SaleBillVouchs", "SBVID", "SaleBillVouch", "SBVID"),
        ("SaleBillVouchs", "iSOsID", "SO_SODetails", "iSOsID"),
        ("SaleBillVouchs", "iDLsID", "DispatchLists", "iDLsID"),
        ("SO_SODetails", "ID", "SO_SOMain", "ID"),
        ("DispatchLists", "DLID", "DispatchList", "DLID"),
        ("DispatchLists", "iSOsID", "SO_SODetails", "iSOsID"),
        ("rdrecords32", "ID", "rdrecord32", "ID"),
        ("rdrecords32", "iDLsID", "DispatchLists", "iDLsID"),
        ("rdrecord32", "cDLCode", "DispatchList", "DLID"),
        ("IA_Subsidiary", "ID", "SaleBillVouchs", "AutoID"),
    ):
        assert count(books, f"{child} WHERE {key} NOT IN (SELECT {parent_key} FROM {parent})") == 0, (child, key)
    differing = (
        f"{INVOICES} JOIN SO_SODetails o ON o.iSOsID = l.iSOsID JOIN SO_SOMain m ON m.ID = o.ID "
        "WHERE m.cCusCode <> h.cCusCode OR o.cInvCode <> l.cInvCode OR o.iQuantity <> l.iQuantity OR m.dDate > h.dDate"
    )
    assert count(books, differing) == 0


def test_row_versions_are_unique_and_move_with_every_change(made: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes(made.read_bytes())
    with closing(sqlite3.connect(copy)) as connection:
        versions = ask(connection, "SELECT pubufts FROM Customer UNION ALL SELECT pubufts FROM CustomerClass")
        highest = max(versions)[0]
        assert len(set(versions)) == len(versions)
        assert min(versions)[0] > 0

        connection.execute("UPDATE Customer SET cCusDefine5 = 'VIP' WHERE cCusCode = '007'")

        assert ask(
            connection, "SELECT pubufts > ? FROM Customer WHERE cCusCode = '007'".replace("?", str(highest))
        ) == [(1,)]
        assert count(connection, f"Customer WHERE pubufts > {highest}") == 1


def test_a_short_name_cannot_be_given_twice(made: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes(made.read_bytes())
    engine = create_engine(f"sqlite:///{copy}")
    with engine.connect() as connection:
        row = connection.execute(select(u8.Customer)).first()._asdict()
        with pytest.raises(IntegrityError):
            connection.execute(u8.Customer.insert().values({**row, "cCusCode": "other"}))
    engine.dispose()


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [{"customers": 0}, {"customers": 1_000_001}, {"months": 0}, {"months": -3}, {"until": date(1970, 1, 1)}],
    ids=str,
)
def test_arguments_out_of_bounds_are_refused_with_a_hint(tmp_path: Path, progress: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="must lie between") as caught:
        make(tmp_path / "one.db", progress, **wrong)

    assert caught.value.hint is not None
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_creation_leaves_nothing(tmp_path: Path, progress: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # The person at the keys interrupts while documents are made.
    def interrupt(*_: object, **__: object) -> None:
        assert len(list(tmp_path.iterdir())) == 1
        raise KeyboardInterrupt

    monkeypatch.setattr(generator, "_make_documents", interrupt)
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "one.db", progress)

    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_replacement_leaves_the_old_file(
    tmp_path: Path, progress: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = Path(tmp_path / "one.db")
    make(file, progress)
    before = file.read_bytes()

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(generator, "_make_documents", interrupt)
    with pytest.raises(KeyboardInterrupt):
        make(file, progress, seed=2, overwrite=True)

    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


# --- receivables ------------------------------------------------------------------------------------------------------


def test_every_valid_invoice_and_the_opening_ones_are_charged_once(books: sqlite3.Connection) -> None:
    valid = VALID.replace("AND h.bFirst = 0", "")
    [[charged]] = ask(books, "SELECT sum(iDAmount) FROM Ar_Detail WHERE cVouchType IN ('26', '27')")
    [[invoiced]] = ask(books, f"SELECT sum(l.iNatSum) FROM {INVOICES} WHERE {valid}")
    assert charged == invoiced
    assert count(books, "Ar_Detail WHERE cVouchType IN ('26', '27')") == count(books, f"SaleBillVouch h WHERE {valid}")


def test_every_approved_receipt_and_refund_is_in_the_ledger_and_no_other(books: sqlite3.Connection) -> None:
    approved = "trim(coalesce(cCheckMan, '')) <> ''"
    bills = ask(books, f"SELECT cVouchID, cDwCode, dVouchDate, iAmount FROM Ap_CloseBill WHERE {approved} ORDER BY 1")
    entries = "SELECT cVouchID, cDwCode, dVouchDate, iDAmount + iCAmount FROM Ar_Detail WHERE cVouchID LIKE 'SK%'"
    assert ask(books, f"{entries} ORDER BY 1") == bills
    assert count(books, "Ap_CloseBill") > len(bills) > 1000
    assert count(books, "Ap_CloseBill WHERE cVouchType = '49'") > 0
    assert count(books, "Ar_Detail WHERE iCAmount > 0 AND cVouchType <> '48'") == 0


def test_nobody_pays_more_than_was_charged_or_before_or_after_the_last_day(books: sqlite3.Connection) -> None:
    [[last]] = ask(books, "SELECT max(dDate) FROM SaleBillVouch")
    assert count(books, f"Ap_CloseBill WHERE dVouchDate > '{last}'") == 0
    first = "SELECT cDwCode, min(CASE WHEN iDAmount > 0 THEN dVouchDate END) charged,"
    first += " min(CASE WHEN iCAmount > 0 THEN dVouchDate END) paid FROM Ar_Detail GROUP BY cDwCode"
    assert count(books, f"({first}) WHERE paid < charged") == 0


def test_most_pay_in_time_and_some_do_not(books: sqlite3.Connection) -> None:
    [[day]] = ask(books, "SELECT date(max(dDate), '-30 days') FROM SaleBillVouch")
    balance = f"SELECT cDwCode, sum(iDAmount) - sum(iCAmount) left_over, sum(CASE WHEN dVouchDate > '{day}' AND"
    balance += " iDAmount > 0 THEN iDAmount ELSE 0 END) late FROM Ar_Detail GROUP BY cDwCode"
    customers = count(books, f"({balance})")
    overdue = count(books, f"({balance}) WHERE left_over > late")
    assert 0.02 < overdue / customers < 0.4
    assert count(books, f"({balance}) WHERE left_over = 0") > customers / 4

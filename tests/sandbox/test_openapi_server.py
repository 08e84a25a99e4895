"""The served OpenAPI, call by call, against the public contract; and what it refuses."""

import re
import sqlite3
import threading
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from openapi_asker import Asker

from u8sync.errors import InputError
from u8sync.sandbox.openapi.gate import Credentials
from u8sync.sandbox.openapi.server import OpenApiServer

TEXT = "text/html; charset=utf-8"
FOUR_DECIMALS = re.compile(r"-?\d+\.\d{4}")
COUNTERS = {"page_index", "rows_per_page", "row_count", "page_count"}
OK = {"errcode": "0", "errmsg": ""}
NEVER_SERVED = ("cCusPerson", "cCusBank", "iARMoney", "CustomerKCode")


def all_rows(asker: Asker, path: str, key: str, **query: object) -> list[Any]:
    first = asker.get(path, rows_per_page="100", **query)
    pages = [
        asker.get(path, rows_per_page="100", page_index=n, **query) for n in range(2, int(first["page_count"]) + 1)
    ]
    return [row for page in (first, *pages) for row in page[key]]


def one(stored: sqlite3.Connection, question: str) -> Any:
    [row] = stored.execute(question).fetchall()
    return row[0] if len(row) == 1 else row


def test_a_token_comes_as_in_the_contract(asker: Asker) -> None:
    answer = asker.ask_token()

    assert answer.headers["Content-Type"] == TEXT
    assert answer.json.keys() == {"errcode", "errmsg", "token"}
    assert answer.json["token"]["appKey"] == asker.server.credentials.app_key
    assert answer.json["token"]["expiresIn"] == 7200
    assert re.fullmatch(r"[0-9a-f]{32}", answer.json["token"]["id"])


def test_the_calls_of_the_platform_answer(asker: Asker) -> None:
    common = asker.common
    trade = asker.send("GET", "system/tradeid", {k: v for k, v in common.items() if k != "to_account"})

    assert trade.headers["Content-Type"] == TEXT
    assert re.fullmatch(r"[0-9a-f]{32}", trade.json["trade"]["id"])
    for call in ("get", "batch_get"):
        [source] = asker.get(f"system/datasource/{call}")["datasource"]
        assert source["sequence"] == "1"
        assert source["U8"].keys() == {"sys_host", "sys_id"}
        assert source["db"].keys() == {"db_type", "db_host", "db_scheme"}
    assert {"version", "status", "expiration_time"} <= asker.get("api/orderstatus/get").keys()


def test_a_page_of_customers_has_text_counters_and_an_array(asker: Asker) -> None:
    answer = asker.get("api/customer/batch_get", page_index="2", rows_per_page="25")

    assert answer.keys() == {"errcode", "errmsg", "customer"} | COUNTERS
    assert {name: answer[name] for name in COUNTERS} == {
        "page_index": "2",
        "rows_per_page": "25",
        "row_count": "60",
        "page_count": "3",
    }
    assert len(answer["customer"]) == 25
    assert all(isinstance(value, str) and value for row in answer["customer"] for value in row.values())


def test_twenty_rows_is_a_page_when_nothing_is_said(asker: Asker) -> None:
    assert asker.get("api/customer/batch_get")["rows_per_page"] == "20"


def test_the_pages_hold_every_customer_once_in_the_order_of_codes(asker: Asker, stored: sqlite3.Connection) -> None:
    codes = [row["code"] for row in all_rows(asker, "api/customer/batch_get", "customer")]

    assert codes == [code for (code,) in stored.execute("SELECT cCusCode FROM Customer ORDER BY cCusCode")]


def test_a_card_holds_the_columns_under_their_public_names(asker: Asker, stored: sqlite3.Connection) -> None:
    stored.execute(
        "UPDATE Customer SET dModifyDate='2026-01-02 00:00:00', dCusDevDate='2023-05-01 00:00:00', cCusDefine11=7,"
        " cCusDefine13=1.5, cCusDefine15='2026-02-03 00:00:00', cCusPPerson='P01', cCusMngTypeCode='999', cTrade=''"
        " WHERE cCusCode='007'"
    )
    stored.commit()
    name, version = one(stored, "SELECT cCusName, pubufts FROM Customer WHERE cCusCode='007'")

    answer = asker.get("api/customer/get", id="007")
    card = answer["customer"]

    assert answer.keys() == {"errcode", "errmsg", "customer"}
    assert card["name"] == name
    assert card["timestamp"] == str(version)
    assert card["ModifyDate"] == "2026-01-02"
    assert card["seed_date"] == "2023-05-01"
    assert (card["self_define11"], card["self_define13"], card["self_define15"]) == ("7", "1.5000", "2026-02-03")
    assert (card["bcusdomestic"], card["bcusoverseas"]) == ("1", "0")
    assert card["ccusmngtypename"] == "普通客户"
    assert card["spec_operator"] == "P01"
    assert "devliver_site" in card
    assert "industry" not in card, "an empty field is left out"
    assert not any(name in card for name in NEVER_SERVED)


@pytest.mark.parametrize(
    ("query", "condition"),
    [
        ({"code_begin": "0102", "code_end": "0202"}, "cCusCode BETWEEN '0102' AND '0202'"),
        ({"code_begin": "007", "code_end": "007"}, "cCusCode = '007'"),
        ({"name": "有限"}, "cCusName LIKE '%有限%'"),
        ({"timestamp_begin": "40", "timestamp_end": "50"}, "pubufts BETWEEN 40 AND 50"),
        (
            {"seed_date_begin": "2020-01-01", "seed_date_end": "2026-06-30"},
            "date(dCusDevDate) BETWEEN '2020-01-01' AND '2026-06-30'",
        ),
        ({"ModifyDate_begin": "2026-01-02", "ModifyDate_end": "2026-01-02"}, "date(dModifyDate) = '2026-01-02'"),
    ],
    ids=["codes", "one code", "part of the name", "timestamps", "development dates", "dates of change"],
)
def test_filters_of_customers(asker: Asker, stored: sqlite3.Connection, query: dict[str, str], condition: str) -> None:
    stored.execute("UPDATE Customer SET dModifyDate='2026-01-02 13:14:15' WHERE cCusCode IN ('007', '7')")
    stored.commit()
    expected = [c for (c,) in stored.execute(f"SELECT cCusCode FROM Customer WHERE {condition} ORDER BY cCusCode")]
    assert expected, "the example must find something"

    assert [row["code"] for row in all_rows(asker, "api/customer/batch_get", "customer", **query)] == expected


def test_classes_have_bare_numbers_and_text_counters(asker: Asker) -> None:
    answer = asker.get("api/customerclass/batch_get", rows_per_page="2", code_begin="0101")

    assert answer["page_index"] == "1"
    assert answer["customerclass"][0] == {
        "rank": 2,
        "end_rank_flag": 0,
        "name": "华东经销商",
        "code": "0101",
        "timestamp": 2,
    }
    assert asker.get("api/customerclass/get", id="0101001")["customerclass"]["end_rank_flag"] == 1


@pytest.mark.parametrize(
    ("path", "query", "word"),
    [
        ("api/customer/get", {"id": "nobody"}, "客户"),
        ("api/customer/batch_get", {"code_begin": "龘"}, "客户"),
        ("api/customer/batch_get", {"page_index": "4"}, "客户"),
        ("api/customerclass/get", {"id": "x"}, "客户分类"),
        ("api/saleorder/get", {"id": "x"}, "销售订单"),
        ("api/saleorderlist/batch_get", {"page_index": "999999"}, "销售订单"),
        ("api/saleinvoice/get", {"id": "x"}, "销售发票"),
        ("api/saleinvoicelist/batch_get", {"customercode": "x"}, "销售发票"),
        ("api/saleout/get", {"id": "CK0000000001"}, "销售出库单"),
        ("api/saleoutlist/batch_get", {"date_begin": "2099-01-01"}, "销售出库单"),
        ("api/saleoutlistall/batch_get", {"date_end": "1999-01-01"}, "销售出库单"),
    ],
)
def test_nothing_found_is_error_20002_without_counters(
    asker: Asker, path: str, query: dict[str, str], word: str
) -> None:
    assert asker.get(path, **query) == {"errcode": "20002", "errmsg": f"未检索到匹配的[{word}]。"}
    assert not asker.server.violations


def test_heads_of_orders(asker: Asker, stored: sqlite3.Connection) -> None:
    rows = all_rows(asker, "api/saleorderlist/batch_get", "saleorderlist")

    assert len(rows) == one(stored, "SELECT count(*) FROM SO_SOMain")
    approved = one(stored, "SELECT count(*) FROM SO_SOMain WHERE trim(coalesce(cVerifier, '')) <> ''")
    assert sum(row["state"] == "审核" for row in rows) == approved < len(rows)
    assert all((row["state"] == "审核") == ("verifier" in row) for row in rows)
    assert {row["state"] for row in rows} == {"审核", "开立"}
    assert any("closer" in row for row in rows) or one(stored, "SELECT count(cCloser) FROM SO_SOMain") == 0
    assert all(FOUR_DECIMALS.fullmatch(row["money"]) and FOUR_DECIMALS.fullmatch(row["sum"]) for row in rows)
    returned = {code for (code,) in stored.execute("SELECT cSOCode FROM SO_SOMain WHERE bReturnFlag = 1")}
    assert returned
    assert {row["code"] for row in rows if Decimal(row["money"]) < 0} == returned
    sent = one(stored, "SELECT count(DISTINCT s.ID) FROM SO_SODetails s JOIN DispatchLists d ON d.iSOsID = s.iSOsID")
    assert sum(row["fhstatus"] != "0" for row in rows) == sent


def test_orders_count_in_their_own_currency_and_lines_in_both(asker: Asker, stored: sqlite3.Connection) -> None:
    """Orders call the original currency money and the home currency natmoney."""
    stored.execute("UPDATE SO_SOMain SET iExchRate = 7.1, cexch_name = '美元' WHERE cSOCode = 'SO0000000001'")
    stored.execute("UPDATE SO_SODetails SET iNatMoney = 710000, iNatSum = 802300 WHERE ID = 1")
    stored.execute("DELETE FROM SO_SODetails WHERE ID = 1 AND AutoID > 1")
    stored.commit()

    order = asker.get("api/saleorder/get", id="SO0000000001")["saleorder"]
    [line] = order["entry"]

    assert (line["money"], line["tax"], line["sum"]) == ("10.0000", "1.3000", "11.3000")
    assert (line["natmoney"], line["nattax"], line["natsum"]) == ("71.0000", "9.2300", "80.2300")
    assert (line["rowno"], line["bgift"]) == ("1", "0")
    assert FOUR_DECIMALS.fullmatch(line["quantity"])
    assert {"code", "date", "businesstype", "typecode", "custcode", "cusabbname", "state"} <= order.keys()
    [head] = asker.get("api/saleorderlist/batch_get", code_begin="SO0000000001", code_end="SO0000000001")[
        "saleorderlist"
    ]
    assert (head["money"], head["sum"]) == ("10.0000", "11.3000")


def test_heads_of_invoices_have_no_amount_and_voided_ones_are_not_served(
    asker: Asker, stored: sqlite3.Connection
) -> None:
    stored.execute("UPDATE SaleBillVouch SET cInvalider = '陈静' WHERE SBVID = 5")
    stored.commit()
    rows = all_rows(asker, "api/saleinvoicelist/batch_get", "saleinvoicelist")

    known = {"invoiceno", "date", "customercode", "customername", "ccusabbname", "vouchertype", "isnegative"}
    known |= {"currencyrate", "foreigncurrency", "maker", "verifier", "isfirst"}
    assert set().union(*rows) == known
    valid = "trim(coalesce(cInvalider, '')) = ''"
    assert len(rows) == one(stored, f"SELECT count(*) FROM SaleBillVouch WHERE {valid}")
    assert "XS0000000005" not in {row["invoiceno"] for row in rows}
    assert asker.get("api/saleinvoice/get", id="XS0000000005")["errcode"] == "20002"
    red = all_rows(asker, "api/saleinvoicelist/batch_get", "saleinvoicelist", isnegative="1")
    assert len(red) == one(stored, f"SELECT count(*) FROM SaleBillVouch WHERE {valid} AND bReturnFlag = 1") > 0


def test_invoices_name_their_amounts_the_other_way_round(asker: Asker, stored: sqlite3.Connection) -> None:
    stored.execute(
        "UPDATE SaleBillVouchs SET iMoney=100000, iTax=13000, iSum=113000, iNatMoney=710000, iNatTax=92300,"
        " iNatSum=802300 WHERE SBVID = 4"
    )
    stored.commit()

    invoice = asker.get("api/saleinvoice/get", id="XS0000000004")["saleinvoice"]
    line = invoice["entry"][0]

    assert (line["originalmoney"], line["originaltax"], line["originalsum"]) == ("10.0000", "1.3000", "11.3000")
    assert (line["money"], line["tax"], line["sum"]) == ("71.0000", "9.2300", "80.2300")
    assert line["irowno"] == "1"
    assert invoice["invoiceno"] == "XS0000000004"


def test_filters_of_documents(asker: Asker, stored: sqlite3.Connection) -> None:
    day, customer = one(stored, "SELECT substr(dDate, 1, 10), cCusCode FROM SO_SOMain WHERE ID = 40")
    orders = all_rows(asker, "api/saleorderlist/batch_get", "saleorderlist", date_begin=day, date_end=day)
    mine = all_rows(asker, "api/saleorderlist/batch_get", "saleorderlist", custcode=customer)

    assert len(orders) == one(stored, f"SELECT count(*) FROM SO_SOMain WHERE dDate LIKE '{day}%'")
    assert {row["custcode"] for row in mine} == {customer}
    stored.execute("UPDATE SaleBillVouch SET bFirst = 1 WHERE SBVID = 7")
    stored.commit()
    numbers = {"invoiceno_begin": "XS0000000010", "invoiceno_end": "XS0000000012"}
    invoices = all_rows(asker, "api/saleinvoicelist/batch_get", "saleinvoicelist", **numbers)
    assert [row["invoiceno"][-2:] for row in invoices] == ["10", "11", "12"]
    opening = all_rows(asker, "api/saleinvoicelist/batch_get", "saleinvoicelist", isfirst="1")
    assert {row["isfirst"] for row in opening} == {"1"}
    out = all_rows(asker, "api/saleoutlistall/batch_get", "saleoutlistall", customercode=customer)
    assert {row["customercode"] for row in out} == {customer}


def test_stock_outs_come_as_heads_as_flat_lines_and_one_by_one(asker: Asker, stored: sqlite3.Connection) -> None:
    heads = all_rows(asker, "api/saleoutlist/batch_get", "saleoutlist")
    flat = all_rows(asker, "api/saleoutlistall/batch_get", "saleoutlistall")

    assert len(heads) == one(stored, "SELECT count(*) FROM rdrecord32")
    assert len(flat) == one(stored, "SELECT count(*) FROM rdrecords32")
    assert {"id", "code", "date", "customercode", "customername", "handler", "auditdate"} == set(heads[0])
    assert {"inventorycode", "quantity", "price", "cost"} <= set(flat[0])
    assert sum("cost" in row for row in flat) == one(stored, "SELECT count(iPrice) FROM rdrecords32") < len(flat)
    single = asker.get("api/saleout/get", id=heads[0]["id"])["saleout"]
    lines = [row for row in flat if row["id"] == heads[0]["id"]]
    assert [{**{k: v for k, v in single.items() if k != "entry"}, **line} for line in single["entry"]] == lines


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"from_account": "x"}, "from_account"),
        ({"app_key": "x"}, "app_key"),
        ({"app_secret": "x"}, "app_secret"),
        ({"app_secret": "密"}, "app_secret"),
    ],
)
def test_wrong_credentials_get_no_token(asker: Asker, changed: dict[str, str], words: str) -> None:
    answer = asker.ask_token(**changed).json

    assert answer["errcode"] not in {"0", "20002"}
    assert words in answer["errmsg"]
    assert "token" not in answer


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"token": "0" * 32}, "token"),
        ({"from_account": "x"}, "from_account"),
        ({"to_account": "x"}, "授权"),
        ({"ds_sequence": "8"}, "数据源"),
    ],
)
def test_whoever_is_not_let_in_learns_why(asker: Asker, changed: dict[str, str], words: str) -> None:
    answer = asker.get("api/customer/get", **{"id": "007", **changed})

    assert answer["errcode"] not in {"0", "20002"}
    assert words in answer["errmsg"]
    assert not asker.server.violations


@pytest.mark.parametrize(
    ("drop", "add", "words"),
    [
        ("token", "", "token"),
        ("to_account", "", "to_account"),
        ("", "&odd=1", "odd"),
        ("", "&id=1", "重复"),
        ("", "&ds_sequence=", "ds_sequence"),
        ("", "&ds_sequence=%ff", "UTF-8"),
        ("", "&page_index=1", "page_index"),
    ],
)
def test_a_query_that_breaks_the_contract_is_refused_and_noted(asker: Asker, drop: str, add: str, words: str) -> None:
    query = "&".join(f"{k}={v}" for k, v in {**asker.common, "id": "007"}.items() if k != drop)

    answer = asker.send("GET", "api/customer/get", query + add).json

    assert answer["errcode"] not in {"0", "20002"}
    assert words in answer["errmsg"]
    [violation] = asker.server.violations
    assert violation.call == "api/customer/get"


@pytest.mark.parametrize(
    "query",
    [
        {"page_index": "0"},
        {"page_index": "x"},
        {"rows_per_page": "-1"},
        {"rows_per_page": "9" * 30},
        {"seed_date_begin": "20260101"},
        {"seed_date_begin": "2026-02-30"},
        {"timestamp_begin": "0x10"},
    ],
    ids=str,
)
def test_a_value_that_is_not_well_formed_is_refused(asker: Asker, query: dict[str, str]) -> None:
    assert asker.get("api/customer/batch_get", **query)["errcode"] not in {"0", "20002"}
    assert len(asker.server.violations) == 1


def test_the_wrong_method_and_an_unknown_call_are_http_errors_and_the_connection_lives_on(asker: Asker) -> None:
    posted = asker.send("POST", "api/customer/get", asker.common, b'{"customer": {}}')
    got = asker.send("GET", "api/customer/edit", asker.common)
    unknown = asker.send("GET", "api/customer/delete", asker.common)

    assert (posted.status, posted.headers["Allow"]) == (405, "GET")
    assert (got.status, got.headers["Allow"]) == (405, "POST")
    assert unknown.status == 404
    assert asker.customer("007")["code"] == "007"
    assert [violation.call for violation in asker.server.violations] == [
        "api/customer/get",
        "api/customer/edit",
        "api/customer/delete",
    ]


def test_what_was_asked_is_noted_without_any_value(asker: Asker) -> None:
    asker.customer("007")
    asker.edit(code="007", self_define4="secret words")

    seen = asker.server.requests
    assert [(asked.method, asked.path) for asked in seen] == [
        ("GET", "system/token"),
        ("GET", "api/customer/get"),
        ("POST", "api/customer/edit"),
    ]
    assert seen[2].body == ("code", "self_define4")
    assert "app_secret" in seen[0].query
    credentials = asker.server.credentials
    for value in (credentials.app_secret, asker.token(), "007", "secret words"):
        assert value not in repr(seen)


def test_own_credentials_and_several_data_sources(db: Path) -> None:
    credentials = Credentials("me", "them", "app", "hush", ("8", "9"))
    with OpenApiServer(db, credentials=credentials) as server, closing(Asker(server)) as asker:
        assert [s["sequence"] for s in asker.get("system/datasource/batch_get")["datasource"]] == ["8", "9"]
        assert [s["sequence"] for s in asker.get("system/datasource/get", ds_sequence="9")["datasource"]] == ["9"]
        assert "数据源" in asker.get("api/customer/get", id="007", ds_sequence="1")["errmsg"]


def test_requests_of_a_library_work_and_many_at_once(server: OpenApiServer, asker: Asker) -> None:
    common = asker.common
    found: list[int] = []

    def read() -> None:
        with requests.Session() as session:
            for index in (1, 2, 3):
                with session.get(
                    f"{server.url}api/customer/batch_get", params={**common, "page_index": index}
                ) as reply:
                    found.append(len(reply.json()["customer"]))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [20] * 12


def test_nothing_is_left_over_when_it_stops(db: Path) -> None:
    before = threading.active_count()
    with OpenApiServer(db) as server, closing(Asker(server)) as asker:
        asker.customer("007")
        port = int(server.url.rstrip("/").rpartition(":")[2])
        assert threading.active_count() > before
    assert threading.active_count() == before
    with OpenApiServer(db, port=port) as again:
        assert again.url == server.url


def test_a_port_that_is_taken_is_an_input_error(server: OpenApiServer, db: Path) -> None:
    with pytest.raises(InputError, match="cannot be listened on"):
        OpenApiServer(db, port=int(server.url.rstrip("/").rpartition(":")[2]))


@pytest.mark.parametrize("content", [None, b"no database at all, but long enough to be looked at", b""])
def test_a_file_that_is_no_account_set_is_an_input_error(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "odd.db"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match="no embedded account set"):
        OpenApiServer(file)
    assert file.exists() == (content is not None), "a wrong name makes no file"

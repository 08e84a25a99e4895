"""Each fault does what it says, as often as it says, and nothing else."""

import gzip
import json
import math
import socket
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from http.client import BadStatusLine, RemoteDisconnected
from typing import Any

import pytest
from openapi_asker import Answer, Asker

from u8sync.errors import InputError
from u8sync.sandbox.openapi.calls import CALLS
from u8sync.sandbox.openapi.faults import Fault, fault_of

GONE = (ConnectionResetError, BadStatusLine)
LIST = "customer/batch_get"


def raw(asker: Asker, **query: str) -> Answer:
    return asker.send("GET", "api/customer/batch_get", {**asker.common, "rows_per_page": "3", **query})


def tier(stored: sqlite3.Connection, code: str = "007") -> Any:
    [[found]] = stored.execute("SELECT cCusDefine5 FROM Customer WHERE cCusCode = ?", [code]).fetchall()
    return found


def waiting(question: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 5
    while not question() and time.monotonic() < deadline:
        time.sleep(0.01)
    return question()


def test_a_fault_begins_after_and_ends_after_so_many_requests(asker: Asker) -> None:
    fault = Fault(call="customer/get", what="status", after=1, times=2)
    asker.server.faults.add(fault)
    query = {**asker.common, "id": "007"}

    assert [asker.send("GET", "api/customer/get", query).status for _ in range(4)] == [200, 503, 503, 200]
    assert raw(asker).status == 200
    assert asker.server.faults.happened == (fault, fault)
    asker.server.forget()
    assert asker.server.faults.happened == ()
    assert asker.server.requests == ()


def test_a_fault_of_all_calls_happens_for_ever(asker: Asker) -> None:
    asker.server.faults.add(Fault(call="*", what="status", status=500, times=None))
    assert [asker.ask_token().status, asker.ask_token().status] == [500, 500]
    asker.server.faults.clear()
    assert asker.ask_token().status == 200


def test_a_token_expires_before_its_time(asker: Asker) -> None:
    asker.server.faults.add(Fault(call="customer/get", what="expired_token"))
    assert "token" in asker.get("api/customer/get", id="007")["errmsg"]
    assert "token" in asker.get("api/customer/get", id="007")["errmsg"], "it stays dead"
    asker.token(new=True)
    assert asker.customer("007")


@pytest.mark.parametrize(
    ("what", "words"), [("relay_offline", "未在线"), ("data_source_missing", "数据源"), ("not_approved", "授权")]
)
def test_the_ways_to_the_account_set_that_fail(asker: Asker, what: Any, words: str) -> None:
    asker.server.faults.add(Fault(call="customer/get", what=what))
    answer = asker.get("api/customer/get", id="007")
    assert answer["errcode"] not in {"0", "20002"}
    assert words in answer["errmsg"]


def test_any_error_code_can_be_given(asker: Asker) -> None:
    asker.server.faults.add(Fault(call=LIST, what="errcode", code="4711", text="调用频率超限"))
    assert raw(asker).json == {"errcode": "4711", "errmsg": "调用频率超限"}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_status_comes_before_or_after_the_edit(asker: Asker, stored: sqlite3.Connection, when: Any) -> None:
    asker.server.faults.add(Fault(call="customer/edit", what="status", status=502, retry_after="7", when=when))
    body = json.dumps({"customer": {"code": "007", "self_define5": "VIP"}}).encode()

    answer = asker.send("POST", "api/customer/edit", asker.common, body)

    assert (answer.status, answer.headers["Retry-After"]) == (502, "7")
    assert tier(stored) == (None if when == "before" else "VIP")


def test_a_page_for_people_and_a_redirect(asker: Asker) -> None:
    asker.server.faults.add(
        Fault(call=LIST, what="html", text="网关超时"), Fault(call=LIST, what="redirect", after=1, url="http://x/")
    )
    page, moved = raw(asker), raw(asker)

    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "网关超时" in page.body.decode()
    assert (moved.status, moved.headers["Location"]) == (302, "http://x/")


@pytest.mark.parametrize("what", ["reset", "close", "stall"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_connection_ends_before_or_after_the_edit(
    asker: Asker, stored: sqlite3.Connection, what: Any, when: Any
) -> None:
    asker.server.faults.add(Fault(call="customer/edit", what=what, when=when, seconds=0.01))
    asker.token()

    with pytest.raises(GONE) as caught:
        asker.edit(code="007", self_define5="VIP")

    assert isinstance(caught.value, RemoteDisconnected) == (what != "reset")
    assert tier(stored) == (None if when == "before" else "VIP")
    asker.close()
    assert asker.customer("007")


def test_a_stall_without_end_is_ended_when_the_server_stops(asker: Asker) -> None:
    asker.server.faults.add(Fault(call=LIST, what="stall"))
    asker.token()
    asker.connection.timeout = 0.05
    asker.close()
    with pytest.raises(TimeoutError):
        raw(asker)


def test_a_reply_is_lost_after_the_edit(asker: Asker, stored: sqlite3.Connection) -> None:
    asker.server.faults.add(Fault(call="customer/edit", what="lost_reply"))
    asker.token()
    with pytest.raises(ConnectionResetError):
        asker.edit(code="007", self_define5="VIP")
    assert tier(stored) == "VIP"


def test_an_edit_takes_effect_after_its_reply_was_lost(asker: Asker, stored: sqlite3.Connection) -> None:
    asker.server.faults.add(Fault(call="customer/edit", what="late_effect", seconds=0.1))
    asker.token()
    with pytest.raises(ConnectionResetError):
        asker.edit(code="007", self_define5="VIP")
    assert tier(stored) is None
    assert waiting(lambda: tier(stored)) == "VIP"


def test_an_edit_says_ok_and_changes_nothing(asker: Asker, stored: sqlite3.Connection) -> None:
    asker.server.faults.add(Fault(call="customer/edit", what="ok_but_nothing", times=2))
    assert asker.edit(code="007", self_define5="VIP")["errcode"] == "0"
    assert "不存在" in asker.edit(code="nobody")["errmsg"]
    assert tier(stored) is None
    assert asker.server.edits == ()


def test_another_customer_is_edited_or_answered(asker: Asker, stored: sqlite3.Connection) -> None:
    asker.server.faults.add(Fault(call="*", what="wrong_customer", customer="7", times=None, after=1))
    asker.token()

    assert asker.edit(code="007", self_define5="VIP")["id"] == "7"
    assert (tier(stored), tier(stored, "7")) == (None, "VIP")
    assert asker.customer("007")["code"] == "7"
    assert [row["code"] for row in raw(asker, code_begin="007", code_end="007").json["customer"]] == ["7"]
    asker.server.faults.clear()
    asker.server.faults.add(Fault(call="customer/get", what="wrong_customer"))
    assert asker.customer("007")["code"] != "007"


def test_an_edit_empties_another_field_too(asker: Asker) -> None:
    asker.server.faults.add(Fault(call="customer/edit", what="blanks", field="domain_code"))
    assert "domain_code" in asker.customer("007")
    asker.edit(code="007", self_define5="VIP")
    assert "domain_code" not in asker.customer("007")


def test_odd_bytes(asker: Asker) -> None:
    kinds: tuple[Any, ...] = ("gbk", "bom", "utf16", "truncated_json")
    asker.server.faults.add(*(Fault(call=LIST, what=what, after=n) for n, what in enumerate(kinds)))
    gbk, bom, utf16, cut, good = (raw(asker) for _ in range(5))

    assert gbk.headers["Content-Type"].endswith("charset=utf-8")
    assert json.loads(gbk.body.decode("gbk")) == good.json
    assert bom.body == b"\xef\xbb\xbf" + good.body
    assert json.loads(utf16.body.decode("utf-16")) == good.json
    assert good.body.startswith(cut.body)
    assert len(cut.body) < len(good.body)


def test_odd_json(asker: Asker) -> None:
    kinds: tuple[Any, ...] = ("nan", "huge_number", "duplicate_keys", "deep")
    asker.server.faults.add(*(Fault(call=LIST, what=what, after=n, size=50_000) for n, what in enumerate(kinds)))
    nan, number, double, deep = (raw(asker) for _ in range(4))

    assert math.isnan(nan.json["customer"][0]["timestamp"])
    assert math.isnan(nan.json["row_count"])
    with pytest.raises(ValueError, match="integer string conversion"):
        json.loads(number.body)
    assert double.body.count(b'"errcode":') == 2
    assert double.json["customer"][0]["code"].endswith("x")
    assert deep.body.count(b"[") > 50_000


def test_a_body_of_many_bytes_plain_and_compressed(asker: Asker) -> None:
    size = 4 * 1024 * 1024
    asker.server.faults.add(
        Fault(call=LIST, what="huge", size=size), Fault(call=LIST, what="huge", size=size, gzip=True, after=1)
    )
    plain, bomb = raw(asker), raw(asker)

    assert len(plain.body) > size
    assert plain.json["errcode"] == "0"
    assert bomb.headers["Content-Encoding"] == "gzip"
    assert len(bomb.body) < size / 100
    assert gzip.decompress(bomb.body) == plain.body


def test_a_body_comes_slowly(asker: Asker) -> None:
    asker.server.faults.add(Fault(call="customer/get", what="slow", bytes_per_s=10_000))
    asker.token()
    begin = time.monotonic()
    size = len(json.dumps(asker.customer("007")))
    assert time.monotonic() - begin > size / 10_000 / 2


def test_a_slow_body_does_not_hold_up_the_end(asker: Asker) -> None:
    asker.server.faults.add(Fault(call=LIST, what="slow", bytes_per_s=1))
    common = asker.common
    asker.close()
    with closing(socket.create_connection(("127.0.0.1", asker.connection.port), timeout=5)) as connection:
        query = "&".join(f"{name}={value}" for name, value in common.items())
        connection.sendall(f"GET /api/customer/batch_get?{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert connection.recv(10)


def pages(asker: Asker, what: str = "customer", code: str = "code", **query: str) -> list[list[str]]:
    return [
        [row[code] for row in asker.get(f"api/{what}/batch_get", page_index=str(n), rows_per_page="5", **query)[what]]
        for n in (1, 2)
    ]


@pytest.mark.parametrize("what", ["customer", "saleorderlist", "saleinvoicelist", "saleoutlist", "saleoutlistall"])
def test_rows_come_and_go_between_two_pages(asker: Asker, what: str) -> None:
    code = "invoiceno" if what == "saleinvoicelist" else "code"
    before = pages(asker, what, code)

    asker.server.faults.add(Fault(call=f"{what}/batch_get", what="row_added", after=1))
    added = pages(asker, what, code)
    again = pages(asker, what, code)
    asker.server.faults.add(Fault(call=f"{what}/batch_get", what="row_removed", after=1))
    removed = pages(asker, what, code)

    assert added[0] == before[0]
    assert added[1] == [before[0][-1], *before[1][:-1]]
    assert removed[0] == again[0]
    assert removed[1] == before[1] or what == "saleoutlistall"
    assert asker.server.violations == ()


def test_a_row_changes_between_two_pages(asker: Asker) -> None:
    first = raw(asker).json["customer"][0]
    asker.server.faults.add(
        Fault(call=LIST, what="row_changed"),
        *(Fault(call=f"{name}/batch_get", what="row_changed") for name in ("saleorderlist", "saleoutlistall")),
    )
    changed = raw(asker).json["customer"][0]

    assert changed["code"] == first["code"]
    assert changed["industry"] == "行业已变更" != first.get("industry")
    assert int(changed["timestamp"]) > int(first["timestamp"])
    for name in ("saleorderlist", "saleoutlistall"):
        assert asker.get(f"api/{name}/batch_get")["errcode"] == "0"


def test_the_first_page_is_repeated_for_ever(asker: Asker) -> None:
    asker.server.faults.add(Fault(call=LIST, what="page_repeated", times=None))
    first, ninth, past = raw(asker).json, raw(asker, page_index="9").json, raw(asker, page_index="999").json

    assert first["customer"] == ninth["customer"] == past["customer"]
    assert (ninth["page_index"], past["page_index"]) == ("9", "999")


def test_results_that_never_end_lead_astray_or_want_an_odd_pause(asker: Asker, stored: sqlite3.Connection) -> None:
    asker.server.faults.add(
        Fault(call="customer/edit", what="endless_result"),
        Fault(call="customer/edit", what="other_result", url="http://elsewhere.example/", after=1),
        Fault(call="customer/edit", what="ping_after", value='"soon"', after=2),
        Fault(call="result", what="ping_after", value="-1", times=None),
    )
    endless, astray, odd = (asker.edit(code="007", self_define5="VIP") for _ in range(3))
    query = endless["url"].partition("?")[2]

    for _ in range(3):
        assert asker.send("GET", "result", query).json == {**endless, "ping_after": -1}
    assert tier(stored) == "VIP"
    assert astray["url"].startswith("http://elsewhere.example/result?requestid=")
    assert odd["ping_after"] == "soon"


def test_asking_for_a_result_may_never_end_either(asker: Asker, stored: sqlite3.Connection) -> None:
    asker.server.faults.add(
        Fault(call="customer/edit", what="ping_after", value='"1"'),
        Fault(call="result", what="endless_result", times=2),
    )
    accepted = asker.edit(code="007", self_define5="VIP")
    query = accepted["url"].partition("?")[2]

    assert {"url"} < asker.send("GET", "result", query).json.keys()
    assert {"url"} < asker.send("GET", "result", query).json.keys()
    assert tier(stored) is None
    assert asker.send("GET", "result", query).json["errcode"] == "0"


def test_words_make_a_fault() -> None:
    known = tuple(CALLS)
    assert fault_of("customer/edit:reset", calls=known) == Fault(call="customer/edit", what="reset")
    assert fault_of("*:status:3", calls=known).times == 3
    assert fault_of("*:status:*", calls=known).times is None


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("customer/delete:reset", "customer/edit"),
        ("customer/edit:rest", "reset"),
        ("customer/edit", "reset"),
        ("customer/edit:reset:often", "1, 2, 3"),
        ("customer/edit:reset:0", "1, 2, 3"),
    ],
)
def test_words_that_make_no_fault_are_input_errors_that_name_the_known(word: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        fault_of(word, calls=tuple(CALLS))
    assert hint in str(caught.value.hint)

"""``customer/edit``: what it changes, what it refuses, and how it behaves where the contract is open."""

import sqlite3
import time
from contextlib import closing
from datetime import date

import pytest
from openapi_asker import Asker

from u8sync.sandbox.openapi.behaviour import Behaviour


def row(stored: sqlite3.Connection, columns: str, code: str = "007") -> tuple[object, ...]:
    [found] = stored.execute(f"SELECT {columns} FROM Customer WHERE cCusCode = ?", [code]).fetchall()
    return tuple(found)


def test_an_edit_changes_what_it_names_and_stamps_the_card(asker: Asker, stored: sqlite3.Connection) -> None:
    before = asker.customer("007")

    answer = asker.edit(code="007", self_define5="VIP", phone="000-1111111", end_date="2026-12-31")

    after = asker.customer("007")
    assert answer["errcode"] == "0"
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert changed == {"self_define5", "phone", "end_date", "ModifyDate", "timestamp"}
    assert row(stored, "cCusDefine5, cModifyPerson, dEndDate") == ("VIP", "OpenAPI", "2026-12-31 00:00:00")
    assert after["ModifyDate"] == date.today().isoformat()  # noqa: DTZ011
    assert int(after["timestamp"]) > int(before["timestamp"])
    assert {(edit.field, edit.before, edit.after) for edit in asker.server.edits} == {
        ("self_define5", None, "VIP"),
        ("phone", before["phone"], "000-1111111"),
        ("end_date", None, "2026-12-31"),
    }


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ({"code": "nobody", "name": "x"}, "不存在"),
        ({"code": "007", "self_define5": "no such tier"}, "不在档案中"),
        ({"code": "007", "self_define1": "x" * 21}, "超出长度"),
        ({"code": "007", "self_define11": "1" * 10}, "超出长度"),
        ({"code": "007", "self_define11": "1.5"}, "不合法"),
        ({"code": "007", "self_define15": "2026-1-1"}, "不合法"),
        ({"code": "007", "abbrname": "x" * 61}, "超出长度"),
        ({"code": "007", "memo": "x" * 241}, "超出长度"),
        ({"code": "007", "abbrname": ""}, "不能为空"),
        ({"code": "007", "sort_code": "01"}, "末级"),
        ({"code": "007", "sort_code": "77"}, "不存在"),
        ({"code": "007", "ccusmngtypecode": "ZZ"}, "不存在"),
        ({"code": "007", "bcusdomestic": "yes"}, "不合法"),
        ({"code": "007", "end_date": "2026-02-30"}, "不合法"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_what_u8_would_not_take_is_refused_whole(
    asker: Asker, stored: sqlite3.Connection, card: dict[str, object], words: str
) -> None:
    before = row(stored, "*")

    answer = asker.edit(**card, self_define4="终端客户")

    assert answer["errcode"] not in {"0", "20002"}
    assert words in answer["errmsg"]
    assert row(stored, "*") == before
    assert not asker.server.edits
    assert not asker.server.violations


def test_a_short_name_that_another_customer_has_is_refused(asker: Asker) -> None:
    assert "重复" in asker.edit(code="007", abbrname=asker.customer("7")["abbrname"])["errmsg"]


@pytest.mark.parametrize(
    "card",
    [
        {"code": "007", "cCusDefine5": "VIP"},
        {"code": "007", "Self_Define5": "VIP"},
        {"code": "007", "self_define5": 5},
        {"code": "007", "self_define5": None},
        {"code": "007", "timestamp": "1"},
        {"code": "007", "ModifyDate": "2026-01-01"},
        {"code": "007", "seed_date": "2026-01-01"},
        {"code": 7},
        {"name": "x"},
    ],
    ids=str,
)
def test_what_breaks_the_contract_is_refused_and_noted(asker: Asker, card: dict[str, object]) -> None:
    assert asker.edit(**card)["errcode"] not in {"0", "20002"}
    assert len(asker.server.violations) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[1]",
        b'{"customer": []}',
        b'{"customer": {"code": "007"}, "more": 1}',
        b'{"customer": {"code": "007", "code": "7"}}',
        '{"customer": {"code": "客"}}'.encode("gbk"),
        b"[" * 100_000,
    ],
    ids=range(8),
)
def test_a_body_that_is_no_business_object_is_refused_and_noted(asker: Asker, body: bytes) -> None:
    answer = asker.send("POST", "api/customer/edit", asker.common, body).json

    assert answer["errcode"] not in {"0", "20002"}
    assert len(asker.server.violations) == 1


def test_names_that_are_joined_may_be_sent_and_change_nothing(asker: Asker) -> None:
    before = asker.customer("007")
    assert asker.edit(code="007", ccusmngtypename="x", spec_operator_name="y")["errcode"] == "0"
    assert asker.customer("007").get("ccusmngtypename") == before.get("ccusmngtypename")


def test_a_management_type_stays_known_when_its_last_customer_loses_it(
    asker: Asker, stored: sqlite3.Connection
) -> None:
    stored.execute("UPDATE Customer SET cCusMngTypeCode = 'Q1' WHERE cCusCode = '7'")
    stored.commit()
    assert asker.edit(code="007", ccusmngtypecode="Q1")["errcode"] == "0"
    for code in ("7", "007", "7"):
        assert asker.edit(code=code, ccusmngtypecode="999")["errcode"] == "0"
    assert asker.edit(code="7", ccusmngtypecode="Q1")["errcode"] == "0"


def test_replace_empties_what_is_not_named(asker: Asker) -> None:
    before = asker.customer("007")
    asker.server.behaviour = Behaviour(edit="replace")

    assert asker.edit(code="007", self_define5="VIP")["errcode"] == "0"

    after = asker.customer("007")
    assert after.keys() - before.keys() <= {"self_define5", "ModifyDate"}
    kept = {"code", "name", "abbrname", "sort_code", "self_define5", "bcusdomestic", "bcusoverseas"}
    assert kept | {"ModifyDate", "timestamp", "seed_date"} >= after.keys()
    assert "domain_code" in before


@pytest.mark.parametrize(("empty", "left"), [("clears", None), ("ignored", "终端客户")])
def test_an_empty_text_clears_or_is_ignored(asker: Asker, empty: str, left: str | None) -> None:
    asker.server.behaviour = Behaviour(empty=empty)
    asker.edit(code="007", self_define4="终端客户", contact="联系人甲")

    assert asker.edit(code="007", self_define4="", contact="")["errcode"] == "0"

    assert asker.customer("007").get("self_define4") == left
    assert ("contact" in asker.customer("007")) == (left is not None)


def test_an_accepted_edit_takes_effect_when_its_result_is_asked_for(asker: Asker) -> None:
    asker.server.behaviour = Behaviour(edit_reply="async", polls=2)

    accepted = asker.edit(code="007", self_define5="VIP")

    assert accepted.keys() == {"url", "ping_after"}
    assert accepted["ping_after"] == "3"
    path, _, query = accepted["url"].removeprefix(asker.server.url).partition("?")
    assert path == "result"
    assert "self_define5" not in asker.customer("007")
    assert asker.send("GET", path, query).json == accepted
    assert "self_define5" not in asker.customer("007")
    final = {"errcode": "0", "errmsg": "", "id": "007"}
    assert asker.send("GET", path, query).json == final
    assert asker.customer("007")["self_define5"] == "VIP"
    assert asker.send("GET", path, query).json == final
    assert len(asker.server.edits) == 1


def test_an_accepted_edit_takes_effect_by_itself_after_a_while(asker: Asker) -> None:
    asker.server.behaviour = Behaviour(edit_reply="async", effect_after_s=0.05)
    accepted = asker.edit(code="007", self_define5="VIP")
    path, _, query = accepted["url"].removeprefix(asker.server.url).partition("?")

    assert asker.send("GET", path, query).json == accepted
    deadline = time.monotonic() + 5
    while "self_define5" not in asker.customer("007") and time.monotonic() < deadline:
        time.sleep(0.01)
    assert asker.send("GET", path, query).json["id"] == "007"


def test_a_refusal_of_an_accepted_edit_is_told_with_its_result(asker: Asker) -> None:
    asker.server.behaviour = Behaviour(edit_reply="async")
    accepted = asker.edit(code="nobody", name="x")
    path, _, query = accepted["url"].removeprefix(asker.server.url).partition("?")

    assert "不存在" in asker.send("GET", path, query).json["errmsg"]
    assert "requestid" in asker.send("GET", "result", "requestid=1").json["errmsg"]


def test_a_file_that_another_program_holds_is_busy(
    asker: Asker, stored: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("u8sync.sandbox.openapi.book.BUSY_S", 0.0)
    asker.token()
    asker.close()  # the next request comes on a connection that does not wait
    stored.execute("BEGIN IMMEDIATE")

    answer = asker.edit(code="007", self_define5="VIP")

    assert "数据库忙" in answer["errmsg"]
    stored.rollback()
    assert asker.edit(code="007", self_define5="VIP")["errcode"] == "0"


def test_a_body_without_length_or_too_long_is_refused(asker: Asker) -> None:
    # The heads alone: the server answers and closes before it reads a body, and a client still sending one may find
    # the line closed before it has read the answer.
    with closing(Asker(asker.server)) as other:
        other.connection.putrequest("POST", "/api/customer/edit")
        other.connection.putheader("Transfer-Encoding", "chunked")
        other.connection.endheaders()
        assert other.connection.getresponse().status == 411
    with closing(Asker(asker.server)) as other:
        other.connection.putrequest("POST", "/api/customer/edit")
        other.connection.putheader("Content-Length", str(10**9))
        other.connection.endheaders()
        assert other.connection.getresponse().status == 413

"""Each open question of the contract, with each of its answers."""

import sqlite3
import time
from typing import get_args, get_type_hints

import pytest
from openapi_asker import Asker

from u8sync.errors import InputError
from u8sync.sandbox.openapi.behaviour import PLAIN, Behaviour, behaviour_of

LIST = "api/saleinvoicelist/batch_get"


def test_many_tokens_live_or_only_the_newest(asker: Asker) -> None:
    first = asker.token()
    second = asker.token(new=True)
    assert first != second
    assert asker.get("api/customer/get", id="007", token=first)["errcode"] == "0"

    asker.server.behaviour = Behaviour(tokens="one")
    third = asker.token(new=True)

    assert "token" in asker.get("api/customer/get", id="007", token=second)["errmsg"]
    assert asker.get("api/customer/get", id="007", token=third)["errcode"] == "0"


def test_a_token_dies_when_its_life_is_over(asker: Asker) -> None:
    asker.server.behaviour = Behaviour(token_life_s=0.0, expires_in="text")

    assert asker.ask_token().json["token"]["expiresIn"] == "0"
    answer = asker.get("api/customer/get", id="007")
    assert answer["errcode"] not in {"0", "20002"}
    assert "token" in answer["errmsg"]


def test_more_rows_than_the_limit_are_cut_and_the_answer_says_so(asker: Asker) -> None:
    asker.server.behaviour = Behaviour(max_rows=7)
    answer = asker.get("api/customer/batch_get", rows_per_page="8000")

    assert len(answer["customer"]) == 7
    assert (answer["rows_per_page"], answer["page_count"]) == ("7", "9")


@pytest.mark.parametrize("name", ["modifydate_begin", "MODIFYDATE_BEGIN"])
def test_the_case_of_a_name_matters_or_does_not(asker: Asker, name: str) -> None:
    assert asker.get("api/customer/batch_get", **{name: "2099-01-01"})["errcode"] == "20002"
    asker.server.behaviour = Behaviour(parameters="exact")
    assert asker.get("api/customer/batch_get", **{name: "2099-01-01"})["errcode"] not in {"0", "20002"}
    assert asker.get("api/customer/batch_get", ModifyDate_begin="2099-01-01")["errcode"] == "20002"


@pytest.mark.parametrize(("signs", "negative"), [("negative", True), ("positive", False)])
def test_amounts_of_red_invoices(asker: Asker, signs: str, negative: bool) -> None:  # noqa: FBT001
    asker.server.behaviour = Behaviour(red_amounts=signs)
    head = asker.get(LIST, isnegative="1")["saleinvoicelist"][0]
    [line] = asker.get("api/saleinvoice/get", id=head["invoiceno"])["saleinvoice"]["entry"]

    for name in ("quantity", "money", "tax", "sum", "originalmoney", "originaltax", "originalsum"):
        assert line[name].startswith("-") == negative
        assert line[name].strip("-0.")


def test_numbers_may_be_bare(asker: Asker) -> None:
    asker.server.behaviour = Behaviour(numbers="bare")
    answer = asker.get("api/customer/batch_get", rows_per_page="2")

    assert answer["errcode"] == 0
    assert (answer["page_index"], answer["rows_per_page"], answer["row_count"], answer["page_count"]) == (1, 2, 60, 30)
    assert all(isinstance(row["timestamp"], int) and isinstance(row["code"], str) for row in answer["customer"])
    assert asker.get("api/customer/get", id="x")["errcode"] == 20002
    assert asker.get("api/customer/get", id="007", token="x")["errcode"] == 99004  # noqa: S106


def test_invoices_may_come_whole(asker: Asker, stored: sqlite3.Connection) -> None:
    asker.server.behaviour = Behaviour(invoice_pages="whole")
    answer = asker.get(LIST, page_index="9", rows_per_page="2")

    [[count]] = stored.execute("SELECT count(*) FROM SaleBillVouch WHERE trim(coalesce(cInvalider, '')) = ''")
    assert answer.keys() == {"errcode", "errmsg", "saleinvoicelist"}
    assert len(answer["saleinvoicelist"]) == count


def test_the_list_of_invoices_may_be_spelled_otherwise(asker: Asker) -> None:
    other = "api/salesinvoicelist/batch_get"
    assert asker.send("GET", other, asker.common).status == 404
    asker.server.behaviour = Behaviour(invoice_list="salesinvoicelist")

    assert asker.send("GET", LIST, asker.common).status == 404
    assert asker.get(other)["salesinvoicelist"]


def test_invoices_may_hide_who_approved_them(asker: Asker) -> None:
    shown = asker.get(LIST)["saleinvoicelist"]
    asker.server.behaviour = Behaviour(invoice_approval="hidden")

    assert any("verifier" in row for row in shown)
    assert not any("verifier" in row for row in asker.get(LIST)["saleinvoicelist"])
    assert "verifier" not in asker.get("api/saleinvoice/get", id=shown[0]["invoiceno"])["saleinvoice"]


def test_there_may_be_no_flat_list_of_stock_outs(asker: Asker) -> None:
    asker.server.behaviour = Behaviour(stock_outs="single")

    assert asker.send("GET", "api/saleoutlistall/batch_get", asker.common).status == 404
    assert asker.get("api/saleoutlist/batch_get")["saleoutlist"]


def test_rows_may_come_in_the_order_of_their_timestamps(asker: Asker) -> None:
    asker.server.behaviour = Behaviour(order="timestamp")
    first = asker.get("api/customer/batch_get")["customer"][0]["code"]
    asker.edit(code=first, self_define5="VIP")

    last = asker.get("api/customer/batch_get", page_index="3")["customer"]
    assert last[-1]["code"] == first
    stamps = [int(row["timestamp"]) for row in last]
    assert stamps == sorted(stamps)
    assert asker.get("api/saleorderlist/batch_get")["saleorderlist"]


def test_a_single_row_may_come_as_an_object(asker: Asker) -> None:
    asker.server.behaviour = Behaviour(one_row_as_object=True)

    assert asker.get("api/customer/batch_get", code_begin="007", code_end="007")["customer"]["code"] == "007"
    assert isinstance(asker.get("api/customer/batch_get")["customer"], list)


def test_an_answer_may_take_its_time(asker: Asker) -> None:
    asker.token()
    asker.server.behaviour = Behaviour(latency_s=0.05)
    begin = time.monotonic()
    asker.customer("007")
    assert time.monotonic() - begin >= 0.05


def test_words_make_a_behaviour() -> None:
    words = ["edit=replace", "polls=3", "token_life_s=1.5", "one_row_as_object=yes", "effect_after_s=0"]

    assert behaviour_of([]) == PLAIN
    assert behaviour_of(words) == Behaviour(
        edit="replace", polls=3, token_life_s=1.5, one_row_as_object=True, effect_after_s=0.0
    )
    for name, kind in get_type_hints(Behaviour).items():
        for value in (value for value in get_args(kind) if isinstance(value, str)):
            assert getattr(behaviour_of([f"{name}={value}"]), name) == value


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("edt=merge", "edit_reply"),
        ("edit=both", "merge, replace"),
        ("edit", "merge, replace"),
        ("polls=0", "1, 2, 3"),
        ("latency_s=-1", "0.5"),
        ("one_row_as_object=perhaps", "yes, no"),
    ],
)
def test_a_word_that_is_not_known_is_an_input_error_that_names_the_known(word: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        behaviour_of([word])
    assert hint in str(caught.value.hint)

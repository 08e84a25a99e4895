"""What is sent of a card, and what counts as harm; over HTTP it is tested in ``test_openapi_writing.py``."""

from __future__ import annotations

from typing import Any

import pytest

from u8sync.backends.openapi.cards import body_of, harmed, hidden_values
from u8sync.backends.openapi.replies import Row, whole_rows

CARD: dict[str, Any] = {
    "code": "C1",
    "name": "甲公司",
    "phone": "021-5555",
    "self_define5": "一般",
    "modifydate": "2026-01-01",
    "timestamp": 7,
    "ccusmngtypecode": "01",
    "ccusmngtypename": "普通",
    "addresses": [{"caddcode": "1", "clinkperson": "李四"}, {"caddcode": "2"}],
}


def card(**changes: Any) -> Row:
    (row,) = whole_rows({"customer": {**CARD, **changes}}, "customer")
    return row


def test_what_moves_with_every_edit_and_what_was_meant_is_no_harm() -> None:
    now = card(self_define5="VIP", timestamp=9, modifydate="2026-02-02")
    assert harmed("C1", card(), now, {"self_define5": "VIP"}) is None


def test_the_name_of_a_code_moves_with_it() -> None:
    now = card(ccusmngtypecode="02", ccusmngtypename="重要")
    assert harmed("C1", card(), now, {"ccusmngtypecode": "02"}) is None
    assert harmed("C1", card(), now, {"self_define5": "VIP"}) is not None


@pytest.mark.parametrize(
    "addresses", [[], [{"caddcode": "1"}, {"caddcode": "2"}], [{"caddcode": "2"}]], ids=["all", "a field", "an entry"]
)
def test_what_is_nested_in_a_card_is_compared_too_and_not_shown(addresses: list[dict[str, str]]) -> None:
    harm = harmed("C1", card(), card(addresses=addresses), {"self_define5": "VIP"})
    assert harm is not None
    assert "addresses." in str(harm)
    assert "李四" not in f"{harm} {harm.hint}"


def test_the_order_of_what_is_nested_means_nothing() -> None:
    assert harmed("C1", card(), card(addresses=CARD["addresses"][::-1]), {"self_define5": "VIP"}) is None


def test_a_lost_value_is_told_with_what_to_put_back_and_a_personal_one_by_its_name_alone() -> None:
    harm = harmed("C1", card(), card(name="", phone=None), {"self_define5": "VIP"})
    assert harm is not None
    assert harm.ends_run
    assert "name, phone" in str(harm)
    assert "甲公司" not in str(harm)  # this sentence stands in the audit log
    assert "name: 甲公司" in str(harm.hint)
    assert "021-5555" not in str(harm.hint)


def test_contacts_are_known_wherever_they_stand_in_a_card() -> None:
    assert {"021-5555", "李四"} <= hidden_values(card())


def test_a_body_holds_the_code_and_what_changes_or_the_whole_card() -> None:
    assert body_of(card(), {"self_define5": None}, "changes") == {"code": "C1", "self_define5": ""}
    whole = body_of(card(), {"self_define5": "VIP"}, "card")
    assert whole == {
        "code": "C1",
        "name": "甲公司",
        "phone": "021-5555",
        "self_define5": "VIP",
        "ccusmngtypecode": "01",
    }

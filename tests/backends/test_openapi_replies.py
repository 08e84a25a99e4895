"""Single replies of the OpenAPI: what is read of them, what is refused, and what follows when something goes wrong.

No server here: replies stand in the test, clocks and pauses are the test's own.
"""

from __future__ import annotations

import gzip
import json
import logging
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, get_args
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests
import responses
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from u8sync.backends.openapi.advice import advice_for
from u8sync.backends.openapi.client import Client
from u8sync.backends.openapi.fields import version_of
from u8sync.backends.openapi.meanings import MEANINGS, Situation, Step, situation_of, to_error, wait_of
from u8sync.backends.openapi.options import OpenApiOptions
from u8sync.backends.openapi.replies import BadReplyError, Counters, Reply, counters, parse, rows
from u8sync.backends.openapi.tokens import EARLY_S, USUAL_LIFE_S, Token, Tokens
from u8sync.backends.openapi.wire import MOST_BYTES, Lost, Unsent, Wire
from u8sync.engine.retry import Retry
from u8sync.errors import BackendError, FatalError, TransientError, UnknownOutcomeError
from u8sync.text import msg

BASE = "https://gateway.example/"
TOKEN = "0123456789abcdef0123456789abcdef"  # noqa: S105
WORD = "geheim +/%&=密"
NOW = datetime(2026, 11, 27, 20, 0, tzinfo=UTC)


def said(**pairs: Any) -> bytes:
    return json.dumps({"errcode": "0", "errmsg": "", **pairs}, ensure_ascii=False).encode()


# --- what is read of a reply ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ['"0"', "0", '" 0 "'], ids=["text", "number", "blanks"])
def test_success_is_success_however_it_is_written(code: str) -> None:
    assert parse(b'{"ErrCode":' + code.encode() + b',"ERRMSG":null}') == Reply(
        "0", "", {"errcode": json.loads(code), "errmsg": None}
    )


def test_keys_are_read_in_any_case_at_every_level() -> None:
    reply = parse(b'{"ERRCODE":"0","Customer":[{"Code":"01","ModifyDate":"2026-01-02","Inner":{"A":[{"B":1}]}}]}')
    assert rows(reply.data, "customer") == [{"code": "01", "modifydate": "2026-01-02"}]
    assert reply.data["customer"][0]["inner"] == {"a": [{"b": 1}]}


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ('"0012.50"', "0012.50"),
        ("12.50", "12.50"),
        ("1e3", "1000"),
        ("-0.10", "-0.10"),
        ("12345678901234567890123456789012345", "12345678901234567890123456789012345"),
        ("true", "1"),
        ("false", "0"),
        ("null", None),
        ('""', ""),
    ],
)
def test_every_plain_value_is_text_and_no_digit_is_lost(written: str, text: str | None) -> None:
    reply = parse(b'{"errcode":"0","customer":{"x":' + written.encode() + b"}}")
    assert rows(reply.data, "customer") == [{"x": text}]


def test_one_object_stands_for_an_array_of_one_and_a_missing_key_for_none() -> None:
    one = parse(said(customer={"code": "1"}))
    many = parse(said(customer=[{"code": "1"}, {"code": "2"}]))
    assert [len(rows(reply.data, "customer")) for reply in (one, many, parse(said()), parse(said(customer=[])))] == [
        1,
        2,
        0,
        0,
    ]
    assert "phone" not in rows(one.data, "customer")[0], "an empty field that is left out stays out"


@pytest.mark.parametrize("odd", ["x", 1, [1], [["code"]], [None], True])
def test_what_is_no_object_is_no_row(odd: Any) -> None:
    with pytest.raises(BadReplyError):
        rows(parse(said(customer=odd)).data, "customer")


def test_a_mark_at_the_start_is_no_part_of_a_reply() -> None:
    assert parse(b"\xef\xbb\xbf" + said(errmsg="成功")).errmsg == "成功"


BAD: dict[str, bytes] = {
    "nothing": b"",
    "blanks": b" \r\n",
    "HTML": b"<html><body>login</body></html>",
    "HTML behind blanks and a mark": b"\xef\xbb\xbf\r\n <!DOCTYPE html>",
    "GBK": '{"errcode":"0","errmsg":"成功"}'.encode("gbk"),
    "UTF-16": said().decode().encode("utf-16"),
    "UTF-16 without a mark": said(errmsg="成功").decode().encode("utf-16-le"),
    "cut": said(customer=[{"code": "01"}])[:-3],
    "cut in a character": said(errmsg="成功").replace(b'"}', b"")[:-1],
    "two documents": said() + said(),
    "an array": b'[{"errcode":"0"}]',
    "a text": b'"0"',
    "NaN": b'{"errcode":"0","x":NaN}',
    "Infinity": b'{"errcode":"0","x":-Infinity}',
    "10^400": b'{"errcode":"0","x":1e400}',
    "10^-400": b'{"errcode":"0","x":1e-400}',
    "an exponent beyond all bounds": b'{"errcode":"0","x":1e9999999999999999999}',
    "a million digits": b'{"errcode":"0","x":' + b"9" * 1_000_000 + b"}",
    "a fraction of a million digits": b'{"errcode":"0","x":0.' + b"1" * 1_000_000 + b"}",
    "two error codes": b'{"errcode":"0","errcode":"99"}',
    "two error codes in two spellings": b'{"errcode":"0","ErrCode":"99"}',
    "two values for a field": b'{"errcode":"0","customer":{"code":"01","Code":"02"}}',
    "depth": b'{"errcode":"0","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "depth of objects": b'{"errcode":"0","x":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001,
    "depth twice": b'{"errcode":"0","x":' + (b"[" * 900 + b"]" * 900) + b',"x":' + b"[" * 100_000,
    "no errcode": b'{"errmsg":"fail"}',
    "errcode null": b'{"errcode":null}',
    "errcode an object": b'{"errcode":{"x":"0"}}',
    "half a character": b'{"errcode":"0","customer":{"name":"\\ud83d"}}',
    "half a character in a key": b'{"errcode":"0","\\uDE00":"1"}',
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_reply_of_the_contract_is_a_bad_reply(name: str) -> None:
    with pytest.raises(BadReplyError) as bad:
        parse(BAD[name])
    assert str(bad.value)


def test_the_same_value_twice_is_no_contradiction() -> None:
    assert parse(b'{"errcode":"0","ErrCode":"0"}').errcode == "0"


def test_two_halves_that_fit_are_a_character() -> None:
    assert rows(parse(b'{"errcode":"0","customer":{"name":"\\uD83D\\ude00"}}').data, "customer") == [{"name": "😀"}]


def test_an_acceptance_needs_no_error_code() -> None:
    assert parse(b'{"tradeid":"1","ping_after":"3","url":"https://x/result?requestid=1"}').errcode is None


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_are_a_reply_or_a_bad_reply(body: bytes) -> None:
    with suppress(BadReplyError):
        assert isinstance(parse(body), Reply)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(categories=None), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["errcode", "ErrCode", "customer", "row_count", "rows_per_page", "x"]), inner)
    ),
    max_leaves=12,
)


@given(JSON, JSON, st.data())
def test_any_json_is_read_to_the_end_or_is_a_bad_reply(value: Any, more: Any, data: st.DataObject) -> None:
    keys = data.draw(st.sampled_from([("customer", "x"), ("row_count", "rows_per_page"), ("page_count", "errmsg")]))
    body = json.dumps({"errcode": "0", keys[0]: value, keys[1]: more}).encode()
    cut = data.draw(st.integers(0, len(body)) | st.just(len(body)))
    try:
        reply = parse(body[:cut])
        counters(reply)
        for row in rows(reply.data, "customer"):
            version_of(row)
            assert all(text is None or text.encode() is not None for text in row.values())
    except BadReplyError:
        pass


# --- counters ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "counted"),
    [
        (("642", "33", "20"), Counters(642, 33, 20)),
        ((642, 33, 20), Counters(642, 33, 20)),
        ((" 642 ", None, "20"), Counters(642, 33, 20)),
        (("0", "0", "20"), Counters(0, 1, 20)),
        (("0", "1", "20"), Counters(0, 1, 20)),
        (("40", "2", "20"), Counters(40, 2, 20)),
    ],
)
def test_counters_are_read_as_text_or_number(words: tuple[Any, Any, Any], counted: Counters) -> None:
    total, pages, per_page = words
    more = {} if pages is None else {"page_count": pages}
    assert counters(parse(said(row_count=total, rows_per_page=per_page, **more))) == counted


@pytest.mark.parametrize("left", ["row_count", "rows_per_page"])
def test_a_page_without_counters_says_nothing_of_the_whole(left: str) -> None:
    known = {"row_count": "1", "rows_per_page": "1", "page_count": "1"}
    del known[left]
    assert counters(parse(said(**known))) is None


@pytest.mark.parametrize(
    "words",
    [
        ("642", "32", "20"),
        ("642", "34", "20"),
        ("-1", "1", "20"),
        ("10", "1", "0"),
        ("x", "1", "20"),
        ("10", "x", "20"),
        ("", "1", "20"),
        ("1.5", "1", "20"),
        ("9" * 5000, "1", "20"),
        ("1", "9" * 5000, "20"),
        ("1", "1", "9" * 5000),
        ("٣", "1", "20"),
        ("²", "1", "20"),
    ],
)
def test_counters_that_contradict_each_other_are_a_bad_reply(words: tuple[str, str, str]) -> None:
    with pytest.raises(BadReplyError):
        counters(parse(said(row_count=words[0], page_count=words[1], rows_per_page=words[2])))


@pytest.mark.parametrize("stamp", ["", "x", "-1", "1.5", "9" * 5000, "²", str(1 << 64), None])
def test_a_timestamp_of_another_form_is_no_row_version(stamp: str | None) -> None:
    assert version_of({"timestamp": stamp}) is None
    assert version_of({"timestamp": "255"}) == "0x00000000000000FF"


# --- Retry-After ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 0),
        ("7", 7),
        (" 7 ", 7),
        ("0", 1),
        ("-1", 1),
        ("1000000000", 300),
        ("Fri, 27 Nov 2026 20:00:30 GMT", 30),
        ("Fri, 27 Nov 2026 20:00:30", 30),
        ("Sat, 28 Nov 2026 04:00:30 +0800", 30),
        ("Fri, 27 Nov 2026 20:00:30 -0000", 30),
        ("Fri, 27 Nov 2020 20:00:00 GMT", 1),
        ("Fri, 27 Nov 2126 20:00:00 GMT", 300),
        ("Friday, 27-Nov-26 20:00:30 GMT", 30),
        ("soon", 0),
        ("", 0),
        ("1e9", 0),
        ("1.5", 0),
        ("١٢", 0),
        ("9" * 5000, 0),
        ("Fri, 31 Dec 99999999999 23:59:59 GMT", 0),
        ("Fri, 31 Dec 1999 23:59:59 +99999999999999999999", 0),
        ("Fri, 31 Feb 2026 20:00:30 GMT", 0),
    ],
)
def test_a_server_may_ask_for_a_pause_between_1_and_300_seconds(header: str | None, seconds: float) -> None:
    assert wait_of(header, NOW) == seconds


@given(st.text())
def test_no_header_is_too_odd(header: str) -> None:
    assert 0 <= wait_of(header, NOW) <= 300


# --- the table of meanings --------------------------------------------------------------------------------------------

TABLE: dict[str, tuple[str, str]] = {
    # row of the HTTP table: GET and token, POST
    "connect": ("transient", "transient"),
    "proxy": ("transient", "transient"),
    "certificate": ("fatal", "fatal"),
    "cut": ("transient", "unknown"),
    "timeout": ("transient", "unknown"),
    "huge": ("fatal", "unknown"),
    "429": ("transient", "transient"),
    "503": ("transient", "unknown"),
    **dict.fromkeys(("500", "502", "504", "501", "507", "599"), ("transient", "unknown")),
    **dict.fromkeys(("408", "425"), ("transient", "unknown")),
    **dict.fromkeys(("401", "403"), ("fatal", "fatal")),
    **dict.fromkeys(("400", "404", "405", "409", "410", "413", "415", "422", "451"), ("fatal", "fatal")),
    **dict.fromkeys(("300", "301", "302", "303", "304", "307", "308"), ("fatal", "fatal")),
    "bad": ("fatal", "unknown"),
}
KINDS = {"transient": TransientError, "fatal": FatalError, "unknown": UnknownOutcomeError}


@pytest.mark.parametrize("step", get_args(Step))
@pytest.mark.parametrize("case", TABLE)
def test_what_follows_is_what_the_table_says(case: str, step: Step) -> None:
    situation: Any = situation_of(int(case)) if case.isdigit() else case
    error = to_error(situation, step, place="h", call="c", wait_s=7)
    assert isinstance(error, KINDS[TABLE[case][step == "edit"]])
    assert error.hint is not None
    assert str(error).startswith("U8 OpenAPI h, c: ")
    if isinstance(error, TransientError):
        assert error.wait_s == 7


def test_the_table_leaves_no_situation_out() -> None:
    situations = {word for part in get_args(Situation) for word in (get_args(part) or (part,))}
    tried = {situation_of(int(case)) if case.isdigit() else case for case in TABLE}
    assert tried == set(MEANINGS) == situations
    assert {*get_args(Unsent), *get_args(Lost)} < set(MEANINGS)


def test_nothing_that_may_have_been_received_lets_an_edit_be_sent_again() -> None:
    again = {situation for situation, (_, edit) in MEANINGS.items() if edit == "transient"}
    assert again == {"connect", "proxy", "busy"}


# --- the token --------------------------------------------------------------------------------------------------------


class Office:
    """Hands tokens out and counts them; time stands still until it is moved."""

    def __init__(self, life: float = 7200.0) -> None:
        self.life = life
        self.now = 1000.0
        self.asked = 0
        self.refuses = False
        self.door = threading.Event()
        self.door.set()
        self.tokens = Tokens(self.fetch, clock=lambda: self.now)

    def fetch(self) -> tuple[str, float]:
        self.asked += 1
        number = self.asked
        assert self.door.wait(5)
        if self.refuses:
            raise FatalError(msg("refused"))
        return f"token {number}", self.life


@pytest.mark.parametrize("life", [7200.0, 900.0, 60.0, 1.0])
def test_a_token_is_renewed_before_it_ends_and_not_much_earlier(life: float) -> None:
    office = Office(life)
    first = office.tokens.current()
    early = max(life - EARLY_S, life / 2)
    office.now += early - 0.001
    assert office.tokens.current() is first
    office.now += 0.001
    assert office.tokens.current().text == "token 2"
    assert early < life


def together(count: int, work: Callable[[], Any]) -> list[Any]:
    """What becomes of the same work in many threads at once: results and errors."""
    start = threading.Barrier(count)

    def begin() -> Any:
        start.wait(5)
        try:
            return work()
        except BackendError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        futures = [pool.submit(begin) for _ in range(count)]
        return [future.result(10) for future in futures]


def test_many_threads_share_one_login() -> None:
    office = Office()
    assert {id(token) for token in together(16, office.tokens.current)} == {id(office.tokens.current())}
    assert office.asked == 1


def test_a_refused_login_is_tried_once_however_many_ask() -> None:
    office = Office()
    office.refuses = True
    errors = together(8, office.tokens.current) + together(8, office.tokens.current)
    assert {str(error) for error in errors} == {"refused"}
    assert office.asked == 1


def test_many_threads_whose_token_is_refused_share_one_new_one() -> None:
    office = Office()
    old = office.tokens.current()
    old.proved = True
    new = together(16, lambda: office.tokens.renewed(old, FatalError(msg("token"))))
    assert {token.text for token in new} == {"token 2"}


def test_a_token_that_never_worked_is_not_asked_for_again() -> None:
    office = Office()
    with pytest.raises(FatalError, match="why"):
        office.tokens.renewed(office.tokens.current(), FatalError(msg("why")))
    assert office.asked == 1


def test_a_token_does_not_show_in_its_own_text() -> None:
    assert TOKEN not in repr(Token(TOKEN, 0.0))


# --- a client, with replies that stand in the test --------------------------------------------------------------------


class Talk:
    """A client whose gateway answers what a test puts down, call by call."""

    def __init__(self, mock: responses.RequestsMock, **more: Any) -> None:
        self.mock = mock
        self.slept: list[float] = []
        self.now = 0.0
        options = {"from_account": "f", "to_account": "t", "app_key": "k", "app_secret": {"env": "X"}, "url": BASE}
        self.options = OpenApiOptions.model_validate({**options, "calls_per_s": 0, **more})
        self.client = Client(
            self.options,
            SecretStr(WORD),
            Retry(tries=3, budget_s=600, sleep=self.slept.append, clock=lambda: self.now),
            Wire(ca_file=None, proxy=None, connect_timeout_s=1),
            now=lambda: NOW,
        )

    def token(self, life: Any = 7200, id_: Any = TOKEN) -> None:
        token = {"appKey": "k", "id": id_} | ({} if life is None else {"expiresIn": life})
        self.put("system/token", said(token=token))

    def put(self, call: str, body: Any = b"", *, method: str = "GET", status: int = 200, **headers: str) -> None:
        self.mock.add(method, BASE + call, body=body, status=status, headers=headers)

    def asked(self, call: str = "") -> int:
        return sum(call in urlsplit(one.request.url).path for one in self.mock.calls)


@pytest.fixture
def talk() -> Iterator[Talk]:
    with talking() as one:
        yield one


@contextmanager
def talking(**more: Any) -> Iterator[Talk]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        one = Talk(mock, **more)
        try:
            yield one
        finally:
            one.client.close()


GET = "api/customer/get"
EDIT = "api/customer/edit"
FOUND = said(customer={"code": "01"})
BAD_TOKEN = said(errcode="99", errmsg="Token 无效")


def test_common_parameters_stand_in_the_query_of_every_call(talk: Talk) -> None:
    talk.token()
    talk.put(GET, FOUND)
    talk.put(EDIT, said(), method="POST")
    talk.client.get(GET, {"id": "客 户&1"})
    talk.client.edit({"code": "01", "self_define5": "A"})
    login, read, edit = (parse_qs(urlsplit(one.request.url).query) for one in talk.mock.calls)
    common = {"from_account": ["f"], "to_account": ["t"], "app_key": ["k"], "token": [TOKEN]}
    assert login == {"from_account": ["f"], "app_key": ["k"], "app_secret": [WORD]}
    assert read == {**common, "id": ["客 户&1"]}
    assert edit == common
    assert json.loads(talk.mock.calls[2].request.body) == {"customer": {"code": "01", "self_define5": "A"}}


@pytest.mark.parametrize(
    ("life", "seconds"),
    [(600, 600.0), ("600", 600.0), (None, USUAL_LIFE_S), (0, USUAL_LIFE_S), (-5, USUAL_LIFE_S), ("soon", USUAL_LIFE_S)],
)
def test_the_life_of_a_token_is_a_number_or_a_text_or_the_usual(talk: Talk, life: Any, seconds: float) -> None:
    talk.token(life)
    talk.client.sign_in()
    talk.now = seconds - EARLY_S - 1
    talk.client.sign_in()
    assert talk.asked("token") == 1
    talk.now = seconds - EARLY_S
    talk.client.sign_in()
    assert talk.asked("token") == 2


@pytest.mark.parametrize(
    "body", [said(), said(token=[1]), said(token={"id": ""}), said(token={"id": 7}), b"{}", b"<p>"]
)
def test_a_login_without_a_token_is_no_login(talk: Talk, body: bytes) -> None:
    talk.put("system/token", body)
    with pytest.raises(FatalError, match="system/token"):
        talk.client.sign_in()
    before = talk.asked()
    with pytest.raises(FatalError):
        talk.client.sign_in()
    assert talk.asked() == before <= 2


@pytest.mark.parametrize("status", [401, 403, 404, 302])
def test_a_login_that_is_refused_by_its_status_is_tried_once(talk: Talk, status: int) -> None:
    talk.put("system/token", b"", status=status)
    for _ in range(3):
        with pytest.raises(FatalError):
            talk.client.get(GET)
    assert talk.asked() == 1


def test_a_refused_token_is_renewed_once_and_the_call_repeated_once(talk: Talk) -> None:
    talk.token()
    talk.token(id_="another")
    talk.put(GET, FOUND)
    talk.put(GET, BAD_TOKEN)
    talk.put(GET, FOUND)
    talk.client.get(GET)
    assert talk.client.get(GET) is not None
    assert (talk.asked("token"), talk.asked("get")) == (2, 3)
    assert "token=another" in talk.mock.calls[-1].request.url


@pytest.mark.parametrize("body_or_status", [BAD_TOKEN, 401, 403])
def test_a_token_that_is_refused_for_ever_ends_the_call(talk: Talk, body_or_status: Any) -> None:
    talk.token()
    talk.put(GET, FOUND)
    talk.client.get(GET)
    talk.mock.remove("GET", BASE + GET)
    if isinstance(body_or_status, bytes):
        talk.put(GET, body_or_status)
    else:
        talk.put(GET, status=body_or_status)
    with pytest.raises(FatalError):
        talk.client.get(GET)
    assert (talk.asked("token"), talk.asked("get")) == (2, 3)


def test_a_token_that_never_worked_and_is_refused_is_fatal_at_once(talk: Talk) -> None:
    talk.token()
    talk.put(GET, BAD_TOKEN)
    with pytest.raises(FatalError, match="refused"):
        talk.client.get(GET)
    assert (talk.asked("token"), talk.asked("get")) == (1, 1)


def test_a_code_may_be_set_that_means_a_dead_token() -> None:
    with talking(token_errcodes=["4711"]) as talk:
        talk.token()
        talk.put(GET, FOUND)
        talk.put(GET, said(errcode=4711, errmsg="请重新登录"))
        talk.put(GET, FOUND)
        talk.client.get(GET)
        assert talk.client.get(GET) is not None
        assert talk.asked("token") == 2


def test_an_edit_whose_token_is_refused_is_not_repeated_before_u8_was_read(talk: Talk) -> None:
    talk.token()
    talk.put(GET, FOUND)
    talk.put(EDIT, BAD_TOKEN, method="POST")
    talk.client.get(GET)
    with pytest.raises(TransientError):
        talk.client.edit({"code": "01"})
    assert (talk.asked("token"), talk.asked("edit")) == (2, 1)


def test_edits_that_are_refused_with_every_token_do_not_go_on_for_ever(talk: Talk) -> None:
    talk.token()
    talk.put(GET, FOUND)
    talk.put(EDIT, b"", method="POST", status=403)
    talk.client.get(GET)
    with pytest.raises(TransientError):
        talk.client.edit({"code": "01"})
    talk.client.get(GET)
    with pytest.raises(FatalError, match="denied"):
        talk.client.edit({"code": "01"})
    assert (talk.asked("token"), talk.asked("edit")) == (2, 2)


def test_nothing_found_is_no_error_and_every_other_code_is(talk: Talk) -> None:
    talk.token()
    talk.put(GET, said(errcode=20002, errmsg="未检索到匹配的[客户]。"))
    assert talk.client.get(GET) is None
    talk.put(GET, said(errcode="99", errmsg="系统\r\n繁忙\x00\u202e"))
    with pytest.raises(FatalError, match=r"refused: 系统 繁忙 \[99\]$"):
        talk.client.get(GET)


@pytest.mark.parametrize(
    "name", [*(name for name in BAD if "million" not in name), "only an address", "only a tradeid"]
)
def test_a_bad_reply_to_a_read_is_asked_for_once_more_and_then_given_up(talk: Talk, name: str) -> None:
    more = {"only an address": b'{"url":"https://gateway.example/r"}', "only a tradeid": b'{"tradeid":"1"}'}
    talk.token()
    talk.put(GET, {**BAD, **more}[name])
    with pytest.raises(FatalError, match="cannot be read"):
        talk.client.get(GET)
    assert talk.asked("get") == 2
    assert talk.slept == []


def test_a_reply_that_is_good_the_second_time_is_good(talk: Talk) -> None:
    talk.token()
    talk.put(GET, b"<html>")
    talk.put(GET, FOUND)
    assert talk.client.get(GET) is not None


@pytest.mark.parametrize("name", [name for name in BAD if "million" not in name])
def test_a_bad_reply_to_an_edit_is_an_unknown_end(talk: Talk, name: str) -> None:
    talk.token()
    talk.put(EDIT, BAD[name], method="POST")
    with pytest.raises(UnknownOutcomeError) as unknown:
        talk.client.edit({"code": "01"})
    assert unknown.value.ends_run
    assert talk.asked("edit") == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 425, 429])
def test_a_read_is_tried_again_as_often_as_allowed_and_waits_as_asked(talk: Talk, status: int) -> None:
    talk.token()
    talk.put(GET, b"", status=status, **{"Retry-After": "77"})
    with pytest.raises(TransientError, match=str(status)) as error:
        talk.client.get(GET)
    assert error.value.exhausted
    assert talk.asked("get") == 3
    assert talk.slept == [77, 77]


@pytest.mark.parametrize("status", [*range(300, 309), 400, 404, 405, 413, 415, 422, 500, 502, 503, 504, 408, 425, 429])
def test_an_edit_is_sent_once_whatever_its_status(talk: Talk, status: int) -> None:
    talk.token()
    talk.put(EDIT, b"", method="POST", status=status, Location="https://elsewhere.example/")
    with pytest.raises(BackendError) as error:
        talk.client.edit({"code": "01"})
    assert isinstance(error.value, KINDS[TABLE.get(str(status), ("fatal", "fatal"))[1]])
    assert talk.asked("edit") == talk.asked() - 1 == 1


def test_an_answer_is_not_read_beyond_32_mib_packed_or_not(talk: Talk) -> None:
    talk.token()
    talk.put(GET, b" " * (MOST_BYTES + 1))
    with pytest.raises(FatalError, match="32 MiB"):
        talk.client.get(GET)
    packed = gzip.compress(b" " * (MOST_BYTES + 1))
    talk.mock.replace("GET", BASE + GET, body=packed, headers={"Content-Encoding": "gzip"})
    with pytest.raises(FatalError, match="32 MiB"):
        talk.client.get(GET)


# --- asynchronous edits -----------------------------------------------------------------------------------------------


def accepted(url: str = f"{BASE}result?requestid=1", **more: Any) -> bytes:
    return json.dumps({"tradeid": "1", "ping_after": "3", "url": url, **more}).encode()


@pytest.mark.parametrize(
    ("after", "seconds"),
    [("3", 3), (7, 7), (-1, 0.2), (0, 0.2), (10**9, 30), ("nan", 3), ("inf", 30), ("soon", 3), (None, 3), ([], 3)],
)
def test_a_result_is_asked_for_after_a_pause_within_reason(talk: Talk, after: Any, seconds: float) -> None:
    talk.token()
    talk.put(EDIT, accepted(ping_after=after), method="POST")
    talk.put("result", accepted(ping_after=after))
    talk.put("result", said(id="01"))
    assert talk.client.edit({"code": "01"}).done
    assert talk.slept == [seconds, seconds]
    assert TOKEN not in talk.mock.calls[-1].request.url


def test_a_result_that_never_comes_is_given_up_after_20_times(talk: Talk) -> None:
    talk.token()
    talk.put(EDIT, accepted(), method="POST")
    talk.put("result", accepted())
    with pytest.raises(UnknownOutcomeError, match="did not come"):
        talk.client.edit({"code": "01"})
    assert talk.asked("result") == 20
    assert talk.asked("edit") == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/result?requestid=1",
        "http://gateway.example/result?requestid=1",
        "https://gateway.example:444/result",
        "https://gateway.example@elsewhere.example/",
        "//elsewhere.example/result",
        "/result?requestid=1",
        "https://[gateway.example/",
        "https://gateway.example\\@elsewhere.example/",
        "file:///etc/passwd",
        "x",
    ],
)
def test_a_result_on_another_server_is_not_asked_for(talk: Talk, url: str) -> None:
    talk.token()
    talk.put(EDIT, accepted(url), method="POST")
    with pytest.raises(UnknownOutcomeError, match="another server"):
        talk.client.edit({"code": "01"})
    assert talk.asked() == 2


@pytest.mark.parametrize("body", [accepted(""), accepted(None), b'{"tradeid":"1"}'])  # type: ignore[arg-type]
def test_an_acceptance_without_an_address_is_an_unknown_end(talk: Talk, body: bytes) -> None:
    talk.token()
    talk.put(EDIT, body, method="POST")
    with pytest.raises(UnknownOutcomeError):
        talk.client.edit({"code": "01"})


@pytest.mark.parametrize("status", [404, 500, 302])
def test_a_result_that_cannot_be_had_is_an_unknown_end(talk: Talk, status: int) -> None:
    talk.token()
    talk.put(EDIT, accepted(), method="POST")
    talk.put("result", b"", status=status)
    with pytest.raises(UnknownOutcomeError):
        talk.client.edit({"code": "01"})
    assert talk.asked("edit") == 1


def test_an_answer_for_another_customer_is_an_unknown_end(talk: Talk) -> None:
    talk.token()
    talk.put(EDIT, said(id="02"), method="POST")
    with pytest.raises(UnknownOutcomeError, match="another customer"):
        talk.client.edit({"code": "01"})


# --- secrets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [str, quote, lambda word: quote(word, safe="")], ids=["raw", "quoted", "all quoted"])
@pytest.mark.parametrize("secret", [WORD, TOKEN])
def test_a_secret_in_the_words_of_the_server_is_taken_out(talk: Talk, secret: str, form: Callable[[str], str]) -> None:
    talk.token()
    talk.put(GET, said(errcode=form(secret), errmsg=f"参数 {form(secret)} 错误"))
    with pytest.raises(FatalError) as error:
        talk.client.get(GET)
    text = "".join(traceback.format_exception(error.value)) + str(error.value.hint)
    assert form(secret) not in text
    assert "***" in str(error.value)


def test_what_looks_like_a_token_of_somebody_else_is_taken_out(talk: Talk) -> None:
    talk.put("system/token", said(errcode="9", errmsg="令牌 FEDCBA9876543210FEDCBA9876543210 错误"))
    with pytest.raises(FatalError, match=r"refused: 令牌 \*\*\* 错误 \[9\]$"):
        talk.client.sign_in()


@pytest.mark.parametrize("kind", [requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError])
@pytest.mark.parametrize("call", ["system/token", GET])
def test_the_words_of_the_library_go_no_further(
    talk: Talk, kind: type[Exception], call: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    if call == GET:
        talk.token()
    talk.put(call, kind(f"{BASE}?token={TOKEN}&app_secret={WORD}"))
    with pytest.raises(TransientError) as error:
        talk.client.get(GET)
    text = "".join(traceback.format_exception(error.value)) + caplog.text
    seen: BaseException | None = error.value
    while seen is not None:
        text += repr(seen)
        seen = seen.__context__
    assert TOKEN not in text
    assert WORD not in text


# --- what to check ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "step", "part"),
    [
        ("未配置数据源，请检查 ds_sequence", "read", "data source"),
        ("企业的开放平台客户端未在线，请检查中转程序是否运行", "read", "relay program"),
        ("应用未经企业授权，请企业管理员在开放平台审批", "read", "approve the app"),
        ("应用密钥 app_secret 错误", "token", "app's secret"),
        ("应用 app_key 不存在或未上架", "token", "app_key"),
        ("调用方账号 from_account 不存在", "token", "from_account"),
        ("EAI 处理失败", "edit", "EAI"),
        ("fail", "token", "tried once"),
        ("fail", "read", "u8sync doctor"),
        ("", "edit", "u8sync doctor"),
    ],
)
def test_the_words_of_a_refusal_say_what_to_check(words: str, step: Step, part: str) -> None:
    assert part in str(advice_for(words, step))


# --- settings ---------------------------------------------------------------------------------------------------------

NEEDED: dict[str, Any] = {"from_account": "f", "to_account": "t", "app_key": "k", "app_secret": {"env": "X"}}


@pytest.mark.parametrize(
    ("wrong", "part"),
    [
        ({"url": "api.yonyouup.com"}, "not the address"),
        ({"url": "ftp://api.yonyouup.com/"}, "not the address"),
        ({"url": "https:///x"}, "not the address"),
        ({"url": "https://h:99999/"}, "not the address"),
        ({"url": "https://h:0/"}, "not the address"),
        ({"url": "https://[h/"}, "not the address"),
        ({"url": "https://me:geheim@h/"}, "only scheme, host"),
        ({"url": "https://h/?token=geheim"}, "only scheme, host"),
        ({"url": "https://h/#x"}, "only scheme, host"),
        ({"url": "http://api.example/"}, "not https"),
        ({"url": "http://localhost.example/"}, "not https"),
        ({"url": "HTTP://api.example/"}, "not https"),
        ({"items": {"self_define11": {"length": 1}}}, "no self-defined item of text"),
        ({"items": {"name": {"length": 1}}}, "no self-defined item of text"),
        ({"items": {"self_define1": {"length": 21}}}, "at most 20"),
        ({"app_secret": "geheim"}, "app_secret"),
        ({"app_secret": {"value": "geheim"}}, "app_secret"),
        ({"from_account": ""}, "from_account"),
        ({"app_key": "a\nb"}, "app_key"),
        ({"token": "geheim"}, "token"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_without_showing_a_secret(wrong: dict[str, Any], part: str) -> None:
    with pytest.raises(ValidationError) as refused:
        OpenApiOptions.model_validate({**NEEDED, **wrong})
    assert part in str(refused.value)
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["http://localhost:8000", "http://127.0.0.1:1/", "http://[::1]:1/", "http://127.9.9.9/x", "https://h/api"]
)
def test_plain_http_is_good_enough_on_this_machine(url: str) -> None:
    assert OpenApiOptions.model_validate({**NEEDED, "url": url}).url.endswith("/")


def test_plain_http_to_elsewhere_needs_a_reason() -> None:
    options = {**NEEDED, "url": "http://u8.example/", "insecure_reason": "both in one cabinet"}
    assert OpenApiOptions.model_validate(options).url == "http://u8.example/"
    with pytest.raises(ValidationError):
        OpenApiOptions.model_validate({**options, "insecure_reason": "  x    "})

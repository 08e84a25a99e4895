"""Messages over real sockets on this machine, to services that take, refuse, hang and are not there."""

import json
import logging
import sys
import time
from collections.abc import Iterator

import pytest
import requests
import responses
from listeners import deaf, listening_at, mail_box

from u8sync.errors import InputError
from u8sync.notify import child
from u8sync.notify.card import Card
from u8sync.notify.scrubbing import scrub
from u8sync.notify.sending import Delivery, Outcome, send_all

CARD = Card("u8sync: all is well", "Written: 12\n已写入", "success")
TOKEN = "canary-5f1d3e7a9b"  # noqa: S105 - made up


def send(*urls: str, timeout_s: float = 10) -> tuple[Outcome, ...]:
    deliveries = [Delivery(f"target {number}", url, CARD) for number, url in enumerate(urls)]
    return send_all(deliveries, timeout_s)


def test_a_card_arrives_whole() -> None:
    with listening_at() as heard:
        (outcome,) = send(f"json://127.0.0.1:{heard.port}/{TOKEN}")
    assert outcome == Outcome("target 0", None)
    (body,) = map(json.loads, heard.bodies)
    assert (body["title"], body["message"], body["type"]) == (CARD.title, CARD.body, "success")


def test_a_mail_arrives_whole() -> None:
    with mail_box() as heard:
        (outcome,) = send(f"mailto://127.0.0.1:{heard.port}?from=u8sync@example.com&to=it@example.com")
    assert outcome.failure is None, str(outcome.failure)
    assert b"all is well" in heard.bodies[0]


def test_who_hangs_holds_up_nobody_and_is_named() -> None:
    with deaf() as port, listening_at() as heard:
        began = time.monotonic()
        slow, quick = send(f"json://127.0.0.1:{port}/", f"json://127.0.0.1:{heard.port}/", timeout_s=1)
        took = time.monotonic() - began
    assert quick.failure is None
    assert slow.failure is not None
    assert took < 20


def test_a_process_that_never_answers_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("u8sync.notify.sending.GRACE_S", 0.0)
    with deaf() as port:
        (outcome,) = send(f"json://127.0.0.1:{port}/", timeout_s=0.2)
    assert "no answer within 0.2 seconds" in str(outcome.failure)


@pytest.mark.parametrize("status", [400, 403, 404, 500, 503])
def test_a_refusal_is_told(status: int) -> None:
    with listening_at(status) as heard:
        (outcome,) = send(f"json://127.0.0.1:{heard.port}/{TOKEN}?x={TOKEN}")
    assert str(status) in str(outcome.failure)
    assert TOKEN not in str(outcome.failure)


@pytest.mark.parametrize(
    "url",
    [
        f"json://user:{TOKEN}@127.0.0.1:1/{TOKEN}",
        f"jsons://127.0.0.1:1/?key={TOKEN}",
        f"json://no-such-host.invalid/{TOKEN}",
        f"mailto://user:{TOKEN}@127.0.0.1:1?from=a@example.com&to=b@example.com",
        f"nothing-known://{TOKEN}",
        f"{TOKEN}",
        "http://[bad",
    ],
)
def test_whatever_goes_wrong_is_told_without_the_token(url: str) -> None:
    (outcome,) = send(url, timeout_s=3)
    assert outcome.failure is not None
    assert TOKEN not in str(outcome.failure)


def test_an_address_that_apprise_does_not_know_is_told_as_such() -> None:
    (outcome,) = send("nothing-known://somewhere")
    assert "does not know this kind of address" in str(outcome.failure)


def test_without_apprise_there_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(InputError, match="apprise") as caught:
        send("json://127.0.0.1/")
    assert "u8sync[notify]" in str(caught.value.hint)


def test_nothing_to_send_needs_no_process() -> None:
    assert send_all([], 10) == ()


# --- services that say no with HTTP 200 -------------------------------------------------------------------------------

SERVICES = {
    "wecombot://canary5f1d3e7a9b": ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send", "errcode"),
    "dingtalk://canary5f1d3e7a9b": ("https://oapi.dingtalk.com/robot/send", "errcode"),
    "feishu://canary5f1d3e7a9b": ("https://open.feishu.cn/open-apis/bot/v2/hook/canary5f1d3e7a9b/", "code"),
}


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> Iterator[responses.RequestsMock]:
    """The sending process's own view of requests, with answers made here."""
    monkeypatch.setattr(requests.Session, "send", requests.Session.send)
    child._be_strict()
    monkeypatch.setattr(logging.getLogger("apprise"), "level", logging.DEBUG)
    with responses.RequestsMock() as answers:
        yield answers


def post(url: str) -> child.Report:
    return child._send(child.Post("x", url, CARD.title, CARD.body, "success"), 5.0)


@pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")  # apprise's own
@pytest.mark.parametrize("url", SERVICES)
def test_a_service_that_takes_it_gets_title_and_body(url: str, strict: responses.RequestsMock) -> None:
    address, key = SERVICES[url]
    strict.post(address, json={key: 0, "errmsg": "ok"})
    assert post(url).sent
    sent = json.loads(strict.calls[0].request.body or b"")
    text = json.dumps(sent, ensure_ascii=False)
    assert "all is well" in text
    assert "已写入" in text


@pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")  # apprise's own
@pytest.mark.parametrize("url", SERVICES)
def test_a_service_that_refuses_with_http_200_has_not_taken_it(url: str, strict: responses.RequestsMock) -> None:
    address, key = SERVICES[url]
    strict.post(address, json={key: 93000, "errmsg": "invalid webhook url", "msg": "invalid webhook url"})
    report = post(url)
    assert not report.sent
    assert "93000" in report.why
    assert "invalid webhook url" in report.why


@pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")
def test_an_answer_that_is_no_json_counts_by_its_status(strict: responses.RequestsMock) -> None:
    strict.post("https://qyapi.weixin.qq.com/cgi-bin/webhook/send", body="<html>ok</html>")
    assert post("wecombot://canary5f1d3e7a9b").sent


# --- no token leaves --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        f"wecombot://{TOKEN}",
        f"dingtalk://secret@{TOKEN}/",
        f"https://hooks.example.com/services/{TOKEN}/B0/{TOKEN}",
        f"json://u%40x:{TOKEN}@host.example.com:8080/a/?k={TOKEN}&l=%7B{TOKEN}%7D",
        f"mailto://me:{TOKEN}@example.com",
    ],
)
def test_no_part_of_an_address_that_may_be_a_token_stays(url: str) -> None:
    said = f"HTTPSConnectionPool: Max retries exceeded with url: {url} ({TOKEN}) key={TOKEN}"
    assert TOKEN not in scrub(said, url)


def test_the_host_may_be_named() -> None:
    assert "hooks.example.com" in scrub("cannot reach hooks.example.com", "https://hooks.example.com/services/T0KEN99")

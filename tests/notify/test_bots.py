"""WeCom, DingTalk and Feishu: their hosts are fixed, so their answers are given here; all else is the real thing."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import pytest
import requests
import responses
from hypothesis import given
from hypothesis import strategies as st

from u8sync.notify import worker

# One of the many plugins of apprise, none of ours, still asks for it.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

WECOM = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"
DINGTALK = "https://oapi.dingtalk.com/robot/send"
FEISHU = "https://open.feishu.cn/open-apis/bot/v2/hook/canarytoken/"
BOTS = [
    (
        "wecombot://canarytoken",
        WECOM,
        {"errcode": 0, "errmsg": "ok"},
        {"errcode": 93000, "errmsg": "invalid canarytoken"},
    ),
    (
        "dingtalk://canarysecret@canarytoken",
        DINGTALK,
        {"errcode": 0, "errmsg": "ok"},
        {"errcode": 310000, "errmsg": "keywords not in content"},
    ),
    ("feishu://canarytoken", FEISHU, {"code": 0, "msg": "success"}, {"code": 19024, "msg": "Key Words Not Found"}),
]
IDS = ["wecom", "dingtalk", "feishu"]
BODY = "一" * 600 + "\n*二* <b>_[x](y)"


@pytest.fixture(autouse=True)
def own_logger(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The worker has a process of its own and takes the logger of apprise for itself; here it gives it back."""
    logger = logging.getLogger("apprise")
    for name in ("handlers", "propagate"):
        monkeypatch.setattr(logger, name, getattr(logger, name))
    level = logger.level
    yield
    logger.setLevel(level)


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        monkeypatch.setattr(requests.Session, "send", requests.Session.send)  # put back what the worker replaces
        yield mock


def send(url: str) -> dict[str, Any]:
    done: SimpleQueue[dict[str, Any]] = SimpleQueue()
    letter = {"name": "a", "url": url, "title": "标题", "body": BODY, "type": "warning"}
    worker.send_all([letter], 30, done)
    return done.get(timeout=30)


@pytest.mark.parametrize(("url", "host", "yes", "no"), BOTS, ids=IDS)
def test_one_message_with_every_character_as_it_is(
    url: str, host: str, yes: dict[str, Any], no: dict[str, Any], web: responses.RequestsMock
) -> None:
    web.post(host, json=yes)
    assert send(url) == {"name": "a", "kind": "sent"}
    assert len(web.calls) == 1
    body = web.calls[0].request.body
    payload = json.loads(body or "")
    assert payload.get("msgtype", payload.get("msg_type")) == "text"
    text = payload["content"]["text"] if "content" in payload else payload["text"]["content"]
    assert text == f"标题\r\n{BODY}"
    assert len(text.encode()) <= 2048


@pytest.mark.parametrize(("url", "host", "yes", "no"), BOTS, ids=IDS)
def test_a_refusal_with_status_200_is_a_failure_without_the_token(
    url: str, host: str, yes: dict[str, Any], no: dict[str, Any], web: responses.RequestsMock
) -> None:
    web.post(host, json=no)
    found = send(url)
    assert found["kind"] == "answer"
    assert found["code"] == str(no.get("errcode", no.get("code")))
    assert found["words"]
    assert "canary" not in str(found)


@pytest.mark.parametrize("bot", BOTS, ids=IDS)
@pytest.mark.parametrize("body", ["", "<html>", "[]", "null", "{}"])
def test_an_answer_of_a_bot_that_says_nothing_is_a_failure(bot: Any, body: str, web: responses.RequestsMock) -> None:
    web.post(bot[1], body=body)
    assert send(bot[0])["kind"] == "answer"


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_another_status_is_told(status: int, web: responses.RequestsMock) -> None:
    web.post(WECOM, status=status)
    assert send("wecombot://canarytoken") == {"name": "a", "kind": "status", "code": status}


TOKEN = st.text(alphabet="abcXYZ0189-_%+", min_size=4, max_size=20)


@given(TOKEN, TOKEN, TOKEN, TOKEN, st.text(max_size=20))
def test_no_piece_of_an_address_survives_scrubbing(
    user: str, password: str, path: str, query: str, around: str
) -> None:
    url = f"json://{user}:{password}@host/{path}?key={query}"
    text = f"{around} {user} {password}{around}{path}/{query.upper()} {url}"
    clean = worker.scrubbed(text, url).lower()
    rest = worker.scrubbed(around, url).lower()
    for piece in (user, password, path, query):
        assert piece.lower() not in clean.replace(rest, "") or piece.lower() in "***"

"""The process that talks to the outside: apprise, with each target in a thread of its own.

It reads one JSON document from standard input and writes one line for each target that ended. What does not live here:
the words for what went wrong (``sending.py``).

Why a process: a web server that drips one byte a second holds a thread for ever, and apprise and the libraries below
it log addresses, which are secrets. A process can be ended, and what it logs goes nowhere. Nothing of an exception's
text leaves it, only its kind; what a bot's service answered leaves it without any piece of the address.
"""

from __future__ import annotations

import json
import logging
import os
import re
import smtplib
import socket
import ssl
import sys
from queue import Empty, SimpleQueue
from threading import Thread, get_ident
from time import monotonic
from typing import Any, Final
from urllib.parse import quote, unquote, unquote_plus, urlsplit

import requests

__all__ = ["kind_of", "main", "refusal", "scrubbed", "send_all"]

Result = dict[str, Any]

_BOTS: Final = {
    "qyapi.weixin.qq.com": "errcode",
    "oapi.dingtalk.com": "errcode",
    "open.feishu.cn": "code",
    "open.larksuite.com": "code",
}
"""Services that answer 200 also when they refuse, and the key of the answer that says so: 0 is taken."""


class _Ear(logging.Handler):
    """Hears what apprise complains of: the exception that it is handling then, by thread."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: dict[int, BaseException] = {}

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002 - its text may hold an address
        error = sys.exc_info()[1]
        if error is not None:
            self.heard.setdefault(get_ident(), error)


class _Answers:
    """Keeps the last answer of a web server, by thread; in place of ``requests.Session.send``."""

    def __init__(self) -> None:
        self.last: dict[int, requests.Response] = {}
        self._send = requests.Session.send

    def listen(self) -> None:
        """Begin; this process does nothing else."""
        answers = self

        def send(session: requests.Session, request: requests.PreparedRequest, **rest: Any) -> requests.Response:  # noqa: ANN401
            response = answers._send(session, request, **rest)
            answers.last[get_ident()] = response
            return response

        requests.Session.send = send  # type: ignore[assignment, method-assign]

    def end(self) -> None:
        """As it was before."""
        requests.Session.send = self._send  # type: ignore[method-assign]


def send_all(letters: list[dict[str, str]], timeout_s: float, done: SimpleQueue[Result]) -> None:
    """Begin sending every letter (``name``, ``url``, ``title``, ``body``, ``type``); each puts its result there."""
    logger = logging.getLogger("apprise")
    logger.handlers, logger.propagate = [ear := _Ear()], False
    logger.setLevel(logging.DEBUG)
    answers = _Answers()
    answers.listen()
    for letter in letters:
        Thread(target=_send, args=(letter, timeout_s, ear, answers, done), daemon=True).start()


def _send(letter: dict[str, str], timeout_s: float, ear: _Ear, answers: _Answers, done: SimpleQueue[Result]) -> None:
    try:
        found = _sent(letter, timeout_s, ear, answers)
    except BaseException as error:  # noqa: BLE001 - whatever a plugin throws is that target's result
        found = {"kind": kind_of(error)}
    done.put({"name": letter["name"], **found})


def _sent(letter: dict[str, str], timeout_s: float, ear: _Ear, answers: _Answers) -> Result:
    from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType

    # Without a limit of its own apprise stays in this thread, by which answers and errors are known.
    asset = AppriseAsset(
        async_mode=False, service_timeout=0, secure_logging=True, app_id="u8sync", app_desc="u8sync", app_url=""
    )
    service = Apprise.instantiate(letter["url"], asset=asset, suppress_exceptions=True)
    if service is None:
        return {"kind": "url"}
    if "rto=" not in letter["url"]:
        service.socket_read_timeout = timeout_s
    if "cto=" not in letter["url"]:
        service.socket_connect_timeout = timeout_s
    apprise = Apprise(asset=asset)
    apprise.add(service)
    taken = bool(
        apprise.notify(letter["body"], letter["title"], NotifyType(letter["type"]), body_format=NotifyFormat.TEXT)
    )
    answer, error = answers.last.get(get_ident()), ear.heard.get(get_ident())
    if answer is not None and (refused := refusal(answer, letter["url"])):
        return refused
    if taken:
        return {"kind": "sent"}
    if error is not None:
        return {"kind": kind_of(error)}
    return {"kind": "unknown"} if answer is None else {"kind": "status", "code": answer.status_code}


def refusal(answer: requests.Response, url: str) -> Result | None:
    """How an answer says no; null: it does not. A bot's service may say so with status 200."""
    if not answer.ok:
        return {"kind": "status", "code": answer.status_code}
    key = _BOTS.get(urlsplit(answer.url).hostname or "")
    if key is None:
        return None
    try:
        said = answer.json()
        code, words = said.get(key, said.get("StatusCode")), said.get("errmsg") or said.get("msg") or ""
    except (ValueError, AttributeError):
        return {"kind": "answer", "code": "?", "words": ""}
    if str(code) == "0":
        return None
    return {"kind": "answer", "code": str(code)[:12], "words": scrubbed(str(words), url)[:120]}


def scrubbed(text: str, url: str) -> str:
    """The text with ``***`` for every piece of an address that may be a secret."""
    pieces = {url, *re.split(r"[/?&=:@#;,\s]+", url.partition("://")[2])}
    ways = (str, unquote, unquote_plus, quote, lambda one: quote(one, safe=""))
    spelled = {way(piece) for piece in pieces for way in ways}
    for piece in sorted((piece for piece in spelled if len(piece) > 2), key=len, reverse=True):  # noqa: PLR2004
        text = re.sub(re.escape(piece), "***", text, flags=re.IGNORECASE)
    return text


def kind_of(error: BaseException) -> str:
    """What kind of failure an exception is, or what brought it about."""
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in chain:
        chain.append(following)
        inner = getattr(following, "reason", None) or next(
            (one for one in following.args if isinstance(one, BaseException)), None
        )
        following = inner if isinstance(inner, BaseException) else following.__cause__ or following.__context__
    for kind, types in _KINDS:
        if any(isinstance(one, types) for one in chain):
            return kind
    return "unknown"


_KINDS: Final[tuple[tuple[str, tuple[type[BaseException], ...]], ...]] = (
    ("proxy", (requests.exceptions.ProxyError,)),
    ("tls", (ssl.SSLError, requests.exceptions.SSLError)),
    ("dns", (socket.gaierror, UnicodeError)),
    ("login", (smtplib.SMTPAuthenticationError,)),
    ("mail", (smtplib.SMTPException,)),
    ("timeout", (TimeoutError, requests.exceptions.Timeout)),
    ("connection", (ConnectionError, requests.exceptions.ConnectionError, OSError)),
)
"""The first that an exception or its causes belong to."""


def main() -> None:
    """Send what standard input says, and end without waiting for whoever does not answer."""
    out = os.fdopen(os.dup(1), "w", encoding="ascii")
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - until the process ends
    order = json.load(sys.stdin)
    done: SimpleQueue[Result] = SimpleQueue()
    until = monotonic() + order["timeout_s"]
    send_all(order["letters"], order["timeout_s"], done)
    for _ in order["letters"]:
        try:
            found = done.get(timeout=max(0.0, until - monotonic()))
        except Empty:
            break
        print(json.dumps(found), file=out, flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()

"""The process that sends: one thread a target, an answer a line. Run as ``python -m u8sync.notify.child``.

*Why a process of its own*: a service that hangs is ended with it, whatever apprise does; nothing that apprise or
requests log can reach the run's output; and how answers are read can be changed for the whole process. WeCom and
DingTalk refuse a message with HTTP 200 and an ``errcode``, which apprise takes for sent: here that is an error.

Standard input: one JSON object, see :class:`Job`. Standard output: a JSON object :class:`Report` a line, as each target
is done.
"""

from __future__ import annotations

import io
import logging
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

import msgspec

__all__ = ["Job", "Post", "Report", "main"]

REFUSING: Final = ("qyapi.weixin.qq.com", "oapi.dingtalk.com")
"""Hosts that say no with HTTP 200."""


class Post(msgspec.Struct):
    """One message to one target."""

    name: str
    url: str
    title: str
    body: str
    kind: str


class Job(msgspec.Struct):
    """Everything that is to be sent; ``timeout_s``: of each connection and each wait for an answer."""

    posts: list[Post]
    timeout_s: float


class Report(msgspec.Struct):
    """What became of one message: why it was not sent, as the libraries say it; empty: it was sent."""

    name: str
    sent: bool
    why: str


def main() -> None:
    """Send what standard input says."""
    out = sys.stdout.buffer
    sys.stdout = sys.stderr = io.StringIO()  # nothing but reports leaves this process
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    _be_strict()
    # What went wrong on the way is only said at this level; nothing is printed.
    logging.getLogger("apprise").setLevel(logging.DEBUG)
    turn = threading.Lock()

    def send(post: Post) -> None:
        report = _send(post, job.timeout_s)
        with turn:
            out.write(msgspec.json.encode(report) + b"\n")
            out.flush()

    threads = [threading.Thread(target=send, args=(post,), daemon=True) for post in job.posts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _send(post: Post, timeout_s: float) -> Report:
    from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType

    said: list[str] = []

    def hear(entry: Any, _service: object) -> None:  # noqa: ANN401 - apprise has no types
        # These hold addresses too, which are taken out by who reads the report.
        if entry.level in {"WARNING", "ERROR", "CRITICAL"} or "Exception" in entry.message:
            said.append(entry.message)

    try:
        asset = AppriseAsset(app_id="u8sync", app_desc="u8sync", app_url="", secure_logging=True)
        sender = Apprise(asset=asset)
        if not sender.add(_with_timeouts(post.url, timeout_s)):
            return Report(post.name, sent=False, why="address")
        kind = {"success": NotifyType.SUCCESS, "warning": NotifyType.WARNING}.get(post.kind, NotifyType.FAILURE)
        sent = bool(
            sender.notify(
                post.body,
                title=post.title,
                notify_type=kind,
                body_format=NotifyFormat.TEXT,
                log_callback=hear,
                log_level=logging.DEBUG,
            )
        )
    except Exception as error:  # noqa: BLE001 - a library's slip concerns this target alone
        return Report(post.name, sent=False, why=f"{type(error).__name__}: {error}")
    return Report(post.name, sent=sent, why="" if sent else " ".join(dict.fromkeys(said)))


def _with_timeouts(url: str, timeout_s: float) -> str:
    """The address with apprise's own options: how long to wait, and no second try (the next run tries again)."""
    join = "&" if "?" in url else "?"
    return f"{url}{join}cto={timeout_s}&rto={timeout_s}&overflow=truncate&retry=0"


def _be_strict() -> None:
    """Make an answer that refuses a message an error for everybody who uses requests in this process."""
    import requests

    send: Callable[..., Any] = requests.Session.send

    def strict(self: requests.Session, request: requests.PreparedRequest, **options: object) -> requests.Response:
        response: requests.Response = send(self, request, **options)
        if response.ok and any(f"//{host}/" in str(request.url) for host in REFUSING):
            try:
                answer = response.json()
            except ValueError:
                return response
            code = answer.get("errcode") if isinstance(answer, dict) else None
            if code:
                raise requests.RequestException(f"errcode {code}: {answer.get('errmsg')}")
        return response

    requests.Session.send = strict  # type: ignore[method-assign]


if __name__ == "__main__":
    main()

"""Sending, and why it did not work: every target at the same time, all of them within one limit.

What does not live here: apprise and the network; a process of their own has them (``worker.py`` says why). The idea:
addresses go in through a pipe, and only kinds of failure come out, so no sentence here can hold a secret.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, Final, Literal

from u8sync.errors import InputError
from u8sync.text import Message, msg

__all__ = ["Letter", "Sent", "deliver", "require_apprise"]


@dataclass(frozen=True)
class Letter:
    """What one target gets.

    Attributes:
        target: Its name.
        url: Its address for apprise: a secret.
        title: One line.
        body: The rest.
        kind: What apprise gives a sign or colour for, where a service has one.
    """

    target: str
    url: str = field(repr=False)
    title: str
    body: str
    kind: Literal["info", "success", "warning", "failure"] = "info"


@dataclass(frozen=True)
class Sent:
    """What became of a letter.

    Attributes:
        target: Whose it was.
        why: Why it did not get out; null: it did.
        hint: What to do about it; null: nothing is known, or nothing is to do.
    """

    target: str
    why: Message | None = None
    hint: Message | None = None


def require_apprise() -> None:
    """Raises InputError when the library for notifications is not installed."""
    if find_spec("apprise") is None:
        raise InputError(
            msg("Notifications need a library that is not installed."),
            hint=msg('Install it: pip install "u8sync[notify]"'),
        )


def deliver(letters: Sequence[Letter], timeout_s: float) -> tuple[Sent, ...]:
    """Send every letter at once; returns what became of each, in their order, after ``timeout_s`` at the latest.

    A letter without an answer by then counts as not sent; it may still have arrived.
    Raises InputError when the library is not installed. Nothing else is raised.
    """
    if not letters:
        return ()
    require_apprise()
    order = {
        "timeout_s": timeout_s,
        "letters": [
            {"name": str(at), "url": one.url, "title": one.title, "body": one.body, "type": one.kind}
            for at, one in enumerate(letters)
        ],
    }
    said = _ask(json.dumps(order).encode("ascii"), timeout_s)
    if said is None:
        why = msg("the process that sends could not be started")
        return tuple(Sent(one.target, why) for one in letters)
    found = {result["name"]: result for result in map(json.loads, said.splitlines())}
    return tuple(_sent(one.target, found.get(str(at)), timeout_s) for at, one in enumerate(letters))


def _ask(order: bytes, timeout_s: float) -> bytes | None:
    """What the process said until it ended or its time was over; null: it could not be started."""
    try:
        process = subprocess.Popen(
            # -P: a file of the current folder must not pass for one of ours
            [sys.executable, "-P", "-m", "u8sync.notify.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError:
        return None
    with process:
        try:
            said, _ = process.communicate(order, timeout=timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            said, _ = process.communicate()
        except BaseException:
            process.kill()
            raise
    # A line that was not written to its end says nothing.
    return said[: said.rfind(b"\n") + 1]


_WHY: Final[Mapping[str, tuple[Message, Message | None]]] = {
    "url": (
        msg("its address has no form that apprise knows"),
        msg(
            "For instance: wecombot://KEY, dingtalk://SECRET@TOKEN, feishu://TOKEN, mailtos://USER:PASS@HOST?to=ADDRESS"
        ),
    ),
    "dns": (msg("the host's name is not known"), msg("Check the host in the address, and this machine's DNS.")),
    "tls": (
        msg("the host's certificate cannot be trusted, or it does not speak TLS there"),
        msg("Check the host and port; a firewall that opens TLS needs its certificate installed on this machine."),
    ),
    "proxy": (msg("the proxy did not let it through"), msg("Check HTTPS_PROXY and NO_PROXY where u8sync runs.")),
    "timeout": (
        msg("no answer came in time"),
        msg("Check that this machine may reach the host, and timeout_s."),
    ),
    "connection": (
        msg("the host cannot be reached, or it broke off"),
        msg("Check host and port, and whether the firewall lets this machine out."),
    ),
    "login": (
        msg("the mail server refused the login"),
        msg("Many mail services need a code for programs, not the password."),
    ),
    "mail": (msg("the mail server did not take it"), msg("Check sender and receiver in the address.")),
}
_UNKNOWN: Final = (msg("it was not taken, and nothing says why"), msg("Check the address with its service."))


def _sent(target: str, result: Mapping[str, Any] | None, timeout_s: float) -> Sent:
    if result is None:
        return Sent(target, msg("no answer within {seconds} s", seconds=f"{timeout_s:g}"), _WHY["timeout"][1])
    match result["kind"]:
        case "sent":
            return Sent(target)
        case "status":
            why = msg("the host answered {code}", code=result["code"])
            return Sent(target, why, msg("4xx: check the address and its token. 5xx: the service itself has trouble."))
        case "answer":
            why = msg("the service refused it: {code} {words}", code=result["code"], words=result["words"])
            return Sent(target, why, msg("Check token, keyword, signature and allowed addresses of the bot."))
        case kind:
            return Sent(target, *_WHY.get(kind, _UNKNOWN))

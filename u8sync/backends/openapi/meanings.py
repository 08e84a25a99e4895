"""What went wrong in a call, and what follows from it: one table for reading and for editing.

A read may be repeated, an edit that may have been received may not: it is read back. The rows are the HTTP table of the
project; what an ``errcode`` other than ``0`` and ``20002`` stands for is not public, so such a refusal is told in the
server's own words, and the step at which it came says what to check.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Literal

from u8sync.backends.openapi.wire import Lost, Unsent
from u8sync.errors import BackendError, FatalError, TransientError, UnknownOutcomeError
from u8sync.text import Message, msg

__all__ = ["MEANINGS", "Meaning", "NoSuchCallError", "Situation", "Step", "situation_of", "to_error", "wait_of"]


class NoSuchCallError(FatalError):
    """The server does not know the call, or not in this form."""


Step = Literal["token", "read", "edit"]
"""What was being done: asking for a token, reading, or editing a customer."""

Meaning = Literal["transient", "fatal", "unknown"]

Situation = Unsent | Lost | Literal["busy", "overload", "broken", "early", "denied", "moved", "refused", "bad"]
"""Nothing was sent, no whole answer came, or an answer: ``busy`` 429, ``overload`` 503, ``broken`` other 5xx, ``early``
408 and 425, ``denied`` 401 and 403, ``moved`` 3xx, ``refused`` other 4xx, ``bad`` no reply of the contract."""

MEANINGS: Final[Mapping[Situation, tuple[Meaning, Meaning]]] = {
    # situation: reading or asking for a token, editing
    "connect": ("transient", "transient"),
    "certificate": ("fatal", "fatal"),
    "proxy": ("transient", "transient"),
    "cut": ("transient", "unknown"),
    "timeout": ("transient", "unknown"),
    "huge": ("fatal", "unknown"),
    "busy": ("transient", "transient"),  # refused before anything was done
    "overload": ("transient", "unknown"),  # a relay may be overloaded after it passed the edit on
    "broken": ("transient", "unknown"),
    "early": ("transient", "unknown"),
    "denied": ("fatal", "fatal"),
    "moved": ("fatal", "fatal"),  # never followed: the token would go to another host
    "refused": ("fatal", "fatal"),
    "bad": ("fatal", "unknown"),  # a read was repeated once before
}

_BY_STATUS: Final[Mapping[int, Situation]] = {
    408: "early",
    425: "early",
    429: "busy",
    503: "overload",
    401: "denied",
    403: "denied",
}

SHORTEST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 300.0

_REDIRECTS: Final = range(300, 400)
_REFUSALS: Final = range(400, 500)


def situation_of(status: int) -> Situation:
    """What an HTTP status other than 2xx is."""
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status in _REDIRECTS:
        return "moved"
    return "refused" if status in _REFUSALS else "broken"


def wait_of(retry_after: str | None, now: datetime) -> float:
    """The seconds of a ``Retry-After`` header, between 1 and 300; 0 when there is none that can be read.

    Args:
        retry_after: The header: seconds, or a date as HTTP writes it.
        now: The present instant, aware.
    """
    if retry_after is None:
        return 0.0
    text = retry_after.strip()
    if re.fullmatch(r"[+-]?[0-9]{1,12}", text):
        seconds = float(text)
    else:
        try:
            at = parsedate_to_datetime(text)
        except (ValueError, OverflowError):  # a year or a zone beyond all bounds
            return 0.0
        seconds = (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds()
    return min(max(seconds, SHORTEST_WAIT_S), LONGEST_WAIT_S)


def to_error(
    situation: Situation, step: Step, *, place: str, call: str, detail: Message | None = None, wait_s: float = 0.0
) -> BackendError:
    """The error to raise.

    Args:
        situation: What happened.
        step: While doing what.
        place: What messages call the server: host and path, never the query.
        call: The call, e.g. ``customer/get``.
        detail: What more can be said without a secret; null: nothing.
        wait_s: What the server asked to wait.
    """
    meaning = MEANINGS[situation][step == "edit"]
    sentence, hint = _WORDS[situation]
    what = msg("{what} ({detail})", what=sentence, detail=detail) if detail else sentence
    message = msg("U8 OpenAPI {place}, {call}: {what}", place=place, call=call, what=what)
    match meaning:
        case "transient":
            return TransientError(message, hint=hint, wait_s=wait_s)
        case "fatal":
            return (NoSuchCallError if situation == "refused" else FatalError)(message, hint=hint, about=situation)
        case "unknown":
            return UnknownOutcomeError(message, hint=_READ_BACK, ends_run=situation in _END_RUN)


_END_RUN: Final = frozenset({"huge", "bad"})
"""What the next edit would only meet again."""

_READ_BACK: Final = msg("It is not sent again: U8 is read back first. The next run settles what cannot be read now.")

_NETWORK: Final = msg("Check the address, the network and the proxy. The gateway must be reachable from this machine.")
_LATER: Final = msg("Run the command again later. If it goes on, ask who runs the gateway or the relay program.")

_WORDS: Final[Mapping[Situation, tuple[Message, Message]]] = {
    "connect": (msg("no connection"), _NETWORK),
    "certificate": (
        msg("the server's certificate is not accepted"),
        msg("Check the address. A gateway with a certificate of its own needs 'ca_file' in the configuration."),
    ),
    "proxy": (
        msg("no connection through the proxy"),
        msg("Check 'proxy' in the configuration; that of the environment is not used."),
    ),
    "cut": (msg("the connection was lost"), _LATER),
    "timeout": (msg("no whole answer in time"), _LATER),
    "huge": (msg("the answer is longer than 32 MiB"), msg("Set a smaller 'rows_per_page' in the configuration.")),
    "busy": (msg("too many calls"), msg("Set a smaller 'calls_per_s' or fewer 'connections' in the configuration.")),
    "overload": (msg("the server is overloaded"), _LATER),
    "broken": (msg("the server failed"), _LATER),
    "early": (msg("the server did not wait for the request"), _LATER),
    "denied": (
        msg("access is denied"),
        msg("Check from_account, to_account, app_key and app_secret, and that the enterprise has approved the app."),
    ),
    "moved": (
        msg("the server sends to another address"),
        msg("It was not followed, because the token would go there. Put the right address into 'url'."),
    ),
    "refused": (
        msg("the server does not know this call"),
        msg("Check 'url' in the configuration; the gateway of Yonyou is https://api.yonyouup.com/."),
    ),
    "bad": (
        msg("the reply cannot be read"),
        msg("Something between u8sync and U8 answers in its place, such as a login page of the network. Check 'url'."),
    ),
}

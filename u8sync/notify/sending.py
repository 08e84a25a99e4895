"""Send messages through apprise, in a process of its own, within a time limit for all of them together.

What lives here: the deadline, and what an answer means. What does not: what is sent (``card.py``), and the process
itself (``child.py``). The idea: nothing that a service does can hold up a run longer than the limit, and no text that
leaves this room holds an address.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from u8sync.errors import InputError
from u8sync.notify.card import Card
from u8sync.notify.child import Job, Post, Report
from u8sync.notify.scrubbing import scrub
from u8sync.text import Message, msg

__all__ = ["Delivery", "Outcome", "need_apprise", "send_all"]

MOST_WORDS: Final = 300
"""So much of what a library says is shown."""

GRACE_S: Final = 5.0
"""So much longer than a connection may take: for the process to start and to end."""


@dataclass(frozen=True)
class Delivery:
    """A card for a target.

    Attributes:
        target: Its name.
        url: Its address; a secret.
        card: What is sent.
    """

    target: str
    url: str
    card: Card


@dataclass(frozen=True)
class Outcome:
    """What became of a delivery.

    Attributes:
        target: Its name.
        failure: Why it was not sent, without any secret; null: it was.
    """

    target: str
    failure: Message | None


def need_apprise() -> None:
    """Raise InputError when the library is not there."""
    if importlib.util.find_spec("apprise") is None:
        raise InputError(
            msg("Notifications need the library apprise, which is not installed"),
            hint=msg('Install it: pip install "u8sync[notify]"'),
        )


def send_all(deliveries: Sequence[Delivery], timeout_s: float) -> tuple[Outcome, ...]:
    """Send all at the same time; returns one outcome each, in their order, after at most about ``timeout_s`` seconds.

    Raises InputError when apprise is not installed.
    """
    if not deliveries:
        return ()
    need_apprise()
    posts = [
        Post(str(number), one.url, one.card.title, one.card.body, one.card.kind)
        for number, one in enumerate(deliveries)
    ]
    reports = _run(Job(posts, timeout_s), timeout_s + GRACE_S)
    return tuple(
        Outcome(one.target, _failure(reports.get(str(number)), one.url, timeout_s))
        for number, one in enumerate(deliveries)
    )


def _run(job: Job, limit_s: float) -> Mapping[str, Report]:
    """What the process reports until the limit; it is ended then."""
    process = subprocess.Popen(
        [sys.executable, "-m", "u8sync.notify.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    try:
        said, _ = process.communicate(msgspec.json.encode(job), timeout=limit_s)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
    found = {}
    for line in said.splitlines():
        try:
            report = msgspec.json.decode(line, type=Report)
        except msgspec.DecodeError:
            continue  # the line that it was writing when it was ended
        found[report.name] = report
    return found


def _failure(report: Report | None, url: str, timeout_s: float) -> Message | None:
    if report is None:
        return msg("no answer within {seconds} seconds", seconds=f"{timeout_s:g}")
    if report.sent:
        return None
    if report.why == "address":
        return msg("apprise does not know this kind of address; see https://github.com/caronc/apprise for their forms")
    return msg("not sent: {why}", why=scrub(report.why, url)[:MOST_WORDS] or "?")

"""Checkpoints go out, and come back for a check.

What lives here: what each anchor lacks is sent, and what the anchors hold is collected. What does not: the places
themselves, and the proof that a log agrees with a checkpoint.

The idea: nobody remembers what was sent, the anchor itself is asked. So what was missed while it was down is found by
itself, and so is a log that was put back to an older state: the anchor then knows more than the log. An anchor that is
down stops nothing; one that contradicts the log does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from u8sync.anchoring.deadline import each_in_time
from u8sync.anchoring.stamps import has_stamp, keep_stamp
from u8sync.domain.standing import compare, rolled_back, standing_of
from u8sync.errors import AuditError, TransientError, U8SyncError
from u8sync.ports import Anchor
from u8sync.text import Message, msg

__all__ = ["Collected", "Missed", "collect", "publish_all"]

RECENT: Final = 200
"""How many of the newest checkpoints are compared and, where missing, sent. Any of them covers those before."""

MOST: Final = 100_000
"""How many checkpoints of one log are collected from an anchor."""


@dataclass(frozen=True)
class Missed:
    """An anchor that did not get what it should, or did not say what it holds.

    Attributes:
        anchor: Its name.
        message: Why.
        hint: What to do; null when the message says it all.
    """

    anchor: str
    message: Message
    hint: Message | None


@dataclass(frozen=True)
class Collected:
    """What anchors hold of one log.

    Attributes:
        checkpoints: Each text once, smallest log first; what is none of a u8sync log comes before them.
        missed: Anchors that could not be asked.
    """

    checkpoints: tuple[str, ...]
    missed: tuple[Missed, ...]


def publish_all(
    anchors: Sequence[Anchor],
    checkpoints: Sequence[str],
    stamps: Path,
    *,
    monotonic: Callable[[], float] = time.monotonic,
) -> list[Missed]:
    """Bring the checkpoints of one log to all anchors.

    Each anchor gets the newest one first and then, while half of its time lasts, what else it lacks of the last
    :data:`RECENT`. One that keeps nothing gets the newest one, once.

    Args:
        anchors: Where to.
        checkpoints: The log's signed notes, smallest first, all that it has from some size on; all durable in the log.
        stamps: The folder beside the log that keeps the anchors' evidence, ``anchors`` in the log's folder.
        monotonic: Seconds from some moment on.

    Returns:
        The anchors that do not hold the newest checkpoint now; empty when all do.

    Raises:
        AuditError: An anchor holds a checkpoint of this log that the log does not have: it was forked or restored.
            The other anchors were served all the same.
    """
    if not checkpoints:
        return []
    recent = checkpoints[-RECENT:]
    due = [anchor for anchor in anchors if anchor.keeps or not has_stamp(stamps, anchor.name, recent[-1])]
    results = each_in_time(due, lambda anchor: _bring(anchor, recent, monotonic))
    missed = []
    for anchor, result in zip(due, results, strict=True):
        error = _keep(stamps, anchor, recent[-1], result) if isinstance(result, bytes) else result
        if isinstance(error, U8SyncError):
            missed.append((anchor, error))
    for _, error in missed:
        if isinstance(error, AuditError):
            raise error
    return [Missed(anchor.name, error.message, error.hint) for anchor, error in missed]


def _bring(anchor: Anchor, checkpoints: Sequence[str], monotonic: Callable[[], float]) -> bytes | None:
    """Hand over what is missing; returns the evidence for the newest one, if the anchor gives any."""
    newest = checkpoints[-1]
    if not anchor.keeps:
        return anchor.publish(newest)
    standing = standing_of(newest)
    if standing is None:
        raise ValueError("no checkpoint of a u8sync log")
    enough = monotonic() + anchor.timeout_s / 2
    found = compare(checkpoints, anchor.newest(standing.origin, len(checkpoints)))
    if found.foreign:
        raise rolled_back(anchor.name, standing.origin, found.foreign[-1])
    for checkpoint in found.missing:
        if checkpoint != newest and monotonic() > enough:
            break
        anchor.publish(checkpoint)
    return None


def _keep(stamps: Path, anchor: Anchor, checkpoint: str, evidence: bytes) -> U8SyncError | None:
    try:
        keep_stamp(stamps, anchor.name, checkpoint, evidence)
    except OSError as error:
        return TransientError(
            msg(
                "The answer of the anchor {anchor} cannot be kept in {folder}: {why}",
                anchor=anchor.name,
                folder=str(stamps),
                why=error.strerror or type(error).__name__,
            )
        )
    return None


def collect(anchors: Sequence[Anchor], origin: str) -> Collected:
    """All checkpoints of the log with this origin that the anchors hold, for ``audit verify``."""
    keeping = [anchor for anchor in anchors if anchor.keeps]
    results = each_in_time(keeping, lambda anchor: tuple(anchor.newest(origin, MOST)))
    return Collected(
        checkpoints=_once(text for result in results if not isinstance(result, U8SyncError) for text in result),
        missed=tuple(
            Missed(anchor.name, result.message, result.hint)
            for anchor, result in zip(keeping, results, strict=True)
            if isinstance(result, U8SyncError)
        ),
    )


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    def size(text: str) -> int:
        standing = standing_of(text)
        return -1 if standing is None else standing.size

    return tuple(sorted(dict.fromkeys(texts), key=size))

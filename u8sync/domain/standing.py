"""What a place that keeps checkpoints must know of one: which log it speaks of, and how long that log was.

What lives here: reading these two lines, comparing the checkpoints of a log with those that a place holds, and the
alarm. What does not: signatures and roots; the check of a log looks at those. The idea: a log has one checkpoint of
each size, for ever. A second one of the same size, or a longer one that the log does not know, means that the log was
forked or put back to an older state.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from u8sync.errors import AuditError
from u8sync.text import msg

__all__ = ["MOST_BYTES", "Comparison", "Standing", "compare", "forked", "rolled_back", "standing_of"]

MOST_BYTES: Final = 16 * 1024
"""Longest text that can be a checkpoint, in UTF-8."""

_FIRST: Final = re.compile(r"(?P<origin>u8sync/[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})\n(?P<size>0|[1-9][0-9]{0,15})\n")


@dataclass(frozen=True, order=True)
class Standing:
    """Where a log stood.

    Attributes:
        origin: Which log: ``u8sync/`` and the name of its folder.
        size: Number of records.
    """

    origin: str
    size: int

    @property
    def folder(self) -> str:
        """The log's folder name, safe in every file system."""
        return self.origin.removeprefix("u8sync/")


@dataclass(frozen=True)
class Comparison:
    """What a place lacks and what it should not have.

    Attributes:
        missing: The log's checkpoints that the place does not hold, newest first.
        foreign: What the place holds of this log and the log does not know.
    """

    missing: tuple[str, ...]
    foreign: tuple[str, ...]


def standing_of(checkpoint: str) -> Standing | None:
    """Where the log stood; null when the text begins like no checkpoint of a u8sync log."""
    found = _FIRST.match(checkpoint)
    return Standing(found["origin"], int(found["size"])) if found else None


def compare(own: Sequence[str], held: Iterable[str]) -> Comparison:
    """Compare a log with a place.

    Args:
        own: All checkpoints of the log from some size on, smallest first; not empty.
        held: What the place holds of this log. Sizes below the first of ``own`` are not looked at.
    """
    first = standing_of(own[0])
    if first is None:
        raise ValueError("no checkpoint of a u8sync log")
    there = set(held)
    return Comparison(
        missing=tuple(checkpoint for checkpoint in reversed(own) if checkpoint not in there),
        foreign=tuple(sorted(text for text in there.difference(own) if not _before(text, first))),
    )


def _before(text: str, first: Standing) -> bool:
    standing = standing_of(text)
    return standing is not None and standing.origin == first.origin and standing.size < first.size


def forked(anchor: str, standing: Standing) -> AuditError:
    """The alarm: the place ``anchor`` holds another checkpoint of this log and this size."""
    return AuditError(
        msg(
            "The anchor {anchor} holds another checkpoint of {origin} with {size} records: the log was forked or"
            " restored.",
            anchor=anchor,
            origin=standing.origin,
            size=standing.size,
        ),
        hint=_WHAT_TO_DO,
    )


def rolled_back(anchor: str, origin: str, checkpoint: str) -> AuditError:
    """The alarm: the place ``anchor`` holds a checkpoint of this log that the log does not know."""
    standing = standing_of(checkpoint)
    if standing is None or standing.origin != origin:
        return AuditError(
            msg(
                "The anchor {anchor} holds something in the name of {origin} that is no checkpoint of it.",
                anchor=anchor,
                origin=origin,
            ),
            hint=_WHAT_TO_DO,
        )
    return AuditError(
        msg(
            "The anchor {anchor} holds a checkpoint of {origin} with {size} records that the log does not know: the log"
            " was forked or restored.",
            anchor=anchor,
            origin=origin,
            size=standing.size,
        ),
        hint=_WHAT_TO_DO,
    )


_WHAT_TO_DO: Final = msg(
    "Put the newest copy of the log back, and run 'u8sync audit verify'. If the log is lost for good, keep what the"
    " anchor holds as evidence, and name a new folder or table for the checkpoints of the new log."
)

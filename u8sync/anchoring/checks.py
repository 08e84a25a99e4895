"""What ``u8sync doctor`` looks at: whether each anchor would take a checkpoint. Nothing of a log is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from u8sync.anchoring.deadline import each_in_time
from u8sync.errors import U8SyncError
from u8sync.ports import Anchor, Check
from u8sync.text import msg

__all__ = ["examine_anchors"]

_NO_LOG: Final = "u8sync/doctor"


def examine_anchors(anchors: Sequence[Anchor]) -> Iterator[Check]:
    """One check for each anchor, after the longest of their limits.

    One that keeps checkpoints is asked for those of a log that does not exist; one that does not is given a text that
    is no checkpoint, and its answer is thrown away. An anchor that cannot be used is a warning: runs go on without it.
    """
    for anchor, result in zip(anchors, each_in_time(anchors, _try), strict=True):
        topic = msg("Anchor {anchor}", anchor=anchor.name)
        if isinstance(result, U8SyncError):
            yield Check(topic, "warning", result.message, result.hint)
        elif anchor.keeps:
            yield Check(topic, "ok", msg("It can be read; whether it takes checkpoints, the next run shows."))
        else:
            yield Check(topic, "ok", msg("It stamps, and its answer was checked."))


def _try(anchor: Anchor) -> None:
    if anchor.keeps:
        anchor.newest(_NO_LOG, 1)
    else:
        anchor.publish("u8sync doctor\n")

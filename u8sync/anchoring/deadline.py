"""Several anchors at the same time, none of them longer than it may.

A share whose server is gone can hold a call for minutes and there is no way to end it; so each anchor is asked in a
thread of its own, which is left behind when its time is over. What such a thread still does later is harmless: handing
over the same checkpoint twice is the same as once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

from u8sync.errors import TransientError, U8SyncError
from u8sync.ports import Anchor
from u8sync.text import msg

__all__ = ["each_in_time"]

T = TypeVar("T")


def each_in_time(anchors: Sequence[Anchor], work: Callable[[Anchor], T]) -> list[T | U8SyncError]:
    """Do ``work`` for every anchor at once; returns what came of it, in their order, after the longest of their limits.

    Whatever goes wrong with an anchor is its result: nothing is raised. ``work`` may go on in the background after
    its time, so it must not touch what others use.
    """
    began = time.monotonic()
    boxes = [_begin(anchor, work) for anchor in anchors]
    return [_wait(anchor, box, began + anchor.timeout_s) for anchor, box in zip(anchors, boxes, strict=True)]


def _begin(anchor: Anchor, work: Callable[[Anchor], T]) -> SimpleQueue[T | U8SyncError]:
    box: SimpleQueue[T | U8SyncError] = SimpleQueue()

    def run() -> None:
        try:
            box.put(work(anchor))
        except U8SyncError as error:
            box.put(error)
        except BaseException as error:  # noqa: BLE001 - also what a library in Rust throws; no anchor may end a run
            box.put(_unforeseen(anchor, error))

    # A daemon: the program must be able to end while a share still holds the thread.
    Thread(target=run, name=f"anchor {anchor.name}", daemon=True).start()
    return box


def _wait(anchor: Anchor, box: SimpleQueue[T | U8SyncError], until: float) -> T | U8SyncError:
    try:
        return box.get(timeout=max(0.0, until - time.monotonic()))
    except Empty:
        return TransientError(
            msg(
                "The anchor {anchor} did not answer within {seconds} s",
                anchor=anchor.name,
                seconds=f"{anchor.timeout_s:g}",
            ),
            hint=msg("Nothing waits for it any longer. The checkpoint is sent again with the next run."),
        )


def _unforeseen(anchor: Anchor, error: BaseException) -> U8SyncError:
    # Its words are not shown: nobody knows what stands in them.
    return TransientError(
        msg("The anchor {anchor} failed in an unforeseen way ({kind})", anchor=anchor.name, kind=type(error).__name__),
        hint=msg("The checkpoint is sent again with the next run."),
    )

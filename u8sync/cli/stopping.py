"""What a signal does to a run: the first one lets it finish the batch in hand and close, the second ends it at once.

Nothing is written here. The one idea: a signal only leaves a note; the run looks at it where it can stop with
everything recorded. *Why not stop where the signal finds us*: between sending a batch and recording how it ended, only
the next run could tell what became of it.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

__all__ = ["listening"]

_NAMES: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""Ctrl+C, the service manager, a terminal that was closed, and Ctrl+Break on Windows."""


@contextmanager
def listening() -> Iterator[Callable[[], bool]]:
    """Take the signals for as long as the block lasts; gives a question: has anybody asked to stop?

    The second signal raises KeyboardInterrupt. A signal that is ignored, as under ``nohup``, stays ignored. Elsewhere
    than in the main thread nothing is taken, and nobody ever asks.
    """
    asked: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    taken = {}
    try:
        for name in _NAMES:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                taken[number] = signal.signal(number, note)
    except ValueError:
        pass  # not the main thread
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in taken.items():
            signal.signal(number, handler)

"""Not more calls than allowed: a minimum distance between the beginnings of two calls, shared by all threads."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["Pace"]


class Pace:
    """Lets callers begin one after another.

    Args:
        per_s: Most calls in a second; 0: no limit.
        clock: Seconds that only go forwards.
        sleep: Waits so many seconds.
    """

    def __init__(self, per_s: float, *, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._distance = 1 / per_s if per_s else 0.0
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = 0.0

    def begin(self) -> None:
        """Wait for one's turn; turns are given in the order of asking."""
        if not self._distance:
            return
        with self._lock:
            now = self._clock()
            turn = max(now, self._next)
            self._next = turn + self._distance
        if turn > now:
            self._sleep(turn - now)

"""What is answered later: edits that were only accepted, and the effects that timers bring about."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from u8sync.sandbox.openapi.refusals import Code, RefusalError

__all__ = ["Later", "Results", "Work"]

Work = Callable[[], dict[str, object]]
"""Does what was accepted and gives the final answer; refusals are answers too."""


class Later:
    """Does things after a while, in threads of its own, as long as the server lives.

    Args:
        leave: Called at the end of each of those threads.
    """

    def __init__(self, leave: Callable[[], None]) -> None:
        self._leave = leave
        self._lock = threading.Lock()
        self._timers: list[threading.Timer] = []

    def do(self, seconds: float, work: Callable[[], object]) -> None:
        """Do this when so many seconds have passed."""

        def do_and_leave() -> None:
            try:
                work()
            finally:
                self._leave()

        timer = threading.Timer(seconds, do_and_leave)
        with self._lock:
            self._timers = [waiting for waiting in self._timers if waiting.is_alive()]
            self._timers.append(timer)
            timer.start()

    def stop(self) -> None:
        """Do nothing more: what still waits never happens."""
        with self._lock:
            timers, self._timers = self._timers, []
        for timer in timers:
            timer.cancel()
        for timer in timers:
            timer.join()


@dataclass
class _Accepted:
    work: Work
    polls_left: int | None
    """Null: a timer decides, or nothing ever does."""
    endless: bool
    answer: dict[str, object] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def finish(self) -> None:
        """Do the work unless it is done."""
        with self.lock:
            if self.answer is None:
                self.answer = self.work()


class Results:
    """Edits that were accepted, by request id."""

    def __init__(self, later: Later) -> None:
        self._later = later
        self._lock = threading.Lock()
        self._accepted: dict[str, _Accepted] = {}

    def accept(self, work: Work, *, polls: int, after_s: float | None, endless: bool = False) -> str:
        """Take work on.

        Args:
            work: What to do, and what to answer then.
            polls: Do it when asked for the ``polls``-th time.
            after_s: Do it after so many seconds, however often somebody asks; null: wait for ``polls``.
            endless: Do it as said, but never tell.

        Returns:
            The request id: 32 hex digits.
        """
        request = secrets.token_hex(16)
        accepted = _Accepted(work, polls if after_s is None else None, endless)
        with self._lock:
            self._accepted[request] = accepted
        if after_s is not None:
            self._later.do(after_s, accepted.finish)
        return request

    def ask(self, request: str) -> dict[str, object] | None:
        """The final answer; null while it is not known.

        Raises:
            RefusalError: No such request.
        """
        with self._lock:
            accepted = self._accepted.get(request)
            if accepted is None:
                raise RefusalError(Code.RESULT, "请求 requestid 不存在或已失效")
            if accepted.polls_left is not None:
                accepted.polls_left -= 1
                due = accepted.polls_left <= 0
            else:
                due = False
        if due:
            accepted.finish()
        return None if accepted.endless else accepted.answer

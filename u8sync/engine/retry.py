"""When to try again: only what certainly was not done, and may work the next time.

One policy for every operation; no layer below has another one. A way into U8 whose operations are many small calls asks
this one for each of them, and what was given up there is not tried again above. A missing answer to a write is never
retried here: it is settled by reading back (``recovery.py``). Three things keep a run from hammering a server that is
not well: the tries and the time of one operation, a budget of retries over the whole run, and a breaker that pauses
everything after failures in a row. Every failed try is told to whoever keeps the record.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final, ParamSpec, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, wait_random_exponential

from u8sync.errors import TransientError, U8SyncError
from u8sync.ports import FailedTry
from u8sync.text import msg

__all__ = ["Health", "Retry"]

P = ParamSpec("P")
T = TypeVar("T")

FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 30.0

FREE_RETRIES: Final = 10
"""So many retries a run may make, however short it is."""
OPERATIONS_A_RETRY: Final = 10
"""Beyond those, one retry for so many operations."""

FAILURES: Final = 5
"""So many failures in a row open the breaker."""
PAUSE_S: Final = 60.0
"""So long nothing is sent while it is open; then one try shows whether U8 is well again."""
OPENINGS: Final = 3
"""When it opens this often in a run, the run gives up."""


@dataclass
class Health:
    """How U8 has answered in this run so far; all operations of the run share one, also those of several threads.

    Attributes:
        operations: Operations begun.
        retries: Tries beyond the first one of each.
        failures: Tries in a row that failed.
        openings: How often the breaker opened.
        opened_at: When it opened last, by the clock of :class:`Retry`.
    """

    operations: int = 0
    retries: int = 0
    failures: int = 0
    openings: int = 0
    opened_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def begun(self) -> None:
        """An operation begins."""
        with self._lock:
            self.operations += 1

    def repeated(self) -> None:
        """A try is made again."""
        with self._lock:
            self.retries += 1

    @property
    def given_up(self) -> bool:
        """Whether nothing more is tried in this run."""
        return self.openings >= OPENINGS

    @property
    def may_retry(self) -> bool:
        """Whether the budget of the run allows one more retry."""
        return self.retries < FREE_RETRIES + self.operations // OPERATIONS_A_RETRY

    def pause(self, now: float) -> float:
        """Seconds until something may be sent again; 0 while the breaker is closed."""
        return max(0.0, self.opened_at + PAUSE_S - now) if self.failures >= FAILURES else 0.0

    def failed(self, now: float, *, begun_at: int) -> None:
        """A try failed; the one that follows a pause opens the breaker again at once.

        Args:
            now: The present instant, by the clock of :class:`Retry`.
            begun_at: How often the breaker had opened when the try began. One that began before it opened last says
                nothing new: several threads fail together.
        """
        with self._lock:
            self.failures += 1
            if self.failures >= FAILURES and begun_at == self.openings:
                self.openings += 1
                self.opened_at = now

    def worked(self) -> None:
        """A try worked."""
        with self._lock:
            self.failures = 0


def _unheard(_failed: FailedTry) -> None:
    """Nobody keeps the record."""


@dataclass(frozen=True)
class Retry:
    """How often and how long one operation is tried, and what the run as a whole allows.

    Attributes:
        tries: Most attempts, the first one counted.
        budget_s: No new attempt later than this many seconds after the first.
        sleep: Waits so many seconds; tests pass one that does not.
        clock: Seconds that only go forwards.
        health: How U8 has answered so far.
        on_failure: Told of every try that failed, oldest first.
    """

    tries: int
    budget_s: float
    sleep: Callable[[float], None]
    clock: Callable[[], float] = time.monotonic
    health: Health = field(default_factory=Health)
    on_failure: Callable[[FailedTry], None] = _unheard

    def telling(self, on_failure: Callable[[FailedTry], None]) -> Retry:
        """The same policy, and the same health, with one more who keeps the record."""

        def both(failed: FailedTry) -> None:
            self.on_failure(failed)
            on_failure(failed)

        return replace(self, on_failure=both)

    def call(self, operation: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> tuple[T, int]:
        """Call ``operation`` until it works; returns its result and the number of attempts.

        Raises the last TransientError when attempts, time or budget are used up, one that says so when the run gives
        up, and every other error at once. What U8 asked to wait is waited, if time allows.
        """
        if self.health.given_up:
            raise _given_up(None)
        health = self.health
        health.begun()
        pause = health.pause(self.clock())
        if pause:
            self.sleep(pause)
        started = self.clock()
        # Full jitter, so that two programs that met once do not meet again.
        jitter = wait_random_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S)

        def used_up(state: RetryCallState) -> bool:
            late = self.clock() - started + state.upcoming_sleep > self.budget_s
            return state.attempt_number >= self.tries or late or not health.may_retry or health.given_up

        def before_retry(state: RetryCallState) -> None:
            health.repeated()
            if state.outcome is not None:
                self._tell(state.attempt_number, state.outcome.exception(), state.upcoming_sleep)

        retrying = Retrying(
            stop=used_up,
            wait=lambda state: max(jitter(state), health.pause(self.clock()), _asked(state)),
            retry=retry_if_exception(lambda error: isinstance(error, TransientError) and not error.exhausted),
            before_sleep=before_retry,
            sleep=self.sleep,
            reraise=True,
        )
        try:
            result = retrying(self._watched(operation), *args, **kwargs)
        except U8SyncError as error:
            self._tell(int(retrying.statistics["attempt_number"]), error, 0.0)
            if isinstance(error, TransientError):
                if error.exhausted:
                    raise
                if health.given_up:
                    raise _given_up(error) from error
                raise TransientError(error.message, hint=error.hint, exhausted=True) from error
            raise
        return result, int(retrying.statistics["attempt_number"])

    def _watched(self, operation: Callable[P, T]) -> Callable[P, T]:
        """The operation, with its result noted for the breaker."""

        def watched(*args: P.args, **kwargs: P.kwargs) -> T:
            openings = self.health.openings
            try:
                result = operation(*args, **kwargs)
            except TransientError as error:
                if not error.exhausted:  # else it was counted below
                    self.health.failed(self.clock(), begun_at=openings)
                raise
            self.health.worked()
            return result

        return watched

    def _tell(self, number: int, error: BaseException | None, waited: float) -> None:
        self.on_failure(FailedTry(number, type(error).__name__, str(error), Decimal(f"{waited:.3f}")))


def _asked(state: RetryCallState) -> float:
    """Seconds that U8 asked to wait."""
    error = state.outcome.exception() if state.outcome else None
    return error.wait_s if isinstance(error, TransientError) else 0.0


def _given_up(last: TransientError | None) -> TransientError:
    hint = msg("Nothing more was sent. See what keeps U8 busy, then run the command again: it settles what is open.")
    if last is None:
        return TransientError(msg("U8 does not answer: this run has given up"), hint=hint, exhausted=True)
    return TransientError(
        msg(
            "U8 failed {failures} times in a row and again after {pauses} pauses of {seconds} s: given up. Last: {why}",
            failures=FAILURES,
            pauses=OPENINGS - 1,
            seconds=int(PAUSE_S),
            why=last.message,
        ),
        hint=hint,
        exhausted=True,
    )

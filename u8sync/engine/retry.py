"""When to try again: only what certainly was not done, and may work the next time.

One policy object for every operation; no layer below retries on its own. A missing answer to a write is never retried
here: it is settled by reading back (``recovery.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, ParamSpec, TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, stop_after_delay, wait_random_exponential

from u8sync.errors import TransientError

__all__ = ["Retry"]

P = ParamSpec("P")
T = TypeVar("T")

FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 30.0


@dataclass(frozen=True)
class Retry:
    """How often and how long one operation is tried.

    Attributes:
        tries: Most attempts, the first one counted.
        budget_s: No new attempt later than this many seconds after the first.
        sleep: Waits so many seconds; tests pass one that does not.
    """

    tries: int
    budget_s: float
    sleep: Callable[[float], None]

    def call(self, operation: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> tuple[T, int]:
        """Call ``operation`` until it works; returns its result and the number of attempts.

        Raises the last TransientError when the attempts or the budget are used up, and every other error at once.
        """
        retrying = Retrying(
            stop=stop_after_attempt(self.tries) | stop_after_delay(self.budget_s),
            # Full jitter, so that two programs that met once do not meet again.
            wait=wait_random_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S),
            retry=retry_if_exception_type(TransientError),
            sleep=self.sleep,
            reraise=True,
        )
        result = retrying(operation, *args, **kwargs)
        return result, int(retrying.statistics["attempt_number"])

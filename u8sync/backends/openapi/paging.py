"""A whole list, page by page: complete, each row once, and never without end. No HTTP here.

The server's order of rows is not documented and people work meanwhile, so a row may move from one page to another
between two calls. A reading counts when every page named the same number of rows and as many different keys were seen;
otherwise it is made again from the beginning, and nothing that was seen before counts: it may be gone by now.

What cannot be seen: one row that goes and another that comes between two calls, so that their number stays the same.

Some calls do not document paging. When a page has no counters, pages are asked for until one brings nothing new.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from u8sync.backends.openapi.replies import Counters
from u8sync.errors import TransientError
from u8sync.text import msg

__all__ = ["Page", "Pager", "in_order"]

T = TypeVar("T")
R = TypeVar("R")

READINGS: Final = 3
"""So often a list is read that does not hold still."""

MOST_PAGES: Final = 200_000
"""A list without counters is never read further."""

MOST_STALE: Final = 10
"""A reading ends after so many pages in a row that bring nothing new, however many are said to follow."""


@dataclass(frozen=True)
class Page(Generic[R]):
    """One page.

    Attributes:
        rows: Its rows.
        counters: What it says of the whole; null when it says nothing.
    """

    rows: Sequence[R]
    counters: Counters | None


def _unheard(_count: int | None) -> None:
    """Nobody wants to hear."""


def in_order(
    pool: ThreadPoolExecutor, work: Callable[[T], R], items: Iterable[T], *, ahead: int
) -> Iterator[tuple[T, R]]:
    """Do the work for every item, several at a time, and hand the results out in order.

    At most ``ahead`` are under way or waiting to be taken. When one fails or the caller stops, what has not begun is
    dropped, and what has is waited for.
    """
    waiting: deque[tuple[T, Future[R]]] = deque()
    try:
        for item in items:
            waiting.append((item, pool.submit(work, item)))
            if len(waiting) >= ahead:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        for _, future in waiting:
            future.cancel()
        for _, future in waiting:
            if not future.cancelled():
                future.exception()


@dataclass(frozen=True)
class Pager:
    """Reads whole lists.

    Attributes:
        pool: The threads.
        at_once: How many pages at the same time.
    """

    pool: ThreadPoolExecutor
    at_once: int

    def read(
        self,
        ask: Callable[[int], Page[R] | None],
        key: Callable[[R], str | None],
        *,
        begin: Callable[[int | None], None] = _unheard,
        advance: Callable[[int], None] = _unheard,
    ) -> dict[str, R]:
        """Read a list to its end; returns key -> row.

        Args:
            ask: Fetches a page, counted from 1; null when there is nothing. Called from several threads.
            key: What tells a row from another one.
            begin: Told how many rows there are, once that is known; null: nobody says.
            advance: Told how many rows came that had not come before.

        Raises:
            TransientError: The list did not hold still in three readings.
        """
        seen: set[str] = set()
        begun = False
        found: dict[str, R] = {}
        total: int | None = None

        def start(count: int | None) -> None:
            nonlocal begun
            if not begun:
                begun = True
                begin(count)

        def taken(page: Page[R]) -> int:
            fresh = {name: row for row in page.rows if (name := key(row)) is not None and name not in found}
            found.update(fresh)
            advance(len(fresh.keys() - seen))
            seen.update(fresh)
            return len(fresh)

        for _ in range(READINGS):
            found.clear()
            total, steady = self._reading(ask, taken, start)
            if total is None or (steady and len(found) == total):
                return found
        raise TransientError(
            msg(
                "A list of the OpenAPI did not hold still: {total} rows were counted and {seen} different ones came.",
                total=total,
                seen=len(found),
            ),
            hint=msg("People are changing it, or its pages repeat. Run the command again when less is going on."),
        )

    def _reading(
        self, ask: Callable[[int], Page[R] | None], taken: Callable[[Page[R]], int], start: Callable[[int | None], None]
    ) -> tuple[int | None, bool]:
        """Read once; returns the number of rows that the server counts, null when it does not, and whether it held."""
        first = ask(1)
        if first is None:
            start(0)
            return 0, True
        start(first.counters.total if first.counters else None)
        taken(first)
        if first.counters is None:
            self._uncounted(ask, taken)
            return None, True
        total = first.counters.total
        steady = True
        stale = 0
        for _, page in in_order(self.pool, ask, range(2, first.counters.pages + 1), ahead=2 * self.at_once):
            if page is None:
                return total, False
            steady &= page.counters is not None and page.counters.total == total
            stale = 0 if taken(page) else stale + 1
            if stale == MOST_STALE:
                return total, False
        return total, steady

    def _uncounted(self, ask: Callable[[int], Page[R] | None], taken: Callable[[Page[R]], int]) -> None:
        """The further pages of a list that does not count them: to the end, or to one that brings nothing new."""
        for number in range(2, MOST_PAGES):
            page = ask(number)
            if page is None or not taken(page):
                return

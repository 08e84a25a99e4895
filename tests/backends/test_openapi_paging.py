"""Whole lists out of pages: the exact rows, or an error that says so, whatever people do meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from u8sync.backends.openapi.pace import Pace
from u8sync.backends.openapi.paging import MOST_STALE, READINGS, Page, Pager, in_order
from u8sync.backends.openapi.replies import Counters, Row
from u8sync.errors import TransientError


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as one:  # one thread, so that the order of the calls is that of the pages
        yield one


@dataclass
class Shelf:
    """Rows in the order of the server, cut into pages; before a call something may happen to them."""

    rows: list[str]
    per_page: int = 2
    counted: bool = True
    happens: dict[int, Callable[[list[str]], None]] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    states: list[frozenset[str]] = field(default_factory=list)

    def __call__(self, number: int) -> Page | None:
        self.happens.get(len(self.asked), lambda _rows: None)(self.rows)
        self.asked.append(number)
        self.states.append(frozenset(self.rows))
        assert len(self.asked) < 1000, "it does not end"
        part = self.rows[(number - 1) * self.per_page : number * self.per_page]
        if not part:
            return None
        total = len(self.rows)
        counters = Counters(total, max(-(-total // self.per_page), 1), self.per_page) if self.counted else None
        return Page([{"code": code} for code in part], counters)


def code_of(row: Row) -> str | None:
    return row.get("code")


def read(pool: ThreadPoolExecutor, ask: Callable[[int], Page | None]) -> dict[str, Row]:
    return Pager(pool, 1).read(ask, code_of)


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7])
def test_a_list_that_holds_still_is_read_once(pool: ThreadPoolExecutor, count: int, counted: bool) -> None:  # noqa: FBT001
    shelf = Shelf([f"{n}" for n in range(count)], counted=counted)
    assert list(read(pool, shelf)) == shelf.rows
    pages = -(-count // 2)
    assert shelf.asked == list(range(1, max(pages, 1) + 1 + (not counted and count > 0)))


Happening = Callable[[list[str]], None]


def insert(at: int, name: str) -> Happening:
    return lambda rows: rows.insert(at % (len(rows) + 1), name)


def delete(at: int) -> Happening:
    def happen(rows: list[str]) -> None:
        if rows:
            rows.pop(at % len(rows))

    return happen


def move(at: int, to: int) -> Happening:
    def happen(rows: list[str]) -> None:
        if rows:
            rows.insert(to % len(rows), rows.pop(at % len(rows)))

    return happen


PLACES = st.integers(0, 20)


@st.composite
def happenings(draw: st.DrawFn) -> dict[int, Happening]:
    """At most one thing between two calls: two that cancel out are the documented limit."""
    found: dict[int, Happening] = {}
    for number in draw(st.sets(st.integers(0, 12))):
        kind = draw(st.sampled_from(["insert", "delete", "move"]))
        at = draw(PLACES)
        found[number] = {
            "insert": insert(at, f"new {number}"),
            "delete": delete(at),
            "move": move(at, draw(PLACES)),
        }[kind]
    return found


@settings(max_examples=1500)
@given(count=st.integers(0, 9), per_page=st.integers(1, 4), events=happenings())
def test_what_comes_goes_or_moves_is_noticed(count: int, per_page: int, events: dict[int, Happening]) -> None:
    shelf = Shelf([f"{n}" for n in range(count)], per_page, happens=events)
    with ThreadPoolExecutor(1) as pool:
        try:
            found = read(pool, shelf)
        except TransientError:
            assert events
            return
    assert frozenset(found) in shelf.states, "the rows of one moment, none of them missing and none too many"
    begun = max(at for at, page in enumerate(shelf.asked) if page == 1)
    assert frozenset(found) in shelf.states[begun:], "of the last reading, and no row of one before"


def test_a_row_of_a_reading_that_does_not_count_is_not_in_the_result(pool: ThreadPoolExecutor) -> None:
    shelf = Shelf(["a", "b", "c", "d"], happens={1: delete(0)})
    assert set(read(pool, shelf)) == {"b", "c", "d"}


def test_a_reading_that_is_whole_counts_whatever_was_seen_before(pool: ThreadPoolExecutor) -> None:
    shelf = Shelf(["a", "b", "c", "d"], happens={1: delete(0), 2: insert(3, "e")})
    assert set(read(pool, shelf)) == {"b", "c", "d", "e"}
    assert shelf.asked == [1, 2, 1, 2]


def test_the_values_are_those_of_the_last_reading(pool: ThreadPoolExecutor) -> None:
    answers = iter(
        [
            Page([{"code": "a", "v": "old"}], Counters(2, 2, 1)),
            Page([{"code": "a", "v": "old"}], Counters(2, 2, 1)),
            Page([{"code": "a", "v": "new"}], Counters(2, 2, 1)),
            Page([{"code": "b", "v": "new"}], Counters(2, 2, 1)),
        ]
    )
    assert {row["v"] for row in read(pool, lambda _number: next(answers)).values()} == {"new"}


@pytest.mark.parametrize("total", [3, 10**6, 10**30])
def test_a_page_that_is_repeated_for_ever_ends_in_an_error(pool: ThreadPoolExecutor, total: int) -> None:
    asked: list[int] = []

    def ask(number: int) -> Page:
        asked.append(number)
        return Page([{"code": "a"}], Counters(total, total, 1))

    with pytest.raises(TransientError, match="did not hold still"):
        read(pool, ask)
    assert len(asked) <= READINGS * (MOST_STALE + 3)


def test_a_page_that_is_repeated_for_ever_ends_a_list_without_counters(pool: ThreadPoolExecutor) -> None:
    asked: list[int] = []

    def ask(number: int) -> Page:
        asked.append(number)
        return Page([{"code": "a"}, {"code": "b"}], None)

    assert set(read(pool, ask)) == {"a", "b"}
    assert asked == [1, 2]


def test_rows_without_a_key_are_missing_and_said_to_be(pool: ThreadPoolExecutor) -> None:
    with pytest.raises(TransientError, match="2 rows were counted and 1 "):
        read(pool, lambda _number: Page([{"code": "a"}, {"name": "x"}], Counters(2, 1, 2)))


def test_counters_that_vanish_on_the_way_are_noticed(pool: ThreadPoolExecutor) -> None:
    def ask(number: int) -> Page:
        return Page([{"code": str(number)}], Counters(2, 2, 1) if number == 1 else None)

    with pytest.raises(TransientError):
        read(pool, ask)


def test_the_server_says_how_long_its_pages_are(pool: ThreadPoolExecutor) -> None:
    shelf = Shelf([f"{n}" for n in range(50)], per_page=20)
    assert len(read(pool, shelf)) == 50
    assert shelf.asked == [1, 2, 3]


def test_progress_counts_every_row_once(pool: ThreadPoolExecutor) -> None:
    shelf = Shelf([f"{n}" for n in range(6)], happens={1: move(0, 5), 4: delete(0)})
    begun: list[int | None] = []
    told: list[int] = []
    Pager(pool, 1).read(shelf, code_of, begin=begun.append, advance=told.append)
    assert begun == [6]
    assert sum(told) == 6


# --- several at a time ------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(), max_size=30), st.integers(1, 5), st.integers(1, 10))
def test_results_come_in_the_order_of_the_items(items: list[int], threads: int, ahead: int) -> None:
    with ThreadPoolExecutor(threads) as pool:
        assert list(in_order(pool, lambda item: -item, items, ahead=ahead)) == [(item, -item) for item in items]


def test_no_more_than_so_many_are_under_way_and_a_failure_ends_it() -> None:
    begun: list[int] = []

    class BoomError(Exception):
        pass

    def fail(item: int) -> int:
        begun.append(item)
        if item == 3:
            raise BoomError
        return item

    with ThreadPoolExecutor(2) as pool, pytest.raises(BoomError):
        list(in_order(pool, fail, range(1000), ahead=4))
    assert set(range(4)) <= set(begun)
    assert len(begun) <= 3 + 4 + 1


def test_who_stops_taking_leaves_nothing_behind() -> None:
    gate = threading.Event()
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        if item:
            assert gate.wait(5)
        return item

    with ThreadPoolExecutor(1) as pool:
        results = in_order(pool, work, range(100), ahead=3)
        assert next(results) == (0, 0)
        gate.set()
        results.close()  # type: ignore[attr-defined]
        assert len(begun) <= 3


# --- pace -------------------------------------------------------------------------------------------------------------


@dataclass
class Time:
    now: float = 100.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.slept.append(seconds)
        self.now += seconds


def test_calls_keep_their_distance() -> None:
    time = Time()
    pace = Pace(4, clock=lambda: time.now, sleep=time.sleep)
    starts = []
    for _ in range(5):
        pace.begin()
        starts.append(time.now - 100)
    assert starts == [0, 0.25, 0.5, 0.75, 1.0]


def test_a_slow_caller_waits_for_nothing_and_saves_nothing_up() -> None:
    time = Time()
    pace = Pace(4, clock=lambda: time.now, sleep=time.sleep)
    pace.begin()
    time.now += 60
    pace.begin()
    assert time.slept == []
    pace.begin()
    assert time.slept == [0.25]


def test_without_a_limit_nobody_waits() -> None:
    time = Time()
    pace = Pace(0, clock=lambda: time.now, sleep=time.sleep)
    for _ in range(1000):
        pace.begin()
    assert time.slept == []


def test_many_threads_share_the_distance() -> None:
    lock = threading.Lock()
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        with lock:
            slept.append(seconds)

    pace = Pace(10, clock=lambda: 0.0, sleep=sleep)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _n: pace.begin(), range(50)))
    assert sorted(slept) == pytest.approx([n / 10 for n in range(1, 50)])

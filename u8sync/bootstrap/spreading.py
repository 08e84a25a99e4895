"""Who does the work of a fleet: what every crew offers, and the threads of this process.

What does not live here: the workers of a cluster (``cluster.py``), limits and repeats (``engine/fleet.py``). The idea:
work is handed out through ``concurrent.futures``, whoever does it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from u8sync.bootstrap.member_runs import MemberOrder, identify, run_member
from u8sync.domain.fleet import Member, MemberResult
from u8sync.ports import Progress
from u8sync.text import Message

__all__ = ["Crew", "LostTouchError", "on_threads"]


class LostTouchError(Exception):
    """Nothing more will be heard of a run that may have begun: its end is not known here.

    Attributes:
        why: What was lost.
    """

    def __init__(self, why: Message) -> None:
        super().__init__(str(why))
        self.why = why


@dataclass(frozen=True)
class Crew:
    """Who does the work.

    Attributes:
        run: Hands out a member's run or plan.
        identify: Hands out the question which account set a member is.
        capacity: How many can run at this moment.
        tries: How often to hand one out at most.
        lost: Whether an error says that a worker died.
        gone: Why nobody is left to hand work to; null: there is somebody. May wait a while for an answer.
        starts: How often each member was begun, by its name, as far as the workers tell; 0: they do not.
        stops: Whether a run that has begun hears that somebody asked to stop.
    """

    run: Callable[[MemberOrder], Future[MemberResult]]
    identify: Callable[[MemberOrder], Future[str | None]]
    capacity: Callable[[], int]
    tries: int
    lost: Callable[[BaseException], bool]
    gone: Callable[[], Message | None]
    starts: Callable[[], Mapping[str, int]]
    stops: bool


@contextmanager
def on_threads(
    workers: int, progress_of: Callable[[Member], Progress], asked_to_stop: Callable[[], bool]
) -> Iterator[Crew]:
    """Threads of this process. They wait for the database most of the time, so that one process is enough."""
    pool = ThreadPoolExecutor(workers, thread_name_prefix="u8sync-fleet")
    try:
        yield Crew(
            run=lambda order: pool.submit(run_member, order, progress_of(order.member), asked_to_stop),
            identify=lambda order: pool.submit(identify, order),
            capacity=lambda: workers,
            tries=1,
            lost=lambda _error: False,
            gone=lambda: None,
            starts=dict,
            stops=True,
        )
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()

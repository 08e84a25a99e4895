"""Who of a fleet runs when: the scheduling core, for every executor that gives futures.

What lives here: handing members out and taking their ends in. What does not: what a run is, and where (threads or a
cluster). The one idea: the limits are kept on the side that hands out. Nobody has more members in flight on a server
than it allows, so no worker has to ask another, and a worker that dies takes no permit with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

from u8sync.domain.fleet import Limits, Member

__all__ = ["Finished", "Watch", "run_fleet"]

R = TypeVar("R")

TICK_S: Final = 0.2
"""How often somebody who watches, or asks to stop, is looked after while nothing ends, seconds."""


class Watch(Protocol):
    """Who is told how it goes; called by one thread only."""

    def begun(self, member: Member, starts: int) -> None:
        """A member was handed out, for the so-manieth time."""

    def ended(self, member: Member, result: object) -> None:
        """A member came to its final end."""

    def tick(self) -> None:
        """Some time went by."""


@dataclass(frozen=True)
class Finished(Generic[R]):
    """The one final end of a member.

    Attributes:
        member: The member.
        result: What its run answered; null: it was not run, or every start of it was lost.
        error: What the last start was lost by; null: it was not lost, or there was none.
        starts: How often it was handed out; 0: somebody asked to stop before.
    """

    member: Member
    result: R | None
    error: BaseException | None
    starts: int


@dataclass
class _State(Generic[R]):
    """Where every member stands: waiting, in flight, or finished."""

    waiting: list[Member]
    flying: dict[Future[R], Member] = field(default_factory=dict)
    starts: Counter[str] = field(default_factory=Counter)
    deaths: dict[str, BaseException] = field(default_factory=dict)
    finished: dict[str, Finished[R]] = field(default_factory=dict)

    def next(self, limits: Limits) -> Member | None:
        """The first that waits and whose server has room; null: none.

        Who is first is never passed over for long: it goes as soon as one member of its server ends.
        """
        if len(self.flying) >= limits.workers:
            return None
        busy = Counter(member.server for member in self.flying.values())
        return next((member for member in self.waiting if busy[member.server] < limits.per_server), None)

    def finish(self, member: Member, result: R | None, error: BaseException | None) -> None:
        self.finished[member.name] = Finished(member, result, error, self.starts[member.name])


def run_fleet(
    members: Sequence[Member],
    submit: Callable[[Member], Future[R]],
    *,
    limits: Limits,
    capacity: Callable[[], int],
    tries: int,
    lost: Callable[[BaseException], bool],
    asked_to_stop: Callable[[], bool],
    watch: Watch,
) -> tuple[Finished[R], ...]:
    """Run every member once, and again when its worker died under it; one final end each, in the order of the fleet.

    What has begun when somebody asks to stop is waited for: it stops by itself or finishes; nothing new begins. What a
    run raises ends that member alone.

    Args:
        members: The fleet; no two names are alike.
        submit: Hands a member out. What it raises ends that member.
        limits: How many may be in flight.
        capacity: How many the workers can run at this moment, at least 1; no more are handed out, so that everything
            in flight has begun and nothing has to be called back.
        tries: How often a member is begun at most, at least 1.
        lost: Whether an error says that the worker died rather than that the run failed.
        asked_to_stop: Whether somebody asked to stop.
        watch: Who is told.
    """
    state: _State[R] = _State(list(members))
    while state.waiting or state.flying:
        if state.waiting and asked_to_stop():
            for member in state.waiting:
                state.finish(member, None, state.deaths.get(member.name))
            state.waiting.clear()
        _hand_out(state, submit, Limits(min(limits.workers, max(1, capacity())), limits.per_server), watch)
        if state.flying:
            wait(state.flying, timeout=TICK_S, return_when=FIRST_COMPLETED)
        # Not what wait() says: it does not count one that was cancelled and whose executor never said so.
        for future in [future for future in state.flying if future.done()]:
            _take_in(state, future, tries, lost, watch)
        watch.tick()
    return tuple(state.finished[member.name] for member in members)


def _hand_out(state: _State[R], submit: Callable[[Member], Future[R]], limits: Limits, watch: Watch) -> None:
    while (member := state.next(limits)) is not None:
        state.waiting.remove(member)
        state.starts[member.name] += 1
        watch.begun(member, state.starts[member.name])
        try:
            state.flying[submit(member)] = member
        except Exception as error:  # noqa: BLE001 - the executor's own; one member must not end the others
            state.finish(member, None, error)
            watch.ended(member, None)


def _take_in(
    state: _State[R], future: Future[R], tries: int, lost: Callable[[BaseException], bool], watch: Watch
) -> None:
    member = state.flying.pop(future)
    error = _error_of(future)
    if error is not None and lost(error) and state.starts[member.name] < tries:
        state.deaths[member.name] = error
        state.waiting.insert(0, member)
        return
    state.finish(member, future.result() if error is None else None, error)
    watch.ended(member, state.finished[member.name].result)


def _error_of(future: Future[R]) -> BaseException | None:
    """What a future ended with; null: with a result."""
    return CancelledError() if future.cancelled() else future.exception()

"""Locks that sessions wait for: of databases that are written to, and the named ones of applications.

A writer holds its whole database, which is coarser than the rows of a real server and enough to make two sessions meet.
A wait ends when the lock is given back, after the session's lock timeout, when the session is cancelled or killed, or
when it would never end because the holder waits for this very session: then one of the two is the deadlock's victim.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol

from emulated.errors import SqlError

__all__ = ["Locks", "Waiter", "deadlock", "lock_timeout"]


class Waiter(Protocol):
    """What the locks ask of a session."""

    spid: int

    @property
    def deadlock_priority(self) -> int:
        """The lower, the sooner it is the victim."""

    def interruption(self) -> SqlError | None:
        """Why a wait must end now, if it must."""


def lock_timeout() -> SqlError:
    """The error of a wait that took too long."""
    return SqlError(1222, "Lock request time out period exceeded.", state=51)


def deadlock(spid: int) -> SqlError:
    """The error of the session that a deadlock is broken with."""
    return SqlError(
        1205,
        f"Transaction (Process ID {spid}) was deadlocked on lock resources with another process and has been chosen as"
        " the deadlock victim. Rerun the transaction.",
        severity=13,
        state=51,
    )


@dataclass
class _Lock:
    """Who holds it, how often, and whether alone."""

    holders: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    exclusive: bool = False


class Locks:
    """All locks of a server."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._locks: dict[Hashable, _Lock] = {}
        self._waiting: dict[int, tuple[Waiter, Hashable]] = {}
        self._victims: set[int] = set()

    def take(self, what: Hashable, who: Waiter, *, timeout_ms: int, exclusive: bool = True) -> bool:
        """Take a lock, once more if it is held already; true when that took a wait.

        Raises:
            SqlError: 1222 after ``timeout_ms`` (-1: never, 0: at once), 1205 as victim of a deadlock, or what
                interrupted the session.
        """
        until = None if timeout_ms < 0 else monotonic() + timeout_ms / 1000
        waited = False
        with self._changed:
            try:
                while not self._free(what, who, exclusive=exclusive):
                    waited = True
                    self._waiting[who.spid] = (who, what)
                    self._break_deadlock(who)
                    self._wait(who, until)
            finally:
                self._waiting.pop(who.spid, None)
                self._victims.discard(who.spid)
            lock = self._locks.setdefault(what, _Lock())
            lock.holders[who.spid] += 1
            lock.exclusive = lock.exclusive or exclusive
        return waited

    def give_back(self, what: Hashable, who: Waiter) -> None:
        """Give a lock back that was taken once."""
        with self._changed:
            lock = self._locks[what]
            lock.holders[who.spid] -= 1
            if not lock.holders[who.spid]:
                del lock.holders[who.spid]
            if not lock.holders:
                del self._locks[what]
            self._changed.notify_all()

    def held(self, what: Hashable, who: Waiter) -> str:
        """The mode in which the session holds the lock: ``Exclusive``, ``Shared`` or ``NoLock``."""
        with self._changed:
            lock = self._locks.get(what)
            if lock is None or who.spid not in lock.holders:
                return "NoLock"
            return "Exclusive" if lock.exclusive else "Shared"

    def granted(self) -> list[tuple[Hashable, int, bool]]:
        """Every lock that is held: what, the session, and whether it holds it alone."""
        with self._changed:
            return [(what, spid, lock.exclusive) for what, lock in self._locks.items() for spid in lock.holders]

    def is_free(self, what: Hashable, who: Waiter, *, exclusive: bool) -> bool:
        """Whether the session could take the lock without a wait."""
        with self._changed:
            return self._free(what, who, exclusive=exclusive)

    def wake(self) -> None:
        """Let those who wait look whether they were interrupted."""
        with self._changed:
            self._changed.notify_all()

    def wait_until_waiting(self, spid: int, timeout_s: float = 10) -> bool:
        """Wait until a session waits for a lock; false when it does not within the time."""
        with self._changed:
            return self._changed.wait_for(lambda: spid in self._waiting, timeout_s)

    def _free(self, what: Hashable, who: Waiter, *, exclusive: bool) -> bool:
        lock = self._locks.get(what)
        if lock is None:
            return True
        others = set(lock.holders) - {who.spid}
        return not others or not (exclusive or lock.exclusive)

    def _wait(self, who: Waiter, until: float | None) -> None:
        interruption = who.interruption()
        if interruption is not None:
            raise interruption
        if who.spid in self._victims:
            raise deadlock(who.spid)
        remaining = None if until is None else until - monotonic()
        if remaining is not None and remaining <= 0:
            raise lock_timeout()
        self._changed.notify_all()
        self._changed.wait(remaining)

    def _break_deadlock(self, who: Waiter) -> None:
        """Choose a victim when whom we wait for waits for us in the end."""
        chain = [who]
        while True:
            waiting = self._waiting.get(chain[-1].spid)
            if waiting is None:
                return
            lock = self._locks.get(waiting[1])
            blockers = [spid for spid in (lock.holders if lock else ()) if spid != chain[-1].spid]
            if who.spid in blockers:
                victim = min(chain, key=lambda waiter: waiter.deadlock_priority)
                self._victims.add(victim.spid)
                self._changed.notify_all()
                return
            following = [self._waiting[spid][0] for spid in blockers if spid in self._waiting]
            if not following or following[0] in chain:
                return
            chain.append(following[0])

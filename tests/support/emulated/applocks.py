"""The named locks of applications: ``sp_getapplock`` and what goes with it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulated.errors import NotModelledError, SqlError
from emulated.locks import Locks

if TYPE_CHECKING:
    from emulated.session import EmulatedSession

__all__ = ["ApplicationLocks"]

_GRANTED, _GRANTED_AFTER_WAIT, _TIMED_OUT, _DEADLOCKED, _WRONG = 0, 1, -1, -3, -999


@dataclass(frozen=True)
class _Held:
    """One grant; owned by the session, or by its transaction."""

    resource: Hashable
    by_transaction: bool


class ApplicationLocks:
    """Those of one session."""

    def __init__(self, locks: Locks, session: EmulatedSession) -> None:
        self._locks = locks
        self._session = session
        self._held: list[_Held] = []

    def take(self, resource: str, mode: str, owner: str, timeout_ms: int) -> int:
        """What ``sp_getapplock`` returns: 0 granted, 1 after a wait, below 0 why not."""
        if mode.lower() not in ("exclusive", "shared", "update"):
            raise NotModelledError(f"the lock mode {mode}")
        by_transaction = owner.lower() == "transaction"
        if owner.lower() not in ("transaction", "session") or (by_transaction and not self._session.trancount):
            return _WRONG
        what = self._key(resource)
        try:
            waited = self._locks.take(what, self._session, timeout_ms=timeout_ms, exclusive=mode.lower() != "shared")
        except SqlError as error:
            if error.number == 1222:
                return _TIMED_OUT
            if error.number == 1205:
                return _DEADLOCKED
            raise
        self._held.append(_Held(what, by_transaction))
        return _GRANTED_AFTER_WAIT if waited else _GRANTED

    def release(self, resource: str, owner: str) -> int:
        """What ``sp_releaseapplock`` returns. Raises SqlError 1223 for a lock that is not held."""
        held = _Held(self._key(resource), owner.lower() == "transaction")
        if held not in self._held:
            raise SqlError(
                1223,
                f"Cannot release the application lock (Database Principal: 'public', Resource: '{resource}') because it"
                " is not currently held.",
            )
        self._held.remove(held)
        self._locks.give_back(held.resource, self._session)
        return _GRANTED

    def end_transaction(self) -> None:
        """Give back what the transaction owns."""
        self._give_back([held for held in self._held if held.by_transaction])

    def end_session(self) -> None:
        """Give back everything."""
        self._give_back(list(self._held))

    def mode(self, resource: str, owner: str) -> str:
        """What ``APPLOCK_MODE`` answers."""
        if _Held(self._key(resource), owner.lower() == "transaction") not in self._held:
            return "NoLock"
        return self._locks.held(self._key(resource), self._session)

    def could_take(self, resource: str, mode: str) -> bool:
        """What ``APPLOCK_TEST`` answers."""
        return self._locks.is_free(self._key(resource), self._session, exclusive=mode.lower() != "shared")

    def _give_back(self, held: list[_Held]) -> None:
        for each in held:
            self._held.remove(each)
            self._locks.give_back(each.resource, self._session)

    def _key(self, resource: str) -> Hashable:
        return "application", self._session.database.name, resource

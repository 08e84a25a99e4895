"""A session's transaction: begun in name, and in SQLite only when something is written or locked.

*Why so late*: a transaction of SQLite goes on seeing what was there when it began to read, while SQL Server under READ
COMMITTED sees at each statement what is committed by then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from emulated.catalogue import COUNTER, quoted
from emulated.errors import SqlError
from emulated.store import Store

if TYPE_CHECKING:
    from emulated.session import EmulatedSession

__all__ = ["Transactions"]


class Transactions:
    """The transactions of one session, one inside the other; only the outermost ends anything.

    Args:
        session: Whose they are.
        store: Where it writes.
        forget_views: Is called when what was put into temporary tables is gone.

    Attributes:
        count: How many are open.
    """

    def __init__(self, session: EmulatedSession, store: Store, *, forget_views: Callable[[], None]) -> None:
        self.count = 0
        self._session = session
        self._store = store
        self._forget_views = forget_views
        self._held: set[str] = set()
        self._savepoints: list[tuple[str, int]] = []

    def begin(self) -> None:
        """Begin one."""
        self.count += 1

    def commit(self) -> None:
        """Commit the innermost. Raises SqlError 3902 when there is none."""
        if not self.count:
            raise SqlError(3902, "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.")
        self.count -= 1
        if not self.count:
            self.end(commit=True)

    def save(self, name: str) -> None:
        """Set a savepoint. Raises SqlError 628 outside a transaction."""
        if not self.count:
            raise SqlError(628, "Cannot issue SAVE TRANSACTION when there is no active transaction.")
        self._savepoints.append((name.casefold(), len(self._store.notes)))
        if self._store.in_transaction:
            self._store.run(f"SAVEPOINT {quoted(name.casefold())}")

    def has_savepoint(self, name: str) -> bool:
        """Whether a savepoint of this name was set."""
        return name.casefold() in (saved for saved, _ in self._savepoints)

    def roll_back_to(self, name: str) -> None:
        """Undo what came after a savepoint; locks are kept."""
        key = name.casefold()
        while self._savepoints[-1][0] != key:
            self._savepoints.pop()
        del self._store.notes[self._savepoints[-1][1] :]
        if self._store.in_transaction:
            self._store.run(f"ROLLBACK TO {quoted(key)}")
            self._forget_views()

    def write_to(self, database: str, timeout_ms: int) -> None:
        """Hold a database until the end, and see it as it is now. Raises SqlError 1222 and its kin."""
        locks = self._session.server.locks
        if database not in self._held:
            locks.take(("database", database), self._session, timeout_ms=timeout_ms)
            self._held.add(database)
        if not self._store.in_transaction:
            self._store.run("BEGIN")
            for name, _ in self._savepoints:
                self._store.run(f"SAVEPOINT {quoted(name)}")
        self._store.run(f"DELETE FROM {quoted(database)}.{COUNTER} WHERE 0")

    def end(self, *, commit: bool) -> None:
        """End all of them, and give back what they hold."""
        self.count = 0
        session = self._session
        if self._store.in_transaction:
            self._store.run("COMMIT" if commit else "ROLLBACK")
        if commit:
            session.server.record(session, self._store.notes)
        else:
            self._forget_views()
        self._store.notes.clear()
        self._savepoints.clear()
        for database in self._held:
            session.server.locks.give_back(("database", database), session)
        self._held.clear()
        session.application_locks.end_transaction()

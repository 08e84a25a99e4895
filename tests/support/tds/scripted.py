"""An engine without SQL: canned replies for tests of the wire itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import count

from tds.seam import Done, Login, Parameter, Reply, SqlError

__all__ = ["ScriptedEngine", "ScriptedSession"]

Script = Callable[[str, Sequence[Parameter]], Iterator[Reply]]


class ScriptedSession:
    """Notes what it is told; answers what the script says.

    Attributes:
        told: ``execute``, ``begin``, ``commit``, ``rollback``, ``cancel``, ``close``, in order.
        cancelled: Set by an attention.
    """

    def __init__(self, spid: int, script: Script) -> None:
        self.spid = spid
        self.told: list[str] = []
        self.cancelled = threading.Event()
        self.closed = threading.Event()
        self._script = script

    def execute(self, sql: str, parameters: Sequence[Parameter]) -> Iterator[Reply]:
        self.told.append("execute")
        yield from self._script(sql, parameters)

    def call(self, procedure: str, parameters: Sequence[Parameter]) -> Iterator[Reply]:
        self.told.append("call")
        yield from self._script(procedure, parameters)

    def begin(self) -> None:
        self.told.append("begin")

    def commit(self) -> None:
        self.told.append("commit")

    def rollback(self) -> None:
        self.told.append("rollback")

    def cancel(self) -> None:
        self.told.append("cancel")
        self.cancelled.set()

    def close(self) -> None:
        self.told.append("close")
        self.closed.set()


class ScriptedEngine:
    """Lets everybody in whose password is right.

    Args:
        script: Answers a statement; without one, each statement is simply done.

    Attributes:
        sessions: All that were opened, oldest first.
    """

    def __init__(self, script: Script | None = None, *, version: str = "15.0.2000.5") -> None:
        self.version = version
        self.sessions: list[ScriptedSession] = []
        self._script = script or (lambda _sql, _parameters: iter([Done(None)]))
        self._spids = count(51)

    def login(self, login: Login) -> ScriptedSession:
        if login.password != "secret":  # noqa: S105
            raise SqlError(18456, f"Login failed for user '{login.user}'.", severity=14)
        session = ScriptedSession(next(self._spids), self._script)
        self.sessions.append(session)
        return session

"""What a server was asked, for tests to look at afterwards."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal

from tds.seam import Login, Parameter

__all__ = ["Kind", "Record", "Request"]


Kind = Literal["batch", "rpc", "transaction", "attention"]


@dataclass(frozen=True)
class Request:
    """One thing a client asked.

    Attributes:
        kind: How it came.
        sql: The statement; the name of a procedure that is none of the protocol's; ``COMMIT TRANSACTION`` and the like.
        parameters: The statement's.
        procedure: The procedure that carried it, e.g. ``sp_prepexec``; empty when it came without.
        application: As the client named itself at the login.
    """

    kind: Kind
    sql: str
    parameters: tuple[Parameter, ...]
    procedure: str
    application: str


class Record:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._requests: list[Request] = []
        self._logins: list[Login] = []
        self._crashes: list[Exception] = []

    def add_request(self, request: Request) -> None:
        """Note a request."""
        with self._turn:
            self._requests.append(request)

    def add_login(self, login: Login) -> None:
        """Note a login, granted or not."""
        with self._turn:
            self._logins.append(login)

    def add_crash(self, failure: Exception) -> None:
        """Note a fault of the server itself."""
        with self._turn:
            self._crashes.append(failure)

    def requests(self) -> list[Request]:
        """All so far, oldest first."""
        with self._turn:
            return list(self._requests)

    def logins(self) -> list[Login]:
        """All so far, oldest first."""
        with self._turn:
            return list(self._logins)

    def crashes(self) -> list[Exception]:
        """All so far, oldest first."""
        with self._turn:
            return list(self._crashes)

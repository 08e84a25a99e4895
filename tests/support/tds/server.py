"""A server that speaks TDS 7.4 (7.3 as SQL Server 2008 R2) on 127.0.0.1; what the SQL means is the engine's affair."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

from tds.certificates import Tls
from tds.connection import Connection, Shared
from tds.faults import Faults
from tds.record import Record, Request
from tds.seam import Engine, Login

__all__ = ["TdsServer"]


class TdsServer:
    """Serves from ``with`` to its end; leaving it raises what went wrong inside the server itself.

    Args:
        engine: Answers the SQL.
        tls: How connections are protected; without it the server says that it knows no encryption.
        faults: How it misbehaves; rules may be added while it serves.

    Attributes:
        port: Where it listens.
    """

    def __init__(self, engine: Engine, *, tls: Tls | None = None, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self._record = Record()
        self._shared = Shared(engine, tls, self.faults, self._record)
        self._turn = threading.Lock()
        self._connections: list[Connection] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, name="tds acceptor", daemon=True)

    @property
    def requests(self) -> list[Request]:
        """What it was asked, oldest first."""
        return self._record.requests()

    @property
    def logins(self) -> list[Login]:
        """Who came, granted or not."""
        return self._record.logins()

    def drop_all(self) -> None:
        """Cut all links that there are now."""
        with self._turn:
            connections = list(self._connections)
        for connection in connections:
            connection.drop()

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            # Wakes accept() on Linux; Windows wakes it by closing, and refuses this.
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join()
        for connection in self._connections:
            connection.shut()
        for connection in self._connections:
            connection.join()
        crashes = self._record.crashes()
        if crashes and failure is None:
            raise ExceptionGroup("the test server failed", crashes)

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(accepted, self._shared)
            with self._turn:
                self._connections = [known for known in self._connections if known.is_alive()] + [connection]
            connection.start()

"""The HTTP server: a thread for each connection, kept alive between requests, and nothing left over when it stops.

What is answered is decided in :mod:`.service`. The one idea: a request is read whole, answered whole, and a fault may
only bend the last step, so that a client sees true bytes on a true connection.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from u8sync.errors import InputError
from u8sync.sandbox.openapi.behaviour import PLAIN, Behaviour
from u8sync.sandbox.openapi.faults import Faults
from u8sync.sandbox.openapi.gate import Credentials
from u8sync.sandbox.openapi.journal import Asked, Edit, Violation
from u8sync.sandbox.openapi.service import Service
from u8sync.sandbox.openapi.spoiling import Reply
from u8sync.text import msg

__all__ = ["OpenApiServer"]

MOST_BODY: Final = 1024 * 1024
TICK_S: Final = 0.02
"""Slow answers go out in as many pieces a second as this pause allows."""
ANY: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - only to tell a client a better one
RESET: Final = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
"""SO_LINGER on, for no time at all: closing sends RST."""


class OpenApiServer:
    """Yonyou's OpenAPI over an embedded account set; a context manager that serves inside its block.

    Edits change the file. Nothing else is written, save by the faults that let rows come and go.

    Args:
        db: The embedded account set.
        behaviour: How it behaves; may be replaced at any time through the attribute of that name.
        credentials: Who is let in.
        host: Address to listen on.
        port: 0 for any that is free.

    Raises:
        InputError: The file is no embedded account set, or the address cannot be had.
    """

    def __init__(
        self,
        db: Path,
        *,
        behaviour: Behaviour = PLAIN,
        credentials: Credentials | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.credentials = credentials or Credentials()
        self._service = Service(db, self.credentials, behaviour)
        try:
            self._listener = _Listener((host, port), self._service)
        except (OSError, OverflowError) as error:
            raise InputError(
                msg("{host}:{port} cannot be listened on: {reason}", host=host, port=port, reason=str(error)),
                hint=msg("Choose another port, or close the program that has it."),
            ) from error
        shown = "127.0.0.1" if host in ANY else f"[{host}]" if ":" in host else host
        self._service.url = f"http://{shown}:{self._listener.server_port}/"
        self._thread = threading.Thread(target=self._listener.serve, name="openapi")

    @property
    def url(self) -> str:
        """The base address, with a slash at its end."""
        return self._service.url

    @property
    def behaviour(self) -> Behaviour:
        """How it behaves from the next request on."""
        return self._service.behaviour

    @behaviour.setter
    def behaviour(self, behaviour: Behaviour) -> None:
        self._service.behaviour = behaviour

    @property
    def faults(self) -> Faults:
        """What goes wrong; fill it at any time."""
        return self._service.faults

    @property
    def requests(self) -> tuple[Asked, ...]:
        """What was asked so far."""
        return tuple(self._service.journal.requests)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """Every field that an edit has truly changed so far."""
        return tuple(self._service.journal.edits)

    @property
    def violations(self) -> tuple[Violation, ...]:
        """Every breach of the contract by a client so far."""
        return tuple(self._service.journal.violations)

    @property
    def connections(self) -> int:
        """How many connections are open now. A request whose client went away is still being worked on until then."""
        return self._listener.connections

    def forget(self) -> None:
        """Clear requests, edits, violations and faults; tokens and the account set stay."""
        self._service.journal.clear()
        self._service.faults.clear()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._service.stopping.set()
        self._listener.stop()
        self._thread.join()
        self._listener.server_close()
        self._service.later.stop()


class _Listener(ThreadingHTTPServer):
    """Accepts connections, knows those that are open, and ends them when it stops."""

    daemon_threads = False  # server_close waits for them, so that no thread and no file is left over
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], service: Service) -> None:
        self.service = service
        self.host = address[0]
        self.open: set[socket.socket] = set()
        self.to_reset: set[socket.socket] = set()
        self._lock = threading.Lock()
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Handler)

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        with self._lock:
            return len(self.open)

    def serve(self) -> None:
        """Accept until stopped. Waits without polling; stopping wakes it with a connection of its own."""
        while not self.service.stopping.is_set():
            self.handle_request()

    def stop(self) -> None:
        """End the waiting and every open connection."""
        # Not every system lets a connection go to "any address".
        host = self.host if self.host not in ANY else "localhost"
        with suppress(OSError), socket.create_connection((host, self.server_port), timeout=1):
            pass
        with self._lock:
            for connection in self.open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def server_bind(self) -> None:
        """As TCP servers do, without looking the own name up, which can take seconds on a laptop."""
        if os.name != "nt":
            # The port is free again at once. On Windows this would let two servers have one port.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.host, int(self.socket.getsockname()[1])

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept one connection and remember it."""
        connection, address = super().get_request()
        with self._lock:
            self.open.add(connection)
        return connection, address

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ANN401, ARG002 - as inherited
        """Whether it is served: not when the server is stopping."""
        return not self.service.stopping.is_set()

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - as inherited
        """End a connection: with RST where a fault wants it."""
        with self._lock:
            self.open.discard(request)
            reset = request in self.to_reset
            self.to_reset.discard(request)
        if not reset:
            super().shutdown_request(request)
            return
        with suppress(OSError):
            request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        request.close()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as inherited
        """A client that goes away is no error of the server's; anything else is shown."""
        import sys

        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "u8sync-sandbox"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one packet
    server: _Listener

    def do_GET(self) -> None:
        """Answer a request, whatever its method: the service knows which call takes which."""
        body = self._body()
        if body is not None:
            self._send(self.server.service.answer(self.command, self.path, body))

    do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = do_GET  # noqa: N815 - as inherited

    def finish(self) -> None:
        """End of the connection, and of its thread."""
        self.server.service.book.leave()
        with suppress(OSError):
            super().finish()

    def log_message(self, *_: object) -> None:
        """Say nothing: addresses hold the secret and the token."""

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdecimal()):
            self.close_connection = True
            self.send_error(411)
            return None
        if int(length) > MOST_BODY:
            self.close_connection = True
            self.send_error(413)
            return None
        return self.rfile.read(int(length))

    def _send(self, reply: Reply) -> None:
        stopping = self.server.service.stopping
        if reply.wait_s != 0:
            stopping.wait(reply.wait_s)
        if reply.end != "answer":
            self.close_connection = True
            if reply.end == "reset":
                self.server.to_reset.add(self.connection)
            return
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        for piece in _pieces(reply):
            self.wfile.write(piece)
            if reply.bytes_per_s is not None:
                self.wfile.flush()
                if stopping.wait(len(piece) / reply.bytes_per_s):
                    self.close_connection = True
                    return


def _pieces(reply: Reply) -> Iterator[bytes]:
    if reply.bytes_per_s is None:
        yield reply.body
        return
    size = max(1, int(reply.bytes_per_s * TICK_S))
    for start in range(0, len(reply.body), size):
        yield reply.body[start : start + size]

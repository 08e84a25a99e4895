"""Real servers on this machine that take, refuse, delay or ignore what is posted to them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Listener", "deaf", "listening_at", "mail_box"]


@dataclass
class Listener:
    """What a server heard.

    Attributes:
        port: Where it listens.
        bodies: What was posted, in the order it came.
        status: What it answers.
    """

    port: int = 0
    bodies: list[bytes] = field(default_factory=list)
    status: int = 200


@contextmanager
def listening_at(status: int = 200) -> Iterator[Listener]:
    """A server that takes everything and answers with this status."""
    heard = Listener(status=status)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(heard.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def deaf() -> Iterator[int]:
    """The port of a server that lets everybody in and never answers."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen(16)
        yield door.getsockname()[1]


@contextmanager
def mail_box() -> Iterator[Listener]:
    """A mail server that takes what is sent, as far as SMTP needs it."""
    heard = Listener()
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    door.listen(4)
    heard.port = door.getsockname()[1]

    def serve() -> None:
        try:
            connection, _ = door.accept()
        except OSError:
            return
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 here\r\n")
            for line in lines:
                word = line.strip().upper()
                if word == b"DATA":
                    connection.sendall(b"354 go on\r\n")
                    letter = b"".join(iter(lines.readline, b".\r\n"))
                    heard.bodies.append(letter)
                elif word == b"QUIT":
                    connection.sendall(b"221 bye\r\n")
                    return
                connection.sendall(b"250 ok\r\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        door.close()
        thread.join(timeout=5)

"""Servers on this machine that take notifications, refuse them, never answer, or drip; and one that takes mail."""

from __future__ import annotations

import json
import socket
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


class PostOffice(ThreadingHTTPServer):
    """Takes what is posted; ``answers`` are given in turn, then 200."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Clerk)
        self.taken: list[dict[str, Any]] = []
        self.answers: list[int] = []
        self.closing = Event()

    def url(self, path: str = "", login: str = "", scheme: str = "json") -> str:
        return f"{scheme}://{login}127.0.0.1:{self.server_address[1]}/{path}"

    def server_close(self) -> None:
        self.closing.set()
        super().server_close()


class _Clerk(BaseHTTPRequestHandler):
    server: PostOffice

    def do_POST(self) -> None:
        said = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/hang"):
            self.server.closing.wait()
            return
        if self.path.startswith("/drip"):
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            while not self.server.closing.wait(0.2):
                self.wfile.write(b".")
            return
        self.server.taken.append(json.loads(said))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing is printed."""


@contextmanager
def post_office() -> Iterator[PostOffice]:
    """A server that runs as long as the block."""
    office = PostOffice()
    Thread(target=office.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield office
    finally:
        office.shutdown()
        office.server_close()


class _Mail(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        def say(text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

        say("220 here")
        for raw in self.rfile:
            word = raw.strip().upper()
            if word.startswith(b"EHLO"):
                say("250-here\r\n250 8BITMIME")
            elif word == b"DATA":
                say("354 go on")
                lines = []
                for line in self.rfile:
                    if line == b".\r\n":
                        break
                    lines.append(line)
                self.server.taken.append(b"".join(lines))  # type: ignore[attr-defined]
                say("250 taken")
            elif word == b"QUIT":
                say("221 bye")
                return
            else:
                say("250 ok")


@contextmanager
def mail_office() -> Iterator[tuple[int, list[bytes]]]:
    """A mail server: its port, and the mails it took."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Mail) as server:
        server.daemon_threads = True
        taken: list[bytes] = []
        server.taken = taken  # type: ignore[attr-defined]
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server.server_address[1], taken
        server.shutdown()


def closed_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])

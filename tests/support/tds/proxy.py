"""A link that can be bad: a TCP proxy in front of a server, told from outside how to behave.

It knows bytes and, for cutting between packets, TDS headers (only of links without TLS); never SQL.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, NoReturn, Self

from tds.channel import LINGER_ZERO

__all__ = [
    "AcceptAndClose", "BlackHole", "Corrupt", "CutAtPacket", "Direction", "FaultProxy", "Pass", "ResetAfter", "Trickle",
]  # fmt: skip

Direction = Literal["to_client", "to_server"]


@dataclass(frozen=True)
class Pass:
    """All goes through."""


@dataclass(frozen=True)
class AcceptAndClose:
    """A new connection is closed at once."""


@dataclass(frozen=True)
class BlackHole:
    """Bytes are taken and never delivered, either way; nothing is closed."""


@dataclass(frozen=True)
class ResetAfter:
    """RST to both sides once ``bytes`` went in one direction; those before are delivered."""

    direction: Direction
    bytes: int


@dataclass(frozen=True)
class Trickle:
    """One byte at a time, without waiting."""


@dataclass(frozen=True)
class Corrupt:
    """The byte at ``offset`` of one direction arrives with all bits turned round."""

    direction: Direction
    offset: int


@dataclass(frozen=True)
class CutAtPacket:
    """FIN to both sides in place of TDS packet ``number`` (from 0) of one direction."""

    direction: Direction
    number: int


Behaviour = Pass | AcceptAndClose | BlackHole | ResetAfter | Trickle | Corrupt | CutAtPacket


class FaultProxy:
    """Listens on 127.0.0.1 and passes on to a port there, for as long as ``with`` lasts.

    A behaviour holds for connections made after it was set; :meth:`refuse` closes the port itself.

    Args:
        target_port: Of the server.

    Attributes:
        port: Where it listens.
    """

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._turn = threading.Lock()
        self._behaviour: Behaviour = Pass()
        self._links: list[_Link] = []
        self._acceptor: threading.Thread | None = None
        self._listener = _listen(0)
        self.port: int = self._listener.getsockname()[1]

    def behave(self, behaviour: Behaviour) -> None:
        """How connections fare from now on."""
        with self._turn:
            self._behaviour = behaviour

    def refuse(self) -> None:
        """Close the port: nobody can connect. Links that there are stay."""
        self._stop_listening()

    def heal(self) -> None:
        """All goes through again, and the port is open."""
        self.behave(Pass())
        if self._acceptor is None:
            self._listener = _listen(self.port)
            self._start_listening()

    def cut(self) -> None:
        """RST to both sides of all links that there are."""
        with self._turn:
            links = list(self._links)
        for link in links:
            link.end(reset=True)

    def __enter__(self) -> Self:
        self._start_listening()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop_listening()
        for link in self._links:
            link.end(reset=False)
        for link in self._links:
            link.join()

    def _start_listening(self) -> None:
        self._acceptor = threading.Thread(target=self._accept, name="proxy acceptor", daemon=True)
        self._acceptor.start()

    def _stop_listening(self) -> None:
        with contextlib.suppress(OSError):
            # Wakes accept() on Linux; Windows wakes it by closing, and refuses this.
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        if self._acceptor:
            self._acceptor.join()
            self._acceptor = None

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._turn:
                behaviour = self._behaviour
            if isinstance(behaviour, AcceptAndClose):
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._target_port))
            except OSError:
                client.close()
                continue
            link = _Link(client, server, behaviour)
            with self._turn:
                self._links.append(link)
            link.start()


def _listen(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port), backlog=64)


class _EndedError(Exception):
    """The link is over, by FIN or by RST."""

    def __init__(self, *, reset: bool) -> None:
        super().__init__()
        self.reset = reset


class _Link:
    """A client's connection and the one to the server, with a thread for each direction."""

    def __init__(self, client: socket.socket, server: socket.socket, behaviour: Behaviour) -> None:
        self._sockets = (client, server)
        for end in self._sockets:
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._pumps = [
            _Pump(self, client, server, "to_server", behaviour),
            _Pump(self, server, client, "to_client", behaviour),
        ]
        self._turn = threading.Lock()
        self._running = len(self._pumps)

    def start(self) -> None:
        for pump in self._pumps:
            pump.start()

    def join(self) -> None:
        for pump in self._pumps:
            pump.join()

    def end(self, *, reset: bool) -> None:
        """Wake both threads; the last of them closes the sockets."""
        for end in self._sockets:
            with contextlib.suppress(OSError):
                if reset:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
                    end.shutdown(socket.SHUT_RD)
                else:
                    end.shutdown(socket.SHUT_RDWR)

    def pump_ended(self) -> None:
        with self._turn:
            self._running -= 1
            last = not self._running
        if last:
            for end in self._sockets:
                end.close()


class _Pump(threading.Thread):
    """Carries bytes one way."""

    def __init__(
        self, link: _Link, source: socket.socket, sink: socket.socket, direction: Direction, behaviour: Behaviour
    ) -> None:
        super().__init__(name=f"proxy {direction}", daemon=True)
        self._link = link
        self._source = source
        self._sink = sink
        harmed = getattr(behaviour, "direction", direction)
        self._behaviour = behaviour if harmed == direction else Pass()
        self._passed = 0
        self._packets = _PacketCounter()

    def run(self) -> None:
        reset = False
        try:
            while data := self._source.recv(1 if isinstance(self._behaviour, Trickle) else 65_536):
                self._carry(data)
        except _EndedError as ended:
            reset = ended.reset
        except OSError:
            # Either side is gone; the other is told below.
            pass
        self._link.end(reset=reset)
        self._link.pump_ended()

    def _carry(self, data: bytes) -> None:
        match self._behaviour:
            case BlackHole():
                return
            case ResetAfter(bytes=limit) if self._passed + len(data) >= limit:
                self._end_after(data[: limit - self._passed], reset=True)
            case CutAtPacket(number=number):
                whole = self._packets.bytes_before(number, data)
                if whole is not None:
                    self._end_after(data[:whole], reset=False)
            case Corrupt(offset=offset) if self._passed <= offset < self._passed + len(data):
                place = offset - self._passed
                data = data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]
            case _:
                pass
        self._passed += len(data)
        self._sink.sendall(data)

    def _end_after(self, data: bytes, *, reset: bool) -> NoReturn:
        self._sink.sendall(data)
        raise _EndedError(reset=reset)


class _PacketCounter:
    """Finds where TDS packets begin in a stream that arrives in pieces."""

    def __init__(self) -> None:
        self._number = 0
        self._header = b""
        self._rest = 0

    def bytes_before(self, number: int, data: bytes) -> int | None:
        """How much of ``data`` lies before packet ``number``; null when that has not begun at its end."""
        position = 0
        while position < len(data):
            if self._rest:
                step = min(self._rest, len(data) - position)
                self._rest -= step
                position += step
                continue
            if not self._header and self._number == number:
                return position
            self._header += data[position : position + 1]
            position += 1
            if len(self._header) == 8:
                self._rest = struct.unpack(">H", self._header[2:4])[0] - 8
                self._header = b""
                self._number += 1
        return None

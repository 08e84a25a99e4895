"""Packets over a socket: cutting and joining messages, and TLS as TDS wants it.

TLS shakes hands inside PRELOGIN packets; afterwards packets travel inside TLS records, or, when only the login is
protected, in the clear again. One thread may receive while another sends.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import sys
import threading
from dataclasses import dataclass

__all__ = [
    "ATTENTION", "BATCH", "LINGER_ZERO", "PRELOGIN", "RPC", "TRANSACTION", "Channel", "ClosedError", "Message",
]  # fmt: skip

BATCH = 0x01
RPC = 0x03
REPLY = 0x04
ATTENTION = 0x06
TRANSACTION = 0x0E
PRELOGIN = 0x12

_END = 0x01
_IGNORE = 0x02
_RESET = 0x08
_HEADER = struct.Struct(">BBHHBB")
_FLUSH_AT = 32_768

LINGER_ZERO = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
"""With this SO_LINGER a socket that is closed sends RST."""


class ClosedError(Exception):
    """The client has gone, or this side has ended the connection."""


@dataclass(frozen=True)
class Message:
    """What a client sent, its packets joined.

    Attributes:
        kind: The packet type.
        payload: Without headers.
        ignored: The client gave it up while sending.
        reset: The session is to be reset first, as a pool asks for.
    """

    kind: int
    payload: bytes
    ignored: bool = False
    reset: bool = False


class Channel:
    """One connection's packets.

    Args:
        connection: An accepted socket; it belongs to the channel from now on.

    Attributes:
        packet_size: Bytes of a packet that is sent, header included.
        spid: Told in each packet's header.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._received = bytearray()
        self._tls: _Tls | None = None
        self._sending = threading.Lock()
        self._unsent = bytearray()
        self._packet_number = 0
        self.packet_size = 4096
        self.spid = 0

    def receive(self) -> Message:
        """The next message. Raises ClosedError when there is none any more."""
        payload = bytearray()
        reset = False
        while True:
            kind, status, part = self._packet()
            payload += part
            reset |= bool(status & _RESET)
            if status & _END:
                return Message(kind, bytes(payload), ignored=bool(status & _IGNORE), reset=reset)

    def _packet(self) -> tuple[int, int, bytes]:
        kind, status, length, *_ = _HEADER.unpack(self._take(_HEADER.size))
        return kind, status, self._take(length - _HEADER.size)

    def _take(self, count: int) -> bytes:
        while len(self._received) < count:
            self._received += self._receive_some()
        taken = bytes(self._received[:count])
        del self._received[:count]
        return taken

    def _receive_some(self) -> bytes:
        while True:
            try:
                data = self._socket.recv(65_536)
            except OSError as failure:
                raise ClosedError from failure
            if not data:
                raise ClosedError
            if self._tls is None:
                return data
            if plain := self._tls.decrypt(data):
                return plain

    def write(self, data: bytes) -> None:
        """Add to the reply; full packets go out as they fill. Raises ClosedError."""
        self._unsent += data
        if len(self._unsent) > _FLUSH_AT:
            self._send_packets(keep=1)

    def finish(self) -> None:
        """Send what is left of the reply, and say that it ends. Raises ClosedError."""
        self._send_packets(keep=0)
        self._packet_number = 0

    def flush(self) -> None:
        """Send what there is of the reply, which goes on. Raises ClosedError."""
        self._send_packets(keep=1)
        if self._unsent:
            data = bytes(self._unsent)
            self._unsent.clear()
            self._send(self._header(_HEADER.size + len(data), last=False) + data)

    def send_truncated(self, data: bytes) -> None:
        """Send ``data`` as the beginning of a packet that promises more. Raises ClosedError."""
        self._send(self._header(self.packet_size, last=False) + data)

    def _send_packets(self, *, keep: int) -> None:
        """Send all packets that are full, and with ``keep`` 0 also the last one."""
        room = self.packet_size - _HEADER.size
        packets = []
        position = 0
        while len(self._unsent) - position >= room + keep:
            packets += [
                self._header(self.packet_size, last=not keep and len(self._unsent) - position == room),
                bytes(self._unsent[position : position + room]),
            ]
            position += room
        if not keep and position < len(self._unsent):
            rest = bytes(self._unsent[position:])
            position += len(rest)
            packets += [self._header(_HEADER.size + len(rest), last=True), rest]
        del self._unsent[:position]
        if packets:
            self._send(b"".join(packets))

    def _header(self, length: int, *, last: bool) -> bytes:
        self._packet_number = (self._packet_number + 1) & 0xFF
        return _HEADER.pack(REPLY, _END if last else 0, length, self.spid, self._packet_number, 0)

    def _send(self, data: bytes) -> None:
        with self._sending:
            try:
                self._socket.sendall(data if self._tls is None else self._tls.encrypt(data))
            except OSError as failure:
                raise ClosedError from failure

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Shake hands inside PRELOGIN packets. Raises ClosedError, also when the two sides do not agree."""
        tls = _Tls(context)
        while not tls.shake():
            self._send_handshake(tls)
            kind, _, data = self._packet()
            if kind != PRELOGIN:
                raise ClosedError
            tls.feed(data)
        self._send_handshake(tls)
        if tls.failed:
            raise ClosedError
        self._tls = tls

    def _send_handshake(self, tls: _Tls) -> None:
        if data := tls.pending():
            self._send(_HEADER.pack(PRELOGIN, _END, _HEADER.size + len(data), 0, 0, 0) + data)

    def stop_tls(self) -> None:
        """Go on in the clear: only the login was protected."""
        self._tls = None

    def stop(self, *, reset: bool = False) -> None:
        """End the connection, from any thread; who waits for a message gets ClosedError.

        Args:
            reset: With RST instead of FIN, once the channel is closed.
        """
        with contextlib.suppress(OSError):
            if reset:
                # Lingering for no time is what makes closing send RST; SHUT_RD wakes the reader and sends nothing.
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
                self._socket.shutdown(socket.SHUT_RD)
            else:
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the socket back. Calling it twice is harmless."""
        self._socket.close()


class _Tls:
    """The server's side of TLS over memory; safe for one thread that decrypts and one that encrypts."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._turn = threading.Lock()
        self.failed = False

    def shake(self) -> bool:
        """Go on as far as the bytes reach; true when it is over, well or not."""
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError:
            self.failed = True
        return True

    def feed(self, data: bytes) -> None:
        self._incoming.write(data)

    def pending(self) -> bytes:
        return self._outgoing.read()

    def decrypt(self, data: bytes) -> bytes:
        """What the records hold; empty when the last one is not whole yet. Raises ClosedError at their end."""
        parts = []
        with self._turn:
            self._incoming.write(data)
            try:
                while part := self._object.read(65_536):
                    parts.append(part)
            except ssl.SSLWantReadError:
                return b"".join(parts)
            except ssl.SSLError as failure:
                raise ClosedError from failure
        raise ClosedError

    def encrypt(self, data: bytes) -> bytes:
        with self._turn:
            self._object.write(data)
            return self._outgoing.read()

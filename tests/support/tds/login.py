"""What is said before and at the login: PRELOGIN and LOGIN7."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from tds.scan import MalformedError, Scan
from tds.seam import Login

__all__ = ["Hello", "encryption_answer", "prelogin_answer", "read_login", "read_prelogin_encryption"]

OFF, ON, NOT_SUPPORTED, REQUIRED = range(4)

_OLDEST = 0x72090002
_PASSWORD_KEY = 0xA5


def read_prelogin_encryption(payload: bytes) -> int:
    """The client's wish: OFF, ON or NOT_SUPPORTED. Raises MalformedError."""
    scan = Scan(payload)
    while (token := scan.byte()) != 0xFF:
        offset, length = scan.unpack(">HH")
        if token == 1 and length:
            return payload[int(offset)] & 0x03
    return NOT_SUPPORTED


def encryption_answer(wish: int, protects: str | None) -> int:
    """What the server says to the client's wish.

    Args:
        wish: The client's.
        protects: ``login`` or ``all``; null for a server without TLS.
    """
    if protects is None:
        return NOT_SUPPORTED
    if wish == ON:
        return ON
    if protects == "all":
        return REQUIRED
    return OFF if wish == OFF else NOT_SUPPORTED


def prelogin_answer(product: tuple[int, int, int], encryption: int) -> bytes:
    """The server's PRELOGIN: version, encryption, instance accepted, thread, no MARS."""
    options = [
        (0, struct.pack(">BBHH", *product, 0)),
        (1, bytes([encryption])),
        (2, b"\0"),
        (3, b""),
        (4, b"\0"),
    ]
    offset = 5 * len(options) + 1
    heads, bodies = b"", b""
    for token, body in options:
        heads += struct.pack(">BHH", token, offset + len(bodies), len(body))
        bodies += body
    return heads + b"\xff" + bodies


@dataclass(frozen=True)
class Hello:
    """A LOGIN7: who comes, and what was asked for the connection.

    Attributes:
        login: For the engine.
        tds_version: The newest the client speaks.
        packet_size: As asked; 0 leaves it to the server.
        has_features: Whether the client sent a feature extension, which wants an answer.
    """

    login: Login
    tds_version: int
    packet_size: int
    has_features: bool


def read_login(payload: bytes, *, encrypted: bool) -> Hello:
    """Read LOGIN7. Raises MalformedError for TDS older than 7.2."""
    scan = Scan(payload)
    _, tds_version, packet_size, *_ = scan.unpack("<IIIIII")
    if tds_version < _OLDEST:
        raise MalformedError(f"TDS version 0x{tds_version:08x} is older than 7.2")
    _, _, type_flags, flags3, _, _ = scan.unpack("<BBBBiI")

    def part(*, unit: int = 2) -> bytes:
        offset, length = scan.unpack("<HH")
        return payload[offset : offset + unit * length]

    host, user, password, application, _ = (part() for _ in range(5))
    part(unit=1)
    _, _, database = (part() for _ in range(3))
    return Hello(
        Login(
            user=_text(user),
            password=_text(_plain(password)),
            database=_text(database),
            application=_text(application),
            host=_text(host),
            read_only_intent=bool(type_flags & 0x20),
            encrypted=encrypted,
        ),
        tds_version,
        packet_size,
        bool(flags3 & 0x10),
    )


def _text(data: bytes) -> str:
    return data.decode("utf-16-le")


def _plain(obscured: bytes) -> bytes:
    """A password's bytes: the client swaps their halves, then applies a fixed mask."""
    return bytes((byte ^ _PASSWORD_KEY) >> 4 | ((byte ^ _PASSWORD_KEY) & 0x0F) << 4 for byte in obscured)

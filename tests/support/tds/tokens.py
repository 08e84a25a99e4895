"""The tokens of a reply that are no rows."""

from __future__ import annotations

import struct

from tds.seam import SqlError
from tds.values import COLLATION

__all__ = [
    "ATTENTION", "COUNT", "ERROR", "MORE", "OTHER", "SELECT", "UPDATE",
    "collation_changed", "database_changed", "done", "done_in_procedure", "done_procedure", "error",
    "feature_extension_end", "info", "language_changed", "login_acknowledged", "packet_size_changed",
    "return_status", "return_value", "session_reset", "transaction_began", "transaction_ended",
]  # fmt: skip

MORE = 0x01
ERROR = 0x02
COUNT = 0x10
ATTENTION = 0x20

_SERVER = "U8TEST"


SELECT = 0xC1
UPDATE = 0xC5
OTHER = 0xFD


def done(status: int, command: int = OTHER, rows: int = 0) -> bytes:
    """DONE: the end of a statement of a batch. Microsoft's driver drops a count of rows affected that says SELECT."""
    return _done(0xFD, status, command, rows)


def done_in_procedure(status: int, command: int, rows: int) -> bytes:
    """DONEINPROC: the end of a statement inside a procedure."""
    return _done(0xFF, status, command, rows)


def done_procedure(status: int) -> bytes:
    """DONEPROC: the end of a procedure."""
    return _done(0xFE, status, 0xE0, 0)


def _done(token: int, status: int, command: int, rows: int) -> bytes:
    return struct.pack("<BHHQ", token, status, command, rows)


def error(failure: SqlError) -> bytes:
    """ERROR."""
    return _message(0xAA, failure.number, failure.state, failure.severity, failure.message)


def info(number: int, message: str) -> bytes:
    """INFO."""
    return _message(0xAB, number, 1, 0, message)


def _message(token: int, number: int, state: int, severity: int, message: str) -> bytes:
    text = message.encode("utf-16-le")
    body = struct.pack("<iBBH", number, state, severity, len(text) // 2) + text + _name(_SERVER) + _name("")
    return _long_token(token, body + struct.pack("<i", 1))


def _long_token(token: int, body: bytes) -> bytes:
    return struct.pack("<BH", token, len(body)) + body


def _name(text: str) -> bytes:
    """A B_VARCHAR."""
    return bytes([len(text)]) + text.encode("utf-16-le")


def _bytes(data: bytes) -> bytes:
    """A B_VARBYTE."""
    return bytes([len(data)]) + data


def database_changed(new: str, old: str) -> bytes:
    """ENVCHANGE 1."""
    return _environment(1, _name(new), _name(old))


def language_changed(new: str) -> bytes:
    """ENVCHANGE 2."""
    return _environment(2, _name(new), _name(""))


def packet_size_changed(new: int, old: int) -> bytes:
    """ENVCHANGE 4."""
    return _environment(4, _name(str(new)), _name(str(old)))


def collation_changed() -> bytes:
    """ENVCHANGE 7."""
    return _environment(7, _bytes(COLLATION), _bytes(b""))


def transaction_began(descriptor: bytes) -> bytes:
    """ENVCHANGE 8."""
    return _environment(8, _bytes(descriptor), _bytes(b""))


def transaction_ended(descriptor: bytes, *, committed: bool) -> bytes:
    """ENVCHANGE 9 or 10."""
    return _environment(9 if committed else 10, _bytes(b""), _bytes(descriptor))


def session_reset() -> bytes:
    """ENVCHANGE 18: a pooled connection was reset as asked."""
    return _environment(18, _bytes(b""), _bytes(b""))


def _environment(kind: int, new: bytes, old: bytes) -> bytes:
    return _long_token(0xE3, bytes([kind]) + new + old)


def login_acknowledged(tds_version: int, product: tuple[int, int, int]) -> bytes:
    """LOGINACK.

    Args:
        tds_version: That both sides speak from now on.
        product: Major, minor and build.
    """
    body = b"\x01" + struct.pack(">I", tds_version) + _name("Microsoft SQL Server")
    return _long_token(0xAD, body + struct.pack(">BBH", *product))


def feature_extension_end() -> bytes:
    """FEATUREEXTACK without any feature."""
    return b"\xae\xff"


def return_status(status: int) -> bytes:
    """RETURNSTATUS."""
    return struct.pack("<Bi", 0x79, status)


def return_value(ordinal: int, name: str, value: int | None) -> bytes:
    """RETURNVALUE of an int that a procedure gives back.

    Args:
        ordinal: The parameter's place.
        name: Its name as the client gave it.
        value: Null when there is none.
    """
    data = b"\0" if value is None else struct.pack("<Bi", 4, value)
    # Status 1 is an output parameter; then user type, flags, and INTN of 4 bytes.
    return struct.pack("<BH", 0xAC, ordinal) + _name(name) + struct.pack("<BIH", 1, 0, 0) + b"\x26\x04" + data

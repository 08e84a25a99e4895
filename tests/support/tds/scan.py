"""Reading a message from its first byte to its last."""

from __future__ import annotations

import struct
from typing import Any

__all__ = ["MalformedError", "Scan"]


class MalformedError(Exception):
    """Bytes that are no TDS as far as this server knows it."""


class Scan:
    """A cursor over the bytes of one message.

    Args:
        data: The whole message.
        start: Where reading begins.
    """

    def __init__(self, data: bytes, start: int = 0) -> None:
        self.data = data
        self.position = start

    @property
    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self.position >= len(self.data)

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes. Raises MalformedError when there are fewer."""
        end = self.position + count
        if count < 0 or end > len(self.data):
            raise MalformedError(f"{count} bytes wanted at {self.position} of {len(self.data)}")
        taken = self.data[self.position : end]
        self.position = end
        return taken

    def unpack(self, form: str) -> tuple[Any, ...]:
        """The next values, in :mod:`struct`'s notation."""
        return struct.unpack(form, self.take(struct.calcsize(form)))

    def byte(self) -> int:
        """The next BYTE."""
        return self.take(1)[0]

    def ushort(self) -> int:
        """The next USHORT."""
        return int(self.unpack("<H")[0])

    def long(self) -> int:
        """The next LONG."""
        return int(self.unpack("<i")[0])

    def text(self, characters: int) -> str:
        """The next ``characters`` UTF-16 units."""
        return self.take(2 * characters).decode("utf-16-le", "surrogatepass")

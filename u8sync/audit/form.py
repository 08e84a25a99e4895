"""The form of a log in figures: those that whoever looks at one must know, without the reader of its records."""

from __future__ import annotations

from typing import Final

__all__ = ["ENOUGH", "GENESIS", "LINE_LIMIT", "VERSION"]

VERSION: Final = 1
"""Version of the record format: field ``v``."""

GENESIS: Final = "0" * 64
"""What the first record carries in place of a hash."""

LINE_LIMIT: Final = 64 * 1024
"""Most bytes in a line, the LF counted."""

ENOUGH: Final = 1024**3
"""Free bytes that a disk should have: room for some million records."""

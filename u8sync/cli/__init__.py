"""Words and keys: parse, call, show, exit code."""

from typing import Final

__all__ = ["PROGRAM", "VARIABLE"]

PROGRAM: Final = "u8sync"

VARIABLE: Final = "_U8SYNC_COMPLETE"
"""The environment variable by which a shell asks what could follow."""

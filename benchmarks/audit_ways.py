"""Names of the ways to write that are measured beside each other."""

from __future__ import annotations

from typing import Final

__all__ = ["AUDITED", "BARE", "ROW_BY_ROW", "SINGLY"]

AUDITED: Final = "u8sync"
BARE: Final = "u8sync, recorded nowhere"
SINGLY: Final = "u8sync, one customer a transaction"
ROW_BY_ROW: Final = "a script: UPDATE and commit a row"

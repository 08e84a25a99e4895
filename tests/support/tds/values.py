"""What the numbers on the wire mean: dates, money, decimals, code page; shared by both directions."""

from __future__ import annotations

import datetime as dt
from decimal import Context, Decimal

__all__ = [
    "CODE_PAGE",
    "COLLATION",
    "EPOCH_1900",
    "WIDE",
    "decimal_from",
    "decimal_width",
    "time_from_ticks",
    "time_width",
]

COLLATION = bytes.fromhex("0408d00000")
"""Chinese_PRC_CI_AS: its LCID, then ignore case, width and kana; no sort id."""

CODE_PAGE = "gbk"
"""Of varchar under that collation."""

EPOCH_1900 = dt.date(1900, 1, 1).toordinal()

WIDE = Context(prec=80)
"""Wide enough that no decimal(38) is rounded."""

_DIGITS_BY_WIDTH = ((9, 4), (19, 8), (28, 12), (38, 16))


def decimal_width(precision: int) -> int:
    """Bytes of a decimal's digits, its sign not counted."""
    return next(width for digits, width in _DIGITS_BY_WIDTH if precision <= digits)


def time_width(scale: int) -> int:
    """Bytes of a time of day with ``scale`` digits after the second's point."""
    return 3 if scale <= 2 else 4 if scale <= 4 else 5


def time_from_ticks(ticks: int) -> dt.timedelta:
    """A datetime's time of day, kept in three-hundredths of a second; the server shows whole milliseconds."""
    return dt.timedelta(milliseconds=(ticks * 10 + 1) // 3)


def decimal_from(units: int, scale: int) -> Decimal:
    """The decimal of so many units of its last place."""
    return Decimal(units).scaleb(-scale, WIDE)

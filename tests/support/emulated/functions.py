"""What SQLite is taught: the functions that the compiled statements call. They work on stored forms."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any

from emulated.collation import ignores_case, like
from emulated.conversion import convert
from emulated.errors import SqlError, overflow, truncated
from emulated.sqltypes import RANGES, instant_text

__all__ = ["teach"]


def teach(
    connection: sqlite3.Connection, *, collation: str, version: tuple[int, ...], fail: Callable[[SqlError], None]
) -> None:
    """Register the functions that need nothing but their arguments.

    Args:
        connection: Whom to teach.
        collation: What LIKE and CHARINDEX go by.
        version: Of the server.
        fail: Is told of an error before SQLite makes one of its own of it.
    """
    ignore_case = ignores_case(collation)

    def guarded(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            try:
                return function(*arguments)
            except SqlError as error:
                fail(error)
                raise

        return call

    def fit(value: str | None, width: int, table: str, column: str) -> str | None:
        if value is None or len(value) * 2 <= width or _units(value) <= width:
            return value
        if _units(value.rstrip(" ")) <= width:
            return value[:width] if _units(value[:width]) <= width else value.rstrip(" ")
        raise truncated(version, table, column, value[:width])

    def find(wanted: str | None, text: str | None) -> int | None:
        if wanted is None or text is None:
            return None
        return (text.casefold().find(wanted.casefold()) if ignore_case else text.find(wanted)) + 1

    for name, function in (
        ("u8_convert", convert),
        ("u8_fit", fit),
        ("u8_like", lambda *arguments: like(*arguments, ignore_case=ignore_case)),
        ("u8_find", find),
        ("u8_len", lambda text: None if text is None else _units(text.rstrip(" "))),
        ("u8_units", lambda text: None if text is None else _units(text)),
        ("u8_upper", lambda text: None if text is None else text.upper()),
        ("u8_lower", lambda text: None if text is None else text.lower()),
        ("u8_multiply", _multiply),
        ("u8_divide", _divide),
        ("u8_remainder", _remainder),
        ("u8_round", _round),
        ("u8_datepart", _datepart),
        ("u8_dateadd", _dateadd),
        ("u8_datediff", _datediff),
    ):
        connection.create_function(name, -1, guarded(function), deterministic=True)
    for type_name, (low, high) in RANGES.items():
        connection.create_function(
            f"u8_{type_name}", 1, guarded(partial(_in_range, type_name, low, high)), deterministic=True
        )


def _in_range(type_name: str, low: int, high: int, number: float | None) -> float | None:
    """A whole number that its type can hold; beyond 64 bits SQLite goes on with floats."""
    if number is None or (isinstance(number, int) and low <= number <= high):
        return number
    raise overflow(type_name)


def _units(text: str) -> int:
    """UTF-16 code units, which is what SQL Server counts."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _shifted(number: int, places: int) -> int:
    """Times ten to the power of ``places``, rounded half away from zero."""
    if places >= 0:
        return number * 10**places
    divisor = 10**-places
    return (abs(number) + divisor // 2) // divisor * (1 if number >= 0 else -1)


def _checked(number: int) -> int:
    if not -(2**63) <= number < 2**63:
        raise overflow("numeric")
    return number


def _multiply(left: int | None, right: int | None, shift: int) -> int | None:
    return None if left is None or right is None else _checked(_shifted(left * right, shift))


def _divide(left: float | None, right: float | None, shift: int) -> float | None:
    if left is None or right is None:
        return None
    if right == 0:
        raise SqlError(8134, "Divide by zero error encountered.")
    if isinstance(left, float) or isinstance(right, float):
        return left / right
    over, under = left * 10 ** max(shift, 0), right * 10 ** max(-shift, 0)
    quotient = abs(over) // abs(under)
    return _checked(quotient if (over >= 0) == (under >= 0) else -quotient)


def _remainder(left: int | None, right: int | None, _shift: int) -> int | None:
    if left is None or right is None:
        return None
    if right == 0:
        raise SqlError(8134, "Divide by zero error encountered.")
    return abs(left) % abs(right) * (1 if left >= 0 else -1)


def _round(value: int | None, units: int, places: int) -> int | None:
    if value is None:
        return None
    step = Decimal(1).scaleb(units - places)
    return int((Decimal(value) / step).to_integral_value(ROUND_HALF_UP) * step) if units > places else value


def _datepart(part: str, value: str | None) -> int | None:
    if value is None:
        return None
    moment = datetime.fromisoformat(value)
    return moment.microsecond // 1000 if part == "millisecond" else int(getattr(moment, part))


def _dateadd(part: str, number: int | None, value: str | None, type_name: str) -> str | None:
    if number is None or value is None:
        return None
    moment = datetime.fromisoformat(value)
    if part in ("year", "month"):
        months = moment.year * 12 + moment.month - 1 + (number * 12 if part == "year" else number)
        year, month = divmod(months, 12)
        first = moment.replace(year=year, month=month + 1, day=1)
        after = (first + timedelta(days=32)).replace(day=1)
        moment = first.replace(day=min(moment.day, (after - first).days))
    else:
        moment += timedelta(**{f"{part}s": number})
    return moment.isoformat()[:10] if type_name == "date" else instant_text(moment, type_name)


def _datediff(part: str, first: str | None, second: str | None) -> int | None:
    """How many borders of the part lie between."""
    if first is None or second is None:
        return None
    one, other = datetime.fromisoformat(first), datetime.fromisoformat(second)
    if part == "year":
        return other.year - one.year
    if part == "month":
        return (other.year - one.year) * 12 + other.month - one.month
    step = timedelta(**{f"{part}s": 1})
    start = datetime(1, 1, 1)  # noqa: DTZ001
    count = (other - start) // step - (one - start) // step
    if not -(2**31) <= count < 2**31:
        raise SqlError(535, "The datediff function resulted in an overflow.")
    return count

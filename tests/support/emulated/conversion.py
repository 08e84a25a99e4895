"""Values from one type to another: in Python value by value, and as SQLite's own expressions where it can do the same.

Both work on the stored forms of :mod:`emulated.sqltypes`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

from emulated.errors import NotModelledError, SqlError, failed_conversion, overflow
from emulated.sqltypes import DATETIME, RANGES, TEXT, TIMES, WHOLE, SqlType, instant_text, parse_type

__all__ = ["cast_sql", "convert"]

_DAYS: Final = (
    (re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})"), "%Y-%m-%d"),
    (re.compile(r"(\d{4})(\d{2})(\d{2})"), "%Y%m%d"),
)
_TIME: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.](\d{1,7}))?)?")


def convert(value: Any, source: str, target: str, style: int | None = None) -> Any:
    """One stored value in another type. Raises SqlError as the server does for a value that does not fit."""
    if value is None:
        return None
    from_type, to_type = parse_type(source), parse_type(target)
    if to_type.name in TEXT:
        return _cut(_as_text(value, from_type, style), from_type, to_type)
    if to_type.name in TIMES:
        return _as_time(value, from_type, to_type)
    if to_type.name in ("binary", "varbinary", "rowversion"):
        return _as_bytes(value, from_type, to_type)
    return _as_number(value, from_type, to_type)


# --- to text ----------------------------------------------------------------------------------------------------------


def _as_text(value: Any, source: SqlType, style: int | None) -> str:  # noqa: PLR0911 - one for each kind of type
    name = source.name
    if name in TEXT:
        return str(value)
    if name in TIMES:
        return _time_text(value, name, style)
    if name == "decimal":
        return f"{Decimal(value).scaleb(-source.units):f}"
    if name == "money":
        places = Decimal("0.0001") if style == 2 else Decimal("0.01")
        return f"{Decimal(value).scaleb(-4).quantize(places, ROUND_HALF_UP):f}"
    if name == "float":
        return _float_text(value, style)
    if name in ("rowversion", "binary", "varbinary"):
        raw = value.to_bytes(8, "big") if name == "rowversion" else value
        if style not in (1, 2):
            raise NotModelledError(f"bytes as text without a style, or with style {style}")
        return ("0x" if style == 1 else "") + raw.hex().upper()
    return str(value)


def _time_text(value: str, name: str, style: int | None) -> str:
    moment = datetime.fromisoformat(value)
    milliseconds = f"{moment.microsecond // 1000:03d}"
    known: dict[int, str] = {
        20: value[:19],
        120: value[:19],
        21: f"{value[:19]}.{milliseconds}",
        121: f"{value[:19]}.{milliseconds}",
        126: value[:19].replace(" ", "T") + (f".{milliseconds}" if moment.microsecond else ""),
        23: value[:10],
        112: value[:10].replace("-", ""),
        111: value[:10].replace("-", "/"),
        108: value[11:19],
        0: f"{moment:%b} {moment.day:2d} {moment:%Y} {moment.hour % 12 or 12:2d}:{moment:%M%p}",
    }
    if style is None:
        style = 0 if name == "datetime" else 121 if name == "datetime2" else 23
    if style not in known:
        raise NotModelledError(f"style {style} of a date")
    return value[:10] if name == "date" and style in (20, 120, 21, 121, 126) else known[style]


def _float_text(value: float, style: int | None) -> str:
    if style in (2, 3):
        digits = 15 if style == 2 else 16
        return f"{value:.{digits}e}".replace("e+", "e+0").replace("e-", "e-0")
    text = f"{value:.6g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        return f"{mantissa}e{exponent[0]}{int(exponent[1:]):03d}"
    return text


def _cut(text: str, source: SqlType, target: SqlType) -> str:
    if target.size in (None, -1) or len(text) <= (target.size or 0):
        return text
    if source.name in TEXT | TIMES | {"binary", "varbinary", "rowversion"}:
        return text[: target.size]
    if source.name in WHOLE and target.name == "varchar":
        return "*"
    raise overflow(target.name)


# --- to dates ---------------------------------------------------------------------------------------------------------


def _as_time(value: Any, source: SqlType, target: SqlType) -> str:
    if source.name in TIMES:
        moment = datetime.fromisoformat(value)
    elif source.name in TEXT:
        moment = _parsed_time(value, source.name, target.name)
    elif source.name in WHOLE and target == DATETIME:
        moment = datetime(1900, 1, 1) + timedelta(days=value)  # noqa: DTZ001
    else:
        raise NotModelledError(f"{source.name} as {target.name}")
    if target.name == "datetime" and moment.year < 1753:
        raise _out_of_range(source.name)
    return moment.isoformat()[:10] if target.name == "date" else instant_text(moment, target.name)


def _parsed_time(text: str, source: str, target: str) -> datetime:
    words = text.strip().replace("T", " ").split()
    day = datetime(1900, 1, 1)  # noqa: DTZ001
    if words and ":" not in words[0]:
        found = next((pattern.fullmatch(words[0]) for pattern, _ in _DAYS if pattern.fullmatch(words[0])), None)
        if found is None:
            raise failed_conversion(text, source, target)
        try:
            day = datetime(int(found[1]), int(found[2]), int(found[3]))  # noqa: DTZ001
        except ValueError:
            raise _out_of_range(source) if target == "datetime" else failed_conversion(text, source, target) from None
        words = words[1:]
    if not words:
        return day
    time = _TIME.fullmatch(words[0]) if len(words) == 1 else None
    if time is None or int(time[1]) > 23 or int(time[2]) > 59 or int(time[3] or 0) > 59:
        raise failed_conversion(text, source, target)
    micro = int((time[4] or "0").ljust(7, "0")[:6])
    return day.replace(hour=int(time[1]), minute=int(time[2]), second=int(time[3] or 0), microsecond=micro)


def _out_of_range(source: str) -> SqlError:
    return SqlError(
        242,
        f"The conversion of a {source} data type to a datetime data type resulted in an out-of-range value.",
        state=3,
    )


# --- to bytes and numbers ---------------------------------------------------------------------------------------------


def _as_bytes(value: Any, source: SqlType, target: SqlType) -> Any:
    if source.name == "rowversion":
        raw = value.to_bytes(8, "big")
    elif source.name in ("binary", "varbinary"):
        raw = value
    elif source.name == "bigint":
        raw = value.to_bytes(8, "big", signed=True)
    elif source.name == "int":
        raw = value.to_bytes(4, "big", signed=True)
    else:
        raise NotModelledError(f"{source.name} as {target.name}")
    if target.name == "rowversion":
        return int.from_bytes(raw[:8].ljust(8, b"\0"), "big")
    if target.size not in (None, -1):
        # Numbers keep their last bytes, strings of bytes their first.
        size = target.size or 0
        raw = raw[-size:] if source.name in ("int", "bigint") else raw[:size]
        if target.name == "binary":
            raw = raw.rjust(size, b"\0") if source.name in ("int", "bigint") else raw.ljust(size, b"\0")
    return raw


def _number_of_text(text: str, source: SqlType, target: SqlType) -> Decimal:
    bare = text.strip()
    if bare == "" and target.name != "decimal":
        return Decimal(0)
    if target.name in WHOLE and not re.fullmatch(r"[+-]?\d+", bare):
        raise failed_conversion(text, source.name, target.name)
    if target.name == "money":
        bare = bare.replace(",", "").lstrip("$¥￥")
    try:
        number = Decimal(bare)
    except InvalidOperation:
        raise failed_conversion(text, source.name, target.name) from None
    if not number.is_finite() or (target.name != "float" and "e" in bare.lower()):
        raise failed_conversion(text, source.name, target.name)
    return number


def _as_number(value: Any, source: SqlType, target: SqlType) -> Any:
    if source.name in TEXT:
        number = _number_of_text(value, source, target)
    elif source.name == "float":
        number = Decimal(value)
    elif source.name in ("binary", "varbinary"):
        number = Decimal(int.from_bytes(value, "big", signed=True))
    elif source.name in TIMES:
        raise NotModelledError(f"{source.name} as {target.name}")
    else:
        number = Decimal(value).scaleb(-source.units)
    if target.name == "float":
        return float(number)
    if target.name == "bit":
        return int(number != 0)
    # A decimal or float loses its fraction on the way to a whole number; money is rounded.
    rounding = ROUND_DOWN if target.name in WHOLE and source.name in ("decimal", "float") else ROUND_HALF_UP
    units = int(number.scaleb(target.units).to_integral_value(rounding))
    limit = 10 ** (target.precision or 38) - 1 if target.name == "decimal" else 2**63 - 1
    low, high = RANGES.get(target.name, (-limit, limit))
    if not low <= units <= high:
        raise overflow("numeric" if target.name == "decimal" else target.name)
    if not -(2**63) <= units < 2**63:
        raise NotModelledError("a decimal of more than 18 digits")
    return units


# --- as SQLite's expressions ------------------------------------------------------------------------------------------


def _by_python(sql: str, source: SqlType, target: SqlType, style: int | None) -> str:
    last = "" if style is None else f", {style}"
    return f"u8_convert({sql}, '{source}', '{target}'{last})"


def _whole_to(sql: str, source: SqlType, target: SqlType, style: int | None) -> str:
    names = list(RANGES)
    if target.name in WHOLE and (target.name == source.name or names.index(target.name) < names.index(source.name)):
        return sql
    if target.name == "bit":
        return f"({sql} <> 0)"
    if target.name == "float":
        return f"CAST({sql} AS REAL)"
    if target.name == "money" or (target.name == "decimal" and (target.precision or 0) - target.units >= 19):
        return f"({sql} * {10**target.units})"
    if target.name in TEXT and (target.size == -1 or (target.size or 0) >= 20):
        return f"CAST({sql} AS TEXT)"
    return _by_python(sql, source, target, style)


def _fixed_to(sql: str, source: SqlType, target: SqlType, style: int | None) -> str:
    """Money and decimals."""
    roomy = target.name == "money" or (target.precision or 0) - target.units >= (source.precision or 19) - source.units
    if target.name in ("money", "decimal") and roomy and target.units >= source.units:
        factor = 10 ** (target.units - source.units)
        return sql if factor == 1 else f"({sql} * {factor})"
    if target.name == "bigint" and source.name == "decimal":
        return sql if source.units == 0 else f"({sql} / {10**source.units})"
    if target.name == "float":
        return f"(CAST({sql} AS REAL) / {10**source.units})"
    return _by_python(sql, source, target, style)


def _time_to(sql: str, source: SqlType, target: SqlType, style: int | None) -> str:
    if target.name == "date":
        return f"substr({sql}, 1, 10)"
    if source.name == "datetime" and target.name == "datetime2":
        return sql
    if source.name == "date" and target.name in TIMES:
        return f"({sql} || ' 00:00:00')"
    length = {20: 19, 120: 19, 23: 10}.get(style or 0)
    if target.name in TEXT and length and source.name != "date":
        return f"substr({sql}, 1, {length if target.size == -1 else min(length, target.size or 0)})"
    return _by_python(sql, source, target, style)


def _text_to(sql: str, source: SqlType, target: SqlType, style: int | None) -> str:
    if target.name in TEXT:
        if target.size == -1 or (source.size not in (None, -1) and (source.size or 0) <= (target.size or 0)):
            return sql
        return f"substr({sql}, 1, {target.size})"
    return _by_python(sql, source, target, style)


def _rowversion_to(sql: str, source: SqlType, target: SqlType, style: int | None) -> str:
    if target.name == "bigint" or (target.name in ("binary", "varbinary") and target.size == 8):
        return sql
    if target.name in TEXT and style == 1 and (target.size == -1 or (target.size or 0) >= 18):
        return f"iif({sql} IS NULL, NULL, printf('0x%016X', {sql}))"
    return _by_python(sql, source, target, style)


def cast_sql(sql: str, source: SqlType, target: SqlType, style: int | None = None) -> tuple[str, SqlType]:
    """The expression in another type, and the type it then has.

    Eight bytes made of a row version stay a whole number: it compares and prints the same.
    """
    if source == target or source.name == "null":
        return sql, target
    made: Callable[[str, SqlType, SqlType, int | None], str] = _by_python
    if source.name in WHOLE:
        made = _whole_to
    elif source.name in ("money", "decimal"):
        made = _fixed_to
    elif source.name in TIMES:
        made = _time_to
    elif source.name in TEXT:
        made = _text_to
    elif source.name == "rowversion":
        made = _rowversion_to
        if target.name in ("binary", "varbinary") and target.size == 8:
            target = source
    return made(sql, source, target, style), target

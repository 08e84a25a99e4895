"""Parameters of a remote call: from TYPE_INFO and bytes to Python values, with the type written as T-SQL would."""

from __future__ import annotations

import datetime as dt
import struct
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tds.scan import MalformedError, Scan
from tds.values import CODE_PAGE, EPOCH_1900, decimal_from, time_from_ticks, time_width

__all__ = ["Typed", "read_typed"]

_INTEGERS = {1: "tinyint", 2: "smallint", 4: "int", 8: "bigint"}
_MAX = 0xFFFF
_PLP_NULL = 0xFFFFFFFFFFFFFFFF


@dataclass(frozen=True)
class Typed:
    """A value and its declaration, e.g. ``nvarchar(20)``."""

    value: Any
    declared: str


def read_typed(scan: Scan) -> Typed:
    """Read one TYPE_INFO and the value after it. Raises MalformedError for a type this server does not know."""
    token = scan.byte()
    reader = _READERS.get(token)
    if reader is None:
        raise MalformedError(f"type 0x{token:02x} of a parameter")
    return reader(scan)


def _integer(data: bytes) -> int:
    # tinyint alone has no sign.
    return int.from_bytes(data, "little", signed=len(data) > 1)


def _float(data: bytes) -> float:
    return float(struct.unpack("<f" if len(data) == 4 else "<d", data)[0])


def _money(data: bytes) -> Decimal:
    if len(data) == 4:
        return decimal_from(int.from_bytes(data, "little", signed=True), 4)
    high, low = struct.unpack("<iI", data)
    return decimal_from((high << 32) + low, 4)


def _datetime(data: bytes) -> dt.datetime:
    if len(data) == 4:
        days, minutes = struct.unpack("<HH", data)
        return _at(days + EPOCH_1900, dt.timedelta(minutes=minutes))
    days, ticks = struct.unpack("<iI", data)
    return _at(days + EPOCH_1900, time_from_ticks(ticks))


def _at(day: int, since_midnight: dt.timedelta) -> dt.datetime:
    return dt.datetime.fromordinal(day) + since_midnight


def _fixed(declared: str, width: int, decode: Callable[[bytes], Any]) -> Callable[[Scan], Typed]:
    return lambda scan: Typed(decode(scan.take(width)), declared)


def _nullable(names: dict[int, str], decode: Callable[[bytes], Any]) -> Callable[[Scan], Typed]:
    """A type whose width is told twice: in its declaration, and before the value (0 is null)."""

    def read(scan: Scan) -> Typed:
        declared = names[scan.byte()]
        data = scan.take(scan.byte())
        return Typed(decode(data) if data else None, declared)

    return read


def _decimal(scan: Scan) -> Typed:
    _, precision, scale = scan.unpack("<BBB")
    declared = f"decimal({precision},{scale})"
    data = scan.take(scan.byte())
    if not data:
        return Typed(None, declared)
    units = int.from_bytes(data[1:], "little")
    return Typed(decimal_from(units if data[0] else -units, scale), declared)


def _date(scan: Scan) -> Typed:
    data = scan.take(scan.byte())
    return Typed(_day(data) if data else None, "date")


def _day(data: bytes) -> dt.date:
    return dt.date.fromordinal(int.from_bytes(data, "little") + 1)


def _clock(data: bytes, scale: int) -> dt.timedelta:
    return dt.timedelta(microseconds=int.from_bytes(data, "little") * 10**6 // 10**scale)


def _time(scan: Scan) -> Typed:
    scale = scan.byte()
    data = scan.take(scan.byte())
    value = _at(1, _clock(data, scale)).time() if data else None
    return Typed(value, f"time({scale})")


def _datetime2(scan: Scan) -> Typed:
    scale = scan.byte()
    data = scan.take(scan.byte())
    width = time_width(scale)
    value = _at(_day(data[width:]).toordinal(), _clock(data[:width], scale)) if data else None
    return Typed(value, f"datetime2({scale})")


def _datetimeoffset(scan: Scan) -> Typed:
    scale = scan.byte()
    data = scan.take(scan.byte())
    declared = f"datetimeoffset({scale})"
    if not data:
        return Typed(None, declared)
    width = time_width(scale)
    minutes = int.from_bytes(data[-2:], "little", signed=True)
    utc = _at(_day(data[width:-2]).toordinal(), _clock(data[:width], scale)).replace(tzinfo=dt.UTC)
    return Typed(utc.astimezone(dt.timezone(dt.timedelta(minutes=minutes))), declared)


def _guid(scan: Scan) -> Typed:
    scan.byte()
    data = scan.take(scan.byte())
    return Typed(uuid.UUID(bytes_le=data) if data else None, "uniqueidentifier")


def _utf16(data: bytes) -> str:
    return data.decode("utf-16-le", "surrogatepass")


def _code_page(data: bytes) -> str:
    return data.decode(CODE_PAGE, "replace")


def _string(name: str, decode: Callable[[bytes], Any], *, unit: int = 1, collated: bool) -> Callable[[Scan], Typed]:
    """A type of up to 8,000 bytes, or (max) in chunks."""

    def read(scan: Scan) -> Typed:
        size = scan.ushort()
        if collated:
            scan.take(5)
        if size == _MAX:
            data = _chunks(scan)
            return Typed(None if data is None else decode(data), f"{name}(max)")
        length = scan.ushort()
        value = None if length == _MAX else decode(scan.take(length))
        return Typed(value, f"{name}({max(size // unit, 1)})")

    return read


def _chunks(scan: Scan) -> bytes | None:
    if scan.unpack("<Q")[0] == _PLP_NULL:
        return None
    parts = []
    while length := int(scan.unpack("<I")[0]):
        parts.append(scan.take(length))
    return b"".join(parts)


def _long(name: str, decode: Callable[[bytes], Any], *, collated: bool) -> Callable[[Scan], Typed]:
    """The old types text, ntext and image."""

    def read(scan: Scan) -> Typed:
        scan.long()
        if collated:
            scan.take(5)
        length = scan.long()
        return Typed(None if length < 0 else decode(scan.take(length)), name)

    return read


_READERS: dict[int, Callable[[Scan], Typed]] = {
    0x1F: lambda _: Typed(None, "int"),
    0x30: _fixed("tinyint", 1, _integer),
    0x32: _fixed("bit", 1, lambda data: data != b"\0"),
    0x34: _fixed("smallint", 2, _integer),
    0x38: _fixed("int", 4, _integer),
    0x7F: _fixed("bigint", 8, _integer),
    0x3B: _fixed("real", 4, _float),
    0x3E: _fixed("float", 8, _float),
    0x3C: _fixed("money", 8, _money),
    0x7A: _fixed("smallmoney", 4, _money),
    0x3D: _fixed("datetime", 8, _datetime),
    0x3A: _fixed("smalldatetime", 4, _datetime),
    0x26: _nullable(_INTEGERS, _integer),
    0x68: _nullable({1: "bit"}, lambda data: data != b"\0"),
    0x6D: _nullable({4: "real", 8: "float"}, _float),
    0x6E: _nullable({4: "smallmoney", 8: "money"}, _money),
    0x6F: _nullable({4: "smalldatetime", 8: "datetime"}, _datetime),
    0x6A: _decimal,
    0x6C: _decimal,
    0x28: _date,
    0x29: _time,
    0x2A: _datetime2,
    0x2B: _datetimeoffset,
    0x24: _guid,
    0xA5: _string("varbinary", bytes, collated=False),
    0xAD: _string("binary", bytes, collated=False),
    0xA7: _string("varchar", _code_page, collated=True),
    0xAF: _string("char", _code_page, collated=True),
    0xE7: _string("nvarchar", _utf16, unit=2, collated=True),
    0xEF: _string("nchar", _utf16, unit=2, collated=True),
    0x22: _long("image", bytes, collated=False),
    0x23: _long("text", _code_page, collated=True),
    0x63: _long("ntext", _utf16, collated=True),
}

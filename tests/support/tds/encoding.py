"""Rows of a result: one encoder per column, made once, so that a row costs one call per value.

*Why closures:* the rows are the hot path; whatever a column's type decides is decided before the first row.
"""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from operator import call
from typing import Any

from tds.seam import Column
from tds.values import CODE_PAGE, COLLATION, EPOCH_1900, WIDE, decimal_width, time_width

__all__ = ["encode_columns", "encode_rows"]

Encoder = Callable[[Any], bytes]

_ROW = b"\xd1"
_NULL_BYTE = b"\0"
_NULL_SHORT = b"\xff\xff"
_NULL_PLP = b"\xff" * 8
_ROWS_AT_ONCE = 256
_INTEGER_WIDTHS = {"tinyint": 1, "smallint": 2, "int": 4, "bigint": 8}
_SHORT = struct.Struct("<H")
_PLP = struct.Struct("<QI")
_TICK = struct.Struct("<BiI")
_MONEY = struct.Struct("<BiI")


def encode_columns(columns: Sequence[Column]) -> bytes:
    """COLMETADATA of a result."""
    parts = [b"\x81", struct.pack("<H", len(columns))]
    for column in columns:
        name = column.name.encode("utf-16-le")
        # User type 0; the flag says the column is nullable.
        parts += [struct.pack("<IH", 0, 1), _type_info(column), bytes([len(name) // 2]), name]
    return b"".join(parts)


def encode_rows(columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> Iterator[tuple[bytes, int]]:
    """ROW tokens of some hundred rows at a time, with their number, as the rows come."""
    encoders = [_encoder(column) for column in columns]
    remaining = iter(rows)
    while batch := [b"".join(map(call, encoders, row)) for row in islice(remaining, _ROWS_AT_ONCE)]:
        yield _ROW + _ROW.join(batch), len(batch)


def _type_info(column: Column) -> bytes:  # noqa: PLR0911
    match column.type:
        case "nvarchar" | "varchar":
            token, unit = (0xE7, 2) if column.type == "nvarchar" else (0xA7, 1)
            return struct.pack("<BH", token, _stated_size(column, unit)) + COLLATION
        case "varbinary" | "binary":
            return struct.pack("<BH", 0xA5 if column.type == "varbinary" else 0xAD, _stated_size(column, 1))
        case "tinyint" | "smallint" | "int" | "bigint":
            return bytes([0x26, _INTEGER_WIDTHS[column.type]])
        case "decimal":
            precision, scale = _precision(column)
            return bytes([0x6A, decimal_width(precision) + 1, precision, scale])
        case "datetime2":
            return bytes([0x2A, _scale(column)])
        case "bit":
            return b"\x68\x01"
        case "float":
            return b"\x6d\x08"
        case "money":
            return b"\x6e\x08"
        case "datetime":
            return b"\x6f\x08"
        case "date":
            return b"\x28"


def _stated_size(column: Column, unit: int) -> int:
    size = _size(column)
    return 0xFFFF if size < 0 else max(size, 1) * unit


def _size(column: Column) -> int:
    if column.size is None:
        raise ValueError(f"column {column.name!r} of type {column.type} has no size")
    return column.size


def _precision(column: Column) -> tuple[int, int]:
    if column.precision is None:
        raise ValueError(f"column {column.name!r} of type decimal has no precision")
    return column.precision, column.scale or 0


def _scale(column: Column) -> int:
    return 7 if column.scale is None else column.scale


def _encoder(column: Column) -> Encoder:  # noqa: PLR0911
    match column.type:
        case "nvarchar":
            return _max_text("utf-16-le") if _size(column) < 0 else _nvarchar
        case "varchar":
            return _max_text(CODE_PAGE) if _size(column) < 0 else _varchar
        case "varbinary":
            return _max_bytes if _size(column) < 0 else _bytes
        case "binary":
            return _padded(_size(column))
        case "tinyint" | "smallint" | "int" | "bigint":
            return _integer(_INTEGER_WIDTHS[column.type])
        case "decimal":
            return _decimal(*_precision(column))
        case "datetime2":
            return _datetime2(_scale(column))
        case "bit":
            return _bit
        case "float":
            return _float
        case "money":
            return _money
        case "datetime":
            return _datetime
        case "date":
            return _date


def _nvarchar(value: str | None) -> bytes:
    if value is None:
        return _NULL_SHORT
    data = value.encode("utf-16-le", "surrogatepass")
    return _SHORT.pack(len(data)) + data


def _varchar(value: str | None) -> bytes:
    if value is None:
        return _NULL_SHORT
    # What the code page lacks becomes a question mark, as on the server.
    data = value.encode(CODE_PAGE, "replace")
    return _SHORT.pack(len(data)) + data


def _bytes(value: bytes | None) -> bytes:
    return _NULL_SHORT if value is None else _SHORT.pack(len(value)) + value


def _padded(size: int) -> Encoder:
    def encode(value: bytes | None) -> bytes:
        return _bytes(None if value is None else value.ljust(size, b"\0"))

    return encode


def _max_text(encoding: str) -> Encoder:
    def encode(value: str | None) -> bytes:
        return _max_bytes(None if value is None else value.encode(encoding, "replace"))

    return encode


def _max_bytes(value: bytes | None) -> bytes:
    if value is None:
        return _NULL_PLP
    if not value:
        return bytes(12)
    return b"%b%b%b" % (_PLP.pack(len(value), len(value)), value, bytes(4))


def _integer(width: int) -> Encoder:
    pack = struct.Struct({1: "<BB", 2: "<Bh", 4: "<Bi", 8: "<Bq"}[width]).pack

    def encode(value: int | None) -> bytes:
        return _NULL_BYTE if value is None else pack(width, value)

    return encode


def _bit(value: bool | None) -> bytes:  # noqa: FBT001
    return _NULL_BYTE if value is None else b"\1\1" if value else b"\1\0"


def _float(value: float | None) -> bytes:
    return _NULL_BYTE if value is None else struct.pack("<Bd", 8, value)


def _money(value: Decimal | int | None) -> bytes:
    if value is None:
        return _NULL_BYTE
    units = int(value * 10_000)
    return _MONEY.pack(8, units >> 32, units & 0xFFFFFFFF)


def _decimal(precision: int, scale: int) -> Encoder:
    width = decimal_width(precision)
    length = bytes([width + 1])

    def encode(value: Decimal | int | None) -> bytes:
        if value is None:
            return _NULL_BYTE
        units = int(Decimal(value).scaleb(scale, WIDE))
        return b"%b%b%b" % (length, b"\0" if units < 0 else b"\1", abs(units).to_bytes(width, "little"))

    return encode


def _datetime(value: dt.datetime | None) -> bytes:
    if value is None:
        return _NULL_BYTE
    seconds = value.hour * 3600 + value.minute * 60 + value.second
    ticks = seconds * 300 + (value.microsecond * 3 + 5_000) // 10_000
    return _TICK.pack(8, value.toordinal() - EPOCH_1900, ticks)


def _datetime2(scale: int) -> Encoder:
    width = time_width(scale)
    length = bytes([width + 3])
    unit = 10 ** (7 - scale)

    def encode(value: dt.datetime | None) -> bytes:
        if value is None:
            return _NULL_BYTE
        seconds = value.hour * 3600 + value.minute * 60 + value.second
        clock = (seconds * 10**7 + value.microsecond * 10) // unit
        return b"%b%b%b" % (length, clock.to_bytes(width, "little"), (value.toordinal() - 1).to_bytes(3, "little"))

    return encode


def _date(value: dt.date | None) -> bytes:
    return _NULL_BYTE if value is None else b"\3" + (value.toordinal() - 1).to_bytes(3, "little")

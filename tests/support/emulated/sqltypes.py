"""SQL Server's types: how they are written, which wins over which, and in what form SQLite keeps their values.

SQLite has integers, binary fractions, text and bytes. So that nothing is ever rounded by accident,

* ``money`` and ``decimal(p,s)`` are kept as whole numbers of their smallest unit (10^-4, 10^-s);
* ``datetime`` and ``date`` are ISO text, a fraction of a second without trailing zeros: it sorts as time does;
* ``bit`` is 0 or 1, ``rowversion`` a whole number that clients see as eight bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from tds.seam import Column

from emulated.errors import NotModelledError, SqlError, overflow

__all__ = [
    "BIGINT",
    "BIT",
    "DATE",
    "DATETIME",
    "FLOAT",
    "INT",
    "MONEY",
    "NULL",
    "NUMERIC",
    "NVARCHAR",
    "RANGES",
    "ROWVERSION",
    "TEXT",
    "TIMES",
    "WHOLE",
    "SqlType",
    "arithmetic",
    "as_decimal",
    "common",
    "instant_text",
    "parse_type",
    "reader",
    "result_column",
    "stored",
]  # fmt: skip


@dataclass(frozen=True)
class SqlType:
    """A type; ``size`` in characters or bytes (-1 is (max)), ``precision`` and ``scale`` of a decimal."""

    name: str
    size: int | None = None
    precision: int | None = None
    scale: int | None = None

    def __str__(self) -> str:
        if self.size is not None:
            return f"{self.name}({'max' if self.size == -1 else self.size})"
        return f"decimal({self.precision},{self.scale})" if self.name == "decimal" else self.name

    @property
    def units(self) -> int:
        """Decimal places that its whole number stands for."""
        return {"money": 4, "decimal": self.scale or 0}.get(self.name, 0)


INT: Final = SqlType("int")
BIGINT: Final = SqlType("bigint")
BIT: Final = SqlType("bit")
FLOAT: Final = SqlType("float")
MONEY: Final = SqlType("money")
DATE: Final = SqlType("date")
DATETIME: Final = SqlType("datetime")
ROWVERSION: Final = SqlType("rowversion")
NULL: Final = SqlType("null")
NVARCHAR: Final = SqlType("nvarchar", -1)

TEXT: Final = frozenset({"nvarchar", "varchar"})
TIMES: Final = frozenset({"datetime", "datetime2", "date"})
RANGES: Final = {
    "bigint": (-(2**63), 2**63 - 1),
    "int": (-(2**31), 2**31 - 1),
    "smallint": (-(2**15), 2**15 - 1),
    "tinyint": (0, 255),
    "bit": (0, 1),
}
WHOLE: Final = frozenset(RANGES)
NUMERIC: Final = WHOLE | {"money", "decimal", "float"}

_PRECEDENCE: Final = (
    "datetime2", "datetime", "date", "float", "decimal", "money", "bigint", "int", "smallint", "tinyint", "bit",
    "rowversion", "nvarchar", "varchar", "varbinary", "binary", "null",
)  # fmt: skip

_ALIASES: Final = {
    "nchar": "nvarchar",
    "ntext": "nvarchar",
    "char": "varchar",
    "text": "varchar",
    "integer": "int",
    "numeric": "decimal",
    "dec": "decimal",
    "real": "float",
    "timestamp": "rowversion",
    "smallmoney": "money",
    "smalldatetime": "datetime",
}
_DIGITS: Final = {"bigint": 19, "int": 10, "smallint": 5, "tinyint": 3, "bit": 1}


@lru_cache(maxsize=4096)
def parse_type(written: str, default_size: int = 1) -> SqlType:
    """A type as it is written in a statement or by a driver, e.g. ``nvarchar(20)``.

    Args:
        written: The type.
        default_size: Of text and bytes without a size: 30 in a cast, 1 in a declaration.
    """
    found = re.fullmatch(r"(\w+)(?:\s*\(\s*(max|\d+)\s*(?:,\s*(\d+)\s*)?\))?", written.strip(), re.IGNORECASE)
    if found is None:
        raise NotModelledError(f"the type {written}")
    name = found[1].lower()
    if name == "sysname":
        return SqlType("nvarchar", 128)
    if name in ("ntext", "text"):
        return SqlType(_ALIASES[name], -1)
    name = _ALIASES.get(name, name)
    if name not in _PRECEDENCE:
        if name in ("time", "datetimeoffset", "uniqueidentifier", "xml", "sql_variant", "image", "hierarchyid"):
            raise NotModelledError(f"the type {name}")
        raise SqlError(243, f"Type {name} is not a defined system type.")
    if name in TEXT or name in ("binary", "varbinary"):
        size = default_size if found[2] is None else -1 if found[2].lower() == "max" else int(found[2])
        return SqlType(name, size)
    if name == "decimal":
        return SqlType(name, precision=int(found[2] or 18), scale=int(found[3] or 0))
    return SqlType(name)


# --- which type wins --------------------------------------------------------------------------------------------------


def as_decimal(type_: SqlType) -> SqlType:
    """The decimal that holds every value of an exact number type."""
    if type_.name == "decimal":
        return type_
    if type_.name == "money":
        return SqlType("decimal", precision=19, scale=4)
    return SqlType("decimal", precision=_DIGITS[type_.name], scale=0)


def common(left: SqlType, right: SqlType) -> SqlType:
    """The type in which two values meet: the one of higher precedence."""
    winner, loser = sorted((left, right), key=lambda type_: _PRECEDENCE.index(type_.name))
    if loser.name == "null":
        return winner
    if winner.name == "decimal" and loser.name in WHOLE | {"decimal", "money"}:
        other = as_decimal(loser)
        scale = max(winner.units, other.units)
        whole = max(_precision(winner) - winner.units, _precision(other) - other.units)
        return SqlType("decimal", precision=min(38, whole + scale), scale=scale)
    if winner.size is not None and loser.size is not None:
        return replace(winner, size=-1 if -1 in (winner.size, loser.size) else max(winner.size, loser.size))
    return winner


def arithmetic(operator: str, left: SqlType, right: SqlType) -> SqlType:
    """The type of a sum, difference, product, quotient or remainder of two numbers, by SQL Server's rules."""
    winner = common(left, right)
    if winner.name != "decimal":
        return winner
    one, other = as_decimal(left), as_decimal(right)
    (p1, s1), (p2, s2) = (_precision(one), one.units), (_precision(other), other.units)
    if operator in ("+", "-"):
        scale = max(s1, s2)
        precision = max(p1 - s1, p2 - s2) + scale + 1
    elif operator == "*":
        precision, scale = p1 + p2 + 1, s1 + s2
    elif operator == "/":
        scale = max(6, s1 + p2 + 1)
        precision = p1 - s1 + s2 + scale
    else:
        scale = max(s1, s2)
        precision = min(p1 - s1, p2 - s2) + scale
    if precision > 38:
        scale, precision = max(scale - (precision - 38), min(scale, 6)), 38
    return SqlType("decimal", precision=precision, scale=scale)


def _precision(type_: SqlType) -> int:
    return type_.precision or 0


# --- values -----------------------------------------------------------------------------------------------------------


def instant_text(moment: datetime, name: str = "datetime2") -> str:
    """The stored form of an instant; a ``datetime`` ticks 300 times a second."""
    if name == "datetime" and moment.microsecond:
        ticks = round(moment.microsecond * 300 / 1_000_000)
        moment = moment.replace(microsecond=0) + timedelta(milliseconds=round(ticks * 10 / 3))
    text = moment.replace(tzinfo=None).isoformat(sep=" ")
    return text.rstrip("0") if "." in text else text


def stored(value: Any, type_: SqlType) -> Any:  # noqa: PLR0911 - one for each kind of type
    """A driver's value in the form that SQLite keeps."""
    if value is None:
        return None
    name = type_.name
    if name in ("money", "decimal"):
        units = Decimal(value).scaleb(type_.units).to_integral_value()
        if abs(units) >= 2**63:
            raise overflow("numeric")
        return int(units)
    if name in WHOLE:
        return int(value)
    if name == "float":
        return float(value)
    if name in TIMES and isinstance(value, date):
        if name == "date":
            return value.isoformat()[:10]
        moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)  # noqa: DTZ001
        return instant_text(moment, name)
    if name == "rowversion":
        return int.from_bytes(value, "big")
    return value


def _decimal_reader(places: int) -> Callable[[int], Decimal]:
    def read(units: int) -> Decimal:
        if not isinstance(units, int):  # SQLite goes on with floats where whole numbers end
            raise overflow("numeric")
        return Decimal(units).scaleb(-places)

    return read


def reader(type_: SqlType) -> Callable[[Any], Any] | None:
    """What turns a stored value that is not null into the client's; null when it is the same."""
    if type_.name in ("money", "decimal"):
        return _decimal_reader(type_.units)
    return {
        "bit": bool,
        "float": float,
        "datetime": datetime.fromisoformat,
        "datetime2": datetime.fromisoformat,
        "date": date.fromisoformat,
        "rowversion": lambda number: number.to_bytes(8, "big"),
    }.get(type_.name)


def result_column(name: str, type_: SqlType) -> Column:
    """How the client sees it."""
    if type_.name == "null":
        return Column(name, "int")
    if type_.name == "rowversion":
        return Column(name, "binary", size=8)
    if type_.name in TEXT and type_.size is not None and type_.size > (4000 if type_.name == "nvarchar" else 8000):
        return Column(name, type_.name, size=-1)  # type: ignore[arg-type]
    return Column(name, type_.name, size=type_.size, precision=type_.precision, scale=type_.scale)  # type: ignore[arg-type]

"""Column types whose form in the database depends on the database, while their form in Python does not.

SQL Server has ``money``, ``datetime``, ``bit`` and ``rowversion``; SQLite has none of them. What lives here keeps the
embedded account set exact where SQLite alone would turn amounts into binary fractions. Tables are in
:mod:`u8sync.backends.u8_schema`.
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, DateTime, Dialect, Integer, Numeric, String, TypeDecorator
from sqlalchemy.dialects import mssql
from sqlalchemy.types import TypeEngine

__all__ = ["MONEY_UNITS", "BigKey", "Bit", "Day", "Money", "Quantity", "RowVersion", "rowversion_text"]

MONEY_UNITS: Final = 10_000
"""Ten-thousandths in one unit of currency: ``money`` has four decimals."""

BigKey: Final = BigInteger().with_variant(Integer(), "sqlite")
"""``bigint``; in SQLite the plain INTEGER that makes a primary key the row's own number."""

Quantity: Final = Numeric(30, 10, asdecimal=False)
"""``decimal(30,10)``. u8sync never adds quantities up, so SQLite's binary fraction does no harm."""


def rowversion_text(value: int) -> str:
    """A row version in the one form that leaves a backend: ``0x`` and 16 hex digits."""
    return f"0x{value:016X}"


class Money(TypeDecorator[Decimal]):
    """``money``: Decimal with four places in Python; in SQLite an INTEGER of ten-thousandths, so that SUM is exact."""

    impl = Integer
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """INTEGER in SQLite, ``money`` in SQL Server."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else mssql.MONEY())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | Decimal | None:
        """To the database. Raises ValueError for more than four decimals: nothing may be rounded on the way."""
        if value is None:
            return None
        units = value * MONEY_UNITS
        if units != units.to_integral_value():
            raise ValueError(f"money has four decimals: {value}")
        return int(units) if dialect.name == "sqlite" else value

    def process_result_value(self, value: int | Decimal | None, dialect: Dialect) -> Decimal | None:
        """From the database."""
        if value is None:
            return None
        return Decimal(value).scaleb(-4) if dialect.name == "sqlite" else Decimal(value)


class Day(TypeDecorator[date]):
    """``datetime`` read as a date; in SQLite the text ``YYYY-MM-DD HH:MM:SS``, which sorts as time does.

    U8 puts days into datetime columns, at midnight. A ``datetime`` given keeps its time of day (seconds); it must be
    naive wall-clock time, which is all that SQL Server's ``datetime`` can hold.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """TEXT in SQLite, ``datetime`` in SQL Server."""
        return dialect.type_descriptor(String(19) if dialect.name == "sqlite" else DateTime())

    def process_bind_param(self, value: date | None, dialect: Dialect) -> str | datetime | None:
        """To the database."""
        if value is None:
            return None
        moment = value if isinstance(value, datetime) else datetime.combine(value, time.min)
        return f"{moment:%Y-%m-%d %H:%M:%S}" if dialect.name == "sqlite" else moment

    def process_result_value(self, value: str | datetime | None, dialect: Dialect) -> date | None:  # noqa: ARG002
        """From the database: the day alone."""
        if value is None:
            return None
        return date.fromisoformat(value[:10]) if isinstance(value, str) else value.date()


class Bit(TypeDecorator[bool]):
    """``bit``; in SQLite INTEGER 0 or 1."""

    impl = Boolean
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """INTEGER in SQLite, ``bit`` in SQL Server."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else mssql.BIT())

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> int | None:  # noqa: ARG002, FBT001
        """To the database."""
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> bool | None:  # noqa: ARG002
        """From the database."""
        return None if value is None else bool(value)


class RowVersion(TypeDecorator[str]):
    """``rowversion``: 8 bytes in SQL Server, INTEGER in SQLite, ``0x`` and 16 hex digits in Python."""

    impl = Integer
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """INTEGER in SQLite, ``rowversion`` in SQL Server."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else mssql.ROWVERSION())  # type: ignore[no-untyped-call]

    def process_bind_param(self, value: str | None, dialect: Dialect) -> int | bytes | None:
        """To the database: for comparisons, and for the initial values of a bulk load into SQLite."""
        if value is None:
            return None
        number = int(value, 16)
        return number if dialect.name == "sqlite" else number.to_bytes(8, "big")

    def process_result_value(self, value: int | bytes | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """From the database."""
        if value is None:
            return None
        return rowversion_text(int.from_bytes(value, "big") if isinstance(value, bytes) else value)

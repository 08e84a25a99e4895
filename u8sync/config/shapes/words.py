"""The words of the files that people write: which text is a name, a code, a column, a day.

Each is a type that pydantic checks, with what the JSON Schema says of it. Operators and conditions: ``uses.py``; names
of fields and metrics, which the domain must be asked for: ``subjects.py``.
"""

from __future__ import annotations

import re
import zoneinfo
from datetime import date
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, StringConstraints, WithJsonSchema

from u8sync.config.checking import shown
from u8sync.text import msg


class Shape(BaseModel):
    """A group of keys; unknown ones are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


COLUMN: Final = "^[A-Za-z_][A-Za-z0-9_]{0,127}$"
_VERIFICATION_KEY: Final = r"^[^\s+]{1,100}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$"


def one_line(value: str) -> str:
    """The text; refused when it has several lines."""
    if len(value.splitlines()) > 1:
        raise ValueError(msg("must be one line"))
    return value


def _version(value: int) -> int:
    if value != 1:
        raise ValueError(msg("this program reads version 1 of this file's format, not {version}", version=value))
    return value


def _column(value: str) -> str:
    if not re.fullmatch(COLUMN, value):
        raise ValueError(
            msg("'{name}' is not a column name", name=shown(value)),
            msg("A column name has letters, digits and '_' only, begins with no digit, and is at most 128 long."),
        )
    return value


def _timezone(value: str) -> str:
    try:
        return zoneinfo.ZoneInfo(value).key
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        # A key such as "Asia" is a folder of the time zone data: OSError.
        raise ValueError(
            msg("unknown time zone '{name}'", name=shown(value)),
            msg("Time zones have names such as Asia/Shanghai or UTC."),
        ) from None


def _as_of(value: object) -> Literal["today", "last_month_end"] | date:
    if value == "today" or value == "last_month_end":  # noqa: PLR1714 - mypy narrows only this form
        return value
    if isinstance(value, str) and re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError(msg("there is no such day: {day}", day=value)) from None
    raise ValueError(msg("expected today, last_month_end or a date (YYYY-MM-DD)"))


def _day(value: object) -> date:
    if isinstance(value, str) and re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError(msg("there is no such day: {day}", day=value)) from None
    raise ValueError(msg("expected a date (YYYY-MM-DD)"))


def _day_of_year(value: object) -> tuple[int, int]:
    if isinstance(value, str) and re.fullmatch("[0-9]{2}-[0-9]{2}", value):
        month, day = int(value[:2]), int(value[3:])
        try:
            date(2001, month, day)  # no leap year: a review on 29 February would come every fourth year
        except ValueError:
            raise ValueError(msg("not every year has this day: {day}", day=value)) from None
        return month, day
    raise ValueError(msg("expected a day of the year (MM-DD), such as 07-01"))


def _url(value: str) -> str:
    if not re.fullmatch(r"(?i)https?://[^\s/@?#]+(?:[/?][^\s#]*)?", value):
        raise ValueError(
            msg("'{text}' is no address of the form https://host/path", text=shown(value)),
        )
    return value


def _verification_key(value: str) -> str:
    if not re.fullmatch(_VERIFICATION_KEY, value):
        raise ValueError(
            msg("'{text}' is no public key of the form name+id+key", text=shown(value)),
            msg("'u8sync audit key show' prints it; the private key belongs into no file but its own."),
        )
    return value


Version = Annotated[int, AfterValidator(_version), WithJsonSchema({"const": 1})]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60), AfterValidator(one_line)]
Person = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20), AfterValidator(one_line)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=20)]
FilePath = Annotated[str, StringConstraints(min_length=1)]
Column = Annotated[str, AfterValidator(_column), WithJsonSchema({"type": "string", "pattern": COLUMN})]
Bound = Annotated[Decimal, Field(max_digits=18, decimal_places=4)]
Percent = Annotated[Decimal, Field(ge=0, le=100, decimal_places=4)]
AsOf = Annotated[
    Literal["today", "last_month_end"] | date,
    PlainValidator(_as_of),
    WithJsonSchema({"anyOf": [{"enum": ["today", "last_month_end"]}, {"type": "string", "format": "date"}]}),
]
Day = Annotated[date, PlainValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
DayOfYear = Annotated[
    tuple[int, int],
    PlainValidator(_day_of_year),
    WithJsonSchema({"type": "string", "pattern": "^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"}),
]
Timezone = Annotated[str, AfterValidator(_timezone)]
Url = Annotated[str, AfterValidator(_url), WithJsonSchema({"type": "string", "pattern": "^https?://"})]
VerificationKey = Annotated[
    str, AfterValidator(_verification_key), WithJsonSchema({"type": "string", "pattern": _VERIFICATION_KEY})
]


class KeyringShape(Shape):
    """操作系统密钥环中的一项。One entry of the operating system's keyring."""

    service: Name = Field(description="服务名。Name of the service.")
    user: Name = Field(description="用户名。Name of the user.")

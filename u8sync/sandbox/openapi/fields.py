"""The fields of a customer card: JSON name, column, and how a stored value becomes text and back.

Names are those of the public pages, misspellings included. What may be edited is what the page of ``customer/edit``
lists.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final, Literal

from u8sync.sandbox.openapi.people import WIDTHS
from u8sync.sandbox.openapi.words import day, figure, flag

__all__ = ["BY_NAME", "CARD", "MANAGEMENT_NAMES", "Field", "Stored", "shown", "to_store"]

Stored = str | int | float | None
"""A value as SQLite holds it."""

Kind = Literal["text", "flag", "day", "whole", "number", "stamp", "joined", "made_up"]

MANAGEMENT_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {"999": "普通客户", "01": "一般客户", "02": "重要客户", "03": "潜在客户", "04": "VIP客户"}
)
"""Names of the management types of a made account set. The name of 999 is a guess of the contract."""


@dataclass(frozen=True)
class Field:
    """A field of the customer card.

    Attributes:
        name: JSON name.
        kind: How it is stored.
        column: Its column; blank for fields that are joined or made up.
        editable: Whether an edit may name it and changes it.
        kept: Whether it can never be emptied.
    """

    name: str
    kind: Kind
    column: str = ""
    editable: bool = True
    kept: bool = False


def _define(number: int) -> Field:
    kinds: Mapping[int, Kind] = {11: "whole", 12: "whole", 13: "number", 14: "number", 15: "day", 16: "day"}
    return Field(f"self_define{number}", kinds.get(number, "text"), f"cCusDefine{number}")


CARD: Final = (
    Field("code", "text", "cCusCode", editable=False, kept=True),
    Field("name", "text", "cCusName", kept=True),
    Field("abbrname", "text", "cCusAbbName", kept=True),
    Field("sort_code", "text", "cCCCode", kept=True),
    Field("domain_code", "text", "cDCCode"),
    Field("industry", "text", "cTrade"),
    *(Field(name, "made_up") for name in WIDTHS if name not in {"memo", "bserviceattribute"}),
    Field("ModifyDate", "day", "dModifyDate", editable=False),
    Field("seed_date", "day", "dCusDevDate", editable=False),
    Field("end_date", "day", "dEndDate"),
    Field("memo", "made_up"),
    Field("ccusexch_name", "text", "cCusExch_name"),
    Field("bcusdomestic", "flag", "bCusDomestic"),
    Field("bcusoverseas", "flag", "bCusOverseas"),
    Field("bserviceattribute", "made_up"),
    Field("ccusmngtypecode", "text", "cCusMngTypeCode"),
    Field("ccusmngtypename", "joined", editable=False),
    Field("spec_operator", "text", "cCusPPerson"),
    Field("spec_operator_name", "joined", editable=False),
    Field("timestamp", "stamp", "pubufts", editable=False),
    *(_define(number) for number in range(1, 17)),
)
"""All fields, in the order of the pages."""

BY_NAME: Final[Mapping[str, Field]] = MappingProxyType({field.name: field for field in CARD})


def shown(field: Field, stored: Stored) -> str | None:
    """A stored value as text; null when it is empty."""
    if field.kind == "flag":
        return flag(int(stored or 0))
    if stored is None or stored == "":
        return None
    if field.kind == "day":
        return day(str(stored))
    if field.kind == "number":
        return figure(float(stored))
    return str(stored)


def to_store(field: Field, value: str) -> Stored:
    """The text of an edit, not empty, as it is stored.

    Raises:
        ValueError: It is no value of this kind.
    """
    if field.kind == "flag" or field.name == "bserviceattribute":
        if value not in {"0", "1"}:
            raise ValueError(value)
        return int(value) if field.kind == "flag" else value
    if field.kind == "day":
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            raise ValueError(value)
        return f"{date.fromisoformat(value)} 00:00:00"
    if field.kind == "whole":
        if not re.fullmatch(r"-?[0-9]{1,9}", value):
            raise ValueError(value)
        return int(value)
    if field.kind == "number":
        if not re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,6})?", value):
            raise ValueError(value)
        return float(value)
    return value

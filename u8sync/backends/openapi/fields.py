"""What the OpenAPI calls the columns of the customer archive, and how its values become raw text.

Names are spelt as the contract spells them, oddities included; they are looked up without regard to case, because the
contract itself mixes it. Contact, bank and address fields are known here by name only: so that they are never handed
out, and so that their loss is noticed.

Not established by any public source: which of these fields an older or newer gateway leaves out, whether items 11 to
16 are numbers and days, and the form of ``timestamp``. A missing key means an empty field: empty ones are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from u8sync.backends.openapi.replies import Row, whole
from u8sync.backends.u8_types import rowversion_text

__all__ = [
    "CODE",
    "EDITABLE",
    "ITEM_WIDTHS",
    "JOINED",
    "MOVING",
    "PERSONAL",
    "READABLE",
    "WIDTHS",
    "Shown",
    "raw",
    "shown",
    "version_of",
]

CODE: Final = "code"

Kind = Literal["text", "date", "flag", "number"]

READABLE: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "code": "text",
        "name": "text",
        "abbrname": "text",
        "sort_code": "text",
        "domain_code": "text",
        "industry": "text",
        "ModifyDate": "date",
        "seed_date": "date",
        "end_date": "date",
        "ccusexch_name": "text",
        "bcusdomestic": "flag",
        "bcusoverseas": "flag",
        "bserviceattribute": "flag",
        "ccusmngtypecode": "text",
        "ccusmngtypename": "text",
        "spec_operator": "text",
        **{f"self_define{n}": "text" for n in range(1, 11)},
        **{f"self_define{n}": "number" for n in range(11, 15)},
        **{f"self_define{n}": "date" for n in range(15, 17)},
    }
)
"""The fields that are handed out, and their kinds."""

PERSONAL: Final = frozenset(
    {"address", "bank_open", "bank_acc_number", "contact", "phone", "fax", "mobile", "devliver_site", "memo"}
)
"""Fields that are compared in memory when a card was edited, and never handed out, stored or shown."""

JOINED: Final = frozenset({"ccusmngtypename", "spec_operator_name"})
"""Names that U8 adds to the codes."""

MOVING: Final = frozenset({"timestamp", "modifydate"})
"""What moves with every edit, in lower case."""

EDITABLE: Final = (
    *("code", "name", "abbrname", "sort_code", "domain_code", "industry", "address", "bank_open", "bank_acc_number"),
    *("contact", "phone", "fax", "mobile", "devliver_site", "end_date", "memo", "ccusexch_name", "bcusdomestic"),
    *("bcusoverseas", "bserviceattribute", "ccusmngtypecode", "spec_operator"),
    *(f"self_define{n}" for n in range(1, 17)),
)
"""The fields that an edit takes and a get gives: a whole card."""

ITEM_WIDTHS: Final[Mapping[str, int]] = MappingProxyType(
    {
        **{f"self_define{n}": 20 for n in range(1, 4)},
        **{f"self_define{n}": 60 for n in range(4, 7)},
        **{f"self_define{n}": 120 for n in range(7, 11)},
    }
)
"""Widths of the self-defined items of text, those of U8 13.0."""

WIDTHS: Final[Mapping[str, int]] = MappingProxyType({**ITEM_WIDTHS, "ccusmngtypecode": 32, "sort_code": 12})
"""The only fields that u8sync may ever write on purpose, and their widths. No setting adds to it."""

_TRUE: Final = frozenset({"1", "true"})
_FALSE: Final = frozenset({"0", "false"})


class Shown(NamedTuple):
    """A card as it is handed out: without what is personal, and in raw forms.

    Attributes:
        code: The customer; null when the card names none.
        stamp: ``timestamp`` as a whole number; null when it is missing or none that U8 can have.
        values: The fields of :data:`READABLE`, in their order.
    """

    code: str | None
    stamp: int | None
    values: tuple[str | None, ...]

    @property
    def version(self) -> str | None:
        """``stamp`` in the one form of row versions."""
        return None if self.stamp is None else rowversion_text(self.stamp)

    def value(self, field: str) -> str | None:
        """One field."""
        return self.values[_PLACE[field]]


def shown(card: Row) -> Shown:
    """What may be handed out of a card."""
    get = card.get
    values = tuple(
        [
            value if (value := get(low)) is None or form is None else form(value)
            for low, form in _PLAN  # a list, not a generator: this runs for every customer of a site
        ]
    )
    return Shown(get(CODE) or None, _stamp(card), values)


def raw(card: Row, field: str) -> str | None:
    """A field of a card as raw text; null when it is empty.

    Days become ``YYYY-MM-DD``, flags ``0`` and ``1``, numbers plain decimals. What has another form is left as it is:
    the mapping then says what is wrong with it.
    """
    value = card.get(field.lower())
    form = _FORMS[READABLE[field]]
    return value if value is None or form is None else form(value)


def _flag(value: str) -> str:
    low = value.strip().lower()
    return "1" if low in _TRUE else "0" if low in _FALSE else value


def _day(value: str) -> str:
    text = value.strip()
    if not text:
        return value
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        return value


def _number(value: str) -> str:
    try:
        number = Decimal(value.strip())
    except InvalidOperation:
        return value
    if not number.is_finite():
        return value
    return f"{number.normalize():f}" if number else "0"


def version_of(card: Row) -> str | None:
    """``timestamp`` in the one form of row versions; null when it is missing or no whole number."""
    value = _stamp(card)
    return None if value is None else rowversion_text(value)


def _stamp(card: Row) -> int | None:
    """Null also for one that no row of U8 can have: it would not fit into the cache."""
    value = whole(card.get("timestamp"))
    return value if value is not None and value < 1 << 63 else None


_FORMS: Final[Mapping[Kind, Callable[[str], str] | None]] = {
    "text": None,
    "date": _day,
    "flag": _flag,
    "number": _number,
}
_PLAN: Final = tuple((field.lower(), _FORMS[kind]) for field, kind in READABLE.items())
_PLACE: Final = {field: place for place, field in enumerate(READABLE)}

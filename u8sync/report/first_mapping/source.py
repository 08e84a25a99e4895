"""The account set that a first mapping is made for, and what is looked at in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from u8sync.domain.model import AccountSet, ColumnLimit, Glossary

__all__ = ["LISTED", "Source", "speaks_of_people"]

LISTED: Final = 20
"""Most values of an item that are named; more are free text, and may tell of persons."""

_PERSONAL: Final = re.compile(
    r"(?i)联系|姓名|电话|手机|传真|地址|邮|银行|开户|[账帐]号|身份证|微信|QQ|contact|phone|mobile|fax|address|mail|\bbank"
)
"""Captions of items that may hold what u8sync never reads: these are not looked at."""


def speaks_of_people(caption: str) -> bool:
    """Whether a self-defined item of this caption may hold contacts, banks or addresses."""
    return _PERSONAL.search(caption) is not None


@dataclass(frozen=True)
class Source:
    """The account set that a first mapping is made for.

    Attributes:
        account_set: Which one.
        way: Key of its column names.
        columns: What can be read.
        writable: What may be written.
        glossary: Its own words.
        fields: Field of a mapping -> way -> column, for what every account set has.
        items: The self-defined items, way -> column each.
    """

    account_set: AccountSet
    way: str
    columns: frozenset[str]
    writable: Mapping[str, ColumnLimit]
    glossary: Glossary
    fields: Mapping[str, Mapping[str, str]]
    items: Sequence[Mapping[str, str]]

    def to_count(self) -> tuple[str, ...]:
        """The columns whose values are counted; those whose captions speak of persons are not among them."""
        counted = [self.column("management_type"), self.column("category")]
        items = [
            column for column in self.item_columns() if not speaks_of_people(self.glossary.captions.get(column, ""))
        ]
        return (*(column for column in counted if column is not None), *items)

    def column(self, field: str) -> str | None:
        """The column of a field, where this account set has it."""
        column = self.fields.get(field, {}).get(self.way)
        return column if column in self.columns else None

    def names(self, field: str) -> Mapping[str, str]:
        """What U8 calls the codes of a field, as far as it tells."""
        return self.glossary.names.get(self.column(field) or "", {})

    def item_columns(self) -> tuple[str, ...]:
        """The columns of the self-defined items that can be read."""
        return tuple(item[self.way] for item in self.items if item.get(self.way) in self.columns)

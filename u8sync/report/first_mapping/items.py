"""The self-defined items of an account set, and which of them are meant for roles and tier: told, never guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from u8sync.domain.model import ColumnLimit
from u8sync.domain.survey import Count, Use, count_parts, count_values
from u8sync.report.first_mapping.source import LISTED, Source

__all__ = ["Item", "Obstacle", "items_of", "obstacle_of", "the_one_for_the_tier"]

_ROLES: Final = re.compile(r"(?i)角色|\broles?\b")
_TIERS: Final = re.compile(r"(?i)等级|级别|评级|分级|\b(?:tier|grade|level|rank|rating)\b")
_OTHER_TIERS: Final = re.compile(r"(?i)信用|价格|折扣|供应商|\b(?:credit|price|discount|vendor|supplier)\b")
_OURS: Final = re.compile(r"(?i)推荐|建议|\brecommend|\bu8sync\b")

Obstacle = Literal["closed", "list", "width", "used"]
"""Why an item cannot take the tier: it may not be written, its list lacks a tier, it is too short, or in use."""


@dataclass(frozen=True)
class Item:
    """A self-defined item.

    Attributes:
        column: Its column in this way into U8.
        columns: Its column in each way.
        caption: Null where U8 tells none.
        limit: What may be written into it; null: nothing.
        count: What stands in it; null: not looked at, because its caption speaks of persons.
        parts: The same when several values stand in one field, where that tells more; null where it does not.
    """

    column: str
    columns: Mapping[str, str]
    caption: str | None
    limit: ColumnLimit | None
    count: Count | None
    parts: Count | None = None

    @property
    def shown(self) -> tuple[Use, ...]:
        """The values that may be named: few, and none that one customer alone has."""
        count = self.parts or self.count
        if count is None or not count.complete:
            return ()
        return tuple(use for use in count.uses if use.customers > 1)

    @property
    def speaks_of_roles(self) -> bool:
        """Whether its caption says that roles stand in it."""
        return self._speaks_of(_ROLES)

    @property
    def speaks_of_tiers(self) -> bool:
        """Whether its caption says that a customer's tier stands in it, and not that of its credit or prices."""
        return self._speaks_of(_TIERS) and not self._speaks_of(_OTHER_TIERS)

    @property
    def speaks_of_ours(self) -> bool:
        """Whether its caption speaks of a recommendation."""
        return self._speaks_of(_OURS)

    @property
    def is_list(self) -> bool:
        """Whether it takes the values of a list only."""
        return self.limit is not None and self.limit.values is not None

    def _speaks_of(self, words: re.Pattern[str]) -> bool:
        return self.caption is not None and words.search(self.caption) is not None


def items_of(source: Source, raw: pl.DataFrame) -> Iterator[Item]:
    """Those that are set up, and those that hold something."""
    counted = set(source.to_count())
    for ways in source.items:
        column = ways.get(source.way)
        if column is None or column not in source.columns:
            continue
        caption = source.glossary.captions.get(column)
        count = count_values(raw, column, most=LISTED) if column in counted else None
        if caption is not None or (count is not None and count.customers) or _is_offered(source, column):
            parts = None if count is None or count.complete else count_parts(raw, column, most=LISTED)
            told = parts if parts is not None and parts.complete else None
            yield Item(column, ways, caption, source.writable.get(column), count, told)


def _is_offered(source: Source, column: str) -> bool:
    """Whether somebody said that the item may be written, where U8 itself tells no captions."""
    return not source.glossary.captions and column in source.writable


def obstacle_of(item: Item, tiers: Sequence[str]) -> Obstacle | None:
    """Why the item cannot take every tier, or should not; null when it can, and holds nothing else."""
    if item.limit is None or item.count is None:
        return "closed"
    if item.limit.values is not None and not item.limit.values.issuperset(tiers):
        return "list"
    if any(len(tier) > item.limit.width for tier in tiers):
        return "width"
    holds_tiers_only = item.count.complete and {use.value for use in item.count.uses} <= {*tiers}
    return None if holds_tiers_only else "used"


def the_one_for_the_tier(fitting: Sequence[Item], *, captions: bool) -> Item | None:
    """The one item that is meant for the tier; null when none is, or when several are and nothing tells them apart.

    Args:
        fitting: Items that can take it.
        captions: Whether U8 tells captions; where it does not, what the configuration lets be written was chosen by
            a person.
    """
    meant = [
        item for item in fitting if item.speaks_of_tiers or item.is_list or (not captions and item.caption is None)
    ]
    meant = [item for item in meant if item.speaks_of_ours] or meant
    meant = [item for item in meant if item.is_list] or meant
    return meant[0] if len(meant) == 1 else None

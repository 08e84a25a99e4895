"""What a first mapping says, decided from what an account set has: pure, and in no file's words yet.

Nothing is guessed. A code that U8 does not name means itself until somebody writes what it means; an item takes a role
or the tier only when its caption or its list of values says so, and never when that would replace other values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from u8sync.domain.model import AccountSet
from u8sync.domain.survey import count_values
from u8sync.report.first_mapping.items import Item, Obstacle, items_of, obstacle_of, the_one_for_the_tier
from u8sync.report.first_mapping.source import Source
from u8sync.report.first_mapping.tables import LONGEST_TABLE, TableDraft, classes, management_types, role_words

__all__ = ["USUAL_TIERS", "Draft", "draft_of"]

USUAL_TIERS: Final = ("潜在", "一般", "重要", "VIP")
"""The tiers of the policy that comes with u8sync, lowest first."""


@dataclass(frozen=True)
class Draft:
    """What a first mapping says.

    Attributes:
        account_set: Which account set it is for.
        way: The way into U8 that it was made through.
        customers: How many there are.
        fields: Field -> way -> column, for the fields that need no choice, in the order of the file.
        absent: Fields whose column this account set lacks.
        management_types: Null where there is no such column.
        unclassified: How many customers have no management type at all.
        classes: Top-level classes; null where their names are not known.
        roles: The item that holds the roles; null: none, or not certain.
        role_words: The roles in use; null when there are none, or too many to be named.
        role_choices: Items that could hold the roles.
        tier: The item that takes the tier; null: none, or not certain.
        tier_choices: Items that could take it.
        tier_obstacles: Items whose captions speak of tiers and that cannot take it, and why.
        tiers: Names of the tiers, lowest first.
        items: The items that are set up or filled.
    """

    account_set: AccountSet
    way: str
    customers: int
    fields: Mapping[str, Mapping[str, str]]
    absent: tuple[str, ...]
    management_types: TableDraft | None
    unclassified: int
    classes: TableDraft | None
    roles: Item | None
    role_words: TableDraft | None
    role_choices: tuple[Item, ...]
    tier: Item | None
    tier_choices: tuple[Item, ...]
    tier_obstacles: tuple[tuple[Item, Obstacle], ...]
    tiers: tuple[str, ...]
    items: tuple[Item, ...]


def draft_of(source: Source, raw: pl.DataFrame, tiers: Sequence[str]) -> Draft:
    """Decide what the mapping says.

    Args:
        source: The account set.
        raw: Its customers, with the columns of :meth:`Source.to_count`.
        tiers: Names of the tiers, lowest first.
    """
    management = source.column("management_type")
    types = None if management is None else count_values(raw, management, most=LONGEST_TABLE)
    fields = {name: ways for name, ways in source.fields.items() if source.way not in ways or source.column(name)}
    items = tuple(items_of(source, raw))
    role_choices = tuple(item for item in items if item.count is not None and item.speaks_of_roles)
    roles = role_choices[0] if len(role_choices) == 1 else None
    others = [(item, obstacle_of(item, tiers)) for item in items if item not in role_choices]
    fitting = tuple(item for item, obstacle in others if obstacle is None)
    return Draft(
        account_set=source.account_set,
        way=source.way,
        customers=raw.height,
        fields=fields,
        absent=tuple(name for name in source.fields if name not in fields),
        management_types=None if types is None else management_types(types, source.names("management_type")),
        unclassified=0 if types is None else raw.height - types.customers,
        classes=classes(source, raw),
        roles=roles,
        role_words=None if roles is None else role_words(raw, roles.column),
        role_choices=role_choices,
        tier=the_one_for_the_tier(fitting, captions=bool(source.glossary.captions)),
        tier_choices=fitting,
        tier_obstacles=tuple((item, why) for item, why in others if why is not None and item.speaks_of_tiers),
        tiers=tuple(tiers),
        items=items,
    )

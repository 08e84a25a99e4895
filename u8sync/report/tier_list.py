"""The lists of the tiers as files: a workbook with the service policy in front and a sheet a tier, or one CSV file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

from u8sync.domain.canonical import plain
from u8sync.domain.model import AccountSet, Window
from u8sync.domain.policy import Tier
from u8sync.domain.tier_lists import By, TierList
from u8sync.report.edge_words import edges_by_code, metric_title, number_format
from u8sync.report.rule_words import condition_words, quota_words
from u8sync.report.tables import Cell, Column, Table, save_csv, suffix_of
from u8sync.report.words import account_set_words, tier_name
from u8sync.text import Message, Translate, msg

__all__ = ["LIST_SUFFIXES", "ListsMade", "list_words", "rule_words", "save_lists"]

LIST_SUFFIXES: Final = (".xlsx", ".csv")

_SHEET_NAME: Final = 28
"""Excel takes 31 characters; a tier with more rows than a sheet takes gets further sheets with a number behind."""

_REFUSED: Final = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
"""Characters that no sheet's name may have."""


@dataclass(frozen=True)
class ListsMade:
    """The lists with what they were made from.

    Attributes:
        account_set: Of which account set.
        window: The days whose business counts.
        policy_file: Name of the policy file.
        by: Which tier counts.
        lists: One a tier.
        metrics: Those that can be shown.
    """

    account_set: AccountSet
    window: Window
    policy_file: str
    by: By
    lists: tuple[TierList, ...]
    metrics: tuple[str, ...]

    @property
    def notes(self) -> Sequence[tuple[Message, str | Message]]:
        """Where they come from, in names and values."""
        return (
            (msg("Account set"), account_set_words(self.account_set)),
            (msg("As of"), str(self.window.as_of)),
            (msg("Window"), msg("{start} to {end}", start=self.window.start, end=self.window.as_of)),
            (msg("Policy file"), self.policy_file),
            (msg("Lists by"), list_words(self.by)),
        )


def list_words(by: By) -> Message:
    """Which tier puts a customer on a list."""
    return msg("recommended tier") if by == "recommended" else msg("tier in U8")


def rule_words(tier: Tier) -> tuple[Message, ...]:
    """Who gets a tier."""
    if tier.without_business:
        return (msg("customers without business in the window"),)
    if not tier.conditions and tier.quota is None:
        return (msg("every other customer with business"),)
    quota = () if tier.quota is None else (quota_words(tier.quota),)
    return (*(condition_words(condition) for condition in tier.conditions), *quota)


def save_lists(path: Path, made: ListsMade, translate: Translate) -> int:
    """Write the lists in the format that the ending of ``path`` names; returns the number of customers.

    A workbook has the service policies on its first sheet, then a sheet a tier. CSV has all customers in one table,
    each with the service policy of its tier. Raises InputError when the file cannot be written.
    """
    if suffix_of(path, *LIST_SUFFIXES) == ".xlsx":
        return _save_workbook(path, made, translate)
    columns = (*_columns(made), Column("service", msg("Service policy"), width=60))
    rows = (
        (*row, None if one.tier is None else one.tier.service)
        for one in made.lists
        for row in _rows(one, translate, named=_named(made))
    )
    return save_csv(path, Table(msg("Customers by tier"), made.notes, columns, rows), translate)


def _save_workbook(path: Path, made: ListsMade, translate: Translate) -> int:
    from u8sync.report.xlsx import add_rows, add_sheet, open_workbook

    with open_workbook(path) as (book, looks):
        cover_name = translate(msg("Service policy"))
        cover = book.add_worksheet(cover_name)
        cover.set_column(0, 0, 22)
        cover.set_column(1, 1, 12)
        cover.set_column(2, 2, 44)
        cover.set_column(3, 3, 80)
        cover.write_string(0, 0, translate(msg("Customers by tier")), looks.title)
        at = add_rows(cover, 2, ((name, None, value) for name, value in made.notes), translate, looks)
        head = (msg("Tier"), msg("Customers"), msg("Who gets it"), msg("Service policy"))
        for position, title in enumerate(head):
            cover.write_string(at + 1, position, translate(title), looks.header)
        add_rows(cover, at + 2, (_cover_row(one, translate) for one in made.lists), translate, looks)
        cover.freeze_panes(at + 2, 1)
        taken = {cover_name.casefold()}
        return sum(
            add_sheet(
                book,
                _sheet_name(one, taken, translate),
                _columns(made),
                _rows(one, translate, named=_named(made)),
                translate=translate,
                looks=looks,
            )
            for one in made.lists
        )


def _cover_row(one: TierList, translate: Translate) -> tuple[str | int | Message | None, ...]:
    rule = None if one.tier is None else "; ".join(map(translate, rule_words(one.tier)))
    service = None if one.tier is None else one.tier.service
    return (tier_name(one.name), one.customers.height, rule, service)


def _sheet_name(one: TierList, taken: set[str], translate: Translate) -> Message:
    """A name that Excel takes and no other sheet has; ``taken`` gets it."""
    shown = tier_name(one.name)
    text = translate(shown) if isinstance(shown, Message) else shown
    base = _REFUSED.sub(" ", text).strip().strip("'")[:_SHEET_NAME].strip() or "-"
    name, number = base, 1
    # Excel keeps "History" for itself.
    while name.casefold() in taken or name.casefold() == "history":
        number += 1
        behind = f" ({number})"
        name = f"{base[: _SHEET_NAME - len(behind)]}{behind}"
    taken.add(name.casefold())
    return Message("{name}", {"name": name})


def _named(made: ListsMade) -> bool:
    """Whether any customer has a name: there is no empty column for a mapping without names."""
    return any(one.customers["name"].drop_nulls().len() for one in made.lists)


def _columns(made: ListsMade) -> tuple[Column, ...]:
    return (
        Column("code", msg("Customer"), width=16),
        *([Column("name", msg("Name"), width=32)] if _named(made) else []),
        Column("current", msg("Tier in U8"), width=14),
        Column("recommended", msg("Recommended tier"), width=16),
        Column("score", msg("Score"), "number", 10, "0.0000"),
        *(Column(name, metric_title(name), "number", 18, number_format(name)) for name in made.metrics),
        Column("borderline", msg("Borderline"), width=12),
        Column("edges", msg("Near which edge"), width=60),
    )


def _rows(one: TierList, translate: Translate, *, named: bool) -> Iterator[tuple[Cell, ...]]:
    near: Mapping[str, Sequence[Message]] = edges_by_code(one.edges)
    yes, no = translate(msg("yes")), translate(msg("no"))
    for code, name, current, recommended, score, borderline, *metrics in one.customers.iter_rows():
        yield (
            code,
            *([name] if named else []),
            current,
            recommended,
            _number(score),
            *map(_number, metrics),
            yes if borderline else no,
            "; ".join(map(translate, near.get(code, ()))) or None,
        )


def _number(value: Decimal | None) -> str | None:
    """The whole value without the zeros that the exact type carries, which Excel would count as digits."""
    return None if value is None else plain(value)

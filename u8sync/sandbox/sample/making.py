"""From an open account set to the file of a sample: read, choose, disguise, write."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from u8sync.backends.u8_schema import ARCHIVE, Customer
from u8sync.backends.ways import ITEMS, KNOWN_FIELDS
from u8sync.domain.mapping import CustomerMapping
from u8sync.domain.model import Facts, Glossary, Month, Window
from u8sync.domain.operators.lookup import Lookup
from u8sync.errors import InputError
from u8sync.ports import Backend, ColumnLimit, Progress
from u8sync.report.first_mapping.source import speaks_of_people
from u8sync.sandbox.account_set import CODE, NewAccountSet, SandboxSummary, Starts, Words, fixed_rows, new_account_set
from u8sync.sandbox.sample.archive import ColumnAccount, Customers, disguise_customers
from u8sync.sandbox.sample.books import Sales, sales_of
from u8sync.sandbox.sample.choice import choose
from u8sync.sandbox.sample.columns import TREATMENTS
from u8sync.sandbox.sample.disguise import Disguise
from u8sync.text import msg

__all__ = ["NAME", "SampleAccount", "Wish", "make_sample"]

NAME: Final = "u8sync 样本账套"


@dataclass(frozen=True)
class Wish:
    """What sample is wanted.

    Attributes:
        customers: How many; null: all.
        last: Last day of its business.
        months: Months that end with that day's month.
        jitter: Most that amounts are moved, percent.
        rare: A free value is kept where at least so many customers share it.
    """

    customers: int | None
    last: date
    months: int
    jitter: int
    rare: int


@dataclass(frozen=True)
class SampleAccount:
    """What a sample holds, and what it left in.

    Attributes:
        summary: The account set that was made.
        of: Customers of the original.
        wish: What was wanted.
        columns: What became of each column.
        posted: Months with posted cost.
        classes: Names of customer classes that were kept.
        captions: Captions of self-defined items that were kept.
        notes: What the reader of the original could not know, in English.
    """

    summary: SandboxSummary
    of: int
    wish: Wish
    columns: tuple[ColumnAccount, ...]
    posted: int
    classes: int
    captions: int
    notes: tuple[str, ...]


def make_sample(
    backend: Backend,
    file: Path,
    wish: Wish,
    disguise: Disguise,
    *,
    mapping: CustomerMapping | None,
    progress: Progress,
    overwrite: bool = False,
) -> SampleAccount:
    """Make a sample of an account set, which is only read.

    Args:
        backend: The account set.
        file: Where the sample shall be; it is there only when it is whole.
        wish: What is wanted.
        disguise: By which values are replaced.
        mapping: Values that its tables know are kept; null: there is none.
        progress: Hears how far it has come.
        overwrite: Whether a file that is there already is replaced.

    Raises:
        InputError: The archive is empty or smaller than what is wanted, or the file cannot be written.
    """
    names = _names_of(backend.way)
    glossary, writable = backend.glossary(), backend.writable()
    hidden = {names[c] for c, caption in glossary.captions.items() if c in names and speaks_of_people(caption)}
    read = {p: sql for p, sql in names.items() if p in backend.columns() and sql not in hidden and _is_read(sql)}
    raw = backend.customers(sorted(read), progress).rename(read)
    raw = raw.select("code", *(column for column in ARCHIVE if column in raw.columns))
    _refuse_impossible(raw.height, wish)
    months = [Month.of(wish.last).plus(-back) for back in reversed(range(wish.months))]
    facts = {month: backend.facts(Window(month.first, min(month.last, wish.last)), progress) for month in months}
    known = _known_to(mapping, backend.way, names)
    taken = choose(raw, wish.customers or raw.height, disguise, buyers=_buyers(facts.values()), mapped=sorted(known))
    chosen = raw.filter(pl.col("code").is_in(taken))
    customers = disguise_customers(chosen, disguise, jitter=wish.jitter, rare=wish.rare, known=known, hidden=hidden)
    words = _words(backend.way, raw, glossary, writable, hidden)
    posted = [month for month, one in facts.items() if one.posted is not None]
    with new_account_set(file, overwrite=overwrite) as target:
        starts = Starts(months[0].first, posted[0].first if posted else None, None)
        lineage = disguise.mark("\n".join(sorted(customers.codes)))
        version = fixed_rows(
            target, name=NAME, first=months[0].first, last=wish.last, starts=starts, lineage=lineage, words=words
        )
        _load_customers(target, customers, version)
        lines = _load_sales(target, facts, customers, disguise)
    summary = SandboxSummary(file, CODE, NAME, len(customers.rows), lines, months[0].first, wish.last)
    notes = tuple(dict.fromkeys(str(note) for one in facts.values() for note in one.notes))
    return SampleAccount(
        summary, raw.height, wish, customers.accounts, len(posted), len(words.classes), len(words.captions), notes
    )


def _names_of(way: str) -> Mapping[str, str]:
    """Column of this way into U8 -> column of the database."""
    if way == "sql":
        return {column: column for column in ARCHIVE}
    pairs = (*KNOWN_FIELDS.values(), *ITEMS)
    return {pair[way]: pair["sql"] for pair in pairs if way in pair and "sql" in pair}


def _is_read(column: str) -> bool:
    """The code comes with every customer, and names are made up."""
    return column != "cCusCode" and TREATMENTS[column] not in ("left_out", "name", "short_name")


def _refuse_impossible(customers: int, wish: Wish) -> None:
    if customers == 0:
        raise InputError(
            msg("The account set has no customers, so there is nothing to take a sample of"),
            hint=msg("Look at the account set that the configuration names: 'u8sync accounts'."),
        )
    if wish.customers is not None and wish.customers > customers:
        raise InputError(
            msg(
                "The account set has {count:,} customers, fewer than {wanted:,}", count=customers, wanted=wish.customers
            ),
            hint=msg("Leave --customers out to take all of them."),
        )


def _buyers(facts: Collection[Facts]) -> frozenset[str]:
    return frozenset(
        code
        for one in facts
        for code in one.frame.filter(
            (pl.col("orders") > 0) | (pl.col("invoices") > 0) | pl.col("revenue").is_not_null()
        )["code"]
    )


def _known_to(mapping: CustomerMapping | None, way: str, names: Mapping[str, str]) -> Mapping[str, frozenset[str]]:
    """Column of the database -> the values that the mapping's tables list for it."""
    known: dict[str, frozenset[str]] = {}
    for field in () if mapping is None else mapping.fields:
        column = names.get(field.columns.get(way, ""))
        tables = [step.operator.table for step in field.steps if isinstance(step.operator, Lookup)]
        if column is not None and tables:
            known[column] = frozenset(raw for table in tables if table.match == "exact" for raw in table.meanings)
    return known


def _words(
    way: str, raw: pl.DataFrame, glossary: Glossary, writable: Mapping[str, ColumnLimit], hidden: Collection[str]
) -> Words:
    """Classes and items as the original has them; a class that it has no name for is called by its code."""
    names = _names_of(way)
    of_columns = {names[column]: found for column, found in glossary.names.items() if column in names}
    classes = dict(of_columns.get("cCCCode", {}))
    used = raw["cCCCode"].drop_nulls().unique().to_list() if "cCCCode" in raw.columns else []
    classes |= {code.strip(): code.strip() for code in used if code.strip() and code.strip() not in classes}
    captions = {names[column]: caption for column, caption in glossary.captions.items() if column in names}
    limits = {names[column]: limit for column, limit in writable.items() if column in names}
    items = [pair["sql"] for pair in ITEMS]
    set_up = {column for column in (*captions, *limits) if column in items and column not in hidden}
    numbers: Sequence[tuple[int, str]] = [
        (items.index(column) + 1, column) for column in sorted(set_up, key=items.index)
    ]
    return Words(
        classes=sorted(classes.items()),
        captions={number: captions.get(column, f"自定义项{number}") for number, column in numbers},
        lengths={number: limits[column].width for number, column in numbers if column in limits},
        lists={
            number: sorted(values)
            for number, column in numbers
            if column in limits and (values := limits[column].values) is not None
        },
    )


def _load_customers(target: NewAccountSet, customers: Customers, version: int) -> None:
    rows = [(*row, version + at) for at, row in enumerate(customers.rows)]
    target.load(Customer, (*customers.columns, "pubufts"), rows)


def _load_sales(target: NewAccountSet, facts: Mapping[Month, Facts], customers: Customers, disguise: Disguise) -> int:
    sales = Sales(target, disguise)
    for month, one in facts.items():
        for taken in sorted(sales_of(one, month, customers.codes, customers.factors), key=lambda sale: sale.code):
            sales.take(taken)
    sales.close()
    return sales.invoice_lines

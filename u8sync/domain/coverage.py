"""What the value tables of a mapping cover: every value in the data, its number of customers, the line that decides.

What lives here: counting. What does not: what to write for a value that no line covers (``report/suggestions.py``),
and where the customers come from. The idea: a table judges what reaches it, after the operators before it, and a list
part by part; so the counting walks the same operators as a run does, over each distinct value once.

Values of fields without a table are nobody's business here: a customer's name is never among what is listed. Only dates
that cannot be read are, because somebody has to find them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast

import polars as pl

from u8sync.domain.conditions import all_hold
from u8sync.domain.mapping import CODE, CustomerMapping, Field, read_customers, source_of, sources, walk
from u8sync.domain.operators.lookup import Lookup, line_of
from u8sync.domain.tables import TableEntry, ValueTable
from u8sync.text import Message, Place, msg

__all__ = [
    "Coverage",
    "Status",
    "TableCoverage",
    "Unreadable",
    "ValueLine",
    "cover",
    "is_looked_at",
    "tables_of",
    "totals",
]

Status = Literal["mapped", "default", "kept", "unmapped", "empty"]
"""``mapped`` by a line; ``default`` and ``kept`` as the table says of what no line covers; ``unmapped``: an issue every
night; ``empty``: nothing stands there."""


@dataclass(frozen=True)
class ValueLine:
    """One value as it reaches a table.

    Attributes:
        value: The value; null for empty.
        customers: How many have it; for a list, how many have it among others.
        entry: The line of the table that decides; null when none does.
        meaning: What it comes to; null when it comes to nothing.
        status: Why.
    """

    value: str | None
    customers: int
    entry: TableEntry | None
    meaning: str | None
    status: Status


@dataclass(frozen=True)
class TableCoverage:
    """What one table covers in one field.

    Attributes:
        field: The field.
        table: The table.
        values: The values that reach it, the most frequent first, empty last.
        customers: Customers of the archive in whom the field counts.
        covered: Those of them who come out of the table without an issue.
        refused: Those whose value did not reach it, because an operator before it refused it.
    """

    field: Field
    table: ValueTable
    values: tuple[ValueLine, ...]
    customers: int
    covered: int
    refused: int

    @property
    def unmapped(self) -> tuple[ValueLine, ...]:
        """The values that no line covers, where the table does not say what they then mean."""
        return tuple(line for line in self.values if line.status == "unmapped")


@dataclass(frozen=True)
class Unreadable:
    """A value that another operator than a table cannot read.

    Attributes:
        field: The field.
        value: The value that reached the operator; null where the field's values are not shown.
        customers: How many have it.
        message: What is wrong with it.
        place: The operator's line in the mapping file.
    """

    field: Field
    value: str | None
    customers: int
    message: Message
    place: Place


@dataclass(frozen=True)
class Coverage:
    """What the tables of a mapping cover.

    Attributes:
        customers: Customers of the archive.
        covered: Those without an issue in any of the fields.
        fields: Field -> customers without an issue in it, for the fields that have a table or can refuse a value.
        tables: In the order of the fields and of their operators.
        unreadable: What other operators refused, the most frequent of a field first.
        not_read: Fields with a table that this way into U8 does not have.
        never_seen: Table -> its lines that decided nothing in any field, in the order of the file; without tables of
            which a field could not be read.
    """

    customers: int
    covered: int
    fields: Mapping[str, int]
    tables: tuple[TableCoverage, ...]
    unreadable: tuple[Unreadable, ...]
    not_read: tuple[Field, ...]
    never_seen: Mapping[str, tuple[TableEntry, ...]]

    @property
    def whole(self) -> bool:
        """Whether every customer is covered."""
        return self.covered == self.customers

    def only(self, field: str) -> Coverage:
        """What concerns one field; a line of a shared table is never seen only when no field saw it."""
        tables = tuple(each for each in self.tables if each.field.name == field)
        names = {each.table.name for each in tables}
        return Coverage(
            customers=self.customers,
            covered=self.fields.get(field, self.customers),
            fields={name: count for name, count in self.fields.items() if name == field},
            tables=tables,
            unreadable=tuple(each for each in self.unreadable if each.field.name == field),
            not_read=tuple(each for each in self.not_read if each.name == field),
            never_seen={name: lines for name, lines in self.never_seen.items() if name in names},
        )


def tables_of(mapping: CustomerMapping) -> Mapping[str, ValueTable]:
    """Name -> value table, in the order in which the fields use them."""
    return {name: table for field in mapping.fields for name, table in _tables(field).items()}


def cover(raw: pl.DataFrame, mapping: CustomerMapping, way: str) -> Coverage:
    """Count what the tables cover.

    Args:
        raw: ``n × (code, *physical columns)``, all String; at least those of the fields that are looked at, and those
            that they are derived from.
        mapping: What to make of them.
        way: Which of the mapping's column names apply.
    """
    # Conditions and derived fields begin with what other fields come to.
    canonical, _ = read_customers(raw, mapping, way)
    work = sources(raw).hstack(canonical.drop(CODE, "set_aside"))
    tables: list[TableCoverage] = []
    unreadable: list[Unreadable] = []
    not_read: list[Field] = []
    wrong: dict[str, pl.Series] = {}
    for field in mapping.fields:
        if field.name == CODE or not is_looked_at(field):
            continue
        source = source_of(field, way, raw.columns)
        if source is None:
            not_read += [field] if _tables(field) else []
            continue
        counts = all_hold(field.only_if)
        # The whole field once for each distinct value: a million customers have a few hundred of them.
        each = work.select(counts.alias("counts"), pl.col(source).alias("raw"))
        distinct = each.filter("counts").group_by("raw").agg(pl.len().alias("customers"))
        walk = _Walk(field, distinct)
        spread = each.join(walk.wrong, on="raw", how="left", nulls_equal=True, maintain_order="left")
        wrong[field.name] = spread.select(pl.col("counts") & pl.col("wrong"))["counts"]
        tables += (_count(distinct, field, stop) for stop in walk.tables)
        unreadable += _refusals(distinct, field, walk.refusals)
    issues = {name: int(marks.sum()) for name, marks in wrong.items()}
    any_issue = work.select(pl.any_horizontal(*map(pl.lit, wrong.values()), pl.lit(value=False)).alias("any"))["any"]
    return Coverage(
        customers=raw.height,
        covered=raw.height - int(any_issue.sum()),
        fields={name: raw.height - count for name, count in issues.items()},
        tables=tuple(tables),
        unreadable=tuple(unreadable),
        not_read=tuple(not_read),
        never_seen=_never_seen(tables, {name for field in not_read for name in _tables(field)}),
    )


def _never_seen(tables: Sequence[TableCoverage], blind: Collection[str]) -> Mapping[str, tuple[TableEntry, ...]]:
    """The lines that decided nothing, but for the tables of fields that could not be read."""
    seen: dict[str, set[TableEntry]] = {}
    for each in tables:
        seen.setdefault(each.table.name, set()).update(line.entry for line in each.values if line.entry)
    lines = {each.table.name: each.table.entries for each in tables if each.table.name not in blind}
    return {name: tuple(entry for entry in each if entry not in seen[name]) for name, each in lines.items()}


def totals(parts: Iterable[TableCoverage]) -> tuple[Mapping[TableEntry, int], Mapping[str, ValueLine]]:
    """What several fields have of one table; a customer counts once in each field.

    Returns:
        Line -> customers, and the values that no line covers, the most frequent first.
    """
    lines: dict[TableEntry, int] = {}
    others: dict[str, ValueLine] = {}
    for line in (line for part in parts for line in part.values):
        if line.entry is not None:
            lines[line.entry] = lines.get(line.entry, 0) + line.customers
        elif line.value is not None:
            before = others[line.value].customers if line.value in others else 0
            others[line.value] = ValueLine(line.value, before + line.customers, None, line.meaning, line.status)
    return lines, dict(sorted(others.items(), key=lambda item: (-item[1].customers, item[0])))


def _tables(field: Field) -> Mapping[str, ValueTable]:
    lookups = (step.operator for step in field.steps if isinstance(step.operator, Lookup))
    return {lookup.table.name: lookup.table for lookup in lookups}


def is_looked_at(field: Field) -> bool:
    """Whether a value of the field can be refused, by a table or by another operator."""
    return bool(_tables(field)) or any(step.operator.refuses(pl.col("raw")) is not None for step in field.steps)


@dataclass(frozen=True)
class _Stop:
    """A table on the way of a field, and what reaches it.

    Attributes:
        lookup: The table.
        reached: ``n × (raw, customers, value, before, refused)``: the value that reaches it, whether an operator before
            refused that, and whether it does.
    """

    lookup: Lookup
    reached: pl.DataFrame


class _Walk:
    """A field's operators, one after the other, over ``n × (raw, customers)``.

    Attributes:
        tables: Its tables.
        refusals: What reaches another operator, as in :attr:`_Stop.reached`, with the complaint and its place.
        wrong: ``n × (raw, wrong)``: whether a customer with that value has an issue in this field.
    """

    def __init__(self, field: Field, distinct: pl.DataFrame) -> None:
        self.tables: list[_Stop] = []
        self.refusals: list[tuple[pl.DataFrame, Message, Place]] = []
        before, last = pl.repeat(value=False, n=distinct.height, eager=True), distinct["raw"]
        for stage in walk(last, field):
            seen = (stage.reached.alias("value"), before.alias("before"), stage.refused.alias("refused"))
            reached = distinct.with_columns(*seen)
            if isinstance(stage.step.operator, Lookup):
                self.tables.append(_Stop(stage.step.operator, reached))
            elif stage.complaint is not None:
                self.refusals.append((reached, stage.complaint, stage.step.place))
            before, last = before | stage.refused, stage.result
        if field.required and field.default is None:
            before |= last.is_null()
        self.wrong = distinct.select("raw", before.alias("wrong"))


def _count(distinct: pl.DataFrame, field: Field, stop: _Stop) -> TableCoverage:
    """Count what reaches one table; ``distinct`` is ``n × (raw, customers)``."""
    table, must = stop.lookup.table, field.required and field.default is None
    value, before = pl.col("value"), pl.col("before")
    reached = stop.reached.with_columns((before | pl.col("refused") | (value.is_null() & pl.lit(must))).alias("wrong"))
    there = reached.filter(value.is_not_null()).select("value", "customers")
    if stop.lookup.many:
        there = there.with_columns(value.list.unique()).explode("value")
    counted = (
        there.group_by("value")
        .agg(pl.col("customers").sum())
        .with_columns(line_of(table, value).alias("line"))
        .sort(pl.col("customers"), "value", descending=[True, False])
    )
    lines = [_line(table, text, count, line) for text, count, line in counted.iter_rows()]
    empty = _sum(reached, value.is_null() & ~before)
    if empty:
        lines.append(ValueLine(None, empty, None, field.default, "empty"))
    return TableCoverage(
        field,
        table,
        tuple(lines),
        int(distinct["customers"].sum()),
        covered=_sum(reached, ~pl.col("wrong")),
        refused=_sum(reached, before),
    )


def _sum(frame: pl.DataFrame, which: pl.Expr) -> int:
    return int(frame.filter(which)["customers"].sum())


_OTHERS: Final[Mapping[str, Status]] = {"issue": "unmapped", "keep": "kept", "default": "default"}


def _line(table: ValueTable, value: str, customers: int, index: int | None) -> ValueLine:
    if index is not None:
        entry = table.entries[index]
        return ValueLine(value, customers, entry, entry.canonical, "mapped")
    status = _OTHERS[table.unmapped]
    meaning = {"default": table.default, "kept": value}.get(status)
    return ValueLine(value, customers, None, meaning, status)


def _refusals(
    distinct: pl.DataFrame, field: Field, refusals: Sequence[tuple[pl.DataFrame, Message, Place]]
) -> Iterator[Unreadable]:
    """What the operators other than tables refuse; values only of dates, and of fields that have a table."""
    shown = field.kind == "date" or bool(_tables(field))
    for reached, message, place in refusals:
        found = reached.filter("refused").select(
            (pl.col("value").cast(pl.String) if shown else pl.lit(None, dtype=pl.String)).alias("value"), "customers"
        )
        counted = found.group_by("value").agg(pl.col("customers").sum())
        for text, count in counted.sort("customers", "value", descending=[True, False]).iter_rows():
            yield Unreadable(field, cast("str | None", text), count, message, place)
    if field.required and field.default is None and not _tables(field):
        empty = _sum(distinct, pl.col("raw").is_null())
        if empty:
            yield Unreadable(field, None, empty, msg("is empty, and the field is required"), field.place)

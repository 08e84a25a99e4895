"""What in a mapping file decided each value: the line of a table, the rule, the condition, the operator, the field.

What lives here: following each value once more on its way through the operators, to name places. What does not: the
values themselves (``mapping.py``). For a handful of customers, such as the cases of a test: each gets an object of
its own for each field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from u8sync.domain.conditions import all_hold
from u8sync.domain.mapping import CODE, CustomerMapping, Field, in_order_of_need, source_of, sources, walk
from u8sync.domain.operators.lookup import Lookup, line_of
from u8sync.domain.tables import ValueTable
from u8sync.text import Place

__all__ = ["Trail", "trails_of"]


@dataclass(frozen=True)
class Trail:
    """The way of one customer's value through one field.

    Attributes:
        decided: The places that say why the value is what it is; never empty. For a list, those of all its parts.
        passed: The places of the lines of value tables and of the rules that had a part in it.
    """

    decided: tuple[Place, ...]
    passed: frozenset[Place] = frozenset()


def trails_of(
    raw: pl.DataFrame, canonical: pl.DataFrame, mapping: CustomerMapping, way: str
) -> Mapping[str, Sequence[Trail]]:
    """Field -> the trail of each customer, in the order of the frames.

    Args:
        raw: What was read, see :func:`u8sync.domain.mapping.read_customers`.
        canonical: What came out.
        mapping: What was made of it.
        way: Which of the mapping's column names apply.
    """
    work = sources(raw).hstack(canonical.drop(CODE, "set_aside"))
    found: dict[str, list[Trail]] = {}
    for layer in in_order_of_need(mapping.fields):
        for field in layer:
            steps = _Steps(field, source_of(field, way, raw.columns), work)
            rows = work.select(CODE, *steps.columns).rows(named=True)
            found[field.name] = [
                steps.trail(row, found[field.from_field][index] if field.from_field else None)
                for index, row in enumerate(rows)
            ]
    return found


class _Steps:
    """What must be known of each customer to tell one field's trail, as columns; and the telling."""

    def __init__(self, field: Field, source: str | None, work: pl.DataFrame) -> None:
        self._field = field
        self._tables: list[tuple[str, ValueTable]] = []
        self.columns: list[pl.Expr | pl.Series] = [
            (~condition.holds()).alias(f"fails:{number}") for number, condition in enumerate(field.only_if)
        ]
        if field.choose:
            rules = (
                pl.when(all_hold(rule.when)).then(pl.lit(number, dtype=pl.UInt32))
                for number, rule in enumerate(field.choose)
            )
            self.columns.append(pl.coalesce(*rules).alias("rule"))
        if source is not None:
            self.columns += self._walk(work[source])

    def _walk(self, start: pl.Series) -> Iterator[pl.Series]:
        yield start.is_not_null().alias("filled")
        value = pl.col("value")
        for number, stage in enumerate(walk(start, self._field)):
            if isinstance(stage.step.operator, Lookup):
                table, many = stage.step.operator.table, stage.step.operator.many
                lines = value.list.eval(line_of(table, pl.element())) if many else line_of(table, value)
                self._tables.append((f"lines:{number}", table))
                name = f"lines:{number}"
                yield stage.reached.alias("value").to_frame().select(lines.alias(name))[name]
                yield stage.reached.is_not_null().alias(f"{name}:reached")

    def trail(self, row: Mapping[str, Any], start: Trail | None) -> Trail:
        """The trail of one customer; ``start`` is that of the field that this one starts from, null: there is none."""
        field = self._field
        for number, condition in enumerate(field.only_if):
            if row[f"fails:{number}"]:
                return Trail((condition.place,))
        if field.choose:
            rule = None if row["rule"] is None else field.choose[row["rule"]].place
            return Trail((field.place,)) if rule is None else Trail((rule,), frozenset({rule}))
        decided = (field.place,) if start is None else start.decided
        if row.get("filled") and field.steps:
            decided = (field.steps[-1].place,)
        passed: set[Place] = set()
        for name, table in self._tables:
            if row[f"{name}:reached"]:
                found = row[name] if isinstance(row[name], list) else [row[name]]
                passed |= {table.entries[line].place for line in found if line is not None}
                decided = tuple(
                    dict.fromkeys(table.place if line is None else table.entries[line].place for line in found)
                )
        return Trail(decided, frozenset(passed))

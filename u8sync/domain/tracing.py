"""One customer's way through the mapping, step by step: what came in, what each operator made of it, what decided.

The idea: the steps are the ones that a run takes, over a frame of one row; only the going is slower, because somebody
watches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

from u8sync.domain.conditions import Condition, all_hold
from u8sync.domain.mapping import (
    CODE,
    CustomerMapping,
    Field,
    Rule,
    Step,
    read_customers,
    source_of,
    sources,
    walk,
)
from u8sync.domain.operators import Canonical
from u8sync.domain.operators.lookup import Lookup, line_of
from u8sync.domain.tables import TableEntry, ValueTable
from u8sync.domain.tiers import CAUSE
from u8sync.domain.value_changes import value_changes
from u8sync.text import Message

__all__ = ["Found", "TracedField", "TracedStep", "trace"]

How = Literal["line", "default", "keep", "unmapped"]


@dataclass(frozen=True)
class Found:
    """What a table says of one value.

    Attributes:
        value: The value that was looked up.
        how: ``line`` a line covers it; ``default`` and ``keep`` as the table says of other values; ``unmapped`` no.
        table: The table.
        entry: The line that covers it; null when none does.
    """

    value: str
    how: How
    table: ValueTable
    entry: TableEntry | None


@dataclass(frozen=True)
class TracedStep:
    """One operator at work.

    Attributes:
        step: The operator and its line.
        value: What it made; null: nothing, or it refused.
        refused: What it complains about; null: nothing.
        found: What its table said, value by value; empty for other operators.
    """

    step: Step
    value: Canonical
    refused: Message | None
    found: tuple[Found, ...]


@dataclass(frozen=True)
class TracedField:
    """One field of the customer.

    Attributes:
        field: The field.
        column: The column of this way into U8 that it is read from; null when it is derived, or has none here.
        raw: What it starts with: the column's raw value as U8 holds it, or the value of the other field.
        unmet: Conditions that do not hold, so that the field is empty.
        rule: The rule that was chosen; null when there are none or none holds.
        steps: The operators, in their order.
        value: What it comes to; null: empty or not usable.
        defaulted: Whether that is the field's default.
        set_aside: Whether the customer is left out because of it.
        written: What would be written into the column, as far as the mapping alone decides; null: nothing, or what is
            there already. The tier is decided by the policy.
    """

    field: Field
    column: str | None
    raw: Canonical
    unmet: tuple[Condition, ...]
    rule: Rule | None
    steps: tuple[TracedStep, ...]
    value: Canonical
    defaulted: bool
    set_aside: bool
    written: str | None


def trace(values: Mapping[str, str | None], code: str, mapping: CustomerMapping, way: str) -> tuple[TracedField, ...]:
    """Follow one customer through the mapping.

    Args:
        values: Physical column -> raw value, as :class:`u8sync.ports.Reading` has them.
        code: The customer.
        mapping: The mapping.
        way: Which of the mapping's column names apply.

    Returns:
        The fields other than the code, in the order of the file.
    """
    raw = pl.DataFrame({CODE: [code], **{column: [value] for column, value in values.items()}}, infer_schema_length=1)
    raw = raw.with_columns(pl.col(column).cast(pl.String) for column in raw.columns)
    canonical, issues = read_customers(raw, mapping, way)
    work = sources(raw).hstack(canonical.drop(CODE))
    aside = {issue.field for issue in issues if issue.sets_aside}
    # As a run decides it, apart from tiers and from what the account set accepts.
    cause = pl.when("set_aside").then(pl.lit("set_aside")).alias(CAUSE)
    spelt, _ = value_changes(work.with_columns(cause), mapping, way, issues, {})
    written = {change.field: change.after for _, change in spelt}
    return tuple(
        _traced(field, raw, work, way, set_aside=field.name in aside, written=written.get(field.name))
        for field in mapping.fields
        if field.name != CODE
    )


def _traced(
    field: Field, raw: pl.DataFrame, work: pl.DataFrame, way: str, *, set_aside: bool, written: str | None
) -> TracedField:
    source = source_of(field, way, raw.columns)
    column = field.columns.get(way) if field.from_field is None and source is not None else None
    unmet = tuple(condition for condition in field.only_if if not _one(work, condition.holds()))
    start = raw[column].item() if column is not None else None if source is None else _one(work, pl.col(source))
    steps: tuple[TracedStep, ...] = ()
    if source is not None and not unmet:
        steps = _steps(field, work[source])
    final = _one(work, pl.col(field.name))
    reached = steps[-1].value if steps else (None if source is None else _one(work, pl.col(source)))
    rule = next((rule for rule in field.choose if _one(work, all_hold(rule.when))), None) if not unmet else None
    before_default = reached if not field.choose else None if rule is None else rule.value
    return TracedField(
        field=field,
        column=column,
        raw=_value(start),
        unmet=unmet,
        rule=rule,
        steps=steps,
        value=_value(final),
        defaulted=final is not None and (bool(unmet) or before_default is None),
        set_aside=set_aside,
        written=written,
    )


def _steps(field: Field, start: pl.Series) -> tuple[TracedStep, ...]:
    return tuple(
        TracedStep(
            step=stage.step,
            value=_value(stage.result.to_list()[0]),
            refused=stage.complaint if stage.refused[0] else None,
            found=_found(operator, _value(stage.reached.to_list()[0]))
            if isinstance(operator := stage.step.operator, Lookup)
            else (),
        )
        for stage in walk(start, field)
    )


def _found(lookup: Lookup, value: Canonical) -> tuple[Found, ...]:
    """What the table says of each part of a value."""
    parts = value if isinstance(value, tuple) else () if value is None else (str(value),)
    frame = pl.DataFrame({"part": list(parts)}, schema={"part": pl.String})
    table = lookup.table
    lines = frame.select(line_of(table, pl.col("part")).alias("line"))["line"].to_list()
    otherwise: How = "unmapped" if table.unmapped == "issue" else table.unmapped
    return tuple(
        Found(part, otherwise, table, None) if line is None else Found(part, "line", table, table.entries[line])
        for part, line in zip(parts, lines, strict=True)
    )


def _one(work: pl.DataFrame, value: pl.Expr) -> object:
    return work.select(value.alias("one"))["one"].to_list()[0]


def _value(value: object) -> Canonical:
    return tuple(value) if isinstance(value, list) else value  # type: ignore[return-value]

"""From raw columns to canonical fields, for all customers at once, and back for one value.

What lives here: the mapping as the engine uses it, and the one pass over the customers that applies it. What does not:
the YAML (``config/mapping_file.py``) and the operators (``domain/operators/``). The idea: a value that cannot be
used is an issue on that customer, with the line of the mapping file that says so; the run goes on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from u8sync.domain.conditions import Condition, all_hold
from u8sync.domain.frames import shared
from u8sync.domain.model import CustomerCode, Issue, bare_text
from u8sync.domain.operators import Canonical, Kind, Operator
from u8sync.domain.operators.lookup import Lookup
from u8sync.text import Message, Place, msg

__all__ = [
    "CODE",
    "CustomerMapping",
    "Field",
    "Rule",
    "Stage",
    "Step",
    "Write",
    "comes_back",
    "in_order_of_need",
    "raw_name",
    "read_customers",
    "source_of",
    "sources",
    "walk",
]

CODE: Final = "code"
"""The field that holds the customer's code; every mapping has it."""

Write = Literal["never", "tier", "canonical", "field"]
"""What u8sync writes into a field: nothing, the recommended tier, the field's own value spelt the canonical way, or the
value of another field (:attr:`Field.takes`)."""


@dataclass(frozen=True)
class Step:
    """One operator of a field, its line in the mapping file, and what stands there (``table: roles``)."""

    operator: Operator
    place: Place
    words: str = ""


@dataclass(frozen=True)
class Rule:
    """One rule of a field that is chosen: this value for the customers that meet all conditions and no rule before."""

    when: tuple[Condition, ...]
    value: str
    place: Place


@dataclass(frozen=True)
class Field:
    """One canonical field.

    A value comes from one of three: a column of this way into U8, another field, or rules. The operators then follow;
    rules have none.

    Attributes:
        name: Canonical name, e.g. ``management_type``.
        label: What people call it, e.g. 客户管理类型.
        columns: Way into U8 -> physical column there, e.g. ``{"sql": "cCusMngTypeCode"}``.
        steps: Operators, in reading order.
        kind: Kind of the canonical value.
        required: Whether a customer without a usable value is set aside.
        default: Canonical value for empty; null: none.
        write: What u8sync writes into it.
        place: Its line in the mapping file.
        from_field: The field whose value it starts from; null: none.
        choose: The rules, the first that holds decides; empty: there are none.
        only_if: Conditions without which the field is empty.
        takes: The field whose value is written into it; null unless ``write`` is ``field``.
        width: Most characters that are written into it, where the site wants fewer than the column holds; null: as many
            as that.
    """

    name: str
    label: str
    columns: Mapping[str, str]
    steps: tuple[Step, ...]
    kind: Kind
    required: bool
    default: str | None
    write: Write
    place: Place
    from_field: str | None = None
    choose: tuple[Rule, ...] = ()
    only_if: tuple[Condition, ...] = ()
    takes: str | None = None
    width: int | None = None

    @property
    def needs(self) -> frozenset[str]:
        """The fields that must be read before it."""
        conditions = (*self.only_if, *(condition for rule in self.choose for condition in rule.when))
        names = {condition.field for condition in conditions}
        return frozenset(names if self.from_field is None else {*names, self.from_field})

    def raw(self, value: Canonical) -> str | None:
        """The text to write into U8 for a canonical value. Raises ValueError when the mapping has no way back."""
        for step in reversed(self.steps):
            value = step.operator.write(value)
        if value is not None and not isinstance(value, str):
            raise ValueError(value)
        return value


@dataclass(frozen=True)
class CustomerMapping:
    """A mapping that was checked when it was loaded.

    Attributes:
        fields: In the order of the file; names are unique and :data:`CODE` is among them.
        digest: SHA-256 of the file's bytes, hex; of a chain of overlays: of their bytes one after the other, see
            ``config/overlays.py``.
    """

    fields: tuple[Field, ...]
    digest: str

    def field(self, name: str) -> Field | None:
        """The field of that name; null when the mapping has none."""
        return next((field for field in self.fields if field.name == name), None)

    def columns(self, way: str) -> Mapping[str, str]:
        """Field -> physical column, for the fields that this way into U8 has."""
        return {field.name: field.columns[way] for field in self.fields if way in field.columns}

    def read_from(self, names: Collection[str], way: str) -> frozenset[str]:
        """The physical columns that these fields are read from, by way of others too."""
        known = {field.name: field for field in self.fields}
        found: set[str] = set()
        seen: set[str] = set()
        left = [name for name in names if name in known]
        while left:
            field = known[left.pop()]
            if field.name in seen:
                continue
            seen.add(field.name)
            if way in field.columns:
                found.add(field.columns[way])
            left += [name for name in field.needs if name in known]
        return frozenset(found)


def in_order_of_need(fields: tuple[Field, ...]) -> tuple[tuple[Field, ...], ...]:
    """The fields in layers, each after those that it needs. A field in a circle of needs is in none."""
    layers: list[tuple[Field, ...]] = []
    done: set[str] = {CODE}
    left = [field for field in fields if field.name != CODE]
    while ready := tuple(field for field in left if field.needs <= done):
        layers.append(ready)
        done |= {field.name for field in ready}
        left = [field for field in left if field not in ready]
    return tuple(layers)


def source_of(field: Field, way: str, columns: Collection[str]) -> str | None:
    """The column of the frame in the making that a field starts from; null: it has none in this way, or has rules.

    Args:
        field: The field.
        way: Which of the mapping's column names apply.
        columns: The physical columns that were read.
    """
    if field.from_field is not None:
        return field.from_field
    column = field.columns.get(way)
    return raw_name(column) if column is not None and column in columns else None


def sources(raw: pl.DataFrame) -> pl.DataFrame:
    """The frame in the making: the code, and each physical column as :func:`raw_name` calls it, as U8 means it."""
    physical = [column for column in raw.columns if column != CODE]
    return raw.select(CODE, *(bare_text(pl.col(column)).alias(raw_name(column)) for column in physical))


def raw_name(column: str) -> str:
    """The name of a physical column beside canonical ones."""
    return column if column == CODE else f"raw:{column}"


def read_customers(raw: pl.DataFrame, mapping: CustomerMapping, way: str) -> tuple[pl.DataFrame, tuple[Issue, ...]]:
    """Turn raw columns into canonical fields.

    Args:
        raw: ``n × (code, *physical columns)``, all String, as :meth:`u8sync.ports.Backend.customers` gives them.
        mapping: What to make of them.
        way: Which of the mapping's column names apply.

    Returns:
        The canonical frame, ``n × (code, *fields, set_aside)``, in the order of ``raw``: fields are String, Date or
        List(String), null where unknown or empty; ``set_aside`` is true for customers with an issue on a required
        field. A field whose column ``raw`` lacks is null throughout. And the issues, ordered by code and field.
    """
    work = sources(raw)
    physical = frozenset(raw.columns)
    set_aside: list[pl.Series] = []
    issues: list[Issue] = []
    for field in (field for layer in in_order_of_need(mapping.fields) for field in layer):
        source = source_of(field, way, physical)
        if source is None and not field.choose:
            work = work.with_columns(pl.lit(None, dtype=_DTYPES[field.kind]).alias(field.name))
            continue
        value, complaints = _read(field, source, work)
        work = work.with_columns((value if source is None else shared(value, work[source])).alias(field.name))
        for complaint in complaints:
            issues += _issues(raw, work, complaint, way)
            if field.required:
                set_aside.append(complaint.refused)
    names = [field.name for field in mapping.fields if field.name != CODE]
    aside = pl.any_horizontal(*map(pl.lit, set_aside), pl.lit(value=False)).alias("set_aside")
    return work.select(CODE, *names, aside), tuple(sorted(issues, key=lambda issue: (issue.code, issue.field)))


_DTYPES: Final[Mapping[Kind, pl.DataType]] = {"text": pl.String(), "date": pl.Date(), "list": pl.List(pl.String())}


@dataclass(frozen=True)
class _Complaint:
    """What is wrong with raw values: of which customers, the sentence, and the line of the mapping that says so."""

    field: Field
    refused: pl.Series
    message: Message
    place: Place


def _read(field: Field, source: str | None, work: pl.DataFrame) -> tuple[pl.Series, list[_Complaint]]:
    """The canonical values of a field of the frame in the making, and what is wrong with raw ones, if anything is."""
    counts = all_hold(field.only_if)
    start = work.select(pl.when(counts).then(_chosen(field) if source is None else pl.col(source)).alias(_VALUE))
    values = _all_steps(start, field) if field.steps else start
    complaints = [
        _Complaint(field, values[mark], refusal[1], step.place)
        for mark, step in zip(_marks(field), field.steps, strict=True)
        if mark in values.columns and (refusal := step.operator.refuses(pl.col(_VALUE))) is not None
    ]
    value = pl.lit(values[_VALUE])
    # A refused value stays unknown: the default stands for an empty value, not for a wrong one.
    refused = pl.any_horizontal(*(pl.lit(each.refused) for each in complaints), pl.lit(value=False))
    empty = counts & value.is_null() & ~refused
    if field.default is not None:
        default: pl.Expr = pl.lit(field.default)
        default = pl.concat_list(default) if field.kind == "list" else default
        return work.select(pl.when(empty).then(default).otherwise(value).alias(_VALUE))[_VALUE], complaints
    if field.required:
        lacks = work.select(empty.alias(_VALUE))[_VALUE]
        if lacks.any():
            message = msg("is empty, and the field is required")
            complaints.append(_Complaint(field, lacks, message, field.place))
    return values[_VALUE], complaints


_VALUE: Final = "value"


def _marks(field: Field) -> list[str]:
    """Step by step, the column that says which values it refuses."""
    return [f"refused:{number}" for number in range(len(field.steps))]


def _all_steps(start: pl.DataFrame, field: Field) -> pl.DataFrame:
    """All operators of a field over the column ``value``: what it comes to, and a mark for each step that refuses any.

    Dates and what a table knows are few values that many customers share: each of them goes through once.
    """
    shared = field.kind != "text" or any(isinstance(step.operator, Lookup) for step in field.steps)
    if not shared:
        return _stepwise(start, field)
    raw = start.rename({_VALUE: "raw"})
    distinct = raw.unique()
    passed = _stepwise(distinct.rename({"raw": _VALUE}), field).hstack(distinct)
    return raw.join(passed, on="raw", how="left", nulls_equal=True, maintain_order="left")


def _stepwise(frame: pl.DataFrame, field: Field) -> pl.DataFrame:
    value, marks = frame[_VALUE], {}
    for mark, stage in zip(_marks(field), walk(value, field), strict=True):
        value = stage.result
        if stage.refused.any():
            marks[mark] = stage.refused
    return frame.with_columns(value.alias(_VALUE), **marks)


@dataclass(frozen=True)
class Stage:
    """One operator of a field at work on a column of values.

    Attributes:
        step: The operator.
        reached: The values that reach it.
        refused: Which of them it refuses, Boolean, never null.
        complaint: What it says of those; null when it never refuses.
        result: What it makes of them.
    """

    step: Step
    reached: pl.Series
    refused: pl.Series
    complaint: Message | None
    result: pl.Series


def walk(values: pl.Series, field: Field) -> Iterator[Stage]:
    """The operators of a field, one after the other.

    An operator names its value several times over: a single expression of all of them would compute it as many times,
    twice as long with every further operator.
    """
    value = pl.col(_VALUE)
    for step in field.steps:
        refusal = step.operator.refuses(value)
        refused = pl.lit(value=False) if refusal is None else refusal[0].fill_null(value=False)
        worked = (
            values.alias(_VALUE)
            .to_frame()
            .with_columns(refused.alias("refused"), step.operator.read(value).alias("result"))
        )
        yield Stage(step, values, worked["refused"], None if refusal is None else refusal[1], worked["result"])
        values = worked["result"]


def _chosen(field: Field) -> pl.Expr:
    """The value of the first rule that holds."""
    # One beside the other: a choice inside a choice, some thousand deep, takes polars minutes.
    rules = (pl.when(all_hold(rule.when)).then(pl.lit(rule.value)) for rule in field.choose)
    return pl.coalesce(*rules, pl.lit(None, dtype=pl.String))


def _issues(raw: pl.DataFrame, work: pl.DataFrame, complaint: _Complaint, way: str) -> Iterator[Issue]:
    """One complaint, customer by customer; the value is shown as it stands in U8, blanks and all."""
    field = complaint.field
    if field.choose:
        shown = pl.Series("value", [None], dtype=pl.String).new_from_index(0, work.height)
    else:
        shown = work[field.from_field] if field.from_field is not None else raw[field.columns[way]]
    rows = work.select(CODE, shown.alias(_VALUE)).filter(complaint.refused)
    for code, value in rows.iter_rows():
        text = ", ".join(value) if isinstance(value, list) else None if value is None else str(value)
        yield Issue(CustomerCode(code), field.name, text, complaint.message, complaint.place, sets_aside=field.required)


def comes_back(field: Field, value: Canonical) -> bool:
    """Whether a canonical value, written and read again, is itself; else it would be written again every night."""
    try:
        raw = field.raw(value)
    except ValueError:
        return False
    start = pl.DataFrame({_VALUE: [raw]}, schema={_VALUE: pl.String})
    again = _stepwise(start, field)[_VALUE].item()
    return (tuple(again) if isinstance(again, pl.Series | list) else again) == value

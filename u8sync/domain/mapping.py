"""From raw columns to canonical fields, for all customers at once, and back for one value.

What lives here: the mapping as the engine uses it, and the one pass over the customers that applies it. What does
not: the YAML (``config/mapping_file.py``) and the operators (``domain/operators/``). The idea: a value that cannot be
used is an issue on that customer, with the line of the mapping file that says so; the run goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from u8sync.domain.model import CustomerCode, Issue
from u8sync.domain.operators import Canonical, Kind, Operator
from u8sync.text import Message, Place, msg

__all__ = ["CODE", "CustomerMapping", "Field", "Step", "Write", "comes_back", "read_customers"]

CODE: Final = "code"
"""The field that holds the customer's code; every mapping has it."""

Write = Literal["never", "tier", "canonical"]
"""What u8sync writes into a field: nothing, the recommended tier, or the field's own value spelt the canonical way."""


@dataclass(frozen=True)
class Step:
    """One operator of a field, and its line in the mapping file."""

    operator: Operator
    place: Place


@dataclass(frozen=True)
class Field:
    """One canonical field.

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
        digest: SHA-256 of the file's bytes, hex.
    """

    fields: tuple[Field, ...]
    digest: str

    def field(self, name: str) -> Field | None:
        """The field of that name; null when the mapping has none."""
        return next((field for field in self.fields if field.name == name), None)

    def columns(self, way: str) -> Mapping[str, str]:
        """Field -> physical column, for the fields that this way into U8 has."""
        return {field.name: field.columns[way] for field in self.fields if way in field.columns}


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
    columns: list[pl.Expr] = [pl.col(CODE)]
    set_aside: list[pl.Expr] = []
    issues: list[Issue] = []
    for field in mapping.fields:
        if field.name == CODE:
            continue
        column = field.columns.get(way)
        if column is None or column not in raw.columns:
            columns.append(pl.lit(None, dtype=_DTYPES[field.kind]).alias(field.name))
            continue
        value, complaints = _read(_bare(column), field)
        columns.append(value.alias(field.name))
        for complaint in complaints:
            issues += _issues(raw, column, field, complaint)
            if field.required:
                set_aside.append(complaint.refused)
    frame = raw.select(*columns, pl.any_horizontal(*set_aside, pl.lit(value=False)).alias("set_aside"))
    return frame, tuple(sorted(issues, key=lambda issue: (issue.code, issue.field)))


_DTYPES: Final[Mapping[Kind, pl.DataType]] = {"text": pl.String(), "date": pl.Date(), "list": pl.List(pl.String())}


@dataclass(frozen=True)
class _Complaint:
    """What can be wrong with a raw value: which rows, the sentence, and the line of the mapping that says so."""

    refused: pl.Expr
    message: Message
    place: Place


def _bare(column: str) -> pl.Expr:
    """The raw values as U8 means them, see :func:`u8sync.domain.model.bare`."""
    text = pl.col(column).str.strip_chars_end(" \u3000")
    return pl.when(text != "").then(text)


def _read(value: pl.Expr, field: Field) -> tuple[pl.Expr, list[_Complaint]]:
    """The canonical value of a field, and what can be wrong with the raw one."""
    complaints: list[_Complaint] = []
    refused_before = pl.lit(value=False)
    for step in field.steps:
        refusal = step.operator.refuses(value)
        if refusal is not None:
            refused = refusal[0].fill_null(value=False)
            complaints.append(_Complaint(refused, refusal[1], step.place))
            refused_before = refused_before | refused
        value = step.operator.read(value)
    if field.default is not None:
        default: pl.Expr = pl.lit(field.default)
        # A refused value stays unknown: the default stands for an empty value, not for a wrong one.
        value = (
            pl.when(value.is_null() & ~refused_before)
            .then(pl.concat_list(default) if field.kind == "list" else default)
            .otherwise(value)
        )
    if field.required:
        empty = value.is_null() & ~refused_before
        complaints.append(_Complaint(empty, msg("is empty, and the field is required"), field.place))
    return value, complaints


def _issues(raw: pl.DataFrame, column: str, field: Field, complaint: _Complaint) -> Iterator[Issue]:
    rows = raw.filter(complaint.refused).select(pl.col(CODE), pl.col(column).alias("value"))
    for code, value in rows.iter_rows():
        yield Issue(
            CustomerCode(code), field.name, value, complaint.message, complaint.place, sets_aside=field.required
        )


def comes_back(field: Field, value: Canonical) -> bool:
    """Whether a canonical value, written and read again, is itself; else it would be written again every night."""
    try:
        raw = field.raw(value)
    except ValueError:
        return False
    read = pl.col("raw")
    for step in field.steps:
        read = step.operator.read(read)
    again = pl.DataFrame({"raw": [raw]}, schema={"raw": pl.String}).select(read.alias("again"))["again"].item()
    return (tuple(again) if isinstance(again, pl.Series | list) else again) == value

"""Changes of single values apart from the tier: canonical spellings, and another field's value."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import polars as pl

from u8sync.domain.mapping import CODE, CustomerMapping, Field, raw_name
from u8sync.domain.model import ColumnLimit, CustomerCode, Issue, bare, same
from u8sync.domain.operators import Canonical
from u8sync.domain.plan import FieldChange
from u8sync.domain.tiers import CAUSE
from u8sync.text import Message, msg

__all__ = ["value_changes"]


def value_changes(
    work: pl.DataFrame,
    mapping: CustomerMapping,
    way: str,
    issues: Collection[Issue],
    writable: Mapping[str, ColumnLimit],
) -> tuple[list[tuple[str, FieldChange]], list[Issue]]:
    """What is written apart from tiers: the canonical spelling of a field, or another field's value.

    Args:
        work: ``n × (code, *fields, cause)``, and the physical columns as :func:`u8sync.domain.mapping.raw_name` calls
            them. Customers with a cause are left alone.
        mapping: What is written where.
        way: Which of the mapping's column names apply.
        issues: What is wrong with the customers; a value with an issue is not spelt anew.
        writable: What the account set accepts in the columns.

    Returns:
        Customer and change, in the order of the mapping's fields; and the values that cannot be written.
    """
    changes: list[tuple[str, FieldChange]] = []
    refused: list[Issue] = []
    for field in mapping.fields:
        if field.write in ("canonical", "field") and way in field.columns:
            unusable = {issue.code for issue in issues if issue.field == field.name}
            spelt, unwritable = _value_changes(work, field, field.columns[way], unusable, writable)
            changes += spelt
            refused += unwritable
    return changes, refused


def _value_changes(
    work: pl.DataFrame, field: Field, column: str, unusable: Collection[str], writable: Mapping[str, ColumnLimit]
) -> tuple[list[tuple[str, FieldChange]], list[Issue]]:
    """The customers in whom a field gets its canonical spelling, or another field's value, if U8 takes that.

    What is to be written is worked out once for each pair of what stands there and what it shall be.
    """
    value = field.name if field.takes is None else field.takes
    candidates = work.filter(pl.col(CAUSE).is_null() & pl.col(value).is_not_null())
    if field.takes is None:
        candidates = candidates.filter(~pl.col(CODE).is_in(sorted(unusable)))
    pairs = candidates.select(
        CODE, pl.col(raw_name(column)).alias("before"), pl.col(field.name).alias("was"), pl.col(value).alias("value")
    )
    changes: list[tuple[str, FieldChange]] = []
    issues: list[Issue] = []
    grouped = pairs.group_by("before", "was", "value", maintain_order=True).agg(CODE)
    for before, was, becomes, codes in grouped.iter_rows():
        decided = _written(field, column, (before, _canonical(was)), _canonical(becomes), writable.get(column))
        if isinstance(decided, FieldChange):
            changes += [(code, decided) for code in codes]
        elif decided is not None:
            issues += [
                Issue(CustomerCode(code), field.name, before, decided, field.place, sets_aside=False) for code in codes
            ]
    return changes, issues


def _canonical(value: object) -> Canonical:
    return tuple(value) if isinstance(value, list) else value  # type: ignore[return-value]


def _written(
    field: Field, column: str, now: tuple[str | None, Canonical], value: Canonical, limit: ColumnLimit | None
) -> FieldChange | Message | None:
    """The change of a field that gets ``value``, the complaint when it cannot be written, null when it is there.

    ``now`` is what U8 holds, and what that means.
    """
    before, was = now
    if field.kind == "list" and isinstance(value, str):
        value = (value,)
    try:
        after = field.raw(value)
    except ValueError:
        return msg("'{value}' has no spelling in the field '{field}'", value=_words(value), field=field.name)
    # An empty field stays empty: a default is a reading aid, nobody asked to have it written.
    if after is None or same(before, after) or (field.takes is None and bare(before) is None):
        return None
    complaint = _unwritable(after, limit, field.width)
    if complaint is not None:
        return complaint
    rule = f"{field.place.file}:{field.place.line}"
    return FieldChange(field.name, column, before, after, was=_words(was), becomes=_words(value), rule=rule)


def _words(value: Canonical) -> str | None:
    """A canonical value as people read it."""
    return None if value is None else ", ".join(value) if isinstance(value, tuple) else str(value)


def _unwritable(value: str, limit: ColumnLimit | None, width: int | None) -> Message | None:
    """Why the account set, or the mapping's own ``width``, would not take the value; null when both would."""
    if limit is not None and len(value) > limit.width:
        return msg("would be longer than the {width} characters of the column", width=limit.width)
    if width is not None and len(value) > width:
        return msg("would be longer than the {width} characters that the mapping allows", width=width)
    if limit is not None and limit.values is not None and value not in limit.values:
        return msg("would be written as '{value}', which U8 does not allow there", value=value)
    return None

"""The effect of an edited mapping, in customers and not in lines: two mappings over the same data, compared.

Pure: the data were read once, and both mappings decided over them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from u8sync.domain.mapping import CODE, CustomerMapping, Field
from u8sync.domain.model import Issue
from u8sync.domain.plan import Change
from u8sync.domain.tiers import TIER

__all__ = ["EXAMPLES", "FieldEffect", "MappingDiff", "Moved", "Side", "compare"]

EXAMPLES = 5
"""So many customer codes stand beside a group as examples."""


@dataclass(frozen=True)
class Side:
    """What one mapping makes of the data.

    Attributes:
        mapping: The mapping.
        customers: Canonical frame with ``code``, the fields and ``set_aside``; with ``recommended`` when a policy
            decided.
        issues: Values that it cannot use.
        changes: What would be written; null when no policy decided.
    """

    mapping: CustomerMapping
    customers: pl.DataFrame
    issues: Sequence[Issue]
    changes: Sequence[Change] | None


@dataclass(frozen=True)
class Moved:
    """The customers that go from one value to another.

    Attributes:
        before: Value by the old mapping, as people read it; null: empty.
        after: Value by the new mapping; null: empty.
        customers: How many.
        examples: The codes of the first ones.
    """

    before: str | None
    after: str | None
    customers: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class FieldEffect:
    """What becomes of one field.

    Attributes:
        name: Canonical name.
        label: What the new mapping calls it, or the old one when it is gone.
        only_in: ``old`` or ``new`` when the other mapping does not have the field; null when both do.
        moved: The changes, the most frequent first; for a field of one side alone, all its values.
        issues: Customers with an issue in it, by the old and by the new mapping.
    """

    name: str
    label: str
    only_in: str | None
    moved: tuple[Moved, ...]
    issues: tuple[int, int]

    @property
    def customers(self) -> int:
        """How many customers get another value."""
        return sum(move.customers for move in self.moved)


@dataclass(frozen=True)
class MappingDiff:
    """The effect of an edit.

    Attributes:
        customers: Customers of the archive.
        changed: Those with another value in any field.
        fields: The fields with an effect, in the order of the new mapping, then those that are gone.
        issues: Customers with any issue, by the old and by the new mapping.
        set_aside: Customers that are left out, by the old and by the new mapping.
        tiers: Recommended tiers that change; empty when no policy decided.
        writes: Changes that would be written, by the old and by the new mapping; null when no policy decided.
        other_writes: Customers for whom something else would be written.
    """

    customers: int
    changed: int
    fields: tuple[FieldEffect, ...]
    issues: tuple[int, int]
    set_aside: tuple[int, int]
    tiers: tuple[Moved, ...]
    writes: tuple[int, int] | None
    other_writes: int

    @property
    def same(self) -> bool:
        """Whether the edit has no effect at all on these data."""
        return not self.fields and not self.tiers and not self.other_writes and self.set_aside[0] == self.set_aside[1]


def compare(old: Side, new: Side) -> MappingDiff:
    """Compare what two mappings make of the same customers."""
    left, right = _texts(old), _texts(new)
    both = left.rename(lambda name: name if name == CODE else f"old:{name}").join(
        right.rename(lambda name: name if name == CODE else f"new:{name}"), on=CODE, how="inner", validate="1:1"
    )
    order = [*_fields(new), *(name for name in _fields(old) if name not in _fields(new))]
    effects = [_effect(name, old, new, both) for name in order]
    differs = [
        pl.col(f"old:{name}").ne_missing(pl.col(f"new:{name}")) for name in order if _in(old, name) and _in(new, name)
    ]
    decided = old.changes is not None and new.changes is not None
    return MappingDiff(
        customers=both.height,
        changed=int(both.select(pl.any_horizontal(pl.lit(value=False), *differs).alias("any"))["any"].sum()),
        fields=tuple(effect for effect in effects if effect.moved or effect.only_in or _unlike(effect.issues)),
        issues=_pair(old, new, None),
        set_aside=(int(old.customers["set_aside"].sum()), int(new.customers["set_aside"].sum())),
        tiers=_moved(both, TIER) if decided else (),
        writes=(len(old.changes), len(new.changes)) if old.changes is not None and new.changes is not None else None,
        other_writes=_other_writes(old.changes or (), new.changes or ()),
    )


def _fields(side: Side) -> dict[str, Field]:
    return {field.name: field for field in side.mapping.fields if field.name != CODE}


def _in(side: Side, name: str) -> bool:
    return name in _fields(side)


def _unlike(pair: tuple[int, int]) -> bool:
    return pair[0] != pair[1]


def _texts(side: Side) -> pl.DataFrame:
    """The fields as people read them, String; null: empty."""
    texts = [
        (pl.col(name).list.join(", ") if field.kind == "list" else pl.col(name).cast(pl.String)).alias(name)
        for name, field in _fields(side).items()
    ]
    tier = [pl.col(TIER)] if TIER in side.customers.columns else []
    return side.customers.select(CODE, *texts, *tier)


def _effect(name: str, old: Side, new: Side, both: pl.DataFrame) -> FieldEffect:
    only_in = None if _in(old, name) and _in(new, name) else "old" if _in(old, name) else "new"
    if only_in is not None:
        nothing = f"{'new' if only_in == 'old' else 'old'}:{name}"
        both = both.with_columns(pl.lit(None, dtype=pl.String).alias(nothing))
    field = _fields(new).get(name) or _fields(old)[name]
    return FieldEffect(name, field.label, only_in, _moved(both, name), _pair(old, new, name))


def _moved(both: pl.DataFrame, name: str) -> tuple[Moved, ...]:
    before, after = pl.col(f"old:{name}"), pl.col(f"new:{name}")
    groups = (
        both.filter(before.ne_missing(after))
        .group_by(before.alias("before"), after.alias("after"))
        .agg(pl.len().alias("customers"), pl.col(CODE).sort().head(EXAMPLES).alias("examples"))
        .sort("customers", "before", "after", descending=[True, False, False], nulls_last=True)
    )
    return tuple(Moved(before, after, count, tuple(codes)) for before, after, count, codes in groups.iter_rows())


def _pair(old: Side, new: Side, field: str | None) -> tuple[int, int]:
    """Customers with an issue in a field (null: in any), on both sides."""
    counts = [
        len({issue.code for issue in side.issues if field is None or issue.field == field}) for side in (old, new)
    ]
    return counts[0], counts[1]


def _other_writes(old: Sequence[Change], new: Sequence[Change]) -> int:
    before = {change.code: dict(change.after) for change in old}
    after = {change.code: dict(change.after) for change in new}
    return sum(before.get(code) != after.get(code) for code in before.keys() | after.keys())

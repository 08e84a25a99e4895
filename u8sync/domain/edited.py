"""Tiers that a person changed in U8 since u8sync wrote them: what U8 holds against what the audit log says."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from u8sync.domain.mapping import CODE, CustomerMapping, Field, comes_back
from u8sync.domain.model import bare, bare_text
from u8sync.domain.movement import BASE, EDITED, Past
from u8sync.domain.policy import Policy

__all__ = ["changed_by_people", "edited_of", "edits", "written_tiers", "wrote_of"]


def edited_of(column: str) -> str:
    """Name of the column that says whether a person changed this physical column; never null."""
    return f"edited.{column}"


def wrote_of(column: str) -> str:
    """Name of the column with the raw value that u8sync wrote there last; null: nothing, or never."""
    return f"wrote.{column}"


def edits(raw: pl.DataFrame, columns: Sequence[str], written: pl.DataFrame) -> pl.DataFrame:
    """Compare.

    Args:
        raw: ``n × (code, *columns)`` as U8 holds them now.
        columns: Physical columns that take the tier.
        written: ``m × (code, column, value)``, what u8sync wrote last, see :class:`u8sync.domain.movement.Past`.

    Returns:
        ``n × (code, edited.<column>, wrote.<column>, ...)`` in the order of ``raw``. Blanks and case of nothing count:
        values are compared as U8 means them.
    """
    found = raw.select(CODE, *columns)
    for column in columns:
        known = written.filter(pl.col("column") == column).select(
            CODE, pl.col("value").alias(wrote_of(column)), pl.lit(value=True).alias(edited_of(column))
        )
        found = found.join(known, on=CODE, how="left", maintain_order="left", validate="1:1").with_columns(
            pl.col(edited_of(column)).fill_null(value=False)
            & bare_text(pl.col(column)).ne_missing(bare_text(pl.col(wrote_of(column))))
        )
    return found.drop(columns)


def written_tiers(mapping: CustomerMapping, way: str) -> tuple[Field, ...]:
    """The fields that take the recommended tier in this way into U8; what the first one holds is the present tier."""
    return tuple(field for field in mapping.fields if field.write == "tier" and way in field.columns)


def changed_by_people(
    raw: pl.DataFrame,
    canonical: pl.DataFrame,
    *,
    mapping: CustomerMapping,
    policy: Policy,
    way: str,
    past: Past,
    overwrite: bool,
) -> pl.DataFrame:
    """Whose tier a person changed since u8sync wrote it, whether it stays, and from which tier it moves if not.

    Args:
        raw: The archive as U8 holds it.
        canonical: The same by the mapping.
        mapping: Which fields take the tier.
        policy: What happens to tiers that people changed.
        way: Which of the mapping's column names apply.
        past: What u8sync wrote last.
        overwrite: Whether a person lets them be written over.

    Returns:
        ``n × (code, edited.<column>, wrote.<column>, ..., tier.edited, tier.base)``, see :func:`edits` and
        :func:`u8sync.domain.movement.move`.
    """
    fields = written_tiers(mapping, way)
    found = edits(raw, [field.columns[way] for field in fields], past.written)
    if not fields:
        return found.with_columns(pl.lit(value=False).alias(EDITED), pl.lit(None, dtype=pl.String).alias(BASE))
    edited = pl.any_horizontal(*(pl.col(edited_of(field.columns[way])) for field in fields))
    stays = policy.edited == "respect" or (policy.edited == "ask" and not overwrite)
    first = fields[0]
    # A policy that is only tried out may have a tier that the mapping cannot spell: u8sync never wrote that one.
    meaning = {bare(first.raw(tier.name)): tier.name for tier in policy.tiers if comes_back(first, tier.name)}
    wrote = bare_text(pl.col(wrote_of(first.columns[way]))).replace_strict(
        meaning, default=None, return_dtype=pl.String
    )
    held = canonical.select(CODE, pl.col(first.name).alias(BASE))
    return found.join(held, on=CODE, how="left", maintain_order="left", validate="1:1").with_columns(
        (edited & stays).alias(EDITED), pl.when(edited & (not stays)).then(wrote).otherwise(BASE).alias(BASE)
    )

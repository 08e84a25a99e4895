"""Tiers that a person changed in U8 since u8sync wrote them: what U8 holds against what the audit log says."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from u8sync.domain.mapping import CODE
from u8sync.domain.model import bare_text

__all__ = ["edited_of", "edits", "wrote_of"]


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

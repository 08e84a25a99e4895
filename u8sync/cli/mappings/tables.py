"""A value table by its name, and what the account set has of it: what the commands about single tables share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from u8sync.cli.session import Session
from u8sync.errors import InputError
from u8sync.text import msg

if TYPE_CHECKING:
    from u8sync.domain.coverage import TableCoverage
    from u8sync.domain.mapping import CustomerMapping
    from u8sync.domain.tables import ValueTable

__all__ = ["coverage_of", "table_named"]


def table_named(mapping: CustomerMapping, name: str, path: Path) -> ValueTable:
    """The value table of that name. Raises InputError when the mapping has none."""
    from u8sync.config.checking import did_you_mean
    from u8sync.domain.coverage import tables_of

    tables = tables_of(mapping)
    if name not in tables:
        raise InputError(
            msg("{path} has no value table '{table}'", path=str(path), table=name),
            hint=did_you_mean(name, tuple(tables)) or msg("It has no value table at all."),
        )
    return tables[name]


def coverage_of(
    session: Session, config: Path, data: Path | None, mapping: CustomerMapping, table: str
) -> tuple[list[TableCoverage], Mapping[str, str]]:
    """What the account set has of one table, field by field; and code -> what it calls it."""
    from u8sync.bootstrap.archive import read_archive
    from u8sync.domain.coverage import cover
    from u8sync.report.coverage import names_of

    archive = read_archive(config, data, mapping, session.progress())
    parts = [part for part in cover(archive.raw, mapping, archive.way).tables if part.table.name == table]
    return parts, {code: name for part in parts for code, name in names_of(part, archive.names).items()}

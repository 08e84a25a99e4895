"""``map coverage``: which values of the account set the value tables cover, and what to write for the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from u8sync.cli.mappings.options import data_option, mapping_option
from u8sync.cli.options import config_option, json_option
from u8sync.cli.session import Session
from u8sync.errors import ExitCode, InputError
from u8sync.text import N_, msg

if TYPE_CHECKING:
    from u8sync.domain.canonical import Json
    from u8sync.domain.coverage import Coverage, TableCoverage
    from u8sync.domain.mapping import CustomerMapping
    from u8sync.domain.tables import TableEntry
    from u8sync.report.coverage import Names

__all__ = ["coverage"]


@click.command(
    help=N_(
        "Show every value in the account set that a value table looks at: number of customers, meaning, line; which"
        " values no line covers, with lines ready to be pasted; and lines that no customer has. Values of fields"
        " without a table are not shown. Ends with 0 when every customer has usable values, 2 when some have not."
    ),
)
@config_option
@mapping_option
@data_option
@click.option("--field", "field", metavar="NAME", default=None, help=N_("Only this field."))
@click.option("--unmapped", "only_unmapped", is_flag=True, help=N_("Only the values that no line covers."))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help=N_("Also write all of it to this file; its ending says how: .csv, .xlsx, .html."),
)
@json_option
@click.pass_obj
def coverage(
    session: Session,
    *,
    config: Path,
    mapping: Path | None,
    data: Path | None,
    field: str | None,
    only_unmapped: bool,
    out: Path | None,
    as_json: bool,
) -> ExitCode:
    """Show which values the tables cover."""
    from u8sync.bootstrap.archive import mapping_of, read_archive
    from u8sync.domain.coverage import cover
    from u8sync.report.tables import suffix_of
    from u8sync.report.terminal.coverage import coverage_view

    if out is not None:
        suffix_of(out)
    loaded, path = mapping_of(config, mapping)
    _check_field(loaded, field)
    archive = read_archive(config, data, loaded, session.progress())
    found = cover(archive.raw, loaded, archive.way)
    names = archive.names
    if field is not None:
        found = found.only(field)
    if as_json:
        session.emit(json.dumps(_json(session, found, names), ensure_ascii=False, indent=1))
    else:
        view = coverage_view(found, names, session.translate, only_unmapped=only_unmapped)
        session.out.print(view, crop=False)
    if out is not None:
        _save(session, found, names, path, out, only_unmapped=only_unmapped)
    return ExitCode.DONE if found.whole else ExitCode.PENDING


def _check_field(mapping: CustomerMapping, field: str | None) -> None:
    """Raise InputError when there is no such field, or nothing to say about it."""
    from u8sync.domain.coverage import is_looked_at

    known = [each.name for each in mapping.fields if is_looked_at(each)]
    if field is not None and field not in known:
        raise InputError(
            msg("There is no field '{field}' with a value table", field=field),
            hint=msg("Fields that are looked at: {names}", names=", ".join(known) or "-"),
        )


def _save(session: Session, found: Coverage, names: Names, mapping: Path, out: Path, *, only_unmapped: bool) -> None:
    from u8sync.report.coverage import COLUMNS, coverage_rows
    from u8sync.report.tables import Table, save_table

    table = Table(
        msg("Coverage of the value tables"),
        [
            (msg("Mapping file"), str(mapping)),
            (msg("Customers"), f"{found.customers:,}"),
            (msg("Customers covered"), f"{found.covered:,}"),
            (msg("Command"), session.command),
        ],
        COLUMNS,
        coverage_rows(found, names, session.translate, only_unmapped=only_unmapped),
    )
    save_table(out, table, session.translate, session.language)
    session.aside(msg("Written: {path}", path=str(out)))


def _json(session: Session, found: Coverage, names: Names) -> dict[str, Json]:
    """The coverage for machines."""
    from u8sync.report.coverage import pastes

    return {
        "customers": found.customers,
        "covered": found.covered,
        "fields": dict(found.fields),
        "tables": [_table_json(part, names) for part in found.tables],
        "never_seen": {name: [_entry_json(one) for one in lines] for name, lines in found.never_seen.items()},
        "unreadable": [
            {
                "field": each.field.name,
                "value": each.value,
                "customers": each.customers,
                "message": str(each.message),
                "place": str(each.place),
            }
            for each in found.unreadable
        ],
        "not_read": [each.name for each in found.not_read],
        "to_paste": {name: list(each.lines) for name, each in pastes(found, names, session.translate).items()},
    }


def _table_json(part: TableCoverage, names: Names) -> Json:
    from u8sync.report.coverage import names_of
    from u8sync.report.suggestions import suggest

    known = names_of(part, names)
    values: list[Json] = []
    for line in part.values:
        asked = line.value if line.status == "unmapped" else None
        near = None if asked is None else suggest(asked, part.table, name=known.get(asked))
        values.append(
            {
                "value": line.value,
                "name": known.get(line.value or ""),
                "customers": line.customers,
                "meaning": line.meaning,
                "status": line.status,
                "line": None if line.entry is None else _entry_json(line.entry),
                "suggestion": None
                if near is None
                else {"meaning": near.meaning, "like": near.like, "score": near.score, "reason": near.reason},
            }
        )
    return {
        "field": part.field.name,
        "label": part.field.label,
        "table": part.table.name,
        "customers": part.customers,
        "covered": part.covered,
        "refused": part.refused,
        "values": values,
    }


def _entry_json(entry: TableEntry) -> Json:
    return {"left": entry.raw, "meaning": entry.canonical, "place": str(entry.place)}

"""``map export``: a value table to the sales office as a workbook."""

from __future__ import annotations

from pathlib import Path

import click

from u8sync.cli.mappings.options import data_option, mapping_option
from u8sync.cli.mappings.tables import coverage_of, table_named
from u8sync.cli.options import config_option
from u8sync.cli.session import Session
from u8sync.errors import ExitCode, InputError
from u8sync.text import N_, msg

__all__ = ["export"]


@click.command(
    help=N_(
        "Write a value table to an Excel file for the sales office: its lines, and the values of the account set that"
        " no line covers, each with its number of customers and a cell for the meaning. 'u8sync map import' takes it"
        " back."
    ),
)
@click.argument("table")
@click.option(
    "--out",
    metavar="FILE.xlsx",
    type=click.Path(path_type=Path),
    required=True,
    help=N_("The file; it must end in .xlsx."),
)
@click.option("--overwrite", is_flag=True, help=N_("Replace the file if it exists."))
@config_option
@mapping_option
@data_option
@click.pass_obj
def export(
    session: Session,
    *,
    table: str,
    out: Path,
    overwrite: bool,
    config: Path,
    mapping: Path | None,
    data: Path | None,
) -> ExitCode:
    """Write a value table to an Excel file."""
    from u8sync.bootstrap import shown
    from u8sync.bootstrap.archive import mapping_of
    from u8sync.domain.coverage import totals
    from u8sync.domain.table_sheet import sheet_rows
    from u8sync.report.table_sheet import save_table_sheet
    from u8sync.report.tables import suffix_of

    suffix_of(out, ".xlsx")
    if out.exists() and not overwrite:
        raise InputError(
            msg("{file} exists already and is left alone.", file=str(out)),
            hint=msg("Somebody may have filled it in. Name another file, or add --overwrite."),
        )
    loaded, path = mapping_of(config, mapping)
    found = table_named(loaded, table, path)
    parts, names = coverage_of(session, config, data, loaded, table)
    lines, others = totals(parts)
    rows = sheet_rows(found, lines, others, names)
    save_table_sheet(out, found, shown(path), rows)
    session.say(
        msg(
            "{path}: {lines} lines of the table '{table}' and {open} values that no line covers",
            path=str(out),
            lines=f"{len(found.entries):,}",
            table=table,
            open=f"{len(rows) - len(found.entries):,}",
        )
    )
    left_out = len(others) - (len(rows) - len(found.entries))
    if left_out:
        session.note(msg("{count} value(s) are left out, because no line of a table can cover them.", count=left_out))
    return ExitCode.DONE

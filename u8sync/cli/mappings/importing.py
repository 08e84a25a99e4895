"""``map import``: a filled-in workbook back into the mapping file."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

import click

from u8sync.cli.mappings.options import data_option, mapping_option
from u8sync.cli.mappings.tables import coverage_of, table_named
from u8sync.cli.options import config_option
from u8sync.cli.session import Session
from u8sync.errors import ExitCode, InputError, Problem
from u8sync.text import N_, Message, msg

if TYPE_CHECKING:
    from u8sync.config.table_edit import Edit
    from u8sync.domain.mapping import CustomerMapping
    from u8sync.domain.table_sheet import Change, Conflict, Exported, Merge
    from u8sync.domain.tables import ValueTable

__all__ = ["import_"]


@click.command(
    "import",
    help=N_(
        "Take an Excel file of 'u8sync map export' back into the mapping file. Meanings change in place, new lines come"
        " below the last one of the table, and everything else in the file stays as it is, comments among it. Values"
        " that do not exist are refused; so are lines that were changed in the mapping file meanwhile."
    ),
)
@click.argument("workbook", metavar="FILE.xlsx", type=click.Path(path_type=Path))
@config_option
@mapping_option
@data_option
@click.option("--new-meanings", is_flag=True, help=N_("Take meanings that the table does not have yet."))
@click.option("--remove-empty", is_flag=True, help=N_("Remove the lines whose meaning was emptied."))
@click.option("--dry-run", is_flag=True, help=N_("Show what would change, and write nothing."))
@click.pass_obj
def import_(
    session: Session,
    *,
    workbook: Path,
    config: Path,
    mapping: Path | None,
    data: Path | None,
    new_meanings: bool,
    remove_empty: bool,
    dry_run: bool,
) -> ExitCode:
    """Take a filled-in Excel file back into the mapping file."""
    from u8sync.bootstrap import shown
    from u8sync.bootstrap.archive import mapping_of
    from u8sync.config.table_edit import edit_table, put_in_place
    from u8sync.config.table_sheet import answers, read_sheet, refuse
    from u8sync.domain.table_sheet import merge

    filled = read_sheet(workbook)
    exported = filled.exported
    loaded, path = mapping_of(config, mapping)
    table = table_named(loaded, exported.table, path)
    _check_match(exported, table, workbook)
    in_data = _values_of(session, config, data, loaded, table.name)
    told = answers(filled, table, in_data, new_meanings=new_meanings)
    for note in told.notes:
        session.note(note)
    merged = merge(exported, table.meanings, told.answers, remove_empty=remove_empty)
    refuse(workbook, [_conflict(each) for each in merged.conflicts])
    edited = edit_table(path, shown(path), table.name, table.match, merged.changes)
    put_in_place(edited, shown(path), table.name, _wanted(table, merged.changes), dry_run=dry_run)
    _tell(session, edited.edits, merged, file=shown(path), dry_run=dry_run)
    return ExitCode.DONE


def _values_of(
    session: Session, config: Path, data: Path | None, mapping: CustomerMapping, table: str
) -> Callable[[], Collection[str]]:
    """The values that reach a table; the account set is read when they are asked for."""

    def values() -> Collection[str]:
        parts, _ = coverage_of(session, config, data, mapping, table)
        return list(dict.fromkeys(line.value for part in parts for line in part.values if line.value is not None))

    return values


def _check_match(exported: Exported, table: ValueTable, workbook: Path) -> None:
    if exported.match != table.match:
        raise InputError(
            msg(
                "The table '{table}' was of the kind 'match: {before}' when {path} was made, and is 'match: {now}' now",
                table=table.name,
                before=exported.match,
                path=str(workbook),
                now=table.match,
            ),
            hint=msg("Export the table again, and copy the meanings there."),
        )


def _conflict(conflict: Conflict) -> Problem:
    answer = conflict.answer
    nothing = msg("no line")
    return Problem(
        None,
        msg(
            "{cell}: '{value}' means '{wanted}' in the sheet and '{now}' in the mapping file by now; it was '{before}'",
            cell=answer.cell,
            value=answer.left,
            wanted=answer.meaning or nothing,
            now=conflict.now or nothing,
            before=conflict.exported or nothing,
        ),
        msg("Decide which one is right, and put it into both."),
    )


def _wanted(table: ValueTable, changes: Collection[Change]) -> dict[str, str]:
    meanings: dict[str, str | None] = {**table.meanings, **{change.left: change.after for change in changes}}
    return {left: meaning for left, meaning in meanings.items() if meaning is not None}


def _tell(session: Session, edits: Collection[Edit], merged: Merge, *, file: str, dry_run: bool) -> None:
    """Say what changed, line by line."""
    from u8sync.domain.table_lines import quoted

    for edit in edits:
        before, after = quoted(edit.before or ""), quoted(edit.after or "")
        words: Message
        match edit.kind:
            case "changed":
                words = msg("{left}: {before} -> {after}", left=quoted(edit.left), before=before, after=after)
            case "added":
                words = msg("new line {left}: {after}", left=quoted(edit.left), after=after)
            case "removed":
                words = msg("removed {left}: {before}", left=quoted(edit.left), before=before)
        session.say(msg("{file}:{line}  {words}", file=file, line=edit.place.line, words=words))
    if merged.emptied:
        session.note(
            msg(
                "{count} line(s) have an empty meaning in the sheet and stay as they are: {values}."
                " --remove-empty removes them.",
                count=len(merged.emptied),
                values=", ".join(map(quoted, merged.emptied)),
            )
        )
    if not edits:
        session.say(msg("Nothing to change in {file}.", file=file))
    elif dry_run:
        session.say(msg("{count} line(s) would change in {file}. Nothing was written.", count=len(edits), file=file))
    else:
        session.say(msg("{count} line(s) changed in {file}.", count=len(edits), file=file))

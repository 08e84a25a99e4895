"""``map check``: every problem of every file at once."""

from __future__ import annotations

import json
from pathlib import Path

import click

from u8sync.cli.options import config_option, json_option
from u8sync.cli.session import Session
from u8sync.errors import ExitCode
from u8sync.text import N_

__all__ = ["check"]


@click.command(
    help=N_(
        "Show every problem of every file at once, with its place, the line it stands in and the nearest known name."
        " Without files: those of the configuration, or all in 'mappings'. Needs no U8. Ends with 0 when nothing is"
        " wrong, 65 when something is."
    ),
)
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help=N_("Let a warning count as a problem."))
@config_option
@json_option
@click.pass_obj
def check(session: Session, *, files: tuple[Path, ...], strict: bool, config: Path, as_json: bool) -> ExitCode:
    """Show every problem of every file at once."""
    from u8sync.bootstrap.checking import check_files
    from u8sync.cli.as_json import checked_json
    from u8sync.cli.excerpts import excerpt_of
    from u8sync.report.terminal.checked import checked_view

    checked = check_files(files, config)
    if as_json:
        session.emit(json.dumps(checked_json(checked), ensure_ascii=False, indent=1))
    else:
        shown = [(one.shown_as, one.kind, one.problems, one.warnings) for one in checked]
        session.out.print(checked_view(shown, excerpt_of, session.translate), crop=False)
    wrong = any(one.problems or (strict and one.warnings) for one in checked)
    return ExitCode.BAD_INPUT if wrong else ExitCode.DONE

"""``map test``: the cases of mappings, run without any U8."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from u8sync.cli.options import config_option, json_option
from u8sync.cli.session import Session
from u8sync.errors import ExitCode
from u8sync.text import N_, msg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from u8sync.bootstrap.testing import FileRun

__all__ = ["test"]


@click.command(
    "test",
    help=N_(
        "Run cases: what a customer holds in U8, and what the mapping must make of it; or a value, and how it must be"
        " written. They stand in *.cases.yaml; without files: those beside the configured mapping, or all below"
        " 'mappings'. Needs no U8. Ends with 0 when all passed, 2 when some failed, 65 when a file cannot be used."
        " pytest runs the same files."
    ),
)
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--untested", is_flag=True, help=N_("Also list the table lines, rules and fields that no case looks at."))
@click.option(
    "--mapping",
    metavar="FILE",
    type=click.Path(path_type=Path),
    default=None,
    help=N_("Test this mapping file in place of those that the cases name, such as one that extends them."),
)
@click.option(
    "--junit", metavar="FILE", type=click.Path(path_type=Path), default=None, help=N_("Also write JUnit XML.")
)
@config_option
@json_option
@click.pass_obj
def test(
    session: Session,
    *,
    files: tuple[Path, ...],
    untested: bool,
    mapping: Path | None,
    junit: Path | None,
    config: Path,
    as_json: bool,
) -> ExitCode:
    """Run the test cases of a mapping."""
    from u8sync.bootstrap.testing import case_files, left_untested, load_case_files, run_case_file
    from u8sync.cli.as_json import case_files_json
    from u8sync.report.terminal.cases import cases_summary, cases_view

    runs = [run_case_file(file) for file in load_case_files(case_files(files, config), mapping)]
    left = left_untested(runs)
    if as_json:
        session.emit(json.dumps(case_files_json(runs, left), ensure_ascii=False, indent=1))
    else:
        for number, one in enumerate(runs):
            if number:
                session.out.print()
            session.out.print(cases_view(one.file, one.run, session.translate), crop=False)
        session.out.print(cases_summary([one.run for one in runs], left, session.translate, untested=untested))
    if junit is not None:
        _save_junit(session, runs, junit)
    passed = all(result.passed for one in runs for result in one.run.results)
    return ExitCode.DONE if passed else ExitCode.PENDING


def _save_junit(session: Session, runs: Sequence[FileRun], path: Path) -> None:
    from u8sync.report.junit import junit_xml
    from u8sync.report.tables import in_place_of

    with in_place_of(path) as part:
        text = junit_xml([(one.file, one.run) for one in runs], session.translate)
        part.write_text(text, encoding="utf-8", newline="\n")
    session.aside(msg("Written: {path}", path=str(path)))

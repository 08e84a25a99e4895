"""``report``: the page of a plan made now, of a run that was kept, or over all runs. Nothing is written to U8."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from u8sync.cli.options import as_of_option, config_option
from u8sync.cli.session import Session
from u8sync.errors import ExitCode, InputError
from u8sync.text import N_, msg

if TYPE_CHECKING:
    from u8sync.config.settings import Settings

__all__ = ["report"]

LAST = "last"
"""What may be said instead of a run's name."""


@click.command(
    short_help=N_("Write the report as an HTML file."),
    help=N_(
        "Write the report of a plan made now as one HTML file, readable without a network. With --run: the report that"
        " a run left. With --index: the page over all runs. Nothing is written to U8."
    ),
)
@config_option
@as_of_option
@click.option(
    "--html",
    "html",
    type=click.Path(path_type=Path),
    default=None,
    help=N_("The file to write; report.html when absent."),
)
@click.option(
    "--run",
    "run_id",
    metavar="RUN",
    default=None,
    help=N_("Show where the report of this run lies, or copy it to --html; 'last' is the newest one that left any."),
)
@click.option("--index", "index", is_flag=True, help=N_("Write the page over all runs, beside them."))
@click.option("--open", "show", is_flag=True, help=N_("Open the page in the browser."))
@click.pass_obj
def report(
    session: Session,
    *,
    config: Path,
    as_of: date | None,
    html: Path | None,
    run_id: str | None,
    index: bool,
    show: bool,
) -> ExitCode:
    """Write the report as an HTML file."""
    from u8sync.config.settings import load_settings

    # A file of another kind of the same plan (a workbook) belongs into _of_now, beside the page.
    _refuse_mixed(as_of=as_of, html=html, run_id=run_id, index=index)
    if index:
        page = _over_all(session, load_settings(config))
    elif run_id is not None:
        page = _of_run(session, load_settings(config), run_id, html)
    else:
        page = _of_now(session, config, as_of, html or Path("report.html"))
    if show:
        _open(session, page)
    return ExitCode.DONE


def _refuse_mixed(*, as_of: date | None, html: Path | None, run_id: str | None, index: bool) -> None:
    if index and (run_id is not None or html is not None or as_of is not None):
        raise InputError(
            msg("--index writes one page beside the runs: --run, --html and --as-of have no part in it"),
            hint=msg("Leave them out, or call the command twice."),
        )
    if run_id is not None and as_of is not None:
        raise InputError(
            msg("--as-of belongs to a plan made now; the report of a run is what it was"), hint=msg("Leave it out.")
        )


def _of_now(session: Session, config: Path, as_of: date | None, page: Path) -> Path:
    from u8sync import bootstrap
    from u8sync.cli.running import plan_now, write_report

    installation = bootstrap.load(config)
    planned = plan_now(installation, session.progress(), as_of=as_of, allow=())
    write_report(session, installation, planned, None, page)
    return page


def _of_run(session: Session, settings: Settings, run_id: str, copy: Path | None) -> Path:
    """The report that a run left, copied when asked to."""
    from u8sync.history.store import read_history, run_folder

    entries = read_history(settings.runs_folder).entries
    wanted = [entry for entry in entries if ("report" in entry.files if run_id == LAST else entry.run_id == run_id)]
    if not wanted:
        raise InputError(
            msg("There is no run {run} in {folder}", run=run_id, folder=str(settings.runs_folder)),
            hint=msg("'u8sync report --index' lists the runs that are kept; older ones were cleared away."),
        )
    entry = wanted[-1]
    kept = run_folder(settings.runs_folder, entry.run_id) / entry.files.get("report", "report.html")
    if not kept.is_file():
        raise InputError(
            msg("Run {run} left no report", run=entry.run_id),
            hint=msg("It ended before there was a plan, or 'runs.report' is off in the configuration."),
        )
    if copy is None:
        session.say(msg("Report: {path}", path=str(kept)))
        return kept
    from u8sync.report.pages import save_page

    save_page(copy, kept.read_text(encoding="utf-8"))
    session.note(msg("Report: {path}", path=str(copy)))
    return copy


def _over_all(session: Session, settings: Settings) -> Path:
    from u8sync.bootstrap import SystemClock
    from u8sync.bootstrap.runs_page import write_index

    page = write_index(settings.runs_folder, session.language, SystemClock().now())
    session.say(msg("Page over all runs: {path}", path=str(page)))
    return page


def _open(session: Session, page: Path) -> None:
    import webbrowser

    if not webbrowser.open(page.absolute().as_uri()):
        session.note(msg("No browser could be opened; the page is {path}", path=str(page)))

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
    from u8sync.domain.run_entry import RunEntry

__all__ = ["report"]

LAST = "last"
"""What may be said instead of a run's name."""


@click.command(
    help=N_(
        "Write the report of a plan made now as one HTML file, readable without a network, or with --xlsx as a"
        " workbook. With --run: what a run left. With --index: the page over all runs. Nothing is written to U8."
    ),
)
@config_option
@as_of_option
@click.option(
    "--html",
    "html",
    type=click.Path(path_type=Path),
    default=None,
    help=N_("The file to write; report.html when neither this nor --xlsx is given."),
)
@click.option(
    "--xlsx",
    "xlsx",
    type=click.Path(path_type=Path),
    default=None,
    help=N_("Write an Excel workbook to this file."),
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
    xlsx: Path | None,
    run_id: str | None,
    index: bool,
    show: bool,
) -> ExitCode:
    """Write the report as an HTML file or a workbook."""
    from u8sync.config.settings import load_settings

    _refuse_mixed(as_of=as_of, html=html or xlsx, run_id=run_id, index=index)
    page: Path | None
    if index:
        page = _over_all(session, load_settings(config))
    elif run_id is not None:
        page = _of_run(session, load_settings(config), run_id, html, xlsx)
    else:
        page = _of_now(session, config, as_of, html if xlsx else html or Path("report.html"), xlsx)
    if show and page is not None:
        _open(session, page)
    return ExitCode.DONE


def _refuse_mixed(*, as_of: date | None, html: Path | None, run_id: str | None, index: bool) -> None:
    if index and (run_id is not None or html is not None or as_of is not None):
        raise InputError(
            msg("--index writes one page beside the runs: --run, --html, --xlsx and --as-of have no part in it"),
            hint=msg("Leave them out, or call the command twice."),
        )
    if run_id is not None and as_of is not None:
        raise InputError(
            msg("--as-of belongs to a plan made now; the report of a run is what it was"), hint=msg("Leave it out.")
        )


def _of_now(
    session: Session, config: Path, as_of: date | None, page: Path | None, workbook: Path | None
) -> Path | None:
    """What a plan made now looks like, as far as files are asked for; returns the page."""
    from u8sync import bootstrap
    from u8sync.cli.outcomes import write_report, write_workbook
    from u8sync.cli.running import plan_now

    installation = bootstrap.load(config)
    planned = plan_now(installation, session.progress(), as_of=as_of, allow=())
    if page is not None:
        write_report(session, installation, planned, None, page)
    if workbook is not None:
        write_workbook(session, installation, planned, None, workbook)
    return page


def _of_run(session: Session, settings: Settings, run_id: str, copy: Path | None, workbook: Path | None) -> Path:
    """The report that a run left, copied when asked to; and its workbook, if that is asked for."""
    from u8sync import bootstrap
    from u8sync.history.store import read_history, run_folder

    entries = read_history(settings.runs_folder, now=bootstrap.SystemClock().now()).entries
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
    if workbook is not None:
        _copy_workbook(session, entry, kept.parent, workbook)
    if copy is None:
        session.say(msg("Report: {path}", path=str(kept)))
        return kept
    from u8sync.report.pages import save_page

    save_page(copy, kept.read_text(encoding="utf-8"))
    session.note(msg("Report: {path}", path=str(copy)))
    return copy


def _copy_workbook(session: Session, entry: RunEntry, folder: Path, copy: Path) -> None:
    from u8sync.report.tables import in_place_of

    kept = folder / entry.files.get("workbook", "report.xlsx")
    if not kept.is_file():
        raise InputError(
            msg("Run {run} left no workbook", run=entry.run_id),
            hint=msg("Runs leave one when 'runs.xlsx' is on in the configuration."),
        )
    with in_place_of(copy, shared=True) as part:
        part.write_bytes(kept.read_bytes())
    session.note(msg("Workbook: {path}", path=str(copy)))


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

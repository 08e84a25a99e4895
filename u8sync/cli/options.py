"""Options that several commands share."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from u8sync.domain.names import GUARDS
from u8sync.errors import InputError
from u8sync.text import N_, msg

__all__ = [
    "Day",
    "allow_option",
    "allow_window_option",
    "approve_option",
    "as_of_option",
    "audit_folders",
    "config_option",
    "folder_option",
    "json_option",
    "logs_below",
    "reason_option",
    "report_option",
    "timings_option",
    "xlsx_option",
]


class Day(click.ParamType[date]):
    """A date, ``YYYY-MM-DD``."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:  # noqa: ANN401
        """The date; a usage error otherwise."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r}: YYYY-MM-DD", param, ctx)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002
        """What the help shows."""
        return "YYYY-MM-DD"


config_option = click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path),
    default=Path("config.yaml"),
    show_default=True,
    help=N_("The configuration file."),
)

as_of_option = click.option(
    "--as-of", "as_of", type=Day(), default=None, help=N_("Last day of the window; the configuration's when absent.")
)

allow_option = click.option(
    "--allow",
    "allow",
    type=click.Choice(GUARDS),
    multiple=True,
    help=N_("Let this guard pass for this run; may be given several times."),
)

allow_window_option = click.option(
    "--allow-window",
    is_flag=True,
    help=N_("Write outside the hours that the schedule allows; --reason is recorded in the audit log."),
)

reason_option = click.option(
    "--reason",
    "reason",
    default=None,
    help=N_("Why, for the audit log; goes with the --allow options and --approve."),
)

approve_option = click.option(
    "--approve",
    "approve",
    is_flag=True,
    help=N_("Approve every change that needs approval, as the person who runs this; needs --reason."),
)

json_option = click.option("--json", "as_json", is_flag=True, help=N_("Print JSON for a machine to read."))

report_option = click.option(
    "--report", "report", type=click.Path(path_type=Path), default=None, help=N_("Also write the report, an HTML file.")
)

timings_option = click.option(
    "--timings", "timings", is_flag=True, help=N_("Also show where the time went, step by step.")
)

xlsx_option = click.option(
    "--xlsx", "xlsx", type=click.Path(path_type=Path), default=None, help=N_("Also write an Excel workbook.")
)

folder_option = click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=None,
    help=N_("The audit folder; the configuration's when absent. Needs no configuration and no U8."),
)


def audit_folders(config: Path, folder: Path | None) -> list[Path]:
    """The logs to read: one folder an account set. Raises InputError when there is none."""
    if folder is None:
        from u8sync.config.settings import load_settings

        folder = load_settings(config).audit_folder
    logs = logs_below(folder)
    if not logs:
        raise InputError(
            msg("There is no audit log in {folder}", folder=str(folder)),
            hint=msg("'u8sync run' and 'u8sync apply' make one. Name another folder with --folder."),
        )
    return logs


def logs_below(folder: Path) -> list[Path]:
    """The folder itself when it is that of a log, else those below it that are."""
    if any(folder.glob("seg-*.jsonl*")):
        return [folder]
    return sorted(path for path in folder.glob("*") if path.is_dir() and any(path.glob("seg-*.jsonl*")))

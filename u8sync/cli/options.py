"""Options that several commands share."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from u8sync.domain.names import GUARDS
from u8sync.text import N_

__all__ = ["Day", "allow_option", "as_of_option", "config_option", "json_option", "report_option"]


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

json_option = click.option("--json", "as_json", is_flag=True, help=N_("Print JSON for a machine to read."))

report_option = click.option(
    "--report", "report", type=click.Path(path_type=Path), default=None, help=N_("Also write the report, an HTML file.")
)

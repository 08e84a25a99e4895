"""Options that the commands which look back share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import click

from u8sync.cli.options import Day
from u8sync.text import N_

__all__ = [
    "Months",
    "every_option",
    "horizon_option",
    "months_words",
    "periods_option",
    "policy_option",
    "until_option",
]

MOST_MONTHS: Final = 120
MOST_PERIODS: Final = 120

_SPAN: Final = re.compile(r"([0-9]{1,3})\s*(m|个?月)", re.IGNORECASE)


class Months(click.ParamType[int]):
    """A number of calendar months, ``3m``."""

    name = "months"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401
        """The number; a usage error otherwise."""
        if isinstance(value, int):
            return value
        found = _SPAN.fullmatch(value.strip())
        if found is None or not 1 <= int(found[1]) <= MOST_MONTHS:
            self.fail(f"{value!r}: 1m ... {MOST_MONTHS}m", param, ctx)
        return int(found[1])

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002
        """What the help shows."""
        return "MONTHS"


def months_words(months: int) -> str:
    """The number as people type it."""
    return f"{months}m"


policy_option = click.option(
    "--policy",
    "policy",
    metavar="FILE",
    type=click.Path(path_type=Path),
    default=None,
    help=N_("The policy file; the configuration's when absent."),
)

until_option = click.option(
    "--until",
    "until",
    type=Day(),
    default=None,
    help=N_("Last day of the last period that is looked at; the configuration's last day when absent."),
)

periods_option = click.option(
    "--periods",
    "periods",
    type=click.IntRange(1, MOST_PERIODS),
    default=None,
    help=N_("How many past days to evaluate; when absent 8, or as many as the documents allow."),
)

every_option = click.option(
    "--every",
    "every",
    type=Months(),
    default=3,
    show_default="3m",
    help=N_("Months from one evaluation to the next."),
)

horizon_option = click.option(
    "--horizon",
    "horizon",
    type=Months(),
    default=None,
    help=N_("Months after each evaluation whose revenue judges it; as --every when absent."),
)

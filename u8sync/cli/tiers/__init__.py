"""``tiers``: what a policy does, before the night goes by it. One file for each command; the group lists them."""

from __future__ import annotations

import click

from u8sync.cli.tiers.backtesting import backtest
from u8sync.cli.tiers.checking import check
from u8sync.cli.tiers.listing import list_
from u8sync.cli.tiers.simulating import simulate
from u8sync.cli.tiers.suggesting import suggest
from u8sync.text import N_

__all__ = ["tiers"]


@click.group(
    "tiers",
    short_help=N_("Check policies, list the tiers, and try policies out."),
    help=N_(
        "Check policies, list the tiers, and try policies out, before the night goes by them. Nothing is written to U8."
    ),
)
def tiers() -> None:
    """Group of the tier commands."""


COMMANDS: tuple[click.Command, ...] = (
    # One line a command, in the order of the help.
    check,
    list_,
    simulate,
    backtest,
    suggest,
)
for command in COMMANDS:
    tiers.add_command(command)

"""``tiers``: what a policy does, before the night goes by it. One file for each command; the group lists them."""

from __future__ import annotations

import click

from u8sync.cli.late import LateCommand
from u8sync.text import N_

__all__ = ["tiers"]


@click.group(
    "tiers",
    help=N_(
        "Check policies, list the tiers, and try policies out, before the night goes by them. Nothing is written to U8."
    ),
)
def tiers() -> None:
    """Group of the tier commands."""


COMMANDS = (
    LateCommand(
        "check",
        "u8sync.cli.tiers.checking:check",
        N_("Show what is wrong with a policy, and what in it does nothing."),
    ),
    LateCommand("list", "u8sync.cli.tiers.listing:list_", N_("List the customers of each tier.")),
    LateCommand("simulate", "u8sync.cli.tiers.simulating:simulate", N_("Show what another policy would do.")),
    LateCommand(
        "backtest",
        "u8sync.cli.tiers.backtesting:backtest",
        N_("Judge a policy by what customers bought after past evaluations."),
    ),
    LateCommand(
        "suggest",
        "u8sync.cli.tiers.suggesting:suggest",
        N_("Propose weights and tier thresholds from the account set's own past."),
    ),
)
for command in COMMANDS:
    tiers.add_command(command)

"""``map``: everything a consultant does with mapping files. One file for each command; the group lists them."""

from __future__ import annotations

import click

from u8sync.cli.late import LateCommand
from u8sync.text import N_

__all__ = ["mappings"]


@click.group(
    "map",
    help=N_("Write, check, test and compare mapping files, before the night reads them. Nothing is written to U8."),
)
def mappings() -> None:
    """Group of the mapping commands."""


COMMANDS = (
    LateCommand("init", "u8sync.cli.mappings.starting:init", N_("Write a first mapping from the account set.")),
    LateCommand(
        "check",
        "u8sync.cli.mappings.checking:check",
        N_("Show every problem of every mapping, policy and configuration file."),
    ),
    LateCommand("test", "u8sync.cli.mappings.testing:test", N_("Run the test cases of a mapping; needs no U8.")),
    LateCommand(
        "coverage",
        "u8sync.cli.mappings.covering:coverage",
        N_("Show which values the tables cover, and what to add."),
    ),
    LateCommand("diff", "u8sync.cli.mappings.comparing:diff", N_("Show what an edit of a mapping does, in customers.")),
    LateCommand(
        "show", "u8sync.cli.mappings.showing:show", N_("Follow one customer through the mapping, step by step.")
    ),
    LateCommand(
        "export",
        "u8sync.cli.mappings.exporting:export",
        N_("Write a value table to an Excel file, to be filled in."),
    ),
    LateCommand(
        "import",
        "u8sync.cli.mappings.importing:import_",
        N_("Take a filled-in Excel file back into the mapping file."),
    ),
    LateCommand("schema", "u8sync.cli.mappings.schemas:schema", N_("Print or write the JSON Schemas for an editor.")),
)
for command in COMMANDS:
    mappings.add_command(command)

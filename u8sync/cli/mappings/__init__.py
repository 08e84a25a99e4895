"""``map``: everything a consultant does with mapping files. One file for each command; the group lists them."""

from __future__ import annotations

import click

from u8sync.cli.mappings.checking import check
from u8sync.cli.mappings.comparing import diff
from u8sync.cli.mappings.covering import coverage
from u8sync.cli.mappings.exporting import export
from u8sync.cli.mappings.importing import import_
from u8sync.cli.mappings.schemas import schema
from u8sync.cli.mappings.showing import show
from u8sync.cli.mappings.starting import init
from u8sync.cli.mappings.testing import test
from u8sync.text import N_

__all__ = ["mappings"]


@click.group(
    "map",
    short_help=N_("Write, check, test and compare mapping files."),
    help=N_("Write, check, test and compare mapping files, before the night reads them. Nothing is written to U8."),
)
def mappings() -> None:
    """Group of the mapping commands."""


for command in (init, check, test, coverage, diff, show, export, import_, schema):
    mappings.add_command(command)

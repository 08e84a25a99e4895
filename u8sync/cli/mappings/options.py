"""Options that the commands about value tables share."""

from __future__ import annotations

from pathlib import Path

import click

from u8sync.text import N_

__all__ = ["data_option", "mapping_option"]

data_option = click.option(
    "--data",
    "data",
    metavar="FILE.db",
    type=click.Path(path_type=Path),
    default=None,
    help=N_("An embedded account set to look at, in place of the configured one."),
)

mapping_option = click.option(
    "--mapping",
    "mapping",
    metavar="FILE",
    type=click.Path(path_type=Path),
    default=None,
    help=N_("The mapping file; the configuration's when absent."),
)

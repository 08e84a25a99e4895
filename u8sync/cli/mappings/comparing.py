"""``map diff``: what an edit of a mapping does, in customers."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from u8sync.cli.mappings.options import data_option
from u8sync.cli.options import as_of_option, config_option, json_option
from u8sync.cli.session import Session
from u8sync.errors import ExitCode
from u8sync.text import N_

__all__ = ["diff"]

LIMIT = 20


@click.command(
    help=N_(
        "Compare two mapping files on the same customers: how many and which get which other value and tier, and what"
        " would be written otherwise. Nothing is written. Ends with 0 when the edit changes nothing, 2 when it does."
        " Without a configuration (--data alone) tiers are not compared."
    ),
)
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@config_option
@data_option
@as_of_option
@click.option("--all", "show_all", is_flag=True, help=N_("Show every line, not only the first ones."))
@json_option
@click.pass_obj
def diff(
    session: Session,
    *,
    old: Path,
    new: Path,
    config: Path,
    data: Path | None,
    as_of: date | None,
    show_all: bool,
    as_json: bool,
) -> ExitCode:
    """Show what an edit of a mapping does, in customers."""
    from u8sync.bootstrap import shown
    from u8sync.bootstrap.comparing import compare_mappings
    from u8sync.report.terminal.mapping_diff import mapping_diff_view

    found, account_set = compare_mappings(old, new, config=config, data=data, as_of=as_of, progress=session.progress())
    if as_json:
        session.emit(json.dumps(asdict(found), ensure_ascii=False, indent=1))
    else:
        limit = None if show_all else LIMIT
        view = mapping_diff_view(found, (shown(old), shown(new)), account_set, session.translate, limit=limit)
        session.out.print(view)
    return ExitCode.DONE if found.same else ExitCode.PENDING

"""``tiers list``: the customers of each tier, for the people who act on its service policy."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from u8sync.cli.options import as_of_option, config_option, json_option
from u8sync.cli.session import Session
from u8sync.errors import ExitCode, InputError
from u8sync.text import N_, msg

if TYPE_CHECKING:
    import polars as pl

    from u8sync.domain.policy import Policy
    from u8sync.domain.tier_lists import By

__all__ = ["list_"]


@click.command(
    "list",
    help=N_(
        "List the customers of each tier with the tier's service policy, for the people who act on it: score, metrics,"
        " and who stands near an edge. Nothing is written to U8."
    ),
)
@config_option
@as_of_option
@click.option("--tier", "wanted", multiple=True, metavar="NAME", help=N_("Only this tier; may be repeated."))
@click.option(
    "--recommended/--current",
    "recommended",
    default=True,
    help=N_("By the tier that the policy recommends (the usual), or by the one that U8 holds now."),
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help=N_("Write all customers with all metrics to this file; its ending says how: .xlsx, .csv."),
)
@json_option
@click.pass_obj
def list_(
    session: Session,
    *,
    config: Path,
    as_of: date | None,
    wanted: tuple[str, ...],
    recommended: bool,
    out: Path | None,
    as_json: bool,
) -> ExitCode:
    """List the customers of each tier."""
    from u8sync.bootstrap.policies import read_for_policies
    from u8sync.cli.tiers.as_json import lists_json
    from u8sync.domain.tier_lists import list_tiers, metrics_read
    from u8sync.report.tables import suffix_of
    from u8sync.report.terminal.tier_list import tier_lists_view
    from u8sync.report.tier_list import LIST_SUFFIXES, ListsMade, save_lists

    if out is not None:
        suffix_of(out, *LIST_SUFFIXES)
    by: By = "recommended" if recommended else "current"
    read = read_for_policies(config, (), as_of=as_of, progress=session.progress())
    present = read.policies[0]
    judged = read.ground.judge(present.policy, present.facts)
    _check_tiers(wanted, judged, present.policy, by)
    lists = list_tiers(judged, present.policy, by, wanted)
    made = ListsMade(read.account_set, present.facts.window, present.shown_as, by, lists, metrics_read(present.policy))
    if as_json:
        session.emit(json.dumps(lists_json(made, judged, present.notes), ensure_ascii=False, indent=1))
    elif out is None:
        session.out.print(tier_lists_view(made, present.policy, session.translate))
    if out is not None:
        count = save_lists(out, made, session.translate)
        session.aside(msg("{count} customer(s) written to {path}", count=f"{count:,}", path=str(out)))
    if not as_json:
        for note in present.notes:
            session.note(msg("Worth knowing: {note}", note=note))
    return ExitCode.DONE


def _check_tiers(wanted: Collection[str], judged: pl.DataFrame, policy: Policy, by: By) -> None:
    """Raise InputError when a tier was asked for that is none."""
    from u8sync.domain.tier_lists import known_tiers

    known = known_tiers(judged, policy, by)
    strange = next((name for name in wanted if name not in known), None)
    if strange is not None:
        raise InputError(
            msg("There is no tier '{name}'", name=strange),
            hint=msg("Tiers: {names}", names=", ".join(known)),
        )

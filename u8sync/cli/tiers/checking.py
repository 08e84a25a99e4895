"""``tiers check``: what is wrong with a policy file, and what in it does nothing on the site's own customers."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from u8sync.cli.options import as_of_option, config_option, json_option
from u8sync.cli.session import Session
from u8sync.errors import ExitCode
from u8sync.text import N_, Message, msg

if TYPE_CHECKING:
    from u8sync.bootstrap.policy_checking import Tried

__all__ = ["check"]


@click.command(
    help=N_(
        "Show every problem of a policy file with its place, and then, on the customers of the account set, what in it"
        " is out of reach, idle or out of date: tiers that nobody reaches, bands without customers, weights that change"
        " nothing, quotas that never bind, pins that run out. Without a file: the configuration's. Nothing is written"
        " to U8. Ends with 0 when nothing is wrong, 65 when something is."
    ),
)
@click.argument("file", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@click.option("--static", is_flag=True, help=N_("Look at the file alone; needs no U8."))
@click.option("--strict", is_flag=True, help=N_("Let a warning count as a problem."))
@config_option
@as_of_option
@json_option
@click.pass_obj
def check(
    session: Session,
    *,
    file: Path | None,
    static: bool,
    strict: bool,
    config: Path,
    as_of: date | None,
    as_json: bool,
) -> ExitCode:
    """Show what is wrong with a policy, and what in it does nothing."""
    from u8sync.bootstrap.policy_checking import check_policy
    from u8sync.cli.excerpts import excerpt_of
    from u8sync.cli.tiers.as_json import checked_policy_json
    from u8sync.report.terminal.policy_checked import policy_checked_view

    checked = check_policy(config, file, static=static, as_of=as_of, progress=session.progress())
    tried = checked.tried
    if as_json:
        session.emit(json.dumps(checked_policy_json(checked), ensure_ascii=False, indent=1))
    else:
        found = () if tried is None else tried.findings
        seen = None if tried is None else _seen(tried)
        view = policy_checked_view(
            checked.shown_as,
            problems=checked.problems,
            warnings=checked.warnings,
            found=found,
            seen=seen,
            excerpt=excerpt_of,
            translate=session.translate,
        )
        session.out.print(view, crop=False)
        for note in () if tried is None else tried.notes:
            session.note(msg("Worth knowing: {note}", note=note))
    return ExitCode.BAD_INPUT if checked.problems or (strict and checked.warned) else ExitCode.DONE


def _seen(tried: Tried) -> Message:
    return msg(
        "Tried on account set {code}, {start} to {as_of}: {rated} of {customers} customers are rated.",
        code=tried.account_set.code,
        start=tried.window.start.isoformat(),
        as_of=tried.window.as_of.isoformat(),
        rated=f"{tried.rated:,}",
        customers=f"{tried.customers:,}",
    )

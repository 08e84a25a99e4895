"""``tiers simulate``: another policy on the same data, or how steady the present one is."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from u8sync.cli.options import as_of_option, config_option, json_option, report_option
from u8sync.cli.session import Session
from u8sync.errors import ExitCode
from u8sync.text import N_, msg

if TYPE_CHECKING:
    from u8sync.report.simulated import Simulated

__all__ = ["simulate"]


@click.command(
    help=N_(
        "Try another policy on the same data: who would get another tier and why, revenue and profit by tier, what"
        " hangs on each weight, who stands near an edge. Without --policy: the present policy alone. Nothing is written"
        " to U8. Ends with 0 when every customer keeps its tier, 2 when some get another one."
    ),
)
@config_option
@click.option(
    "--policy",
    "policy",
    metavar="FILE",
    type=click.Path(path_type=Path),
    default=None,
    help=N_("The policy file to try; the present one alone when absent."),
)
@as_of_option
@click.option("--all", "show_all", is_flag=True, help=N_("Show every line, not only the first ones."))
@report_option
@json_option
@click.pass_obj
def simulate(
    session: Session,
    *,
    config: Path,
    policy: Path | None,
    as_of: date | None,
    show_all: bool,
    report: Path | None,
    as_json: bool,
) -> ExitCode:
    """Show what another policy would do."""
    from u8sync.bootstrap.policies import read_for_policies
    from u8sync.cli.tiers.as_json import simulation_json
    from u8sync.domain.simulation import simulate as try_out
    from u8sync.report.simulated import Simulated
    from u8sync.report.terminal.simulation import LIMIT, simulation_view

    others = () if policy is None else (policy,)
    read = read_for_policies(config, others, as_of=as_of, progress=session.progress())
    present, *rest = ((one.policy, one.facts) for one in read.policies)
    simulation = try_out(read.ground, present, *rest)
    simulated = Simulated(
        simulation,
        read.account_set,
        tuple(one.shown_as for one in read.policies),
        # A note of both policies is told once.
        tuple({str(note): note for one in read.policies for note in one.notes}.values()),
    )
    if as_json:
        session.emit(json.dumps(simulation_json(simulated), ensure_ascii=False, indent=1))
    else:
        session.out.print(simulation_view(simulated, session.translate, limit=None if show_all else LIMIT))
    if report is not None:
        _write_report(session, simulated, report)
    moved = simulation.compared is not None and simulation.compared.moves.height
    return ExitCode.PENDING if moved else ExitCode.DONE


def _write_report(session: Session, simulated: Simulated, path: Path) -> None:
    """Write the page. Raises InputError when it cannot be written."""
    from u8sync import __version__
    from u8sync.report.pages import save_page
    from u8sync.report.simulation_page import render_simulation

    page = render_simulation(simulated, session.translate, session.language, tool=__version__)
    save_page(path, page)
    session.aside(msg("Report: {path}", path=str(path)))

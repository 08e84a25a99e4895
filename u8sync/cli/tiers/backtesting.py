"""``tiers backtest``: a policy in hindsight."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import click

from u8sync.cli.options import config_option, json_option, report_option
from u8sync.cli.session import Session
from u8sync.cli.tiers.periods import every_option, horizon_option, periods_option, policy_option, until_option
from u8sync.errors import ExitCode
from u8sync.text import N_, msg

__all__ = ["backtest"]


@click.command(
    help=N_(
        "Replay a policy on past days as if it were then, and judge its tiers by what customers bought in the period"
        " after: share of the revenue from the top, beside plain last-period revenue and RFM quintiles, what each tier"
        " was worth, and how many customers changed their tier. Nothing is written to U8."
    ),
)
@config_option
@policy_option
@until_option
@periods_option
@every_option
@horizon_option
@report_option
@json_option
@click.pass_obj
def backtest(
    session: Session,
    *,
    config: Path,
    policy: Path | None,
    until: date | None,
    periods: int | None,
    every: int,
    horizon: int | None,
    report: Path | None,
    as_json: bool,
) -> ExitCode:
    """Judge a policy in hindsight."""
    from u8sync.bootstrap.hindsight import Asked, read_history
    from u8sync.cli.tiers.hindsight_json import backtest_json
    from u8sync.domain.backtest import backtest as judge
    from u8sync.report.hindsight import Told
    from u8sync.report.terminal.hindsight import backtest_view

    history = read_history(config, policy, Asked(until, periods, every, horizon), session.progress())
    found = judge(history.past.looks, history.policy, notes=history.past.notes)
    told = Told(history.past.account_set, history.shown_as, history.schedule.every, history.schedule.horizon)
    if as_json:
        session.emit(json.dumps(backtest_json(history, found), ensure_ascii=False, indent=1))
    else:
        session.out.print(backtest_view(found, told, session.translate))
    if report is not None:
        from u8sync.report.hindsight_page import save_backtest

        save_backtest(report, found, told, session.translate, session.language)
        session.aside(msg("Report: {path}", path=str(report)))
    return ExitCode.DONE

"""``approve``: what waits for a person, and that person's answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args
from zoneinfo import ZoneInfo

import click

from u8sync.cli.options import audit_folders, config_option, json_option
from u8sync.cli.session import Session
from u8sync.domain.names import ApprovalCause
from u8sync.errors import ExitCode, InputError
from u8sync.text import N_, msg

if TYPE_CHECKING:
    from u8sync.bootstrap.approving import Said
    from u8sync.config.settings import Settings
    from u8sync.domain.approvals import PendingChange
    from u8sync.text import Message

__all__ = ["approve"]


@click.command(
    help=N_(
        "Show the changes that runs left for a person to approve (configuration: approval), with their reasons. With"
        " --yes or --no: answer those that are chosen, with a reason; with --ask: one after the other. The answer"
        " stands in the audit log; the next run writes what was approved and is still wanted."
    ),
)
@click.option("--yes", "answered", flag_value="yes", help=N_("Approve what is chosen."))
@click.option("--no", "answered", flag_value="no", help=N_("Refuse what is chosen."))
@click.option("--ask", "answered", flag_value="ask", help=N_("Ask for each of what is chosen; all when nothing is."))
@click.option("--all", "everything", is_flag=True, help=N_("Choose everything that waits."))
@click.option("--customer", "customers", multiple=True, help=N_("Choose this customer; may be repeated."))
@click.option("--into", "into", multiple=True, metavar="TIER", help=N_("Choose changes into this tier."))
@click.option("--out-of", "out_of", multiple=True, metavar="TIER", help=N_("Choose changes out of this tier."))
@click.option(
    "--cause",
    "causes",
    multiple=True,
    type=click.Choice(get_args(ApprovalCause)),
    help=N_("Choose changes that need approval for this cause."),
)
@click.option("--reason", default=None, help=N_("Why, for the audit log; needed with --yes and --no."))
@config_option
@json_option
@click.pass_obj
def approve(
    session: Session,
    *,
    answered: str | None,
    everything: bool,
    customers: tuple[str, ...],
    into: tuple[str, ...],
    out_of: tuple[str, ...],
    causes: tuple[str, ...],
    reason: str | None,
    config: Path,
    as_json: bool,
) -> ExitCode:
    """Show what waits for approval, and answer."""
    from u8sync import bootstrap
    from u8sync.bootstrap.approving import Said, waiting_in
    from u8sync.config.settings import load_settings

    settings = load_settings(config)
    clock = bootstrap.SystemClock()
    chosen = any((everything, customers, into, out_of, causes))
    _refuse_half(answered, chosen=chosen, reason=reason)
    found = {log: waiting_in(log, settings, clock) for log in audit_folders(config, None)}
    _refuse_unknown(customers, [one for waiting in found.values() for one in waiting])
    wanted = {
        log: [
            one
            for one in waiting
            if (not customers or one.change.code in customers)
            and (not into or {field.becomes for field in one.change.fields} & {*into})
            and (not out_of or {field.was for field in one.change.fields} & {*out_of})
            and (not causes or one.request.cause in causes)
        ]
        for log, waiting in found.items()
    }
    if answered is None:
        return _show(session, settings, wanted, as_json=as_json)
    if answered == "ask":
        return _ask_each(session, settings, wanted, reason)
    said = Said(answered == "yes", (reason or "").strip(), session.command)
    return _answer(session, settings, wanted, said)


def _refuse_half(answered: str | None, *, chosen: bool, reason: str | None) -> None:
    """An answer needs what it is for, and why."""
    if answered is None and reason is not None:
        raise InputError(msg("--reason goes with --yes or --no"), hint=msg("Say which one: 'u8sync approve --help'."))
    if answered in {"yes", "no"} and not chosen:
        raise InputError(
            msg("--{answer} needs to know what is meant", answer=answered),
            hint=msg("Choose with --customer, --into, --out-of or --cause, or take --all."),
        )
    if answered in {"yes", "no"} and not (reason or "").strip():
        raise InputError(
            msg("--{answer} needs a reason", answer=answered),
            hint=msg("Add --reason TEXT: it stands in the audit log beside the answer."),
        )


def _refuse_unknown(customers: Sequence[str], waiting: Sequence[PendingChange]) -> None:
    unknown = [code for code in customers if code not in {one.change.code for one in waiting}]
    if unknown:
        raise InputError(
            msg("Nothing waits for approval of {codes}", codes=", ".join(unknown)),
            hint=msg("'u8sync approve' shows what waits. Codes are text: '007' is not '7'."),
        )


def _show(session: Session, settings: Settings, wanted: dict[Path, list[PendingChange]], *, as_json: bool) -> ExitCode:
    """Print what waits; it is pending, so the exit code says so."""
    from u8sync.cli.as_json import pending_json

    waiting = [one for ones in wanted.values() for one in ones]
    if as_json:
        session.emit(json.dumps([pending_json(one) for one in waiting], ensure_ascii=False, indent=1))
    else:
        _print(session, settings, waiting)
        if waiting:
            session.say(msg("To answer: u8sync approve --yes|--no --customer CODE|--all --reason TEXT; or --ask"))
    return ExitCode.PENDING if waiting else ExitCode.DONE


def _print(session: Session, settings: Settings, waiting: Sequence[PendingChange]) -> None:
    from u8sync.bootstrap import shown
    from u8sync.config.policy_file import load_policy
    from u8sync.report.terminal.approvals import pending_view

    policy = load_policy(settings.policy, shown_as=shown(settings.policy))
    session.out.print(pending_view(waiting, policy, session.translate, ZoneInfo(settings.timezone)))


def _answer(session: Session, settings: Settings, wanted: dict[Path, list[PendingChange]], said: Said) -> ExitCode:
    """Record one answer for all of these."""
    from u8sync.bootstrap import SystemClock
    from u8sync.bootstrap.approving import answer_in

    troubles: list[Message] = []
    count = 0
    for log, ones in wanted.items():
        if ones:
            troubles += answer_in(log, ones, said, settings, clock=SystemClock(), progress=session.progress())
            count += len(ones)
    if said.approved:
        session.say(msg("Approved: {count:,} changes. The next run writes those that are still wanted.", count=count))
    else:
        session.say(msg("Refused: {count:,} changes. They are left alone.", count=count))
    for trouble in troubles:
        session.note(trouble)
    return ExitCode.PENDING if troubles else ExitCode.DONE


def _ask_each(
    session: Session,
    settings: Settings,
    wanted: dict[Path, list[PendingChange]],
    reason: str | None,
) -> ExitCode:
    """Show one after the other and record each answer at once: who stops half-way keeps those that were given."""
    from u8sync.bootstrap.approving import Said

    end = ExitCode.DONE
    for log, ones in wanted.items():
        for one in ones:
            _print(session, settings, [one])
            answer = click.prompt(
                session.translate(msg("Approve? y yes, n no, s skip, q stop")),
                type=click.Choice(["y", "n", "s", "q"]),
                show_choices=False,
            )
            if answer == "q":
                return ExitCode.PENDING
            if answer == "s":
                end = ExitCode.PENDING
                continue
            why = reason or click.prompt(session.translate(msg("Why, for the audit log")))
            end = max(end, _answer(session, settings, {log: [one]}, Said(answer == "y", why.strip(), session.command)))
    return end

"""``audit verify`` and ``audit list``: read-only, beside a running night if need be, and without U8."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from u8sync.cli.options import config_option, json_option
from u8sync.cli.session import Session
from u8sync.errors import ExitCode, InputError
from u8sync.text import N_, Message, msg

if TYPE_CHECKING:
    from u8sync.audit.findings import Fault

__all__ = ["audit"]

folder_option = click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=None,
    help=N_("The audit folder; the configuration's when absent. Needs no configuration and no U8."),
)


@click.group(help=N_("Prove and read the audit log."))
def audit() -> None:
    """Group of the audit commands."""


@audit.command(
    short_help=N_("Check every record of the audit log."),
    help=N_(
        "Check every record of the audit log: form, order, hash chain. Names each record that was changed. Ends with 0"
        " when the log is whole, 1 when it is not, 2 when it is whole but a run left something open."
    ),
)
@config_option
@folder_option
@json_option
@click.pass_obj
def verify(session: Session, *, config: Path, folder: Path | None, as_json: bool) -> ExitCode:
    """Check every record of the audit log."""
    from u8sync.audit.reading import verify_folder
    from u8sync.cli.as_json import verification_json
    from u8sync.report.terminal import verification_view

    worst = ExitCode.DONE
    found = []
    for log in audit_folders(config, folder):
        verification = verify_folder(log, session.progress())
        found.append(verification_json(log.name, verification))
        if not as_json:
            session.out.print(
                verification_view(
                    name=log.name,
                    records=verification.records,
                    segments=verification.segments,
                    head=verification.head.hash,
                    faults=[(place_of(fault), fault.message) for fault in verification.faults],
                    open_intents=len(verification.open_intents),
                    torn=verification.torn,
                    translate=session.translate,
                )
            )
        if verification.faults:
            worst = ExitCode.UNEXPECTED
        elif (verification.open_intents or verification.torn) and worst == ExitCode.DONE:
            worst = ExitCode.PENDING
    if as_json:
        session.emit(json.dumps(found, ensure_ascii=False, indent=1))
    return worst


@audit.command(
    "list",
    short_help=N_("List what was written."),
    help=N_("List what was written, oldest first: customer, field, before, after, outcome, run."),
)
@click.option("--customer", default=None, help=N_("Only this customer."))
@click.option("--run", "run_id", default=None, help=N_("Only this run."))
@config_option
@folder_option
@json_option
@click.pass_obj
def list_changes(
    session: Session, *, customer: str | None, run_id: str | None, config: Path, folder: Path | None, as_json: bool
) -> ExitCode:
    """List what was written."""
    from u8sync.audit.history import changes_of
    from u8sync.audit.reading import iterate
    from u8sync.cli.as_json import logged_json
    from u8sync.report.terminal import history_view

    listed = [
        change
        for log in audit_folders(config, folder)
        for change in changes_of(iterate(log))
        if (customer is None or change.customer == customer) and (run_id is None or change.run_id == run_id)
    ]
    if as_json:
        session.emit(json.dumps([logged_json(change) for change in listed], ensure_ascii=False, indent=1))
    elif listed:
        session.out.print(history_view(listed, session.translate))
    else:
        session.say(msg("The audit log has no such change."))
    return ExitCode.DONE


def place_of(fault: Fault) -> Message:
    """Which record, and where it stands."""
    if fault.seq is None:
        return msg("the log as a whole")
    if not fault.line:
        return msg("record {seq}", seq=fault.seq)
    return msg("record {seq} ({segment}, line {line})", seq=fault.seq, segment=fault.segment, line=fault.line)


def audit_folders(config: Path, folder: Path | None) -> list[Path]:
    """The logs to read: one folder an account set. Raises InputError when there is none."""
    if folder is None:
        from u8sync.config.settings import load_settings

        folder = load_settings(config).audit_folder
    if any(folder.glob("seg-*.jsonl")):
        return [folder]
    logs = sorted(path for path in folder.glob("*") if path.is_dir() and any(path.glob("seg-*.jsonl")))
    if not logs:
        raise InputError(
            msg("There is no audit log in {folder}", folder=str(folder)),
            hint=msg("'u8sync run' and 'u8sync apply' make one. Name another folder with --folder."),
        )
    return logs

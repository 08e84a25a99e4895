"""``audit reconcile``: what was changed in U8 outside u8sync."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from u8sync.cli.log_reading import Log, archive_option, logs_of
from u8sync.cli.options import config_option, json_option
from u8sync.cli.session import Session
from u8sync.errors import ExitCode
from u8sync.text import N_, Message, msg

if TYPE_CHECKING:
    from u8sync.domain.canonical import Json
    from u8sync.engine.reconcile import Finding, Reconciliation
    from u8sync.report.tables import Table

__all__ = ["reconcile"]


@click.command(
    help=N_(
        "Compare the last value that the audit log says was written with what U8 holds now, for every customer and"
        " column, and list what was changed outside u8sync. Nothing is written. Ends with 0 when there is nothing, 2"
        " when there are differences."
    ),
)
@config_option
@archive_option
@click.option(
    "--out", type=click.Path(path_type=Path), help=N_("Also write the list to this file: .csv, .xlsx or .html.")
)
@json_option
@click.pass_obj
def reconcile(session: Session, *, config: Path, archive: Path | None, out: Path | None, as_json: bool) -> ExitCode:
    """List what was changed in U8 outside u8sync."""
    from u8sync import bootstrap
    from u8sync.audit.endings import TYPES, changes_in
    from u8sync.engine.reconcile import reconcile as compare
    from u8sync.report.tables import save_table, suffix_of
    from u8sync.report.terminal.evidence import reconciliation_view

    if out is not None:
        suffix_of(out)
    installation = bootstrap.load(config)
    retry = bootstrap.retry_of(installation.settings)
    with bootstrap.open_backend(installation, writing=False, retry=retry) as backend:
        account_set, _ = retry.call(backend.account_set)
        settings = installation.settings
        logs = logs_of(config, settings.audit_folder / account_set.folder, archive or settings.audit_archive)
        logs.note_missing(session)
        log = logs.only
        result = compare(
            lambda: changes_in(log.records(session, *TYPES)), backend, retry=retry, progress=session.progress()
        )
    if out is not None:
        save_table(out, _findings_table(session, log, result), session.translate, session.language)
        session.aside(msg("Findings: {path}", path=str(out)))
    if as_json:
        session.emit(json.dumps(_reconciliation_json(log, result), ensure_ascii=False, indent=1))
    else:
        findings = [(one.kind, one.change, one.live) for one in result.findings]
        session.out.print(reconciliation_view(list(_compared(log, result)), findings, session.translate))
    return ExitCode.PENDING if result.differences else ExitCode.DONE


def _compared(log: Log, result: Reconciliation) -> Iterator[tuple[Message, str]]:
    kinds = [one.kind for one in result.findings]
    yield msg("Audit log"), log.folder.name
    yield msg("Customers compared"), f"{result.customers:,}"
    yield msg("Values compared"), f"{result.values:,}"
    yield msg("Changed outside u8sync"), f"{kinds.count('changed'):,}"
    yield msg("Customers gone"), f"{kinds.count('gone'):,}"
    yield msg("Not readable"), f"{kinds.count('unread'):,}"
    yield msg("Left open by a run"), f"{kinds.count('open'):,}"


def _reconciliation_json(log: Log, result: Reconciliation) -> dict[str, Json]:
    return {
        "log": log.folder.name,
        "customers": result.customers,
        "values": result.values,
        "differences": result.differences,
        "findings": [_finding_json(one) for one in result.findings],
    }


def _finding_json(one: Finding) -> Json:
    change = one.change
    return {
        "finding": one.kind,
        "customer": change.customer,
        "field": change.field,
        "column": change.column,
        "logged": change.after,
        "live": one.live,
        "record": change.seq,
        "time": change.at,
        "run": change.run_id,
    }


def _findings_table(session: Session, log: Log, result: Reconciliation) -> Table:
    from u8sync.report.tables import Column, Table
    from u8sync.report.terminal.evidence import FINDINGS

    columns: Sequence[Column] = (
        Column("finding", msg("Finding"), width=30),
        Column("customer", msg("Customer"), width=16),
        Column("field", msg("Field")),
        Column("column", msg("Column"), width=16),
        Column("logged", msg("By the log"), width=18),
        Column("live", msg("U8 holds now"), width=18),
        Column("record", msg("Record"), "number", 10),
        Column("time", msg("Time (UTC)"), width=28),
        Column("run", msg("Run"), width=26),
    )
    rows = [
        (
            session.translate(FINDINGS[one.kind]),
            one.change.customer,
            one.change.field,
            one.change.column,
            one.change.after,
            one.live,
            one.change.seq,
            one.change.at,
            one.change.run_id,
        )
        for one in result.findings
    ]
    return Table(msg("What was changed in U8 outside u8sync"), list(_compared(log, result)), columns, rows)

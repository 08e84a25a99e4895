"""``audit why``: why a customer has its tier, by the audit log alone, and whether that follows from the record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from u8sync.cli.asking import no_index_option
from u8sync.cli.log_reading import Log, Logs, archive_option, instant, logs_of
from u8sync.cli.options import Day, config_option, folder_option, json_option
from u8sync.cli.session import Session
from u8sync.errors import ExitCode, InputError
from u8sync.text import N_, Message, msg

if TYPE_CHECKING:
    from u8sync.audit.endings import Ended
    from u8sync.audit.why import Case
    from u8sync.domain.canonical import Json
    from u8sync.domain.reason import Reason
    from u8sync.domain.recompute import Recomputed
    from u8sync.domain.rules import Ruled
    from u8sync.ports import Record

__all__ = ["why"]


@click.command(
    help=N_(
        "Say by the audit log alone why a customer had its tier on a day: which change put it there, who made and"
        " approved it, by which rule and figures; work the tier out again from the record. Ends with 0 when it comes"
        " out the same, 1 when it does not. Needs no U8."
    ),
)
@click.argument("code", required=False)
@click.option("--at", "at", type=Day(), default=None, help=N_("On this day, its end; today's value when absent."))
@no_index_option
@click.option("--seq", type=click.IntRange(min=1), default=None, help=N_("Instead: the change of this record."))
@config_option
@folder_option
@archive_option
@json_option
@click.pass_obj
def why(
    session: Session,
    *,
    code: str | None,
    at: date | None,
    seq: int | None,
    no_index: bool,
    config: Path,
    folder: Path | None,
    archive: Path | None,
    as_json: bool,
) -> ExitCode:
    """Say by the audit log why a customer has its tier, and recompute it."""
    from u8sync.domain.recompute import Recomputed, recompute
    from u8sync.report.terminal.evidence import why_view

    if (code is None) == (seq is None) or (seq is not None and at is not None):
        raise InputError(
            msg("Name a customer or, with --seq, a record"),
            hint=msg("'u8sync audit why CODE --at DATE' or 'u8sync audit why --seq N'"),
        )
    logs = logs_of(config, folder, archive)
    logs.note_missing(session)
    log, case = _find(session, logs, code, at, seq, no_index=no_index)
    found = recompute(case.plan or {}, case.change.intent)
    if as_json:
        session.emit(json.dumps(_why_json(log, case, found), ensure_ascii=False, indent=1))
    else:
        ruled, reason = _rules_and_reason(case)
        session.out.print(
            why_view(
                msg("Customer {name}", name=str(case.change.intent["customer"])),
                list(_why_facts(log, case)),
                case.fields,
                found,
                session.translate,
                ruled=ruled,
                reason=reason,
                held=case.held,
            )
        )
    return ExitCode.UNEXPECTED if isinstance(found, Recomputed) and found.differences else ExitCode.DONE


def _rules_and_reason(case: Case) -> tuple[Ruled | None, Reason | None]:
    """What the records say, for its words; null where this version does not know it all."""
    from u8sync.domain.reason import reason_of
    from u8sync.domain.rules import rules_of

    try:
        return rules_of(_part((case.plan or {}).get("rules"))), reason_of(_part(case.change.intent.get("reason")))
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError):
        return None, None


def _find(
    session: Session, logs: Logs, code: str | None, at: date | None, seq: int | None, *, no_index: bool
) -> tuple[Log, Case]:
    """The change that is asked for, and its log. Raises InputError when there is none."""
    op_id = None
    if seq is not None:
        record = _record(session, logs.only, seq, no_index=no_index)
        code, op_id = str(record["customer"]), str(record["op_id"])
    before = None if at is None else instant(at, logs.zone, after=True)
    found = [(log, _case(session, log, str(code), before, op_id, no_index=no_index)) for log in logs.each]
    cases = [(log, case) for log, case in found if case is not None]
    if not cases:
        raise InputError(
            msg("By the audit log, u8sync had written no tier of customer {code} by then", code=str(code)),
            hint=msg(
                "'u8sync audit list --customer CODE' lists all that was written or meant to be; with --not-written, why"
                " nothing was."
            ),
        )
    if len(cases) > 1:
        raise InputError(
            msg("{count} account sets have a customer {code}", count=len(cases), code=str(code)),
            hint=msg("Name one log with --folder: {folders}", folders=", ".join(str(log.folder) for log, _ in cases)),
        )
    return cases[0]


def _case(
    session: Session, log: Log, customer: str, before: str | None, op_id: str | None, *, no_index: bool
) -> Case | None:
    from u8sync.audit.why import TYPES, case_of, records_about

    if no_index:
        return case_of(log.records(session, *TYPES), customer, before=before, op_id=op_id)
    from u8sync.audit.index import open_index

    with open_index(log.folder, session.progress(), archive=log.archive) as index:
        return case_of(records_about(index, customer), customer, before=before, op_id=op_id)


def _record(session: Session, log: Log, seq: int, *, no_index: bool) -> Record:
    """The record of this number. Raises InputError when it is none of a change."""
    record: Record | None
    if no_index:
        record = next((one for one in log.records(session) if one["seq"] == seq), None)
    else:
        from u8sync.audit.index import open_index
        from u8sync.audit.questions import record_of

        with open_index(log.folder, session.progress(), archive=log.archive) as index:
            record = record_of(index, seq).record
    if record is None or record["type"] not in {"intent", "outcome", "settle"}:
        raise InputError(
            msg("Record {seq} announces no change and ends none", seq=seq),
            hint=msg("'u8sync audit list' gives the number of each change's record."),
        )
    return record


def _why_facts(log: Log, case: Case) -> Iterator[tuple[Message, str | Message | None]]:
    """Who, when, by which rules."""
    from u8sync.report.words import LOGGED

    intent, run, plan = case.change.intent, case.run or {}, case.plan or {}
    reason, seal, window = (_part(part) for part in (intent.get("reason"), plan.get("seal"), plan.get("window")))
    yield msg("Audit log"), log.folder.name
    yield msg("Record"), msg("{seq} at {time} (UTC)", seq=str(intent["seq"]), time=str(intent["ts"]))
    yield msg("How it ended"), LOGGED.get(case.change.status, case.change.status)
    if case.change.end is not None:
        end = case.change.end
        yield msg("Record of the end"), msg("{seq} at {time} (UTC)", seq=str(end["seq"]), time=str(end["ts"]))
    yield msg("Run"), str(intent["run_id"])
    yield msg("Made by"), msg("{user} on {host}", user=_word(run, "user"), host=str(intent["host"]))
    yield msg("Modifier shown in U8"), _word(run, "person")
    yield msg("Command"), _word(run, "command")
    yield msg("Approved by"), "; ".join(map(_approval, case.approvals)) or msg("nobody: no approval is recorded")
    for guard in case.allowed:
        yield (
            msg("Guard that was let pass"),
            msg(
                "{guard}: {measured}, limit {limit}",
                guard=_word(guard, "guard"),
                measured=_word(guard, "measured"),
                limit=_word(guard, "limit"),
            ),
        )
    yield msg("Tier by the record"), _word(reason, "tier")
    yield msg("Score by the record"), _word(reason, "score")
    yield msg("Rule"), _word(reason, "rule")
    yield msg("Policy, SHA-256"), _word(seal, "policy")
    yield msg("Mapping, SHA-256"), _word(seal, "mapping")
    yield msg("Configuration, SHA-256"), _word(run, "config_sha256")
    yield msg("Version of u8sync"), str(intent["tool_version"])
    yield msg("Plan"), _word(plan, "plan")
    yield msg("Window"), msg("{start} to {end}", start=_word(window, "start"), end=_word(window, "as_of"))
    if case.takes_back is not None:
        yield msg("Takes back"), _when(case.takes_back)
    if not case.undone_by:
        yield msg("Undone since"), msg("no")
    for other in case.undone_by:
        yield msg("Undone since"), _when(other)
    yield msg("Next change of it"), None if case.followed_by is None else _when(case.followed_by)


def _when(change: Ended) -> Message:
    intent = change.intent
    return msg(
        "record {seq} at {time} (UTC), run {run}",
        seq=str(intent["seq"]),
        time=str(intent["ts"]),
        run=str(intent["run_id"]),
    )


def _approval(record: Record) -> str:
    words = (_word(record, name) for name in ("approver", "method", "what", "reason"))
    return ", ".join(word for word in (*words, str(record["ts"])) if word is not None)


def _part(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _word(record: Record | dict[str, Any], name: str) -> str | None:
    value = record.get(name)
    return None if value is None else str(value)


def _why_json(log: Log, case: Case, found: Recomputed | Message) -> dict[str, Json]:
    from u8sync.cli.as_json import logged_json

    plan = case.plan or {}
    return {
        "log": log.folder.name,
        "customer": case.change.intent["customer"],
        "status": case.change.status,
        "changes": [logged_json(change) for change in case.fields],
        "intent": dict(case.change.intent),
        "end": None if case.change.end is None else dict(case.change.end),
        "run": None if case.run is None else dict(case.run),
        "seal": plan.get("seal"),
        "window": plan.get("window"),
        "rules": plan.get("rules"),
        "approvals": [dict(record) for record in case.approvals],
        "guards_let_pass": [dict(record) for record in case.allowed],
        "takes_back": None if case.takes_back is None else _other(case.takes_back),
        "undone_by": [_other(one) for one in case.undone_by],
        "followed_by": None if case.followed_by is None else _other(case.followed_by),
        "held": [asdict(one) for one in case.held],
        "recomputed": {"verdict": "impossible", "why": str(found)}
        if isinstance(found, Message)
        else _found_json(found),
    }


def _other(change: Ended) -> Json:
    return {name: change.intent[name] for name in ("seq", "ts", "run_id", "op_id")}


def _found_json(found: Recomputed) -> dict[str, Json]:
    plain: dict[str, Json] = _texts(asdict(found))
    return {"verdict": "different" if found.differences else "same", **plain}


def _texts(value: Any) -> Any:  # noqa: ANN401 - whatever a dataclass was made of
    """Plain values, decimals as text."""
    from decimal import Decimal

    from u8sync.domain.canonical import decimal_text

    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, dict):
        return {name: _texts(item) for name, item in value.items()}
    return [_texts(item) for item in value] if isinstance(value, tuple | list) else value

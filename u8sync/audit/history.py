"""What happened, told from the records: changes with their ends, runs, and what was left alone.

Pure: records in, values out. The records may be all of a log or those that one question needs, as long as each intent
comes with its ends and with the undos of it, and each run with all its own records but the intents and outcomes of one
that was closed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from u8sync.domain.logged import HELD, LoggedApproval, LoggedGuard, LoggedLeft, LoggedRun
from u8sync.domain.plan import Edited
from u8sync.domain.run import LoggedChange
from u8sync.ports import Json, Record

__all__ = ["PASSED_OVER", "changes_of", "left_of", "passed_over_of", "runs_of", "unsent_of"]

PASSED_OVER: Final = ("skip", "hold")
"""The types of record that name customers of whom nothing was, or not all was, written."""


def changes_of(records: Iterable[Record]) -> list[LoggedChange]:
    """The changes that the records announce, oldest first.

    Args:
        records: Whole and verified; ``intent``, ``outcome`` and ``settle`` are read, others passed over.
    """
    intents: dict[str, Record] = {}
    endings: dict[str, str] = {}
    for record in records:
        name = str(record.get("op_id"))
        match record["type"]:
            case "intent":
                intents[name] = record
            case "outcome":
                endings[name] = str(record["status"])
            case "settle":
                endings[name] = str(record["verdict"])
            case _:
                pass
    undone_by = {
        str(undoes["op_id"]): str(intent["run_id"])
        for name, intent in intents.items()
        if isinstance(undoes := intent.get("undoes"), dict) and endings.get(name) == "applied"
    }
    return [
        change
        for name, intent in intents.items()
        for change in _fields_of(intent, endings.get(name, "open"), undone_by.get(name))
    ]


def _fields_of(intent: Record, status: str, undone_by: str | None) -> Iterable[LoggedChange]:
    before, after, reason = intent["before"], intent["after"], intent["reason"]
    fields, undoes = intent["fields"], intent.get("undoes")
    if not (isinstance(before, dict) and isinstance(after, dict) and isinstance(fields, list)):
        return
    known: dict[str, Json] = reason if isinstance(reason, dict) else {}
    for one in fields:
        if not isinstance(one, dict):
            continue
        column = str(one["column"])
        # A field that a line of the mapping asked for has neither the score nor the rule of the tier beside it.
        why = {"rule": one["rule"]} if "rule" in one else known
        yield LoggedChange(
            seq=int(str(intent["seq"])),
            at=str(intent["ts"]),
            run_id=str(intent["run_id"]),
            customer=str(intent["customer"]),
            field=str(one["field"]),
            column=column,
            before=_text(before.get(column)),
            after=_text(after.get(column)),
            score=_text(why.get("score")),
            rule=_text(why.get("rule")),
            status=status,
            op_id=str(intent["op_id"]),
            was=_text(one.get("was")),
            becomes=_text(one.get("becomes")),
            undoes=_text(undoes.get("run_id")) if isinstance(undoes, dict) else None,
            undone_by=undone_by,
            edited=Edited(_text(edited.get("wrote"))) if isinstance(edited := one.get("edited"), dict) else None,
        )


# --- what was left alone ----------------------------------------------------------------------------------------------


def left_of(records: Iterable[Record]) -> Iterator[LoggedLeft]:
    """The changes that were announced and not written, one a customer, oldest first.

    Args:
        records: As :func:`changes_of` takes them.
    """
    kept = list(records)
    ends = {str(record["op_id"]): record for record in kept if record["type"] in {"outcome", "settle"}}
    seen: set[str] = set()
    for change in changes_of(kept):
        if change.status == "applied" or change.op_id in seen:
            continue
        seen.add(change.op_id)
        detail = ends[change.op_id].get("detail") if change.op_id in ends else None
        yield LoggedLeft(change.seq, change.at, change.run_id, (change.customer,), 1, change.status, _text(detail))


def passed_over_of(record: Record, customers: frozenset[str]) -> Iterator[LoggedLeft]:
    """The customers that a record of :data:`PASSED_OVER` names, those of one reason together.

    Who was only counted, held by nothing, was not passed over. ``customers`` keeps only those, when there are any.
    """
    named = record["customers" if record["type"] == "skip" else "held"]
    found: dict[tuple[str, str | None, str | None, int | None], list[str]] = {}
    for one in named if isinstance(named, list) else ():
        why: tuple[str, str | None, str | None, int | None]
        if not isinstance(one, dict):
            code, why = str(one), (str(record["cause"]), None, None, None)
        elif one["cause"] is not None:
            code, below = str(one["code"]), one["below"]
            tiers = _text(one["tier"]), _text(one["earned"])
            why = (f"{HELD}{one['cause']}", *tiers, below if isinstance(below, int) else None)
        else:
            continue
        if not customers or code in customers:
            found.setdefault(why, []).append(code)
    seq, at, run_id = int(str(record["seq"])), str(record["ts"]), str(record["run_id"])
    for (cause, tier, earned, below), codes in found.items():
        yield LoggedLeft(seq, at, run_id, tuple(codes), len(codes), cause, None, tier, earned, below)


def unsent_of(run: LoggedRun) -> LoggedLeft | None:
    """The changes of a run's plan that were never sent; the log has their number and no codes."""
    if not run.never_sent:
        return None
    guards = run.stopped_by
    return LoggedLeft(
        run.seq,
        run.opened_at,
        run.run_id,
        (),
        run.never_sent,
        "guard" if guards else "not_started",
        ", ".join(guards) if guards else run.error,
    )


# --- runs -------------------------------------------------------------------------------------------------------------


@dataclass
class _Run:
    """What is known of a run so far."""

    opening: Record
    plan: Record | None = None
    closing: Record | None = None
    guards: list[LoggedGuard] = field(default_factory=list)
    approvals: list[LoggedApproval] = field(default_factory=list)
    settled: Counter[tuple[str, str]] = field(default_factory=Counter)
    ends: dict[str, str] = field(default_factory=dict)


def runs_of(records: Iterable[Record], *, last: str | None = None) -> list[LoggedRun]:
    """The runs that the records open, oldest first.

    Args:
        records: Whole and verified, in their order.
        last: The run of the log that began last; null: the last one of the records.
    """
    runs: dict[str, _Run] = {}
    for record in records:
        if record["type"] == "run_open":
            runs[str(record["run_id"])] = _Run(record)
        elif record["type"] == "settle" and record.get("of_run") != record["run_id"]:
            _settle(runs, record)
        elif str(record["run_id"]) in runs:
            _add(runs[str(record["run_id"])], record)
    newest = next(reversed(runs), None) if last is None else last
    return [_told(name, run, newest=name == newest) for name, run in runs.items()]


def _settle(runs: Mapping[str, _Run], record: Record) -> None:
    """A later run found out how a change ended."""
    run = runs.get(str(record.get("of_run")))
    if run is not None:
        run.settled[(str(record["run_id"]), str(record["verdict"]))] += 1


def _add(run: _Run, record: Record) -> None:
    match record["type"]:
        case "plan":
            run.plan = record
        case "guard":
            run.guards.append(
                LoggedGuard(
                    str(record["guard"]),
                    record["ok"] is True,
                    record["allowed"] is True,
                    _text(record.get("measured")),
                    _text(record.get("limit")),
                )
            )
        case "approval":
            customers = record.get("customers")
            run.approvals.append(
                LoggedApproval(
                    str(record["what"]),
                    str(record["approver"]),
                    str(record["method"]),
                    _text(record.get("reason")),
                    len(customers) if isinstance(customers, list) else None,
                )
            )
        case "intent":
            run.ends[str(record["op_id"])] = "open"
        case "outcome":
            run.ends[str(record["op_id"])] = str(record["status"])
        case "settle":
            run.ends[str(record["op_id"])] = str(record["verdict"])
        case "run_close":
            run.closing = record
        case _:
            pass


def _told(name: str, run: _Run, *, newest: bool) -> LoggedRun:
    opening, plan, closing = run.opening, run.plan, run.closing
    totals = closing.get("totals") if closing is not None else Counter(run.ends.values())
    counts = totals if isinstance(totals, dict) else {}
    exit_code = closing.get("exit_code") if closing is not None else None
    changes = plan.get("changes") if plan is not None else None
    seal = plan.get("seal") if plan is not None else None
    return LoggedRun(
        run_id=name,
        seq=int(str(opening["seq"])),
        opened_at=str(opening["ts"]),
        closed_at=str(closing["ts"]) if closing is not None else None,
        state="closed" if closing is not None else "open" if newest else "died",
        mode=str(opening.get("mode")),
        by=_by(opening),
        plan=str(plan["plan"]) if plan is not None else None,
        seal={key: str(value) for key, value in seal.items()} if isinstance(seal, dict) else {},
        planned=changes if isinstance(changes, int) else None,
        totals={status: n for status, n in counts.items() if status != "planned" and isinstance(n, int) and n},
        settled=dict(run.settled),
        exit_code=exit_code if isinstance(exit_code, int) else None,
        error=_text(closing.get("error")) if closing is not None else None,
        guards=tuple(run.guards),
        approvals=tuple(run.approvals),
    )


def _by(opening: Record) -> dict[str, str]:
    """Who, with what and how, as far as the opening record says."""
    names = ("user", "person", "command", "host", "tool_version", "python", "platform", "config_sha256")
    route = opening.get("route")
    return {name: str(opening[name]) for name in names if opening.get(name) is not None} | {
        f"route.{name}": str(value) for name, value in (route.items() if isinstance(route, dict) else ())
    }


def _text(value: Json) -> str | None:
    return None if value is None else str(value)

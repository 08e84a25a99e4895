"""What the audit log tells, on the terminal: changes, customers that were left alone, runs, days without a run.

The words of one record: ``record.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from rich.console import Group, RenderableType

from u8sync.domain.logged import Gap, LoggedApproval, LoggedLeft, LoggedRun
from u8sync.domain.run import LoggedChange
from u8sync.report.rule_words import held_words
from u8sync.report.terminal.blocks import Cell, Writer
from u8sync.report.words import CAUSES, GUARD_NAMES, LOGGED, SETTLED
from u8sync.text import Message, Translate, listed, msg

__all__ = ["gaps_view", "history_view", "left_view", "run_view", "runs_view", "tally_words", "time_words"]

_CODES: Final = 8
"""So many customers are named in one line of a list."""

_LEFT: Final[Mapping[str, Message]] = {**CAUSES, **LOGGED, "guard": msg("a guard stopped the run")}

_STATES: Final[Mapping[str, Message]] = {
    "died": msg("DIED: no end is recorded"),
    "open": msg("no end is recorded: it is at work, or died"),
}

_BY: Final[Mapping[str, Message]] = {
    "user": msg("Operating-system user"),
    "route.login": msg("Login at U8"),
    "person": msg("Modifier shown in U8"),
    "command": msg("Command"),
    "host": msg("Computer"),
    "tool_version": msg("Version of u8sync"),
    "python": msg("Python"),
    "platform": msg("Operating system"),
    "config_sha256": msg("SHA-256 of the configuration"),
}

_SEAL: Final[Mapping[str, Message]] = {
    "mapping": msg("SHA-256 of the mapping"),
    "policy": msg("SHA-256 of the tier policy"),
    "as_of": msg("Last day of the window"),
    "account_set": msg("Account set"),
}


def time_words(instant: str) -> str:
    """An instant of a record, to the second."""
    return instant[:19].replace("T", " ")


def history_view(changes: Sequence[LoggedChange], translate: Translate) -> RenderableType:
    """What was written or meant to be, one field a line, in the order given."""
    write = Writer(translate)
    return write.table(
        [
            (msg("Record"), "right"),
            (msg("Time (UTC)"), "left"),
            (msg("Customer"), "left"),
            (msg("Field"), "left"),
            (msg("Before"), "left"),
            (msg("After"), "left"),
            (msg("Score"), "right"),
            (msg("How it ended"), "left"),
            (msg("Run"), "left"),
        ],
        (
            (
                str(change.seq),
                time_words(change.at),
                change.customer,
                change.field,
                change.before,
                change.after,
                change.score,
                _ending(change),
                change.run_id,
            )
            for change in changes
        ),
    )


def _ending(change: LoggedChange) -> Cell:
    words = LOGGED.get(change.status, change.status)
    if change.undoes is not None:
        words = msg("{ending}; takes back run {run}", ending=words, run=change.undoes)
    if change.edited is not None:
        words = msg("{ending}; a person had changed it", ending=words)
    if change.undone_by is not None:
        words = msg("{ending}; TAKEN BACK by run {run}", ending=words, run=change.undone_by)
    return words


def tally_words(tally: Mapping[str, int]) -> Message:
    """How many changes ended how."""
    if not tally:
        return msg("none")
    return listed(
        [
            msg("{count}: {ending}", ending=LOGGED.get(status, status), count=f"{count:,}")
            for status, count in tally.items()
        ]
    )


def left_view(left: Sequence[LoggedLeft], translate: Translate) -> RenderableType:
    """Who was planned or looked at and not changed, one reason a line, in the order given."""
    write = Writer(translate)
    return write.table(
        [
            (msg("Record"), "right"),
            (msg("Time (UTC)"), "left"),
            (msg("Customers"), "right"),
            (msg("Codes"), "left"),
            (msg("Why"), "left"),
            (msg("Run"), "left"),
        ],
        (
            (
                str(one.seq),
                time_words(one.at),
                f"{one.count:,}",
                _codes(one),
                _why(one),
                one.run_id,
            )
            for one in left
        ),
    )


def _codes(left: LoggedLeft) -> Cell:
    if not left.customers:
        return msg("the log has their number only")
    named = ", ".join(left.customers[:_CODES])
    more = len(left.customers) - _CODES
    return named if more <= 0 else msg("{codes} and {count} more", codes=named, count=f"{more:,}")


def _why(left: LoggedLeft) -> Cell:
    if left.held_by is not None:
        return held_words(left)
    words = _LEFT.get(left.cause, left.cause)
    if left.cause == "guard":
        return msg("{why}: {detail}", why=words, detail=_guards((left.detail or "").split(", ")))
    return words if left.detail is None else msg("{why}: {detail}", why=words, detail=left.detail)


def _guards(names: Sequence[str]) -> Message:
    labels: Mapping[str, Message] = {str(name): words for name, words in GUARD_NAMES.items()}
    return listed([labels.get(name) or Message("{name}", {"name": name}) for name in names])


# --- runs -------------------------------------------------------------------------------------------------------------


def runs_view(runs: Sequence[LoggedRun], translate: Translate) -> RenderableType:
    """One run a line, in the order given."""
    write = Writer(translate)
    return write.table(
        [
            (msg("Run"), "left"),
            (msg("Began (UTC)"), "left"),
            (msg("Who"), "left"),
            (msg("What"), "left"),
            (msg("Plan"), "left"),
            (msg("Planned"), "right"),
            (msg("Written"), "right"),
            (msg("Exit code"), "right"),
            (msg("Remarks"), "left"),
        ],
        (
            (
                run.run_id,
                time_words(run.opened_at),
                _who(run),
                run.mode,
                None if run.plan is None else run.plan[:8],
                None if run.planned is None else f"{run.planned:,}",
                f"{run.totals.get('applied', 0):,}",
                None if run.exit_code is None else str(run.exit_code),
                listed(remarks) if (remarks := list(_remarks(run))) else None,
            )
            for run in runs
        ),
    )


def _who(run: LoggedRun) -> str:
    names = [run.by[name] for name in ("user", "route.login") if name in run.by]
    return " / ".join(dict.fromkeys(names))


def _remarks(run: LoggedRun) -> Iterator[Message]:
    """What a person should see of a run at once."""
    if run.state in _STATES:
        yield _STATES[run.state]
    yield from _others(run)
    yield from _settled(run)
    if run.stopped_by:
        yield msg("stopped by {guards}", guards=_guards(run.stopped_by))
    for approval in run.approvals:
        if approval.customers is None:
            yield msg("let pass by {approver}: {what}", what=_guards([approval.what]), approver=approval.approver)
        else:
            yield msg("approved by {approver}: {what}", what=_approved(approval), approver=approval.approver)
    approved = {approval.what for approval in run.approvals}
    allowed = [guard.guard for guard in run.guards if guard.allowed and not guard.ok and guard.guard not in approved]
    if allowed:
        yield msg("let pass: {guards}", guards=_guards(allowed))
    if run.error is not None and not run.stopped_by:
        yield msg("ended by: {error}", error=run.error)


def _others(run: LoggedRun) -> Iterator[Message]:
    for status, count in run.totals.items():
        if status != "applied":
            yield msg("{count}: {ending}", ending=LOGGED.get(status, status), count=f"{count:,}")


def _settled(run: LoggedRun) -> Iterator[Message]:
    verdicts: Mapping[str, Message] = {str(verdict): words for verdict, words in SETTLED.items()}
    for (by, verdict), count in run.settled.items():
        words = verdicts.get(verdict, verdict)
        yield msg("{count}: {verdict}, found out by run {run}", count=f"{count:,}", verdict=words, run=by)


def run_view(run: LoggedRun, translate: Translate) -> RenderableType:
    """Everything about one run."""
    write = Writer(translate)
    rows: list[tuple[Message, Cell]] = [
        (msg("Began (UTC)"), time_words(run.opened_at)),
        (msg("Ended (UTC)"), _STATES[run.state] if run.closed_at is None else time_words(run.closed_at)),
        (msg("What"), run.mode),
        *((label, run.by[name]) for name, label in _BY.items() if name in run.by),
        *(
            (msg("Way into U8: {what}", what=name.removeprefix("route.")), value)
            for name, value in run.by.items()
            if name.startswith("route.") and name not in _BY
        ),
        (msg("Plan"), run.plan),
        *((label, run.seal[name]) for name, label in _SEAL.items() if name in run.seal),
        (msg("Planned"), None if run.planned is None else f"{run.planned:,}"),
        (msg("Written"), f"{run.totals.get('applied', 0):,}"),
        (msg("Not written"), listed(others) if (others := list(_others(run))) else None),
        (msg("Settled later"), listed(settled) if (settled := list(_settled(run))) else None),
        (msg("Exit code"), None if run.exit_code is None else str(run.exit_code)),
        (msg("Error"), run.error),
    ]
    parts: list[RenderableType] = [write.title(msg("Run {run}", run=run.run_id)), write.facts(rows)]
    if run.guards:
        parts += [write.heading(msg("Guards")), _guard_table(run, write)]
    if run.approvals:
        parts += [write.heading(msg("Approvals")), _approval_table(run, write)]
    return Group(*parts)


def _guard_table(run: LoggedRun, write: Writer) -> RenderableType:
    return write.table(
        [(msg("Guard"), "left"), (msg("Measured"), "right"), (msg("Limit"), "right"), (msg("Verdict"), "left")],
        (
            (
                _guards([guard.guard]),
                guard.measured,
                guard.limit,
                msg("ok") if guard.ok else msg("allowed") if guard.allowed else msg("STOPPED"),
            )
            for guard in run.guards
        ),
    )


def _approval_table(run: LoggedRun, write: Writer) -> RenderableType:
    return write.table(
        [(msg("What"), "left"), (msg("Who"), "left"), (msg("How it is known"), "left"), (msg("Reason"), "left")],
        ((_approved(one), one.approver, one.method, one.reason) for one in run.approvals),
    )


def _approved(approval: LoggedApproval) -> Message:
    if approval.customers is None:
        return _guards([approval.what])
    return msg("changes of {count:,} customers", count=approval.customers)


def gaps_view(gaps: Sequence[Gap], translate: Translate) -> RenderableType:
    """Where days passed without a run."""
    write = Writer(translate)
    return write.table(
        [(msg("Last run"), "left"), (msg("Next run"), "left"), (msg("Days without a run"), "right")],
        ((_day(gap.after), msg("none yet") if gap.before is None else _day(gap.before), str(gap.days)) for gap in gaps),
    )


def _day(day: date) -> str:
    return day.isoformat()

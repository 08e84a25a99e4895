"""Logs with a history: nights that write, die, settle and take back; and the answers, worked out the plain way.

The plain way reads the whole log and looks at every record, so that it can be compared with answers from an index.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from audit_world import ACCOUNT_SET
from fakes import Quiet, Ticking

from u8sync.audit.checkpoint import SigningKey
from u8sync.audit.history import changes_of, left_of, passed_over_of, runs_of, unsent_of
from u8sync.audit.reading import iterate
from u8sync.audit.segments import segments_of
from u8sync.audit.store import SEGMENT_BYTES, ChainedLog, open_log
from u8sync.domain.logged import Asked, LoggedLeft, LoggedRun
from u8sync.domain.run import LoggedChange

HELD_IN_A_RECORD = 2
"""Few, so that a night has several such records."""

FIRST_NIGHT = datetime(2026, 11, 2, 18, tzinfo=UTC)


@dataclass(frozen=True)
class Try:
    """One change of a night.

    Attributes:
        customer: Its code.
        status: How it ended; null: the night died before that was recorded.
        fields: What was written.
        takes_back: Whether it takes back the last change of this customer that was written.
    """

    customer: str
    status: str | None = "applied"
    fields: tuple[str, ...] = ("tier",)
    takes_back: bool = False


@dataclass(frozen=True)
class Night:
    """One run.

    Attributes:
        tries: Its changes.
        skipped: Cause -> customers that it left alone.
        held: Customers with what held their tier; null: nothing, they are only counted.
        closes: Whether it reached its end.
        verdict: How it settles what is open when it begins; null: it settles nothing.
        never_sent: Changes of its plan that it did not send.
        stopped: Whether a guard stopped it; then nothing is sent.
        let_pass: Whether a guard was let pass, and by whom.
        day: Days after the first night.
    """

    tries: tuple[Try, ...] = ()
    skipped: dict[str, tuple[str, ...]] = field(default_factory=dict)
    held: tuple[tuple[str, str | None], ...] = ()
    closes: bool = True
    verdict: str | None = "applied"
    never_sent: int = 0
    stopped: bool = False
    let_pass: bool = False
    day: int = 0


@dataclass
class World:
    """A log that grows by nights."""

    root: Path
    segment_bytes: int = SEGMENT_BYTES
    signer: SigningKey | None = None
    nights: int = 0
    open: dict[str, tuple[str, str]] = field(default_factory=dict)
    written: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The log."""
        return self.root / ACCOUNT_SET.folder

    def opened(self, run: str, at: datetime = FIRST_NIGHT) -> ChainedLog:
        """The log for writing."""
        return open_log(
            self.root,
            ACCOUNT_SET,
            run_id=run,
            clock=Ticking(at),
            host="host",
            pid=1,
            progress=Quiet(),
            signer=self.signer,
            segment_bytes=self.segment_bytes,
        )

    def pass_night(self, night: Night) -> str:
        """Write one night; returns the run's name."""
        self.nights += 1
        run = f"run-{self.nights}"
        log = self.opened(run, FIRST_NIGHT + timedelta(days=night.day))
        log.append(
            "run_open",
            {"mode": "run", "user": "svc", "command": "u8sync run", "route": {"login": "writer"}, "person": "u8sync"},
        )
        self._settle(log, night)
        self._plan(log, night)
        tries = () if night.stopped else night.tries
        ends: dict[str, int] = {}
        for number, one in enumerate(tries):
            status = self._send(log, run, number, one)
            ends[status] = ends.get(status, 0) + 1
        if night.closes:
            ends["not_started"] = night.never_sent
            planned = sum(ends.values())
            code = 4 if night.stopped else 0 if sum(ends.values()) == ends.get("applied", 0) else 2
            totals: dict[str, Any] = {"planned": planned, **ends}
            error = "Nothing was written" if night.stopped else None
            log.append("run_close", {"exit_code": code, "error": error, "totals": totals})
            if self.signer is not None:
                log.checkpoint()
        log.commit()
        log.close()
        return run

    def _settle(self, log: ChainedLog, night: Night) -> None:
        if night.verdict is None:
            return
        for op, (customer, run) in self.open.items():
            fields = {"op_id": op, "customer": customer, "of_run": run, "verdict": night.verdict, "method": "read_back"}
            log.append("settle", {**fields, "seen": {}, "version": None})
            if night.verdict == "applied":
                self.written[customer] = (op, run)
        self.open = {}

    def _plan(self, log: ChainedLog, night: Night) -> None:
        planned = len(night.tries) + night.never_sent
        seal = {"mapping": "m" * 64, "policy": "p" * 64, "as_of": "2026-10-31", "account_set": ACCOUNT_SET.key}
        log.append("plan", {"plan": f"{self.nights:064x}", "seal": seal, "changes": planned, "skipped": 0})
        ok = not (night.stopped or night.let_pass)
        verdict = {"guard": "share_changed", "ok": ok, "allowed": night.let_pass and not night.stopped}
        log.append("guard", {**verdict, "measured": "31.00", "limit": "30"})
        if night.let_pass:
            approval = {"what": "share_changed", "approver": "李审批", "method": "ticket", "reason": "新年度"}
            log.append("approval", {**approval, "plan": f"{self.nights:064x}"})
        for begin in range(0, len(night.held), HELD_IN_A_RECORD):
            held = [
                {"code": code, "tier": "重要", "earned": "一般", "cause": cause, "below": 2 if cause == "count" else 0}
                for code, cause in night.held[begin : begin + HELD_IN_A_RECORD]
            ]
            log.append("hold", {"as_of": "2026-10-31", "held": held})
        for cause, customers in night.skipped.items():
            log.append("skip", {"cause": cause, "customers": list(customers)})

    def _send(self, log: ChainedLog, run: str, number: int, one: Try) -> str:
        op = f"{run}-{number}"
        intent: dict[str, Any] = {
            "op_id": op,
            "batch": 1,
            "customer": one.customer,
            "fields": [
                {"field": name, "column": f"c{name}", "was": None, "becomes": f"{run}-{name}"} for name in one.fields
            ],
            "before": {f"c{name}": None for name in one.fields},
            "after": {f"c{name}": f"{run}-{name}" for name in one.fields},
            "reason": {"tier": f"{run}-tier", "score": "61.0000", "rule": "tiers.yaml:3", "contributions": []},
        }
        if one.takes_back and one.customer in self.written:
            name, of_run = self.written[one.customer]
            intent["undoes"] = {"run_id": of_run, "op_id": name}
        log.append("intent", intent)
        log.commit()
        if one.status in {None, "unknown"}:
            self.open[op] = (one.customer, run)
        if one.status is None:
            return "unknown"
        detail = {"detail": "the value is too long"} if one.status == "rejected" else {}
        fields = {"op_id": op, "customer": one.customer, "status": one.status, "attempts": 1, **detail}
        log.append("outcome", {**fields, "version_before": None, "version_after": None})
        if one.status == "applied":
            self.written[one.customer] = (op, run)
        return one.status

    def compress(self) -> None:
        """All segments but the last one, in place."""
        for segment in segments_of(self.folder)[:-1]:
            if segment.path.suffix != ".gz":
                segment.path.with_name(f"{segment.name}.gz").write_bytes(gzip.compress(segment.path.read_bytes()))
                segment.path.unlink()


def takes(asked: Asked, change: LoggedChange) -> bool:
    """Whether this change is asked for."""
    return (
        (not asked.customers or change.customer in asked.customers)
        and (not asked.fields or change.field in asked.fields)
        and (not asked.runs or change.run_id in asked.runs)
        and (not asked.undoes or change.undoes in asked.undoes)
        and (not asked.outcomes or change.status in asked.outcomes)
        and takes_time(asked, change.at)
    )


def takes_time(asked: Asked, at: str) -> bool:
    """Whether this instant is asked for."""
    return (asked.since is None or at >= asked.since) and (asked.until is None or at < asked.until)


def plain_changes(folder: Path, asked: Asked) -> list[LoggedChange]:
    """What ``changes`` must answer."""
    return [change for change in changes_of(iterate(folder)) if takes(asked, change)]


def plain_runs(folder: Path, asked: Asked) -> list[LoggedRun]:
    """What ``runs`` must answer."""
    return [
        run
        for run in runs_of(iterate(folder))
        if (not asked.runs or run.run_id in asked.runs) and takes_time(asked, run.opened_at)
    ]


def plain_left(folder: Path, asked: Asked) -> list[LoggedLeft]:
    """What ``left_alone`` must answer."""
    records = list(iterate(folder))
    any_end = replace(asked, outcomes=frozenset())
    announced = {change.seq for change in changes_of(records) if takes(any_end, change)}
    found = [left for left in left_of(records) if left.seq in announced]
    if not (asked.fields or asked.undoes):
        found += [
            left
            for one in records
            if one["type"] in {"skip", "hold"}
            for left in passed_over_of(one, asked.customers)
            if (not asked.runs or left.run_id in asked.runs) and takes_time(asked, left.at)
        ]
        if not asked.customers:
            found += [left for run in plain_runs(folder, asked) if (left := unsent_of(run)) is not None]
    chosen = [left for left in found if not asked.outcomes or left.cause in asked.outcomes]
    return sorted(chosen, key=lambda left: left.seq)


def plain_newest(items: Sequence[Any], newest: int | None) -> list[Any]:
    """The last ones."""
    return list(items) if newest is None else list(items)[-newest:]

"""What the audit log tells, as plain values: changes, customers that were left alone, runs, days without a run.

A single field's change is :class:`u8sync.domain.run.LoggedChange`.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Final, Literal

__all__ = [
    "HELD",
    "Asked",
    "Gap",
    "LoggedApproval",
    "LoggedGuard",
    "LoggedLeft",
    "LoggedRun",
    "Proof",
    "Signer",
    "gaps",
]

HELD: Final = "held_"
"""Begins the cause of a customer whose tier was held, so that it is never taken for a customer that was skipped."""


@dataclass(frozen=True)
class Asked:
    """Which changes are asked for; what is empty or null restricts nothing.

    Attributes:
        customers: Their codes.
        fields: Canonical fields.
        runs: Runs that made the changes.
        undoes: Runs whose changes were taken back.
        outcomes: How they ended, as in :attr:`u8sync.domain.run.LoggedChange.status`.
        since: First instant, ``YYYY-MM-DDThh:mm:ss.ffffffZ``.
        until: The first instant after the last.
    """

    customers: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    runs: frozenset[str] = frozenset()
    undoes: frozenset[str] = frozenset()
    outcomes: frozenset[str] = frozenset()
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True)
class LoggedLeft:
    """Customers that were planned or looked at and not changed, for one reason.

    Attributes:
        seq: Number of the record that says so.
        at: When, ``YYYY-MM-DDThh:mm:ss.ffffffZ``.
        run_id: The run.
        customers: Their codes; empty when the log does not name them, as with changes that were never sent.
        count: How many they are.
        cause: A :data:`u8sync.domain.plan.SkipCause`, a status of :class:`u8sync.domain.run.LoggedChange` other than
            ``applied``, ``guard`` when a guard stopped the run, or :data:`HELD` with a
            :data:`u8sync.domain.movement.Hold` when the tier was held.
        detail: U8's own words, the guards that stopped the run, or the error that ended it; null: nothing more is
            known.
        tier: Of a held tier: the one that the customer keeps or gets; null: none of the ladder, or nothing was held.
        earned: Of a held tier: the one that the ladder gives; null likewise.
        below: Of a held tier: evaluations in a row that found the customer below, this one included; null: nothing was
            held.
    """

    seq: int
    at: str
    run_id: str
    customers: tuple[str, ...]
    count: int
    cause: str
    detail: str | None
    tier: str | None = None
    earned: str | None = None
    below: int | None = None

    @property
    def held_by(self) -> str | None:
        """What held the tier, a :data:`u8sync.domain.movement.Hold`; null: nothing did."""
        return self.cause.removeprefix(HELD) if self.cause.startswith(HELD) else None


@dataclass(frozen=True)
class LoggedGuard:
    """What one guard found in a run.

    Attributes:
        guard: Its name.
        ok: Whether its limit was kept.
        allowed: Whether it was let pass although it was not.
        measured: What it measured, as the record says.
        limit: Its limit, likewise; null: it has none.
    """

    guard: str
    ok: bool
    allowed: bool
    measured: str | None
    limit: str | None


@dataclass(frozen=True)
class LoggedApproval:
    """Somebody took responsibility for something that a run did.

    Attributes:
        what: What was approved: a guard, or ``changes``.
        approver: Who.
        method: How that is known.
        reason: Their words; null: none.
        customers: How many customers' changes; null: it was a guard.
    """

    what: str
    approver: str
    method: str
    reason: str | None
    customers: int | None = None


@dataclass(frozen=True)
class LoggedRun:
    """One run.

    Attributes:
        run_id: Its name.
        seq: Number of the record that opens it.
        opened_at: When, ``YYYY-MM-DDThh:mm:ss.ffffffZ``.
        closed_at: Likewise; null: no end is recorded.
        state: ``closed``; ``died``: no end is recorded and a later run began; ``open``: it is at work, or died as the
            last one.
        mode: ``run`` or ``apply``.
        by: What the opening record says of who, with what and how: ``user``, ``person``, ``command``, ``host``,
            ``tool_version``, ``python``, ``platform``, ``config_sha256``, ``route.login`` and the like.
        plan: Fingerprint of the plan; null: the run ended before it had one.
        seal: What the plan was made with: ``mapping``, ``policy``, ``as_of`` and the like; empty without a plan.
        planned: Number of customers that the plan would change; null without a plan.
        totals: Status -> number of customers, those above zero, as it was when the run ended.
        settled: (run that settled it, verdict) -> number of customers that this run had left open.
        exit_code: Of the command; null while no end is recorded.
        error: The error that ended it; null: none.
        guards: What the guards found.
        approvals: Who took responsibility.
    """

    run_id: str
    seq: int
    opened_at: str
    closed_at: str | None
    state: Literal["closed", "died", "open"]
    mode: str
    by: Mapping[str, str]
    plan: str | None
    seal: Mapping[str, str]
    planned: int | None
    totals: Mapping[str, int]
    settled: Mapping[tuple[str, str], int]
    exit_code: int | None
    error: str | None
    guards: tuple[LoggedGuard, ...]
    approvals: tuple[LoggedApproval, ...] = field(default=())

    @property
    def stopped_by(self) -> tuple[str, ...]:
        """The guards that stopped it."""
        return tuple(guard.guard for guard in self.guards if not guard.ok and not guard.allowed)

    @property
    def never_sent(self) -> int:
        """Customers of the plan of which nothing was sent."""
        return max((self.planned or 0) - sum(n for status, n in self.totals.items() if status != "not_started"), 0)


@dataclass(frozen=True)
class Signer:
    """Whose signature stands under a checkpoint.

    Attributes:
        name: Name of the key.
        key_id: Its eight hex digits.
        trust: ``given``: it is right, by a key that was given; ``named``: by a key that only the log itself names;
            ``wrong``: the signature is not that key's; ``unknown``: no such key is known.
    """

    name: str
    key_id: str
    trust: Literal["given", "named", "wrong", "unknown"]


@dataclass(frozen=True)
class Proof:
    """The way from one record to the root of a checkpoint; it was checked when it was made.

    Attributes:
        index: Number of the leaf: the record's number less one.
        size: Records that the checkpoint covers.
        hashes: The hashes beside the way, the lowest first.
        note: The signed checkpoint, its whole text.
        note_seq: Number of the record that holds it.
        time: When it was signed, ``YYYY-MM-DDThh:mm:ssZ``.
        signers: Who signed it.
    """

    index: int
    size: int
    hashes: tuple[bytes, ...]
    note: str
    note_seq: int
    time: str
    signers: tuple[Signer, ...]

    @property
    def text(self) -> str:
        """The file that an auditor takes away, in the form of C2SP's tlog-proof."""
        hashes = "".join(f"{base64.b64encode(one).decode()}\n" for one in self.hashes)
        return f"c2sp.org/tlog-proof@v1\nindex {self.index}\n{hashes}\n{self.note}"


@dataclass(frozen=True)
class Gap:
    """Days without a run.

    Attributes:
        after: The last day with a run before them.
        before: The next day with a run; null: there was none until ``today``.
        days: How many days lie between; with a null ``before``: up to today, which is not counted.
    """

    after: date
    before: date | None
    days: int


def gaps(days: Sequence[date], longest: int, today: date) -> list[Gap]:
    """Where more than ``longest`` days lie between a run and the next one, oldest first.

    Args:
        days: Days on which a run began, in any order.
        longest: So many days from one run to the next are as they should be; 1: a run every day.
        today: The day on which is asked; a run may still come today.
    """
    known = sorted(set(days))
    found = [
        Gap(one, following, (following - one).days - 1)
        for one, following in pairwise(known)
        if (following - one).days > longest
    ]
    if known and (today - known[-1]).days > longest:
        found.append(Gap(known[-1], None, (today - known[-1]).days - 1))
    return found

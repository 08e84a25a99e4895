"""What a run leaves behind for people: one entry of the history, complete enough for a card, a table and a trend.

The audit log proves what was written; an entry says how the night went, also when it never came to an audit log. Its
sentences are kept in both languages, because who reads it tomorrow is not who ran it tonight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal

__all__ = ["GuardFound", "RunEntry", "RunState", "StepTime", "TierFigures", "Told"]

RunState = Literal["running", "ended"]
"""``running`` as long as the process that writes the entry has not said how it ended: it may have died."""


@dataclass(frozen=True)
class Told:
    """One sentence in both languages, for reading later; it holds no secret."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.en


@dataclass(frozen=True)
class StepTime:
    """How long a step took.

    Attributes:
        name: The step.
        seconds: Its time, seconds with three places.
        units: Units of work that were reported done in it: customers, documents, records; 0: it counts none.
    """

    name: Told
    seconds: Decimal
    units: int = 0


@dataclass(frozen=True)
class TierFigures:
    """One tier, before and after the run.

    Attributes:
        tier: Its name; null: no known tier.
        before: Customers that U8 held in it when the run read.
        recommended: Customers that the policy puts in it.
        revenue: Revenue in the window of the customers recommended for it, account currency.
    """

    tier: str | None
    before: int
    recommended: int
    revenue: Decimal


@dataclass(frozen=True)
class GuardFound:
    """What one guard found, in words."""

    guard: str
    ok: bool
    allowed: bool
    message: Told


@dataclass(frozen=True)
class RunEntry:
    """One run.

    Attributes:
        run_id: Its name, the same as in the audit log.
        command: ``run`` or ``apply``.
        started_at: Aware UTC.
        host: The machine.
        pid: Its process there.
        user: Operating-system user.
        config: The configuration file, absolute.
        state: Whether it said how it ended.
        account_set: Code of the account set; null: it was not reached.
        account_set_name: As U8 shows it; null: as above.
        scheduled_for: The start that the schedule meant, aware UTC; null: not started by a schedule.
        ended_at: Aware UTC; null while it runs.
        exit_code: Of the command; null while it runs.
        error: Why it ended early; null: it did not.
        hint: What to do about it; null: nothing is known.
        as_of: Last day that counted; null: it did not come to a plan.
        customers: Customers in the archive; null: as above.
        eligible: Of those, the customers that get a tier; null: as above.
        issues: Customers with an unusable value; null: as above.
        planned: Changes of the plan; null: as above.
        held: Customers whose tier is held back by movement rules; null: as above.
        waiting: Changes that wait for a person's approval; null: as above.
        endings: Status of :data:`u8sync.domain.run.EndingStatus` -> number of changes; empty: nothing was tried.
        settled: Changes that an earlier run had left open and this one settled.
        moves: (old tier, new tier, customers) of the planned changes of tier; null: no known tier.
        tiers: The ladder from the top.
        guards: Every guard that was asked.
        steps: In the order they were taken; the last one is the rest, so that together they are the duration.
        audit_log: Name of the audit log's folder; null: it was not opened.
        audit_count: Records in it at the end; null: as above.
        audit_hash: Hash of the last one; null: as above.
        files: What lies beside the entry: ``report`` -> ``report.html``, ``log`` -> ``log.jsonl`` and the like.
        troubles: What went wrong around the run and changed nothing in U8: a report, a card, a checkpoint not sent.
        missed: Starts before this one that no run answered, aware UTC, oldest first; it is not their answer.
        discreet: A sentence of the entry, in English -> what is said in its place where many read it; those that name
            no customer are not here.
    """

    run_id: str
    command: Literal["run", "apply"]
    started_at: datetime
    host: str
    pid: int
    user: str
    config: str
    state: RunState = "running"
    account_set: str | None = None
    account_set_name: str | None = None
    scheduled_for: datetime | None = None
    ended_at: datetime | None = None
    exit_code: int | None = None
    error: Told | None = None
    hint: Told | None = None
    as_of: date | None = None
    customers: int | None = None
    eligible: int | None = None
    issues: int | None = None
    planned: int | None = None
    held: int | None = None
    waiting: int | None = None
    endings: Mapping[str, int] = field(default_factory=dict)
    settled: int = 0
    moves: tuple[tuple[str | None, str | None, int], ...] = ()
    tiers: tuple[TierFigures, ...] = ()
    guards: tuple[GuardFound, ...] = ()
    steps: tuple[StepTime, ...] = ()
    audit_log: str | None = None
    audit_count: int | None = None
    audit_hash: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    troubles: tuple[Told, ...] = ()
    missed: tuple[datetime, ...] = ()
    discreet: Mapping[str, Told] = field(default_factory=dict)

    def for_many(self, sentence: Told) -> Told:
        """A sentence of the entry as it may leave the site: without a customer's code or value."""
        return self.discreet.get(sentence.en, sentence)

    @property
    def in_place(self) -> int:
        """Changes that U8 now holds."""
        return self.endings.get("applied", 0) + self.endings.get("already_applied", 0)

    @property
    def not_in_place(self) -> int:
        """Changes that were tried, or meant to be, and that U8 does not hold."""
        return sum(self.endings.values()) - self.in_place

    @property
    def stopped_by(self) -> tuple[GuardFound, ...]:
        """The guards that stopped it."""
        return tuple(guard for guard in self.guards if not (guard.ok or guard.allowed))

    @property
    def duration(self) -> timedelta | None:
        """From start to end; null while it runs."""
        return None if self.ended_at is None else self.ended_at - self.started_at

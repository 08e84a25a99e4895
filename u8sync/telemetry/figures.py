"""The figures of a run, as every way of monitoring gets them: names, meanings, labels. Pure.

What a run did not come to has no figure: a run that was stopped before it read anything says nothing of customers, and
a panel shows a gap instead of a zero that nobody measured.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import get_args

from u8sync.domain.run import EndingStatus
from u8sync.domain.run_entry import RunEntry
from u8sync.domain.timeliness import Timeliness

__all__ = ["Figure", "figures_of"]


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        name: In the spelling of Prometheus, with its unit.
        meaning: What it counts, in one sentence.
        unit: In the spelling of UCUM, for OpenTelemetry: ``s``, or ``1`` for a count.
        samples: (labels besides those of the run, value), in a fixed order.
    """

    name: str
    meaning: str
    unit: str
    samples: tuple[tuple[Mapping[str, str], float], ...]


def figures_of(entry: RunEntry, *, last_success: datetime | None, due: Timeliness | None) -> tuple[Figure, ...]:
    """What is to be monitored after a run.

    Args:
        entry: The run, ended.
        last_success: When the newest run of this configuration ended with exit code 0, this one counted; null: never.
        due: What became of the starts that the schedule meant; null: there is no schedule.
    """
    return tuple(figure for figure in _all(entry, last_success, due) if figure.samples)


def _all(entry: RunEntry, last_success: datetime | None, due: Timeliness | None) -> Iterator[Figure]:
    yield _one("u8sync_last_run_timestamp_seconds", "When the newest run ended.", "s", _at(entry.ended_at))
    yield _one(
        "u8sync_last_success_timestamp_seconds", "When the newest run with exit code 0 ended.", "s", _at(last_success)
    )
    duration = entry.duration
    seconds = None if duration is None else duration.total_seconds()
    yield _one("u8sync_run_duration_seconds", "Time of the newest run from start to end.", "s", seconds)
    yield _one("u8sync_run_exit_code", "Exit code of the newest run; 0: all is well.", "1", entry.exit_code)
    yield _one("u8sync_run_customers", "Customers in the archive.", "1", entry.customers)
    yield _one("u8sync_run_eligible_customers", "Customers that get a tier.", "1", entry.eligible)
    yield _one("u8sync_run_customers_with_issues", "Customers with an unusable value.", "1", entry.issues)
    yield _one("u8sync_run_held_customers", "Customers whose tier is held back.", "1", entry.held)
    yield _one("u8sync_run_planned_changes", "Changes of the plan.", "1", entry.planned)
    yield _one("u8sync_run_waiting_changes", "Changes that wait for a person's approval.", "1", entry.waiting)
    yield Figure(
        "u8sync_run_changes",
        "Changes of the plan by how they ended.",
        "1",
        tuple(({"status": status}, float(entry.endings.get(status, 0))) for status in get_args(EndingStatus)),
    )
    yield _one("u8sync_run_settled_changes", "Changes that an earlier run had left open.", "1", entry.settled)
    yield _one("u8sync_run_guards_stopped", "Guards that stopped the newest run.", "1", len(entry.stopped_by))
    yield _one("u8sync_run_troubles", "What went wrong around the newest run.", "1", len(entry.troubles))
    yield _one("u8sync_audit_records", "Records in the audit log.", "1", entry.audit_count)
    yield Figure(
        "u8sync_tier_customers",
        "Customers of a tier, before the run and as the policy recommends.",
        "1",
        tuple(
            ({"tier": tier.tier or "", "moment": moment}, float(count))
            for tier in entry.tiers
            for moment, count in (("before", tier.before), ("recommended", tier.recommended))
        ),
    )
    steps: Counter[str] = Counter()
    for step in entry.steps:
        steps[step.name.en] += _thousandths(step.seconds)
    yield Figure(
        "u8sync_run_step_seconds",
        "Time of each step of the newest run.",
        "s",
        tuple(({"step": name}, thousandths / 1000) for name, thousandths in steps.items()),
    )
    if due is not None:
        yield _one("u8sync_overdue", "1 when a start of the schedule has no run.", "1", int(bool(due.missed)))
        yield _one("u8sync_missed_starts", "Starts of the schedule that have no run.", "1", len(due.missed))
        yield _one("u8sync_next_due_timestamp_seconds", "The next start of the schedule.", "s", _at(due.next_due))


def _thousandths(seconds: Decimal) -> int:
    return int(seconds * 1000)


def _one(name: str, meaning: str, unit: str, value: float | None) -> Figure:
    return Figure(name, meaning, unit, () if value is None else (({}, float(value)),))


def _at(instant: datetime | None) -> float | None:
    return None if instant is None else instant.timestamp()

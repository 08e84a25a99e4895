"""What changed outside the tool: the last value that the log says was written against the value that U8 holds now.

Nothing is written, neither to U8 nor to the log. A value that a person changed rightly is listed like one that somebody
changed behind everybody's back: which of the two it is, only people can tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from u8sync.domain.model import CustomerCode, same
from u8sync.domain.run import LoggedChange
from u8sync.engine.retry import Retry
from u8sync.ports import Backend, Progress
from u8sync.text import msg

__all__ = ["Finding", "Logged", "Reconciliation", "last_values", "reconcile"]

BATCH: Final = 500
"""Customers in one reading."""

AGAIN: Final = 3
"""The log is read again at most so often while a run beside us goes on writing; a place is hardly written twice."""

OPEN: Final = frozenset({"open", "unknown"})
"""A change that ended like this may or may not be in U8."""

Place = tuple[str, str]
"""Customer and column."""


@dataclass(frozen=True)
class Logged:
    """What the log says of one column of one customer.

    Attributes:
        written: The last change that was written; null: none yet.
        waiting: A later one whose end is not recorded; null: none.
    """

    written: LoggedChange | None
    waiting: LoggedChange | None


@dataclass(frozen=True)
class Finding:
    """One value that is not, or may not be, what the log says.

    Attributes:
        kind: ``changed`` U8 holds another value; ``gone`` the customer is not there any more; ``open`` a run
            announced a change whose end is not recorded, so that nothing can be said; ``unread`` the column
            cannot be read now.
        change: The change that the log has; its ``after`` is the logged value.
        live: What U8 holds; null: nothing, or the customer is gone, or the column cannot be read.
    """

    kind: Literal["changed", "gone", "open", "unread"]
    change: LoggedChange
    live: str | None

    @property
    def place(self) -> Place:
        """Customer and column."""
        return self.change.customer, self.change.column


@dataclass(frozen=True)
class Reconciliation:
    """The whole comparison.

    Attributes:
        customers: How many customers the log has a value for.
        values: How many values were looked at.
        findings: By customer and column.
    """

    customers: int
    values: int
    findings: tuple[Finding, ...]

    @property
    def differences(self) -> int:
        """Values that differ, or could not be compared; an open change is no difference."""
        return sum(finding.kind != "open" for finding in self.findings)


def last_values(changes: Iterable[LoggedChange]) -> dict[Place, Logged]:
    """The last word of the log on each column of each customer that it ever wrote or meant to write."""
    last: dict[Place, Logged] = {}
    for change in changes:
        place = change.customer, change.column
        known = last.get(place, Logged(None, None))
        if change.status == "applied":
            last[place] = Logged(change, None)
        elif change.status in OPEN:
            last[place] = Logged(known.written, change)
    return last


def reconcile(
    read_log: Callable[[], Iterable[LoggedChange]], backend: Backend, *, retry: Retry, progress: Progress
) -> Reconciliation:
    """Compare.

    Args:
        read_log: Reads the changes of the log, oldest first. It is called a second time when differences were found: a
            run beside us may have written between our reading of the log and of U8, which is no difference.
        backend: The way into U8; only read.
        retry: When to try again.
        progress: Hears of customers.
    """
    last = last_values(read_log())
    findings = _compare(last, backend, retry, progress)
    for _ in range(AGAIN):
        now = last_values(read_log()) if findings else last
        moved = {place: logged for place, logged in now.items() if last.get(place) != logged}
        if not moved:
            break
        kept = [finding for finding in findings if finding.place not in moved]
        last, findings = now, [*kept, *_compare(moved, backend, retry, progress)]
    ordered = sorted(findings, key=lambda finding: finding.place)
    return Reconciliation(len({customer for customer, _ in last}), len(last), tuple(ordered))


def _compare(last: Mapping[Place, Logged], backend: Backend, retry: Retry, progress: Progress) -> list[Finding]:
    readable = backend.columns()
    by_customer: dict[CustomerCode, dict[str, Logged]] = {}
    for (customer, column), logged in last.items():
        by_customer.setdefault(CustomerCode(customer), {})[column] = logged
    findings = []
    codes = sorted(by_customer)
    progress.start(msg("Comparing with U8"), len(codes))
    try:
        for batch in _batches(codes):
            columns = sorted({column for code in batch for column in by_customer[code]} & readable)
            now, _ = retry.call(backend.read, batch, columns)
            for code in batch:
                reading = now.get(code)
                values = None if reading is None else reading.values
                findings += [
                    finding
                    for column, logged in by_customer[code].items()
                    if (finding := _judge(logged, values, column, readable=column in readable)) is not None
                ]
            progress.advance(len(batch))
    finally:
        progress.finish()
    return findings


def _judge(logged: Logged, values: Mapping[str, str | None] | None, column: str, *, readable: bool) -> Finding | None:
    """What is to be said of one column of one customer; ``values`` is null when the customer is gone."""
    live = None if values is None else values.get(column)
    if logged.waiting is not None:
        return Finding("open", logged.waiting, live)
    if logged.written is None:
        return None
    if values is None:
        return Finding("gone", logged.written, None)
    if not readable:
        return Finding("unread", logged.written, None)
    return None if same(live, logged.written.after) else Finding("changed", logged.written, live)


def _batches(codes: Sequence[CustomerCode]) -> Iterable[Sequence[CustomerCode]]:
    for start in range(0, len(codes), BATCH):
        yield codes[start : start + BATCH]

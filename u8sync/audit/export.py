"""Every change of a log as rows of a table. What does not live here: files and their formats (``report/``).

Cells are the values of the records as they are; defusing them for a spreadsheet or a page is the writer's business.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from u8sync.audit.endings import Ended, ended
from u8sync.ports import Json, Record

__all__ = ["COLUMNS", "NUMBERS", "Cell", "Filter", "rows_of"]

Cell = str | int | None

COLUMNS: Final = (
    "log",
    "record",
    "time",
    "run",
    "customer",
    "field",
    "column",
    "before",
    "after",
    "was",
    "becomes",
    "score",
    "rule",
    "status",
    "end_record",
    "end_time",
    "attempts",
    "version_before",
    "version_after",
    "undoes_run",
    "undoes_change",
    "change",
)
"""Names of the cells, for machines; ``change`` is the operation's name in the log."""

NUMBERS: Final = frozenset({"record", "end_record", "attempts", "score"})
"""The columns whose values are counts or scores; a customer code is text, whatever it looks like."""


@dataclass(frozen=True)
class Filter:
    """Which changes are wanted.

    Attributes:
        customers: Only these; empty: all.
        run_id: Only this run; null: all.
        since: From this instant on, ``YYYY-MM-DDThh:mm:ss.ffffffZ``; null: from the beginning.
        before: Before this instant, likewise; null: to the end.
    """

    customers: Collection[str] = ()
    run_id: str | None = None
    since: str | None = None
    before: str | None = None

    def takes(self, change: Ended) -> bool:
        """Whether the change is wanted; what counts is when it was announced."""
        intent, at = change.intent, str(change.intent["ts"])
        return (
            (not self.customers or intent["customer"] in self.customers)
            and (self.run_id is None or intent["run_id"] == self.run_id)
            and (self.since is None or at >= self.since)
            and (self.before is None or at < self.before)
        )


def rows_of(log: str, records: Iterable[Record], wanted: Filter) -> Iterator[tuple[Cell, ...]]:
    """One row a changed field, in the order of the log, with the cells of :data:`COLUMNS`; null: nothing there.

    Args:
        log: Name of the log's folder.
        records: Whole, oldest first.
        wanted: Which changes.
    """
    for change in ended(records):
        if not wanted.takes(change):
            continue
        undoes_run, undoes_change = change.undoes or (None, None)
        for field in change.fields:
            yield (
                log,
                field.seq,
                field.at,
                field.run_id,
                field.customer,
                field.field,
                field.column,
                field.before,
                field.after,
                field.was,
                field.becomes,
                field.score,
                field.rule,
                field.status,
                _plain(change.of_end("seq")),
                _plain(change.of_end("ts")),
                _plain(change.of_end("attempts")),
                _plain(change.of_end("version_before")),
                _plain(change.of_end("version_after") or change.of_end("version")),
                undoes_run,
                undoes_change,
                field.op_id,
            )


def _plain(value: Json) -> Cell:
    return value if value is None or isinstance(value, int | str) else str(value)

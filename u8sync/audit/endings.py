"""Every change with its end, as a stream: what exports, samples and reconciliation are made from.

A log of a million changes does not fit into memory as a whole. A run announces a batch, writes it and records how it
ended before it announces the next, so that only the changes of one batch wait for their end here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from u8sync.audit.history import changes_of
from u8sync.domain.run import LoggedChange
from u8sync.ports import Json, Record

__all__ = ["TYPES", "Ended", "changes_in", "ended"]

TYPES: Final = ("intent", "outcome", "settle")
"""The types of record that this is made of."""

IN_PLACE: Final = "applied"


@dataclass(frozen=True)
class Ended:
    """One announced change of one customer with its end.

    Attributes:
        intent: The record that announced it.
        end: The last record ``outcome`` or ``settle`` of it; null: none yet.
        status: How it ended, as in :data:`u8sync.domain.run.EndingStatus`, or ``open`` while no end is recorded.
    """

    intent: Record
    end: Record | None
    status: str

    @property
    def applied(self) -> bool:
        """Whether u8sync wrote it, seen at once or found by reading U8 later."""
        return self.status == IN_PLACE

    @property
    def fields(self) -> list[LoggedChange]:
        """What it changes, one field each."""
        return changes_of((self.intent,) if self.end is None else (self.intent, self.end))

    def of_end(self, name: str) -> Json:
        """A field of the record that tells how it ended; null when there is none."""
        return None if self.end is None else self.end.get(name)

    @property
    def undoes(self) -> tuple[str, str] | None:
        """Run and name of the change that it takes back; null for a change that the rules asked for."""
        undone = self.intent.get("undoes")
        if not isinstance(undone, dict):
            return None
        return str(undone.get("run_id")), str(undone.get("op_id"))


def ended(records: Iterable[Record]) -> Iterator[Ended]:
    """The changes in the order in which they were announced.

    Args:
        records: Whole, oldest first; types other than :data:`TYPES` are passed over.
    """
    waiting: dict[str, Ended] = {}
    finished: dict[str, Ended] = {}
    for record in records:
        name = str(record.get("op_id"))
        match record["type"]:
            case "intent":
                waiting[name] = Ended(record, None, "open")
            case "outcome" | "settle" if name in waiting:
                status = str(record["status" if record["type"] == "outcome" else "verdict"])
                waiting[name] = Ended(waiting[name].intent, record, status)
                if status != "unknown":
                    finished[name] = waiting[name]
                # The order is that of the announcements: one that still waits holds back those after it.
                while waiting and (first := next(iter(waiting))) in finished:
                    del finished[first]
                    yield waiting.pop(first)
            case _:
                pass
    yield from waiting.values()


def changes_in(records: Iterable[Record]) -> Iterator[LoggedChange]:
    """The same, one field of one customer each."""
    for change in ended(records):
        yield from change.fields

"""What the audit log remembers for the next run: how large the archive was, and where each tier stands.

The rules of movement need to know what earlier evaluations found, when a tier changed last, and what u8sync wrote. All
of it is in the log, and nothing of it is kept anywhere else: another log, another memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl

from u8sync.domain.approvals import Asked
from u8sync.domain.model import bare, same
from u8sync.domain.movement import BELOW, CHANGED_ON, PAST_SCHEMA, WRITTEN_SCHEMA, Past
from u8sync.engine.asked import TYPES as ASKED_TYPES
from u8sync.engine.asked import AskedReading
from u8sync.errors import ExitCode
from u8sync.ports import Json, Record
from u8sync.text import Message

__all__ = ["TYPES", "Memory", "remember"]

TYPES: Final = tuple({"plan", "hold", "intent", "outcome", "settle", "run_close", *ASKED_TYPES})
"""The types of record that it is made of."""

_IN_PLACE: Final = frozenset({"applied", "already_applied"})


@dataclass(frozen=True)
class Memory:
    """What the next run must know.

    Attributes:
        last_customers: How many customers the archive had at the last run that ended well; null: there was none.
        past: What earlier evaluations and writes left.
        asked: Requests for approval, and answers.
        note: Why nothing could be read, in words for the plan; null: all was.
    """

    last_customers: int | None = None
    past: Past = Past()  # noqa: RUF009 - frozen, and its frames are never changed
    asked: Asked = Asked()  # noqa: RUF009 - frozen
    note: Message | None = None


def remember(records: Iterable[Record], as_of: date) -> Memory:
    """Read the memory.

    Args:
        records: Whole, oldest first, of :data:`TYPES` at least.
        as_of: Day of the evaluation that is to be made; only evaluations of earlier days count.
    """
    reading = _Reading(as_of)
    for record in records:
        reading.take(record)
    return reading.memory()


class _Reading:
    """The log as far as it was read."""

    def __init__(self, as_of: date) -> None:
        self._as_of = as_of
        self._planned: dict[Json, Json] = {}
        self._days: dict[Json, date] = {}
        self._customers: Json = None
        self._evaluated_on: date | None = None
        self._evaluation: Json = None
        self._below: dict[str, int] = {}
        self._waiting: dict[Json, Record] = {}
        self._written: dict[tuple[str, str], str | None] = {}
        self._changed_on: dict[str, date] = {}
        self._tier_columns: set[str] = set()
        self._asked = AskedReading()

    def take(self, record: Record) -> None:
        """One record more."""
        self._asked.take(record)
        match record["type"]:
            case "plan":
                self._plan(record)
            case "hold" if record["run_id"] == self._evaluation:
                self._below |= {one["code"]: one["below"] for one in _all(record["held"]) if one["below"]}
            case "intent":
                self._waiting[record["op_id"]] = record
            case "outcome" if record["status"] != "unknown":
                self._end(record, str(record["status"]))
            case "settle":
                self._end(record, str(record["verdict"]))
            case "run_close" if record["exit_code"] in {ExitCode.DONE, ExitCode.PENDING}:
                self._customers = self._planned.get(record["run_id"]) or self._customers
            case _:
                pass

    def _plan(self, record: Record) -> None:
        run, seal = record["run_id"], record["seal"]
        day = date.fromisoformat(str(seal["as_of"])) if isinstance(seal, Mapping) else date.min
        self._planned[run] = record["customers"]
        self._days[run] = day
        # An undo decides no tier, so it has no window and is no evaluation.
        if record.get("window") and day < self._as_of and day >= (self._evaluated_on or day):
            self._evaluated_on, self._evaluation, self._below = day, run, {}

    def _end(self, record: Record, status: str) -> None:
        intent = self._waiting.pop(record["op_id"], None)
        if intent is None or status not in _IN_PLACE:
            return
        customer, after, reason = str(intent["customer"]), intent["after"], intent["reason"]
        self._asked.written(customer)
        tier = reason["tier"] if isinstance(reason, Mapping) else None
        moved = reason.get("moved") if isinstance(reason, Mapping) else None
        for column, value in after.items() if isinstance(after, Mapping) else ():
            self._written[customer, column] = None if value is None else str(value)
        for field in _all(intent["fields"]):
            if tier is not None and field["becomes"] == tier:
                self._tier_columns.add(field["column"])
            # The rules of movement tell from which tier they moved it; one column may have held another one.
            moves = moved["current"] not in (None, tier) if isinstance(moved, Mapping) else _moves(field, after)
            if field["column"] in self._tier_columns and moves:
                self._changed_on[customer] = self._days.get(intent["run_id"], date.min)
                # With another tier it has another bound to be below of: counting begins anew.
                self._below.pop(customer, None)

    def memory(self) -> Memory:
        """What was read."""
        for code, day in self._changed_on.items():
            # A run that was made once more on the day of a change found the new tier, and is no evaluation of its own.
            if self._evaluated_on is not None and day >= self._evaluated_on:
                self._below.pop(code, None)
        codes = sorted(self._below.keys() | self._changed_on.keys())
        customers = pl.DataFrame(
            {
                "code": codes,
                BELOW: [self._below.get(code, 0) for code in codes],
                CHANGED_ON: [self._changed_on.get(code) for code in codes],
            },
            schema=PAST_SCHEMA,
        )
        # While nobody knows whether a change was written, U8 may hold either value, and no person changed it.
        unsure = {(str(one["customer"]), column) for one in self._waiting.values() for column in _columns(one)}
        known = {place: value for place, value in self._written.items() if place not in unsure}
        written = pl.DataFrame(
            {
                "code": [customer for customer, _ in known],
                "column": [column for _, column in known],
                "value": list(known.values()),
            },
            schema=WRITTEN_SCHEMA,
        )
        count = self._customers if isinstance(self._customers, int) else None
        return Memory(count, Past(self._evaluated_on, customers, written), self._asked.asked())


def _moves(field: Mapping[str, Any], after: Json) -> bool:
    """Whether a tier becomes another one; to get the first one is no move, and neither is what a person did.

    Where a person's edit is written over, the tier moves from the one that u8sync had written.
    """
    if "edited" not in field:
        return field["was"] not in (None, field["becomes"])
    wrote, value = field["edited"]["wrote"], after[field["column"]] if isinstance(after, Mapping) else None
    return bare(wrote) is not None and not same(wrote, None if value is None else str(value))


def _columns(intent: Record) -> Iterable[str]:
    after = intent["after"]
    return after if isinstance(after, Mapping) else ()


def _all(value: Json) -> list[dict[str, Any]]:
    """A list of a record, whose parts are plain values."""
    return value if isinstance(value, list) else []  # type: ignore[return-value]

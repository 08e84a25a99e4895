"""Whether the records, each of them whole, tell a possible story: runs that open and close, changes that end once."""

from __future__ import annotations

from typing import Final

from u8sync.audit.findings import Fault, Line
from u8sync.ports import Record
from u8sync.text import Message, msg

__all__ = ["TYPES", "Story"]

OUTSIDE_RUNS: Final = frozenset({"segment_open", "recovered_tail"})
"""Records of the log itself; all others belong to an open run."""

TYPES: Final = OUTSIDE_RUNS | {"run_open", "plan", "guard", "intent", "outcome", "settle", "skip", "run_close"}
"""Every type that a record can have."""


class Story:
    """The runs and changes so far.

    Attributes:
        faults: What cannot be.
        runs: Run -> whether it was closed.
    """

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.runs: dict[str, bool] = {}
        self._waiting: dict[str, None] = {}
        self._ended: set[str] = set()
        self._target: str | None = None
        self._segment: str | None = None

    @property
    def open_intents(self) -> tuple[str, ...]:
        """Names of the changes of which no end is recorded, oldest first."""
        return tuple(self._waiting)

    def take(self, line: Line, record: Record) -> None:
        """Add one record."""
        for message in (self._of_log(line, record), self._of_run(record), self._of_change(record)):
            if message is not None:
                self.faults.append(Fault(line.segment, line.number, int(str(record["seq"])), message))

    def _of_log(self, line: Line, record: Record) -> Message | None:
        starts = line.segment != self._segment
        self._segment = line.segment
        if starts != (record["type"] == "segment_open"):
            return msg("a segment must begin with its opening record, and have only one")
        if record["type"] not in TYPES:
            return msg("the record has the unknown type '{type}'", type=record["type"])
        target = str(record["target"])
        if self._target not in {None, target}:
            return msg("the record belongs to another account set")
        self._target = target
        return None

    def _of_run(self, record: Record) -> Message | None:
        run, kind = str(record["run_id"]), record["type"]
        if kind in OUTSIDE_RUNS:
            return None
        if kind == "run_open":
            known = run in self.runs
            self.runs[run] = False
            return msg("the run {run} opens twice", run=run) if known else None
        if run not in self.runs:
            return msg("the run {run} was never opened", run=run)
        if self.runs[run]:
            return msg("the run {run} was closed before", run=run)
        if kind == "run_close":
            self.runs[run] = True
            totals = record.get("totals")
            if isinstance(totals, dict):
                counts = {name: count for name, count in totals.items() if isinstance(count, int)}
                if counts.pop("planned", 0) != sum(counts.values()):
                    return msg("the totals of the run {run} do not add up", run=run)
        return None

    def _of_change(self, record: Record) -> Message | None:
        name = str(record.get("op_id"))
        match record["type"]:
            case "intent":
                if name in self._waiting or name in self._ended:
                    return msg("the change {name} is announced twice", name=name)
                self._waiting[name] = None
            case "outcome" | "settle":
                if name not in self._waiting:
                    return msg("the change {name} ends twice, or was never announced", name=name)
                if record.get("status") != "unknown":
                    del self._waiting[name]
                    self._ended.add(name)
            case _:
                pass
        return None

"""Whether the records, each of them whole, tell a possible story: runs that open and close, changes that end once."""

from __future__ import annotations

from typing import Final

from u8sync.audit.findings import Base, Fault
from u8sync.ports import Record
from u8sync.text import Message, msg

__all__ = ["OUTSIDE_RUNS", "TYPES", "Story"]

OUTSIDE_RUNS: Final = frozenset({"segment_open", "recovered_tail", "key", "checkpoint", "archived", "decision"})
"""Records of the log itself, and what people decide between the runs; all others belong to an open run."""

TYPES: Final = OUTSIDE_RUNS | {
    "run_open",
    "plan",
    "guard",
    "approval",
    "skip",
    "hold",
    "wait",
    "intent",
    "outcome",
    "settle",
    "run_close",
}
"""Every type that a record can have."""


class Story:
    """The runs and changes so far.

    Attributes:
        faults: What cannot be.
        runs: Run -> whether it was closed.
    """

    def __init__(self, base: Base = Base()) -> None:  # noqa: B008 - a frozen value
        self.faults: list[Fault] = []
        self.runs: dict[str, bool] = {} if base.run is None else {base.run: False}
        self._base = base
        self._rest_named = base.segments == 0
        self._waiting: dict[str, None] = dict.fromkeys(base.waiting)
        # Hashes of names, not names: a log of a million changes is read in little memory.
        self._ended: set[int] = set()
        self._target: str | None = None
        self._segment: str | None = None
        self._open_run: str | None = base.run
        self._approved: dict[int, str] = {}  # number of the record that says yes -> customer

    @property
    def open_run(self) -> str | None:
        """The last run that was opened and not closed; null: none."""
        return self._open_run

    @property
    def open_intents(self) -> tuple[str, ...]:
        """Names of the changes of which no end is recorded, oldest first."""
        return tuple(self._waiting)

    def take(self, segment: str, line: int, record: Record) -> None:
        """Add one record, which stands in this line of this segment."""
        kind = record["type"]
        # Nearly all records are these two, and nearly always all is well with them.
        if kind in {"intent", "outcome"} and record["run_id"] == self._open_run and segment == self._segment:
            wrong = self._of_change(record) if record["target"] == self._target else self._of_log(segment, record)
            if wrong is not None:
                self._fault(segment, line, record, wrong)
            return
        for message in (
            self._of_log(segment, record),
            self._of_run(record),
            self._of_change(record),
            self._of_answer(record),
        ):
            if message is not None:
                self._fault(segment, line, record, message)

    def _fault(self, segment: str, line: int, record: Record, message: Message) -> None:
        self.faults.append(Fault(segment, line, int(str(record["seq"])), message))

    def end(self) -> list[Message]:
        """What is wrong when the log ends here."""
        if self._rest_named:
            return []
        return [
            msg(
                "the log begins with record {first}, and no record says where those before it went",
                first=self._base.count + 1,
            )
        ]

    def _of_log(self, segment: str, record: Record) -> Message | None:
        starts = segment != self._segment
        self._segment = segment
        if starts != (record["type"] == "segment_open"):
            return msg("a segment must begin with its opening record, and have only one")
        if record["type"] not in TYPES:
            return msg("the record has the unknown type '{type}'", type=record["type"])
        if record["type"] == "archived":
            return self._of_archive(record)
        target = str(record["target"])
        if self._target not in {None, target}:
            return msg("the record belongs to another account set")
        self._target = target
        return None

    def _of_archive(self, record: Record) -> Message | None:
        """The record that says where older segments went must agree with where the reading began."""
        if record.get("count") != self._base.count:
            return None  # of an earlier or later move
        said = self._base.fields
        if {name: record.get(name) for name in said} != said:
            return msg("the older segments that were moved away are not those that the file BASE tells of")
        self._rest_named = True
        return None

    def _of_run(self, record: Record) -> Message | None:
        run, kind = str(record["run_id"]), record["type"]
        if kind in OUTSIDE_RUNS:
            return None
        if kind == "run_open":
            known = run in self.runs
            self.runs[run] = False
            self._open_run = run
            return msg("the run {run} opens twice", run=run) if known else None
        if run not in self.runs:
            return msg("the run {run} was never opened", run=run)
        if self.runs[run]:
            return msg("the run {run} was closed before", run=run)
        if kind == "run_close":
            self.runs[run] = True
            self._open_run = None
            totals = record.get("totals")
            if isinstance(totals, dict):
                counts = {name: count for name, count in totals.items() if isinstance(count, int)}
                if counts.pop("planned", 0) != sum(counts.values()):
                    return msg("the totals of the run {run} do not add up", run=run)
        return None

    def _of_answer(self, record: Record) -> Message | None:
        """What a run says that people approved, they must have approved before, as far as the log reaches back."""
        if record["type"] == "decision" and record.get("answer") == "yes":
            self._approved[int(str(record["seq"]))] = str(record.get("customer"))
        decisions = record.get("decisions") if record["type"] == "approval" else None
        customers = record.get("customers")
        if not isinstance(decisions, list) or not isinstance(customers, list) or self._base.count:
            return None
        if all(self._approved.get(int(str(seq))) == code for seq, code in zip(decisions, customers, strict=False)):
            return None
        return msg("an approval rests on an answer that the log does not hold")

    def _of_change(self, record: Record) -> Message | None:
        kind = record["type"]
        if kind == "intent":
            name = str(record.get("op_id"))
            if name in self._waiting or hash(name) in self._ended:
                return msg("the change {name} is announced twice", name=name)
            self._waiting[name] = None
        elif kind in {"outcome", "settle"}:
            name = str(record.get("op_id"))
            if name not in self._waiting:
                return msg("the change {name} ends twice, or was never announced", name=name)
            if record.get("status") != "unknown":
                del self._waiting[name]
                self._ended.add(hash(name))
        return None

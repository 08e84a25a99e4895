"""What auditors ask of a log. The index says which records a question needs; the answer is made from the records.

What lives here: choosing the records. What they mean: ``history.py``. So an answer can be wrong in one way only, by a
record that the index does not know, and a fresh index (see ``index.py``) knows all.
"""
# ruff: noqa: S608 - statements are put together from words of this file; every value is bound

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from u8sync.audit.chain import link, parse
from u8sync.audit.history import PASSED_OVER, changes_of, left_of, passed_over_of, runs_of, unsent_of
from u8sync.audit.indexed import Index
from u8sync.domain.logged import Asked, LoggedLeft, LoggedRun
from u8sync.domain.run import LoggedChange
from u8sync.errors import AuditError, InputError
from u8sync.ports import Record
from u8sync.text import Message, msg

__all__ = ["Found", "changes", "left_alone", "partners_of", "record_of", "records_of", "runs", "tally"]

_AT_ONCE: Final = 2_000
"""Changes that are read and answered together, so that a list of any length needs little memory."""

_OF_RUN: Final = ("run_open", "plan", "guard", "approval", "run_close")


@dataclass(frozen=True)
class Found:
    """One record as it stands in the log now.

    Attributes:
        seq: Its number.
        line: Its bytes, without LF.
        hash: Their hash, hex: the leaf of the tree and what the next record carries.
        record: What they say.
    """

    seq: int
    line: bytes
    hash: str
    record: Record


def records_of(index: Index, numbers: Sequence[int]) -> Iterator[Found]:
    """The records of these numbers, in rising order. Raises AuditError when one is not what was indexed."""
    for seq, line in index.lines(numbers):
        record = parse(line)
        if isinstance(record, Message):
            raise AuditError(
                msg("Record {seq} cannot be read: {what}", seq=seq, what=record),
                hint=msg("'u8sync audit verify' checks every record."),
            )
        yield Found(seq, line, link(line), record)


def record_of(index: Index, seq: int) -> Found:
    """One record. Raises InputError when the log has no such number, or the record was moved away."""
    if not 1 <= seq <= index.count:
        raise InputError(
            msg("The audit log has no record {seq}", seq=seq),
            hint=msg("Its records have the numbers {first} to {last}.", first=index.first, last=index.count),
        )
    if seq < index.first:
        raise InputError(
            msg("Record {seq} was moved to an archive", seq=seq),
            hint=msg("Here are the records from {first} on. Name the folder with --archive.", first=index.first),
        )
    return next(records_of(index, [seq]))


# --- changes ----------------------------------------------------------------------------------------------------------


def changes(index: Index, asked: Asked, *, newest: int | None = None) -> Iterator[LoggedChange]:
    """The changes that are asked for, one a field, oldest first; only so many of the newest unless null."""
    where, values = _where(index, asked)
    begin = (0, 0)
    if newest is not None:
        place = next(
            index.rows(
                f"SELECT seq, position FROM change WHERE {where} ORDER BY seq DESC, position DESC LIMIT 1 OFFSET ?",
                [*values, newest - 1],
            ),
            None,
        )
        begin = place or begin
    while True:
        found = list(
            index.rows(
                f"SELECT seq, position, ended FROM change WHERE {where} AND (seq, position) >= (?, ?)"
                " ORDER BY seq, position LIMIT ?",
                [*values, *begin, _AT_ONCE],
            )
        )
        if not found:
            return
        wanted = {(seq, position) for seq, position, _ in found}
        numbers = {seq for seq, _, _ in found} | {ended for _, _, ended in found if ended is not None}
        told: dict[int, list[LoggedChange]] = {}
        for change in changes_of(_with_undos(index, numbers)):
            told.setdefault(change.seq, []).append(change)
        for seq, position in sorted(wanted):
            yield told[seq][position]
        begin = (found[-1][0], found[-1][1] + 1)


def _with_undos(index: Index, numbers: set[int]) -> list[Record]:
    """The records, and those of the changes that took back a change among them."""
    read = [one.record for one in records_of(index, sorted(numbers))]
    (any_,) = next(index.rows("SELECT EXISTS (SELECT * FROM undo)"))
    if not any_:
        return read
    names = [str(record["op_id"]) for record in read if record["type"] == "intent"]
    undos = set()
    for begin in range(0, len(names), 500):
        some = names[begin : begin + 500]
        undos |= {
            number
            for row in index.rows(
                "SELECT undo.seq, change.ended FROM undo LEFT JOIN change ON change.seq = undo.seq"
                f" WHERE undo.op IN ({_marks(some)})",
                some,
            )
            for number in row
            if number is not None
        }
    more = [one.record for one in records_of(index, sorted(undos - numbers))]
    return sorted([*read, *more], key=lambda record: int(str(record["seq"])))


def tally(index: Index, asked: Asked) -> dict[str, int]:
    """Status -> number of fields, over all changes that are asked for; the index alone answers."""
    where, values = _where(index, asked)
    return dict(
        index.rows(f"SELECT status, COUNT(*) FROM change WHERE {where} GROUP BY status ORDER BY status", values)
    )


def _where(index: Index, asked: Asked) -> tuple[str, list[object]]:
    """The condition on the table ``change``, with its values."""
    parts, values = ["seq >= ?"], list[object]([index.first])
    for column, wanted in (
        ("customer", asked.customers),
        ("field", asked.fields),
        ("undoes", asked.undoes),
        ("status", asked.outcomes),
    ):
        if wanted:
            parts.append(f"{column} IN ({_marks(wanted)})")
            values += sorted(wanted)
    if asked.runs:
        parts.append(f"run IN (SELECT id FROM run WHERE name IN ({_marks(asked.runs)}))")
        values += sorted(asked.runs)
    _add_time(asked, parts, values)
    return " AND ".join(parts), values


def _add_time(asked: Asked, parts: list[str], values: list[object]) -> None:
    for condition, at in (("at >= ?", asked.since), ("at < ?", asked.until)):
        if at is not None:
            parts.append(condition)
            values.append(at)


def _marks(values: Sequence[object] | frozenset[str]) -> str:
    return ", ".join("?" * len(values))


# --- what was left alone ----------------------------------------------------------------------------------------------


def left_alone(index: Index, asked: Asked, *, newest: int | None = None) -> Iterator[LoggedLeft]:
    """Who was planned or looked at and not changed, oldest first; only so many of the newest unless null.

    Changes that were announced and not written; customers that a run skipped, and those whose tier it held; and, when
    no customer and no field is asked for, the changes of plans that were never sent, of which the log has only the
    number.
    """
    found = heapq.merge(
        _not_written(index, asked), _passed_over(index, asked), _unsent(index, asked), key=lambda left: left.seq
    )
    chosen = (left for left in found if not asked.outcomes or left.cause in asked.outcomes)
    if newest is None:
        yield from chosen
    else:
        yield from deque(chosen, newest)


def _not_written(index: Index, asked: Asked) -> Iterator[LoggedLeft]:
    where, values = _where(index, asked)
    begin = 0
    while True:
        found = list(
            index.rows(
                f"SELECT DISTINCT seq, ended FROM change WHERE {where} AND status <> 'applied' AND seq > ?"
                " ORDER BY seq LIMIT ?",
                [*values, begin, _AT_ONCE],
            )
        )
        if not found:
            return
        numbers = {number for row in found for number in row if number is not None}
        yield from left_of(one.record for one in records_of(index, sorted(numbers)))
        begin = found[-1][0]


def _passed_over(index: Index, asked: Asked) -> Iterator[LoggedLeft]:
    if asked.fields or asked.undoes:
        return
    parts, values = [f"type IN ({_marks(PASSED_OVER)})", "seq >= ?"], list[object]([*PASSED_OVER, index.first])
    if asked.runs:
        parts.append(f"run IN (SELECT id FROM run WHERE name IN ({_marks(asked.runs)}))")
        values += sorted(asked.runs)
    _add_time(asked, parts, values)
    if asked.customers:
        parts.append(f"seq IN (SELECT seq FROM passed_over WHERE customer IN ({_marks(asked.customers)}))")
        values += sorted(asked.customers)
    numbers = [seq for (seq,) in index.rows(f"SELECT seq FROM milestone WHERE {' AND '.join(parts)}", values)]
    for one in records_of(index, numbers):
        yield from passed_over_of(one.record, asked.customers)


def _unsent(index: Index, asked: Asked) -> Iterator[LoggedLeft]:
    if asked.customers or asked.fields or asked.undoes:
        return
    for run in runs(index, asked):
        left = unsent_of(run)
        if left is not None:
            yield left


# --- runs -------------------------------------------------------------------------------------------------------------


def runs(index: Index, asked: Asked, *, newest: int | None = None) -> Iterator[LoggedRun]:
    """The runs that were opened in the time that is asked for, oldest first; only so many of the newest unless null.

    Of ``asked`` only the runs and the time count.
    """
    opened = "milestone.type = 'run_open' AND milestone.seq >= ?"
    parts, values = [opened], list[object]([index.first])
    if asked.runs:
        parts.append(f"run.name IN ({_marks(asked.runs)})")
        values += sorted(asked.runs)
    _add_time(asked, parts, values)
    found = list(
        index.rows(
            "SELECT run.id, run.name, run.first, run.last FROM milestone JOIN run ON run.id = milestone.run"
            f" WHERE {' AND '.join(parts)} ORDER BY milestone.seq DESC LIMIT ?",
            [*values, -1 if newest is None else newest],
        )
    )
    last = next(
        index.rows(
            "SELECT run.name FROM milestone JOIN run ON run.id = milestone.run WHERE milestone.type = 'run_open'"
            " ORDER BY milestone.seq DESC LIMIT 1"
        ),
        ("",),
    )[0]
    for id_, name, first, end in reversed(found):
        numbers = _records_of_run(index, id_, name, first, end)
        yield from runs_of((one.record for one in records_of(index, numbers)), last=last)


def _records_of_run(index: Index, id_: int, name: str, first: int, end: int) -> list[int]:
    """Its milestones and what later runs settled for it; if it never ended, all that it left."""
    types = dict(index.rows("SELECT seq, type FROM milestone WHERE run = ? AND seq BETWEEN ? AND ?", (id_, first, end)))
    settled = [seq for (seq,) in index.rows("SELECT seq FROM milestone WHERE type = 'settle' AND of_run = ?", (name,))]
    if "run_close" in types.values():
        own = [seq for seq, type_ in types.items() if type_ in _OF_RUN]
    else:
        own = [seq for (seq,) in index.rows("SELECT seq FROM record WHERE run = ? AND seq >= ?", (id_, first))]
    return [seq for seq in {*own, *settled} if seq >= index.first]


# --- one record -------------------------------------------------------------------------------------------------------


def partners_of(index: Index, found: Found) -> list[Found]:
    """What belongs to a record: of a change its intent, all its ends, what it takes back and what took it back.

    And of every record the opening, the plan and the closing record of its run.
    """
    record, seq = found.record, found.seq
    numbers = {
        number
        for (number,) in index.rows(
            "SELECT seq FROM milestone WHERE type IN ('run_open', 'plan', 'run_close')"
            " AND run = (SELECT run FROM record WHERE seq = ?)",
            (seq,),
        )
    }
    if record["type"] == "intent":
        numbers |= _change_of(index, seq) | _undone_by(index, record)
    elif record["type"] in {"outcome", "settle"}:
        (intent,) = next(index.rows("SELECT intent FROM record WHERE seq = ?", (seq,)))
        numbers |= set() if intent is None else _change_of(index, intent)
    return list(records_of(index, [number for number in numbers - {seq} if number >= index.first]))


def _change_of(index: Index, intent: int) -> set[int]:
    """An intent and its ends; its outcome stands in its own run, so that not the whole log is searched."""
    ends = index.rows(
        "SELECT seq FROM record WHERE intent = :intent AND seq BETWEEN :intent AND"
        " (SELECT last FROM run WHERE id = (SELECT run FROM record WHERE seq = :intent))"
        " UNION SELECT seq FROM milestone WHERE type = 'settle' AND intent = :intent",
        {"intent": intent},
    )
    return {intent, *(number for (number,) in ends)}


def _undone_by(index: Index, intent: Record) -> set[int]:
    numbers = {seq for (seq,) in index.rows("SELECT seq FROM undo WHERE op = ?", (str(intent["op_id"]),))}
    undoes = intent.get("undoes")
    if isinstance(undoes, dict):
        earlier = index.rows(
            "SELECT DISTINCT seq FROM change WHERE customer = ? AND run = (SELECT id FROM run WHERE name = ?)",
            (str(intent["customer"]), str(undoes["run_id"])),
        )
        candidates = records_of(index, [seq for (seq,) in earlier if seq >= index.first])
        numbers |= {one.seq for one in candidates if one.record["op_id"] == undoes["op_id"]}
    return numbers

"""What must hold after every night, however it ended: the ERP's own journal held against the audit log.

Plain values in, AssertionError out, which names the invariant that broke. What lives here is the law (:func:`agree`,
:func:`whole`, :func:`nothing_left`) and the journals of the three kinds of ERP that tests have; nights are run
elsewhere. The one idea: the oracle believes only what the ERP itself noted down at each commit, never what u8sync says
of itself.

======  ================================================================================================================
I1      no change in the ERP without a durable intent before it
I2      each change in the ERP by us is recorded as applied, exactly once (after recovery)
I3      what is recorded as applied is in the ERP's journal, and what is recorded as not applied is not
I4      nobody else's value is overwritten
I5      columns that no intent names keep their bytes
I6      a night without new input changes nothing
I7      the log is whole after every death: at most its last line is torn, or intents are open
I10     without its index the log tells the same
======  ================================================================================================================
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from emulated.journal import Change

    from u8sync.backends.memory import MemoryBackend

__all__ = [
    "BOOKKEEPING",
    "Entry",
    "agree",
    "keep_journal",
    "log_below",
    "memory_journal",
    "nothing_left",
    "other_tables",
    "records_in",
    "same_without_index",
    "server_journal",
    "somebody",
    "sqlite_journal",
    "whole",
]

BOOKKEEPING: Final = frozenset({"cModifyPerson", "dModifyDate", "pubufts"})
"""Columns that change with every write; no intent names them."""

Record = Mapping[str, Any]
Cell = tuple[str, str]


@dataclass(frozen=True)
class Entry:
    """One value of the customer archive whose change was committed.

    Attributes:
        customer: The code.
        column: The column; empty when the row came or went.
        before: Raw value before; null: empty.
        after: Raw value since.
        ours: Whether u8sync did it.
    """

    customer: str
    column: str
    before: str | None
    after: str | None
    ours: bool = True


def bare(value: object) -> str | None:
    """A value as U8 means it, in words of the oracle's own."""
    return None if value is None else str(value).rstrip(" \u3000") or None


# --- the law ----------------------------------------------------------------------------------------------------------


def agree(records: Iterable[Record], journal: Sequence[Entry], *, recovered: bool, certain: bool = False) -> None:
    """Hold the log against the journal.

    Args:
        records: The whole log, oldest first: what is durable, and nothing else.
        journal: All that was committed since the log began, by us and by others, oldest first.
        recovered: Whether a later run has had its chance to settle; without it only I1, I4 and I5 and what is recorded
            as ended are checked.
        certain: Whether every write leaves a receipt: then what was written is known, whatever people changed since.
    """
    story = _Story.of(records)
    ours = [entry for entry in journal if entry.ours and entry.column not in BOOKKEEPING]
    _nothing_unannounced(story, ours)
    _told_once(story, recovered=recovered)
    _told_truly(story, journal, ours, recovered=recovered, certain=certain)
    _totals_add_up(story)


@dataclass(frozen=True)
class _Story:
    """The log, by operation.

    Attributes:
        intents: Operation -> its intent.
        finals: Operation -> the records that say how it ended, ``unknown`` left out.
        closings: Run -> its closing record.
        ended_in: Operation -> how it stood when its own run was over.
    """

    intents: Mapping[str, Record]
    finals: Mapping[str, Sequence[Record]]
    closings: Mapping[str, Record]
    ended_in: Mapping[str, str]

    @classmethod
    def of(cls, records: Iterable[Record]) -> _Story:
        intents: dict[str, Record] = {}
        finals: defaultdict[str, list[Record]] = defaultdict(list)
        closings: dict[str, Record] = {}
        ended_in: dict[str, str] = {}
        for record in records:
            operation = str(record.get("op_id"))
            match record["type"]:
                case "intent":
                    assert operation not in intents, f"I2: operation {operation} was announced twice"
                    intents[operation] = record
                case "outcome" | "settle":
                    assert operation in intents, f"I1: the end of {operation} is told, and no intent came before"
                    status = _status(record)
                    if record["run_id"] == intents[operation]["run_id"]:
                        ended_in[operation] = status
                    if status != "unknown":
                        finals[operation].append(record)
                case "plan":
                    waiting = [name for name in intents if not finals[name]]
                    assert not waiting, f"I2: run {record['run_id']} planned before it settled {waiting}"
                case "run_close":
                    closings[str(record["run_id"])] = record
                case _:
                    pass
        return cls(intents, finals, closings, ended_in)

    def cells(self, operation: str) -> Iterable[tuple[str, str, str | None, str | None]]:
        """Customer, column, before and after of each value that an operation writes."""
        intent = self.intents[operation]
        for column, after in intent["after"].items():
            yield str(intent["customer"]), column, bare(intent["before"].get(column)), bare(after)


def _status(record: Record) -> str:
    return str(record["verdict"] if record["type"] == "settle" else record["status"])


def _nothing_unannounced(story: _Story, ours: Sequence[Entry]) -> None:
    announced = Counter(cell for operation in story.intents for cell in story.cells(operation))
    named = {column for _, column, _, _ in announced}
    values = Counter((customer, column, after) for customer, column, _, after in announced.elements())
    written: Counter[tuple[str, str, str | None]] = Counter()
    for entry in ours:
        cell = entry.customer, entry.column, bare(entry.after)
        written[cell] += 1
        if entry.column not in named and named:
            raise AssertionError(f"I5: {entry} is in a column that no intent names")
        assert written[cell] <= values[cell], f"I1: {entry} was committed, and no durable intent announces it"
        planned = (entry.customer, entry.column, bare(entry.before), bare(entry.after)) in announced
        assert planned, f"I4: {entry} replaced a value that the plan had not seen"


def _told_once(story: _Story, *, recovered: bool) -> None:
    for operation, intent in story.intents.items():
        ends = [_status(record) for record in story.finals.get(operation, ())]
        assert len(ends) <= 1, f"I2: {operation} of customer {intent['customer']} ended more than once: {ends}"
        assert ends or not recovered, f"I2: {operation} of customer {intent['customer']} is still open"


def _told_truly(
    story: _Story, journal: Sequence[Entry], ours: Sequence[Entry], *, recovered: bool, certain: bool
) -> None:
    """Count by customer, column and value: what the journal has against what the log says was applied."""
    others: defaultdict[Cell, set[str | None]] = defaultdict(set)
    touched: set[str] = set()
    for entry in journal:
        if not entry.ours:
            others[entry.customer, entry.column].add(bare(entry.after))
            touched.add(entry.customer)
    written = Counter((entry.customer, entry.column, bare(entry.after)) for entry in ours)
    told: Counter[tuple[str, str, str | None]] = Counter()
    guessed: Counter[tuple[str, str, str | None]] = Counter()
    open_: Counter[tuple[str, str, str | None]] = Counter()
    for operation in story.intents:
        ends = story.finals.get(operation, ())
        for customer, column, _, after in story.cells(operation):
            cell = customer, column, after
            if not ends:
                open_[cell] += 1
            elif _status(ends[0]) == "applied":
                told[cell] += 1
                # Without a receipt the same value, set by another person, cannot be told from ours.
                alike = ends[0]["type"] == "settle" and ends[0]["method"] == "read_back"
                guessed[cell] += alike and after in others[customer, column]
    for cell in written | told:
        customer = cell[0]
        assert told[cell] - guessed[cell] <= written[cell], (
            f"I3: {cell} is recorded as applied, and was never committed"
        )
        missing = written[cell] - told[cell] - open_[cell]
        # What a person has replaced or removed since can be settled as a conflict only.
        assert missing <= 0 or (customer in touched and not certain), (
            f"I2: {cell} was committed, and is recorded as something else"
        )
        assert not recovered or not open_[cell], f"I2: {cell} is still open"


def _totals_add_up(story: _Story) -> None:
    of_run: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for operation, intent in story.intents.items():
        of_run[str(intent["run_id"])][story.ended_in.get(operation, "no end")] += 1
    for run, record in story.closings.items():
        totals = dict(record["totals"])
        planned = totals.pop("planned")
        assert planned == sum(totals.values()), f"I2: the totals of run {run} do not add up: {record['totals']}"
        counted = of_run[run]
        for status in {*totals, *counted} - {"not_started"}:
            said = totals.get(status, 0)
            assert said == counted[status], f"I2: run {run} says {said} {status}, its records say {counted[status]}"


def whole(folder: Path, *, recovered: bool) -> None:
    """I7: the log in ``folder`` verifies; ``recovered``: and nothing in it is open or torn."""
    from fakes import Quiet

    from u8sync.audit.reading import verify_folder

    found = verify_folder(folder, Quiet())
    assert not found.faults, (
        f"I7: {folder.name} is not whole: {[(fault.seq, str(fault.message)) for fault in found.faults]}"
    )
    if recovered:
        assert not found.open_intents, f"I7: {found.open_intents} are open"
        assert not found.torn, f"I7: {found.torn} bytes are torn"


def nothing_left(records: Iterable[Record]) -> None:
    """I6: the last run had nothing to do."""
    plans = [record for record in records if record["type"] == "plan"]
    assert plans, "I6: no run has planned"
    assert plans[-1]["changes"] == 0, f"I6: a night without new input planned {plans[-1]['changes']} changes"


def same_without_index(folder: Path, question: Callable[[], object]) -> None:
    """I10: ``question`` has the same answer when the index beside the log is gone, and once it is there again."""
    with_index = question()
    for file in folder.glob("index.sqlite*"):
        file.unlink()
    assert question() == with_index, "I10: without its index the log tells something else"
    assert question() == with_index, "I10: the index that was built anew tells something else"


def log_below(root: Path) -> Path | None:
    """The one log below an audit folder; null before there is any."""
    found = [path for path in root.glob("*") if any(path.glob("seg-*.jsonl*"))]
    assert len(found) <= 1, f"more than one log: {found}"
    return found[0] if found else None


def records_in(folder: Path | None) -> list[Record]:
    """What is durable in a log; nothing when there is none yet."""
    from u8sync.audit.reading import iterate

    return [] if folder is None else list(iterate(folder))


# --- the ERP's own journal --------------------------------------------------------------------------------------------


def memory_journal(backend: MemoryBackend) -> list[Entry]:
    """What the account set in memory wrote for us; what tests change behind its back is not in it."""
    return [Entry(str(entry.code), entry.column, entry.before, entry.after) for entry in backend.journal]


def server_journal(changes: Iterable[Change]) -> list[Entry]:
    """What the emulated server committed in the customer archive."""
    return [
        Entry(
            str(change.key),
            change.column or "",
            None if change.old is None else str(change.old),
            None if change.new is None else str(change.new),
            # By who it is not: mssql-python calls itself as it likes.
            ours=change.application not in {"back door", "administrator"},
        )
        for change in changes
        if change.table.rpartition(".")[2] == "Customer"
    ]


def keep_journal(file: Path) -> None:
    """Let the embedded account set note down every change to its customer archive."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "CREATE TABLE test_journal (number INTEGER PRIMARY KEY, customer, col, old, new, ours DEFAULT 1)"
        )
        columns = [row[1] for row in connection.execute("PRAGMA table_info(Customer)")]
        terms = [
            f"SELECT OLD.cCusCode, '{name}', OLD.[{name}], NEW.[{name}] WHERE OLD.[{name}] IS NOT NEW.[{name}]"
            for name in columns
            if name != "pubufts"
        ]
        insert = "INSERT INTO test_journal (customer, col, old, new)"
        # A compound SELECT may have 500 terms at most.
        parts = [" UNION ALL ".join(terms[start : start + 400]) for start in range(0, len(terms), 400)]
        body = " ".join(f"{insert} {part};" for part in parts)
        connection.execute(f"CREATE TRIGGER test_journal_update AFTER UPDATE ON Customer BEGIN {body} END")
        for event, row in (("INSERT", "NEW"), ("DELETE", "OLD")):
            connection.execute(
                f"CREATE TRIGGER test_journal_{event} AFTER {event} ON Customer BEGIN"
                f" {insert} VALUES ({row}.cCusCode, '', NULL, NULL); END"
            )


def somebody(file: Path, statement: str, *values: object) -> None:
    """What a person does in U8 meanwhile; the journal knows that it was not us."""
    with closing(sqlite3.connect(file)) as connection, connection:
        (last,) = connection.execute("SELECT coalesce(max(number), 0) FROM test_journal").fetchone()
        connection.execute(statement, values)
        connection.execute("UPDATE test_journal SET ours = 0 WHERE number > ?", [last])


def sqlite_journal(file: Path) -> list[Entry]:
    """What was committed in an embedded account set since :func:`keep_journal`."""
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True)) as connection:
        rows = connection.execute("SELECT customer, col, old, new, ours FROM test_journal ORDER BY number").fetchall()
    return [
        Entry(code, column, *(None if value is None else str(value) for value in (old, new)), ours=bool(ours))
        for code, column, old, new, ours in rows
    ]


def other_tables(file: Path) -> dict[str, int]:
    """I5 for everything but the customer archive: table -> digest of its rows; equal before and after."""
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        kept = [name for name in tables if name not in {"Customer", "test_journal", "u8_rowversion"}]
        return {name: hash(tuple(connection.execute(f"SELECT * FROM [{name}]"))) for name in sorted(kept)}

"""An account set in memory, with the semantics of the real ones: for simulations and for the tests of the engine.

It keeps a journal of every value written, and lets its owner change rows "meanwhile" or fail on purpose through two
hooks. It takes Python objects, so it is not in the table of backends that a configuration file can name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

import polars as pl

from u8sync.backends.compare import check_columns, check_edits, decide
from u8sync.backends.sides import without
from u8sync.domain.model import EXTRAS, FACTS_SCHEMA, AccountSet, CustomerCode, Extra, Facts, Glossary, Period, Window
from u8sync.ports import ColumnLimit, Edit, EditOutcome, Progress, Reading, Stamp
from u8sync.text import msg

__all__ = ["JournalEntry", "MemoryBackend"]


class JournalEntry(NamedTuple):
    """One value written by :meth:`MemoryBackend.write`, bookkeeping columns left out."""

    code: CustomerCode
    column: str
    before: str | None
    after: str | None


class MemoryBackend:
    """An account set in memory; :class:`u8sync.ports.Backend` says what each method promises.

    Args:
        account_set: What it calls itself.
        customers: Code -> column -> raw value. A column that any customer has can be read for all.
        facts: What :meth:`facts` answers: a frame of ``FACTS_SCHEMA`` with all complete months of the window posted,
            or a function of the window; null: no documents.
        writable: The columns that may be written.
        on_write: Called with the edits inside :meth:`write` before any row is looked at. May change rows; an error it
            raises leaves the batch without effect.
        on_written: Called with the edits after they took effect, before the answer. An error it raises is an answer
            that went missing.
        keep_receipts: Whether each edit that is made leaves a receipt.
        glossary: What :meth:`glossary` answers; null: no words.
        periods: What :meth:`periods` answers.

    Attributes:
        journal: Every value written so far, oldest first.
    """

    way = "sql"
    read_only = False
    route: Mapping[str, str] = MappingProxyType({})
    most_edits: int | None = None
    late_s = 0.0

    def __init__(
        self,
        account_set: AccountSet,
        customers: Mapping[CustomerCode, Mapping[str, str | None]],
        facts: pl.DataFrame | Callable[[Window], Facts] | None = None,
        *,
        writable: Mapping[str, ColumnLimit],
        on_write: Callable[[Sequence[Edit]], None] | None = None,
        on_written: Callable[[Sequence[Edit]], None] | None = None,
        keep_receipts: bool = False,
        glossary: Glossary | None = None,
        periods: Sequence[Period] = (),
    ) -> None:
        self._account_set = account_set
        self._rows = {code: {**row, "cCusCode": code} for code, row in customers.items()}
        self._facts = facts if facts is not None else pl.DataFrame(schema=FACTS_SCHEMA)
        self._writable = dict(writable)
        self._glossary = glossary or Glossary()
        self._periods = tuple(sorted(periods))
        self._columns = frozenset({"cCusCode", *writable}.union(*self._rows.values()))
        self._version = 0
        self._versions = {code: self._next_version() for code in self._rows}
        self.on_write = on_write
        self.on_written = on_written
        self.journal: list[JournalEntry] = []
        self._receipts: set[str] | None = set() if keep_receipts else None

    def account_set(self) -> AccountSet:
        """As given."""
        return self._account_set

    def columns(self) -> frozenset[str]:
        """The columns that any customer had, and those that may be written."""
        return self._columns

    def writable(self) -> Mapping[str, ColumnLimit]:
        """As given."""
        return self._writable

    def glossary(self) -> Glossary:
        """As given."""
        return self._glossary

    def customers(self, columns: Sequence[str], progress: Progress) -> pl.DataFrame:
        """All customers."""
        check_columns(columns, self._columns)
        progress.start(msg("Reading customers"), len(self._rows))
        frame = pl.DataFrame(
            {
                "code": list(self._rows),
                **{column: [row.get(column) for row in self._rows.values()] for column in columns},
            },
            schema={name: pl.String() for name in ("code", *columns)},
        )
        progress.advance(len(self._rows))
        progress.finish()
        return frame

    def periods(self) -> tuple[Period, ...]:
        """As given."""
        return self._periods

    def facts(self, window: Window, progress: Progress, extras: frozenset[Extra] = frozenset()) -> Facts:
        """As given, without the extras that were not asked for."""
        progress.start(msg("Adding up documents"), 1)
        if isinstance(self._facts, pl.DataFrame):
            months = window.complete_months()
            facts = Facts(self._facts, window, posted=(months[0], months[-1]) if months else None)
        else:
            facts = self._facts(window)
        facts = replace(facts, frame=without(facts.frame, frozenset(EXTRAS) - extras))
        progress.advance(1)
        progress.finish()
        return facts

    def read(self, codes: Sequence[CustomerCode], columns: Sequence[str]) -> Mapping[CustomerCode, Reading]:
        """Some customers, now."""
        check_columns(columns, self._columns)
        return {code: self._reading(code, columns) for code in codes if code in self._rows}

    def claim(self) -> None:
        """Nothing to take."""

    def receipts(self, op_ids: Sequence[str]) -> frozenset[str] | None:
        """Those kept since the start."""
        return None if self._receipts is None else frozenset(self._receipts.intersection(op_ids))

    def write(self, edits: Sequence[Edit], stamp: Stamp) -> Sequence[EditOutcome]:
        """Compare-and-set."""
        check_edits(edits, readable=self._columns, writable=self._writable)
        if self.on_write is not None:
            self.on_write(edits)
        outcomes = [self._write_one(edit, stamp) for edit in edits]
        if self.on_written is not None:
            self.on_written(edits)
        return outcomes

    def close(self) -> None:
        """Nothing is held."""

    def change(self, code: CustomerCode, values: Mapping[str, str | None]) -> None:
        """What somebody else does in U8: set some columns, or add the customer. Not in the journal."""
        self._rows.setdefault(code, {"cCusCode": code}).update(values)
        self._versions[code] = self._next_version()

    def remove(self, code: CustomerCode) -> None:
        """What somebody else does in U8: delete the customer."""
        del self._rows[code], self._versions[code]

    def _write_one(self, edit: Edit, stamp: Stamp) -> EditOutcome:
        reading = self._reading(edit.code, sorted(edit.before)) if edit.code in self._rows else None
        widths = {column: limit.width for column, limit in self._writable.items()}
        outcome = decide(edit, reading, widths)
        if outcome is not None or reading is None:
            return outcome or EditOutcome(edit.code, "gone", seen={})
        for column, value in edit.after.items():
            self.journal.append(JournalEntry(edit.code, column, reading.values[column], value))
        if self._receipts is not None:
            self._receipts.add(edit.op_id)
        bookkeeping = {"cModifyPerson": stamp.person[:20], "dModifyDate": stamp.at.date().isoformat()}
        self.change(edit.code, {**edit.after, **bookkeeping})
        return EditOutcome(
            edit.code,
            "applied",
            seen=reading.values,
            version_before=reading.version,
            version_after=self._versions[edit.code],
        )

    def _reading(self, code: CustomerCode, columns: Sequence[str]) -> Reading:
        return Reading({column: self._rows[code].get(column) for column in columns}, self._versions[code])

    def _next_version(self) -> str:
        self._version += 1
        return f"0x{self._version:016X}"

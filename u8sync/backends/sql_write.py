"""Compare-and-set with SQL: one transaction a batch, decided under the write lock, read back before it ends.

*Why read back*: row counts of a batch tell nothing about single rows, and a site's triggers may change what was
written. What the transaction itself sees before the commit is the only certain answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection, Update, bindparam, update
from sqlalchemy.exc import DBAPIError

from u8sync.backends.compare import decide
from u8sync.backends.sql_dialect import SqlDialect
from u8sync.backends.sql_read import Archive, read_some
from u8sync.backends.u8_schema import Customer
from u8sync.domain.model import CustomerCode
from u8sync.errors import FatalError
from u8sync.ports import Edit, EditOutcome, Reading, Stamp
from u8sync.text import Private, msg

__all__ = ["stage_batch", "update_one", "write_batch"]

PERSON_WIDTH = 20
"""Characters of ``cModifyPerson``."""


def write_batch(
    connection: Connection, dialect: SqlDialect, archive: Archive, edits: Sequence[Edit], stamp: Stamp
) -> list[EditOutcome]:
    """Make the edits whose ``before`` holds, in one transaction; one outcome each, in order.

    The batch must have passed :func:`u8sync.backends.compare.check_edits`. A driver error before the commit leaves
    nothing behind and is passed on as it is.

    Raises:
        FatalError: A written row did not hold what was written; the whole batch was rolled back.
        TransientError, UnknownOutcomeError: The commit failed.
    """
    outcomes = stage_batch(connection, dialect, archive, edits, stamp)
    try:
        dialect.commit(connection)
    except DBAPIError as error:
        raise dialect.translate_commit(connection, error) from error
    return outcomes


def stage_batch(
    connection: Connection, dialect: SqlDialect, archive: Archive, edits: Sequence[Edit], stamp: Stamp
) -> list[EditOutcome]:
    """All of :func:`write_batch` but the commit: the outcomes are true once the transaction is committed."""
    dialect.begin_write(connection)
    before_columns = sorted({column for edit in edits for column in edit.before})
    readings = read_some(connection, dialect, [edit.code for edit in edits], before_columns, lock=True)
    decided = {edit.code: decide(edit, readings.get(edit.code), archive.widths) for edit in edits}
    matching = [edit for edit in edits if decided[edit.code] is None]

    refused = _update(connection, dialect, matching, readings, _bookkeeping(archive, stamp))
    written = [edit for edit in matching if edit.code not in refused]
    after_columns = sorted({column for edit in written for column in edit.after})
    now = read_some(connection, dialect, [edit.code for edit in written], after_columns, lock=True)
    _check_written(written, now)
    dialect.leave_receipts(connection, written)

    outcomes = []
    for edit in edits:
        outcome = decided[edit.code]
        if outcome is None:
            was = readings[edit.code]
            seen = {column: was.values[column] for column in edit.before}
            outcome = EditOutcome(edit.code, "applied", seen, version_before=was.version)
            if edit.code in refused:
                outcome = replace(outcome, status="rejected", detail=refused[edit.code])
            else:
                outcome = replace(outcome, version_after=now[edit.code].version)
        outcomes.append(outcome)
    return outcomes


def _bookkeeping(archive: Archive, stamp: Stamp) -> dict[str, object]:
    values: dict[str, object] = {
        # Wall-clock time, as U8's own programs on the same site write it.
        "dModifyDate": stamp.at.replace(tzinfo=None, microsecond=0),
        "cModifyPerson": stamp.person[:PERSON_WIDTH],
    }
    return {column: values[column] for column in sorted(archive.stamps)}


def _update(
    connection: Connection,
    dialect: SqlDialect,
    edits: Sequence[Edit],
    readings: Mapping[CustomerCode, Reading],
    stamps: Mapping[str, object],
) -> dict[CustomerCode, str]:
    """Write set by set of columns; returns whom the database refused, with its words."""
    batches: defaultdict[tuple[str, ...], list[dict[str, str | None]]] = defaultdict(list)
    for edit in edits:
        row = {f"new_{column}": value for column, value in edit.after.items()}
        row |= {"key": edit.code, "version": readings[edit.code].version}
        batches[tuple(sorted(edit.after))].append(row)
    refused: dict[CustomerCode, str] = {}
    for columns, rows in batches.items():
        refused |= dialect.update(connection, columns, rows, stamps)
    return refused


def update_one(columns: Sequence[str], stamps: Mapping[str, object]) -> Update:
    """The statement that writes one customer, with the parameters ``key``, ``version`` and ``new_<column>``."""
    return (
        update(Customer)
        .where(Customer.c.cCusCode == bindparam("key"), Customer.c.pubufts == bindparam("version"))
        .values({**{column: bindparam(f"new_{column}") for column in columns}, **stamps})
    )


def _check_written(edits: Sequence[Edit], now: dict[CustomerCode, Reading]) -> None:
    for edit in edits:
        for column, value in edit.after.items():
            if edit.code not in now or now[edit.code].values[column] != value:
                raise FatalError(
                    msg(
                        "{column} of customer {code} does not keep the value that was written; the batch was undone.",
                        column=column,
                        code=Private(edit.code),
                    ),
                    hint=msg("A trigger in the database seems to change it. Ask who looks after the database."),
                )

"""Settle what was left open: an intent without an outcome is unknown, and only U8 knows how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from u8sync.domain.canonical import Json
from u8sync.domain.model import CustomerCode, same
from u8sync.domain.run import Settlement
from u8sync.engine import records
from u8sync.engine.retry import Retry
from u8sync.errors import AuditError
from u8sync.ports import AuditLog, Backend, FailedTry, Reading, Record
from u8sync.text import msg

__all__ = ["OpenIntent", "open_intents", "settle_open", "verdict_on"]


@dataclass(frozen=True)
class OpenIntent:
    """A change that was about to be sent, and of which no end is recorded.

    Attributes:
        op_id: Its name.
        run_id: The run that meant to send it.
        code: The customer.
        before: Column -> raw value that had to hold.
        after: Column -> raw value to write.
    """

    op_id: str
    run_id: str
    code: CustomerCode
    before: Mapping[str, str | None]
    after: Mapping[str, str | None]


def open_intents(log: AuditLog) -> tuple[OpenIntent, ...]:
    """The intents without a final outcome, oldest first."""
    waiting = frozenset(log.open_changes())
    if not waiting:
        return ()
    return tuple(
        OpenIntent(
            _text(record, "op_id"),
            _text(record, "run_id"),
            CustomerCode(_text(record, "customer")),
            _values(record, "before"),
            _values(record, "after"),
        )
        for record in log.records("intent")
        if record.get("op_id") in waiting
    )


def settle_open(
    intents: Sequence[OpenIntent], backend: Backend, log: AuditLog, *, retry: Retry
) -> tuple[Settlement, ...]:
    """Read U8, record how each intent ended, and make the records durable.

    Where an edit may still take effect after its answer was lost, a value that is as before proves nothing yet: that
    time is waited, and U8 is read again.

    Raises the backend's errors when U8 cannot be read; the intents then stay open for the next run.
    """
    if not intents:
        return ()
    columns = sorted({column for intent in intents for column in intent.before})
    tries: list[FailedTry] = []
    retry = retry.telling(tries.append)
    now, _ = retry.call(backend.read, [intent.code for intent in intents], columns)
    undone = [intent.code for intent in intents if verdict_on(intent, now.get(intent.code)) == "not_applied"]
    if undone and backend.late_s > 0:
        retry.sleep(backend.late_s)
        again, _ = retry.call(backend.read, undone, columns)
        now = {code: reading for code, reading in now.items() if code not in undone} | dict(again)
    receipts, _ = retry.call(backend.receipts, [intent.op_id for intent in intents])
    settled = []
    for intent in intents:
        reading = now.get(intent.code)
        # A receipt is certain, also where somebody has changed the value since.
        certain = intent.op_id in (receipts or ())
        settlement = Settlement(intent.code, intent.run_id, "applied" if certain else verdict_on(intent, reading))
        seen = {column: reading.values[column] for column in intent.before} if reading else {}
        version = reading.version if reading else None
        method = "receipt" if certain else "read_back"
        log.append("settle", records.settle(intent.op_id, settlement, seen, version, method=method, tries=tries))
        settled.append(settlement)
    log.commit()
    return tuple(settled)


def verdict_on(intent: OpenIntent, reading: Reading | None) -> Literal["applied", "not_applied", "conflict"]:
    """What U8's present values say of an intent; a customer that is gone is a conflict."""
    if reading is None:
        return "conflict"
    if all(same(reading.values[column], value) for column, value in intent.after.items()):
        return "applied"
    if all(same(reading.values[column], intent.before[column]) for column in intent.after):
        return "not_applied"
    return "conflict"


def _text(record: Record, field: str) -> str:
    value = record.get(field)
    if not isinstance(value, str):
        raise _unreadable(record, field)
    return value


def _values(record: Record, field: str) -> dict[str, str | None]:
    value: Json = record.get(field)
    if not isinstance(value, dict):
        raise _unreadable(record, field)
    values: dict[str, str | None] = {}
    for column, item in value.items():
        if item is not None and not isinstance(item, str):
            raise _unreadable(record, field)
        values[column] = item
    return values


def _unreadable(record: Record, field: str) -> AuditError:
    return AuditError(
        msg("audit record {seq} has no usable '{field}'", seq=str(record.get("seq")), field=field),
        hint=msg("Nothing was sent. Run 'u8sync audit verify' and keep the audit folder as it is."),
    )

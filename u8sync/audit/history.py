"""What was changed, told from the records: each intent with the end that is recorded for it."""

from __future__ import annotations

from collections.abc import Iterable

from u8sync.domain.run import LoggedChange
from u8sync.ports import Json, Record

__all__ = ["changes_of"]


def changes_of(records: Iterable[Record]) -> list[LoggedChange]:
    """The changes that the records announce, oldest first.

    Args:
        records: Whole and verified; ``intent``, ``outcome`` and ``settle`` are read, others passed over.
    """
    intents: dict[str, Record] = {}
    endings: dict[str, str] = {}
    for record in records:
        name = str(record.get("op_id"))
        match record["type"]:
            case "intent":
                intents[name] = record
            case "outcome":
                endings[name] = str(record["status"])
            case "settle":
                endings[name] = str(record["verdict"])
            case _:
                pass
    return [change for name, intent in intents.items() for change in _fields_of(intent, endings.get(name, "open"))]


def _fields_of(intent: Record, status: str) -> Iterable[LoggedChange]:
    before, after, reason = intent["before"], intent["after"], intent["reason"]
    fields = intent["fields"]
    if not (isinstance(before, dict) and isinstance(after, dict) and isinstance(fields, list)):
        return
    known: dict[str, Json] = reason if isinstance(reason, dict) else {}
    for field in fields:
        if not isinstance(field, dict):
            continue
        column = str(field["column"])
        yield LoggedChange(
            seq=int(str(intent["seq"])),
            at=str(intent["ts"]),
            run_id=str(intent["run_id"]),
            customer=str(intent["customer"]),
            field=str(field["field"]),
            column=column,
            before=_text(before.get(column)),
            after=_text(after.get(column)),
            score=_text(known.get("score")),
            rule=_text(known.get("rule")),
            status=status,
        )


def _text(value: Json) -> str | None:
    return None if value is None else str(value)

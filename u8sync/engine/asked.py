"""What the audit log remembers of requests for approval, of answers to them, and of what still waits.

The log is all there is: another log, other requests. A request is the record ``wait`` of a run, an answer the record
``decision`` of ``u8sync approve``; both are used up once a change of the customer is written.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, cast

from u8sync.domain.approvals import Answer, Asked, Request
from u8sync.domain.model import CustomerCode
from u8sync.domain.names import ApprovalCause
from u8sync.ports import Json, Record

__all__ = ["TYPES", "AskedReading"]

TYPES: Final = ("run_open", "plan", "skip", "wait", "decision")
"""The types of record that it is made of; besides, :meth:`AskedReading.written` wants to be told of writes."""


class AskedReading:
    """The log as far as it was read."""

    def __init__(self) -> None:
        self._users: dict[Json, str] = {}
        self._requests: dict[CustomerCode, Request] = {}
        self._answers: dict[CustomerCode, Answer] = {}
        self._wanted: set[CustomerCode] = set()

    def take(self, record: Record) -> None:
        """One record more, oldest first."""
        match record["type"]:
            case "run_open":
                self._users[record["run_id"]] = str(record.get("user"))
            case "plan" if record.get("window"):
                self._wanted = set()  # each evaluation says anew what waits; an undo is none
            case "skip" if record["cause"] == "waiting":
                self._wanted |= {CustomerCode(str(code)) for code in _list(record["customers"])}
            case "wait":
                code = CustomerCode(str(record["customer"]))
                self._requests[code] = Request(
                    change=str(record["change"]),
                    seq=int(str(record["seq"])),
                    cause=cast("ApprovalCause", str(record["needs"])),
                    until=datetime.fromisoformat(str(record["until"])),
                    run_id=str(record["run_id"]),
                    asked_by=self._users.get(record["run_id"]),
                    moves=_moves(record["planned"]),
                )
            case "decision":
                self._answers[CustomerCode(str(record["customer"]))] = Answer(
                    change=str(record["change"]),
                    seq=int(str(record["seq"])),
                    approved=record["answer"] == "yes",
                    until=datetime.fromisoformat(str(record["until"])),
                    by=str(record["approver"]),
                    reason=str(record["reason"]),
                )
            case _:
                pass

    def written(self, customer: str) -> None:
        """A change of this customer is in U8: what was asked and answered before is used up."""
        code = CustomerCode(customer)
        self._requests.pop(code, None)
        self._answers.pop(code, None)
        self._wanted.discard(code)

    def asked(self) -> Asked:
        """What was asked and answered and is not used up."""
        return Asked(dict(self._requests), dict(self._answers))

    def waiting(self, now: datetime) -> dict[CustomerCode, Request]:
        """What the last plan left for a person and nobody has answered, as long as it has not aged out."""
        return {
            code: request
            for code, request in sorted(self._requests.items())
            if code in self._wanted and now < request.until and not self._is_answered(code, request, now)
        }

    def _is_answered(self, code: CustomerCode, request: Request, now: datetime) -> bool:
        answer = self._answers.get(code)
        return answer is not None and answer.change == request.change and now < answer.until


def _moves(planned: Json) -> tuple[tuple[str | None, str | None], ...]:
    fields = planned.get("fields") if isinstance(planned, dict) else None
    return tuple((_text(one["was"]), _text(one["becomes"])) for one in _list(fields) if isinstance(one, dict))


def _text(value: Json) -> str | None:
    return None if value is None else str(value)


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []

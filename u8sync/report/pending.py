"""The changes of a plan that wait for a person, as the report lists them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from u8sync.domain.approvals import Waiting
from u8sync.domain.policy import Policy
from u8sync.report.figures import shown_values
from u8sync.report.words import APPROVAL_CAUSES, reason_words
from u8sync.text import Message

__all__ = ["PendingRow", "pending_rows"]


@dataclass(frozen=True)
class PendingRow:
    """One field of one customer whose change is not written yet.

    Attributes:
        code: Of the customer.
        name: Its name; null: the mapping reads none.
        before: What U8 holds, in words; null: nothing.
        after: What would be written; null: nothing.
        needs: Why it needs a person.
        reasons: Why the change is wanted, the strongest first.
    """

    code: str
    name: str | None
    before: str | None
    after: str | None
    needs: Message
    reasons: tuple[Message, ...]


def pending_rows(waiting: Sequence[Waiting], policy: Policy, names: Mapping[str, str]) -> Iterator[PendingRow]:
    """A row for each field, in the order given."""
    for one in waiting:
        for field in one.change.fields:
            before, after = shown_values(field)
            code = one.change.code
            needs, reasons = APPROVAL_CAUSES[one.cause], reason_words(one.change, policy)
            yield PendingRow(code, names.get(code), before, after, needs, reasons)

"""A change that waits for a person, as the report lists it. Who decides that it waits lives elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from u8sync.text import Message

__all__ = ["PendingRow"]


@dataclass(frozen=True)
class PendingRow:
    """One customer whose change is not written yet.

    Attributes:
        code: Of the customer.
        name: Its name; null: the mapping reads none.
        before: What U8 holds, in words; null: nothing.
        after: What would be written; null: nothing.
        why: Why it waits.
    """

    code: str
    name: str | None
    before: str | None
    after: str | None
    why: str | Message

"""What a test asks the server afterwards: what was asked of it, what was edited, and what broke the contract.

No value of a query or a body is kept, so that neither a token nor a secret can leak from here; edits are the exception,
because what was written is what a test wants to know.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Final

__all__ = ["Asked", "Edit", "Journal", "Violation"]

MOST: Final = 100_000
"""Entries kept of each kind: a server that runs for weeks must not fill the memory."""


@dataclass(frozen=True)
class Asked:
    """One request.

    Attributes:
        method: ``GET``, ``POST`` or whatever was sent.
        path: Without leading slash and query, such as ``api/customer/get``.
        query: Names of the parameters, as written.
        body: Names of the fields of the business object; empty without one.
    """

    method: str
    path: str
    query: tuple[str, ...]
    body: tuple[str, ...]


@dataclass(frozen=True)
class Edit:
    """One field that truly changed.

    Attributes:
        code: The customer.
        field: JSON name of the field.
        before: Its value as text; null when it was empty.
        after: Likewise.
        moment: When, in UTC.
    """

    code: str
    field: str
    before: str | None
    after: str | None
    moment: datetime


@dataclass(frozen=True)
class Violation:
    """One breach of the contract by the client.

    Attributes:
        call: Path of the call.
        text: What was wrong; names, no values.
    """

    call: str
    text: str


class Journal:
    """Everything noted, oldest first; safe to fill from several threads."""

    def __init__(self) -> None:
        self.requests: deque[Asked] = deque(maxlen=MOST)
        self.edits: deque[Edit] = deque(maxlen=MOST)
        self.violations: deque[Violation] = deque(maxlen=MOST)

    def clear(self) -> None:
        """Forget everything."""
        self.requests.clear()
        self.edits.clear()
        self.violations.clear()

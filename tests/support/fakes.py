"""What tests use in place of a person who watches and of the machine's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from u8sync.text import Message


class Quiet:
    """Progress that nobody watches."""

    def start(self, step: Message, total: int | None) -> None: ...
    def advance(self, units: int) -> None: ...
    def finish(self) -> None: ...


@dataclass
class Ticking:
    """A clock that moves one second at each look."""

    at: datetime = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)

    def now(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at

"""Whether runs came when the schedule meant them: what a card, a status line and the next run say of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["Timeliness"]


@dataclass(frozen=True)
class Timeliness:
    """What became of the starts that a schedule meant.

    Attributes:
        last_due: The last start that was meant, aware UTC; null: none was yet.
        next_due: The next one; null: the schedule means no other.
        missed: Starts that no run answered, oldest first; the last one stands here once it is overdue.
        late_by: How long after its start the newest run began; null: in time, or not started by the schedule.
        ahead: Runs whose entries come from the future: the clock was ahead then, or is behind now. They answer nothing.
    """

    last_due: datetime | None
    next_due: datetime | None
    missed: tuple[datetime, ...]
    late_by: timedelta | None
    ahead: tuple[str, ...] = ()

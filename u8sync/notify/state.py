"""How the nights go, as a state: what is told once when it changes, and once when all is well again. Pure.

What lives here: which state a run shows, and what follows from the state that was told last. What does not: words
(``card.py``), the file that remembers (``memory.py``), sending (``sending.py``). The idea: people stop reading what
comes every night, so the same trouble is told once, another trouble is told again, and the end of it is told too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from u8sync.domain.run_entry import RunEntry
from u8sync.domain.timeliness import Timeliness
from u8sync.errors import ExitCode

__all__ = ["Condition", "ConditionName", "Step", "condition_of", "missed", "next_step"]

ConditionName = Literal["ok", "partial", "blocked", "busy", "failed", "missed"]
"""``ok`` all is well; ``partial`` some rows or something around the run did not get through; ``blocked`` a guard
stopped it; ``busy`` another run was at work; ``failed`` it ended early; ``missed`` it did not run."""


@dataclass(frozen=True)
class Condition:
    """How things stand.

    Attributes:
        name: The condition.
        detail: What tells one trouble from another of the same name: guards, an exit code, a start; empty when ok.
    """

    name: ConditionName
    detail: str = ""

    @property
    def ok(self) -> bool:
        """Whether all is well."""
        return self.name == "ok"


Step = Literal["alert", "recovered", "nothing"]
"""What is to be told besides the usual card."""


def condition_of(entry: RunEntry) -> Condition:
    """The condition that a run shows. One that has not said how it ended has failed."""
    match entry.exit_code:
        case ExitCode.DONE:
            return Condition("ok")
        case ExitCode.PENDING:
            return Condition("partial", "rows" if entry.not_in_place else "around")
        case ExitCode.GUARD:
            return Condition("blocked", ",".join(sorted(guard.guard for guard in entry.stopped_by)))
        case ExitCode.LOCK_HELD:
            return Condition("busy")
        case code:
            return Condition("failed", str(code))


def missed(due: Timeliness) -> Condition:
    """The condition between runs: whether a run answered the last start. Each later one missed is the same trouble."""
    return Condition("missed") if due.last_due in due.missed else Condition("ok")


def next_step(told: Condition | None, now: Condition) -> Step:
    """What follows.

    Args:
        told: The trouble that people were told of last, and of whose end they were not; null: none.
        now: How things stand.
    """
    if now.ok:
        return "nothing" if told is None or told.ok else "recovered"
    return "nothing" if told == now else "alert"

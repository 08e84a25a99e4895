"""Closed sets of names that the command line must know before anything heavy is imported."""

from __future__ import annotations

from typing import Final, Literal, get_args

__all__ = ["GUARDS", "OUTCOMES", "ApprovalCause", "GuardName", "OutcomeName"]

ApprovalCause = Literal["tier", "steps", "many"]
"""Why a change needs a person: it leads into or out of a named tier, over several steps, or is one of too many."""

GuardName = Literal[
    "empty_source",
    "customers_missing",
    "no_business",
    "share_changed",
    "top_downgrades",
    "issue_share",
    "edited_in_u8",
    "write_window",
]

GUARDS: Final[tuple[GuardName, ...]] = tuple(name for name in get_args(GuardName) if name != "write_window")
"""Names of the guards of a plan, in the order they are tested, as ``--allow`` takes them.

``write_window`` is none of them: it stands before the plan, is of no plan's doing, and has ``--allow-window``.
"""

OutcomeName = Literal[
    "applied", "already_applied", "conflict", "gone", "rejected", "not_applied", "unknown", "open", "not_started"
]

OUTCOMES: Final[tuple[OutcomeName, ...]] = get_args(OutcomeName)
"""How a change can have ended, as the audit log tells it: :data:`u8sync.domain.run.EndingStatus`, and ``open``."""

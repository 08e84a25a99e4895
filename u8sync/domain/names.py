"""Closed sets of names that the command line must know before anything heavy is imported."""

from __future__ import annotations

from typing import Final, Literal, get_args

__all__ = ["GUARDS", "GuardName"]

GuardName = Literal["empty_source", "no_business", "share_changed", "top_downgrades", "issue_share"]

GUARDS: Final[tuple[GuardName, ...]] = get_args(GuardName)
"""Names of all guards, in the order they are tested, as ``--allow`` takes them."""

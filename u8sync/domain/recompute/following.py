"""How the tier of one customer followed what the ladder gave, decided again as ``movement.py`` defines it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from u8sync.domain.recompute.figures import Rule

__all__ = ["follow"]


def follow(
    rules: Rule, moved: Rule, *, earned: str | None, holds: str | None, met: Sequence[str]
) -> tuple[str | None, str | None]:
    """The tier that the customer gets, and what held it.

    Args:
        rules: The recorded rules.
        moved: The recorded movement.
        earned: The tier that the ladder gives.
        holds: The tier that the eased ladder gives; null without movement rules.
        met: The tiers whose conditions are met, highest first, quotas apart.
    """
    pin = moved.get("pin")
    if pin is not None:
        if date.fromisoformat(moved["as_of"]) > date.fromisoformat(pin["until"]):
            raise ValueError(pin["until"])
        return pin["tier"], "pinned"
    heights = {step["name"]: height for height, step in enumerate(reversed(rules["tiers"]))}
    names = {height: name for name, height in heights.items()}
    current = heights.get(moved["current"])
    target = None if earned is None else heights[earned]
    if moved["held"] == "edited":
        return moved["current"] if current is not None else None, "edited"
    held: str | None = None
    movement = rules.get("movement")
    if movement is not None and current is not None and target is not None:
        hold = max(target, heights[holds] if holds is not None else 0)
        height, held = _step(movement, moved, current, target, hold)
        target = height
    for seat in moved.get("seats", ()):
        if names.get(-1 if target is None else target) == seat["tier"] and (
            int(seat["ahead"]) + int(seat["tied"]) + 1 > int(seat["places"])
        ):
            held = "quota"
            lower = max((heights[name] for name in met if heights[name] < heights[seat["tier"]]), default=0)
            kept = current if current is not None and current < heights[seat["tier"]] else 0
            target = max(lower, kept)
    return None if target is None else names[target], held


def _step(movement: Rule, moved: Rule, current: int, target: int, hold: int) -> tuple[int, str | None]:
    """One step of a customer that has a tier of the ladder."""
    up, under = target > current, hold < current
    wait = None
    if under and int(moved["below"]) < int(movement["down_after"]):
        wait = "count"
    elif under and not moved["review"]:
        wait = "review"
    elif _rests(movement, moved, up=up) and (under or up):
        wait = "cool_down"
    elif movement.get("most_steps") is not None and moved["changed_on"] == moved["as_of"] and (under or up):
        wait = "steps"
    if wait is not None:
        return current, None if current == target else wait
    steps: Any = movement.get("most_steps")
    if up:
        height = target if steps is None else min(target, current + steps)
        return height, None if height == target else "steps"
    if not under:
        return current, None if current == target else "margin"
    height = hold if steps is None else max(hold, current - steps)
    if height == target:
        return height, None
    return height, "steps" if height > hold else "margin"


def _rests(movement: Rule, moved: Rule, *, up: bool) -> bool:
    rest = movement.get("cool_down")
    if rest is None or moved["changed_on"] is None or (up and rest["holds"] == "down"):
        return False
    since = date.fromisoformat(moved["as_of"]) - timedelta(days=int(rest["days"]))
    return date.fromisoformat(moved["changed_on"]) > since

"""Who is told how the nights go, as the configuration says it; the addresses are secrets and are only named here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from u8sync.config.located_yaml import Route
from u8sync.config.shapes.notify import NotifyShape

__all__ = ["Notify", "NotifyTarget", "notify_of"]


@dataclass(frozen=True)
class NotifyTarget:
    """One target.

    Attributes:
        name: What messages call it.
        route: Where the configuration says where its address is kept, which is a secret's reference.
        cards: Whether it gets the card of each run.
        alerts: Whether it is told when the state changes.
        language: Of what it gets.
    """

    name: str
    route: Route
    cards: bool
    alerts: bool
    language: Literal["zh", "en"]


@dataclass(frozen=True)
class Notify:
    """Who is told, and when.

    Attributes:
        to: The targets; empty: nobody.
        cards: Whether a run without changes, requests and troubles has a card.
        site: What people call this installation; null: it needs no name.
        timeout_s: Most time for all messages together, seconds.
    """

    to: tuple[NotifyTarget, ...] = ()
    cards: Literal["always", "changes"] = "always"
    site: str | None = None
    timeout_s: float = 20.0


def notify_of(shape: NotifyShape | None) -> Notify:
    """The section as a plain value; absent: nobody is told."""
    if shape is None:
        return Notify()
    targets = (
        NotifyTarget(one.name, ("notify", "to", at, "url"), one.cards, one.alerts, one.language)
        for at, one in enumerate(shape.to)
    )
    return Notify(tuple(targets), shape.cards, shape.site, float(shape.timeout_s))

"""How a tier followed what the ladder gave, on the terminal: for a customer of today and for one of the audit log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from rich.console import RenderableType

from u8sync.domain.policy import Movement
from u8sync.report.rule_words import HELD, movement_words
from u8sync.report.terminal.blocks import Cell, Writer
from u8sync.text import Message, msg

__all__ = ["hold_words", "movement_parts"]


def hold_words(held: str) -> Message | str:
    """What held a tier; a word of a later version stands for itself."""
    known: Mapping[str, Message] = {str(hold): words for hold, words in HELD.items()}
    return known.get(held, held)


def movement_parts(
    write: Writer,
    *,
    rules: Movement | None,
    held: str | None,
    pin: Message | None,
    edited: Message | None,
    holds: str | None,
    below: int,
    changed_on: date | None,
    review: bool,
    before: Sequence[tuple[Message, Cell]] = (),
    more: Sequence[tuple[Message, Cell]] = (),
) -> Iterator[RenderableType]:
    """A section.

    Args:
        write: The shapes.
        rules: Of movement; null: the policy has none, only a pin or an edit can hold the tier.
        held: A :data:`u8sync.domain.movement.Hold`; null: the tier is the one that the ladder gives.
        pin: The pin that sets the tier, in words; null: none.
        edited: What becomes of a tier that a person changed, in words; null: nobody did.
        holds: The highest tier whose eased conditions are met.
        below: Evaluations in a row that found the customer below.
        changed_on: Day of the last change; null: none is known.
        review: Whether tiers may fall at this evaluation.
        before: Facts that come first, whatever decides.
        more: Facts that come last, where the rules decide.
    """
    yield write.heading(msg("Movement"))
    if before:
        yield write.facts(before)
    if pin is not None:
        yield write.line(msg("Set by hand: {pin}", pin=pin))
        return
    if edited is not None:
        yield write.line(edited)
        return
    yield write.line(
        msg("Not held: the tier is the one that the ladder gives.")
        if held is None
        else msg("Held: {why}", why=hold_words(held))
    )
    if rules is None:
        return
    rows: list[tuple[Message, Cell]] = [
        (msg("Holds with the margin"), holds),
        (msg("Evaluations below in a row"), msg("{count} of {needed}", count=below, needed=rules.down_after)),
        (msg("Last change"), None if changed_on is None else str(changed_on)),
        *more,
    ]
    if rules.review:
        rows.append((msg("Review day reached"), msg("yes") if review else msg("no")))
    yield write.facts(rows)
    for words in movement_words(rules):
        yield write.line(words, indent=2)

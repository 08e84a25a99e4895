"""The effect of an edited mapping, on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Group, RenderableType

from u8sync.domain.mapping_diff import FieldEffect, MappingDiff, Moved
from u8sync.domain.model import AccountSet
from u8sync.report.figures import percent
from u8sync.report.terminal.blocks import Cell, Column, Writer
from u8sync.report.words import account_set_words
from u8sync.text import Message, Translate, msg

__all__ = ["mapping_diff_view"]

MOVES: Final[Sequence[Column]] = (
    (msg("Before"), "left"),
    (msg("After"), "left"),
    (msg("Customers"), "right"),
    (msg("For example"), "left"),
)


def mapping_diff_view(
    diff: MappingDiff, names: tuple[str, str], account_set: AccountSet, translate: Translate, *, limit: int | None
) -> RenderableType:
    """How many and which customers get which other value, tier and write.

    Args:
        diff: The effect.
        names: The old and the new mapping file.
        account_set: Whose customers they are.
        translate: The language.
        limit: Most lines of one table; null: all.
    """
    write = Writer(translate)
    parts: list[RenderableType] = [
        write.title(
            msg(
                "{old} -> {new}, on account set {account_set}",
                old=names[0],
                new=names[1],
                account_set=account_set_words(account_set),
            )
        ),
        write.facts(_facts(diff)),
    ]
    for effect in diff.fields:
        parts.append(write.heading(_title(effect)))
        if effect.moved:
            parts += _moves(effect.moved, write, limit)
        if effect.issues[0] != effect.issues[1]:
            old, new = effect.issues
            parts.append(write.line(msg("Values that cannot be used: {old} -> {new} customers", old=old, new=new)))
    if diff.tiers:
        parts.append(write.heading(msg("Recommended tier")))
        parts += _moves(diff.tiers, write, limit)
    if diff.same:
        parts.append(write.line(msg("The edit changes nothing for these customers."), above=1))
    return Group(*parts)


def _facts(diff: MappingDiff) -> Iterator[tuple[Message, Cell]]:
    share = percent(diff.changed, diff.customers)
    yield msg("Customers"), f"{diff.customers:,}"
    yield msg("With another value"), f"{diff.changed:,}" if share is None else f"{diff.changed:,} ({share} %)"
    yield msg("With a value that cannot be used"), _arrow(diff.issues)
    yield msg("Left out of the plan"), _arrow(diff.set_aside)
    if diff.writes is not None:
        yield msg("Changes to write"), _arrow(diff.writes)
        yield msg("Customers written otherwise"), f"{diff.other_writes:,}"
    else:
        yield msg("Tiers and writes"), msg("not compared: that needs a configuration with a policy")


def _arrow(pair: tuple[int, int]) -> str:
    return f"{pair[0]:,}" if pair[0] == pair[1] else f"{pair[0]:,} -> {pair[1]:,}"


def _title(effect: FieldEffect) -> Message:
    name = f"{effect.label} ({effect.name})"
    match effect.only_in:
        case "old":
            return msg("{field}: only in the old mapping", field=name)
        case "new":
            return msg("{field}: only in the new mapping", field=name)
        case _:
            return msg("{field}: {count} customers", field=name, count=f"{effect.customers:,}")


def _moves(moves: Sequence[Moved], write: Writer, limit: int | None) -> Iterator[RenderableType]:
    yield write.table(
        MOVES,
        (
            (
                move.before,
                move.after,
                f"{move.customers:,}",
                ", ".join(move.examples) + (", ..." if move.customers > len(move.examples) else ""),
            )
            for move in moves[:limit]
        ),
    )
    if limit is not None and len(moves) > limit:
        yield write.line(msg("... and {count} more; --all shows all of them.", count=f"{len(moves) - limit:,}"))

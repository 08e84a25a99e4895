"""One customer's way through the mapping, on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Group, RenderableType

from u8sync.domain.operators import Canonical
from u8sync.domain.tracing import Found, TracedField, TracedStep
from u8sync.report.terminal.blocks import Cell, Column, Writer
from u8sync.text import Place, Translate, msg

__all__ = ["traced_view"]

COLUMNS: Final[Sequence[Column]] = ((msg("Step"), "left"), (msg("Value"), "left"), (msg("Decided by"), "left"))


def traced_view(code: str, mapping: str, fields: Sequence[TracedField], translate: Translate) -> RenderableType:
    """Each field with what it starts from, what each operator makes of it, and the file and line that decide.

    Args:
        code: The customer.
        mapping: The mapping file.
        fields: As :func:`u8sync.domain.tracing.trace` gives them.
        translate: The language.
    """
    write = Writer(translate)
    parts: list[RenderableType] = [
        write.title(msg("Customer {code}, on the way through {mapping}", code=code, mapping=mapping))
    ]
    for traced in fields:
        field = traced.field
        parts.append(write.heading(f"{field.label} ({field.name})"))
        parts.append(write.table(COLUMNS, _rows(traced, write)))
    return Group(*parts)


Row = tuple[Cell, Cell, Cell]


def _rows(traced: TracedField, write: Writer) -> Iterator[Row]:
    yield _beginning(traced)
    for condition in traced.unmet:
        unmet = msg("does not hold, so the field is empty")
        yield msg("only if {name}", name=condition.field), unmet, str(condition.place)
    for step in traced.steps:
        yield step.step.words, _outcome(step, write), _decided(step)
    yield from _ending(traced)


def _beginning(traced: TracedField) -> Row:
    """What the field starts from."""
    field = traced.field
    if traced.rule is not None:
        return msg("rule"), _quoted(traced.rule.value), str(traced.rule.place)
    if field.choose:
        return msg("rules"), None if traced.unmet else msg("none holds"), str(field.place)
    if field.from_field is not None:
        return msg("field {name}", name=field.from_field), _quoted(traced.raw), str(field.place)
    if traced.column is not None:
        return msg("column {name}", name=traced.column), _quoted(traced.raw), str(field.place)
    return msg("column"), msg("this way into U8 does not have it"), str(field.place)


def _ending(traced: TracedField) -> Iterator[Row]:
    """What becomes of the value that the operators leave."""
    place = str(traced.field.place)
    if traced.defaulted:
        yield msg("default"), _quoted(traced.value), place
    if traced.set_aside:
        yield msg("required"), msg("not usable, so the customer is left out of the plan"), place
    if traced.written is not None:
        yield msg("would be written"), _quoted(traced.written), place
    elif traced.field.write == "tier":
        yield msg("would be written"), msg("the recommended tier, see 'u8sync explain'"), place


def _outcome(step: TracedStep, write: Writer) -> Cell:
    if step.refused is None:
        return _quoted(step.value)
    refused = msg("refused: {why}", why=step.refused)
    return refused if step.value is None else f"{_quoted(step.value)}; {write.say(refused)}"


def _decided(step: TracedStep) -> str:
    """The lines of the table that decided, else the operator's own line."""
    places = dict.fromkeys(_place(found) for found in step.found) or {step.step.place: None}
    return ", ".join(str(place) for place in places)


def _place(found: Found) -> Place:
    return found.table.place if found.entry is None else found.entry.place


def _quoted(value: Canonical) -> Cell:
    """A value with its blanks to be seen; nothing is ``-``."""
    match value:
        case None:
            return None
        case tuple():
            return "[" + ", ".join(f"'{part}'" for part in value) + "]"
        case str():
            return f"'{value}'"
        case _:
            return str(value)

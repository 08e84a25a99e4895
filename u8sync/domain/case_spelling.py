"""How a mapping writes canonical values, for the cases that say what must be written."""

from __future__ import annotations

from dataclasses import dataclass

from u8sync.domain.cases import TIER_WORD, Writing
from u8sync.domain.edited import written_tiers
from u8sync.domain.mapping import CustomerMapping, Field, comes_back
from u8sync.domain.operators import Canonical
from u8sync.domain.operators.lookup import Lookup
from u8sync.text import Message, Place, msg

__all__ = ["Spelling", "spelt"]


@dataclass(frozen=True)
class Spelling:
    """How one field writes one value.

    Attributes:
        field: The field.
        column: The physical column that it is written into.
        text: What is written; null: nothing.
        complaint: Why it cannot be written; null when it can.
        lines: The lines of the mapping's tables that say how.
    """

    field: Field
    column: str
    text: str | None
    complaint: Message | None
    lines: tuple[Place, ...]


def spelt(mapping: CustomerMapping, case: Writing) -> list[Spelling]:
    """The spelling of every value that a case writes, in each field that takes it."""
    found = []
    for name, value in case.write.items():
        takers = written_tiers(mapping, case.way) if name == TIER_WORD else ()
        named = mapping.field(name)
        for field in takers or ([] if named is None else [named]):
            canonical = (value,) if field.kind == "list" and isinstance(value, str) else value
            found.append(_spell(field, field.columns[case.way], canonical))
    return found


def _spell(field: Field, column: str, value: Canonical) -> Spelling:
    tables = [step.operator.table for step in field.steps if isinstance(step.operator, Lookup)]
    lines: tuple[Place, ...] = ()
    if tables:
        parts = value if isinstance(value, tuple) else (value,)
        spellings = {tables[-1].spellings.get(str(part)) for part in parts}
        lines = tuple(entry.place for entry in tables[-1].entries if entry.raw in spellings) or (tables[-1].place,)
    words = ", ".join(value) if isinstance(value, tuple) else str(value)
    text: str | None = None
    try:
        text = field.raw(value)
    except ValueError:
        complaint: Message | None = msg(
            "'{value}' has no spelling in the field '{field}'", value=words, field=field.name
        )
        return Spelling(field, column, None, complaint, lines)
    complaint = None
    if field.width is not None and len(text or "") > field.width:
        complaint = msg("would be longer than the {width} characters that the mapping allows", width=field.width)
    elif not comes_back(field, value):
        complaint = msg(
            "'{value}' would not be read back as itself in the field '{field}'", value=words, field=field.name
        )
    return Spelling(field, column, None if complaint else text, complaint, lines)

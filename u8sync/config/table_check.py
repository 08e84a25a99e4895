"""The value tables of a mapping file: from their shape to the tables that the operators use."""

from __future__ import annotations

from u8sync.config.checking import did_you_mean, shown
from u8sync.config.findings import Findings
from u8sync.config.shapes.mapping import TableShape
from u8sync.domain.operators.words import BLANKS
from u8sync.domain.patterns import what_is_wrong_with
from u8sync.domain.tables import TableEntry, ValueTable
from u8sync.text import msg

__all__ = ["table_of"]


def table_of(found: Findings, name: str, shape: TableShape) -> ValueTable:
    """The table of that name, with the lines that are sound; the problems of the others are noted."""
    entries: dict[str, TableEntry] = {}
    for key, canonical in shape.values.items():
        place = found.key("tables", name, "values", key)
        # In a pattern, blanks at the ends are part of what must match.
        raw = key if shape.match == "pattern" else key.strip(BLANKS)
        if not raw.strip(BLANKS):
            message = msg("an empty value has no line in a table; a field's 'default' says what it means")
            found.add(place, message)
        elif raw in entries:
            first = entries[raw].place
            found.add(place, msg("'{name}' stands here again; it stands first at {first}", name=raw, first=first))
        else:
            entries[raw] = TableEntry(raw, canonical, place)
            complaint = what_is_wrong_with(raw) if shape.match == "pattern" else None
            if complaint is not None:
                found.add(place, *complaint)
    table = ValueTable(
        name,
        tuple(entries.values()),
        shape.unmapped,
        found.key("tables", name),
        match=shape.match,
        default=shape.default if shape.unmapped == "default" else None,
        chosen={meaning: raw.strip(BLANKS) for meaning, raw in shape.spellings.items()},
    )
    _check_rest(found, table, shape)
    return table


def _check_rest(found: Findings, table: ValueTable, shape: TableShape) -> None:
    """What becomes of values that no line covers, and the spellings."""
    route = ("tables", table.name)
    if shape.unmapped == "default" and shape.default is None:
        found.add(
            found.value(*route, "unmapped"),
            msg("the table '{table}' has no 'default' that says what other values mean", table=table.name),
        )
    if shape.unmapped != "default" and shape.default is not None:
        found.add(
            found.key(*route, "default"),
            msg("this 'default' counts only with 'unmapped: default'"),
            msg("What an empty field means is said by the field's own 'default'."),
        )
    for meaning, raw in table.chosen.items():
        place = found.key(*route, "spellings", meaning)
        if meaning not in table.results:
            found.add(
                place,
                msg("'{value}' is no meaning of the table '{table}'", value=shown(meaning), table=table.name),
                did_you_mean(meaning, table.results),
            )
        elif not raw:
            found.add(place, msg("must not be empty"))

"""What value tables cover, on the terminal: one section a field, and below it the lines that are ready to be pasted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Group, RenderableType

from u8sync.domain.coverage import Coverage, TableCoverage, Unreadable, ValueLine
from u8sync.domain.tables import TableEntry
from u8sync.report.coverage import STATUSES, Names, names_of, pastes
from u8sync.report.figures import percent
from u8sync.report.terminal.blocks import Cell, Column, Writer
from u8sync.text import Translate, msg

__all__ = ["coverage_view"]

MOST: Final = 40
"""So many values that are in order are shown of one table; all that are not in order are."""


def coverage_view(
    coverage: Coverage, names: Names, translate: Translate, *, only_unmapped: bool = False
) -> RenderableType:
    """Every value with its customers, meaning and line; lines never seen; lines to paste; the total.

    Print it with ``crop=False``: a line that is to be pasted may be wider than the console.

    Args:
        coverage: What was counted.
        names: What the account set calls its codes.
        translate: The language.
        only_unmapped: Whether what is in order is left out.
    """
    write = Writer(translate)
    parts: list[RenderableType] = []
    to_paste = pastes(coverage, names, translate)
    last_part = {part.table.name: part for part in coverage.tables}
    for part in coverage.tables:
        if only_unmapped and not part.unmapped:
            continue
        parts += _section(part, names, write, only_unmapped=only_unmapped)
        # A table that several fields share is told once, below the last of them.
        if last_part[part.table.name] is not part:
            continue
        never = coverage.never_seen.get(part.table.name, ())
        if never and not only_unmapped:
            parts += _never_seen(never, write)
        if part.table.name in to_paste:
            block = to_paste[part.table.name]
            parts.append(
                write.line(
                    msg(
                        "To paste below the last line of the table '{table}' ({place}), once the meanings are right:",
                        table=part.table.name,
                        place=_place(block.table.entries[-1]),
                    ),
                    above=1,
                )
            )
            parts.append(write.verbatim("\n".join(block.lines)))
    parts += _unreadable(coverage.unreadable, write)
    parts += [
        write.line(msg("This way into U8 does not have the field {field}.", field=field.label), above=1)
        for field in coverage.not_read
    ]
    parts.append(
        write.line(
            msg(
                "{covered} of {customers} customers have a usable value in every field that was looked at ({share} %).",
                covered=f"{coverage.covered:,}",
                customers=f"{coverage.customers:,}",
                share=percent(coverage.covered, coverage.customers) or "-",
            ),
            above=1,
        )
    )
    return Group(*parts)


def _section(part: TableCoverage, names: Names, write: Writer, *, only_unmapped: bool) -> Iterator[RenderableType]:
    values = [line for line in part.values if line.value is not None]
    yield write.heading(
        msg(
            "{label} ({field}), table {table}: {values} value(s), {covered} of {customers} customers covered",
            label=part.field.label,
            field=part.field.name,
            table=part.table.name,
            values=f"{len(values):,}",
            covered=f"{part.covered:,}",
            customers=f"{part.customers:,}",
        )
    )
    lines = part.unmapped if only_unmapped else part.values
    shown = _shown(lines)
    known = names_of(part, names)
    titles: list[Column] = [(msg("Value"), "left")]
    titles += [(msg("Name in U8"), "left")] if known else []
    titles += [
        (msg("Customers"), "right"),
        (msg("Meaning"), "left"),
        (msg("Line"), "left"),
        (msg("Status"), "left"),
    ]
    if shown:
        yield write.table(
            titles,
            (
                [
                    line.value,
                    *([known.get(line.value or "")] if known else []),
                    f"{line.customers:,}",
                    line.meaning,
                    None if line.entry is None else _place(line.entry),
                    STATUSES[line.status],
                ]
                for line in shown
            ),
        )
    if len(shown) < len(lines):
        yield write.line(
            msg("... and {count} more values that are in order; --out writes all.", count=len(lines) - len(shown))
        )
    if part.refused:
        yield write.line(
            msg(
                "{count} customer(s) have a value that an operator before the table refuses.",
                count=f"{part.refused:,}",
            )
        )


def _shown(lines: Sequence[ValueLine]) -> list[ValueLine]:
    """All that are not in order, and the first of the others."""
    room = MOST
    shown = []
    for line in lines:
        if line.status == "unmapped" or line.value is None:
            shown.append(line)
        elif room:
            shown.append(line)
            room -= 1
    return shown


def _never_seen(entries: Sequence[TableEntry], write: Writer) -> Iterator[RenderableType]:
    yield write.line(msg("Lines that no customer has: {count}", count=len(entries)), above=1)
    rows: list[Sequence[Cell]] = [(entry.raw, entry.canonical, _place(entry)) for entry in entries[:MOST]]
    yield write.table([(msg("Value"), "left"), (msg("Meaning"), "left"), (msg("Line"), "left")], rows)
    if len(entries) > MOST:
        yield write.line(msg("... and {count} more; --out writes all.", count=len(entries) - MOST))


def _unreadable(unreadable: Sequence[Unreadable], write: Writer) -> Iterator[RenderableType]:
    if not unreadable:
        return
    yield write.heading(msg("Values that other operators cannot read"))
    yield write.table(
        [
            (msg("Field"), "left"),
            (msg("Value"), "left"),
            (msg("Customers"), "right"),
            (msg("What is wrong"), "left"),
            (msg("Line"), "left"),
        ],
        (
            (
                each.field.label,
                each.value,
                f"{each.customers:,}",
                each.message,
                f"{each.place.file}:{each.place.line}",
            )
            for each in unreadable[:MOST]
        ),
    )
    if len(unreadable) > MOST:
        yield write.line(msg("... and {count} more.", count=len(unreadable) - MOST))


def _place(entry: TableEntry) -> str:
    return f"{entry.place.file}:{entry.place.line}"

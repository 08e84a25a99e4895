"""How the cases of mappings came out, on the terminal: one line a case, below a failed one what differs and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from io import StringIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from u8sync.domain.cases import CaseFile, CaseResult, CasesRun, Difference
from u8sync.domain.operators import Canonical
from u8sync.domain.untested import Untested
from u8sync.report.cells import escaped
from u8sync.report.terminal.blocks import Cell, Column, Writer
from u8sync.text import Message, Place, Translate, msg

__all__ = ["case_text", "cases_summary", "cases_view", "difference_words"]

TEXT_WIDTH = 110
"""Columns of a failure that goes elsewhere than to a terminal."""

_COLUMNS: Sequence[Column] = (
    (msg("What"), "left"),
    (msg("Expected"), "left"),
    (msg("Got"), "left"),
    (msg("Decided by"), "left"),
)


def cases_view(file: CaseFile, run: CasesRun, translate: Translate) -> RenderableType:
    """The cases of one file in their order."""
    write = Writer(translate)
    usual = file.cases[0].way
    ok, failed = write.say(msg("ok")), write.say(msg("FAILED"))
    parts: list[RenderableType] = [
        write.title(msg("{file}, cases of {mapping}", file=file.file, mapping=file.mapping_file))
    ]
    for result in run.results:
        case = result.case
        name = f"{case.name} ({case.way})" if case.way != usual else case.name
        if result.passed:
            parts.append(Text(f"+ {ok}  {write.say(name)}", overflow="fold"))
            continue
        verdict = Text(f"x {failed}", style="bold red")
        parts.append(Text.assemble(verdict, f"  {write.say(name)}  {_at(case.place)}", overflow="fold"))
        parts.append(Padding(_differences(result, write), (0, 0, 1, 4)))
    return Group(*parts)


def case_text(result: CaseResult, translate: Translate) -> str:
    """What differs in one case, as plain text."""
    write = Writer(translate)
    console = Console(file=StringIO(), width=TEXT_WIDTH, color_system=None, highlight=False, legacy_windows=False)
    console.print(write.line(f"{_at(result.case.place)}: {result.case.name} ({result.case.way})"))
    console.print(_differences(result, write))
    text = console.file.getvalue() if isinstance(console.file, StringIO) else ""
    return "\n".join(line.rstrip() for line in text.splitlines())


def cases_summary(
    runs: Sequence[CasesRun], left: Mapping[str, Untested], translate: Translate, *, untested: bool
) -> RenderableType:
    """How many cases passed, and how much of each mapping they look at.

    Args:
        runs: Those of each file.
        left: Mapping file -> what no case looks at.
        translate: The language.
        untested: Whether all of that is listed.
    """
    write = Writer(translate)
    results = [result for run in runs for result in run.results]
    parts: list[RenderableType] = []
    for mapping, rest in left.items():
        parts.append(write.line(_share(mapping, rest), above=1))
        if untested:
            parts += _untested(rest, write)
        elif not rest.nothing:
            parts.append(write.line(msg("--untested lists the others.")))
    passed = sum(result.passed for result in results)
    parts.append(
        write.line(
            msg(
                "{files} file(s): {passed} case(s) passed, {failed} failed. U8 was not needed.",
                files=len(runs),
                passed=passed,
                failed=len(results) - passed,
            ),
            above=1,
        )
    )
    return Group(*parts)


def difference_words(difference: Difference) -> tuple[Cell, Cell, Cell]:
    """What differs, what was expected and what came out."""
    match difference.kind:
        case "value":
            what: Cell = difference.name
        case "issue":
            what = msg("issue of {field}", field=difference.name)
        case "set_aside":
            what = msg("customer")
        case "written":
            what = msg("written into {column}", column=difference.name)
    return what, _words(difference.expected), _words(difference.got)


def _differences(result: CaseResult, write: Writer) -> RenderableType:
    rows = ((*difference_words(one), ", ".join(map(_at, one.decided)) or None) for one in result.differences)
    return write.table(_COLUMNS, rows)


def _words(value: Canonical | Message) -> Cell:
    """A value as a person can tell it from every other one: blanks at its ends and hidden marks to be seen."""
    match value:
        case None:
            return msg("(empty)")
        case tuple():
            return "[" + ", ".join(map(_text, value)) + "]"
        case str():
            return _text(value)
        case Message():
            return value
        case _:
            return str(value)


def _text(text: str) -> str:
    seen = escaped(text)
    return f"'{seen}'" if seen != text.strip() or not text else text


def _at(place: Place) -> str:
    return f"{place.file}:{place.line}"


def _share(mapping: str, rest: Untested) -> Message:
    """How much of a mapping the cases look at."""
    if rest.all_rules.of:
        return msg(
            "{mapping}: the cases look at {lines} of {all_lines} lines of value tables, {rules} of {all_rules} rules"
            " and {fields} of {all_fields} fields.",
            mapping=mapping,
            lines=rest.all_lines.tested,
            all_lines=rest.all_lines.of,
            rules=rest.all_rules.tested,
            all_rules=rest.all_rules.of,
            fields=rest.all_fields.tested,
            all_fields=rest.all_fields.of,
        )
    return msg(
        "{mapping}: the cases look at {lines} of {all_lines} lines of value tables and {fields} of {all_fields}"
        " fields.",
        mapping=mapping,
        lines=rest.all_lines.tested,
        all_lines=rest.all_lines.of,
        fields=rest.all_fields.tested,
        all_fields=rest.all_fields.of,
    )


def _untested(rest: Untested, write: Writer) -> Iterator[RenderableType]:
    """Everything that no case looks at, with its place."""
    rows: list[tuple[Cell, Cell, Cell]] = [
        *(
            (
                msg("line of {table}", table=table.name),
                msg("{value} means {meaning}", value=entry.raw, meaning=entry.canonical),
                _at(entry.place),
            )
            for table, entry in rest.lines
        ),
        *((msg("rule of {field}", field=field.name), rule.value, _at(rule.place)) for field, rule in rest.rules),
        *((msg("field {name}", name=field.name), field.label, _at(field.place)) for field in rest.fields),
    ]
    if rows:
        yield write.table(((msg("No case looks at"), "left"), (msg("Value"), "left"), (msg("Line"), "left")), rows)

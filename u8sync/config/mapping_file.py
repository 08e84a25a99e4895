"""The mapping file: read, checked as a whole, and made into the mapping that the engine uses.

What lives here: one field after the other (operators in a row, tables, conditions, the way back). What does not: the
shape of the file (``shapes/``), files that build on one another (``overlays.py``), what concerns several fields
(``mapping_check.py``), and what operators do (``domain/operators/``). The idea: a mapping that loads can be read and,
where it says so, written; a run never finds out on the way that it cannot.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from u8sync.config.checking import did_you_mean, examine, raise_all, shown
from u8sync.config.findings import Findings
from u8sync.config.located_yaml import Route
from u8sync.config.mapping_check import check_together
from u8sync.config.overlays import Part, bytes_of, laid_over, load_chain
from u8sync.config.shapes.mapping import FieldShape, MappingShape, TableShape
from u8sync.config.shapes.uses import OperatorUse, TestUse
from u8sync.config.table_check import table_of
from u8sync.domain.conditions import Condition
from u8sync.domain.decision import DISABLED_ON
from u8sync.domain.mapping import CODE, CustomerMapping, Field, Rule, Step, Write, comes_back
from u8sync.domain.metrics import METRICS
from u8sync.domain.operators import OPERATORS, SEPARATORS, Kind
from u8sync.domain.operators.operator import ArgumentKind
from u8sync.domain.tables import TableEntry, ValueTable
from u8sync.text import Message, Place, msg

__all__ = ["load_mapping", "mapping_bytes", "mapping_of"]

DATE_FIELDS: Final = frozenset({DISABLED_ON, *(field for metric in METRICS.values() for field in metric.fields)})
"""Fields that the program itself compares with days."""


def load_mapping(path: Path, shown_as: str) -> CustomerMapping:
    """Read a mapping file, and those that it extends.

    Args:
        path: The file.
        shown_as: Its name in messages, issues and the reasons of changes.

    Raises:
        ConfigError: With every problem of the files, in their order.
    """
    return mapping_of(load_chain(path, shown_as))


def mapping_bytes(path: Path, shown_as: str) -> bytes:
    """The bytes whose SHA-256 is the digest of the mapping: what the audit log keeps as evidence."""
    return bytes_of(load_chain(path, shown_as))


def mapping_of(chain: tuple[Part, ...]) -> CustomerMapping:
    """The mapping of files that were read, the lowest first. Raises ConfigError as :func:`load_mapping`."""
    located, problems = laid_over(chain)
    shape = examine(located, (), MappingShape)
    if isinstance(shape, list):
        problems += shape
    found = Findings(located, problems)
    fields = _Fields(found, whole=not problems).all()
    raise_all(located.file, found.problems)
    return CustomerMapping(fields, located.sha256)


class _Fields:
    """One pass over the fields that goes on after each problem, with what is usable."""

    def __init__(self, found: Findings, *, whole: bool) -> None:
        self._found = found
        self._whole = whole
        self._shapes = dict(found.usable("fields", FieldShape))
        self._tables = {name: table_of(found, name, shape) for name, shape in found.usable("tables", TableShape)}
        self._kinds: dict[str, Kind] = {}
        self._steps: dict[str, tuple[Step, ...]] = {}

    def all(self) -> tuple[Field, ...]:
        """The fields that are sound, in the order of the file; the rest is among the findings."""
        for name, shape in self._by_need():
            fitting = self._steps_of(name, shape)
            if fitting is not None:
                self._steps[name], self._kinds[name] = fitting
        fields = [self._field(name, shape) for name, shape in self._shapes.items() if name in self._steps]
        sound = tuple(field for field in fields if field is not None)
        check_together(self._found, self._shapes, self._tables, sound, whole=self._whole)
        return sound

    def _by_need(self) -> list[tuple[str, FieldShape]]:
        """The fields, each after the one that it starts from; a circle ends anywhere and is told elsewhere."""
        order: dict[str, FieldShape] = {}
        for start in self._shapes:
            way: dict[str, FieldShape] = {}
            name: str | None = start
            while name in self._shapes and name not in order and name not in way:
                way[name] = self._shapes[name]
                name = way[name].from_field
            order.update(reversed(way.items()))
        return list(order.items())

    # --- one field ---

    def _field(self, name: str, shape: FieldShape) -> Field | None:
        found = self._found
        before = len(found.problems)
        field = Field(
            name=name,
            label=shape.label,
            columns={way: column for way, column in shape.columns if column is not None},
            steps=self._steps[name],
            kind=self._kinds[name],
            required=shape.required,
            default=shape.default,
            write=_write_of(shape),
            place=found.key("fields", name),
            from_field=shape.from_field,
            choose=tuple(
                Rule(
                    self._conditions(("fields", name, "choose", index, "when"), rule.when),
                    rule.value,
                    found.value("fields", name, "choose", index),
                )
                for index, rule in enumerate(shape.choose)
            ),
            only_if=self._conditions(("fields", name, "only_if"), shape.only_if),
            takes=shape.write_field,
            width=shape.width,
        )
        self._check_kind(field)
        if name != CODE:
            tables = self._tables_of(shape)
            self._check_default(field, tables)
            if len(found.problems) == before:
                self._check_way_back(field, tables)
        return field if len(found.problems) == before else None

    def _tables_of(self, shape: FieldShape) -> list[ValueTable]:
        return [self._tables[use.argument] for use in shape.operators if use.name == "table" and use.argument]

    def _steps_of(self, name: str, shape: FieldShape) -> tuple[tuple[Step, ...], Kind] | None:
        """The operators in a row, and the kind that comes out; null when one of them does not fit."""
        found = self._found
        steps: list[Step] = []
        kind: Kind = "text" if shape.from_field is None else self._kinds.get(shape.from_field, "text")
        for index, use in enumerate(shape.operators):
            route: Route = ("fields", name, "operators", index)
            at = (*route, use.name)
            place = found.located.key_place(at if at in found.located.keys else route)
            if use.name not in OPERATORS:
                message = msg("unknown operator '{operator}'", operator=shown(use.name))
                found.add(place, message, did_you_mean(use.name, tuple(OPERATORS)))
                return None
            operator = OPERATORS[use.name]
            if kind not in operator.takes:
                message = msg(
                    "'{operator}' cannot follow here: it does not take {kind}", operator=use.name, kind=_KINDS[kind]
                )
                found.add(place, message)
                return None
            if (shape.write or shape.write_field) and not operator.reversible:
                message = msg("'{operator}' has no way back, so the field cannot be written", operator=use.name)
                found.add(place, message, msg("Remove the operator, or the field's 'write'."))
            if (operator.argument == "none") != (use.argument is None):
                found.add(place, *_presence(use.name, operator.argument))
                return None
            argument = self._argument(use, operator.argument, found.located.value_place(at))
            if use.argument is not None and argument is None:
                return None
            words = use.name if use.argument is None else f"{use.name}: {use.argument}"
            steps.append(Step(operator.make(argument, kind), place, words))
            kind = operator.gives or kind
        return tuple(steps), kind

    def _argument(self, use: OperatorUse, wanted: ArgumentKind, place: Place) -> str | int | ValueTable | None:
        """What the operator is made from; null when it has no argument or a wrong one."""
        found = self._found
        text = use.argument or ""
        match wanted:
            case "none":
                return None
            case "number":
                if re.fullmatch("[1-9][0-9]{0,2}", text):
                    return int(text)
                found.add(place, msg("'{operator}' needs a whole number from 1 to 999", operator=use.name))
            case "text":
                if text in tuple(SEPARATORS):
                    return text
                message = msg(
                    "'{operator}' needs one of these characters: {known}", operator=use.name, known=SEPARATORS
                )
                found.add(place, message)
            case "table":
                if text in self._tables:
                    return self._tables[text]
                names = found.names("tables")
                if text not in names:  # else its shape is wrong, and that is said there
                    found.add(place, msg("unknown table '{table}'", table=shown(text)), did_you_mean(text, names))
        return None

    # --- conditions ---

    def _conditions(self, route: Route, tests: Mapping[str, TestUse]) -> tuple[Condition, ...]:
        """The conditions that are sound; what is wrong with the others is noted."""
        conditions = []
        for name, use in tests.items():
            at = (*route, name)
            known = [known for known in self._found.names("fields") if known != CODE]
            if name not in known:
                hint = did_you_mean(name, known)
                self._found.add(self._found.key(*at), msg("unknown field '{field}'", field=shown(name)), hint)
            elif name in self._kinds:
                condition = Condition(name, self._kinds[name], use.test, use.words, self._found.key(*at))
                self._check_condition(condition, at)
                conditions.append(condition)
        return tuple(conditions)

    def _check_condition(self, condition: Condition, route: Route) -> None:
        place = self._found.value(*route)
        if condition.kind == "date" and condition.words:
            self._found.add(
                place,
                msg("'{field}' is a date; it can only be asked whether it is empty", field=condition.field),
                msg("Write {{empty: true}} or {{empty: false}}."),
            )
        possible = self._meanings_of(condition.field) if condition.test in ("is", "is_not") else None
        for word in condition.words:
            if possible is not None and word not in possible:
                self._found.add(
                    place,
                    msg("'{value}' is no meaning of the field '{field}'", value=shown(word), field=condition.field),
                    did_you_mean(word, possible),
                )

    def _meanings_of(self, name: str) -> tuple[str, ...] | None:
        """Every value that a field can have; null when it can have others than are listed anywhere."""
        seen: set[str] = set()
        shape = self._shapes.get(name)
        while shape is not None and not shape.choose and not shape.operators and shape.from_field is not None:
            if shape.from_field in seen:
                return None
            seen.add(shape.from_field)
            shape = self._shapes.get(shape.from_field)
        if shape is None:
            return None
        if shape.choose:
            return tuple(dict.fromkeys([*(rule.value for rule in shape.choose), *_one(shape.default)]))
        last = shape.operators[-1] if shape.operators else None
        if last is not None and last.name == "sort" and len(shape.operators) > 1:
            last = shape.operators[-2]
        if last is None or last.name != "table" or last.argument not in self._tables:
            return None
        table = self._tables[last.argument]
        if table.unmapped == "keep":
            return None
        return tuple(dict.fromkeys([*table.results, *_one(shape.default)]))

    # --- what a field as a whole must keep ---

    def _check_kind(self, field: Field) -> None:
        found = self._found
        route = ("fields", field.name, "write")
        if field.name in DATE_FIELDS and field.kind != "date":
            found.add(
                field.place,
                msg("the field '{field}' must be a date", field=field.name),
                msg("Let its operators end with 'date'."),
            )
        if field.write == "tier" and field.kind != "text":
            found.add(found.value(*route), msg("a tier can only be written into a field that is text"))
        if field.write in ("canonical", "field") and field.kind == "date":
            message = msg("a date is not written back; only text and lists have a canonical spelling")
            found.add(found.value(*route) if field.takes is None else self._takes_place(field), message)
        # A text is a list of one value; any other difference could not be spelt.
        if field.takes in self._kinds and self._kinds[field.takes] not in (field.kind, "text"):
            found.add(
                self._takes_place(field),
                msg(
                    "the field '{field}' is {kind} and '{other}' is {other_kind}; they must be the same",
                    field=field.name,
                    kind=_KINDS[field.kind],
                    other=field.takes,
                    other_kind=_KINDS[self._kinds[field.takes]],
                ),
            )

    def _takes_place(self, field: Field) -> Place:
        return self._found.value("fields", field.name, "write_field")

    def _check_default(self, field: Field, tables: list[ValueTable]) -> None:
        if field.default is None:
            return
        place = self._found.value("fields", field.name, "default")
        if field.kind == "date":
            self._found.add(place, msg("a date field cannot have a default"))
        elif field.write == "tier":
            # With one, an empty field would pass for a tier that is there already, and would never be filled.
            self._found.add(place, msg("the field that takes the recommended tier cannot have a default"))
        elif tables and field.default not in tables[-1].results:
            self._found.add(
                place,
                msg(
                    "the default '{value}' is no meaning of the table '{table}'",
                    value=shown(field.default),
                    table=tables[-1].name,
                ),
                did_you_mean(field.default, tables[-1].results),
            )

    def _check_way_back(self, field: Field, tables: list[ValueTable]) -> None:
        """Whatever may be written comes back as itself, and has room."""
        if field.write == "never":
            return
        places: Mapping[str, TableEntry] = {e.canonical: e for e in reversed(tables[-1].entries)} if tables else {}
        taken = self._meanings_of(field.takes) if field.takes is not None else None
        written = tables[-1].spellings if tables and field.write != "field" else taken or ()
        for canonical in written:
            line = places.get(canonical)
            place = self._takes_place(field) if line is None else line.place
            if not comes_back(field, (canonical,) if field.kind == "list" else canonical):
                self._found.add(
                    place,
                    msg(
                        "'{value}' would not be read back as itself in the field '{field}'",
                        value=canonical,
                        field=field.name,
                    ),
                    msg("The operators of a written field must read a table's first value for each meaning as that."),
                )
        self._check_width(field, written)
        if field.write != "field" and tables and tables[-1].match == "pattern" and not tables[-1].spellings:
            self._found.add(
                tables[-1].place,
                msg("a table of patterns has no way back, and the field '{field}' is written", field=field.name),
                msg("Say under 'spellings' how each meaning is written."),
            )

    def _check_width(self, field: Field, written: Collection[str]) -> None:
        """What may be written has room in ``width``; the longest is told."""
        spelt = {value: field.raw(_as_kind(field, value)) or "" for value in written if _has_spelling(field, value)}
        longest = max(spelt, key=lambda value: len(spelt[value]), default=None)
        if longest is not None and field.width is not None and len(spelt[longest]) > field.width:
            self._found.add(
                self._found.value("fields", field.name, "width"),
                msg(
                    "'{value}' is written with {count} characters, more than 'width' allows",
                    value=longest,
                    count=len(spelt[longest]),
                ),
            )


def _has_spelling(field: Field, value: str) -> bool:
    try:
        field.raw(_as_kind(field, value))
    except ValueError:
        return False
    return True


def _as_kind(field: Field, text: str) -> str | tuple[str, ...]:
    return (text,) if field.kind == "list" else text


def _one(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _write_of(shape: FieldShape) -> Write:
    return "field" if shape.write_field is not None else shape.write or "never"


_KINDS: Final[Mapping[Kind, Message]] = {"text": msg("a text"), "date": msg("a date"), "list": msg("a list")}
_EXAMPLES: Final[Mapping[ArgumentKind, str]] = {"table": "{{{}: roles}}", "text": '{{{}: ","}}', "number": "{{{}: 2}}"}


def _presence(operator: str, wanted: ArgumentKind) -> tuple[Message, Message | None]:
    if wanted == "none":
        return msg("'{operator}' takes no argument", operator=operator), None
    example = _EXAMPLES[wanted].format(operator)
    return msg("'{operator}' needs an argument", operator=operator), msg("Write it as {example}.", example=example)

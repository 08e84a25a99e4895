"""The mapping file: read, checked as a whole, and made into the mapping that the engine uses.

What lives here: the checks that need more than one key (operators in a row, tables, columns, the way back). What does
not: the shape of the file (``shapes.py``) and what operators do (``domain/operators/``). The idea: a mapping that loads
can be read and, where it says so, written; a run never finds out on the way that it cannot.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel

from u8sync.config.checking import did_you_mean, examine, raise_all, shown
from u8sync.config.located_yaml import Located, Route, load
from u8sync.config.shapes import FieldShape, MappingShape, OperatorUse, TableShape
from u8sync.domain.decision import DISABLED_ON
from u8sync.domain.mapping import CODE, CustomerMapping, Field, Step, comes_back
from u8sync.domain.metrics import METRICS
from u8sync.domain.operators import OPERATORS, SEPARATORS, Kind
from u8sync.domain.operators.operator import ArgumentKind
from u8sync.domain.operators.words import BLANKS
from u8sync.domain.patterns import what_is_wrong_with
from u8sync.domain.tables import TableEntry, ValueTable
from u8sync.errors import Problem
from u8sync.text import Message, Place, msg

__all__ = ["load_mapping"]

DATE_FIELDS: Final = frozenset({DISABLED_ON, *(field for metric in METRICS.values() for field in metric.fields)})
"""Fields that the program itself compares with days."""

S = TypeVar("S", bound=BaseModel)


def load_mapping(path: Path, shown_as: str) -> CustomerMapping:
    """Read a mapping file.

    Args:
        path: The file.
        shown_as: Its name in messages, issues and the reasons of changes.

    Raises:
        ConfigError: With every problem of the file, in its order.
    """
    located = load(path, shown_as)
    found = examine(located, (), MappingShape)
    check = _Check(located, found if isinstance(found, list) else [])
    fields = check.run()
    raise_all(shown_as, check.problems)
    return CustomerMapping(fields, located.sha256)


class _Check:
    """One pass over a mapping file that goes on after each problem, with what is usable."""

    def __init__(self, located: Located, problems: list[Problem]) -> None:
        self.problems = [*problems]
        self._located = located
        self._whole = not problems
        self._shapes = dict(self._usable("fields", FieldShape))
        self._tables = {name: self._table(name, shape) for name, shape in self._usable("tables", TableShape)}

    def run(self) -> tuple[Field, ...]:
        """The fields that are sound, in the order of the file; the rest is in ``problems``."""
        fields = [self._field(name, shape) for name, shape in self._shapes.items()]
        self._check_code()
        self._check_required()
        self._check_columns()
        self._check_one_tier()
        self._check_tables_are_used()
        return tuple(field for field in fields if field)

    def _usable(self, group: str, model: type[S]) -> Iterator[tuple[str, S]]:
        """The entries of a group whose shape is right; what is wrong with the others is known already."""
        for name in self._names(group):
            shape = examine(self._located, (group, name), model)
            if not isinstance(shape, list):
                yield name, shape

    def _names(self, group: str) -> tuple[str, ...]:
        entries = self._located.at((group,))
        return tuple(entries) if isinstance(entries, dict) else ()

    def _add(self, place: Place, message: Message, hint: Message | None = None) -> None:
        self.problems.append(Problem(place, message, hint))

    def _key(self, *route: str | int) -> Place:
        return self._located.key_place(route)

    def _value(self, *route: str | int) -> Place:
        return self._located.value_place(route)

    # --- tables ---

    def _table(self, name: str, shape: TableShape) -> ValueTable:
        entries: dict[str, TableEntry] = {}
        for key, canonical in shape.values.items():
            place = self._key("tables", name, "values", key)
            raw = key if shape.match == "pattern" else key.strip(BLANKS)
            if not raw.strip(BLANKS):
                self._add(place, msg("an empty value has no line in a table; a field's 'default' says what it means"))
            elif raw in entries:
                first = entries[raw].place
                self._add(
                    place,
                    msg("'{name}' stands here again; it stands first at {first}", name=raw, first=first),
                )
            else:
                entries[raw] = TableEntry(raw, canonical, place)
                if shape.match == "pattern":
                    self._check_pattern(raw, place)
        table = ValueTable(
            name,
            tuple(entries.values()),
            shape.unmapped,
            self._key("tables", name),
            match=shape.match,
            default=shape.default if shape.unmapped == "default" else None,
            chosen=shape.spellings,
        )
        self._check_rest(table, shape)
        return table

    def _check_pattern(self, pattern: str, place: Place) -> None:
        complaint = what_is_wrong_with(pattern)
        if complaint is not None:
            self._add(place, *complaint)

    def _check_rest(self, table: ValueTable, shape: TableShape) -> None:
        """What becomes of values that no line covers, and the spellings."""
        route = ("tables", table.name)
        if shape.unmapped == "default" and shape.default is None:
            self._add(
                self._value(*route, "unmapped"),
                msg("the table '{table}' has no 'default' that says what other values mean", table=table.name),
            )
        if shape.unmapped != "default" and shape.default is not None:
            self._add(
                self._key(*route, "default"),
                msg("this 'default' counts only with 'unmapped: default'"),
                msg("What an empty field means is said by the field's own 'default'."),
            )
        for meaning in shape.spellings:
            if meaning not in table.results:
                self._add(
                    self._key(*route, "spellings", meaning),
                    msg("'{value}' is no meaning of the table '{table}'", value=shown(meaning), table=table.name),
                    did_you_mean(meaning, table.results),
                )

    def _check_tables_are_used(self) -> None:
        if not self._whole:
            return
        used = {use.argument for shape in self._shapes.values() for use in shape.operators}
        for name in self._tables:
            if name not in used:
                self._add(self._key("tables", name), msg("no field uses the table '{table}'", table=name))

    # --- one field ---

    def _field(self, name: str, shape: FieldShape) -> Field | None:
        before = len(self.problems)
        fitting = self._steps(name, shape)
        if fitting is None:
            return None
        steps, kind = fitting
        field = Field(
            name=name,
            label=shape.label,
            columns={way: column for way, column in shape.columns if column is not None},
            steps=steps,
            kind=kind,
            required=shape.required,
            default=shape.default,
            write=shape.write or "never",
            place=self._key("fields", name),
        )
        self._check_kind(field)
        if name != CODE:
            tables = [self._tables[use.argument] for use in shape.operators if use.name == "table" and use.argument]
            self._check_default(field, tables)
            if len(self.problems) == before:
                self._check_way_back(field, tables)
        return field if len(self.problems) == before else None

    def _steps(self, name: str, shape: FieldShape) -> tuple[tuple[Step, ...], Kind] | None:
        """The operators in a row, and the kind that comes out; null when one of them does not fit."""
        steps: list[Step] = []
        kind: Kind = "text"
        for index, use in enumerate(shape.operators):
            route: Route = ("fields", name, "operators", index)
            at = (*route, use.name)
            place = self._located.key_place(at if at in self._located.keys else route)
            if use.name not in OPERATORS:
                message = msg("unknown operator '{operator}'", operator=shown(use.name))
                self._add(place, message, did_you_mean(use.name, tuple(OPERATORS)))
                return None
            operator = OPERATORS[use.name]
            if kind not in operator.takes:
                message = msg(
                    "'{operator}' cannot follow here: it does not take {kind}", operator=use.name, kind=_KINDS[kind]
                )
                self._add(place, message)
                return None
            if shape.write and not operator.reversible:
                message = msg("'{operator}' has no way back, so the field cannot be written", operator=use.name)
                self._add(place, message, msg("Remove the operator, or the field's 'write'."))
            if (operator.argument == "none") != (use.argument is None):
                self._add(place, *_presence(use.name, operator.argument))
                return None
            argument = self._argument(use, operator.argument, self._located.value_place(at))
            if use.argument is not None and argument is None:
                return None
            steps.append(Step(operator.make(argument, kind), place))
            kind = operator.gives or kind
        return tuple(steps), kind

    def _argument(self, use: OperatorUse, wanted: ArgumentKind, place: Place) -> str | int | ValueTable | None:
        """What the operator is made from; null when it has no argument or a wrong one."""
        text = use.argument or ""
        match wanted:
            case "none":
                return None
            case "number":
                if re.fullmatch("[1-9][0-9]{0,2}", text):
                    return int(text)
                self._add(place, msg("'{operator}' needs a whole number from 1 to 999", operator=use.name))
            case "text":
                if text in tuple(SEPARATORS):
                    return text
                message = msg(
                    "'{operator}' needs one of these characters: {known}", operator=use.name, known=SEPARATORS
                )
                self._add(place, message)
            case "table":
                if text in self._tables:
                    return self._tables[text]
                names = self._names("tables")
                if text not in names:  # else its shape is wrong, and that is said there
                    self._add(place, msg("unknown table '{table}'", table=shown(text)), did_you_mean(text, names))
        return None

    def _check_kind(self, field: Field) -> None:
        route = ("fields", field.name, "write")
        if field.name in DATE_FIELDS and field.kind != "date":
            self._add(
                field.place,
                msg("the field '{field}' must be a date", field=field.name),
                msg("Let its operators end with 'date'."),
            )
        if field.write == "tier" and field.kind != "text":
            self._add(self._value(*route), msg("a tier can only be written into a field that is text"))
        if field.write == "canonical" and field.kind == "date":
            self._add(
                self._value(*route), msg("a date is not written back; only text and lists have a canonical spelling")
            )

    def _check_default(self, field: Field, tables: list[ValueTable]) -> None:
        if field.default is None:
            return
        place = self._value("fields", field.name, "default")
        if field.kind == "date":
            self._add(place, msg("a date field cannot have a default"))
        elif field.write == "tier":
            # With one, an empty field would pass for a tier that is there already, and would never be filled.
            self._add(place, msg("the field that takes the recommended tier cannot have a default"))
        elif tables and field.default not in tables[-1].results:
            self._add(
                place,
                msg(
                    "the default '{value}' is no meaning of the table '{table}'",
                    value=shown(field.default),
                    table=tables[-1].name,
                ),
                did_you_mean(field.default, tables[-1].results),
            )

    def _check_way_back(self, field: Field, tables: list[ValueTable]) -> None:
        if field.write == "never" or not tables:
            return
        first: Mapping[str, TableEntry] = {entry.canonical: entry for entry in reversed(tables[-1].entries)}
        for canonical in tables[-1].spellings:
            if not comes_back(field, (canonical,) if field.kind == "list" else canonical):
                self._add(
                    first[canonical].place,
                    msg(
                        "'{value}' would not be read back as itself in the field '{field}'",
                        value=canonical,
                        field=field.name,
                    ),
                    msg("The operators of a written field must read a table's first value for each meaning as that."),
                )

    # --- all fields together ---

    def _check_code(self) -> None:
        if CODE not in self._names("fields"):
            if isinstance(self._located.at(("fields",)), dict):
                self._add(self._key("fields"), msg("the field '{field}' is missing", field=CODE))
            return
        shape = self._shapes.get(CODE)
        if shape is None:
            return
        for index, use in enumerate(shape.operators):
            if use.name in OPERATORS and use.name != "trim":
                self._add(
                    self._value("fields", CODE, "operators", index),
                    msg("the customer code stays as it is; '{key}' is not possible here", key=use.name),
                )
        for key, value in (("default", shape.default), ("write", shape.write)):
            if value is not None:
                self._add(
                    self._key("fields", CODE, key),
                    msg("the customer code stays as it is; '{key}' is not possible here", key=key),
                )

    def _check_required(self) -> None:
        """Whoever needs a column has it: each field one, required ones one for every way that the file serves."""
        used = dict.fromkeys(way for shape in self._shapes.values() for way, column in shape.columns if column)
        for name, shape in self._shapes.items():
            columns = {way for way, column in shape.columns if column}
            place = self._key("fields", name, "columns")
            if not columns:
                self._add(place, msg("the field '{field}' has no column", field=name))
            elif name == CODE or shape.required:
                for way in used:
                    if way not in columns:
                        self._add(
                            place,
                            msg("the field '{field}' is required and has no column for {way}", field=name, way=way),
                        )

    def _check_columns(self) -> None:
        """A written column belongs to one field only: another would read what was never there, or write over it."""
        owners: dict[tuple[str, str], str] = {}
        for name, shape in self._shapes.items():
            for way, column in shape.columns:
                if column is None:
                    continue
                owner = owners.setdefault((way, column.lower()), name)
                if owner != name and (shape.write or self._shapes[owner].write):
                    self._add(
                        self._value("fields", name, "columns", way),
                        msg(
                            "the column '{column}' belongs to the field '{field}' too, and one of them is written",
                            column=column,
                            field=owner,
                        ),
                    )

    def _check_one_tier(self) -> None:
        written = [name for name, shape in self._shapes.items() if shape.write == "tier"]
        for name in written[1:]:
            self._add(
                self._value("fields", name, "write"),
                msg("the tier is written into the field '{field}' already; only one can take it", field=written[0]),
            )


_KINDS: Final[Mapping[Kind, Message]] = {"text": msg("a text"), "date": msg("a date"), "list": msg("a list")}
_EXAMPLES: Final[Mapping[ArgumentKind, str]] = {"table": "{{{}: roles}}", "text": '{{{}: ","}}', "number": "{{{}: 2}}"}


def _presence(operator: str, wanted: ArgumentKind) -> tuple[Message, Message | None]:
    if wanted == "none":
        return msg("'{operator}' takes no argument", operator=operator), None
    example = _EXAMPLES[wanted].format(operator)
    return msg("'{operator}' needs an argument", operator=operator), msg("Write it as {example}.", example=example)

"""The file of cases: read, checked against the mapping that it tests, and made into what the runner takes.

What lives here: every name of a case is one of the mapping's, every value of the field's kind. What does not: the shape
of the file (``shapes/cases.py``) and running the cases (``domain/case_runner.py``).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Final

from u8sync.config.checking import did_you_mean, examine, raise_all, shown
from u8sync.config.findings import Findings
from u8sync.config.located_yaml import Route, parse, read_bytes
from u8sync.config.mapping_file import load_mapping
from u8sync.config.shapes.cases import CaseShape, CasesShape, ValueUse
from u8sync.domain.case_runner import written_fields
from u8sync.domain.cases import TIER_WORD, Case, CaseFile, Reading, Writing
from u8sync.domain.edited import written_tiers
from u8sync.domain.mapping import CODE, CustomerMapping, Field
from u8sync.domain.operators import Canonical
from u8sync.errors import ConfigError, Problem
from u8sync.text import msg

__all__ = ["CASES_ENDINGS", "load_cases"]

CASES_ENDINGS: Final = (".cases.yaml", ".cases.yml")
"""How the name of a file of cases ends."""


def load_cases(path: Path, shown_as: str, instead: tuple[CustomerMapping, str] | None = None) -> CaseFile:
    """Read a file of cases.

    Args:
        path: The file.
        shown_as: Its name in messages; the mapping is named relative to it.
        instead: A mapping to test in place of the one that the file names, and its name in messages; null: that one.

    Raises:
        ConfigError: With every problem of the file, and of the mapping.
    """
    located = parse(read_bytes(path, shown_as), shown_as)
    shape = examine(located, (), CasesShape)
    found = Findings(located, shape if isinstance(shape, list) else [])
    mapping, mapping_file = _mapping_of(found, path, shown_as) if instead is None else instead
    cases = () if mapping is None else tuple(_Cases(found, mapping).all())
    raise_all(shown_as, found.problems)
    if mapping is None:  # a problem was noted, so this is never reached
        raise ConfigError(shown_as, found.problems)
    return CaseFile(shown_as, mapping, mapping_file, cases)


def _mapping_of(found: Findings, path: Path, shown_as: str) -> tuple[CustomerMapping | None, str]:
    """The mapping that the file names, and its name in messages; null with a problem noted when it cannot be used."""
    named = found.located.at(("mapping",))
    if not isinstance(named, str) or not named.strip():
        return None, ""
    shown_mapping = posixpath.normpath(posixpath.join(posixpath.dirname(shown_as.replace("\\", "/")), named))
    place = found.value("mapping")
    try:
        there = (path.parent / named).is_file()
    except (OSError, ValueError):
        there = False
    if not there:
        found.add(
            place,
            msg("there is no file {file}", file=shown_mapping),
            msg("The path begins in the folder of this file."),
        )
        return None, shown_mapping
    try:
        return load_mapping(path.parent / named, shown_mapping), shown_mapping
    except ConfigError as error:
        if not found.problems:
            raise
        found.problems += [Problem(one.place or place, one.message, one.hint) for one in error.problems]
        return None, shown_mapping


class _Cases:
    """One pass over the cases that goes on after each problem, with what is usable."""

    def __init__(self, found: Findings, mapping: CustomerMapping) -> None:
        self._found = found
        self._mapping = mapping
        self._way = "openapi" if found.located.at(("way",)) == "openapi" else "sql"
        self._names: dict[str, int] = {}

    def all(self) -> Iterator[Case]:
        """The cases that are sound, in the order of the file; the rest is among the findings."""
        entries = self._found.located.at(("cases",))
        for index in range(len(entries) if isinstance(entries, list) else 0):
            shape = examine(self._found.located, ("cases", index), CaseShape)
            if isinstance(shape, list):
                continue
            before = len(self._found.problems)
            first = self._names.setdefault(shape.name, index)
            if first != index:
                self._found.add(
                    self._found.value("cases", index, "name"),
                    msg(
                        "'{name}' stands here again; it stands first at {first}",
                        name=shown(shape.name),
                        first=self._found.value("cases", first, "name"),
                    ),
                )
            case = self._case(("cases", index), shape)
            if len(self._found.problems) == before and case is not None:
                yield case

    def _case(self, at: Route, shape: CaseShape) -> Case | None:
        way = shape.way or self._way
        place = self._found.value(*at)
        if shape.given is not None and shape.write is not None:
            self._found.add(self._found.key(*at, "write"), msg("a case has either 'given' or 'write', not both"))
            return None
        told = bool(shape.expect or shape.expect_raw) or shape.issues is not None or shape.set_aside is not None
        if not told:
            self._found.add(
                place,
                msg("the case '{name}' expects nothing", name=shown(shape.name)),
                msg("Say what must come of it: 'expect', 'issues', 'set_aside' or 'expect_raw'."),
            )
        if shape.given is not None:
            self._check_columns((*at, "given"), shape.given, self._mapping.columns(way).values(), way)
            written = [column for column in self._mapping.columns(way).values() if self._is_written(way, column)]
            self._check_columns((*at, "expect_raw"), shape.expect_raw, written, way)
            expect = self._values((*at, "expect"), shape.expect)
            issues = self._issues((*at, "issues"), shape)
            return Reading(shape.name, way, place, shape.given, expect, issues, shape.set_aside, shape.expect_raw)
        if shape.write is None:
            self._found.add(place, msg("the case '{name}' has neither 'given' nor 'write'", name=shown(shape.name)))
            return None
        for key in ("expect", "set_aside"):
            if key in shape.model_fields_set and getattr(shape, key) is not None:
                self._found.add(
                    self._found.key(*at, key),
                    msg("'{key}' does not go with 'write'; use 'expect_raw' and 'issues'", key=key),
                )
        return self._writing(at, shape, shape.write, way)

    def _is_written(self, way: str, column: str) -> bool:
        return bool(written_fields(self._mapping, way, column))

    def _writing(self, at: Route, shape: CaseShape, write: Mapping[str, ValueUse], way: str) -> Case:
        tiers = written_tiers(self._mapping, way)
        written = [field for field in self._mapping.fields if field.write != "never" and way in field.columns]
        known = [*([TIER_WORD] if tiers else []), *(field.name for field in written if field.name != TIER_WORD)]
        values: dict[str, Canonical] = {}
        columns: dict[str, str] = {}
        for name, use in write.items():
            route = (*at, "write", name)
            named = next((field for field in written if field.name == name), None)
            takers = tiers if name == TIER_WORD and tiers else () if named is None else (named,)
            if not takers:
                self._found.add(
                    self._found.key(*route),
                    msg("the mapping writes nothing named '{field}' for {way}", field=shown(name), way=way),
                    did_you_mean(name, known),
                )
                continue
            for field in takers:
                first = columns.setdefault(field.columns[way], name)
                if first != name:
                    self._found.add(
                        self._found.key(*route),
                        msg("'{first}' is written into the same column already", first=first),
                    )
            if use.value is None:
                self._found.add(self._found.value(*route), msg("a value is missing"))
            values[name] = self._value(route, takers[0], use)
        if len(values) == len(write):  # else it is not known what is written
            self._check_columns((*at, "expect_raw"), shape.expect_raw, columns, way)
        return Writing(
            shape.name, way, self._found.value(*at), values, shape.expect_raw, self._issues((*at, "issues"), shape)
        )

    # --- names ---

    def _check_columns(self, at: Route, named: Collection[str], known: Collection[str], way: str) -> None:
        known = dict.fromkeys(known)
        for column in named:
            if column in known:
                continue
            other = [
                other
                for other in ("sql", "openapi")
                if other != way and column in self._mapping.columns(other).values()
            ]
            hint = msg("It is one for {way}: say 'way: {way}'.", way=other[0]) if other else did_you_mean(column, known)
            what = (
                msg("the mapping reads no column '{column}' for {way}", column=shown(column), way=way)
                if at[-1] == "given"
                else msg("nothing is written into a column '{column}' here", column=shown(column))
            )
            self._found.add(self._found.key(*at, column), what, hint)

    def _field(self, at: Route, name: str) -> Field | None:
        """The field of that name; null with a problem noted when there is none."""
        known = [field.name for field in self._mapping.fields if field.name != CODE]
        if name == CODE:
            self._found.add(
                self._found.key(*at), msg("the customer code stays as it is; '{key}' is not possible here", key=CODE)
            )
        elif name not in known:
            self._found.add(
                self._found.key(*at), msg("unknown field '{field}'", field=shown(name)), did_you_mean(name, known)
            )
        return None if name not in known else self._mapping.field(name)

    def _issues(self, at: Route, shape: CaseShape) -> Mapping[str, str | None]:
        if shape.issues is None:
            return {}
        listed = self._found.located.at(at)
        for name in shape.issues.parts:
            step = listed.index(name) if isinstance(listed, list) else name
            self._field((*at, step), name)
        return shape.issues.parts

    # --- values ---

    def _values(self, at: Route, uses: Mapping[str, ValueUse]) -> Mapping[str, Canonical]:
        values: dict[str, Canonical] = {}
        for name, use in uses.items():
            field = self._field((*at, name), name)
            if field is not None:
                values[name] = self._value((*at, name), field, use)
        return values

    def _value(self, at: Route, field: Field, use: ValueUse) -> Canonical:
        """The value as one of the field's kind; what is none is noted."""
        value = use.value
        if value is None:
            return None
        place = self._found.value(*at)
        match field.kind:
            case "list":
                return (value,) if isinstance(value, str) else value
            case "date" if isinstance(value, str):
                day = _day(value)
                if day is None:
                    self._found.add(
                        place,
                        msg(
                            "expected {wanted}, found {found}",
                            wanted=msg("a date (YYYY-MM-DD)"),
                            found=msg("'{text}'", text=shown(value)),
                        ),
                    )
                return day
            case "text" if isinstance(value, str):
                return value
            case _:
                wanted = msg("a text") if field.kind == "text" else msg("a date (YYYY-MM-DD)")
                self._found.add(place, msg("expected {wanted}, found {found}", wanted=wanted, found=msg("a list")))
                return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        return None

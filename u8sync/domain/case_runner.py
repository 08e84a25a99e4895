"""Running the cases of a mapping as a night would.

The idea: nothing passes by accident. A value that the mapping complains of makes a case fail unless the case says so,
and each difference names the line of the mapping that decided.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from u8sync.domain.case_spelling import Spelling, spelt
from u8sync.domain.cases import Case, CaseResult, CasesRun, Difference, Reading, Writing
from u8sync.domain.decision import needed_columns
from u8sync.domain.mapping import CODE, CustomerMapping, Field, raw_name, read_customers
from u8sync.domain.model import ColumnLimit, Issue, same
from u8sync.domain.tiers import CAUSE
from u8sync.domain.trails import Trail, trails_of
from u8sync.domain.value_changes import value_changes
from u8sync.text import Message, Place, Translate, english, listed, msg

__all__ = ["run_cases", "written_fields"]


def run_cases(mapping: CustomerMapping, cases: Sequence[Case], languages: Sequence[Translate] = (english,)) -> CasesRun:
    """Run cases through a mapping.

    Args:
        mapping: The mapping.
        cases: Their fields and columns are those of the mapping, see ``config/cases_file.py``.
        languages: In which the part of a message may be that a case expects.
    """
    results: dict[int, CaseResult] = {}
    looked_at = _LookedAt(mapping)
    for way in dict.fromkeys(case.way for case in cases):
        reading = {at: case for at, case in enumerate(cases) if isinstance(case, Reading) and case.way == way}
        if reading:
            run = _Night(mapping, way, list(reading.values()))
            for row, at in enumerate(reading):
                results[at] = CaseResult(cases[at], tuple(run.differences(row, languages)))
                looked_at.read(run, row)
    for at, case in enumerate(cases):
        if isinstance(case, Writing):
            written = spelt(mapping, case)
            results[at] = CaseResult(case, tuple(_write_differences(case, written, languages)))
            looked_at.write(written)
    ordered = tuple(results[at] for at in range(len(cases)))
    return CasesRun(ordered, frozenset(looked_at.fields), frozenset(looked_at.places))


# --- reading ---


class _Night:
    """The customers of all cases of one way, read at once as a run reads them, and what it would write."""

    def __init__(self, mapping: CustomerMapping, way: str, cases: Sequence[Reading]) -> None:
        self.cases = cases
        self.mapping = _apart_from_codes(mapping, way)
        self._way = way
        given: dict[str, list[str | None]] = {CODE: [str(row) for row in range(len(cases))]}
        for column in needed_columns(self.mapping, way):
            if column != CODE:
                name = CODE if column == _GIVEN_CODE else column
                given[column] = [case.given.get(name) for case in cases]
        raw = pl.DataFrame(given, schema=dict.fromkeys(given, pl.String))
        canonical, issues = read_customers(raw, self.mapping, way)
        cause = pl.when(pl.col("set_aside")).then(pl.lit("set_aside"))
        work = canonical.with_columns(cause.alias(CAUSE)).hstack(raw.drop(CODE).rename(raw_name))
        room = dict.fromkeys(raw.columns, ColumnLimit(sys.maxsize))
        changes, refused = value_changes(work, self.mapping, way, issues, room)
        self._values = canonical.rows(named=True)
        self._trails = trails_of(raw, canonical, self.mapping, way)
        self._sources = {field.name: _sources(self.mapping, way, field.name) for field in self.mapping.fields}
        self._issues: dict[int, list[Issue]] = {}
        for issue in (*issues, *refused):
            self._issues.setdefault(int(issue.code), []).append(issue)
        self._written = {(int(code), change.column): change.after for code, change in changes}

    def differences(self, row: int, languages: Sequence[Translate]) -> Iterator[Difference]:
        """What came out otherwise than one case expects."""
        case, issues = self.cases[row], self._issues.get(row, [])
        told = {name: [issue for issue in issues if issue.field == name] for name in {i.field for i in issues}}
        for name, wanted in case.expect.items():
            got = self._values[row][name]
            got = tuple(got) if isinstance(got, list) else got
            if got != wanted:
                decided = tuple(issue.place for issue in told.get(name, ())) or self.trail(name, row).decided
                yield Difference("value", name, wanted, got, decided)
        for field in self.mapping.fields:
            name = field.name
            found = [(issue.message, issue.place) for issue in told.get(name, ())]
            if name in case.issues or (found and self._sources[name] & case.given.keys()):
                decided = self.trail(name, row).decided if name != CODE else (field.place,)
                yield from _issue_difference(name, case.issues, found, decided, languages)
        aside = bool(self._values[row]["set_aside"])
        if case.set_aside is not None and case.set_aside != aside:
            why = tuple(dict.fromkeys(issue.place for issue in issues if issue.sets_aside))
            yield Difference("set_aside", "", _aside(said=case.set_aside), _aside(said=aside), why)
        for column, wanted in case.expect_raw.items():
            got = self._written.get((row, column), case.given.get(column))
            if not same(got, wanted):
                yield Difference("written", column, wanted, got, self._written_by(column, row))

    def trail(self, name: str, row: int) -> Trail:
        """What decided the value of one field in one case."""
        return self._trails[name][row]

    def _written_by(self, column: str, row: int) -> tuple[Place, ...]:
        """The lines that decided what a column holds after the run."""
        fields = written_fields(self.mapping, self._way, column)
        refused = [issue.place for issue in self._issues.get(row, []) if issue.field in {f.name for f in fields}]
        return tuple(refused) or tuple(
            place for field in fields for place in (field.place, *self.trail(field.takes or field.name, row).decided)
        )


_GIVEN_CODE: Final = "given code"
"""Unlike any column that a mapping can name."""


def _apart_from_codes(mapping: CustomerMapping, way: str) -> CustomerMapping:
    """The mapping, where other fields that read the column ``code`` read it under another name.

    Each case needs a code that no other has, whatever its customer's column of that name holds.
    """
    fields = (
        replace(field, columns={**field.columns, way: _GIVEN_CODE})
        if field.name != CODE and field.columns.get(way) == CODE
        else field
        for field in mapping.fields
    )
    return replace(mapping, fields=tuple(fields))


def _sources(mapping: CustomerMapping, way: str, name: str) -> frozenset[str]:
    """The physical columns from which a field's value comes.

    Its own, those of the fields that it starts from or chooses by, and those of the field that is written into it; not
    those that only say whether it counts.
    """
    found: set[str] = set()
    seen: set[str] = set()
    left = [name]
    while left:
        field = mapping.field(left.pop())
        if field is None or field.name in seen:
            continue
        seen.add(field.name)
        column = field.columns.get(way)
        found |= {CODE if column == _GIVEN_CODE else column} if column is not None else set()
        left += [condition.field for rule in field.choose for condition in rule.when]
        left += [other for other in (field.from_field, field.takes) if other is not None]
    return frozenset(found)


def written_fields(mapping: CustomerMapping, way: str, column: str) -> tuple[Field, ...]:
    """The fields that a run writes into a column apart from the tier."""
    written = (field for field in mapping.fields if field.write in ("canonical", "field"))
    return tuple(field for field in written if field.columns.get(way) == column)


def _aside(*, said: bool) -> Message:
    return msg("set aside") if said else msg("not set aside")


def _issue_difference(
    name: str,
    wanted: Mapping[str, str | None],
    found: Sequence[tuple[Message, Place]],
    decided: tuple[Place, ...],
    languages: Sequence[Translate],
) -> Iterator[Difference]:
    """What is expected of the issues of one field and what was found, when these are not the same."""
    part = wanted.get(name)
    got = listed([message for message, _ in found]) if found else msg("no issue")
    if any(name in wanted and (part is None or part in say(message)) for message, _ in found for say in languages):
        return
    expected = msg("no issue")
    if name in wanted:
        expected = msg("an issue") if part is None else msg("an issue with '{part}'", part=part)
    yield Difference("issue", name, expected, got, tuple(dict.fromkeys(place for _, place in found)) or decided)


# --- writing ---


def _write_differences(
    case: Writing, written: Sequence[Spelling], languages: Sequence[Translate]
) -> Iterator[Difference]:
    for column, wanted in case.expect_raw.items():
        for one in written:
            if one.column == column and not same(one.text, wanted):
                yield Difference("written", column, wanted, one.text, (one.field.place, *one.lines))
    for one in written:
        name = one.field.name
        found = [] if one.complaint is None else [(one.complaint, one.field.place)]
        if found or name in case.issues:
            yield from _issue_difference(name, case.issues, found, (one.field.place, *one.lines), languages)


# --- what was looked at ---


class _LookedAt:
    """What of a mapping the cases compare: its fields, the lines of its tables, its rules."""

    def __init__(self, mapping: CustomerMapping) -> None:
        self.fields: set[str] = set()
        self.places: set[Place] = set()
        self._mapping = mapping

    def read(self, run: _Night, row: int) -> None:
        """One customer: the fields that the case names, and all that they come from."""
        case = run.cases[row]
        named = {*case.expect, *case.issues}
        for column in case.expect_raw:
            for field in written_fields(self._mapping, case.way, column):
                named |= {field.name, field.takes or field.name}
        needed = self._with_needs(named)
        self.fields |= needed
        for name in needed - {CODE}:
            self.places |= run.trail(name, row).passed

    def write(self, written: Iterable[Spelling]) -> None:
        """Values that were written."""
        for one in written:
            self.fields.add(one.field.name)
            self.places |= set(one.lines)

    def _with_needs(self, names: Collection[str]) -> set[str]:
        found: set[str] = set()
        left = [*names]
        while left:
            field = self._mapping.field(left.pop())
            if field is not None and field.name not in found:
                found.add(field.name)
                left += field.needs
        return found

"""Cases of a mapping: what a customer holds in U8, and what must come of it; or what is written for a value.

What lives here: the cases, and how they came out. What does not: the YAML (``config/cases_file.py``), running them
(``case_runner.py``) and the layout (``report/``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from u8sync.domain.mapping import CustomerMapping
from u8sync.domain.operators import Canonical
from u8sync.text import Message, Place

__all__ = [
    "TIER_WORD",
    "Case",
    "CaseFile",
    "CaseResult",
    "CasesRun",
    "Difference",
    "DifferenceKind",
    "Reading",
    "Writing",
]

TIER_WORD: Final = "tier"
"""What a case calls the recommended tier; it goes into every field that takes it."""


@dataclass(frozen=True)
class Reading:
    """A customer of U8, and what must be read.

    Attributes:
        name: What the case shows; unlike that of every other case of its file.
        way: Which of the mapping's column names it uses.
        place: Where it stands.
        given: Physical column -> raw value; null and what is not named: empty.
        expect: Field -> canonical value; other fields are not compared.
        issues: Field with an issue -> part of the message, null: any.
        set_aside: Whether the customer is set aside; null: not compared.
        expect_raw: Physical column -> what it holds after a run that writes spellings and other fields' values.
    """

    name: str
    way: str
    place: Place
    given: Mapping[str, str | None]
    expect: Mapping[str, Canonical]
    issues: Mapping[str, str | None]
    set_aside: bool | None
    expect_raw: Mapping[str, str | None]


@dataclass(frozen=True)
class Writing:
    """Canonical values, and how they must be written.

    Attributes:
        name: What the case shows.
        way: Which of the mapping's column names it uses.
        place: Where it stands.
        write: Field -> value; :data:`TIER_WORD` -> the recommended tier, where the mapping writes one.
        expect_raw: Physical column -> text.
        issues: Field that cannot take its value -> part of the message, null: any.
    """

    name: str
    way: str
    place: Place
    write: Mapping[str, Canonical]
    expect_raw: Mapping[str, str | None]
    issues: Mapping[str, str | None]


Case = Reading | Writing


@dataclass(frozen=True)
class CaseFile:
    """A file of cases.

    Attributes:
        file: Its name in messages.
        mapping: The mapping that it tests.
        mapping_file: The name of that in messages.
        cases: In the order of the file.
    """

    file: str
    mapping: CustomerMapping
    mapping_file: str
    cases: tuple[Case, ...]


DifferenceKind = Literal["value", "issue", "set_aside", "written"]
"""What differs: a canonical value, an issue, whether the customer is set aside, or what a column holds after a run."""


@dataclass(frozen=True)
class Difference:
    """One thing that came out otherwise than expected.

    Attributes:
        kind: What it is.
        name: The field; the column for ``written``; empty for ``set_aside``.
        expected: What the case says.
        got: What came out.
        decided: The lines of the mapping file that decided what came out.
    """

    kind: DifferenceKind
    name: str
    expected: Canonical | Message
    got: Canonical | Message
    decided: tuple[Place, ...]


@dataclass(frozen=True)
class CaseResult:
    """How a case came out."""

    case: Case
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        """Whether everything came out as expected."""
        return not self.differences


@dataclass(frozen=True)
class CasesRun:
    """How all cases came out, and what of the mapping they looked at.

    Attributes:
        results: In the order of the cases.
        fields: The fields that a case compares, and those that these come from.
        passed: The places of the lines of tables and of the rules that had a part in a value that a case compares.
    """

    results: tuple[CaseResult, ...]
    fields: frozenset[str]
    passed: frozenset[Place]

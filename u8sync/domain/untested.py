"""What of a mapping no case looks at: coverage of a mapping by its tests, where any mistake would go unseen."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from u8sync.domain.coverage import tables_of
from u8sync.domain.mapping import CODE, CustomerMapping, Field, Rule
from u8sync.domain.tables import TableEntry, ValueTable
from u8sync.text import Place

__all__ = ["Counted", "Untested", "untested"]


@dataclass(frozen=True)
class Counted:
    """How many there are, and how many of them some case looks at."""

    tested: int
    of: int


@dataclass(frozen=True)
class Untested:
    """What no case looks at.

    Attributes:
        lines: Lines of value tables, in the order of the tables' use and of the file.
        rules: Rules of fields that are chosen.
        fields: Fields.
        all_lines: How many lines there are and are tested.
        all_rules: How many rules.
        all_fields: How many fields, without the code.
    """

    lines: tuple[tuple[ValueTable, TableEntry], ...]
    rules: tuple[tuple[Field, Rule], ...]
    fields: tuple[Field, ...]
    all_lines: Counted
    all_rules: Counted
    all_fields: Counted

    @property
    def nothing(self) -> bool:
        """Whether the cases look at everything."""
        return not (self.lines or self.rules or self.fields)


def untested(mapping: CustomerMapping, fields: Collection[str], passed: Collection[Place]) -> Untested:
    """What is left of a mapping.

    Args:
        mapping: The mapping.
        fields: The fields that cases look at, see :class:`u8sync.domain.cases.CasesRun`.
        passed: The places of the lines and rules that they look at.
    """
    lines = [(table, entry) for table in tables_of(mapping).values() for entry in table.entries]
    rules = [(field, rule) for field in mapping.fields for rule in field.choose]
    others = [field for field in mapping.fields if field.name != CODE]
    lines_left = tuple(pair for pair in lines if pair[1].place not in passed)
    rules_left = tuple(pair for pair in rules if pair[1].place not in passed)
    fields_left = tuple(field for field in others if field.name not in fields)
    return Untested(
        lines_left,
        rules_left,
        fields_left,
        Counted(len(lines) - len(lines_left), len(lines)),
        Counted(len(rules) - len(rules_left), len(rules)),
        Counted(len(others) - len(fields_left), len(others)),
    )

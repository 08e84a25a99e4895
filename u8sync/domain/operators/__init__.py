"""Mapping operators: one family a file, all listed in :data:`OPERATORS` under the name that mapping files use."""

from __future__ import annotations

from typing import Final

from u8sync.domain.operators.days import Day
from u8sync.domain.operators.lists import SEPARATORS, Sort, Split
from u8sync.domain.operators.lookup import Lookup
from u8sync.domain.operators.operator import Canonical, Kind, Operator, OperatorKind
from u8sync.domain.operators.words import HalfWidth, Lower, Prefix, Trim, Upper
from u8sync.domain.tables import ValueTable
from u8sync.text import msg

__all__ = ["OPERATORS", "SEPARATORS", "Canonical", "Kind", "Operator", "OperatorKind"]


def _split(argument: str | int | ValueTable | None, _kind: Kind) -> Operator:
    return Split(str(argument))


def _prefix(argument: str | int | ValueTable | None, _kind: Kind) -> Operator:
    if not isinstance(argument, int):
        raise TypeError(argument)
    return Prefix(argument)


def _lookup(argument: str | int | ValueTable | None, kind: Kind) -> Operator:
    if not isinstance(argument, ValueTable):
        raise TypeError(argument)
    return Lookup(argument, many=kind == "list")


OPERATORS: Final[dict[str, OperatorKind]] = {
    "trim": OperatorKind(
        takes=("text",),
        gives="text",
        argument="none",
        reversible=True,
        make=lambda _argument, _kind: Trim(),
        help=msg("strips blanks at both ends; nothing left counts as empty"),
    ),
    "upper": OperatorKind(
        takes=("text",),
        gives="text",
        argument="none",
        reversible=True,
        make=lambda _argument, _kind: Upper(),
        help=msg("capital letters, for codes that people type either way"),
    ),
    "lower": OperatorKind(
        takes=("text",),
        gives="text",
        argument="none",
        reversible=True,
        make=lambda _argument, _kind: Lower(),
        help=msg("small letters, for words that people type either way"),
    ),
    "half_width": OperatorKind(
        takes=("text",),
        gives="text",
        argument="none",
        reversible=True,
        make=lambda _argument, _kind: HalfWidth(),
        help=msg("letters, digits and marks typed in full width become half width"),
    ),
    "prefix": OperatorKind(
        takes=("text",),
        gives="text",
        argument="number",
        reversible=False,
        make=_prefix,
        help=msg("the first N characters of a code, e.g. the top level of a customer class"),
    ),
    "date": OperatorKind(
        takes=("text",),
        gives="date",
        argument="none",
        reversible=True,
        make=lambda _argument, _kind: Day(),
        help=msg("a date"),
    ),
    "split": OperatorKind(
        takes=("text",),
        gives="list",
        argument="text",
        reversible=True,
        make=_split,
        help=msg("several values in one field; the argument is the separator to write"),
    ),
    "sort": OperatorKind(
        takes=("list",),
        gives="list",
        argument="none",
        reversible=True,
        make=lambda _argument, _kind: Sort(),
        help=msg("the values of a list in order; without it they stay in the order typed"),
    ),
    "table": OperatorKind(
        takes=("text", "list"),
        gives=None,
        argument="table",
        reversible=True,
        make=_lookup,
        help=msg("looks the value up in a value table"),
    ),
}
"""Operator name -> how to make it. To add one: a class in a file of this folder and one line here."""

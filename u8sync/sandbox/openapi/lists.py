"""How a list call is asked and paged: filters, order, page counters. What its rows hold is decided elsewhere."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from u8sync.sandbox.openapi.behaviour import Behaviour
from u8sync.sandbox.openapi.refusals import Code, RefusalError, not_found

__all__ = ["PAGING", "Filter", "Found", "List", "find"]

PAGING: Final = ("page_index", "rows_per_page")
DEFAULT_ROWS: Final = 20
MOST_DIGITS: Final = 18
"""A number with more digits does not fit SQLite's integers."""


@dataclass(frozen=True)
class Filter:
    """What one query parameter asks of a column.

    Attributes:
        column: The column, with the alias of its table.
        asks: ``from`` and ``to`` include the bound; ``has`` looks for a part of the text.
        kind: How the value must be written.
    """

    column: str
    asks: Literal["from", "to", "is", "has"]
    kind: Literal["text", "day", "number", "flag"] = "text"


@dataclass(frozen=True)
class List:
    """A list call.

    Attributes:
        key: JSON key of its rows.
        word: What it lists, in Chinese.
        source: FROM clause; the main table has the alias h.
        names: JOIN clause for columns that are shown only, neither filtered nor ordered by; it neither adds nor drops
            rows.
        code: Column that rows are ordered by; unique together with ``stamp``.
        stamp: Column that moves when a row is new or changes; documents have none that does, their key stands for it.
        filters: Parameter -> filter.
        only: A condition that holds for every row.
    """

    key: str
    word: str
    source: str
    code: str
    stamp: str
    names: str = ""
    filters: Mapping[str, Filter] = field(default_factory=dict)
    only: str = "1"

    @property
    def parameters(self) -> tuple[str, ...]:
        """Every query parameter that it takes besides the common ones."""
        return (*PAGING, *self.filters)


@dataclass(frozen=True)
class Found:
    """A page of rows.

    Attributes:
        rows: The rows, at least one.
        counters: Page counters; empty where a list has no pages.
    """

    rows: Sequence[sqlite3.Row]
    counters: Mapping[str, int]


def find(
    connection: sqlite3.Connection,
    what: List,
    columns: str,
    query: Mapping[str, str],
    behaviour: Behaviour,
    *,
    whole: bool = False,
    repeat_first: bool = False,
) -> Found:
    """The page that a query asks for.

    Args:
        connection: Where to read.
        what: The list.
        columns: Select list.
        query: Checked parameters; others than those of the list are passed over.
        behaviour: Row limit and order.
        whole: Give everything and no counters.
        repeat_first: Give the rows of page 1 whatever page is asked.

    Raises:
        RefusalError: A value is not well formed; or nothing fits, or the page lies past the end.
    """
    index, size = _paging(query)
    size = min(size, behaviour.max_rows)
    where, values = _conditions(what, query)
    order = f"{what.code}, {what.stamp}" if behaviour.order == "code" else what.stamp
    # The names in these statements are those of this package, never of a request.
    question = f"FROM {what.source} WHERE {what.only}{where}"
    if whole:
        rows = connection.execute(
            f"SELECT {columns} FROM {what.source} {what.names} WHERE {what.only}{where} ORDER BY {order}",  # noqa: S608
            values,
        ).fetchall()
        if not rows:
            raise not_found(what.word)
        return Found(rows, {})
    # One moment for the count and the rows.
    connection.execute("BEGIN")
    try:
        [count] = connection.execute(f"SELECT count(*) {question}", values).fetchone()
        skip = 0 if repeat_first else (index - 1) * size
        rows = []
        if skip < count:
            # Sorting keys alone takes a third of the time that sorting whole rows does.
            keys = f"SELECT {what.stamp} {question} ORDER BY {order} LIMIT ? OFFSET ?"
            rows = connection.execute(
                f"SELECT {columns} FROM {what.source} {what.names} WHERE {what.stamp} IN ({keys}) ORDER BY {order}",  # noqa: S608
                [*values, size, skip],
            ).fetchall()
    finally:
        connection.execute("COMMIT")
    if not rows:
        raise not_found(what.word)
    counters = {"page_index": index, "rows_per_page": size, "row_count": count, "page_count": -(-count // size)}
    return Found(rows, counters)


def _paging(query: Mapping[str, str]) -> tuple[int, int]:
    index, size = (
        _number(name, query.get(name, str(default))) for name, default in zip(PAGING, (1, DEFAULT_ROWS), strict=True)
    )
    if not index or not size:
        raise RefusalError(Code.PARAMETER, "page_index 和 rows_per_page 必须大于 0", violation=True)
    return index, size


def _conditions(what: List, query: Mapping[str, str]) -> tuple[str, list[str | int]]:
    text, values = "", list[str | int]()
    for name, wanted in what.filters.items():
        if name not in query:
            continue
        value = _checked(name, query[name], wanted)
        if wanted.asks == "has":
            text += f" AND instr({wanted.column}, ?) > 0"
        else:
            text += f" AND {wanted.column} {({'from': '>=', 'to': '<=', 'is': '='})[wanted.asks]} ?"
        values.append(value)
    return text, values


def _checked(name: str, value: str, wanted: Filter) -> str | int:
    if wanted.kind == "number":
        return _number(name, value)
    if wanted.kind == "flag":
        if value not in {"0", "1"}:
            raise RefusalError(Code.PARAMETER, f"参数 {name} 应为 0 或 1", violation=True)
        return int(value)
    if wanted.kind == "day":
        try:
            if date.fromisoformat(value).isoformat() != value:
                raise ValueError(value)  # noqa: TRY301 - other ways to write a day are no days here
        except ValueError:
            raise RefusalError(Code.PARAMETER, f"参数 {name} 应为 yyyy-MM-dd 格式的日期", violation=True) from None
        # Days are stored as points in time: the last day counts to its end.
        return f"{value} 23:59:59.999" if wanted.asks == "to" else value
    return value


def _number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) <= MOST_DIGITS):
        raise RefusalError(Code.PARAMETER, f"参数 {name} 应为数字", violation=True)
    return int(value)

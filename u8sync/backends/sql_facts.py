"""What the documents add up to, a customer a row, summed by the server.

Each side (invoice lines, invoice heads, orders, cost) is summed by customer alone and only then laid together:
joining line to line would count one delivery with several invoices several times.

* Revenue: lines of invoices that are approved by sales (``cChecker``), not void, no opening balance. Returns are
  negative already. ``cVerifier`` of an invoice is the approval of receivables, another thing.
* Cost: :mod:`u8sync.backends.sql_cost`.
* What is read only when it is asked for: :mod:`u8sync.backends.sql_extras`.

An account set may keep its years in several databases. Each answers for its own years only: what one carried over
from the year before would count twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from queue import SimpleQueue
from typing import Any, Final

import polars as pl
from sqlalchemy import ColumnElement, Connection, Select, Table, and_, case, func, select

from u8sync.backends.sides import SIDE_SCHEMA, all_posted, facts_of
from u8sync.backends.sql_cost import Posted, find_cost
from u8sync.backends.sql_dialect import SqlDialect
from u8sync.backends.sql_extras import find_extras
from u8sync.backends.sql_source import ARCHIVE_KEY, Source, approved_invoice, approved_order, off, within
from u8sync.backends.u8_schema import SaleBillVouch, SaleBillVouchs, SOSOMain
from u8sync.domain.model import MONEY, TEN_THOUSANDTH, Extra, Facts, Window, amount
from u8sync.ports import Progress
from u8sync.text import msg

__all__ = ["read_facts"]

_PART: Final = 20_000
"""Rows that are fetched before they become columns: as Python's own values they take ten times the memory."""


def read_facts(
    connection: Connection,
    dialect: SqlDialect,
    sources: Sequence[Source],
    window: Window,
    progress: Progress,
    *,
    extras: frozenset[Extra] = frozenset(),
    beside: Sequence[Connection] = (),
) -> Facts:
    """The facts of every customer that any document names.

    Args:
        connection: Where to read.
        dialect: How this database writes amounts and days.
        sources: The databases of the account set, oldest first; the last one is the connection's own.
        window: The days that count.
        progress: Hears of each side that is done.
        extras: What is read besides the usual.
        beside: Other connections to the same state of the same databases: so many more sides are read at a time.
    """
    asked = find_extras(connection, dialect, sources, window, extras)
    progress.start(msg("Adding up documents"), 1 + 4 * len(sources) + len(asked.queries))
    costing = find_cost(connection, dialect, sources, window)
    progress.advance(1)
    lines = [(source, _revenue(dialect, source, window, costing.posted)) for source in sources]
    heads = [(source, side) for source in sources for side in _heads(dialect, source, window)]
    # What goes over lines takes the longest: begun first, so that no connection is left with it alone at the end.
    queries = [*lines, *costing.queries, *heads, *asked.queries]

    def sides() -> Iterator[pl.DataFrame]:
        for side in _read([connection, *beside], dialect, queries):
            progress.advance(1)
            yield side
        progress.finish()

    notes = [*costing.notes, *asked.notes, *(loss for source in sources for loss in source.losses())]
    return facts_of(sides(), window, posted=costing.posted, notes=notes, known=asked.known)


def _read(
    connections: Sequence[Connection], dialect: SqlDialect, queries: Sequence[tuple[Source, Select[Any]]]
) -> Iterator[pl.DataFrame]:
    """The sides in the order of the queries, read by as many threads as there are connections."""
    free: SimpleQueue[Connection] = SimpleQueue()
    for connection in connections:
        free.put(connection)

    def read(query: tuple[Source, Select[Any]]) -> pl.DataFrame:
        connection = free.get()
        try:
            return _side(connection, dialect, *query)
        finally:
            free.put(connection)

    if len(connections) == 1:
        yield from map(read, queries)
        return
    with ThreadPoolExecutor(len(connections)) as threads:
        yield from threads.map(read, queries)


def _side(connection: Connection, dialect: SqlDialect, source: Source, query: Select[Any]) -> pl.DataFrame:
    """The rows of one query, fetched in whole numbers and text and turned into amounts and days column by column."""
    query = query if dialect.exact_codes else _as_archived(dialect, query)
    by_column = dialect.by_column(query)
    if by_column is not None:
        columns = source.execute(connection, by_column).mappings().one()
        return pl.DataFrame([_typed(name, json.loads(text)) for name, text in columns.items()])
    result = source.execute(connection, query)
    names = list(result.keys())
    parts = [pl.DataFrame(schema={name: SIDE_SCHEMA[name] for name in names})]
    for rows in result.partitions(_PART):
        values = zip(*rows, strict=True)
        parts.append(pl.DataFrame([_typed(name, column) for name, column in zip(names, values, strict=True)]))
    return pl.concat(parts)


def _as_archived(dialect: SqlDialect, query: Select[Any]) -> Select[Any]:
    """The same with codes as the archive spells them: most servers take ``c01`` in a document for customer ``C01``."""
    side = query.subquery()
    code = dialect.code(side.c.code)
    figures = [column for column in side.c if column.name != "code"]
    return select(func.coalesce(ARCHIVE_KEY, code).label("code"), *figures).select_from(
        side.outerjoin(ARCHIVE_KEY.table, code == ARCHIVE_KEY)
    )


def _typed(name: str, values: Sequence[Any]) -> pl.Series:
    wanted = SIDE_SCHEMA[name]
    if wanted == MONEY:
        whole = pl.DataFrame({name: pl.Series(values, dtype=pl.Int64)})
        return whole.select(pl.col(name).cast(MONEY) * amount(TEN_THOUSANDTH)).to_series()
    if wanted == pl.Date():
        return pl.Series(name, values, dtype=pl.String).str.to_date("%Y-%m-%d")
    return pl.Series(name, values, dtype=wanted)


# --- the sides --------------------------------------------------------------------------------------------------------


def _revenue(dialect: SqlDialect, source: Source, window: Window, posted: Posted | None) -> Select[Any]:
    """Revenue in the window, and the part of it that lies in the posted months where that is not all."""
    head, line = SaleBillVouch.c, SaleBillVouchs.c
    sums = [dialect.money_units(func.sum(line.iNatMoney)).label("revenue")]
    if posted is not None and not all_posted(window, posted):
        inside = and_(head.dDate >= posted[0].first, head.dDate < posted[1].last + timedelta(days=1))
        sums.append(dialect.money_units(func.sum(case((inside, line.iNatMoney)))).label("revenue_posted"))
    return (
        select(head.cCusCode.label("code"), *sums)
        .join_from(SaleBillVouch, SaleBillVouchs, line.SBVID == head.SBVID)
        .where(within(head.dDate, window), approved_invoice(source))
        .group_by(head.cCusCode)
    )


def _heads(dialect: SqlDialect, source: Source, window: Window) -> list[Select[Any]]:
    return [
        _documents(dialect, source, SaleBillVouch, approved_invoice(source), window, counts="invoices"),
        _documents(dialect, source, SOSOMain, approved_order(source), window, counts="orders"),
    ]


def _documents(
    dialect: SqlDialect, source: Source, table: Table, approved: ColumnElement[bool], window: Window, *, counts: str
) -> Select[Any]:
    """Number of approved documents in the window, and first and last day up to its end."""
    head = table.c
    inside, sale = within(head.dDate, window), source.when_has(head.bReturnFlag, off(head.bReturnFlag))
    return (
        select(
            head.cCusCode.label("code"),
            func.sum(case((and_(inside, sale), 1), else_=0)).label(counts),
            func.sum(case((inside, 1), else_=0)).label("documents"),
            dialect.raw_day(func.min(head.dDate)).label("first_sale_on"),
            dialect.raw_day(func.max(case((sale, head.dDate)))).label("last_sale_on"),
        )
        .where(head.dDate < window.after, approved)
        .group_by(head.cCusCode)
    )

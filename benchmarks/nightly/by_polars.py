"""polars: connectorx from a file, arrow-odbc from SQL Server; lazy frames, joins, whole numbers.

As their documentation advises: ``read_database_uri`` with connectorx, which polars calls noticeably faster than any
connection object, the long tables divided by a number that is spread evenly, one part a processor ("recommended to set
the partition_num to the number of available logical cores"). SQL Server by a connection string of ODBC, which polars
hands to arrow-odbc, with an upper limit for texts as in its example.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.nightly.job import BANDS, LADDER, LAST_TIER, MANAGEMENT_TYPES, NOT_CLASSIFIED, UNIT, Outcome
from benchmarks.nightly.place import Place
from benchmarks.nightly.reads import BOOKED, CUSTOMERS, HEADS, LINES, ORDERS, Read

if TYPE_CHECKING:
    import polars as pl

_TEXT = 64
"""Letters of the longest text that is read; arrow-odbc sets so much aside for each row of a batch."""


def work(place: Place, folder: Path) -> pl.DataFrame:  # noqa: ARG001
    """Read, add up, rate, compare."""
    import polars as pl

    read = partial(_from_file, place.file) if place.file is not None else partial(_from_server, place.odbc or "")
    code = pl.col("code")
    sold = (
        read(HEADS)
        .join(read(LINES), on="SBVID")
        .group_by("code")
        .agg(pl.col("money").sum().alias("revenue"), pl.len().cast(pl.Int64).alias("lines"))
    )
    ordered = read(ORDERS).group_by("code").agg(pl.len().cast(pl.Int64).alias("orders"))
    booked = read(BOOKED).group_by("code").agg(pl.col("cost").sum())
    customers = (
        read(CUSTOMERS)
        .join(sold, on="code", how="left")
        .join(ordered, on="code", how="left")
        .join(booked, on="code", how="left")
        .with_columns(pl.col("revenue", "lines", "orders").fill_null(0))
        .with_columns((pl.col("revenue") - pl.col("cost")).alias("profit"))
    )

    columns = {"revenue": ("revenue", UNIT), "gross_profit": ("profit", UNIT), "order_count": ("orders", 1)}
    score = pl.lit(0, pl.Int64)
    for metric, (weight, bands) in BANDS.items():
        name, unit = columns[metric]
        points = pl.lit(0, pl.Int64)
        for least, given in reversed(bands):
            points = pl.when(pl.col(name) >= least * unit).then(given * weight).otherwise(points)
        score += points
    tier = pl.lit(LADDER[-1][0])
    for name, at_least in reversed(LADDER[:-1]):
        assert at_least is not None
        tier = pl.when(score >= at_least * 100).then(pl.lit(name)).otherwise(tier)
    tier = pl.when(pl.col("lines") + pl.col("orders") == 0).then(pl.lit(LAST_TIER)).otherwise(tier)
    kind = pl.col("kind").str.strip_chars_end(" ").replace_strict(MANAGEMENT_TYPES, default=NOT_CLASSIFIED)
    return (
        customers.select(code, kind, "revenue", "profit", "orders", tier.alias("tier"), "was")
        .with_columns(pl.col("tier").ne_missing(pl.col("was").str.strip_chars_end(" ")).alias("changed"))
        .collect()
    )


def _from_file(file: str, read: Read) -> pl.LazyFrame:
    import polars as pl

    uri = f"sqlite://{file}"
    if read.number is None:
        return pl.read_database_uri(read.sql, uri, engine="connectorx").lazy()
    divided = Read(read.table, {read.number: read.number, **read.columns}, read.where)
    frame = pl.read_database_uri(
        divided.sql, uri, engine="connectorx", partition_on=read.number, partition_num=os.cpu_count()
    )
    return frame.lazy().drop(read.number)


def _from_server(connection: str, read: Read) -> pl.LazyFrame:
    import polars as pl
    import polars.selectors as cs

    frame = pl.read_database(read.sql, connection, execute_options={"max_text_size": _TEXT})
    return frame.lazy().with_columns((cs.decimal() * UNIT).cast(pl.Int64))


def outcomes(frame: pl.DataFrame) -> Iterator[Outcome]:
    """What it came to."""
    for code, kind, revenue, profit, orders, tier, was, changed in frame.iter_rows():
        assert changed == (tier != was), f"{code}: changed is told wrongly"
        yield code, kind, revenue, profit, orders, tier, was

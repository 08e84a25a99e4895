"""A plain pandas script: ``read_sql`` of each table that it needs, ``merge``, ``groupby``.

The usual first version, made as well as its documentation teaches: only the columns that are needed, filtered by the
database, whole numbers throughout, and no decimal turned into a float on the way (``coerce_float``). Columns kept in
Arrow (``dtype_backend``) make the sums cheaper and the reading dearer: level, so they stay away.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.nightly.job import BANDS, LADDER, LAST_TIER, MANAGEMENT_TYPES, NOT_CLASSIFIED, UNIT, Outcome
from benchmarks.nightly.place import Place
from benchmarks.nightly.reads import BOOKED, CUSTOMERS, HEADS, LINES, ORDERS, Read

if TYPE_CHECKING:
    import pandas as pd


def work(place: Place, folder: Path) -> pd.DataFrame:  # noqa: ARG001
    """Read, add up, rate, compare."""
    import numpy as np
    import pandas as pd
    from sqlalchemy import create_engine

    engine = create_engine(place.url)

    def read(what: Read) -> pd.DataFrame:
        frame = pd.read_sql(what.sql, engine, coerce_float=False)
        for amount in {"money", "cost"}.intersection(frame):
            if frame[amount].dtype == object:  # a Decimal each, of SQL Server's money
                frame[amount] = (frame[amount] * UNIT).astype("int64")
        return frame

    booked = read(BOOKED).groupby("code")["cost"].sum()
    sold = read(HEADS).merge(read(LINES), on="SBVID").groupby("code")["money"].agg(["sum", "size"])
    ordered = read(ORDERS).groupby("code").size()
    frame = read(CUSTOMERS).set_index("code")
    frame["revenue"] = sold["sum"].reindex(frame.index, fill_value=0)
    frame["profit"] = frame["revenue"] - booked.astype("Int64").reindex(frame.index)
    frame["orders"] = ordered.reindex(frame.index, fill_value=0)
    documents = sold["size"].reindex(frame.index, fill_value=0) + frame["orders"]

    score = np.zeros(len(frame), dtype="int64")
    columns = {"revenue": ("revenue", UNIT), "gross_profit": ("profit", UNIT), "order_count": ("orders", 1)}
    for metric, (weight, bands) in BANDS.items():
        name, unit = columns[metric]
        value = frame[name].fillna(-(2**62)).to_numpy("int64")
        score += weight * np.select([value >= least * unit for least, _ in bands], [points for _, points in bands], 0)
    frame["tier"] = np.select(
        [documents.to_numpy() == 0, *(score >= least * 100 for _, least in LADDER if least is not None)],
        [LAST_TIER, *(tier for tier, least in LADDER if least is not None)],
        LADDER[-1][0],
    )
    frame["kind"] = frame["kind"].str.strip().map(MANAGEMENT_TYPES).fillna(NOT_CLASSIFIED)
    frame["changed"] = frame["tier"] != frame["was"].str.strip()
    return frame


def outcomes(frame: pd.DataFrame) -> Iterator[Outcome]:
    """What it came to."""
    import pandas as pd

    for code, kind, was, revenue, profit, orders, tier, changed in frame.reset_index().itertuples(index=False):
        assert changed == (tier != was), f"{code}: changed is told wrongly"
        yield code, kind, revenue, None if pd.isna(profit) else int(profit), orders, tier, was

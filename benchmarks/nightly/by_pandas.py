"""A plain pandas script: ``read_sql`` of each table that it needs, ``merge``, ``groupby``.

The usual first version, made as well as its documentation teaches: only the columns that are needed, filtered by the
database, Arrow-backed text.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.nightly.job import (
    AFTER,
    BANDS,
    FIRST,
    LADDER,
    LAST_TIER,
    MANAGEMENT_TYPES,
    NOT_CLASSIFIED,
    UNIT,
    Outcome,
)
from benchmarks.nightly.place import Place

if TYPE_CHECKING:
    import pandas as pd

WINDOW = f"dDate >= '{FIRST}' AND dDate < '{AFTER}'"


def work(place: Place, folder: Path) -> pd.DataFrame:  # noqa: ARG001
    """Read, add up, rate, compare."""
    import numpy as np
    import pandas as pd
    from sqlalchemy import create_engine

    engine = create_engine(place.url)

    def read(query: str) -> pd.DataFrame:
        return pd.read_sql(query, engine)

    customers = read("SELECT cCusCode AS code, cCusMngTypeCode AS kind, cCusDefine5 AS was FROM Customer")
    heads = read(
        f"SELECT SBVID, cCusCode AS code FROM SaleBillVouch WHERE {WINDOW} AND RTRIM(COALESCE(cChecker, '')) <> ''"
        " AND RTRIM(COALESCE(cInvalider, '')) = '' AND COALESCE(bFirst, 0) = 0"
    )
    lines = read("SELECT SBVID, iNatMoney AS money FROM SaleBillVouchs")
    orders = read(
        f"SELECT cCusCode AS code FROM SO_SOMain WHERE {WINDOW} AND RTRIM(COALESCE(cVerifier, '')) <> ''"
        " AND COALESCE(bReturnFlag, 0) = 0"
    )
    costs = read(
        "SELECT cCusCode AS code, iAOutPrice AS cost FROM IA_Subsidiary WHERE bSale = 1 AND bRdFlag = 0"
        f" AND iYear * 100 + iMonth BETWEEN {FIRST:%Y%m} AND {AFTER.year * 100 + AFTER.month - 1}"
    )

    sold = heads.merge(lines, on="SBVID").groupby("code")["money"].agg(["sum", "size"])
    ordered = orders.groupby("code").size()
    booked = costs.groupby("code")["cost"].sum()
    frame = customers.set_index("code")
    frame["revenue"] = sold["sum"].reindex(frame.index).fillna(0).astype("int64")
    frame["profit"] = frame["revenue"] - booked.reindex(frame.index).astype("Int64")
    frame["orders"] = ordered.reindex(frame.index).fillna(0).astype("int64")
    documents = sold["size"].reindex(frame.index).fillna(0) + frame["orders"]

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
        assert changed == (tier != was)
        yield code, kind, revenue, None if pd.isna(profit) else int(profit), orders, tier, was

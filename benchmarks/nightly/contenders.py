"""Who does the night's work: names, packages, where the configuration is documented, and how often one may run.

Each contender is a module with ``work(place, folder)``, which does it, and ``outcomes(result)``, which tells what it
came to. What a run takes is an estimate that only decides who runs how often, so that the whole stays below 20 minutes
on two cores; the figures are measured.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Final

__all__ = ["CONTENDERS", "SEVERAL", "Contender"]

SEVERAL: Final = 3
"""Runs of those that are quick; the figure is their median."""

_QUICK_S: Final = 30
_TOO_SLOW_S: Final = 300


@dataclass(frozen=True)
class Contender:
    """One way to do the work.

    Attributes:
        name: For people.
        module: In this package.
        seconds: Of one run over 100,000 customers, about, on two cores; it grows with the customers.
        documentation: The page that the configuration follows; null for our own.
        packages: To be imported -> to be installed. Empty when u8sync's own dependencies are enough.
        server: Whether it also reads from SQL Server.
    """

    name: str
    module: str
    seconds: float
    documentation: str | None = None
    packages: tuple[tuple[str, str], ...] = ()
    server: bool = False

    def missing(self) -> str | None:
        """Why it cannot run here, as an ending of "skipped: "; null when it can."""
        absent = [install for imported, install in self.packages if importlib.util.find_spec(imported) is None]
        return f"needs pip install {' '.join(absent)} (or all: pip install -e '.[bench]')" if absent else None

    def runs(self, customers: int) -> int:
        """How often over so many customers: several times, once, or not at all."""
        seconds = self.seconds * customers / 100_000
        return SEVERAL if seconds <= _QUICK_S else 1 if seconds <= _TOO_SLOW_S else 0


CONTENDERS: Final = (
    Contender("the database alone", "by_database", 4, server=True),
    Contender("u8sync", "by_u8sync", 14, server=True),
    Contender(
        "polars",
        "by_polars",
        4,
        "https://docs.pola.rs/api/python/stable/reference/api/polars.read_database_uri.html",
        (("connectorx", "connectorx"), ("arrow_odbc", "arrow-odbc"), ("pyarrow", "pyarrow")),
        server=True,
    ),
    Contender(
        "drt",
        "by_drt",
        8,
        "https://github.com/drt-hub/drt/blob/main/docs/llm/API_REFERENCE.md",
        (("drt", "drt-core"),),
    ),
    Contender(
        "dlt and DuckDB",
        "by_dlt",
        9,
        "https://dlthub.com/docs/dlt-ecosystem/verified-sources/sql_database/configuration",
        (("dlt", "'dlt[duckdb,parquet,sql-database]'"), ("duckdb", "duckdb"), ("connectorx", "connectorx")),
    ),
    Contender(
        "pandas",
        "by_pandas",
        14,
        "https://pandas.pydata.org/docs/user_guide/io.html#sql-queries",
        (("pandas", "pandas"),),
        server=True,
    ),
    Contender(
        "Singer, tap to target",
        "by_singer",
        140,
        "https://sdk.meltano.com/en/latest/batch.html",
        (("singer_sdk", "'singer-sdk[msgspec]'"), ("msgspec", "msgspec")),
    ),
)

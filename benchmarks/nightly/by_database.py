"""The database alone: one grouped query, its rows fetched and thrown into a list."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.nightly.job import UNIT, Outcome
from benchmarks.nightly.place import Place
from benchmarks.nightly.query import GROUPED


def work(place: Place, folder: Path) -> list[Any]:  # noqa: ARG001
    """Ask it."""
    if place.file is not None:
        import sqlite3

        with closing(sqlite3.connect(place.file)) as connection:
            return connection.execute(GROUPED).fetchall()
    import pyodbc

    with closing(pyodbc.connect(place.odbc)) as connection:
        return connection.execute(_for_sql_server(GROUPED)).fetchall()


def _for_sql_server(statement: str) -> str:
    """Its ``money`` in whole ten-thousandths, and Chinese words in Unicode, whatever the database's collation is."""
    statement = re.sub(r"SUM\(([\w.]+)\)", rf"SUM(CAST(\1 * {UNIT} AS bigint))", statement)
    return re.sub(r"'[^']*[^\x00-\x7f'][^']*'", r"N\g<0>", statement)


def outcomes(rows: list[Any]) -> Iterable[Outcome]:
    """What it came to."""
    return map(tuple, rows)

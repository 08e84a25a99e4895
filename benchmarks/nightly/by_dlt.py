"""dlt: the source ``sql_database`` into DuckDB, then one grouped statement in DuckDB.

As its documentation advises: a backend of Arrow tables, which skips the normalizer, and Parquet files to DuckDB; only
the columns that are needed (``included_columns``), and the source filtered by ``query_adapter_callback``. Of the two
such backends it recommends PyArrow for larger tables and calls ConnectorX significantly faster where it fits: from
SQLite it takes half of PyArrow's processor time, so it is the one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.nightly.job import Outcome
from benchmarks.nightly.landed import GROUPED_LANDED
from benchmarks.nightly.place import Place
from benchmarks.nightly.reads import READS, Read


def work(place: Place, folder: Path) -> list[Any]:
    """Load, then ask DuckDB."""
    # Settings, state and the telemetry's choice are looked up when dlt is imported; the process is a child, made for
    # this. sql_ci_v1: names as the source has them, in small letters.
    os.environ.update(
        {
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "RUNTIME__LOG_LEVEL": "ERROR",
            "DLT_DATA_DIR": str(folder / "dlt"),
            "DLT_PROJECT_DIR": str(folder),
            "SCHEMA__NAMING": "sql_ci_v1",
        }
    )
    import dlt
    from sqlalchemy import create_engine

    engine = create_engine(place.url)
    pipeline = dlt.pipeline(
        "nightly",
        pipelines_dir=str(folder / "pipelines"),
        destination=dlt.destinations.duckdb(str(folder / "landed.duckdb")),
        dataset_name="u8",
    )
    pipeline.run([_resource(engine, what) for what in READS], loader_file_format="parquet")
    with pipeline.sql_client() as client, client.execute_query(GROUPED_LANDED) as cursor:
        return cursor.fetchall()


def _resource(engine: Any, what: Read) -> Any:
    import sqlalchemy as sa
    from dlt.sources.sql_database import sql_table

    resource = sql_table(
        engine,
        what.table,
        backend="connectorx",
        backend_kwargs={"conn": f"sqlite://{engine.url.database}"},  # it counts slashes otherwise than SQLAlchemy
        included_columns=list(what.columns.values()),
        query_adapter_callback=(lambda query, _: query.where(sa.text(what.where))) if what.where else None,
        write_disposition="replace",
    )
    return resource.apply_hints(primary_key=[])  # the source's key is not among the columns of most


def outcomes(rows: list[Any]) -> Iterator[Outcome]:
    """What it came to."""
    yield from map(tuple, rows)

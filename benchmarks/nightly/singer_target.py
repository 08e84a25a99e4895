"""A target that is a SQLite file, on the Singer SDK: ``python -m benchmarks.nightly.singer_target``.

``SQLTarget`` with a connector and the SDK's own sink, messages by its msgspec reader.
"""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th
from singer_sdk.contrib.msgspec import MsgSpecReader
from singer_sdk.sql import SQLConnector, SQLSink, SQLTarget


class _Connector(SQLConnector):
    allow_column_alter = False

    def get_sqlalchemy_url(self, config: dict[str, Any]) -> str:
        return f"sqlite:///{config['file']}"


class _Sink(SQLSink[_Connector]):
    connector_class = _Connector


class SQLiteTarget(SQLTarget):
    """Tables of a SQLite file."""

    name = "target-u8"
    default_sink_class = _Sink
    message_reader_class = MsgSpecReader
    max_parallelism = 1  # SQLite has one writer
    config_jsonschema = th.PropertiesList(th.Property("file", th.StringType, required=True)).to_dict()


if __name__ == "__main__":
    SQLiteTarget.cli()

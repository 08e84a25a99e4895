"""A tap for U8's SQLite file on the Singer SDK: ``python -m benchmarks.nightly.singer_tap``.

As small as the SDK's guide makes one: ``SQLTap`` with a connector and a stream, messages by its msgspec writer, which
is the faster of its two. What a stream reads is filtered in ``apply_query_filters``, the place that the SDK has for it.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from singer_sdk import SQLConnector, SQLStream, SQLTap
from singer_sdk import typing as th
from singer_sdk.contrib.msgspec import MsgSpecWriter

from benchmarks.nightly.reads import READS

_WHERE: Final = {read.table: read.where for read in READS}


class _Connector(SQLConnector):
    def get_sqlalchemy_url(self, config: dict[str, Any]) -> str:
        return f"sqlite:///{config['file']}"


class _Stream(SQLStream):
    connector_class = _Connector

    def apply_query_filters(self, query: Any, table: Any, *, context: Any = None) -> Any:
        query = super().apply_query_filters(query, table, context=context)
        where = _WHERE[table.name]
        return query.where(sa.text(where)) if where else query


class U8Tap(SQLTap):
    """Streams of an account set."""

    name = "tap-u8"
    default_stream_class = _Stream
    message_writer_class = MsgSpecWriter
    config_jsonschema = th.PropertiesList(th.Property("file", th.StringType, required=True)).to_dict()


if __name__ == "__main__":
    U8Tap.cli()

"""Values keep what they are on their way, in results and as parameters, with every driver."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import odbc
import pytest
from tds.scripted import ScriptedEngine
from tds.seam import Column, Done, Parameter, Reply, Result
from tds.server import TdsServer

VALUES: list[tuple[Column, Any]] = [
    (Column("c", "nvarchar", 20), "用友软件"),
    (Column("c", "nvarchar", 20), "gift 🎁"),
    (Column("c", "nvarchar", 20), ""),
    (Column("c", "nvarchar", 4000), "长" * 4000),
    (Column("c", "nvarchar", -1), "长" * 50_000),
    (Column("c", "nvarchar", -1), ""),
    (Column("c", "varchar", 20), "客户 A"),
    # Microsoft's driver (18.6 on Linux) garbles double-byte varchar from about 620 characters on.
    (Column("c", "varchar", -1), "客" * 600),
    (Column("c", "varchar", -1), "x" * 40_000),
    (Column("c", "tinyint"), 255),
    (Column("c", "smallint"), -32_768),
    (Column("c", "int"), -2_147_483_648),
    (Column("c", "bigint"), -9_223_372_036_854_775_808),
    (Column("c", "bigint"), 9_223_372_036_854_775_807),
    (Column("c", "bit"), True),
    (Column("c", "bit"), False),
    (Column("c", "float"), -1.5e300),
    (Column("c", "decimal", precision=9, scale=2), Decimal("-1234567.89")),
    (Column("c", "decimal", precision=19, scale=0), Decimal(10**18)),
    (Column("c", "decimal", precision=38, scale=4), Decimal("-9999999999999999999999999999999999.9999")),
    (Column("c", "money"), Decimal("-922337203685477.5808")),
    (Column("c", "money"), Decimal("0.0001")),
    (Column("c", "datetime"), dt.datetime(1753, 1, 1)),  # noqa: DTZ001
    (Column("c", "datetime"), dt.datetime(2019, 3, 4, 23, 59, 59, 997_000)),  # noqa: DTZ001
    (Column("c", "datetime2", scale=7), dt.datetime(2019, 3, 4, 5, 6, 7, 123_456)),  # noqa: DTZ001
    (Column("c", "datetime2", scale=0), dt.datetime(9999, 12, 31, 23, 59, 59)),  # noqa: DTZ001
    (Column("c", "datetime2", scale=3), dt.datetime(1, 1, 1, 0, 0, 0, 5000)),  # noqa: DTZ001
    (Column("c", "date"), dt.date(2019, 2, 28)),
    (Column("c", "binary", 8), bytes.fromhex("00000000000007d1")),
    (Column("c", "varbinary", 20), b"\x00\xff\x01"),
    (Column("c", "varbinary", -1), b"\x00\xff" * 30_000),
]


def _label(column: Column, value: Any) -> str:
    return f"{column.type}({column.size},{column.precision},{column.scale}) {str(value)[:12]!a}"


def _answering(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> ScriptedEngine:
    def script(_sql: str, _parameters: Sequence[Parameter]) -> Iterator[Reply]:
        yield Result(columns, rows)

    return ScriptedEngine(script)


@pytest.mark.parametrize(("column", "value"), VALUES, ids=[_label(*case) for case in VALUES])
def test_a_result_arrives_as_it_was_sent_and_so_does_null(driver: str, column: Column, value: Any) -> None:
    with (
        TdsServer(_answering([column], [(value,), (None,), (value,)])) as server,
        odbc.connection(driver, server.port) as connection,
    ):
        rows = connection.cursor().execute("SELECT c FROM t").fetchall()
    assert [row[0] for row in rows] == [value, None, value]


def test_a_row_of_all_types_keeps_its_columns_apart(driver: str) -> None:
    columns = [Column(f"列{place}", column.type, column.size, column.precision, column.scale)
               for place, (column, _) in enumerate(VALUES)]  # fmt: skip
    row = [value for _, value in VALUES]
    with (
        TdsServer(_answering(columns, [row, [None] * len(row)])) as server,
        odbc.connection(driver, server.port) as connection,
    ):
        cursor = connection.cursor().execute("SELECT * FROM t")
        names = [column[0] for column in cursor.description]
        rows = [list(found) for found in cursor.fetchall()]
    assert names == [column.name for column in columns]
    assert rows == [row, [None] * len(row)]


PARAMETERS: list[Any] = [
    "c001", "用友软件", "gift 🎁", "", "x" * 3999, "长" * 20_000, 0, 255, -1, 32_768, -2_147_483_648, 2**40, -(2**63),
    True, False, -1.5, Decimal("0.01"), Decimal("-1234567890123456789012345678.1234"), dt.date(2019, 2, 28),
    dt.datetime(2019, 3, 4, 5, 6, 7, 123_000), b"\x00\x01\xff", b"\xff" * 20_000, None,  # noqa: DTZ001
]  # fmt: skip


@pytest.mark.parametrize(
    "value", PARAMETERS, ids=[f"{type(value).__name__} {str(value)[:14]!a}" for value in PARAMETERS]
)
def test_a_parameter_arrives_as_it_was_given(driver: str, value: Any) -> None:
    with TdsServer(ScriptedEngine()) as server, odbc.connection(driver, server.port) as connection:
        connection.cursor().execute("UPDATE t SET a = ? WHERE b = ?", (value, 7))
        # Long values are sent after a statement was prepared for them.
        asked = [request for request in server.requests
                 if request.sql.startswith("UPDATE") and request.procedure != "sp_prepare"]  # fmt: skip
    assert [[parameter.value for parameter in request.parameters] for request in asked] == [[value, 7]]


@pytest.mark.parametrize("version", ["7.4", "7.3", "7.2"])
def test_freetds_speaks_older_versions_of_the_protocol(version: str) -> None:
    def script(_sql: str, parameters: Sequence[Parameter]) -> Iterator[Reply]:
        yield Result([Column("c", "nvarchar", 20)], [(parameters[0].value,)])

    with (
        TdsServer(ScriptedEngine(script)) as server,
        odbc.connection("freetds", server.port, TDS_Version=version) as connection,
    ):
        assert connection.cursor().execute("SELECT ?", ("用友",)).fetchall()[0][0] == "用友"


def test_a_count_is_told_and_statements_without_one_tell_none(driver: str) -> None:
    def script(sql: str, _parameters: Sequence[Parameter]) -> Iterator[Reply]:
        yield Done(3 if "UPDATE" in sql else 0 if "DELETE" in sql else None)

    with TdsServer(ScriptedEngine(script)) as server, odbc.connection(driver, server.port) as connection:
        cursor = connection.cursor()
        counts = [cursor.execute(sql).rowcount for sql in ("UPDATE t SET a = 1", "DELETE t", "SET NOCOUNT OFF")]
        bound = cursor.execute("UPDATE t SET a = ?", (1,)).rowcount
    # FreeTDS cannot say that there is no count.
    assert counts == [3, 0, 0 if driver == "freetds" else -1]
    assert bound == 3


def test_two_hundred_thousand_rows_come_as_a_stream(driver: str) -> None:
    made = []

    def rows() -> Iterator[tuple[str, int]]:
        for number in range(200_000):
            made.append(number)
            yield f"C{number:06}", number

    def script(_sql: str, _parameters: Sequence[Parameter]) -> Iterator[Reply]:
        yield Result([Column("code", "nvarchar", 20), Column("n", "int")], rows())

    with TdsServer(ScriptedEngine(script)) as server, odbc.connection(driver, server.port) as connection:
        cursor = connection.cursor().execute("SELECT code, n FROM t")
        total = len(cursor.fetchmany(10))
        # A server that builds the result first would have made all rows by now.
        made_at_first = len(made)
        while batch := cursor.fetchmany(5000):
            total += len(batch)
    assert total == 200_000
    assert made_at_first < 200_000

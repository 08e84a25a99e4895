"""The tables of U8 and their types: exact in SQLite, and fit for an old SQL Server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, bindparam, create_engine, func, insert, select, update
from sqlalchemy.dialects import mssql
from sqlalchemy.exc import StatementError

from u8sync.backends.u8_schema import (
    ARCHIVE,
    ITEM_IDS,
    METADATA,
    SELF_DEFINED_IDS,
    WRITABLE,
    Customer,
    CustomerClass,
    SaleBillVouch,
    SaleBillVouchs,
    create_rowversion_triggers,
    rowversion_triggers,
)


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        METADATA.create_all(connection)
        yield connection
    engine.dispose()


def versions(connection: Connection) -> dict[str, int]:
    found = {}
    for table, key in ((Customer, "cCusCode"), (CustomerClass, "cCCCode")):
        found |= {code: int(version, 16) for code, version in connection.execute(select(table.c[key], table.c.pubufts))}
    return found


def customer(code: str, **values: object) -> dict[str, object]:
    return {"cCusCode": code, "cCusAbbName": code, **values}


def test_self_defined_items_have_the_ids_of_u8() -> None:
    assert SELF_DEFINED_IDS == {
        "cCusDefine1": "11", "cCusDefine2": "12", "cCusDefine3": "13", "cCusDefine4": "65", "cCusDefine5": "66",
        "cCusDefine6": "67", "cCusDefine7": "68", "cCusDefine8": "69", "cCusDefine9": "70", "cCusDefine10": "71",
    }  # fmt: skip


def test_items_that_are_no_text_have_the_ids_of_u8_too() -> None:
    others = {item: id_ for item, id_ in ITEM_IDS.items() if item not in SELF_DEFINED_IDS}
    assert others == {
        "cCusDefine11": "72", "cCusDefine12": "73", "cCusDefine13": "74",
        "cCusDefine14": "75", "cCusDefine15": "76", "cCusDefine16": "77",
    }  # fmt: skip


def test_only_text_columns_may_ever_be_written() -> None:
    assert {ARCHIVE[name].kind for name in WRITABLE} == {"text"}
    assert all(ARCHIVE[name].width for name in WRITABLE)


def test_every_column_that_may_be_read_says_what_it_means() -> None:
    assert all(column.meaning for column in ARCHIVE.values())


@given(amounts=st.lists(st.decimals(min_value=-(10**13), max_value=10**13, places=4), min_size=1, max_size=20))
def test_money_survives_the_database_and_adds_up_exactly(amounts: Any) -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        METADATA.create_all(connection, tables=[SaleBillVouchs])
        lines = [{"AutoID": at, "SBVID": 1, "iNatMoney": amount} for at, amount in enumerate(amounts)]
        connection.execute(insert(SaleBillVouchs), lines)
        kept = connection.scalars(select(SaleBillVouchs.c.iNatMoney).order_by(SaleBillVouchs.c.AutoID)).all()
        assert kept == amounts
        assert all(amount.as_tuple().exponent == -4 for amount in kept)
        assert connection.scalar(select(func.sum(SaleBillVouchs.c.iNatMoney))) == sum(amounts)
    engine.dispose()


def test_money_with_more_than_four_decimals_is_an_error_not_a_rounding(connection: Any) -> None:
    with pytest.raises(StatementError, match="four decimals"):
        connection.execute(insert(SaleBillVouchs).values(AutoID=1, SBVID=1, iNatMoney=Decimal("0.00001")))


def test_days_are_text_that_sorts_as_time_does(connection: Any) -> None:
    late = datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 -- wall-clock time, as U8 keeps it
    days = [date(2026, 1, 2), late, date(2026, 1, 3)]
    connection.execute(insert(Customer), [customer(str(at), dCusDevDate=day) for at, day in enumerate(days)])
    stored = connection.exec_driver_sql('SELECT "dCusDevDate" FROM "Customer" ORDER BY 1').scalars().all()
    assert stored == ["2026-01-02 00:00:00", "2026-01-02 03:04:05", "2026-01-03 00:00:00"]
    before = Customer.c.dCusDevDate < date(2026, 1, 3)
    assert connection.scalars(select(Customer.c.dCusDevDate).where(before)).all() == [date(2026, 1, 2)] * 2


def test_every_insert_and_update_moves_the_row_version(connection: Any) -> None:
    create_rowversion_triggers(connection)
    connection.execute(insert(Customer), [customer("A"), customer("B")])
    connection.execute(insert(CustomerClass).values(cCCCode="01"))
    first = versions(connection)
    assert sorted(first.values()) == [1, 2, 3]
    connection.execute(update(Customer).where(Customer.c.cCusCode == "A").values(cCusName="x"))
    second = versions(connection)
    assert second == {**first, "A": 4}
    connection.execute(update(Customer).values(cCusName="x"))
    connection.execute(update(CustomerClass).values(cCCName="x"))
    third = versions(connection)
    assert len(set(third.values())) == 3
    assert min(third.values()) > max(second.values())


def test_a_bulk_load_sets_its_own_row_versions_and_the_counter_goes_on(connection: Any) -> None:
    connection.execute(insert(Customer), [customer("A", pubufts="0x0000000000000001"), customer("B", pubufts="0x1F")])
    connection.execute(insert(CustomerClass).values(cCCCode="01", pubufts="0x2"))
    create_rowversion_triggers(connection)
    assert versions(connection) == {"A": 1, "B": 0x1F, "01": 2}
    connection.execute(update(Customer).where(Customer.c.cCusCode == "A").values(cCusName="x"))
    assert versions(connection) == {"A": 0x20, "B": 0x1F, "01": 2}


def test_there_are_two_triggers_for_each_archive() -> None:
    assert len(rowversion_triggers()) == 4


@pytest.mark.parametrize(
    ("statement", "spelled"),
    [
        (
            select(Customer.c.cCusCode)
            .where(Customer.c.cCusCode > bindparam("k"))
            .order_by(Customer.c.cCusCode)
            .limit(5),
            "SELECT TOP",
        ),
        (update(Customer).where(Customer.c.pubufts == bindparam("v")).values(cCusDefine4="x"), "UPDATE [Customer] SET"),
        (select(func.max(SaleBillVouch.c.dDate)), "SELECT max("),
    ],
)
def test_statements_are_fit_for_an_old_sql_server(statement: Any, spelled: Any) -> None:
    words = str(statement.compile(dialect=mssql.dialect()))
    assert spelled in words
    assert not [word for word in ("OFFSET", "FETCH", "MERGE", "OUTPUT") if word in words.upper()]


def test_amounts_days_and_row_versions_have_their_own_types_on_sql_server() -> None:
    types = {
        column: table.c[column].type.compile(dialect=mssql.dialect())
        for table, column in (
            (SaleBillVouchs, "iNatMoney"),
            (SaleBillVouch, "dDate"),
            (SaleBillVouch, "bFirst"),
            (Customer, "pubufts"),
        )
    }
    assert types == {"iNatMoney": "MONEY", "dDate": "DATETIME", "bFirst": "BIT", "pubufts": "ROWVERSION"}

"""Which database is meant, pure."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from u8sync.backends.sqlserver.account_sets import AccountDatabases, YearDatabase, choose
from u8sync.errors import FatalError, InputError

YEARS = (
    YearDatabase("UFDATA_001_2019", 2019, 2025, date(2019, 1, 1), accessible=True),
    YearDatabase("Handel", 2026, 2026, date(2026, 1, 1), accessible=True),
    YearDatabase("UFDATA_001_2027", 2027, None, date(2026, 12, 26), accessible=True),
)
FOUND = (
    AccountDatabases("001", "贸易", YEARS),
    AccountDatabases("00a", "工业", (YearDatabase("UFDATA_00a_2020", 2020, None, date(2020, 1, 1), accessible=False),)),
)


def chosen(**values: Any) -> AccountDatabases:
    wanted = {"code": None, "database": None, "today": date(2026, 11, 23), "server": "erp", **values}
    return choose(FOUND, **wanted)


def test_the_database_in_use_is_that_of_the_fiscal_year_of_today() -> None:
    assert [year.name for year in chosen(code="001").databases] == ["UFDATA_001_2019", "Handel"]
    assert chosen(code="001", today=date(2026, 12, 26)).current.name == "UFDATA_001_2027"
    assert chosen(code="001", today=date(2018, 1, 1)).current.name == "UFDATA_001_2019"


def test_a_named_database_brings_the_years_before_it_and_not_those_after() -> None:
    account = chosen(database="handel", code="001")
    assert (account.code, account.name) == ("001", "贸易")
    assert [year.name for year in account.databases] == ["UFDATA_001_2019", "Handel"]


@pytest.mark.parametrize(
    ("database", "code", "expected"),
    [("UFDATA_077_2015", None, "077"), ("UFDATA_WH", "077", "077"), ("Lager", None, "Lag")],
)
def test_a_database_that_u8_does_not_list_stands_alone(database: str, code: str | None, expected: str) -> None:
    account = chosen(database=database, code=code)
    assert (account.code, account.current.name, len(account.databases)) == (expected, database, 1)


def test_an_account_set_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(FatalError, match="no account set 009") as raised:
        chosen(code="009")
    assert "001, 00a" in str(raised.value.hint)


def test_a_database_that_may_not_be_entered_is_told() -> None:
    with pytest.raises(FatalError, match="may not enter the database UFDATA_00a_2020") as raised:
        chosen(code="00A")
    assert "u8sync grants" in str(raised.value.hint)


def test_no_account_set_is_guessed() -> None:
    with pytest.raises(InputError, match="Neither 'account' nor 'database' is given"):
        chosen()

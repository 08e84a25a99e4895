"""The T-SQL that writes: what it says, and that no value can become a part of it."""

from __future__ import annotations

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from u8sync.backends.sqlserver.dialect import quoted, set_update

STAMPS = {"cModifyPerson": "u8sync", "dModifyDate": datetime(2026, 4, 1, 18, 30)}  # noqa: DTZ001 - U8's wall clock


def test_many_customers_are_written_by_one_statement() -> None:
    rows = [
        {"key": "C001", "version": "0x01", "new_cCusDefine5": "VIP", "new_cCCCode": "0101"},
        {"key": "007", "version": "0x02", "new_cCusDefine5": None, "new_cCCCode": "0102"},
    ]
    statement, parameters = set_update(["cCusDefine5", "cCCCode"], rows, STAMPS)
    assert statement == (
        "UPDATE [Customer] SET [cModifyPerson] = ?, [dModifyDate] = ?,"
        " [cCusDefine5] = planned.[new_cCusDefine5], [cCCCode] = planned.[new_cCCCode]"
        " FROM [Customer] INNER JOIN (VALUES (?, ?, ?, ?), (?, ?, NULL, ?))"
        " AS planned ([key], [version], [new_cCusDefine5], [new_cCCCode])"
        " ON [Customer].[cCusCode] = planned.[key]"
        " AND CONVERT(varchar(18), CONVERT(binary(8), [Customer].[pubufts]), 1) = planned.[version]"
    )
    assert parameters == ("u8sync", STAMPS["dModifyDate"], "C001", "0x01", "VIP", "0101", "007", "0x02", "0102")


@given(st.lists(st.tuples(st.text(), st.none() | st.text()), min_size=1, max_size=20))
def test_no_value_gets_into_the_statement(values: list[tuple[str, str | None]]) -> None:
    rows = [{"key": code, "version": "0x01", "new_cCusDefine5": new} for code, new in values]
    statement, parameters = set_update(["cCusDefine5"], rows, STAMPS)
    harmless = [{**row, "key": "x", "new_cCusDefine5": None if row["new_cCusDefine5"] is None else "x"} for row in rows]
    assert statement == set_update(["cCusDefine5"], harmless, STAMPS)[0]
    assert statement.count("?") == len(parameters)


@given(st.text(min_size=1))
def test_a_quoted_name_is_one_name(name: str) -> None:
    inside = quoted(name)[1:-1]
    assert "]" not in inside.replace("]]", "")
    assert inside.replace("]]", "]") == name

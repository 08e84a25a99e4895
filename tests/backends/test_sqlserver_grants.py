"""The script of the rights: what it says in full, and what it never does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from u8sync.backends.sqlserver.grants import grants_script
from u8sync.backends.sqlserver.rights import needed_rights
from u8sync.ports import Needs

GOLDEN = Path(__file__).parent / "grants.sql"

NEEDS = Needs(
    frozenset({"cCusCode", "cCusName", "cCusMngTypeCode", "cCusDefine5", "dEndDate"}),
    frozenset({"cCusDefine5"}),
    writing=True,
)
RIGHTS = needed_rights(NEEDS, archives=["UFDATA_001_2019"], earlier=["UFDATA_001_2015"], receipts="u8sync.receipt")


def script(*, reader: str = "u8sync_r", writer: str | None = "u8sync_w") -> str:
    return grants_script(RIGHTS, reader=reader, writer=writer)


def test_the_script_is_the_one_that_was_reviewed() -> None:
    assert script(writer=r"ERP\u8sync_w$") == GOLDEN.read_text(encoding="utf-8")


def test_it_makes_no_login_before_somebody_puts_a_password_in() -> None:
    made = re.findall(r"CREATE LOGIN (\S+) WITH PASSWORD = (.+?), ", script())
    assert made == [("[u8sync_r]", "<N'password'>"), ("[u8sync_w]", "<N'password'>")]


def test_a_windows_account_gets_no_password() -> None:
    text = script(reader="ERP\\reader", writer="ERP\\writer")
    assert "CREATE LOGIN [ERP\\reader] FROM WINDOWS;" in text
    assert "PASSWORD" not in text


def test_names_are_quoted_wherever_they_stand() -> None:
    text = script(reader="o'brien]; DROP DATABASE x--")
    outside = re.sub(r"\[(?:[^\]]|\]\])*\]|N'(?:[^']|'')*'", "", text.split("USE [master]", 1)[1])
    assert "DROP" not in outside
    assert "brien" not in outside
    assert "[o'brien]]; DROP DATABASE x--]" in text
    assert "N'o''brien]; DROP DATABASE x--'" in text


def test_the_writer_may_read_and_the_reader_may_not_write() -> None:
    members = re.findall(r"sp_addrolemember N'(\w+)', N'(\w+)'", script())
    assert set(members) == {
        ("u8sync_reader_role", "u8sync_r"),
        ("u8sync_reader_role", "u8sync_w"),
        ("u8sync_writer_role", "u8sync_w"),
    }
    for permission, role in re.findall(r"GRANT (\w+)[^;]* TO \[(\w+)\];", script()):
        assert permission in ("SELECT", "VIEW") or role == "u8sync_writer_role"


def test_one_login_may_be_both() -> None:
    text = script(reader="u8sync", writer="u8sync")
    assert text.count("CREATE LOGIN") == 1
    assert "sp_addrolemember N'u8sync_writer_role', N'u8sync';" in text


def test_without_writing_there_is_neither_writer_nor_update() -> None:
    rights = needed_rights(Needs(NEEDS.reads, NEEDS.writes, writing=False), archives=["a"])
    text = grants_script(rights, reader="u8sync_r", writer=None)
    assert "u8sync_w" not in text
    assert "UPDATE" not in text


@pytest.mark.parametrize(
    "word", ["DROP", "DELETE", "ALTER", "db_owner", "db_datareader", "sysadmin", "CONTROL", "DENY", "TRY_", "CONCAT("]
)
def test_it_takes_nothing_away_gives_no_role_of_the_server_and_uses_no_newer_words(word: str) -> None:
    assert word not in script()


def test_every_statement_may_be_run_again() -> None:
    for line, before in zip(script().splitlines()[1:], script().splitlines(), strict=False):
        if "CREATE " in line and not line.lstrip().startswith("--"):
            assert "IF " in f"{before} {line}", line


def test_remarks_are_comments() -> None:
    text = grants_script(RIGHTS, reader="r", writer="w", remarks=["one", "two"])
    assert "\n-- one\n-- two\n\nUSE [master];" in text

"""The sheet for the sales office: what it looks like, and that it comes back as it went out whatever stands in U8."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from payloads import PAYLOADS

from u8sync.config.table_sheet import answers, read_sheet
from u8sync.domain.coverage import ValueLine
from u8sync.domain.operators.words import BLANKS
from u8sync.domain.table_lines import left_side, writable
from u8sync.domain.table_sheet import HIDDEN, MEANING, SHEET, SheetRow, merge, sheet_rows
from u8sync.domain.tables import Match, TableEntry, ValueTable
from u8sync.errors import InputError
from u8sync.report.cells import defused
from u8sync.report.table_sheet import save_table_sheet
from u8sync.text import Place

LINES = {"01": "一般", "007": "重要"}


def table(lines: dict[str, str], match: Match = "exact") -> ValueTable:
    entries = tuple(TableEntry(left, meaning, Place("m.yaml", 9, 7)) for left, meaning in lines.items())
    return ValueTable("types", entries, "issue", Place("m.yaml", 7, 3), match=match)


def rows(of: ValueTable, *seen: str) -> tuple[SheetRow, ...]:
    others = {value: ValueLine(value, 3, None, None, "unmapped") for value in seen}
    return sheet_rows(of, {of.entries[0]: 5}, others, {"01": "Ordinary"})


@pytest.fixture
def book(tmp_path: Path) -> Workbook:
    path = tmp_path / "out.xlsx"
    save_table_sheet(path, table(LINES), "mappings/m.yaml", rows(table(LINES), "08", "一般客户"))
    return load_workbook(path)


def test_there_is_one_row_a_value_and_what_is_open_comes_first(book: Workbook) -> None:
    found = list(book[SHEET].iter_rows(values_only=True))
    assert found[0] == ("值 Value", "名称 Name", "客户数 Customers", "状态 State", MEANING, "备注 Remark")
    assert [(row[0], row[1], row[2], row[4]) for row in found[1:]] == [
        ("08", "", 3, None),
        ("一般客户", "", 3, None),
        ("01", "Ordinary", 5, "一般"),
        ("007", "", 0, "重要"),
    ]
    assert str(found[2][5]).startswith(("一般?", "一般？")), "a proposal stands in the remark"


def test_values_are_text_and_locked_and_meanings_are_not(book: Workbook) -> None:
    sheet = book[SHEET]
    assert sheet.protection.sheet
    assert not sheet.protection.password
    for row in sheet.iter_rows(min_row=2):
        assert row[0].data_type == "s"
        assert row[0].number_format == row[4].number_format == "@"
        assert [cell.protection.locked for cell in row] == [True, True, True, True, False, False]
    assert not book[SHEET].column_dimensions["A"].protection.locked, "rows of one's own can be added below"


def test_the_head_stays_in_sight_and_columns_are_wide_enough(book: Workbook) -> None:
    sheet = book[SHEET]
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref == "A1:F5"
    assert all(sheet.column_dimensions[letter].width >= 18 for letter in "ACDEF")


def test_meanings_are_chosen_from_a_list_and_others_are_possible_after_a_warning(book: Workbook) -> None:
    [rule] = book[SHEET].data_validations.dataValidation
    assert (rule.type, rule.errorStyle, rule.formula1) == ("list", "warning", f"{HIDDEN}!$B$1:$B$2")
    assert [book[HIDDEN].cell(row, 2).value for row in (1, 2)] == ["一般", "重要"]
    assert "E2" in str(rule.sqref)


def test_a_sheet_explains_in_both_languages_and_says_where_it_comes_from(book: Workbook) -> None:
    told = "\n".join(str(cell) for row in book.worksheets[1].iter_rows(values_only=True) for cell in row if cell)
    assert "Values are text: 007 is not 7" in told
    assert "types" in told
    assert "mappings/m.yaml" in told
    assert book[HIDDEN].sheet_state == "hidden"


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        save_table_sheet(tmp_path / "no" / "x.xlsx", table(LINES), "m.yaml", rows(table(LINES)))


def test_nothing_in_the_workbook_acts(tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    hostile = table({value: "一般" for value in PAYLOADS if left_side(value, "exact")})
    save_table_sheet(path, hostile, "m.yaml", rows(hostile, *(f"{value}!" for value in PAYLOADS)))
    for sheet in load_workbook(path):
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                assert cell.hyperlink is None


# The law --------------------------------------------------------------------------------------------------------------

VALUES = st.one_of(
    st.sampled_from(
        [*PAYLOADS, "007", "7", "1e3", "1000", "TRUE", "2026-01-02", "_x0041_", "'=1", "=1", "#N/A", "a\nb"]
    ),
    st.text(min_size=1, max_size=6),
    st.text("01='-_x \t", min_size=1, max_size=4),
)
MEANINGS = st.one_of(st.sampled_from(["一般", "重要", "=A", "'", "-1", "01", "a: b"]), st.text(min_size=1, max_size=4))


def usable(meaning: str) -> bool:
    return writable(meaning) and meaning == meaning.strip(BLANKS).strip() and len(meaning.splitlines()) == 1


@settings(deadline=None, max_examples=80)
@given(
    lines=st.dictionaries(VALUES, MEANINGS.filter(usable), min_size=1, max_size=4),
    seen=st.lists(VALUES, max_size=4, unique=True),
    match=st.sampled_from(["exact", "pattern"]),
    fill=st.booleans(),
)
def test_a_sheet_comes_back_as_it_went_out(*, lines: dict[str, str], seen: list[str], match: Match, fill: bool) -> None:
    sound = {left: meaning for left, meaning in lines.items() if left_side(left, "exact") == left} or {"01": "一般"}
    now = table(sound, match)
    out = rows(now, *seen)
    if len({defused(row.value) for row in out}) < len(out) or len(set(map(defused, now.results))) < len(now.results):
        return  # two that look alike in a cell are refused, see the test of the reader
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.xlsx"
        save_table_sheet(path, now, "m.yaml", out)
        if fill:
            fill_in(path)
        filled = read_sheet(path)
    told = answers(filled, now, tuple, new_meanings=False)
    merged = merge(filled.exported, now.meanings, told.answers, remove_empty=True)
    assert told.notes == ()
    assert [answer.left for answer in told.answers] == [
        row.value if row.meaning is not None else left_side(row.value, match) for row in out
    ]
    added = {change.left: change.after for change in merged.changes}
    expected = [left_side(row.value, match) for row in out if row.meaning is None] if fill else []
    assert added == dict.fromkeys(expected, next(iter(sound.values())))


def fill_in(path: Path) -> None:
    """Choose the first meaning of the list for everything that is open."""
    book: Any = load_workbook(path)
    first = book[HIDDEN].cell(1, 2).value
    for row in book[SHEET].iter_rows(min_row=2):
        if row[4].value is None:
            row[4].value = first
            row[4].data_type = "s"
    book.save(path)

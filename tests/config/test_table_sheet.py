"""A filled-in sheet: each row is told apart whatever Excel made of it, or refused with its cell."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from u8sync.config.table_sheet import Filled, answers, read_sheet
from u8sync.domain.table_sheet import HIDDEN, MEANING, NAME, SHEET, VALUE, Exported
from u8sync.domain.tables import Match, TableEntry, ValueTable
from u8sync.errors import ConfigError, InputError
from u8sync.text import Place

LINES = {"01": "一般", "007": "重要", "TRUE": "VIP"}
SEEN = ("12", "x9", "1E3", "５")
Rows = Sequence[tuple[object, object]]


def table(lines: Mapping[str, str] = LINES, match: Match = "exact") -> ValueTable:
    entries = tuple(TableEntry(left, meaning, Place("m.yaml", 9, 7)) for left, meaning in lines.items())
    return ValueTable("types", entries, "issue", Place("m.yaml", 7, 3), match=match)


def exported(match: Match = "exact", lines: Mapping[str, str] = LINES, seen: tuple[str, ...] = SEEN) -> Exported:
    return Exported("types", "m.yaml", match, dict(lines), seen, {}, {m: m for m in lines.values()})


@pytest.fixture
def sheet(tmp_path: Path) -> Callable[..., Path]:
    """A workbook as it comes back: rows of value and meaning."""

    def make(rows: Rows, out: Exported | None = None, *, head: Sequence[str] = (VALUE, NAME, MEANING)) -> Path:
        book = Workbook()
        main = book.active
        assert main is not None
        main.title = SHEET
        main.append(head)
        for row in rows:
            main.append([row[0], None, *row[1:]])
        hidden = book.create_sheet(HIDDEN)
        for line in (out or exported()).written():
            hidden.append([line])
        path = tmp_path / "x.xlsx"
        book.save(path)
        return path

    return make


NOBODY: Collection[str] = ()


def told(
    filled: Filled, now: ValueTable | None = None, data: Collection[str] = NOBODY, *, new_meanings: bool = False
) -> list[tuple[str, str | None]]:
    found = answers(filled, now or table(), lambda: data, new_meanings=new_meanings)
    return [(each.left, each.meaning) for each in found.answers]


def refused(filled: Filled, **more: Any) -> list[str]:
    """What is refused: the sentence, and the hint behind it."""
    with pytest.raises(ConfigError) as error:
        told(filled, **more)
    return [f"{each.message} | {each.hint}" for each in error.value.problems]


def test_rows_are_read_in_the_order_of_the_sheet(sheet: Callable[..., Path]) -> None:
    filled = read_sheet(sheet([("x9", "重要"), ("12", None), ("01", "一般"), (None, None), ("007", "  ")]))
    assert told(filled) == [("x9", "重要"), ("12", None), ("01", "一般"), ("007", None)]
    assert [each.cell for each in answers(filled, table(), tuple, new_meanings=False).answers][:2] == [
        f"{SHEET}!C2",
        f"{SHEET}!C3",
    ]


@pytest.mark.parametrize(
    ("cell", "left"),
    [
        pytest.param(1, "01", id="a number that was 01"),
        pytest.param(1.0, "01", id="likewise, with decimals"),
        pytest.param("1", "01", id="a text that lost its zero"),
        pytest.param("7", "007", id="two zeros"),
        pytest.param(12, "12", id="a number that lost nothing"),
        pytest.param(1000.0, "1E3", id="a code that looks like a number with an exponent"),
        pytest.param(True, "TRUE", id="a truth value"),
        pytest.param(" x9 ", "x9", id="blanks"),
        pytest.param("ｘ９", "x9", id="full width"),
        pytest.param(5, None, id="a full-width figure is no number of ours"),
        pytest.param("5", "５", id="half width for full width"),
        pytest.param("x9\u3000", "x9", id="a full-width blank"),
        pytest.param("０１", "01", id="a full-width code"),
    ],
)
def test_a_value_is_read_as_the_one_that_it_can_stand_for(
    sheet: Callable[..., Path], cell: object, left: str | None
) -> None:
    filled = read_sheet(sheet([(cell, "重要")]))
    if left is None:
        assert "is neither in the table nor in the account set" in refused(filled)[0]
        return
    assert told(filled) == [(left, "重要")]
    notes = [str(each) for each in answers(filled, table(), tuple, new_meanings=False).notes]
    looks = "TRUE" if cell is True else str(cell)
    assert notes == ([] if looks == left else [f"{SHEET}!A2: {looks_like(cell)} was read as {left}"])


def looks_like(cell: object) -> str:
    """What a message shows of a cell."""
    return str(int(cell)) if isinstance(cell, float) else str(cell).strip()


def test_a_number_that_can_stand_for_two_codes_is_refused(sheet: Callable[..., Path]) -> None:
    out = exported(seen=("7", "1000", "1e3"))
    filled = read_sheet(sheet([(7, "重要"), ("7", "重要"), (1000, "VIP"), ("1000", "VIP")], out))
    assert refused(filled) == [
        f"{SHEET}!A2: 7 may stand for 007, 7 | Set the cell's format to text and type the value again.",
        f"{SHEET}!A4: 1000 may stand for 1000, 1e3 | Set the cell's format to text and type the value again.",
    ]


def test_all_problems_are_told_at_once(sheet: Callable[..., Path]) -> None:
    rows: Rows = [
        ("99", "重要"),
        ("01", "vip"),
        (date(2026, 1, 2), "重要"),
        (None, "重要"),
        ("12", date(2026, 1, 2)),
        ("x9", "=A1"),
        ("007", True),
        ("7", "重要"),
        ("TRUE", "x" * 61),
    ]
    found = refused(read_sheet(sheet(rows)))
    assert [each.split(" | ")[0] for each in found] == [
        f"{SHEET}!A2: '99' is neither in the table nor in the account set",
        f"{SHEET}!C3: the table 'types' has no meaning 'vip'",
        f"{SHEET}!A4: a date stands here; Excel made one of a text",
        f"{SHEET}!A5: a meaning is filled in, and its value is missing",
        f"{SHEET}!C6: a date stands here; Excel made one of a text",
        f"{SHEET}!C7: a formula stands here; copy the column and paste it as values",
        f"{SHEET}!C8: true or false stands here; a meaning is a text",
        f"{SHEET}!A9: '007' stands here again; it stands first at {SHEET}!A8",
        f"{SHEET}!C10: a meaning has at most 60 characters",
    ]
    assert "Did you mean 'VIP'?" in found[1]
    assert "--new-meanings" in found[1]


def test_a_row_of_its_own_needs_a_value_that_the_account_set_has(sheet: Callable[..., Path]) -> None:
    filled = read_sheet(sheet([("031", "重要"), (44, "VIP"), ("old", None)]))
    assert told(filled, data=["031", "044"]) == [("031", "重要"), ("044", "VIP")]
    assert refused(filled, data=["31", "044"]) == [
        f"{SHEET}!A2: '031' is neither in the table nor in the account set | Did you mean '01'?"
    ]


def test_the_account_set_is_not_asked_without_need(sheet: Callable[..., Path]) -> None:
    def fail() -> Collection[str]:
        raise AssertionError

    filled = read_sheet(sheet([("01", "重要"), ("12", "VIP"), ("99", None)]))
    assert len(answers(filled, table(), fail, new_meanings=False).answers) == 2


def test_a_line_that_came_into_the_table_meanwhile_is_known(sheet: Callable[..., Path]) -> None:
    filled = read_sheet(sheet([("77", "重要")]))
    assert told(filled, table({**LINES, "77": "一般"})) == [("77", "重要")]


def test_the_beginning_of_a_code_is_new_in_a_table_of_beginnings(sheet: Callable[..., Path]) -> None:
    out = exported("prefix", {"01": "一般"}, ("0202",))
    filled = read_sheet(sheet([("02", "一般"), ("0202", "一般")], out))
    now = table({"01": "一般"}, "prefix")
    assert told(filled, now, ["0101", "0202"]) == [("02", "一般"), ("0202", "一般")]
    assert "'02' is neither" in refused(filled, now=now, data=["0101"])[0]


def test_a_value_becomes_a_pattern_in_a_table_of_patterns(sheet: Callable[..., Path]) -> None:
    out = exported("pattern", {"0[12].*": "一般"}, ("a.b",))
    filled = read_sheet(sheet([("0[12].*", "一般"), ("a.b", "一般"), ("c+", "一般")], out))
    now = table({"0[12].*": "一般"}, "pattern")
    assert told(filled, now, ["c+"]) == [("0[12].*", "一般"), (r"a\.b", "一般"), (r"c\+", "一般")]
    assert "'c+' is neither" in refused(filled, now=now, data=["ccc"])[0]


@pytest.mark.parametrize(
    ("cell", "meaning"),
    [
        pytest.param(" 重要　", "重要", id="blanks"),
        pytest.param("ＶＩＰ", "VIP", id="full width"),
        pytest.param(5, "5", id="a number"),
        pytest.param(5.0, "5", id="a whole number with decimals"),
        pytest.param("客户\u200b", "客户\u200b", id="a mark that nobody sees stays what it is"),
    ],
)
def test_a_meaning_is_taken_as_the_known_one_where_it_is_that(
    sheet: Callable[..., Path], cell: object, meaning: str
) -> None:
    assert told(read_sheet(sheet([("12", cell)])), new_meanings=True) == [("12", meaning)]


def test_new_meanings_are_let_in_when_asked_and_old_ones_of_untouched_rows_always(sheet: Callable[..., Path]) -> None:
    filled = read_sheet(sheet([("01", "一般"), ("12", "核心")]))
    renamed = table({**LINES, "01": "普通"})
    assert told(filled, renamed, new_meanings=True) == [("01", "一般"), ("12", "核心")]
    assert [each.split(":")[0] for each in refused(filled, now=renamed)] == [f"{SHEET}!C3"]


def test_a_left_side_in_place_of_a_meaning_is_told_with_what_it_means(sheet: Callable[..., Path]) -> None:
    [told_of] = refused(read_sheet(sheet([("12", "007")])))
    assert "There it is a value, which means '重要'." in told_of


@pytest.mark.parametrize("meaning", ["a\nb", "a\0".replace("\0", "\ufeff")], ids=["two lines", "not for YAML"])
def test_a_meaning_that_a_mapping_file_cannot_hold_is_refused(sheet: Callable[..., Path], meaning: str) -> None:
    assert "one line of plain text" in refused(read_sheet(sheet([("12", meaning)])), new_meanings=True)[0]


def test_texts_that_were_made_harmless_are_known_again(sheet: Callable[..., Path]) -> None:
    out = replace(
        exported(seen=("=1+1", "-x")),
        texts={"=1+1": "'=1+1", "-x": "'-x"},
        meanings={"'=A": "=A", "一般": "一般"},
    )
    filled = read_sheet(sheet([("'=1+1", "'=A"), ("'-x", "一般")], out))
    assert told(filled, new_meanings=True) == [("=1+1", "=A"), ("-x", "一般")]


def test_two_values_that_look_alike_in_the_sheet_are_not_mixed_up(sheet: Callable[..., Path]) -> None:
    out = replace(exported(seen=("=1", "'=1")), texts={"=1": "'=1"})
    assert "may stand for" in refused(read_sheet(sheet([("'=1", "一般")], out)))[0]


def test_merged_cells_are_told_where_they_matter(sheet: Callable[..., Path]) -> None:
    from openpyxl import load_workbook

    path = sheet([("01", "一般"), ("12", "一般"), ("x9", None)])
    book = load_workbook(path)
    book[SHEET].merge_cells("C3:C4")
    book[SHEET].merge_cells("E2:F3")
    book.save(path)
    assert [each.split(" | ")[0] for each in refused(read_sheet(path))] == [f"{SHEET}!C3:C4: these cells are merged"]


def test_the_sheet_is_found_by_its_titles_wherever_they_stand(sheet: Callable[..., Path]) -> None:
    from openpyxl import load_workbook

    path = sheet([("12", "重要")])
    book = load_workbook(path)
    book[SHEET].title = "销售部"
    book["销售部"].insert_rows(1, 3)
    book["销售部"].insert_cols(1)
    book.save(path)
    filled = read_sheet(path)
    assert (filled.sheet, filled.columns) == ("销售部", ("B", "D"))
    assert told(filled) == [("12", "重要")]


def spoil(path: Path, how: Callable[[Any], None]) -> None:
    from openpyxl import load_workbook

    book = load_workbook(path)
    how(book)
    book.save(path)


def rename(title: str) -> Callable[[Any], None]:
    def how(book: Any) -> None:
        for cell in book[SHEET][1]:
            cell.value = None if cell.value == title else cell.value

    return how


@pytest.mark.parametrize(
    ("how", "says"),
    [
        pytest.param(lambda book: book.remove(book[HIDDEN]), "is not a workbook that", id="the hidden sheet is gone"),
        pytest.param(
            lambda book: book[HIDDEN].cell(2, 1, '["line", "02", "x"]'), "is not a workbook that", id="it was edited"
        ),
        pytest.param(rename(MEANING), "has lost a column", id="a title is gone"),
        pytest.param(lambda book: [rename(VALUE)(book), rename(MEANING)(book)], "has no sheet with", id="both are"),
        pytest.param(lambda book: book.copy_worksheet(book[SHEET]), "several sheets", id="a copy of the sheet"),
        pytest.param(lambda book: book.remove(book[SHEET]), "has no sheet with", id="the sheet is gone"),
    ],
)
def test_a_workbook_that_is_not_ours_any_more_is_told(
    sheet: Callable[..., Path], how: Callable[[Any], None], says: str
) -> None:
    path = sheet([("01", "一般")])
    spoil(path, how)
    with pytest.raises(InputError) as error:
        read_sheet(path)
    assert says in str(error.value)
    assert error.value.hint is not None

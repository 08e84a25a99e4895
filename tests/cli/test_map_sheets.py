"""``map export`` and ``map import``: to the sales office and back, with nothing lost and nothing let in by accident."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_home import Ask, edit, leave_gaps
from openpyxl import load_workbook

from u8sync.domain.table_sheet import HIDDEN, SHEET

MAPPING = "mappings/customer.yaml"


@pytest.fixture
def home(home: Path) -> Path:
    """The demo, with a mapping that does not cover all of it."""
    leave_gaps(home)
    return home


@pytest.fixture
def mapping(home: Path) -> Path:
    return home / MAPPING


@pytest.fixture
def sheet(home: Path, ask: Ask) -> Path:
    """The exported table of management types, in which the code X9 is open."""
    answer = ask("map", "export", "management_types", "--out", "types.xlsx")
    assert answer.code == 0, answer.err
    assert "5 lines of the table 'management_types' and 1 values that no line covers" in answer.out
    return home / "types.xlsx"


def fill(path: Path, meanings: dict[str, str | None], *more: tuple[object, object]) -> None:
    """What the sales office does: meanings by value, and rows of its own."""
    book: Any = load_workbook(path)
    table = book[SHEET]
    for row in table.iter_rows(min_row=2):
        if row[0].value in meanings:
            row[4].value = meanings[row[0].value]
    for value, meaning in more:
        table.append([value, None, None, None, meaning])
    book.save(path)


def changed(before: str, after: str) -> list[str]:
    """The lines that differ."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if line[:1] in "+-" and line[:3] not in {"+++", "---"}]


def test_what_was_not_filled_in_changes_nothing(sheet: Path, mapping: Path, ask: Ask) -> None:
    before = mapping.read_bytes()
    answer = ask("map", "import", sheet)
    assert (answer.code, answer.out.strip()) == (0, f"Nothing to change in {MAPPING}.")
    assert mapping.read_bytes() == before


def test_what_was_filled_in_comes_into_the_mapping_file(sheet: Path, mapping: Path, ask: Ask) -> None:
    before = mapping.read_text(encoding="utf-8")
    fill(sheet, {"X9": "重要", "03": "一般"})
    dry = ask("map", "import", sheet, "--dry-run")
    assert dry.code == 0
    assert "Nothing was written." in dry.out
    assert mapping.read_text(encoding="utf-8") == before
    answer = ask("map", "import", sheet)
    assert answer.code == 0, answer.err
    after = mapping.read_text(encoding="utf-8")
    assert changed(before, after) == ['-      "03": 潜在', '+      "03": 一般', '+      "X9": 重要']
    lines = after.splitlines()
    for line, words in (('      "03": 一般', '"03": "潜在" -> "一般"'), ('      "X9": 重要', 'new line "X9": "重要"')):
        assert f"{MAPPING}:{lines.index(line) + 1}  {words}" in answer.out
        assert words in dry.out
    assert "X9" not in ask("map", "coverage", "--unmapped").out
    assert ask("map", "import", sheet).out.strip() == f"Nothing to change in {MAPPING}."
    names = sorted(each.name for each in mapping.parent.iterdir())
    assert names == ["customer.cases.yaml", "customer.yaml", "tiers.yaml"]


def test_codes_stay_text_all_the_way(home: Path, mapping: Path, ask: Ask) -> None:
    edit(home, "UPDATE Customer SET cCusMngTypeCode = '007' WHERE rowid = 1")
    edit(home, "UPDATE Customer SET cCusMngTypeCode = '1E3' WHERE rowid = 2")
    edit(home, "UPDATE Customer SET cCusMngTypeCode = '=1+1' WHERE rowid = 3")
    assert ask("map", "export", "management_types", "--out", "t.xlsx").code == 0
    book: Any = load_workbook(home / "t.xlsx")
    for row in book[SHEET].iter_rows(min_row=2):
        # What Excel does to codes when somebody retypes them.
        row[0].value = {"007": 7, "1E3": 1000, "01": 1}.get(row[0].value, row[0].value)
        row[4].value = row[4].value or "VIP"
    book.save(home / "t.xlsx")
    answer = ask("map", "import", "t.xlsx")
    assert answer.code == 0, answer.err
    assert f"{SHEET}!A" in answer.err
    assert "7 was read as 007" in answer.err
    text = mapping.read_text(encoding="utf-8")
    assert all(f'\n      "{code}": VIP\n' in text for code in ("007", "1E3", "=1+1", "X9"))
    assert '"01": 一般' in text


def test_an_emptied_meaning_stays_unless_its_removal_is_asked_for(sheet: Path, mapping: Path, ask: Ask) -> None:
    before = mapping.read_text(encoding="utf-8")
    fill(sheet, {"04": None})
    answer = ask("map", "import", sheet)
    assert answer.code == 0
    assert "--remove-empty" in answer.err
    assert mapping.read_text(encoding="utf-8") == before
    assert ask("map", "import", sheet, "--remove-empty").code == 0
    assert changed(before, mapping.read_text(encoding="utf-8")) == ['-      "04": VIP']


def test_a_meaning_that_the_table_does_not_have_must_be_let_in(sheet: Path, mapping: Path, ask: Ask) -> None:
    before = mapping.read_bytes()
    fill(sheet, {"X9": "vip"})
    answer = ask("map", "import", sheet)
    assert answer.code == 65
    assert "hasnomeaning'vip'" in answer.complaint
    assert "Didyoumean'VIP'?" in answer.complaint
    assert mapping.read_bytes() == before
    assert ask("map", "import", sheet, "--new-meanings").code == 0
    assert '"X9": vip\n' in mapping.read_text(encoding="utf-8")


def test_a_code_that_does_not_exist_is_refused_and_nothing_is_written(sheet: Path, mapping: Path, ask: Ask) -> None:
    before = mapping.read_bytes()
    fill(sheet, {"X9": "重要"}, ("X99", "一般"), ("42", "一般"))
    answer = ask("map", "import", sheet)
    assert answer.code == 65
    for cell in ("A8:'X99'isneither", "A9:'42'isneither"):
        assert f"{SHEET}!{cell}".replace(" ", "") in answer.complaint
    assert mapping.read_bytes() == before


def test_a_code_that_came_into_u8_meanwhile_is_taken(home: Path, sheet: Path, mapping: Path, ask: Ask) -> None:
    edit(home, "UPDATE Customer SET cCusMngTypeCode = '42' WHERE rowid = 1")
    fill(sheet, {}, ("42", "一般"))
    assert ask("map", "import", sheet).code == 0
    assert '"42": 一般\n' in mapping.read_text(encoding="utf-8")


def test_the_account_set_is_needed_only_for_codes_that_are_not_in_the_sheet(home: Path, sheet: Path, ask: Ask) -> None:
    (home / "account-set.db").rename(home / "away.db")
    fill(sheet, {"X9": "重要"})
    assert ask("map", "import", sheet).code == 0
    fill(sheet, {}, ("42", "一般"))
    assert ask("map", "import", sheet).code == 69
    assert ask("map", "import", sheet, "--data", "away.db").code == 65


def test_a_line_that_others_changed_meanwhile_is_a_conflict(sheet: Path, mapping: Path, ask: Ask) -> None:
    text = mapping.read_text(encoding="utf-8")
    edited = text.replace('"03": 潜在', '"03": 重要').replace('"02": 重要', '"02": 一般')
    mapping.write_text(edited, encoding="utf-8", newline="\n")
    fill(sheet, {"03": "一般", "X9": "重要"})
    answer = ask("map", "import", sheet)
    assert answer.code == 65
    assert "'03'means'一般'inthesheetand'重要'inthemappingfilebynow;itwas'潜在'" in answer.complaint
    assert "'02'" not in answer.complaint
    assert mapping.read_text(encoding="utf-8") == edited
    fill(sheet, {"03": "重要"})
    assert ask("map", "import", sheet).code == 0
    assert changed(edited, mapping.read_text(encoding="utf-8")) == ['+      "X9": 重要']


def test_a_removal_that_breaks_the_mapping_is_refused(home: Path, mapping: Path, ask: Ask) -> None:
    assert ask("map", "export", "management_types", "--out", "t.xlsx").code == 0
    before = mapping.read_bytes()
    fill(home / "t.xlsx", {"999": None})
    answer = ask("map", "import", "t.xlsx", "--remove-empty")
    assert answer.code == 65
    assert "couldnotbeusedanymore" in answer.complaint
    assert "thedefault'未分类'isnomeaningofthetable" in answer.complaint
    assert mapping.read_bytes() == before


def test_windows_line_ends_stay(sheet: Path, mapping: Path, ask: Ask) -> None:
    content = b"\xef\xbb\xbf" + mapping.read_bytes().replace(b"\n", b"\r\n")
    mapping.write_bytes(content)
    fill(sheet, {"X9": "重要"})
    assert ask("map", "import", sheet).code == 0
    new = '      "X9": 重要\r\n'.encode()
    assert mapping.read_bytes().replace(new, b"") == content


def test_another_mapping_file_is_edited_when_it_is_named(home: Path, sheet: Path, mapping: Path, ask: Ask) -> None:
    before = mapping.read_bytes()
    (home / "copy.yaml").write_bytes(before)
    fill(sheet, {"X9": "重要"})
    (home / "config.yaml").unlink()
    assert ask("map", "import", sheet, "--mapping", "copy.yaml").code == 0
    assert mapping.read_bytes() == before
    assert '"X9": 重要' in (home / "copy.yaml").read_text(encoding="utf-8")


def test_a_list_is_exported_part_by_part(home: Path, ask: Ask) -> None:
    assert ask("map", "export", "roles", "--out", "r.xlsx").code == 0
    first = next(load_workbook(home / "r.xlsx")[SHEET].iter_rows(min_row=2, values_only=True))
    assert (first[0], first[4]) == ("代理", None)
    assert "分销商" in str(first[5])


def test_codes_have_the_names_that_u8_gives_them(home: Path, mapping: Path, ask: Ask) -> None:
    assert ask("map", "init", "--overwrite").code == 0
    text = mapping.read_text(encoding="utf-8")
    mapping.write_text(re.sub(r'\n      "04": 电商客户 .*', "", text), encoding="utf-8")
    assert ask("map", "export", "classes", "--out", "c.xlsx").code == 0
    rows = {row[0]: row for row in load_workbook(home / "c.xlsx")[SHEET].iter_rows(min_row=2, values_only=True)}
    assert (rows["0401"][1], rows["0401"][4]) == ("平台店铺", None)
    assert (rows["01"][1], rows["01"][4]) == ("经销商", "经销商")


def test_what_the_first_mapping_leaves_open_comes_back_from_the_sales_office(
    home: Path, mapping: Path, ask: Ask
) -> None:
    assert ask("map", "init", "--overwrite").code == 0
    before = mapping.read_text(encoding="utf-8")
    assert ask("map", "export", "management_types", "--out", "t.xlsx").code == 0
    fill(home / "t.xlsx", {"01": "一般", "02": "重要"})
    assert ask("map", "import", "t.xlsx", "--new-meanings").code == 0
    old, new = zip(*((line[1:], line[0]) for line in changed(before, mapping.read_text(encoding="utf-8"))), strict=True)
    assert [line.split("#")[0].strip() for line in old] == ['"01": "01"', '"02": "02"', '"01": "一般"', '"02": "重要"']
    assert new == ("-", "-", "+", "+")
    assert old[0].split("#")[1] == old[2].split("#")[1], "the comment stays"


def test_an_account_set_of_its_own_differs_and_the_common_mapping_stays(home: Path, mapping: Path, ask: Ask) -> None:
    before = mapping.read_bytes()
    (home / "mappings" / "001.yaml").write_text("extends: customer.yaml\n", encoding="utf-8")
    config = home / "config.yaml"
    config.write_text(
        config.read_text(encoding="utf-8").replace("mapping: mappings/customer.yaml", "mapping: mappings/001.yaml"),
        encoding="utf-8",
    )
    assert ask("map", "export", "management_types", "--out", "t.xlsx").code == 0
    fill(home / "t.xlsx", {"X9": "重要", "03": "一般", "04": None})
    answer = ask("map", "import", "t.xlsx", "--remove-empty")
    assert answer.code == 0, answer.err
    assert mapping.read_bytes() == before
    assert (home / "mappings" / "001.yaml").read_text(encoding="utf-8") == (
        "extends: customer.yaml\n\ntables:\n  management_types:\n    values:\n"
        '      "X9": 重要\n      "03": 一般\n      "04": ~\n'
    )
    assert 'mappings/001.yaml:7  "03": "潜在" -> "一般"' in answer.out
    assert ask("map", "import", "t.xlsx", "--remove-empty").out.strip() == "Nothing to change in mappings/001.yaml."


def test_a_value_that_no_line_can_cover_is_left_out_and_said(home: Path, ask: Ask) -> None:
    edit(home, "UPDATE Customer SET cCusMngTypeCode = ? WHERE rowid = 1", "a\0b")
    answer = ask("map", "export", "management_types", "--out", "t.xlsx")
    assert answer.code == 0
    assert "1 value(s) are left out" in answer.err


def test_a_sheet_that_somebody_may_have_filled_in_is_not_replaced(sheet: Path, ask: Ask) -> None:
    fill(sheet, {"X9": "重要"})
    filled = sheet.read_bytes()
    answer = ask("map", "export", "management_types", "--out", sheet)
    assert answer.code == 65
    assert "existsalreadyandisleftalone" in answer.complaint
    assert sheet.read_bytes() == filled
    assert ask("map", "export", "management_types", "--out", sheet, "--overwrite").code == 0
    assert sheet.read_bytes() != filled


def damage(change: Callable[[Any], object]) -> Callable[[Path], None]:
    def how(path: Path) -> None:
        book = load_workbook(path)
        change(book)
        book.save(path)

    return how


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        pytest.param(lambda path: path.unlink(), "there is no such file", id="missing"),
        pytest.param(lambda path: path.write_bytes(b"no workbook"), "it is no .xlsx file", id="no workbook"),
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:3000]), "it is no .xlsx file", id="cut off"),
        pytest.param(damage(lambda book: book.remove(book[HIDDEN])), "is not a workbook that", id="not ours"),
        pytest.param(damage(lambda book: book[SHEET].delete_cols(5)), "has lost a column", id="a column is gone"),
        pytest.param(damage(lambda book: book[SHEET].merge_cells("E2:E3")), "these cells are merged", id="merged"),
        pytest.param(damage(lambda book: book[SHEET].cell(2, 5, "=E3")), "a formula stands here", id="a formula"),
        pytest.param(damage(lambda book: book[SHEET].cell(2, 5, "a\nb")), "one line of plain text", id="two lines"),
    ],
)
def test_a_workbook_that_cannot_be_used_is_told_and_nothing_is_written(
    sheet: Path, mapping: Path, ask: Ask, spoil: Callable[[Path], None], says: str
) -> None:
    before = mapping.read_bytes()
    spoil(sheet)
    answer = ask("map", "import", sheet, "--new-meanings")
    assert answer.code == 65
    assert "".join(says.split()) in answer.complaint
    assert "Traceback" not in answer.err
    assert mapping.read_bytes() == before
    chinese = ask("map", "import", sheet, language="zh")
    assert chinese.code == 65


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(("export", "types", "--out", "x.xlsx"), "no value table 'types'", id="no such table"),
        pytest.param(("export", "roles", "--out", "x.csv"), "ending", id="no Excel file"),
        pytest.param(("export", "roles"), "--out", id="no file named"),
        pytest.param(("export", "roles", "--out", "no/x.xlsx"), "cannot be written", id="no such folder"),
        pytest.param(("export", "roles", "--out", "x.xlsx", "--data", "no.db"), "no account set", id="no data"),
        pytest.param(("import", "mappings"), "it is a folder", id="a folder"),
        pytest.param(("import",), "FILE.xlsx", id="nothing to import"),
    ],
)
def test_words_that_make_no_sense_end_with_65(home: Path, ask: Ask, words: tuple[str, ...], says: str) -> None:
    answer = ask("map", *words)
    assert answer.code == 65, answer.err
    assert "".join(says.split()) in answer.complaint


def test_a_table_that_is_another_kind_by_now_is_told(sheet: Path, mapping: Path, ask: Ask) -> None:
    text = mapping.read_text(encoding="utf-8")
    changed_text = text.replace("  management_types:\n", "  management_types:\n    match: prefix\n")
    mapping.write_text(changed_text, encoding="utf-8", newline="\n")
    answer = ask("map", "import", sheet)
    assert answer.code == 65
    assert "'match:exact'" in answer.complaint
    renamed = text.replace("management_types", "types")
    mapping.write_text(renamed, encoding="utf-8", newline="\n")
    answer = ask("map", "import", sheet)
    assert answer.code == 65
    assert "novaluetable'management_types'" in answer.complaint

"""The workbook of a run: what the page shows, typed so that it can be filtered, added up and trusted."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from u8sync.domain.approvals import Sorted, Waiting
from u8sync.domain.mapping import CODE
from u8sync.domain.run_entry import RunEntry, StepTime, Told
from u8sync.errors import InputError
from u8sync.report.figures import movements, tier_lines
from u8sync.report.language import Language, translator
from u8sync.report.workbook import save_workbook

LISTS = ("Changes", "Borderline", "Held tiers", "Unusable values", "Waiting")
ENTRY = RunEntry(
    run_id="20261101T183100Z-7f3a00",
    command="run",
    started_at=datetime(2026, 11, 1, 18, 31, tzinfo=UTC),
    host="u8-server",
    pid=7,
    user="u8sync",
    config="D:\\u8sync\\config.yaml",
    ended_at=datetime(2026, 11, 1, 18, 32, 5, tzinfo=UTC),
    waiting=3,
    steps=(StepTime(Told("Reading customers", "读取客户"), Decimal("1.250")),),
)


def saved(books: Any, path: Path, planned: Any, *, language: Language = "en", applied: bool = True, **more: Any) -> Any:
    """The workbook read back, formulas as formulas."""
    result = books.applied(planned) if applied else None
    save_workbook(planned, result, books.policy, translator(language), path, language=language, **more)
    return load_workbook(path)


@pytest.fixture
def book(books: Any, tmp_path: Path) -> Any:
    planned = books.planned()
    waiting = tuple(Waiting(change, "tier", None) for change in planned.plan.changes[:2])
    return saved(books, tmp_path / "run.xlsx", replace(planned, sorting=Sorted((), waiting)), entry=ENTRY)


def rows_of(sheet: Any) -> list[dict[str, Any]]:
    """The cells of a list by the titles of their columns."""
    head, *rows = sheet.iter_rows()
    return [{title.value: cell for title, cell in zip(head, row, strict=True)} for row in rows]


def facts_of(sheet: Any) -> Mapping[str, Any]:
    """The cell beside each name."""
    return {name.value: value for name, value, *_ in sheet.iter_rows() if name.value is not None}


def below(sheet: Any, heading: str) -> list[list[Any]]:
    """The cells of the table below a heading, its header first."""
    lines = list(sheet.iter_rows())
    start = next(at for at, line in enumerate(lines) if line[0].value == heading) + 1
    found = []
    for line in lines[start:]:
        if line[0].value is None:
            break
        found.append([cell for cell in line if cell.value is not None])
    return found


def test_there_is_one_sheet_for_everything_also_where_it_is_empty(book: Any) -> None:
    assert book.sheetnames == ["Overview", *LISTS, "Movement", "About"]


def test_every_list_can_be_filtered_and_its_header_stays_in_sight(book: Any) -> None:
    for name in LISTS:
        sheet = book[name]
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == sheet.dimensions
    assert all(book[name].freeze_panes == "A2" for name in ("Overview", "Movement", "About"))


def test_every_sheet_comes_out_of_a_printer_readable(book: Any) -> None:
    for sheet in book:
        assert sheet.page_setup.orientation == "landscape"
        assert int(sheet.page_setup.paperSize) == 9
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert int(sheet.page_setup.fitToWidth or 1) == 1
        assert sheet.oddFooter.right.text == "&P / &N"
    assert all(book[name].print_title_rows == "$1:$1" for name in LISTS)
    assert all(book[name].page_setup.fitToHeight == 0 for name in LISTS), "as many pages as it takes"


def test_the_changes_are_those_of_the_plan(books: Any, book: Any) -> None:
    plan = books.planned().plan
    rows = rows_of(book["Changes"])
    assert [(row["Customer"].value, row["Field"].value) for row in rows] == [
        (change.code, field.field) for change in plan.changes for field in change.fields
    ]
    assert all(row["Customer"].number_format == "@" for row in rows)
    scored = [row for row in rows if row["Score"].value is not None]
    assert scored
    assert all(row["Score"].data_type == "n" and row["Score"].number_format == "0.00" for row in scored)
    ends = {row["Customer"].value: (row["What happened"].value, row["Detail"].value) for row in rows}
    first, second, third, *_ = plan.changes
    assert ends[first.code] == ("changed in U8 since the plan was made; left alone", None)
    assert ends[second.code] == ("refused by U8", "值超出长度")
    assert ends[third.code] == ("written", None)


def test_each_row_of_a_customer_can_stand_alone(books: Any, book: Any) -> None:
    """Sorted by field, the second field of a customer must still say why."""
    several = {change.code for change in books.planned().plan.changes if len(change.fields) > 1 and change.reason}
    assert several
    rows = [row for row in rows_of(book["Changes"]) if row["Customer"].value in several]
    for code in several:
        assert len({row["Strongest reasons"].value for row in rows if row["Customer"].value == code}) == 1


def test_what_waits_is_listed_with_its_reasons(books: Any, book: Any) -> None:
    waiting = books.planned().plan.changes[:2]
    assert {row["Customer"].value for row in rows_of(book["Waiting"])} == {change.code for change in waiting}
    assert facts_of(book["Overview"])["Waiting for approval"].value == 3


def test_every_unusable_value_is_a_row(books: Any, book: Any) -> None:
    issues = books.planned().decision.issues
    rows = rows_of(book["Unusable values"])
    assert issues
    assert [(row["Customer"].value, row["Value"].value) for row in rows] == [(one.code, one.value) for one in issues]
    assert rows[0]["Line of the mapping"].value == f"{issues[0].place.file}:{issues[0].place.line}"


def test_the_tiers_are_numbers_that_can_be_added_up(books: Any, book: Any) -> None:
    lines = tier_lines(books.planned().decision.customers, books.policy)
    _, *rows = below(book["Overview"], "Tiers")
    rows = rows[: len(lines)]
    assert [row[1].value for row in rows] == [line.now for line in lines]
    assert [row[2].value for row in rows] == [line.recommended for line in lines]
    assert [Decimal(str(row[4].value)) for row in rows] == [line.revenue.normalize() for line in lines]
    assert {row[4].number_format for row in rows} == {"#,##0.00"}
    shares = [row[5] for row in rows if len(row) > 5]
    assert [Decimal(str(one.value)) * 100 for one in shares] == [Decimal(line.share) for line in lines if line.share]
    assert {one.number_format for one in shares} == {"0.0%"}


def test_days_are_days_and_instants_are_utc(book: Any) -> None:
    overview, about = facts_of(book["Overview"]), facts_of(book["About"])
    assert overview["As of"].is_date
    assert overview["As of"].value.date() == date(2026, 10, 31)
    assert overview["First day of the window"].value.date() == date(2025, 11, 1)
    assert about["Started (UTC)"].value == datetime(2026, 11, 1, 18, 31)  # noqa: DTZ001 - Excel knows no zones
    assert about["Started (UTC)"].is_date
    assert overview["Customers"].value == 64
    assert overview["Customers"].number_format == "#,##0"


def test_the_run_can_be_found_in_the_audit_log(books: Any, book: Any) -> None:
    about, plan = facts_of(book["About"]), books.planned().plan
    assert about["Fingerprint"].value == plan.fingerprint
    assert about["Policy (SHA-256)"].value == plan.seal.policy
    assert about["Run"].value == ENTRY.run_id
    assert about["Records in the audit log"].value == 1234
    assert about["Hash of the last record"].value == "0123456789abcdef" * 4


def test_guards_and_steps_are_told_in_the_language_of_the_reader(books: Any, tmp_path: Path) -> None:
    english = saved(books, tmp_path / "en.xlsx", books.planned(), entry=ENTRY)["Overview"]
    chinese = saved(books, tmp_path / "zh.xlsx", books.planned(), entry=ENTRY, language="zh").worksheets[0]
    assert below(english, "Guards")[1][0].value == "archive not empty"
    assert [cell.value for cell in below(english, "Steps")[1]] == ["Reading customers", 1.25]
    assert any(cell.value == "读取客户" for line in chinese.iter_rows() for cell in line)
    assert len(below(english, "Guards")) == 1 + len(books.planned().verdicts)


def test_the_matrix_counts_every_move(books: Any, book: Any) -> None:
    moves = movements(books.planned().plan, books.policy)
    rows = list(book["Movement"].iter_rows(min_row=6))
    head = [cell.value for cell in next(book["Movement"].iter_rows(min_row=5, max_row=5))]
    assert head == ["Tier in U8", *(tier.name for tier in books.policy.tiers)]
    counted = {(row[0].value, tier): cell.value for row in rows for tier, cell in zip(head[1:], row[1:], strict=True)}
    for move in moves:
        if move.was is not None:
            assert counted[move.was, move.becomes] == move.count


def test_the_charts_show_the_cells_of_the_table(books: Any, book: Any, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "run.xlsx") as archive:
        charts = [archive.read(name).decode() for name in sorted(archive.namelist()) if "charts/chart" in name]
    assert len(charts) == 2
    people, revenue = charts
    lines = tier_lines(books.planned().decision.customers, books.policy)
    sheet = book["Overview"]
    for chart, columns in ((people, "BC"), (revenue, "E")):
        values = re.findall(r"<c:val><c:numRef><c:f>Overview!\$(\w)\$(\d+):\$\w\$(\d+)</c:f>", chart)
        assert [column for column, _, _ in values] == list(columns)
        for column, first, last in values:
            assert int(last) - int(first) + 1 == len(lines)
            assert [sheet[f"A{row}"].value for row in range(int(first), int(last) + 1)][:1] == [lines[0].tier]
            shown = re.findall(r"<c:v>([^<]+)</c:v>", chart.split(f"${column}${first}:")[1].split("</c:val>")[0])
            cells = [sheet[f"{column}{row}"].value for row in range(int(first), int(last) + 1)]
            assert [float(one) for one in shown] == [float(one) for one in cells]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_columns_are_as_wide_as_their_titles(books: Any, tmp_path: Path, language: Language) -> None:
    """A Chinese character takes the room of two letters, and the filter's arrow some more."""
    book = saved(books, tmp_path / "out.xlsx", books.planned(), entry=ENTRY, language=language)
    for sheet in book.worksheets[1:6]:
        for cell in sheet[1]:
            taken = sum(2 if ord(letter) > 0x2E80 else 1 for letter in cell.value)
            assert sheet.column_dimensions[cell.column_letter].width >= taken + 3


def renamed(planned: Any, code: str, name: str) -> Any:
    """The same plan over an archive in which one customer, who is to be changed, has another code and name."""
    first, *others = planned.plan.changes
    customers = planned.decision.customers.with_columns(name=planned.decision.customers[CODE].replace(first.code, name))
    customers = customers.with_columns(code=customers[CODE].replace(first.code, code))
    changes = (replace(first, code=code), *others)
    return replace(
        planned,
        decision=replace(planned.decision, customers=customers),
        plan=replace(planned.plan, changes=changes),
    )


@given(code=st.text(min_size=1, max_size=30), name=st.text(min_size=1, max_size=60))
@settings(max_examples=25)
def test_no_code_and_no_name_is_ever_a_formula_or_a_number(
    books: Any, tmp_path_factory: pytest.TempPathFactory, code: str, name: str
) -> None:
    book = saved(books, tmp_path_factory.mktemp("hostile") / "out.xlsx", renamed(books.planned(), code, name))
    for row in book["Changes"].iter_rows(min_row=2, max_col=2):
        for cell in row:
            assert cell.data_type == "s"
            assert str(cell.value)[:1] not in tuple("=+@\t\r\n＝＋－＠")


@pytest.mark.parametrize("code", ["007", "1E5", "2026-10-31", "12345678901234567890", "TRUE", "=1+1", "-1+cmd|'/c'!A0"])
def test_a_code_stays_the_text_that_u8_holds(books: Any, tmp_path: Path, code: str) -> None:
    book = saved(books, tmp_path / "out.xlsx", renamed(books.planned(), code, "甲"))
    cell = book["Changes"]["A2"]
    assert (cell.data_type, cell.number_format) == ("s", "@")
    assert str(cell.value).removeprefix("'") == code


def test_a_plan_without_changes_is_a_whole_workbook(books: Any, tmp_path: Path) -> None:
    planned = books.planned()
    empty = replace(planned, plan=replace(planned.plan, changes=(), held=()))
    book = saved(books, tmp_path / "out.xlsx", empty, applied=False)
    assert book.sheetnames == ["Overview", *LISTS, "Movement", "About"]
    assert book["Changes"].max_row == 1
    assert facts_of(book["Overview"])["Changes"].value == 0
    assert "What happened" not in [cell.value for cell in book["Changes"][1]], "nothing was tried"


def test_a_folder_that_is_not_there_is_told_and_nothing_is_left(books: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        saved(books, tmp_path / "nowhere" / "out.xlsx", books.planned())
    assert list(tmp_path.iterdir()) == []


MEASURED = """
import sys, tracemalloc
from pathlib import Path
from conftest import Books
from dataclasses import replace
from u8sync.text import english
from u8sync.report.workbook import save_workbook
books = Books()
planned = books.planned()
one = next(change for change in planned.plan.changes if change.reason)
def of(count):
    changes = tuple(replace(one, code=f"C{number:06}") for number in range(count))
    plan = replace(planned.plan, changes=changes)
    plan.fingerprint  # the plan keeps it once it was asked for; that takes memory of its own
    return replace(planned, plan=plan)
small, large = of(500), of(int(sys.argv[2]))
save_workbook(small, None, books.policy, english, Path(sys.argv[1]), language="en")
peaks = []
for each in (small, large):
    tracemalloc.start()
    save_workbook(each, None, books.policy, english, Path(sys.argv[1]), language="en")
    peaks.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
print(*peaks)
"""


def test_ten_times_as_many_changes_take_no_more_memory(tmp_path: Path) -> None:
    """The limit leaves less than 40 bytes for a change: not one object of each row may be kept."""
    here = Path(__file__).parent
    path = os.pathsep.join([str(here), str(here.parent / "support"), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(tmp_path / "out.xlsx"), "5000"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    small, large = map(int, done.stdout.split())
    assert large < 1.2 * small, f"{small:,} bytes for 500 changes, {large:,} for 5,000"

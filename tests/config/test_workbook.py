"""Workbooks from elsewhere: cells as they are, and a sentence for every file that is none."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from u8sync.config.workbook import MAX_BYTES, Bad, read_workbook
from u8sync.errors import InputError


def saved(path: Path, book: Workbook) -> Path:
    book.save(path)
    return path


def with_part(path: Path, name: str, edit: bytes) -> None:
    """Put another text in place of one part of a workbook."""
    with zipfile.ZipFile(path) as archive:
        parts = {each: archive.read(each) for each in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, content in parts.items():
            archive.writestr(each, edit if each == name else content)


def test_cells_are_told_as_they_are(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row, value in enumerate(["007", 7, 7.5, True, date(2026, 1, 2), datetime(2026, 1, 2, 3, 4), " x\u3000", ""], 1):  # noqa: DTZ001
        sheet.cell(row, 2, value)
    [found] = read_workbook(saved(tmp_path / "x.xlsx", book))
    assert found.rows == {
        1: {2: "007"},
        2: {2: 7},
        3: {2: 7.5},
        4: {2: True},
        5: {2: date(2026, 1, 2)},
        6: {2: date(2026, 1, 2)},
        7: {2: " x\u3000"},
    }
    assert [type(row[2]) for row in found.rows.values()][:4] == [str, int, float, bool]


@pytest.mark.parametrize(
    ("value", "kind", "says"),
    [
        pytest.param("=A1", "f", "a formula stands here", id="a formula that was never computed"),
        pytest.param("#N/A", "e", "an error of the spreadsheet", id="an error"),
        pytest.param(time(3, 4), "d", "a time of day", id="a time"),
        pytest.param(timedelta(hours=30), "d", "a time of day", id="a span"),
    ],
)
def test_a_cell_that_cannot_be_taken_is_told_from_an_empty_one(
    tmp_path: Path, value: object, kind: str, says: str
) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["B2"].value = value  # type: ignore[assignment]
    sheet["B2"].data_type = kind
    [found] = read_workbook(saved(tmp_path / "x.xlsx", book))
    bad = found.rows[2][2]
    assert isinstance(bad, Bad)
    assert says in str(bad.why)


def test_a_text_that_looks_like_a_formula_is_a_text(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"].value = "=1+1"
    sheet["A1"].data_type = "s"
    [found] = read_workbook(saved(tmp_path / "x.xlsx", book))
    assert found.rows == {1: {1: "=1+1"}}


def test_hidden_and_filtered_rows_are_rows_and_merged_cells_are_told(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A2"], sheet["A3"] = "a", "b"
    sheet.row_dimensions[3].hidden = True
    sheet.merge_cells("B2:C4")
    book.create_sheet("two").sheet_state = "veryHidden"
    first, second = read_workbook(saved(tmp_path / "x.xlsx", book))
    assert first.rows == {2: {1: "a"}, 3: {1: "b"}}
    assert [(each.rows, each.columns, each.name) for each in first.merged] == [((2, 4), (2, 3), "B2:C4")]
    assert second.name == "two"


def test_a_cell_in_the_last_corner_costs_nothing(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"], sheet["XFD1048576"] = "a", "z"
    [found] = read_workbook(saved(tmp_path / "x.xlsx", book))
    assert found.rows == {1: {1: "a"}, 1048576: {16384: "z"}}


def bomb(path: Path) -> None:
    """Text that grows a billion times."""
    saved(path, Workbook())
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    text = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol">{entities}]><worksheet>&l11;</worksheet>'
    with_part(path, "xl/worksheets/sheet1.xml", text.encode())


def large(path: Path) -> None:
    """A small file that unpacks to a large one."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * (64 * 1024 * 1024))


def cut(path: Path) -> None:
    saved(path, Workbook())
    path.write_bytes(path.read_bytes()[:2000])


def without_sheet(path: Path) -> None:
    saved(path, Workbook())
    with_part(path, "xl/worksheets/sheet1.xml", b"<worksheet")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        pytest.param(lambda _path: None, "there is no such file", id="missing"),
        pytest.param(lambda path: path.mkdir(), "it is a folder", id="a folder"),
        pytest.param(lambda path: path.write_bytes(b""), "it is no .xlsx file", id="empty"),
        pytest.param(lambda path: path.write_text("a,b\n1,2\n", encoding="utf-8"), "it is no .xlsx file", id="CSV"),
        pytest.param(
            lambda path: path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600), "old .xls", id="old Excel"
        ),
        pytest.param(lambda path: path.write_bytes(b"\0" * (MAX_BYTES + 1)), "too large", id="huge"),
        pytest.param(large, "too large", id="huge when unpacked"),
        pytest.param(bomb, "damaged", id="a bomb of entities"),
        pytest.param(cut, "no .xlsx file", id="cut off"),
        pytest.param(without_sheet, "damaged", id="a broken sheet"),
        pytest.param(lambda path: zipfile.ZipFile(path, "w").close(), "damaged", id="an empty archive"),
    ],
)
def test_what_is_no_workbook_is_told(tmp_path: Path, make, says: str) -> None:  # noqa: ANN001
    path = tmp_path / "x.xlsx"
    make(path)
    with pytest.raises(InputError) as refused:
        read_workbook(path)
    assert says in str(refused.value)
    assert refused.value.hint is not None


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_workbook_with_damaged_parts_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"] = "a"
    stream = io.BytesIO()
    book.save(stream)
    path = tmp_path / "x.xlsx"
    path.write_bytes(stream.getvalue())
    with zipfile.ZipFile(path) as archive:
        name = data.draw(st.sampled_from(archive.namelist()))
        part = bytearray(archive.read(name))
    at = data.draw(st.integers(0, len(part) - 1))
    part[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    with_part(path, name, bytes(part))
    with suppress(InputError):
        assert all(isinstance(each.name, str) for each in read_workbook(path))

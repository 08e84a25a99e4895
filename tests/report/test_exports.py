"""Files for people to open: whatever stands in the ERP, nothing in them acts; and what is evidence stays readable."""

from __future__ import annotations

import csv
import io
import tracemalloc
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from payloads import CONTROL, FORMULAS, HIDDEN, MARKUP, PAYLOADS

from u8sync.errors import InputError
from u8sync.report.cells import defused, escaped, is_number
from u8sync.report.language import translator
from u8sync.report.sample import save_sample
from u8sync.report.tables import Cell, Column, Table, save_table
from u8sync.report.xlsx import save_workbook
from u8sync.text import english, msg

COLUMNS = (Column("customer", msg("Customer")), Column("score", msg("Score"), "number"), Column("live", msg("After")))
DANGEROUS = tuple("=+-@\t\r\n\0＝＋－＠")


def table(rows: Sequence[Sequence[Cell]]) -> Table:
    return Table(
        msg("Changes"), [(msg("Command"), rows[0][0] if rows and isinstance(rows[0][0], str) else "-")], COLUMNS, rows
    )


def in_every_cell(payloads: Sequence[str]) -> list[tuple[str, str, str]]:
    return [(each, each, each) for each in payloads]


def invisible(text: str) -> list[str]:
    """Characters that a person cannot see."""
    return [c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]


def read_csv(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""), strict=True))


def test_the_corpus_is_large_enough_to_mean_something() -> None:
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 200
    assert min(len(FORMULAS), len(MARKUP), len(CONTROL), len(HIDDEN)) >= 20


# One value ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("重要", "重要", id="an ordinary value"),
        pytest.param("\x1b[31m", r"\x1b[31m", id="an order to a terminal"),
        pytest.param("a\tb\r\nc\0", r"a\tb\r\nc\0", id="blanks that break a line"),
        pytest.param("VIP\u202e", r"VIP\u202e", id="a direction mark"),
        pytest.param("V\U000e0041", r"V\U000e0041", id="a mark beyond the first plane"),
        pytest.param("\ue000", "\ue000", id="a private character: a rare name"),
        pytest.param("a\u3000b", "a\u3000b", id="a Chinese blank"),
        pytest.param("\ufffe", r"\ufffe", id="no character at all"),
        pytest.param("C:\\x", "C:\\x", id="a backslash"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, shown: str) -> None:
    assert escaped(text) == shown


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        pytest.param("=1+1", "'=1+1", id="a formula"),
        pytest.param("＝1+1", "'＝1+1", id="a full-width formula"),
        pytest.param("-12.50", "-12.50", id="a negative number"),
        pytest.param("+5", "+5", id="a signed number"),
        pytest.param("-12.50.3", "'-12.50.3", id="no number after all"),
        pytest.param("-1e5", "'-1e5", id="scientific: no plain number"),
        pytest.param("-", "'-", id="a dash"),
        pytest.param("\t1", r"'\t1", id="a tab"),
        pytest.param(" =1", "' =1", id="a formula after a blank"),
        pytest.param("0101", "0101", id="a code"),
        pytest.param("a=1", "a=1", id="no formula"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_a_formula_gets_an_apostrophe(text: str, cell: str) -> None:
    assert defused(text) == cell


@given(st.text())
def test_no_text_is_a_formula_or_holds_anything_invisible_once_it_is_defused(text: str) -> None:
    cell = defused(text)
    assert is_number(cell) or not cell.lstrip().startswith(DANGEROUS)
    assert invisible(cell) == []


# CSV ------------------------------------------------------------------------------------------------------------------


def test_no_payload_acts_in_a_csv_file(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    assert save_table(path, table(in_every_cell(PAYLOADS)), english, "en") == len(PAYLOADS)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf"), "Excel takes it for the local code page otherwise"
    rows = read_csv(path)
    assert len(rows) == 1 + len(PAYLOADS)
    for payload, row in zip(PAYLOADS, rows[1:], strict=True):
        assert len(row) == len(COLUMNS), payload
        for cell in row:
            assert not cell.lstrip().startswith(DANGEROUS), payload
            assert invisible(cell) == [], payload


def test_csv_keeps_codes_amounts_and_nothing_apart(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    save_table(path, table([("007", "-12.50", None), ('a,"b"', 3, "")]), english, "en")
    assert path.read_bytes() == '\ufeffCustomer,Score,After\r\n007,-12.50,\r\n"a,""b""",3,\r\n'.encode()


def test_raw_csv_gives_every_value_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    payloads = [each for each in PAYLOADS if "\0" not in each]
    save_table(path, table(in_every_cell(payloads)), english, "en", raw=True)
    text = path.read_bytes().decode()
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[0] == ["customer", "score", "live"]
    assert [row[0] for row in rows[1:]] == payloads


@pytest.mark.parametrize("name", ["out.xlsx", "out.html"])
def test_only_csv_can_be_raw(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Only a CSV file"):
        save_table(tmp_path / name, table([]), english, "en", raw=True)


# Workbooks ------------------------------------------------------------------------------------------------------------


def sheets(path: Path) -> dict[str, list[list[object]]]:
    """Sheet -> values; formula cells are an error."""
    book = load_workbook(path)
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f", f"{sheet.title}!{cell.coordinate} is a formula"
                assert cell.hyperlink is None
    return {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book}


def test_no_payload_acts_in_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    save_table(path, table(in_every_cell(PAYLOADS)), english, "en")
    rows = sheets(path)["Rows"][1:]
    assert len(rows) == len(PAYLOADS)
    for payload, row in zip(PAYLOADS, rows, strict=True):
        for cell in row:
            assert isinstance(cell, str)
            assert not cell.lstrip().startswith(DANGEROUS), payload
            assert invisible(cell) == [], payload
    with zipfile.ZipFile(path) as book:
        names = book.namelist()
        assert [name for name in names if "externalLink" in name or "vba" in name.lower() or ".rels" in name] == [
            name for name in names if name in {"_rels/.rels", "xl/_rels/workbook.xml.rels"}
        ]
        assert not any(b"<f>" in book.read(name) for name in names)


def test_only_a_number_in_a_column_of_numbers_is_a_number(tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    rows = [("007", "-12.5000", "12.5"), ("1e5", "abc", None), ("x", "1234567890123456", "=1"), ("y", 42, "z")]
    save_table(path, table(rows), english, "en")
    assert sheets(path)["Rows"][1:] == [
        ["007", -12.5, "12.5"],
        ["1e5", "abc", None],
        ["x", "1234567890123456", "'=1"],
        ["y", 42, "z"],
    ]


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        pytest.param(0, {"Rows": 0}, id="none"),
        pytest.param(4, {"Rows": 4}, id="just one sheet"),
        pytest.param(5, {"Rows": 4, "Rows 2": 1}, id="one too many"),
        pytest.param(9, {"Rows": 4, "Rows 2": 4, "Rows 3": 1}, id="three sheets"),
    ],
)
def test_more_rows_than_a_sheet_takes_go_to_the_next_one(count: int, expected: dict[str, int], tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    rows = [(f"{number:03}", number, None) for number in range(count)]
    assert save_workbook(path, table(rows), english, sheet_rows=5) == count
    found = sheets(path)
    del found["About"]
    assert {name: len(values) - 1 for name, values in found.items()} == expected
    assert all(values[0] == ["Customer", "Score", "After"] for values in found.values())
    assert [row[0] for values in found.values() for row in values[1:]] == [row[0] for row in rows]


def test_a_sheet_has_a_header_that_stays_in_sight_and_filters(tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    save_table(path, table([("1", 1, None), ("2", 2, None)]), english, "en")
    sheet = load_workbook(path)["Rows"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:C3")
    assert sheet.column_dimensions["A"].width == pytest.approx(14, abs=1)


def test_a_text_longer_than_a_cell_is_cut_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    save_table(path, table([("𠀀" * 40_000, None, None)]), english, "en")
    cell = sheets(path)["Rows"][1][0]
    assert isinstance(cell, str)
    assert cell.endswith("𠀀 [...]")


# Pages ----------------------------------------------------------------------------------------------------------------


class Tags(HTMLParser):
    """What a browser sees: tags, attributes and the text of each cell."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[tuple[str, tuple[str, ...]]] = set()
        self.cells: list[str] = []
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add((tag, tuple(name for name, _ in attrs)))
        if tag == "td":
            self._in_cell = True
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "td":
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.cells[-1] += data

    def handle_comment(self, data: str) -> None:
        self.tags.add(("comment", (data,)))

    def unknown_decl(self, data: str) -> None:
        self.tags.add(("declaration", (data,)))


def page(path: Path, rows: Sequence[Sequence[Cell]]) -> Tags:
    save_table(path, table(rows), english, "en")
    parser = Tags()
    parser.feed(path.read_text(encoding="utf-8"))
    parser.close()
    return parser


def test_no_payload_brings_a_tag_into_a_page(tmp_path: Path) -> None:
    harmless = page(tmp_path / "harmless.html", [("a", "b", "c")])
    hostile = page(tmp_path / "hostile.html", in_every_cell(PAYLOADS))
    assert hostile.tags == harmless.tags
    assert ("script", ()) not in hostile.tags
    assert hostile.cells == [escaped(payload) for payload in PAYLOADS for _ in COLUMNS]


def test_a_page_asks_for_nothing_outside_itself(tmp_path: Path) -> None:
    path = tmp_path / "out.html"
    page(path, [("a", 1, "c")])
    text = path.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert not any(word in text for word in ("http:", "https:", " src=", " href=", "url(", "@import"))


# All of them ----------------------------------------------------------------------------------------------------------


FORMATS = ["out.csv", "out.xlsx", "out.html"]


@pytest.mark.parametrize("name", FORMATS)
def test_a_table_that_breaks_off_leaves_the_old_file_and_nothing_else(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(b"old")

    def rows() -> Iterator[Sequence[Cell]]:
        yield "a", 1, "c"
        raise InputError(msg("the log is damaged here"))

    with pytest.raises(InputError, match="damaged"):
        save_table(path, Table(msg("Changes"), [], COLUMNS, rows()), english, "en")
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", FORMATS)
def test_a_folder_that_is_not_there_is_a_clear_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        save_table(tmp_path / "none" / name, table([]), english, "en")


def test_an_ending_that_names_no_format_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="names no format"):
        save_table(tmp_path / "out.pdf", table([]), english, "en")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_format_speaks_both_languages(name: str, language: str, tmp_path: Path) -> None:
    path = tmp_path / name
    save_table(path, table([("a", 1, "c")]), translator(language), language)  # type: ignore[arg-type]
    if name.endswith(".xlsx"):
        [about, rows] = sheets(path).values()
        words = str([about, rows])
    else:
        words = path.read_text(encoding="utf-8")
    assert ("客户" in words) == (language == "zh")


@pytest.mark.parametrize("name", FORMATS)
def test_rows_stream_through(name: str, tmp_path: Path) -> None:
    """What is kept of all rows must be far less than the rows themselves."""
    count, width = 5000, 2000

    def rows() -> Iterator[Sequence[Cell]]:
        for number in range(count):
            yield f"{number:0{width}}", number, None

    save_table(tmp_path / name, table([("a", 1, "c")]), english, "en")  # the libraries themselves
    tracemalloc.start()
    try:
        save_table(tmp_path / name, Table(msg("Changes"), [], COLUMNS, rows()), english, "en")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < count * width / 2


# The sample -----------------------------------------------------------------------------------------------------------


def test_a_sample_has_a_cover_the_strata_and_columns_to_sign(tmp_path: Path) -> None:
    path = tmp_path / "sample.xlsx"
    item = (1, 7, "2026-11-02T00:00:00.000000Z", "run-1", "=1+1", "tier", "c", None, "VIP", None, "VIP", "81.2500",
            "t.yaml:1", 8, "ab" * 32, "cd" * 16, "ef" * 32)  # fmt: skip
    facts = [(msg("Number of records"), 9), (msg("Seed"), "=2+2")]
    save_sample(path, facts, [("tier", None, "VIP", 5, 1)], [item], english, made_of="2026-11-02T00:00:00.000000Z")
    found = sheets(path)
    assert list(found) == ["About", "Strata", "Sample"]
    assert ["Number of records", 9] in found["About"]
    assert ["Seed", "'=2+2"] in found["About"]
    assert any("SHA-256" in str(row) and "seed:change:column" in str(row) for row in found["About"])
    assert found["Strata"][1] == ["tier", None, "VIP", 5, 1]
    header, line = found["Sample"]
    assert header[-3:] == ["Checked by", "Date", "Finding"]
    assert line[:6] == [1, 7, "2026-11-02T00:00:00.000000Z", "run-1", "'=1+1", "tier"]
    assert line[-3:] == [None, None, None]
    sheet = load_workbook(path)["Sample"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:T2")

"""Text from the ERP that tries to be a formula, markup, a colour or another line: it stays text everywhere."""

from __future__ import annotations

import csv
import json
import sqlite3
import unicodedata
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

import oracle
import pytest
from deaths import FileSite
from killing import Nursery

_FORMULAS: Final = (
    *("=cmd|' /C calc'!A0", "=1+1", '=HYPERLINK("http://evil.example";"x")', '=WEBSERVICE("http://evil.example")'),
    *(
        "+1+1",
        "-2+3",
        "@SUM(1)",
        "\t=1+1",
        "\r=1+1",
        "\n=1+1",
        "＝1+1",
        "＋1",
        "－1",
        "＠SUM(1)",
        "%0A=1",
        '"=1+1',
        "'=1+1",
    ),
    *('=DDE("cmd";"/C calc";"x")', '=IMPORTXML("http://evil.example","//a")', "+cmd|' /C calc'!A0", "-cmd|x!A0"),
)
_MARKUP: Final = (
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "</td></tr></table><h1>x"),
    *(
        "</style><script>alert(1)</script>",
        "</title><script>x</script>",
        "<!--",
        "-->",
        "]]>",
        "<iframe src=//evil.example>",
    ),
    *(
        '" onmouseover="alert(1)',
        "' onfocus='alert(1)",
        "javascript:alert(1)",
        "&lt;script&gt;",
        "&#60;script&#62;",
        "{{7*7}}",
    ),
    *(
        "{% raw %}",
        "${7*7}",
        "<a href=javascript:alert(1)>x</a>",
        "<base href=//evil.example>",
        "<meta http-equiv=refresh>",
    ),
    *(
        "<link rel=stylesheet href=//evil.example>",
        "<form action=//evil.example>",
        "<object data=x>",
        "＜script＞alert(1)＜/script＞",
    ),
)
_TERMINAL: Final = (
    *(
        "\x1b[31mred",
        "\x1b]0;title\x07",
        "\x1b[2J",
        "\x1b]8;;http://evil.example\x07x",
        "\x9b31m",
        "\x08\x08\x08",
        "\x00",
        "\x7f",
    ),
    *(
        "a\r\nb",
        "a\nb",
        "a\u2028b",
        "a\u2029b",
        "\u202eevil",
        "\u2066x\u2069",
        "\u200bzero",
        "\ufeffbom",
        "[red]x[/red]",
    ),
    *(
        "[link=http://evil.example]x[/link]",
        "[/]",
        "[bold",
        "\\[red]",
        ":smile:",
        "%s%n",
        "%(x)s",
        "{0}",
        "{x}",
        "e\u0301",
        "😀",
        "𠮷野",
    ),
)
_STATEMENTS: Final = (
    "'; DROP TABLE Customer --",
    "x]; DROP TABLE Customer--",
    "' OR 1=1 --",
    "\\'; --",
    "'); DELETE FROM Customer; --",
)
_PATHS: Final = (
    "../../etc/passwd",
    "..\\..\\windows",
    "/etc/passwd",
    "C:\\x",
    "CON",
    "nul.txt",
    "~root",
    "file:///etc/passwd",
)
_WRAPPERS: Final = ("{}", "客户{}", "{} 公司")
PAYLOADS: Final = list(
    dict.fromkeys(
        payload if "\x00" in payload else wrapper.replace("{}", payload)
        for payload in (*_FORMULAS, *_MARKUP, *_TERMINAL, *_STATEMENTS, *_PATHS)
        for wrapper in _WRAPPERS
    )
)


class Tags(HTMLParser):
    """What of a page a browser would act on."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.handlers: list[tuple[str, str | None]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.handlers += [pair for pair in attrs if pair[0].startswith("on") or pair[0] in {"src", "href", "action"}]


def controls(text: str) -> set[str]:
    """Characters that a terminal, or the order of reading, obeys; line ends left out."""
    return {char for char in text if unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp"} and char != "\n"}


@pytest.fixture(scope="module")
def spoilt(nursery: Nursery, new_home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two homes: as it was, and with a payload as the name of every customer, many of them in turn."""
    folder = tmp_path_factory.mktemp("hostile")
    honest = FileSite(new_home, folder / "a").fresh()
    hostile = FileSite(new_home, folder / "b").fresh()
    return honest, hostile


def codes_of(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return [row[0] for row in connection.execute("SELECT cCusCode FROM Customer ORDER BY cCusCode")]


def spoil_codes(file: Path) -> None:
    """Take the codes of customers that bought something, in all tables."""
    for code, hostile in zip(codes_of(file), CODES, strict=False):
        for table in ("Customer", "SaleBillVouch", "SO_SOMain"):
            oracle.somebody(file, f"UPDATE {table} SET cCusCode = ? WHERE cCusCode = ?", hostile, code)


def name_customers(home: Path, names: list[str]) -> None:
    file = home / "account-set.db"
    for code, name in zip(codes_of(file), names, strict=False):
        oracle.somebody(
            file, "UPDATE Customer SET cCusName = ?, cCusAbbName = ? WHERE cCusCode = ?", name, name[:60], code
        )


def test_there_are_enough_payloads() -> None:
    assert len(PAYLOADS) >= 200


def test_no_name_gets_out_of_its_place_in_any_output(spoilt: tuple[Path, Path], nursery: Nursery) -> None:
    honest, hostile = spoilt
    page = Tags(_report(nursery, honest))
    for start in range(0, len(PAYLOADS), 30):
        name_customers(hostile, PAYLOADS[start : start + 30])
        planned = nursery.run(hostile, "plan", "--all", "--out", "plan.json")
        assert planned.code == 2, planned.err
        assert controls(planned.out + planned.err) == set()
        json.loads(nursery.run(hostile, "plan", "--json").out)
        report = _report(nursery, hostile)
        found = Tags(report)
        assert found.tags == page.tags
        assert found.handlers == page.handlers
        assert controls(report) == set()
        explained = nursery.run(hostile, "explain", codes_of(hostile / "account-set.db")[7])
        assert explained.code == 0
        assert controls(explained.out + explained.err) == set()
        saved = (hostile / "plan.json").read_text(encoding="utf-8")
        assert not [name for name in PAYLOADS[start : start + 30] if len(name) > 4 and json.dumps(name)[1:-1] in saved]


def _report(nursery: Nursery, home: Path) -> str:
    assert nursery.run(home, "plan", "--report", "plan.html").code == 2
    return (home / "plan.html").read_text(encoding="utf-8")


CODES: Final = (
    *(
        "=1+1",
        "+cmd",
        "-2+3",
        "@SUM(1)",
        "<marquee>x",
        "<img src=x>",
        "\x1b[31mred",
        "a\u202eb",
        "'; DROP--",
        "../../x",
        "[red]x",
    ),
    *("a\tb", "＝1+1", '"x"', "a,b", "a;b", "{0}", "😀"),
)
"""Codes of customers, at most 20 characters: unlike names they do get into records and exports."""


def test_a_hostile_code_is_written_for_whom_it_is_and_shown_as_text(
    nursery: Nursery, new_home: Path, tmp_path: Path
) -> None:
    site = FileSite(new_home, tmp_path)
    home = site.fresh()
    spoil_codes(site.file)
    ran = nursery.run(home, "run", "--report", "night.html")
    assert ran.code == 0, ran.err
    oracle.agree(oracle.records_in(oracle.log_below(home / "audit")), site.journal(), recovered=True)
    told = {change["customer"] for change in json.loads(nursery.run(home, "audit", "list", "--json").out)}
    assert told >= set(CODES), "byte for byte"
    listed = nursery.run(home, "audit", "list")
    page = (home / "night.html").read_text(encoding="utf-8")
    for said in (ran.out, ran.err, listed.out, listed.err, page):
        assert controls(said) == set()
    assert not {"marquee", "img"} & Tags(page).tags
    assert sorted(path.name for path in tmp_path.parent.glob("x*")) == [], "no code became a path"


def _cells(path: Path) -> list[str]:
    if path.suffix == ".csv":
        return [cell for row in csv.reader(path.read_text(encoding="utf-8-sig").splitlines()) for cell in row]
    import openpyxl

    book = openpyxl.load_workbook(path)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"], "formula cells"
    return [str(cell.value) for cell in cells if cell.data_type == "s"]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".html"])
def test_an_export_of_hostile_codes_runs_nothing(nursery: Nursery, new_home: Path, tmp_path: Path, suffix: str) -> None:
    site = FileSite(new_home, tmp_path)
    home = site.fresh()
    spoil_codes(site.file)
    assert nursery.run(home, "run").code == 0
    exported = nursery.run(home, "audit", "export", "--out", f"audit{suffix}")
    assert exported.code == 0, exported.err
    path = home / f"audit{suffix}"
    if suffix == ".html":
        page = Tags(path.read_text(encoding="utf-8"))
        assert not {"script", "marquee", "img"} & page.tags
        assert page.handlers == []
        return
    if suffix == ".csv":
        active = [cell for cell in _cells(path) if cell[:1] in set("=+-@\t\r\n＝＋－＠")]
        assert [cell for cell in active if not _is_number(cell)] == []
    else:
        assert _cells(path)


def _is_number(cell: Any) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True

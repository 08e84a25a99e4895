"""How cases came out: on the terminal, as plain text, and for a build server."""

from __future__ import annotations

from collections import Counter
from io import StringIO
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console, RenderableType

from u8sync.domain.cases import CaseFile, CaseResult, CasesRun, Difference, Reading
from u8sync.domain.mapping import CustomerMapping, Field, Rule
from u8sync.domain.tables import TableEntry, ValueTable
from u8sync.domain.untested import Counted, Untested
from u8sync.report.junit import junit_xml
from u8sync.report.language import Language, translator
from u8sync.report.terminal.cases import case_text, cases_summary, cases_view
from u8sync.text import Place, msg

EN = translator("en")


def place(line: int, file: str = "m.yaml") -> Place:
    return Place(file, line, 3)


def case(name: str, line: int, way: str = "sql") -> Reading:
    return Reading(name, way, place(line, "c.cases.yaml"), {}, {}, {}, None, {})


WRONG = (
    Difference("value", "kind", "重要", "VIP", (place(7),)),
    Difference("value", "roles", ("a",), ("a", "b"), (place(8), place(9))),
    Difference("value", "name", None, " x\u200b", (place(6),)),
    Difference("issue", "kind", msg("no issue"), msg("is not in the value table '{table}'", table="t"), (place(5),)),
    Difference("set_aside", "", msg("set aside"), msg("not set aside"), ()),
    Difference("written", "cCusDefine5", "A", None, (place(12),)),
)
CASES = (case("甲", 4), case("[red]乙[/red]", 9), case("丙", 14, "openapi"))
FILE = CaseFile("c.cases.yaml", CustomerMapping((), "d"), "m.yaml", CASES)
RUN = CasesRun(
    tuple(CaseResult(one, wrong) for one, wrong in zip(CASES, ((), WRONG, ()), strict=True)), frozenset(), frozenset()
)


def shown(view: RenderableType, *, width: int = 100) -> list[str]:
    console = Console(file=StringIO(), width=width, color_system=None, highlight=False, legacy_windows=False)
    console.print(view, crop=False)
    assert isinstance(console.file, StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_each_case_is_one_line_and_a_failed_one_says_what_differs_and_where_it_was_decided() -> None:
    assert shown(cases_view(FILE, RUN, EN)) == [
        "c.cases.yaml, cases of m.yaml",
        "+ ok  甲",
        "x FAILED  [red]乙[/red]  c.cases.yaml:9",
        "    What                       Expected    Got                             Decided by",
        "    ------------------------- ----------- ------------------------------- -------------------",
        "    kind                       重要        VIP                             m.yaml:7",
        "    roles                      [a]         [a, b]                          m.yaml:8, m.yaml:9",
        "    name                       (empty)     ' x\\u200b'                      m.yaml:6",
        "    issue of kind              no issue    is not in the value table 't'   m.yaml:5",
        "    customer                   set aside   not set aside                   -",
        "    written into cCusDefine5   A           (empty)                         m.yaml:12",
        "",
        "+ ok  丙 (openapi)",
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_chinese_windows_console_can_show_all_of_it(language: Language) -> None:
    lines = [*shown(cases_view(FILE, RUN, translator(language))), *shown(summary(language=language, untested=True))]
    assert all(line.encode("gbk") for line in lines if line)


def test_a_narrow_console_loses_nothing() -> None:
    wide, narrow = (Counter("".join(shown(cases_view(FILE, RUN, EN), width=width))) for width in (100, 40))
    assert {one: count for one, count in wide.items() if one not in " -"} == {
        one: count for one, count in narrow.items() if one not in " -"
    }


def test_the_same_as_plain_text() -> None:
    lines = case_text(RUN.results[1], EN).splitlines()
    assert lines[0] == "c.cases.yaml:9: [red]乙[/red] (sql)"
    assert lines[3].split() == ["kind", "重要", "VIP", "m.yaml:7"]
    assert len(lines) == 3 + len(WRONG)


TABLE = ValueTable("t", (TableEntry("01", "一", place(20)),), "issue", place(19))
RULE = Rule((), "Y", place(30))
FIELD = Field("f", "字段", {}, (), "text", False, None, "never", place(10), choose=(RULE,))
REST = Untested(((TABLE, TABLE.entries[0]),), ((FIELD, RULE),), (FIELD,), Counted(3, 4), Counted(1, 2), Counted(8, 9))
WHOLE = Untested((), (), (), Counted(4, 4), Counted(0, 0), Counted(9, 9))


def summary(*, untested: bool = False, rest: Untested = REST, language: Language = "en") -> RenderableType:
    return cases_summary([RUN], {"m.yaml": rest}, translator(language), untested=untested)


def test_the_summary_counts_the_cases_and_what_they_look_at() -> None:
    assert shown(summary()) == [
        "",
        "m.yaml: the cases look at 3 of 4 lines of value tables, 1 of 2 rules and 8 of 9 fields.",
        "--untested lists the others.",
        "",
        "1 file(s): 2 case(s) passed, 1 failed. U8 was not needed.",
    ]
    assert shown(summary(rest=WHOLE))[1:3] == [
        "m.yaml: the cases look at 4 of 4 lines of value tables and 9 of 9 fields.",
        "",
    ]


def test_what_no_case_looks_at_is_listed_with_its_place() -> None:
    lines = [line.split() for line in shown(summary(untested=True))[2:7]]
    assert lines[0][:4] == ["No", "case", "looks", "at"]
    assert lines[2:] == [
        ["line", "of", "t", "01", "means", "一", "m.yaml:20"],
        ["rule", "of", "f", "Y", "m.yaml:30"],
        ["field", "f", "字段", "m.yaml:10"],
    ]
    assert shown(summary(untested=True, rest=WHOLE)) == shown(summary(rest=WHOLE))


def test_a_build_server_reads_it() -> None:
    root = ET.fromstring(junit_xml([(FILE, RUN)], EN))  # noqa: S314 - our own text
    [suite] = root
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("c.cases.yaml", "3", "1")
    assert [(one.get("name"), one.get("file"), one.get("line")) for one in suite] == [
        ("甲", "c.cases.yaml", "4"),
        ("[red]乙[/red]", "c.cases.yaml", "9"),
        ("丙", "c.cases.yaml", "14"),
    ]
    assert [one.get("classname") for one in suite][1:] == ["c.cases.yaml.sql", "c.cases.yaml.openapi"]
    [failure] = suite[1]
    assert failure.get("message") == "c.cases.yaml:9: [red]乙[/red] (sql)"
    assert "m.yaml:12" in (failure.text or "")
    assert len(suite[0]) == len(suite[2]) == 0


def test_characters_that_xml_cannot_hold_are_written_out() -> None:
    odd = CaseResult(case("a\x01<&>", 4), (Difference("value", "f\uffff", "\x02", "]]>", ()),))
    [suite] = ET.fromstring(junit_xml([(FILE, CasesRun((odd,), frozenset(), frozenset()))], EN))  # noqa: S314
    assert suite[0].get("name") == "a\\x01<&>"
    assert "\\x02" in (suite[0][0].text or "")

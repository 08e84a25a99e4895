"""Cases of a mapping: what makes one fail, what each difference says, and what of the mapping they look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from u8sync.domain.case_runner import run_cases
from u8sync.domain.cases import Case, CaseResult, Reading, Writing
from u8sync.domain.conditions import Condition
from u8sync.domain.mapping import CustomerMapping, Rule
from u8sync.domain.operators import Canonical
from u8sync.domain.untested import untested
from u8sync.text import Message, Place

AT = Place("a.cases.yaml", 4, 3)


def reading(
    given: Mapping[str, str | None],
    expect: Mapping[str, Canonical] | None = None,
    *,
    issues: Mapping[str, str | None] | None = None,
    set_aside: bool | None = None,
    expect_raw: Mapping[str, str | None] | None = None,
    way: str = "sql",
) -> Reading:
    return Reading("a", way, AT, given, expect or {}, issues or {}, set_aside, expect_raw or {})


def writing(
    write: Mapping[str, Canonical],
    expect_raw: Mapping[str, str | None] | None = None,
    issues: Mapping[str, str | None] | None = None,
) -> Writing:
    return Writing("a", "sql", AT, write, expect_raw or {}, issues or {})


def run(mapping: CustomerMapping, *cases: Case) -> list[CaseResult]:
    return list(run_cases(mapping, cases).results)


def told(mapping: CustomerMapping, case: Case) -> list[tuple[str, str, object, object, list[int]]]:
    """The differences of one case: kind, name, expected, got, lines of the mapping."""
    [result] = run(mapping, case)
    assert result.passed == (not result.differences)
    return [
        (
            one.kind,
            one.name,
            str(one.expected) if isinstance(one.expected, Message) else one.expected,
            str(one.got) if isinstance(one.got, Message) else one.got,
            [place.line for place in one.decided],
        )
        for one in result.differences
    ]


# --- reading ---


def test_what_is_read_as_expected_passes_and_other_fields_are_not_compared(world: Any) -> None:
    given = {"cCusDefine1": "贵宾", "cCusDefine2": "01、代理", "dCusDevDate": "2024-02-29", "cCCCode": "0101"}
    expect = {"tier": "VIP", "roles": ("dealer", "agent"), "developed_on": date(2024, 2, 29), "category": "retail"}
    assert told(world.mapping, reading(given, expect, set_aside=False)) == []
    assert told(world.mapping, reading({"cCusDefine1": "贵宾"}, {"name": None})) == []


@pytest.mark.parametrize(
    ("given", "expect", "difference"),
    [
        ({"cCusDefine1": "02"}, {"tier": "VIP"}, ("value", "tier", "VIP", "key", [43])),
        ({"cCusDefine1": None}, {"tier": "VIP"}, ("value", "tier", "VIP", None, [15])),
        (
            {"cCusDefine2": "01、NO"},
            {"roles": ("agent", "dealer")},
            ("value", "roles", ("agent", "dealer"), ("dealer", "agent"), [51, 53]),
        ),
        ({"cCusName": " x "}, {"name": "x "}, ("value", "name", "x ", "x", [6])),
        (
            {"dCusDevDate": "2024-02-29"},
            {"developed_on": None},
            ("value", "developed_on", None, date(2024, 2, 29), [26]),
        ),
        ({"cCusName": "x"}, {"tier": "VIP"}, ("value", "tier", "VIP", None, [15])),
    ],
    ids=["line of a table", "empty", "lines of a list", "operator", "date", "a column that is not given"],
)
def test_a_difference_names_the_lines_that_decided(world: Any, given: Any, expect: Any, difference: Any) -> None:
    assert told(world.mapping, reading(given, expect)) == [difference]


def test_an_issue_that_is_not_expected_makes_the_case_fail_and_explains_the_value(world: Any) -> None:
    assert told(world.mapping, reading({"cCusDefine1": "??"}, {"tier": "VIP"})) == [
        ("value", "tier", "VIP", None, [17]),
        ("issue", "tier", "no issue", "is not in the value table 'tiers'", [17]),
    ]
    assert told(world.mapping, reading({"cCusDefine1": "??"}, {"tier": None})) == [
        ("issue", "tier", "no issue", "is not in the value table 'tiers'", [17])
    ]


@pytest.mark.parametrize(
    ("value", "part", "difference"),
    [
        ("??", None, None),
        ("??", "value table", None),
        ("??", "对照表", None),
        ("??", "a date", ("issue", "tier", "an issue with 'a date'", "is not in the value table 'tiers'", [17])),
        ("02", None, ("issue", "tier", "an issue", "no issue", [43])),
        ("02", "table", ("issue", "tier", "an issue with 'table'", "no issue", [43])),
        (None, None, ("issue", "tier", "an issue", "no issue", [15])),
    ],
)
def test_an_expected_issue_must_be_there_with_its_words(world: Any, value: Any, part: Any, difference: Any) -> None:
    case = reading({"cCusDefine1": value}, issues={"tier": part})
    if part == "对照表":
        chinese = lambda message: str(message).replace("value table", "值对照表")  # noqa: E731
        results = run_cases(world.mapping, [case], (str, chinese)).results
        assert [result.passed for result in results] == [True]
        return
    assert told(world.mapping, case) == ([] if difference is None else [difference])


def test_only_issues_of_what_is_given_count_unless_they_are_named(world: Any) -> None:
    """``category`` is required, and empty where nothing is given for it."""
    assert told(world.mapping, reading({"cCusName": "x"}, {"name": "x"})) == []
    empty = ("issue", "category", "no issue", "is empty, and the field is required", [10])
    assert told(world.mapping, reading({"cCCCode": None}, {"category": None})) == [empty]
    assert told(world.mapping, reading({"cCusName": "x"}, issues={"category": "required"})) == []


def test_whether_the_customer_is_set_aside_is_compared_when_the_case_says_so(world: Any) -> None:
    aside = ("set_aside", "", "not set aside", "set aside", [13])
    assert told(world.mapping, reading({"cCCCode": "99"}, issues={"category": None}, set_aside=True)) == []
    assert told(world.mapping, reading({"cCCCode": "99"}, issues={"category": None}, set_aside=False)) == [aside]
    assert told(world.mapping, reading({"cCCCode": "0101"}, set_aside=True)) == [
        ("set_aside", "", "set aside", "not set aside", [])
    ]


def test_only_what_sets_the_customer_aside_is_named_for_it(world: Any) -> None:
    given = {"cCCCode": "99", "cCusDefine1": "??"}
    [difference] = told(world.mapping, reading(given, issues={"category": None, "tier": None}, set_aside=False))
    assert difference[4] == [13]


def test_a_chosen_field_counts_as_given_when_what_it_is_chosen_by_is_given(world: Any) -> None:
    when = (Condition("a", "text", "is", ("x",), AT),)
    chosen = replace(world.mapped("e", columns={}, required=True, line=50), choose=(Rule(when, "first", AT),))
    mapping = CustomerMapping((world.mapping.fields[0], world.mapped("a", columns={"sql": "a"}), chosen), "m")
    assert told(mapping, reading({"a": "z"}, {"a": "z"})) == [
        ("issue", "e", "no issue", "is empty, and the field is required", [50])
    ]
    assert told(mapping, reading({"cCusCode": "1"}, {"a": None})) == []


def test_each_case_is_a_customer_of_its_own_whatever_its_code(world: Any) -> None:
    cases = [reading({"cCusCode": "1", "cCusName": name}, {"name": "b"}) for name in ("a", "b", "c")]
    assert [result.passed for result in run(world.mapping, *cases)] == [False, True, False]


def test_a_field_may_read_the_code_by_whatever_name_the_way_has_for_it(world: Any) -> None:
    columns = {"sql": "cCusCode", "openapi": "code"}
    first = world.mapped("first", world.operator("prefix", 2), columns=columns, line=70)
    code = replace(world.mapping.fields[0], columns=columns)
    mapping = CustomerMapping((code, first), "m")
    for way, column in columns.items():
        assert told(mapping, reading({column: "0101"}, {"first": "01"}, way=way)) == []
        assert told(mapping, reading({column: "0"}, {"first": None}, way=way)) == [
            ("issue", "first", "no issue", "is shorter than 2 characters", [71])
        ]


def test_cases_of_both_ways_keep_their_order(world: Any) -> None:
    name = world.mapped("name", columns={"sql": "cCusName", "openapi": "n"})
    mapping = CustomerMapping((world.mapping.fields[0], name), "m")
    cases = [
        reading({"n": "a"}, {"name": "a"}, way="openapi"),
        reading({"cCusName": "b"}, {"name": "x"}),
        reading({"n": "c"}, {"name": "x"}, way="openapi"),
    ]
    results = run(mapping, *cases)
    assert [result.case for result in results] == cases
    assert [result.passed for result in results] == [True, False, False]


def test_conditions_rules_and_derived_fields_are_named_where_they_decided(world: Any) -> None:
    def only(words: str, line: int) -> tuple[Condition, ...]:
        return (Condition("a", "text", "is", (words,), Place("m.yaml", line, 5)),)

    code = world.mapping.fields[0]
    source = world.mapped("a", columns={"sql": "a"}, line=10)
    bounded = replace(world.mapped("b", columns={"sql": "b"}, required=True, line=20), only_if=only("y", 21))
    derived = replace(world.mapped("c", columns={}, line=30), from_field="a")
    longer = replace(world.mapped("d", world.operator("upper"), columns={}, line=40), from_field="a")
    rules = (
        Rule(only("y", 51), "first", Place("m.yaml", 52, 5)),
        Rule(only("x", 53), "second", Place("m.yaml", 54, 5)),
    )
    chosen = replace(world.mapped("e", columns={}, line=50), choose=rules)
    mapping = CustomerMapping((code, source, bounded, derived, longer, chosen), "m")
    assert told(mapping, reading({"a": "x", "b": "1"}, {"b": "1", "c": "y", "d": "y", "e": "first"})) == [
        ("value", "b", "1", None, [21]),
        ("value", "c", "y", "x", [10]),
        ("value", "d", "y", "X", [41]),
        ("value", "e", "first", "second", [54]),
    ]
    assert told(mapping, reading({"a": "z"}, {"e": "first"})) == [("value", "e", "first", None, [50])]
    # What is required counts where the conditions hold, and only then.
    assert told(mapping, reading({"b": None, "a": "x"}, {"b": None})) == []
    assert [one[:2] for one in told(mapping, reading({"b": None, "a": "y"}, {"b": None}))] == [("issue", "b")]


# --- what a run leaves behind ---


def test_a_spelling_is_written_over_a_given_one_and_an_empty_column_stays_empty(world: Any) -> None:
    def left(value: str | None, after: str | None) -> list[Any]:
        given = {"cCusDefine2": value, "cCCCode": "0101"}
        return told(world.mapping, reading(given, issues={}, expect_raw={"cCusDefine2": after}))

    assert left("代理，01", "NO、01") == []
    assert left("NO、01", "NO、01") == []
    assert left(" ", None) == []
    assert left(None, "") == []
    assert left("代理，01", "代理，01") == [("written", "cCusDefine2", "代理，01", "NO、01", [20, 54, 51])]


def test_nothing_is_written_over_a_value_that_has_an_issue_or_a_customer_that_is_set_aside(world: Any) -> None:
    given = {"cCusDefine2": "代理、??", "cCCCode": "0101"}
    assert told(world.mapping, reading(given, issues={"roles": None}, expect_raw={"cCusDefine2": "代理、??"})) == []
    assert told(world.mapping, reading(given, issues={"roles": None}, expect_raw={"cCusDefine2": "NO"})) == [
        ("written", "cCusDefine2", "NO", "代理、??", [22])
    ]
    aside = {"cCusDefine2": "代理", "cCCCode": "99"}
    assert told(world.mapping, reading(aside, issues={"category": None}, expect_raw={"cCusDefine2": "代理"})) == []


def taking(world: Any) -> CustomerMapping:
    """A mapping whose field ``note`` takes the value of ``tier``, at most two characters of it."""
    table = world.operator("table", world.table("notes", {"V": "VIP", "Kx": "key", "Rxx": "regular"}, line=80))
    note = replace(world.mapped("note", table, write="field", columns={"sql": "cNote"}, line=85), takes="tier", width=2)
    category = replace(world.mapping.fields[2], required=False)
    return CustomerMapping((*world.mapping.fields[:2], category, *world.mapping.fields[3:], note), "m")


def test_the_value_of_another_field_is_written_even_where_nothing_stands(world: Any) -> None:
    mapping = taking(world)
    assert told(mapping, reading({"cCusDefine1": "贵宾"}, expect_raw={"cNote": "V"})) == []
    assert told(mapping, reading({"cCusDefine1": "重点", "cNote": "V"}, expect_raw={"cNote": "V"})) == [
        ("written", "cNote", "V", "Kx", [85, 44])
    ]


def test_a_value_that_cannot_be_written_is_an_issue_of_a_run(world: Any) -> None:
    mapping = taking(world)
    assert told(mapping, reading({"cCusDefine1": "潜在"}, issues={"note": "has no spelling"})) == []
    assert told(mapping, reading({"cCusDefine1": "普通"}, {"tier": "regular"})) == [
        ("issue", "note", "no issue", "would be longer than the 2 characters that the mapping allows", [85])
    ]


# --- writing ---


def test_what_is_written_as_expected_passes(world: Any) -> None:
    assert told(world.mapping, writing({"tier": "VIP"}, {"cCusDefine1": "VIP"})) == []
    assert told(world.mapping, writing({"roles": ("agent", "dealer")}, {"cCusDefine2": "NO、01"})) == []
    assert told(world.mapping, writing({"roles": "agent"}, {"cCusDefine2": "NO"})) == []


def test_the_recommended_tier_goes_into_every_field_that_takes_it(world: Any) -> None:
    table = world.operator("table", world.table("codes", {"4": "VIP", "2": "key"}, line=90))
    second = world.mapped("second", table, write="tier", columns={"sql": "cTwo"}, line=95)
    mapping = CustomerMapping((*world.mapping.fields, second), "m")
    assert told(mapping, writing({"tier": "key"}, {"cCusDefine1": "02", "cTwo": "2"})) == []
    assert told(mapping, writing({"tier": "VIP"}, {"cCusDefine1": "贵宾", "cTwo": "2"})) == [
        ("written", "cCusDefine1", "贵宾", "VIP", [15, 41]),
        ("written", "cTwo", "2", "4", [95, 91]),
    ]
    assert told(mapping, writing({"tier": "regular"}, {"cCusDefine1": "普通"})) == [
        ("issue", "second", "no issue", "'regular' has no spelling in the field 'second'", [95])
    ]
    assert told(mapping, writing({"second": "key"}, {"cTwo": "2"})) == []


def test_a_spelling_that_is_chosen_is_decided_by_the_table(world: Any) -> None:
    table = replace(world.table("t", {"V.*": "VIP"}, line=90), match="pattern", chosen={"VIP": "VIP"})
    field = world.mapped("grade", world.operator("table", table), write="canonical", columns={"sql": "g"}, line=95)
    mapping = CustomerMapping((*world.mapping.fields, field), "m")
    assert told(mapping, writing({"grade": "VIP"}, {"g": "V"})) == [("written", "g", "V", "VIP", [95, 90])]


@pytest.mark.parametrize(
    ("write", "complaint"),
    [
        ({"tier": "gold"}, "'gold' has no spelling in the field 'tier'"),
        ({"roles": ("dealer", "x")}, "'dealer, x' has no spelling in the field 'roles'"),
        ({"note": "regular"}, "would be longer than the 2 characters that the mapping allows"),
        ({"free": " x"}, "' x' would not be read back as itself in the field 'free'"),
    ],
)
def test_what_cannot_be_written_is_an_issue(world: Any, write: Any, complaint: str) -> None:
    free = world.mapped("free", world.operator("trim"), write="canonical", columns={"sql": "cFree"}, line=98)
    mapping = taking(world)
    mapping = replace(mapping, fields=(*mapping.fields, free))
    name = next(iter(write))
    assert told(mapping, writing(write, issues={name: complaint[5:]})) == []
    [difference] = told(mapping, writing(write, issues={}))
    assert difference[:4] == ("issue", name, "no issue", complaint)
    [difference] = told(mapping, writing(write, issues={name: "something else"}))
    assert difference[:4] == ("issue", name, "an issue with 'something else'", complaint)


def test_an_issue_that_does_not_come_when_writing_is_told(world: Any) -> None:
    assert told(world.mapping, writing({"tier": "VIP"}, issues={"tier": None})) == [
        ("issue", "tier", "an issue", "no issue", [15, 41])
    ]


# --- what the cases look at ---


def left(mapping: CustomerMapping, *cases: Case) -> tuple[list[str], list[str], list[str]]:
    """The lines, rules and fields that no case looks at."""
    ran = run_cases(mapping, cases)
    rest = untested(mapping, ran.fields, ran.passed)
    lines = [f"{table.name} {entry.raw}" for table, entry in rest.lines]
    rules = [f"{field.name} {rule.value}" for field, rule in rest.rules]
    fields = [field.name for field in rest.fields]
    assert (rest.all_lines.of - rest.all_lines.tested, rest.all_fields.of - rest.all_fields.tested) == (
        len(lines),
        len(fields),
    )
    assert rest.nothing == (not lines and not rules and not fields)
    return lines, rules, fields


def test_without_cases_nothing_is_looked_at(world: Any) -> None:
    lines, rules, fields = left(world.mapping)
    assert lines == [
        *(f"categories {raw}" for raw in ("01", "02")),
        *(f"tiers {raw}" for raw in ("VIP", "贵宾", "02", "重点", "普通", "潜在")),
        *(f"roles {raw}" for raw in ("01", "经销商", "NO", "代理")),
    ]
    assert rules == []
    assert fields == [field.name for field in world.mapping.fields if field.name != "code"]


def test_a_line_is_looked_at_when_a_case_compares_the_field_that_it_decides(world: Any) -> None:
    given = {"cCusDefine1": "贵宾", "cCusDefine2": "经销商、代理", "cCCCode": "0101"}
    lines, _, fields = left(world.mapping, reading(given, {"roles": ("dealer", "agent")}))
    assert "tiers 贵宾" in lines
    assert [line for line in lines if line.startswith("roles")] == ["roles 01", "roles NO"]
    assert "roles" not in fields
    assert "tier" in fields
    lines, _, fields = left(world.mapping, writing({"tier": "VIP"}, {"cCusDefine1": "VIP"}))
    assert "tiers VIP" not in lines
    assert "tiers 贵宾" in lines
    assert "tier" not in fields


def test_what_a_compared_field_comes_from_is_looked_at_too(world: Any) -> None:
    def when(line: int, *words: str) -> tuple[Condition, ...]:
        return (Condition("a", "text", "is", words, Place("m.yaml", line, 5)),)

    table = world.operator("table", world.table("t", {"1": "x", "2": "y", "3": "z"}, line=60))
    code, source = world.mapping.fields[0], world.mapped("a", table, columns={"sql": "a"}, line=10)
    rules = (Rule(when(21, "x"), "X", Place("m.yaml", 22, 5)), Rule(when(23, "y"), "Y", Place("m.yaml", 24, 5)))
    chosen = replace(world.mapped("b", columns={}, line=20), choose=rules)
    mapping = CustomerMapping((code, source, chosen), "m")
    assert left(mapping, reading({"a": "1"}, {"b": "X"})) == (["t 2", "t 3"], ["b Y"], [])
    assert left(mapping, reading({"a": "1"}, {"a": "x"})) == (["t 2", "t 3"], ["b X", "b Y"], ["b"])
    three = [reading({"a": "1"}, {"b": "X"}), reading({"a": "2"}, {"b": "Y"}), reading({"a": "3"}, {"a": "z"})]
    assert left(mapping, *three) == ([], [], [])

"""The mapping language: how values are matched, derived and written, and what is told of a mapping that cannot be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from u8sync.config.mapping_file import load_mapping
from u8sync.domain.mapping import CustomerMapping, read_customers

Expect = Callable[..., None]

HEAD = "version: 1\nfields:\n  code: {label: 编码, columns: {sql: cCusCode}}\n"


def mapping(path: Path) -> CustomerMapping:
    return load_mapping(path, "m.yaml")


def read(tmp_path: Path, text: str, **columns: list[str | None]) -> tuple[dict[str, list[object]], list[str]]:
    """The canonical values of a mapping's fields, and its issues as ``code field: message``."""
    path = tmp_path / "m.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    count = len(next(iter(columns.values())))
    codes = [str(number) for number in range(1, count + 1)]
    raw = pl.DataFrame({"code": codes, **columns}, schema_overrides=dict.fromkeys(columns, pl.String))
    frame, issues = read_customers(raw, load_mapping(path, "m.yaml"), "sql")
    return frame.drop("code", "set_aside").to_dict(as_series=False), [
        f"{i.code} {i.field}: {i.message}" for i in issues
    ]


FIELD = "  a: {label: A, columns: {sql: cA}, operators: [trim, {table: t}]}\n"


def test_the_longest_prefix_counts(tmp_path: Path) -> None:
    table = 'tables: {t: {match: prefix, values: {"01": 经销商, "0102": 华南, "0": 其他}}}\n'
    values, issues = read(tmp_path, FIELD + table, cA=["0101001", "0102", "010", "0", "02", "9", None])
    assert values["a"] == ["经销商", "华南", "经销商", "其他", "其他", None, None]
    assert issues == ["6 a: is not in the value table 't'"]


def test_the_first_pattern_that_covers_the_whole_value_counts(tmp_path: Path) -> None:
    table = "tables: {t: {match: pattern, values: {'(?i)vip.*': VIP, 'V.*': 重要, '[0-9]{2}|甲|': 编号}}}\n"
    values, _ = read(tmp_path, FIELD + table, cA=["vip客户", "VIP", "Vx", "07", "甲", "甲乙", "A07", None])
    assert values["a"] == ["VIP", "VIP", "重要", "编号", "编号", None, None, None]


@pytest.mark.parametrize(
    ("rest", "other", "told"),
    [
        ("", None, ["2 a: is not in the value table 't'"]),
        ("unmapped: keep, ", "别的", []),
        ("unmapped: default, default: 普通, ", "普通", []),
    ],
    ids=["issue", "keep", "default"],
)
@pytest.mark.parametrize("match", ["exact", "prefix", "pattern"])
def test_a_value_that_no_line_covers_goes_by_the_table_s_rule(
    tmp_path: Path, rest: str, other: str | None, told: list[str], match: str
) -> None:
    table = f"tables: {{t: {{match: {match}, {rest}values: {{甲: 一}}}}}}\n"
    values, issues = read(tmp_path, FIELD + table, cA=["甲", "别的", None])
    assert values["a"] == ["一", other, None]
    assert issues == told


def test_the_default_of_a_table_counts_for_each_part_of_a_list(tmp_path: Path) -> None:
    field = '  a: {label: A, columns: {sql: cA}, operators: [{split: ","}, {table: t}]}\n'
    table = "tables: {t: {unmapped: default, default: 其他, values: {甲: 一}}}\n"
    assert read(tmp_path, field + table, cA=["甲,乙、丙", "丁"])[0]["a"] == [["一", "其他"], ["其他"]]


def test_full_width_letters_digits_marks_and_blanks_are_their_half_width_twins(tmp_path: Path) -> None:
    field = "  a: {label: A, columns: {sql: cA}, operators: [half_width, trim]}\n"
    values, _ = read(tmp_path, field, cA=["ＶＩＰ　１０％", "（甲）、乙", "①㈱ｱ"])
    assert values["a"] == ["VIP 10%", "(甲)、乙", "①㈱ｱ"]


def test_a_list_can_be_put_in_order(tmp_path: Path) -> None:
    field = '  a: {label: A, columns: {sql: cA}, operators: [lower, {split: ","}, sort], write: canonical}\n'
    path = tmp_path / "m.yaml"
    values, _ = read(tmp_path, field, cA=["b，A; a、c", " ", None])
    assert values["a"] == [["a", "b", "c"], None, None]
    written = load_mapping(path, "m.yaml").field("a")
    assert written is not None
    assert written.raw(("c", "a")) == "a,c"


DERIVED = """\
  class: {label: 分类, columns: {sql: cC}, operators: [trim]}
  roles: {label: 角色, columns: {sql: cR}, operators: [{split: ","}]}
  top: {label: 大类, from_field: class, operators: [{prefix: 2}, {table: tops}]}
  kind:
    label: 种类
    default: 未知
    choose:
      - {when: {top: 经销, roles: [供应商, 分销商]}, value: 渠道}
      - {when: {class: {begins: [02, 03]}}, value: 终端}
      - {when: {roles: {is_not: 供应商}, class: {empty: false}}, value: 其他}
tables: {tops: {values: {"01": 经销, "02": 终端}}}
"""


def test_derived_fields_start_from_others_and_follow_rules(tmp_path: Path) -> None:
    values, issues = read(
        tmp_path,
        DERIVED,
        cC=["0101", "0101", "02", "0301", "01", None, "9"],
        cR=["分销商,合作伙伴", "合作伙伴", None, "供应商", "供应商", "分销商", "供应商"],
    )
    assert values["top"] == ["经销", "经销", "终端", None, "经销", None, None]
    assert values["kind"] == ["渠道", "其他", "终端", "终端", "渠道", "未知", "未知"]
    assert issues == [
        "4 top: is not in the value table 'tops'",
        "7 top: is shorter than 2 characters",
    ]


def test_a_field_counts_only_under_its_conditions(tmp_path: Path) -> None:
    text = (
        "  class: {label: 分类, columns: {sql: cC}}\n"
        "  a:\n    label: A\n    columns: {sql: cA}\n    only_if: {class: {begins: '01'}}\n"
        "    operators: [{table: t}]\n    default: 一\n    required: true\n"
        "tables: {t: {values: {甲: 一, 乙: 二}}}\n"
    )
    values, issues = read(tmp_path, text, cC=["0101", "02", "01", None, "01"], cA=["乙", "乙", None, None, "丙"])
    assert values["a"] == ["二", None, "一", None, None]
    assert issues == ["5 a: is not in the value table 't'"]


T = "tables: {t: {values: {A: 甲, B: 乙}}}\n"
A = "  a: {label: A, columns: {sql: cA}, operators: [{table: t}]}\n"


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        pytest.param(
            A + "tables: {t: {match: pattern, values: {▲(a: 甲}}}\n",
            "this is no regular expression that can be used: unclosed group",
            id="pattern that is none",
        ),
        pytest.param(
            A + "tables: {t: {match: pattern, values: {▲'(x{50}){50}': 甲}}}\n",
            "this pattern is too slow: its counted repetitions come to more than 1000",
            id="slow pattern",
        ),
        pytest.param(
            A + f"tables: {{t: {{match: pattern, values: {{▲{'x' * 201}: 甲}}}}}}\n",
            "a pattern has at most 200 characters",
            id="long pattern",
        ),
        pytest.param(
            A + "tables: {t: {match: pattern, values: {▲'(?=a)': 甲}}}\n",
            "this is no regular expression that can be used:"
            " look-around, including look-ahead and look-behind, is not supported",
            id="look-around",
        ),
        pytest.param(
            A + "tables: {t: {match: ▲like, values: {A: 甲}}}\n", "unknown word 'like'", id="unknown way to match"
        ),
        pytest.param(
            A + "tables: {t: {unmapped: ▲default, values: {A: 甲}}}\n",
            "the table 't' has no 'default' that says what other values mean",
            id="no default",
        ),
        pytest.param(
            A + "tables: {t: {▲default: 甲, values: {A: 甲}}}\n",
            "this 'default' counts only with 'unmapped: default'",
            id="default without its rule",
        ),
        pytest.param(
            A + "tables: {t: {values: {A: 甲}, spellings: {▲乙: A}}}\n",
            "'乙' is no meaning of the table 't'",
            id="spelling of nothing",
        ),
        pytest.param(
            A + "tables: {t: {values: {A: 甲}, spellings: {▲甲: ' '}}}\n", "must not be empty", id="empty spelling"
        ),
        pytest.param(
            A.replace("]}", "], write: canonical}") + "tables: {▲t: {match: pattern, values: {A.*: 甲}}}\n",
            "a table of patterns has no way back, and the field 'a' is written",
            id="patterns have no way back",
        ),
        pytest.param(
            A.replace("]}", "], write: canonical}") + "tables: {t: {values: {▲A: 甲, B: 乙}, spellings: {甲: B}}}\n",
            "'甲' would not be read back as itself in the field 'a'",
            id="a spelling that means something else",
        ),
        pytest.param(
            A.replace("]}", "], write: canonical, width: ▲1}") + "tables: {t: {values: {C: 乙, AB: 甲}}}\n",
            "'甲' is written with 2 characters, more than 'width' allows",
            id="a spelling that is too wide",
        ),
        pytest.param(A.replace("]}", "], width: ▲0}") + T, "must be at least 1, not 0", id="no width at all"),
        pytest.param("  a: {label: A, from_field: ▲b}\n", "unknown field 'b'", id="starts from nothing"),
        pytest.param("  a: {label: A, from_field: ▲code}\n", "unknown field 'code'", id="starts from the code"),
        pytest.param(
            "  ▲a: {label: A, from_field: b}\n  b: {label: B, from_field: a}\n",
            "the field 'a' needs itself: a -> b -> a",
            id="circle",
        ),
        pytest.param(
            "  ▲a: {label: A, choose: [{when: {b: x}, value: x}]}\n"
            "  b: {label: B, columns: {sql: cB}, only_if: {c: x}}\n"
            "  c: {label: C, columns: {sql: cC}, only_if: {a: x}}\n",
            "the field 'a' needs itself: a -> b -> c -> a",
            id="circle of conditions",
        ),
        pytest.param(
            A.replace("columns", "from_field: b, ▲columns") + "  b: {label: B, columns: {sql: cB}}\n" + T,
            "the field 'a' has a value already, by 'from_field'; only one can count",
            id="two sources",
        ),
        pytest.param(
            "  a: {label: A, from_field: b, ▲choose: [{value: x}]}\n  b: {label: B, columns: {sql: cB}}\n",
            "the field 'a' has a value already, by 'from_field'; only one can count",
            id="two ways to derive",
        ),
        pytest.param(
            "  a: {label: A, choose: [{value: x}], ▲operators: [trim]}\n",
            "operators do not follow 'choose'; its rules give the final value",
            id="operators after rules",
        ),
        pytest.param(
            "  a: {label: A, choose: [{value: x}, ▲{value: y}]}\n",
            "this rule is never reached: the one before holds for every customer",
            id="rule out of reach",
        ),
        pytest.param(
            "  a: {label: A, choose: [{value: x}], ▲write: canonical}\n",
            "the field 'a' has no column of its own, so nothing can be written into it",
            id="derived and written",
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, write: canonical, ▲write_field: b}\n"
            "  b: {label: B, columns: {sql: cB}}\n",
            "the field 'a' has a 'write' already; only one can count",
            id="two things to write",
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, write_field: ▲c}\n", "unknown field 'c'", id="writes nothing known"
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, write_field: ▲a}\n",
            "the field 'a' names itself here",
            id="writes itself",
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, write_field: ▲b}\n"
            '  b: {label: B, columns: {sql: cB}, operators: [{split: ","}]}\n',
            "the field 'a' is a text and 'b' is a list; they must be the same",
            id="a list into a text",
        ),
        pytest.param(
            A.replace("]}", "], write_field: ▲b}") + "  b: {label: B, choose: [{value: 丙}]}\n" + T,
            "'丙' would not be read back as itself in the field 'a'",
            id="a value that the target cannot spell",
        ),
        pytest.param(
            A + "  b: {label: B, columns: {sql: cB}, only_if: {a: ▲丙}}\n" + T,
            "'丙' is no meaning of the field 'a'",
            id="condition that nothing meets",
        ),
        pytest.param(
            A + "  b: {label: B, columns: {sql: cB}, only_if: {▲c: 甲}}\n" + T,
            "unknown field 'c'",
            id="condition on nothing",
        ),
        pytest.param(
            A + "  b: {label: B, columns: {sql: cB}, only_if: {a: ▲{like: 甲}}}\n" + T, "unknown test 'like'", id="test"
        ),
        pytest.param(
            A + "  b: {label: B, columns: {sql: cB}, only_if: {a: ▲{empty: perhaps}}}\n" + T,
            "a condition is a word, a list of words, or one test such as {is_not: VIP}",
            id="no flag",
        ),
        pytest.param(
            A + "  b: {label: B, columns: {sql: cB}, only_if: {a: ▲[]}}\n" + T,
            "a condition is a word, a list of words, or one test such as {is_not: VIP}",
            id="no word",
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, operators: [date]}\n"
            "  b: {label: B, columns: {sql: cB}, only_if: {a: ▲2020-01-01}}\n",
            "'a' is a date; it can only be asked whether it is empty",
            id="condition on a date",
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, operators: [date]}\n"
            "  b: {label: B, columns: {sql: cB}, operators: [date], write_field: ▲a}\n",
            "a date is not written back; only text and lists have a canonical spelling",
            id="written date",
        ),
    ],
)
def test_what_cannot_be_is_told_at_its_place(expect: Expect, rest: str, told: str) -> None:
    expect(HEAD + rest, mapping, told)


@pytest.mark.parametrize(
    "key", ["from_field: a", "choose: [{value: x}]", "only_if: {a: x}", "write_field: a", "width: 3"]
)
def test_the_code_stays_as_it_is(expect: Expect, key: str) -> None:
    text = HEAD.replace("}}", f"}}, ▲{key}}}") + "  a: {label: A, columns: {sql: cA}}\n"
    expect(text, mapping, f"the customer code stays as it is; '{key.partition(':')[0]}' is not possible here")


def test_a_word_that_another_field_keeps_unmapped_may_stand_in_a_condition(tmp_path: Path) -> None:
    text = (
        A
        + "  b: {label: B, columns: {sql: cB}, only_if: {a: 丙}}\n"
        + "tables: {t: {unmapped: keep, values: {A: 甲}}}\n"
    )
    values, _ = read(tmp_path, text, cA=["丙", "A"], cB=["x", "x"])
    assert values["b"] == ["x", None]

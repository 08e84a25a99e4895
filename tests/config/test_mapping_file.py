from collections.abc import Callable
from datetime import date
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest

from u8sync.config.mapping_file import load_mapping
from u8sync.domain.mapping import CustomerMapping, read_customers
from u8sync.errors import ConfigError
from u8sync.text import Place

Expect = Callable[..., None]

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "mappings" / "customer.yaml"


def mapping(path: Path) -> CustomerMapping:
    return load_mapping(path, "m.yaml")


def written(tmp_path: Path, text: str) -> CustomerMapping:
    path = tmp_path / "m.yaml"
    path.write_text(text, encoding="utf-8")
    return mapping(path)


HEAD = "version: 1\nfields:\n  code: {label: 编码, columns: {sql: cCusCode}}\n"
"""A mapping that is sound; the fields of a test begin in line 4."""


def test_the_example_reads_customers() -> None:
    raw = pl.DataFrame(
        {
            "code": ["001", "002", "003"],
            "cCusCode": ["001", "002", "003"],
            "cCusName": [" 甲公司 ", "乙", None],
            "cCusMngTypeCode": ["999", "04", ""],
            "cCCCode": ["01", "0101", None],
            "cDCCode": ["01", "02", None],
            "cCusDefine4": ["经销商、终端用户", "供应商;供货商", None],
            "dCusDevDate": ["2020-02-29", None, None],
            "dCusCreateDatetime": ["2021-01-01", "2021-01-01", "2021-01-01"],
            "dEndDate": [None, "2026-01-01", None],
            "cCusDefine5": ["VIP", "潜在", "  "],
        },
        schema_overrides={"dCusDevDate": pl.String, "dEndDate": pl.String},
    )
    frame, issues = read_customers(raw, mapping(EXAMPLE), "sql")
    assert issues == ()
    assert frame.to_dicts() == [
        {
            "code": "001",
            "name": "甲公司",
            "management_type": "未分类",
            "category": "01",
            "region": "01",
            "roles": ["分销商", "终端客户"],
            "developed_on": date(2020, 2, 29),
            "created_on": date(2021, 1, 1),
            "disabled_on": None,
            "tier": "VIP",
            "set_aside": False,
        },
        {
            "code": "002",
            "name": "乙",
            "management_type": "VIP",
            "category": "0101",
            "region": "02",
            "roles": ["供应商"],
            "developed_on": None,
            "created_on": date(2021, 1, 1),
            "disabled_on": date(2026, 1, 1),
            "tier": "潜在",
            "set_aside": False,
        },
        {
            "code": "003",
            "name": None,
            "management_type": "未分类",
            "category": None,
            "region": None,
            "roles": None,
            "developed_on": None,
            "created_on": date(2021, 1, 1),
            "disabled_on": None,
            "tier": None,
            "set_aside": False,
        },
    ]


def test_the_example_writes_the_tier_only_and_serves_both_ways() -> None:
    example = mapping(EXAMPLE)
    assert {field.name for field in example.fields if field.write != "never"} == {"tier"}
    assert set(example.columns("sql")) - set(example.columns("openapi")) == {"created_on"}
    assert example.digest == sha256(EXAMPLE.read_bytes()).hexdigest()


def test_each_part_keeps_its_line(tmp_path: Path) -> None:
    text = (
        HEAD
        + "  kind:\n    label: 类型\n    columns: {sql: cKind}\n    operators:\n      - trim\n      - table: kinds\n"
        + "tables:\n  kinds:\n    unmapped: keep\n    values:\n      0101: 一般\n      NO: 一般\n"
    )
    field = written(tmp_path, text).field("kind")
    assert field is not None
    assert field.place == Place("m.yaml", 4, 3)
    assert [step.place for step in field.steps] == [Place("m.yaml", 8, 9), Place("m.yaml", 9, 9)]
    table = field.steps[1].operator.table
    assert (table.name, table.unmapped, table.place) == ("kinds", "keep", Place("m.yaml", 11, 3))
    assert [(entry.raw, entry.canonical, entry.place.line) for entry in table.entries] == [
        ("0101", "一般", 14),
        ("NO", "一般", 15),
    ]


@pytest.mark.parametrize(
    "canonical", [("分销商",), ("分销商", "终端客户"), ("供应商", "合作伙伴", "终端客户"), None], ids=str
)
def test_what_a_written_list_means_comes_back(tmp_path: Path, canonical: tuple[str, ...] | None) -> None:
    text = EXAMPLE.read_text(encoding="utf-8").replace("{table: roles}]", "{table: roles}]\n    write: canonical")
    example = written(tmp_path, text)
    field = example.field("roles")
    assert field is not None
    assert field.write == "canonical"
    raw = pl.DataFrame(
        {"code": ["1"], "cCusDefine4": [field.raw(canonical)]}, schema_overrides={"cCusDefine4": pl.String}
    )
    frame, _ = read_customers(raw, example, "sql")
    assert frame["roles"].to_list() == [list(canonical) if canonical else None]


TABLE = "tables: {t: {values: {A: 甲, B: 乙}}}\n"


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, operators: [trim, ▲trimm]}\n",
            "unknown operator 'trimm'",
            id="unknown operator",
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, operators: [{▲trimm: x}]}\n",
            "unknown operator 'trimm'",
            id="unknown operator with argument",
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, operators: [▲table]}\n", "'table' needs an argument", id="no argument"
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, operators: [{▲trim: 1}]}\n",
            "'trim' takes no argument",
            id="superfluous argument",
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, operators: [{prefix: ▲two}]}\n",
            "'prefix' needs a whole number from 1 to 999",
            id="wrong type",
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, operators: [{prefix: ▲0}]}\n",
            "'prefix' needs a whole number from 1 to 999",
            id="prefix of nothing",
        ),
        pytest.param(
            '  a: {label: A, columns: {sql: cA}, operators: [{split: ▲"/"}]}\n',
            "'split' needs one of these characters: ,，;；、",
            id="separator",
        ),
        pytest.param(
            '  a: {label: A, columns: {sql: cA}, operators: [{split: ▲",;"}]}\n',
            "'split' needs one of these characters: ,，;；、",
            id="two separators",
        ),
        pytest.param(
            '  a: {label: A, columns: {sql: cA}, operators: [{split: ","}, ▲date]}\n',
            "'date' cannot follow here: it does not take a list",
            id="kind",
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, operators: [{table: ▲u}]}\n", "unknown table 'u'", id="unknown table"
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, operators: [▲{trim: x, date: y}]}\n",
            "an operator is a word, or one word with its argument such as {table: roles}",
            id="two in one",
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, operators: [▲[trim]]}\n",
            "an operator is a word, or one word with its argument such as {table: roles}",
            id="a list as operator",
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, operators: ▲trim}\n", "expected a list, found 'trim'", id="no list"
        ),
        pytest.param("tables: {▲t: {values: {A: 甲, B: 乙}}}\n", "no field uses the table 't'", id="unused table"),
        pytest.param("  a: {label: A, columns: {sql: ▲c-A}}\n", "'c-A' is not a column name", id="column name"),
        pytest.param(
            "  a: {label: A, columns: {sql: ▲1A}}\n", "'1A' is not a column name", id="column begins with a digit"
        ),
        pytest.param("  a: {label: A, columns: {sql: ▲客户}}\n", "'客户' is not a column name", id="Chinese column"),
        pytest.param(
            '  a: {label: A, columns: {sql: ▲"cA\\n"}}\n', "'cA' is not a column name", id="column with line break"
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: ▲c" + "A" * 128 + "}}\n",
            "'c" + "A" * 58 + "…' is not a column name",
            id="column too long",
        ),
        pytest.param("  a: {label: A, columns: {▲sqll: cA}}\n", "unknown key 'sqll'", id="unknown way"),
        pytest.param("  a: {label: A, ▲columns: {}}\n", "the field 'a' has no column", id="no column"),
        pytest.param("  ▲a: {columns: {sql: cA}}\n", "the key 'label' is missing", id="no label"),
        pytest.param("  ▲A: {label: A, columns: {sql: cA}}\n", "'A' is not a field name", id="field name"),
        pytest.param(
            "  ▲score: {label: A, columns: {sql: cA}}\n", "the field name 'score' is taken by u8sync itself", id="taken"
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, operators: [{▲prefix: 2}], write: canonical}\n",
            "'prefix' has no way back, so the field cannot be written",
            id="no way back",
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, operators: [upper, {table: t}], write: tier}\n"
            "tables: {t: {values: {A: 甲, ▲b: 乙}}}\n",
            "'乙' would not be read back as itself in the field 'a'",
            id="round trip through upper",
        ),
        pytest.param(
            '  a: {label: A, columns: {sql: cA}, operators: [{split: ","}, {table: t}], write: canonical}\n'
            'tables: {t: {values: {▲"A、B": 甲, b: 乙}}}\n',
            "'甲' would not be read back as itself in the field 'a'",
            id="round trip through split",
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, operators: [{table: t}, {table: u}], write: tier}\n"
            "tables: {t: {values: {A: 甲}}, u: {values: {甲: 一, ▲乙: 二}}}\n",
            "'二' would not be read back as itself in the field 'a'",
            id="round trip through two tables",
        ),
        pytest.param(
            '  a: {label: A, columns: {sql: cA}, operators: [{split: ","}], write: ▲tier}\n',
            "a tier can only be written into a field that is text",
            id="tier into a list",
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, operators: [date], write: ▲canonical}\n",
            "a date is not written back; only text and lists have a canonical spelling",
            id="written date",
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, write: ▲always}\n", "unknown word 'always'", id="unknown write"
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, operators: [{table: t}], default: ▲丙}\n"
            "tables: {t: {values: {A: 甲, B: 乙}}}\n",
            "the default '丙' is no meaning of the table 't'",
            id="default",
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, operators: [trim], write: tier, default: ▲丙}\n",
            "the field that takes the recommended tier cannot have a default",
            id="default of the tier",
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, operators: [date], default: ▲丙}\n",
            "a date field cannot have a default",
            id="default of a date",
        ),
        pytest.param(
            "  ▲disabled_on: {label: A, columns: {sql: cA}, operators: [trim]}\n",
            "the field 'disabled_on' must be a date",
            id="known date field",
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, write: canonical}\n  b: {label: B, columns: {sql: ▲CA}}\n",
            "the column 'CA' belongs to the field 'a' too, and one of them is written",
            id="written column is read elsewhere",
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}}\n  b: {label: B, columns: {sql: ▲cA}, write: canonical}\n",
            "the column 'cA' belongs to the field 'a' too, and one of them is written",
            id="read column is written elsewhere",
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: ▲cCusCode}, write: canonical}\n",
            "the column 'cCusCode' belongs to the field 'code' too, and one of them is written",
            id="the code's own column",
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, required: ▲1}\n", "expected true or false, found '1'", id="flag"
        ),
        pytest.param(
            '  a: {label: A, columns: {sql: cA}, operators: [{table: t}]}\ntables: {t: {values: {A: 甲, ▲" A": 乙}}}\n',
            "'A' stands here again; it stands first at m.yaml:5:23",
            id="same value after trimming",
        ),
        pytest.param(
            '  a: {label: A, columns: {sql: cA}, operators: [{table: t}]}\ntables: {t: {values: {A: 甲, ▲" ": 乙}}}\n',
            "an empty value has no line in a table; a field's 'default' says what it means",
            id="empty raw value",
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, operators: [{table: t}]}\ntables: {t: {values: {A: 甲, B: ▲' '}}}\n",
            "must not be empty",
            id="empty meaning",
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, operators: [{table: t}]}\ntables: {t: {values: {A: 甲, B: ▲}}}\n",
            "a value is missing",
            id="no meaning",
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, operators: [{table: t}]}\ntables: {t: {values: ▲{}}}\n",
            "too few entries; at least 1",
            id="empty table",
        ),
        pytest.param(
            "  a: {label: A, columns: {sql: cA}, operators: [{table: t}]}\n"
            "tables: {t: {unmapped: ▲ignore, values: {A: 甲}}}\n",
            "unknown word 'ignore'",
            id="unknown unmapped",
        ),
    ],
)
def test_what_is_wrong_with_a_field_is_told_with_its_place(expect: Expect, rest: str, told: str) -> None:
    expect(HEAD + rest, mapping, told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(
            "version: 1\n▲fields:\n  a: {label: A, columns: {sql: cA}}\n", ["the field 'code' is missing"], id="no code"
        ),
        pytest.param(
            "version: 1\nfields:\n  code: {label: 编码, ▲columns: {}}\n",
            ["the field 'code' has no column"],
            id="no column",
        ),
        pytest.param(
            "version: 1\nfields:\n  code: {label: 编码, ▲columns: {sql: cA}}\n  a: {label: A, columns: {openapi: a}}\n",
            ["the field 'code' is required and has no column for openapi"],
            id="code without a way that others have",
        ),
        pytest.param(
            "version: 1\nfields:\n  code: {label: 编码, columns: {sql: c}, operators: [trim, ▲upper]}\n",
            ["the customer code stays as it is; 'upper' is not possible here"],
            id="operator on the code",
        ),
        pytest.param(
            "version: 1\nfields:\n  code: {label: 编码, columns: {sql: c}, ▲default: X, ▲write: canonical}\n",
            [
                "the customer code stays as it is; 'default' is not possible here",
                "the customer code stays as it is; 'write' is not possible here",
            ],
            id="writing the code",
        ),
        pytest.param(
            HEAD.replace("1", "▲2", 1), ["this program reads version 1 of this file's format, not 2"], id="version 2"
        ),
        pytest.param(
            "▲▲fields: ▲{}\n",
            ["the key 'version' is missing", "the field 'code' is missing", "too few entries; at least 1"],
            id="nothing",
        ),
        pytest.param("▲version: 1\n", ["the key 'fields' is missing"], id="no fields"),
        pytest.param("version: 1\nfields: ▲[code]\n", ["expected a group of keys, found a list"], id="list of fields"),
    ],
)
def test_what_is_wrong_with_the_file_is_told(expect: Expect, text: str, told: list[str]) -> None:
    expect(text, mapping, *told)


def test_a_required_field_needs_a_column_for_every_way_that_is_served(expect: Expect) -> None:
    text = (
        "version: 1\nfields:\n  code: {label: 编码, columns: {sql: cCusCode, openapi: code}}\n"
        "  a: {label: A, ▲columns: {sql: cA}, required: true}\n"
    )
    expect(text, mapping, "the field 'a' is required and has no column for openapi")


def test_all_problems_are_told_at_once_in_the_order_of_the_file(expect: Expect) -> None:
    text = (
        "version: 1\n"
        "fields:\n"
        "  code: {label: 编码, columns: {sql: cCusCode}, ▲write: tier}\n"
        "  ▲a: {▲lable: A, columns: {sql: cA}}\n"
        "  b: {label: B, columns: {sql: ▲c B}, operators: [trim, {table: broken}]}\n"
        "  c: {label: C, columns: {sql: cC}, operators: [trim, ▲dates]}\n"
        '  d: {label: D, columns: {sql: cD}, operators: [{split: "|"}], required: ▲perhaps}\n'
        "  e: {label: E, columns: {sql: cE}, operators: [{table: ▲nowhere}]}\n"
        "tables:\n"
        "  broken: {unmapped: ▲later, values: {A: B}}\n"
    )
    expect(
        text,
        mapping,
        "the customer code stays as it is; 'write' is not possible here",
        "the key 'label' is missing",
        "unknown key 'lable'",
        "'c B' is not a column name",
        "unknown operator 'dates'",
        "expected true or false, found 'perhaps'",
        "unknown table 'nowhere'",
        "unknown word 'later'",
    )


@pytest.mark.parametrize(
    ("rest", "hint"),
    [
        (
            "  a: {label: A, columns: {sql: cA}, operators: [tirm]}\n",
            "Did you mean 'trim'? Known: trim, upper, lower, half_width, prefix, date, split, sort, table.",
        ),
        ("  a: {label: A, columns: {sql: cA}, operators: [split]}\n", 'Write it as {split: ","}.'),
        ("  a: {label: A, columns: {sql: cA}, operators: [table]}\n", "Write it as {table: roles}."),
        ("  a: {label: A, columns: {sql: cA}, operators: [prefix]}\n", "Write it as {prefix: 2}."),
        ("  a: {label: A, columns: {sql: cA}, operators: [{table: x}]}\n", "None"),
        ("  a: {label: A, columns: {sql: cA}, operators: [{table: x}, {table: t}]}\n" + TABLE, "Known: t."),
        (
            "  a: {label: A, columns: {sql: cA}, operators: [{table: t}], default: 甲甲}\n" + TABLE,
            "Did you mean '甲'? Known: 甲, 乙.",
        ),
    ],
)
def test_the_hint_says_what_would_be_right(tmp_path: Path, rest: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        written(tmp_path, HEAD + rest)
    assert str(caught.value.problems[0].hint) == hint

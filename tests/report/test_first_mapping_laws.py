"""Whatever stands in U8, the first mapping loads, covers every code, and says nothing that U8 did not say."""

from __future__ import annotations

from typing import Any

from first_mappings import Made, made, table_of
from hypothesis import example, given, settings
from hypothesis import strategies as st

from u8sync.domain.model import AccountSet, ColumnLimit
from u8sync.domain.operators.words import BLANKS
from u8sync.report.first_mapping import USUAL_TIERS

HOSTILE = (
    *(
        '"',
        "'",
        '"""',
        "a: b",
        ": ",
        "# x",
        "a # b",
        "- x",
        "*a",
        "&a",
        "!x",
        "%Y",
        "@x",
        "`x",
        "{a",
        "[a",
        "? a",
        "| a",
    ),
    *(
        "a\nfields: {}",
        "a\r\nb",
        "a\x85b",
        "a\u2028b",
        "\t",
        "null",
        "~",
        "no",
        "yes",
        "0x1F",
        "007",
        "1e3",
        "2026-01-01",
    ),
    *(
        "\x00",
        "\x1b[31m",
        "\x7f",
        "\u202e反",
        "\u200b",
        "\ufeff",
        "\ufffe",
        "\ue000",
        "👩‍💻",
        "\U000f0000",
        "\\",
        "\\x41",
    ),
    *("<<", "999", "未分类", "未分类 (01)", "---", "...", "a,b；c、d", "\u3000x\u3000", "角色", "推荐等级", "长" * 98),
)
WORDS = st.one_of(
    st.sampled_from(HOSTILE), st.text(max_size=12), st.builds("".join, st.tuples(*[st.sampled_from(HOSTILE)] * 2))
)
CODES = st.one_of(st.sampled_from(["01", "0101", "01 ", " 02", "02", "A1", "a1"]), WORDS.map(lambda word: word[:32]))
COLUMNS = {
    "sql": ("cCusMngTypeCode", "cCCCode", "cCusDefine4", "cCusDefine5", "cCusDefine6"),
    "openapi": ("ccusmngtypecode", "sort_code", "self_define4", "self_define5", "self_define6"),
}
FIELDS = {
    *("code", "name", "management_type", "category", "category_group", "region"),
    *("roles", "developed_on", "created_on", "disabled_on", "tier"),
}


@st.composite
def account_sets(draw: st.DrawFn) -> dict[str, Any]:
    """Rows, words and limits of an account set that nobody tidied up."""
    way = draw(st.sampled_from(["sql", "openapi"]))
    types, classes, *items = COLUMNS[way]
    height = draw(st.integers(0, 8))
    rows = {
        column: draw(st.lists(st.none() | CODES, min_size=height, max_size=height))
        for column in (types, classes, *items)
    }
    captions = st.builds("".join, st.tuples(st.sampled_from(["", "客户角色", "推荐等级", "电话"]), WORDS))
    limits = st.builds(
        ColumnLimit,
        st.sampled_from([1, 10, 60]),
        st.none() | st.frozensets(WORDS, max_size=2).map(lambda words: words | {*USUAL_TIERS}),
    )
    names = st.dictionaries(CODES, WORDS.filter(lambda word: bool(word.strip())), max_size=6)
    return {
        "rows": rows,
        "way": way,
        "captions": draw(st.dictionaries(st.sampled_from(items), captions.filter(lambda word: bool(word.strip())))),
        "names": {column: draw(names) for column in draw(st.sets(st.sampled_from([types, classes])))},
        "writable": draw(st.dictionaries(st.sampled_from(items), limits)),
        "account_set": AccountSet("sqlite", "", draw(WORDS), "999", draw(WORDS), ""),
    }


def one_of(world: dict[str, Any]) -> Made:
    return made(world["rows"], **{key: value for key, value in world.items() if key != "rows"})


def trimmed(values: list[str | None]) -> set[str]:
    return {value.strip(BLANKS) for value in values if value is not None and value.strip(BLANKS)}


@settings(max_examples=150)
@given(world=account_sets())
@example(
    world={
        "rows": {"cCusMngTypeCode": list(HOSTILE), "cCCCode": list(HOSTILE)},
        "names": {"cCCCode": dict(zip(HOSTILE, HOSTILE, strict=True))},
    }
)
def test_the_file_loads_and_every_code_is_covered_by_its_own_meaning(world: dict[str, Any]) -> None:
    one = one_of(world)
    assert {field.name for field in one.mapping.fields} <= FIELDS
    assert one.issues == ()
    types, classes, *_ = COLUMNS[one.draft.way]
    rows = world["rows"]
    meant = dict(zip(rows[types], one.read["management_type"], strict=True))
    codes = trimmed(rows[types])
    found = {code.strip(BLANKS): meaning for code, meaning in meant.items() if code is not None and code.strip(BLANKS)}
    assert found.keys() == codes
    assert len({*found.values()}) == len(codes)
    assert all(meaning == "未分类" for code, meaning in meant.items() if code is None or not code.strip(BLANKS))
    assert found.get("999", "未分类") == "未分类"
    assert [value or "" for value in one.read["category"]] == [(value or "").strip(BLANKS) for value in rows[classes]]


@settings(max_examples=100)
@given(world=account_sets())
def test_nothing_stands_in_a_table_that_does_not_stand_in_u8(world: dict[str, Any]) -> None:
    one = one_of(world)
    types, classes, *items = COLUMNS[one.draft.way]
    table = table_of(one.mapping, "management_type")
    assert table is not None
    assert table.meanings.keys() <= trimmed(world["rows"][types]) | {"999"}
    if table.unmapped == "issue":
        assert table.meanings.keys() >= trimmed(world["rows"][types])
    groups = table_of(one.mapping, "category_group")
    if groups is not None:
        assert groups.meanings.keys() <= trimmed(world["rows"][classes]) | trimmed(list(world["names"][classes]))
        assert len({*groups.meanings.values()}) == len(groups.meanings)
    tier, roles = one.mapping.field("tier"), one.mapping.field("roles")
    assert tier is None or trimmed(world["rows"][tier.columns[one.draft.way]]) <= {*USUAL_TIERS}
    assert tier is None or roles is None or tier.columns != roles.columns
    for item in items:
        if "电话" in world["captions"].get(item, ""):
            assert item not in {field.columns.get(one.draft.way) for field in one.mapping.fields}

"""What an unmapped value may mean: by spelling, by sound, by width; and lines that can be pasted whatever they hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from payloads import PAYLOADS

from u8sync.config.mapping_file import load_mapping
from u8sync.domain.coverage import ValueLine, cover, tables_of
from u8sync.domain.mapping import CustomerMapping
from u8sync.domain.table_lines import left_side
from u8sync.domain.tables import Match, TableEntry, ValueTable
from u8sync.report.suggestions import pasted, reason_words, suggest
from u8sync.text import Place, english

ROLES = {
    "供应商": "供应商",
    "供货商": "供应商",
    "经销商": "分销商",
    "代理商": "分销商",
    "终端客户": "终端客户",
    "vip": "VIP",
    "0101": "retail",
    "A-1": "industry",
}


def table(values: dict[str, str], match: Match = "exact") -> ValueTable:
    entries = (TableEntry(raw, meaning, Place("m.yaml", 9 + n, 7)) for n, (raw, meaning) in enumerate(values.items()))
    return ValueTable("roles", tuple(entries), "issue", Place("m.yaml", 7, 3), match=match)


@pytest.mark.parametrize(
    ("value", "meaning", "reason"),
    [
        pytest.param("供应上", "供应商", "pronunciation", id="another character of the same sound"),
        pytest.param("经消商", "分销商", "pronunciation", id="likewise"),
        pytest.param("gongyingshang", "供应商", "pronunciation", id="typed without the input method"),
        pytest.param("Gong Ying Shang", "供应商", "pronunciation", id="likewise, with blanks"),
        pytest.param("gongyinshang", "供应商", "pronunciation", id="nearly"),
        pytest.param("GYS", "供应商", "pronunciation", id="initials"),
        pytest.param("ＧＹＳ", "供应商", "pronunciation", id="initials in full width"),
        pytest.param("代理", "分销商", "spelling", id="a character less"),
        pytest.param("终端", "终端客户", "spelling", id="the first half"),
        pytest.param("ＶＩＰ", "VIP", "width", id="full width and capitals"),
        pytest.param("供 应 商", "供应商", "width", id="blanks"),
        pytest.param("（供应商）", "供应商", "width", id="marks"),
        pytest.param("分销商", "分销商", "same", id="the meaning itself"),
        pytest.param("０１０１", "retail", "width", id="a code in full width"),
        pytest.param("a-1", "industry", "width", id="a code in small letters"),
        pytest.param("0102", None, None, id="a neighbouring code is no hint"),
        pytest.param("01-01", None, None, id="a code with a mark is another code"),
        pytest.param("A1", None, None, id="likewise"),
        pytest.param("个人", None, None, id="nothing like it"),
        pytest.param("??", None, None, id="no word at all"),
    ],
)
def test_the_most_similar_word_is_proposed(value: str, meaning: str | None, reason: str | None) -> None:
    found = suggest(value, table(ROLES))
    assert (found and found.meaning, found and found.reason) == (meaning, reason)


def test_the_name_that_u8_gives_a_code_counts_too() -> None:
    known = table({"01": "一般", "02": "重要"})
    assert suggest("05", known) is None
    found = suggest("05", known, name="重要客户")
    assert found is not None
    assert (found.meaning, found.like, str(reason_words(found))) == ("重要", "重要", "spelt like 重要 (75 %)")


def test_the_patterns_of_a_table_are_no_words() -> None:
    assert suggest("经销", table({"经销.*": "trade"}, "pattern")) is None


def test_the_first_of_two_equals_is_proposed() -> None:
    found = suggest("供应上", table({"供应商": "a", "供硬商": "b"}))
    assert found is not None
    assert found.like == "供应商"


def unmapped(*values: str) -> list[ValueLine]:
    return [ValueLine(value, 3, None, None, "unmapped") for value in values]


def test_a_line_says_how_many_customers_and_why() -> None:
    assert list(pasted(table(ROLES), unmapped("供应上", "X9"), {"X9": "其他"}, english)) == [
        '      "供应上": 供应商  # 3 customer(s); sounds like 供应商 (95 %)',
        '      # "X9": ?  # 3 customer(s); in U8: 其他; put its meaning in place of the ? and take the first # away',
    ]


def test_a_value_that_no_line_can_cover_is_a_comment() -> None:
    [line] = pasted(table(ROLES), unmapped(" 供应商"), {}, english)
    assert line.startswith('      # " 供应商"  # 3 customer(s); no line can cover it')


def test_lines_for_a_table_in_braces_begin_with_a_comma() -> None:
    entries = tuple(TableEntry(raw, raw, Place("m.yaml", 9, 14 + n * 9)) for n, raw in enumerate(("一般", "重要")))
    braces = replace(table({}), entries=entries)
    [line] = pasted(braces, unmapped("重 要"), {}, english)
    assert line.startswith(', "重 要": 重要  #')


HEAD = """version: 1
fields:
  code: {label: 编码, columns: {sql: cCusCode}}
  f: {label: 角色, columns: {sql: f}, operators: [{table: roles}]}
tables:
  roles:
    match: MATCH
    values:
"""
VALUES = (
    st.sampled_from(
        [*ROLES, *PAYLOADS, "供应上", "GYS", "０１０１", "a: b # c", "'", '"', "#", "-", "? x", "vip\t", "vip "]
    )
    | st.text(max_size=8)
    | st.text("供应商VIPvip01 \t-'\"\\:#{}", max_size=6)
)


@settings(deadline=None)
@given(
    values=st.lists(VALUES, min_size=1, max_size=12, unique=True),
    match=st.sampled_from(["exact", "prefix", "pattern"]),
    braces=st.booleans(),
)
def test_all_lines_pasted_make_a_file_that_loads_and_covers_those_values(
    *, values: list[str], match: Match, braces: bool
) -> None:
    start = {"pattern": {"老.*": "供应商"}}.get(match, {"供应商": "供应商", "vip": "VIP"})
    with TemporaryDirectory() as folder:
        path = Path(folder) / "m.yaml"

        def load(pasted_lines: list[str]) -> CustomerMapping:
            lines = [f'"{raw}": {meaning}' for raw, meaning in start.items()]
            if braces:
                head = HEAD.replace("    values:\n", "    values: {" + ", ".join(lines) + "\n")
                text = "\n".join([head.rstrip("\n"), *pasted_lines, "    }"])
            else:
                text = HEAD + "\n".join([*(f"      {each}" for each in lines), *pasted_lines])
            path.write_bytes(f"{text.replace('MATCH', match)}\n".encode("utf-8", "surrogatepass"))
            return load_mapping(path, "m.yaml")

        raw = pl.DataFrame({"code": [str(n) for n in range(len(values))], "f": values})
        before = load([])
        part = cover(raw, before, "sql").tables[0]
        lines = list(pasted(tables_of(before)["roles"], part.unmapped, {}, english))
        after = load(lines)
        taken = [each for each in lines if not each.lstrip().startswith("#")]
        assert len(tables_of(after)["roles"].entries) == len(start) + len(taken)
        left = {line.value: line.status for line in cover(raw, after, "sql").tables[0].values}
        for each in part.unmapped:
            if left_side(each.value or "", match) and suggest(each.value or "", part.table):
                assert left[each.value] == "mapped"

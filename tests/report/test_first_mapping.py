"""A first mapping says what the account set says, guesses nothing, names nobody, and can be used as it is."""

from __future__ import annotations

import re
from typing import Any

import polars as pl
import pytest
from first_mappings import ACCOUNT_SET, Made, loaded, made, source, table_of

from u8sync.domain.model import AccountSet, ColumnLimit

TYPES, CLASSES = "cCusMngTypeCode", "cCCCode"
TIER_LIST = frozenset({"潜在", "一般", "重要", "VIP"})


def meanings(one: Made, field: str) -> dict[str, str] | None:
    table = table_of(one.mapping, field)
    return None if table is None else dict(table.meanings)


# --- fields -----------------------------------------------------------------------------------------------------------


def test_the_usual_fields_serve_both_ways() -> None:
    one = made({TYPES: ["01"]})
    assert {field.name: dict(field.columns) for field in one.mapping.fields} == {
        "code": {"sql": "cCusCode", "openapi": "code"},
        "name": {"sql": "cCusName", "openapi": "name"},
        "management_type": {"sql": "cCusMngTypeCode", "openapi": "ccusmngtypecode"},
        "category": {"sql": "cCCCode", "openapi": "sort_code"},
        "region": {"sql": "cDCCode", "openapi": "domain_code"},
        "developed_on": {"sql": "dCusDevDate", "openapi": "seed_date"},
        "created_on": {"sql": "dCusCreateDatetime"},
        "disabled_on": {"sql": "dEndDate", "openapi": "end_date"},
    }


def test_fields_that_the_account_set_lacks_are_left_out_and_named() -> None:
    one = made({}, absent=frozenset({"dCusDevDate", TYPES, CLASSES}))
    names = {field.name for field in one.mapping.fields}
    assert not names & {"developed_on", "management_type", "category", "category_group"}
    assert one.lines("#", "developed_on")
    assert one.lines("#", "management_type")


def test_a_field_that_only_the_other_way_offers_is_kept_for_it() -> None:
    one = made({}, way="openapi")
    created = one.mapping.field("created_on")
    assert created is not None
    assert dict(created.columns) == {"sql": "dCusCreateDatetime"}


# --- management types -------------------------------------------------------------------------------------------------


def test_codes_without_a_name_mean_themselves_and_wait() -> None:
    one = made({TYPES: ["02", "02", "007", "999", None, " "]})
    assert meanings(one, "management_type") == {"007": "007", "02": "02", "999": "未分类"}
    assert one.lines('"02":') == ['"02": "02"      # 2 位客户 customers；待填写 fill in']
    assert one.lines('"999":') == ['"999": 未分类   # 1 位客户 customers']
    assert one.lines("空值 empty", "2 位客户")
    assert one.read["management_type"].to_list() == ["02", "02", "007", "未分类", "未分类", "未分类"]
    assert one.draft.management_types is not None
    assert one.draft.management_types.untold == 2


def test_the_code_for_no_type_is_known_where_nobody_has_it_and_whatever_u8_calls_it() -> None:
    assert meanings(made({TYPES: []}), "management_type") == {"999": "未分类"}
    named = made({"ccusmngtypecode": ["999"]}, way="openapi", names={"ccusmngtypecode": {"999": "普通客户"}})
    assert meanings(named, "management_type") == {"999": "未分类"}
    assert named.lines('"999":', "U8: 普通客户")


def test_names_that_u8_tells_are_the_meanings_and_never_run_together() -> None:
    names = {"01": "一般", "02": "一般", "03": "未分类", "04": "行\r\n  二", "05": "长" * 98, "06": "长" * 99}
    rows = {"ccusmngtypecode": ["01", "02", "03", "04", "05", "06", "07"]}
    one = made(rows, way="openapi", names={"ccusmngtypecode": names})
    found = meanings(one, "management_type")
    assert found is not None
    assert found["01"] == "一般"
    assert found["02"] == "一般 (02)"
    assert found["03"] == "未分类 (03)"
    assert found["04"] == "行 二"
    assert found["05"].startswith("长长")
    assert found["07"] == "07"
    assert len(set(found.values())) == len(found)
    assert one.lines('"07":', "待填写")
    assert not one.lines('"01":', "待填写")


def test_codes_that_no_file_can_hold_are_kept_as_they_are() -> None:
    one = made({TYPES: ["01", "0\x001", "\x1b[31m"]})
    assert meanings(one, "management_type") == {"01": "01", "999": "未分类"}
    assert one.issues == ()
    assert one.read["management_type"].to_list() == ["01", "0\x001", "\x1b[31m"]


def test_more_codes_than_anybody_fills_in_are_kept_as_they_are() -> None:
    codes = [f"{number:05}" for number in range(2000)]
    one = made({TYPES: [*codes, "01999", "01998"]})
    found = meanings(one, "management_type")
    assert found is not None
    assert len(found) == 301
    assert {"01998", "01999"} <= found.keys()  # the most frequent ones
    assert one.issues == ()
    assert one.read["management_type"].to_list() == [*codes, "01999", "01998"]
    assert len(one.text.encode()) < 64 * 1024


# --- customer classes -------------------------------------------------------------------------------------------------

TREE = {"01": "经销商", "0101": "华东", "0101001": "上海", "02": "终端: 客户 #1", "03": "经销商"}


def test_classes_are_put_together_by_their_top_and_new_ones_below_belong_there() -> None:
    one = made({CLASSES: ["0101001", "0101", "01", "0199", "02", None]}, names={CLASSES: TREE})
    assert meanings(one, "category_group") == {"01": "经销商", "02": "终端: 客户 #1", "03": "经销商 (03)"}
    assert one.read["category_group"].to_list() == ["经销商"] * 4 + ["终端: 客户 #1", None]
    assert one.read["category"].to_list() == ["0101001", "0101", "01", "0199", "02", None]
    assert one.lines('"01":') == ['"01": 经销商            # 4 位客户 customers']
    assert one.lines('# "0101":') == ['# "0101": 华东   # 2 位客户 customers']
    assert not one.lines('"0101001"')


def test_finer_classes_count_when_their_mark_is_taken_away() -> None:
    one = made({CLASSES: ["0101001", "0102"]}, names={CLASSES: TREE})
    finer = loaded(one.text.replace('# "0101":', '"0101":'))
    table = table_of(finer, "category_group")
    assert table is not None
    assert table.meanings["0101"] == "华东"


def test_a_code_in_use_that_is_no_class_of_u8_has_a_line_that_waits() -> None:
    one = made({CLASSES: ["77", "0", "01"]}, names={CLASSES: TREE})
    assert one.lines('"77":', "待填写")
    assert one.read["category_group"].to_list() == ["77", "0", "经销商"]
    assert one.issues == ()


def test_without_names_the_class_stays_a_code() -> None:
    one = made({CLASSES: ["01"]})
    assert one.mapping.field("category_group") is None
    assert one.read["category"].to_list() == ["01"]


# --- roles ------------------------------------------------------------------------------------------------------------


def test_the_item_whose_caption_speaks_of_roles_holds_them() -> None:
    rows = {"cCusDefine7": ["供应商，分销商", "分销商", None]}
    one = made(rows, captions={"cCusDefine7": "客户角色", "cCusDefine1": "区域"})
    roles = one.mapping.field("roles")
    assert roles is not None
    assert (roles.label, dict(roles.columns)) == ("客户角色", {"sql": "cCusDefine7", "openapi": "self_define7"})
    assert meanings(one, "roles") == {"分销商": "分销商", "供应商": "供应商"}
    assert one.read["roles"].to_list() == [["供应商", "分销商"], ["分销商"], None]


@pytest.mark.parametrize("values", [[None, None], [f"词{number}" for number in range(21)]], ids=["none", "too many"])
def test_roles_that_cannot_be_listed_are_read_without_a_table(values: list[Any]) -> None:
    one = made({"cCusDefine7": values}, captions={"cCusDefine7": "Customer role"})
    assert one.mapping.field("roles") is not None
    assert meanings(one, "roles") is None
    assert "词" not in one.text


@pytest.mark.parametrize(
    "captions",
    [
        {},
        {"cCusDefine6": "角色", "cCusDefine7": "备用角色"},
        {"cCusDefine7": "联系人角色"},
        {"cCusDefine7": "Controller"},
    ],
)
def test_roles_that_are_not_certain_are_left_to_people(captions: dict[str, str]) -> None:
    one = made({"cCusDefine6": ["供应商"], "cCusDefine7": ["分销商"]}, captions=captions)
    assert one.mapping.field("roles") is None
    assert one.lines("# roles:")
    assert all(one.lines("标题相符", column, caption) for column, caption in captions.items() if len(captions) > 1)
    again = loaded(uncommented(one.text, "roles").replace("COLUMN", "cCusDefine7"))
    assert again.field("roles") is not None


def uncommented(text: str, *blocks: str) -> str:
    """The file after somebody took the ``#`` away before these fields and tables."""
    lines, inside = [], False
    for line in text.splitlines():
        bare = line.removeprefix("  # ")
        if line.startswith("  # ") and re.fullmatch(r"[a-z_]+:", bare):
            inside = bare[:-1] in blocks
        elif not (line.startswith("  #   ") and inside):
            inside = False
        lines.append(f"  {bare}" if inside else line)
    return "\n".join(lines) + "\n"


# --- the tier ---------------------------------------------------------------------------------------------------------


def tier_column(
    rows: dict[str, list[str | None]], captions: dict[str, str], writable: dict[str, ColumnLimit], **more: Any
) -> str | None:
    one = made(rows, captions=captions, writable=writable, **more)
    field = one.mapping.field("tier")
    assert (field is None) == (one.draft.tier is None)
    if field is None:
        assert one.lines("# tier:")
        return None
    assert field.write == "tier"
    assert meanings(one, "tier") == {tier: tier for tier in one.draft.tiers}
    return dict(field.columns)[one.draft.way]


WIDE = ColumnLimit(60)
LIST = ColumnLimit(60, TIER_LIST | {"黑名单"})


@pytest.mark.parametrize(
    ("rows", "captions", "writable", "wanted"),
    [
        pytest.param({}, {"cCusDefine5": "推荐等级"}, {"cCusDefine5": WIDE}, "cCusDefine5", id="free and meant for it"),
        pytest.param({}, {"cCusDefine5": "分类"}, {"cCusDefine5": LIST}, "cCusDefine5", id="a list of the tiers"),
        pytest.param(
            {"cCusDefine5": ["VIP", "一般 ", None]},
            {"cCusDefine5": "客户级别"},
            {"cCusDefine5": WIDE},
            "cCusDefine5",
            id="holds tiers already",
        ),
        pytest.param({}, {"cCusDefine5": "备注"}, {"cCusDefine5": WIDE}, None, id="free, but for what"),
        pytest.param({}, {"cCusDefine5": "信用等级"}, {"cCusDefine5": WIDE}, None, id="another kind of grade"),
        pytest.param(
            {"cCusDefine5": ["A级", None]}, {"cCusDefine5": "客户等级"}, {"cCusDefine5": WIDE}, None, id="in use"
        ),
        pytest.param(
            {"cCusDefine5": ["黑名单"]},
            {"cCusDefine5": "等级"},
            {"cCusDefine5": LIST},
            None,
            id="a list with more in use",
        ),
        pytest.param(
            {}, {"cCusDefine5": "等级"}, {"cCusDefine5": ColumnLimit(60, frozenset("AB"))}, None, id="another list"
        ),
        pytest.param({}, {"cCusDefine5": "等级"}, {"cCusDefine5": ColumnLimit(2)}, None, id="too short"),
        pytest.param({}, {"cCusDefine14": "等级"}, {}, None, id="a number"),
        pytest.param({}, {"cCusDefine5": "联系人级别"}, {"cCusDefine5": WIDE}, None, id="about persons"),
        pytest.param(
            {},
            {"cCusDefine5": "客户等级", "cCusDefine6": "服务级别"},
            {"cCusDefine5": WIDE, "cCusDefine6": WIDE},
            None,
            id="two of them",
        ),
        pytest.param(
            {},
            {"cCusDefine5": "客户等级", "cCusDefine6": "建议等级"},
            {"cCusDefine5": WIDE, "cCusDefine6": WIDE},
            "cCusDefine6",
            id="the recommended one",
        ),
        pytest.param(
            {},
            {"cCusDefine5": "客户等级", "cCusDefine6": "客户级别"},
            {"cCusDefine5": WIDE, "cCusDefine6": LIST},
            "cCusDefine6",
            id="the one with the list",
        ),
        pytest.param({}, {"cCusDefine5": "等级角色"}, {"cCusDefine5": WIDE}, None, id="the roles stand there"),
    ],
)
def test_the_tier_goes_where_it_is_meant_to_go_and_replaces_nothing_else(
    rows: dict[str, list[str | None]], captions: dict[str, str], writable: dict[str, ColumnLimit], wanted: str | None
) -> None:
    assert tier_column(rows, captions, writable) == wanted


@pytest.mark.parametrize(
    ("writable", "wanted"),
    [
        ({"self_define5": WIDE}, "self_define5"),
        ({"self_define5": WIDE, "self_define6": WIDE}, None),
        ({"self_define4": WIDE, "self_define5": WIDE}, "self_define5"),
        ({}, None),
    ],
    ids=["the one", "two", "the one that is free", "none"],
)
def test_where_u8_tells_no_captions_the_configuration_says_which_item(
    writable: dict[str, ColumnLimit], wanted: str | None
) -> None:
    assert tier_column({"self_define4": ["终端客户"]}, {}, writable, way="openapi") == wanted


def test_what_stands_in_the_way_of_the_tier_is_told_and_the_field_waits_with_its_table() -> None:
    captions = {"cCusDefine4": "客户等级", "cCusDefine5": "服务级别", "cCusDefine6": "备注", "cCusDefine14": "评级分"}
    writable = {"cCusDefine4": WIDE, "cCusDefine5": ColumnLimit(2), "cCusDefine6": WIDE}
    one = made({"cCusDefine4": ["A", "B"]}, captions=captions, writable=writable)
    assert one.lines("已有其他值", "cCusDefine4")
    assert one.lines("长度不足", "cCusDefine5")
    assert one.lines("空闲可用", "cCusDefine6")
    assert one.lines("不可写入", "cCusDefine14")
    again = loaded(uncommented(one.text, "tier", "tiers").replace("COLUMN", "cCusDefine6"))
    tier = again.field("tier")
    assert tier is not None
    assert tier.write == "tier"


def test_tiers_are_those_of_the_policy_whatever_they_are_called() -> None:
    tiers = ("no", "D: 低 #1", "'", "A&B")
    one = made({}, captions={"cCusDefine5": "等级"}, writable={"cCusDefine5": WIDE}, tiers=tiers)
    assert meanings(one, "tier") == {tier: tier for tier in tiers}


# --- self-defined items -----------------------------------------------------------------------------------------------


def block(one: Made, column: str) -> list[str]:
    """The comment about an item."""
    lines = one.text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("# {") and f"sql: {column}," in line)
    end = next((number for number in range(start, len(lines)) if lines[number] == "#"), len(lines))
    return lines[start:end]


def test_an_item_is_told_with_caption_width_counts_and_its_few_values() -> None:
    values = ["华东"] * 3 + ["华南"] * 2 + ["只此一家"] + [None]
    one = made({"cCusDefine1": values}, captions={"cCusDefine1": "大区"}, writable={"cCusDefine1": ColumnLimit(20)})
    assert block(one, "cCusDefine1") == [
        "# {sql: cCusDefine1, openapi: self_define1}  大区",
        "#   6 位客户有值，共 3 种。6 customers have a value; 3 different ones.",
        "#   可写入：最多 20 个字符。May be written: at most 20 characters.",
        '#           3  "华东"',
        '#           2  "华南"',
    ]


def test_free_text_is_counted_and_not_told() -> None:
    values = [f"张三{number // 2}" for number in range(42)]
    one = made({"cCusDefine1": values}, captions={"cCusDefine1": "备注"})
    assert "张三" not in one.text
    assert "42 位客户有值，共 21 种" in "\n".join(block(one, "cCusDefine1"))


def test_few_words_in_many_combinations_are_told_as_words() -> None:
    parts = "ABCDEF"
    values = [f"{a},{b}" for a in parts for b in parts if a != b]
    one = made({"cCusDefine1": values}, captions={"cCusDefine1": "产品线"})
    told = "\n".join(block(one, "cCusDefine1"))
    assert "共 30 种" in told
    assert "拆分后共 6 种" in told
    assert '10  "A"' in told


@pytest.mark.parametrize("caption", ["联系人", "采购电话", "开户银行", "收货地址", "微信号", "E-mail", "法人姓名"])
def test_items_about_persons_are_not_even_read(caption: str) -> None:
    one = made({"cCusDefine1": ["李四", "李四"]}, captions={"cCusDefine1": caption})
    assert "李四" not in one.text
    assert "未读取" in "\n".join(block(one, "cCusDefine1"))


def test_only_codes_and_items_are_read_and_no_item_about_persons() -> None:
    wanted = source({}, {"cCusDefine1": "联系人", "cCusDefine2": "大区"}, absent=frozenset({"cCusDefine16"}))
    assert set(wanted.to_count()) == {TYPES, CLASSES, *(f"cCusDefine{number}" for number in range(2, 16))}
    assert source({}, absent=frozenset({TYPES})).to_count()[0] == CLASSES


def test_an_item_that_is_neither_set_up_nor_filled_is_not_told() -> None:
    one = made({"cCusDefine1": [" "], "cCusDefine2": ["有"]}, captions={"cCusDefine3": "空的"})
    told = [line for line in one.text.splitlines() if line.startswith("# {sql")]
    assert [line.split(",")[0] for line in told] == ["# {sql: cCusDefine2", "# {sql: cCusDefine3"]
    assert "无标题 no caption" in told[0]


def test_items_that_are_no_text_are_told_too() -> None:
    one = made({"cCusDefine15": ["2026-01-01"] * 2}, captions={"cCusDefine15": "评级日期"})
    assert block(one, "cCusDefine15")[1:] == [
        "#   2 位客户有值，共 1 种。2 customers have a value; 1 different ones.",
        '#           2  "2026-01-01"',
    ]


# --- the file ---------------------------------------------------------------------------------------------------------


def test_the_first_line_leads_an_editor_to_the_schema_and_the_head_says_where_it_comes_from() -> None:
    one = made({TYPES: ["01"] * 1234})
    assert one.text.splitlines()[0] == "# yaml-language-server: $schema=schemas/mapping.schema.json"
    assert one.lines("999 华东贸易 UFDATA_999_2026", "1,234")


def test_an_empty_account_set_has_a_mapping_too() -> None:
    one = made({})
    assert one.issues == ()
    assert isinstance(one.read, pl.DataFrame)


def test_a_name_of_an_account_set_cannot_end_the_comment() -> None:
    account = AccountSet("sqlite", "", "db", "999", "x\nfields: {}\r\u2028version: 2", "")
    assert account != ACCOUNT_SET
    one = made({}, account_set=account)
    assert one.mapping.field("code") is not None

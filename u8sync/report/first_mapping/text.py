"""A first mapping as the text of a file, with its comments in Chinese and English, as people keep and edit it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from u8sync.report.first_mapping.draft import Draft
from u8sync.report.first_mapping.items import Item, Obstacle
from u8sync.report.first_mapping.source import LISTED
from u8sync.report.first_mapping.tables import UNCLASSIFIED, Line, TableDraft
from u8sync.report.first_mapping.words import aligned, label, quoted, remark, word

__all__ = ["SCHEMA_FOLDER", "TO_DO", "mapping_text"]

SCHEMA_FOLDER: Final = "schemas"
"""Beside the mapping; the first line leads an editor there."""

TO_DO: Final = "待填写"
"""Marks the lines of a value table that somebody has to fill in."""

_SHOWN_IN_NOTE: Final = 10


def mapping_text(draft: Draft) -> str:
    """The whole file."""
    parts = [_head(draft), ["version: 1"], ["fields:", *_fields(draft)], _tables(draft), _items(draft)]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _head(draft: Draft) -> list[str]:
    account = draft.account_set
    which = remark(" ".join(filter(None, (account.code, account.name, account.database))))
    return [
        f"# yaml-language-server: $schema={SCHEMA_FOLDER}/mapping.schema.json",
        "#",
        "# 客户档案字段映射，由 u8sync map init 根据账套写出，请核对后使用。",
        "# The mapping of the customer archive, written by 'u8sync map init' from the account set. Check it first.",
        f"# 账套 account set: {which}; 客户 customers: {draft.customers:,}",
        "#",
        "# 注释中的数字是写出本文件时的客户数。Figures in comments: customers when this file was written.",
        f"# 标有“{TO_DO}”的行尚无含义：U8 没有说明的，这里也不猜测。",
        f"# Lines marked {TO_DO} wait for their meaning: what U8 does not tell is not guessed here.",
        "# 所有值都按原样读取，0101 就是 0101。Every value is read as typed: 0101 stays 0101.",
        "# 联系人、银行、地址等个人信息不读取。Contacts, banks and addresses are never read.",
    ]


# --- fields -----------------------------------------------------------------------------------------------------------


def _fields(draft: Draft) -> Iterator[str]:
    for number, (name, columns) in enumerate(draft.fields.items()):
        if number:
            yield ""
        yield from _known_field(name, columns)
        if name == "category" and draft.classes is not None:
            yield ""
            yield from _COMMENTS["category_group"]
            yield from _field("category_group", "客户大类", columns, "[trim, {table: classes}]")
        if name == "region":
            yield ""
            yield from _roles(draft)
    yield ""
    yield from _tier(draft)
    for name in draft.absent:
        yield ""
        yield f"  # {_LABELS[name]} {name}：此账套没有这一列，或无权读取。"
        yield "  # This account set has no such column, or it may not be read."


def _known_field(name: str, columns: Mapping[str, str]) -> Iterator[str]:
    yield from _COMMENTS.get(name, ())
    if name == "code":
        yield from _field(name, _LABELS[name], columns, None, "required: true")
    elif name == "management_type":
        yield from _field(name, _LABELS[name], columns, "[trim, {table: management_types}]", f"default: {UNCLASSIFIED}")
    else:
        yield from _field(name, _LABELS[name], columns, "[trim, date]" if name.endswith("_on") else "[trim]")


def _field(name: str, label_: str, columns: Mapping[str, str], operators: str | None, *more: str) -> Iterator[str]:
    yield f"  {name}:"
    yield f"    label: {word(label_)}"
    yield f"    columns: {_columns(columns)}"
    if operators is not None:
        yield f"    operators: {operators}"
    yield from (f"    {line}" for line in more)


def _columns(columns: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{way}: {column}" for way, column in columns.items()) + "}"


_LABELS: Final[Mapping[str, str]] = {
    "code": "客户编码",
    "name": "客户名称",
    "management_type": "客户管理类型",
    "category": "客户分类",
    "region": "地区分类",
    "developed_on": "发展日期",
    "created_on": "建档日期",
    "disabled_on": "停用日期",
}

_COMMENTS: Final[Mapping[str, Sequence[str]]] = {
    "code": ("  # 客户编码：保持原样，不可回写。The customer's code: stays as it is, is never written.",),
    "management_type": (
        "  # 空值即“未分类”；编码的含义在对照表 management_types 中。",
        "  # An empty value means 未分类; what the codes mean stands in the table management_types.",
    ),
    "category": ("  # 末级分类编码，原样。The code of the class, as it is.",),
    "category_group": (
        "  # 同一列，按编码的开头归入大类，见对照表 classes。",
        "  # The same column, put together by the beginnings of the codes; see the table classes.",
    ),
    "developed_on": ("  # 以下两个日期用于计算合作年限。The length of the relation is counted from these two dates.",),
    "created_on": ("  # OpenAPI 不提供。The OpenAPI does not offer it.",),
    "disabled_on": ("  # 已停用的客户不评级。Disabled customers get no tier.",),
}


def _roles(draft: Draft) -> Iterator[str]:
    item = draft.roles
    if item is not None:
        yield "  # 标题含“角色”的自定义项；一个客户可有多个角色，用逗号、顿号或分号隔开。请核对。"
        yield "  # The item whose caption speaks of roles; several in one field are split at any comma or semicolon."
        table = ', {split: ","}' + (", {table: roles}" if draft.role_words else "")
        yield from _field("roles", label(item.caption, "客户角色"), item.columns, f"[trim{table}]")
        if draft.role_words is None:
            yield f"    # 没有对照表：尚无角色，或不同的值超过 {LISTED} 种。"
            yield f"    # Without a table: there are no roles yet, or more than {LISTED} different ones."
        return
    yield "  # 客户角色：不能确定由哪个自定义项保存。如有，填入列名并去掉行首的 #。"
    yield "  # Roles of customers: no item is certain to hold them. If one does, name its column and take the '#' away."
    yield from _named("标题相符 captions that fit", draft.role_choices)
    yield _APART
    yield from _out(_field("roles", "客户角色", {draft.way: "COLUMN"}, '[trim, {split: ","}]'))


def _tier(draft: Draft) -> Iterator[str]:
    item = draft.tier
    if item is not None:
        yield "  # 推荐等级写入这个自定义项，不动客户管理类型；请先确认它不作他用。"
        yield "  # The recommended tier goes into this item, and the management type stays untouched. Make sure that"
        yield "  # nobody uses the item for anything else."
        if item.count is not None and item.count.customers:
            yield f"  # 现有 {item.count.customers:,} 位客户有值，都是等级名称；写入时会被推荐等级替换。"
            yield f"  # {item.count.customers:,} customers have a tier there already; the recommended one replaces it."
        yield from _field(
            "tier", label(item.caption, "推荐等级"), item.columns, "[trim, {table: tiers}]", "write: tier"
        )
        return
    yield "  # 推荐等级：还没有可写入的自定义项，因此 u8sync plan 还不能运行。请在 U8 中设置一个空闲的文本自定义项"
    yield "  # （标题如“推荐等级”），然后重新运行 u8sync map init；或填入列名，去掉这里和对照表 tiers 行首的 #。"
    yield "  # The recommended tier: no item is certain to be free for it, so 'u8sync plan' cannot run yet. Set up a"
    yield "  # free text item in U8 (caption such as 推荐等级) and run 'u8sync map init' again; or name its column and"
    yield "  # take the '#' away, here and before the table tiers."
    if draft.way == "openapi":
        yield "  # OpenAPI 不提供自定义项的设置：请同时在配置文件的 items 中写上它。"
        yield "  # The OpenAPI does not tell how items are set up: name it under 'items' in the configuration as well."
    yield from _named("空闲可用 free", draft.tier_choices)
    for item, obstacle in draft.tier_obstacles:
        yield from _named(_OBSTACLES[obstacle], [item])
    yield _APART
    yield from _out(_field("tier", "推荐等级", {draft.way: "COLUMN"}, "[trim, {table: tiers}]", "write: tier"))


_OBSTACLES: Final[Mapping[Obstacle, str]] = {
    "closed": "不可写入 may not be written",
    "list": "值列表缺少等级名称 its list of values lacks a tier",
    "width": "长度不足 too short",
    "used": "已有其他值 holds other values",
}


def _named(what: str, items: Sequence[Item]) -> Iterator[str]:
    for item in items[:_SHOWN_IN_NOTE]:
        yield f"  #   {what}: {item.column}  {remark(item.caption or '')}".rstrip()


def _out(lines: Iterable[str]) -> Iterator[str]:
    """Lines of a field or a table, taken out by a ``#``."""
    return (f"  # {line.removeprefix('  ')}" for line in lines)


_APART: Final = "  #"
"""Between what is said of a field and the field itself, where both are comments."""


# --- tables -----------------------------------------------------------------------------------------------------------


def _tables(draft: Draft) -> list[str]:
    blocks = []
    if draft.management_types is not None:
        comment = [
            "  # 正在使用的客户管理类型编码。编码由各账套自定，请在右侧写上含义；999 为未分类。",
            "  # The codes of management types in use. They are the site's own: write what they mean on the right.",
        ]
        if draft.unclassified:
            comment.append(f"  # 空值 empty: {draft.unclassified:,} 位客户 customers")
        blocks.append([*comment, *_table("management_types", draft.management_types, count_told=True)])
    if draft.classes is not None:
        comment = [
            "  # 客户分类的顶级：左侧是编码的开头，最长者优先；新的下级分类自动归入。",
            "  # Top-level customer classes: the left side is the beginning of a code, and the longest one counts, so",
            "  # that new classes below them belong there at once.",
        ]
        blocks.append([*comment, *_table("classes", draft.classes, match="prefix")])
    if draft.roles is not None and draft.role_words is not None:
        comment = [
            "  # 正在使用的角色。同义词写成同一个含义即可合并；每个含义的第一行是它的规范写法。",
            "  # The roles in use. Give words of one meaning the same right side; its first line is the spelling.",
        ]
        blocks.append([*comment, *_table("roles", draft.role_words)])
    tiers = [
        "  # 与分级政策中的等级名称一致。The names of the tiers in the policy.",
        "  tiers:",
        "    unmapped: issue",
        "    values:",
        *(f"      {word(tier)}: {word(tier)}" for tier in draft.tiers),
    ]
    if draft.tier is None:
        tiers = [*tiers[:1], *_out(tiers[1:])]
    if not blocks and draft.tier is None:
        return ["# tables:", *tiers]
    text: list[str] = ["tables:"]
    for number, block in enumerate([*blocks, tiers]):
        text += [*([""] if number else []), *block]
    return text


def _table(name: str, table: TableDraft, *, match: str | None = None, count_told: bool = False) -> Iterator[str]:
    yield f"  {name}:"
    if match is not None:
        yield f"    match: {match}"
    if table.complete:
        yield "    unmapped: issue"
    else:
        yield "    # 太多或无法写入文件的编码没有列出，按原样保留。"
        yield "    # Codes that are too many, or cannot stand in a file, are not listed: they are kept as they are."
        yield "    unmapped: keep"
    yield "    values:"
    yield from aligned([(f"      {_line(line)}", _comment(line, told=count_told)) for line in table.lines])
    if table.finer:
        yield "      # 需要细分时，去掉下列行首的 #。To tell more precisely, take the '#' away:"
        yield from aligned([(f"      # {_line(line)}", _comment(line, told=count_told)) for line in table.finer])


def _line(line: Line) -> str:
    return f"{quoted(line.raw)}: {word(line.meaning)}"


def _comment(line: Line, *, told: bool) -> str:
    """How many customers, and where the meaning comes from; ``told``: whether U8's own name is worth a word."""
    customers = f"{line.customers:,} 位客户 customers"
    if line.told is None:
        return f"{customers}；{TO_DO} fill in"
    if told and line.told != UNCLASSIFIED:
        return f"{customers}；U8: {remark(line.told)}"
    return customers


# --- self-defined items -----------------------------------------------------------------------------------------------


def _items(draft: Draft) -> list[str]:
    if not draft.items:
        return []
    text = [
        "# 自定义项：已设置的，以及有值的。要使用其中一项，在 fields 中添加字段，columns 照抄。",
        "# Self-defined items that are set up or filled. To use one, add a field with its columns.",
        "# 只列出有权读取的列。Only columns that may be read are listed.",
        f"# 不列出：超过 {LISTED} 种值的项、只有一位客户使用的值、标题涉及联系人等的项（不读取）。",
        f"# Not shown: values of items with more than {LISTED} of them, values that one customer alone has, and items",
        "# whose captions speak of contacts or the like; these are not read.",
    ]
    for item in draft.items:
        text += ["#", *_item(item)]
    return text


def _item(item: Item) -> Iterator[str]:
    caption = "无标题 no caption" if item.caption is None else remark(item.caption)
    yield f"# {_columns(item.columns)}  {caption}"
    if item.count is None:
        yield "#   标题涉及个人信息，未读取。Not read: its caption speaks of persons."
        return
    customers, values = f"{item.count.customers:,}", f"{item.count.distinct:,}"
    yield f"#   {customers} 位客户有值，共 {values} 种。{customers} customers have a value; {values} different ones."
    if item.parts is not None:
        parts = item.parts.distinct
        yield f"#   按逗号、顿号或分号拆分后共 {parts} 种。Split at commas and semicolons: {parts} different ones."
    if item.limit is not None:
        width, listed = item.limit.width, item.limit.values
        only, only_en = ("", "") if listed is None else (f"，只接受 {len(listed)} 种值", f", {len(listed)} values only")
        yield f"#   可写入：最多 {width} 个字符{only}。May be written: at most {width} characters{only_en}."
    yield from (f"#   {use.customers:>9,}  {quoted(remark(use.value))}" for use in item.shown)

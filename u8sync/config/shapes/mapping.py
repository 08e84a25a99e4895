"""The shape of a mapping file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from u8sync.config.shapes.subjects import FIELD, FieldName
from u8sync.config.shapes.uses import Operator, Test
from u8sync.config.shapes.words import Column, FilePath, Name, Shape, Version
from u8sync.domain.tables import Match, Unmapped

__all__ = ["ColumnsShape", "FieldShape", "MappingShape", "RuleShape", "TableShape"]


Meaning = Annotated[Name, Field(description="该值的含义。What the value on the left means.")]
Spelling = Annotated[str, Field(description="写入 U8 的值。The value that is written into U8 for this meaning.")]


class ColumnsShape(Shape):
    """各访问方式中的列名。The field's column in each way into U8."""

    sql: Column | None = Field(default=None, description="数据库列名。Column of the table Customer in the database.")
    openapi: Column | None = Field(default=None, description="OpenAPI 字段名。Field of the OpenAPI object 'customer'.")


class RuleShape(Shape):
    """一条规则。One rule of a field that is chosen."""

    when: dict[FieldName, Test] = Field(
        default={},
        description="条件，须全部满足；省略则为其余客户。Conditions, all must hold; absent: all other customers.",
    )
    value: Name = Field(description="满足条件的客户的值。The value of the customers that meet them.")


class FieldShape(Shape):
    """客户档案的一个字段。One canonical field."""

    label: Name = Field(description="显示名称。What people call the field.")
    columns: ColumnsShape = Field(
        default=ColumnsShape(), description="各访问方式中的列名。Its column in each way into U8."
    )
    from_field: FieldName | None = Field(
        default=None,
        description="派生字段：以另一字段的值为起点，代替 columns。"
        "Derived: the field whose value this one starts from, in place of columns.",
    )
    choose: list[RuleShape] = Field(
        default=[],
        description="派生字段：取第一条成立的规则的值，代替 columns。"
        "Derived: the value of the first rule that holds, in place of columns.",
    )
    only_if: dict[FieldName, Test] = Field(
        default={},
        description="只在这些条件下读取，否则视为空。Read only under these conditions, else the field is empty.",
    )
    operators: list[Operator] = Field(
        default=[], description="读取时依次执行的转换。Operators, in the order in which they read a value."
    )
    required: bool = Field(
        default=False,
        description="必填：值不可用的客户本次不参与评级。A customer without a usable value is set aside.",
    )
    default: Name | None = Field(default=None, description="空值时的含义。What an empty value means.")
    write: Literal["tier", "canonical"] | None = Field(
        default=None,
        description="回写：tier 写入推荐等级，canonical 写入规范写法；缺省不回写。"
        "What is written back: the recommended tier, or the canonical spelling; absent: nothing.",
    )
    write_field: FieldName | None = Field(
        default=None,
        description="回写另一字段的值，按本字段的对照表拼写。"
        "Write the value of that other field here, spelt by this field's tables.",
    )
    width: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="写入的最大字符数，可小于列宽。"
        "Most characters to write, where fewer are wanted than the column holds.",
    )


class TableShape(Shape):
    """一张值对照表。One value table."""

    match: Match = Field(
        default="exact",
        description="左侧的匹配方式：exact 与值相同；prefix 编码的开头，最长者优先；"
        "pattern 整个值匹配的正则表达式，先列者优先。"
        "What the left sides are: the value itself; the beginning of a code, the longest one counts; or a regular"
        " expression that the whole value matches, the first one counts.",
    )
    unmapped: Unmapped = Field(
        default="issue",
        description="表中没有的值：issue 报告问题，keep 原样保留，default 取本表的 default。"
        "A value that no line covers: reported as an issue, kept as it is, or what 'default' says.",
    )
    default: Name | None = Field(
        default=None,
        description="unmapped: default 时表中没有的值的含义。What no line covers means, with 'unmapped: default'.",
    )
    values: dict[str, Meaning] = Field(min_length=1, description="U8 中的值: 规范含义。Value in U8: its meaning.")
    spellings: dict[Name, Spelling] = Field(
        default={},
        description="规范含义: 写入 U8 的值；缺省为该含义的第一行。"
        "Meaning: the value that is written into U8; the first line of the meaning when absent.",
    )


class MappingShape(Shape):
    """映射文件。The mapping file."""

    version: Version = Field(description="文件格式版本。Version of the file's format.")
    extends: FilePath | None = Field(
        default=None,
        description="以该文件为基础，本文件只写不同之处；某项不带值表示取消。"
        "The file that this one builds on, relative to it; a key without a value takes away what stands there.",
    )
    fields: dict[FieldName, FieldShape] = Field(
        min_length=1,
        description="客户档案字段。Canonical fields of the customer archive.",
        json_schema_extra={"propertyNames": {"pattern": FIELD}},
    )
    tables: dict[Name, TableShape] = Field(default={}, description="值对照表。Value tables.")

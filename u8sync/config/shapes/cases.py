"""The shape of a file of cases: what a customer holds in U8, and what the mapping must make of it."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import AfterValidator, ConfigDict, Field, PlainValidator, StringConstraints, WithJsonSchema

from u8sync.config.shapes.subjects import FIELD
from u8sync.config.shapes.words import COLUMN, FilePath, Shape, Version, one_line
from u8sync.text import msg

__all__ = ["CaseShape", "CasesShape", "IssuesUse", "ValueUse", "Way"]

Way = Literal["sql", "openapi"]
"""The ways into U8 for which a mapping names columns."""


class ValueUse(NamedTuple):
    """A canonical value as it stands in a file: a text, a list, or null for empty."""

    value: str | tuple[str, ...] | None


def _value_use(given: object) -> ValueUse:
    match given:
        case None | "":
            return ValueUse(None)
        case str():
            return ValueUse(given)
        case list() if all(isinstance(part, str) and part for part in given):
            return ValueUse(tuple(given) or None)
        case _:
            raise ValueError(msg("a value is a text, a list of texts, or ~ for empty"))


class IssuesUse(NamedTuple):
    """The issues that are expected: field -> part of the message, null: any."""

    parts: dict[str, str | None]


def _issues_use(given: object) -> IssuesUse:
    match given:
        case list() if all(isinstance(name, str) for name in given):
            return IssuesUse(dict.fromkeys(given))
        case dict() if all(part is None or isinstance(part, str) for part in given.values()):
            return IssuesUse(dict(given))
        case _:
            raise ValueError(
                msg("issues are a list of fields, or fields with a part of the message"),
                msg("Write [{field}], or {{{field}: value table}}.", field="roles"),
            )


_RAW_SCHEMA: Final[dict[str, Any]] = {"type": ["string", "null"]}
_WORDS_SCHEMA: Final[dict[str, Any]] = {"type": "array", "items": {"type": "string"}}

Raw = Annotated[str | None, WithJsonSchema(_RAW_SCHEMA)]
Value = Annotated[
    ValueUse, PlainValidator(_value_use), WithJsonSchema({"anyOf": [{"type": ["string", "null"]}, _WORDS_SCHEMA]})
]
Issues = Annotated[
    IssuesUse,
    PlainValidator(_issues_use),
    WithJsonSchema(
        {
            "anyOf": [
                _WORDS_SCHEMA,
                {
                    "type": "object",
                    "propertyNames": {"pattern": FIELD},
                    "additionalProperties": {
                        "type": ["string", "null"],
                        "description": "问题说明中的文字（中文或英文）。Part of the message, in Chinese or English.",
                    },
                },
            ]
        }
    ),
]
CaseName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), AfterValidator(one_line)
]

_COLUMNS: Final[dict[str, Any]] = {"propertyNames": {"pattern": COLUMN}}
_FIELDS: Final[dict[str, Any]] = {"propertyNames": {"pattern": FIELD}}


class CaseShape(Shape):
    """一个用例：given 或 write 二选一。One case: either 'given', what U8 holds, or 'write', what is to be written."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["given"]}, {"required": ["write"]}]})

    name: CaseName = Field(
        description="用例名称，文件内唯一。What the case shows; unlike every other name of the file."
    )
    way: Way | None = Field(
        default=None,
        description="本用例使用的列名：sql 数据库列名，openapi 接口字段名。缺省同文件的 way。"
        "Whose column names the case uses; those of the file when absent.",
    )
    given: dict[str, Raw] | None = Field(
        default=None,
        min_length=1,
        description="U8 中的列: 原值；~ 或未列出为空。Column in U8: raw value; ~ and what is not named: empty.",
        json_schema_extra=_COLUMNS,
    )
    expect: dict[str, Value] = Field(
        default={},
        min_length=1,
        description="字段: 读取后应得的值；~ 为空，多值写列表；未列出的字段不比较。"
        "Field: the value that must be read; ~ for empty, a list for several. Other fields are not compared.",
        json_schema_extra=_FIELDS,
    )
    issues: Issues | None = Field(
        default=None,
        description="应报告问题的字段；given 涉及的字段若有未列出的问题，用例不通过。"
        "Fields that must have an issue; one that is not listed makes the case fail.",
    )
    set_aside: bool | None = Field(
        default=None,
        description="客户是否因必填字段不可用而不参与评级。Whether a required field cannot be used.",
    )
    write: dict[str, Value] | None = Field(
        default=None,
        min_length=1,
        description="字段: 要写入的值；tier 为推荐等级，写入每个接收等级的字段。"
        "Field: the value to write; tier: the recommended tier, into every field that takes it.",
        json_schema_extra=_FIELDS,
    )
    expect_raw: dict[str, Raw] = Field(
        default={},
        min_length=1,
        description="U8 中的列: 写入后的值。配合 given 时为一次运行（不含等级）之后该列的值。"
        "Column in U8: the text that must be written; with 'given': what a run, tiers apart, leaves there.",
        json_schema_extra=_COLUMNS,
    )


class CasesShape(Shape):
    """映射测试用例文件。The file of cases."""

    version: Version = Field(description="文件格式版本。Version of the file's format.")
    mapping: FilePath = Field(
        description="被测试的映射文件，相对本文件。The mapping file that is tested, relative to this file."
    )
    way: Way = Field(
        default="sql",
        description="用例使用的列名：sql 数据库列名，openapi 接口字段名。"
        "Whose column names the cases use: the database's or the OpenAPI's.",
    )
    cases: list[CaseShape] = Field(min_length=1, description="用例。The cases.")

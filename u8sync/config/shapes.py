"""The shapes of the three files that people write: which keys there are, and what each may hold.

What lives here: pydantic models, one for each group of keys, with the sentence that an editor shows for each key
(Chinese and English). What does not: checks that look at several keys at once; they stand with the loaders. The idea:
one source for the check, the JSON Schema and the explanation.
"""

from __future__ import annotations

import re
import zoneinfo
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, NamedTuple, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from u8sync.config.checking import did_you_mean, shown
from u8sync.domain.decision import CAUSE, CURRENT
from u8sync.domain.metrics import METRICS
from u8sync.domain.operators import OPERATORS, SEPARATORS
from u8sync.domain.policy import SCORE, Unknown
from u8sync.domain.tables import Match, Unmapped
from u8sync.domain.tiers import TIER
from u8sync.text import english, msg

__all__ = [
    "AccountSetShape",
    "AnchorShape",
    "BoundsShape",
    "DatabaseAnchorShape",
    "FieldShape",
    "KeyShape",
    "MappingShape",
    "OperatorUse",
    "PolicyShape",
    "SettingsShape",
    "TableShape",
    "TierShape",
    "WeightShape",
]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


# --- words ---

_COLUMN: Final = "^[A-Za-z_][A-Za-z0-9_]{0,127}$"
_FIELD: Final = "^[a-z][a-z0-9_]{0,63}$"
_VERIFICATION_KEY: Final = r"^[^\s+]{1,100}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$"
_RESERVED: Final = frozenset(
    {CAUSE, CURRENT, SCORE, TIER, "set_aside", "eligible", "rated", "has_business", "counted_weight", *METRICS}
)
"""Columns of the frame in which the decision is made; a field of that name would be overwritten there."""


def _one_line(value: str) -> str:
    if len(value.splitlines()) > 1:
        raise ValueError(msg("must be one line"))
    return value


def _version(value: int) -> int:
    if value != 1:
        raise ValueError(msg("this program reads version 1 of this file's format, not {version}", version=value))
    return value


def _column(value: str) -> str:
    if not re.fullmatch(_COLUMN, value):
        raise ValueError(
            msg("'{name}' is not a column name", name=shown(value)),
            msg("A column name has letters, digits and '_' only, begins with no digit, and is at most 128 long."),
        )
    return value


def _field_name(value: str) -> str:
    if not re.fullmatch(_FIELD, value):
        raise ValueError(
            msg("'{name}' is not a field name", name=shown(value)),
            msg("A field name has small letters, digits and '_' only, and begins with a letter."),
        )
    if value in _RESERVED:
        raise ValueError(msg("the field name '{name}' is taken by u8sync itself", name=value))
    return value


def _metric(value: str) -> str:
    if value not in METRICS:
        raise ValueError(msg("unknown metric '{name}'", name=shown(value)), did_you_mean(value, tuple(METRICS)))
    return value


def _subject(value: str) -> str:
    return value if value == SCORE else _metric(value)


def _timezone(value: str) -> str:
    try:
        return zoneinfo.ZoneInfo(value).key
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        # A key such as "Asia" is a folder of the time zone data: OSError.
        raise ValueError(
            msg("unknown time zone '{name}'", name=shown(value)),
            msg("Time zones have names such as Asia/Shanghai or UTC."),
        ) from None


def _as_of(value: object) -> Literal["today", "last_month_end"] | date:
    if value == "today" or value == "last_month_end":  # noqa: PLR1714 - mypy narrows only this form
        return value
    if isinstance(value, str) and re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError(msg("there is no such day: {day}", day=value)) from None
    raise ValueError(msg("expected today, last_month_end or a date (YYYY-MM-DD)"))


def _url(value: str) -> str:
    if not re.fullmatch(r"(?i)https?://[^\s/@?#]+(?:[/?][^\s#]*)?", value):
        raise ValueError(
            msg("'{text}' is no address of the form https://host/path", text=shown(value)),
        )
    return value


def _verification_key(value: str) -> str:
    if not re.fullmatch(_VERIFICATION_KEY, value):
        raise ValueError(
            msg("'{text}' is no public key of the form name+id+key", text=shown(value)),
            msg("'u8sync audit key show' prints it; the private key belongs into no file but its own."),
        )
    return value


class OperatorUse(NamedTuple):
    """An operator as it stands in a file: its name, and what stands behind it."""

    name: str
    argument: str | None


def _operator_use(value: object) -> OperatorUse:
    match value:
        case str():
            return OperatorUse(value, None)
        case dict() if len(value) == 1:
            name, argument = next(iter(value.items()))
            if argument is None or isinstance(argument, str):
                return OperatorUse(name, argument)
        case _:
            pass
    raise ValueError(msg("an operator is a word, or one word with its argument such as {{table: roles}}"))


def _operators_schema() -> dict[str, Any]:
    argument: dict[str, dict[str, Any]] = {
        "text": {"enum": list(SEPARATORS)},
        "number": {"type": "integer", "minimum": 1},
        "table": {"type": "string"},
    }
    plain = [name for name, kind in OPERATORS.items() if kind.argument == "none"]
    helps = "; ".join(f"{name}: {english(OPERATORS[name].help)}" for name in plain)
    return {
        "anyOf": [
            {"enum": plain, "description": helps},
            *(
                {
                    "type": "object",
                    "properties": {name: {**argument[kind.argument], "description": english(kind.help)}},
                    "required": [name],
                    "additionalProperties": False,
                }
                for name, kind in OPERATORS.items()
                if kind.argument != "none"
            ),
        ]
    }


Version = Annotated[int, AfterValidator(_version), WithJsonSchema({"const": 1})]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60), AfterValidator(_one_line)]
Person = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20), AfterValidator(_one_line)
]
Code = Annotated[str, StringConstraints(min_length=1, max_length=20)]
FilePath = Annotated[str, StringConstraints(min_length=1)]
Column = Annotated[str, AfterValidator(_column), WithJsonSchema({"type": "string", "pattern": _COLUMN})]
FieldName = Annotated[str, AfterValidator(_field_name), WithJsonSchema({"type": "string", "pattern": _FIELD})]
Metric = Annotated[str, AfterValidator(_metric)]
Subject = Annotated[str, AfterValidator(_subject)]
Operator = Annotated[OperatorUse, PlainValidator(_operator_use), WithJsonSchema(_operators_schema())]
Bound = Annotated[Decimal, Field(max_digits=18, decimal_places=4)]
Percent = Annotated[Decimal, Field(ge=0, le=100, decimal_places=4)]
AsOf = Annotated[
    Literal["today", "last_month_end"] | date,
    PlainValidator(_as_of),
    WithJsonSchema({"anyOf": [{"enum": ["today", "last_month_end"]}, {"type": "string", "format": "date"}]}),
]
Timezone = Annotated[str, AfterValidator(_timezone)]
Url = Annotated[str, AfterValidator(_url), WithJsonSchema({"type": "string", "pattern": "^https?://"})]
VerificationKey = Annotated[
    str, AfterValidator(_verification_key), WithJsonSchema({"type": "string", "pattern": _VERIFICATION_KEY})
]


# --- the mapping file ---


class ColumnsShape(_Shape):
    """The field's column in each way into U8."""

    sql: Column | None = Field(default=None, description="数据库列名。Column of the table Customer in the database.")
    openapi: Column | None = Field(default=None, description="OpenAPI 字段名。Field of the OpenAPI object 'customer'.")


class FieldShape(_Shape):
    """One canonical field."""

    label: Name = Field(description="显示名称。What people call the field.")
    columns: ColumnsShape = Field(description="各访问方式中的列名。Its column in each way into U8.")
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


class TableShape(_Shape):
    """One value table."""

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
    values: dict[str, Name] = Field(min_length=1, description="U8 中的值: 规范含义。Value in U8: its meaning.")
    spellings: dict[Name, str] = Field(
        default={},
        description="规范含义: 写入 U8 的值；缺省为该含义的第一行。"
        "Meaning: the value that is written into U8; the first line of the meaning when absent.",
    )


class MappingShape(_Shape):
    """The mapping file."""

    version: Version = Field(description="文件格式版本。Version of the file's format.")
    fields: dict[FieldName, FieldShape] = Field(
        min_length=1,
        description="客户档案字段。Canonical fields of the customer archive.",
        json_schema_extra={"propertyNames": {"pattern": _FIELD}},
    )
    tables: dict[Name, TableShape] = Field(default={}, description="值对照表。Value tables.")


# --- the policy file ---


class WindowShape(_Shape):
    """The days whose business counts."""

    months: int = Field(
        ge=1, le=120, description="统计期，月数，截止到基准日。Length in months; it ends on the as-of day."
    )


class WeightShape(_Shape):
    """How much one metric counts."""

    weight: int = Field(ge=1, le=100, description="权重，百分比；合计 100。Percent; all weights add up to 100.")
    unknown: Unknown = Field(
        default="leave_out",
        description="值未知时：leave_out 其余指标按比例分摊，zero 计零分。"
        "When the value is unknown: its weight goes to the others, or it earns nothing.",
    )


class BoundsShape(_Shape):
    """at_least <= value < below."""

    at_least: Bound | None = Field(default=None, description="下限（含）。Lower bound, included.")
    below: Bound | None = Field(default=None, description="上限（不含）。Upper bound, not included.")


class TierShape(_Shape):
    """One step of the ladder."""

    name: Name = Field(description="等级名称。Name of the tier.")
    when: dict[Subject, BoundsShape] = Field(
        default={},
        min_length=1,
        description="条件，须全部满足；score 为总分 0–100。Conditions, all must hold; score is 0 to 100.",
        json_schema_extra={"propertyNames": {"enum": [SCORE, *METRICS]}},
    )
    without_business: bool = Field(
        default=False,
        description="统计期内无业务的客户归入此等级。The tier of customers without business in the window.",
    )
    service: str = Field(default="", description="服务政策。The service policy in words.")


class PolicyShape(_Shape):
    """The policy file."""

    version: Version = Field(description="文件格式版本。Version of the file's format.")
    window: WindowShape = Field(description="统计期。The days whose business counts.")
    score: dict[Metric, WeightShape] = Field(
        min_length=1,
        description="得分：各指标的权重。The score: metrics and their weights.",
        json_schema_extra={"propertyNames": {"enum": [*METRICS]}},
    )
    tiers: list[TierShape] = Field(min_length=2, description="等级，从高到低。Tiers, highest first.")
    exclude: list[Code] = Field(
        default=[], description="不评级的客户编码，如内部往来单位。Codes of customers that get no tier."
    )


# --- the configuration file ---


class AccountSetShape(BaseModel):
    """Which account set, and the way into it; the other keys are the backend's own."""

    model_config = ConfigDict(extra="allow", frozen=True)

    backend: Name = Field(description="访问方式；其余键由它决定。The way into U8; the other keys depend on it.")


class KeyringShape(_Shape):
    """One entry of the operating system's keyring."""

    service: Name = Field(description="服务名。Name of the service.")
    user: Name = Field(description="用户名。Name of the user.")


class KeyShape(_Shape):
    """Where the signing key is kept: exactly one of the two."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"minProperties": 1, "maxProperties": 1})

    file: FilePath | None = Field(
        default=None,
        description="密钥文件，只有运行 u8sync 的用户可读；相对于本文件。"
        "The key's file, readable for the user who runs u8sync alone; relative to this file.",
    )
    keyring: KeyringShape | None = Field(
        default=None, description="系统密钥环中的条目。An entry of the system's keyring."
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.file is None) == (self.keyring is None):
            raise ValueError(msg("exactly one of file and keyring is needed here"))
        return self


class TimestampShape(_Shape):
    """A time stamping service."""

    url: Url = Field(description="RFC 3161 时间戳服务的地址。Address of the RFC 3161 time stamping service.")
    certificates: FilePath = Field(
        description="所信任的证书（PEM），相对于本文件。Certificates to trust, in PEM, relative to this file."
    )


class DatabaseAnchorShape(BaseModel):
    """A table on a database server; its keys are those of the server's kind."""

    model_config = ConfigDict(extra="allow", frozen=True)


class AnchorShape(_Shape):
    """One place that gets the checkpoints: exactly one of the kinds."""

    folder: FilePath | None = Field(
        default=None,
        description="另一台机器上的文件夹，须已存在。A folder on another machine; it must exist.",
    )
    timestamp: TimestampShape | None = Field(
        default=None, description="时间戳服务。A time stamping service (RFC 3161)."
    )
    sqlserver: DatabaseAnchorShape | None = Field(
        default=None, description="另一台 SQL Server 上的表。A table on another SQL Server."
    )
    timeout_s: int = Field(default=30, ge=1, le=120, description="最多等待秒数。Seconds that it may hold up a run.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(kind is not None for kind in (self.folder, self.timestamp, self.sqlserver)) != 1:
            raise ValueError(msg("exactly one of folder, timestamp and sqlserver is needed here"))
        return self


class AuditShape(_Shape):
    """The audit log."""

    folder: FilePath = Field(default="audit", description="审计日志所在文件夹。Folder of the audit logs.")
    archive: FilePath | None = Field(
        default=None, description="旧日志段移至何处。Folder that old segments were moved to."
    )
    key: KeyShape | None = Field(
        default=None, description="检查点签名密钥的存放处。Where the key that signs checkpoints is kept."
    )
    trusted_keys: list[VerificationKey] = Field(
        default=[],
        description="audit verify 信任的公钥：名称+编号+密钥。Public keys that 'audit verify' trusts: name+id+key.",
    )
    anchors: list[AnchorShape] = Field(
        default=[],
        description="本机之外保存检查点的地方。Places outside this machine that get each checkpoint.",
    )

    @model_validator(mode="after")
    def _signed(self) -> Self:
        if self.anchors and self.key is None:
            raise ValueError(
                msg("anchors need a key: only signed checkpoints are sent"),
                msg("'u8sync audit key new' makes one; say under 'key' where it is kept."),
            )
        return self


class WriteShape(_Shape):
    """Writing back."""

    batch: int = Field(default=200, ge=1, le=500, description="每个事务的客户数。Customers in one transaction.")
    plan_hours: int = Field(
        default=24,
        ge=1,
        le=8760,
        description="保存的计划在多少小时内可以写入。Hours within which a saved plan may be applied.",
    )
    person: Person = Field(default="u8sync", description="写入 U8 的修改人。Name that U8 shows as the last editor.")


class GuardsShape(_Shape):
    """Limits that a plan must keep."""

    share_changed: Percent = Field(
        default=Decimal(10),
        description="现值被改写的客户占比上限，%。Most customers whose present value is replaced, percent.",
    )
    top_downgrades: int = Field(
        default=20,
        ge=0,
        description="一次最多有几个客户从最高等级降级。Most customers that may fall from the highest tier.",
    )
    issue_share: Percent = Field(
        default=Decimal(5), description="值不可用的客户占比上限，%。Most customers with an unusable value, percent."
    )
    customers_kept: Percent = Field(
        default=Decimal(90),
        description="客户数不得少于上次成功运行的百分比，%。Least customers, percent of those at the last good run.",
    )
    from_customers: int = Field(
        default=10, ge=0, description="客户数达到此数才检查百分比。The percentages count from this many customers up."
    )
    protected: list[Code] = Field(
        default=[], description="任何情况下都不修改的客户编码。Customers that no run may change."
    )


class RetryShape(_Shape):
    """Trying again."""

    tries: int = Field(default=5, ge=1, le=10, description="最多尝试次数。Most tries of one step.")
    budget_s: int = Field(
        default=120, ge=1, le=3600, description="重试的总时限，秒。Time for all tries of one step, seconds."
    )


class SettingsShape(_Shape):
    """The configuration file."""

    version: Version = Field(description="文件格式版本。Version of the file's format.")
    account_set: AccountSetShape = Field(description="账套及访问方式。The account set and the way into it.")
    mapping: FilePath = Field(description="字段映射文件，相对于本文件。The mapping file, relative to this file.")
    policy: FilePath = Field(description="评级政策文件，相对于本文件。The policy file, relative to this file.")
    as_of: AsOf = Field(
        default="last_month_end",
        description="基准日：今天、上月末或某一天。The as-of day: today, end of last month, or a day.",
    )
    timezone: Timezone = Field(default="Asia/Shanghai", description="时区。Time zone that days are counted in.")
    audit: AuditShape = Field(default_factory=AuditShape, description="审计日志。The audit log.")
    write: WriteShape = Field(default_factory=WriteShape, description="回写。Writing back.")
    guards: GuardsShape = Field(
        default_factory=GuardsShape, description="安全检查：超过即停止。Limits; beyond them the run stops."
    )
    retry: RetryShape = Field(default_factory=RetryShape, description="重试。Trying again.")

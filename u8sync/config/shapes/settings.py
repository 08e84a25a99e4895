"""The shape of the configuration file."""

from __future__ import annotations

from decimal import Decimal
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from u8sync.config.shapes.approval import ApprovalShape
from u8sync.config.shapes.notify import NotifyShape
from u8sync.config.shapes.schedule import ScheduleShape
from u8sync.config.shapes.telling import LogsShape, MetricsShape
from u8sync.config.shapes.words import (
    AsOf,
    Code,
    FilePath,
    KeyringShape,
    Name,
    Percent,
    Person,
    Shape,
    Timezone,
    Url,
    VerificationKey,
    Version,
)
from u8sync.text import msg

__all__ = ["AccountSetShape", "AnchorShape", "DatabaseAnchorShape", "KeyShape", "SettingsShape"]


class AccountSetShape(BaseModel):
    """Which account set, and the way into it; the other keys are the backend's own."""

    model_config = ConfigDict(extra="allow", frozen=True)

    backend: Name = Field(description="访问方式；其余键由它决定。The way into U8; the other keys depend on it.")


class KeyShape(Shape):
    """签名密钥的存放处，二选一。Where the signing key is kept: exactly one of the two."""

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


class TimestampShape(Shape):
    """时间戳服务。A time stamping service."""

    url: Url = Field(description="RFC 3161 时间戳服务的地址。Address of the RFC 3161 time stamping service.")
    certificates: FilePath = Field(
        description="所信任的证书（PEM），相对于本文件。Certificates to trust, in PEM, relative to this file."
    )


class DatabaseAnchorShape(BaseModel):
    """A table on a database server; its keys are those of the server's kind."""

    model_config = ConfigDict(extra="allow", frozen=True)


class AnchorShape(Shape):
    """存放检查点的一处，只选一种。One place that gets the checkpoints: exactly one of the kinds."""

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


class AuditShape(Shape):
    """审计日志的设置。Settings of the audit log."""

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


class WriteShape(Shape):
    """回写的设置。Settings of writing back."""

    batch: int = Field(default=200, ge=1, le=500, description="每个事务的客户数。Customers in one transaction.")
    plan_hours: int = Field(
        default=24,
        ge=1,
        le=8760,
        description="保存的计划在多少小时内可以写入。Hours within which a saved plan may be applied.",
    )
    person: Person = Field(default="u8sync", description="写入 U8 的修改人。Name that U8 shows as the last editor.")


class GuardsShape(Shape):
    """计划须遵守的限度。Limits that a plan must keep."""

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


class RetryShape(Shape):
    """重试的设置。Settings of trying again."""

    tries: int = Field(default=5, ge=1, le=10, description="最多尝试次数。Most tries of one step.")
    budget_s: int = Field(
        default=120, ge=1, le=3600, description="重试的总时限，秒。Time for all tries of one step, seconds."
    )


class RunsShape(Shape):
    """运行历史。The history of runs."""

    folder: FilePath = Field(
        default="runs",
        description="每次运行一个子文件夹，内有记录、报告和日志。One folder a run, with its entry, report and log.",
    )
    keep_days: int = Field(
        default=400,
        ge=1,
        le=36500,
        description="保留天数；审计日志不受影响。Days that they are kept; the audit log stays.",
    )
    report: bool = Field(default=True, description="每次运行是否留下报告页。Whether each run leaves its report there.")
    xlsx: bool = Field(
        default=False, description="每次运行是否留下 Excel 工作簿。Whether each run leaves an Excel workbook as well."
    )


class SettingsShape(Shape):
    """配置文件。The configuration file."""

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
    approval: ApprovalShape | None = Field(default=None, description="须由人批准的更改。Changes that need approval.")
    retry: RetryShape = Field(default_factory=RetryShape, description="重试。Trying again.")
    runs: RunsShape = Field(
        default_factory=RunsShape, description="历次运行的记录与报告。Entries and reports of past runs."
    )
    logs: LogsShape = Field(default_factory=LogsShape, description="日志。Logs of the runs.")
    metrics: MetricsShape = Field(default_factory=MetricsShape, description="监控指标。Figures for monitoring.")
    notify: NotifyShape | None = Field(default=None, description="运行情况通知谁。Who is told how runs go.")
    schedule: ScheduleShape | None = Field(
        default=None, description="定时运行与写入时段。Starts by themselves, and hours of writing."
    )

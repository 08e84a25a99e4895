"""The shape of a policy file."""

from __future__ import annotations

from pydantic import Field

from u8sync.config.shapes.words import Bound, Code, Metric, Name, Shape, Subject, Version
from u8sync.domain.metrics import METRICS
from u8sync.domain.policy import SCORE, Unknown

__all__ = ["BoundsShape", "PolicyShape", "TierShape", "WeightShape"]


class WindowShape(Shape):
    """统计期的长度。How long the days are whose business counts."""

    months: int = Field(
        ge=1, le=120, description="统计期，月数，截止到基准日。Length in months; it ends on the as-of day."
    )


class WeightShape(Shape):
    """一个指标的权重。How much one metric counts."""

    weight: int = Field(ge=1, le=100, description="权重，百分比；合计 100。Percent; all weights add up to 100.")
    unknown: Unknown = Field(
        default="leave_out",
        description="值未知时：leave_out 其余指标按比例分摊，zero 计零分。"
        "When the value is unknown: its weight goes to the others, or it earns nothing.",
    )


class BoundsShape(Shape):
    """下限（含）与上限（不含）。Bounds: at_least <= value < below."""

    at_least: Bound | None = Field(default=None, description="下限（含）。Lower bound, included.")
    below: Bound | None = Field(default=None, description="上限（不含）。Upper bound, not included.")


class TierShape(Shape):
    """一个等级。One step of the ladder."""

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


class PolicyShape(Shape):
    """分级政策文件。The policy file."""

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

"""The shape of a policy file."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from u8sync.config.shapes.words import Bound, Code, Metric, Name, Shape, Subject, Version
from u8sync.domain.metrics import METRICS
from u8sync.domain.model import CREDIT_DAYS, FLOOR_DAYS
from u8sync.domain.policy import SCORE, Unknown
from u8sync.domain.windows import FiscalYear, Until

__all__ = ["BoundsShape", "PolicyShape", "TierShape", "WeightShape", "WindowShape"]


class WindowShape(Shape):
    """统计期：months 与 fiscal_year 二选一。The days whose business counts: either 'months' or 'fiscal_year'."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["months"]}, {"required": ["fiscal_year"]}]})

    months: int | None = Field(
        default=None,
        ge=1,
        le=120,
        description="统计期的月数，截止到最后一天（见 until）。So many months up to the last day (see 'until').",
    )
    fiscal_year: FiscalYear | None = Field(
        default=None,
        description="按会计年度：current 为最后一天所在年度（至该日），last 为上一完整年度。"
        "By fiscal year: 'current', the one that the last day lies in, up to it; 'last', the whole one before.",
    )
    until: Until = Field(
        default="as_of",
        description="最后一天：as_of 为基准日，last_closed_month 为基准日前最后一个已结束的会计期间的末日。"
        "The last day: the as-of day, or the end of the last fiscal period that is over by then.",
    )
    floor_days: int = Field(
        default=FLOOR_DAYS,
        ge=1,
        le=366,
        description="计算每年次数时统计期至少按这么多天计。A rate a year is worked out over at least so many days.",
    )
    credit_days: int = Field(
        default=CREDIT_DAYS,
        ge=0,
        le=3650,
        description="信用期天数，超过即为逾期；对所有客户相同。"
        "Days to pay, the same for every customer; then it is past due.",
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

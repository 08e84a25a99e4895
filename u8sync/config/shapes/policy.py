"""The shape of a policy file."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from u8sync.config.shapes.subjects import FieldName, Metric, Subject
from u8sync.config.shapes.words import Bound, Code, Day, DayOfYear, Name, Percent, Shape, Version
from u8sync.domain.metrics import METRICS
from u8sync.domain.model import CREDIT_DAYS, FLOOR_DAYS
from u8sync.domain.policy import SCORE, EditedRule, Method, Unknown
from u8sync.domain.windows import FiscalYear, Until

__all__ = [
    "BandShape",
    "BoundsShape",
    "MovementShape",
    "PinShape",
    "PolicyShape",
    "QuotaShape",
    "TierShape",
    "WeightShape",
    "WindowShape",
]

Part = Annotated[Decimal, Field(gt=0, le=100, decimal_places=4)]


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


class BandShape(Shape):
    """一档：取值或名次的范围及其得分。A band: a range of values or places, and its points."""

    points: Percent = Field(description="得分 0–100。Points, 0 to 100.")
    at_least: Bound | None = Field(
        default=None, description="threshold：下限（含）。With threshold: lower bound, included."
    )
    below: Bound | None = Field(
        default=None, description="threshold：上限（不含）。With threshold: upper bound, not included."
    )
    top: Part | None = Field(
        default=None,
        description="percent_of_customers、cumulative_share：从最好的客户起，前百分之几；末档不写。"
        "With percent_of_customers and cumulative_share: the first so many percent, from the best customer on;"
        " absent in the last band, which takes the rest.",
    )


class WeightShape(Shape):
    """一个指标的权重与计分方法。How much one metric counts, and how its value becomes points."""

    weight: int = Field(ge=1, le=100, description="权重，百分比；合计 100。Percent; all weights add up to 100.")
    unknown: Unknown = Field(
        default="leave_out",
        description="值未知时：leave_out 其余指标按比例分摊，zero 计零分。"
        "When the value is unknown: its weight goes to the others, or it earns nothing.",
    )
    method: Method = Field(
        default="rank",
        description="计分方法：rank 百分位名次；threshold 按取值分档；percent_of_customers 按客户数的前百分之几分档；"
        "cumulative_share 按累计占比分档（ABC 分析，80/20）。"
        "rank: percentile rank; threshold: bands of the value; percent_of_customers: bands of the best so many"
        " percent of the customers; cumulative_share: bands of those that bring the first so many percent together"
        " (ABC analysis, 80/20).",
    )
    bands: list[BandShape] = Field(
        default=[], description="分档，从最好一档到最差一档；rank 不用。Bands, the best first; none with rank."
    )
    within: FieldName | None = Field(
        default=None,
        description="只与该字段值相同的客户比较，如地区、行业。Customers are compared with those of the same value in"
        " this field, such as region or industry; absent: with everybody.",
    )
    shrink: int | None = Field(
        default=None,
        ge=1,
        le=10000,
        description="小样本向组均值收缩：组均值相当于这么多张单据，(n·m + k·M)/(n + k)。只用于比率类指标。"
        "For ratios: the mean of the group counts like so many documents, (n*m + k*M)/(n + k).",
    )


class BoundsShape(Shape):
    """一个条件：取值的下限（含）与上限（不含），或名次。A condition: at_least <= value < below, or a place."""

    at_least: Bound | None = Field(default=None, description="下限（含）。Lower bound, included.")
    below: Bound | None = Field(default=None, description="上限（不含）。Upper bound, not included.")
    top_percent: Part | None = Field(
        default=None,
        description="名列客户数的前百分之几；并列者同进同出。Among the best so many percent of the customers; ties stay"
        " together.",
    )
    top_share: Part | None = Field(
        default=None,
        description="属于合计占前百分之几的客户（80/20）。Among the best customers that bring so many percent of the"
        " sum (80/20).",
    )
    within: FieldName | None = Field(
        default=None,
        description="名次只在该字段值相同的客户中计算。The place is among customers of the same value in this field.",
    )


class QuotaShape(Shape):
    """名额：按得分从高到低取满为止，并列者同进同出。A quota: the best by score; ties stay together."""

    percent: Part | None = Field(default=None, description="占已评级客户的百分比。Percent of the rated customers.")
    customers: int | None = Field(default=None, ge=1, description="客户数。Number of customers.")


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
    at_most: QuotaShape | None = Field(
        default=None, description="名额上限，如至多 5% 的客户。At most so many customers, 5 percent for example."
    )
    service: str = Field(default="", description="服务政策。The service policy in words.")


class EvidenceShape(Shape):
    """评级所需的最少依据；不足者归入无业务等级。The least that must be known of a customer before it is rated."""

    min_orders: int | None = Field(
        default=None,
        ge=1,
        description="统计期内的最少订单数（不用订单的账套按发票）。Fewest orders in the window; invoices where no"
        " orders are kept.",
    )
    min_history_days: int | None = Field(
        default=None, ge=1, description="距首次销售的最少天数。Fewest days since the first sale."
    )


class CoolDownShape(Shape):
    """等级变动后的冷却期。A tier that changed rests."""

    days: int = Field(ge=1, le=3660, description="天数，从变动的基准日起。Days from the as-of day of the change.")
    holds: Literal["both", "down"] = Field(
        default="both",
        description="both 升降都停，down 只停降级。both: it goes neither way; down: it only does not fall.",
    )


class MovementShape(Shape):
    """升降规则：升级立即，降级放缓。How tiers move: up at once, down slowly."""

    margin: Percent = Field(
        default=Decimal(0),
        description="已在该等级的客户，各界限放宽的百分比。Percent by which bounds are eased for those who have the"
        " tier.",
    )
    down_after: int = Field(
        default=1,
        ge=1,
        le=60,
        description="连续几次评价不达标才降级；同一基准日只算一次。Evaluations in a row that must find a customer below"
        " before it falls; runs for the same as-of day are one.",
    )
    most_steps: int | None = Field(
        default=None, ge=1, description="同一基准日最多升降几级；不写则不限。Most steps for one as-of day; absent: any."
    )
    review: list[DayOfYear] = Field(
        default=[],
        description="复核日（月-日）：只在其后的首次评价降级。Review days (MM-DD): tiers fall only at the first"
        " evaluation on or after one.",
    )
    cool_down: CoolDownShape | None = Field(default=None, description="变动后的冷却期。Rest after a change.")


class PinShape(Shape):
    """人工指定的等级，到期前优先于一切规则。A tier set by hand; it wins until it expires."""

    customer: Code = Field(description="客户编码。Customer code.")
    tier: Name = Field(description="等级。The tier.")
    reason: Name = Field(description="原因。Why.")
    by: Name = Field(description="责任人。Who answers for it.")
    until: Day = Field(description="有效期至（含），按基准日计。Last as-of day on which it holds.")


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
    evidence: EvidenceShape | None = Field(
        default=None, description="评级所需的最少依据。The least that must be known before a customer is rated."
    )
    smallest_group: int = Field(
        default=1,
        ge=1,
        description="within 的组少于这么多已评级客户时，改与全部客户比较。A group of 'within' with fewer rated"
        " customers is compared with everybody.",
    )
    movement: MovementShape | None = Field(
        default=None, description="升降规则；不写则立即升降。How tiers move; absent: at once."
    )
    edited_in_u8: EditedRule = Field(
        default="ask",
        description="u8sync 写入后又被人在 U8 中改过的等级：respect 保留，ask 保留并等待放行（--allow edited_in_u8），"
        "overwrite 覆盖；任何情况都会列出。Tiers that people changed in U8 since u8sync wrote them: kept; kept until"
        " somebody allows the change; written over. They are listed in any case.",
    )
    pins: list[PinShape] = Field(default=[], description="人工指定的等级。Tiers set by hand.")
    exclude: list[Code] = Field(
        default=[], description="不评级的客户编码，如内部往来单位。Codes of customers that get no tier."
    )

"""The shape of the section ``approval`` of the configuration."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from u8sync.config.shapes.words import Name, Shape
from u8sync.text import msg

__all__ = ["ApprovalShape"]


class ApprovalShape(Shape):
    """哪些更改须由人批准。Which changes a person has to approve."""

    tiers: list[Name] = Field(
        default=[], description="升入或离开这些等级的更改。Changes into or out of one of these tiers."
    )
    steps: int | None = Field(
        default=None,
        ge=1,
        description="一次跨越这么多级或更多的更改。Changes over so many steps of the ladder, or more.",
    )
    more_than: int | None = Field(
        default=None,
        ge=0,
        description="其余更改超过此数时全部须批准。When more other changes than this are left: all of them.",
    )
    days: int = Field(
        default=7,
        ge=1,
        le=366,
        description="请求可答复、批准有效的天数。Days in which a request can be answered, and an approval counts.",
    )
    refused_days: int = Field(
        default=90,
        ge=1,
        le=3660,
        description="被拒绝后多少天内不再询问。Days in which a refused change is not asked again.",
    )
    four_eyes: bool = Field(
        default=False,
        description="提出请求的运行用户不得自行批准。The user whose run asked may not be the one who answers.",
    )

    @model_validator(mode="after")
    def _some_rule(self) -> Self:
        if not self.tiers and self.steps is None and self.more_than is None:
            raise ValueError(
                msg("no change would need approval: tiers, steps or more_than is needed here"),
                msg("Leave the section 'approval' out if nobody has to approve anything."),
            )
        return self

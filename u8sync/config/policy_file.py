"""The policy file: read, checked as a whole, and made into the policy that the engine uses.

What lives here: making the policy. What does not: the shape of the file (``shapes/policy.py``), the checks that need
more than one key (``policy_check.py``) and how customers are scored (``domain/``). The idea: a policy that loads gives
every customer exactly one tier.
"""

from __future__ import annotations

from pathlib import Path

from u8sync.config.band_check import intervals
from u8sync.config.checking import examine, raise_all
from u8sync.config.located_yaml import Located, Route, in_file_order, parse, read_bytes
from u8sync.config.policy_check import policy_problems
from u8sync.config.shapes.policy import BoundsShape, MovementShape, PolicyShape, QuotaShape, TierShape, WeightShape
from u8sync.domain.policy import Band, Condition, CoolDown, Evidence, Movement, Pin, Policy, Quota, Tier, Weight
from u8sync.domain.windows import WindowRule
from u8sync.errors import ConfigError

__all__ = ["load_policy"]


def load_policy(path: Path, shown_as: str) -> Policy:
    """Read a policy file.

    Args:
        path: The file.
        shown_as: Its name in messages and in the reasons of changes.

    Raises:
        ConfigError: With every problem of the file, in its order.
    """
    located = parse(read_bytes(path, shown_as), shown_as)
    shape = examine(located, (), PolicyShape)
    problems = policy_problems(located)
    if isinstance(shape, list):
        raise ConfigError(shown_as, in_file_order([*shape, *problems]))
    raise_all(shown_as, problems)
    return Policy(
        window=WindowRule(**shape.window.model_dump()),
        weights=tuple(_weight(located, metric, weight) for metric, weight in shape.score.items()),
        tiers=tuple(_tier(located, index, tier) for index, tier in enumerate(shape.tiers)),
        exclude=frozenset(shape.exclude),
        digest=located.sha256,
        evidence=None
        if shape.evidence is None
        else Evidence(shape.evidence.min_orders, shape.evidence.min_history_days, located.key_place(("evidence",))),
        smallest_group=shape.smallest_group,
        movement=None if shape.movement is None else _movement(located, shape.movement),
        edited=shape.edited_in_u8,
        pins=tuple(
            Pin(pin.customer, pin.tier, pin.reason, pin.by, pin.until, located.value_place(("pins", index)))
            for index, pin in enumerate(shape.pins)
        ),
        excluded_at={code: located.value_place(("exclude", index)) for index, code in enumerate(shape.exclude)},
    )


def _weight(located: Located, metric: str, shape: WeightShape) -> Weight:
    route: Route = ("score", metric)
    resolved = intervals(shape.bands, metric) if shape.method == "threshold" else [(None, None)] * len(shape.bands)
    return Weight(
        metric=metric,
        percent=shape.weight,
        unknown=shape.unknown,
        place=located.key_place(route),
        method=shape.method,
        bands=tuple(
            Band(band.points, low, high, band.top, located.value_place((*route, "bands", index)))
            for index, (band, (low, high)) in enumerate(zip(shape.bands, resolved, strict=True))
        ),
        within=shape.within,
        shrink=shape.shrink,
    )


def _tier(located: Located, index: int, shape: TierShape) -> Tier:
    return Tier(
        name=shape.name,
        conditions=tuple(_condition(located, index, subject, bounds) for subject, bounds in shape.when.items()),
        without_business=shape.without_business,
        service=shape.service.strip(),
        place=located.value_place(("tiers", index)),
        quota=None if shape.at_most is None else _quota(located, index, shape.at_most),
    )


def _condition(located: Located, index: int, subject: str, bounds: BoundsShape) -> Condition:
    return Condition(
        subject,
        bounds.at_least,
        bounds.below,
        located.key_place(("tiers", index, "when", subject)),
        top_percent=bounds.top_percent,
        top_share=bounds.top_share,
        within=bounds.within,
    )


def _quota(located: Located, index: int, shape: QuotaShape) -> Quota:
    return Quota(shape.percent, shape.customers, located.key_place(("tiers", index, "at_most")))


def _movement(located: Located, shape: MovementShape) -> Movement:
    rest = shape.cool_down
    return Movement(
        margin=shape.margin,
        down_after=shape.down_after,
        most_steps=shape.most_steps,
        review=tuple(sorted(shape.review)),
        cool_down=None if rest is None else CoolDown(rest.days, rest.holds),
        place=located.key_place(("movement",)),
    )

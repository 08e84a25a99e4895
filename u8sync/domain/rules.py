"""The rules of a policy as the record ``plan`` of the audit log holds them: all that a tier follows from.

What is as it was in the first versions of u8sync stands as it did then; what a policy does not use is left out. So an
old record is read like a new one. :func:`rules_of` reads it back for those who put the rules into words; to work a tier
out again, :mod:`u8sync.domain.recompute` reads the plain values itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Final

from u8sync.domain.canonical import Json, canonical_bytes, decimal_text
from u8sync.domain.metrics import METRICS
from u8sync.domain.policy import SCORE, Band, Condition, CoolDown, Evidence, Movement, Policy, Quota, Tier, Weight
from u8sync.text import Place

__all__ = ["Ruled", "rules_json", "rules_of"]

MOST_BYTES: Final = 48 * 1024
"""Rules larger than this have no room in a record."""


def rules_json(policy: Policy) -> Json:
    """The rules as plain values; null when they are too large for a record.

    Excluded customers are counted, not listed: they get no tier, so no change rests on them. Pins are counted too: the
    reason of the customer's own change holds the one that it rests on.
    """
    evidence, movement = policy.evidence, policy.movement
    rules: dict[str, Json] = {
        "months": policy.window.months,
        "window": {name: value for name, value in asdict(policy.window).items() if value is not None},
        "weights": [_weight(weight) for weight in policy.weights],
        "tiers": [
            {
                "name": tier.name,
                "without_business": tier.without_business,
                "conditions": [_condition(condition) for condition in tier.conditions],
                "rule": f"{tier.place.file}:{tier.place.line}",
                **({} if tier.quota is None else {"at_most": _quota(tier.quota)}),
            }
            for tier in policy.tiers
        ],
        "excluded": len(policy.exclude),
        **({"pins": len(policy.pins)} if policy.pins else {}),
        **({"smallest_group": policy.smallest_group} if policy.groups else {}),
        **({} if movement is None else {"movement": _movement(movement)}),
    }
    if evidence is not None:
        rules["evidence"] = _given(min_orders=evidence.min_orders, min_history_days=evidence.min_history_days)
    return rules if len(canonical_bytes(rules)) <= MOST_BYTES else None


def _weight(weight: Weight) -> dict[str, Json]:
    plain: dict[str, Json] = {"metric": weight.metric, "percent": weight.percent, "unknown": weight.unknown}
    if weight.method != "rank":
        plain |= {"method": weight.method, "bands": [_band(band) for band in weight.bands]}
    return plain | _given(within=weight.within, shrink=weight.shrink)


def _band(band: Band) -> dict[str, Json]:
    return {
        "points": decimal_text(band.points),
        **_given(at_least=decimal_text(band.at_least), below=decimal_text(band.below), top=decimal_text(band.top)),
    }


def _condition(condition: Condition) -> dict[str, Json]:
    return {
        "subject": condition.subject,
        "at_least": decimal_text(condition.at_least),
        "below": decimal_text(condition.below),
        **_given(
            top_percent=decimal_text(condition.top_percent),
            top_share=decimal_text(condition.top_share),
            within=condition.within,
        ),
    }


def _quota(quota: Quota) -> dict[str, Json]:
    return _given(percent=decimal_text(quota.percent), customers=quota.customers)


def _movement(movement: Movement) -> dict[str, Json]:
    rest = movement.cool_down
    return {
        "margin": decimal_text(movement.margin),
        "down_after": movement.down_after,
        "review": [f"{month:02d}-{day:02d}" for month, day in movement.review],
        **_given(most_steps=movement.most_steps),
        **({} if rest is None else {"cool_down": {"days": rest.days, "holds": rest.holds}}),
    }


def _given(**values: Json) -> dict[str, Json]:
    """What is not null."""
    return {name: value for name, value in values.items() if value is not None}


# --- and back ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ruled:
    """The rules that a record holds. Lines in the policy file are known of tiers only.

    Attributes:
        weights: As in :class:`u8sync.domain.policy.Policy`.
        tiers: Likewise, without the service policy.
        evidence: Likewise.
        movement: Likewise.
    """

    weights: tuple[Weight, ...]
    tiers: tuple[Tier, ...]
    evidence: Evidence | None
    movement: Movement | None


def rules_of(plain: Mapping[str, Any]) -> Ruled:
    """The rules that :func:`rules_json` made these values of.

    Raises KeyError, TypeError, ValueError or ArithmeticError when they are no rules that this version knows.
    """
    evidence, movement = plain.get("evidence"), plain.get("movement")
    ruled = Ruled(
        weights=tuple(_weight_of(weight) for weight in plain["weights"]),
        tiers=tuple(_tier_of(tier) for tier in plain["tiers"]),
        evidence=None
        if evidence is None
        else Evidence(evidence.get("min_orders"), evidence.get("min_history_days"), _NOWHERE),
        movement=None if movement is None else _movement_of(movement),
    )
    subjects = {weight.metric for weight in ruled.weights}
    subjects |= {condition.subject for tier in ruled.tiers for condition in tier.conditions} - {SCORE}
    unknown = subjects - METRICS.keys()
    if unknown:
        raise KeyError(*unknown)
    return ruled


_NOWHERE: Final = Place("", 0, 0)


def _place_of(rule: str) -> Place:
    file, _, line = rule.rpartition(":")
    return Place(file, int(line), 1)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _weight_of(plain: Mapping[str, Any]) -> Weight:
    return Weight(
        plain["metric"],
        plain["percent"],
        plain["unknown"],
        _NOWHERE,
        method=plain.get("method", "rank"),
        bands=tuple(_band_of(band) for band in plain.get("bands", ())),
        within=plain.get("within"),
        shrink=plain.get("shrink"),
    )


def _band_of(plain: Mapping[str, Any]) -> Band:
    low, high, top = (_decimal(plain.get(name)) for name in ("at_least", "below", "top"))
    return Band(Decimal(plain["points"]), low, high, top, _NOWHERE)


def _tier_of(plain: Mapping[str, Any]) -> Tier:
    place, quota = _place_of(plain["rule"]), plain.get("at_most")
    return Tier(
        plain["name"],
        tuple(
            Condition(
                one["subject"],
                _decimal(one["at_least"]),
                _decimal(one["below"]),
                place,
                top_percent=_decimal(one.get("top_percent")),
                top_share=_decimal(one.get("top_share")),
                within=one.get("within"),
            )
            for one in plain["conditions"]
        ),
        plain["without_business"],
        "",
        place,
        None if quota is None else Quota(_decimal(quota.get("percent")), quota.get("customers"), place),
    )


def _movement_of(plain: Mapping[str, Any]) -> Movement:
    rest = plain.get("cool_down")
    days = [day.split("-") for day in plain["review"]]
    return Movement(
        margin=Decimal(plain["margin"]),
        down_after=plain["down_after"],
        most_steps=plain.get("most_steps"),
        review=tuple((int(month), int(day)) for month, day in days),
        cool_down=None if rest is None else CoolDown(rest["days"], rest["holds"]),
        place=_NOWHERE,
    )

"""The rules of a policy as the record ``plan`` of the audit log holds them: all that a tier follows from.

What is as it was in the first versions of u8sync stands as it did then; what a policy does not use is left out. So an
old record is read like a new one.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from u8sync.domain.canonical import Json, canonical_bytes, decimal_text
from u8sync.domain.policy import Band, Condition, Movement, Policy, Quota, Weight

__all__ = ["rules_json"]

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

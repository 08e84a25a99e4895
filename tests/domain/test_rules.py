"""The rules of a policy in a record: read back as they were, and refused where this version does not know them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from policies import policies

from u8sync.domain.canonical import canonical_bytes
from u8sync.domain.policy import Policy
from u8sync.domain.rules import rules_json, rules_of

OLD: dict[str, Any] = {
    "months": 12,
    "weights": [{"metric": "revenue", "percent": 100, "unknown": "leave_out"}],
    "tiers": [
        {
            "name": "VIP",
            "without_business": False,
            "conditions": [{"subject": "score", "at_least": "85", "below": None}],
            "rule": "D:\\u8\\tiers.yaml:18",
        },
        {"name": "一般", "without_business": False, "conditions": [], "rule": "D:\\u8\\tiers.yaml:22"},
    ],
    "excluded": 0,
}
"""As the first versions of u8sync wrote it, on Windows."""


@settings(max_examples=200)
@given(policy=policies())
def test_rules_come_back_from_a_record_as_they_were(policy: Policy) -> None:
    kept = json.loads(canonical_bytes({"rules": rules_json(policy)}))["rules"]
    ruled = rules_of(kept)
    again = replace(policy, weights=ruled.weights, tiers=ruled.tiers, evidence=ruled.evidence, movement=ruled.movement)
    assert json.loads(canonical_bytes({"rules": rules_json(again)}))["rules"] == kept


def test_rules_of_the_first_versions_are_read_like_new_ones() -> None:
    ruled = rules_of(OLD)
    assert [(weight.method, weight.within, weight.shrink) for weight in ruled.weights] == [("rank", None, None)]
    assert [(tier.name, tier.place.file, tier.place.line, tier.quota) for tier in ruled.tiers] == [
        ("VIP", "D:\\u8\\tiers.yaml", 18, None),
        ("一般", "D:\\u8\\tiers.yaml", 22, None),
    ]
    assert (ruled.evidence, ruled.movement) == (None, None)


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param({"weights": [{"metric": "luck", "percent": 100, "unknown": "zero"}]}, id="an unknown metric"),
        pytest.param({"tiers": [{**OLD["tiers"][0], "rule": "nowhere"}]}, id="no line"),
        pytest.param({"movement": {"margin": "much", "down_after": 1, "review": []}}, id="no number"),
        pytest.param({"weights": None}, id="no weights"),
    ],
)
def test_rules_that_this_version_does_not_know_are_refused(edit: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError, ArithmeticError)):
        rules_of({**OLD, **edit})

"""A plan: exactly what would be written, why, and a fingerprint that any edit of it breaks.

A plan is data. It can be shown, saved, sealed, checked against the present and applied; it knows nothing of how.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Literal

from u8sync.domain.canonical import Json, decimal_text, digest
from u8sync.domain.model import CustomerCode, bare

__all__ = ["Change", "Contribution", "FieldChange", "Plan", "Population", "Reason", "Seal", "Skipped", "op_id"]


@dataclass(frozen=True)
class Contribution:
    """What one metric brought to a score.

    Attributes:
        metric: Name of the metric.
        value: Its value; null: unknown.
        points: Percentile rank, 0 to 100; null: unknown.
        contribution: Its part of the score; null: unknown.
    """

    metric: str
    value: Decimal | None
    points: Decimal | None
    contribution: Decimal | None


@dataclass(frozen=True)
class Reason:
    """Why a tier is recommended.

    Attributes:
        tier: The recommended tier.
        score: 0 to 100; null for a customer without business.
        contributions: In the order of the policy; empty for a customer without business.
        rule: ``file:line`` of the tier in the policy file.
    """

    tier: str
    score: Decimal | None
    contributions: tuple[Contribution, ...]
    rule: str


@dataclass(frozen=True)
class FieldChange:
    """One field of one customer.

    Attributes:
        field: Canonical field.
        column: Physical column.
        before: Raw value that U8 holds; null: empty.
        after: Raw value to write.
        was: Canonical meaning of ``before``; null: empty or not known.
        becomes: Canonical meaning of ``after``.
    """

    field: str
    column: str
    before: str | None
    after: str
    was: str | None
    becomes: str

    @property
    def kind(self) -> Literal["fill", "replace"]:
        """``fill`` when the field was empty, so that nothing is lost; ``replace`` otherwise."""
        return "fill" if bare(self.before) is None else "replace"


@dataclass(frozen=True)
class Change:
    """All that is to be written for one customer.

    Attributes:
        code: The customer.
        fields: At least one.
        holds: Column -> raw value of the inputs that the decision rests on; they must still hold when it is written.
        reason: Why; null when no tier is written.
    """

    code: CustomerCode
    fields: tuple[FieldChange, ...]
    holds: Mapping[str, str | None]
    reason: Reason | None

    @property
    def before(self) -> Mapping[str, str | None]:
        """Column -> raw value, of all columns that must still hold."""
        return {**self.holds, **{field.column: field.before for field in self.fields}}

    @property
    def after(self) -> Mapping[str, str]:
        """Column -> raw value to write."""
        return {field.column: field.after for field in self.fields}


SkipCause = Literal["disabled", "set_aside", "excluded", "protected"]
"""Why a customer gets no change: disabled in U8, a required field not usable, excluded or protected by setting."""


@dataclass(frozen=True)
class Skipped:
    """A customer that the plan leaves alone, and why."""

    code: CustomerCode
    cause: SkipCause


@dataclass(frozen=True)
class Seal:
    """What a plan was made from and for; a plan is only true under the same seal.

    Attributes:
        account_set: :attr:`u8sync.domain.model.AccountSet.key`.
        as_of: Last day of the window.
        mapping: SHA-256 of the mapping file.
        policy: SHA-256 of the policy file.
        tool: Version of u8sync.
    """

    account_set: str
    as_of: date
    mapping: str
    policy: str
    tool: str


@dataclass(frozen=True)
class Population:
    """How many customers the plan was made from.

    Attributes:
        customers: Rows of the archive.
        eligible: Of those, the customers that get a tier.
        with_business: Of those, the customers with business in the window.
        with_issues: Rows of the archive with at least one unusable value.
    """

    customers: int
    eligible: int
    with_business: int
    with_issues: int


@dataclass(frozen=True)
class Plan:
    """A plan.

    Attributes:
        seal: What it was made from and for.
        made_at: When, aware UTC. No part of the fingerprint: the same changes are the same plan.
        changes: Ordered by customer code; a customer stands once.
        skipped: Ordered by customer code. No part of the fingerprint.
        population: What the guards measure against. No part of the fingerprint.
    """

    seal: Seal
    made_at: datetime
    changes: tuple[Change, ...]
    skipped: tuple[Skipped, ...]
    population: Population

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the seal and the changes with their reasons, hex."""
        return digest({"seal": seal_json(self.seal), "changes": [change_json(change) for change in self.changes]})


def op_id(plan: Plan, change: Change, run_id: str) -> str:
    """The name of one change of one plan in one run, 32 hex digits.

    The run is part of it: after a person undid a change, the same plan may rightly be made and applied again.
    """
    return digest({"plan": plan.fingerprint, "customer": change.code, "run": run_id})[:32]


def seal_json(seal: Seal) -> Json:
    """The seal as plain values."""
    return {
        "account_set": seal.account_set,
        "as_of": seal.as_of.isoformat(),
        "mapping": seal.mapping,
        "policy": seal.policy,
        "tool": seal.tool,
    }


def change_json(change: Change) -> Json:
    """A change as plain values; decimals as text."""
    return {
        "code": change.code,
        "fields": [
            {
                "field": field.field,
                "column": field.column,
                "before": field.before,
                "after": field.after,
                "was": field.was,
                "becomes": field.becomes,
            }
            for field in change.fields
        ],
        "holds": dict(change.holds),
        "reason": None if change.reason is None else reason_json(change.reason),
    }


def reason_json(reason: Reason) -> dict[str, Json]:
    """A reason as plain values; decimals as text, null where unknown."""
    return {
        "tier": reason.tier,
        "score": decimal_text(reason.score),
        "rule": reason.rule,
        "contributions": [
            {
                "metric": part.metric,
                "value": decimal_text(part.value),
                "points": decimal_text(part.points),
                "contribution": decimal_text(part.contribution),
            }
            for part in reason.contributions
        ],
    }

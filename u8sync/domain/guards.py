"""Guards: limits that a plan must keep before anything is written. Data in, verdicts out.

A guard never changes a plan; it stops it. What it measured and what the limit was are part of the verdict, so that the
message, the report and the audit record show the same figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING

from u8sync.domain.names import GUARDS, GuardName
from u8sync.text import msg

if TYPE_CHECKING:
    from u8sync.domain.canonical import Json
    from u8sync.domain.plan import Plan
    from u8sync.domain.policy import Policy
    from u8sync.text import Message

__all__ = ["GUARDS", "GuardName", "Limits", "Verdict", "check", "verdict_json"]


@dataclass(frozen=True)
class Limits:
    """The limits of one installation.

    Attributes:
        share_changed: Most customers whose present value may be replaced by another, in percent of the customers that
            get a tier. Filling an empty field does not count: nothing is lost by it.
        top_downgrades: Most customers that may fall from the highest tier in one run.
        issue_share: Most customers with an unusable value, in percent of all customers.
        customers_kept: Least customers in the archive, in percent of those that the last good run found.
        from_customers: The percentages are only tested from this many customers up.
        protected: Customer codes that no run may change.
    """

    share_changed: Decimal = Decimal(10)
    top_downgrades: int = 20
    issue_share: Decimal = Decimal(5)
    customers_kept: Decimal = Decimal(90)
    from_customers: int = 10
    protected: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Verdict:
    """What one guard found.

    Attributes:
        guard: Its name.
        ok: Whether the limit is kept.
        allowed: Whether a person let it pass for this run.
        measured: What was measured, decimal text (percent with two places, or a count).
        limit: The limit, in the same unit.
        message: The finding in words.
    """

    guard: GuardName
    ok: bool
    allowed: bool
    measured: str
    limit: str
    message: Message

    @property
    def stops(self) -> bool:
        """Whether the run must not go on."""
        return not (self.ok or self.allowed)


def verdict_json(verdict: Verdict) -> dict[str, Json]:
    """What one guard found, as plain values."""
    return {
        "guard": verdict.guard,
        "ok": verdict.ok,
        "allowed": verdict.allowed,
        "measured": verdict.measured,
        "limit": verdict.limit,
    }


def check(
    plan: Plan, policy: Policy, limits: Limits, *, allow: frozenset[str], last_customers: int | None
) -> tuple[Verdict, ...]:
    """Judge a plan by every guard, in the order of :data:`GUARDS`.

    Args:
        plan: The plan.
        policy: The tiers.
        limits: What it must keep.
        allow: Guards that a person lets pass.
        last_customers: How many customers the archive had at the last good run; null: there was none.
    """
    replaced = 0
    fallen = 0
    overwritten = 0
    population = plan.population
    for change in plan.changes:
        overwritten += any(field.edited is not None for field in change.fields)
        replaced += any(field.kind == "replace" for field in change.fields)
        # A change of spelling has the same meaning on both sides; an undo falls like any other change.
        fallen += any(field.was == policy.top.name != field.becomes for field in change.fields)
    big_enough = population.customers >= limits.from_customers
    big_enough_before = (last_customers or 0) >= limits.from_customers
    # Rounded down, so that nothing below the limit is kept.
    kept_percent = 100 - _percent(max((last_customers or 0) - population.customers, 0), last_customers or 0)
    changed_percent = _percent(replaced, population.eligible)
    issue_percent = _percent(population.with_issues, population.customers)

    def verdict(guard: GuardName, ok: bool, measured: object, limit: object, message: Message) -> Verdict:  # noqa: FBT001
        return Verdict(guard, ok, guard in allow, str(measured), str(limit), message)

    return (
        verdict(
            "empty_source",
            population.customers > 0,
            population.customers,
            1,
            msg("customers in the archive: {count:,} (at least 1)", count=population.customers),
        ),
        verdict(
            "customers_missing",
            last_customers is None or not big_enough_before or kept_percent >= limits.customers_kept,
            kept_percent,
            limits.customers_kept,
            msg(
                "customers in the archive: {count:,}, at the last good run {before:,} (at least {limit} %)",
                count=population.customers,
                before=last_customers,
                limit=limits.customers_kept,
            )
            if last_customers is not None
            else msg(
                "customers in the archive: {count:,}; an undo is compared with no earlier run",
                count=population.customers,
            )
            if any(change.undoes for change in plan.changes)
            else msg("customers in the archive: {count:,}; there is no earlier run", count=population.customers),
        ),
        verdict(
            "no_business",
            population.eligible == 0 or population.with_business > 0,
            population.with_business,
            1,
            msg("customers with business in the window: {count:,} (at least 1)", count=population.with_business),
        ),
        verdict(
            "share_changed",
            not big_enough or changed_percent <= limits.share_changed,
            changed_percent,
            limits.share_changed,
            msg(
                "{count:,} of {of:,} customers would get another value in place of the present one:"
                " {percent} % (limit {limit} %)",
                count=replaced,
                of=population.eligible,
                percent=changed_percent,
                limit=limits.share_changed,
            ),
        ),
        verdict(
            "top_downgrades",
            fallen <= limits.top_downgrades,
            fallen,
            limits.top_downgrades,
            msg(
                "{count:,} customers would fall from {tier} (limit {limit})",
                count=fallen,
                tier=policy.top.name,
                limit=limits.top_downgrades,
            ),
        ),
        verdict(
            "issue_share",
            not big_enough or issue_percent <= limits.issue_share,
            issue_percent,
            limits.issue_share,
            msg(
                "{count:,} of {of:,} customers have a value that cannot be used: {percent} % (limit {limit} %)",
                count=population.with_issues,
                of=population.customers,
                percent=issue_percent,
                limit=limits.issue_share,
            ),
        ),
        verdict(
            "edited_in_u8",
            policy.edited != "ask" or overwritten == 0,
            overwritten,
            0,
            msg(
                "{count:,} customers whose value people changed in U8 would be written over (limit 0)",
                count=overwritten,
            )
            if policy.edited == "ask"
            else msg(
                "{count:,} customers whose value people changed in U8 would be written over (by the policy)",
                count=overwritten,
            ),
        ),
    )


def _percent(part: int, whole: int) -> Decimal:
    """``part`` of ``whole`` in percent, two places, rounded up so that nothing above a limit is kept; 0 of nothing."""
    return (Decimal(100 * part) / Decimal(whole or 1)).quantize(Decimal("0.01"), ROUND_CEILING)

"""What one policy gives on an archive, and how steady that is. Nothing here reads or writes.

What lives here: judging the same archive by any policy, the sums of its tiers, and what hangs on each weight. All of it
is about the tiers that the ladder gives; pins, edits and movement rules hold some of them back, and those are counted.
What does not: how a customer gets its tier, which is :func:`u8sync.domain.decision.judge_customers` alone, and edges
(``edges.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

import polars as pl

from u8sync.domain.decision import judge_customers
from u8sync.domain.edges import NEAR, near_edges
from u8sync.domain.mapping import CODE, CustomerMapping, read_customers
from u8sync.domain.metrics import DOCUMENTS, METRICS
from u8sync.domain.model import Facts
from u8sync.domain.movement import HELD, Past
from u8sync.domain.policy import Policy, Weight
from u8sync.domain.scoring import score
from u8sync.domain.tiers import EARNED, recommend

__all__ = ["SWAY", "Ground", "Outcome", "Sensitivity", "TierSum", "ground_of", "outcome_of"]

SWAY: Final = 10
"""By so many percent of itself each weight is changed to see what hangs on it."""


@dataclass(frozen=True)
class Ground:
    """What every policy is tried on: one archive, read once.

    Attributes:
        canonical: ``n × (code, set_aside, *fields)``, see :func:`u8sync.domain.mapping.read_customers`.
        mapping: From columns to fields.
        way: Which of the mapping's column names apply.
        protected: Customers that are rated but never changed.
        past: What earlier runs left, for movement rules; the same for every policy.
        raw: The archive as U8 holds it, which shows whose tier a person changed; null: nobody did.
    """

    canonical: pl.DataFrame
    mapping: CustomerMapping
    way: str
    protected: Collection[str]
    past: Past = field(default_factory=Past)
    raw: pl.DataFrame | None = None

    def judge(self, policy: Policy, facts: Facts) -> pl.DataFrame:
        """The tier of every customer by a policy; the columns of :attr:`u8sync.domain.decision.Decision.customers`."""
        return judge_customers(
            self.canonical,
            facts,
            mapping=self.mapping,
            policy=policy,
            way=self.way,
            protected=self.protected,
            past=self.past,
            raw=self.raw,
        )


def ground_of(
    raw: pl.DataFrame, *, mapping: CustomerMapping, way: str, protected: Collection[str], past: Past
) -> Ground:
    """The archive as policies are tried on it.

    Args:
        raw: ``n × (code, *physical columns)``, see :func:`u8sync.domain.mapping.read_customers`.
        mapping: From columns to fields.
        way: Which of the mapping's column names apply.
        protected: Customers that are rated but never changed.
        past: What earlier runs left.
    """
    canonical, _ = read_customers(raw, mapping, way)
    return Ground(canonical, mapping, way, protected, past, raw)


@dataclass(frozen=True)
class TierSum:
    """What the customers of one tier bring in the policy's window.

    Attributes:
        tier: Its name.
        customers: How many.
        revenue: Untaxed, home currency.
        gross_profit: Of those whose profit is known.
        profit_known: How many those are.
    """

    tier: str
    customers: int
    revenue: Decimal
    gross_profit: Decimal
    profit_known: int


@dataclass(frozen=True)
class Sensitivity:
    """What becomes of the tiers when one weight is another, the others as they are.

    Attributes:
        metric: The metric whose weight changes.
        change: By how many percent of itself, :data:`SWAY` or ``-SWAY``.
        up: Customers that get a higher tier.
        down: Customers that get a lower one.
    """

    metric: str
    change: int
    up: int
    down: int

    @property
    def moved(self) -> int:
        """Customers that get another tier."""
        return self.up + self.down


@dataclass(frozen=True)
class Outcome:
    """What one policy gives.

    Attributes:
        policy: The policy.
        facts: What the documents say in its window.
        customers: Every customer, judged.
        tiers: One a step of the ladder, highest first.
        sensitivity: Two a weight, in the order of the policy, the lower weight first.
        rated: Customers that are compared with each other.
        borderline: Those of them that are borderline, see ``edges.py``.
        edges: Which bounds they are near, see :func:`u8sync.domain.edges.near_edges`.
        held: Customers to whom a run would not give the tier of the ladder: pins, edits, movement rules.
    """

    policy: Policy
    facts: Facts
    customers: pl.DataFrame
    tiers: tuple[TierSum, ...]
    sensitivity: tuple[Sensitivity, ...]
    rated: int
    borderline: int
    edges: pl.DataFrame
    held: int


def outcome_of(ground: Ground, policy: Policy, facts: Facts) -> Outcome:
    """Judge every customer by a policy, and see how steady that is."""
    customers = ground.judge(policy, facts)
    edges = near_edges(customers, policy, NEAR)
    return Outcome(
        policy=policy,
        facts=facts,
        customers=customers,
        tiers=tuple(_sums(customers, policy)),
        sensitivity=tuple(_sensitivities(customers, policy)),
        rated=int(customers["rated"].sum()),
        borderline=edges[CODE].n_unique(),
        edges=edges,
        held=int(customers[HELD].is_not_null().sum()),
    )


def _sums(customers: pl.DataFrame, policy: Policy) -> Iterator[TierSum]:
    found = {
        row[0]: row[1:]
        for row in customers.filter(pl.col(EARNED).is_not_null())
        .group_by(EARNED)
        .agg(
            pl.len(),
            pl.col("revenue").sum(),
            pl.col("gross_profit").sum(),
            pl.col("gross_profit").is_not_null().sum().alias("known"),
        )
        .iter_rows()
    }
    for tier in policy.tiers:
        count, revenue, profit, known = found.get(tier.name, (0, None, None, 0))
        yield TierSum(tier.name, count, revenue or Decimal(0), profit or Decimal(0), known)


def _sensitivities(customers: pl.DataFrame, policy: Policy) -> Iterator[Sensitivity]:
    """Each weight a little less and a little more.

    Weights are whole percents. All are multiplied by 100 and the one by 90 or 110, which is exact, and changes nothing
    else, because a score is divided by the weight that counted. Who is rated and what is measured stays as it is.
    """
    heights = {tier.name: policy.rank(tier.name) for tier in policy.tiers}
    measured = customers.select(CODE, "eligible", "rated", DOCUMENTS, *METRICS, *policy.groups)

    def height(tiers: pl.Series) -> pl.Series:
        return tiers.replace_strict(heights, return_dtype=pl.Int64, default=None)

    before = height(customers[EARNED])
    for weight in policy.weights:
        for change in (-SWAY, SWAY):
            weights = tuple(_swayed(policy.weights, weight.metric, change))
            scored = score(measured, weights, smallest_group=policy.smallest_group)
            after = height(recommend(scored, policy)[EARNED])
            yield Sensitivity(weight.metric, change, int((after > before).sum()), int((after < before).sum()))


def _swayed(weights: Sequence[Weight], metric: str, change: int) -> Iterator[Weight]:
    for weight in weights:
        yield replace(weight, percent=weight.percent * (100 + (change if weight.metric == metric else 0)))

"""The whole decision of a run, in one place and without touching the world: rows and facts in, changes out.

Map -> measure -> score -> recommend -> compare. Every step is columnar; Python objects are made for changes only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from u8sync.domain.mapping import CODE, CustomerMapping, Field, read_customers
from u8sync.domain.metrics import METRICS, measure
from u8sync.domain.model import ColumnLimit, CustomerCode, Facts, Issue, bare, same
from u8sync.domain.operators import Canonical
from u8sync.domain.plan import Change, Contribution, FieldChange, Population, Reason, Skipped
from u8sync.domain.policy import SCORE, Policy
from u8sync.domain.scoring import contribution_of, points_of, rank_of, score
from u8sync.domain.tiers import TIER, recommend
from u8sync.text import Message, msg

__all__ = ["CAUSE", "CURRENT", "DISABLED_ON", "Decision", "decide", "needed_columns", "written_tier"]

DISABLED_ON: Final = "disabled_on"
"""The canonical field with the day from which a customer is disabled (停用日期)."""

CAUSE: Final = "cause"
"""Column: why a customer gets no tier, as :class:`u8sync.domain.plan.Skipped` names it; null when it gets one."""

CURRENT: Final = "current"
"""Column: canonical meaning of the tier that U8 holds now; null when empty or not known."""


@dataclass(frozen=True)
class Decision:
    """What a run would do, and why.

    Attributes:
        customers: One row a customer of the archive, in the order read: ``code``, every field of the mapping,
            ``cause``, ``eligible``, ``rated``, the metrics, ``score``, points and contributions, ``recommended``,
            ``current``.
        issues: Ordered by customer and field.
        changes: Ordered by customer.
        skipped: Ordered by customer.
        population: How many customers were seen.
    """

    customers: pl.DataFrame
    issues: tuple[Issue, ...]
    changes: tuple[Change, ...]
    skipped: tuple[Skipped, ...]
    population: Population


def needed_columns(mapping: CustomerMapping, way: str) -> tuple[str, ...]:
    """The physical columns that a decision reads, sorted."""
    return tuple(sorted(set(mapping.columns(way).values())))


def decide(
    raw: pl.DataFrame,
    facts: Facts,
    *,
    mapping: CustomerMapping,
    policy: Policy,
    way: str,
    writable: Mapping[str, ColumnLimit],
    protected: Collection[str],
) -> Decision:
    """Decide for every customer of the archive.

    Args:
        raw: ``n × (code, *physical columns)``, see :func:`u8sync.domain.mapping.read_customers`.
        facts: What the documents say.
        mapping: From columns to fields.
        policy: From metrics to tiers.
        way: Which of the mapping's column names apply.
        writable: What the account set accepts in the columns that may be written.
        protected: Customers that are rated but never changed.
    """
    canonical, issues = read_customers(raw, mapping, way)
    judged = _judge(canonical, facts, mapping=mapping, policy=policy, protected=protected)
    work = judged.join(raw.rename(_raw_name), on=CODE, how="left", maintain_order="left", validate="1:1")
    fields: dict[str, list[FieldChange]] = {}
    reasons: dict[str, Reason] = {}
    for code, change, reason in _tier_changes(work, mapping, policy, way):
        fields.setdefault(code, []).append(change)
        reasons[code] = reason
    for field in mapping.fields:
        if field.write == "canonical" and way in field.columns:
            unusable = {issue.code for issue in issues if issue.field == field.name}
            spelt, too_wide = _spelling_changes(work, field, field.columns[way], unusable, writable)
            issues = (*issues, *too_wide)
            for code, change in spelt:
                fields.setdefault(code, []).append(change)
    changes = tuple(_changes(work, fields, reasons, _rests_on(mapping, policy, way)))
    skipped = judged.filter(pl.col(CAUSE).is_not_null()).sort(CODE).select(CODE, CAUSE)
    return Decision(
        customers=judged,
        issues=tuple(sorted(issues, key=lambda issue: (issue.code, issue.field))),
        changes=changes,
        skipped=tuple(Skipped(CustomerCode(code), cause) for code, cause in skipped.iter_rows()),
        population=Population(
            customers=judged.height,
            eligible=int(judged["eligible"].sum()),
            with_business=int(judged["rated"].sum()),
            with_issues=len({issue.code for issue in issues}),
        ),
    )


def _judge(
    canonical: pl.DataFrame, facts: Facts, *, mapping: CustomerMapping, policy: Policy, protected: Collection[str]
) -> pl.DataFrame:
    """Who gets a tier, who is compared, and which tier."""
    disabled = (
        pl.col(DISABLED_ON) <= facts.window.as_of if DISABLED_ON in canonical.columns else pl.lit(value=False)
    ).fill_null(value=False)
    cause = (
        pl.when(pl.col("set_aside"))
        .then(pl.lit("set_aside"))
        .when(disabled)
        .then(pl.lit("disabled"))
        .when(pl.col(CODE).is_in(sorted(policy.exclude)))
        .then(pl.lit("excluded"))
        .when(pl.col(CODE).is_in(sorted(protected)))
        .then(pl.lit("protected"))
    )
    tier_field = written_tier(mapping)
    current = pl.col(tier_field.name) if tier_field else pl.lit(None, dtype=pl.String)
    people = canonical.with_columns(cause.alias(CAUSE), current.alias(CURRENT))
    measured = people.join(measure(canonical, facts), on=CODE, how="left", maintain_order="left", validate="1:1")
    eligible = pl.col(CAUSE).is_null() | (pl.col(CAUSE) == "protected")
    rated = measured.with_columns(eligible.alias("eligible")).with_columns(
        (pl.col("eligible") & pl.col("has_business")).alias("rated")
    )
    return recommend(score(rated, policy.weights), policy)


def written_tier(mapping: CustomerMapping) -> Field | None:
    """The field that takes the recommended tier; null when the mapping writes none."""
    return next((field for field in mapping.fields if field.write == "tier"), None)


def _raw_name(column: str) -> str:
    return column if column == CODE else f"raw:{column}"


def _tier_changes(
    work: pl.DataFrame, mapping: CustomerMapping, policy: Policy, way: str
) -> Iterator[tuple[str, FieldChange, Reason]]:
    field = written_tier(mapping)
    if field is None or way not in field.columns:
        return
    column = field.columns[way]
    spelling = {tier.name: field.raw(tier.name) for tier in policy.tiers}
    rules = {tier.name: f"{tier.place.file}:{tier.place.line}" for tier in policy.tiers}
    changed = work.filter(
        pl.col(CAUSE).is_null() & pl.col(TIER).is_not_null() & pl.col(TIER).ne_missing(pl.col(CURRENT))
    )
    weights = policy.weights
    figures = [
        name for w in weights for name in (w.metric, points_of(w.metric), contribution_of(w.metric), *rank_of(w.metric))
    ]
    each = len(figures) // len(weights)
    tested = sorted(_tested(policy) - {w.metric for w in weights})
    columns = [CODE, TIER, CURRENT, _raw_name(column), "rated", SCORE, *figures, *tested]
    for code, tier, current, before, rated, total, *parts in changed.select(columns).iter_rows():
        after = spelling[tier]
        if after is None:
            raise ValueError(f"tier {tier!r} has no spelling")  # the mapping was checked when it was loaded
        contributions = tuple(
            Contribution(w.metric, *parts[each * index : each * (index + 1)])
            for index, w in enumerate(weights)
            if rated
        )
        measured = dict(zip(tested, parts[len(figures) :], strict=True)) if rated else {}
        yield (
            code,
            FieldChange(field.name, column, before, after, was=current, becomes=tier),
            Reason(tier, total, contributions, rules[tier], measured),
        )


def _spelling_changes(
    work: pl.DataFrame, field: Field, column: str, unusable: Collection[str], writable: Mapping[str, ColumnLimit]
) -> tuple[list[tuple[str, FieldChange]], list[Issue]]:
    """The customers whose value means something but is not spelt the canonical way, if U8 takes that."""
    candidates = work.filter(
        pl.col(CAUSE).is_null() & pl.col(field.name).is_not_null() & ~pl.col(CODE).is_in(sorted(unusable))
    ).select(CODE, _raw_name(column), field.name)
    changes: list[tuple[str, FieldChange]] = []
    issues: list[Issue] = []
    for code, before, value in candidates.iter_rows():
        canonical: Canonical = tuple(value) if isinstance(value, list) else value
        after = field.raw(canonical)
        # An empty field stays empty: a default is a reading aid, nobody asked to have it written.
        if after is None or bare(before) is None or same(before, after):
            continue
        meaning = ", ".join(canonical) if isinstance(canonical, tuple) else str(canonical)
        complaint = _unwritable(after, writable.get(column))
        if complaint is not None:
            issues.append(Issue(CustomerCode(code), field.name, before, complaint, field.place, sets_aside=False))
            continue
        changes.append((code, FieldChange(field.name, column, before, after, was=meaning, becomes=meaning)))
    return changes, issues


def _unwritable(value: str, limit: ColumnLimit | None) -> Message | None:
    """Why the account set would not take the value; null when it would."""
    if limit is None:
        return None
    if len(value) > limit.width:
        return msg("would be longer than the {width} characters of the column", width=limit.width)
    if limit.values is not None and value not in limit.values:
        return msg("would be written as '{value}', which U8 does not allow there", value=value)
    return None


def _tested(policy: Policy) -> set[str]:
    """The metrics that the ladder's conditions name."""
    return {condition.subject for tier in policy.tiers for condition in tier.conditions} - {SCORE}


def _rests_on(mapping: CustomerMapping, policy: Policy, way: str) -> tuple[str, ...]:
    """The columns of the archive that the choice of a tier depends on, apart from the tier's own."""
    metrics = {weight.metric for weight in policy.weights} | _tested(policy)
    names = {DISABLED_ON, *(field for metric in metrics for field in METRICS[metric].fields)}
    return tuple(sorted(column for name, column in mapping.columns(way).items() if name in names))


def _changes(
    work: pl.DataFrame,
    fields: Mapping[str, list[FieldChange]],
    reasons: Mapping[str, Reason],
    rests_on: tuple[str, ...],
) -> Iterator[Change]:
    held = work.filter(pl.col(CODE).is_in(sorted(fields))).sort(CODE)
    for code, *values in held.select(CODE, *(_raw_name(column) for column in rests_on)).iter_rows():
        reason = reasons.get(code)
        written = {field.column for field in fields[code]}
        held_values = zip(rests_on, values, strict=True) if reason else ()
        # What is written holds its old value by itself.
        holds = {column: value for column, value in held_values if column not in written}
        yield Change(CustomerCode(code), tuple(fields[code]), holds, reason)

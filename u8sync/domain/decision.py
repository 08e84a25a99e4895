"""The whole decision of a run, in one place and without touching the world: rows and facts in, changes out.

Map -> measure -> score -> recommend -> compare. Every step is columnar; Python objects are made for changes only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from u8sync.domain.edited import changed_by_people, edited_of, written_tiers, wrote_of
from u8sync.domain.frames import slim
from u8sync.domain.mapping import CODE, CustomerMapping, Field, raw_name, read_customers
from u8sync.domain.metrics import DOCUMENTS, HISTORY_DAYS, METRICS, measure
from u8sync.domain.model import ColumnLimit, CustomerCode, Facts, Issue
from u8sync.domain.movement import BELOW, EDITED, HELD, Past, move
from u8sync.domain.plan import Change, Edited, FieldChange, Held, Population, Skipped
from u8sync.domain.policy import Evidence, Policy
from u8sync.domain.reason import Reason
from u8sync.domain.reasoning import reasons_of
from u8sync.domain.scoring import score
from u8sync.domain.tiers import CAUSE, CURRENT, EARNED, TIER, recommend
from u8sync.domain.value_changes import value_changes

__all__ = ["DISABLED_ON", "Decision", "decide", "judge_customers", "needed_columns"]

DISABLED_ON: Final = "disabled_on"
"""The canonical field with the day from which a customer is disabled (停用日期)."""


@dataclass(frozen=True)
class Decision:
    """What a run would do, and why.

    Attributes:
        customers: One row a customer of the archive, in the order read: ``code``, every field of the mapping,
            ``cause``, ``eligible``, ``rated``, the metrics, ``score``, points, contributions and their evidence,
            ``current``, the earned and the ``recommended`` tier, and what :func:`u8sync.domain.movement.move` adds.
        issues: Ordered by customer and field.
        changes: Ordered by customer.
        skipped: Ordered by customer.
        population: How many customers were seen.
        held: Ordered by customer: those whose tier is not, or will not stay, the one that the ladder gives.
    """

    customers: pl.DataFrame
    issues: tuple[Issue, ...]
    changes: tuple[Change, ...]
    skipped: tuple[Skipped, ...]
    population: Population
    held: tuple[Held, ...] = ()


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
    past: Past | None = None,
    overwrite_edited: bool = False,
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
        past: What earlier runs left; null: this is the first one.
        overwrite_edited: Whether a person lets tiers be written over that people changed in U8.
    """
    canonical, issues = read_customers(raw, mapping, way)
    past = past or Past()
    as_of = facts.window.looked_at_on
    judged = judge_customers(
        canonical,
        facts,
        mapping=mapping,
        policy=policy,
        way=way,
        protected=protected,
        past=past,
        raw=raw,
        overwrite_edited=overwrite_edited,
    )
    work = _beside(judged, raw)
    fields: dict[str, list[FieldChange]] = {}
    reasons: dict[str, Reason] = {}
    for code, tier_changes, reason in _tier_changes(work, mapping, policy, way, as_of=as_of):
        fields.setdefault(code, []).extend(tier_changes)
        reasons[code] = reason
    spelt, refused = value_changes(work, mapping, way, issues, writable)
    issues = (*issues, *refused)
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
        held=tuple(_held(judged)),
    )


def _beside(judged: pl.DataFrame, raw: pl.DataFrame) -> pl.DataFrame:
    """Each customer with what U8 holds of it. Columns are laid side by side: a join would copy the whole archive."""
    if not judged[CODE].equals(raw[CODE]):
        raise ValueError("customers are not in the order in which they were read")  # each step before keeps it
    return pl.concat([judged, raw.drop(CODE).rename(raw_name)], how="horizontal")


def _held(judged: pl.DataFrame) -> Iterator[Held]:
    held = judged.filter(pl.col(CAUSE).is_null() & (pl.col(HELD).is_not_null() | (pl.col(BELOW) > 0)))
    for code, *figures in held.sort(CODE).select(CODE, TIER, EARNED, HELD, BELOW).iter_rows():
        yield Held(CustomerCode(code), *figures)


def judge_customers(
    canonical: pl.DataFrame,
    facts: Facts,
    *,
    mapping: CustomerMapping,
    policy: Policy,
    way: str,
    protected: Collection[str],
    past: Past | None = None,
    raw: pl.DataFrame | None = None,
    overwrite_edited: bool = False,
) -> pl.DataFrame:
    """Who gets a tier, who is compared, and which tier.

    Args:
        canonical: ``n × (code, set_aside, *fields)``, see :func:`u8sync.domain.mapping.read_customers`.
        facts: What the documents say; the day that was asked for decides who is disabled.
        mapping: Which field holds the present tier.
        policy: From metrics to tiers.
        way: Which of the mapping's column names apply.
        protected: Customers that are rated but never changed.
        past: What earlier evaluations left; null: this is the first one.
        raw: The archive as U8 holds it, which shows whose tier a person changed; null: nobody did.
        overwrite_edited: Whether a person lets tiers be written over that people changed in U8.

    Returns:
        The columns of :attr:`Decision.customers`.
    """
    past = past or Past()
    if raw is not None:
        edited = changed_by_people(
            raw, canonical, mapping=mapping, policy=policy, way=way, past=past, overwrite=overwrite_edited
        )
        canonical = canonical.join(edited, on=CODE, how="left", maintain_order="left", validate="1:1")
    disabled = (
        pl.col(DISABLED_ON) <= facts.window.looked_at_on if DISABLED_ON in canonical.columns else pl.lit(value=False)
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
    tiers = written_tiers(mapping, way)
    current = pl.col(tiers[0].name) if tiers else pl.lit(None, dtype=pl.String)
    # One name for all steps: what a step leaves behind is let go of at once.
    frame = canonical.with_columns(cause.alias(CAUSE), current.alias(CURRENT))
    frame = slim(frame.join(measure(canonical, facts), on=CODE, how="left", maintain_order="left", validate="1:1"))
    eligible = pl.col(CAUSE).is_null() | (pl.col(CAUSE) == "protected")
    frame = frame.with_columns(eligible.alias("eligible")).with_columns(
        (pl.col("eligible") & pl.col("has_business") & _enough(policy.evidence)).alias("rated")
    )
    frame = recommend(score(frame, policy.weights, smallest_group=policy.smallest_group), policy)
    return slim(move(frame, policy, past, facts.window.looked_at_on))


def _enough(evidence: Evidence | None) -> pl.Expr:
    """Whether enough is known of a customer to rate it."""
    asked = [pl.lit(value=True)]
    if evidence is not None and evidence.min_orders is not None:
        asked.append(pl.col(DOCUMENTS) >= evidence.min_orders)
    if evidence is not None and evidence.min_history_days is not None:
        asked.append(pl.col(HISTORY_DAYS) >= evidence.min_history_days)
    return pl.all_horizontal(*(part.fill_null(value=False) for part in asked))


def _tier_changes(
    work: pl.DataFrame, mapping: CustomerMapping, policy: Policy, way: str, *, as_of: date
) -> Iterator[tuple[str, list[FieldChange], Reason]]:
    """The customers of whom some field that takes the tier holds another one, with those fields."""
    fields = written_tiers(mapping, way)
    if not fields:
        return
    spelling = {(field.name, tier.name): field.raw(tier.name) for field in fields for tier in policy.tiers}
    differs = pl.any_horizontal(*(pl.col(TIER).ne_missing(pl.col(field.name)) for field in fields))
    changed = work.filter(pl.col(CAUSE).is_null() & pl.col(TIER).is_not_null() & differs & ~pl.col(EDITED))
    columns = [field.columns[way] for field in fields]
    held = [
        name
        for field, column in zip(fields, columns, strict=True)
        for name in (field.name, raw_name(column), edited_of(column), wrote_of(column))
    ]
    values = changed.select(held).iter_rows()
    for (code, reason), row in zip(reasons_of(changed, policy, as_of=as_of), values, strict=True):
        tier = reason.tier
        yield (
            code,
            [
                FieldChange(
                    field.name,
                    column,
                    before,
                    _spelt(spelling, field, tier),
                    was,
                    becomes=tier,
                    edited=Edited(wrote) if edited else None,
                )
                for at, (field, column) in enumerate(zip(fields, columns, strict=True))
                for was, before, edited, wrote in [row[4 * at : 4 * at + 4]]
                if was != tier
            ],
            reason,
        )


def _spelt(spelling: Mapping[tuple[str, str], str | None], field: Field, tier: str) -> str:
    after = spelling[field.name, tier]
    if after is None:
        raise ValueError(f"tier {tier!r} has no spelling")  # the mapping was checked when it was loaded
    return after


def _rests_on(mapping: CustomerMapping, policy: Policy, way: str) -> Mapping[str, frozenset[str]]:
    """The columns of the archive that a change depends on, apart from its own: by the field that is written.

    A field that is not written has none; those that take the tier share what the choice of a tier depends on.
    """
    judged_by = {DISABLED_ON, *policy.groups, *(name for metric in policy.metrics for name in METRICS[metric].fields)}
    rests: dict[str, frozenset[str]] = {}
    for field in mapping.fields:
        match field.write:
            case "tier":
                rests[field.name] = mapping.read_from(judged_by, way)
            case "canonical":
                rests[field.name] = mapping.read_from(field.needs, way)
            case "field" if field.takes is not None:
                rests[field.name] = mapping.read_from({field.takes}, way)
            case _:
                rests[field.name] = frozenset()
    return rests


def _changes(
    work: pl.DataFrame,
    fields: Mapping[str, list[FieldChange]],
    reasons: Mapping[str, Reason],
    rests_on: Mapping[str, frozenset[str]],
) -> Iterator[Change]:
    held = work.filter(pl.col(CODE).is_in(sorted(fields))).sort(CODE)
    columns = sorted(frozenset[str]().union(*rests_on.values()))
    by_fields: dict[tuple[str, ...], list[tuple[int, str]]] = {}
    for code, *values in held.select(CODE, *(raw_name(column) for column in columns)).iter_rows():
        written = fields[code]
        names = tuple(field.field for field in written)
        wanted = by_fields.get(names)
        if wanted is None:
            # What is written holds its old value by itself.
            needed = frozenset[str]().union(*(rests_on[name] for name in names)) - {field.column for field in written}
            wanted = by_fields[names] = [(at, column) for at, column in enumerate(columns) if column in needed]
        yield Change(
            CustomerCode(code), tuple(written), {column: values[at] for at, column in wanted}, reasons.get(code)
        )

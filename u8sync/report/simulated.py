"""What a simulation counts and says, the same for the terminal and the page: rows and words, no layout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import polars as pl

from u8sync.domain.edges import KINDS, NEAR
from u8sync.domain.mapping import CODE
from u8sync.domain.model import AccountSet
from u8sync.domain.outcome import Outcome, TierSum
from u8sync.domain.policy import Condition
from u8sync.domain.policy_diff import Cell, Comparison, Missed, Way, missed_by
from u8sync.domain.simulation import Simulation
from u8sync.report.edge_words import bound_words
from u8sync.report.figures import cut, percent
from u8sync.report.rule_words import condition_words
from u8sync.report.words import subject_label, value_words
from u8sync.text import Message, msg

__all__ = [
    "MOVE_WAYS",
    "EdgeGroup",
    "MoveRow",
    "Simulated",
    "TierPair",
    "axes",
    "condition_of",
    "counts_of",
    "edge_groups",
    "move_rows",
    "moves_words",
    "stability_words",
    "tier_pairs",
    "ways_of",
]


@dataclass(frozen=True)
class Simulated:
    """A simulation with what it was made from.

    Attributes:
        simulation: What was found.
        account_set: Of which account set.
        files: Names of the present policy's file and, if there is one, of the other's.
        notes: What the reading found worth knowing.
    """

    simulation: Simulation
    account_set: AccountSet
    files: tuple[str, ...]
    notes: tuple[Message, ...]

    @property
    def worth_knowing(self) -> tuple[Message, ...]:
        """What a reader could take wrongly."""
        return (*_worth_knowing(self.simulation), *self.notes)


MOVE_WAYS: Final[Mapping[Way, Message]] = {
    "stay": msg("stays"),
    "up": msg("up"),
    "down": msg("down"),
    "enter": msg("newly placed"),
    "leave": msg("gets no tier any more"),
    "other": msg("other tier"),
}
"""Which way a customer goes."""


def moves_words(compared: Comparison) -> Message:
    """How many customers get another tier, in one sentence."""
    ways = ways_of(compared)
    return msg(
        "{moved} of {customers} customers would get another tier ({share} %): {up} up, {down} down, {rest} otherwise.",
        moved=f"{compared.moves.height:,}",
        customers=f"{sum(cell.customers for cell in compared.matrix):,}",
        share=percent(compared.moves.height, sum(cell.customers for cell in compared.matrix)) or "-",
        up=f"{ways['up']:,}",
        down=f"{ways['down']:,}",
        rest=f"{ways['enter'] + ways['leave'] + ways['other']:,}",
    )


def ways_of(compared: Comparison) -> Mapping[Way, int]:
    """Way -> customers that go it."""
    return {way: sum(cell.customers for cell in compared.matrix if cell.way == way) for way in MOVE_WAYS}


def stability_words(outcome: Outcome) -> Message:
    """The stability number, in one sentence."""
    return msg(
        "{near} of {rated} rated customers ({share} %) stand within {percent} % of an edge.",
        near=f"{outcome.borderline:,}",
        rated=f"{outcome.rated:,}",
        share=percent(outcome.borderline, outcome.rated) or "-",
        percent=NEAR,
    )


def _worth_knowing(simulation: Simulation) -> Iterator[Message]:
    other = simulation.other
    if other is not None and other.facts.window != simulation.present.facts.window:
        yield msg("The policies have different windows: revenue and profit are those of each policy's own window.")
    for outcome in (simulation.present, other):
        if outcome is not None and any(one.profit_known < one.customers for one in outcome.tiers if one.customers):
            yield msg("Gross profit adds up the customers whose profit is known.")
            break
    for name, outcome in ((msg("the present policy"), simulation.present), (msg("the other policy"), other)):
        if outcome is not None and outcome.held:
            yield msg(
                "By {policy} a run would hold {count} customer(s) in another tier than the ladder gives: pins, edits in"
                " U8, movement rules. The comparison is of what the ladders give.",
                policy=name,
                count=f"{outcome.held:,}",
            )


@dataclass(frozen=True)
class TierPair:
    """A tier under both policies; null where a ladder does not have it, or no other policy is tried out."""

    tier: str
    now: TierSum | None
    then: TierSum | None


def tier_pairs(simulation: Simulation) -> tuple[TierPair, ...]:
    """The tiers of the other ladder, highest first, then those that only the present one has."""
    now = {one.tier: one for one in simulation.present.tiers}
    then = {} if simulation.other is None else {one.tier: one for one in simulation.other.tiers}
    return tuple(TierPair(name, now.get(name), then.get(name)) for name in {**then, **now})


def axes(cells: Sequence[Cell], rows: Sequence[str], columns: Sequence[str]) -> tuple[list[str | None], ...]:
    """Heads of the rows and columns of a matrix: all tiers of the ladders, then what else the cells have, null last."""
    return (
        _axis(rows, [cell.was for cell in cells]),
        _axis(columns, [cell.becomes for cell in cells]),
    )


def _axis(ladder: Sequence[str], found: Sequence[str | None]) -> list[str | None]:
    rest = sorted({name for name in found if name is not None} - set(ladder))
    return [*ladder, *rest, *([None] if None in found else [])]


def counts_of(cells: Sequence[Cell]) -> Mapping[tuple[str | None, str | None], Cell]:
    """From and to -> the cell."""
    return {(cell.was, cell.becomes): cell for cell in cells}


@dataclass(frozen=True)
class MoveRow:
    """A customer that gets another tier, and why as far as it can be told."""

    code: str
    name: str | None
    current: str | None
    was: str | None
    becomes: str | None
    way: Way
    score_was: str | None
    score_is: str | None
    reasons: tuple[Message, ...]


def move_rows(simulation: Simulation, limit: int | None = None) -> Iterator[MoveRow]:
    """The customers that get another tier, at most ``limit``; none when no other policy is tried out."""
    if simulation.compared is None or simulation.other is None:
        return
    moves = simulation.compared.moves
    shown = moves if limit is None else moves.head(limit)
    present, other = simulation.present, simulation.other
    wanted_before = missed_by(present, shown.select(CODE, pl.col("becomes").alias("tier")))
    wanted_after = missed_by(other, shown.select(CODE, pl.col("was").alias("tier")))
    for row in shown.iter_rows(named=True):
        code = row[CODE]
        reasons = (
            *_part_words(row),
            *_ladder_words(row, simulation, wanted_before.get(code, ()), wanted_after.get(code, ())),
        )
        yield MoveRow(
            code=code,
            name=row["name"],
            current=row["current"],
            was=row["was"],
            becomes=row["becomes"],
            way=row["way"],
            score_was=None if row["score_was"] is None else cut(row["score_was"], 2),
            score_is=None if row["score_is"] is None else cut(row["score_is"], 2),
            reasons=reasons or (msg("the policies differ in a way that cannot be told for one customer"),),
        )


def _part_words(row: Mapping[str, object]) -> Iterator[Message]:
    if row["by_exclusion"]:
        yield msg("excluded by the present policy") if row["was"] is None else msg("excluded by the other policy")
        return
    if row["by_window"]:
        if row["business_was"] and not row["business_is"]:
            yield msg("no business in the other policy's window")
        elif row["business_is"] and not row["business_was"]:
            yield msg("business in the other policy's window only")
        else:
            yield msg("another window")
    if row["by_scoring"]:
        yield msg("scored in another way")
    metric, before, after = row["metric"], row["metric_was"], row["metric_is"]
    if isinstance(metric, str) and isinstance(before, Decimal) and isinstance(after, Decimal):
        yield msg(
            "{metric} brings {after} points of the score instead of {before}",
            metric=subject_label(metric),
            before=cut(before, 2),
            after=cut(after, 2),
        )


def _ladder_words(
    row: Mapping[str, object], simulation: Simulation, before: Sequence[Missed], after: Sequence[Missed]
) -> Iterator[Message]:
    """What the ladders ask for, where that made a difference or nothing else tells it."""
    present, other = simulation.present, simulation.other
    if other is None or row["by_exclusion"] or not (row["by_ladder"] or row["metric"] is None):
        return
    was, becomes = row["was"], row["becomes"]
    rises = row["way"] in {"up", "enter"}
    if rises and present.policy.rank(_name(becomes)) is None:
        yield msg("only the other policy has the tier '{tier}'", tier=becomes)
    elif not rises and other.policy.rank(_name(was)) is None:
        yield msg("the other policy has no tier '{tier}'", tier=was)
    found = before if rises else after
    ladder, name = (present, _name(becomes)) if rises else (other, _name(was))
    full = next((tier for tier in ladder.policy.tiers if tier.name == name and tier.quota), None)
    if full is not None and not found:
        yield (
            msg("the present policy has no place left in '{tier}'", tier=name)
            if rises
            else msg("the other policy has no place left in '{tier}'", tier=name)
        )
    for missed in found:
        condition = condition_of(present if rises else other, missed)
        told = {
            "tier": missed.tier,
            "condition": condition_words(condition),
            "value": value_words(condition.subject, missed.value),
        }
        if rises:
            yield msg("the present policy asks for {condition} for '{tier}'; it had {value}", **told)
        else:
            yield msg("the other policy asks for {condition} for '{tier}'; it has {value}", **told)


def _name(tier: object) -> str | None:
    return tier if isinstance(tier, str) else None


def condition_of(outcome: Outcome, missed: Missed) -> Condition:
    """The condition that is not met."""
    return next(tier for tier in outcome.policy.tiers if tier.name == missed.tier).conditions[missed.position]


@dataclass(frozen=True)
class EdgeGroup:
    """The customers near one bound.

    Attributes:
        tier: The tier that the bound belongs to; null: they would move for a reason that is no bound.
        bound: The bound, in words.
        below: Customers that miss it by little.
        above: Customers that keep it by little.
    """

    tier: str | None
    bound: Message
    below: int
    above: int


def edge_groups(outcome: Outcome) -> tuple[EdgeGroup, ...]:
    """How many customers are near which bound, in the order of the ladder."""
    counts = {
        tuple(key): (up, down)
        for *key, up, down in outcome.edges.group_by("edge_of", "subject", "kind", "bound")
        .agg((pl.col("way") == "up").sum().alias("up"), (pl.col("way") == "down").sum().alias("down"))
        .iter_rows()
    }
    found = []
    for tier in outcome.policy.tiers:
        for condition in tier.conditions:
            for kind in KINDS:
                bound = getattr(condition, kind)
                if bound is not None:
                    up, down = counts.pop((tier.name, condition.subject, kind, bound), (0, 0))
                    found.append(EdgeGroup(tier.name, bound_words(condition.subject, kind, bound), up, down))
        for key in [key for key in counts if key[0] == tier.name]:
            up, down = counts.pop(key)
            _, subject, kind, bound = key
            found.append(EdgeGroup(tier.name, bound_words(subject, kind, bound), up, down))
    for up, down in counts.values():
        found.append(EdgeGroup(None, msg("no bound of its own: a place that others leave or take"), up, down))
    return tuple(found)

"""A simulation on the terminal: tiers under both policies, who goes where and why, what hangs on weights and edges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Group, RenderableType

from u8sync.domain.edges import NEAR
from u8sync.domain.outcome import SWAY, Outcome, Sensitivity, TierSum
from u8sync.domain.policy_diff import Cell as MatrixCell
from u8sync.domain.simulation import Simulation
from u8sync.report.borderline import borderline_rows
from u8sync.report.figures import money, percent
from u8sync.report.simulated import (
    Simulated,
    axes,
    counts_of,
    edge_groups,
    move_rows,
    moves_words,
    stability_words,
    tier_pairs,
)
from u8sync.report.terminal.blocks import Cell, Column, Writer
from u8sync.report.words import account_set_words, subject_label, tier_name
from u8sync.text import Message, Translate, listed, msg

__all__ = ["LIMIT", "simulation_view"]

LIMIT: Final = 20
"""So many customers are listed unless all are asked for."""


def simulation_view(simulated: Simulated, translate: Translate, *, limit: int | None = LIMIT) -> RenderableType:
    """A simulation.

    Args:
        simulated: What was found.
        translate: The language.
        limit: Most customers that are listed in one table; null: all.
    """
    simulation = simulated.simulation
    account_set = account_set_words(simulated.account_set)
    write = Writer(translate)
    parts: list[RenderableType] = [
        write.title(msg("Simulation on account set {account_set}", account_set=account_set)),
        write.facts(_facts(simulation, simulated.files)),
    ]
    if simulation.compared is not None:
        parts.append(write.line(moves_words(simulation.compared), above=1))
    parts += _tiers(simulation, write)
    parts += _matrices(simulation, write)
    parts += _moves(simulation, write, limit)
    parts += _sensitivity(simulation, write)
    parts += _stability(simulation, write, limit)
    if simulated.worth_knowing:
        parts.append(write.heading(msg("Worth knowing")))
        parts += [write.line(f"- {write.say(note)}") for note in simulated.worth_knowing]
    return Group(*parts)


def _facts(simulation: Simulation, files: Sequence[str]) -> Iterator[tuple[Message, Cell]]:
    outcomes = [simulation.present, *([] if simulation.other is None else [simulation.other])]
    titles = (msg("Present policy"), msg("Other policy"))
    yield msg("As of"), str(simulation.present.facts.window.as_of)
    for title, file, outcome in zip(titles, files, outcomes, strict=False):
        window = outcome.facts.window
        yield title, msg("{file}, window {start} to {end}", file=file, start=window.start, end=window.as_of)


def _tiers(simulation: Simulation, write: Writer) -> Iterator[RenderableType]:
    yield write.heading(msg("Tiers"))
    pairs = tier_pairs(simulation)
    other = simulation.other
    if other is None:
        yield write.table(
            [
                (msg("Tier"), "left"),
                (msg("Customers"), "right"),
                (msg("Revenue"), "right"),
                (msg("Share of revenue"), "right"),
                (msg("Gross profit"), "right"),
            ],
            ((pair.tier, *_sums(pair.now, simulation.present)) for pair in pairs),
        )
        return
    yield write.table(
        [
            (msg("Tier"), "left"),
            (msg("Present policy"), "right"),
            (msg("Other policy"), "right"),
            (msg("Gained"), "right"),
            (msg("Lost"), "right"),
        ],
        (
            (one.tier, f"{one.was:,}", f"{one.becomes:,}", f"{one.gained:,}", f"{one.lost:,}")
            for one in (simulation.compared.turnover if simulation.compared else ())
        ),
    )
    for title, at in ((msg("Revenue by tier"), 1), (msg("Gross profit by tier"), 3)):
        yield write.heading(title)
        yield write.table(
            [(msg("Tier"), "left"), (msg("Present policy"), "right"), (msg("Other policy"), "right")],
            ((pair.tier, _sums(pair.now, simulation.present)[at], _sums(pair.then, other)[at]) for pair in pairs),
        )


def _sums(one: TierSum | None, outcome: Outcome) -> tuple[Cell, ...]:
    """Customers, revenue, its share, gross profit."""
    if one is None:
        return (None, None, None, None)
    share = percent(one.revenue, sum(each.revenue for each in outcome.tiers))
    profit = money(one.gross_profit) if one.profit_known else None
    return (f"{one.customers:,}", money(one.revenue), None if share is None else f"{share} %", profit)


def _matrices(simulation: Simulation, write: Writer) -> Iterator[RenderableType]:
    present = [tier.name for tier in simulation.present.policy.tiers]
    if simulation.compared is not None and simulation.other is not None:
        other = [tier.name for tier in simulation.other.policy.tiers]
        yield from _matrix(
            msg("From the tier by the present policy (rows) to the tier by the other one (columns)"),
            simulation.compared.matrix,
            present,
            other,
            write,
        )
        yield from _matrix(
            msg("From the tier that U8 holds now (rows) to the tier by the other policy (columns)"),
            simulation.other_held,
            other,
            other,
            write,
        )
        return
    yield from _matrix(
        msg("From the tier that U8 holds now (rows) to the tier by the present policy (columns)"),
        simulation.held,
        present,
        present,
        write,
    )


def _matrix(
    title: Message, cells: Sequence[MatrixCell], rows: Sequence[str], columns: Sequence[str], write: Writer
) -> Iterator[RenderableType]:
    down, across = axes(cells, rows, columns)
    counts = counts_of(cells)
    yield write.heading(title)
    heads: list[Column] = [(msg("Tier"), "left")]
    heads += [(Message("{name}", {"name": tier_name(name)}), "right") for name in across]
    yield write.table(
        heads,
        (
            (tier_name(was), *(f"{counts[was, to].customers:,}" if (was, to) in counts else "0" for to in across))
            for was in down
        ),
    )


def _moves(simulation: Simulation, write: Writer, limit: int | None) -> Iterator[RenderableType]:
    if simulation.compared is None or not simulation.compared.moves.height:
        return
    none = msg("(no tier)")
    yield write.heading(msg("Customers that would get another tier"))
    yield write.table(
        [
            (msg("Customer"), "left"),
            (msg("Name"), "left"),
            (msg("Tier"), "left"),
            (msg("Score"), "left"),
            (msg("What made the difference"), "left"),
        ],
        (
            (
                row.code,
                row.name,
                f"{write.say(row.was or none)} -> {write.say(row.becomes or none)}",
                row.score_was if row.score_was == row.score_is else f"{row.score_was or '-'} -> {row.score_is or '-'}",
                listed(row.reasons),
            )
            for row in move_rows(simulation, limit)
        ),
    )
    yield from _rest(simulation.compared.moves.height, limit, write)


def _rest(count: int, limit: int | None, write: Writer) -> Iterator[RenderableType]:
    if limit is not None and count > limit:
        yield write.line(msg("... and {count} more; --all shows all of them.", count=f"{count - limit:,}"))


def _sensitivity(simulation: Simulation, write: Writer) -> Iterator[RenderableType]:
    yield write.heading(msg("Customers that change tier when one weight is {percent} % lower or higher", percent=SWAY))
    for title, outcome in _named(simulation):
        if title is not None:
            yield write.line(title, above=1)
        found = {(one.metric, one.change): one for one in outcome.sensitivity}
        yield write.table(
            [
                (msg("Metric"), "left"),
                (msg("Weight"), "right"),
                (msg("{percent} % lower", percent=SWAY), "right"),
                (msg("{percent} % higher", percent=SWAY), "right"),
            ],
            (
                (
                    subject_label(weight.metric),
                    f"{weight.percent} %",
                    _moved(found[weight.metric, -SWAY]),
                    _moved(found[weight.metric, SWAY]),
                )
                for weight in outcome.policy.weights
            ),
        )


def _named(simulation: Simulation) -> Iterator[tuple[Message | None, Outcome]]:
    """Each policy with what to call it; there is nothing to tell one apart from."""
    if simulation.other is None:
        yield None, simulation.present
        return
    yield msg("Present policy"), simulation.present
    yield msg("Other policy"), simulation.other


def _moved(one: Sensitivity) -> Message | str:
    if not one.moved:
        return "0"
    return msg("{moved} ({up} up, {down} down)", moved=f"{one.moved:,}", up=f"{one.up:,}", down=f"{one.down:,}")


def _stability(simulation: Simulation, write: Writer, limit: int | None) -> Iterator[RenderableType]:
    yield write.heading(msg("Customers within {percent} % of an edge", percent=NEAR))
    for title, outcome in _named(simulation):
        if title is not None:
            yield write.line(title, above=1)
        yield write.line(stability_words(outcome))
        groups = edge_groups(outcome)
        if groups:
            yield write.table(
                [
                    (msg("Tier"), "left"),
                    (msg("Edge"), "left"),
                    (msg("Just missed"), "right"),
                    (msg("Just kept"), "right"),
                ],
                ((tier_name(one.tier), one.bound, f"{one.below:,}", f"{one.above:,}") for one in groups),
            )
    shown = simulation.other or simulation.present
    if shown.borderline:
        title = msg("Nearest to an edge") if simulation.other is None else msg("Nearest to an edge by the other policy")
        yield write.line(title, above=1)
        yield write.table(
            [
                (msg("Customer"), "left"),
                (msg("Name"), "left"),
                (msg("Tier"), "left"),
                (msg("Score"), "right"),
                (msg("Near which edge"), "left"),
            ],
            (
                (row.code, row.name, tier_name(row.tier), row.score, listed(row.edges))
                for row in borderline_rows(shown.customers, shown.edges, limit)
            ),
        )
        yield from _rest(shown.borderline, limit, write)

"""A simulation as one HTML file, in the style of the run report: no script, nothing from outside, charts with tables.

What does not live here: the counting (``simulated.py``), the geometry of charts (``charts.py``) and the layout
(``templates/simulation.html.j2``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from u8sync.domain.edges import NEAR
from u8sync.domain.outcome import SWAY, Outcome, TierSum
from u8sync.domain.policy_diff import Cell
from u8sync.domain.simulation import Simulation
from u8sync.report.borderline import borderline_rows
from u8sync.report.charts import Bars, Flow, Heat, HeatWay, Series, Words, bars, flow, heat
from u8sync.report.figures import money, percent
from u8sync.report.pages import page_environment
from u8sync.report.rules_page import Rules, rules_in_words
from u8sync.report.simulated import (
    MOVE_WAYS,
    EdgeGroup,
    Simulated,
    axes,
    counts_of,
    edge_groups,
    move_rows,
    moves_words,
    stability_words,
    tier_pairs,
    ways_of,
)
from u8sync.report.words import UNKNOWN, account_set_words, subject_label, tier_name
from u8sync.text import Message, Translate, msg

__all__ = ["MOST_BORDERLINE", "MOST_MOVES", "render_simulation"]

MOST_MOVES: Final = 2000
"""So many customers that would move are listed; a longer page serves nobody."""

MOST_BORDERLINE: Final = 200
"""So many borderline customers are listed, the nearest to an edge first."""


@dataclass(frozen=True)
class _Side:
    """One policy, ready to be shown."""

    title: Message
    file: str
    outcome: Outcome
    stability: Message
    near_share: str
    sensitivity: Bars
    edges: tuple[EdgeGroup, ...]
    rules: Rules


def render_simulation(simulated: Simulated, translate: Translate, language: str, *, tool: str) -> str:
    """The page, complete.

    Args:
        simulated: What was found.
        translate: Puts messages into the words of ``language``.
        language: ``zh`` or ``en``.
        tool: Version of u8sync.
    """
    simulation = simulated.simulation
    sides = tuple(_sides(simulation, simulated.files))
    compared, shown = simulation.compared, simulation.other or simulation.present
    return (
        page_environment(translate)
        .get_template("simulation.html.j2")
        .render(
            page_language="zh-CN" if language == "zh" else "en",
            tool=tool,
            account_set=account_set_words(simulated.account_set),
            as_of=simulation.present.facts.window.as_of,
            sides=sides,
            compared=compared,
            moved=None if compared is None else moves_words(compared),
            ways=None if compared is None else ways_of(compared),
            way_words=MOVE_WAYS,
            tier_charts=tuple(_tier_charts(simulation)),
            change_flow=_change_flow(simulation),
            matrices=tuple(_matrices(simulation)),
            moves=tuple(move_rows(simulation, MOST_MOVES)),
            unlisted=0 if compared is None else max(0, compared.moves.height - MOST_MOVES),
            borderline=tuple(borderline_rows(shown.customers, shown.edges, MOST_BORDERLINE)),
            borderline_unlisted=max(0, shown.borderline - MOST_BORDERLINE),
            near=NEAR,
            sway=SWAY,
            notes=simulated.worth_knowing,
            subject_label=subject_label,
            tier_name=tier_name,
            tier_or_none=_tier,
            unknown_words=UNKNOWN,
            count=lambda number: f"{number:,}",
        )
    )


def _tier(name: str | None) -> Words:
    return msg("(no tier)") if name is None else name


def _sides(simulation: Simulation, files: Sequence[str]) -> Iterator[_Side]:
    titles = (msg("Present policy"), msg("Other policy"))
    outcomes = [simulation.present, *([] if simulation.other is None else [simulation.other])]
    for title, file, outcome in zip(titles, files, outcomes, strict=False):
        yield _Side(
            title=title,
            file=file,
            outcome=outcome,
            stability=stability_words(outcome),
            near_share=percent(outcome.borderline, outcome.rated) or "-",
            sensitivity=_sensitivity(outcome),
            edges=edge_groups(outcome),
            rules=rules_in_words(outcome.policy),
        )


def _sensitivity(outcome: Outcome) -> Bars:
    labels = [
        msg("{metric} ({weight} %)", metric=subject_label(weight.metric), weight=weight.percent)
        for weight in outcome.policy.weights
    ]

    def series(change: int, title: Message) -> Series:
        found = [one for one in outcome.sensitivity if one.change == change]
        shown = [
            msg("{moved} ({up} up, {down} down)", moved=f"{one.moved:,}", up=f"{one.up:,}", down=f"{one.down:,}")
            for one in found
        ]
        return Series(title, [one.moved for one in found], shown)

    return bars(
        labels,
        [
            series(-SWAY, msg("{percent} % lower", percent=SWAY)),
            series(SWAY, msg("{percent} % higher", percent=SWAY)),
        ],
    )


def _tier_charts(simulation: Simulation) -> Iterator[tuple[Message, Bars]]:
    """Sizes, revenue and profit of the tiers, under each policy."""
    pairs = tier_pairs(simulation)
    columns: list[tuple[Message, list[TierSum | None]]] = [(msg("Present policy"), [pair.now for pair in pairs])]
    if simulation.other is not None:
        columns.append((msg("Other policy"), [pair.then for pair in pairs]))
    labels = [pair.tier for pair in pairs]
    yield (
        msg("Customers"),
        bars(
            labels,
            [
                Series(
                    title,
                    [None if one is None else one.customers for one in sums],
                    ["-" if one is None else f"{one.customers:,}" for one in sums],
                )
                for title, sums in columns
            ],
        ),
    )
    yield (
        msg("Revenue"),
        bars(
            labels,
            [
                Series(title, [None if one is None else one.revenue for one in sums], list(_revenue(sums)))
                for title, sums in columns
            ],
        ),
    )
    yield (
        msg("Gross profit"),
        bars(
            labels,
            [
                Series(
                    title,
                    [one.gross_profit if one is not None and one.profit_known else None for one in sums],
                    [money(one.gross_profit) if one is not None and one.profit_known else "-" for one in sums],
                )
                for title, sums in columns
            ],
        ),
    )


def _revenue(sums: Sequence[TierSum | None]) -> Iterator[Words]:
    total = sum(one.revenue for one in sums if one is not None)
    for one in sums:
        share = None if one is None else percent(one.revenue, total)
        if one is None:
            yield "-"
        elif share is None:
            yield money(one.revenue)
        else:
            yield msg("{amount} ({share} %)", amount=money(one.revenue), share=share)


def _change_flow(simulation: Simulation) -> Flow | None:
    """From the present tiers to the other ones."""
    if simulation.compared is None or simulation.other is None:
        return None
    return flow(*_grid(simulation.compared.matrix, simulation.present, simulation.other, _tier))


def _matrices(simulation: Simulation) -> Iterator[tuple[Message, Message, Heat]]:
    """Title, what rows and columns are, and the table."""
    if simulation.compared is not None and simulation.other is not None:
        yield (
            msg("From the present policy to the other one"),
            msg("Rows: the tier by the present policy. Columns: the tier by the other one."),
            heat(*_grid(simulation.compared.matrix, simulation.present, simulation.other, _tier)),
        )
        yield (
            msg("From what U8 holds now to the other policy"),
            msg("Rows: the tier that U8 holds. Columns: the tier that a run by the other policy would give."),
            heat(*_grid(simulation.other_held, simulation.other, simulation.other, tier_name)),
        )
        return
    yield (
        msg("From what U8 holds now to the present policy"),
        msg("Rows: the tier that U8 holds. Columns: the tier that a run by the present policy would give."),
        heat(*_grid(simulation.held, simulation.present, simulation.present, tier_name)),
    )


def _grid(
    cells: Sequence[Cell], left: Outcome, right: Outcome, words: Callable[[str | None], Words]
) -> tuple[list[Words], list[Words], dict[tuple[int, int], tuple[int, HeatWay]]]:
    """Names of rows and columns, and what is in the cells by their places."""
    ladders = ([tier.name for tier in side.policy.tiers] for side in (left, right))
    rows, columns = axes(cells, *ladders)
    found = {
        (rows.index(was), columns.index(becomes)): (cell.customers, cell.way)
        for (was, becomes), cell in counts_of(cells).items()
    }
    return [words(name) for name in rows], [words(name) for name in columns], found

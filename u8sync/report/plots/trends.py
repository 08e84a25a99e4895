"""Figures over past runs: as steps beside each other, or upon each other. One run is one step, so one is enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from markupsafe import Markup

from u8sync.report.plots.canvas import SERIES, WIDTH, Canvas, compact, place
from u8sync.text import Message, Translate, listed, msg

__all__ = ["Trend", "lines_plot", "stack_plot"]

LEFT: Final = 46
TOP: Final = 14
BOTTOM: Final = 174
SCALE: Final = 4
"""Parts of the scale at most."""


@dataclass(frozen=True)
class Trend:
    """One figure over all runs.

    Attributes:
        title: What it is.
        values: One a run, oldest first, none below zero; null: the run has none.
    """

    title: str | Message
    values: tuple[Decimal | int | None, ...]


def lines_plot(
    title: Message, trends: Sequence[Trend], days: Sequence[str], translate: Translate, *, chinese: bool
) -> Markup:
    """Each trend as a line of steps; a run without the figure breaks the line."""
    most = _round(max((float(value) for one in trends for value in one.values if value is not None), default=0))
    canvas, slot = _ground(trends, days, most, translate, chinese=chinese)
    for number, trend in enumerate(trends):
        piece: list[tuple[float, float]] = []
        for at, value in enumerate([*trend.values, None]):
            if value is not None:
                y = BOTTOM - place(value, most, BOTTOM - TOP)
                piece += [(LEFT + at * slot, y), (LEFT + (at + 1) * slot, y)]
            elif piece:
                canvas.line(piece, SERIES[number % len(SERIES)], width=2, dashed=number % 2 == 1)
                piece = []
    return canvas.svg(title, _latest(trends, chinese=chinese))


def stack_plot(
    title: Message, trends: Sequence[Trend], days: Sequence[str], translate: Translate, *, chinese: bool
) -> Markup:
    """The trends upon each other, the first on top; a run without figures leaves a gap."""
    totals = [sum((float(one.values[at] or 0) for one in trends), 0.0) for at in range(len(days))]
    most = _round(max(totals, default=0.0))
    canvas, slot = _ground(trends, days, most, translate, chinese=chinese)
    lower = [float(BOTTOM)] * len(days)
    for number, trend in reversed(list(enumerate(trends))):
        upper = [low - place(value or 0, most, BOTTOM - TOP) for low, value in zip(lower, trend.values, strict=True)]
        if any(value for value in trend.values):
            over = [(LEFT + (at + side) * slot, y) for at, y in enumerate(upper) for side in (0, 1)]
            under = [(LEFT + (at + side) * slot, y) for at, y in enumerate(lower) for side in (0, 1)]
            canvas.area([*over, *reversed(under)], SERIES[min(number, len(SERIES) - 1)])
        lower = upper
    return canvas.svg(title, _latest(trends, chinese=chinese))


def _ground(
    trends: Sequence[Trend], days: Sequence[str], most: float, translate: Translate, *, chinese: bool
) -> tuple[Canvas, float]:
    """The scale, the first and the last day, and what the colours mean."""
    canvas = Canvas(BOTTOM + 40 + 18 * ((len(trends) + 2) // 3), translate)
    for part in range(SCALE + 1):
        y = BOTTOM - (BOTTOM - TOP) * part / SCALE
        canvas.line([(LEFT, y), (WIDTH, y)], "line")
        canvas.text(LEFT - 7, y + 4, compact(most * part / SCALE, chinese=chinese), colour="soft", align="right")
    if days:
        canvas.text(LEFT, BOTTOM + 18, days[0], colour="soft")
    if len(days) > 1:
        canvas.text(WIDTH, BOTTOM + 18, days[-1], colour="soft", align="right")
    for number, trend in enumerate(trends):
        x, y = LEFT + number % 3 * 124, BOTTOM + 42 + 18 * (number // 3)
        canvas.box(x, y - 9, 10, 10, SERIES[number % len(SERIES)])
        canvas.text(x + 15, y, trend.title, colour="soft", most=16)
    return canvas, (WIDTH - LEFT) / max(1, len(days))


def _round(value: float) -> float:
    """The end of a scale that four whole parts make up: 4, 8, 12, 20, 28, 40, 80 and so on."""
    end = 4.0
    while end * 10 < value:
        end *= 10
    return next(end * factor for factor in (1, 2, 3, 5, 7, 10) if end * factor >= value)


def _latest(trends: Sequence[Trend], *, chinese: bool) -> Message:
    """The newest figures, for those who do not see the chart."""
    return msg(
        "Newest: {what}",
        what=listed(
            [
                msg("{tier} {figures}", tier=one.title, figures=compact(one.values[-1] or 0, chinese=chinese))
                for one in trends
                if one.values
            ]
        ),
    )

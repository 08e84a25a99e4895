"""The last nights as a calendar: a column a week, a square a day, in the colour of how that day's worst run ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from markupsafe import Markup

from u8sync.report.plots.canvas import WIDTH, Canvas
from u8sync.text import Message, Translate, listed, msg

__all__ = ["nights_plot"]

LEFT: Final = 34
TOP: Final = 22
WEEKDAYS: Final = {0: msg("Mon"), 2: msg("Wed"), 4: msg("Fri")}


def nights_plot(
    states: Mapping[date, str],
    kinds: Sequence[tuple[str, str, Message]],
    last: date,
    days: int,
    translate: Translate,
) -> Markup:
    """The ``days`` days that end with ``last``.

    Args:
        states: Day -> how its worst run ended; days without a run are absent.
        kinds: State, colour and words, in the order of the legend.
        last: The last day.
        days: How many.
        translate: Puts messages into words.
    """
    first = last - timedelta(days=days - 1)
    monday = first - timedelta(days=first.weekday())
    weeks = (last - monday).days // 7 + 1
    step = (WIDTH - LEFT) / weeks
    colours = {state: colour for state, colour, _ in kinds}
    legend = [*((colour, words) for _, colour, words in kinds), ("faint", msg("no run"))]
    canvas = Canvas(TOP + 7 * step + 22 + 18 * ((len(legend) + 2) // 3), translate)
    for weekday, words in WEEKDAYS.items():
        canvas.text(0, TOP + weekday * step + step * 0.65, words, colour="soft")
    named = None
    for number in range(days):
        day = first + timedelta(days=number)
        week = (day - monday).days // 7
        x, y = LEFT + week * step, TOP + day.weekday() * step
        state = states.get(day)
        canvas.box(x + 1, y + 1, step - 3, step - 3, "faint" if state is None else colours[state], round_by=3)
        if (day.year, day.month) != named and (day.day <= 7 or number == 0) and week < weeks - 1:  # noqa: PLR2004
            named = (day.year, day.month)
            if day.day <= 7 or (week + 2 < weeks and first.day <= 20):  # noqa: PLR2004 - else two names would touch
                canvas.text(x, 13, f"{day:%Y-%m}", colour="soft")
    for number, (colour, words) in enumerate(legend):
        x, y = LEFT + number % 3 * 128, TOP + 7 * step + 22 + 18 * (number // 3)
        canvas.box(x, y - 9, 10, 10, colour)
        canvas.text(x + 15, y, words, colour="soft")
    counts = Counter(state for day, state in states.items() if first <= day <= last)
    return canvas.svg(
        msg("The last {days} days", days=days),
        listed(
            [
                *(msg("{count} {state}", count=counts[state], state=words) for state, _, words in kinds),
                msg("{count} without a run", count=days - counts.total()),
            ]
        ),
    )

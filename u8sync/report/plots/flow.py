"""The migration flow: from the tiers that U8 holds, on the left, to those that it would hold, on the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from u8sync.report.plots.canvas import WIDTH, Canvas
from u8sync.text import Message, Translate, listed, msg

__all__ = ["Stream", "flow_plot"]

HEIGHT: Final = 300
TOP: Final = 26
GAP: Final = 14
NODE: Final = 10
SIDES: Final = (100, WIDTH - 100)
LEAST: Final = 13.0
"""So thick is a band at least: its count stands on it."""

_COLOURS: Final[Mapping[str, str]] = {"stay": "soft", "up": "up", "down": "down", "enter": "accent"}


@dataclass(frozen=True)
class Stream:
    """So many customers go from one tier to another, or stay.

    Attributes:
        was: Place of the old tier among the names on the left.
        becomes: Place of the new one among those on the right.
        count: How many, above zero.
        way: ``stay``, ``up``, ``down`` or ``enter``.
    """

    was: int
    becomes: int
    count: int
    way: str


def flow_plot(
    left: Sequence[str | Message], right: Sequence[str | Message], streams: Sequence[Stream], translate: Translate
) -> Markup:
    """Bands whose thickness is the number of customers, never thinner than its figure needs."""
    # A side needs room for its bands, however small they are: the chart grows with them.
    height = max(HEIGHT, TOP + round(LEAST * len(streams)) + GAP * max(len(left), len(right)) + 60)
    canvas = Canvas(height, translate)
    thick = _thicknesses(streams, height - TOP - GAP * (max(len(left), len(right)) - 1) - 6)
    starts, ends = (_stacked(streams, thick, side, len(names)) for side, names in (("was", left), ("becomes", right)))
    for number, stream in enumerate(streams):
        canvas.band(starts[number], ends[number], (SIDES[0] + NODE, SIDES[1] - NODE), _COLOURS[stream.way])
    for number, stream in enumerate(streams):
        # Near its beginning: in the middle bands cross, and their figures would lie upon each other.
        middle = sum(starts[number]) / 2
        canvas.text(SIDES[0] + NODE + 6, middle + 4, f"{stream.count:,}", bold=stream.way != "stay")
    for places, side, names, x in ((starts, "was", left, SIDES[0]), (ends, "becomes", right, SIDES[1] - NODE)):
        for at, name in enumerate(names):
            own = [places[number] for number, stream in enumerate(streams) if getattr(stream, side) == at]
            if not own:
                continue
            top, bottom = min(one[0] for one in own), max(one[1] for one in own)
            canvas.box(x, top, NODE, bottom - top, "now")
            total = sum(stream.count for stream in streams if getattr(stream, side) == at)
            where, align = (x - 7, "right") if side == "was" else (x + NODE + 7, "left")
            _label(canvas, where, (top + bottom) / 2, name, f"{total:,}", left=align == "left")
    canvas.text(SIDES[0] + NODE + 10, 13, msg("Now in U8"), colour="soft", align="right")
    canvas.text(SIDES[1] - NODE - 10, 13, msg("After the changes"), colour="soft", align="left")
    return canvas.svg(
        msg("Movement between tiers"),
        listed(
            [
                msg(
                    "{was} to {becomes}: {count}", was=left[one.was], becomes=right[one.becomes], count=f"{one.count:,}"
                )
                for one in streams
            ]
        )
        if streams
        else msg("Nobody has a tier yet"),
    )


def _label(canvas: Canvas, x: float, middle: float, name: str | Message, total: str, *, left: bool) -> None:
    canvas.text(x, middle - 1, name, align="left" if left else "right", bold=True, most=13)
    canvas.text(x, middle + 14, total, align="left" if left else "right", colour="soft")


def _thicknesses(streams: Sequence[Stream], room: float) -> list[float]:
    """Of each band: its share of the room, what is too thin taken from those that are thick."""
    total = sum(stream.count for stream in streams)
    if not total:
        return []
    spare = max(0.0, room - LEAST * len(streams))
    return [LEAST + spare * stream.count / total for stream in streams]


def _stacked(
    streams: Sequence[Stream], thick: Sequence[float], side: str, names: int
) -> dict[int, tuple[float, float]]:
    """Number of a band -> (top, bottom) on one side, a tier's bands in the order of the other side."""
    other = "becomes" if side == "was" else "was"
    places: dict[int, tuple[float, float]] = {}
    y = float(TOP)
    for at in range(names):
        own = [number for number, stream in enumerate(streams) if getattr(stream, side) == at]
        for number in sorted(own, key=lambda number: getattr(streams[number], other)):
            places[number] = (y, y + thick[number])
            y += thick[number]
        y += GAP if own else 0
    return places

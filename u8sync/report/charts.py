"""Charts for pages: bars, lines over periods, heat tables, flows. Here is their geometry; ``charts.html.j2`` draws it.

Why no plotting library: a page must follow the reader's colours (dark, print), fit a phone and the wall alike, and use
the reader's fonts for Chinese. Bars and heat tables are therefore tables with coloured cells, as in the run report, and
only what has curves is SVG, stretched to the width there is while its words stay text of the page. A library's SVG has
its colours and its size baked in, and weighs 30 MB on a server that has to be approved package by package.

All lengths are in percent of the chart's own width or height, as text with two decimals. Every figure of a chart also
stands in a table beside it: the macros see to that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import groupby
from typing import Final, Literal

from u8sync.text import Message

__all__ = [
    "Bars",
    "Flow",
    "Heat",
    "HeatCell",
    "Lines",
    "Series",
    "Words",
    "bars",
    "flow",
    "heat",
    "lines",
]

Words = str | Message
Number = Decimal | int

HeatWay = Literal["stay", "up", "down", "enter", "leave", "other"]

MOST_SERIES: Final = 5
"""So many series can be told apart, by colour and by dashes."""

TICKS: Final = 5
"""Most lines of a scale."""

GAP: Final = Decimal(3)
"""Room between two nodes of a flow."""

LABEL: Final = Decimal(9)
"""Room that the label of a node needs."""


@dataclass(frozen=True)
class Series:
    """Values to draw, one for each place of the axis.

    Attributes:
        title: What it is.
        values: Null: there is none.
        shown: The values as people read them.
    """

    title: Words
    values: Sequence[Number | None]
    shown: Sequence[Words]


def _length(value: Decimal) -> str:
    return f"{value:.2f}"


def _part(value: Number, whole: Number) -> Decimal:
    return Decimal(100) * Decimal(value) / Decimal(whole) if whole else Decimal(0)


# --- bars -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bar:
    """One bar: where it begins and how long it is; null where there is no value."""

    left: str
    width: str
    shown: Words
    drawn: bool


@dataclass(frozen=True)
class Bars:
    """Bars side by side.

    Attributes:
        titles: Of the series.
        rows: What stands before the bars of a group, and one bar a series.
        zero: Where zero is, when some values are below it; null: at the left end.
    """

    titles: tuple[Words, ...]
    rows: tuple[tuple[Words, tuple[Bar, ...]], ...]
    zero: str | None


def bars(labels: Sequence[Words], series: Sequence[Series]) -> Bars:
    """Bars of one series, or of several beside each other, all on one scale that holds zero."""
    _check(labels, series)
    values = [Decimal(value) for one in series for value in one.values if value is not None]
    low, high = min([Decimal(0), *values]), max([Decimal(0), *values])
    zero = _part(-low, high - low)

    def bar(one: Series, at: int) -> Bar:
        value = one.values[at]
        if value is None:
            return Bar("0.00", "0.00", one.shown[at], drawn=False)
        width = _part(abs(Decimal(value)), high - low)
        left = zero - width if value < 0 else zero
        return Bar(_length(left), _length(width), one.shown[at], drawn=True)

    return Bars(
        titles=tuple(one.title for one in series),
        rows=tuple((label, tuple(bar(one, at) for one in series)) for at, label in enumerate(labels)),
        zero=_length(zero) if low < 0 else None,
    )


def _check(labels: Sequence[Words], series: Sequence[Series]) -> None:
    if not 1 <= len(series) <= MOST_SERIES:
        raise ValueError(f"{len(series)} series cannot be told apart")
    if any(len(one.values) != len(labels) or len(one.shown) != len(labels) for one in series):
        raise ValueError("a series has not one value for each place")


# --- lines ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One series of a line chart: pieces of ``x,y`` pairs, broken where values are missing, and its dots."""

    title: Words
    pieces: tuple[str, ...]
    dots: tuple[tuple[str, str, Words], ...]


@dataclass(frozen=True)
class Lines:
    """Lines over periods.

    Attributes:
        periods: Along the axis, each with its place.
        ticks: Of the scale, each with its height from the top.
        lines: One a series.
        table: The same as figures: a row a period.
        every: Of the periods, only each so many-th one is labelled.
    """

    periods: tuple[tuple[Words, str], ...]
    ticks: tuple[tuple[Words, str], ...]
    lines: tuple[Line, ...]
    table: tuple[tuple[Words, tuple[Words, ...]], ...]
    every: int


MOST_LABELS: Final = 8
"""So many periods are labelled; more would run into each other on a phone."""


def lines(
    periods: Sequence[Words],
    series: Sequence[Series],
    tick_words: Callable[[Decimal], Words],
    *,
    from_zero: bool = True,
) -> Lines:
    """Lines over periods.

    Args:
        periods: At least one.
        series: At most :data:`MOST_SERIES`.
        tick_words: How a value of the scale is written.
        from_zero: Whether the scale holds zero.
    """
    _check(periods, series)
    values = [Decimal(value) for one in series for value in one.values if value is not None]
    ticks = _ticks([*values, Decimal(0)] if from_zero or not values else values)
    low, high = ticks[0], ticks[-1]

    def x(at: int) -> str:
        return _length(_part(at, len(periods) - 1) if len(periods) > 1 else Decimal(50))

    def y(value: Number) -> str:
        return _length(100 - _part(Decimal(value) - low, high - low))

    def line(one: Series) -> Line:
        dots = [(x(at), y(value), one.shown[at]) for at, value in enumerate(one.values) if value is not None]
        runs = groupby(enumerate(one.values), key=lambda pair: pair[1] is not None)
        pieces = (" ".join(f"{x(at)},{y(v)}" for at, v in run if v is not None) for known, run in runs if known)
        return Line(one.title, tuple(pieces), tuple(dots))

    return Lines(
        periods=tuple((period, x(at)) for at, period in enumerate(periods)),
        ticks=tuple((tick_words(tick), y(tick)) for tick in ticks),
        lines=tuple(line(one) for one in series),
        table=tuple((period, tuple(one.shown[at] for one in series)) for at, period in enumerate(periods)),
        every=-(-len(periods) // MOST_LABELS),
    )


def _ticks(values: Sequence[Decimal]) -> list[Decimal]:
    """Round values from below the least to above the greatest, in equal steps of 1, 2 or 5 times a power of ten."""
    low, high = min(values), max(values)
    span = high - low or abs(high) or Decimal(1)
    rough = span / (TICKS - 1)
    power = Decimal(10) ** rough.adjusted()
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first = (low / step).to_integral_value(ROUND_FLOOR)
    last = max((high / step).to_integral_value(ROUND_CEILING), first + 1)
    return [step * (first + at) for at in range(int(last - first) + 1)]


# --- heat tables ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HeatCell:
    """One cell; ``strength`` in percent of the fullest one."""

    shown: str
    way: HeatWay
    strength: str
    empty: bool


@dataclass(frozen=True)
class Heat:
    """A table whose cells are the darker the more they hold."""

    columns: tuple[Words, ...]
    rows: tuple[tuple[Words, tuple[HeatCell, ...]], ...]


def heat(
    rows: Sequence[Words], columns: Sequence[Words], counts: Mapping[tuple[int, int], tuple[int, HeatWay]]
) -> Heat:
    """A heat table; ``counts`` by the places of row and column, absent ones are empty."""
    fullest = max((count for count, _ in counts.values()), default=0)

    def cell(row: int, column: int) -> HeatCell:
        count, way = counts.get((row, column), (0, "stay"))
        return HeatCell(f"{count:,}", way, _length(_part(count, fullest)), not count)

    return Heat(
        tuple(columns),
        tuple((name, tuple(cell(at, to) for to in range(len(columns)))) for at, name in enumerate(rows)),
    )


# --- flows ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Node:
    """One end of a flow: where it begins and how tall it is, and where its label stands."""

    name: Words
    shown: str
    top: str
    height: str
    label: str


@dataclass(frozen=True)
class Ribbon:
    """What flows from a node at the left to one at the right, as an SVG path in a square of 100."""

    path: str
    way: HeatWay
    left: Words
    right: Words
    shown: str


@dataclass(frozen=True)
class Flow:
    """How much goes from where to where."""

    left: tuple[Node, ...]
    right: tuple[Node, ...]
    ribbons: tuple[Ribbon, ...]


def flow(left: Sequence[Words], right: Sequence[Words], counts: Mapping[tuple[int, int], tuple[int, HeatWay]]) -> Flow:
    """A flow between two columns of nodes; ``counts`` by their places. Nodes that nothing touches are left out."""
    counts = {pair: found for pair, found in counts.items() if found[0] > 0}
    sides = []
    for names, side in ((left, 0), (right, 1)):
        totals = [sum(n for pair, (n, _) in counts.items() if pair[side] == at) for at in range(len(names))]
        sides.append(_Side(names, totals))
    share = min(side.share for side in sides)
    nodes = [side.placed(share) for side in sides]
    offsets: list[dict[int, Decimal]] = [dict(tops) for _, tops in nodes]
    ribbons = []
    for (at, to), (count, way) in sorted(counts.items()):
        height = count * share
        y1, y2 = offsets[0][at], offsets[1][to]
        offsets[0][at] += height
        offsets[1][to] += height
        ribbons.append(Ribbon(_ribbon(y1, y2, height), way, left[at], right[to], f"{count:,}"))
    # What stays is drawn first, so that what moves lies above it.
    ribbons.sort(key=lambda ribbon: ribbon.way != "stay")
    return Flow(tuple(nodes[0][0]), tuple(nodes[1][0]), tuple(ribbons))


class _Side:
    """The nodes of one side."""

    def __init__(self, names: Sequence[Words], totals: Sequence[int]) -> None:
        self._names = names
        self._totals = {at: total for at, total in enumerate(totals) if total}

    @property
    def share(self) -> Decimal:
        """Height of one customer, in percent."""
        room = 100 - GAP * max(0, len(self._totals) - 1)
        total = sum(self._totals.values())
        return max(room, Decimal(0)) / total if total else Decimal(0)

    def placed(self, share: Decimal) -> tuple[list[Node], dict[int, Decimal]]:
        """The nodes, and the top of each by its place."""
        tops: dict[int, Decimal] = {}
        top = Decimal(0)
        for at, total in self._totals.items():
            tops[at] = top
            top += total * share + GAP
        middles = [tops[at] + total * share / 2 for at, total in self._totals.items()]
        nodes = [
            Node(self._names[at], f"{total:,}", _length(tops[at]), _length(total * share), _length(label))
            for (at, total), label in zip(self._totals.items(), _apart(middles), strict=True)
        ]
        return nodes, tops


def _apart(middles: Sequence[Decimal]) -> Iterator[Decimal]:
    """Places for labels, as near to the middles as they can be without lying on each other."""
    half = LABEL / 2
    places: list[Decimal] = []
    for middle in middles:
        places.append(max(middle, places[-1] + LABEL if places else half))
    limit = 100 - half
    for at in reversed(range(len(places))):
        places[at] = min(places[at], limit)
        limit = places[at] - LABEL
    yield from places


def _ribbon(y1: Decimal, y2: Decimal, height: Decimal) -> str:
    a, b, c, d = (_length(each) for each in (y1, y2, y2 + height, y1 + height))
    return f"M0 {a}C50 {a} 50 {b} 100 {b}V{c}C50 {c} 50 {d} 0 {d}Z"

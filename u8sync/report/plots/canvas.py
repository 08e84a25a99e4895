"""A drawing of a fixed width in units of the page's small print, and its SVG without anything a page must not hold.

The idea: every colour is a sentinel that becomes a variable of the page's style sheet, and every text a token that
becomes the escaped words afterwards. What matplotlib writes besides shapes (ids, metadata, its fonts, comments) goes,
so that two charts of a page do not disturb each other and the same figures make the same bytes on every machine.

Why matplotlib at all, and why so little of it: it owns the geometry of curves and patches and writes them as SVG; its
axes, ticks and legends measure text with fonts that a server does not have, and are therefore not used.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

from markupsafe import Markup, escape

from u8sync.report.words import say
from u8sync.text import Message, Translate

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.patches import Patch
    from matplotlib.text import Text

__all__ = ["SERIES", "WIDTH", "Canvas", "compact", "place"]

WIDTH: Final = 420
"""Units; a phone shows a unit as 0.8 pixels, a screen as 1.1."""

SERIES: Final = ("s1", "s2", "s3", "s4", "s5", "s6")
"""Colours of series, from the top tier down; what comes after takes the last one."""

_COLOURS: Final = (
    *("ink", "soft", "line", "faint", "card", "accent", "up", "down", "wait", "stop", "now"),
    *SERIES,
)

_SENTINELS: Final = {name: f"#fe{number:02x}01" for number, name in enumerate(_COLOURS)}

_DROPPED: Final = re.compile(
    r"<!--.*?-->|<metadata>.*?</metadata>|<defs>.*?</defs>|\s(?:id|clip-path)=\"[^\"]*\"", re.DOTALL
)
_FONT: Final = re.compile(r"(font:|font-family:)[^;\"]*")
_TOKEN: Final = re.compile(r"zz(\d+)zz")
_BODY: Final = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)

_GROUPS: Final = ("figure", "axes")
"""What a drawing lies in."""

SMALL: Final = 12
"""Size of the words, units."""


class Canvas:
    """One chart in the making. The origin is the upper left corner, y grows downwards."""

    def __init__(self, height: float, translate: Translate) -> None:
        self.height = height
        self._translate = translate
        self._words: list[str] = []
        # What is drawn is kept until the end: matplotlib looks at its settings when a shape is made, too.
        self._shapes: list[Callable[[], Artist]] = []

    def box(
        self, x: float, y: float, width: float, height: float, colour: str, *, round_by: float = 2, edge: str = ""
    ) -> None:
        """A rectangle; with ``edge`` it is hollow."""
        by = min(round_by, width / 2, height / 2)

        def shape() -> Patch:
            from matplotlib.patches import FancyBboxPatch

            return FancyBboxPatch((x, y), width, height, boxstyle=f"round,pad=0,rounding_size={by:.4f}")

        self._fill(shape, "" if edge else colour, edge=edge)

    def line(
        self, points: Sequence[tuple[float, float]], colour: str, *, width: float = 1, dashed: bool = False
    ) -> None:
        """A line through points."""

        def shape() -> Artist:
            from matplotlib.lines import Line2D

            style: Any = (0, (4, 3)) if dashed else "-"
            xs, ys = [x for x, _ in points], [y for _, y in points]
            return Line2D(xs, ys, color=_SENTINELS[colour], linewidth=width, linestyle=style)

        self._shapes.append(shape)

    def area(self, points: Sequence[tuple[float, float]], colour: str) -> None:
        """A filled polygon."""

        def shape() -> Patch:
            from matplotlib.patches import Polygon

            return Polygon(points, closed=True)

        self._fill(shape, colour)

    def band(self, left: tuple[float, float], right: tuple[float, float], x: tuple[float, float], colour: str) -> None:
        """A band that flows from ``left`` (top, bottom) at ``x[0]`` to ``right`` at ``x[1]``."""
        middle = (x[0] + x[1]) / 2
        points = [
            (x[0], left[0]), (middle, left[0]), (middle, right[0]), (x[1], right[0]),
            (x[1], right[1]), (middle, right[1]), (middle, left[1]), (x[0], left[1]), (x[0], left[0]),
        ]  # fmt: skip

        def shape() -> Patch:
            from matplotlib.patches import PathPatch
            from matplotlib.path import Path

            steps = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
            return PathPatch(Path(points, steps))

        self._fill(shape, colour, alpha=0.45)

    def text(
        self,
        x: float,
        y: float,
        words: str | Message,
        *,
        colour: str = "ink",
        align: Literal["left", "center", "right"] = "left",
        bold: bool = False,
        most: int | None = None,
    ) -> None:
        """Words whose base line is at ``y``, cut after ``most`` columns: the table beside the chart has them whole."""
        said = say(words, self._translate)
        self._words.append(said if most is None else _cut(said, most))
        token = f"zz{len(self._words) - 1}zz"

        def shape() -> Artist:
            from matplotlib.text import Text

            return Text(
                x,
                y,
                token,
                horizontalalignment=align,
                verticalalignment="baseline",
                fontsize=SMALL,
                color=_SENTINELS[colour],
                fontweight="bold" if bold else "normal",
            )

        self._shapes.append(shape)

    def svg(self, title: Message, summary: Message) -> Markup:
        """The chart for a page, with what it is and what it says for those who do not see it."""
        import logging

        # The cache of fonts and the folder for it are matplotlib's own business: a run has no word to say about them.
        logging.getLogger("matplotlib").setLevel(logging.ERROR)
        import matplotlib as mpl
        from matplotlib.backends.backend_svg import RendererSVG
        from matplotlib.text import Text
        from matplotlib.transforms import Affine2D

        downwards = Affine2D().scale(1, -1).translate(0, self.height)
        out = io.StringIO()
        with mpl.rc_context():
            mpl.rcdefaults()  # whatever a matplotlibrc on this machine says
            mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "u8sync", "path.simplify": False})
            # The shapes draw themselves: making a figure and axes for them would take longer than drawing.
            renderer: Any = RendererSVG(WIDTH, self.height, out, metadata={"Date": None})  # type: ignore[no-untyped-call]
            for group in _GROUPS:
                renderer.open_group(group)
            for shape in self._shapes:
                drawn = shape()
                drawn.set_transform(downwards)
                if isinstance(drawn, Text):
                    _write(drawn, renderer)
                else:
                    drawn.draw(renderer)
            for group in _GROUPS:
                renderer.close_group(group)
            renderer.finalize()
        found = _BODY.search(out.getvalue())
        if found is None:  # pragma: no cover - matplotlib always writes one
            raise AssertionError("no drawing")
        body = _FONT.sub(_sized, _DROPPED.sub("", found.group(1)))
        for name, sentinel in _SENTINELS.items():
            body = body.replace(sentinel, f"var(--{name})")
        body = _TOKEN.sub(lambda token: str(escape(self._words[int(token.group(1))])), body)
        body = re.sub(r">\s+<", "><", body).replace("\n", " ").strip()
        head, said = escape(say(title, self._translate)), escape(say(summary, self._translate))
        return Markup(  # noqa: S704 - its words are escaped one by one, the shapes are ours
            f'<svg class="plot" viewBox="0 0 {WIDTH} {self.height:g}" role="img" aria-label="{head}. {said}">'
            f"<title>{head}</title><desc>{said}</desc>{body}</svg>"
        )

    def _fill(self, shape: Callable[[], Patch], colour: str, *, edge: str = "", alpha: float | None = None) -> None:
        def filled() -> Artist:
            patch = shape()
            patch.set_facecolor(_SENTINELS[colour] if colour else "none")
            patch.set_edgecolor(_SENTINELS[edge] if edge else "none")
            patch.set_linewidth(1.5 if edge else 0)
            patch.set_alpha(alpha)
            return patch

        self._shapes.append(filled)


def _write(text: Text, renderer: Any) -> None:  # noqa: ANN401 - matplotlib gives its own no type
    """Put words down as matplotlib does, without measuring them in a font of this machine first."""
    pen = renderer.new_gc()
    pen.set_foreground(text.get_color())
    renderer.open_group("text")
    renderer.draw_text(pen, *text.get_position(), text.get_text(), text.get_fontproperties(), 0.0, mtext=text)
    renderer.close_group("text")


def _cut(words: str, most: int) -> str:
    """The words in so many columns; a Chinese character takes two."""
    wide = [2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in words]
    if sum(wide) <= most:
        return words
    kept, room = 0, most - 1
    for columns in wide:
        room -= columns
        if room < 0:
            break
        kept += 1
    return f"{words[:kept].rstrip()}…"


def _sized(declared: re.Match[str]) -> str:
    """A font declaration without its family: the page has its own."""
    if declared.group(1) == "font-family:":
        return ""
    weight = "font-weight: 650; " if re.search(r"\b(bold|700)\b", declared.group(0)) else ""
    return f"{weight}font-size: {SMALL}px"


def compact(value: Decimal | float, *, chinese: bool) -> str:
    """A figure for the edge of a chart, three digits where they are enough; Chinese counts in ten thousands."""
    number = float(value)
    steps = ((1e8, "亿"), (1e4, "万")) if chinese else ((1e9, "bn"), (1e6, "m"), (1e3, "k"))
    size, unit = next(((size, unit) for size, unit in steps if abs(number) >= size), (1.0, ""))
    part = number / size
    return f"{part:,.0f}{unit}" if abs(part) >= 1000 else f"{float(f'{part:.3g}'):g}{unit}"  # noqa: PLR2004


def place(value: Decimal | float, most: Decimal | float, length: float) -> float:
    """How far a value reaches on a scale from 0 to ``most``."""
    return length * max(0.0, float(value)) / float(most) if most > 0 else 0.0

"""Time and memory of the contenders beside each other, as an SVG for the README."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from benchmarks.figures import Group

__all__ = ["draw"]

_OURS: Final = "#1f6feb"
_OTHERS: Final = "#9aa4b2"


def draw(group: Group, file: Path) -> None:
    """One bar a contender: median seconds and the spread, and peak memory. Both axes are logarithmic."""
    import matplotlib as mpl
    from matplotlib.figure import Figure as Drawing

    shown = [figure for figure in reversed(group.figures) if figure.seconds]
    names = [figure.name for figure in shown]
    colours = [_OURS if name == "u8sync" else _OTHERS for name in names]
    # Shapes instead of letters: the reader's machine has other fonts. The salt makes equal figures equal bytes.
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "u8sync", "font.size": 10}):
        drawing = Drawing(figsize=(9, 0.42 * len(names) + 1.1), layout="constrained", facecolor="white")
        drawing.suptitle(f"{group.size:,} customers, {group.size * 10:,} invoice lines", fontsize=11)
        time, memory = drawing.subplots(1, 2, sharey=True)
        medians = [figure.median for figure in shown]
        spread = [
            [figure.median - min(figure.seconds) for figure in shown],
            [max(figure.seconds) - figure.median for figure in shown],
        ]
        for axes, values, unit, errors in (
            (time, medians, "s", spread),
            (memory, [figure.peak for figure in shown], "MiB", None),
        ):
            bars = axes.barh(names, values, color=colours, xerr=errors, error_kw={"elinewidth": 0.8, "capsize": 2})
            axes.bar_label(bars, [f"{value:,.1f}" if unit == "s" else f"{value:,.0f}" for value in values], padding=7)
            axes.set_xscale("log")
            axes.set_xlim(min(values) / 2, max(values) * 3)
            axes.set_xlabel("median time, s (less is better)" if unit == "s" else "peak memory, MiB (less is better)")
            axes.spines[["top", "right"]].set_visible(False)
        drawing.savefig(file, format="svg", metadata={"Date": None, "Creator": None})

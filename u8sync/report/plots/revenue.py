"""Who brings the revenue: a bar for each tier, as the policy recommends it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from u8sync.report.figures import TierLine
from u8sync.report.plots.canvas import SERIES, WIDTH, Canvas, compact, place
from u8sync.report.words import tier_name
from u8sync.text import Translate, listed, msg

__all__ = ["revenue_plot"]

ROW: Final = 46


def revenue_plot(lines: Sequence[TierLine], translate: Translate, *, chinese: bool) -> Markup:
    """Bars of revenue in the window with the share beside, from the top tier down."""
    canvas = Canvas(ROW * len(lines) + 30, translate)
    most = max((line.revenue for line in lines), default=0)
    for number, line in enumerate(lines):
        top = number * ROW + 4
        colour = SERIES[min(number, len(SERIES) - 1)] if line.share is not None else "soft"
        canvas.box(0, top + 17, WIDTH, 18, "faint", round_by=3)
        if wide := place(line.revenue, most, WIDTH):
            canvas.box(0, top + 17, wide, 18, colour, round_by=3)
        canvas.text(0, top + 9, tier_name(line.tier), bold=True, most=34)
        canvas.text(WIDTH, top + 9, _figures(line, chinese=chinese), align="right", colour="soft")
    canvas.text(0, ROW * len(lines) + 24, msg("Home currency, without tax"), colour="soft")
    return canvas.svg(
        msg("Revenue by recommended tier"),
        listed(
            [
                msg("{tier} {figures}", tier=tier_name(line.tier), figures=_figures(line, chinese=chinese))
                for line in lines
            ]
        ),
    )


def _figures(line: TierLine, *, chinese: bool) -> str:
    amount = compact(line.revenue, chinese=chinese)
    return amount if line.share is None else f"{amount} · {line.share} %"

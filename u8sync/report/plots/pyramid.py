"""The ladder as a pyramid: how many customers U8 holds in each tier, and how many are recommended for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from u8sync.report.figures import TierLine
from u8sync.report.plots.canvas import SERIES, WIDTH, Canvas, place
from u8sync.report.words import tier_name
from u8sync.text import Translate, listed, msg

__all__ = ["pyramid_plot"]

ROW: Final = 46


def pyramid_plot(lines: Sequence[TierLine], translate: Translate) -> Markup:
    """Centred bars from the top tier down; the outline is what U8 holds now."""
    canvas = Canvas(ROW * len(lines) + 30, translate)
    room, middle = WIDTH - 4, WIDTH / 2
    most = max((max(line.now, line.recommended) for line in lines), default=0)
    for number, line in enumerate(lines):
        top = number * ROW + 4
        wide, held = place(line.recommended, most, room), place(line.now, most, room)
        colour = SERIES[min(number, len(SERIES) - 1)] if line.share is not None else "soft"
        if wide:
            canvas.box(middle - wide / 2, top + 17, wide, 18, colour, round_by=3)
        if held:
            canvas.box(middle - held / 2, top + 15, held, 22, "", round_by=3, edge="now")
        canvas.text(0, top + 9, tier_name(line.tier), bold=True, most=34)
        canvas.text(WIDTH, top + 9, _figures(line), align="right", colour="soft")
    bottom = ROW * len(lines) + 24
    canvas.box(0, bottom - 9, 10, 10, "s1")
    canvas.text(15, bottom, msg("Recommended"), colour="soft")
    canvas.box(140, bottom - 9, 10, 10, "", edge="now")
    canvas.text(155, bottom, msg("Now in U8"), colour="soft")
    return canvas.svg(
        msg("Customers in each tier"),
        msg(
            "Recommended, and now in U8: {what}",
            what=listed([msg("{tier} {figures}", tier=tier_name(one.tier), figures=_figures(one)) for one in lines]),
        ),
    )


def _figures(line: TierLine) -> str:
    return f"{line.now:,} → {line.recommended:,}"

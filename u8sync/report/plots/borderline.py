"""Where borderline customers lie: in each tier, those just above the lower edge and those just below the upper one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from u8sync.report.plots.canvas import WIDTH, Canvas, place
from u8sync.text import Message, Translate, listed, msg

__all__ = ["borderline_plot"]

ROW: Final = 40
LEFT: Final = 92


def borderline_plot(rows: Sequence[tuple[str | Message, int, int]], translate: Translate) -> Markup:
    """Bars to both sides of each tier.

    Args:
        rows: Tier, customers that would fall, customers that would rise; from the top of the ladder.
        translate: Puts messages into words.
    """
    canvas = Canvas(ROW * len(rows) + 30, translate)
    middle, room = LEFT + (WIDTH - LEFT) / 2, (WIDTH - LEFT) / 2 - 44
    most = max((max(fall, rise) for _, fall, rise in rows), default=0)
    for number, (name, fall, rise) in enumerate(rows):
        top = 26 + number * ROW
        canvas.text(0, top + 16, name, bold=True, most=13)
        for count, colour, way in ((fall, "down", -1), (rise, "up", 1)):
            wide = place(count, most, room)
            if wide:
                canvas.box(middle + (2 if way > 0 else -2 - wide), top, wide, 24, colour, round_by=3)
            canvas.text(
                middle + way * (wide + 8), top + 16, f"{count:,}", colour="soft", align="left" if way > 0 else "right"
            )
    canvas.line([(middle, 20), (middle, 26 + ROW * len(rows) - 8)], "line")
    canvas.text(middle - 8, 13, msg("would fall"), colour="soft", align="right")
    canvas.text(middle + 8, 13, msg("would rise"), colour="soft")
    return canvas.svg(
        msg("Where borderline customers lie"),
        listed(
            [
                msg("{tier}: {fall} would fall, {rise} would rise", tier=name, fall=f"{fall:,}", rise=f"{rise:,}")
                for name, fall, rise in rows
            ]
        ),
    )

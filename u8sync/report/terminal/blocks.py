"""The few shapes that everything on a terminal is made of: a heading, a list of facts, a table.

All of it is plain ASCII around the words, because Chinese Windows consoles (code page 936) draw lines and arrows two
cells wide and so push every column aside. Nothing depends on colour. Text that does not fit is folded, never cut:
a customer's name is evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal

from rich.box import Box
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from u8sync.report.words import say
from u8sync.text import Message, Translate, msg

__all__ = ["Cell", "Column", "Writer", "rest_line"]

Cell = str | Message | None
"""What stands in a table; null is shown as ``-``."""

Column = tuple[Message, Literal["left", "right"]]
"""Title and alignment."""

_UNDERLINED: Final = Box("    \n    \n -  \n    \n    \n    \n    \n    \n", ascii=True)


class Writer:
    """Makes the shapes, in one language."""

    def __init__(self, translate: Translate) -> None:
        self._translate = translate

    def say(self, words: Cell) -> str:
        """Words as one harmless line."""
        return say(words, self._translate)

    def title(self, words: Cell) -> Text:
        """The first line of a view."""
        return Text(self.say(words), style="bold")

    def heading(self, words: Cell) -> Padding:
        """The first line of a section."""
        return Padding(Text(self.say(words), style="bold"), (1, 0, 0, 0), expand=False)

    def line(self, words: Cell, *, above: int = 0, indent: int = 0) -> Padding:
        """A paragraph, with so many empty lines above and blanks before it."""
        return Padding(Text(self.say(words), overflow="fold"), (above, 0, 0, indent), expand=False)

    def verbatim(self, text: str) -> Text:
        """Lines that somebody copies, a signed text say: never folded, never cut."""
        return Text(text.rstrip("\n"), no_wrap=True, overflow="ignore")

    def facts(self, rows: Iterable[tuple[Message, Cell]]) -> Table:
        """Names with their values, one a line."""
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for name, value in rows:
            grid.add_row(Text(self.say(name)), Text(self.say(value)))
        return grid

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[Cell]], *, first: int = 0) -> RenderableType:
        """A table; what does not fit is folded, numbers too: one that is cut would be another number.

        ``first``: least width of the first column, for names that somebody copies.
        """
        table = Table(box=_UNDERLINED, show_edge=False, pad_edge=False, header_style="none")
        for at, (title, side) in enumerate(columns):
            least = first if at == 0 else None
            table.add_column(Text(self.say(title)), justify=side, overflow="fold", min_width=least)
        for row in rows:
            table.add_row(*(Text(self.say(cell)) for cell in row))
        return table


def rest_line(count: int, limit: int | None, write: Writer) -> Iterator[RenderableType]:
    """How many lines of a table of ``count`` are not shown; nothing when all are."""
    if limit is not None and count > limit:
        yield write.line(
            msg("... and {count} more; 'u8sync plan --all' shows all of them.", count=f"{count - limit:,}")
        )

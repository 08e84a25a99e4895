"""How far a long step has come: a bar for a person who watches, nothing for a log file."""

from __future__ import annotations

from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from u8sync.text import Message, Translate

__all__ = ["NoProgress", "RichProgress"]

BAR_CELLS: Final = 30
REFRESH_S: Final = 0.1
"""Drawn at most this often, so that a step of a million units costs no million drawings."""


class NoProgress:
    """Shows nothing."""

    def start(self, step: Message, total: int | None) -> None:
        """Nothing."""

    def advance(self, units: int) -> None:
        """Nothing."""

    def finish(self) -> None:
        """Nothing."""


class RichProgress:
    """A bar for each step while it runs, on an interactive terminal; nothing anywhere else.

    A bar that cannot be drawn (the terminal was closed, a character that it lacks) must not end a run that is writing
    to U8, so such failures are ignored; and it is drawn where the work is done, not by a thread whose failures nobody
    can catch. As a context manager it takes the bar away whatever happens inside.

    Args:
        console: Where to draw; standard error, so that standard output holds results only.
        translate: The language.
    """

    def __init__(self, console: Console, translate: Translate) -> None:
        self._console = console
        self._translate = translate
        self._drawn: tuple[Progress, TaskID] | None = None
        self._next_s = 0.0

    def start(self, step: Message, total: int | None) -> None:
        """Draw a bar; one that is still there is taken away first."""
        self.finish()
        if not self._console.is_interactive:
            return
        with suppress(OSError, ValueError):
            bars = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(BAR_CELLS),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=self._console,
                auto_refresh=False,
                transient=True,
            )
            self._drawn = bars, bars.add_task(self._translate(step), total=total)
            self._next_s = bars.get_time() + REFRESH_S
            bars.start()

    def advance(self, units: int) -> None:
        """Lengthen the bar."""
        if self._drawn is not None:
            bars, task = self._drawn
            bars.advance(task, units)
            if bars.get_time() >= self._next_s:
                self._next_s = bars.get_time() + REFRESH_S
                with suppress(OSError, ValueError):
                    bars.refresh()

    def finish(self) -> None:
        """Take the bar away."""
        if self._drawn is not None:
            bars, self._drawn = self._drawn[0], None
            with suppress(OSError, ValueError):
                bars.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.finish()

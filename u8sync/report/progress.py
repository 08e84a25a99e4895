"""How far a long step has come: one line for a person who watches, nothing for a log file.

Of a step whose size is known: a bar, how much of it is done, how fast it goes and how long it will take. Of one whose
size is not: a sign that turns, with what has gone by. All is ASCII around the words, as in ``terminal/blocks.py``,
and what does not fit the window is left out, the least wanted first: a line that breaks cannot be taken back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.progress import Progress, ProgressColumn, Task, TaskID
from rich.text import Text

from u8sync.text import Message, Translate, msg

__all__ = ["RichProgress", "Seen", "progress_line"]

BAR_CELLS: Final = 24
REFRESH_S: Final = 0.1
"""Drawn at most this often, so that a step of a million units costs no million drawings."""

SETTLED_S: Final = 1.0
"""A rate is told from then on; before, it says more about the start than about the step."""

LONGEST_S: Final = 99 * 3600
"""No longer time left is told: it would be a guess about next week."""

_TURNING: Final = "|/-\\"


@dataclass(frozen=True)
class Seen:
    """What is seen of a step at one moment.

    Attributes:
        name: The step, in the user's language.
        done: Units done.
        total: Units in all; null: nobody knows.
        elapsed_s: Since it began, seconds.
    """

    name: str
    done: int
    total: int | None
    elapsed_s: float

    @property
    def per_second(self) -> float | None:
        """Units a second, on average; null while too little was seen."""
        return self.done / self.elapsed_s if self.elapsed_s >= SETTLED_S and self.done > 0 else None

    @property
    def left_s(self) -> float | None:
        """Seconds that it will still take at this rate; null: not known, or beyond all guessing."""
        if self.per_second is None or self.total is None or self.done >= self.total:
            return None
        left = (self.total - self.done) / self.per_second
        return left if left <= LONGEST_S else None


def progress_line(seen: Seen, width: int, translate: Translate) -> str:
    """The line, of at most ``width`` cells."""
    rate, left = seen.per_second, seen.left_s
    if seen.total:
        share = min(seen.done / seen.total, 1.0)
        full = int(share * BAR_CELLS)
        sign = f"[{'#' * full}{'.' * (BAR_CELLS - full)}]"
        count = f"{seen.done:,}/{seen.total:,} {share:4.0%}"
    else:
        sign = _TURNING[int(seen.elapsed_s / REFRESH_S) % len(_TURNING)]
        count = f"{seen.done:,}" if seen.done else ""
    parts = {
        "name": seen.name,
        "sign": sign,
        "count": count,
        "rate": "" if rate is None else f"{rate:,.0f}/s" if rate >= 1 else f"{60 * rate:,.0f}/min",
        "elapsed": _clock(seen.elapsed_s),
        "left": "" if left is None else translate(msg("{time} left", time=_clock(left))),
    }
    for unwanted in (None, "rate", "elapsed", "left", "sign", "name"):
        parts.pop(unwanted or "", None)
        line = " ".join(part for part in parts.values() if part)
        if cell_len(line) <= width:
            return line
    return set_cell_size(line, width)


def _clock(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{second:02}"


class _Line(ProgressColumn):
    """The whole line as rich's only column."""

    def __init__(self, console: Console, translate: Translate) -> None:
        super().__init__()
        self._console, self._translate = console, translate

    def render(self, task: Task) -> Text:
        seen = Seen(
            task.description, int(task.completed), None if task.total is None else int(task.total), task.elapsed or 0.0
        )
        # One cell stays free: some windows begin a new line when the last one is filled.
        return Text(progress_line(seen, self._console.width - 1, self._translate), no_wrap=True)


class RichProgress:
    """A line for each step while it runs, on an interactive terminal; nothing anywhere else.

    A line that cannot be drawn (the terminal was closed, a character that it lacks) must not end a run that is writing
    to U8, so such failures are ignored; and it is drawn where the work is done, not by a thread whose failures nobody
    can catch. As a context manager it takes the line away whatever happens inside.

    Args:
        console: Where to draw; standard error, so that standard output holds results only.
        translate: The language.
        seconds: The time, seconds from anywhere.
    """

    def __init__(
        self, console: Console, translate: Translate, *, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = console
        self._translate = translate
        self._seconds = seconds
        self._drawn: tuple[Progress, TaskID] | None = None
        self._next_s = 0.0

    def start(self, step: Message, total: int | None) -> None:
        """Draw a line; one that is still there is taken away first."""
        self.finish()
        if not self._console.is_interactive:
            return
        with suppress(OSError, ValueError):
            lines = Progress(
                _Line(self._console, self._translate),
                console=self._console,
                auto_refresh=False,
                transient=True,
                get_time=self._seconds,
            )
            self._drawn = lines, lines.add_task(self._translate(step), total=total)
            self._next_s = self._seconds() + REFRESH_S
            lines.start()

    def advance(self, units: int) -> None:
        """So many units more are done."""
        if self._drawn is not None:
            lines, task = self._drawn
            lines.advance(task, units)
            if self._seconds() >= self._next_s:
                self._next_s = self._seconds() + REFRESH_S
                with suppress(OSError, ValueError):
                    lines.refresh()

    def finish(self) -> None:
        """Take the line away."""
        if self._drawn is not None:
            lines, self._drawn = self._drawn[0], None
            with suppress(OSError, ValueError):
                lines.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.finish()

"""How long each step of a run takes: every step of the road, so that they add up to the whole.

A step is what :class:`u8sync.ports.Progress` calls one, or what a caller names with :meth:`Stopwatch.step`. One runs at
a time: the next one ends it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from u8sync.ports import Observer, Progress, StepBegan, StepEnded
from u8sync.text import Message

__all__ = ["Lap", "Stopwatch"]


@dataclass(frozen=True)
class Lap:
    """One step.

    Attributes:
        name: The step.
        began_s: When it began, seconds after the stopwatch was started.
        seconds: Its time.
        units: Units of work that were reported done.
    """

    name: Message
    began_s: float
    seconds: float
    units: int


@dataclass
class Stopwatch:
    """Progress that also takes the time.

    Attributes:
        heard: Who hears the progress besides.
        observer: Who is told of each step.
        seconds_now: Seconds that only go forwards.
        laps: The steps that are over, in order.
    """

    heard: Progress
    observer: Observer | None = None
    seconds_now: Callable[[], float] = time.perf_counter
    laps: list[Lap] = field(default_factory=list)
    _began: float = field(init=False)
    _running: tuple[Message, float] | None = None
    _units: int = 0

    def __post_init__(self) -> None:
        self._began = self.seconds_now()

    @property
    def elapsed_s(self) -> float:
        """Seconds since it was started."""
        return self.seconds_now() - self._began

    @property
    def rest_s(self) -> float:
        """Seconds that belong to no step, so far."""
        return max(0.0, self.elapsed_s - sum(lap.seconds for lap in self.laps))

    def start(self, step: Message, total: int | None) -> None:
        """A step begins that is worth a bar."""
        self._begin(step, total)
        self.heard.start(step, total)

    def step(self, step: Message) -> None:
        """A step begins in which nobody needs a bar, or where one would stand in the way of what is printed."""
        self.heard.finish()
        self._begin(step, None)

    def advance(self, units: int) -> None:
        """So many units more are done."""
        self._units += units
        self.heard.advance(units)

    def finish(self) -> None:
        """The step is over."""
        self._end()
        self.heard.finish()

    def _begin(self, step: Message, total: int | None) -> None:
        self._end()
        self._running, self._units = (step, self.seconds_now()), 0
        if self.observer is not None:
            self.observer.notice(StepBegan(step, total))

    def _end(self) -> None:
        if self._running is None:
            return
        (step, began), self._running = self._running, None
        lap = Lap(step, began - self._began, self.seconds_now() - began, self._units)
        self.laps.append(lap)
        if self.observer is not None:
            self.observer.notice(StepEnded(step, Decimal(f"{lap.seconds:.3f}"), lap.units))

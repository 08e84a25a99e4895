"""Several nights on one account set at the same moment.

What lives here is the race and who won it; what must hold afterwards is in :mod:`oracle`.
"""

from __future__ import annotations

import contextlib
import json
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from killing import Ended, Night, Nursery, Point

__all__ = ["held", "holder_of", "race"]


def holder_of(home: Path) -> int | None:
    """The process that says it writes the log; null when nobody does."""
    for file in home.glob("audit/*/.holder"):
        with contextlib.suppress(OSError, ValueError, KeyError):
            return int(json.loads(file.read_text(encoding="utf-8"))["pid"])
    return None


def race(nursery: Nursery, home: Path, words: Sequence[str], starters: int) -> tuple[Ended, list[Ended]]:
    """Start so many at once; the one that gets the log is held until all others have given up.

    Returns:
        The winner, and the others.
    """
    nights = [nursery.prepare(home, *words) for _ in range(starters)]
    for night in nights:
        night.go()
    pids = {night.pid for night in nights}
    while (pid := holder_of(home)) not in pids:
        time.sleep(0.001)
    winner = next(night for night in nights if night.pid == pid)
    winner.signal(signal.SIGSTOP)
    others = [night.wait() for night in nights if night is not winner]
    winner.go()
    return winner.wait(), others


def held(nursery: Nursery, home: Path, words: Sequence[str], point: Point) -> Night:
    """A night that stands still at ``point``; ``go`` lets it go on."""
    night = nursery.prepare(home, *words, inject=[point.signal(signal.SIGSTOP)])
    night.go()
    while not night.reached(point):
        time.sleep(0.001)
    return night

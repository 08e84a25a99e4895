"""How far a fleet has come: a table that moves for a person who watches, one line for each end where nobody does.

Threads tell their steps; everything is drawn by the one thread that hands the work out. A table that cannot be drawn
must not end a night that is writing to U8, so such failures are ignored.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Self

from rich.console import Console, RenderableType
from rich.live import Live

from u8sync.domain.fleet import FleetKind, Member, MemberResult, MemberState, state_of
from u8sync.errors import ExitCode
from u8sync.report.fleet_words import STATES, number
from u8sync.report.terminal.blocks import Cell, Writer
from u8sync.text import Message, Translate, msg

__all__ = ["FleetProgress"]

MOST_SHOWN: Final = 30
"""So many members stand in the table; a larger group shows those at work and those that did not end well."""

AROUND: Final = 3
"""Lines of a terminal that are not a member's: two of the head, and the cursor's."""


class FleetProgress:
    """Told by the scheduling core and by the members' runs; see :class:`u8sync.engine.fleet.Watch`.

    Args:
        console: Where to draw; standard error, so that standard output holds results only.
        translate: The language.
        members: The fleet.
        kind: Whether it writes.
        lines: Whether to print lines where nobody watches a terminal.
    """

    def __init__(
        self, console: Console, translate: Translate, members: Sequence[Member], kind: FleetKind, *, lines: bool
    ) -> None:
        self._console = console
        self._translate = translate
        self._members = members
        self._kind = kind
        self._lines = lines
        self._lock = threading.Lock()
        self._steps: dict[str, Message] = {}
        self._ends: dict[str, tuple[MemberState, int | None]] = {}
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_interactive else None

    def __enter__(self) -> Self:
        if self._live is not None:
            with suppress(OSError, ValueError):
                self._live.start()
        return self

    def __exit__(self, *_error: object) -> None:
        if self._live is not None:
            with suppress(OSError, ValueError):
                self._live.stop()

    def progress_of(self, member: Member) -> MemberProgress:
        """What that member's run tells its steps to."""
        return MemberProgress(self, member.name)

    def step(self, name: str, step: Message) -> None:
        """A member's run takes a step; from any thread."""
        with self._lock:
            if name not in self._ends:
                self._steps[name] = step

    def begun(self, member: Member, starts: int) -> None:
        """A member was handed out."""
        again = msg("running, begun {times} times", times=starts)
        self.step(member.name, msg("running") if starts == 1 else again)
        if self._live is None and self._lines and starts > 1:
            self._print(msg("{member}: its worker died, begun again", member=member.name))

    def ended(self, member: Member, result: object) -> None:
        """A member came to its end."""
        code = result.exit_code if isinstance(result, MemberResult) else int(ExitCode.UNEXPECTED)
        changes = result.changes if isinstance(result, MemberResult) else None
        state = state_of(self._kind, code)
        with self._lock:
            self._steps.pop(member.name, None)
            self._ends[member.name] = state, changes
            done = len(self._ends)
        if self._live is None and self._lines:
            self._print(
                msg(
                    "[{done}/{total}] {member}: {state}, changes: {changes}",
                    done=done,
                    total=len(self._members),
                    member=member.name,
                    state=STATES[state],
                    changes=number(changes) or "-",
                )
            )

    def tick(self) -> None:
        """Draw."""
        if self._live is not None:
            with suppress(OSError, ValueError):
                self._live.update(self._table(), refresh=True)

    def _print(self, line: Message) -> None:
        with suppress(OSError, ValueError):
            self._console.print(self._translate(line), markup=False, highlight=False, soft_wrap=True)

    def _table(self) -> RenderableType:
        write = Writer(self._translate)
        with self._lock:
            steps, ends = dict(self._steps), dict(self._ends)
        shown = [member.name for member in self._members]
        room = min(MOST_SHOWN, max(1, self._console.height - AROUND))
        if len(shown) > room:
            # Those at work last: they are what is left when there is no room for all.
            unwell = [name for name in shown if name in ends and ends[name][0] != "done"]
            shown = [*unwell, *(name for name in shown if name in steps)]
        title = msg("{done} of {total} account sets", done=f"{len(ends):,}", total=f"{len(self._members):,}")
        return write.table(
            [(title, "left"), (msg("State"), "left"), (msg("Changes"), "right")],
            (_line(name, steps, ends) for name in shown[-room:]),
        )


class MemberProgress:
    """One member's steps; how far each is stays untold, for many run at a time."""

    def __init__(self, board: FleetProgress, name: str) -> None:
        self._board = board
        self._name = name

    def start(self, step: Message, total: int | None) -> None:  # noqa: ARG002 - the seam's words
        """A step begins."""
        self._board.step(self._name, step)

    def advance(self, units: int) -> None:
        """Nothing."""

    def finish(self) -> None:
        """Nothing."""


def _line(
    name: str, steps: dict[str, Message], ends: dict[str, tuple[MemberState, int | None]]
) -> tuple[Cell, Cell, Cell]:
    if name in ends:
        state, changes = ends[name]
        return name, STATES[state], number(changes)
    return name, steps.get(name, msg("waits")), None

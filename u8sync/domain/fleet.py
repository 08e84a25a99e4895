"""A fleet: many account sets of a group in one night, and what a night came to.

Plain values that may travel to another machine and back. Who runs when is the engine's; the idea here is the exit code
(:attr:`FleetSummary.exit_code`): a script must tell *all well* from *some not* from *none at all*.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from u8sync.domain.run_entry import RunEntry, Told
from u8sync.errors import ExitCode

__all__ = [
    "NOTHING_ELSE",
    "FleetKind",
    "FleetSummary",
    "Limits",
    "Member",
    "MemberResult",
    "MemberState",
    "Overlay",
    "state_of",
]

FleetKind = Literal["run", "plan"]

MemberState = Literal["done", "pending", "partly", "blocked", "failed", "not_run"]
"""``pending``: a plan with changes; ``partly``: ended with some changes not in U8 or with a trouble; ``blocked``: a
guard stopped it; ``not_run``: somebody asked the fleet to stop, or the cluster was lost, before it started."""

_GRAVEST: Final = (
    ExitCode.UNEXPECTED,
    ExitCode.AUDIT,
    ExitCode.UNREACHABLE,
    ExitCode.BAD_INPUT,
    ExitCode.REFUSED,
    ExitCode.TEMPORARY,
    ExitCode.STALE,
    ExitCode.LOCK_HELD,
    ExitCode.GUARD,
)
"""Which of several failures speaks for all when no member was carried out: the one furthest from mending itself."""


@dataclass(frozen=True)
class Limits:
    """How many members run at a time, at least 1 each.

    Attributes:
        workers: In all.
        per_server: On one database server.
    """

    workers: int
    per_server: int


@dataclass(frozen=True)
class Overlay:
    """What differs from the configuration file for one member; null: nothing.

    Attributes:
        account: Code of the account set.
        mapping: The mapping file.
        policy: The policy file.
        as_of: The last day that counts.
    """

    account: str | None = None
    mapping: Path | None = None
    policy: Path | None = None
    as_of: Literal["today", "last_month_end"] | date | None = None


NOTHING_ELSE: Final = Overlay()
"""The configuration as it is."""


@dataclass(frozen=True)
class Member:
    """One account set of a fleet.

    Attributes:
        name: As people call it; no two of a fleet are alike.
        config: The configuration file, absolute.
        overlay: What differs from it.
        server: The database server, for the limit; equal means the same one. Of a configuration that cannot be read it
            is the file's own name.
        digest: SHA-256 of the configuration when the fleet was put together, hex; null: it could not be read.
        ended: How it ended before it could run: it stands for the account sets of a server that could not be asked for
            them; null: it is to run.
    """

    name: str
    config: Path
    overlay: Overlay
    server: str
    digest: str | None
    ended: MemberResult | None = None


@dataclass(frozen=True)
class MemberResult:
    """What became of one member.

    Attributes:
        name: The member.
        exit_code: As ``u8sync run`` and ``u8sync plan`` end; null: it was not run.
        entry: Of its run in the history; null: it came to none, or was only planned.
        folder: The folder of its run, as the machine that ran it names it; null: as above.
        account_set: Code of the account set; null: it was not reached.
        account_set_name: As U8 shows it; null: as above.
        changes: Planned changes; null: it did not come to a plan.
        waiting: Changes that wait for a person's approval; null: as above.
        guards: Guards that stopped it.
        error: Why it ended early; null: it did not.
        hint: What to do about it; null: nothing is known.
        host: The machine that ran it; null: it was not run, or did not say.
        starts: How often it was begun: more than once when a worker died under it.
        took: From the start that ended it to its end; null: it was not run, or did not say.
    """

    name: str
    exit_code: int | None
    entry: RunEntry | None = None
    folder: str | None = None
    account_set: str | None = None
    account_set_name: str | None = None
    changes: int | None = None
    waiting: int | None = None
    guards: tuple[str, ...] = ()
    error: Told | None = None
    hint: Told | None = None
    host: str | None = None
    starts: int = 1
    took: timedelta | None = None

    @property
    def in_place(self) -> int | None:
        """Changes that U8 now holds; null: it did not come to a run."""
        return None if self.entry is None else self.entry.in_place

    @property
    def carried_out(self) -> bool:
        """Whether it came to its end, whatever single rows became."""
        return self.exit_code in (ExitCode.DONE, ExitCode.PENDING)


@dataclass(frozen=True)
class FleetSummary:
    """A night of a fleet.

    Attributes:
        fleet_id: Its name, made as the name of a run.
        kind: Whether it wrote.
        started_at: Aware UTC.
        ended_at: Aware UTC; null while it runs.
        host: The machine that handed out the work.
        user: Operating-system user there.
        file: The fleet file.
        digest: SHA-256 of it, as it was read once, at the start, hex.
        scheduler: Address of the Dask scheduler; null: threads of this machine.
        results: One for each member that ended, in the order of the fleet.
        members: How many there are.
        stopped: Whether somebody asked it to stop.
        files: What lies beside it: ``report`` -> ``fleet.html``.
    """

    fleet_id: str
    kind: FleetKind
    started_at: datetime
    ended_at: datetime | None
    host: str
    user: str
    file: str
    digest: str
    scheduler: str | None
    results: tuple[MemberResult, ...]
    members: int
    stopped: bool = False
    files: Mapping[str, str] = field(default_factory=dict)

    def state_of(self, result: MemberResult) -> MemberState:
        """A member's end in one word."""
        return state_of(self.kind, result.exit_code)

    @property
    def counts(self) -> Mapping[MemberState, int]:
        """How many members ended how; ways in which none did are left out."""
        return Counter(self.state_of(result) for result in self.results)

    @property
    def exit_code(self) -> ExitCode:
        """Of the whole.

        0: every member ended with 0. 75: not every member was run, since somebody asked to stop or the cluster was
        lost. 2: some members were carried out, and not everything is well. Else none was carried out: the code that all
        share, or the gravest.
        """
        codes = [result.exit_code for result in self.results]
        if None in codes:
            return ExitCode.TEMPORARY
        if all(code == ExitCode.DONE for code in codes):
            return ExitCode.DONE
        if any(result.carried_out for result in self.results):
            return ExitCode.PENDING
        return next((code for code in _GRAVEST if code in codes), ExitCode.UNEXPECTED)

    @property
    def duration(self) -> timedelta | None:
        """From start to end; null while it runs."""
        return None if self.ended_at is None else self.ended_at - self.started_at


def state_of(kind: FleetKind, exit_code: int | None) -> MemberState:
    """How a member ended, in one word, from its exit code; null: it was not run."""
    match exit_code:
        case None:
            return "not_run"
        case ExitCode.DONE:
            return "done"
        case ExitCode.PENDING:
            return "pending" if kind == "plan" else "partly"
        case ExitCode.GUARD:
            return "blocked"
        case _:
            return "failed"

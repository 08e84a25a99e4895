"""A whole night of a fleet: every member once, one summary, whatever becomes of them.

The command line calls it; what a member's run is stands in ``member_runs.py``, who runs when in ``engine/fleet.py``.
The idea: the fleet file and every configuration are read once, at the start, by their digests, and the summary says
how every single member ended, also the one that nothing was heard of any more.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

from u8sync import __version__
from u8sync.bootstrap import SystemClock, new_run_id, user_name
from u8sync.bootstrap.cluster import on_dask
from u8sync.bootstrap.member_runs import MemberOrder
from u8sync.bootstrap.membership import same_account_set
from u8sync.bootstrap.nights import told
from u8sync.bootstrap.notifying import tell_fleet
from u8sync.bootstrap.spreading import Crew, LostTouchError, on_threads
from u8sync.config.fleet_file import FleetFile
from u8sync.config.settings import load_settings
from u8sync.domain.fleet import FleetKind, FleetSummary, Member, MemberResult
from u8sync.engine.fleet import Finished, Watch, run_fleet
from u8sync.errors import ExitCode, U8SyncError
from u8sync.history.fleets import prune_fleets, summary_folder, write_summary
from u8sync.ports import Clock, Progress
from u8sync.report.fleet_page import render_fleet
from u8sync.report.language import Language, translator
from u8sync.report.pages import save_page
from u8sync.text import Message, msg

__all__ = ["FleetNight", "run_fleet_night"]

R = TypeVar("R")

REPORT: Final = "fleet.html"


@dataclass(frozen=True)
class FleetNight:
    """What is asked of a fleet.

    Attributes:
        file: The fleet file, as it was read.
        members: Those that are to run.
        kind: Whether to write.
        command: The command as typed, for the audit logs.
        language: Of the reports.
        scheduler: Address of a Dask scheduler; null: threads of this process.
        allow: Guards that a person lets pass.
        reason: Why, in that person's words; null: not said.
    """

    file: FleetFile
    members: tuple[Member, ...]
    kind: FleetKind
    command: str
    language: Language
    scheduler: str | None = None
    allow: frozenset[str] = frozenset()
    reason: str | None = None


def run_fleet_night(
    night: FleetNight,
    *,
    clock: Clock | None = None,
    watch: Watch,
    progress_of: Callable[[Member], Progress],
    asked_to_stop: Callable[[], bool],
    note: Callable[[Message], None],
) -> tuple[FleetSummary, Path | None]:
    """Run the fleet; gives the summary, and the folder where it lies (null: a plan leaves none).

    Raises:
        InputError: Two members are the same account set.
        U8SyncError: The cluster cannot be used. Nothing was written then.
    """
    clock = clock or SystemClock()
    began = clock.now()
    summary = FleetSummary(
        fleet_id=new_run_id(clock),
        kind=night.kind,
        started_at=began,
        ended_at=None,
        host=socket.gethostname(),
        user=user_name(),
        file=str(night.file.path.absolute()),
        digest=night.file.digest,
        scheduler=night.scheduler,
        results=(),
        members=len(night.members),
    )
    with _crew(night, summary.fleet_id, progress_of, asked_to_stop) as crew:
        if night.kind == "run":
            _refuse_twins(night, crew, summary.fleet_id, asked_to_stop)
            _try(lambda: write_summary(night.file.runs_folder, summary), note)
        finished = _all(night, crew, crew.run, fleet_id=summary.fleet_id, asked_to_stop=asked_to_stop, watch=watch)
        starts, gone = crew.starts(), crew.gone()
    results = tuple(_result(one, starts, gone) for one in finished)
    summary = replace(summary, ended_at=clock.now(), results=results, stopped=asked_to_stop())
    return (summary, None) if night.kind == "plan" else _kept(summary, night, clock, note)


def _crew(
    night: FleetNight, fleet_id: str, progress_of: Callable[[Member], Progress], asked_to_stop: Callable[[], bool]
) -> AbstractContextManager[Crew]:
    workers = min(night.file.limits.workers, len(night.members))
    if night.scheduler is not None:
        return on_dask(night.scheduler, fleet_id, workers)
    return on_threads(workers, progress_of, asked_to_stop)


def _all(
    night: FleetNight,
    crew: Crew,
    hand_out: Callable[[MemberOrder], Future[R]],
    *,
    fleet_id: str,
    asked_to_stop: Callable[[], bool],
    watch: Watch,
) -> tuple[Finished[R], ...]:
    """Every member through the crew, within the limits of the file."""

    def submit(member: Member) -> Future[R]:
        return hand_out(
            MemberOrder(
                member,
                night.kind,
                fleet_id,
                night.command,
                night.language,
                __version__,
                allow=night.allow,
                reason=night.reason,
                tell_people=night.file.notify is None,
            )
        )

    return run_fleet(
        night.members,
        submit,
        limits=night.file.limits,
        capacity=crew.capacity,
        tries=crew.tries,
        lost=crew.lost,
        asked_to_stop=lambda: asked_to_stop() or crew.gone() is not None,
        watch=watch,
    )


def _refuse_twins(night: FleetNight, crew: Crew, fleet_id: str, asked_to_stop: Callable[[], bool]) -> None:
    """Ask every account set for its identity, and refuse the fleet when two members are the same.

    Configurations cannot tell: two names of one server, two paths to one file.
    """
    seen: dict[str, str] = {}
    for one in _all(night, crew, crew.identify, fleet_id=fleet_id, asked_to_stop=asked_to_stop, watch=_Nobody()):
        if one.result is not None and seen.setdefault(one.result, one.member.name) != one.member.name:
            raise same_account_set(seen[one.result], one.member.name)


class _Nobody:
    """Nobody watches."""

    def begun(self, member: Member, starts: int) -> None:
        """Nothing."""

    def ended(self, member: Member, result: object) -> None:
        """Nothing."""

    def tick(self) -> None:
        """Nothing."""


def _result(one: Finished[MemberResult], starts: Mapping[str, int], gone: Message | None) -> MemberResult:
    """What became of a member, also of one whose run said nothing; ``gone``: why nobody was left to run it."""
    name = one.member.name
    times = max(one.starts, starts.get(name, 0))
    if one.result is not None:
        return replace(one.result, starts=times)
    if one.error is None:
        what = msg("not run: somebody asked to stop") if gone is None else msg("not run: {why}", why=gone)
        return MemberResult(name, None, starts=0, error=told(what), hint=told(_AGAIN))
    if isinstance(one.error, LostTouchError):
        return MemberResult(
            name,
            int(ExitCode.TEMPORARY),
            starts=times,
            error=told(msg("how it ended is not known: {why}", why=one.error.why)),
            hint=told(
                msg(
                    "It may have ended well, or be at work yet: its own history and audit log tell. {again}",
                    again=_AGAIN,
                )
            ),
        )
    why = msg("{kind}: {what}", kind=type(one.error).__name__, what=str(one.error))
    return MemberResult(
        name,
        int(ExitCode.UNEXPECTED),
        starts=times,
        error=told(msg("its worker was lost, or failed in a way that nobody foresaw: {why}", why=why)),
        hint=told(_AGAIN),
    )


_AGAIN: Final = msg("Run it again: what was sent and not recorded is settled first.")


def _kept(
    summary: FleetSummary, night: FleetNight, clock: Clock, note: Callable[[Message], None]
) -> tuple[FleetSummary, Path]:
    """The summary as it is kept, with its page; what goes wrong with that is told and changes no exit code."""
    folder = summary_folder(night.file.runs_folder, summary.fleet_id)

    def write_page() -> None:
        folder.mkdir(parents=True, exist_ok=True)
        save_page(folder / REPORT, render_fleet(summary, folder, translator(night.language), night.language))

    if _try(write_page, note):
        summary = replace(summary, files={"report": REPORT})
    _try(lambda: write_summary(night.file.runs_folder, summary), note)
    _tell_people(summary, night, note)
    _try(lambda: prune_fleets(night.file.runs_folder, night.file.runs_days, clock.now()), note)
    return summary, folder


def _tell_people(summary: FleetSummary, night: FleetNight, note: Callable[[Message], None]) -> None:
    """One message for all members, where the fleet file says who gets it."""
    config = night.file.notify
    if config is None:
        return

    def tell() -> None:
        for unreached in tell_fleet(load_settings(config), summary, night.file.runs_folder):
            note(unreached)

    _try(tell, note)


def _try(step: Callable[[], object], note: Callable[[Message], None]) -> bool:
    """Take a step that may fail without harm to any account set; whether it did not."""
    try:
        step()
    except U8SyncError as error:
        note(error.message)
    except OSError as error:
        path, why = str(error.filename or "?"), error.strerror or str(error)
        note(msg("The folder of the fleet cannot be written: {path}: {why}", path=path, why=why))
    else:
        return True
    return False

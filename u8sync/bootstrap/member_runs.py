"""One member of a fleet on whatever machine it is handed to: orders that travel there, and results that travel back.

What lives here are functions at the top of a module, with arguments and answers that can be pickled. What does not:
who runs when. The idea: a worker trusts nothing that came with the order but its words; it reads the files itself and
refuses, before anything is written, when its u8sync or its configuration is another one.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from u8sync import __version__
from u8sync.bootstrap import SystemClock, load, open_account_set
from u8sync.bootstrap.nights import Order, run_night, told
from u8sync.bootstrap.planning import code_of, plan_only
from u8sync.config.fleet_file import overlaid
from u8sync.config.settings import load_settings
from u8sync.domain.fleet import FleetKind, Member, MemberResult
from u8sync.errors import ConfigError, ExitCode, InputError, RefusedError, U8SyncError
from u8sync.ports import Progress
from u8sync.report.language import Language
from u8sync.report.no_progress import NoProgress
from u8sync.text import Message, listed, msg

__all__ = ["MemberOrder", "failed", "identify", "run_member"]

MOST_PROBLEMS: Final = 3
"""So many problems of a file stand in a member's result; the command that runs it alone shows all."""


@dataclass(frozen=True)
class MemberOrder:
    """What is asked for one member.

    Attributes:
        member: The member.
        kind: Whether to write.
        fleet_id: Of which night.
        command: The command as typed, for the audit log.
        language: Of the member's report.
        version: Of the u8sync that hands it out.
        allow: Guards that a person lets pass.
        reason: Why, in that person's words; null: not said.
        tell_people: Whether the member's run tells its own people.
    """

    member: Member
    kind: FleetKind
    fleet_id: str
    command: str
    language: Language
    version: str
    allow: frozenset[str] = frozenset()
    reason: str | None = None
    tell_people: bool = True


def _nobody() -> bool:
    return False


def run_member(
    order: MemberOrder, progress: Progress | None = None, asked_to_stop: Callable[[], bool] = _nobody
) -> MemberResult:
    """Run or plan one member; what ends it early is part of the answer. Raises what nobody foresaw."""
    began = time.perf_counter()
    progress = progress or NoProgress()
    try:
        _refuse_others(order)
        if order.member.ended is not None:
            return order.member.ended
        result = _plan(order, progress) if order.kind == "plan" else _run(order, progress, asked_to_stop)
    except U8SyncError as error:
        result = failed(order.member, error)
    finally:
        progress.finish()
    took = timedelta(seconds=round(time.perf_counter() - began, 3))
    return replace(result, host=socket.gethostname(), took=took)


def identify(order: MemberOrder) -> str | None:
    """Which account set it is, told by U8 itself; null: it cannot be reached, which its run will tell. Only reads."""
    if order.member.ended is not None:
        return None
    try:
        _refuse_others(order)
        settings = overlaid(load_settings(order.member.config), order.member.overlay)
        with open_account_set(settings, order.member.config.parent, tries=1) as backend:
            return backend.account_set().key
    except U8SyncError:
        return None


def failed(member: Member, error: U8SyncError) -> MemberResult:
    """The result of a member that came to no entry."""
    return MemberResult(
        name=member.name,
        exit_code=int(error.exit_code),
        error=told(_whole(error)),
        hint=None if error.hint is None else told(error.hint),
    )


def _refuse_others(order: MemberOrder) -> None:
    """Refuse to work with another program or another configuration than the fleet was put together with."""
    if order.version != __version__:
        raise RefusedError(
            msg(
                "{host} has u8sync {here}, the fleet was started with {there}",
                host=socket.gethostname(),
                here=__version__,
                there=order.version,
            ),
            hint=msg("Nothing was written. Install the same version on every worker."),
        )
    member = order.member
    if member.digest is not None and load_settings(member.config).digest != member.digest:
        raise InputError(
            msg("{config} is not what it was when the fleet was put together", config=member.config),
            hint=msg(
                "It was edited since, or {host} has another one. Run the command again.", host=socket.gethostname()
            ),
        )


def _run(order: MemberOrder, progress: Progress, asked_to_stop: Callable[[], bool]) -> MemberResult:
    member = order.member
    night = Order(
        member.config,
        f"{order.command} [{order.fleet_id} {member.name}]",
        order.language,
        allow=order.allow,
        reason=order.reason,
        overlay=member.overlay,
        tell_people=order.tell_people,
    )
    done = run_night(
        night, clock=SystemClock(), progress=progress, asked_to_stop=asked_to_stop, show=lambda _files, _planned: None
    )
    entry = done.entry
    return MemberResult(
        name=member.name,
        exit_code=int(done.exit_code),
        entry=entry,
        folder=str(done.folder.absolute()),
        account_set=entry.account_set,
        account_set_name=entry.account_set_name,
        changes=entry.planned,
        waiting=entry.waiting,
        guards=tuple(guard.guard for guard in entry.stopped_by),
        error=entry.error if done.error is None else told(_whole(done.error)),
        hint=entry.hint,
    )


def _plan(order: MemberOrder, progress: Progress) -> MemberResult:
    member = order.member
    planned = plan_only(
        load(member.config, member.overlay), as_of=None, allow=order.allow, clock=SystemClock(), progress=progress
    )
    stopped = [verdict for verdict in planned.verdicts if not (verdict.ok or verdict.allowed)]
    return MemberResult(
        name=member.name,
        exit_code=int(code_of(planned)),
        account_set=planned.account_set.code,
        account_set_name=planned.account_set.name,
        changes=len(planned.plan.changes),
        guards=tuple(verdict.guard for verdict in stopped),
        error=told(listed([verdict.message for verdict in stopped])) if stopped else None,
    )


def _whole(error: U8SyncError) -> Message:
    """What is wrong, with the first problems of a file: nobody sees the lines here."""
    if not isinstance(error, ConfigError) or error.exit_code != ExitCode.BAD_INPUT:
        return error.message
    shown = [
        msg("{place}: {what}", place=str(problem.place or error.file), what=problem.message)
        for problem in error.problems[:MOST_PROBLEMS]
    ]
    return listed([error.message, *shown])

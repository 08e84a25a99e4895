"""A plan by itself: read the account set and decide, with a backend that refuses every write."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from u8sync.bootstrap import Installation, memory_of, open_backend, retry_of, rules_of
from u8sync.domain.run import Planned
from u8sync.engine.planner import make_plan
from u8sync.errors import ExitCode
from u8sync.ports import Clock, Progress
from u8sync.text import msg

__all__ = ["code_of", "plan_only"]


def plan_only(
    installation: Installation, *, as_of: date | None, allow: frozenset[str], clock: Clock, progress: Progress
) -> Planned:
    """The plan that a run would write now; ``as_of`` null: the configuration's day."""
    rules = rules_of(installation, as_of=as_of, allow=allow, clock=clock)
    retry = retry_of(installation.settings)
    progress.start(msg("Opening U8"), None)
    with open_backend(installation, writing=False, retry=retry) as backend:
        account_set, _ = retry.call(backend.account_set)
        progress.start(msg("Reading the audit log"), None)
        rules = replace(rules, memory=memory_of(installation.settings, account_set, rules.as_of))
        return make_plan(backend, rules, clock=clock, retry=retry, progress=progress)


def code_of(planned: Planned) -> ExitCode:
    """What a script is told of a plan."""
    if planned.stopped:
        return ExitCode.GUARD
    return ExitCode.PENDING if planned.plan.changes or planned.sorting.waiting else ExitCode.DONE

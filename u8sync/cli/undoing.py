"""``plan --undo``: find the run in the audit log, and plan to take it back.

The log is checked as a whole before a value is taken from it, and read beside a running night if need be; nothing is
written, neither there nor to U8.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from u8sync.cli.session import Session
from u8sync.errors import AuditError, InputError
from u8sync.text import msg

if TYPE_CHECKING:
    from u8sync.bootstrap import Installation
    from u8sync.config.settings import Settings
    from u8sync.domain.plan import Population
    from u8sync.domain.undo import PastRun, PlannedUndo
    from u8sync.ports import Record

__all__ = ["Told", "plan_to_undo", "told_of"]

NEAREST = 3
"""So many runs are named when there is none of the name that was given."""


def plan_to_undo(
    session: Session,
    installation: Installation,
    run: str,
    *,
    customers: Collection[str],
    fields: Collection[str],
    allow: Collection[str],
) -> PlannedUndo:
    """Plan to take ``run`` back: all of it, or the given customers and fields only. The backend refuses every write.

    Raises InputError when the log knows no such run or the run cannot be taken back, AuditError when the log is not
    whole.
    """
    from u8sync import bootstrap
    from u8sync.engine.undo import plan_undo

    clock = bootstrap.SystemClock()
    rules = bootstrap.rules_of(installation, as_of=None, allow=frozenset(allow), clock=clock)
    retry = bootstrap.retry_of(installation.settings)
    with bootstrap.open_backend(installation, writing=False, retry=retry) as backend:
        account_set, _ = retry.call(backend.account_set)
        past = _past_run(session, installation.settings, account_set.folder, run)
        return plan_undo(past, backend, rules, customers=customers, fields=fields, clock=clock, retry=retry)


def _past_run(session: Session, settings: Settings, name: str, run: str) -> PastRun:
    """What the log of this account set tells of the run."""
    from u8sync import bootstrap
    from u8sync.audit.reading import first_fault, iterate, verify_folder

    root = settings.audit_folder
    folder = root / name
    if not folder.is_dir():
        raise _no_run(root, name, run, known=())
    archive = settings.audit_archive
    if archive is not None and (archive / name).is_dir():
        archive /= name
    keys = bootstrap.trusted_keys(settings)
    faults = verify_folder(folder, session.progress(), archive=archive, keys=keys).faults
    if faults:
        raise first_fault(folder, faults[0])
    told = told_of(iterate(folder, "run_open", "plan", "intent", "outcome", "settle", archive=archive), run)
    if told.past is None:
        raise _no_run(root, name, run, told.runs)
    return told.past


@dataclass(frozen=True)
class Told:
    """What a log tells of one run.

    Attributes:
        past: The run; null when the log has none of that name.
        runs: The names of all runs, oldest first.
    """

    past: PastRun | None
    runs: tuple[str, ...]


def told_of(records: Iterable[Record], run: str) -> Told:
    """Find a run among the records of one log, oldest first: ``run_open``, ``plan`` and those of the changes."""
    from u8sync.audit.history import changes_of
    from u8sync.domain.undo import PastRun

    runs: list[str] = []
    target: str | None = None
    population: Population | None = None

    def of_the_run() -> Iterator[Record]:
        """Its own records, and those in which a later run settled what it had left open."""
        nonlocal target, population
        for record in records:
            if record["type"] == "run_open":
                runs.append(str(record["run_id"]))
            if record["run_id"] == run:
                target = str(record["target"])
                if record["type"] == "plan":
                    population = _population(record)
                yield record
            elif record.get("of_run") == run:
                yield record

    changes = tuple(changes_of(of_the_run()))
    return Told(None if target is None else PastRun(run, target, population, changes), tuple(runs))


def _population(record: Record) -> Population:
    from u8sync.domain.plan import Population

    customers, eligible, with_business, with_issues = (
        int(str(record[name])) for name in ("customers", "eligible", "with_business", "with_issues")
    )
    return Population(customers, eligible, with_business, with_issues)


def _no_run(root: Path, name: str, run: str, known: Collection[str]) -> InputError:
    """The error for a run that the log of this account set does not know."""
    elsewhere = [folder.name for folder in sorted(root.glob("*")) if folder.name != name and _has(folder, run)]
    if elsewhere:
        return InputError(
            msg("The run {run} was made on another account set: {key}", run=run, key=elsewhere[0]),
            hint=msg("Name the configuration of that account set with --config."),
        )
    nearest = get_close_matches(run, known, n=NEAREST, cutoff=0.0)
    return InputError(
        msg("The audit log {folder} has no run '{run}'", folder=str(root / name), run=run),
        hint=msg("The nearest: {runs}. 'u8sync audit list' names the run of every change.", runs=", ".join(nearest))
        if nearest
        else msg("It has no run at all: nothing was written to this account set with this audit folder."),
    )


def _has(folder: Path, run: str) -> bool:
    """Whether another log knows the run; one that cannot be read does not stand in the way."""
    from u8sync.audit.reading import iterate

    try:
        return folder.is_dir() and any(record["run_id"] == run for record in iterate(folder, "run_open"))
    except AuditError:
        return False

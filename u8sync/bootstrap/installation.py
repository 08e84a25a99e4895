"""From a configuration file to the parts of a run.

Nothing is decided here. Each function puts together what the floor below offers and hands it up.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from u8sync import __version__
from u8sync.audit.moved import Moved, moved_of
from u8sync.audit.reading import iterate
from u8sync.backends import BackendKind, backend_kind
from u8sync.backends.read_only import ReadOnly
from u8sync.bootstrap.machine import shown
from u8sync.config.checking import check_part, did_you_mean, raise_all
from u8sync.config.mapping_file import load_mapping, mapping_bytes
from u8sync.config.policy_file import load_policy
from u8sync.config.settings import Settings, load_settings
from u8sync.domain.mapping import CustomerMapping
from u8sync.domain.model import AccountSet, Month
from u8sync.domain.policy import Policy
from u8sync.engine.memory import TYPES as MEMORY_TYPES
from u8sync.engine.memory import Memory, remember
from u8sync.engine.planner import Rules
from u8sync.engine.retry import Retry
from u8sync.errors import AuditError, ConfigError, InputError, Problem
from u8sync.ports import Backend, Clock
from u8sync.text import msg

if TYPE_CHECKING:
    from u8sync.domain.fleet import Overlay

__all__ = [
    "Installation",
    "evidence_of",
    "kind_of",
    "last_day",
    "load",
    "memory_of",
    "moved_from",
    "open_account_set",
    "open_backend",
    "retry_of",
    "rules_of",
]


OPENING_TRIES: Final = 3
"""A server that is not there at all is told soon: each try may last as long as a login may."""


@dataclass(frozen=True)
class Installation:
    """The three files that people write, read and checked.

    Attributes:
        folder: The folder of the configuration file; relative paths start there.
        settings: ``config.yaml``.
        mapping: The mapping file that it names.
        policy: The policy file that it names.
    """

    folder: Path
    settings: Settings
    mapping: CustomerMapping
    policy: Policy


def load(config: Path, overlay: Overlay | None = None) -> Installation:
    """Read and check configuration, mapping and policy. Raises ConfigError with all problems of the first bad file.

    Args:
        config: The configuration file.
        overlay: What differs from it for one account set of a fleet; null: nothing.
    """
    settings = load_settings(config)
    if overlay is not None:
        from u8sync.config.fleet_file import overlaid

        settings = overlaid(settings, overlay)
    mapping = load_mapping(settings.mapping, shown_as=shown(settings.mapping))
    policy = load_policy(settings.policy, shown_as=shown(settings.policy))
    raise_all(settings.located.file, _unknown_tiers(settings, policy))
    if settings.notify.to:
        from u8sync.bootstrap.notifying import check_addresses

        check_addresses(settings)
    return Installation(config.parent, settings, mapping, policy)


def _unknown_tiers(settings: Settings, policy: Policy) -> list[Problem]:
    """Tiers that the configuration names for approval and the policy does not have."""
    known = [tier.name for tier in policy.tiers]
    named = settings.located.at(("approval", "tiers")) if settings.approval is not None else None
    return [
        Problem(
            settings.located.value_place(("approval", "tiers", at)),
            msg("{policy} has no tier '{tier}'", policy=shown(settings.policy), tier=tier),
            did_you_mean(str(tier), known) or msg("It has: {names}", names=", ".join(known)),
        )
        for at, tier in enumerate(named if isinstance(named, list) else ())
        if tier not in known
    ]


def last_day(settings: Settings, *, as_of: date | None, clock: Clock) -> date:
    """The last day that counts: ``as_of``, or as the configuration says when that is null."""
    today = clock.now().astimezone(ZoneInfo(settings.timezone)).date()
    if as_of is not None:
        return as_of
    match settings.as_of:
        case "today":
            return today
        case "last_month_end":
            return Month.of(today).first - timedelta(days=1)
        case date():
            return settings.as_of


def rules_of(
    installation: Installation, *, as_of: date | None, allow: frozenset[str], clock: Clock, approve: bool = False
) -> Rules:
    """What a run goes by; ``approve``: who runs it approves what a person has to approve."""
    return Rules(
        mapping=installation.mapping,
        policy=installation.policy,
        limits=installation.settings.guards,
        as_of=last_day(installation.settings, as_of=as_of, clock=clock),
        allow=allow,
        tool=__version__,
        approval=installation.settings.approval,
        approve=approve,
    )


def retry_of(settings: Settings) -> Retry:
    """When to try again."""
    retry = settings.retry
    return Retry(tries=retry.tries, budget_s=float(retry.budget_s), sleep=time.sleep)


def kind_of(settings: Settings) -> tuple[BackendKind, Any]:
    """The kind of backend that the configuration names, and its options."""
    try:
        kind = backend_kind(settings.backend)
    except InputError as error:
        problem = Problem(settings.backend_place, error.message, error.hint)
        raise ConfigError(settings.located.file, [problem]) from None
    return kind, check_part(settings.located, ("account_set",), kind.options)


@contextmanager
def open_account_set(
    settings: Settings, folder: Path, *, writing: bool = False, tries: int = OPENING_TRIES, retry: Retry | None = None
) -> Iterator[Backend]:
    """Open the way into U8; unless ``writing``, one that refuses to write. At most ``tries`` times when it is busy.

    Args:
        settings: Where it is described; mapping and policy need not be there.
        folder: The folder of the configuration file.
        writing: Whether it may write.
        tries: Most tries of the opening itself.
        retry: When to try again, shared with who uses the backend; null: by the configuration alone.
    """
    kind, options = kind_of(settings)
    retry = retry or retry_of(settings)
    backend: Backend
    opening = replace(retry, tries=min(tries, retry.tries))
    backend, _ = opening.call(kind.open, options, folder, retry)
    try:
        yield backend if writing else ReadOnly(backend)
    finally:
        backend.close()


@contextmanager
def open_backend(
    installation: Installation, *, writing: bool, tries: int = OPENING_TRIES, retry: Retry | None = None
) -> Iterator[Backend]:
    """Open the way into U8 of an installation, see :func:`open_account_set`."""
    settings, folder = installation.settings, installation.folder
    with open_account_set(settings, folder, writing=writing, tries=tries, retry=retry) as backend:
        yield backend


def memory_of(settings: Settings, account_set: AccountSet, as_of: date) -> Memory:
    """What the audit log of the account set remembers; nothing when there is none.

    A log that cannot be read stops the run, not the plan; the plan says so.
    """
    folder = settings.audit_folder / account_set.folder
    if not folder.is_dir():
        return Memory()
    try:
        moved = moved_from(settings, folder)
        found = remember(chain(moved.records(*MEMORY_TYPES), iterate(folder, *MEMORY_TYPES)), as_of)
        return replace(found, note=moved.gone)
    except AuditError as error:
        note = msg("What earlier runs left is not known, so this plan may be wrong: {why}", why=error.message)
        return Memory(note=note)


def moved_from(settings: Settings, log: Path) -> Moved:
    """What was moved away from the beginning of the log in this folder. Raises AuditError when it is something else."""
    return moved_of(log, None if settings.audit_archive is None else settings.audit_archive / log.name)


def evidence_of(installation: Installation) -> list[bytes]:
    """The bytes of configuration, mapping and policy, as they were when they were read and checked.

    Raises InputError when one was edited since.
    """
    settings = installation.settings
    config = Path(settings.located.file)
    expected: tuple[tuple[Path, str, Callable[[Path], bytes]], ...] = (
        (config, settings.digest, _bytes_of),
        (settings.mapping, installation.mapping.digest, _mapping_bytes_of),
        (settings.policy, installation.policy.digest, _bytes_of),
    )
    found = []
    for path, digest, read in expected:
        data = read(path)
        if hashlib.sha256(data).hexdigest() != digest:
            raise InputError(
                msg("{path} was edited while it was being read", path=str(path)),
                hint=msg("Nothing was written. Run the command again."),
            )
        found.append(data)
    return found


def _bytes_of(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _mapping_bytes_of(path: Path) -> bytes:
    """The bytes of the mapping and of the files that it extends; none when they cannot be read any more."""
    try:
        return mapping_bytes(path, shown(path))
    except ConfigError:
        return b""

"""The only room that knows concrete classes: from a configuration file to the parts of a run.

Nothing is decided here. Each function puts together what the floor below offers and hands it up.
"""

from __future__ import annotations

import getpass
import hashlib
import os
import platform
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from u8sync import __version__
from u8sync.anchoring.checks import examine_anchors
from u8sync.audit.health import examine_log
from u8sync.audit.moved import Moved, moved_of
from u8sync.audit.reading import iterate
from u8sync.audit.store import open_log
from u8sync.backends import BackendKind, backend_kind
from u8sync.backends.read_only import ReadOnly
from u8sync.bootstrap.checking import shown
from u8sync.bootstrap.trust import (
    anchors_of,
    checkpoints_outside,
    database_anchor,
    key_store,
    publisher,
    read_key,
    signer_of,
    stamps_beside,
    trusted_keys,
)
from u8sync.config.checking import check_part, did_you_mean, raise_all
from u8sync.config.fleet_file import overlaid
from u8sync.config.mapping_file import load_mapping, mapping_bytes
from u8sync.config.policy_file import load_policy
from u8sync.config.settings import DatabaseAnchor, Settings, load_settings
from u8sync.domain.fleet import NOTHING_ELSE, Overlay
from u8sync.domain.guards import Verdict
from u8sync.domain.mapping import CustomerMapping
from u8sync.domain.model import AccountSet, Month
from u8sync.domain.policy import Policy
from u8sync.engine import doctor
from u8sync.engine.applier import AskedToStop
from u8sync.engine.memory import TYPES as MEMORY_TYPES
from u8sync.engine.memory import Memory, remember
from u8sync.engine.nightly import Night, Unobserved
from u8sync.engine.planner import Rules
from u8sync.engine.records import Actor
from u8sync.engine.retry import Retry
from u8sync.errors import AuditError, ConfigError, InputError, Problem
from u8sync.ports import (
    AccountSetFound,
    AuditAt,
    Backend,
    Check,
    Clock,
    DatabaseFound,
    Needs,
    Observer,
    Progress,
    Reached,
)
from u8sync.text import msg

__all__ = [
    "Installation",
    "SystemClock",
    "account_sets",
    "anchors_of",
    "checkpoints_outside",
    "evidence_of",
    "examine",
    "grants",
    "key_store",
    "kind_of",
    "load",
    "moved_from",
    "new_run_id",
    "open_account_set",
    "open_backend",
    "open_night",
    "read_key",
    "retry_of",
    "rules_of",
    "shown",
    "signer_of",
    "stamps_beside",
    "trusted_keys",
    "user_name",
]


OPENING_TRIES: Final = 3
"""A server that is not there at all is told soon: each try may last as long as a login may."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)


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


def load(config: Path, overlay: Overlay = NOTHING_ELSE) -> Installation:
    """Read and check configuration, mapping and policy. Raises ConfigError with all problems of the first bad file.

    Args:
        config: The configuration file.
        overlay: What differs from it for one account set of a fleet.
    """
    settings = overlaid(load_settings(config), overlay)
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


@contextmanager
def open_night(
    installation: Installation,
    rules: Rules,
    *,
    run_id: str,
    command: str,
    clock: Clock,
    progress: Progress,
    observer: Observer | None = None,
    asked_to_stop: AskedToStop,
    allow_reason: str | None = None,
    passed: tuple[Verdict, ...] = (),
    plan_file: bytes | None = None,
) -> Iterator[Night]:
    """Open the backend for writing and the audit log of its account set, which takes the single writer's lock.

    What the run goes by is kept beside the log: configuration, mapping, policy and, if there is one, the plan file.
    """
    settings = installation.settings
    signer = signer_of(settings)
    evidence = [*evidence_of(installation), *([] if plan_file is None else [plan_file])]
    retry = retry_of(installation.settings)
    seen = observer or Unobserved()
    retry = retry.telling(seen.notice)
    progress.start(msg("Opening U8"), None)
    with open_backend(installation, writing=True, retry=retry) as backend:
        account_set, _ = retry.call(backend.account_set)
        seen.notice(Reached(account_set))
        log = open_log(
            settings.audit_folder,
            account_set,
            run_id=run_id,
            clock=clock,
            host=socket.gethostname(),
            pid=os.getpid(),
            progress=progress,
            signer=signer,
        )
        try:
            seen.notice(AuditAt(log.head()))
            kept = [log.keep(data) for data in evidence]
            moved = moved_from(settings, log.folder)
            yield Night(
                backend=backend,
                account_set=account_set,
                log=log,
                rules=rules,
                actor=Actor(
                    user=user_name(),
                    command=command,
                    python=platform.python_version(),
                    platform=platform.platform(),
                    config=settings.digest,
                ),
                run_id=run_id,
                person=settings.person,
                zone=ZoneInfo(settings.timezone),
                batch=settings.batch,
                clock=clock,
                retry=retry,
                progress=progress,
                observer=seen,
                asked_to_stop=asked_to_stop,
                publish=publisher(settings, installation.folder, log),
                plan_hours=settings.plan_hours,
                plan_file=None if plan_file is None else kept[-1],
                allow_reason=allow_reason,
                passed=passed,
                earlier=moved.records,
                unknown=moved.gone,
            )
        finally:
            log.close()


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


def new_run_id(clock: Clock) -> str:
    """A name for a run that no other has."""
    return f"{clock.now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


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


def examine(installation: Installation, clock: Clock) -> Iterator[Check]:
    """Everything that ``doctor`` looks at, in the order of the road of a run. Nothing is written."""
    settings, mapping, policy = installation.settings, installation.mapping, installation.policy
    kind, options = kind_of(settings)
    needs = _needs(installation, kind, options)
    yield Check(
        msg("Configuration"),
        "ok",
        msg(
            "{config}: {fields} fields in {mapping}, {tiers} tiers in {policy}",
            config=settings.located.file,
            fields=len(mapping.fields),
            mapping=shown(settings.mapping),
            tiers=len(policy.tiers),
            policy=shown(settings.policy),
        ),
    )
    yield doctor.check_zone(settings.timezone, clock.now().astimezone())
    yield from doctor.examine(
        kind.examine(options, installation.folder, needs) if kind.examine else iter(()),
        lambda: open_backend(installation, writing=False, tries=1),
        lambda account_set: examine_log(settings.audit_folder, account_set, clock),
        mapping=mapping,
        policy=policy,
    )
    yield from examine_anchors(anchors_of(settings, installation.folder))


def account_sets(config: Path, *, tries: int = 1) -> Sequence[AccountSetFound]:
    """The account sets that the configured login can see. Mapping and policy need not be there yet.

    ``tries``: how often to ask at most while the server is busy or does not answer.
    """
    settings = load_settings(config)
    kind, options = kind_of(settings)
    if kind.accounts is not None:
        retry = retry_of(settings)
        listed, _ = replace(retry, tries=min(tries, retry.tries)).call(kind.accounts, options, config.parent)
        return listed
    backend: Backend = kind.open(options, config.parent, retry_of(settings))
    try:
        found = backend.account_set()
    finally:
        backend.close()
    return [AccountSetFound(found.code, found.name, (DatabaseFound(found.database, None, None),))]


def grants(installation: Installation, *, reader: str, writer: str) -> str:
    """The script that gives these two logins the rights that mapping and policy need, and no more.

    Raises InputError when this way into U8 has no logins.
    """
    kind, options = kind_of(installation.settings)
    if kind.grants is None:
        raise InputError(
            msg(
                "The way into U8 named {name} knows no logins: there is nothing to grant.",
                name=installation.settings.backend,
            ),
            hint=msg("'u8sync grants' is for account sets on a database server."),
        )
    scripts = [kind.grants(options, installation.folder, _needs(installation, kind, options), reader, writer)]
    for place in installation.settings.anchors:
        if isinstance(place, DatabaseAnchor):
            anchor, anchor_options = database_anchor(installation.settings, place)
            scripts.append(anchor.grants(anchor_options))
    return "\n".join(scripts)


def _needs(installation: Installation, kind: BackendKind, options: Any) -> Needs:  # noqa: ANN401
    """What mapping and policy ask of the account set; every kind of backend has the option ``read_only``."""
    return doctor.needs_of(installation.mapping, installation.policy, kind.way, writing=not options.read_only)


def user_name() -> str:
    """The operating-system user; ``?`` where there is none, as in some containers."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "?"

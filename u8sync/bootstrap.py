"""The only room that knows concrete classes: from a configuration file to the parts of a run.

Nothing is decided here. Each function puts together what the floor below offers and hands it up.
"""

from __future__ import annotations

import getpass
import os
import platform
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from u8sync import __version__
from u8sync.audit.store import open_log
from u8sync.backends import backend_kind
from u8sync.backends.read_only import ReadOnly
from u8sync.config.checking import check_part
from u8sync.config.mapping_file import load_mapping
from u8sync.config.policy_file import load_policy
from u8sync.config.settings import Settings, load_settings
from u8sync.domain.mapping import CustomerMapping
from u8sync.domain.model import Month, Window
from u8sync.domain.policy import Policy
from u8sync.engine.nightly import Night
from u8sync.engine.planner import Rules
from u8sync.engine.records import Actor
from u8sync.engine.retry import Retry
from u8sync.errors import ConfigError, InputError, Problem
from u8sync.ports import Backend, Clock, Progress

__all__ = ["Installation", "SystemClock", "load", "open_backend", "open_night", "retry_of", "rules_of"]


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


def load(config: Path) -> Installation:
    """Read and check configuration, mapping and policy. Raises ConfigError with all problems of the first bad file."""
    settings = load_settings(config)
    mapping = load_mapping(settings.mapping, shown_as=_shown(settings.mapping))
    policy = load_policy(settings.policy, shown_as=_shown(settings.policy))
    return Installation(config.parent, settings, mapping, policy)


def _shown(path: Path) -> str:
    """The path as messages and records show it: relative to the current folder where that is shorter."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(path)


def window_of(installation: Installation, *, as_of: date | None, clock: Clock) -> Window:
    """The days that count: up to ``as_of``, or as the configuration says when that is null."""
    settings = installation.settings
    today = clock.now().astimezone(ZoneInfo(settings.timezone)).date()
    if as_of is None:
        match settings.as_of:
            case "today":
                as_of = today
            case "last_month_end":
                as_of = Month.of(today).first - timedelta(days=1)
            case date():
                as_of = settings.as_of
    return Window.ending(as_of, months=installation.policy.months)


def rules_of(installation: Installation, *, as_of: date | None, allow: frozenset[str], clock: Clock) -> Rules:
    """What a run goes by."""
    return Rules(
        mapping=installation.mapping,
        policy=installation.policy,
        limits=installation.settings.guards,
        window=window_of(installation, as_of=as_of, clock=clock),
        allow=allow,
        tool=__version__,
    )


def retry_of(installation: Installation) -> Retry:
    """When to try again."""
    retry = installation.settings.retry
    return Retry(tries=retry.tries, budget_s=float(retry.budget_s), sleep=time.sleep)


@contextmanager
def open_backend(installation: Installation, *, writing: bool) -> Iterator[Backend]:
    """Open the way into U8; unless ``writing``, one that refuses to write."""
    settings = installation.settings
    try:
        kind = backend_kind(settings.backend)
    except InputError as error:
        problem = Problem(settings.backend_place, error.message, error.hint)
        raise ConfigError(settings.located.file, [problem]) from None
    options = check_part(settings.located, ("account_set",), kind.options)
    backend: Backend = kind.open(options, installation.folder)
    try:
        yield backend if writing else ReadOnly(backend)
    finally:
        backend.close()


@contextmanager
def open_night(
    installation: Installation, rules: Rules, *, command: str, clock: Clock, progress: Progress
) -> Iterator[Night]:
    """Open the backend for writing and the audit log of its account set, which takes the single writer's lock."""
    settings = installation.settings
    now = clock.now()
    run_id = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    with open_backend(installation, writing=True) as backend:
        retry = retry_of(installation)
        account_set, _ = retry.call(backend.account_set)
        log = open_log(
            settings.audit_folder,
            account_set,
            run_id=run_id,
            clock=clock,
            host=socket.gethostname(),
            pid=os.getpid(),
            progress=progress,
        )
        try:
            yield Night(
                backend=backend,
                account_set=account_set,
                log=log,
                rules=rules,
                actor=Actor(
                    user=_user(),
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
            )
        finally:
            log.close()


def _user() -> str:
    """The operating-system user; ``?`` where there is none, as in some containers."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "?"

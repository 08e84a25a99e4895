"""The configuration file: which account set, which files, which limits.

What lives here: reading it, and finding the files that it names. What does not: its shape (``shapes.py``) and the keys
of a backend, which only the backend knows; ``bootstrap.py`` checks them with :func:`u8sync.config.checking.check_part`.
The idea: a configuration can be shown to anybody, because no secret may stand in it, only where one is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from u8sync.config.checking import examine, raise_all
from u8sync.config.located_yaml import SECRET_KEY, SECRET_TEXT, Located, Route, Value, in_file_order, parse, read_bytes
from u8sync.config.notify import Notify, notify_of
from u8sync.config.schedule import schedule_of
from u8sync.config.shapes.approval import ApprovalShape
from u8sync.config.shapes.settings import AnchorShape, KeyShape, SettingsShape
from u8sync.config.telling import Logs, Metrics, logs_of, metrics_of
from u8sync.domain.approvals import ApprovalRules
from u8sync.domain.guards import Limits
from u8sync.domain.run_schedule import RunSchedule
from u8sync.errors import ConfigError, Problem
from u8sync.text import Place, msg

__all__ = [
    "AnchorPlace",
    "AsOf",
    "DatabaseAnchor",
    "FolderAnchor",
    "KeyPlace",
    "Retry",
    "Settings",
    "TimestampAnchor",
    "load_settings",
]

AsOf = Literal["today", "last_month_end"] | date
"""Which day is the last one that counts."""


@dataclass(frozen=True)
class Retry:
    """When to try again.

    Attributes:
        tries: Most tries of one step.
        budget_s: Time for all of them, seconds.
    """

    tries: int
    budget_s: int


@dataclass(frozen=True)
class KeyPlace:
    """Where the signing key is kept; one of the two is null.

    Attributes:
        file: The file.
        keyring: Service and user of an entry of the system's keyring.
    """

    file: Path | None
    keyring: tuple[str, str] | None


@dataclass(frozen=True)
class FolderAnchor:
    """A folder that gets checkpoints.

    Attributes:
        folder: Its path.
        timeout_s: How long it may hold up a run, seconds.
    """

    folder: Path
    timeout_s: float


@dataclass(frozen=True)
class TimestampAnchor:
    """A time stamping service.

    Attributes:
        url: Its address.
        certificates: The file of the certificates to trust.
        timeout_s: How long it may hold up a run, seconds.
    """

    url: str
    certificates: Path
    timeout_s: float


@dataclass(frozen=True)
class DatabaseAnchor:
    """A table of checkpoints on a database server; its keys are checked by the backend of that name.

    Attributes:
        backend: Name of the backend.
        route: Where its keys stand in :attr:`Settings.located`.
        timeout_s: How long it may hold up a run, seconds.
    """

    backend: str
    route: Route
    timeout_s: float


AnchorPlace = FolderAnchor | TimestampAnchor | DatabaseAnchor
"""A place outside this machine that gets checkpoints."""


@dataclass(frozen=True)
class Settings:
    """A configuration that was checked when it was loaded. Paths are absolute or start at the current folder.

    Attributes:
        backend: Name of the way into U8; not yet checked against the list of backends.
        backend_place: Where that name stands.
        located: The file, for the backend's own keys: they are all that is left at ``("account_set",)``.
        mapping: The mapping file.
        policy: The policy file.
        as_of: The last day that counts.
        timezone: IANA name of the time zone in which days are counted.
        audit_folder: Folder of the audit logs.
        audit_archive: Folder that old segments of them were moved to; null: nowhere.
        audit_key: Where the key is kept that signs checkpoints; null: they are not signed.
        trusted_keys: Public keys that the check of a log trusts, one line of text each; only their form was checked.
        anchors: Places that get each checkpoint.
        batch: Customers in one transaction.
        plan_hours: How long a saved plan may be applied after it was made.
        person: Who U8 shows as the last editor.
        guards: Limits that a plan must keep.
        approval: Which changes a person has to approve; null: none.
        retry: When to try again.
        runs_folder: Folder of the history of runs.
        runs_days: How long a run's folder is kept, days.
        runs_report: Whether each run leaves its report there.
        logs: The log of each run.
        metrics: Figures of each run for monitoring.
        notify: Who is told how runs go.
        schedule: When runs start by themselves, and when they may write; null: nothing is said of that.
        runs_xlsx: Whether each run leaves its workbook there.
        digest: SHA-256 of the file's bytes, hex.
    """

    backend: str
    backend_place: Place
    located: Located
    mapping: Path
    policy: Path
    as_of: AsOf
    timezone: str
    audit_folder: Path
    audit_archive: Path | None
    audit_key: KeyPlace | None
    trusted_keys: tuple[str, ...]
    anchors: tuple[AnchorPlace, ...]
    batch: int
    plan_hours: int
    person: str
    guards: Limits
    approval: ApprovalRules | None
    retry: Retry
    runs_folder: Path
    runs_days: int
    runs_report: bool
    logs: Logs
    metrics: Metrics
    notify: Notify
    schedule: RunSchedule | None
    runs_xlsx: bool
    digest: str


def load_settings(path: Path) -> Settings:
    """Read a configuration file; the files that it names are not opened.

    Raises:
        ConfigError: With every problem of the file, in its order.
    """
    located = parse(read_bytes(path, str(path)), str(path))
    shape = examine(located, (), SettingsShape)
    secrets = list(_secrets(located))
    if isinstance(shape, list):
        told = {problem.place for problem in secrets}
        problems = [*secrets, *(problem for problem in shape if problem.place not in told)]
        raise ConfigError(located.file, in_file_order(problems))
    raise_all(located.file, secrets)
    folder = path.parent
    return Settings(
        backend=shape.account_set.backend,
        backend_place=located.value_place(("account_set", "backend")),
        located=located.without(("account_set", "backend")),
        mapping=folder / shape.mapping,
        policy=folder / shape.policy,
        as_of=shape.as_of,
        timezone=shape.timezone,
        audit_folder=folder / shape.audit.folder,
        audit_archive=None if shape.audit.archive is None else folder / shape.audit.archive,
        audit_key=None if shape.audit.key is None else _key(shape.audit.key, folder),
        trusted_keys=tuple(shape.audit.trusted_keys),
        anchors=tuple(_anchor(anchor, at, folder) for at, anchor in enumerate(shape.audit.anchors)),
        batch=shape.write.batch,
        plan_hours=shape.write.plan_hours,
        person=shape.write.person,
        guards=Limits(
            share_changed=shape.guards.share_changed,
            top_downgrades=shape.guards.top_downgrades,
            issue_share=shape.guards.issue_share,
            customers_kept=shape.guards.customers_kept,
            from_customers=shape.guards.from_customers,
            protected=frozenset(shape.guards.protected),
        ),
        approval=None if shape.approval is None else _approval(shape.approval),
        retry=Retry(shape.retry.tries, shape.retry.budget_s),
        runs_folder=folder / shape.runs.folder,
        runs_days=shape.runs.keep_days,
        runs_report=shape.runs.report,
        logs=logs_of(shape.logs, folder),
        metrics=metrics_of(shape.metrics, folder),
        notify=notify_of(shape.notify),
        schedule=None if shape.schedule is None else schedule_of(shape.schedule, shape.timezone),
        runs_xlsx=shape.runs.xlsx,
        digest=located.sha256,
    )


def _approval(shape: ApprovalShape) -> ApprovalRules:
    return ApprovalRules(
        tiers=frozenset(shape.tiers),
        steps=shape.steps,
        more_than=shape.more_than,
        days=shape.days,
        refused_days=shape.refused_days,
        four_eyes=shape.four_eyes,
    )


def _key(shape: KeyShape, folder: Path) -> KeyPlace:
    return KeyPlace(
        file=None if shape.file is None else folder / shape.file,
        keyring=None if shape.keyring is None else (shape.keyring.service, shape.keyring.user),
    )


def _anchor(shape: AnchorShape, at: int, folder: Path) -> AnchorPlace:
    """One entry of the list; exactly one of its kinds is there, the shape saw to that."""
    if shape.folder is not None:
        return FolderAnchor(folder / shape.folder, shape.timeout_s)
    if shape.timestamp is not None:
        return TimestampAnchor(shape.timestamp.url, folder / shape.timestamp.certificates, shape.timeout_s)
    return DatabaseAnchor("sqlserver", ("audit", "anchors", at, "sqlserver"), shape.timeout_s)


def _secrets(located: Located) -> Iterator[Problem]:
    """Every secret that stands in the file; where one is kept may stand there."""
    hint = msg(
        "Change a secret that stood in a file, and write only where it is kept: {{env: U8SYNC_PASSWORD}},"
        " {{file: password.txt}} or {{keyring: {{service: u8sync, user: u8sync_reader}}}}."
    )
    refused: set[Route] = set()
    for route, place in located.keys.items():
        key = str(route[-1])
        if _is_target_url(route) and not _is_reference(located.at(route)):
            refused.add(route)
            # At the value: what the shape says of it there would show it.
            yield Problem(located.value_place(route), msg("'{key}' would put a secret into this file", key=key), hint)
        elif SECRET_KEY.search(key) and not _is_reference(located.at(route)):
            refused.add(route)
            yield Problem(place, msg("'{key}' would put a secret into this file", key=key), hint)
        elif SECRET_TEXT.search(key):
            yield Problem(place, msg("this text would put a secret into this file"), hint)
    for route, place in located.values.items():
        value = located.at(route)
        if isinstance(value, str) and SECRET_TEXT.search(value) and route not in refused:
            yield Problem(place, msg("this text would put a secret into this file"), hint)


def _is_target_url(route: Route) -> bool:
    """Whether the address of somebody to be told stands there: the token is a part of it."""
    return len(route) == 4 and (route[0], route[1], route[3]) == ("notify", "to", "url")  # noqa: PLR2004


def _is_reference(value: Value) -> bool:
    """Whether the value says where a secret is kept, be it with a slip in a key; any other text may be the secret."""
    return isinstance(value, dict) and all(get_close_matches(key, ("env", "file", "keyring"), n=1) for key in value)

"""The archive as policies are tried on it: read once, whatever number of policies, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from u8sync.bootstrap import SystemClock, open_account_set, retry_of, shown, window_on
from u8sync.config.mapping_file import load_mapping
from u8sync.config.policy_file import load_policy
from u8sync.config.settings import load_settings
from u8sync.domain.decision import needed_columns
from u8sync.domain.fitting import absent_columns, tier_misfits, unseen
from u8sync.domain.mapping import CustomerMapping, read_customers
from u8sync.domain.model import AccountSet, Facts, Window
from u8sync.domain.outcome import Ground
from u8sync.domain.policy import Policy
from u8sync.errors import ConfigError
from u8sync.ports import Progress
from u8sync.text import Message, msg

__all__ = ["PolicyRead", "Surroundings", "read_for_policies"]


@dataclass(frozen=True)
class PolicyRead:
    """A policy with what the documents say in its window.

    Attributes:
        policy: The policy.
        shown_as: Name of its file in messages.
        facts: In its window; the same object for policies with equal windows.
        notes: What is worth knowing: what could not be read, tiers that the mapping cannot spell.
    """

    policy: Policy
    shown_as: str
    facts: Facts
    notes: tuple[Message, ...]


@dataclass(frozen=True)
class Surroundings:
    """What was read.

    Attributes:
        account_set: Which account set it is.
        ground: The archive.
        policies: The configured policy first, then those that were named.
    """

    account_set: AccountSet
    ground: Ground
    policies: tuple[PolicyRead, ...]


def read_for_policies(config: Path, others: Sequence[Path], *, as_of: date | None, progress: Progress) -> Surroundings:
    """Read the archive once, and the documents once for each window.

    Args:
        config: The configuration: account set, mapping and the present policy.
        others: Further policy files.
        as_of: The last day that counts; null: the configuration's.
        progress: Hears how far it has come.

    Raises:
        ConfigError: A file is bad, or names columns that the account set does not have. A tier that the mapping cannot
            spell is a note: nothing is to be written.
    """
    settings = load_settings(config)
    mapping = load_mapping(settings.mapping, shown_as=shown(settings.mapping))
    paths = [settings.policy, *others]
    policies = [load_policy(path, shown_as=shown(path)) for path in paths]
    clock = SystemClock()
    windows = [window_on(settings, policy, as_of=as_of, clock=clock) for policy in policies]
    retry = retry_of(settings)
    with open_account_set(settings, config.parent, retry=retry) as backend:
        account_set, _ = retry.call(backend.account_set)
        columns = needed_columns(mapping, backend.way)
        problems = absent_columns(mapping, columns, way=backend.way, columns=backend.columns())
        if problems:
            raise ConfigError(mapping.fields[0].place.file, problems)
        raw, _ = retry.call(backend.customers, columns, progress)
        read: dict[Window, Facts] = {}
        for window in windows:
            if window not in read:
                read[window], _ = retry.call(backend.facts, window, progress)
        canonical, _ = read_customers(raw, mapping, backend.way)
        ground = Ground(canonical, mapping, backend.way, settings.guards.protected)
        return Surroundings(
            account_set,
            ground,
            tuple(
                PolicyRead(
                    policy, shown(path), read[window], (*_notes(mapping, policy, backend.way), *read[window].notes)
                )
                for path, policy, window in zip(paths, policies, windows, strict=True)
            ),
        )


def _notes(mapping: CustomerMapping, policy: Policy, way: str) -> Iterator[Message]:
    for problem in tier_misfits(mapping, policy):
        yield msg("{place}: {what}", place=str(problem.place), what=problem.message)
    yield from unseen(mapping, policy, way=way)

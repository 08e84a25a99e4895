"""The archive as policies are tried on it: read once, whatever number of policies, and nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from u8sync.bootstrap import SystemClock, last_day, memory_of, open_account_set, retry_of, shown
from u8sync.config.mapping_file import load_mapping
from u8sync.config.policy_file import load_policy
from u8sync.config.settings import load_settings
from u8sync.domain.decision import needed_columns
from u8sync.domain.fitting import absent_columns, strange_groups, tier_misfits, unseen
from u8sync.domain.metrics import extras_for
from u8sync.domain.model import AccountSet, Extra, Facts, Window
from u8sync.domain.outcome import Ground, ground_of
from u8sync.domain.policy import Policy
from u8sync.engine.planner import read_window
from u8sync.engine.retry import Retry
from u8sync.errors import ConfigError, Problem
from u8sync.ports import Backend, Progress
from u8sync.text import Message, msg

__all__ = ["PolicyRead", "Surroundings", "read_for_policies"]


@dataclass(frozen=True)
class PolicyRead:
    """A policy with what the documents say in its window.

    Attributes:
        policy: The policy.
        shown_as: Name of its file in messages.
        facts: In its window; the same object for policies with equal windows.
        misfits: Tiers that the mapping cannot spell.
        remarks: What else is worth knowing: what could not be read, and what of the policy the mapping leaves idle.
    """

    policy: Policy
    shown_as: str
    facts: Facts
    misfits: tuple[Problem, ...]
    remarks: tuple[Message, ...]

    @property
    def notes(self) -> tuple[Message, ...]:
        """All of it in words, for who only looks."""
        misfits = (msg("{place}: {what}", place=str(one.place), what=one.message) for one in self.misfits)
        return (*misfits, *self.remarks)


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


def read_for_policies(
    config: Path, others: Sequence[Path], *, as_of: date | None, progress: Progress, instead: Path | None = None
) -> Surroundings:
    """Read the archive once, and the documents once for each window.

    Args:
        config: The configuration: account set, mapping and the present policy.
        others: Further policy files.
        instead: A policy file in place of the configuration's; null: that one.
        as_of: The last day that counts; null: the configuration's.
        progress: Hears how far it has come.

    Raises:
        ConfigError: A file is bad, or names columns that the account set does not have. A tier that the mapping cannot
            spell is a note: nothing is to be written.
    """
    settings = load_settings(config)
    mapping = load_mapping(settings.mapping, shown_as=shown(settings.mapping))
    paths = [instead or settings.policy, *others]
    policies = [load_policy(path, shown_as=shown(path)) for path in paths]
    day = last_day(settings, as_of=as_of, clock=SystemClock())
    retry = retry_of(settings)
    with open_account_set(settings, config.parent, retry=retry) as backend:
        account_set, _ = retry.call(backend.account_set)
        columns = needed_columns(mapping, backend.way)
        problems = absent_columns(mapping, columns, way=backend.way, columns=backend.columns())
        if problems:
            raise ConfigError(mapping.fields[0].place.file, problems)
        for path, policy in zip(paths, policies, strict=True):
            strange = tuple(strange_groups(mapping, policy, way=backend.way))
            if strange:
                raise ConfigError(shown(path), strange)
        raw, _ = retry.call(backend.customers, columns, progress)
        memory = memory_of(settings, account_set, day)
        ground = ground_of(raw, mapping=mapping, way=backend.way, protected=settings.guards.protected, past=memory.past)
        facts = _facts(backend, policies, day, retry, progress)
        read = (
            PolicyRead(
                policy,
                shown(path),
                found,
                misfits=tuple(tier_misfits(mapping, policy)),
                remarks=(*remarks, *unseen(mapping, policy, way=backend.way), *found.notes),
            )
            for path, policy, (found, remarks) in zip(paths, policies, facts, strict=True)
        )
        return Surroundings(account_set, ground, tuple(read))


def _facts(
    backend: Backend, policies: Sequence[Policy], day: date, retry: Retry, progress: Progress
) -> list[tuple[Facts, tuple[Message, ...]]]:
    """What the documents say in each policy's window, with remarks on the window; each window is read once."""
    windows = [read_window(backend, policy.window, day, retry) for policy in policies]
    extras: dict[Window, frozenset[Extra]] = {}
    for policy, (window, _) in zip(policies, windows, strict=True):
        extras[window] = extras.get(window, frozenset()) | extras_for(policy.metrics)
    read = {window: retry.call(backend.facts, window, progress, wanted)[0] for window, wanted in extras.items()}
    return [(read[window], remarks) for window, remarks in windows]

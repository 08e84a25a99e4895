"""``map diff``: two mapping files over the same customers."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from u8sync.bootstrap import SystemClock, last_day, memory_of, shown
from u8sync.bootstrap.archive import Asked, WholeArchive, read_whole
from u8sync.config.mapping_file import load_mapping
from u8sync.config.policy_file import load_policy
from u8sync.config.settings import Settings, load_settings
from u8sync.domain.decision import decide
from u8sync.domain.fitting import strange_groups
from u8sync.domain.mapping import CustomerMapping, read_customers
from u8sync.domain.mapping_diff import MappingDiff, Side, compare
from u8sync.domain.metrics import extras_for
from u8sync.domain.model import AccountSet
from u8sync.domain.movement import Past
from u8sync.domain.policy import Policy
from u8sync.errors import ConfigError
from u8sync.ports import Progress

__all__ = ["compare_mappings"]


def compare_mappings(
    old: Path, new: Path, *, config: Path, data: Path | None, as_of: date | None, progress: Progress
) -> tuple[MappingDiff, AccountSet]:
    """Read the customers once, and let both mappings decide over them.

    Args:
        old: The old mapping file.
        new: The new one.
        config: The configuration: account set, policy and window. It need not be there when ``data`` is given; tiers
            are then not compared.
        data: An embedded account set in place of the configured one.
        as_of: The last day that counts; null: the configuration's.
        progress: Hears how far it has come.
    """
    mappings = [load_mapping(path, shown_as=shown(path)) for path in (old, new)]
    settings = load_settings(config) if data is None or config.exists() else None
    policy = None if settings is None else load_policy(settings.policy, shown_as=shown(settings.policy))
    asked = None
    if settings is not None and policy is not None:
        day = last_day(settings, as_of=as_of, clock=SystemClock())
        asked = Asked(policy.window, day, extras_for(policy.metrics))
    archive = read_whole(config, data, mappings, asked, progress)
    past = None
    if settings is not None and policy is not None and asked is not None:
        strange = [problem for mapping in mappings for problem in strange_groups(mapping, policy, way=archive.way)]
        if strange:
            raise ConfigError(strange[0].place.file if strange[0].place else shown(settings.policy), strange)
        past = memory_of(settings, archive.account_set, asked.as_of).past
    sides = [_side(mapping, archive, policy, settings, past) for mapping in mappings]
    return compare(*sides), archive.account_set


def _side(
    mapping: CustomerMapping, archive: WholeArchive, policy: Policy | None, settings: Settings | None, past: Past | None
) -> Side:
    if archive.facts is None or policy is None:
        frame, issues = read_customers(archive.raw, mapping, archive.way)
        return Side(mapping, frame, issues, None)
    decision = decide(
        archive.raw,
        archive.facts,
        mapping=mapping,
        policy=policy,
        way=archive.way,
        writable=archive.writable,
        protected=settings.guards.protected if settings is not None else (),
        past=past,
    )
    return Side(mapping, decision.customers, decision.issues, decision.changes)

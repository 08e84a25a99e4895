"""``map init``: what a first mapping is made from. The files that the configuration names need not be there yet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from u8sync.backends.ways import ITEMS, KNOWN_FIELDS
from u8sync.bootstrap import open_account_set, retry_of, shown
from u8sync.config.policy_file import load_policy
from u8sync.config.settings import Settings
from u8sync.ports import Progress
from u8sync.report.first_mapping import Source

if TYPE_CHECKING:
    import polars as pl

__all__ = ["look", "tier_names"]


def look(settings: Settings, folder: Path, progress: Progress) -> tuple[Source, pl.DataFrame]:
    """What the account set has, and its customers with the columns that are counted: codes and self-defined items.

    Args:
        settings: The configuration.
        folder: Its folder.
        progress: Hears how far it has come.
    """
    retry = retry_of(settings)
    with open_account_set(settings, folder, retry=retry) as backend:
        source = Source(
            account_set=retry.call(backend.account_set)[0],
            way=backend.way,
            columns=backend.columns(),
            writable=retry.call(backend.writable)[0],
            glossary=retry.call(backend.glossary)[0],
            fields=KNOWN_FIELDS,
            items=ITEMS,
        )
        raw, _ = retry.call(backend.customers, source.to_count(), progress)
    return source, raw


def tier_names(settings: Settings) -> tuple[str, ...] | None:
    """The tiers of the policy file that a configuration names, lowest first; null where there is no such file yet."""
    if not settings.policy.exists():
        return None
    policy = load_policy(settings.policy, shown_as=shown(settings.policy))
    return tuple(tier.name for tier in reversed(policy.tiers))

"""The only room that knows concrete classes.

Here stand the names that everybody asks this room for; ``installation.py`` has them, and is imported when one is asked
for: a module of this room that looks at what runs left behind needs no way into U8.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from u8sync.bootstrap.installation import (
        Installation,
        SystemClock,
        account_sets,
        anchors_of,
        checkpoints_outside,
        evidence_of,
        examine,
        grants,
        key_store,
        kind_of,
        last_day,
        load,
        memory_of,
        new_run_id,
        open_account_set,
        open_backend,
        open_night,
        read_key,
        retry_of,
        rules_of,
        shown,
        signer_of,
        stamps_beside,
        trusted_keys,
        user_name,
    )

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
    "last_day",
    "load",
    "memory_of",
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


def __getattr__(name: str) -> object:
    # The other names that are asked for here are modules of this room: Python finds those by itself.
    if name in __all__:
        return getattr(import_module("u8sync.bootstrap.installation"), name)
    raise AttributeError(name)

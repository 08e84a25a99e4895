"""The only room that knows concrete classes.

Here stand the names that everybody asks this room for. Each is fetched from its module when it is asked for: who looks
at what runs left behind, or at the clock, needs no way into U8.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from u8sync.bootstrap.examining import account_sets, examine, grants
    from u8sync.bootstrap.installation import (
        Installation,
        evidence_of,
        kind_of,
        last_day,
        load,
        memory_of,
        moved_from,
        open_account_set,
        open_backend,
        retry_of,
        rules_of,
    )
    from u8sync.bootstrap.machine import SystemClock, new_run_id, shown, user_name
    from u8sync.bootstrap.opening import open_night
    from u8sync.bootstrap.trust import (
        anchors_of,
        checkpoints_outside,
        key_store,
        read_key,
        signer_of,
        stamps_beside,
        trusted_keys,
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

_HOMES: Final = {
    "examining": ("account_sets", "examine", "grants"),
    "installation": (
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
    ),
    "machine": ("SystemClock", "new_run_id", "shown", "user_name"),
    "opening": ("open_night",),
    "trust": (
        "anchors_of",
        "checkpoints_outside",
        "key_store",
        "read_key",
        "signer_of",
        "stamps_beside",
        "trusted_keys",
    ),
}
"""Module -> what it has of these names."""


def __getattr__(name: str) -> object:
    # Other names that are asked for here are modules of this room: Python finds those by itself.
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(name)

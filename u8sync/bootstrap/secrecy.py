"""The secrets that a configuration refers to, so that the log of a run can keep them out.

They are fetched here once more, from where each part fetches its own. A secret that cannot be had is no error here: the
part that needs it says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from u8sync.backends.secrets import referred
from u8sync.config.located_yaml import Located, Value

__all__ = ["secrets_in"]


def secrets_in(located: Located, folder: Path) -> frozenset[str]:
    """Every secret that a configuration file refers to. Relative paths start at ``folder``."""
    value = located.value
    if isinstance(value, dict) and isinstance(own := value.get("account_set"), dict):
        # The embedded account set names its file as if it were a secret's; it is none.
        value = {**value, "account_set": {key: item for key, item in own.items() if key != "file"}}
    return frozenset(_below(value, folder))


def _below(value: Value, folder: Path) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _below(item, folder)
    elif isinstance(value, dict):
        secret = referred(value, folder)
        if secret is not None:
            yield secret
        for item in value.values():
            yield from _below(item, folder)

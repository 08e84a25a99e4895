"""``map check``: every problem of every file that people write, at once, and how the files fit together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from u8sync.backends import usual_columns
from u8sync.bootstrap.machine import shown
from u8sync.config.cases_file import CASES_ENDINGS
from u8sync.config.file_kinds import CheckedFile, check_file
from u8sync.config.located_yaml import in_file_order
from u8sync.config.settings import Settings
from u8sync.domain.fitting import strange_columns, tier_misfits
from u8sync.domain.mapping import CustomerMapping
from u8sync.domain.policy import Policy
from u8sync.errors import InputError
from u8sync.text import msg

__all__ = ["cases_beside", "check_files"]

FOLDER: Final = Path("mappings")
"""Where the files are looked for when there is no configuration."""


def cases_beside(mapping: Path) -> Sequence[Path]:
    """The files of cases in the folder of a mapping file."""
    return sorted({path for end in CASES_ENDINGS for path in mapping.parent.glob(f"*{end}") if path.is_file()})


def check_files(paths: Sequence[Path], config: Path) -> tuple[CheckedFile, ...]:
    """Check files, a configuration with those that it names and the cases beside them, and how all of it fits together.

    Args:
        paths: The files; none: those of the configuration, or all below ``mappings`` where there is no configuration.
        config: The configuration.

    Raises:
        InputError: There is nothing to check.
    """
    checked = [check_file(path, shown(path)) for path in _given(paths, config)]
    seen = {one.path.resolve() for one in checked}
    for one in tuple(checked):
        if isinstance(one.content, Settings):
            files = (one.content.mapping, *cases_beside(one.content.mapping), one.content.policy)
            named = [path for path in files if path.resolve() not in seen]
            checked += [check_file(path, shown(path)) for path in named]
            seen |= {path.resolve() for path in named}
    return tuple(_fitted(checked))


def _given(paths: Sequence[Path], config: Path) -> Sequence[Path]:
    if paths:
        return list(dict.fromkeys(paths))
    if config.exists():
        return [config]
    found = sorted(path for ending in ("*.yaml", "*.yml") for path in FOLDER.glob(ending))
    if not found:
        raise InputError(
            msg("There is neither {config} nor a YAML file in {folder}", config=str(config), folder=str(FOLDER)),
            hint=msg("Name the files: u8sync map check FILE ..."),
        )
    return found


def _fitted(checked: Sequence[CheckedFile]) -> Iterator[CheckedFile]:
    """The files, each mapping with its strange columns, and the policy with the tiers that no mapping can write.

    Which policy goes with which mapping is only known where there is one of it.
    """
    policies = [one.content for one in checked if isinstance(one.content, Policy)]
    mappings = [one.content for one in checked if isinstance(one.content, CustomerMapping)]
    for one in checked:
        if isinstance(one.content, CustomerMapping):
            strange = strange_columns(one.content, usual_columns())
            yield replace(one, warnings=tuple(in_file_order([*one.warnings, *strange])))
        elif isinstance(one.content, Policy) and len(policies) == 1:
            misfits = [problem for mapping in mappings for problem in tier_misfits(mapping, one.content)]
            yield replace(one, problems=tuple(in_file_order([*one.problems, *misfits])))
        else:
            yield one

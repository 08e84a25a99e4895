"""Which kind of file a YAML file is, and checking it as that kind: for commands that take any of our files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel

from u8sync.config.cases_file import load_cases
from u8sync.config.fleet_file import FleetFile, load_fleet
from u8sync.config.located_yaml import Located, in_file_order, parse, read_bytes
from u8sync.config.mapping_file import mapping_of
from u8sync.config.overlays import load_chain
from u8sync.config.policy_file import load_policy
from u8sync.config.settings import Settings, load_settings
from u8sync.config.shapes.cases import CasesShape
from u8sync.config.shapes.fleet import FleetShape
from u8sync.config.shapes.mapping import MappingShape
from u8sync.config.shapes.policy import PolicyShape
from u8sync.config.shapes.settings import SettingsShape
from u8sync.config.yaml_traps import traps
from u8sync.domain.cases import CaseFile
from u8sync.domain.mapping import CustomerMapping
from u8sync.domain.policy import Policy
from u8sync.errors import ConfigError, Problem
from u8sync.text import Place, msg

__all__ = ["CheckedFile", "Content", "FileKind", "check_file"]

FileKind = Literal["mapping", "policy", "config", "cases", "fleet"]

Content = CustomerMapping | Policy | Settings | CaseFile | FleetFile
"""What a file holds when nothing is wrong with it."""

_TOP_KEYS: Final[Mapping[FileKind, frozenset[str]]] = {
    "mapping": frozenset({"fields", "tables", "extends"}),
    "policy": frozenset({"score", "tiers", "window", "exclude"}),
    "config": frozenset({"account_set", "mapping", "policy", "guards", "audit", "write", "retry", "as_of", "timezone"}),
    "cases": frozenset({"mapping", "cases", "way"}),
    "fleet": frozenset({"members", "discover", "limits"}),
}
"""Keys at the top that tell a kind from the others; a file is of the kind of which it has most."""


@dataclass(frozen=True)
class CheckedFile:
    """What was found in one file.

    Attributes:
        path: The file.
        shown_as: Its name in messages.
        kind: What it is; null when it cannot be told.
        problems: What is wrong with it, and with the files that it extends, in their order.
        warnings: What works and may be meant otherwise.
        content: What it holds; null when something is wrong with it.
    """

    path: Path
    shown_as: str
    kind: FileKind | None
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    content: Content | None


def check_file(path: Path, shown_as: str) -> CheckedFile:
    """Check a file as what it is; nothing is raised for what is wrong with it."""
    try:
        located = parse(read_bytes(path, shown_as), shown_as)
    except ConfigError as error:
        return CheckedFile(path, shown_as, None, error.problems, (), None)
    kind = _kind_of(located)
    if kind is None:
        return CheckedFile(path, shown_as, None, (_unknown(located),), (), None)
    shape = _SHAPES[kind]
    warnings = [*traps(located, shape)]
    try:
        if kind == "mapping":
            chain = load_chain(path, shown_as)
            warnings += [trap for part in chain[:-1] for trap in traps(part.located, shape)]
            content: Content = mapping_of(chain)
        else:
            content = _READERS[kind](path, shown_as)
    except ConfigError as error:
        return CheckedFile(path, shown_as, kind, error.problems, tuple(in_file_order(warnings)), None)
    return CheckedFile(path, shown_as, kind, (), tuple(in_file_order(warnings)), content)


def _kind_of(located: Located) -> FileKind | None:
    keys = frozenset(located.value) if isinstance(located.value, dict) else frozenset[str]()
    best = max(_TOP_KEYS, key=lambda kind: len(_TOP_KEYS[kind] & keys))
    return best if _TOP_KEYS[best] & keys else None


def _unknown(located: Located) -> Problem:
    return Problem(
        Place(located.file, 1, 1),
        msg("this is neither a mapping nor a policy nor a configuration"),
        msg("A mapping has the key 'fields', a policy 'score' and 'tiers', a configuration 'account_set'."),
    )


_SHAPES: Final[Mapping[FileKind, type[BaseModel]]] = {
    "mapping": MappingShape,
    "policy": PolicyShape,
    "config": SettingsShape,
    "cases": CasesShape,
    "fleet": FleetShape,
}

_READERS: Final[Mapping[FileKind, Callable[[Path, str], Content]]] = {
    "policy": load_policy,
    "config": lambda path, _shown_as: load_settings(path),
    "cases": load_cases,
    "fleet": lambda path, _shown_as: load_fleet(path),
}
"""Kind -> how it is read; a mapping is read by its chain, file by file."""

"""Mapping files that build on one another: ``extends:`` names the file below, and what this one says replaces that.

Groups of keys are laid over each other key by key; a list or a text replaces the one below as a whole; a key without a
value takes away what stands below. Every value keeps the place where it was written, so that an issue, a problem or a
report names the file that decided. A typical chain: the product's mapping, the company's, the account set's.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NoReturn

from u8sync.config.located_yaml import Located, Route, Value, parse, read_bytes
from u8sync.errors import ConfigError, Problem
from u8sync.text import Message, Place, msg

__all__ = ["EXTENDS", "MAX_FILES", "Part", "bytes_of", "digest_of", "laid_over", "load_chain"]

EXTENDS: Final = "extends"
"""The key that names the file below."""

MAX_FILES: Final = 8
"""Longest chain; the usual one has three files."""


@dataclass(frozen=True)
class Part:
    """One file of a chain.

    Attributes:
        path: Where it is.
        located: What it says.
        data: Its bytes.
    """

    path: Path
    located: Located
    data: bytes


def load_chain(path: Path, shown_as: str) -> tuple[Part, ...]:
    """Read a file and those that it builds on, the lowest first.

    Args:
        path: The file.
        shown_as: Its name in messages; the files below are named relative to it.

    Raises:
        ConfigError: A file cannot be read, is no YAML that we take, or the chain comes back to a file.
    """
    chain: list[Part] = []
    seen: dict[Path, str] = {}
    while True:
        data = read_bytes(path, shown_as)
        part = Part(path, parse(data, shown_as), data)
        chain.append(part)
        seen[path.resolve()] = shown_as
        below = _below(part)
        if below is None:
            return tuple(reversed(chain))
        path, shown_as, place = below
        if path.resolve() in seen:
            _refuse(
                part,
                place,
                msg("'extends' goes in a circle: {files}", files=" -> ".join([*seen.values(), shown_as])),
                msg("One of these files must stand on its own, without 'extends'."),
            )
        if len(chain) == MAX_FILES:
            _refuse(part, place, msg("a chain of 'extends' has at most {count} files", count=MAX_FILES))
        try:
            exists = path.is_file()
        except (OSError, ValueError):
            exists = False
        if not exists:
            _refuse(
                part,
                place,
                msg("there is no file {file}", file=shown_as),
                msg("The path begins in the folder of this file."),
            )


def _refuse(part: Part, place: Place, message: Message, hint: Message | None = None) -> NoReturn:
    raise ConfigError(part.located.file, [Problem(place, message, hint)])


def _below(part: Part) -> tuple[Path, str, Place] | None:
    """The file that a part builds on: path, name in messages, and where it is named."""
    named = part.located.at((EXTENDS,))
    if (EXTENDS,) not in part.located.keys:
        return None
    place = part.located.value_place((EXTENDS,))
    if not isinstance(named, str) or not named.strip():
        _refuse(part, place, msg("'extends' names one file, such as ../base/customer.yaml"))
    shown = posixpath.normpath(posixpath.join(posixpath.dirname(part.located.file.replace("\\", "/")), named))
    return part.path.parent / named, shown, place


def bytes_of(chain: tuple[Part, ...]) -> bytes:
    """The bytes that stand for a chain in the audit log: those of the file, or of all files, each after its name."""
    if len(chain) == 1:
        return chain[0].data
    pieces = (
        f"# u8sync: {part.located.file}, {len(part.data)} bytes, sha256 {part.located.sha256}\n".encode() + part.data
        for part in chain
    )
    return b"\n".join(pieces)


def digest_of(chain: tuple[Part, ...]) -> str:
    """SHA-256 of :func:`bytes_of`, hex."""
    return hashlib.sha256(bytes_of(chain)).hexdigest()


def laid_over(chain: tuple[Part, ...]) -> tuple[Located, list[Problem]]:
    """The chain as one file with the place of everything in it, without ``extends``; and what does not fit."""
    merged = chain[0].located
    problems: list[Problem] = []
    for part in chain[1:]:
        layers = _Layers(merged, part.located.without((EXTENDS,)))
        merged = layers.merged()
        problems += layers.problems
    return replace(merged, sha256=digest_of(chain)), problems


class _Layers:
    """One file laid over another."""

    def __init__(self, below: Located, above: Located) -> None:
        self.problems: list[Problem] = []
        self._below = below
        self._above = above
        self._keys: dict[Route, Place] = {}
        self._values: dict[Route, Place] = {}

    def merged(self) -> Located:
        """Both as one; its name is that of the file above."""
        value = self._merge(self._below.value, self._above.value, ())
        told = (*self._below.problems, *self._above.problems)
        return Located(self._above.file, value, self._keys, self._values, self._above.sha256, problems=told)

    def _merge(self, below: Value, above: Value, route: Route) -> Value:
        if not isinstance(below, dict) or not isinstance(above, dict):
            return self._take(self._above, above, route)
        self._values[route] = self._above.values[route]
        merged: dict[str, Value] = {}
        for key, inner in below.items():
            here = (*route, key)
            if key not in above:
                self._keys[here] = self._below.keys[here]
                merged[key] = self._take(self._below, inner, here)
            elif above[key] is not None:
                self._keys[here] = self._above.keys[here]
                merged[key] = self._merge(inner, above[key], here)
        for key, inner in above.items():
            here = (*route, key)
            if key in below:
                continue
            self._keys[here] = self._above.keys[here]
            if inner is None:
                self.problems.append(
                    Problem(
                        self._above.keys[here],
                        msg("'{key}' has no value here, and nothing below that it could take away", key=key),
                    )
                )
            merged[key] = self._take(self._above, inner, here)
        return merged

    def _take(self, located: Located, value: Value, route: Route) -> Value:
        """A value with the places of all that is in it, from one of the two."""
        self._values[route] = located.values[route]
        inner: Iterable[tuple[str | int, Value]] = ()
        if isinstance(value, dict):
            self._keys.update(((*route, key), located.keys[*route, key]) for key in value)
            inner = value.items()
        elif isinstance(value, list):
            inner = enumerate(value)
        for step, below in inner:
            self._take(located, below, (*route, step))
        return value

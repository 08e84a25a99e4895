"""What checks that look at several keys share: a file with its places, and the problems found so far."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from pydantic import BaseModel

from u8sync.config.checking import examine
from u8sync.config.located_yaml import Located
from u8sync.errors import Problem
from u8sync.text import Message, Place

__all__ = ["Findings"]

S = TypeVar("S", bound=BaseModel)


class Findings:
    """One file under examination; the checks add what they find and go on."""

    def __init__(self, located: Located, problems: list[Problem]) -> None:
        self.located = located
        self.problems = [*problems]

    def add(self, place: Place, message: Message, hint: Message | None = None) -> None:
        """Note a problem."""
        self.problems.append(Problem(place, message, hint))

    def key(self, *route: str | int) -> Place:
        """Where a key stands."""
        return self.located.key_place(route)

    def value(self, *route: str | int) -> Place:
        """Where a value begins."""
        return self.located.value_place(route)

    def names(self, group: str) -> tuple[str, ...]:
        """The keys of a group at the top, whether sound or not."""
        entries = self.located.at((group,))
        return tuple(entries) if isinstance(entries, dict) else ()

    def usable(self, group: str, model: type[S]) -> Iterator[tuple[str, S]]:
        """The entries of a group whose shape is right; what is wrong with the others is known already."""
        for name in self.names(group):
            shape = examine(self.located, (group, name), model)
            if not isinstance(shape, list):
                yield name, shape

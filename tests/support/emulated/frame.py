"""The parameters and variables of a batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from emulated.sqltypes import SqlType

__all__ = ["Frame"]


@dataclass
class Frame:
    """The parameters and variables of one batch, by name in lower case without ``@``; values in stored form."""

    types: dict[str, SqlType] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    shape: tuple[tuple[str, SqlType], ...] | None = None

    def declare(self, name: str, type_: SqlType, value: Any) -> None:
        """Add a variable, or change one."""
        self.types[name] = type_
        self.values[name] = value
        self.shape = None

    def key(self) -> tuple[tuple[str, SqlType], ...]:
        """What a compiled statement depends on."""
        if self.shape is None:
            self.shape = tuple(self.types.items())
        return self.shape

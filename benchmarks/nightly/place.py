"""Where an account set lies, in the words of each contender."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

__all__ = ["Place", "embedded", "place_of"]


@dataclass(frozen=True)
class Place:
    """An account set.

    Attributes:
        settings: The section ``account_set`` of u8sync's configuration.
        file: SQLite file; null when it is behind SQL Server.
        odbc: Connection string of a driver manager; null when it is a file.
    """

    settings: Mapping[str, Any]
    file: str | None = None
    odbc: str | None = None

    @property
    def url(self) -> str:
        """For SQLAlchemy."""
        if self.file is not None:
            return f"sqlite:///{self.file}"
        from sqlalchemy import URL

        return str(URL.create("mssql+pyodbc", query={"odbc_connect": self.odbc or ""}))

    def told(self) -> str:
        """As one word for another process."""
        return json.dumps(asdict(self))


def embedded(file: Path) -> Place:
    """An embedded account set."""
    return Place({"backend": "sqlite", "file": str(file), "read_only": True}, file=str(file))


def place_of(told: str) -> Place:
    """What :meth:`Place.told` told."""
    return Place(**json.loads(told))

"""An account set in a SQLite file, as somebody sees and changes it behind u8sync's back."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

__all__ = ["AccountSetFile"]


class AccountSetFile:
    """The file, by SQLite's own driver."""

    file: Path

    def run(self, statement: str, values: tuple[Any, ...] = ()) -> None:
        connection = sqlite3.connect(self.file)
        with connection:
            connection.execute(statement, values)
        connection.close()

    def somebody_sets(self, code: str, column: str, value: str | None) -> None:
        self.run(f"UPDATE Customer SET {column} = ? WHERE cCusCode = ?", (value, code))

    def somebody_deletes(self, code: str) -> None:
        self.run("DELETE FROM Customer WHERE cCusCode = ?", (code,))

    def stored(self) -> dict[str, dict[str, Any]]:
        connection = sqlite3.connect(self.file)
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute("SELECT * FROM Customer")]
        connection.close()
        return {row["cCusCode"]: row for row in rows}

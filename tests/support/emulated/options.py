"""What SET changes in a session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from emulated.errors import NotModelledError, SqlError, near

__all__ = ["ISOLATION_LEVELS", "Options"]

ISOLATION_LEVELS: Final = {
    "READ UNCOMMITTED": 1,
    "READ COMMITTED": 2,
    "REPEATABLE READ": 3,
    "SERIALIZABLE": 4,
    "SNAPSHOT": 5,
}
_PRIORITIES: Final = {"LOW": -5, "NORMAL": 0, "HIGH": 5}
_SWITCHES: Final = {
    # name: bit of @@OPTIONS
    "XACT_ABORT": 16384,
    "NOCOUNT": 512,
    "IMPLICIT_TRANSACTIONS": 2,
    "FMTONLY": 0,
    "ANSI_NULLS": 32,
    "ANSI_PADDING": 16,
    "ANSI_WARNINGS": 8,
    "ARITHABORT": 64,
    "ARITHIGNORE": 128,
    "QUOTED_IDENTIFIER": 256,
    "CONCAT_NULL_YIELDS_NULL": 4096,
    "NUMERIC_ROUNDABORT": 8192,
    "ANSI_NULL_DFLT_ON": 1024,
    "ANSI_NULL_DFLT_OFF": 2048,
    "CURSOR_CLOSE_ON_COMMIT": 4,
    "ANSI_DEFAULTS": 0,
    "NO_BROWSETABLE": 0,
}
_UNHEARD: Final = frozenset({"TEXTSIZE", "DATEFIRST", "QUERY_GOVERNOR_COST_LIMIT", "CONTEXT_INFO"})


class Options:
    """The options of one session."""

    def __init__(self) -> None:
        self.on = {"ANSI_NULLS", "ANSI_PADDING", "ANSI_WARNINGS", "QUOTED_IDENTIFIER", "CONCAT_NULL_YIELDS_NULL"}
        self.lock_timeout_ms = -1
        self.deadlock_priority = 0
        self.isolation_level = ISOLATION_LEVELS["READ COMMITTED"]
        self.language = "us_english"
        self.date_format = "mdy"

    @property
    def xact_abort(self) -> bool:
        """Whether any error ends the transaction."""
        return "XACT_ABORT" in self.on

    @property
    def no_count(self) -> bool:
        """Whether statements keep their row counts to themselves."""
        return "NOCOUNT" in self.on

    @property
    def implicit_transactions(self) -> bool:
        """Whether a statement begins a transaction when there is none."""
        return "IMPLICIT_TRANSACTIONS" in self.on

    @property
    def format_only(self) -> bool:
        """Whether queries answer with their columns and no rows."""
        return "FMTONLY" in self.on

    @property
    def bits(self) -> int:
        """``@@OPTIONS``."""
        return sum(_SWITCHES[name] for name in self.on)

    def set(self, words: Sequence[str]) -> None:
        """What stands behind SET. Raises SqlError for what the server would not take."""
        first, *rest = words
        if first == "TRANSACTION":
            self._set_isolation(" ".join(rest))
        elif first == "LOCK_TIMEOUT":
            self.lock_timeout_ms = int("".join(rest))
        elif first == "DEADLOCK_PRIORITY":
            word = "".join(rest)
            self.deadlock_priority = _PRIORITIES[word] if word in _PRIORITIES else int(word)
        elif first == "LANGUAGE":
            self.language = "".join(rest).removeprefix("N").strip("'[]").lower()
        elif first == "DATEFORMAT":
            self.date_format = "".join(rest).lower()
        elif first == "ROWCOUNT":
            if rest != ["0"]:
                raise NotModelledError("SET ROWCOUNT")
        elif first not in _UNHEARD:
            self._switch(words)

    def _set_isolation(self, words: str) -> None:
        level = ISOLATION_LEVELS.get(words.removeprefix("ISOLATION LEVEL "))
        if level is None:
            raise near(words)
        self.isolation_level = level

    def _switch(self, words: Sequence[str]) -> None:
        """One or more switches separated by commas, then ON or OFF."""
        *names, state = (word for word in words if word != ",")
        if state not in ("ON", "OFF") or not names:
            raise near(words[-1])
        for name in names:
            if name not in _SWITCHES:
                raise SqlError(195, f"'{name}' is not a recognized SET option.", severity=15, state=5)
            (self.on.add if state == "ON" else self.on.discard)(name)

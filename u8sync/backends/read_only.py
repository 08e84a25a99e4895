"""The one place where read-only is enforced: a wrapper around any backend that never forwards a write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

import polars as pl

from u8sync.domain.model import AccountSet, CustomerCode, Extra, Facts, Glossary, Period, Window
from u8sync.errors import RefusedError
from u8sync.ports import Backend, ColumnLimit, Edit, Progress, Reading, Stamp
from u8sync.text import msg

__all__ = ["ReadOnly"]


class ReadOnly:
    """Another backend without its :meth:`~u8sync.ports.Backend.write`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.way = backend.way
        self.route = backend.route
        self.most_edits = backend.most_edits
        self.late_s = backend.late_s
        self.read_only = True

    def account_set(self) -> AccountSet:
        """As the other backend."""
        return self._backend.account_set()

    def columns(self) -> frozenset[str]:
        """As the other backend."""
        return self._backend.columns()

    def writable(self) -> Mapping[str, ColumnLimit]:
        """As the other backend: a plan is made and guarded in the same way, whether or not it may be applied."""
        return self._backend.writable()

    def glossary(self) -> Glossary:
        """As the other backend."""
        return self._backend.glossary()

    def customers(self, columns: Sequence[str], progress: Progress) -> pl.DataFrame:
        """As the other backend."""
        return self._backend.customers(columns, progress)

    def periods(self) -> tuple[Period, ...]:
        """As the other backend."""
        return self._backend.periods()

    def facts(self, window: Window, progress: Progress, extras: frozenset[Extra] = frozenset()) -> Facts:
        """As the other backend."""
        return self._backend.facts(window, progress, extras)

    def read(self, codes: Sequence[CustomerCode], columns: Sequence[str]) -> Mapping[CustomerCode, Reading]:
        """As the other backend."""
        return self._backend.read(codes, columns)

    def claim(self) -> NoReturn:
        """Never writes. Raises RefusedError."""
        raise _refused()

    def receipts(self, op_ids: Sequence[str]) -> frozenset[str] | None:
        """As the other backend."""
        return self._backend.receipts(op_ids)

    def write(self, edits: Sequence[Edit], stamp: Stamp) -> NoReturn:  # noqa: ARG002
        """Never writes. Raises RefusedError, also for an empty batch."""
        raise _refused()

    def close(self) -> None:
        """As the other backend."""
        self._backend.close()


def _refused() -> RefusedError:
    return RefusedError(
        msg("This account set was opened read-only: nothing is written to it."),
        hint=msg("To write, take read_only out of the configuration file."),
    )

"""The cases of mappings as pytest tests: each case of a ``*.cases.yaml`` file is one test, with its name and its line.

pytest finds this module by its entry point, in every project of an environment that has u8sync. So it imports nothing
of u8sync before a file of cases is met, and leaves files alone that only have the same ending.
"""

from __future__ import annotations

import locale
import os
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from u8sync.domain.cases import CaseFile, CaseResult
    from u8sync.text import Translate

__all__ = ["pytest_collect_file"]

_ENDINGS: Final = (".cases.yaml", ".cases.yml")
_OURS: Final = (re.compile(rb"^mapping[ \t]*:", re.MULTILINE), re.compile(rb"^cases[ \t]*:", re.MULTILINE))
"""What a file of cases has at its top level."""

_LARGEST: Final = 256 * 1024
"""Bytes of the largest file that u8sync reads."""


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take the files of cases, and no other."""
    if file_path.name.endswith(_ENDINGS) and _is_ours(file_path):
        return CasesYaml.from_parent(parent, path=file_path)
    return None


def _is_ours(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST)
    except OSError:
        return False
    return all(key.search(data) for key in _OURS)


class CasesYaml(pytest.File):
    """One file of cases."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item a case. A file that cannot be used is an error of its own, with every problem of it."""
        for index, case in enumerate(self.cases.cases):
            yield CaseItem.from_parent(self, name=case.name, index=index)

    @cached_property
    def cases(self) -> CaseFile:
        """The file, checked; what is wrong with it is told as ``u8sync map test`` would."""
        from u8sync.bootstrap.testing import load_case_files
        from u8sync.errors import U8SyncError

        try:
            return load_case_files([self.path])[0]
        except U8SyncError as error:
            raise self.CollectError(_problems(error)) from None

    @cached_property
    def results(self) -> tuple[CaseResult, ...]:
        """How the cases came out; all of them are run at once, when the first is asked for."""
        from u8sync.bootstrap.testing import run_case_file

        return run_case_file(self.cases).run.results


class CaseItem(pytest.Item):
    """One case."""

    def __init__(self, *, index: int, parent: CasesYaml, name: str) -> None:
        super().__init__(name, parent)
        self._file = parent
        self._index = index

    def runtest(self) -> None:
        """Fail when something came out otherwise than the case expects."""
        from u8sync.report.terminal.cases import case_text

        result = self._file.results[self._index]
        if not result.passed:
            pytest.fail(case_text(result, _translate()), pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        """The line of the case."""
        return self.path, self._file.cases.cases[self._index].place.line - 1, self.name


def _problems(error: Exception) -> str:
    """A file that cannot be used, as plain text."""
    from io import StringIO

    from rich.console import Console

    from u8sync.errors import U8SyncError
    from u8sync.report.terminal.cases import TEXT_WIDTH
    from u8sync.report.terminal.failure import error_view

    if not isinstance(error, U8SyncError):
        return str(error)
    out = StringIO()
    console = Console(file=out, width=TEXT_WIDTH, color_system=None, highlight=False, legacy_windows=False)
    console.print(error_view(error, lambda _place: None, _translate()))
    return "\n".join(line.rstrip() for line in out.getvalue().strip().splitlines())


def _translate() -> Translate:
    """The language that u8sync itself would speak here."""
    from u8sync.report.language import choose, translator

    return translator(choose(None, os.environ, locale.getlocale()[0]))

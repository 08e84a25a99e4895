"""``map test``: finding files of cases, and running each through the mapping that it tests. U8 is not needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from u8sync.bootstrap.checking import FOLDER, cases_beside
from u8sync.bootstrap.machine import shown
from u8sync.config.cases_file import CASES_ENDINGS, load_cases
from u8sync.config.located_yaml import in_file_order
from u8sync.config.mapping_file import load_mapping
from u8sync.config.settings import load_settings
from u8sync.domain.case_runner import run_cases
from u8sync.domain.cases import CaseFile, CasesRun
from u8sync.domain.mapping import CustomerMapping
from u8sync.domain.untested import Untested, untested
from u8sync.errors import ConfigError, InputError, Problem
from u8sync.report.language import translator
from u8sync.text import Place, msg

__all__ = ["FileRun", "case_files", "left_untested", "load_case_files", "run_case_file"]


@dataclass(frozen=True)
class FileRun:
    """A file of cases, and how they came out."""

    file: CaseFile
    run: CasesRun


def case_files(named: Sequence[Path], config: Path) -> Sequence[Path]:
    """The files of cases to run.

    Args:
        named: Files, and folders that stand for all that is in them; none: those beside the configured mapping, or all
            below ``mappings`` where there is no configuration.
        config: The configuration.

    Raises:
        InputError: There is none.
    """
    if named:
        found = [file for path in named for file in (_below(path) if path.is_dir() else [path])]
        folder = ", ".join(map(str, named))
    elif config.exists():
        mapping = load_settings(config).mapping
        found, folder = [*cases_beside(mapping)], str(mapping.parent)
    else:
        found, folder = _below(FOLDER), str(FOLDER)
    if not found:
        raise InputError(
            msg("There is no file of cases (*.cases.yaml) in {folder}", folder=folder),
            hint=msg(
                "Write customer.cases.yaml beside customer.yaml, with 'version: 1', 'mapping: customer.yaml', and under"
                " 'cases:' lines such as - {{name: ..., given: {{cCusMngTypeCode: \"04\"}}, expect:"
                " {{management_type: VIP}}}}. 'u8sync map schema cases' has every key."
            ),
        )
    return list(dict.fromkeys(found))


def _below(folder: Path) -> list[Path]:
    return sorted({path for ending in CASES_ENDINGS for path in folder.rglob(f"*{ending}") if path.is_file()})


def load_case_files(paths: Sequence[Path], mapping: Path | None = None) -> tuple[CaseFile, ...]:
    """Read files of cases.

    Args:
        paths: The files.
        mapping: A mapping file to test in place of those that they name; null: those.

    Raises:
        ConfigError: With the problems of all of them.
    """
    instead = None if mapping is None else (load_mapping(mapping, shown(mapping)), shown(mapping))
    loaded: list[CaseFile] = []
    errors: list[ConfigError] = []
    for path in paths:
        try:
            loaded.append(load_cases(path, shown(path), instead))
        except ConfigError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ConfigError(", ".join(dict.fromkeys(error.file for error in errors)), list(_all_problems(errors)))
    return tuple(loaded)


def _all_problems(errors: Sequence[ConfigError]) -> Iterator[Problem]:
    """The problems of several files, each told once with its file; several files may test one mapping."""
    told: list[Problem] = []
    for error in errors:
        for problem in error.problems:
            placed = Problem(problem.place or Place(error.file, 1, 1), problem.message, problem.hint)
            if placed not in told:
                told.append(placed)
    yield from in_file_order(told)


def run_case_file(file: CaseFile) -> FileRun:
    """Run the cases of one file; a case may expect a part of a message in either language."""
    return FileRun(file, run_cases(file.mapping, file.cases, (translator("en"), translator("zh"))))


def left_untested(files: Sequence[FileRun]) -> dict[str, Untested]:
    """Mapping file -> what of it no case of any of the files looks at."""
    mappings: dict[str, CustomerMapping] = {one.file.mapping_file: one.file.mapping for one in files}
    found: dict[str, Untested] = {}
    for name, mapping in mappings.items():
        runs = [one.run for one in files if one.file.mapping_file == name]
        fields = {field for run in runs for field in run.fields}
        passed = {place for run in runs for place in run.passed}
        found[name] = untested(mapping, fields, passed)
    return found

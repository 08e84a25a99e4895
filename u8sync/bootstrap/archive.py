"""The customer archive alone, for what a consultant does with mappings: no policy, no audit log, nothing written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from u8sync.backends import backend_kind
from u8sync.bootstrap import open_account_set, retry_of, shown
from u8sync.config.mapping_file import load_mapping
from u8sync.config.settings import load_settings
from u8sync.domain.coverage import is_looked_at
from u8sync.domain.fitting import absent_columns
from u8sync.domain.mapping import CustomerMapping
from u8sync.domain.model import AccountSet, ColumnLimit, CustomerCode, Extra, Facts
from u8sync.domain.windows import WindowRule
from u8sync.engine.planner import read_window
from u8sync.engine.retry import Retry
from u8sync.errors import ConfigError, FatalError, InputError
from u8sync.ports import Backend, Progress, Reading
from u8sync.text import msg

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Archive", "Asked", "WholeArchive", "mapping_of", "read_archive", "read_customer", "read_whole"]


@dataclass(frozen=True)
class Archive:
    """What an account set holds in the columns that a mapping's tables look at.

    Attributes:
        way: Which of the mapping's column names apply.
        raw: ``n × (code, *physical columns)``, all String.
        names: Physical column -> code -> what the account set calls it, as far as this way into U8 tells.
    """

    way: str
    raw: pl.DataFrame
    names: Mapping[str, Mapping[str, str]]


def mapping_of(config: Path, mapping: Path | None) -> tuple[CustomerMapping, Path]:
    """The mapping file that was named, else the configured one, with its path. Raises ConfigError when it is bad."""
    path = load_settings(config).mapping if mapping is None else mapping
    return load_mapping(path, shown_as=shown(path)), path


def read_archive(config: Path, data: Path | None, mapping: CustomerMapping, progress: Progress) -> Archive:
    """Read what the mapping's tables look at; nothing else is read.

    Args:
        config: Its ``account_set`` is read when ``data`` is null; else it need not be there.
        data: An embedded account set in place of the configured one.
        mapping: Which columns.
        progress: Hears how far it has come.

    Raises InputError when ``data`` is no account set, ConfigError when a column is not there.
    """
    with _open(config, data) as (backend, retry):
        columns = _columns(mapping, backend)
        raw, _ = retry.call(backend.customers, columns, progress)
        glossary, _ = retry.call(backend.glossary)
        return Archive(backend.way, raw, glossary.names)


@dataclass(frozen=True)
class Asked:
    """Which facts are read.

    Attributes:
        rule: How a policy names the days that count.
        as_of: The day that is asked for.
        extras: What is read besides the usual.
    """

    rule: WindowRule
    as_of: date
    extras: frozenset[Extra]


@dataclass(frozen=True)
class WholeArchive:
    """What two mappings are compared on.

    Attributes:
        account_set: Which account set it is.
        way: Which of the mapping's column names apply.
        raw: ``n × (code, *physical columns of all of the mappings)``, all String.
        facts: What the documents say; null when they were not asked for.
        writable: What the account set accepts in the columns that may be written.
    """

    account_set: AccountSet
    way: str
    raw: pl.DataFrame
    facts: Facts | None
    writable: Mapping[str, ColumnLimit]


def read_whole(
    config: Path, data: Path | None, mappings: Sequence[CustomerMapping], asked: Asked | None, progress: Progress
) -> WholeArchive:
    """Read every column that one of the mappings names and, where that is asked for, what the documents say.

    Raises InputError when ``data`` is no account set, ConfigError when a column is not there.
    """
    with _open(config, data) as (backend, retry):
        columns = {
            column
            for mapping in mappings
            for column in _there(mapping, frozenset(mapping.columns(backend.way).values()), backend)
        }
        account_set, _ = retry.call(backend.account_set)
        writable, _ = retry.call(backend.writable)
        raw, _ = retry.call(backend.customers, sorted(columns), progress)
        facts = None
        if asked is not None:
            window, _ = read_window(backend, asked.rule, asked.as_of, retry)
            facts, _ = retry.call(backend.facts, window, progress, asked.extras)
        return WholeArchive(account_set, backend.way, raw, facts, writable)


def read_customer(config: Path, data: Path | None, mapping: CustomerMapping, code: str) -> tuple[str, Reading | None]:
    """One customer, as U8 holds it now, and the way into U8; null when there is no such customer.

    Raises InputError when ``data`` is no account set, ConfigError when a column is not there.
    """
    with _open(config, data) as (backend, retry):
        columns = _there(mapping, mapping.read_from({field.name for field in mapping.fields}, backend.way), backend)
        found, _ = retry.call(backend.read, [CustomerCode(code)], columns)
        return backend.way, found.get(CustomerCode(code))


@contextmanager
def _open(config: Path, data: Path | None) -> Iterator[tuple[Backend, Retry]]:
    if data is not None:
        with _embedded(data) as backend:
            yield backend, Retry(tries=1, budget_s=0.0, sleep=lambda _seconds: None)
        return
    settings = load_settings(config)
    retry = retry_of(settings)
    with open_account_set(settings, config.parent, retry=retry) as configured:
        yield configured, retry


@contextmanager
def _embedded(file: Path) -> Iterator[Backend]:
    kind = backend_kind("sqlite")
    try:
        backend: Backend = kind.open(
            kind.options.model_validate({"file": str(file.absolute()), "read_only": True}),
            Path(),
            Retry(tries=1, budget_s=0.0, sleep=lambda _seconds: None),
        )
        try:
            yield backend
        finally:
            backend.close()
    except FatalError as error:
        raise InputError(
            msg("{path} is no account set that can be read: {why}", path=str(file), why=error.message),
            hint=msg("--data takes an embedded account set, such as 'u8sync sandbox create' makes."),
        ) from None


def _columns(mapping: CustomerMapping, backend: Backend) -> Sequence[str]:
    """The columns that the tables look at, by way of other fields too."""
    looked_at = {field.name for field in mapping.fields if is_looked_at(field)}
    return _there(mapping, mapping.read_from(looked_at, backend.way), backend)


def _there(mapping: CustomerMapping, wanted: Collection[str], backend: Backend) -> Sequence[str]:
    """Columns that are wanted. Raises ConfigError for those that the account set does not have."""
    problems = absent_columns(mapping, wanted, way=backend.way, columns=backend.columns())
    if problems:
        raise ConfigError(mapping.fields[0].place.file, problems)
    return sorted(wanted)

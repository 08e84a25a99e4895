"""Account sets behind the OpenAPI that the sandbox serves: real HTTP on this machine, seen from both sides.

The world of :mod:`backend_contract` gets what only the OpenAPI needs: numbers of documents, amounts that tell returns,
and outbound notes with the cost that the ledger holds otherwise.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, cast

import polars as pl
from account_set_file import AccountSetFile
from backend_contract import world_file

from u8sync.backends import backend_kind
from u8sync.domain.model import AccountSet, ColumnLimit, CustomerCode, Extra, Facts, Glossary, Period, Window
from u8sync.engine.retry import Retry
from u8sync.ports import Backend, Edit, EditOutcome, Progress, Reading, Stamp
from u8sync.sandbox.openapi.behaviour import PLAIN, Behaviour
from u8sync.sandbox.openapi.server import OpenApiServer

__all__ = ["NAMES", "SECRET", "OpenApiSite", "Renamed", "openapi_settings", "openapi_site", "openapi_world"]

SECRET: Final = "U8SYNC_TEST_APP_SECRET"  # noqa: S105 - the name of a variable
"""The environment variable that holds the app's secret."""

NAMES: Final[dict[str, str]] = {
    "cCusCode": "code",
    "cCusName": "name",
    "cCusAbbName": "abbrname",
    "cCCCode": "sort_code",
    "cDCCode": "domain_code",
    "cCusMngTypeCode": "ccusmngtypecode",
    "dCusDevDate": "seed_date",
    "dEndDate": "end_date",
    "dModifyDate": "ModifyDate",
    **{f"cCusDefine{n}": f"self_define{n}" for n in range(1, 17)},
}
"""Column of the table -> field of the OpenAPI."""

ITEMS: Final = {"self_define4": {"length": 10}, "self_define5": {"length": 60, "values": ["A", "B"]}}


@functools.cache
def openapi_world() -> Path:
    """The world as the OpenAPI needs it, made once a process."""
    folder = tempfile.TemporaryDirectory(prefix="u8sync-openapi-world-")
    atexit.register(folder.cleanup)
    file = Path(folder.name) / "world.db"
    shutil.copyfile(world_file(), file)
    connection = sqlite3.connect(file)
    with connection:
        connection.execute("UPDATE SaleBillVouch SET cSBVCode = 'XS' || SBVID")
        connection.execute(
            "INSERT INTO SO_SODetails (AutoID, iSOsID, ID, iNatMoney, iNatSum)"
            " SELECT ID, ID, ID, CASE WHEN bReturnFlag = 1 THEN -10000 ELSE 10000 END,"
            " CASE WHEN bReturnFlag = 1 THEN -11300 ELSE 11300 END FROM SO_SOMain"
        )
        notes = [(1, "C001", "2026-01-15", 400), (2, "C006", "2026-02-10", 75000), (3, "C001", "2026-03-02", None)]
        connection.executemany(
            "INSERT INTO rdrecord32 (ID, bRdFlag, cVouchType, cSource, cWhCode, dDate, cCode, cCusCode, cHandler,"
            " bIsSTQc, ufts) VALUES (?, 0, '32', '发货单', '01', ? || ' 00:00:00', 'CK' || ?, ?, '张三', 0, 0)",
            [(number, day, number, code) for number, code, day, _ in notes],
        )
        connection.executemany(
            "INSERT INTO rdrecords32 (AutoID, ID, cInvCode, iQuantity, iPrice) VALUES (?, ?, 'I1', 1, ?)",
            [(number, number, price) for number, _, _, price in notes],
        )
    connection.close()
    return file


class Renamed:
    """A backend of the OpenAPI that takes and gives the column names of the table, for tests that speak those."""

    def __init__(self, inner: Backend) -> None:
        self.inner = inner
        self.way = inner.way
        self.read_only = inner.read_only
        self.route = inner.route
        self.most_edits = inner.most_edits
        self.late_s = inner.late_s
        self._usual = {name: column for column, name in NAMES.items()}

    def _inward(self, columns: Sequence[str]) -> list[str]:
        return [NAMES.get(column, column) for column in columns]

    def _outward(self, values: Mapping[str, str | None]) -> dict[str, str | None]:
        return {self._usual.get(name, name): value for name, value in values.items()}

    def account_set(self) -> AccountSet:
        return self.inner.account_set()

    def columns(self) -> frozenset[str]:
        return frozenset(self._usual.get(name, name) for name in self.inner.columns())

    def writable(self) -> Mapping[str, ColumnLimit]:
        return {self._usual.get(name, name): limit for name, limit in self.inner.writable().items()}

    def glossary(self) -> Glossary:
        found = self.inner.glossary()
        return Glossary(
            {self._usual.get(name, name): caption for name, caption in found.captions.items()},
            {self._usual.get(name, name): words for name, words in found.names.items()},
        )

    def customers(self, columns: Sequence[str], progress: Progress) -> pl.DataFrame:
        frame = self.inner.customers(self._inward(columns), progress)
        return frame.rename(dict(zip(frame.columns, ["code", *columns], strict=True)))

    def periods(self) -> tuple[Period, ...]:
        return self.inner.periods()

    def facts(self, window: Window, progress: Progress, extras: frozenset[Extra] = frozenset()) -> Facts:
        return self.inner.facts(window, progress, extras)

    def read(self, codes: Sequence[CustomerCode], columns: Sequence[str]) -> Mapping[CustomerCode, Reading]:
        found = self.inner.read(codes, self._inward(columns))
        return {code: Reading(self._outward(one.values), one.version) for code, one in found.items()}

    def claim(self) -> None:
        self.inner.claim()

    def receipts(self, op_ids: Sequence[str]) -> frozenset[str] | None:
        return self.inner.receipts(op_ids)

    def write(self, edits: Sequence[Edit], stamp: Stamp) -> Sequence[EditOutcome]:
        renamed = [
            Edit(
                edit.code,
                {NAMES.get(column, column): value for column, value in edit.before.items()},
                {NAMES.get(column, column): value for column, value in edit.after.items()},
                edit.op_id,
            )
            for edit in edits
        ]
        return [replace(one, seen=self._outward(one.seen)) for one in self.inner.write(renamed, stamp)]

    def close(self) -> None:
        self.inner.close()


def openapi_settings(server: OpenApiServer, **more: Any) -> dict[str, Any]:
    """What stands under ``account_set`` in a configuration file for this server."""
    credentials = server.credentials
    return {
        "backend": "openapi",
        "url": server.url,
        "from_account": credentials.from_account,
        "to_account": credentials.to_account,
        "app_key": credentials.app_key,
        "app_secret": {"env": SECRET},
        "calls_per_s": 0,
        "late_s": 0,
        "items": ITEMS,
        **more,
    }


def _no_sleep(_seconds: float) -> None:
    """Nobody waits in a test."""


@dataclass
class OpenApiSite(AccountSetFile):
    """A served account set, the backend that reads it, and the file behind both."""

    server: OpenApiServer
    file: Path
    folder: Path
    options: Mapping[str, Any] = field(default_factory=dict)
    sleep: Callable[[float], None] = _no_sleep
    tries: int = 3
    backend: Any = None

    def retry(self) -> Retry:
        return Retry(tries=self.tries, budget_s=600, sleep=self.sleep)

    def open(self, **more: Any) -> Backend:
        """Another backend, by the names of the OpenAPI."""
        kind = backend_kind("openapi")
        settings = {**openapi_settings(self.server), **self.options, **more}
        settings.pop("backend")
        return cast("Backend", kind.open(kind.options.model_validate(settings), self.folder, self.retry()))

    def calls(self, path: str = "") -> int:
        """How often a call was asked; every call when ``path`` is empty."""
        return sum(not path or asked.path == path for asked in self.server.requests)


@contextmanager
def openapi_site(
    folder: Path, *, behaviour: Behaviour = PLAIN, account_set: Path | None = None, **options: Any
) -> Iterator[OpenApiSite]:
    """Serve a copy of an account set, that of the world when none is given."""
    file = folder / "account-set.db"
    shutil.copyfile(account_set or openapi_world(), file)
    with OpenApiServer(file, behaviour=behaviour) as server:
        os.environ[SECRET] = server.credentials.app_secret
        yield OpenApiSite(server, file, folder, options)


def wait_until(true: Callable[[], bool], *, seconds: float = 5.0) -> None:
    """Wait for something that another thread does."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.005)

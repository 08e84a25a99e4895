"""What the tests of the sandbox share: a progress that counts, and one account set that many tests look into."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from openapi_asker import Asker

from u8sync.sandbox.generator import create_account_set
from u8sync.sandbox.openapi.server import OpenApiServer
from u8sync.text import Message

UNTIL = date(2026, 10, 20)


class Counting:
    """Remembers each step with its total and what was done of it."""

    def __init__(self) -> None:
        self.steps: list[list[int | None]] = []
        self.open = 0

    def start(self, step: Message, total: int | None) -> None:
        self.steps.append([total, 0])
        self.open += 1

    def advance(self, units: int) -> None:
        self.steps[-1][1] += units

    def finish(self) -> None:
        self.open -= 1


@pytest.fixture
def progress() -> Counting:
    return Counting()


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,000 customers, 24 months; read only."""
    file = tmp_path_factory.mktemp("made") / "made.db"
    create_account_set(file, customers=1000, months=24, seed=7, until=UNTIL, progress=Counting())
    return file


@pytest.fixture
def books(made: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{made.as_uri()}?mode=ro", uri=True)) as connection:
        yield connection


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 customers, 6 months; to be copied."""
    file = tmp_path_factory.mktemp("small") / "small.db"
    create_account_set(file, customers=60, months=6, seed=3, until=UNTIL, progress=Counting())
    return file


@pytest.fixture
def db(small: Path, tmp_path: Path) -> Path:
    """An account set that a test may change."""
    return Path(shutil.copy(small, tmp_path / "account-set.db"))


@pytest.fixture
def server(db: Path) -> Iterator[OpenApiServer]:
    """Its OpenAPI."""
    with OpenApiServer(db) as served:
        yield served


@pytest.fixture
def asker(server: OpenApiServer) -> Iterator[Asker]:
    """Somebody who asks it."""
    with closing(Asker(server)) as someone:
        yield someone


@pytest.fixture
def stored(db: Path) -> Iterator[sqlite3.Connection]:
    """What truly stands in the file."""
    with closing(sqlite3.connect(db)) as connection:
        yield connection

"""The SQL Server backend under the one suite of :mod:`backend_contract`: over the wire, with each driver.

The server is the emulated one, but for :class:`TestDatabaseOfItsOwn` if ``U8SYNC_TEST_MSSQL_URL`` names a real one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from backend_contract import BackendContract, ReadOnlyContract, Site, check_the_law_of_writing
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlserver_site import DATABASE, RealSite, databases_of_their_own, emulated_site

from u8sync.domain.model import Period


class OverTheWire(BackendContract):
    """The world behind TDS."""

    driver = ""
    account: ClassVar[Mapping[str, Any]] = {"database": DATABASE, "lineage": ""}
    options: ClassVar[Mapping[str, Any]] = {}

    @contextmanager
    def site(self) -> Iterator[Site]:
        with tempfile.TemporaryDirectory() as folder, emulated_site(Path(folder), self.driver) as at:
            at.backend = at.open(**self.options)
            yield at
            at.backend.close()


class TestFreeTds(OverTheWire):
    driver = "freetds"


class TestMicrosoft(OverTheWire):
    driver = "msodbcsql"


class TestMssqlPython(OverTheWire):
    driver = "mssql-python"


class TestRowByRow(OverTheWire):
    driver = "msodbcsql"
    options: ClassVar[Mapping[str, Any]] = {"write_form": "row"}


class TestWithReceipts(OverTheWire):
    driver = "msodbcsql"
    options: ClassVar[Mapping[str, Any]] = {"receipts": "u8sync.receipt"}


class TestOpenedReadOnly(ReadOnlyContract):
    account: ClassVar[Mapping[str, Any]] = OverTheWire.account

    @contextmanager
    def site(self) -> Iterator[Site]:
        with tempfile.TemporaryDirectory() as folder, emulated_site(Path(folder), "msodbcsql") as at:
            at.backend = at.open(read_only=True)
            yield at
            at.backend.close()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], AbstractContextManager[RealSite]]]:
    with databases_of_their_own(tmp_path_factory.mktemp("real")) as database:
        yield database


class TestDatabaseOfItsOwn(BackendContract):
    """The one to point at a real server."""

    periods: ClassVar[tuple[Period, ...]] = ()  # UFSystem is not touched there

    @pytest.fixture(name="at")
    def site_fixture(self, database: Callable[[], AbstractContextManager[RealSite]]) -> Iterator[Site]:
        with database() as at:
            self.account = {"database": at.database, "name": "999", "lineage": ""}
            at.backend = at.open()
            yield at
            at.backend.close()


@pytest.mark.parametrize("suite", [TestFreeTds, TestMicrosoft, TestMssqlPython])
@settings(max_examples=10)
@given(data=st.data())
def test_a_row_changes_if_its_before_held_and_then_exactly_to_its_after(
    suite: type[BackendContract], data: st.DataObject
) -> None:
    with suite().site() as at:
        check_the_law_of_writing(at, data)

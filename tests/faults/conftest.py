"""A small account set, as a file and on a server, and processes that can be killed on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import deaths
import odbc
import pytest
from deaths import ENVIRONMENT, FileSite, HttpSite, Planned, Site, WireSite
from killing import Nursery, Point, require_strace
from sqlserver_site import emulated_site

from u8sync.sandbox.openapi.server import OpenApiServer

DATABASE = "UFDATA_999_2024"


@dataclass(frozen=True)
class Scene:
    """An account set, what an undisturbed night writes into it, and the moments of that night.

    Attributes:
        nursery: Where nights come from.
        site: The account set.
        planned: What an undisturbed night writes.
        points: The moments at which it can die.
    """

    nursery: Nursery
    site: Site
    planned: Planned
    points: list[Point]


def scene(nursery: Nursery, site: Site) -> Scene:
    return Scene(nursery, site, deaths.wanted(nursery, site), deaths.points(nursery, site))


@pytest.fixture(scope="session")
def new_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An account set without a tier and its configuration; nobody may work in it, only in copies."""
    return deaths.make_home(tmp_path_factory.mktemp("new") / "home")


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    require_strace(tmp_path_factory.mktemp("strace"))
    with Nursery(tmp_path_factory.mktemp("nights"), ENVIRONMENT) as nursery:
        yield nursery


@pytest.fixture(scope="module")
def on_file(nursery: Nursery, new_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return scene(nursery, FileSite(new_home, tmp_path_factory.mktemp("file")))


@pytest.fixture(scope="module", params=odbc.DRIVERS)
def over_wire(
    request: pytest.FixtureRequest, nursery: Nursery, new_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("wire")
    home = FileSite(new_home, folder).fresh()
    made = {"account_set": home / "account-set.db", "database": DATABASE}
    with emulated_site(folder / "server", request.param, **made) as at:
        yield scene(nursery, WireSite(home, at, request.param))


@pytest.fixture(scope="module")
def over_http(nursery: Nursery, new_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    home = FileSite(new_home, tmp_path_factory.mktemp("http")).fresh()
    with OpenApiServer(home / "account-set.db") as server:
        yield scene(nursery, HttpSite(home, server))

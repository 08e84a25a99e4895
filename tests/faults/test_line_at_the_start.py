"""A line that fails before the first statement: tried again, a few times, and nothing is written meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import deaths
import odbc
import pytest
from deaths import FileSite, WireSite
from killing import Nursery
from sqlserver_site import EmulatedSite, emulated_site
from tds.faults import Drop, Fault, Stall

OPENING_TRIES = 3


@pytest.fixture(scope="module", params=odbc.DRIVERS)
def line(
    request: pytest.FixtureRequest, nursery: Nursery, new_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[EmulatedSite, WireSite]]:
    folder = tmp_path_factory.mktemp("line")
    home = FileSite(new_home, folder).fresh()
    made = {"account_set": home / "account-set.db", "database": "UFDATA_999_2024"}
    with emulated_site(folder / "server", request.param, **made) as at:
        yield at, WireSite(home, at, request.param, login_timeout_s=1)


@pytest.mark.parametrize("phase", ["prelogin", "login"])
@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_a_link_that_is_lost_once_at_the_start_is_made_again(line: Any, nursery: Any, phase: Any, reset: Any) -> None:
    at, site = line
    home = site.fresh()
    fault = at.wire.faults.add(Fault(Drop(reset=reset), phase))
    ended = nursery.run(home, *deaths.RUN)
    assert fault.fired == 1
    assert ended.code == 0, ended.err
    deaths.comes_right(nursery, site, home, dict.fromkeys(deaths.written(site.journal()), 1))


@pytest.mark.parametrize("phase", ["prelogin", "login"])
@pytest.mark.parametrize("action", [Drop(), Stall()], ids=["closed", "silent"])
def test_a_line_that_never_works_is_told_after_a_few_tries(line: Any, nursery: Any, phase: Any, action: Any) -> None:
    at, site = line
    home = site.fresh()
    fault = at.wire.faults.add(Fault(action, phase, times=None))
    ended = nursery.run(home, *deaths.RUN)
    at.wire.faults.clear()
    assert ended.code in {69, 75}, ended.err
    assert 1 <= fault.fired <= OPENING_TRIES
    assert "127.0.0.1" in ended.err
    assert site.journal() == []
    assert not (home / "audit").exists(), "nothing was announced"

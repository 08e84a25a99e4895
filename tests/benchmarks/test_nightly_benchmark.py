"""Whoever does the night's work comes to the same, for every customer; how long it takes is not tested."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import odbc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlserver_site import PASSWORD, emulated_site

ROOT = Path(__file__).parents[2]
pytest.importorskip("resource", reason="memory is asked of a module that only POSIX has")
sys.path.append(str(ROOT))  # the benchmarks are no part of the package

from benchmarks.nightly import by_singer  # noqa: E402
from benchmarks.nightly.account_set import make  # noqa: E402
from benchmarks.nightly.contenders import CONTENDERS, Contender  # noqa: E402
from benchmarks.nightly.job import FIRST, Outcome, checksum  # noqa: E402
from benchmarks.nightly.place import Place, embedded  # noqa: E402

CUSTOMERS = 300


@pytest.fixture(scope="module")
def account_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """So many customers in a file."""
    file = tmp_path_factory.mktemp("nightly") / "account-set.db"
    make(file, CUSTOMERS)
    return file


@pytest.fixture(scope="module")
def right(account_set: Path) -> dict[str, Any]:
    """What the database alone comes to."""
    return told("by_database", embedded(account_set))


@pytest.fixture(scope="module")
def server(account_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The same account set behind SQL Server."""
    folder, database = tmp_path_factory.mktemp("server"), f"UFDATA_999_{FIRST.year}"
    with emulated_site(folder, "freetds", account_set=account_set, database=database) as site:
        words = {
            "DRIVER": f"{{{odbc.freetds()}}}",
            "SERVER": "127.0.0.1",
            "PORT": str(site.wire.port),
            "TDS_Version": "7.4",
            "ClientCharset": "UTF-8",
            "DATABASE": site.database,
            "UID": site.options["login"],
            "PWD": os.environ[PASSWORD],
        }
        settings = {"backend": "sqlserver", **site.options}
        yield Place(settings, odbc=";".join(f"{key}={value}" for key, value in words.items()))


def told(module: str, place: Place) -> dict[str, Any]:
    """What a contender's own process prints."""
    command = [sys.executable, "-m", "benchmarks.nightly.child", module, place.told(), str(time.monotonic())]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert ran.returncode == 0, ran.stderr
    printed: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return printed


def skip_if_missing(contender: Contender) -> None:
    if reason := contender.missing():
        pytest.skip(f"{contender.name} {reason}")


def came_to(printed: dict[str, Any]) -> tuple[Any, ...]:
    return printed["customers"], printed["changes"], printed["digest"]


def test_there_is_work_in_the_data(right: dict[str, Any]) -> None:
    assert right["customers"] == CUSTOMERS
    assert 0 < right["changes"] < CUSTOMERS / 10


@pytest.mark.parametrize("contender", CONTENDERS, ids=lambda contender: contender.name)
def test_every_contender_comes_to_the_same(contender: Contender, account_set: Path, right: dict[str, Any]) -> None:
    skip_if_missing(contender)
    assert came_to(told(contender.module, embedded(account_set))) == came_to(right)


@pytest.mark.parametrize("contender", [c for c in CONTENDERS if c.server], ids=lambda contender: contender.name)
def test_those_who_read_from_sql_server_come_to_the_same(
    contender: Contender, server: Place, right: dict[str, Any]
) -> None:
    skip_if_missing(contender)
    assert came_to(told(contender.module, server)) == came_to(right)


OUTCOMES = st.lists(
    st.tuples(
        st.text("0123456789", min_size=8, max_size=8),
        st.sampled_from(["一般", "VIP"]),
        st.integers(-(10**12), 10**12),
        st.none() | st.integers(-(10**12), 10**12),
        st.integers(0, 99),
        st.sampled_from(["VIP", "重要"]),
        st.sampled_from(["VIP", "重要"]),
    ),
    min_size=1,
    max_size=20,
    unique_by=lambda outcome: outcome[0],
)


@given(OUTCOMES, st.randoms())
def test_the_sum_does_not_depend_on_the_order_of_customers(outcomes: list[Outcome], random: Any) -> None:
    shuffled = random.sample(outcomes, len(outcomes))
    assert checksum(shuffled) == checksum(outcomes)


@given(OUTCOMES)
def test_one_ten_thousandth_of_one_customer_makes_another_sum(outcomes: list[Outcome]) -> None:
    code, kind, revenue, *rest = outcomes[0]
    moved = [(code, kind, revenue + 1, *rest), *outcomes[1:]]
    assert checksum(moved).digest != checksum(outcomes).digest


def test_a_contender_that_is_not_installed_says_what_to_install() -> None:
    absent = Contender("nobody", "by_nobody", 1, packages=(("json", "json"), ("no_such_package", "no-such-package")))
    assert absent.missing() == "needs pip install no-such-package (or all: pip install -e '.[bench]')"
    assert Contender("somebody", "by_somebody", 1, packages=(("json", "json"),)).missing() is None


def test_the_benchmark_takes_less_than_twenty_minutes() -> None:
    sizes = (10_000, 100_000, 1_000_000)
    assert all(contender.runs(100_000) for contender in CONTENDERS)
    seconds = sum(c.runs(size) * c.seconds * size / 100_000 for c in CONTENDERS for size in sizes)
    assert seconds < 20 * 60


def test_a_process_of_singer_is_measured_by_itself(tmp_path: Path) -> None:
    # More than this process itself has, for a child begins with its parent's peak.
    mib = 600
    small = by_singer._ended("tap", subprocess.Popen([sys.executable, "-c", ""]), tmp_path)
    large = by_singer._ended("tap", subprocess.Popen([sys.executable, "-c", f"b'x' * ({mib} << 20)"]), tmp_path)
    assert small < mib <= large < mib + 100


def test_a_process_of_singer_that_fails_is_told_with_its_last_words(tmp_path: Path) -> None:
    with (tmp_path / "tap.log").open("wb") as log:
        failing = subprocess.Popen([sys.executable, "-c", "raise SystemExit('no such file')"], stderr=log)
    with pytest.raises(AssertionError, match="no such file"):
        by_singer._ended("tap", failing, tmp_path)

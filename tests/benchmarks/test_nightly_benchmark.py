"""Whoever does the night's work comes to the same, for every customer; how long it takes is not tested."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
pytest.importorskip("resource", reason="memory is asked of a module that only POSIX has")
sys.path.append(str(ROOT))  # the benchmarks are no part of the package

from benchmarks.nightly import by_singer  # noqa: E402
from benchmarks.nightly.account_set import make  # noqa: E402
from benchmarks.nightly.contenders import CONTENDERS, Contender  # noqa: E402
from benchmarks.nightly.job import Outcome, checksum  # noqa: E402
from benchmarks.nightly.measuring import work_once  # noqa: E402
from benchmarks.nightly.place import embedded  # noqa: E402

CUSTOMERS = 300


def test_there_is_work_in_the_data(tmp_path: Path) -> None:
    make(tmp_path / "account-set.db", CUSTOMERS)
    right = work_once("by_database", embedded(tmp_path / "account-set.db"))
    assert right["customers"] == CUSTOMERS
    assert 0 < right["changes"] < CUSTOMERS / 10


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

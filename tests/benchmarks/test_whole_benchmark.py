"""``python -m benchmarks`` works as a whole, and the READMEs show what it kept; how long things take is not tested."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
pytest.importorskip("resource", reason="memory is asked of a module that only POSIX has")
sys.path.append(str(ROOT))  # the benchmarks are no part of the package

from benchmarks.__main__ import RESULTS  # noqa: E402
from benchmarks.aims import Aim, aims_of  # noqa: E402
from benchmarks.audit_ways import AUDITED, BARE, SINGLY  # noqa: E402
from benchmarks.chart import draw  # noqa: E402
from benchmarks.figures import Figure, Group, Results, from_json, to_json  # noqa: E402
from benchmarks.nightly import measuring  # noqa: E402
from benchmarks.nightly.contenders import CONTENDERS, Contender  # noqa: E402
from benchmarks.nightly.place import embedded  # noqa: E402
from benchmarks.tables import block, put_into  # noqa: E402


def figure(name: str, *seconds: float, peak: float = 100) -> Figure:
    return Figure(name, seconds, seconds, tuple(peak for _ in seconds))


RESULTS_MADE_UP = Results(
    machine="a machine",
    day="2026-11-28",
    minutes=19.2,
    versions={"polars": "2.1.0"},
    groups=(
        Group(
            "embedded",
            100_000,
            (
                figure("the database alone", 4, 5, 4.5),
                figure("u8sync", 6, 5, 7),
                Figure("drt", skipped="needs pip install drt-core"),
                figure("pandas", 15, 12, 18, peak=400),
            ),
        ),
        Group("embedded", 1_000_000, (figure("u8sync", 78, peak=900),)),
        Group("writing", 10_000, (figure(AUDITED, 1.0), figure(BARE, 0.8), figure(SINGLY, 25))),
        Group("startup", 0, (figure("u8sync --version", 0.1), figure("u8sync --help", 0.3))),
    ),
    verify=(152_000.0, 200_000),
)


def test_all_of_it_works_at_a_small_size() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--small"], cwd=ROOT, capture_output=True, encoding="utf-8", check=False
    )
    assert ran.returncode == 0, ran.stderr
    nights, wire, *_ = tables = ran.stdout.split("\n\n")[1:]
    rows = {line.split(" | ")[0].removeprefix("| "): line for table in reversed(tables) for line in table.splitlines()}
    for one in CONTENDERS:
        name = "**u8sync**" if one.name == "u8sync" else one.name
        assert ("MiB" in rows[name]) != (one.missing() is not None), rows[name]
    assert nights.startswith("| the embedded account set | 300 customers |")
    assert wire.startswith("| over the SQL Server wire")
    assert wire.count(" MiB") >= 2
    assert " × |" in rows[SINGLY]
    assert "| not measured |" not in rows["audit verify, records a second"]
    assert "| not measured |" not in rows["u8sync --version"]


def test_the_readmes_show_what_was_kept() -> None:
    results = from_json(RESULTS.read_text(encoding="utf-8"))
    for name, language in (("README.md", "en"), ("README.zh-CN.md", "zh")):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert put_into(text, block(results, language)) == text, "run: python -m benchmarks --render"
        assert block(results, language) in text


def test_what_is_kept_is_read_again() -> None:
    assert from_json(to_json(RESULTS_MADE_UP)) == RESULTS_MADE_UP


def seen(results: Results) -> dict[str, Aim]:
    return {aim.name[0]: aim for aim in aims_of(results)}


def test_aims_are_ratios_of_medians() -> None:
    aims = seen(RESULTS_MADE_UP)
    told = {name: (aim.seen, aim.met) for name, aim in aims.items()}
    assert told["faster than pandas, 100,000 customers"] == (2.5, True)
    assert told["less memory than pandas"] == (4.0, True)
    assert told["time of the database alone"] == (6 / 4.5, True)
    assert told["cost of a customer, 1,000,000 against 100,000"] == (1.3, True)
    assert told["peak memory at 1,000,000"] == (900, True)
    assert told["audited writes in batches, against a transaction each"] == (25, True)
    assert told["what the audit adds to the writes"][0] == pytest.approx(25)
    assert told["what the audit adds to the writes"][1] is False
    assert told["audit verify, records a second"] == (152_000, True)
    assert (told["u8sync --version"], told["u8sync --help"]) == ((0.1, True), (0.3, False))


def test_an_aim_that_was_not_measured_is_neither_met_nor_missed() -> None:
    nothing = replace(RESULTS_MADE_UP, groups=(), verify=None)
    assert {(aim.seen, aim.met) for aim in aims_of(nothing)} == {(None, None)}
    assert block(nothing, "en").count("| not measured |  |") == len(list(aims_of(nothing)))


def test_the_tables_tell_median_spread_memory_and_ratio() -> None:
    english, chinese = block(RESULTS_MADE_UP, "en"), block(RESULTS_MADE_UP, "zh")
    assert "| pandas | 15.0 s (12.0 – 18.0), 400 MiB, 2.5 × |" in english
    assert "| **u8sync** | 6.0 s (5.0 – 7.0), 100 MiB |" in english
    assert "| drt | needs pip install drt-core |" in english
    assert "| the database alone | 4.5 s (4.0 – 5.0), 100 MiB, 0.75 × |" in english
    assert "| 仅数据库 | 4.5 s (4.0 – 5.0), 100 MiB, 0.75 × |" in chinese
    assert "| 比 pandas 快，10 万客户 | 至少 2.5 × | 2.5 × | 是 |" in chinese


def test_a_readme_gets_the_block_between_its_marks_and_keeps_the_rest() -> None:
    text = "a\n<!-- python -m benchmarks: begin -->\nold \\1\n<!-- end -->\nb\n<!-- end -->\n"
    once = put_into(text, "new \\2")
    assert once == "a\n<!-- python -m benchmarks: begin -->\n\nnew \\2\n\n<!-- end -->\nb\n<!-- end -->\n"
    assert put_into(once, "new \\2") == once


def test_equal_figures_make_an_equal_chart_without_letters(tmp_path: Path) -> None:
    files = [tmp_path / "one.svg", tmp_path / "two.svg"]
    for file in files:
        draw(RESULTS_MADE_UP.groups[0], file)
    assert files[0].read_bytes() == files[1].read_bytes()
    assert "<text" not in files[0].read_text(encoding="utf-8")


# Unequal work ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def two() -> list[Contender]:
    return [Contender("one", "by_one", 1), Contender("two", "by_two", 1)]


def answers(monkeypatch: pytest.MonkeyPatch, told: Callable[[str], dict[str, Any]]) -> None:
    monkeypatch.setattr(measuring, "work_once", lambda module, _place: told(module))


def test_contenders_take_turns_and_run_as_often_as_they_may(
    two: list[Contender], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    order: list[str] = []

    def told(module: str) -> dict[str, Any]:
        order.append(module)
        return {"seconds": len(order), "processor": 1, "peak_mib": 1, "customers": 1, "changes": 0, "digest": "x"}

    answers(monkeypatch, told)
    runs = {"one": 3, "two": 1}
    first, second = measuring.measure(two, embedded(tmp_path), lambda one: runs[one.name], lambda _: None)
    assert order == ["by_one", "by_two", "by_one", "by_one"]
    assert (first.seconds, second.seconds) == ((1, 3, 4), (2,))


@pytest.mark.parametrize("what", ["customers", "changes", "digest"])
def test_unequal_work_is_no_figure(
    what: str, two: list[Contender], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    same = {"seconds": 1, "processor": 1, "peak_mib": 1, "customers": 1, "changes": 0, "digest": "x"}
    answers(monkeypatch, lambda module: {**same, what: module})
    with pytest.raises(measuring.UnequalWorkError, match=r"one came to .*; two came to "):
        measuring.measure(two, embedded(tmp_path), lambda _: 1, lambda _: None)


def test_who_is_missing_or_too_slow_is_told_and_not_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answers(monkeypatch, lambda module: pytest.fail(f"{module} ran"))
    absent = Contender("absent", "by_absent", 1, packages=(("no_such_package", "no-such-package"),))
    slow = Contender("slow", "by_slow", 1)
    figures = measuring.measure([absent, slow], embedded(tmp_path), lambda _: 0, lambda _: None)
    assert [one.skipped for one in figures] == [absent.missing(), "too slow at this size"]
    assert not any(one.seconds for one in figures)

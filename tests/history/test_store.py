"""The history of runs: what is written is read back, what is spoilt is told, and only runs are ever removed."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from ended_runs import BEGAN, ENTRY
from hypothesis import example, given
from hypothesis import strategies as st

from u8sync.domain.run_entry import GuardFound, RunEntry, StepTime, TierFigures, Told
from u8sync.history.store import entry_json, prune, read_history, run_folder, write_entry
from u8sync.text import english

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
COUNTS = st.integers(0, 2**53)
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - made aware
TOLD = st.builds(Told, TEXTS, TEXTS)
NAMES = st.from_regex(r"\A[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}\Z")
ENTRIES = st.builds(
    RunEntry,
    run_id=NAMES,
    command=st.sampled_from(["run", "apply"]),
    started_at=TIMES,
    host=TEXTS,
    pid=COUNTS,
    user=TEXTS,
    config=TEXTS,
    state=st.sampled_from(["running", "ended"]),
    account_set=st.none() | TEXTS,
    ended_at=st.none() | TIMES,
    exit_code=st.none() | st.integers(0, 255),
    error=st.none() | TOLD,
    as_of=st.none() | st.dates(),
    planned=st.none() | COUNTS,
    endings=st.dictionaries(TEXTS, COUNTS, max_size=3),
    moves=st.lists(st.tuples(st.none() | TEXTS, st.none() | TEXTS, COUNTS), max_size=2).map(tuple),
    tiers=st.lists(
        st.builds(TierFigures, st.none() | TEXTS, COUNTS, COUNTS, st.decimals(-(10**9), 10**9, places=2)), max_size=2
    ).map(tuple),
    guards=st.lists(st.builds(GuardFound, TEXTS, st.booleans(), st.booleans(), TOLD), max_size=2).map(tuple),
    steps=st.lists(st.builds(StepTime, TOLD, st.decimals(0, 10**6, places=3), COUNTS), max_size=2).map(tuple),
    audit_log=st.none() | TEXTS,
    audit_count=st.none() | COUNTS,
    files=st.dictionaries(TEXTS, TEXTS, max_size=2),
    troubles=st.lists(TOLD, max_size=2).map(tuple),
)


def named(day: int, suffix: str = "abcdef") -> RunEntry:
    began = BEGAN + timedelta(days=day)
    return replace(ENTRY, run_id=f"{began:%Y%m%dT%H%M%SZ}-{suffix}", started_at=began)


@given(entry=ENTRIES)
def test_an_entry_is_read_back_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, entry: RunEntry) -> None:
    folder = tmp_path_factory.mktemp("runs")
    write_entry(folder, replace(entry, state="running", exit_code=None))
    write_entry(folder, entry)
    history = read_history(folder)
    assert (history.entries, history.problems) == ((entry,), ())
    assert history.last == entry
    assert [path.name for path in run_folder(folder, entry.run_id).iterdir()] == ["run.json"]


def test_an_entry_of_a_version_before_a_field_came_can_still_be_read(tmp_path: Path) -> None:
    write_entry(tmp_path, ENTRY)
    path = run_folder(tmp_path, ENTRY.run_id) / "run.json"
    text = path.read_text(encoding="utf-8")
    assert '"units"' in text
    path.write_text(text.replace('"units"', '"something_newer"'), encoding="utf-8")
    assert read_history(tmp_path).entries == (ENTRY,), "an unknown field is passed over, a missing one has its default"


def test_the_newest_come_last_and_only_as_many_as_are_asked_for(tmp_path: Path) -> None:
    for day in (3, 1, 2):
        write_entry(tmp_path, named(day))
    assert [entry.run_id for entry in read_history(tmp_path).entries] == [named(day).run_id for day in (1, 2, 3)]
    assert [entry.run_id for entry in read_history(tmp_path, 2).entries] == [named(day).run_id for day in (2, 3)]


def test_a_folder_that_is_not_there_holds_no_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "gone", tmp_path / "file"):
        assert read_history(folder).last is None
        prune(folder, 1, BEGAN)


@given(data=st.binary(max_size=200))
def test_an_entry_that_somebody_spoilt_is_told_and_hides_no_other(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    folder = tmp_path_factory.mktemp("runs")
    write_entry(folder, named(1))
    write_entry(folder, named(2))
    path = run_folder(folder, named(1).run_id) / "run.json"
    path.write_bytes(data)
    history = read_history(folder)
    assert history.entries == (named(2),)
    (problem,) = history.problems
    assert english(problem).startswith(f"{path} cannot be read: ")


@pytest.mark.parametrize(
    "data",
    [
        b'{"run_id": "x"}',
        b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"[1]",
        b'{"run_id": null}',
        b"\xef\xbb\xbf{}",
    ],
    ids=["half an entry", "a deep one", "another form", "a null", "a byte order mark"],
)
def test_what_is_json_and_no_entry_is_told(tmp_path: Path, data: bytes) -> None:
    write_entry(tmp_path, named(1))
    (run_folder(tmp_path, named(1).run_id) / "run.json").write_bytes(data)
    history = read_history(tmp_path)
    assert history.entries == ()
    assert len(history.problems) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes in folders there")
def test_a_pipe_in_the_place_of_an_entry_keeps_nobody_waiting(tmp_path: Path) -> None:
    own = run_folder(tmp_path, named(1).run_id)
    own.mkdir()
    os.mkfifo(own / "run.json")
    assert len(read_history(tmp_path).problems) == 1


def test_a_run_that_has_not_written_its_entry_yet_is_no_problem(tmp_path: Path) -> None:
    run_folder(tmp_path, named(1).run_id).mkdir()
    assert (read_history(tmp_path).entries, read_history(tmp_path).problems) == ((), ())


@example(days=[-12, -11, -10, -9, -7, 0], keep=10, jump=0)
@example(days=[0], keep=10, jump=-500)
@given(
    days=st.lists(st.integers(-900, 900), max_size=8, unique=True),
    keep=st.integers(1, 800),
    jump=st.integers(-900, 900),
)
def test_what_is_removed_is_just_what_is_too_old_as_far_as_the_runs_bear_the_clock_out(
    tmp_path_factory: pytest.TempPathFactory, days: list[int], keep: int, jump: int
) -> None:
    folder = tmp_path_factory.mktemp("runs")
    others = ["notes.txt", "20200101", "20200101T000000Z-ABCDEF", "20200101T000000Z-abcdef.bak"]
    for name in others:
        (folder / name).mkdir()
    (folder / "20200102T000000Z-abcdef").write_text("a file with a run's name", encoding="utf-8")
    for day in days:
        write_entry(folder, named(day))
        (run_folder(folder, named(day).run_id) / "report.html").touch()
    now = BEGAN + timedelta(days=jump)
    prune(folder, keep, now)
    kept = {path.name for path in folder.iterdir()} - set(others) - {"20200102T000000Z-abcdef"}
    agreed = min(7.0, keep / 2)
    earlier = max((day for day in days if day <= jump - agreed), default=None)
    gone_by = -1000.0 if earlier is None else min(jump, earlier + agreed)
    assert kept == {named(day).run_id for day in days if day >= gone_by - keep}
    assert all((folder / name).is_dir() for name in others)


@pytest.mark.parametrize("ahead", [300, 3650])
def test_a_clock_that_was_far_ahead_costs_no_real_run(tmp_path: Path, ahead: int) -> None:
    nights = range(-399, 1)
    for day in nights:
        write_entry(tmp_path, named(day))
    real = {named(day).run_id for day in nights}
    # For some nights the clock is ahead, and each of them clears away by it; then it is right again.
    for day in range(ahead, ahead + 5):
        write_entry(tmp_path, named(day))
        prune(tmp_path, 400, named(day).started_at)
    left = {entry.run_id for entry in read_history(tmp_path).entries}
    assert len(real - left) <= 7, "it costs no more than the days that make a clock worth believing"
    write_entry(tmp_path, named(2))
    prune(tmp_path, 400, named(2).started_at)
    assert left <= {entry.run_id for entry in read_history(tmp_path).entries}

    history = read_history(tmp_path, now=named(2).started_at)
    assert history.last == named(2)
    assert [entry.run_id for entry in history.ahead] == [named(day).run_id for day in range(ahead, ahead + 5)]
    assert all(entry in history.entries for entry in history.ahead)
    newest = read_history(tmp_path, 3, now=named(2).started_at)
    assert newest.entries == (*history.ahead, named(-1), named(0), named(2))
    # A clock that is behind now makes all of them runs from the future: then none is put behind another.
    behind = read_history(tmp_path, now=named(-3000).started_at)
    assert behind.entries == behind.ahead
    assert behind.last == named(ahead + 4)


def test_an_entry_for_a_machine_has_plain_values(tmp_path: Path) -> None:
    said = entry_json(ENTRY)
    assert said["run_id"] == ENTRY.run_id
    assert said["started_at"] == "2026-11-02T18:00:00Z"
    assert said["steps"] == [
        {"name": {"en": step.name.en, "zh": step.name.zh}, "seconds": str(step.seconds), "units": step.units}
        for step in ENTRY.steps
    ]
    assert said["tiers"] != []
    assert Decimal(str(ENTRY.tiers[0].revenue)) == ENTRY.tiers[0].revenue

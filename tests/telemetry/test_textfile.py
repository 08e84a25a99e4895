"""The figures in a file for Prometheus, read back by Prometheus' own parser."""

from __future__ import annotations

import os
import stat
import sys
import threading
import unicodedata
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from ended_runs import BEGAN, DUE, ENTRY, LABELS
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from u8sync.domain.run_entry import RunEntry
from u8sync.domain.timeliness import Timeliness
from u8sync.errors import InputError
from u8sync.telemetry import textfile
from u8sync.telemetry.figures import Figure, figures_of
from u8sync.telemetry.textfile import write_textfile

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def series(path: Path) -> Series:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for metric in text_string_to_metric_families(path.read_text(encoding="utf-8"))
        for sample in metric.samples
    }


def write(
    path: Path, *, entry: RunEntry = ENTRY, labels: Mapping[str, str] = LABELS, due: Timeliness | None = DUE
) -> None:
    write_textfile(path, figures_of(entry, last_success=BEGAN, due=due), labels, run_id=entry.run_id)


def test_every_figure_of_a_run_is_there_with_the_labels_of_its_account_set(tmp_path: Path) -> None:
    write(tmp_path / "u8sync.prom")
    found = series(tmp_path / "u8sync.prom")
    own = set(LABELS.items())
    plain = {name: value for (name, labels), value in found.items() if labels == own}
    assert plain == {
        "u8sync_last_run_timestamp_seconds": BEGAN.timestamp() + 12.5,
        "u8sync_last_success_timestamp_seconds": BEGAN.timestamp(),
        "u8sync_run_duration_seconds": 12.5,
        "u8sync_run_exit_code": 4,
        "u8sync_run_customers": 1000,
        "u8sync_run_eligible_customers": 970,
        "u8sync_run_customers_with_issues": 3,
        "u8sync_run_held_customers": 5,
        "u8sync_run_planned_changes": 120,
        "u8sync_run_waiting_changes": 7,
        "u8sync_run_settled_changes": 2,
        "u8sync_run_guards_stopped": 1,
        "u8sync_run_troubles": 1,
        "u8sync_audit_records": 2210,
        "u8sync_overdue": 1,
        "u8sync_missed_starts": 1,
        "u8sync_next_due_timestamp_seconds": (BEGAN + timedelta(days=1)).timestamp(),
    }

    def of(name: str, **labels: str) -> float:
        return found[name, frozenset(own | set(labels.items()))]

    assert of("u8sync_run_changes", status="applied") == 100
    assert of("u8sync_run_changes", status="conflict") == 20
    assert of("u8sync_run_changes", status="unknown") == 0, "what did not happen is told too"
    assert of("u8sync_tier_customers", tier="VIP", moment="before") == 10
    assert of("u8sync_tier_customers", tier="VIP", moment="recommended") == 12
    assert of("u8sync_tier_customers", tier="", moment="before") == 1
    assert of("u8sync_run_step_seconds", step="Reading customers") == 2.0
    assert all(own <= labels for _, labels in found)


def test_what_a_run_did_not_come_to_has_no_figure(tmp_path: Path) -> None:
    early = RunEntry(**{**_bare(), "state": "ended", "ended_at": BEGAN, "exit_code": 69})
    write(tmp_path / "u8sync.prom", entry=early, due=None)
    names = {name for name, _ in series(tmp_path / "u8sync.prom")}
    assert "u8sync_run_exit_code" in names
    assert not names & {"u8sync_run_planned_changes", "u8sync_run_customers", "u8sync_audit_records", "u8sync_overdue"}


def _bare() -> dict[str, object]:
    return {name: getattr(ENTRY, name) for name in ("run_id", "command", "started_at", "host", "pid", "user", "config")}


def test_account_sets_that_share_a_file_leave_each_other_alone(tmp_path: Path) -> None:
    path = tmp_path / "u8sync.prom"
    others = [{**LABELS, "account_set": "001"}, {**LABELS, "config": "/other.yaml"}]
    for labels in (LABELS, *others, LABELS):
        write(path, labels=labels)
    found = series(path)
    for labels in (LABELS, *others):
        assert found["u8sync_run_planned_changes", frozenset(labels.items())] == 120
    again = path.read_bytes()
    write(path)
    assert sorted(path.read_bytes().splitlines()) == sorted(again.splitlines()), "nothing grows"
    names = [metric.name for metric in text_string_to_metric_families(path.read_text(encoding="utf-8"))]
    assert len(names) == len(set(names)), "each figure once, or the collector refuses the file"


def test_a_run_that_planned_nothing_leaves_no_figure_of_an_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "u8sync.prom"
    write(path)
    early = RunEntry(**{**_bare(), "state": "ended", "ended_at": BEGAN, "exit_code": 69})
    write(path, entry=early)
    assert "u8sync_run_planned_changes" not in {name for name, _ in series(path)}


def test_many_runs_at_once_lose_no_account_set(tmp_path: Path) -> None:
    path = tmp_path / "u8sync.prom"
    codes = [f"{number:03}" for number in range(12)]
    threads = [
        threading.Thread(target=write, args=(path,), kwargs={"labels": {**LABELS, "account_set": code}})
        for code in codes
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = {dict(labels)["account_set"] for _, labels in series(path)}
    assert found == set(codes)
    assert [one.name for one in tmp_path.iterdir() if not one.name.endswith(".lock")] == ["u8sync.prom"]


def shown(word: str) -> str:
    return "".join("?" if unicodedata.category(one) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else one for one in word)


@given(account=st.text(max_size=8), config=st.text(st.characters(), max_size=20), step=st.text(max_size=20))
def test_any_words_come_back_from_the_file_as_far_as_they_can_be_seen(
    tmp_path_factory: pytest.TempPathFactory, account: str, config: str, step: str
) -> None:
    path = tmp_path_factory.mktemp("figures") / "u8sync.prom"
    figure = Figure("u8sync_run_step_seconds", "Time.", "s", (({"step": step}, 1.5),))
    for _ in range(2):
        write_textfile(path, [figure], {"account_set": account, "config": config}, run_id="r")
    ((_, labels),) = series(path)
    said = {"account_set": account, "config": config, "step": step}
    assert dict(labels) == {name: shown(word) for name, word in said.items()}


@pytest.mark.parametrize(
    "data", [b"\xff\xfe", b"no figures {", b"a{b=", b"\0" * 100], ids=["bytes", "text", "half", "nulls"]
)
def test_what_is_no_file_of_figures_is_replaced(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "u8sync.prom"
    path.write_bytes(data)
    write(path)
    assert ("u8sync_run_exit_code", frozenset(LABELS.items())) in series(path)


@pytest.mark.skipif(sys.platform == "win32", reason="rights of POSIX")
def test_the_collector_runs_as_another_user_and_can_read_it(tmp_path: Path) -> None:
    former = os.umask(0o027)  # as the command line sets it
    try:
        write(tmp_path / "u8sync.prom")
    finally:
        os.umask(former)
    assert stat.S_IMODE((tmp_path / "u8sync.prom").stat().st_mode) == 0o644


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no folder .*gone"):
        write(tmp_path / "gone" / "u8sync.prom")


def test_a_file_that_another_run_keeps_busy_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(textfile, "_PATIENCE_S", 0.01)
    with FileLock(tmp_path / ".u8sync.prom.lock"), pytest.raises(InputError, match=r"keeps .* busy"):
        write(tmp_path / "u8sync.prom")


def test_when_it_cannot_be_written_the_old_file_stays_and_nothing_lies_about(tmp_path: Path) -> None:
    path = tmp_path / "u8sync.prom"
    path.mkdir()  # nothing can take its place
    with pytest.raises(OSError, match="directory"):
        write(path)
    assert sorted(one.name for one in tmp_path.iterdir()) == [".u8sync.prom.lock", "u8sync.prom"]

"""The log on disk: durable, one writer, and stopped by the first failure."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from audit_world import ACCOUNT_SET, check, named, open_at, write_run

from u8sync.audit.history import changes_of
from u8sync.audit.reading import HEAD, iterate
from u8sync.errors import AuditError, ExitCode, LockHeldError
from u8sync.ports import Head

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX signals, modes and limits")
SUPPORT = Path(__file__).parent.parent / "support"


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A process of its own, with the same modules to hand."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(SUPPORT), *sys.path])},
    )


def test_an_empty_place_becomes_a_log(tmp_path: Path) -> None:
    log = open_at(tmp_path / "deep" / "audit")
    log.close()
    assert log.folder.name == ACCOUNT_SET.folder
    assert [record["type"] for record in iterate(log.folder)] == ["segment_open"]
    assert check(log.folder).faults == ()


def test_a_record_carries_who_when_and_where_and_the_hash_before_it(tmp_path: Path) -> None:
    folder = write_run(tmp_path)
    second = list(iterate(folder))[1]
    assert {name: second[name] for name in ("v", "seq", "type", "run_id", "target", "host", "pid", "user")} == {
        "v": 1,
        "seq": 2,
        "type": "run_open",
        "run_id": "run-1",
        "target": ACCOUNT_SET.key,
        "host": "host",
        "pid": 1,
        "user": "管理员",
    }
    assert str(second["ts"]).endswith("Z")


def test_records_are_read_back_before_and_after_they_are_durable(tmp_path: Path) -> None:
    log = open_at(tmp_path)
    assert log.append("run_open", {"x": "甲"}) == 2
    assert [record["x"] for record in log.records("run_open")] == ["甲"]
    assert check(log.folder).records == 1
    log.commit()
    assert [record["x"] for record in log.records("run_open")] == ["甲"]
    assert check(log.folder).records == 2
    assert log.head() == check(log.folder).head
    log.close()


def test_the_next_run_goes_on_where_the_log_ends(tmp_path: Path) -> None:
    write_run(tmp_path, "run-1")
    folder = write_run(tmp_path, "run-2")
    assert [record["seq"] for record in iterate(folder)] == list(range(1, 22))
    assert check(folder).faults == ()


def test_segments_follow_each_other(tmp_path: Path) -> None:
    write_run(tmp_path, "run-1", changes=9, segment_bytes=1500)
    folder = write_run(tmp_path, "run-2", changes=9, segment_bytes=1500)
    found = check(folder)
    assert found.segments > 3
    assert found.faults == ()
    openings = [record["segment"] for record in iterate(folder, "segment_open")]
    assert openings == list(range(1, found.segments + 1))


def test_history_joins_each_change_with_its_end(tmp_path: Path) -> None:
    log = open_at(tmp_path)
    log.append("run_open", {})
    fields = [{"field": "tier", "column": "x", "was": None, "becomes": "重要"}]
    change = {"customer": "007", "fields": fields, "before": {"x": None}, "after": {"x": "重要"}}
    for op in ("a", "b", "c"):
        log.append("intent", {"op_id": op, "reason": {"score": "61.0000", "rule": "t.yaml:3"}, **change})
    log.append("outcome", {"op_id": "a", "status": "applied"})
    log.append("outcome", {"op_id": "b", "status": "unknown"})
    log.append("settle", {"op_id": "b", "verdict": "not_applied"})
    told = changes_of(log.records())
    assert [(change.customer, change.after, change.score, change.status) for change in told] == [
        ("007", "重要", "61.0000", "applied"),
        ("007", "重要", "61.0000", "not_applied"),
        ("007", "重要", "61.0000", "open"),
    ]
    log.close()


@pytest.mark.parametrize("torn", [b"x", b'{"v":1,"seq":11', b"\xff" * 300])
def test_a_line_that_was_never_finished_is_kept_aside_and_cut_off(tmp_path: Path, torn: bytes) -> None:
    folder = write_run(tmp_path)
    with (folder / "seg-000001.jsonl").open("ab") as file:
        file.write(torn)
    assert check(folder).torn == len(torn)
    assert check(folder).faults == ()
    open_at(tmp_path, "run-2").close()
    last = list(iterate(folder))[-1]
    assert (last["type"], last["bytes"]) == ("recovered_tail", len(torn))
    assert [path.read_bytes() for path in folder.glob("*.torn-*")] == [torn]
    assert check(folder).faults == ()


def test_a_committed_line_without_its_end_is_no_torn_tail(tmp_path: Path) -> None:
    folder = write_run(tmp_path)
    path = folder / "seg-000001.jsonl"
    path.write_bytes(path.read_bytes()[:-1])
    assert named(folder) == [11]
    with pytest.raises(AuditError, match="record 11"):
        open_at(tmp_path)


def test_a_broken_chain_is_not_written_on(tmp_path: Path) -> None:
    folder = write_run(tmp_path)
    path = folder / "seg-000001.jsonl"
    path.write_bytes(path.read_bytes().replace("重要".encode(), "一般".encode(), 1))
    with pytest.raises(AuditError, match=r"record 3 \(seg-000001.jsonl, line 3\)") as refused:
        open_at(tmp_path)
    assert refused.value.exit_code == ExitCode.AUDIT
    assert "Nothing was sent" in str(refused.value.hint)
    assert check(folder).records == 11


def test_an_empty_last_segment_is_used(tmp_path: Path) -> None:
    folder = write_run(tmp_path)
    (folder / "seg-000002.jsonl").touch()
    open_at(tmp_path, "run-2").close()
    assert check(folder).faults == ()


def test_a_second_writer_is_told_who_holds_the_log(tmp_path: Path) -> None:
    holding = child(
        """
        import sys
        from pathlib import Path
        from audit_world import open_at
        log = open_at(Path(sys.argv[1]), "night")
        print("held", flush=True)
        sys.stdin.readline()
        """,
        tmp_path,
    )
    try:
        assert holding.stdout is not None
        assert holding.stdout.readline().strip() == "held"
        with pytest.raises(LockHeldError, match=r"run night, process 1 on host, since 2026-") as held:
            open_at(tmp_path)
        assert held.value.exit_code == ExitCode.LOCK_HELD
    finally:
        holding.kill()
        holding.communicate()
    open_at(tmp_path).close()


@posix
def test_a_writer_killed_at_any_moment_loses_no_record_that_was_durable(tmp_path: Path) -> None:
    for attempt in range(12):
        writing = child(
            """
            import sys
            from pathlib import Path
            from audit_world import open_at
            log = open_at(Path(sys.argv[1]), sys.argv[2])
            log.append("run_open", {})
            while True:
                for _ in range(5):
                    number = log.append("plan", {"x": "y" * 500})
                log.commit()
                print(number, flush=True)
            """,
            tmp_path,
            f"run-{attempt}",
        )
        assert writing.stdout is not None
        last = 0
        for _ in range(40):
            last = int(writing.stdout.readline())
        writing.send_signal(signal.SIGKILL)
        rest, _ = writing.communicate()
        last = max([last, *(int(line) for line in rest.split())])
        log = open_at(tmp_path)
        log.close()
        assert log.head().count >= last
    assert check(log.folder).faults == ()


@posix
def test_a_full_disk_stops_the_log_and_it_stays_stopped(tmp_path: Path) -> None:
    full = child(
        """
        import resource, signal, sys
        from pathlib import Path
        from audit_world import open_at
        from u8sync.errors import AuditError
        log = open_at(Path(sys.argv[1]))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
        log.append("run_open", {"x": "y" * 5000})
        for _ in range(2):
            try:
                log.commit()
            except AuditError as error:
                print(error.exit_code, error, "|", error.hint)
        try:
            log.append("plan", {})
        except AuditError as error:
            print(error.exit_code, error)
        """,
        tmp_path,
    )
    out, err = full.communicate()
    said = out.splitlines()
    assert len(said) == 3, err
    assert all(line.startswith("74 ") for line in said)
    assert "free space" in said[0]
    log = open_at(tmp_path)
    assert log.head().count == 2  # the opening record, and the one that tells of the torn tail
    log.close()
    assert check(log.folder).faults == ()


def test_nothing_is_written_beside_somebody_else(tmp_path: Path) -> None:
    log = open_at(tmp_path)
    log.append("run_open", {})
    log.commit()
    segment = log.folder / "seg-000001.jsonl"
    with segment.open("ab") as file:
        file.write(b"x")
    before = segment.read_bytes()
    log.append("run_close", {})
    with pytest.raises(AuditError, match="Another process writes"):
        log.commit()
    with pytest.raises(AuditError):
        log.commit()
    assert segment.read_bytes() == before


@pytest.mark.skipif(os.name == "nt", reason="Windows removes no file that is open")
@pytest.mark.parametrize("put_back", [False, True])
def test_nothing_is_written_once_the_lock_was_deleted(tmp_path: Path, *, put_back: bool) -> None:
    log = open_at(tmp_path)
    log.append("run_open", {})
    lock = log.folder / ".lock"
    lock.rename(tmp_path / "taken away")  # so that the number of the file is not given to the next one
    if put_back:
        lock.touch()
    with pytest.raises(AuditError, match="its lock was deleted"):
        log.commit()


def test_an_error_of_the_disk_is_never_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = open_at(tmp_path)
    calls = []

    def fail(_descriptor: int) -> None:
        calls.append(1)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("u8sync.audit.store.sync", fail)
    log.append("run_open", {})
    for _ in range(2):
        with pytest.raises(AuditError):
            log.commit()
    assert len(calls) == 1
    log.close()


@pytest.mark.parametrize("value", ["y" * 70_000, "\ud83d"], ids=["too long", "half a character"])
def test_a_record_that_cannot_be_written_is_refused_before_anything(tmp_path: Path, value: str) -> None:
    log = open_at(tmp_path)
    with pytest.raises(AuditError, match="of customer 007 cannot be written"):
        log.append("intent", {"customer": "007", "x": value})
    log.append("run_open", {})
    log.commit()
    log.close()
    assert check(log.folder).faults == ()


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "audit").write_text("x", encoding="utf-8")
    with pytest.raises(AuditError, match="cannot be written"):
        open_at(tmp_path / "audit")


@posix
@pytest.mark.parametrize("make", ["link", "fifo", "folder"])
def test_what_is_no_plain_file_is_refused(tmp_path: Path, make: str) -> None:
    folder = write_run(tmp_path)
    path = folder / "seg-000001.jsonl"
    data = path.read_bytes()
    path.unlink()
    if make == "link":
        (tmp_path / "elsewhere").write_bytes(data)
        path.symlink_to(tmp_path / "elsewhere")
    elif make == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(AuditError, match="is not a regular file"):
        open_at(tmp_path)


@posix
def test_nobody_else_may_read_the_log_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        folder = write_run(tmp_path)
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o077 for path in folder.glob("seg-*")} == {"seg-000001.jsonl": 0}
    assert (folder / HEAD).stat().st_mode & 0o077 == 0


def test_a_reader_beside_a_writer_sees_whole_records(tmp_path: Path) -> None:
    log = open_at(tmp_path)
    log.append("run_open", {})
    for number in range(50):
        log.append("plan", {"number": number})
        log.commit()
        found = check(log.folder)
        assert found.faults == ()
        assert found.records == number + 3
    log.close()
    log.close()


def test_the_head_file_says_how_far_the_log_is_durable(tmp_path: Path) -> None:
    folder = write_run(tmp_path)
    said = json.loads((folder / HEAD).read_text(encoding="utf-8"))
    assert Head(said["count"], said["hash"]) == check(folder).head

"""Attacks on the log that change no single byte: files taken away, put elsewhere, or that are no files at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from audit_world import ACCOUNT_SET, check, named, open_at, write_run

from u8sync.audit.chain import link
from u8sync.audit.reading import HEAD, iterate
from u8sync.audit.segments import segment_name, segments_of
from u8sync.errors import AuditError, ExitCode

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX links, pipes and modes")


def head_at(folder: Path, count: int) -> None:
    """Put the head file back to where it was after ``count`` records, as a crash leaves it."""
    lines = [line for path in sorted(folder.glob("seg-*.jsonl")) for line in path.read_bytes().splitlines()]
    (folder / HEAD).write_text(json.dumps({"count": count, "hash": link(lines[count - 1])}), encoding="utf-8")


def open_descriptors() -> int:
    """How many files this process holds open."""
    return sum(1 for number in range(256) if is_open(number))


def is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def test_a_log_whose_segments_were_all_deleted_is_not_begun_anew(tmp_path: Path) -> None:
    folder = write_run(tmp_path)
    said = (folder / HEAD).read_bytes()
    for path in folder.glob("seg-*.jsonl"):
        path.unlink()
    assert named(folder) == [1]
    with pytest.raises(AuditError) as refused:
        open_at(tmp_path)
    assert refused.value.exit_code == ExitCode.AUDIT
    assert (folder / HEAD).read_bytes() == said


@pytest.mark.parametrize("which", [0, 1, -1], ids=["first", "middle", "last"])
def test_a_missing_segment_is_a_fault_that_names_the_first_record_lost(tmp_path: Path, which: int) -> None:
    folder = write_run(tmp_path, changes=6, segment_bytes=1500)
    gone = sorted(folder.glob("seg-*.jsonl"))[which]
    first = json.loads(gone.read_bytes().splitlines()[0])["seq"]
    gone.unlink()
    assert first in named(folder)
    with pytest.raises(AuditError):
        open_at(tmp_path)


def test_a_segment_under_another_number_is_a_fault(tmp_path: Path) -> None:
    folder = write_run(tmp_path, changes=6, segment_bytes=1500)
    last = max(folder.glob("seg-*.jsonl"))
    last.rename(folder / "seg-000099.jsonl")
    assert check(folder).faults


def test_the_last_record_is_named_with_its_place(tmp_path: Path) -> None:
    folder = write_run(tmp_path)
    path = folder / "seg-000001.jsonl"
    data = path.read_bytes()
    at = data.rindex(b'"host":"h')
    path.write_bytes(data[: at + 8] + b"H" + data[at + 9 :])
    (fault,) = check(folder).faults
    assert (fault.segment, fault.line, fault.seq) == (path.name, 11, 11)


def test_reading_a_damaged_log_is_refused_rather_than_passing_over_the_record(tmp_path: Path) -> None:
    folder = write_run(tmp_path)
    path = folder / "seg-000001.jsonl"
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"type":"intent"', b'"type":"intent\xff', 1))
    with pytest.raises(AuditError, match=r"seg-000001\.jsonl"):
        list(iterate(folder, "intent"))


def test_a_record_of_unknown_type_is_refused_before_it_can_lock_the_log(tmp_path: Path) -> None:
    log = open_at(tmp_path)
    with pytest.raises(ValueError, match="guess"):
        log.append("guess", {})
    log.append("run_open", {})
    log.commit()
    log.close()
    open_at(tmp_path).close()


def test_a_torn_line_before_an_empty_segment_is_a_fault(tmp_path: Path) -> None:
    folder = write_run(tmp_path)
    head_at(folder, 10)
    path = folder / "seg-000001.jsonl"
    path.write_bytes(path.read_bytes()[:-5])
    (folder / "seg-000002.jsonl").touch()
    assert named(folder) == [11]
    with pytest.raises(AuditError, match="record 11"):
        open_at(tmp_path)


def test_every_truncation_beyond_the_head_is_a_torn_tail_and_loses_no_whole_record(tmp_path: Path) -> None:
    folder = write_run(tmp_path)
    head_at(folder, 8)
    path = folder / "seg-000001.jsonl"
    data = path.read_bytes()
    start = sum(len(line) for line in data.splitlines(keepends=True)[:8])
    for end in range(start, len(data)):
        path.write_bytes(data[:end])
        found = check(folder)
        assert found.faults == ()
        assert found.head.count == data[:end].count(b"\n")
        assert found.torn == end - data[:end].rfind(b"\n") - 1


def test_two_torn_tails_are_both_kept(tmp_path: Path) -> None:
    for number in (1, 2):
        folder = write_run(tmp_path, f"run-{number}")
        with (folder / "seg-000001.jsonl").open("ab") as file:
            file.write(b"torn %d" % number)
        open_at(tmp_path, f"then-{number}").close()
    assert sorted(path.read_bytes() for path in folder.glob("*.torn-*")) == [b"torn 1", b"torn 2"]


@pytest.mark.parametrize("said", [b"", b"[]", b"{}", b"\xff", b"[" * 90_000, b'{"count":-1,"hash":""}', b"\0" * 90])
def test_a_head_file_that_says_nothing_is_a_fault(tmp_path: Path, said: bytes) -> None:
    folder = write_run(tmp_path)
    (folder / HEAD).write_bytes(said)
    assert named(folder) == [None]
    with pytest.raises(AuditError):
        open_at(tmp_path)


@posix
def test_a_head_file_of_another_log_names_the_record_it_should_speak_of(tmp_path: Path) -> None:
    folder = write_run(tmp_path)
    (folder / HEAD).write_text(json.dumps({"count": 5, "hash": "0" * 64}), encoding="utf-8")
    assert named(folder) == [5]


@posix
def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    root = tmp_path / "audit"
    root.mkdir()
    (root / ACCOUNT_SET.folder).symlink_to(elsewhere, target_is_directory=True)
    with pytest.raises(AuditError):
        open_at(root)
    assert list(elsewhere.iterdir()) == []


@posix
@pytest.mark.parametrize("name", ["HEAD", "HEAD.new", ".lock", ".holder"])
@pytest.mark.parametrize("kind", ["link", "fifo"])
def test_a_link_or_pipe_beside_the_segments_neither_hangs_a_run_nor_is_written_through(
    tmp_path: Path, name: str, kind: str
) -> None:
    folder = write_run(tmp_path)
    victim = tmp_path / "victim"
    victim.write_text("precious", encoding="utf-8")
    path = folder / name
    path.unlink(missing_ok=True)
    if kind == "link":
        path.symlink_to(victim)
    else:
        os.mkfifo(path)
    program = "import sys; from pathlib import Path; from audit_world import open_at, write_run, check\n"
    program += "from u8sync.errors import U8SyncError\n"
    program += "try:\n    check(Path(sys.argv[2])); write_run(Path(sys.argv[1]), 'run-2')\n"
    program += "except U8SyncError as error:\n    sys.exit(error.exit_code)\n"
    support = str(Path(__file__).parent.parent / "support")
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), str(folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([support, *sys.path])},
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode in {ExitCode.DONE, ExitCode.AUDIT}, ended.stderr
    assert victim.read_text(encoding="utf-8") == "precious"


@posix
def test_no_file_of_the_log_is_open_to_others_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        root = tmp_path / "new" / "audit"
        folder = write_run(root)
        with (folder / "seg-000001.jsonl").open("ab") as file:
            file.write(b"torn")
        open_at(root, "run-2").close()
    finally:
        os.umask(before)
    modes = {path.name: oct(path.stat().st_mode & 0o077) for path in [root, folder, *folder.iterdir()]}
    assert set(modes.values()) == {"0o0"}, modes
    assert any(".torn-" in name for name in modes)


@posix
def test_a_log_that_cannot_be_opened_leaves_no_descriptor_behind(tmp_path: Path) -> None:
    folder = write_run(tmp_path)
    with (folder / "seg-000001.jsonl").open("ab") as file:
        file.write(b"torn")
    (folder / "HEAD.new").mkdir()
    before = open_descriptors()
    with pytest.raises(AuditError):
        open_at(tmp_path)
    assert open_descriptors() == before


def test_a_closed_log_takes_no_more_records(tmp_path: Path) -> None:
    log = open_at(tmp_path)
    log.close()
    log.append("run_open", {})
    with pytest.raises(AuditError):
        log.commit()


def test_the_record_beyond_the_head_is_named_and_not_the_one_that_the_head_vouches_for(tmp_path: Path) -> None:
    folder = write_run(tmp_path)
    head_at(folder, 10)
    path = folder / "seg-000001.jsonl"
    data = path.read_bytes()
    start = data.rindex(b"\n", 0, len(data) - 1) + 1
    hidden = []
    for at in range(start, len(data) - 1):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        found = named(folder)
        assert set(found) <= {11}
        hidden += [] if found else [at]
    # No witness stands behind the last record yet, so what changes its words alone is not seen; the chain and form are.
    assert len(hidden) < len(data) - start - 64


def test_two_records_run_together_are_one_fault_when_the_head_spoke_of_the_second(tmp_path: Path) -> None:
    folder = write_run(tmp_path)
    head_at(folder, 7)
    path = folder / "seg-000001.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[5] = lines[5].replace(b"\n", b" ")
    path.write_bytes(b"".join(lines))
    assert named(folder) == [6]


def test_a_check_says_up_to_which_record_the_log_can_be_trusted(tmp_path: Path) -> None:
    folder = write_run(tmp_path)
    assert check(folder).trustworthy == 11
    path = folder / "seg-000001.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"customer":"C2"', b'"customer":"C7"', 1))
    (record,) = named(folder)
    assert check(folder).trustworthy == (record or 0) - 1
    (folder / HEAD).unlink()
    assert check(folder).trustworthy == 0


def test_a_log_beside_which_a_reader_works_is_whole_at_every_look(tmp_path: Path) -> None:
    program = """
        import sys
        from pathlib import Path
        from audit_world import open_at
        log = open_at(Path(sys.argv[1]), segment_bytes=5000)
        log.append("run_open", {})
        while True:
            for _ in range(7):
                log.append("plan", {"x": "y" * 300})
            log.commit()
            print(log.head().count, flush=True)
        """
    support = str(Path(__file__).parent.parent / "support")
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join([support, *sys.path])},
    ) as writing:
        assert writing.stdout is not None
        try:
            said = int(writing.stdout.readline())
            for _ in range(25):
                found = check(tmp_path / ACCOUNT_SET.folder)
                assert found.faults == ()
                assert found.head.count >= said
                assert len(list(iterate(tmp_path / ACCOUNT_SET.folder))) >= found.head.count
                said = int(writing.stdout.readline())
        finally:
            writing.kill()
    assert found.segments > 1


def test_a_folder_that_grows_while_it_is_listed_has_no_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operating system may show the last of the files that are made meanwhile, and not the one before it."""
    views = iter([[1, 2, 4], [1, 2, 3, 4, 6]])
    for number in range(1, 7):
        (tmp_path / segment_name(number)).touch()
    monkeypatch.setattr(Path, "iterdir", lambda folder: [folder / segment_name(number) for number in next(views)])
    assert [segment.number for segment in segments_of(tmp_path)] == [1, 2, 3, 4]


def test_a_segment_that_is_missing_is_missing_however_often_it_is_looked_for(tmp_path: Path) -> None:
    for number in (1, 2, 4):
        (tmp_path / segment_name(number)).touch()
    assert [segment.number for segment in segments_of(tmp_path)] == [1, 2, 4]

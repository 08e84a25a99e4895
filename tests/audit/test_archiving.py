"""Old segments are compressed and moved, and every proof still holds."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pytest
from audit_world import check, key, newest, open_at, write_run
from fakes import Quiet, Ticking

from u8sync.audit.archiving import Archived, archive_segments
from u8sync.audit.moved import Moved, moved_of
from u8sync.audit.reading import iterate
from u8sync.audit.segments import BASE, segments_of
from u8sync.audit.store import open_existing
from u8sync.errors import AuditError, InputError

SITE = key("site")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A signed log of several segments."""
    root = tmp_path / "audit"
    for number in range(1, 5):
        log_folder = write_run(root, f"run-{number}", segment_bytes=1500, signer=SITE)
    return log_folder


def archive(folder: Path, to: Path | None, keep: int = 0) -> Archived:
    log = open_existing(folder, run_id="work", clock=Ticking(), host="h", pid=1, progress=Quiet(), signers=[SITE])
    try:
        return archive_segments(log, to=to, keep=keep, progress=Quiet())
    finally:
        log.close()


def plain(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("seg-*"))


def test_compressed_segments_hold_the_same_bytes_and_the_check_reads_them(folder: Path) -> None:
    before, records = check(folder), list(iterate(folder))
    bytes_before = {path.name: path.read_bytes() for path in folder.glob("seg-*")}
    done = archive(folder, None)
    assert len(done.compressed) == before.segments - 1
    assert done.freed > 0
    assert plain(folder) == [*(f"{name}.gz" for name in sorted(bytes_before)[:-1]), max(bytes_before)]
    for path in folder.glob("*.gz"):
        assert gzip.decompress(path.read_bytes()) == bytes_before[path.name.removesuffix(".gz")]
        assert path.stat().st_mode & 0o777 == 0o400
    after = check(folder, keys=[SITE.verification])
    assert (after.faults, after.segments, after.signed.trusted) == ((), before.segments, True)
    assert list(iterate(folder))[: len(records)] == records


def test_a_compressed_file_left_by_a_crash_is_made_again(folder: Path) -> None:
    left = folder / "seg-000001.jsonl.gz"
    left.write_bytes(b"half a file")
    left.chmod(0o400)
    assert "seg-000001.jsonl" in archive(folder, None).compressed
    assert not check(folder).faults


def test_moved_segments_leave_a_log_that_is_whole_and_goes_on(folder: Path, tmp_path: Path) -> None:
    kept, before = newest(folder), check(folder)
    to = tmp_path / "archive" / folder.name
    done = archive(folder, to, keep=1)
    assert len(done.moved) == before.segments - 2
    assert len(plain(to)) == len(done.moved)

    alone = check(folder, keys=[SITE.verification], outside=[kept])
    assert (alone.faults, alone.base.segments, alone.signed.trusted) == ((), len(done.moved), True)
    assert alone.signed.outside == json.loads(kept.splitlines()[1])
    assert alone.head.count > before.head.count

    write_run(folder.parent, "run-5", signer=SITE)
    complete = check(folder, archive=to, keys=[SITE.verification], outside=[kept, newest(folder)])
    assert (complete.faults, complete.base.count, complete.unsigned) == ((), 0, 0)
    assert [record["seq"] for record in iterate(folder, archive=to)] == list(range(1, complete.head.count + 1))
    assert check(folder).root == complete.root


def test_moving_again_goes_on_from_where_the_log_begins_now(folder: Path, tmp_path: Path) -> None:
    to = tmp_path / "archive"
    archive(folder, to, keep=2)
    for number in range(5, 9):
        write_run(folder.parent, f"run-{number}", segment_bytes=1500, signer=SITE)
    archive(folder, to)
    assert not check(folder).faults
    assert not check(folder, archive=to).faults
    assert check(folder, archive=to).base.count == 0


def test_one_that_was_moved_and_lost_is_missed(folder: Path, tmp_path: Path) -> None:
    to = tmp_path / "archive"
    archive(folder, to)
    (to / "seg-000002.jsonl.gz").unlink()
    assert "lacks seg-000002" in str(check(folder, archive=to).faults[0].message)
    assert not check(folder).faults, "without it, the log itself is whole"


def test_a_changed_byte_in_a_moved_segment_is_found(folder: Path, tmp_path: Path) -> None:
    to = tmp_path / "archive"
    archive(folder, to)
    path = to / "seg-000001.jsonl.gz"
    path.chmod(0o600)
    data = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(data.replace(b'"host":"host"', b'"host":"h0st"', 1)))
    assert check(folder, archive=to).faults
    path.write_bytes(path.read_bytes()[:-20])
    found = check(folder, archive=to).faults[0]
    assert "damaged" in str(found.message)


def test_a_first_segment_that_was_simply_deleted_is_a_fault(folder: Path) -> None:
    (folder / "seg-000001.jsonl").unlink()
    assert "lacks seg-000001" in str(check(folder).faults[0].message)


def test_a_base_that_somebody_made_up_is_found(folder: Path, tmp_path: Path) -> None:
    archive(folder, tmp_path / "archive")
    base = json.loads((folder / BASE).read_text())
    (folder / BASE).write_text(json.dumps({**base, "frontier": ["00" * 32] * len(base["frontier"])}))
    assert check(folder).faults
    (folder / BASE).unlink()
    assert "lacks seg-000001" in str(check(folder).faults[0].message)


def test_a_base_that_its_record_does_not_bear_out_is_found_without_any_signature(tmp_path: Path) -> None:
    for number in range(1, 4):
        folder = write_run(tmp_path / "audit", f"run-{number}", segment_bytes=1500)
    log = open_existing(folder, run_id="work", clock=Ticking(), host="h", pid=1, progress=Quiet())
    archive_segments(log, to=tmp_path / "archive", keep=0, progress=Quiet())
    log.close()
    assert not check(folder).faults
    base = json.loads((folder / BASE).read_text())
    (folder / BASE).write_text(json.dumps({**base, "frontier": ["00" * 32] * len(base["frontier"])}))
    assert "not those that the file BASE tells of" in str(check(folder).faults[0].message)


def test_a_log_that_begins_late_without_a_record_of_it_is_a_fault(folder: Path, tmp_path: Path) -> None:
    whole = Path(shutil.copytree(folder, tmp_path / "whole"))
    archive(folder, tmp_path / "archive", keep=1)
    moved = json.loads((folder / BASE).read_text())["segments"]
    (whole / BASE).write_bytes((folder / BASE).read_bytes())
    for number in range(1, moved + 1):
        (whole / f"seg-{number:06d}.jsonl").unlink()
    said = [str(fault.message) for fault in check(whole).faults]
    assert any("no record says where those before it went" in words for words in said)


def test_with_an_open_change_nothing_is_moved(folder: Path, tmp_path: Path) -> None:
    log = open_at(folder.parent, "run-9", signer=SITE)
    log.append("run_open", {})
    log.append("intent", {"op_id": "open", "customer": "C1", "before": {}, "after": {}})
    log.commit()
    log.close()
    with pytest.raises(AuditError, match="without a recorded end"):
        archive(folder, tmp_path / "archive")
    assert not (folder / BASE).exists()
    assert len(segments_of(folder)) == len(plain(folder))


def test_a_file_in_the_way_is_not_written_over(folder: Path, tmp_path: Path) -> None:
    to = tmp_path / "archive"
    to.mkdir()
    (to / "seg-000001.jsonl.gz").write_bytes(gzip.compress(b"something else"))
    with pytest.raises(InputError, match="holds something else"):
        archive(folder, to)
    assert not check(folder).faults


@pytest.mark.parametrize("removed", [0, 1, 3])
def test_stopped_in_the_middle_of_the_removal_it_is_finished_the_next_time(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, removed: int
) -> None:
    to = tmp_path / "archive"
    archive(folder, None)
    left = [removed]

    def die(path: Path) -> None:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        path.unlink()

    with monkeypatch.context() as patch:
        patch.setattr("u8sync.audit.archiving._remove", die)
        with pytest.raises(KeyboardInterrupt):
            archive(folder, to)
    assert not check(folder).faults
    assert not check(folder, archive=to).faults
    assert next(iterate(folder, archive=to))["seq"] == 1
    write_run(folder.parent, "run-5", segment_bytes=1, signer=SITE)
    archive(folder, to)
    assert not check(folder).faults
    assert not check(folder, archive=to).faults


def test_what_was_moved_is_read_as_it_was_as_long_as_it_lies_there_whole(folder: Path, tmp_path: Path) -> None:
    before = list(iterate(folder, "run_open", "intent", "outcome"))
    assert moved_of(folder, tmp_path / "nowhere") == Moved(), "nothing was moved yet"
    to = tmp_path / "away"
    count = len(archive(folder, to, keep=1).moved)
    moved = moved_of(folder, to)
    assert (len(moved.segments), moved.gone) == (count, None)
    own = list(iterate(folder, "run_open", "intent", "outcome"))
    assert [*moved.records("run_open", "intent", "outcome"), *own] == before
    # Moved on in two steps it is still one beginning.
    archive(folder, to, keep=0)
    again = moved_of(folder, to)
    assert len(again.segments) > count
    own = list(iterate(folder, "run_open", "intent", "outcome"))
    assert [*again.records("run_open", "intent", "outcome"), *own] == before


def test_what_is_not_there_any_more_is_told_and_what_is_something_else_is_an_error(
    folder: Path, tmp_path: Path
) -> None:
    to = tmp_path / "away"
    archive(folder, to)
    assert "does not say where to" in str(moved_of(folder, None).gone)
    assert f"not whole in {tmp_path / 'nowhere'}" in str(moved_of(folder, tmp_path / "nowhere").gone)
    newest = segments_of(to)[-1].path
    kept = newest.read_bytes()
    newest.chmod(0o600)
    newest.unlink()
    assert moved_of(folder, to).gone is not None
    assert list(moved_of(folder, to).records("run_open")) == [], "a part is not taken for the whole"
    newest.write_bytes(gzip.compress(gzip.decompress(kept).replace(b"run-", b"ruin", 1)))
    with pytest.raises(AuditError, match="not those that were moved"):
        moved_of(folder, to)
    newest.write_bytes(gzip.compress(b"".join(gzip.decompress(kept).splitlines(keepends=True)[:-1])))
    with pytest.raises(AuditError, match="not those that were moved"):
        moved_of(folder, to)

"""A folder as an anchor: what may stand in it, and how a file comes to be there."""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack
from pathlib import Path

import pytest
from notes import ORIGIN, note

from u8sync.anchoring import new_file
from u8sync.anchoring.folder import FolderAnchor
from u8sync.anchoring.new_file import write_new
from u8sync.errors import AuditError, TransientError

FOLDER = ORIGIN.removeprefix("u8sync/")


def test_a_checkpoint_is_a_file_named_by_its_size(tmp_path: Path) -> None:
    FolderAnchor(tmp_path).publish(note(42))
    (path,) = tmp_path.rglob("*.*")
    assert path.relative_to(tmp_path).as_posix() == f"{FOLDER}/000000000042.checkpoint"
    assert path.read_bytes() == note(42).encode()


def test_the_folder_itself_is_never_made(tmp_path: Path) -> None:
    anchor = FolderAnchor(tmp_path / "share")
    for ask in (lambda: anchor.publish(note(3)), lambda: anchor.newest(ORIGIN, 1)):
        with pytest.raises(TransientError) as caught:
            ask()
        assert str(caught.value) == f"The anchor {tmp_path / 'share'} cannot be used: there is no such folder"
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_the_logs_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_bytes(b"")
    with pytest.raises(TransientError):
        FolderAnchor(tmp_path).publish(note(3))
    with pytest.raises(TransientError):
        FolderAnchor(tmp_path).newest(ORIGIN, 1)


def test_what_has_another_name_is_no_checkpoint(tmp_path: Path) -> None:
    anchor = FolderAnchor(tmp_path)
    anchor.publish(note(3))
    for name in ("3.checkpoint", ".000000000004.checkpoint.ab.new", "000000000004.checkpoint.bak", "٠" * 12):
        (tmp_path / FOLDER / name).write_text(note(4), encoding="utf-8")
    assert anchor.newest(ORIGIN, 9) == [note(3)]


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", note(3).encode()[:-1], note(3).encode() + b"\n", note(4).encode()])
def test_a_changed_file_is_the_alarm_and_is_handed_out_for_the_check(tmp_path: Path, data: bytes) -> None:
    anchor = FolderAnchor(tmp_path)
    anchor.publish(note(3))
    (tmp_path / FOLDER / "000000000003.checkpoint").write_bytes(data)
    with pytest.raises(AuditError):
        anchor.publish(note(3))
    assert anchor.newest(ORIGIN, 9) == [data.decode("utf-8", "replace")]


@pytest.mark.skipif(os.name == "nt", reason="needs links and pipes of POSIX")
@pytest.mark.parametrize("kind", ["link", "dangling link", "pipe"])
def test_what_is_no_regular_file_passes_for_no_checkpoint(tmp_path: Path, kind: str) -> None:
    anchor = FolderAnchor(tmp_path)
    (tmp_path / FOLDER).mkdir()
    path = tmp_path / FOLDER / "000000000003.checkpoint"
    with ExitStack() as open_ends:
        if kind == "pipe":
            os.mkfifo(path)
            end = os.open(path, os.O_RDWR)
            open_ends.callback(os.close, end)
            os.write(end, note(3).encode())
        else:
            if kind == "link":
                (tmp_path / "elsewhere").write_text(note(3), encoding="utf-8")
            path.symlink_to(tmp_path / "elsewhere")
        with pytest.raises(AuditError):
            anchor.publish(note(3))
        assert anchor.newest(ORIGIN, 9) == [""]


def test_a_file_appears_whole_and_never_takes_the_place_of_another(tmp_path: Path) -> None:
    assert write_new(tmp_path / "a", b"1" * 100_000)
    assert not write_new(tmp_path / "a", b"2")
    assert {path.name: path.stat().st_size for path in tmp_path.iterdir()} == {"a": 100_000}


@pytest.mark.skipif(os.name == "nt", reason="Windows renames")
def test_a_share_without_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(new_file.os, "link", none)
    assert write_new(tmp_path / "a", b"1")
    assert not write_new(tmp_path / "a", b"2")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"1")]


@pytest.mark.skipif(os.name == "nt", reason="POSIX only")
def test_what_cannot_be_written_whole_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(new_file.os, "fsync", full)
    with pytest.raises(TransientError, match="No space left"):
        FolderAnchor(tmp_path).publish(note(3))
    assert list((tmp_path / FOLDER).iterdir()) == []

"""A sink never fails: a full disk, a folder that is gone, a stream that nobody reads are told, not raised."""

from __future__ import annotations

import io
import os
import sys
import threading
from pathlib import Path

import pytest

from u8sync.telemetry.sinks import FileSink, StreamSink, clear_away
from u8sync.text import english


def troubles(sink: FileSink) -> list[str]:
    return [english(trouble) for trouble in sink.troubles]


def test_lines_stand_in_the_file_as_soon_as_they_are_written(tmp_path: Path) -> None:
    sink = FileSink(tmp_path / "new" / "log.jsonl", 1000)
    assert not (tmp_path / "new").exists(), "nothing is made before there is something to say"
    sink.write("一", level="info", last=False)
    assert (tmp_path / "new" / "log.jsonl").read_bytes() == "一\n".encode()
    sink.write("two", level="info", last=True)
    sink.close()
    sink.close()
    assert (tmp_path / "new" / "log.jsonl").read_bytes() == "一\ntwo\n".encode()
    assert (troubles(sink), sink.dropped) == ([], 0)


def test_a_log_without_end_stops_at_its_limit_and_keeps_room_for_the_last_line(tmp_path: Path) -> None:
    sink = FileSink(tmp_path / "log.jsonl", 1000)
    for number in range(1_000):
        sink.write(f"{number:09}", level="info", last=False)
    sink.write("the end", level="info", last=True)
    sink.close()
    lines = (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert lines == [f"{number:09}" for number in range(100)] + ["the end"]
    assert sink.dropped == 900
    assert troubles(sink) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_told_once_and_nothing_more_is_tried(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    sink = FileSink(path, 1000)
    sink._descriptor = os.open("/dev/full", os.O_WRONLY)
    for _ in range(3):
        sink.write("line", level="info", last=False)
    sink.close()
    assert troubles(sink) == [f"The run's log cannot be written: {path}: No space left on device"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    sink = FileSink(tmp_path / "file" / "log.jsonl", 1000)
    sink.write("line", level="info", last=False)
    sink.close()
    (said,) = troubles(sink)
    assert said.startswith(f"The run's log cannot be written: {tmp_path / 'file' / 'log.jsonl'}: ")


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_link_that_somebody_laid_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    (tmp_path / "log.jsonl").symlink_to(target)
    sink = FileSink(tmp_path / "log.jsonl", 1000)
    sink.write("line", level="info", last=False)
    assert troubles(sink) != []
    assert not target.exists()


def test_lines_of_many_threads_stay_whole(tmp_path: Path) -> None:
    sink = FileSink(tmp_path / "log.jsonl", 10_000_000)

    def write(name: str) -> None:
        for number in range(200):
            sink.write(f"{name}{number} " + name * 500, level="info", last=False)

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sink.close()
    lines = (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert sorted(lines) == sorted(f"{name}{number} " + name * 500 for name in "abcd" for number in range(200))


def test_the_journal_gets_the_priority_of_each_line() -> None:
    stream = io.StringIO()
    for level in ("debug", "info", "warning", "error"):
        StreamSink(stream, journal=True).write(level, level=level, last=False)
    assert stream.getvalue() == "<7>debug\n<6>info\n<4>warning\n<3>error\n"


def test_a_stream_that_nobody_reads_is_no_trouble() -> None:
    class Broken(io.StringIO):
        def write(self, _text: str) -> int:
            raise BrokenPipeError

    closed = io.StringIO()
    closed.close()
    for stream in (Broken(), closed):
        StreamSink(stream, journal=False).write("line", level="info", last=False)


def test_the_oldest_files_go_and_other_files_stay(tmp_path: Path) -> None:
    for name in ("1.jsonl", "3.jsonl", "2.jsonl", "0.txt"):
        (tmp_path / name).touch()
    clear_away(tmp_path, "?.jsonl", 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.txt", "2.jsonl", "3.jsonl"]
    clear_away(tmp_path, "?.jsonl", 5)
    assert len(list(tmp_path.iterdir())) == 3

"""Whatever happens to the file, the check names the record it happened to."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from audit_world import check, named, write_run

from u8sync.audit.chain import encode, link
from u8sync.audit.findings import Line
from u8sync.audit.reading import HEAD
from u8sync.audit.verification import verify
from u8sync.ports import Head

Lines = list[bytes]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of two runs, 11 records in one segment."""
    root = tmp_path_factory.mktemp("audit")
    write_run(root, "run-1", changes=2)
    return write_run(root, "run-2", changes=1)


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "log"))


def segment(folder: Path) -> Path:
    return folder / "seg-000001.jsonl"


def named_in(data: bytes, head: Head) -> list[int | None]:
    """The records that a check of one segment's bytes names."""
    parts = data.split(b"\n")
    read = [Line("seg-000001.jsonl", number, part) for number, part in enumerate(parts[:-1], 1)]
    if parts[-1]:
        read.append(Line("seg-000001.jsonl", len(parts), parts[-1], ended=False))
    return [fault.seq for fault in verify(read, head, segments=1).faults]


def lines(folder: Path) -> Lines:
    return segment(folder).read_bytes().splitlines(keepends=True)


def test_a_log_as_it_was_written_is_whole(whole: Path) -> None:
    found = check(whole)
    assert (found.records, found.runs, found.faults, found.open_intents) == (11, 2, (), ())


@pytest.mark.parametrize(
    "flip",
    [
        pytest.param(lambda byte: byte ^ 1, id="lowest bit"),
        pytest.param(lambda byte: byte ^ 0x80, id="highest bit"),
        pytest.param(lambda _byte: 0x0A, id="line end"),
        pytest.param(lambda _byte: 0x30, id="zero"),
        pytest.param(lambda byte: 0x30 + (byte - 0x2F) % 10, id="next digit"),
    ],
)
def test_any_changed_byte_is_found_and_its_record_named(folder: Path, flip: Callable[[int], int]) -> None:
    data, head = segment(folder).read_bytes(), check(folder).head
    seq = 1
    for at, byte in enumerate(data):
        changed = flip(byte)
        if changed != byte:
            assert named_in(data[:at] + bytes([changed]) + data[at + 1 :], head) == [seq], (
                f"byte {at}: {byte:#x} -> {changed:#x}"
            )
        if byte == 0x0A:
            seq += 1
    assert seq == 12


def test_every_truncation_is_found(folder: Path) -> None:
    data, head = segment(folder).read_bytes(), check(folder).head
    for end in range(len(data)):
        first_lost = data[:end].count(b"\n") + 1
        assert named_in(data[:end], head) == [first_lost], f"cut at {end}"


@pytest.mark.parametrize("number", range(1, 12))
def test_a_record_taken_out_is_named(folder: Path, number: int) -> None:
    kept = lines(folder)
    del kept[number - 1]
    segment(folder).write_bytes(b"".join(kept))
    assert named(folder) == [number]


@pytest.mark.parametrize("number", range(1, 12))
def test_a_record_put_in_twice_is_named(folder: Path, number: int) -> None:
    more = lines(folder)
    more.insert(number, more[number - 1])
    segment(folder).write_bytes(b"".join(more))
    assert number in named(folder)


@pytest.mark.parametrize("number", range(1, 11))
def test_two_records_that_changed_places_are_named(folder: Path, number: int) -> None:
    swapped = lines(folder)
    swapped[number - 1 : number + 1] = reversed(swapped[number - 1 : number + 1])
    segment(folder).write_bytes(b"".join(swapped))
    assert number in named(folder)


def test_line_ends_changed_by_an_editor_are_found(folder: Path) -> None:
    segment(folder).write_bytes(segment(folder).read_bytes().replace(b"\n", b"\r\n"))
    assert len(named(folder)) == 11


def test_a_value_changed_with_its_own_hash_put_right_is_found_at_the_next_record(folder: Path) -> None:
    changed = lines(folder)
    changed[2] = changed[2].replace("重要".encode(), b"VIP")
    following = json.loads(changed[3])
    following["prev"] = link(changed[2][:-1])
    changed[3] = encode(following) + b"\n"
    segment(folder).write_bytes(b"".join(changed))
    assert named(folder) == [4]


def test_a_chain_computed_anew_is_found_by_the_head_that_somebody_kept(folder: Path) -> None:
    forged = lines(folder)
    forged[2] = forged[2].replace("重要".encode(), b"VIP")
    for number in range(3, len(forged)):
        record = json.loads(forged[number])
        record["prev"] = link(forged[number - 1][:-1])
        forged[number] = encode(record) + b"\n"
    segment(folder).write_bytes(b"".join(forged))
    assert named(folder) == [11]


def test_a_missing_or_spoilt_head_is_told(folder: Path) -> None:
    (folder / HEAD).write_text("{", encoding="utf-8")
    assert named(folder) == [None]
    (folder / HEAD).unlink()
    assert "head file is missing" in str(check(folder).faults[0].message)


def test_a_head_that_is_behind_is_no_fault(folder: Path) -> None:
    record = lines(folder)[7]
    (folder / HEAD).write_text(json.dumps({"count": 8, "hash": link(record[:-1])}), encoding="utf-8")
    assert named(folder) == []


def test_random_edits_in_several_places_are_all_noticed(folder: Path) -> None:
    dice = random.Random(1)  # noqa: S311
    data = segment(folder).read_bytes()
    for _ in range(400):
        spoilt = bytearray(data)
        for _ in range(dice.randrange(1, 6)):
            match dice.randrange(3):
                case 0:
                    spoilt[dice.randrange(len(spoilt))] = dice.randrange(256)
                case 1:
                    del spoilt[dice.randrange(len(spoilt))]
                case _:
                    spoilt.insert(dice.randrange(len(spoilt)), dice.randrange(256))
        if bytes(spoilt) != data:
            segment(folder).write_bytes(bytes(spoilt))
            assert named(folder)


def test_a_segment_that_is_missing_or_changed_is_named(tmp_path: Path) -> None:
    folder = write_run(tmp_path, changes=6, segment_bytes=1500)
    segments = sorted(folder.glob("seg-*.jsonl"))
    assert len(segments) > 2
    assert named(folder) == []
    data = segments[1].read_bytes()
    first = json.loads(data.splitlines()[0])["seq"]
    segments[1].write_bytes(data.replace(b'"segment":2', b'"segment":7'))
    assert named(folder) == [first]
    segments[1].write_bytes(b"")
    assert named(folder)[0] == first


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        pytest.param({"op_id": "run-1-0", "type": "outcome", "status": "applied"}, "ends twice", id="ends twice"),
        pytest.param({"op_id": "x", "type": "outcome", "status": "applied"}, "never announced", id="never announced"),
        pytest.param({"op_id": "run-1-0", "type": "intent"}, "announced twice", id="announced twice"),
        pytest.param({"type": "guess"}, "unknown type", id="unknown type"),
        pytest.param({"type": "plan", "run_id": "run-9"}, "never opened", id="never opened"),
        pytest.param({"type": "plan", "run_id": "run-1"}, "closed before", id="closed before"),
        pytest.param({"type": "plan", "target": "other"}, "another account set", id="another account set"),
        pytest.param(
            {"type": "run_close", "totals": {"planned": 3, "applied": 2}}, "do not add up", id="totals do not add up"
        ),
    ],
)
def test_a_well_linked_record_that_cannot_be_is_told(folder: Path, edit: dict[str, object], words: str) -> None:
    kept = lines(folder)[:-1]
    last = json.loads(kept[-1])
    forged = {**last, "seq": 11, "prev": link(kept[-1][:-1]), "run_id": "run-2", **edit}
    line = encode(forged)
    segment(folder).write_bytes(b"".join(kept) + line + b"\n")
    (folder / HEAD).write_text(json.dumps({"count": 11, "hash": link(line)}), encoding="utf-8")
    assert words in str(check(folder).faults[0].message)

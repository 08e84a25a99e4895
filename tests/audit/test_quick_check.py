"""The quick check says whole exactly when the slow one, which names the wrong record, finds nothing."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from audit_world import key, write_run
from fakes import Quiet

from u8sync.audit.findings import Base, Verification
from u8sync.audit.reading import check_folder
from u8sync.audit.segments import lines_of, read_head, segments_of
from u8sync.audit.verification import verify

CASES = 600


def slowly(folder: Path) -> Verification:
    segments = segments_of(folder)
    return verify(lines_of(segments), read_head(folder), segments=len(segments), last=segments[-1].name, base=Base())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_run(tmp_path, "run-1", changes=3, segment_bytes=1500, signer=key("site"))
    return write_run(tmp_path, "run-2", changes=2, segment_bytes=1500, signer=key("site"))


def test_both_say_the_same_of_a_whole_log(folder: Path) -> None:
    assert len(segments_of(folder)) > 2
    quick, slow = check_folder(folder, Quiet())[0], slowly(folder)
    assert (quick.faults, slow.faults) == ((), ())
    for name in ("records", "segments", "head", "open_intents", "runs", "torn"):
        assert getattr(quick, name) == getattr(slow, name), name


def damage(data: bytes, dice: random.Random) -> bytes:
    """One thing that may happen to a file."""
    lines = data.splitlines(keepends=True)
    at, other, spot = dice.randrange(len(lines)), dice.randrange(len(lines)), dice.randrange(len(data))
    swapped = list(lines)
    swapped[at], swapped[other] = swapped[other], swapped[at]
    return dice.choice(
        [
            data[:spot] + bytes([data[spot] ^ (1 << dice.randrange(8))]) + data[spot + 1 :],
            data[:spot],
            b"".join([*lines[:at], *lines[at + 1 :]]),
            b"".join([*lines[:at], lines[at], *lines[at:]]),
            b"".join(swapped),
            data.replace(b"\n", b"\r\n"),
            b"".join(sorted(lines)),
            data + b"\n",
            data.replace(b'"customer":"C1"', b'"customer":"C2"', 1),
        ]
    )


def test_both_say_the_same_of_every_damaged_log(folder: Path) -> None:
    dice = random.Random(20261124)  # noqa: S311
    paths = [segment.path for segment in segments_of(folder)]
    whole = {path: path.read_bytes() for path in paths}
    found_wrong = 0
    for _ in range(CASES):
        path = dice.choice(paths)
        path.chmod(0o600)
        changed = damage(whole[path], dice)
        path.write_bytes(changed)
        quick, slow = check_folder(folder, Quiet())[0], slowly(folder)
        assert bool(quick.faults) == bool(slow.faults), changed
        assert quick.torn == slow.torn or quick.faults
        found_wrong += bool(quick.faults)
        assert bool(quick.faults) == (changed != whole[path]), changed
        path.write_bytes(whole[path])
    assert found_wrong > CASES * 0.8


def test_what_neither_can_name_is_still_no_whole_log(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("u8sync.audit.reading._check_quickly", lambda *_: None)
    assert "cannot be told" in str(check_folder(folder, Quiet())[0].faults[0].message)

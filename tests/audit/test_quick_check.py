"""The quick check says whole exactly when the slow one, which names the wrong record, finds nothing."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from audit_world import key, write_run
from fakes import Quiet

from u8sync.audit.chain import LINE_LIMIT, link
from u8sync.audit.findings import Base, Verification
from u8sync.audit.reading import check_folder
from u8sync.audit.segments import HEAD, lines_of, read_head, segments_of
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


def ending_in(folder: Path, line: bytes) -> None:
    """Put another last line in the place of the log's own, and let the head vouch for it."""
    path = segments_of(folder)[-1].path
    kept = path.read_bytes().splitlines(keepends=True)[:-1]
    path.write_bytes(b"".join(kept) + line + b"\n")
    head = read_head(folder)
    assert head is not None
    (folder / HEAD).write_text(json.dumps({"count": head.count, "hash": link(line)}), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(lambda line: line.replace(b'":', b'": ', 1), "canonical", id="a blank"),
        pytest.param(lambda line: line.replace(b'"host"', b'"h\\u006fst"', 1), "canonical", id="another spelling"),
        pytest.param(lambda line: line[:-1] + b',"zz":1.5}', "canonical", id="a float"),
        pytest.param(lambda line: line[:-1] + b',"zz":9007199254740992}', "canonical", id="a number beyond 2^53"),
        pytest.param(lambda line: line[:-1] + b',"zz":"' + b"x" * LINE_LIMIT + b'"}', "canonical", id="a long line"),
        pytest.param(lambda line: re.sub(rb'"host":"host",', b"", line), "no usable field 'host'", id="no host"),
        pytest.param(lambda line: line.replace(b'"v":1', b'"v":2'), "unknown format", id="another version"),
        pytest.param(
            lambda line: re.sub(rb'"seq":\d+', b'"seq":999', line), "number was changed to 999", id="another number"
        ),
    ],
)
def test_a_last_record_that_the_head_vouches_for_is_read_all_the_same(
    folder: Path, change: Callable[[bytes], bytes], words: str
) -> None:
    line = segments_of(folder)[-1].path.read_bytes().splitlines()[-1]
    changed = change(line)
    assert changed != line
    ending_in(folder, changed)
    found = check_folder(folder, Quiet())[0]
    assert words in str(found.faults[0].message)


def test_half_an_old_head_and_half_a_new_one_is_no_head(folder: Path) -> None:
    said = json.loads((folder / HEAD).read_text(encoding="utf-8"))
    (folder / HEAD).write_text(json.dumps({**said, "count": said["count"] - 1}), encoding="utf-8")
    assert read_head(folder) is None

"""The form of a record: canonical bytes, and nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from u8sync.audit.chain import GENESIS, LINE_LIMIT, encode, link, parse
from u8sync.text import Message

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ASCII = st.text(st.characters(max_codepoint=127), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ASCII, inner, max_size=3),
    max_leaves=8,
)
RECORD = {
    "v": 1,
    "seq": 1,
    "prev": GENESIS,
    "ts": "2026-11-02T18:00:00.000000Z",
    "mono_us": 1,
    "type": "run_open",
    "run_id": "r",
    "target": "t",
    "host": "h",
    "pid": 1,
    "tool_version": "0",
}


@given(st.dictionaries(ASCII, VALUES, max_size=4))
def test_the_canonical_form_is_that_of_rfc_8785(record: dict[str, object]) -> None:
    assert encode(record) == rfc8785.dumps(record)  # type: ignore[arg-type]


@given(st.dictionaries(ASCII, VALUES, max_size=4))
def test_a_record_comes_back_from_its_line(extra: dict[str, object]) -> None:
    record = {**extra, **RECORD}
    assert parse(encode(record)) == record  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [1.0, 2**53, float("nan"), {1: "a"}, {"键": 1}, object(), "\ud83d", b"x"])
def test_what_has_no_single_form_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        encode({"x": value})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[1]",
        b"null",
        b"\xff",
        b"[" * 5000,
        encode(RECORD) + b" ",
        b" " + encode(RECORD),
        encode(RECORD).replace(b'"seq":1', b'"seq":1.0'),
        encode(RECORD).replace(b'"seq":1', b'"seq":"1"'),
        encode(RECORD).replace(b'"seq":1', b'"seq":true'),
        encode(RECORD).replace(b'"seq":1', b'"seq":1,"seq":1'),
        encode(RECORD).replace(b'"v":1', b'"v":2'),
        encode({**RECORD, "x": "y" * LINE_LIMIT}),
    ],
)
def test_a_line_that_is_no_record_is_told(line: bytes) -> None:
    assert isinstance(parse(line), Message)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_or_told(line: bytes) -> None:
    parse(line)


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_different_lines_have_different_links(one: bytes, other: bytes) -> None:
    assert (link(one) == link(other)) == (one == other)


@pytest.mark.parametrize("levels", [6, 10])
def test_lists_and_objects_may_stand_in_each_other_as_deep_as_records_do(levels: int) -> None:
    inside: object = 1
    for _ in range((levels - 1) // 2):
        inside = [{"x": inside}]
    record = {**RECORD, "x": inside}
    assert parse(encode(record)) == record  # type: ignore[arg-type]


def test_the_first_record_of_a_process_is_no_slower_to_write_and_read_than_a_blink() -> None:
    """Every start pays for what the form of a record needs; processor time, so that a busy machine changes little."""
    program = (
        "import time, msgspec, u8sync.ports\n"
        "began = time.process_time()\n"
        "from u8sync.audit.chain import encode, parse\n"
        f"parse(encode({RECORD!r}))\n"
        "print(time.process_time() - began)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 0.5

"""What a place must know of a checkpoint, and what its checkpoints say against those of the log."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notes import ORIGIN, note

from u8sync.domain.standing import Standing, compare, rolled_back, standing_of


def test_a_checkpoint_says_which_log_and_how_long() -> None:
    assert standing_of(note(7)) == Standing(ORIGIN, 7)
    assert Standing(ORIGIN, 7).folder == "sqlserver-UFDATA_001_2026-0f3e6ac1"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "u8sync/x",
        "u8sync/x\n7",
        "u8sync/x\n07\n",
        "u8sync/x\n-7\n",
        "u8sync/x\n٧\n",
        "u8sync/../x\n7\n",
        "u8sync/..\n7\n",
        "u8sync/a/b\n7\n",
        "u8sync/a\\b\n7\n",
        "u8sync/\n7\n",
        "u8sync/c:x\n7\n",
        "other/x\n7\n",
        f"u8sync/{'x' * 129}\n7\n",
        "u8sync/x\n12345678901234567\n",
    ],
)
def test_what_begins_otherwise_is_none(text: str) -> None:
    assert standing_of(text) is None


SIZES = st.sets(st.integers(0, 12))


@given(own=SIZES.filter(bool), held=SIZES, foreign=SIZES)
def test_what_is_missing_and_what_is_foreign_is_told_apart(own: set[int], held: set[int], foreign: set[int]) -> None:
    logs = [note(size) for size in sorted(own)]
    there = [note(size) for size in held & own] + [note(size, fork="x") for size in foreign if size]
    found = compare(logs, there)
    assert found.missing == tuple(note(size) for size in sorted(own - held, reverse=True))
    assert set(found.foreign) == {note(size, fork="x") for size in foreign if size and size >= min(own)}


@pytest.mark.parametrize("text", ["nonsense", note(3, origin="u8sync/another")])
def test_what_stands_in_the_name_of_a_log_and_is_none_of_its_checkpoints_is_foreign(text: str) -> None:
    assert compare([note(5)], [text]).foreign == (text,)
    told = str(rolled_back("//backup", ORIGIN, text))
    assert told == f"The anchor //backup holds something in the name of {ORIGIN} that is no checkpoint of it."

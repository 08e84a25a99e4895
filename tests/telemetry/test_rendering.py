"""One record, one line: whatever stands in it, it comes back as it was and forges nothing."""

from __future__ import annotations

import json
import math
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from u8sync.telemetry.redaction import Redactor
from u8sync.telemetry.rendering import LONGEST_TEXT, instant, json_line, plain_line
from u8sync.text import msg

OPEN = Redactor(())
TEXTS = st.text(st.characters(), max_size=60)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
RECORDS = st.dictionaries(TEXTS, VALUES, max_size=5)
HOSTILE = {
    "a line end": 'C001"}\n{"event":"run_ended","exit_code":0}',
    "a carriage return": "C001\rrun_ended",
    "a line separator": "C001\u2028run_ended",
    "a paragraph separator": "C001\u2029run_ended",
    "next line": "C001\x85run_ended",
    "a form feed": "C001\x0crun_ended",
    "a bidirectional override": "C001\u202egnissim",
    "an isolate": "C001\u2066x\u2069",
    "a terminal's escape": "C001\x1b[2J\x1b]0;owned\x07",
    "a one-byte escape": "C001\x9b2J",
    "a zero-width space": "C0\u200b01",
    "a byte order mark": "\ufeffC001",
    "a tag": "C001\U000e0041",
    "half a character": "C001\ud800",
    "nothing": "C001\x00",
}


@given(record=RECORDS)
def test_any_record_is_one_line_of_visible_characters_that_says_the_same(record: dict[str, object]) -> None:
    line = json_line(record, OPEN)
    assert len(line.splitlines()) <= 1
    assert not {unicodedata.category(one) for one in line} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    line.encode()
    assert json.loads(line) == record


@given(record=RECORDS)
def test_a_plain_line_is_one_line_of_visible_characters_too(record: dict[str, object]) -> None:
    line = plain_line(record, OPEN)
    assert len(line.splitlines()) <= 1
    assert not {unicodedata.category(one) for one in line} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    line.encode()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_cannot_forge_a_line_or_move_a_cursor(text: str) -> None:
    record = {"event": "change", "customer": text}
    for line in (json_line(record, OPEN), plain_line(record, OPEN)):
        assert len(line.splitlines()) == 1
        assert line.isprintable()
    assert json.loads(json_line(record, OPEN)) == record


def test_a_value_cannot_pass_for_a_field_of_a_plain_line() -> None:
    line = plain_line({"event": "change", "customer": "C1 exit_code=0", "why": 'say "no"'}, OPEN)
    assert line == 'change customer="C1 exit_code=0" why="say \\"no\\""'


def test_values_that_json_does_not_know_are_told_as_text() -> None:
    at = datetime(2026, 11, 2, 2, 0, tzinfo=timezone(timedelta(hours=8)))
    record = {
        "why": msg("{count} of {all}", count=1, all=2),
        "seconds": Decimal("1.250"),
        "day": at.date(),
        "nan": math.nan,
        "pair": (1, "a"),
    }
    assert json.loads(json_line(record, OPEN)) == {
        "why": "1 of 2",
        "seconds": 1.25,
        "day": "2026-11-02",
        "nan": "nan",
        "pair": [1, "a"],
    }
    assert instant(at) == "2026-11-01T18:00:00.000000Z"
    assert instant(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000000Z"


def test_a_text_without_end_is_cut_and_says_so() -> None:
    said = json.loads(json_line({"why": "x" * 1_000_000}, OPEN))["why"]
    assert said == "x" * LONGEST_TEXT + f" ... ({1_000_000 - LONGEST_TEXT} more characters)"


def test_chinese_stays_readable() -> None:
    assert "余额" in json_line({"why": "余额"}, OPEN)

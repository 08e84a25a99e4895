"""Lines of value tables as text: whatever a value holds, YAML reads the line as that value and nothing else."""

from __future__ import annotations

import unicodedata

import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from payloads import PAYLOADS

from u8sync.domain.operators.words import BLANKS
from u8sync.domain.patterns import what_is_wrong_with
from u8sync.domain.table_lines import comment, left_side, line, plain_or_quoted, quoted, single_quoted, writable

ANY = (
    st.text(max_size=40)
    | st.sampled_from(PAYLOADS)
    | st.text("'\"\\ :#{}[],&*!|>%@`-?~=\n\r\t\u2028\x85\u3000", max_size=8)
)


@pytest.mark.parametrize(
    ("left", "meaning", "expected"),
    [
        pytest.param("01", "一般", '"01": 一般', id="a code"),
        pytest.param("供应商", "VIP", '"供应商": VIP', id="a word"),
        pytest.param('a"b\\', "x", '"a\\"b\\\\": x', id="quotes and backslashes"),
        pytest.param("a", "01", '"a": "01"', id="a meaning that others take for a number"),
        pytest.param("a", "no", '"a": "no"', id="a meaning that others take for false"),
        pytest.param("a", "x: y", '"a": "x: y"', id="a meaning with a colon"),
        pytest.param("VIP\u202e", "重要 客户", '"VIP\\u202E": 重要 客户', id="a direction mark is seen"),
    ],
)
def test_a_line_is_quoted_as_needed(left: str, meaning: str, expected: str) -> None:
    assert line(left, meaning) == expected


@given(left=ANY, meaning=ANY)
def test_yaml_reads_a_line_as_what_was_written(left: str, meaning: str) -> None:
    if writable(left) and writable(meaning):
        text = line(left, meaning)
        assert len(text.splitlines()) == 1
        for around in (f"  {text}  # x\n", f"{{{text}}}", f"{{\n a: b, {text},\n}}"):
            read = yaml.load(around, Loader=yaml.BaseLoader)  # noqa: S506 - it makes nothing but text
            assert read[left] == meaning


@given(text=ANY)
def test_nothing_in_quotes_is_hidden(text: str) -> None:
    for shown in (quoted(text), single_quoted(text) or "", plain_or_quoted(text)):
        assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Zl", "Zp"}


@given(text=ANY)
def test_single_quotes_hold_what_they_can(text: str) -> None:
    shown = single_quoted(text)
    if shown is not None and writable(text):
        assert yaml.load(shown, Loader=yaml.BaseLoader) == text  # noqa: S506


@given(text=ANY)
def test_a_comment_is_one_line(text: str) -> None:
    assert yaml.load(f"a: b  # {comment(text)}", Loader=yaml.BaseLoader) == {"a": "b"}  # noqa: S506


@pytest.mark.parametrize(
    ("value", "exact", "prefix", "pattern"),
    [
        ("0101", "0101", "0101", "0101"),
        ("a.b", "a.b", "a.b", r"a\.b"),
        (" a", None, None, " a"),
        ("a\t", None, "a", "a\t"),
        ("\t", None, None, None),
        ("a\0", None, None, None),
        ("x" * 999, None, None, None),
        ("*" * 150, "*" * 150, "*" * 150, None),
    ],
)
def test_a_value_that_no_line_can_cover_has_no_left_side(
    value: str, exact: str | None, prefix: str | None, pattern: str | None
) -> None:
    assert (left_side(value, "exact"), left_side(value, "prefix"), left_side(value, "pattern")) == (
        exact,
        prefix,
        pattern,
    )


@given(value=ANY)
def test_a_left_side_covers_its_value(value: str) -> None:
    exact, prefix, pattern = (left_side(value, match) for match in ("exact", "prefix", "pattern"))
    assert exact in (None, value)
    assert prefix is None or (value.startswith(prefix) and prefix == prefix.strip(BLANKS))
    if pattern is not None:
        assert what_is_wrong_with(pattern) is None
        texts = pl.DataFrame({"text": [value, f"{value}x", f"x{value}"]})
        assert texts.select(pl.col("text").str.contains(f"^(?:{pattern})$"))["text"].to_list() == [True, False, False]

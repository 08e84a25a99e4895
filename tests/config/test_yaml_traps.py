"""Texts without quotes that other YAML programs take for something else."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from u8sync.config.located_yaml import parse
from u8sync.config.shapes.mapping import MappingShape
from u8sync.config.shapes.policy import PolicyShape
from u8sync.config.shapes.settings import SettingsShape
from u8sync.config.yaml_traps import traps

VALUES = "tables: {t: {values: {▲}}}"


def warned(text: str, model: type = MappingShape) -> list[str]:
    """The warnings of a file, each as its text and what others read."""
    found = traps(parse(text.encode(), "m.yaml"), model)
    return [str(p.message).replace("stands without quotes: other programs read ", "-> ") for p in sorted(
        found, key=lambda p: p.place or 0)]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("NO", "false"), ("yes", "true"), ("On", "true"), ("01", "1"), ("0101", "65"), ("08", "8"), ("999", "999"),
        ("1e3", "1000.0"), (".5", "0.5"), ("1_000", "1000"), ("12:30", "750"), ("0x1F", "31"), ("2026-01-31", "a date"),
        (".inf", "inf"), ("-7", "-7"),
    ],
)  # fmt: skip
def test_a_code_without_quotes_is_warned_of_as_key_and_as_value(text: str, other: str) -> None:
    assert warned(VALUES.replace("▲", f"{text}: 甲")) == [f"'{text}' -> {other}"]
    assert warned(VALUES.replace("▲", f"甲: {text}")) == [f"'{text}' -> {other}"]
    assert warned(VALUES.replace("▲", f"'{text}': 甲, 乙: \"{text}\"")) == []


@pytest.mark.parametrize("text", ["VIP", "1-2", "0101A", "N0", "～", "a01", "1.2.3", "经销商", "y", "n"])
def test_a_text_that_is_one_everywhere_needs_no_quotes(text: str) -> None:
    assert warned(VALUES.replace("▲", f"{text}: {text}")) == []


def test_numbers_and_flags_that_are_meant_need_no_quotes() -> None:
    text = (
        "version: 1\nfields:\n  a: {label: A, columns: {sql: cA}, required: yes, width: 20, operators: [{prefix: 2}],"
        " only_if: {b: {empty: true}}}\n"
    )
    assert warned(text) == []


def test_words_of_conditions_defaults_and_spellings_are_texts() -> None:
    text = (
        "fields:\n  a: {label: A, default: 01, only_if: {b: 02, c: [03], d: {begins: [04]}, e: {is_not: 05}},"
        " choose: [{when: {f: 06}, value: 07}]}\ntables: {t: {default: 10, spellings: {甲: 11}}}\n"
    )
    assert [line.split("'")[1] for line in warned(text)] == ["01", "02", "03", "04", "05", "06", "07", "10", "11"]


def test_the_other_files_have_texts_too() -> None:
    assert warned("guards: {protected: [007, '008'], share_changed: 10}", SettingsShape) == ["'007' -> 7"]
    assert warned(
        "exclude: [01]\nwindow: {months: 12}\ntiers: [{name: 1, when: {score: {below: 5}}}]", PolicyShape
    ) == [
        "'01' -> 1",
        "'1' -> 1",
    ]


@given(text=st.from_regex(r"[0-9A-Za-z:.+_-]{1,8}", fullmatch=True))
def test_whatever_is_not_warned_of_is_read_as_typed_by_the_plain_loader(text: str) -> None:
    line = VALUES.replace("▲", f"k: {text}")
    try:
        read = yaml.safe_load(line)["tables"]["t"]["values"]["k"]
    except (yaml.YAMLError, ValueError):
        return
    if isinstance(read, str | int | float) and not warned(line):
        assert read == text

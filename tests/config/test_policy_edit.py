"""Other numbers in a copy of a policy file: only their digits change."""

from __future__ import annotations

import difflib
import tempfile
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from u8sync.config.policy_edit import numbers_text, save_with_numbers, with_numbers_in
from u8sync.config.policy_file import load_policy
from u8sync.domain.numbers import Numbers, numbers_of
from u8sync.errors import ConfigError, InputError

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "mappings" / "tiers.yaml"

PLAIN = """\
version: 1
window: {months: 12}   # 统计期
score:
  revenue: {weight: 60}      # the most
  recency: {unknown: zero, "weight": 40}
tiers:
- name: VIP
  when:
    score:
      at_least: 85   # keep me
    recency: {below: 85}
- {name: "重要", when: {score: {at_least: 60.50}}}
- name: 一般
- name: 潜在
  without_business: true
"""

NUMBERS = Numbers({"revenue": 7, "recency": 93}, {"VIP": Decimal("90.0"), "重要": Decimal("60.5")})


def test_nothing_but_the_digits_changes() -> None:
    after = with_numbers_in(PLAIN.encode(), "t.yaml", NUMBERS).decode()
    expected = PLAIN.replace("weight: 60", "weight: 7").replace('"weight": 40', '"weight": 93')
    expected = expected.replace("at_least: 85 ", "at_least: 90 ")
    assert after == expected  # 60.50 is 60.5 already, so that its digits stay too


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
def test_line_ends_and_the_byte_order_mark_stay(ending: str, mark: bytes) -> None:
    data = mark + PLAIN.replace("\n", ending).encode()
    after = with_numbers_in(data, "t.yaml", NUMBERS)
    assert after.startswith(mark)
    assert after.count(b"\r\n") == data.count(b"\r\n")
    assert len(after.splitlines()) == len(data.splitlines())


def test_the_same_numbers_leave_every_byte() -> None:
    data = EXAMPLE.read_bytes()
    numbers = numbers_of(load_policy(EXAMPLE, "tiers.yaml"))
    assert with_numbers_in(data, "tiers.yaml", numbers) == data


@given(cuts=st.lists(st.integers(1, 95), min_size=4, max_size=4, unique=True), low=st.integers(0, 998))
@settings(max_examples=30, deadline=None)
def test_the_copy_of_the_example_has_the_numbers_and_differs_in_their_lines_only(cuts: list[int], low: int) -> None:
    present = numbers_of(load_policy(EXAMPLE, "tiers.yaml"))
    edges = [0, *sorted(cuts), 100]
    weights = dict(zip(present.weights, (b - a for a, b in pairwise(edges)), strict=True))
    bounds = {"VIP": Decimal(low + 1) / 10, "重要": Decimal(low) / 10}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "new.yaml"
        save_with_numbers(EXAMPLE, "tiers.yaml", Numbers(weights, bounds), out)
        assert numbers_of(load_policy(out, "new.yaml")) == Numbers(weights, bounds)
        before, after = (path.read_text(encoding="utf-8").splitlines() for path in (EXAMPLE, out))
        assert [path.name for path in Path(folder).iterdir()] == ["new.yaml"]
    changed = [line for line in difflib.ndiff(before, after) if line.startswith("+ ")]
    assert len(before) == len(after)
    assert all("weight:" in line or "at_least:" in line for line in changed)


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    policy, out = tmp_path / "t.yaml", tmp_path / "there.yaml"
    policy.write_text(PLAIN, encoding="utf-8")
    out.write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="is there already"):
        save_with_numbers(policy, "t.yaml", NUMBERS, out)
    assert out.read_text(encoding="utf-8") == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.yaml", "there.yaml"]


def test_other_metrics_than_the_files_are_refused(tmp_path: Path) -> None:
    policy = tmp_path / "t.yaml"
    policy.write_text(PLAIN, encoding="utf-8")
    for weights in ({"revenue": 100}, {"revenue": 50, "recency": 40, "order_frequency": 10}):
        with pytest.raises(ConfigError) as refused:
            save_with_numbers(policy, "t.yaml", Numbers(weights, {}), tmp_path / "new.yaml")
        assert "do not name the same metrics" in str(refused.value.problems[0].message)
    assert [path.name for path in tmp_path.iterdir()] == ["t.yaml"]


def test_numbers_that_the_file_would_not_load_with_are_refused(tmp_path: Path) -> None:
    policy = tmp_path / "t.yaml"
    policy.write_text(PLAIN, encoding="utf-8")
    upside_down = Numbers({"revenue": 50, "recency": 50}, {"VIP": Decimal(10), "重要": Decimal(20)})
    with pytest.raises(ConfigError):
        save_with_numbers(policy, "t.yaml", upside_down, tmp_path / "new.yaml")
    assert [path.name for path in tmp_path.iterdir()] == ["t.yaml"]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    policy = tmp_path / "t.yaml"
    policy.write_text(PLAIN, encoding="utf-8")
    with pytest.raises(InputError, match="cannot be written"):
        save_with_numbers(policy, "t.yaml", NUMBERS, tmp_path / "nowhere" / "new.yaml")


def test_the_lines_to_paste_load_in_the_place_of_those_that_they_replace(tmp_path: Path) -> None:
    text = numbers_text(NUMBERS)
    rest = "version: 1\nwindow: {months: 12}\n"
    tail = "  - name: 一般\n  - name: 潜在\n    without_business: true\n"
    whole = tmp_path / "t.yaml"
    whole.write_text(f"{rest}{text}\n{tail}", encoding="utf-8")
    assert numbers_of(load_policy(whole, "t.yaml")) == NUMBERS

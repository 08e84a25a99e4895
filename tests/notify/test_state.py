"""What is told when: once for each change of state, once for each recovery."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_entries import STARTED, entry, guard

from u8sync.domain.timeliness import Timeliness
from u8sync.notify.memory import FILE, read_told, write_told
from u8sync.notify.state import Condition, condition_of, missed, next_step

NIGHTS = {
    "ok": entry(),
    "nothing to do": entry(planned=0, endings={}),
    "rows missing": entry(exit_code=2, endings={"applied": 10, "conflict": 2}),
    "a card missing": entry(exit_code=2),
    "blocked": entry(exit_code=4, endings={}, guards=(guard("share_changed"),)),
    "blocked otherwise": entry(exit_code=4, endings={}, guards=(guard("issue_share"),)),
    "busy": entry(exit_code=3, endings={}),
    "unreachable": entry(exit_code=69, endings={}),
    "audit": entry(exit_code=74, endings={}),
    "died": entry(exit_code=None, state="running"),
}


@pytest.mark.parametrize(
    ("night", "name"),
    [
        ("ok", "ok"),
        ("nothing to do", "ok"),
        ("rows missing", "partial"),
        ("a card missing", "partial"),
        ("blocked", "blocked"),
        ("busy", "busy"),
        ("unreachable", "failed"),
        ("audit", "failed"),
        ("died", "failed"),
    ],
)
def test_each_night_shows_its_condition(night: str, name: str) -> None:
    assert condition_of(NIGHTS[night]).name == name


def test_different_troubles_are_told_apart() -> None:
    conditions = [condition_of(night) for name, night in NIGHTS.items() if name not in {"ok", "nothing to do"}]
    assert len(set(conditions)) == len(conditions)


def test_the_same_guard_with_other_figures_is_the_same_trouble() -> None:
    other = replace(NIGHTS["blocked"], guards=(replace(guard("share_changed"), message=guard("x").message),))
    assert condition_of(other) == condition_of(NIGHTS["blocked"])


@given(st.lists(st.sampled_from(sorted(NIGHTS)), max_size=30))
def test_there_is_one_alert_for_each_change_of_state_and_one_message_for_each_recovery(nights: list[str]) -> None:
    told, steps = None, []
    for night in nights:
        now = condition_of(NIGHTS[night])
        steps.append(next_step(told, now))
        told = None if now.ok else now
    states = [Condition("ok"), *(condition_of(NIGHTS[night]) for night in nights)]
    changes = [(was, now) for was, now in pairwise(states) if was != now]
    assert steps.count("alert") == sum(not now.ok for _, now in changes)
    assert steps.count("recovered") == sum(now.ok for _, now in changes)


def test_a_missed_start_is_one_trouble_however_many_are_missed() -> None:
    earlier = STARTED - timedelta(days=1)
    one, two = (missed(Timeliness(STARTED, None, starts, None)) for starts in ((STARTED,), (earlier, STARTED)))
    assert next_step(None, one) == "alert"
    assert next_step(one, two) == "nothing"
    assert next_step(one, condition_of(NIGHTS["ok"])) == "recovered"


def test_an_old_missed_start_is_no_trouble_once_a_later_one_was_answered() -> None:
    assert missed(Timeliness(STARTED, None, (), None)).ok
    assert missed(Timeliness(STARTED, None, (STARTED - timedelta(days=1),), None)).ok
    assert missed(Timeliness(None, None, (), None)).ok


def test_what_was_told_is_remembered(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    assert read_told(folder, "a") is None
    write_told(folder, "b", Condition("busy"))
    for told in (Condition("blocked", "share_changed"), None):
        write_told(folder, "a", told)
        assert read_told(folder, "a") == told
        assert read_told(folder, "b") == Condition("busy")
    assert [path.name for path in folder.iterdir()] == [FILE]


@pytest.mark.parametrize("spoilt", [b"", b"{", b"[1]", b'{"name": "well"}', b"\xff\xfe"])
def test_a_spoilt_memory_makes_a_trouble_be_told_again(tmp_path: Path, spoilt: bytes) -> None:
    (tmp_path / FILE).write_bytes(spoilt)
    assert next_step(read_told(tmp_path, "a"), condition_of(NIGHTS["blocked"])) == "alert"
    assert next_step(read_told(tmp_path, "a"), condition_of(NIGHTS["ok"])) == "nothing"

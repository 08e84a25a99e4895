"""The words for held tiers, whoever tells of them."""

from __future__ import annotations

import pytest

from u8sync.domain.logged import HELD as PREFIX
from u8sync.domain.logged import LoggedLeft
from u8sync.domain.movement import HELD_BY
from u8sync.report.rule_words import HELD, held_words
from u8sync.report.words import CAUSES, LOGGED


def left(cause: str, below: int | None = 0, tier: str | None = "VIP") -> LoggedLeft:
    return LoggedLeft(1, "2026-11-01T00:00:00.000000Z", "run-1", ("C1",), 1, cause, None, tier, "一般", below)


@pytest.mark.parametrize("hold", HELD_BY)
def test_every_reason_to_hold_a_tier_has_words_of_its_own(hold: str) -> None:
    assert str(HELD[hold]) in str(held_words(left(PREFIX + hold)))  # type: ignore[index]


def test_what_held_a_tier_is_never_taken_for_why_a_customer_was_skipped() -> None:
    causes = {*CAUSES, *LOGGED, "guard"}
    assert [left(cause).held_by for cause in causes] == [None] * len(causes)
    assert not {PREFIX + hold for hold in HELD_BY} & causes
    assert not set(HELD_BY) & set(CAUSES), "a record of either kind is shown with the words of both"


def test_how_often_a_customer_was_below_is_told_only_if_it_was() -> None:
    assert str(held_words(left("held_count", 2))).endswith("below in a row: 2")
    assert "below in a row" not in str(held_words(left("held_margin")))


def test_a_cause_of_a_later_version_and_a_tier_outside_the_ladder_are_told_as_they_stand() -> None:
    assert str(held_words(left("held_weather", tier=None))) == "tier held: weather; given -, by the ladder 一般"

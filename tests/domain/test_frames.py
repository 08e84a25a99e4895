"""Frames that take no more memory than what they say, and say the same."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from u8sync.domain.frames import shared, slim

TEXTS = st.lists(st.none() | st.text(max_size=3), max_size=6)


@given(TEXTS, st.none() | st.integers(0, 9))
def test_a_slim_frame_says_the_same(texts: list[str | None], number: int | None) -> None:
    frame = pl.DataFrame(
        {"a": texts, "b": [None] * len(texts), "c": [number] * len(texts)},
        schema={"a": pl.String, "b": pl.Decimal(38, 4), "c": pl.Int64},
    )
    assert_frame_equal(slim(frame), frame)


@given(TEXTS, TEXTS)
def test_what_is_shared_says_the_same(texts: list[str | None], others: list[str | None]) -> None:
    value, source = pl.Series("value", texts, dtype=pl.String), pl.Series("raw", others, dtype=pl.String)
    found = shared(value, source)
    assert (found.name, found.to_list()) == ("value", texts)

"""The orders that a policy is measured against, and how ties are treated."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from u8sync.domain.baselines import RFM, curve, with_rfm
from u8sync.domain.model import MONEY


def of(rows: Sequence[tuple[int | None, int]]) -> pl.DataFrame:
    """Customers by (value that orders, amount)."""
    made = [(key, Decimal(amount)) for key, amount in rows]
    return pl.DataFrame(made, schema={"key": pl.Int64, "amount": MONEY}, orient="row")


@pytest.mark.parametrize(
    ("places", "held"),
    [
        (0, Fraction(0)),
        (Fraction(1, 2), Fraction(5)),
        (1, Fraction(10)),
        (2, Fraction(10) + Fraction(7, 3)),
        (Fraction(5, 2), Fraction(10) + Fraction(7, 2)),
        (4, Fraction(17)),
        (5, Fraction(21)),
        (6, Fraction(121)),
        (99, Fraction(121)),
    ],
)
def test_level_customers_share_the_places_that_are_left(places: Fraction | int, held: Fraction) -> None:
    # 10 | three that stand level hold 7 together | 4 | unknown comes last.
    rows = [(1, 4), (3, 10), (2, 1), (None, 100), (2, 6), (2, 0)]
    assert curve(of(rows), by="key", amount="amount").first(places) == held


def test_all_customers_level_are_worth_their_share_of_the_places() -> None:
    level = curve(of([(1, 5), (1, 0), (1, 0), (1, 15)]), by="key", amount="amount")
    assert [level.first(Fraction(4 * percent, 100)) for percent in (5, 20, 50)] == [1, 4, 10]


def test_nobody_holds_nothing() -> None:
    assert curve(of([]), by="key", amount="amount").first(1) == 0


@given(
    rows=st.lists(st.tuples(st.integers(0, 3) | st.none(), st.integers(0, 1000)), max_size=12),
    random=st.randoms(use_true_random=False),
    places=st.fractions(0, 13, max_denominator=20),
)
@settings(deadline=None)
def test_the_order_of_rows_changes_nothing(rows: list[tuple[int | None, int]], random, places: Fraction) -> None:  # noqa: ANN001
    shuffled = random.sample(rows, len(rows))
    one, other = (curve(of(each), by="key", amount="amount").first(places) for each in (rows, shuffled))
    assert one == other


def judged(*rows: tuple[int | None, int | None, int | None], rated: Sequence[bool] | None = None) -> pl.DataFrame:
    """Customers by (recency, order frequency, revenue)."""
    made = [
        (f"{at:03}", rated is None or rated[at], *(None if value is None else Decimal(value) for value in row))
        for at, row in enumerate(rows)
    ]
    metrics = dict.fromkeys(("recency", "order_frequency", "revenue"), MONEY)
    return pl.DataFrame(made, schema={"code": pl.String, "rated": pl.Boolean, **metrics}, orient="row")


def test_five_different_customers_stand_in_the_five_quintiles() -> None:
    frame = judged((50, 1, 10), (40, 2, 20), (30, 3, 30), (20, 4, 40), (10, 5, 50))
    assert with_rfm(frame)[RFM].to_list() == [3, 6, 9, 12, 15]


def test_level_customers_get_the_quintile_of_their_middle() -> None:
    # Frequency: eight ordered once and stand level over the places 0 to 7 of 10, middle 3.5: the second quintile.
    frame = judged(*[(10, 1, 10)] * 8, (10, 2, 10), (10, 3, 10))
    # Recency and revenue: all ten level, middle 4.5: the third quintile.
    assert with_rfm(frame)[RFM].to_list() == [3 + 2 + 3] * 8 + [3 + 5 + 3] * 2


def test_who_is_not_rated_takes_no_place_and_an_unknown_metric_is_the_lowest_quintile() -> None:
    frame = judged((10, 5, None), (20, 1, 10), (1, 99, 999), rated=[True, True, False])
    # Two rated: the better one stands at 1 of 2, the third quintile; revenue is known of one, the only place.
    assert with_rfm(frame)[RFM].to_list() == [3 + 3 + 1, 1 + 1 + 1, None]

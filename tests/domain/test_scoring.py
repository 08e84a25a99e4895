"""The score: percentile ranks worked out by hand, and the laws that hold for every population."""

from __future__ import annotations

from decimal import Decimal
from itertools import accumulate, pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from u8sync.domain.metrics import METRICS
from u8sync.domain.policy import SCORE, Weight
from u8sync.domain.scoring import contribution_of, points_of, rank_of, score
from u8sync.text import Place

PLACE = Place("tiers.yaml", 1, 1)
NAMES = list(METRICS)


def scores(frame: pl.DataFrame, weights: list[Weight]) -> dict[str, Decimal | None]:
    """Customer -> score."""
    return dict(score(frame, weights).select("code", SCORE).iter_rows())


def points(world: Any, metric: str, *values: str | int | None) -> list[Decimal | None]:
    """Points of each customer, all rated, in one metric."""
    frame = score(world.measured([{metric: value} for value in values]), [world.weight(metric, 100)])
    return frame[points_of(metric)].to_list()


def decimals(*values: str | None) -> list[Decimal | None]:
    return [None if value is None else Decimal(value) for value in values]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([10], ["50"], id="alone"),
        pytest.param([10, 20], ["0", "100"], id="two"),
        pytest.param([30, 10, 20], ["100", "0", "50"], id="three"),
        pytest.param([1, 2, 3, 4], ["0", "33.3333", "66.6666", "100"], id="four: cut, not rounded"),
        pytest.param([5, 5], ["50", "50"], id="two that are level"),
        pytest.param([5, 5, 5, 5], ["50", "50", "50", "50"], id="all level"),
        pytest.param([9, 9, 1], ["75", "75", "0"], id="level at the top"),
        pytest.param([1, 1, 9], ["25", "25", "100"], id="level at the bottom"),
        pytest.param([-5, 0, 5], ["0", "50", "100"], id="a negative value is a low one"),
        pytest.param([None, 1, 2], [None, "0", "100"], id="an unknown value is not compared"),
        pytest.param([None, 7], [None, "50"], id="alone among the known"),
        pytest.param([None, None], [None, None], id="nothing known"),
        pytest.param(["0.0001", "0.0002"], ["0", "100"], id="a difference in the last decimal counts"),
    ],
)
def test_points_are_the_share_of_the_others_that_are_beaten(
    world: Any, values: list[int | None], expected: list[str | None]
) -> None:
    assert points(world, "revenue", *values) == decimals(*expected)


def test_fewer_days_since_the_last_sale_are_better(world: Any) -> None:
    assert points(world, "recency", 0, 10, 300) == decimals("100", "50", "0")


def test_customers_that_are_not_rated_are_not_compared(world: Any) -> None:
    frame = world.measured([{"revenue": 1}, {"revenue": 2}, {"revenue": 99, "rated": False}])
    result = score(frame, [world.weight("revenue", 100)])
    assert result[points_of("revenue")].to_list() == decimals("0", "100", None)
    assert result[SCORE].to_list() == decimals("0", "100", None)


def test_a_score_is_the_weighted_sum_of_points(world: Any) -> None:
    frame = world.measured(
        [
            {"code": "A", "revenue": 300, "order_frequency": 1, "recency": 5},
            {"code": "B", "revenue": 200, "order_frequency": 9, "recency": 50},
            {"code": "C", "revenue": 100, "order_frequency": 5, "recency": 500},
        ]
    )
    weights = [world.weight("revenue", 50), world.weight("order_frequency", 30), world.weight("recency", 20)]
    # A: 100 x 50 % + 0 x 30 % + 100 x 20 %; B: 50 x 50 % + 100 x 30 % + 50 x 20 %; C: 0 + 50 x 30 % + 0.
    assert scores(frame, weights) == {"A": Decimal(70), "B": Decimal(65), "C": Decimal(15)}


@pytest.mark.parametrize(
    ("unknown", "contributions", "total"),
    [
        pytest.param("leave_out", ("62.5", None, "37.5"), "100", id="left out: its weight goes to the others"),
        pytest.param("zero", ("50", None, "30"), "80", id="zero: its weight is lost"),
    ],
)
def test_an_unknown_metric(world: Any, unknown: str, contributions: tuple[str | None, ...], total: str) -> None:
    frame = world.measured(
        [
            {"revenue": 2, "gross_profit": None, "order_frequency": 2},
            {"revenue": 1, "gross_profit": 1, "order_frequency": 1},
        ]
    )
    weights = [
        world.weight("revenue", 50),
        world.weight("gross_profit", 20, unknown),
        world.weight("order_frequency", 30),
    ]
    row = score(frame, weights).row(0, named=True)
    assert tuple(row[contribution_of(each.metric)] for each in weights) == tuple(decimals(*contributions))
    assert row[SCORE] == Decimal(total)


@pytest.mark.parametrize("unknown", ["leave_out", "zero"])
def test_a_customer_of_whom_nothing_is_known_has_no_score(world: Any, unknown: str) -> None:
    frame = world.measured([{"code": "A"}, {"code": "B", "revenue": 1, "recency": 1}])
    weights = [world.weight("revenue", 60, unknown), world.weight("recency", 40, unknown)]
    assert scores(frame, weights) == {"A": None, "B": Decimal(50)}


def test_an_archive_without_customers_has_no_scores(world: Any) -> None:
    assert score(world.measured([]), [world.weight("revenue", 100)]).height == 0


def test_scoring_adds_columns_and_changes_none(world: Any) -> None:
    frame = world.measured([{"revenue": 1}, {"revenue": 2}]).drop(SCORE)
    result = score(frame, [world.weight("revenue", 100)])
    assert result.select(frame.columns).equals(frame)
    assert set(result.columns) - set(frame.columns) == {
        SCORE,
        points_of("revenue"),
        contribution_of("revenue"),
        *rank_of("revenue"),
    }


def test_points_come_with_the_whole_numbers_that_they_follow_from(world: Any) -> None:
    frame = world.measured([{"recency": days} for days in (3, 5, 5, 9, None)] + [{"recency": 5, "rated": False}])
    ranks = score(frame, [world.weight("recency", 100)]).select(rank_of("recency")).rows()
    assert ranks == [(3, 0, 3), (1, 1, 3), (1, 1, 3), (0, 0, 3), (None, None, None), (None, None, None)]


# Laws, over small populations with many ties, unknown and negative values.

VALUE = st.none() | st.integers(-3, 3).map(Decimal) | st.decimals(-9, 9, places=4)
ROW = st.fixed_dictionaries({"rated": st.sampled_from([True, True, True, False]), **dict.fromkeys(NAMES, VALUE)})
ROWS = st.lists(ROW, min_size=1, max_size=7)


@st.composite
def weightings(draw: st.DrawFn, metrics: list[str] | None = None) -> list[Weight]:
    """Weights of one to five metrics that add up to 100."""
    chosen = metrics or draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True))
    cuts = draw(st.lists(st.integers(1, 99), min_size=len(chosen) - 1, max_size=len(chosen) - 1, unique=True))
    percents = [after - before for before, after in pairwise([0, *sorted(cuts), 100])]
    assert list(accumulate(percents))[-1] == 100
    return [
        Weight(name, percent, draw(st.sampled_from(["leave_out", "zero"])), PLACE)
        for name, percent in zip(chosen, percents, strict=True)
    ]


def known(rows: list[dict[str, Any]], metrics: list[str]) -> list[dict[str, Any]]:
    """The rows, all rated, with a value for each of the metrics."""
    return [row | {"rated": True} | {name: row[name] or Decimal(0) for name in metrics} for row in rows]


@given(rows=ROWS, weights=weightings(), data=st.data())
def test_the_order_of_rows_changes_no_score(world: Any, rows: list[dict[str, Any]], weights: Any, data: Any) -> None:
    frame = world.measured(rows)
    shuffled = frame[data.draw(st.permutations(range(frame.height)))]
    assert score(shuffled, weights).sort("code").equals(score(frame, weights))


def one_better(
    rows: list[dict[str, Any]], weights: list[Weight], by: Decimal, data: Any
) -> tuple[str, int, list[dict[str, Any]]]:
    """Some metric, the place of some rated row that knows it, and the rows with that value better ``by`` so much."""
    metric = data.draw(st.sampled_from(weights)).metric
    index = data.draw(st.integers(0, len(rows) - 1))
    rows[index] |= {"rated": True, metric: rows[index][metric] or Decimal(0)}
    better = [dict(row) for row in rows]
    better[index][metric] += by if METRICS[metric].higher_is_better else -by
    return metric, index, better


@given(rows=ROWS, weights=weightings(), by=st.decimals("0.0001", 9, places=4), data=st.data())
def test_a_better_value_never_lowers_the_own_score(
    world: Any, rows: list[dict[str, Any]], weights: list[Weight], by: Decimal, data: Any
) -> None:
    _, index, better = one_better(rows, weights, by, data)
    before, after = (scores(world.measured(each), weights)[f"{index:03}"] for each in (rows, better))
    assert before is not None
    assert after is not None
    assert after >= before


@given(rows=ROWS, weights=weightings(), by=st.decimals("0.0001", 9, places=4), data=st.data())
def test_a_better_value_never_lifts_the_points_of_another(
    world: Any, rows: list[dict[str, Any]], weights: list[Weight], by: Decimal, data: Any
) -> None:
    metric, index, better = one_better(rows, weights, by, data)
    before, after = (score(world.measured(each), weights)[points_of(metric)] for each in (rows, better))
    for other, (had, has) in enumerate(zip(before, after, strict=True)):
        assert other == index or had is None or has <= had


@given(rows=ROWS, weights=weightings())
def test_equal_values_get_equal_points(world: Any, rows: list[dict[str, Any]], weights: list[Weight]) -> None:
    result = score(world.measured([*rows, *rows]), weights)
    half = len(rows)
    for weight in weights:
        column = result[points_of(weight.metric)].to_list()
        assert column[:half] == column[half:]
        by_value: dict[Decimal, set[Decimal]] = {}
        for value, earned in zip(result[weight.metric], column, strict=True):
            if earned is not None:
                by_value.setdefault(value, set()).add(earned)
        assert all(len(earned) == 1 for earned in by_value.values())


@given(rows=ROWS, weights=weightings())
def test_contributions_add_up_to_the_score_exactly(
    world: Any, rows: list[dict[str, Any]], weights: list[Weight]
) -> None:
    for row in score(world.measured(rows), weights).iter_rows(named=True):
        parts = [row[contribution_of(each.metric)] for each in weights]
        found = [part for part in parts if part is not None]
        assert row[SCORE] == (sum(found) if found else None)
        assert [part is None for part in parts] == [not row["rated"] or row[each.metric] is None for each in weights]


@given(rows=ROWS, weights=weightings())
def test_points_contributions_and_scores_lie_between_0_and_100(
    world: Any, rows: list[dict[str, Any]], weights: list[Weight]
) -> None:
    result = score(world.measured(rows), weights)
    for name in [SCORE, *(column(each.metric) for each in weights for column in (points_of, contribution_of))]:
        assert all(0 <= value <= 100 for value in result[name].drop_nulls())


@given(rows=ROWS, weights=weightings(), factor=st.sampled_from(["0.5", "2", "7.25", "100"]))
def test_another_currency_changes_no_score(
    world: Any, rows: list[dict[str, Any]], weights: list[Weight], factor: str
) -> None:
    money = [name for name in NAMES if METRICS[name].unit == "money"]
    # Two decimals, so that every product is exact in four.
    amounts = [row | {name: row[name] and round(row[name], 2) for name in money} for row in rows]
    changed = [row | {name: row[name] and row[name] * Decimal(factor) for name in money} for row in amounts]
    assert scores(world.measured(changed), weights) == scores(world.measured(amounts), weights)


@given(rows=ROWS, weights=weightings(), extra=ROW)
def test_a_customer_without_business_changes_nobody(
    world: Any, rows: list[dict[str, Any]], weights: list[Weight], extra: dict[str, Any]
) -> None:
    before = score(world.measured(rows), weights)
    after = score(world.measured([*rows, extra | {"rated": False}]), weights)
    assert after.head(before.height).equals(before)
    assert after[SCORE][-1] is None


@given(row=ROW, weights=weightings(), size=st.integers(1, 6))
def test_alone_or_level_with_all_others_is_exactly_the_middle(
    world: Any, row: dict[str, Any], weights: list[Weight], size: int
) -> None:
    rows = known([row] * size, [each.metric for each in weights])
    assert set(scores(world.measured(rows), weights).values()) == {Decimal(50)}


def test_left_out_weights_that_do_not_divide_evenly_cost_nothing(world: Any) -> None:
    weights = [world.weight("revenue", 30), world.weight("order_frequency", 40), world.weight("gross_profit", 30)]
    result = score(world.measured([{"revenue": 10, "order_frequency": 3, "gross_profit": None}]), weights)
    assert result["score"].to_list() == [Decimal(50)]
    parts = [result[contribution_of(weight.metric)].item() for weight in weights]
    assert parts == [Decimal("21.4285"), Decimal("28.5715"), None]


@given(rows=ROWS, weights=weightings())
def test_points_of_the_rated_average_at_the_middle(
    world: Any, rows: list[dict[str, Any]], weights: list[Weight]
) -> None:
    result = score(world.measured(rows), weights)
    for weight in weights:
        earned = result[points_of(weight.metric)].drop_nulls()
        if len(earned):
            # Each is cut by less than a ten-thousandth.
            assert 0 <= 50 * len(earned) - sum(earned) < Decimal("0.0001") * len(earned)


@given(rows=ROWS, data=st.data())
def test_unknown_as_zero_never_earns_more_than_left_out(world: Any, rows: list[dict[str, Any]], data: Any) -> None:
    weights = data.draw(weightings())
    zero, out = ([Weight(w.metric, w.percent, how, w.place) for w in weights] for how in ("zero", "leave_out"))
    lost, shared = scores(world.measured(rows), zero), scores(world.measured(rows), out)
    for code, total in shared.items():
        assert (lost[code] is None) == (total is None)
        assert total is None or lost[code] <= total


@given(rows=ROWS, data=st.data())
def test_where_everything_is_known_both_ways_with_unknown_are_one(
    world: Any, rows: list[dict[str, Any]], data: Any
) -> None:
    weights = data.draw(weightings())
    zero, out = ([Weight(w.metric, w.percent, how, w.place) for w in weights] for how in ("zero", "leave_out"))
    frame = world.measured(known(rows, [w.metric for w in weights]))
    assert score(frame, zero).equals(score(frame, out))

"""The geometry of charts: what is longer is more, what is drawn is also written, and nothing lies on anything else."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from u8sync.report.charts import MOST_LABELS, TICKS, Series, bars, flow, heat, lines
from u8sync.report.language import translator
from u8sync.report.pages import page_environment


def series(*values: Any, title: str = "one") -> Series:
    return Series(title, values, [f"<{value}>" for value in values])


def drawn(macro: str, *arguments: object) -> str:
    template = page_environment(translator("en")).get_template("charts.html.j2")
    return str(getattr(template.module, macro)(*arguments))


# --- bars -------------------------------------------------------------------------------------------------------------


def test_the_greatest_value_has_the_whole_width() -> None:
    chart = bars(["a", "b", "c"], [series(50, Decimal("12.5"), 0)])
    assert [row[1][0].width for row in chart.rows] == ["100.00", "25.00", "0.00"]
    assert {row[1][0].left for row in chart.rows} == {"0.00"}
    assert chart.zero is None


def test_bars_below_zero_go_to_the_left_of_it() -> None:
    chart = bars(["a", "b"], [series(30, -10)])
    assert chart.zero == "25.00"
    assert [(row[1][0].left, row[1][0].width) for row in chart.rows] == [("25.00", "75.00"), ("0.00", "25.00")]


def test_several_series_share_a_scale() -> None:
    chart = bars(["a"], [series(10), series(40, title="two")])
    assert [bar.width for bar in chart.rows[0][1]] == ["25.00", "100.00"]
    assert chart.titles == ("one", "two")


def test_a_missing_value_is_no_bar_and_nothing_at_all_is_no_error() -> None:
    chart = bars(["a", "b"], [series(None, 5)])
    assert [row[1][0].drawn for row in chart.rows] == [False, True]
    assert bars(["a"], [series(0)]).rows[0][1][0].width == "0.00"
    assert bars([], [series()]).rows == ()


@pytest.mark.parametrize(
    ("labels", "values"),
    [
        pytest.param(["a", "b"], [series(1)], id="too few values"),
        pytest.param(["a"], [], id="no series"),
        pytest.param(["a"], [series(1)] * 6, id="more series than can be told apart"),
    ],
)
def test_what_cannot_be_drawn_is_a_mistake_of_the_caller(labels: list[str], values: list[Series]) -> None:
    with pytest.raises(ValueError, match="series"):
        bars(labels, values)


@given(st.lists(st.none() | st.decimals(-1000, 1000, places=2), min_size=1, max_size=6))
def test_bars_stay_inside_and_longer_is_more(values: list[Decimal | None]) -> None:
    chart = bars([str(at) for at, _ in enumerate(values)], [series(*values)])
    found = [bar for _, (bar,) in chart.rows]
    for bar in found:
        assert Decimal(bar.left) >= 0
        assert Decimal(bar.left) + Decimal(bar.width) <= Decimal("100.01")
    known = [(abs(value), Decimal(bar.width)) for value, bar in zip(values, found, strict=True) if value is not None]
    assert [width for _, width in sorted(known)] == sorted(width for _, width in known)


# --- lines ------------------------------------------------------------------------------------------------------------


def test_a_line_goes_over_the_whole_width_and_is_broken_where_a_value_is_missing() -> None:
    chart = lines(["Q1", "Q2", "Q3", "Q4"], [series(0, 100, None, 50)], str)
    assert chart.lines[0].pieces == ("0.00,100.00 33.33,0.00", "100.00,50.00")
    assert [left for _, left in chart.periods] == ["0.00", "33.33", "66.67", "100.00"]
    assert [str(tick) for tick, _ in chart.ticks] == ["0", "50", "100"]
    assert chart.table[2] == ("Q3", ("<None>",))


def test_one_period_stands_in_the_middle() -> None:
    assert lines(["Q1"], [series(7)], str).periods == (("Q1", "50.00"),)


def test_a_scale_need_not_hold_zero() -> None:
    chart = lines(["Q1", "Q2"], [series(Decimal("0.61"), Decimal("0.68"))], str, from_zero=False)
    assert [str(tick) for tick, _ in chart.ticks] == ["0.60", "0.62", "0.64", "0.66", "0.68"]


@pytest.mark.parametrize("values", [[], [None], [0, 0], [5, 5], [-3, -3], [Decimal("0.0001")]])
def test_any_values_have_a_scale(values: list[Any]) -> None:
    chart = lines([str(at) for at, _ in enumerate(values)], [series(*values)], str)
    assert len(chart.ticks) >= 2


@given(st.lists(st.decimals(-(10**9), 10**9, places=4), min_size=1, max_size=30), st.booleans())
def test_every_scale_holds_its_values_in_few_equal_steps(values: list[Decimal], from_zero: bool) -> None:  # noqa: FBT001
    chart = lines([str(at) for at, _ in enumerate(values)], [series(*values)], str, from_zero=from_zero)
    ticks = [Decimal(str(tick)) for tick, _ in chart.ticks]
    assert ticks[0] <= min(values)
    assert ticks[-1] >= max(values)
    assert len(ticks) <= TICKS + 2
    assert len({right - left for left, right in pairwise(ticks)}) == 1
    assert sum(at % chart.every == 0 for at, _ in enumerate(values)) <= MOST_LABELS


# --- heat and flow ----------------------------------------------------------------------------------------------------


def test_the_fullest_cell_is_the_darkest() -> None:
    chart = heat(["a", "b"], ["x", "y"], {(0, 0): (200, "stay"), (1, 0): (50, "up"), (1, 1): (0, "stay")})
    assert [[(cell.shown, cell.way, cell.strength, cell.empty) for cell in cells] for _, cells in chart.rows] == [
        [("200", "stay", "100.00", False), ("0", "stay", "0.00", True)],
        [("50", "up", "25.00", False), ("0", "stay", "0.00", True)],
    ]


def test_ribbons_are_as_thick_as_what_flows_and_what_stays_lies_below() -> None:
    chart = flow(["a", "b"], ["a", "b"], {(0, 1): (30, "down"), (0, 0): (10, "stay"), (1, 1): (57, "stay")})
    assert [(node.name, node.shown, node.top, node.height) for node in chart.left] == [
        ("a", "40", "0.00", "40.00"),
        ("b", "57", "43.00", "57.00"),
    ]
    assert [(node.name, node.top) for node in chart.right] == [("a", "0.00"), ("b", "13.00")]
    assert [(ribbon.left, ribbon.right, ribbon.way) for ribbon in chart.ribbons] == [
        ("a", "a", "stay"),
        ("b", "b", "stay"),
        ("a", "b", "down"),
    ]
    assert chart.ribbons[2].path == "M0 10.00C50 10.00 50 13.00 100 13.00V43.00C50 43.00 50 40.00 0 40.00Z"


COUNTS = st.dictionaries(
    st.tuples(st.integers(0, 5), st.integers(0, 5)), st.tuples(st.integers(0, 10**6), st.just("up")), max_size=12
)


@given(COUNTS)
def test_nodes_and_labels_never_lie_on_each_other(counts: dict[tuple[int, int], Any]) -> None:
    names = [str(at) for at in range(6)]
    chart = flow(names, names, counts)
    for nodes in (chart.left, chart.right):
        for upper, lower in pairwise(nodes):
            assert Decimal(upper.top) + Decimal(upper.height) <= Decimal(lower.top)
            assert Decimal(lower.label) - Decimal(upper.label) >= Decimal("8.99")
        assert all(0 <= Decimal(node.label) <= 100 for node in nodes)
        assert sum(int(node.shown.replace(",", "")) for node in nodes) == sum(n for n, _ in counts.values())
    assert len(chart.ribbons) == sum(n > 0 for n, _ in counts.values())


# --- drawn ------------------------------------------------------------------------------------------------------------


def test_every_figure_of_a_chart_stands_in_a_table_and_nothing_is_markup() -> None:
    hostile = "<script>alert(1)</script>"
    told = [
        drawn("bars", bars([hostile], [Series(hostile, [1], [hostile])]), hostile),
        drawn("lines", lines([hostile], [Series(hostile, [1], [hostile])], lambda _: hostile), hostile, hostile),
        drawn("heat", heat([hostile], [hostile], {(0, 0): (1234, "up")})),
        drawn("flow", flow([hostile], [hostile], {(0, 0): (1234, "up")}), hostile, hostile, hostile),
    ]
    for html in told:
        assert "<script" not in html
        assert "&lt;script&gt;" in html
    assert all("<table" in html for html in told[:3])
    assert "1,234" in told[2]


def test_missing_values_are_dashes() -> None:
    html = drawn("bars", bars(["a"], [Series("one", [None], [""])]), "corner")
    assert "<span>-</span>" in html
    assert 'style="left' not in html

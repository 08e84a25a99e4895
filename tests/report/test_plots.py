"""What stands in a page of a chart: shapes in the page's colours, its words as text, and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup, escape

from u8sync.report.figures import tier_lines
from u8sync.report.language import translator
from u8sync.report.plots import Trend, flow_plot, lines_plot, pyramid_plot, revenue_plot, stack_plot
from u8sync.report.plots.canvas import compact
from u8sync.report.plots.flow import Stream
from u8sync.report.plots.trends import _round
from u8sync.text import english, msg

HOSTILE = '</svg><img src=x onerror=alert(1)> zz0zz #fe0001 $x^2$ "'


def charts(books: Any, language: str = "en") -> list[Markup]:
    lines = tier_lines(books.planned().decision.customers, books.policy)
    words = translator("zh" if language == "zh" else "en")
    trends = [Trend("VIP", (1, 2, None)), Trend("普通", (3, None, 4))]
    days = ["2026-11-01", "2026-11-02", "2026-11-03"]
    return [
        pyramid_plot(lines, words),
        revenue_plot(lines, words, chinese=language == "zh"),
        flow_plot(["VIP", "重点"], ["VIP", "重点"], [Stream(0, 1, 5, "down"), Stream(1, 1, 90, "stay")], words),
        lines_plot(msg("Changes"), trends, days, words, chinese=False),
        stack_plot(msg("Changes"), trends, days, words, chinese=False),
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_chart_holds_no_id_no_reference_and_no_colour_or_font_of_its_own(books: Any, language: str) -> None:
    for chart in charts(books, language):
        assert not re.search(r"\sid=|href|url\(|<style|<use|<!--|font-family|DejaVu|#[0-9a-f]{6}", chart)
        assert "var(--" in chart
        assert "zz" not in chart
        assert chart.startswith('<svg class="plot" viewBox="0 0 420 ')


def test_the_same_figures_make_the_same_bytes(books: Any) -> None:
    assert charts(books, "zh") == charts(books, "zh")


def test_what_a_machine_prefers_for_its_own_charts_changes_nothing(books: Any) -> None:
    import matplotlib as mpl

    plain = charts(books)
    with mpl.rc_context(
        {"svg.fonttype": "path", "font.size": 30, "savefig.facecolor": "red", "path.sketch": (9, 9, 9)}
    ):
        assert charts(books) == plain


def test_a_hostile_name_is_text_wherever_it_stands() -> None:
    chart = flow_plot([HOSTILE], ["VIP"], [Stream(0, 0, 5, "enter")], english)

    assert "<img" not in chart
    assert chart.count("</svg>") == 1
    assert str(escape(HOSTILE)) in chart  # whole, where it is described


@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=12))
@settings(max_examples=15, deadline=None)
def test_every_count_stands_on_its_band_however_small(counts: list[int]) -> None:
    streams = [Stream(at % 3, at % 4, count, "up") for at, count in enumerate(counts)]
    chart = flow_plot(["a", "b", "c"], ["d", "e", "f", "g"], streams, english)

    shown = re.findall(r">([\d,]+)</text>", chart)
    for count in counts:
        assert f"{count:,}" in shown


@given(st.floats(0, 1e12))
def test_a_scale_ends_at_or_above_its_highest_value_and_not_far_above(value: float) -> None:
    assert value <= _round(value) <= max(4.0, 2.001 * value)


@pytest.mark.parametrize(
    ("value", "chinese", "shown"),
    [(0, False, "0"), (950, False, "950"), (1360552, False, "1.36m"), (13605520, True, "1,361万")],
)
def test_figures_at_the_edge_of_a_chart_are_short(value: int, *, chinese: bool, shown: str) -> None:
    assert compact(value, chinese=chinese) == shown


def test_help_does_not_load_the_plotting_library() -> None:
    code = "import sys, u8sync.cli.app as a; a.call(['--help'], language='en'); sys.exit('matplotlib' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0

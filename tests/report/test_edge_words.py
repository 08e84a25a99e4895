"""What is said of customers near an edge, and of the units of metrics."""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

import pytest

from u8sync.domain.edges import EdgeKind
from u8sync.domain.metrics import METRICS, Unit
from u8sync.report.edge_words import _FORMATS, _TITLES, bound_words, edge_words, metric_title


@pytest.mark.parametrize(
    ("way", "kind", "subject", "numbers", "words"),
    [
        pytest.param(
            "up",
            "at_least",
            "score",
            ("85", "84.2", "0.8"),
            "misses 'VIP' by 0.8: score 84.2; needed: score at least 85",
            id="a score",
        ),
        pytest.param(
            "down",
            "below",
            "recency",
            ("90", "88", "2"),
            "keeps 'VIP' by 2 days: days since the last sale 88 days; needed: days since the last sale below 90 days",
            id="a metric with its unit",
        ),
        pytest.param(
            "up",
            "top_percent",
            "revenue",
            ("5", "5.1", "0.1"),
            "misses 'VIP' by 0.1 %: among the best 5.1 % by revenue; needed: among the best 5 % by revenue",
            id="a place",
        ),
        pytest.param(
            "down",
            "top_share",
            "revenue",
            ("80", "79", "1"),
            "keeps 'VIP' by 1 %: those ahead bring 79 % of revenue;"
            " needed: among those that bring the first 80 % of revenue",
            id="a share",
        ),
        pytest.param(
            "up",
            "quota",
            "score",
            ("10", "11", "1"),
            "misses 'VIP' by 1: place 11 by score; needed: one of the 10 places of the tier",
            id="a quota",
        ),
    ],
)
def test_an_edge_is_told_with_its_distance(
    way: str, kind: str, subject: str, numbers: tuple[str, str, str], words: str
) -> None:
    bound, value, distance = map(Decimal, numbers)
    row = {"way": way, "would_be": "VIP", "edge_of": "VIP", "subject": subject, "kind": kind}
    assert str(edge_words({**row, "bound": bound, "value": value, "distance": distance})) == words


def test_who_moves_for_another_reason_is_told_so() -> None:
    row = dict.fromkeys(("edge_of", "subject", "kind", "bound", "value", "distance"))
    words = edge_words({**row, "way": "up", "would_be": "VIP"})
    assert str(words) == "would be 'VIP' with all bounds moved by 5 %"


def test_every_kind_of_bound_has_words() -> None:
    assert len({str(bound_words("score", kind, Decimal(5))) for kind in get_args(EdgeKind)}) == len(get_args(EdgeKind))


def test_every_unit_has_a_title_and_a_format() -> None:
    assert set(_TITLES) == set(_FORMATS) == set(get_args(Unit))
    assert str(metric_title("gross_margin")) == f"{METRICS['gross_margin'].label} (%)"

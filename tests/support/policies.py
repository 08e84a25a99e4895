"""Arbitrary policies and populations for laws: every method, groups, shrinkage, evidence, quotas, movement, pins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise

import polars as pl
from hypothesis import strategies as st

from u8sync.domain.metrics import DOCUMENTS, HISTORY_DAYS, METRICS
from u8sync.domain.model import MONEY
from u8sync.domain.movement import PAST_SCHEMA, Past
from u8sync.domain.policy import (
    SCORE,
    Band,
    Condition,
    CoolDown,
    Evidence,
    Movement,
    Pin,
    Policy,
    Quota,
    Tier,
    Weight,
)
from u8sync.domain.windows import WindowRule
from u8sync.text import Place

__all__ = ["AS_OF", "PLACE", "customers", "frame", "pasts", "policies"]

PLACE = Place("tiers.yaml", 1, 1)
AS_OF = date(2026, 6, 30)
NAMES = ("revenue", "gross_profit", "order_frequency", "recency")
ADDITIVE = tuple(name for name in NAMES if METRICS[name].additive)
GROUP = "region"
TIERS = ("VIP", "重要", "一般", "潜在")

PERCENT = st.sampled_from(["5", "20", "33.3333", "50", "66.6667", "80", "99.9999"]).map(Decimal)
BOUND = st.none() | st.integers(-3, 9).map(Decimal)


@st.composite
def bands(draw: st.DrawFn, metric: str, method: str) -> tuple[Band, ...]:
    """Bands that hold every value once, the best first."""
    points = sorted(draw(st.lists(st.integers(0, 100), min_size=2, max_size=4, unique=True)), reverse=True)
    if method != "threshold":
        tops = sorted(draw(st.lists(PERCENT, min_size=len(points) - 1, max_size=len(points) - 1, unique=True)))
        return tuple(
            Band(Decimal(earned), None, None, top, PLACE) for earned, top in zip(points, [*tops, None], strict=True)
        )
    cuts = st.lists(st.integers(-3, 6), min_size=len(points) - 1, max_size=len(points) - 1, unique=True)
    ordered = sorted(draw(cuts), reverse=METRICS[metric].higher_is_better)
    edges = [None, *map(Decimal, ordered), None]
    return tuple(
        Band(Decimal(earned), low, high, None, PLACE)
        for earned, (better, worse) in zip(points, pairwise(edges), strict=True)
        for low, high in [(worse, better) if METRICS[metric].higher_is_better else (better, worse)]
    )


@st.composite
def weights(draw: st.DrawFn, methods: Sequence[str], *, shrinks: bool) -> tuple[Weight, ...]:
    """One to four metrics whose percents add up to 100."""
    chosen = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    cuts = draw(st.lists(st.integers(1, 99), min_size=len(chosen) - 1, max_size=len(chosen) - 1, unique=True))
    made = []
    for name, (low, high) in zip(chosen, pairwise([0, *sorted(cuts), 100]), strict=True):
        possible = [one for one in methods if one != "cumulative_share" or name in ADDITIVE]
        method = draw(st.sampled_from(possible))
        made.append(
            Weight(
                name,
                high - low,
                draw(st.sampled_from(["leave_out", "zero"])),
                PLACE,
                method=method,  # type: ignore[arg-type]
                bands=() if method == "rank" else draw(bands(name, method)),
                within=draw(st.sampled_from([None, None, GROUP])),
                shrink=draw(st.none() | st.integers(1, 5)) if shrinks else None,
            )
        )
    return tuple(made)


@st.composite
def conditions(draw: st.DrawFn) -> tuple[Condition, ...]:
    """What a tier asks for: values, places, or both."""
    found = []
    for subject in draw(st.lists(st.sampled_from([SCORE, *NAMES]), max_size=2, unique=True)):
        ranked = draw(st.booleans())
        found.append(
            Condition(
                subject,
                draw(st.integers(0, 90).map(Decimal)) if subject == SCORE else draw(BOUND),
                None if subject == SCORE else draw(st.none() | st.none() | st.integers(-3, 9).map(Decimal)),
                PLACE,
                top_percent=draw(st.none() | PERCENT) if ranked else None,
                top_share=draw(st.none() | PERCENT) if ranked and subject in ADDITIVE else None,
                within=draw(st.sampled_from([None, GROUP])) if ranked else None,
            )
        )
    return tuple(found)


QUOTAS = st.none() | st.builds(
    lambda percent, customers: Quota(percent, None if percent else customers, PLACE),
    st.none() | PERCENT,
    st.integers(1, 3),
)

MOVEMENTS = st.builds(
    Movement,
    margin=st.sampled_from(["0", "5", "25"]).map(Decimal),
    down_after=st.integers(1, 3),
    most_steps=st.none() | st.integers(1, 2),
    review=st.lists(st.sampled_from([(1, 1), (3, 1), (6, 30), (7, 1)]), max_size=2, unique=True).map(tuple),
    cool_down=st.none() | st.builds(CoolDown, st.integers(1, 400), st.sampled_from(["both", "down"])),
    place=st.just(PLACE),
)


@st.composite
def policies(
    draw: st.DrawFn,
    *,
    methods: Sequence[str] = ("rank", "threshold", "percent_of_customers", "cumulative_share"),
    shrinks: bool = True,
    moves: bool = True,
    quotas: bool = True,
    upper_bounds: bool = True,
) -> Policy:
    """A policy of four tiers."""
    steps = []
    for name in TIERS[:2]:
        asked = draw(conditions())
        if not upper_bounds:
            asked = tuple(
                Condition(c.subject, c.at_least, None, PLACE, c.top_percent, c.top_share, c.within)
                for c in asked
                if c.subject == SCORE or METRICS[c.subject].higher_is_better
            )
        steps.append(Tier(name, asked, False, "", PLACE, draw(QUOTAS) if quotas else None))
    return Policy(
        WindowRule(months=12),
        draw(weights(methods, shrinks=shrinks)),
        (*steps, Tier(TIERS[2], (), False, "", PLACE), Tier(TIERS[3], (), True, "", PLACE)),
        frozenset(),
        "p" * 64,
        evidence=draw(
            st.none() | st.builds(Evidence, st.integers(1, 3), st.none() | st.integers(1, 300), st.just(PLACE))
        ),
        smallest_group=draw(st.integers(1, 3)),
        movement=draw(st.none() | MOVEMENTS) if moves else None,
        pins=draw(
            st.lists(
                st.builds(
                    Pin,
                    customer=st.sampled_from(["0", "1", "2"]),
                    tier=st.sampled_from(TIERS),
                    reason=st.just("tender"),
                    by=st.just("Wang"),
                    until=st.sampled_from([date(2026, 6, 29), AS_OF, date(2027, 1, 1)]),
                    place=st.just(PLACE),
                ),
                max_size=1,
            ).map(tuple)
        )
        if moves
        else (),
    )


VALUE = st.none() | st.integers(-3, 9).map(Decimal) | st.decimals(-9, 99, places=4)
CUSTOMER = st.fixed_dictionaries(
    {
        "rated": st.sampled_from([True, True, True, False]),
        GROUP: st.sampled_from([None, "east", "west"]),
        DOCUMENTS: st.integers(0, 4),
        HISTORY_DAYS: st.none() | st.integers(0, 500),
        "current": st.none() | st.sampled_from([*TIERS, "战略"]),
        **dict.fromkeys(NAMES, VALUE),
    }
)
customers = st.lists(CUSTOMER, min_size=1, max_size=8)


def frame(rows: Sequence[dict[str, object]]) -> pl.DataFrame:
    """The customers as scoring takes them, with codes "0", "1" and so on."""
    schema = {
        "code": pl.String(),
        "eligible": pl.Boolean(),
        "rated": pl.Boolean(),
        GROUP: pl.String(),
        "current": pl.String(),
        DOCUMENTS: pl.Int64(),
        HISTORY_DAYS: pl.Int64(),
        **dict.fromkeys(METRICS, MONEY),
    }
    full = [{"code": str(at), "eligible": True, **row} for at, row in enumerate(rows)]
    return pl.DataFrame(full, schema=schema)


pasts = st.builds(
    lambda evaluated_on, rows: Past(
        evaluated_on, pl.DataFrame([{"code": str(at), **row} for at, row in enumerate(rows)], schema=PAST_SCHEMA)
    ),
    st.none() | st.sampled_from([date(2026, 5, 31), date(2025, 12, 31)]),
    st.lists(
        st.fixed_dictionaries(
            {"tier.below": st.integers(0, 3), "tier.changed_on": st.none() | st.dates(date(2025, 5, 1), AS_OF)}
        ),
        max_size=8,
    ),
)

"""A policy in hindsight, on six customers whose every figure is worked out by hand.

The policy goes by revenue of twelve months alone: VIP from 80 points, key from 50, regular, prospect without business.
It is asked on 2025-12-31 and on 2026-06-30, and judged by the half year after each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from past_world import Document, facts_in, sale

from u8sync.domain.backtest import Backtest, backtest
from u8sync.domain.look import Look, look_back
from u8sync.domain.mapping import read_customers
from u8sync.domain.model import Window
from u8sync.domain.policy import Movement
from u8sync.domain.schedule import Schedule, Slot
from u8sync.domain.tiers import TIER
from u8sync.text import Place

SCHEDULE = Schedule(until=date(2026, 12, 31), periods=2, every=6, horizon=6)
FIRST, SECOND = SCHEDULE.slots

DOCUMENTS = (
    # The window of the first evaluation.
    sale("A", "2025-03-10", 900),
    sale("B", "2025-08-01", 500),
    sale("C", "2025-12-01", 100),
    sale("D", "2025-07-01", 100),
    # Its outcome: B brings goods back, E had no business before, F is new.
    sale("A", "2026-02-01", 400),
    sale("B", "2026-02-01", -50),
    sale("C", "2026-02-01", 300),
    sale("D", "2026-02-01", 100),
    sale("E", "2026-02-01", 200),
    sale("F", "2026-03-01", 70),
    # The outcome of the second evaluation.
    sale("B", "2026-09-01", 1000),
)


class Past:
    """The customers and their documents, seen from any day."""

    def __init__(self, world: Any, documents: Sequence[Document] = DOCUMENTS, **cards: str | None) -> None:
        self.world = world
        self.policy = world.ladder(
            [world.weight("revenue", 100)],
            [
                world.tier("VIP", world.condition("score", "80")),
                world.tier("key", world.condition("score", "50")),
                world.tier("regular"),
                world.tier("prospect", without_business=True),
            ],
        )
        self.documents = documents
        made = dict.fromkeys("ABCDE", "2020-01-01") | {"F": "2026-03-01"} | cards
        people = [world.Customer(code, created_on=day) for code, day in made.items()]
        self.canonical, _ = read_customers(world.raw(people), world.mapping, world.way)

    def look(self, slot: Slot) -> Look:
        return look_back(
            slot,
            self.canonical,
            facts=facts_in(self.documents, Window.ending(slot.as_of, months=12)),
            outcome=facts_in(self.documents, slot.outcome),
            before=facts_in(self.documents, slot.before),
            mapping=self.world.mapping,
            policy=self.policy,
            way=self.world.way,
            protected=(),
        )

    def tiers(self, slot: Slot) -> dict[str, str]:
        return dict(self.look(slot).judged.select("code", TIER).iter_rows())

    def hindsight(self, **more: Any) -> Backtest:
        return backtest([self.look(slot) for slot in SCHEDULE.slots], self.policy, **more)


@pytest.fixture
def past(world: Any) -> Past:
    return Past(world)


def money(text: str) -> Decimal:
    return Decimal(text)


def test_the_days_are_counted_back_from_the_end_and_stay_month_ends() -> None:
    quarters = Schedule(until=date(2026, 8, 31), periods=3, every=3, horizon=3).slots
    assert [slot.as_of for slot in quarters] == [date(2025, 11, 30), date(2026, 2, 28), date(2026, 5, 31)]
    assert quarters[0].outcome == Window(date(2025, 12, 1), date(2026, 2, 28))
    assert quarters[0].before == Window(date(2025, 9, 1), date(2025, 11, 30))
    inside = Schedule(until=date(2026, 8, 30), periods=1, every=6, horizon=6).slots[0]
    assert inside.as_of == date(2026, 2, 28)
    assert inside.before == Window(date(2025, 8, 31), date(2026, 2, 28))


def test_the_tiers_of_a_past_day_are_those_that_a_run_on_that_day_would_have_recommended(past: Past) -> None:
    assert past.tiers(FIRST) == {"A": "VIP", "B": "key", "C": "regular", "D": "regular", "E": "prospect"}
    assert past.tiers(SECOND) == {
        "A": "key", "B": "VIP", "C": "key", "D": "regular", "E": "regular", "F": "regular",
    }  # fmt: skip


def test_each_tier_is_told_with_what_it_bought_afterwards(past: Past) -> None:
    first = past.hindsight().periods[0]
    assert (first.customers, first.rated, first.not_yet) == (5, 4, 1)
    assert first.revenue == 950  # net: 400 - 50 + 300 + 100 + 200
    assert (first.returns, first.returned) == (1, -50)
    assert first.newcomers == 70
    told = {tier.tier: (tier.customers, tier.revenue, tier.mean, tier.median) for tier in first.tiers}
    assert told == {
        "VIP": (1, 400, 400, 400),
        "key": (1, -50, -50, -50),
        "regular": (2, 400, 200, 200),
        "prospect": (1, 200, 200, 200),
    }


def test_shares_are_cumulative_from_the_top_and_returns_count_as_nothing(past: Past) -> None:
    first = past.hindsight().periods[0]
    # Bought: 400 + 0 + 300 + 100 + 200 = 1,000 by 5 customers.
    assert [(tier.taken, tier.caught) for tier in first.tiers] == [
        (money("0.200000"), money("0.400000")),
        (money("0.400000"), money("0.400000")),
        (money("0.800000"), money("0.800000")),
        (money("1.000000"), money("1.000000")),
    ]


def test_a_tier_is_laid_beside_as_many_customers_of_each_baseline(past: Past) -> None:
    first = past.hindsight().periods[0]
    # Last half year: B 500, then C and D with 100 each (300 + 100 bought), then A.
    assert [tier.baselines["last_revenue"] for tier in first.tiers] == [
        money("0.000000"), money("0.200000"), money("0.800000"), None,
    ]  # fmt: skip
    # Quintiles: B 3+2+3, then A 1+2+4 level with C 4+2+1 (400 + 300 bought), then D 2+2+1.
    assert [tier.baselines["rfm"] for tier in first.tiers] == [
        money("0.000000"), money("0.350000"), money("0.800000"), None,
    ]  # fmt: skip


def test_the_top_of_an_order_may_be_part_of_a_customer(past: Past) -> None:
    first = past.hindsight().periods[0]
    # 5, 10 and 20 % of four rated customers: 0.2, 0.4 and 0.8 of customer A, who bought 400 of 1,000.
    assert first.caught["policy"] == {5: money("0.080000"), 10: money("0.160000"), 20: money("0.320000")}
    assert first.caught["last_revenue"] == {5: 0, 10: 0, 20: 0}
    assert first.lift["last_revenue"] == {5: None, 10: None, 20: None}


def test_all_evaluations_together_are_weighed_by_what_was_bought(past: Past) -> None:
    overall = past.hindsight().overall
    # Second outcome: only B buys, 1,000, and B is the only VIP. Bought in all: 2,000.
    assert overall.customers == 5 + 6
    assert overall.tiers[0].caught == money("0.700000")
    assert overall.tiers[0].taken == money("0.181818")
    assert overall.tiers[0].mean == 700
    # The top 20 % of six are 1.2 customers: all of B. 320 + 1,000 of 2,000.
    assert overall.caught["policy"][20] == money("0.660000")


def test_churn_counts_customers_rated_in_both_evaluations(past: Past) -> None:
    hindsight = past.hindsight()
    (churn,) = hindsight.churn
    # A falls, B and C rise, D stays; E and F were not rated before.
    assert (churn.since, churn.as_of) == (date(2025, 12, 31), date(2026, 6, 30))
    assert (churn.customers, churn.up, churn.down, churn.share) == (4, 2, 1, money("0.750000"))
    assert hindsight.churn_overall is not None
    assert hindsight.churn_overall.share == money("0.750000")
    assert hindsight.moved_churn is None


def test_movement_rules_are_followed_from_one_evaluation_to_the_next(past: Past) -> None:
    # Down only after two evaluations below: A keeps VIP at the second one.
    slow = Movement(Decimal(0), down_after=2, most_steps=None, review=(), cool_down=None, place=Place("t.yaml", 1, 1))
    past.policy = replace(past.policy, movement=slow)
    hindsight = past.hindsight()
    assert hindsight.churn[0].down == 1
    assert hindsight.moved_churn is not None
    (churn,) = hindsight.moved_churn
    assert (churn.up, churn.down, churn.share) == (2, 0, money("0.500000"))
    assert hindsight.moved_churn_overall is not None
    assert hindsight.moved_churn_overall.share == money("0.500000")
    assert {tier.tier: tier.customers for tier in hindsight.periods[1].tiers} == {
        "VIP": 1, "key": 2, "regular": 3, "prospect": 0,
    }  # fmt: skip
    assert {tier.tier: tier.customers for tier in hindsight.periods[1].moved} == {
        "VIP": 2, "key": 1, "regular": 3, "prospect": 0,
    }  # fmt: skip


def test_the_tier_that_u8_holds_today_is_not_known_on_a_past_day(world: Any) -> None:
    """Else a movement rule would hold a customer in a tier that it only got later."""
    past = Past(world)
    past.policy = replace(
        past.policy,
        movement=Movement(Decimal(0), 9, None, (), None, Place("t.yaml", 1, 1)),
    )
    told = past.tiers(FIRST)
    past.canonical = past.canonical.with_columns(pl.lit("VIP").alias("tier"))
    assert past.tiers(FIRST) == told
    assert past.hindsight().periods[0].moved[0].customers == 1


def test_an_outcome_in_which_nothing_was_bought_has_no_shares(world: Any) -> None:
    quiet = Past(world, [each for each in DOCUMENTS if each.day < date(2026, 1, 1)])
    figures = backtest([quiet.look(FIRST)], quiet.policy).overall
    assert figures.revenue == 0
    assert set(figures.caught["policy"].values()) == {None}
    assert figures.tiers[0].caught is None
    assert figures.tiers[0].taken == money("0.200000")


def test_a_day_without_any_rated_customer_has_figures_all_the_same(world: Any) -> None:
    later = Past(world, [each for each in DOCUMENTS if each.day > date(2025, 12, 31)])
    figures = backtest([later.look(FIRST)], later.policy).overall
    assert (figures.customers, figures.rated) == (5, 0)
    assert figures.caught["policy"] == {5: 0, 10: 0, 20: 0}
    assert figures.tiers[-1].caught == 1
    assert figures.tiers[0].mean is None


@pytest.mark.parametrize(
    ("made", "documents", "there"),
    [
        ("2025-12-31", (), True),
        ("2026-01-01", (), False),
        ("2026-01-01", (sale("F", "2025-12-31", 1),), True),
        ("2026-01-01", (sale("F", "2024-01-01", 1),), True),
        (None, (), False),
        (None, (sale("F", "2026-01-01", 1),), False),
        (None, (sale("F", "2025-12-31", 1),), True),
    ],
    ids=[
        "card made on the day",
        "card made the day after",
        "card made later than the first document",
        "first document before the window",
        "no date and no document",
        "no date, first document the day after",
        "no date, first document on the day",
    ],
)
def test_a_customer_is_there_from_its_card_or_its_first_document_on(
    world: Any,
    made: str | None,
    documents: tuple[Document, ...],
    there: bool,  # noqa: FBT001
) -> None:
    known = [each for each in DOCUMENTS if each.code != "F"]
    assert ("F" in Past(world, [*known, *documents], F=made).tiers(FIRST)) is there


def test_a_customer_is_disabled_from_its_day_on_not_before(world: Any) -> None:
    past = Past(world)
    past.canonical = past.canonical.with_columns(
        pl.when(pl.col("code") == "A").then(date(2026, 6, 30)).otherwise(pl.col("disabled_on")).alias("disabled_on")
    )
    assert past.tiers(FIRST)["A"] == "VIP"
    assert past.tiers(SECOND)["A"] is None


LATER = st.lists(
    st.builds(
        Document,
        st.sampled_from("ABCDEFG"),
        st.dates(date(2026, 1, 1), date(2028, 1, 1)),
        st.decimals(-10_000, 10_000, places=4),
    ),
    max_size=20,
)


@given(later=LATER)
@settings(max_examples=60, deadline=None)
def test_nothing_that_came_later_changes_a_tier_of_a_past_day(world: Any, later: list[Document]) -> None:
    """No look-ahead: whatever documents follow, who is judged and how stays the same to the last digit."""
    before = [each for each in DOCUMENTS if each.day <= FIRST.as_of]
    seen = Past(world, DOCUMENTS).look(FIRST).judged.drop("next_revenue")
    assert Past(world, [*before, *later]).look(FIRST).judged.drop("next_revenue").equals(seen)

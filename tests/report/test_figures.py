"""What reports count, and how figures are written."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from u8sync.domain.model import MONEY
from u8sync.domain.plan import SkipCause
from u8sync.report.figures import (
    causes,
    clean,
    cut,
    duration,
    grouped,
    money,
    movements,
    names_of,
    percent,
    shown_values,
    stays,
    strongest,
    tier_lines,
    tier_move,
)
from u8sync.report.words import CAUSES, ENDINGS, reason_words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("华东贸易", "华东贸易", id="plain text stays"),
        pytest.param("\x1b[31m红\x1b[0m", "[31m红[0m", id="escape goes"),
        pytest.param("甲\r\n乙\t丙", "甲  乙 丙", id="line breaks become blanks"),
        pytest.param("a\u202eb\u2066c\u200bd\ufeffe\u00adf", "abcdef", id="direction and zero width go"),
        pytest.param("\ud800x\x00\x9b", "x", id="surrogates and C1 go"),
        pytest.param("李\ue863", "李\ue863", id="a private-use name character stays"),
        pytest.param("全角\u3000空格", "全角\u3000空格", id="a full-width blank stays"),
    ],
)
def test_text_is_freed_of_what_cannot_be_seen(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(st.text())
def test_clean_text_is_one_line_without_control_characters(text: str) -> None:
    shown = clean(text)

    assert len(shown.splitlines()) <= 1
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in shown)
    assert clean(shown) == shown


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("1234567.125", "1,234,567.13"), ("-0.001", "0.00"), ("-1234.5", "-1,234.50"), ("9" * 34 + ".9999", None)],
)
def test_money_has_thousands_separators_and_is_rounded_half_up(amount: str, shown: str | None) -> None:
    assert money(Decimal(amount)) == (shown or f"{10**34:,}.00")


def test_a_score_below_a_bound_does_not_look_as_if_it_reached_it() -> None:
    assert cut(Decimal("79.9999"), 2) == "79.99"


def test_a_share_of_nothing_says_nothing() -> None:
    assert percent(1, 3) == "33.3"
    assert percent(1, 0) is None
    assert percent(Decimal(1), Decimal(-5)) is None


def test_durations() -> None:
    assert duration(timedelta(seconds=12.34)) == "12.3 s"
    assert duration(timedelta(seconds=3723.4)) == "1:02:03"


def test_the_tiers_add_up(books: Any) -> None:
    planned = books.planned()
    lines = tier_lines(planned.decision.customers, books.policy)

    assert [line.tier for line in lines] == ["VIP", "重点", "普通", "潜在", None]
    assert sum(line.recommended for line in lines) == planned.plan.population.eligible
    assert sum(line.now for line in lines) == planned.plan.population.eligible
    assert sum(Decimal(line.share) for line in lines if line.share) == pytest.approx(Decimal(100), abs=Decimal("0.3"))


def test_the_revenue_of_a_tier_is_that_of_its_customers(books: Any) -> None:
    customers = books.planned().decision.customers
    top = tier_lines(customers, books.policy)[0]
    expected = [row["revenue"] for row in customers.iter_rows(named=True) if row["recommended"] == "VIP"]

    assert customers.schema["revenue"] == MONEY
    assert (top.recommended, top.revenue) == (len(expected), sum(expected))


def test_every_customer_with_a_tier_either_moves_or_stays(books: Any) -> None:
    planned = books.planned()
    moves = movements(planned.plan, books.policy)
    still = stays(planned.decision.customers, planned.plan.changes)
    # The protected customer has no known tier in U8, so it neither moves nor stands in one.
    assert sum(move.count for move in moves) + sum(still.values()) == planned.plan.population.eligible - 1


def test_moves_tell_up_from_down_and_empty_from_unknown(books: Any) -> None:
    moves = {(m.was, m.fills, m.becomes): m.way for m in movements(books.planned().plan, books.policy)}

    assert moves["VIP", False, "普通"] == "down"
    assert moves["潜在", False, "重点"] == "up"
    assert moves[None, True, "普通"] == moves[None, False, "普通"] == "enter"


def test_a_fall_is_explained_by_what_costs_most_and_a_rise_by_what_brings_most(books: Any) -> None:
    planned = books.planned()
    weights = {weight.metric: weight.percent for weight in books.policy.weights}
    for change in planned.plan.changes:
        move = tier_move(change)
        known = [c for c in change.reason.contributions if c.contribution is not None] if change.reason else []
        if move is None or not known:
            continue
        first = strongest(change, books.policy, 1)[0]
        if (move.was, move.becomes) == ("重点", "普通"):
            assert first == max(known, key=lambda c: weights[c.metric] - c.contribution)
        elif (move.was, move.becomes) == ("潜在", "重点"):
            assert first == max(known, key=lambda c: c.contribution)


def test_an_unknown_metric_is_a_reason_for_a_fall_only_where_it_costs_its_weight(books: Any) -> None:
    change = next(
        c for c in books.planned().plan.changes if c.reason and c.reason.contributions and tier_move(c).was == "VIP"
    )
    parts = tuple(replace(c, value=None, points=None, contribution=None) for c in change.reason.contributions)
    blind = replace(change, reason=replace(change.reason, contributions=parts))

    assert [part.metric for part in strongest(blind, books.policy, 2)] == ["order_frequency", "recency"]


def test_reasons_without_a_score_are_said_in_words(books: Any) -> None:
    changes = books.planned().plan.changes
    idle = next(change for change in changes if change.reason and not change.reason.contributions)
    spelling = next(change for change in changes if change.reason is None)

    assert [str(reason) for reason in reason_words(idle, books.policy)] == ["no business in the window"]
    assert [str(reason) for reason in reason_words(spelling, books.policy)] == [
        "same meaning, spelt the way of the mapping"
    ]


def test_values_show_their_meaning_and_the_spelling_of_u8_where_it_differs(books: Any) -> None:
    shown = {(f.before, f.after): shown_values(f) for c in books.planned().plan.changes for f in c.fields}

    assert shown["V", "重点"] == ("VIP (V)", "重点")
    assert shown["钻石", "VIP"[:1]] == ("钻石", "VIP (V)")
    assert shown[None, "普通"] == (None, "普通")
    assert shown["代理,经销商", "代理、经销商"] == ("代理,经销商", "代理、经销商")


def test_issues_are_grouped_by_value_and_line_the_most_frequent_first(books: Any) -> None:
    groups = grouped(books.planned().decision.issues)

    assert [(g.field, g.value, g.place.line, len(g.codes), g.sets_aside) for g in groups] == [
        ("tier", "钻石", 22, 10, False),
        ("region", "99", 16, 2, True),
    ]


def test_every_cause_and_every_ending_has_words(books: Any) -> None:
    assert set(get_args(SkipCause)) == set(CAUSES)
    assert set(books.applied(books.planned()).totals) == set(ENDINGS)
    assert causes(books.planned().plan.skipped) == {"disabled": 2, "set_aside": 2, "excluded": 1, "protected": 1}


def test_names_come_from_the_mapping_if_it_reads_them(books: Any) -> None:
    decision = books.planned().decision

    assert names_of(decision)["C00000"].endswith("第0有限公司")
    assert names_of(replace(decision, customers=decision.customers.drop("name"))) == {}

from collections.abc import Callable
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from u8sync.config.policy_file import load_policy
from u8sync.domain.policy import Condition, Policy
from u8sync.domain.windows import WindowRule
from u8sync.errors import ConfigError
from u8sync.text import Place

Expect = Callable[..., None]

EXAMPLE = Path(__file__).parents[2] / "mappings" / "tiers.yaml"


def policy(path: Path) -> Policy:
    return load_policy(path, "t.yaml")


HEAD = "version: 1\nwindow: {months: 12}\nscore: {revenue: {weight: 100}}\n"
TIERS = "tiers:\n  - {name: 一般}\n  - {name: 潜在, without_business: true}\n"


def test_the_example_says_what_was_agreed() -> None:
    example = policy(EXAMPLE)
    assert example.window == WindowRule(months=12)
    assert {weight.metric: weight.percent for weight in example.weights} == {
        "revenue": 40,
        "gross_profit": 25,
        "order_frequency": 15,
        "recency": 10,
        "relation_length": 10,
    }
    assert [tier.name for tier in example.tiers] == ["VIP", "重要", "一般", "潜在"]
    assert [tier.without_business for tier in example.tiers] == [False, False, False, True]
    assert [(c.subject, c.at_least, c.below) for c in example.top.conditions] == [
        ("score", Decimal(85), None),
        ("relation_length", Decimal(2), None),
    ]
    assert all(tier.service for tier in example.tiers)
    assert example.exclude == frozenset()
    assert example.digest == sha256(EXAMPLE.read_bytes()).hexdigest()


def test_each_part_keeps_its_line(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(
        "version: 1\nwindow: {months: 3}\nscore:\n  revenue: {weight: 60}\n  recency: {weight: 40, unknown: zero}\n"
        "tiers:\n  - name: VIP\n    when:\n      recency: {below: 90.5}\n  - {name: 一般}\n"
        "  - {name: 潜在, without_business: yes}\nexclude: [007, 0101]\n",
        encoding="utf-8",
    )
    loaded = policy(path)
    assert [(w.place, w.unknown) for w in loaded.weights] == [
        (Place("t.yaml", 4, 3), "leave_out"),
        (Place("t.yaml", 5, 3), "zero"),
    ]
    assert [tier.place for tier in loaded.tiers] == [
        Place("t.yaml", 7, 5),
        Place("t.yaml", 10, 5),
        Place("t.yaml", 11, 5),
    ]
    assert loaded.top.conditions == (Condition("recency", None, Decimal("90.5"), Place("t.yaml", 9, 7)),)
    assert loaded.exclude == {"007", "0101"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(
            "version: 1\nwindow: {months: 12}\n▲score:\n  revenue: {weight: 60}\n  recency: {weight: 30}\n" + TIERS,
            "the weights add up to 90, not to 100",
            id="sum",
        ),
        pytest.param(
            "version: 1\nwindow: {months: 12}\nscore: {revenue: {weight: ▲0}}\n" + TIERS,
            "must be at least 1, not 0",
            id="weight of nothing",
        ),
        pytest.param(
            "version: 1\nwindow: {months: 12}\nscore: {revenue: {weight: ▲100.0}}\n" + TIERS,
            "expected a whole number, found '100.0'",
            id="broken weight",
        ),
        pytest.param(
            "version: 1\nwindow: {months: 12}\nscore: {▲revenu: {weight: 100}}\n" + TIERS,
            "unknown metric 'revenu'",
            id="unknown metric",
        ),
        pytest.param(
            "version: 1\nwindow: {months: 12}\nscore: {▲score: {weight: 100}}\n" + TIERS,
            "unknown metric 'score'",
            id="the score is no metric",
        ),
        pytest.param(
            "version: 1\nwindow: {months: 12}\nscore: {revenue: {weight: 100, unknown: ▲leave-out}}\n" + TIERS,
            "unknown word 'leave-out'",
            id="unknown word",
        ),
        pytest.param(
            "version: 1\nwindow: {months: 12}\nscore: ▲{}\n" + TIERS, "too few entries; at least 1", id="no metric"
        ),
        pytest.param(HEAD.replace("12", "▲0") + TIERS, "must be at least 1, not 0", id="no month"),
        pytest.param(
            HEAD.replace("window: {months: 12}", "▲window: {until: as_of}") + TIERS,
            "the window needs 'months' or 'fiscal_year'",
            id="no window",
        ),
        pytest.param(
            HEAD.replace("12}", "12, ▲fiscal_year: last}") + TIERS,
            "the window has both 'months' and 'fiscal_year': which one counts?",
            id="two windows",
        ),
        pytest.param(
            HEAD.replace("months: 12", "fiscal_year: last, ▲until: last_closed_month") + TIERS,
            "'until' does nothing here: the last fiscal year is over, whatever the day",
            id="until beside the last fiscal year",
        ),
        pytest.param(
            HEAD.replace("months: 12", "fiscal_year: ▲next") + TIERS, "unknown word 'next'", id="fiscal year to come"
        ),
        pytest.param(
            HEAD.replace("12}", "12, floor_days: ▲0}") + TIERS, "must be at least 1, not 0", id="floor of nothing"
        ),
        pytest.param(
            HEAD.replace("12}", "12, credit_days: ▲-1}") + TIERS, "must be at least 0, not -1", id="credit below zero"
        ),
        pytest.param(HEAD.replace("12", "▲121") + TIERS, "must be at most 120, not 121", id="too many months"),
        pytest.param(
            HEAD.replace("12", "▲twelve") + TIERS, "expected a whole number, found 'twelve'", id="months in words"
        ),
        pytest.param(
            HEAD + "tiers:\n  - {name: 重要, when: {▲revenues: {at_least: 1}}}\n" + TIERS[7:],
            "unknown metric 'revenues'",
            id="unknown metric in a condition",
        ),
        pytest.param(
            HEAD + "tiers:\n  - {name: 重要, when: {▲revenue: {}}}\n" + TIERS[7:],
            "a condition needs 'at_least', 'below', 'top_percent' or 'top_share'",
            id="empty condition",
        ),
        pytest.param(
            HEAD + "tiers:\n  - {name: 重要, when: ▲{}}\n" + TIERS[7:], "too few entries; at least 1", id="empty when"
        ),
        pytest.param(
            HEAD + "tiers:\n  - {name: 重要, when: {revenue: {at_least: ▲5, below: 5}}}\n" + TIERS[7:],
            "'at_least' (5) must be less than 'below' (5)",
            id="nothing between the bounds",
        ),
        pytest.param(
            HEAD + "tiers:\n  - {name: 重要, when: {score: {at_least: ▲101}}}\n" + TIERS[7:],
            "a score lies between 0 and 100, so 101 is not possible",
            id="score too high",
        ),
        pytest.param(
            HEAD + "tiers:\n  - {name: 重要, when: {score: {below: ▲-1}}}\n" + TIERS[7:],
            "a score lies between 0 and 100, so -1 is not possible",
            id="score below zero",
        ),
        pytest.param(
            HEAD + "tiers:\n  - {name: 重要, when: {score: {at_least: ▲1e1}}}\n" + TIERS[7:],
            "expected a plain number such as 2.5, found '1e1'",
            id="exponent",
        ),
        pytest.param(
            HEAD + "tiers:\n  - {name: 重要, when: {revenue: {at_least: ▲0.00001}}}\n" + TIERS[7:],
            "must have at most 4 decimal places",
            id="too exact",
        ),
        pytest.param(
            HEAD + "tiers:\n  - {name: 一般, when: {score: {at_least: 1}}}\n  - {name: ▲一般}\n" + TIERS[21:],
            "'一般' stands here again; it stands first at t.yaml:5:12",
            id="name twice",
        ),
        pytest.param(
            HEAD
            + "tiers:\n  - {name: VIP, when: {score: {at_least: 60}}}\n"
            + "  - {name: 重要, when: {score: {at_least: ▲60}}}\n"
            + TIERS[7:],
            "must be less than 60, the score that the higher tier 'VIP' asks for",
            id="order",
        ),
        pytest.param(
            HEAD
            + "tiers:\n  - {name: VIP, when: {score: {at_least: 60}}}\n"
            + "  - {name: 优质, when: {revenue: {at_least: 1}}}\n"
            + "  - {name: 重要, when: {score: {at_least: ▲85}}}\n"
            + TIERS[7:],
            "must be less than 60, the score that the higher tier 'VIP' asks for",
            id="order across a tier without score",
        ),
        pytest.param(
            HEAD + "tiers:\n  - {name: 所有}\n  - ▲{name: 一般}\n" + TIERS[21:],
            "the tier '一般' can never be reached: '所有' has no 'when' and takes every customer",
            id="never reached",
        ),
        pytest.param(
            HEAD + "tiers:\n  - {name: VIP, when: {score: {at_least: 1}}}\n  - ▲{name: 一般}\n",
            "the last tier must be the one for customers without business",
            id="no last tier",
        ),
        pytest.param(
            HEAD + "tiers:\n  - {name: 潜在, without_business: ▲true}\n  - {name: 一般}\n",
            "only the last tier can be the one for customers without business",
            id="last tier first",
        ),
        pytest.param(
            HEAD + "tiers:\n  - {name: 无, without_business: ▲on}\n" + TIERS[7:],
            "only the last tier can be the one for customers without business",
            id="two last tiers",
        ),
        pytest.param(
            HEAD + "tiers:\n  - {name: 一般}\n  - {name: 潜在, without_business: true, ▲when: {score: {below: 5}}}\n",
            "the tier for customers without business takes no 'when'",
            id="condition on the last tier",
        ),
        pytest.param(
            HEAD + "tiers:\n  - {name: 一般, ▲when: {score: {at_least: 5}}}\n" + TIERS[21:],
            "the last tier before the one for customers without business takes no 'when'",
            id="nobody takes the rest",
        ),
        pytest.param(
            HEAD + "tiers: ▲[{name: 潜在, without_business: true}]\n", "too few entries; at least 2", id="one tier only"
        ),
        pytest.param(HEAD + "tiers: ▲{VIP: {}}\n", "expected a list, found a group of keys", id="no list"),
        pytest.param(HEAD + TIERS + "exclude: ▲007\n", "expected a list, found '007'", id="exclude no list"),
        pytest.param(HEAD + TIERS + "exclude: [007, ▲'']\n", "must not be empty", id="empty code"),
        pytest.param(HEAD + TIERS.replace("一般", '▲"a\\nb"'), "must be one line", id="name in two lines"),
        pytest.param(HEAD + TIERS.replace("一般", "▲" + "长" * 61), "must have at most 60 characters", id="long name"),
        pytest.param("▲window: {months: 12}\n" + HEAD[32:] + TIERS, "the key 'version' is missing", id="no version"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(expect: Expect, text: str, told: str) -> None:
    expect(text, policy, told)


@pytest.mark.parametrize(
    ("window", "rule"),
    [
        ("{months: 6}", WindowRule(months=6)),
        ("{fiscal_year: last}", WindowRule(fiscal_year="last")),
        (
            "{fiscal_year: current, until: last_closed_month, floor_days: 30, credit_days: 60}",
            WindowRule(fiscal_year="current", until="last_closed_month", floor_days=30, credit_days=60),
        ),
    ],
)
def test_a_window_is_one_of_months_or_of_a_fiscal_year(tmp_path: Path, window: str, rule: WindowRule) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(HEAD.replace("{months: 12}", window) + TIERS, encoding="utf-8")
    assert policy(path).window == rule


def test_all_problems_are_told_at_once_in_the_order_of_the_file(expect: Expect) -> None:
    expect(
        "version: ▲3\n"
        "window: {▲month: 12}\n"
        "▲score:\n  revenue: {weight: 60}\n  recency: {weight: 60}\n"
        "tiers:\n"
        "  - {name: VIP, when: {score: {at_least: ▲850}}}\n"
        "  - {name: ▲VIP, when: {score: {at_least: 60}}}\n"
        "  - {name: 一般, ▲service_policy: x}\n"
        "  - {name: 潜在, without_business: ▲maybe}\n"
        "exclude: ▲none\n",
        policy,
        "this program reads version 1 of this file's format, not 3",
        "unknown key 'month'",
        "the weights add up to 120, not to 100",
        "a score lies between 0 and 100, so 850 is not possible",
        "'VIP' stands here again; it stands first at t.yaml:7:12",
        "unknown key 'service_policy'",
        "expected true or false, found 'maybe'",
        "expected a list, found 'none'",
    )


def test_a_wrong_name_and_its_wrong_value_are_both_told(expect: Expect) -> None:
    text = "version: 1\nwindow: {months: 12}\nscore: {▲revenu: ▲100}\n" + TIERS
    expect(text, policy, "unknown metric 'revenu'", "expected a group of keys, found '100'")


def test_the_hint_names_the_nearest_metric(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(HEAD.replace("revenue", "gross_profits") + TIERS, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        policy(path)
    assert str(caught.value.problems[0].hint) == (
        "Did you mean 'gross_profit'? Known: revenue, gross_profit, gross_margin, growth, order_count, order_frequency,"
        " active_months, recency, relation_length, receipts, overdue_share."
    )

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from u8sync.config.policy_file import load_policy
from u8sync.domain.policy import Band, Condition, CoolDown, Evidence, Movement, Pin, Policy, Quota, Tier, Weight
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


def scored(weight: str) -> str:
    """A policy whose only weight is given, without the braces; it stands in line 3."""
    return f"version: 1\nwindow: {{months: 12}}\nscore: {{{weight}}}\n{TIERS}"


@pytest.mark.parametrize(
    ("weight", "told"),
    [
        pytest.param(
            "revenue: {weight: 100, ▲bands: [{points: 9, top: 5}, {points: 0}]}",
            "the method 'rank' takes no bands",
            id="bands with rank",
        ),
        pytest.param(
            "▲revenue: {weight: 100, method: threshold}", "the method 'threshold' needs 'bands'", id="threshold without"
        ),
        pytest.param(
            "▲revenue: {weight: 100, method: percent_of_customers}",
            "the method 'percent_of_customers' needs 'bands'",
            id="percent without bands",
        ),
        pytest.param(
            "recency: {weight: 100, method: ▲cumulative_share, bands: [{points: 9, top: 5}, {points: 0}]}",
            "'recency' is no amount that could be added up over customers",
            id="a share of what cannot be added up",
        ),
        pytest.param(
            "revenue: {weight: 100, ▲shrink: 5}",
            "only a ratio can be drawn to the mean of its group; 'revenue' is none",
            id="a sum that shrinks",
        ),
        pytest.param(
            "revenue: {weight: 100, method: threshold, ▲within: region,"
            " bands: [{points: 9, at_least: 1}, {points: 0}]}",
            "a threshold compares with nobody, so 'within' does nothing",
            id="groups with threshold",
        ),
        pytest.param(
            "revenue: {weight: 100, method: threshold, bands: [▲{points: 9}]}",
            "a single band gives every customer the same points, so the weight does nothing",
            id="single band",
        ),
        pytest.param(
            "revenue: {weight: 100, method: percent_of_customers, bands: [▲{points: 9}]}",
            "a single band gives every customer the same points, so the weight does nothing",
            id="single band of places",
        ),
        pytest.param(
            "revenue: {weight: 100, method: threshold, bands: [{points: 50, at_least: 1}, {points: ▲50}]}",
            "must be less than 50, the points of the band above: the best band stands first",
            id="level points",
        ),
        pytest.param(
            "revenue: {weight: 100, method: percent_of_customers, bands: [{points: 5, top: 9}, {points: ▲6}]}",
            "must be less than 5, the points of the band above: the best band stands first",
            id="points that rise",
        ),
        pytest.param(
            "revenue: {weight: 100, method: threshold,"
            " bands: [{points: 9, at_least: 5}, {points: 5, ▲top: 20, at_least: 1}, {points: 0}]}",
            "'top' is for bands of places; a threshold has 'at_least' and 'below'",
            id="top with threshold",
        ),
        pytest.param(
            "revenue: {weight: 100, method: percent_of_customers,"
            " bands: [{points: 9, ▲at_least: 5, top: 5}, {points: 0}]}",
            "'at_least' is for the method 'threshold'; use 'top'",
            id="at_least with places",
        ),
        pytest.param(
            "revenue: {weight: 100, method: cumulative_share, bands: [{points: 9, top: 5}, {points: 0, ▲below: 5}]}",
            "'below' is for the method 'threshold'; use 'top'",
            id="below with places",
        ),
        pytest.param(
            "revenue: {weight: 100, method: cumulative_share, bands: [{points: 9, top: 5}, {points: 0, ▲top: 100}]}",
            "the last band takes all the rest, so it has no 'top'",
            id="last band with top",
        ),
        pytest.param(
            "revenue: {weight: 100, method: cumulative_share, bands: [{points: 9, top: 5}, ▲{points: 5}, {points: 0}]}",
            "'top' is missing: only the last band takes all the rest",
            id="top missing",
        ),
        pytest.param(
            "revenue: {weight: 100, method: percent_of_customers,"
            " bands: [{points: 9, top: 20}, {points: 5, top: ▲20}, {points: 0}]}",
            "must be more than 20: 'top' is counted from the best customer on",
            id="tops that do not rise",
        ),
        pytest.param(
            "revenue: {weight: 100, method: threshold, bands: [▲{points: 9, at_least: 5}, {points: 0, below: 4}]}",
            "a gap: values from 4 up to 5 lie in no band",
            id="gap, told at the higher band",
        ),
        pytest.param(
            "revenue: {weight: 100, method: threshold, bands: [▲{points: 9, at_least: 5}, {points: 0, below: 6}]}",
            "an overlap: values from 5 up to 6 lie in two bands",
            id="overlap, told at the higher band",
        ),
        pytest.param(
            "revenue: {weight: 100, method: threshold, bands: [{points: 9, at_least: 5}, ▲{points: 0, at_least: 0}]}",
            "values below 0 lie in no band",
            id="nothing below: BC's trap, 0 is a bound like any other",
        ),
        pytest.param(
            "revenue: {weight: 100, method: threshold, bands: [▲{points: 9, at_least: 5, below: 90}, {points: 0}]}",
            "values from 90 up lie in no band",
            id="nothing above",
        ),
        pytest.param(
            "recency: {weight: 100, method: threshold, bands: [▲{points: 9, at_least: 0, below: 30}, {points: 0}]}",
            "values below 0 lie in no band",
            id="nothing below, where less is better",
        ),
        pytest.param(
            "recency: {weight: 100, method: threshold, bands: [{points: 9, below: 30}, ▲{points: 0, below: 60}]}",
            "values from 60 up lie in no band",
            id="nothing above, where less is better",
        ),
        pytest.param(
            "recency: {weight: 100, method: threshold, bands: [{points: 9, below: 30}, ▲{points: 0, at_least: 40}]}",
            "a gap: values from 30 up to 40 lie in no band",
            id="gap, where less is better",
        ),
    ],
)
def test_what_is_wrong_with_a_weight_is_told_with_its_place(expect: Expect, weight: str, told: str) -> None:
    expect(scored(weight), policy, told)


def test_bands_without_a_bound_between_them_say_nothing(expect: Expect) -> None:
    text = scored("revenue: {weight: 100, method: threshold, bands: [▲{points: 9}, {points: 0}]}")
    expect(text, policy, "nothing says where this band ends and the next one begins: give 'at_least' or 'below'")


def test_an_empty_band_is_told_at_the_band(expect: Expect) -> None:
    text = scored(
        "revenue: {weight: 100, method: threshold,"
        " bands: [{points: 9, at_least: 5}, ▲{points: 5, at_least: 5}, {points: 0}]}"
    )
    expect(text, policy, "no value lies in this band: from 5 up to, but not including, 5")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (
            scored("recency: {weight: 100, method: cumulative_share, bands: [{points: 9, top: 5}, {points: 0}]}"),
            "Amounts: ",
        ),
        (scored("revenue: {weight: 100, shrink: 5}"), "Ratios: gross_margin"),
        (
            scored(
                "revenue: {weight: 100, method: threshold, bands: [{points: 9, at_least: 5}, {points: 0, at_least: 0}]}"
            ),
            "Leave 'at_least' out in the band at this end.",
        ),
        (
            scored(
                "revenue: {weight: 100, method: threshold, bands: [{points: 9, at_least: 5, below: 90}, {points: 0}]}"
            ),
            "Leave 'below' out in the band at this end.",
        ),
        (HEAD.replace("12}", "12, fiscal_year: last}") + TIERS, "Take one of the two out."),
        (HEAD.replace("months: 12", "fiscal_year: last, until: last_closed_month") + TIERS, "Take it out."),
        (HEAD + "tiers:\n  - {name: VIP}\n  - {name: 一般}\n", "Give it 'without_business: true'."),
        (
            HEAD + "tiers:\n  - {name: 一般, when: {score: {at_least: 5}}}\n" + TIERS[21:],
            "Otherwise a customer that meets no condition would get no tier.",
        ),
        (
            HEAD + TIERS + "pins: [{customer: '7', tier: 钻石, reason: a, by: b, until: 2027-01-31}]\n",
            "Tiers: 一般, 潜在.",
        ),
    ],
)
def test_the_hint_says_what_would_be_right(tmp_path: Path, text: str, hint: str) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        policy(path)
    assert str(caught.value.problems[0].hint).startswith(hint)


def laddered(*steps: str, more: str = "") -> str:
    """A policy on revenue with these steps above 一般 and 潜在; the first one stands in line 5."""
    return HEAD + "tiers:\n" + "".join(f"  - {step}\n" for step in steps) + TIERS[7:] + more


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        pytest.param(
            ["{name: VIP, when: {revenue: {at_least: 1, ▲within: region}}}"],
            "'within' belongs to 'top_percent' and 'top_share'; here it does nothing",
            id="groups without a place",
        ),
        pytest.param(
            ["{name: VIP, when: {score: {▲top_share: 80}}}"],
            "'score' is no amount that could be added up over customers",
            id="share of the score",
        ),
        pytest.param(
            ["{name: VIP, when: {recency: {▲top_share: 80}}}"],
            "'recency' is no amount that could be added up over customers",
            id="share of what cannot be added up",
        ),
        pytest.param(
            ["{name: VIP, when: {revenue: {top_share: ▲100}}}"],
            "100 percent are all customers: it asks for nothing",
            id="share of everything",
        ),
        pytest.param(
            ["{name: VIP, when: {revenue: {top_percent: ▲100}}}"],
            "100 percent are all customers: it asks for nothing",
            id="percent of everybody",
        ),
        pytest.param(
            ["{name: VIP, when: {revenue: {top_percent: ▲0}}}"], "must be more than 0, not 0", id="percent of nothing"
        ),
        pytest.param(
            ["{name: VIP, ▲at_most: {percent: 5, customers: 5}}"],
            "'at_most' takes either 'percent' or 'customers'",
            id="two quotas",
        ),
        pytest.param(["{name: VIP, ▲at_most: {}}"], "'at_most' takes either 'percent' or 'customers'", id="no quota"),
        pytest.param(["{name: VIP, at_most: {customers: ▲0}}"], "must be at least 1, not 0", id="quota of nobody"),
        pytest.param(
            [
                "{name: VIP, when: {revenue: {at_least: 5}}}",
                "▲{name: 重要, when: {revenue: {at_least: 9}, recency: {below: 30}}}",
            ],
            "the tier '重要' can never be reached: who meets its conditions meets those of 'VIP' as well",
            id="a lower bound that is harder",
        ),
        pytest.param(
            ["{name: VIP, when: {recency: {below: 60}}}", "▲{name: 重要, when: {recency: {below: 60}}}"],
            "the tier '重要' can never be reached: who meets its conditions meets those of 'VIP' as well",
            id="the same upper bound",
        ),
        pytest.param(
            ["{name: VIP, when: {revenue: {top_share: 80}}}", "▲{name: 重要, when: {revenue: {top_share: 50}}}"],
            "the tier '重要' can never be reached: who meets its conditions meets those of 'VIP' as well",
            id="a smaller share",
        ),
        pytest.param(
            [
                "{name: VIP, when: {revenue: {top_percent: 9, within: region}}}",
                "▲{name: 重要, when: {revenue: {top_percent: 5, within: region}}}",
            ],
            "the tier '重要' can never be reached: who meets its conditions meets those of 'VIP' as well",
            id="a better place in the same group",
        ),
        pytest.param(
            ["{name: VIP, when: {score: {at_least: 50}}}", "{name: 重要, when: {score: {at_least: ▲60}}}"],
            "must be less than 50, the score that the higher tier 'VIP' asks for",
            id="the order of scores is told alone",
        ),
    ],
)
def test_what_is_wrong_with_a_ladder_is_told_with_its_place(expect: Expect, steps: list[str], told: str) -> None:
    expect(laddered(*steps), policy, told)


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param(
            ["{name: VIP, at_most: {customers: 5}}", "{name: 重要, when: {revenue: {at_least: 1}}}"],
            id="a quota leaves some over",
        ),
        pytest.param(
            [
                "{name: VIP, when: {revenue: {top_percent: 9, within: region}}}",
                "{name: 重要, when: {revenue: {top_percent: 5}}}",
            ],
            id="places among others",
        ),
        pytest.param(
            ["{name: VIP, when: {revenue: {at_least: 5, below: 9}}}", "{name: 重要, when: {revenue: {at_least: 6}}}"],
            id="an upper bound leaves some over",
        ),
        pytest.param(
            ["{name: VIP, when: {revenue: {at_least: 5}}}", "{name: 重要, when: {recency: {below: 60}}}"],
            id="another metric",
        ),
    ],
)
def test_tiers_that_can_be_reached_are_sound(tmp_path: Path, steps: list[str]) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(laddered(*steps), encoding="utf-8")
    assert [tier.name for tier in policy(path).tiers] == ["VIP", "重要", "一般", "潜在"]


def test_the_last_tiers_take_no_quota(expect: Expect) -> None:
    text = HEAD + "tiers:\n  - {name: 一般, ▲at_most: {customers: 5}}\n" + TIERS[21:]
    expect(text, policy, "the last tier before the one for customers without business takes no 'at_most'")
    text = HEAD + "tiers:\n  - {name: 一般}\n  - {name: 潜在, without_business: true, ▲at_most: {percent: 5}}\n"
    expect(text, policy, "the tier for customers without business takes everybody, so it has no 'at_most'")


@pytest.mark.parametrize(
    ("weights", "highest"),
    [
        pytest.param(
            "revenue: {weight: 100, method: threshold, bands: [{points: 80, at_least: 5}, {points: 0}]}",
            "80.00",
            id="one metric",
        ),
        pytest.param(
            "revenue: {weight: 70, unknown: zero, method: threshold, bands: [{points: 70, at_least: 5}, {points: 0}]},"
            " recency: {weight: 30, unknown: zero}",
            "79.00",
            id="no metric can be left out",
        ),
    ],
)
def test_a_score_that_the_bands_cannot_give_is_told(expect: Expect, weights: str, highest: str) -> None:
    tiers = "tiers:\n  - {name: VIP, when: {score: {at_least: ▲81}}}\n" + TIERS[7:]
    text = f"version: 1\nwindow: {{months: 12}}\nscore: {{{weights}}}\n{tiers}"
    expect(text, policy, f"the tier 'VIP' can never be reached: the bands give a score of {highest} at most")


def test_a_score_that_is_reached_where_a_metric_is_left_out_is_sound(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    weights = "revenue: {weight: 70, method: threshold, bands: [{points: 70, at_least: 5}, {points: 0}]}"
    tiers = "tiers:\n  - {name: VIP, when: {score: {at_least: 81}}}\n" + TIERS[7:]
    path.write_text(
        f"version: 1\nwindow: {{months: 12}}\nscore: {{{weights}, recency: {{weight: 30}}}}\n{tiers}",
        encoding="utf-8",
    )
    assert policy(path).top.name == "VIP"


PIN = "{customer: '007', tier: 一般, reason: tender, by: Wang, until: 2027-01-31}"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        pytest.param(
            "▲smallest_group: 5\n",
            "no 'within' compares customers in groups, so 'smallest_group' does nothing",
            id="no groups",
        ),
        pytest.param(f"pins: [{PIN.replace('一般', '▲钻石')}]\n", "there is no tier '钻石'", id="pin: no such tier"),
        pytest.param(
            f"pins:\n  - {PIN}\n  - {PIN.replace(chr(39) + '007', '▲' + chr(39) + '007')}\n",
            "'007' stands here again; it stands first at t.yaml:8:16",
            id="pin twice",
        ),
        pytest.param(
            f"pins: [{PIN.replace(chr(39) + '007', '▲' + chr(39) + '007')}]\nexclude: ['007']\n",
            "'007' is excluded and gets no tier, so the pin does nothing",
            id="pin of somebody excluded",
        ),
        pytest.param(
            f"pins: [{PIN.replace('2027-01-31', '▲2027-02-30')}]\n",
            "there is no such day: 2027-02-30",
            id="pin: no day",
        ),
        pytest.param(
            f"pins: [{PIN.replace('2027-01-31', '▲soon')}]\n",
            "expected a date (YYYY-MM-DD), found 'soon'",
            id="pin: a day in words",
        ),
        pytest.param(
            f"pins: [▲{PIN.replace(', by: Wang', '')}]\n", "the key 'by' is missing", id="pin without an owner"
        ),
        pytest.param("evidence: {min_orders: ▲0}\n", "must be at least 1, not 0", id="no evidence"),
        pytest.param(
            "movement: {review: [▲02-29]}\n", "not every year has this day: 02-29", id="review in leap years only"
        ),
        pytest.param("movement: {review: [▲13-01]}\n", "not every year has this day: 13-01", id="review: 13th month"),
        pytest.param(
            "movement: {review: [▲7-1]}\n",
            "expected a day of the year (MM-DD), such as 07-01",
            id="review: one digit",
        ),
        pytest.param("movement: {margin: ▲101}\n", "must be at most 100, not 101", id="margin above all"),
        pytest.param("movement: {margin: ▲-1}\n", "must be at least 0, not -1", id="margin below zero"),
        pytest.param("movement: {down_after: ▲0}\n", "must be at least 1, not 0", id="down after nothing"),
        pytest.param("movement: {down_after: ▲61}\n", "must be at most 60, not 61", id="down after years"),
        pytest.param("movement: {most_steps: ▲0}\n", "must be at least 1, not 0", id="no step"),
        pytest.param("movement: {cool_down: {days: ▲0}}\n", "must be at least 1, not 0", id="no rest"),
        pytest.param("movement: {cool_down: {days: ▲3661}}\n", "must be at most 3660, not 3661", id="rest for ever"),
        pytest.param(
            "movement: {cool_down: {days: 5, holds: ▲up}}\n", "unknown word 'up'", id="rest in an unknown way"
        ),
        pytest.param("edited_in_u8: ▲keep\n", "unknown word 'keep'", id="unknown rule for edits"),
    ],
)
def test_what_is_wrong_beside_score_and_ladder_is_told_with_its_place(expect: Expect, more: str, told: str) -> None:
    expect(HEAD + TIERS + more, policy, told)


def test_every_key_is_loaded_with_its_value_and_its_line(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(
        "version: 1\n"
        "window: {months: 12}\n"
        "score:\n"
        "  revenue:\n"
        "    weight: 40\n"
        "    method: cumulative_share\n"
        "    within: region\n"
        "    bands: [{top: 80, points: 100}, {top: 95.5, points: 60}, {points: 0}]\n"
        "  recency:\n"
        "    weight: 20\n"
        "    method: threshold\n"
        "    bands:\n"
        "      - {points: 100, below: 30}\n"
        "      - {points: 50.5, below: 90}\n"
        "      - {points: 0}\n"
        "  gross_margin: {weight: 25, unknown: zero, shrink: 5}\n"
        "  order_count: {weight: 15, method: percent_of_customers, bands: [{top: 20, points: 100}, {points: 0}]}\n"
        "tiers:\n"
        "  - name: VIP\n"
        "    when:\n"
        "      score: {top_percent: 5, within: region}\n"
        "      revenue: {top_share: 80}\n"
        "    at_most: {percent: 2.5}\n"
        "    service: ' best '\n"
        "  - {name: 重要, when: {score: {at_least: 60}}, at_most: {customers: 50}}\n"
        "  - {name: 一般}\n"
        "  - {name: 潜在, without_business: true}\n"
        "smallest_group: 10\n"
        "evidence: {min_orders: 2, min_history_days: 90}\n"
        "movement:\n"
        "  margin: 5\n"
        "  down_after: 2\n"
        "  most_steps: 1\n"
        "  review: [07-01, 01-01]\n"
        "  cool_down: {days: 90, holds: down}\n"
        "edited_in_u8: respect\n"
        "pins:\n"
        "  - {customer: '007', tier: VIP, reason: tender, by: Wang, until: 2027-01-31}\n"
        "exclude: ['0101', '9']\n",
        encoding="utf-8",
    )
    loaded = policy(path)

    def at(line: int, column: int) -> Place:
        return Place("t.yaml", line, column)

    def number(text: str) -> Decimal:
        return Decimal(text)

    revenue, recency, margin, orders = loaded.weights
    assert revenue == Weight(
        "revenue",
        40,
        "leave_out",
        at(4, 3),
        "cumulative_share",
        (
            Band(number("100"), None, None, number("80"), at(8, 13)),
            Band(number("60"), None, None, number("95.5"), at(8, 37)),
            Band(number("0"), None, None, None, at(8, 62)),
        ),
        "region",
    )
    # A bound that is not given is the neighbour's: every value lies in exactly one band.
    assert recency.bands == (
        Band(number("100"), None, number("30"), None, at(13, 9)),
        Band(number("50.5"), number("30"), number("90"), None, at(14, 9)),
        Band(number("0"), number("90"), None, None, at(15, 9)),
    )
    assert margin == Weight("gross_margin", 25, "zero", at(16, 3), shrink=5)
    assert (orders.method, [band.top for band in orders.bands]) == ("percent_of_customers", [number("20"), None])
    assert loaded.tiers == (
        Tier(
            "VIP",
            (
                Condition("score", None, None, at(21, 7), top_percent=number("5"), within="region"),
                Condition("revenue", None, None, at(22, 7), top_share=number("80")),
            ),
            without_business=False,
            service="best",
            place=at(19, 5),
            quota=Quota(number("2.5"), None, at(23, 5)),
        ),
        Tier(
            "重要",
            (Condition("score", number("60"), None, at(25, 23)),),
            without_business=False,
            service="",
            place=at(25, 5),
            quota=Quota(None, 50, at(25, 47)),
        ),
        Tier("一般", (), without_business=False, service="", place=at(26, 5)),
        Tier("潜在", (), without_business=True, service="", place=at(27, 5)),
    )
    assert loaded.smallest_group == 10
    assert loaded.evidence == Evidence(2, 90, at(29, 1))
    assert loaded.movement == Movement(number("5"), 2, 1, ((1, 1), (7, 1)), CoolDown(90, "down"), at(30, 1))
    assert loaded.edited == "respect"
    assert loaded.pins == (Pin("007", "VIP", "tender", "Wang", date(2027, 1, 31), at(38, 5)),)
    assert loaded.exclude == {"0101", "9"}
    assert loaded.excluded_at == {"0101": at(39, 11), "9": at(39, 19)}
    assert loaded.groups == {"region"}
    assert loaded.metrics == {"revenue", "recency", "gross_margin", "order_count"}


def test_what_a_policy_does_not_say_has_the_documented_value(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(HEAD + TIERS + "movement: {}\n", encoding="utf-8")
    loaded = policy(path)
    assert (loaded.evidence, loaded.smallest_group, loaded.edited, loaded.pins) == (None, 1, "ask", ())
    assert loaded.movement == Movement(Decimal(0), 1, None, (), None, Place("t.yaml", 7, 1))
    path.write_text(HEAD + TIERS + "movement: {cool_down: {days: 3}}\n", encoding="utf-8")
    moves = policy(path).movement
    assert moves is not None
    assert moves.cool_down == CoolDown(3, "both")


@pytest.mark.parametrize(
    ("bands", "expected"),
    [
        ("[{points: 9, at_least: 5}, {points: 0}]", [("5", None), (None, "5")]),
        ("[{points: 9}, {points: 0, below: 5}]", [("5", None), (None, "5")]),
        ("[{points: 9, at_least: 5}, {points: 0, below: 5}]", [("5", None), (None, "5")]),
        ("[{points: 9, at_least: 0}, {points: 0}]", [("0", None), (None, "0")]),
        (
            "[{points: 9}, {points: 5, at_least: -1.5, below: 5}, {points: 0}]",
            [("5", None), ("-1.5", "5"), (None, "-1.5")],
        ),
    ],
)
def test_bands_may_name_either_of_two_bounds_that_meet(
    tmp_path: Path, bands: str, expected: list[tuple[str | None, str | None]]
) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(scored(f"revenue: {{weight: 100, method: threshold, bands: {bands}}}"), encoding="utf-8")
    found = [(band.at_least, band.below) for band in policy(path).weights[0].bands]
    assert found == [tuple(bound and Decimal(bound) for bound in pair) for pair in expected]


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


def test_every_option_in_the_comments_of_the_example_loads(tmp_path: Path) -> None:
    active, _, optional = EXAMPLE.read_text(encoding="utf-8").partition("# ---- ")
    rules, _, metrics = optional.partition("# 其他计分方法与条件")
    options = [
        line.removeprefix("# ") for line in rules.splitlines() if re.match(r"# (movement|pins|evidence|  )", line)
    ]
    weights = [
        line.removeprefix("#") for line in metrics.splitlines() if re.match(r"#   (  )*[a-z_]+: |#     - ", line)
    ]
    head, ladder = active.split("score:\n")[0], active.split("# 从高到低")[1]
    path = tmp_path / "t.yaml"
    path.write_text("\n".join([head, "score:", *weights, "#" + ladder, *options]), encoding="utf-8")
    loaded = policy(path)
    assert loaded.movement is not None
    assert (loaded.movement.down_after, loaded.movement.most_steps, loaded.movement.review) == (2, 1, ((1, 1), (7, 1)))
    assert loaded.evidence is not None
    assert [pin.customer for pin in loaded.pins] == ["00020"]
    assert {weight.metric: weight.method for weight in loaded.weights} == {
        "revenue": "rank",
        "gross_profit": "cumulative_share",
        "order_count": "percent_of_customers",
        "recency": "threshold",
        "gross_margin": "rank",
    }

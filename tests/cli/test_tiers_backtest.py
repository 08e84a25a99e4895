"""``u8sync tiers backtest``: the configured account set's own past."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from cli_home import Ask, edit

MOVED = """
UPDATE SaleBillVouchs SET iNatMoney = iNatMoney * 7 + 3
WHERE SBVID IN (SELECT SBVID FROM SaleBillVouch WHERE dDate >= '2026-05-01')
"""


def test_every_past_evaluation_is_told_with_what_followed(ask: Ask, home: Path) -> None:
    answer = ask("tiers", "backtest", "--periods", "3")
    assert answer.code == 0, answer.err
    assert "3, from 2026-01-31 to 2026-07-31; 3 month(s) apart, judged by the 3 month(s) after each" in answer.out
    for title in (
        "Share of the next period's revenue that the top 5 % of the rated customers made",
        "How much more the policy caught",
        "What each tier was worth in the next period",
        "Customers that changed their tier, without movement rules",
        "Documents count from their own date, also where they were approved, changed or deleted later.",
    ):
        assert title in answer.out
    assert "VIP" in answer.out
    assert "潜在" in answer.out


def test_the_tiers_are_those_that_a_plan_of_that_day_recommends(ask: Ask, fresh: Path) -> None:
    found = ask("tiers", "backtest", "--periods", "1", "--json").json
    planned = ask("plan", "--as-of", "2026-07-31", "--json").json
    tiers = Counter(change["reason"]["tier"] for change in planned["changes"])
    (period,) = found["periods"]
    assert (period["as_of"], period["until"]) == ("2026-07-31", "2026-10-31")
    told = {tier["tier"]: tier["customers"] for tier in period["tiers"]}
    assert period["rated"] == planned["population"]["with_business"]
    # A plan of a past day takes today's archive; a replay leaves out who came later.
    assert told.pop("潜在") == tiers.pop("潜在") - period["not_yet"]
    assert told == tiers
    assert period["not_yet"] > 0


def test_shares_are_exact_text_and_rise_from_the_top_to_one(ask: Ask, home: Path) -> None:
    found = ask("tiers", "backtest", "--json").json
    assert len(found["periods"]) == 7
    for figures in (*found["periods"], found["overall"]):
        caught = [float(tier["caught"]) for tier in figures["tiers"]]
        assert caught == sorted(caught)
        assert figures["tiers"][-1]["caught"] == "1.000000"
        assert figures["tiers"][-1]["taken"] == "1.000000"
        for order in ("policy", "last_revenue", "rfm"):
            tops = [float(figures["caught"][order][top]) for top in ("5", "10", "20")]
            assert tops == sorted(tops)
    assert found["churn"]["overall"]["customers"] == sum(pair["customers"] for pair in found["churn"]["periods"])
    assert found["churn_with_movement"] is None


def test_documents_that_come_later_change_no_tier_of_a_past_day(ask: Ask, home: Path) -> None:
    words = ("tiers", "backtest", "--until", "2026-07-31", "--periods", "1", "--json")
    before = ask(*words).json["periods"][0]
    edit(home, MOVED)
    after = ask(*words).json["periods"][0]
    assert after["revenue"] != before["revenue"]
    counts = [[(tier["tier"], tier["customers"]) for tier in figures["tiers"]] for figures in (before, after)]
    assert counts[0] == counts[1]


def test_another_policy_is_judged_by_its_own_rules(ask: Ask, home: Path) -> None:
    text = (home / "mappings/tiers.yaml").read_text(encoding="utf-8")
    (home / "strict.yaml").write_text(text.replace("at_least: 60", "at_least: 80"), encoding="utf-8")
    ours, strict = (
        ask("tiers", "backtest", "--periods", "1", "--json", *more).json for more in ((), ("--policy", "strict.yaml"))
    )
    assert (ours["policy"], strict["policy"]) == ("mappings/tiers.yaml", "strict.yaml")
    assert strict["overall"]["tiers"][1]["customers"] < ours["overall"]["tiers"][1]["customers"]
    assert strict["overall"]["caught"] == ours["overall"]["caught"]  # the score is the same


def test_movement_rules_make_tiers_steadier_and_both_are_told(ask: Ask, home: Path) -> None:
    text = (home / "mappings/tiers.yaml").read_text(encoding="utf-8")
    rules = "\nmovement: {margin: 10, down_after: 2, most_steps: 1}\n"
    (home / "slow.yaml").write_text(f"{text}{rules}", encoding="utf-8")
    plain = ask("tiers", "backtest", "--json").json
    slow = ask("tiers", "backtest", "--policy", "slow.yaml", "--json").json
    assert slow["churn"] == plain["churn"]
    assert slow["overall"]["caught"] == plain["overall"]["caught"]
    with_rules, without = slow["churn_with_movement"]["overall"], slow["churn"]["overall"]
    assert with_rules["customers"] == without["customers"]
    assert float(with_rules["share"]) < float(without["share"])
    assert with_rules["down"] < without["down"]
    assert [tier["tier"] for tier in slow["overall"]["moved"]] == ["VIP", "重要", "一般", "潜在"]
    answer = ask("tiers", "backtest", "--policy", "slow.yaml", "--report", "slow.html")
    assert "Customers that changed their tier, with the movement rules" in answer.out
    assert "The same with the movement rules" in answer.out
    assert "with the movement rules" in (home / "slow.html").read_text(encoding="utf-8")


def test_the_report_is_one_page_with_every_table(ask: Ask, home: Path) -> None:
    assert ask("tiers", "backtest", "--report", "hindsight.html").code == 0
    page = (home / "hindsight.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "2026-07-31" in page
    assert "Customers that changed their tier, without movement rules" in page
    refused = ask("tiers", "backtest", "--periods", "1", "--report", "nowhere/hindsight.html")
    assert refused.code == 65
    assert "nowhere/hindsight.html cannot be written" in refused.err


def test_as_many_evaluations_as_the_documents_allow_unless_somebody_says_how_many(ask: Ask, home: Path) -> None:
    answer = ask("tiers", "backtest")
    assert "1 evaluation(s) before the first document (2024-11-01) are left out." in answer.out
    assert "the window of 3 evaluation(s) is only partly filled" in answer.out
    refused = ask("tiers", "backtest", "--periods", "8")
    assert refused.code == 65
    assert "There is no sale up to 2024-10-31, the first evaluation: the first document is of 2024-11-01" in refused.err


def test_an_outcome_that_is_not_over_is_left_out_and_told(ask: Ask, home: Path) -> None:
    answer = ask("tiers", "backtest", "--until", "2027-01-31", "--periods", "2")
    assert answer.code == 0
    assert "1, from 2026-07-31 to 2026-07-31" in answer.out
    left_out = "1 evaluation(s) are left out: their outcome ends after the last document (2026-10-31) and would be cut"
    assert left_out in " ".join(answer.out.split())
    refused = ask("tiers", "backtest", "--until", "2027-12-31", "--periods", "1")
    assert refused.code == 65
    assert "the earliest outcome ends on 2027-12-31: it is not over yet" in refused.err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--every", "3x"), "'3x'"),
        (("--every", "0m"), "'0m'"),
        (("--horizon", "121m"), "'121m'"),
        (("--periods", "0"), "--periods"),
        (("--until", "2026-13-01"), "2026-13-01"),
        (("--until", "1999-01-31"), "There is no sale up to 1999-01-31"),
        (("--until", "1754-01-31"), "days before the year 1753"),
        (("--policy", "nowhere.yaml"), "nowhere.yaml"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_asked_is_refused_with_a_reason(
    ask: Ask, home: Path, words: tuple[str, ...], complaint: str
) -> None:
    answer = ask("tiers", "backtest", *words)
    assert answer.code == 65
    assert complaint in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("command", ["backtest", "suggest"])
def test_a_group_that_the_mapping_cannot_form_is_told_with_its_line(ask: Ask, home: Path, command: str) -> None:
    text = (home / "mappings/tiers.yaml").read_text(encoding="utf-8")
    (home / "other.yaml").write_text(text.replace("{weight: 40}", "{weight: 40, within: nofield}"), encoding="utf-8")
    answer = ask("tiers", command, "--policy", "other.yaml")
    assert answer.code == 65
    assert "other.yaml:13:3: customers are compared within 'nofield'" in answer.err

"""Tiers that move by rules, as a person meets them: plan, explain, report, edits in U8, and the saved plan."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from cli_home import Ask, edit

POLICY = """\
version: 1
window: {months: 12}
score:
  revenue:
    weight: 40
    method: cumulative_share
    bands: [{top: 70, points: 100}, {top: 90, points: 60}, {points: 10}]
  gross_margin: {weight: 20, shrink: 5}
  order_frequency: {weight: 20}
  recency:
    weight: 20
    method: threshold
    bands: [{below: 30, points: 100}, {below: 120, points: 50}, {points: 0}]
tiers:
  - name: VIP
    when:
      score: {at_least: 75}
      revenue: {top_percent: 20}
      relation_length: {at_least: 2}
    at_most: {percent: 3}
    service: 专属客户经理
  - name: 重要
    when: {score: {at_least: 55}}
  - name: 一般
  - name: 潜在
    without_business: true
evidence: {min_orders: 2, min_history_days: 90}
movement: {margin: 5, down_after: 2, most_steps: 1}
pins:
  - {customer: "00020", tier: VIP, reason: 战略合作, by: 张三, until: 2027-12-31}
"""


@pytest.fixture
def moving(home: Path) -> Path:
    """The demo under rules of movement, with guards that let a change of policy through."""
    (home / "mappings/tiers.yaml").write_text(POLICY, encoding="utf-8")
    config = (home / "config.yaml").read_text(encoding="utf-8")
    config = config.replace("share_changed: 20 ", "share_changed: 100 ").replace(
        "top_downgrades: 20 ", "top_downgrades: 999 "
    )
    (home / "config.yaml").write_text(config, encoding="utf-8")
    return home


def tier_of(home: Path, code: str) -> str | None:
    connection = sqlite3.connect(home / "account-set.db")
    found = connection.execute("SELECT cCusDefine5 FROM Customer WHERE cCusCode = ?", (code,)).fetchone()[0]
    connection.close()
    return found and found.strip()


def held(answer: Any) -> dict[str, tuple[str | None, int]]:
    return {one["code"]: (one["cause"], one["below"]) for one in answer.json["held"]}


def test_the_held_are_told_in_the_plan_the_page_and_the_saved_file(moving: Path, ask: Ask) -> None:
    planned = ask("plan", "--json", "--out", "plan.json", "--report", "report.html")
    causes = [cause for cause, _ in held(planned).values()]
    assert causes.count("count") > 100
    assert held(planned)["00020"] == ("pinned", 0)
    assert len(json.loads((moving / "plan.json").read_text(encoding="utf-8"))["held"]) == len(causes)
    page = (moving / "report.html").read_text(encoding="utf-8")
    for words in (
        "Held tiers",
        "Borderline customers",
        "not often enough below yet",
        "at most 3 % of the rated customers",
    ):
        assert words in page
    assert f"not often enough below yet: {causes.count('count')}" in ask("plan").out


def test_falls_wait_for_the_second_evaluation_and_are_one_step(moving: Path, ask: Ask) -> None:
    assert ask("run", "--as-of", "2026-09-30").code == 0
    first = held(ask("plan", "--as-of", "2026-10-31", "--json"))
    again = held(ask("plan", "--as-of", "2026-09-30", "--json"))
    # The same day again is the same evaluation; the next day is the second one.
    twice = {code for code, (_, below) in first.items() if below == 2}
    assert len(twice) > 50
    assert not [code for code, (_, below) in again.items() if below == 2]
    before = {code: tier_of(moving, code) for code in twice}
    assert ask("run", "--as-of", "2026-10-31").code == 0
    ladder = ["潜在", "一般", "重要", "VIP"]
    steps = {ladder.index(before[code] or "") - ladder.index(tier_of(moving, code) or "") for code in twice}
    assert steps == {1}
    assert ask("plan", "--as-of", "2026-10-31", "--json").json["changes"] == []


def test_explain_tells_quota_place_margin_and_what_holds_the_tier(moving: Path, ask: Ask) -> None:
    ask("run", "--as-of", "2026-09-30")
    code = next(code for code, (cause, _) in held(ask("plan", "--json")).items() if cause == "margin")
    told = ask("explain", code, "--json").json
    assert told["movement"]["held"] == "margin"
    assert told["movement"]["evaluated_on"] == "2026-09-30"
    assert (told["tier"], told["earned_tier"]) == (told["current"], told["earned_tier"])
    assert told["tier"] != told["earned_tier"]
    assert told["movement"]["holds"] == told["tier"]
    shown = ask("explain", code).out
    for words in ("Tier by the ladder", "Held: keeps its tier within the margin", "Evaluation before", "2026-09-30"):
        assert words in shown
    pinned = ask("explain", "00020").out
    assert "Set by hand: 'VIP' until 2027-12-31, by 张三: 战略合作 (mappings/tiers.yaml:" in " ".join(pinned.split())


def test_explain_tells_bands_groups_shares_and_the_drawn_margin(moving: Path, ask: Ask) -> None:
    best = next(change for change in ask("tiers", "list", "--tier", "VIP", "--json").json["tiers"][0]["customers"])
    told = ask("explain", best["code"], "--json").json
    revenue = next(line for line in told["metrics"] if line["metric"] == "revenue")
    assert (revenue["method"], revenue["points"]) == ("cumulative_share", "100.0000")
    place = next(condition for condition in told["next_conditions"] or told["conditions"] if condition["top_percent"])
    assert place["rank"] <= place["of"]
    shown = ask("explain", best["code"]).out
    assert "the customers ahead bring" in shown
    assert "drawn to the mean" in shown or "gross margin is not known" in shown


def test_what_a_person_changed_stays_until_it_is_allowed(moving: Path, ask: Ask) -> None:
    ask("run", "--as-of", "2026-09-30")
    falls = [code for code, state in held(ask("plan", "--json")).items() if state == (None, 2)]
    code = next(code for code in falls if tier_of(moving, code) == "一般")
    ours = tier_of(moving, code)
    edit(moving, "UPDATE Customer SET cCusDefine5 = 'VIP' WHERE cCusCode = ?", code)
    assert held(ask("plan", "--json"))[code] == ("edited", 0)
    assert "These tiers were changed in U8 since u8sync wrote them" in " ".join(ask("plan").out.split())
    assert ask("run").code == 0
    assert tier_of(moving, code) == "VIP"

    saved = ask("plan", "--allow", "edited_in_u8", "--out", "plan.json")
    assert saved.code == 2
    [change] = [one for one in json.loads((moving / "plan.json").read_text("utf-8"))["changes"] if one["code"] == code]
    assert change["fields"][0]["edited"] == {"wrote": ours}
    assert change["fields"][0]["after"] == "潜在"
    # The saved plan needs the same word again: nobody writes over an edit by accident.
    assert ask("apply", "plan.json").code == 4
    assert tier_of(moving, code) == "VIP"
    assert ask("apply", "plan.json", "--allow", "edited_in_u8", "--reason", "agreed").code == 0
    assert tier_of(moving, code) == "潜在"
    why = ask("audit", "why", code)
    assert why.code == 0, why.err
    assert "Recomputed: same" in why.out


def test_a_plan_beside_a_damaged_log_says_that_it_may_be_wrong(moving: Path, ask: Ask) -> None:
    [segment] = (moving / "audit").glob("*/seg-000001.jsonl")
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join([*lines[:5], b"{}\n", *lines[6:]]))
    notes = ask("plan", "--json").json["notes"]
    assert any("What earlier runs left is not known" in note for note in notes)
    shutil.rmtree(moving / "audit")
    assert not any("earlier runs" in note for note in ask("plan", "--json").json["notes"])

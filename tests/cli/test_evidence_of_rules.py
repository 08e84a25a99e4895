"""``audit why`` on nights by a policy that uses everything: bands, groups, shrinkage, places, quotas and movement."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from cli_home import Ask, edit

from u8sync.audit import why
from u8sync.audit.reading import iterate
from u8sync.cli.app import call

POLICY = """\
version: 1
window: {months: 12}
score:
  revenue:
    weight: 50
    method: cumulative_share
    within: region
    bands: [{top: 50, points: 100}, {top: 80, points: 60}, {points: 20}]
  order_frequency: {weight: 20}
  gross_margin:
    weight: 30
    method: threshold
    shrink: 5
    bands: [{at_least: 22.5, points: 100}, {at_least: 10, below: 22.5, points: 50}, {below: 10, points: 0}]
evidence: {min_orders: 2, min_history_days: 30}
smallest_group: 3
tiers:
  - name: VIP
    when:
      score: {at_least: 60}
      revenue: {top_percent: 20, top_share: 90, within: region}
    at_most: {customers: 12}
  - name: 重要
    when:
      score: {at_least: 40}
  - name: 一般
  - name: 潜在
    without_business: true
movement: {margin: 10, down_after: 3, most_steps: 1, review: ["01-01"], cool_down: {days: 30, holds: down}}
edited_in_u8: ask
"""


@pytest.fixture(scope="module")
def past(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two nights by this policy, a month apart; between them a person changed one tier, and a pin set another."""
    home = Path(shutil.copytree(demo_folder, tmp_path_factory.mktemp("rules") / "home"))
    edit(home, "UPDATE Customer SET cCusDefine5 = NULL")
    shutil.rmtree(home / "audit")
    policy, config = home / "mappings" / "tiers.yaml", str(home / "config.yaml")
    policy.write_text(POLICY, encoding="utf-8", newline="\n")
    words = ["run", "--config", config, "--allow", "share_changed", "--allow", "top_downgrades"]
    assert call([*words, "--as-of", "2026-10-31"], language="en") in {0, 2}
    pinned, changed, *_ = (
        str(one["customer"]) for one in reasons(home) if (one["reason"]["tier"], bool(one["reason"]["score"])) == RATED
    )
    pin = f'{{customer: "{pinned}", tier: VIP, reason: 投标中, by: 王经理, until: 2026-12-31}}'
    policy.write_text(f"{POLICY}pins:\n  - {pin}\n", encoding="utf-8", newline="\n")
    edit(home, "UPDATE Customer SET cCusDefine5 = ? WHERE cCusCode = ?", "潜在", changed)
    allowed = ["--allow", "edited_in_u8", "--reason", "王经理已同意"]
    assert call([*words, "--as-of", "2026-11-30", *allowed], language="en") in {0, 2}
    return home


RATED = ("一般", True)


@pytest.fixture
def nights(past: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Their folder, which is only read, on a terminal so wide that nothing is folded."""
    monkeypatch.chdir(past)
    monkeypatch.setenv("COLUMNS", "400")
    return past


def reasons(home: Path) -> list[dict[str, Any]]:
    """Every change with its reason, oldest first."""
    [folder] = (path for path in (home / "audit").iterdir() if path.is_dir())
    return [dict(record) for record in iterate(folder, "intent")]


def bare(text: str) -> str:
    """Without what a narrow terminal folds."""
    return re.sub(r"\s+", "", text)


def test_every_change_of_these_nights_is_recomputed_the_same_and_can_be_told(nights: Path, ask: Ask) -> None:
    changes = reasons(nights)
    for change in changes[:: max(len(changes) // 12, 1)]:
        answer = ask("audit", "why", "--seq", change["seq"])
        assert answer.code == 0, answer.out
        assert "Recomputed: same" in answer.out
        assert ask("audit", "why", "--seq", change["seq"], language="zh").code == 0


def test_methods_groups_shrinkage_and_shares_are_told(nights: Path, ask: Ask) -> None:
    change = next(
        one
        for one in reasons(nights)
        if one["reason"]["tier"] == "重要" and all("group" in part for part in one["reason"]["contributions"][:1])
    )
    revenue, _, margin = change["reason"]["contributions"]
    answer = ask("audit", "why", "--seq", change["seq"])
    text = bare(answer.out)
    for words in (
        "revenue: bands of what the customers ahead bring together",
        "60 points: the customers that bring the first 80 %",
        f"revenue is compared within region '{revenue['group']}'.",
        "revenue: the customers ahead bring ",
        "gross margin: bands of the value",
        "50 points: from 10 % up to, not including, 22.5 %",
        f"gross margin is judged as {margin['shrunk']}: n = {change['reason']['documents']} documents",
        f"drawn to the mean {margin['mean']} with k = 5.",
        "among the best 20 % of its 'region' by revenue",
        "among those of its 'region' that bring the first 90 % of revenue",
        f"in '{revenue['group']}'",
        "rated from 2 documents in the window",
        "Documents in the window",
    ):
        assert bare(words) in text, words
    told = ask("audit", "why", "--seq", change["seq"], "--json").json["recomputed"]
    assert [(line["method"], line["shrink"]) for line in told["lines"]] == [
        ("cumulative_share", None),
        ("rank", None),
        ("threshold", 5),
    ]
    assert told["lines"][0]["group"] == revenue["group"]
    place = next(one for one in told["tried"] if one["top_percent"] is not None)
    assert (place["within"], place["group"]) == ("region", revenue["group"])
    assert place["share"] is not None
    assert told["documents"] == change["reason"]["documents"]


def test_a_quota_and_its_place_are_told(nights: Path, ask: Ask) -> None:
    change = next(one for one in reasons(nights) if one["reason"].get("quotas"))
    place = change["reason"]["quotas"][0]
    text = bare(ask("audit", "why", "--seq", change["seq"]).out)
    assert bare("at most 12 customers, the best by score") in text
    assert bare(f"place {place['ahead'] + place['tied'] + 1} of {place['places']}") in text


def test_who_is_not_rated_for_little_evidence_is_told_so(nights: Path, ask: Ask) -> None:
    change = next(
        one for one in reasons(nights) if not one["reason"]["contributions"] and one["reason"].get("documents")
    )
    text = bare(ask("audit", "why", "--seq", change["seq"]).out)
    assert bare(f"Too little is known of it to rate it: {change['reason']['documents']} documents") in text
    assert bare("The customer had no business") not in text


def test_a_pin_is_told_with_reason_owner_and_end(nights: Path, ask: Ask) -> None:
    change = next(one for one in reasons(nights) if one["reason"].get("moved", {}).get("pin"))
    text = bare(ask("audit", "why", "--seq", change["seq"]).out)
    assert bare("Set by hand: 'VIP' until 2026-12-31, by 王经理: 投标中 (") in text
    assert bare("Tier by the ladder 一般") in text


def test_movement_is_told_with_what_held_the_tier(nights: Path, ask: Ask) -> None:
    change = next(one for one in reasons(nights) if one["reason"]["moved"]["held"] == "steps")
    moved = change["reason"]["moved"]
    text = bare(ask("audit", "why", "--seq", change["seq"]).out)
    for words in (
        "Held: goes one step after the other",
        f"Tier before {moved['current']}",
        f"Tier by the ladder {moved['earned']}",
        f"Holds with the margin {moved['holds']}",
        "Evaluations below in a row 0 of 3",
        "Review day reached no",
        f"Day of the evaluation {moved['as_of']}",
        "A tier falls only after 3 evaluations below in a row.",
    ):
        assert bare(words) in text, words
    assert ask("audit", "why", "--seq", change["seq"], "--json").json["recomputed"]["held"] == "steps"


def test_an_edit_that_was_written_over_is_told_with_who_allowed_it(nights: Path, ask: Ask) -> None:
    change = next(one for one in reasons(nights) if "edited" in one["fields"][0])
    assert (change["before"]["cCusDefine5"], change["fields"][0]["edited"]) == ("潜在", {"wrote": "一般"})
    answer = ask("audit", "why", "--seq", change["seq"])
    text = bare(answer.out)
    assert bare("A person had changed tier (cCusDefine5) in U8; u8sync had written: 一般") in text
    assert "edited_in_u8,王经理已同意" in text
    told = ask("audit", "why", "--seq", change["seq"], "--json").json
    assert told["changes"][0]["edited"] == {"wrote": "一般"}
    assert [one["what"] for one in told["approvals"]] == ["edited_in_u8"]


@pytest.mark.parametrize(
    ("part", "value", "words"),
    [
        ("earned", "潜在", "tier by the ladder"),
        ("holds", "潜在", "tier that holds with the margin"),
        ("held", "count", "what held the tier not often enough below yet"),
    ],
)
def test_a_movement_that_does_not_follow_is_named(
    nights: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch, *, part: str, value: str, words: str
) -> None:
    change = next(one for one in reasons(nights) if one["reason"]["moved"]["held"] == "steps")
    real = why.case_of

    def edited(*args: Any, **more: Any) -> Any:
        found = real(*args, **more)
        record = json.loads(json.dumps(found.change.intent))
        record["reason"]["moved"][part] = value
        found.change.intent.update(record)
        return found

    monkeypatch.setattr(why, "case_of", edited)
    answer = ask("audit", "why", "--seq", change["seq"])
    assert answer.code == 1
    assert bare(words) in bare(answer.out)


def test_a_held_tier_of_these_nights_is_told_by_the_log(nights: Path, ask: Ask) -> None:
    causes = {one["cause"] for one in ask("audit", "list", "--not-written", "--json").json}
    assert "held_pinned" in causes
    assert {"held_margin", "held_count", "held_quota"} & causes

"""``u8sync tiers simulate``: what another policy would do, before the night does it."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
from cli_home import Ask, edit

POLICY = "mappings/tiers.yaml"


def replaced(home: Path, swaps: dict[str, str]) -> str:
    """A copy of the demo's policy with other words; each must stand there. Returns its name."""
    text = (home / POLICY).read_text(encoding="utf-8")
    for old, new in swaps.items():
        assert old in text
        text = text.replace(old, new)
    (home / "other.yaml").write_text(text, encoding="utf-8", newline="\n")
    return "other.yaml"


@pytest.fixture
def easier(home: Path) -> str:
    """VIP from 80 points on, 重要 from 65 on."""
    return replaced(home, {"at_least: 85": "at_least: 80", "at_least: 60": "at_least: 65"})


def test_the_same_policy_changes_nothing(home: Path, ask: Ask) -> None:
    answer = ask("tiers", "simulate", "--policy", POLICY, "--json")
    assert answer.code == 0
    compared = answer.json["compared"]
    assert compared["moves"] == []
    assert all(cell["was"] == cell["becomes"] for cell in compared["matrix"])
    assert "0 of 974 customers would get another tier" in ask("tiers", "simulate", "--policy", POLICY).out


def test_another_policy_is_counted_named_and_explained(home: Path, ask: Ask, easier: str) -> None:
    answer = ask("tiers", "simulate", "--policy", easier)
    assert answer.code == 2
    told = ask("tiers", "simulate", "--policy", easier, "--json").json
    moves = told["compared"]["moves"]
    assert f"{len(moves)} of 974 customers would get another tier" in answer.out
    assert re.search(rf"^\.\.\. and {len(moves) - 20} more; --all shows all of them\. *$", answer.out, re.MULTILINE)
    assert "the other policy asks for" in answer.out
    everything = ask("tiers", "simulate", "--policy", easier, "--all").out
    assert "more; --all" not in everything
    assert all(move["code"] in everything for move in moves)
    for move in moves:
        score, by = Decimal(move["score_is"]), move["by"]
        assert (move["score_was"], by, move["metric"]) == (move["score_is"], ["ladder"], None)
        if move["way"] == "up":
            assert 80 <= score < 85
            assert move["missed_in_present"] == [
                {"tier": "VIP", "subject": "score", "at_least": "85", "below": None, "value": move["score_was"]}
            ]
        else:
            assert 60 <= score < 65
            assert [missed["at_least"] for missed in move["missed_in_other"]] == ["65"]


def test_the_json_of_a_simulation(home: Path, ask: Ask, easier: str) -> None:
    told = ask("tiers", "simulate", "--policy", easier, "--json").json
    assert set(told) == {"account_set", "as_of", "present", "other", "compared", "notes"}
    assert told["as_of"] == "2026-10-31"
    side = told["other"]
    assert set(side) == {"policy", "sha256", "window", "tiers", "from_u8", "sensitivity", "stability"}
    assert (side["policy"], told["present"]["policy"]) == ("other.yaml", POLICY)
    assert side["window"] == {"start": "2025-11-01", "as_of": "2026-10-31"}
    assert set(side["tiers"][0]) == {"tier", "customers", "revenue", "gross_profit", "profit_known"}
    assert set(side["sensitivity"][0]) == {"metric", "weight", "change_percent", "up", "down", "moved"}
    assert [(one["metric"], one["change_percent"]) for one in side["sensitivity"][:3]] == [
        ("revenue", -10),
        ("revenue", 10),
        ("gross_profit", -10),
    ]
    stability = side["stability"]
    assert (stability["within_percent"], stability["borderline"]) == (5, len(stability["customers"]))
    assert set(told["compared"]) == {"matrix", "without_tier", "turnover", "moves"}
    assert set(told["compared"]["turnover"][0]) == {"tier", "was", "gained", "lost", "becomes"}
    assert set(told["compared"]["matrix"][0]) == set(side["from_u8"][0]) == {"was", "becomes", "customers", "way"}
    assert set(told["compared"]["moves"][0]) == {
        *("code", "name", "current", "was", "becomes", "way", "score_was", "score_is", "by"),
        *("metric", "contribution_was", "contribution_is", "missed_in_present", "missed_in_other"),
    }


def test_the_sums_are_those_of_the_lists(home: Path, ask: Ask, easier: str) -> None:
    told = ask("tiers", "simulate", "--policy", easier, "--json").json
    lists = ask("tiers", "list", "--json").json["tiers"]
    for side, listed in zip(told["present"]["tiers"], lists, strict=True):
        amounts = [Decimal(each["metrics"]["revenue"] or 0) for each in listed["customers"]]
        assert (side["customers"], Decimal(side["revenue"])) == (len(amounts), sum(amounts))
    near = {each["code"] for one in lists for each in one["customers"] if each["borderline"]}
    assert {each["code"] for each in told["present"]["stability"]["customers"]} == near
    matrix = told["compared"]["matrix"]
    assert sum(cell["customers"] for cell in matrix) + told["compared"]["without_tier"] == 1000


def test_the_other_policy_gives_what_a_plan_by_it_would_give(home: Path, ask: Ask, easier: str) -> None:
    told = ask("tiers", "simulate", "--policy", easier, "--json").json
    (home / POLICY).write_bytes((home / easier).read_bytes())
    planned = ask("plan", "--json").json["tiers"]
    assert {one["tier"]: one["customers"] for one in told["other"]["tiers"]} == planned


def test_another_window_is_said_and_told_as_the_reason(home: Path, ask: Ask) -> None:
    other = replaced(home, {"months: 12": "months: 6"})
    answer = ask("tiers", "simulate", "--policy", other, "--report", "window.html")
    assert answer.code == 2
    assert "The policies have different windows" in answer.out
    page = (home / "window.html").read_text(encoding="utf-8")
    assert "no business in the other policy&#39;s window" in page
    told = ask("tiers", "simulate", "--policy", other, "--json").json
    assert told["other"]["window"] == {"start": "2026-05-01", "as_of": "2026-10-31"}
    assert {tuple(move["by"]) for move in told["compared"]["moves"]} == {("window",)}


def test_documents_are_read_once_for_equal_windows(home: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    from u8sync.backends.sqlite import SqliteBackend

    asked: list[object] = []
    read = SqliteBackend.facts

    def counted(self: SqliteBackend, window: object, *more: object) -> object:
        asked.append(window)
        return read(self, window, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(SqliteBackend, "facts", counted)
    other = replaced(home, {"at_least: 85": "at_least: 80"})
    assert ask("tiers", "simulate", "--policy", other).code == 2
    assert len(asked) == 1
    replaced(home, {"months: 12": "months: 6"})
    assert ask("tiers", "simulate", "--policy", other).code == 2
    assert len(asked) == 3


def test_groups_quotas_shares_and_methods_are_simulated(home: Path, ask: Ask) -> None:
    other = replaced(
        home,
        {
            "revenue:         {weight: 40} ": "revenue:         {weight: 40, method: cumulative_share, within: region,"
            " bands: [{top: 80, points: 100}, {top: 95, points: 60}, {points: 0}]} ",
            "recency:         {weight: 10}": "active_months:   {weight: 10}",
            "      score: {at_least: 85}\n": "      score: {top_percent: 10}\n",
            "    service: 个性化": "    at_most: {customers: 10}\n    service: 个性化",
        },
    )
    answer = ask("tiers", "simulate", "--policy", other, "--report", "groups.html")
    assert answer.code == 2
    told = ask("tiers", "simulate", "--policy", other, "--json").json
    sizes = {one["tier"]: one["customers"] for one in told["other"]["tiers"]}
    assert 0 < sizes["VIP"] <= 10
    page = (home / "groups.html").read_text(encoding="utf-8")
    assert "the other policy has no place left in &#39;VIP&#39;" in page
    assert "one of the 10 places of the tier" in page
    assert "among the best 10 % by score" in page


def test_groups_that_the_mapping_cannot_form_are_told_with_their_line(home: Path, ask: Ask) -> None:
    other = replaced(home, {"revenue:         {weight: 40} ": "revenue:         {weight: 40, within: province} "})
    answer = ask("tiers", "simulate", "--policy", other)
    assert answer.code == 65
    assert "other.yaml:13:3:customersarecomparedwithin'province'" in answer.complaint
    assert "Fields:" in answer.complaint


def test_what_holds_tiers_back_is_said_and_not_compared(home: Path, ask: Ask) -> None:
    text = (home / POLICY).read_text(encoding="utf-8")
    pin = "pins: [{customer: '00001', tier: VIP, reason: 合同, by: 王, until: 2030-01-01}]\n"
    (home / "other.yaml").write_text(text + pin, encoding="utf-8")
    answer = ask("tiers", "simulate", "--policy", "other.yaml")
    assert answer.code == 0
    assert "By the other policy a run would hold 1 customer(s)" in " ".join(answer.out.split())
    held = ask("tiers", "simulate", "--policy", "other.yaml", "--json").json["other"]["from_u8"]
    assert [cell["becomes"] for cell in held if cell["way"] == "up"] == ["VIP"]


def test_each_policy_gets_the_metrics_that_it_needs(home: Path, ask: Ask) -> None:
    other = replaced(home, {"recency:         {weight: 10}": "active_months:   {weight: 10}"})
    plain = ask("tiers", "simulate", "--json").json["present"]["tiers"]
    both = ask("tiers", "simulate", "--policy", other, "--json").json
    assert both["present"]["tiers"] == plain
    (home / "plain.yaml").write_bytes((home / POLICY).read_bytes())
    (home / POLICY).write_bytes((home / other).read_bytes())
    swapped = ask("tiers", "simulate", "--policy", "plain.yaml", "--json").json
    assert swapped["present"]["tiers"] == both["other"]["tiers"]
    assert swapped["other"]["tiers"] == plain


def test_without_another_policy_the_present_one_is_shown_alone(home: Path, ask: Ask) -> None:
    answer = ask("tiers", "simulate")
    assert answer.code == 0
    assert "would get another tier" not in answer.out
    assert "Customers that change tier when one weight is 10 % lower or higher" in answer.out
    assert "rated customers" in answer.out
    told = ask("tiers", "simulate", "--json").json
    assert (told["other"], told["compared"]) == (None, None)


def test_a_tier_that_the_mapping_cannot_spell_is_said_and_not_fatal(home: Path, ask: Ask) -> None:
    other = replaced(home, {"- name: VIP": "- name: 钻石"})
    answer = ask("tiers", "simulate", "--policy", other)
    assert answer.code == 2
    said = " ".join(answer.out.split())
    assert "the tier '钻石' cannot be written into the field 'tier'" in said
    assert "only the other policy has the tier '钻石'" in said or "the other policy has no tier 'VIP'" in said


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        pytest.param("gone.yaml", None, "gone.yaml", id="no such file"),
        pytest.param("other.yaml", "version: 1\n", "other.yaml:1", id="no policy"),
        pytest.param("other.yaml", "\x00", "other.yaml", id="rubbish"),
    ],
)
def test_a_policy_that_cannot_be_used_is_told(
    home: Path, ask: Ask, name: str, text: str | None, complaint: str
) -> None:
    if text is not None:
        (home / name).write_text(text, encoding="utf-8")
    answer = ask("tiers", "simulate", "--policy", name)
    assert answer.code == 65
    assert complaint in answer.complaint
    assert "Traceback" not in answer.err


def test_the_report_is_one_page(home: Path, ask: Ask, easier: str) -> None:
    edit(home, "UPDATE Customer SET cCusName = '<script>alert(1)</script>'")
    answer = ask("tiers", "simulate", "--policy", easier, "--report", "simulation.html")
    assert answer.code == 2
    assert "Report:simulation.html" in answer.complaint
    page = (home / "simulation.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<svg" in page
    assert ask("tiers", "simulate", "--report", "nowhere/simulation.html").code == 65


def test_an_archive_without_any_business_has_nothing_to_compare(home: Path, ask: Ask, easier: str) -> None:
    answer = ask("tiers", "simulate", "--policy", easier, "--as-of", "2001-01-01", "--report", "empty.html")
    assert answer.code == 0
    assert "0 of 0 rated customers (- %)" in answer.out


def test_nothing_is_written(home: Path, ask: Ask, easier: str) -> None:
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    ask("tiers", "simulate", "--policy", easier)
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before

"""``u8sync tiers suggest``: numbers from the account set's own past, and nothing applied."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
from cli_home import Ask

WORDS = ("tiers", "suggest", "--periods", "4", "--trials", "12")


def test_the_present_policy_and_three_others_are_shown_side_by_side(ask: Ask, home: Path) -> None:
    answer = ask(*WORDS)
    assert answer.code == 0, answer.err
    for words in (
        "the policy as it is",
        "most revenue caught (catch)",
        "the best of both (knee)",
        "fewest changes of tier (steady)",
        "Searched on    3 evaluation(s), 2025-10-31 to 2026-04-30; judged by the 3 month(s) after each",
        "Held out       2026-07-31",
        "To paste into mappings/tiers.yaml: the best of both (knee)",
        "Nothing was applied.",
    ):
        assert words in answer.out
    assert "\nscore:\n  revenue: {weight: " in answer.out


def test_the_same_seed_gives_the_same_answer_as_figures_for_machines(ask: Ask, home: Path) -> None:
    first, again = (ask(*WORDS, "--json", "--take", "catch").json for _ in range(2))
    assert first == again
    assert first["trials"] == 12
    assert first["taken"] == "catch"
    picks = {choice["pick"]: choice for choice in first["choices"]}
    assert list(picks) == ["present", "catch", "knee", "steady"]
    assert picks["present"]["numbers"]["weights"]["revenue"] == 40
    for choice in picks.values():
        assert sum(choice["numbers"]["weights"].values()) == 100
        assert set(choice["held_out"]["caught"]) == {"5", "10", "20"}
    # Within a tenth of a percent of the best one: see the even weights rule.
    assert float(picks["catch"]["searched"]["aim"]) >= float(first["front"][0]["aim"]) - 0.001
    assert float(picks["steady"]["searched"]["churn"]) <= float(picks["present"]["searched"]["churn"])


def test_a_copy_differs_in_the_numbers_alone_and_can_be_back_tested(ask: Ask, home: Path) -> None:
    before = (home / "mappings/tiers.yaml").read_bytes()
    found = ask(*WORDS, "--out", "new.yaml", "--json").json
    assert (home / "mappings/tiers.yaml").read_bytes() == before
    old, new = before.decode().splitlines(), (home / "new.yaml").read_text(encoding="utf-8").splitlines()
    changed = [line for line in difflib.ndiff(old, new) if line.startswith("+ ")]
    assert len(old) == len(new)
    assert changed
    assert all("weight:" in line or "at_least:" in line for line in changed)
    told = ask("tiers", "backtest", "--policy", "new.yaml", "--until", "2026-10-31", "--periods", "1", "--json").json
    (knee,) = [choice for choice in found["choices"] if choice["pick"] == "knee"]
    assert told["overall"]["caught"]["policy"] == knee["held_out"]["caught"]
    refused = ask(*WORDS, "--out", "new.yaml")
    assert refused.code == 65
    assert "new.yaml is there already" in refused.err


def test_sizes_bound_the_tiers(ask: Ask, home: Path) -> None:
    found = ask(*WORDS, "--sizes", "VIP=2,重要=10", "--take", "catch", "--json").json
    for choice in found["choices"][1:]:
        top, key = (float(choice["searched"]["sizes"][tier]) for tier in ("VIP", "重要"))
        assert top <= 0.02
        assert top + key <= 0.12


def test_other_metrics_can_be_weighed(ask: Ask, home: Path) -> None:
    found = ask(*WORDS, "--metrics", "revenue，active_months", "--take", "catch", "--json").json
    assert set(found["choices"][1]["numbers"]["weights"]) == {"revenue", "active_months"}
    refused = ask(*WORDS, "--metrics", "revenue,active_months", "--out", "new.yaml")
    assert refused.code == 65
    assert "do not name the same metrics" in " ".join(refused.err.split())
    assert not (home / "new.yaml").exists()


def test_the_report_is_one_page(ask: Ask, home: Path) -> None:
    assert ask(*WORDS, "--report", "suggested.html").code == 0
    page = (home / "suggested.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "the best of both (knee)" in page
    pasted = page.split("<pre>")[1].split("</pre>")[0].splitlines()
    assert pasted[0] == "score:"
    assert pasted[1].startswith("  revenue: {weight: ")
    assert len(pasted) == 1 + 5 + 1 + 2 * 2


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--metrics", "revenu"), "There is no metric 'revenu'"),
        (("--metrics", "revenue,revenue"), "The metric 'revenue' is named twice"),
        (("--sizes", "一般=5"), "The size of the tier '一般' cannot be chosen"),
        (("--sizes", "VIP"), "'VIP' does not say how large a tier may be"),
        (("--sizes", "VIP=101"), "'VIP=101' does not say how large a tier may be"),
        (("--sizes", "VIP=NaN"), "'VIP=NaN' does not say how large a tier may be"),
        (("--sizes", "VIP=5,VIP=6"), "'VIP=6' does not say how large a tier may be"),
        (("--sizes", "VIP=60,重要=50"), "add up to more than 100 percent"),
        (("--held-out", "4"), "Of 4 evaluation(s), 4 cannot be held out"),
        (("--horizon", "9m", "--held-out", "3"), "none would be left to search on"),
        (("--trials", "0"), "--trials"),
        (("--take", "best"), "--take"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_asked_is_refused_with_a_reason(
    ask: Ask, home: Path, words: tuple[str, ...], complaint: str
) -> None:
    answer = ask(*WORDS, *words)
    assert answer.code == 65, answer.out
    assert complaint in " ".join(answer.err.split())
    assert "Traceback" not in answer.err

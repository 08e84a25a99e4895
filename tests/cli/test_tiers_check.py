"""``u8sync tiers check``: the file first, then what the site's own customers say of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_home import Ask, edit

POLICY = "mappings/tiers.yaml"


def changed(home: Path, *swaps: tuple[str, str], more: str = "") -> str:
    """A copy of the demo's policy with other words, each of which must stand there; its name."""
    text = (home / POLICY).read_text(encoding="utf-8")
    for old, new in swaps:
        assert old in text
        text = text.replace(old, new)
    (home / "other.yaml").write_text(text + more, encoding="utf-8", newline="\n")
    return "other.yaml"


def kinds(ask: Ask, *words: str) -> dict[str, str]:
    """Kind of each finding -> its place."""
    return {one["kind"]: one["place"] for one in ask("tiers", "check", *words, "--json").json["tried"]["findings"]}


def test_the_example_has_nothing_idle_on_the_demo(home: Path, ask: Ask) -> None:
    answer = ask("tiers", "check", "--strict")
    assert answer.code == 0
    assert answer.out.splitlines()[0].strip() == "+ mappings/tiers.yaml: ok"
    assert "Tried on account set 999, 2025-11-01 to 2026-10-31: 709 of 1,000 customers are rated." in answer.out
    assert "Worthknowing:Stockaccountinghaspostedcost" in answer.complaint


def test_every_problem_of_the_file_is_told_with_its_line_and_a_caret(home: Path, ask: Ask) -> None:
    name = changed(home, ("weight: 40", "weight: forty"), ("at_least: 85", "at_least: 850"))
    answer = ask("tiers", "check", name)
    assert answer.code == 65
    assert "x other.yaml: 2 problem(s)" in answer.out
    assert "expected a whole number, found 'forty'" in answer.out
    lines = answer.out.splitlines()
    at = next(number for number, line in enumerate(lines) if "a score lies between 0 and 100" in line)
    shown, caret = lines[at + 1 : at + 3]
    assert shown[caret.index("^") :].startswith("850")
    assert "Only the file was looked at, no customer." in answer.out
    told = ask("tiers", "check", name, "--json").json
    assert (len(told["problems"]), told["tried"]) == (2, None)
    assert told["problems"][0]["place"].startswith("other.yaml:")


def test_warnings_end_with_0_and_with_65_when_they_count(home: Path, ask: Ask) -> None:
    name = changed(home, ("      score: {at_least: 85}\n", "      score: {at_least: 100}\n"))
    answer = ask("tiers", "check", name)
    assert answer.code == 0
    assert "! other.yaml: ok, 1 warning(s)" in answer.out
    assert "warning: nobody reaches the tier 'VIP': no customer meets its condition on: score" in answer.out
    lines = answer.out.splitlines()
    at = next(number for number, line in enumerate(lines) if "nobody reaches" in line)
    shown, caret = lines[at + 1 : at + 3]
    assert shown[caret.index("^") :].startswith("- name: VIP") or shown[caret.index("^") :].startswith("name: VIP")
    assert ask("tiers", "check", name, "--strict").code == 65


def test_what_only_tells_never_counts(home: Path, ask: Ask) -> None:
    name = changed(home, ("    service: 个性化", "    at_most: {customers: 5}\n    service: 个性化"))
    answer = ask("tiers", "check", name, "--strict")
    assert answer.code == 0
    assert "+ other.yaml: ok" in answer.out
    assert "note: the quota of the tier 'VIP' leaves out" in answer.out


def test_the_json_names_kind_place_and_whether_it_warns(home: Path, ask: Ask) -> None:
    name = changed(home, ("exclude: []", "exclude: ['00001', nobody]"))
    answer = ask("tiers", "check", name, "--json")
    assert answer.code == 0
    assert set(answer.json) == {"policy", "problems", "warnings", "tried"}
    tried = answer.json["tried"]
    assert set(tried) == {"account_set", "window", "customers", "rated", "findings", "notes"}
    assert tried["window"] == {"start": "2025-11-01", "as_of": "2026-10-31"}
    [found] = tried["findings"]
    line = next(
        number for number, text in enumerate((home / name).read_text(encoding="utf-8").splitlines(), 1)
        if text.startswith("exclude")
    )  # fmt: skip
    assert found == {
        "kind": "exclude_unknown",
        "warns": True,
        "place": f"other.yaml:{line}:20",
        "message": "the archive has no customer 'nobody', so to exclude it does nothing",
        "hint": None,
    }


def test_pins_are_judged_by_the_day_that_was_asked_for(home: Path, ask: Ask) -> None:
    pin = "pins: [{customer: '00001', tier: VIP, reason: 合同, by: 王, until: 2026-11-15}]\n"
    name = changed(home, more=pin)
    assert set(kinds(ask, name)) == {"pin_soon"}
    assert "pin_expired" in kinds(ask, name, "--as-of", "2026-11-16")
    assert kinds(ask, name, "--as-of", "2026-10-01") == {}


def test_an_archive_without_business_says_so_and_no_more(home: Path, ask: Ask) -> None:
    answer = ask("tiers", "check", "--as-of", "2001-01-01")
    assert answer.code == 0
    assert "mappings/tiers.yaml: warning: nobody is rated" in answer.out
    assert kinds(ask, "--as-of", "2001-01-01") == {"nobody_rated": None}


def test_static_needs_no_account_set_and_a_named_file_no_configuration(home: Path, ask: Ask) -> None:
    name = changed(home, ("at_least: 85", "at_least: 100"))
    (home / "account-set.db").unlink()
    assert ask("tiers", "check", "--static").code == 0
    assert ask("tiers", "check", name).code == 69
    (home / "config.yaml").unlink()
    answer = ask("tiers", "check", name, "--static")
    assert answer.code == 0
    assert "Only the file was looked at, no customer." in answer.out
    assert ask("tiers", "check", name).code == 65


def test_the_configured_policy_may_be_broken_while_another_one_is_checked(home: Path, ask: Ask) -> None:
    name = changed(home)
    (home / POLICY).write_text("version: 1\n", encoding="utf-8")
    assert ask("tiers", "check").code == 65
    assert ask("tiers", "check", name).code == 0


def test_what_the_mapping_cannot_do_is_a_problem_with_its_line(home: Path, ask: Ask) -> None:
    answer = ask("tiers", "check", changed(home, ("- name: 重要", "- name: 核心")))
    assert answer.code == 65
    assert "the tier '核心' cannot be written into the field 'tier'" in answer.out
    assert "核心" not in answer.err
    name = changed(home, ("revenue:         {weight: 40} ", "revenue:         {weight: 40, within: province} "))
    answer = ask("tiers", "check", name)
    assert answer.code == 65
    assert "customers are compared within 'province', and the mapping has no such field of text" in answer.out


def test_a_trap_of_yaml_is_a_warning_of_the_file_alone(home: Path, ask: Ask) -> None:
    name = changed(home, ("exclude: []", "exclude: [00001]"))
    assert ask("tiers", "check", name, "--static").code == 0
    assert ask("tiers", "check", name, "--static", "--strict").code == 65
    assert "stands without quotes" in ask("tiers", "check", name, "--static").out


@pytest.mark.parametrize("name", ["mappings/customer.yaml", "config.yaml"])
def test_another_kind_of_file_is_refused(home: Path, ask: Ask, name: str) -> None:
    answer = ask("tiers", "check", name, "--static")
    assert answer.code == 65
    assert "isnotierpolicy" in answer.complaint


def test_a_file_that_is_not_there_or_no_yaml_is_told(home: Path, ask: Ask) -> None:
    answer = ask("tiers", "check", "gone.yaml")
    assert answer.code == 65
    assert "gone.yaml" in answer.out
    (home / "bad.yaml").write_text("\x00", encoding="utf-8")
    assert ask("tiers", "check", "bad.yaml").code == 65


def test_customers_decide_what_is_idle(home: Path, ask: Ask) -> None:
    edit(home, "UPDATE Customer SET dCusDevDate = '2020-01-01', dCusCreateDatetime = '2020-01-01'")
    assert "metric_same" in kinds(ask)
    edit(home, "DELETE FROM IA_Subsidiary")
    found = ask("tiers", "check", "--json").json["tried"]["findings"]
    [unknown] = [one for one in found if one["kind"] == "metric_unknown"]
    assert "gross profit is unknown for" in unknown["message"]


def test_nothing_is_written(home: Path, ask: Ask) -> None:
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    assert json.loads(ask("tiers", "check", "--json").out)["problems"] == []
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before

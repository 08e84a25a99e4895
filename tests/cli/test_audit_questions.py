"""audit list, audit runs and audit show, on a log that tells of good and bad nights."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest
from cli_home import Ask
from history_world import Night, Try, World

from u8sync.audit.checkpoint import new_key, parse_checkpoint, parse_note
from u8sync.audit.indexed import INDEX
from u8sync.audit.merkle import verify_inclusion
from u8sync.audit.reading import iterate
from u8sync.report.language import Language
from u8sync.text import Message

KEY = new_key("night.example")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Six nights: a first one, one stopped, one that died, one that settles, one that takes back, one let pass."""
    world = World(tmp_path / "audit", signer=KEY)
    for night in (
        Night((Try("C1"), Try("C2"), Try("C3", fields=("tier", "roles"))), skipped={"disabled": ("D1", "D2")}),
        Night((Try("C1"),), stopped=True, never_sent=6, day=1),
        Night((Try("C4", None), Try("C5", "conflict"), Try("C6", "rejected")), closes=False, day=4),
        Night(day=5, verdict="not_applied"),
        Night((Try("C1", takes_back=True),), day=6),
        Night((Try("C2", "applied"),), let_pass=True, skipped={"protected": ("C1",)}, day=9),
    ):
        world.pass_night(night)
    return world


def found(ask: Ask, world: World, *words: str) -> list[dict[str, object]]:
    answer = ask("audit", *words, "--folder", world.folder, "--json")
    assert answer.code == 0, answer.err
    return list(answer.json)


def who(ask: Ask, world: World, *words: str) -> list[object]:
    return [change["customer"] for change in found(ask, world, "list", *words)]


@pytest.mark.parametrize(
    ("words", "customers"),
    [
        ([], ["C1", "C2", "C3", "C3", "C4", "C5", "C6", "C1", "C2"]),
        (["--customer", "C2"], ["C2", "C2"]),
        (["--customer", "C2", "--customer", "C6"], ["C2", "C6", "C2"]),
        (["--field", "roles"], ["C3"]),
        (["--run", "run-3"], ["C4", "C5", "C6"]),
        (["--outcome", "conflict", "--outcome", "rejected"], ["C5", "C6"]),
        (["--outcome", "not_applied"], ["C4"]),
        (["--undo-of", "run-1"], ["C1"]),
        (["--from", "2026-11-06", "--to", "2026-11-08"], ["C4", "C5", "C6", "C1"]),
        (["--to", "2026-11-02"], ["C1", "C2", "C3", "C3"]),
        (["--limit", "2"], ["C1", "C2"]),
        (["--customer", "c2"], []),
        (["--run", "run-99"], []),
    ],
)
@pytest.mark.parametrize("index", [(), ("--no-index",)], ids=["index", "no index"])
def test_changes_are_listed_by(
    world: World, ask: Ask, words: list[str], customers: list[str], index: tuple[str, ...]
) -> None:
    assert who(ask, world, *words, *index) == customers
    assert (world.folder / INDEX).exists() == (not index)


def test_a_list_says_how_much_of_all_it_shows(world: World, ask: Ask) -> None:
    short = ask("audit", "list", "--folder", world.folder, "--limit", "1")
    assert "The newest 1 of 9 change(s); --limit 0 lists all." in short.out
    assert "1: changed in U8 since the plan was made; left alone" in short.out
    whole = ask("audit", "list", "--folder", world.folder, "--limit", "0", "--from", "2026-11-01")
    assert "9 change(s): 6: written" in " ".join(whole.out.split())
    assert "Days are counted in UTC." in whole.out
    none = ask("audit", "list", "--folder", world.folder, "--customer", "nobody")
    assert "no such change" in none.out


def test_a_person_sees_the_newest_hundred_and_a_machine_all(tmp_path: Path, ask: Ask) -> None:
    world = World(tmp_path / "audit")
    world.pass_night(Night(tuple(Try(f"C{number}") for number in range(150))))
    assert "The newest 100 of 150 change(s)" in ask("audit", "list", "--folder", world.folder).out
    assert len(found(ask, world, "list")) == 150


def test_what_was_taken_back_is_told_on_both_sides(world: World, ask: Ask) -> None:
    first, back = found(ask, world, "list", "--customer", "C1")
    assert (first["undone_by"], back["undoes"]) == ("run-5", "run-1")
    assert [one["undone_by"] for one in found(ask, world, "list", "--run", "run-1")] == ["run-5", None, None, None]
    text = "".join(ask("audit", "list", "--folder", world.folder, "--customer", "C1").out.split())
    assert "TAKENBACK" in text
    assert "takesback" in text


def test_what_was_not_written_is_told_with_its_reason(world: World, ask: Ask) -> None:
    left = [
        (one["cause"], one["count"], one["customers"], one["run_id"])
        for one in found(ask, world, "list", "--not-written")
    ]
    assert left == [
        ("disabled", 2, ["D1", "D2"], "run-1"),
        ("guard", 7, [], "run-2"),
        ("not_applied", 1, ["C4"], "run-3"),
        ("conflict", 1, ["C5"], "run-3"),
        ("rejected", 1, ["C6"], "run-3"),
        ("protected", 1, ["C1"], "run-6"),
    ]
    text = " ".join(ask("audit", "list", "--not-written", "--folder", world.folder).out.split())
    for words in ("a guard stopped the run: share of values", "the value is too long", "disabled in U8", "D1, D2"):
        assert words in text
    assert [one["cause"] for one in found(ask, world, "list", "--not-written", "--customer", "C1")] == ["protected"]


def test_a_long_list_of_codes_is_cut_for_people_only(tmp_path: Path, ask: Ask) -> None:
    world = World(tmp_path / "audit")
    world.pass_night(Night(skipped={"disabled": tuple(f"D{number}" for number in range(30))}))
    assert "22 more" in " ".join(ask("audit", "list", "--not-written", "--folder", world.folder).out.split())
    (left,) = found(ask, world, "list", "--not-written")
    assert left["count"] == len(left["customers"]) == 30  # type: ignore[arg-type]


def test_runs_tell_how_they_went(world: World, ask: Ask) -> None:
    told = found(ask, world, "runs")
    assert [(run["run_id"], run["state"], run["exit_code"], run["planned"]) for run in told] == [
        ("run-1", "closed", 0, 3),
        ("run-2", "closed", 4, 7),
        ("run-3", "died", None, 3),
        ("run-4", "closed", 0, 0),
        ("run-5", "closed", 0, 1),
        ("run-6", "closed", 0, 1),
    ]
    assert told[2]["settled"] == [{"by": "run-4", "verdict": "not_applied", "count": 1}]
    assert told[2]["totals"] == {"open": 1, "conflict": 1, "rejected": 1}
    text = "".join(ask("audit", "runs", "--folder", world.folder).out.split())
    for words in (
        "DIED:noendisrecorded",
        "stoppedbyshareofvaluesreplaced",
        "letpassby李审批:shareofvaluesreplaced",
        "foundoutbyrunrun-4",
        "svc/writer",
        "6run(s)",
    ):
        assert words in text


def test_everything_about_one_run(world: World, ask: Ask) -> None:
    text = " ".join(ask("audit", "runs", "--run", "run-6", "--folder", world.folder).out.split())
    for words in (
        "Version of u8sync",
        "m" * 64,
        "p" * 64,
        "李审批 ticket 新年度",
        "31.00 30 allowed",
        "Login at U8 writer",
    ):
        assert words in text
    assert "no such run" in ask("audit", "runs", "--run", "x", "--folder", world.folder).out


def test_days_without_a_run_are_told(world: World, ask: Ask) -> None:
    gaps = found(ask, world, "runs", "--gaps", "1", "--to", "2026-11-13")
    assert [(gap["after"], gap["before"], gap["days"]) for gap in gaps] == [
        ("2026-11-03", "2026-11-06", 2),
        ("2026-11-08", "2026-11-11", 2),
        ("2026-11-11", None, 1),
    ]
    text = ask("audit", "runs", "--gaps", "3", "--to", "2026-11-13", "--folder", world.folder).out
    assert "No such gap: 6 run(s) from 2026-11-02 to 2026-11-11" in text


def test_the_last_run_without_an_end_may_be_at_work(world: World, ask: Ask) -> None:
    world.pass_night(Night((Try("C9", None),), closes=False, day=10))
    assert found(ask, world, "runs", "--limit", "1")[0]["state"] == "open"
    assert "it is at work" in " ".join(ask("audit", "runs", "--limit", "1", "--folder", world.folder).out.split())


def test_a_record_is_shown_with_every_field_and_its_partners(world: World, ask: Ask) -> None:
    (change,) = found(ask, world, "list", "--outcome", "rejected")
    text = " ".join(ask("audit", "show", str(change["seq"]), "--folder", world.folder).out.split())
    for words in ("a change is about to be sent", "C6", "run-3-tier", "61.0000", "tiers.yaml:3", "refused by U8"):
        assert words in text
    for number in range(1, 12):
        answer = ask("audit", "show", number, "--folder", world.folder)
        assert answer.code == 0, answer.err


def test_every_field_of_a_record_stands_in_its_view(world: World, ask: Ask) -> None:
    for number in (1, 3, 4, 5, 8):
        record = ask("audit", "show", number, "--folder", world.folder, "--json").json["record"]
        text = "".join(ask("audit", "show", number, "--folder", world.folder).out.split())
        for name, value in record.items():
            if isinstance(value, str) and name != "status":  # which is shown in words
                assert "".join(value.split())[:60] in text or value.replace("T", "")[:20] in text, value


def test_a_record_is_proved_to_whoever_has_the_key(world: World, ask: Ask, tmp_path: Path) -> None:
    file = tmp_path / "record.proof"
    words = ("audit", "show", "7", "--folder", world.folder, "--key", KEY.verification.text, "--proof", file)
    told = ask(*words, "--json").json
    assert [one["trust"] for one in told["proof"]["signatures"]] == ["given"]

    head, _, note_text = file.read_text(encoding="utf-8").partition("\n\n")
    first, index, *hashes = head.split("\n")
    assert (first, index) == ("c2sp.org/tlog-proof@v1", "index 6")
    note = parse_note(note_text)
    assert not isinstance(note, Message)
    checkpoint = parse_checkpoint(note.body)
    assert not isinstance(checkpoint, Message)
    assert KEY.verification.verifies(note.signatures[0], note.body)
    leaf = bytes.fromhex(told["leaf_hash"])
    proof = [base64.b64decode(one) for one in hashes]
    assert verify_inclusion(leaf, 6, checkpoint.size, proof, checkpoint.root)
    assert not verify_inclusion(leaf, 5, checkpoint.size, proof, checkpoint.root)
    text = " ".join(ask(*words).out.split())
    assert "right, by a key that you trust" in text
    assert "Proved: this record and" in text


def test_another_key_is_no_proof(world: World, ask: Ask) -> None:
    named = ask("audit", "show", "7", "--folder", world.folder, "--key", new_key("other").verification.text, "--json")
    assert named.json["proof"]["signatures"][0]["trust"] in {"named", "unknown"}
    nonsense = ask("audit", "show", "7", "--folder", world.folder, "--key", "nonsense")
    assert nonsense.code == 65
    assert "cannot be used as a key" in nonsense.err


def test_without_a_checkpoint_nothing_is_proved_and_that_is_said(tmp_path: Path, ask: Ask) -> None:
    world = World(tmp_path / "audit")
    world.pass_night(Night((Try("C1"),)))
    assert "No signed checkpoint covers this record yet" in ask("audit", "show", "3", "--folder", world.folder).out
    answer = ask("audit", "show", "3", "--folder", world.folder, "--proof", tmp_path / "x")
    assert answer.code == 65
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("number", ["0", "-1", "x", "99999"])
def test_a_number_that_no_record_has_is_refused(world: World, ask: Ask, number: str) -> None:
    answer = ask("audit", "show", "--folder", world.folder, "--", number)
    assert answer.code == 65
    assert "Traceback" not in answer.err


def test_a_record_that_was_changed_is_not_shown(world: World, ask: Ask) -> None:
    ask("audit", "list", "--folder", world.folder)
    segment = world.folder / "seg-000001.jsonl"
    segment.write_bytes(segment.read_bytes().replace(b'"customer":"C5"', b'"customer":"C7"', 1))
    answer = ask("audit", "list", "--folder", world.folder)
    assert answer.code == 74
    assert "audit verify" in " ".join(answer.err.split())
    assert ask("audit", "list", "--folder", world.folder, "--no-index").code == 74


def test_several_logs_are_told_apart(world: World, ask: Ask) -> None:
    other = world.root / "another"
    other.mkdir()
    for path in world.folder.glob("*"):
        (other / path.name).write_bytes(path.read_bytes())
    logs = {change["log"] for change in ask("audit", "list", "--folder", world.root, "--json").json}
    assert logs == {"another", world.folder.name}
    assert "another: 6 run(s)" in ask("audit", "runs", "--folder", world.root).out
    refused = ask("audit", "show", "3", "--folder", world.root)
    assert refused.code == 65


def test_what_the_erp_holds_does_no_harm_on_a_terminal(tmp_path: Path, ask: Ask) -> None:
    world = World(tmp_path / "audit")
    world.pass_night(Night((Try("C\x1b[31m1"), Try("[bold]C2[/bold]"), Try("C3\u202e"))))
    for words in (("list",), ("show", "5"), ("list", "--not-written")):
        out = ask("audit", *words, "--folder", world.folder).out
        assert "\x1b" not in out
        assert "\u202e" not in out
    assert "[bold]C2[/bold]" in ask("audit", "list", "--folder", world.folder).out


def test_an_empty_answer_is_an_empty_array(world: World, ask: Ask) -> None:
    assert found(ask, world, "list", "--customer", "nobody") == []
    assert found(ask, world, "runs", "--run", "nobody") == []
    assert found(ask, world, "runs", "--gaps", "300", "--to", "2026-11-13") == []


def test_each_item_of_json_is_a_line(world: World, ask: Ask) -> None:
    lines = ask("audit", "list", "--folder", world.folder, "--json").out.strip().split("\n")
    assert (lines[0], lines[-1]) == ("[", "]")
    assert all(json.loads(re.sub(",$", "", line)) for line in lines[1:-1])


# Held tiers -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def held(tmp_path: Path) -> World:
    """A tier that was written, then held for three nights by two causes; another customer is only counted."""
    world = World(tmp_path / "held")
    world.pass_night(Night((Try("C1"),)))
    for day, cause in enumerate(("count", "count", "review"), 1):
        night = Night(held=(("C1", cause), ("C2", None), ("C3", "pinned")), day=day)
        world.pass_night(night)
    return world


@pytest.mark.parametrize("index", [(), ("--no-index",)], ids=["index", "no index"])
def test_why_nothing_was_written_for_a_customer_tells_what_held_its_tier(
    held: World, ask: Ask, index: tuple[str, ...]
) -> None:
    told = found(ask, held, "list", "--not-written", "--customer", "C1", *index)
    assert [(one["cause"], one["tier"], one["earned"], one["below"], one["run_id"]) for one in told] == [
        ("held_count", "重要", "一般", 2, "run-2"),
        ("held_count", "重要", "一般", 2, "run-3"),
        ("held_review", "重要", "一般", 0, "run-4"),
    ]
    assert {tuple(one["customers"]) for one in told} == {("C1",)}  # type: ignore[arg-type]
    assert found(ask, held, "list", "--not-written", "--customer", "C2", *index) == []
    assert [one["cause"] for one in found(ask, held, "list", "--not-written", "--run", "run-2", *index)] == [
        "held_count",
        "held_pinned",
    ]


def test_what_held_a_tier_is_told_in_words(held: World, ask: Ask) -> None:
    text = " ".join(ask("audit", "list", "--not-written", "--folder", held.folder).out.split())
    for words in ("tier held: set by hand", "not often enough below", "by the ladder 一般", "6 line(s)"):
        assert words in text
    assert "C2" not in text


def test_the_list_of_a_customers_changes_says_that_there_is_more(held: World, world: World, ask: Ask) -> None:
    more = "--not-written, what was NOT written"
    for customer, said in (("C1", True), ("C2", False), ("C3", True)):
        answer = ask("audit", "list", "--folder", held.folder, "--customer", customer)
        assert (more in answer.out) == said, customer
    assert more not in ask("audit", "list", "--folder", held.folder).out


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_record_of_held_tiers_is_shown_with_every_customer(held: World, ask: Ask, language: Language) -> None:
    [record] = (one for one in iterate(held.folder, "hold") if one["run_id"] == "run-2" and len(one["held"]) == 2)  # type: ignore[arg-type]
    answer = ask("audit", "show", record["seq"], "--folder", held.folder, language=language)
    assert answer.code == 0
    text = " ".join(answer.out.split())
    words = ("customers whose tier was held", "not often enough below yet") if language == "en" else ()
    for word in ("C1", "C2", "重要", "一般", *words):
        assert word in text


def test_why_a_tier_still_stands_tells_what_held_it_since(held: World, ask: Ask) -> None:
    for how in ((), ("--no-index",)):
        told = ask("audit", "why", "C1", "--folder", held.folder, "--json", *how).json["held"]
        assert [(one["run_id"], one["cause"]) for one in told] == [
            ("run-2", "held_count"),
            ("run-3", "held_count"),
            ("run-4", "held_review"),
        ]
        early = ask("audit", "why", "C1", "--folder", held.folder, "--at", "2026-11-03", "--json", *how).json
        assert [one["run_id"] for one in early["held"]] == ["run-2"]
    text = " ".join(ask("audit", "why", "C1", "--folder", held.folder).out.split())
    assert "Held since then, 3 time(s)" in text
    assert "tier held: waits for the next review day; given 重要, by the ladder 一般" in text


def test_a_customer_that_was_only_ever_held_is_pointed_to_the_right_question(held: World, ask: Ask) -> None:
    answer = ask("audit", "why", "C3", "--folder", held.folder)
    assert answer.code == 65
    assert "--not-written" in answer.complaint

"""Whatever is done to a log, ``audit verify`` and the standalone verifier both find it, and say the same."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from tampering_logs import KEY, NEW_KEY, STRANGER
from tampering_tools import (
    ATTACKS,
    Victim,
    lines_in,
    notes_in,
    put,
    relinked,
    said_by_u8sync,
    said_standing_alone,
    tamper,
    victims,
)

from u8sync.audit.checkpoint import Note

Ask = Callable[..., str]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Victim]:
    return {victim.name: victim for victim in victims(tmp_path_factory.mktemp("logs"))}


@pytest.fixture
def both(tmp_path: Path) -> Ask:
    """What both say of these files, which must be the same."""

    def ask(victim: Victim, files: dict[str, bytes], keys: tuple[str, ...] = (), kept: tuple[str, ...] = ()) -> str:
        folder = put(tmp_path / victim.folder, files)
        ours, alone = said_by_u8sync(folder, keys, kept), said_standing_alone(folder, keys, kept)
        assert ours.verdict == alone.verdict
        return ours.verdict

    return ask


@pytest.mark.parametrize("name", ["signed", "segments", "open", "torn", "rotated", "unsigned"])
def test_a_log_as_it_was_written_is_what_it_is(logs: dict[str, Victim], both: Ask, name: str) -> None:
    victim = logs[name]
    kept = (victim.kept,) if victim.kept else ()
    assert both(victim, victim.files, victim.keys, kept) == victim.verdict
    assert both(victim, victim.files) == victim.verdict


def test_with_key_and_checkpoint_outside_nothing_is_missed_and_the_verdicts_are_alike(
    logs: dict[str, Victim], tmp_path: Path
) -> None:
    count = tamper(list(logs.values()), tmp_path, cases=2400)
    assert count.missed == []
    assert count.apart == []
    assert set(count.cases) == {attack.name for attack in ATTACKS}
    assert count.named_alike / sum(count.cases.values()) > 0.8


def test_without_anything_from_outside_a_log_made_anew_looks_whole_to_both(logs: dict[str, Victim], both: Ask) -> None:
    victim = logs["signed"]
    for attack in ATTACKS:
        files = attack.do(victim, random.Random(3))  # noqa: S311
        if attack.needs_outside and files is not None and attack.name != "made anew, old signatures":
            assert both(victim, files) == "whole", attack.name
            assert both(victim, files, victim.keys, (victim.kept,)) == "not whole", attack.name


def test_a_key_alone_shows_a_log_made_anew_and_a_kept_checkpoint_alone_shows_it_too(
    logs: dict[str, Victim], both: Ask
) -> None:
    victim = logs["signed"]
    stranger = next(attack for attack in ATTACKS if attack.name == "made anew, signed by a stranger")
    files = stranger.do(victim, random.Random(3))  # noqa: S311
    assert files is not None
    assert both(victim, files, victim.keys) == "not whole"
    assert both(victim, files, (), (victim.kept,)) == "not whole"


def test_an_older_copy_is_shown_by_the_checkpoint_and_not_by_the_key(logs: dict[str, Victim], both: Ask) -> None:
    victim = logs["signed"]
    assert both(victim, victim.older, victim.keys) == "whole"
    assert both(victim, victim.older, victim.keys, (victim.kept,)) == "not whole"


def test_an_old_head_file_over_the_newer_log_is_no_tampering(logs: dict[str, Victim], both: Ask) -> None:
    victim = logs["signed"]
    assert both(victim, {**victim.files, "HEAD": victim.older["HEAD"]}, victim.keys, (victim.kept,)) == "whole"


def test_a_key_that_was_given_vouches_for_the_one_that_it_handed_over_to(logs: dict[str, Victim], both: Ask) -> None:
    victim = logs["rotated"]
    for key in (KEY, NEW_KEY):
        assert both(victim, victim.files, (key.verification.text,)) == "whole"
    assert both(victim, victim.files, (STRANGER.verification.text,)) == "not whole"


def test_a_retired_key_signs_no_more(logs: dict[str, Victim], both: Ask) -> None:
    victim = logs["rotated"]
    records = [json.loads(line) for line in lines_in(victim.files)]
    last = records[notes_in(victim.files)[-1][0] - 1]
    body = last["note"].rpartition("\n\n")[0] + "\n"
    last["note"] = Note(body, (KEY.sign(body),)).text
    forged = relinked(victim, records)
    assert both(victim, forged) == "not whole"
    assert both(victim, forged, (KEY.verification.text,)) == "not whole"


def test_a_new_key_without_the_old_ones_signature_is_refused(logs: dict[str, Victim], both: Ask) -> None:
    victim = logs["rotated"]
    records = [json.loads(line) for line in lines_in(victim.files)]
    handed_over = next(seq for seq, note in notes_in(victim.files) if len(note.rpartition("\n\n")[2].splitlines()) == 2)
    records = records[:handed_over]
    assert both(victim, relinked(victim, records)) == "whole"
    body, _, signatures = records[-1]["note"].rpartition("\n\n")
    new = next(line for line in signatures.splitlines() if line.startswith(f"— {NEW_KEY.name} "))
    records[-1]["note"] = f"{body}\n\n{new}\n"
    assert both(victim, relinked(victim, records)) == "not whole"


def test_a_log_made_anew_under_old_signatures_is_found_by_its_own_checkpoints(
    logs: dict[str, Victim], both: Ask
) -> None:
    victim = logs["signed"]
    anew = next(attack for attack in ATTACKS if attack.name == "made anew, old signatures")
    tampered = [anew.do(victim, random.Random(seed)) for seed in range(20)]  # noqa: S311
    early = [files for files in tampered if files is not None and lines_in(files)[:9] != lines_in(victim.files)[:9]]
    assert early
    assert {both(victim, files) for files in early} == {"not whole"}


@pytest.mark.parametrize("name", ["segments", "rotated"])
def test_the_checkpoint_of_another_log_is_refused(logs: dict[str, Victim], both: Ask, name: str) -> None:
    victim = logs["signed"]
    assert both(victim, victim.files, (), (logs[name].kept,)) == "not whole"

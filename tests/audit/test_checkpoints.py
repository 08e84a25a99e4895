"""Signed checkpoints: their text, what they prove, and every attack that only they can show."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from audit_world import ACCOUNT_SET, check, key, newest, open_at, rewrite, write_run
from fakes import Quiet, Ticking
from hypothesis import given
from hypothesis import strategies as st

from u8sync.audit.checkpoint import (
    Checkpoint,
    Note,
    SigningKey,
    VerificationKey,
    new_key,
    origin_of,
    parse_checkpoint,
    parse_key,
    parse_note,
    parse_signing_key,
)
from u8sync.audit.merkle import root_of
from u8sync.audit.reading import iterate
from u8sync.audit.segments import HEAD
from u8sync.audit.store import open_existing
from u8sync.errors import AuditError
from u8sync.text import Message

SITE, OTHER = key("u8sync-site"), key("somebody-else")


# --- the text ---


def test_a_checkpoint_is_a_signed_note_with_origin_size_root_time_and_account_set() -> None:
    checkpoint = Checkpoint(origin_of("sqlite-x"), 5, b"\x01" * 32, "2026-11-24T12:03:15Z", "sqlite||x|999|")
    assert checkpoint.body.splitlines() == [
        "u8sync/sqlite-x",
        "5",
        base64.b64encode(b"\x01" * 32).decode(),
        "time 2026-11-24T12:03:15Z",
        "account-set sqlite||x|999|",
    ]
    note = Note(checkpoint.body, (SITE.sign(checkpoint.body),))
    assert note.text.endswith("=\n")
    assert f"\n\n— {SITE.name} " in note.text
    assert parse_note(note.text) == note
    assert parse_checkpoint(note.body) == checkpoint


def test_the_published_key_of_signed_notes_is_read_and_its_signature_holds() -> None:
    # Example key and note of the documentation of Go's package golang.org/x/mod/sumdb/note.
    published = parse_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    assert isinstance(published, VerificationKey)
    note = parse_note(
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    assert isinstance(note, Note)
    assert published.verifies(note.signatures[0], note.body)
    assert not published.verifies(note.signatures[0], note.body.replace("answer", "solution"))


def test_a_key_comes_back_from_its_text_and_never_shows_its_secret() -> None:
    made = new_key("u8sync-site")
    assert parse_signing_key(made.secret_text) == made
    assert parse_key(made.verification.text) == made.verification
    assert made.seed.hex() not in repr(made)
    assert base64.b64encode(made.seed).decode() not in f"{made!r} {made}"


@pytest.mark.parametrize("name", ["", "with blank", "with+plus", "tab\t", "宽　空格", "x" * 101])
def test_a_name_that_cannot_stand_in_a_note_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a key"):
        new_key(name)


@given(st.data())
def test_a_text_with_any_letter_changed_is_no_key_or_another_one(data: st.DataObject) -> None:
    text = SITE.verification.text
    at = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.characters(min_codepoint=33, max_codepoint=126).filter(lambda one: one != text[at]))
    assert parse_key(text[:at] + letter + text[at + 1 :]) != SITE.verification


@pytest.mark.parametrize(
    "text", ["", "x", "a+b", "PRIVATE+KEY+", "PRIVATE+KEY+a+b+c", SITE.verification.text, SITE.secret_text[:-4]]
)
def test_what_is_no_signing_key_is_told_without_showing_it(text: str) -> None:
    wrong = parse_signing_key(text)
    assert isinstance(wrong, Message)
    assert not text or text not in str(wrong)


@given(st.data())
def test_a_checkpoint_with_any_byte_changed_is_not_verified(data: st.DataObject) -> None:
    body = Checkpoint(origin_of("x"), 12, b"\x07" * 32, "2026-11-24T12:03:15Z", "k").body
    text = Note(body, (SITE.sign(body),)).text.encode()
    at = data.draw(st.integers(0, len(text) - 1))
    changed = bytearray(text)
    changed[at] ^= data.draw(st.integers(1, 255))
    note = parse_note(changed.decode("utf-8", "replace"))
    assert isinstance(note, Message) or not any(SITE.verification.verifies(s, note.body) for s in note.signatures)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "example.com/log\n1\nAAAA\n",
        "u8sync/x\n01\n" + base64.b64encode(bytes(32)).decode() + "\ntime 2026-11-24T12:03:15Z\naccount-set k\n",
        "u8sync/x\n1\n" + base64.b64encode(bytes(31)).decode() + "\ntime 2026-11-24T12:03:15Z\naccount-set k\n",
        "u8sync/x\n1\n" + base64.b64encode(bytes(32)).decode() + "\ntime now\naccount-set k\n",
        "u8sync/x\n1\n" + base64.b64encode(bytes(32)).decode() + "\ntime 2026-11-24T12:03:15Z\naccount-set k\nmore\n",
        "u8sync/x\n1\n" + base64.b64encode(bytes(32)).decode() + "\ntime 2026-11-24T12:03:15Z\n",
    ],
)
def test_what_is_no_checkpoint_of_ours_is_refused(body: str) -> None:
    assert isinstance(parse_checkpoint(body), Message)


# --- in the log ---


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    """Two signed runs; the log's folder."""
    write_run(tmp_path, "run-1", signer=SITE)
    return write_run(tmp_path, "run-2", signer=SITE)


def test_each_run_ends_with_a_checkpoint_over_every_record_before_it(signed: Path) -> None:
    lines = (signed / "seg-000001.jsonl").read_bytes().splitlines()
    checkpoints = list(iterate(signed, "checkpoint"))
    assert [record["seq"] for record in checkpoints] == [13, 24]
    for record in checkpoints:
        note = parse_note(str(record["note"]))
        assert isinstance(note, Note)
        assert SITE.verification.verifies(note.signatures[0], note.body)
        checkpoint = parse_checkpoint(note.body)
        assert isinstance(checkpoint, Checkpoint)
        assert checkpoint.size == int(str(record["seq"])) - 1
        assert checkpoint.root == root_of([hashlib.sha256(b"\0" + line).digest() for line in lines[: checkpoint.size]])
        assert (checkpoint.origin, checkpoint.account_set) == (f"u8sync/{ACCOUNT_SET.folder}", ACCOUNT_SET.key)
    assert newest(signed) == checkpoints[-1]["note"]


def test_the_check_says_how_far_the_log_is_signed_and_by_whom(signed: Path) -> None:
    found = check(signed)
    assert (found.faults, found.signed.checkpoints, found.signed.upto, found.unsigned) == ((), 2, 23, 0)
    assert (found.signed.key, found.signed.trusted) == (SITE.verification.text, False)
    assert check(signed, keys=[SITE.verification]).signed.trusted


def test_records_after_the_last_checkpoint_are_counted(signed: Path) -> None:
    log = open_at(signed.parent, "run-3", signer=SITE)
    log.append("run_open", {})
    log.append("run_close", {})
    log.commit()
    log.close()
    assert check(signed).unsigned == 2


def forge(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**record, "status": "rejected"} if record["seq"] == 5 else record for record in records]


def test_a_log_rewritten_with_a_new_chain_does_not_fit_its_checkpoint(signed: Path) -> None:
    rewrite(signed, forge)
    found = check(signed)
    assert [fault.seq for fault in found.faults] == [13, 24]
    assert "records 1 to 12 are not those that the checkpoint signed" in str(found.faults[0].message)


def test_a_record_taken_out_with_a_new_chain_does_not_fit_the_place_of_the_checkpoint(signed: Path) -> None:
    rewrite(signed, lambda records: [*records[:3], *records[5:]])
    assert "not that of this place" in str(check(signed).faults[0].message)


def without_seals(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [record for record in records if record["type"] not in {"key", "checkpoint"}]


def test_a_log_stripped_of_its_checkpoints_is_found_by_whoever_has_the_key(signed: Path) -> None:
    rewrite(signed, lambda records: without_seals(forge(records)))
    assert not check(signed).faults
    assert "no checkpoint of the log is signed by a key that is trusted" in str(
        check(signed, keys=[SITE.verification]).faults[0].message
    )


def resigned(folder: Path, signer: SigningKey) -> None:
    """Forge the log, and sign the forgery with another key."""
    rewrite(folder, lambda records: without_seals(forge(records)))
    log = open_at(folder.parent, "run-9", signer=signer)
    log.checkpoint()
    log.close()


def test_a_forged_log_signed_by_somebody_else_is_found_by_whoever_has_the_key(signed: Path) -> None:
    resigned(signed, OTHER)
    assert not check(signed).faults
    assert check(signed, keys=[SITE.verification]).faults


def test_a_forged_log_signed_with_the_stolen_key_is_found_by_whoever_kept_a_checkpoint(signed: Path) -> None:
    kept = newest(signed)
    resigned(signed, SITE)
    assert not check(signed, keys=[SITE.verification]).faults
    found = check(signed, keys=[SITE.verification], outside=[kept])
    assert "kept outside was made of: the log was rewritten" in str(found.faults[0].message)


def test_a_log_goes_on_from_every_checkpoint_that_was_kept(tmp_path: Path) -> None:
    folder = write_run(tmp_path, "run-1", signer=SITE)
    kept = [newest(folder)]
    for number in range(2, 5):
        write_run(tmp_path, f"run-{number}", signer=SITE, changes=number)
        kept.append(newest(folder))
    found = check(folder, outside=[kept[2], kept[0], kept[3], kept[3]])
    assert (found.faults, found.signed.outside) == ((), found.head.count - 1)


def test_an_older_copy_put_in_the_place_of_the_log_is_found(tmp_path: Path) -> None:
    folder = write_run(tmp_path, "run-1", signer=SITE)
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    write_run(tmp_path, "run-2", signer=SITE)
    kept = newest(folder)
    shutil.rmtree(folder)
    copy.rename(folder)
    assert not check(folder).faults
    found = check(folder, outside=[kept])
    assert "its end was cut off, or an older copy put in its place" in str(found.faults[0].message)


def test_a_cut_end_with_the_head_put_right_is_found(signed: Path) -> None:
    kept = newest(signed)
    rewrite(signed, lambda records: records[:16])
    assert check(signed, outside=[kept]).faults
    assert not check(signed).faults, "the chain alone cannot show it"


def test_a_checkpoint_of_another_log_or_by_nobody_known_is_no_proof(signed: Path, tmp_path: Path) -> None:
    body = Checkpoint(origin_of("other"), 13, b"\0" * 32, "2026-11-24T12:03:15Z", "k").body
    stray = Note(body, (SITE.sign(body),)).text
    assert check(signed, outside=[stray]).faults
    mine = parse_note(newest(signed))
    assert isinstance(mine, Note)
    unknown = Note(mine.body, (OTHER.sign(mine.body),)).text
    assert "signed by no key" in str(check(signed, outside=[unknown]).faults[0].message)


def test_a_checkpoint_over_the_very_end_of_the_log_is_compared_too(tmp_path: Path) -> None:
    folder = write_run(tmp_path)
    lines = (folder / "seg-000001.jsonl").read_bytes().splitlines()
    root = root_of([hashlib.sha256(b"\0" + line).digest() for line in lines])
    body = Checkpoint(origin_of(folder.name), len(lines), root, "2026-11-24T12:03:15Z", ACCOUNT_SET.key).body
    kept = Note(body, (SITE.sign(body),)).text
    assert check(folder, keys=[], outside=[kept]).faults, "nobody knows the key"
    wrong = Checkpoint(origin_of(folder.name), len(lines), b"\0" * 32, "2026-11-24T12:03:15Z", ACCOUNT_SET.key).body
    found = check(folder, outside=[Note(wrong, (SITE.sign(wrong),)).text])
    assert "the log was rewritten" in str(found.faults[0].message)


# --- keys ---


def test_a_log_that_was_signed_is_not_written_without_its_key(signed: Path) -> None:
    for signer, words in ((None, "no key is configured"), (OTHER, "signed by another key")):
        with pytest.raises(AuditError, match=words):
            open_at(signed.parent, "run-3", signer=signer)
    open_at(signed.parent, "run-3", signer=SITE).close()


def hand_over(folder: Path, new: SigningKey, *, lost: bool = False) -> None:
    log = open_at(folder.parent, "work-1", signer=SITE)
    log.hand_over(new, lost=lost)
    log.close()


def test_a_key_hands_over_and_its_trust_goes_with_it(signed: Path) -> None:
    hand_over(signed, OTHER)
    write_run(signed.parent, "run-3", signer=OTHER)
    note = parse_note(str(list(iterate(signed, "checkpoint"))[2]["note"]))
    assert isinstance(note, Note)
    assert [signature.name for signature in note.signatures] == [SITE.name, OTHER.name]
    for trusted in (SITE, OTHER):
        found = check(signed, keys=[trusted.verification])
        assert (found.faults, found.signed.trusted, found.unsigned) == ((), True, 0)
    with pytest.raises(AuditError):
        open_at(signed.parent, "run-4", signer=SITE)


def test_a_lost_key_is_replaced_and_every_check_says_so(signed: Path) -> None:
    hand_over(signed, OTHER, lost=True)
    found = check(signed, keys=[SITE.verification])
    assert not found.faults
    assert found.signed.upto == 23, "what the new key signed is trusted by nobody yet"
    assert "did not sign" in str(found.signed.notes[0])
    assert check(signed, keys=[OTHER.verification]).signed.upto > 23


def seal(record: dict[str, Any], *signers: SigningKey) -> dict[str, Any]:
    note = parse_note(record["note"])
    assert isinstance(note, Note)
    return {**record, "note": Note(note.body, tuple(signer.sign(note.body) for signer in signers)).text}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(lambda r: seal(r, OTHER) if r["seq"] == 24 else r, "not signed by the key", id="wrong key"),
        pytest.param(
            lambda r: {**r, "key": OTHER.verification.text} if r["type"] == "key" else r, "not signed", id="other key"
        ),
        pytest.param(lambda r: {**r, "key": "x"} if r["type"] == "key" else r, "no public key", id="no key"),
        pytest.param(lambda r: {**r, "replaces": "x"} if r["type"] == "key" else r, "does not replace", id="replaces"),
        pytest.param(lambda r: {**r, "note": "x"} if r["seq"] == 24 else r, "no signed note", id="no note"),
        pytest.param(
            lambda r: {**r, "note": "x\n\n" + r["note"].partition("\n\n")[2]} if r["seq"] == 24 else r,
            "no checkpoint",
            id="another note",
        ),
        pytest.param(lambda r: {**r, "type": "key", "key": "x"} if r["seq"] == 24 else r, "no public key", id="type"),
    ],
)
def test_what_was_done_to_keys_and_signatures_is_told(signed: Path, change: Any, words: str) -> None:
    rewrite(signed, lambda records: [change(record) for record in records])
    assert words in " ".join(str(fault.message) for fault in check(signed).faults)


@pytest.mark.parametrize(
    ("at", "change", "words"),
    [
        (0, lambda _line: "u8sync/another", "the checkpoint is that of another log"),
        (4, lambda line: f"{line}x", "not that of this place in this log"),
        (1, lambda line: str(int(line) - 1), "not that of this place in this log"),
    ],
    ids=["origin", "account set", "size"],
)
def test_a_rightly_signed_checkpoint_of_something_else_is_no_checkpoint_of_this_log(
    signed: Path, at: int, change: Any, words: str
) -> None:
    def sign_other(record: dict[str, Any]) -> dict[str, Any]:
        if record["seq"] != 24:
            return record
        lines = str(record["note"]).partition("\n\n")[0].split("\n")
        lines[at] = change(lines[at])
        body = "\n".join(lines) + "\n"
        return {**record, "note": Note(body, (SITE.sign(body),)).text}

    rewrite(signed, lambda records: [sign_other(record) for record in records])
    assert words in str(check(signed).faults[0].message)


def test_a_retired_key_signs_nothing_any_more(signed: Path) -> None:
    hand_over(signed, OTHER)
    log = open_at(signed.parent, "run-3", signer=OTHER)
    log.checkpoint()
    log.close()
    rewrite(signed, lambda records: [*records[:-1], seal(records[-1], SITE)])
    assert "not signed by the key that was in force" in str(check(signed).faults[0].message)


def test_a_hand_over_that_the_old_key_did_not_sign_is_a_fault(signed: Path) -> None:
    hand_over(signed, OTHER)
    rewrite(signed, lambda records: [*records[:-1], seal(records[-1], OTHER)])
    assert check(signed).faults


def test_a_hand_over_that_was_cut_off_is_finished_by_whoever_has_both_keys(signed: Path) -> None:
    hand_over(signed, OTHER)
    rewrite(signed, lambda records: records[:-1])
    found = check(signed, keys=[SITE.verification])
    assert not found.faults
    assert "about to take over" in str(found.signed.notes[0])
    for signer in (SITE, OTHER, None):
        with pytest.raises(AuditError):
            open_at(signed.parent, "run-3", signer=signer)
    log = open_existing(signed, run_id="w", clock=Ticking(), host="h", pid=1, progress=Quiet(), signers=[SITE, OTHER])
    assert log.key == OTHER.verification
    log.close()
    for trusted in (SITE, OTHER):
        assert check(signed, keys=[trusted.verification]).signed.trusted
    assert not check(signed).signed.notes


def test_a_writer_refuses_a_record_with_which_the_log_could_not_be_opened_again(tmp_path: Path) -> None:
    log = open_at(tmp_path, signer=SITE)
    log.append("run_open", {})
    with pytest.raises(ValueError, match="never announced"):
        log.append("outcome", {"op_id": "x", "status": "applied"})
    with pytest.raises(AuditError):
        log.append("run_close", {})
    log.close()
    open_at(tmp_path, "run-2", signer=SITE).close()


# --- what runs went by ---


def test_kept_files_lie_under_their_hash_and_any_change_is_a_fault(tmp_path: Path) -> None:
    log = open_at(tmp_path)
    name = log.keep("映射".encode())
    assert log.keep("映射".encode()) == name
    log.close()
    kept = log.folder / "files" / name
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == name
    assert not check(log.folder).faults
    kept.write_bytes(b"other")
    assert name in str(check(log.folder).faults[0].message)


def test_a_head_written_over_in_place_keeps_its_length(tmp_path: Path) -> None:
    folder = write_run(tmp_path)
    before = (folder / HEAD).stat().st_size
    write_run(tmp_path, "run-2", changes=300)
    assert (folder / HEAD).stat().st_size == before
    assert json.loads((folder / HEAD).read_text())["count"] == check(folder).head.count


def test_reading_checkpoints_needs_no_signing_library() -> None:
    code = "import sys; import u8sync.audit.reading; assert 'cryptography' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""An evidence bundle holds what it says, proves it, and shows every byte that was changed in it."""

from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from fakes import Quiet
from tampering_logs import KEY, NEW_KEY, open_log_at, plan_of, settle_night, signed_log, write_night

from u8sync.audit import standalone_verify as standalone
from u8sync.audit.bundle import Bundled, Selection, make_bundle
from u8sync.audit.reading import verify_folder
from u8sync.domain.model import CustomerCode
from u8sync.domain.plan import Held, op_id
from u8sync.errors import AuditError, InputError

SELECTIONS = [Selection(), Selection("run", "run-2"), Selection("customer", "C001")]
EACH = pytest.mark.parametrize("selection", SELECTIONS, ids=["all", "run", "customer"])


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nights 1 to 3, of which the second died and the third settled it, a new key, and night 4."""
    root = tmp_path_factory.mktemp("audit")
    signed_log(root, nights=1, segment_bytes=4000)
    died = open_log_at(root, "run-2")
    write_night(died, "run-2", ["C000", "C001"], dies_after=1)
    died.close()
    plan = plan_of(["C000", "C001"])
    settling = open_log_at(root, "run-3")
    settle_night(settling, "run-3", [(op_id(plan, plan.changes[0], "run-2"), "C000", "run-2")])
    settling.hand_over(NEW_KEY)
    settling.close()
    last = open_log_at(root, "run-4", signer=NEW_KEY)
    write_night(last, "run-4", ["C001", "C002"])
    last.close()
    return last.folder


def bundle(log: Path, out: Path, selection: Selection = SELECTIONS[0], *, broken: bool = False) -> Bundled:
    return make_bundle(log, out, selection, archive=None, even_if_broken=broken, progress=Quiet())


def checked(path: Path, *keys: str, kept: tuple[str, ...] = ()) -> standalone.Result:
    """What the standalone verifier finds."""
    seals = standalone.Seals(list(map(standalone.parse_key, keys)), list(map(standalone.parse_checkpoint, kept)))
    return standalone.check_bundle(str(path), seals)


def rewrite(path: Path, out: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The zip file with its members changed, every one of them well packed."""
    with zipfile.ZipFile(path) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    change(members)
    return packed(out, members)


def packed(out: Path, members: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in members.items():
            opened.writestr(name, data)
    return out


@EACH
def test_a_bundle_is_whole_and_signed_by_the_first_key_through_the_one_it_handed_over_to(
    log: Path, tmp_path: Path, selection: Selection
) -> None:
    made = bundle(log, tmp_path / "b.zip", selection)
    for key in (KEY, NEW_KEY):
        found = checked(made.path, key.verification.text)
        assert found.faults == []
        assert found.exit_code() == 0
        assert found.records == made.records
    assert checked(made.path).exit_code() == 3
    assert checked(made.path, "night+379c5ddf+" + KEY.verification.text.split("+", 2)[2]).exit_code() == 0


@EACH
def test_the_same_log_gives_the_same_bytes(log: Path, tmp_path: Path, selection: Selection) -> None:
    one, other = bundle(log, tmp_path / "1.zip", selection), bundle(log, tmp_path / "2.zip", selection)
    assert one.sha256 == other.sha256


def test_the_bundle_of_a_run_that_died_holds_its_records_and_the_one_that_settled_it(log: Path, tmp_path: Path) -> None:
    made = bundle(log, tmp_path / "b.zip", Selection("run", "run-2"))
    with zipfile.ZipFile(made.path) as opened:
        records = [json.loads(line) for line in opened.read("records.jsonl").splitlines()]
    of_run = [record["type"] for record in records if record["run_id"] == "run-2"]
    assert of_run == ["run_open", "plan", "guard", "intent"]
    assert [record["of_run"] for record in records if record["type"] == "settle"] == ["run-2"]
    found = checked(made.path, NEW_KEY.verification.text)
    assert "run_complete" in dict(found.proven)
    assert found.open == []


def test_the_bundle_of_a_customer_holds_its_changes_and_no_other_customers(log: Path, tmp_path: Path) -> None:
    made = bundle(log, tmp_path / "b.zip", Selection("customer", "C001"))
    with zipfile.ZipFile(made.path) as opened:
        records = [json.loads(line) for line in opened.read("records.jsonl").splitlines()]
    assert {record["customer"] for record in records if "customer" in record} == {"C001"}
    assert [record["run_id"] for record in records if record["type"] == "run_open"] == ["run-1", "run-4"]


def held(code: str, cause: str | None = "count") -> Held:
    return Held(CustomerCode(code), "重要", "一般", cause, 1)


@pytest.fixture(scope="module")
def holding(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nights that hold tiers: C001 and another, another alone, C001 by nothing, and one that was never written."""
    root = tmp_path_factory.mktemp("holding")
    nights = [[held("C001"), held("C009")], [held("C009")], [held("C001", None)], [held("C008", "pinned")]]
    for number, who in enumerate(nights, 1):
        log = open_log_at(root, f"run-{number}")
        write_night(log, f"run-{number}", ["C001"] if number == 1 else ["C002"], held=who)
        log.close()
    return log.folder


def runs_with_holds(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as opened:
        records = [json.loads(line) for line in opened.read("records.jsonl").splitlines()]
    return [record["run_id"] for record in records if record["type"] == "hold"]


def test_the_bundle_of_a_customer_holds_what_held_its_tier(holding: Path, tmp_path: Path) -> None:
    made = bundle(holding, tmp_path / "b.zip", Selection("customer", "C001"))
    assert runs_with_holds(made.path) == ["run-1"], "what is only counted is no answer"
    assert checked(made.path, KEY.verification.text).exit_code() == 0


def test_a_customer_whose_tier_was_only_ever_held_has_a_bundle(holding: Path, tmp_path: Path) -> None:
    made = bundle(holding, tmp_path / "b.zip", Selection("customer", "C008"))
    assert runs_with_holds(made.path) == ["run-4"]
    found = checked(made.path, KEY.verification.text)
    assert (found.faults, found.exit_code()) == ([], 0)
    assert "customer_incomplete" in dict(found.unproven)


def test_a_bundle_that_says_it_is_of_another_customer_is_found(holding: Path, tmp_path: Path) -> None:
    made = bundle(holding, tmp_path / "b.zip", Selection("customer", "C008"))

    def rename(members: dict[str, bytes]) -> None:
        members["manifest.json"] = members["manifest.json"].replace(b'"C008"', b'"C007"')

    found = checked(rewrite(made.path, tmp_path / "renamed.zip", rename), KEY.verification.text)
    assert "manifest_differs" in {fault.sentence for fault in found.faults}


def test_holds_pass_the_check_of_the_whole_log_and_of_their_run(holding: Path, tmp_path: Path) -> None:
    for selection in (Selection(), Selection("run", "run-1")):
        made = bundle(holding, tmp_path / "b.zip", selection)
        assert checked(made.path, KEY.verification.text).exit_code() == 0
    assert verify_folder(holding, Quiet()).faults == ()


@EACH
def test_any_changed_byte_in_any_member_is_found(log: Path, tmp_path: Path, selection: Selection) -> None:
    made = bundle(log, tmp_path / "b.zip", selection)
    with zipfile.ZipFile(made.path) as opened:
        sizes = {info.filename: info.file_size for info in opened.infolist()}
    dice = random.Random(5)  # noqa: S311
    for name, size in sizes.items():
        for at in {0, size - 1, *(dice.randrange(size) for _ in range(6))} if size else ():

            def flip(members: dict[str, bytes], name: str = name, at: int = at) -> None:
                data = bytearray(members[name])
                data[at] ^= 1 << dice.randrange(8)
                members[name] = bytes(data)

            changed = rewrite(made.path, tmp_path / "changed.zip", flip)
            # Without a manifest that can be read there is no bundle.
            broken = standalone.main([str(changed)]) == 74
            assert name == "manifest.json" if broken else checked(changed).faults, f"{name}: byte {at}"


@EACH
def test_every_word_of_the_manifest_is_held_to(log: Path, tmp_path: Path, selection: Selection) -> None:
    made = bundle(log, tmp_path / "b.zip", selection)
    with zipfile.ZipFile(made.path) as opened:
        names = sorted(set(json.loads(opened.read("manifest.json"))) - {"format"})
    for name in names:

        def lie(members: dict[str, bytes], name: str = name) -> None:
            manifest = json.loads(members["manifest.json"])
            other = {int: 7, str: "x", bool: False, list: ["0" * 64], dict: {}}
            manifest[name] = other[type(manifest[name])]
            members["manifest.json"] = (
                json.dumps(manifest, sort_keys=True, ensure_ascii=False, indent=1) + "\n"
            ).encode()

        assert checked(rewrite(made.path, tmp_path / "lie.zip", lie)).faults, name


def test_a_record_left_out_of_a_run_is_found_even_when_the_manifest_is_made_anew(log: Path, tmp_path: Path) -> None:
    import hashlib

    made = bundle(log, tmp_path / "b.zip", Selection("run", "run-4"))

    def leave_out(members: dict[str, bytes]) -> None:
        lines = members["records.jsonl"].splitlines(keepends=True)
        at = next(at for at, line in enumerate(lines) if b'"run_id":"run-4"' in line and b'"type":"guard"' in line)
        members["records.jsonl"] = b"".join(lines[:at] + lines[at + 1 :])
        manifest = json.loads(members["manifest.json"])
        digest = hashlib.sha256(members["records.jsonl"]).hexdigest()
        manifest["records"] -= 1
        manifest["members"]["records.jsonl"] = {"bytes": len(members["records.jsonl"]), "sha256": digest}
        members["manifest.json"] = (json.dumps(manifest, sort_keys=True, ensure_ascii=False, indent=1) + "\n").encode()

    kinds = {fault.sentence for fault in checked(rewrite(made.path, tmp_path / "less.zip", leave_out)).faults}
    assert {"run_incomplete", "proof_fails"} <= kinds


def test_a_kept_checkpoint_is_proved_in_a_part_when_it_was_asked_for(log: Path, tmp_path: Path) -> None:
    whole = bundle(log, tmp_path / "all.zip")
    with zipfile.ZipFile(whole.path) as opened:
        notes = [opened.read(name).decode() for name in sorted(opened.namelist()) if name.startswith("checkpoints/")]
    middle = standalone.parse_checkpoint(notes[1])
    selection = Selection("customer", "C002")
    without = bundle(log, tmp_path / "without.zip", selection)
    assert ("kept_not_here", {"size": middle.size}) in checked(without.path, kept=(notes[1],)).unproven or (
        checked(without.path, kept=(notes[1],)).seals.kept_size == middle.size
    )
    asked = make_bundle(
        log,
        tmp_path / "with.zip",
        selection,
        archive=None,
        even_if_broken=False,
        checkpoints=[middle.size],
        progress=Quiet(),
    )
    assert checked(asked.path, kept=(notes[1],)).seals.kept_size == middle.size


def test_a_log_without_key_is_bundled_and_nothing_is_said_to_be_signed(tmp_path: Path) -> None:
    unsigned = open_log_at(tmp_path / "audit", "run-1", signer=None)
    write_night(unsigned, "run-1", ["C000"])
    unsigned.close()
    for selection in (Selection(), Selection("run", "run-1"), Selection("customer", "C000")):
        made = bundle(unsigned.folder, tmp_path / "b.zip", selection)
        assert (made.checkpoints, made.uncovered) == (0, made.records)
        found = checked(made.path)
        assert (found.faults, found.exit_code()) == ([], 3)


def test_a_log_that_is_not_whole_is_refused_or_bundled_as_evidence_of_that(log: Path, tmp_path: Path) -> None:
    import shutil

    folder = Path(shutil.copytree(log, tmp_path / log.name))
    path = min(folder.glob("seg-*.jsonl"))
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b'"host":"host"', b'"host":"HOST"', 1))
    with pytest.raises(AuditError):
        bundle(folder, tmp_path / "b.zip")
    assert not (tmp_path / "b.zip").exists()
    with pytest.raises(AuditError):
        bundle(folder, tmp_path / "b.zip", Selection("run", "run-2"), broken=True)
    made = bundle(folder, tmp_path / "b.zip", broken=True)
    assert not made.whole
    found = checked(made.path)
    assert (found.faults[0].kind, found.faults[0].seq, found.exit_code()) == ("edited", 1, 1)


@pytest.mark.parametrize("selection", [Selection("run", "run-9"), Selection("customer", "nobody")])
def test_what_the_log_does_not_have_is_told(log: Path, tmp_path: Path, selection: Selection) -> None:
    with pytest.raises(InputError):
        bundle(log, tmp_path / "b.zip", selection)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_not_kept_is_named_as_missing(log: Path, tmp_path: Path) -> None:
    import shutil

    folder = Path(shutil.copytree(log, tmp_path / log.name))
    gone = min((folder / "files").iterdir())
    gone.unlink()
    made = bundle(folder, tmp_path / "b.zip")
    assert made.missing == (gone.name,)
    found = checked(made.path)
    assert found.faults == []
    assert ("files_missing", {"count": 1}) in found.unproven


def test_the_readme_speaks_both_languages(log: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(bundle(log, tmp_path / "b.zip").path) as opened:
        text = opened.read("README.txt").decode("utf-8-sig")
        assert opened.read("standalone_verify.py") == Path(standalone.__file__).read_bytes()
    for member in ("manifest.json", "records.jsonl", "proofs.json", "keys.txt", "files/", "anchors/"):
        assert text.count(member) >= 2
    assert "怎样核对" in text

"""The verifier that needs nothing: its parts against others' code, and itself in the hands of a stranger."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fakes import Quiet
from hypothesis import given
from hypothesis import strategies as st
from tampering_logs import KEY, open_log_at, signed_log, write_night

from u8sync.audit import merkle
from u8sync.audit import standalone_verify as standalone
from u8sync.audit.bundle import Selection, make_bundle
from u8sync.audit.chain import encode, parse
from u8sync.audit.segments import CHECKPOINT
from u8sync.text import Message

SOURCE = Path(standalone.__file__)

VECTORS = [  # RFC 8032, 7.1: public key, message, signature
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return signed_log(tmp_path_factory.mktemp("audit"), nights=2)


def run(*words: object, encoding: str = "utf-8", **environment: str) -> tuple[int, str, str]:
    """The verifier as a person starts it: another process, no u8sync, no installed packages."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(SOURCE), *map(str, words)]
        if not environment
        else [sys.executable, "-S", str(SOURCE), *map(str, words)],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": "", **environment},
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout.decode(encoding, "replace"), done.stderr.decode(encoding, "replace")


def test_it_is_python_3_8_and_imports_nothing_but_the_standard_library() -> None:
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"), feature_version=(3, 8))
    imported = {
        name.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
    }
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= set(sys.stdlib_module_names)
    newer = {"removeprefix", "removesuffix", "bit_count", "file_digest", "pairwise", "batched"}
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not used & newer


def test_every_sentence_has_both_languages_with_the_same_places() -> None:
    import string

    for name, (english, chinese) in standalone.SENTENCES.items():
        places = [{field for _, field, _, _ in string.Formatter().parse(text) if field} for text in (english, chinese)]
        assert places[0] == places[1], name


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_signatures_of_rfc_8032(public: str, message: str, signature: str) -> None:
    key, text, signed = bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature)
    assert standalone.verify_signature(key, text, signed)
    assert not standalone.verify_signature(key, text + b"x", signed)
    s = int.from_bytes(signed[32:], "little") + standalone.ORDER
    assert not standalone.verify_signature(key, text, signed[:32] + s.to_bytes(32, "little"))
    for at in range(64):
        spoilt = bytearray(signed)
        spoilt[at] ^= 1
        assert not standalone.verify_signature(key, text, bytes(spoilt))


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=80))
def test_signatures_of_another_library(seed: bytes, message: bytes) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    assert standalone.verify_signature(private.public_key().public_bytes_raw(), message, private.sign(message))


@pytest.mark.parametrize(
    "public",
    [
        pytest.param((1).to_bytes(32, "little"), id="neutral"),
        pytest.param((standalone.P + 1).to_bytes(32, "little"), id="not canonical"),
        pytest.param(bytes(31) + b"\x80", id="small order"),
        pytest.param((2).to_bytes(32, "little"), id="not on the curve"),
    ],
)
def test_a_key_that_is_no_good_point_verifies_nothing(public: bytes) -> None:
    for message in (b"a", b"b", b"c"):
        assert not standalone.verify_signature(public, message, (1).to_bytes(32, "little") + bytes(32))


@given(st.data(), st.integers(1, 70))
def test_the_tree_and_its_proofs_are_those_of_the_other_code(data: st.DataObject, size: int) -> None:
    leaves = [merkle.leaf_hash(bytes([number])) for number in range(size)]
    tree = standalone.Tree()
    for leaf in leaves:
        tree.add(leaf)
    assert tree.root() == merkle.root_of(leaves)
    first = data.draw(st.integers(1, size))
    proof = merkle.consistency_proof(first, size, merkle.nodes_of(leaves))
    old = merkle.root_of(leaves[:first])
    assert standalone.roots_from_growth(first, size, old, proof) == (old, tree.root())
    index = data.draw(st.integers(0, size - 1))
    inclusion = merkle.inclusion_proof(index, size, merkle.nodes_of(leaves))
    assert merkle.verify_inclusion(leaves[index], index, size, inclusion, tree.root())
    frontier = merkle.Frontier()
    for leaf in leaves[:first]:
        frontier.append(leaf)
    later = standalone.Tree(first, frontier.hashes)
    for leaf in leaves[first:]:
        later.add(leaf)
    assert later.root() == tree.root()


@given(st.binary(max_size=40) | st.text(max_size=30).map(str.encode))
def test_a_line_is_a_record_for_both_or_for_neither(noise: bytes) -> None:
    record = {
        **dict.fromkeys(("v", "seq", "mono_us", "pid"), 1),
        **dict.fromkeys(("prev", "ts", "type", "run_id", "target", "host", "tool_version"), "x"),
    }
    line = encode(record)
    for text in (noise, line, line.replace(b'"host":"x"', b'"host":"' + noise + b'"'), line[:-1] + noise + b"}"):
        try:
            standalone.parse_record(text.decode(), text)
            alone = True
        except ValueError:
            alone = False
        assert alone != isinstance(parse(text), Message), text


@pytest.mark.parametrize(
    "value",
    [
        "1.0",
        "1e3",
        "-0",
        "9007199254740992",
        "-9007199254740992",
        "[0,9007199254740992]",
        '{"b":[-9007199254740992]}',
        "1" * 5000,
        "NaN",
        '{"键":1}',
        '{"b":1,"a":2}',
        '"\\u0041"',
        " 1",
    ],
)
def test_what_has_another_spelling_is_no_record(value: str) -> None:
    record = {
        **dict.fromkeys(("v", "seq", "mono_us", "pid"), 1),
        **dict.fromkeys(("prev", "ts", "type", "run_id", "target", "host", "tool_version"), "x"),
    }
    good = '{"a":0,' + encode(record).decode()[1:]
    standalone.parse_record(good, good.encode())
    bad = good.replace('"a":0', f'"a":{value}')
    with pytest.raises(ValueError):  # noqa: PT011
        standalone.parse_record(bad, bad.encode())


@pytest.mark.parametrize(
    "value", ["9007199254740991", "[-9007199254740991]", '"0x9007199254740992"', '":9007199254740992"']
)
def test_the_largest_numbers_and_numbers_in_text_are_read(value: str) -> None:
    record = {
        **dict.fromkeys(("v", "seq", "mono_us", "pid"), 1),
        **dict.fromkeys(("prev", "ts", "type", "run_id", "target", "host", "tool_version"), "x"),
    }
    line = f'{{"a":{value},{encode(record).decode()[1:]}'
    assert standalone.parse_record(line, line.encode())["a"] == json.loads(value)


def test_where_the_library_writes_otherwise_the_slow_way_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the verifier asks of the library's inside may not be there in another Python."""
    value = {"b": [1, None, True, "\u00e9\n"], "a": {"y": {}, "x": "重要"}}
    written = standalone.encode(value)
    monkeypatch.setattr(json.encoder, "c_make_encoder", None)
    assert standalone.dictionary_writer()(value) == written


def test_alone_on_another_machine_it_checks_a_bundle_and_a_folder(log: Path, tmp_path: Path) -> None:
    made = make_bundle(log, tmp_path / "证据.zip", Selection(), archive=None, even_if_broken=False, progress=Quiet())
    for path in (made.path, log):
        code, said, wrong = run(path, "--key", KEY.verification.text, "--lang", "en")
        assert (code, wrong) == (0, "")
        assert "WHOLE, and vouched for from outside" in said
        assert run(path, "--lang", "en")[0] == 3
        code, said, _ = run(path, "--json")
        assert json.loads(said)["exit_code"] == code == 3


@pytest.mark.parametrize("encoding", ["ascii", "gbk", "utf-8", "cp437"])
def test_no_console_breaks_it(log: Path, encoding: str) -> None:
    for language in ("zh", "en"):
        code, said, wrong = run(log, "--lang", language, encoding=encoding, PYTHONIOENCODING=encoding)
        assert (code, wrong) == (3, "")
        assert ("完整" in said) == (language == "zh" and encoding in {"gbk", "utf-8"})


def test_wrong_usage_and_what_cannot_be_read_have_their_own_codes(tmp_path: Path, log: Path) -> None:
    (tmp_path / "no.zip").write_bytes(b"PK")
    assert run()[0] == 64
    assert run(log, "--key", "nonsense")[0] == 64
    assert run(log, "--checkpoint", tmp_path / "no.zip")[0] == 64
    assert run(log, "--checkpoint", tmp_path / "nowhere")[0] == 74
    assert run(tmp_path / "no.zip")[0] == 74
    assert run(tmp_path / "nowhere.zip")[0] == 74
    assert run(tmp_path)[0] == 74


def test_the_argument_that_cannot_be_used_is_named(tmp_path: Path, log: Path) -> None:
    kept = tmp_path / "kept.checkpoint"
    kept.write_bytes((log / CHECKPOINT).read_bytes())
    _, _, wrong = run(log, "--checkpoint", kept, "--key", KEY.verification.text, "--key", "nonsense", "--lang", "en")
    assert wrong.strip() == "this is no public key or no checkpoint: nonsense"


def test_a_compressed_log_is_read_and_a_damaged_one_is_told(tmp_path: Path) -> None:
    import gzip

    folder = signed_log(tmp_path, segment_bytes=3000)
    first = min(folder.glob("seg-*.jsonl"))
    packed = first.with_name(first.name + ".gz")
    packed.write_bytes(gzip.compress(first.read_bytes()))
    first.unlink()
    assert standalone.main([str(folder)]) == 3
    packed.write_bytes(packed.read_bytes()[:-20])
    assert standalone.main([str(folder)]) == 1


def test_an_open_change_and_a_torn_line_are_no_tampering(tmp_path: Path) -> None:
    died = open_log_at(tmp_path, "run-1")
    write_night(died, "run-1", ["C000"], dies_after=1)
    died.close()
    assert standalone.main([str(died.folder)]) == 2
    path = died.folder / "seg-000001.jsonl"
    path.write_bytes(path.read_bytes() + b'{"torn')
    assert standalone.main([str(died.folder)]) == 2


def test_a_plan_that_was_not_what_was_sent_is_found(tmp_path: Path) -> None:
    honest = open_log_at(tmp_path / "honest", "run-1")
    write_night(honest, "run-1", ["C000", "C001"])
    honest.close()
    records = [json.loads(line) for line in (honest.folder / "seg-000001.jsonl").read_bytes().splitlines()]
    story = standalone.Story(complete=True)
    for record in records:
        if record["type"] == "intent" and record["customer"] == "C001":
            record["after"] = {"cCusDefine5": "VIP"}
        wrong = story.take(record, encode(record).decode())
        assert (wrong == "plan_differs") == (record["type"] == "run_close"), record


# --- zip files that are traps -----------------------------------------------------------------------------------------


def trap(path: Path, *members: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in members:
            opened.writestr(name, data)
    return path


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/etc/passwd",
        "C:\\evil",
        "files/../../evil",
        "log/seg-000001.jsonl/",
        "files/evil",
        "\x1b[2J",
        "anchors/.x",
    ],
)
def test_a_name_that_no_bundle_has_is_refused(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = trap(tmp_path / "trap.zip", ("manifest.json", b"{}"), (name, b""))
    assert standalone.main([str(path)]) == 74
    assert "\x1b" not in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["trap.zip"]


def test_a_link_a_bomb_and_a_name_that_comes_twice_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("README.txt")
    link.external_attr = 0o120777 << 16
    assert standalone.main([str(trap(tmp_path / "link.zip", (link, b"/etc/passwd")))]) == 74
    bomb = trap(tmp_path / "bomb.zip", ("log/seg-000001.jsonl", bytes(20 << 20)))
    assert standalone.main([str(bomb)]) == 74
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = trap(tmp_path / "twice.zip", ("manifest.json", b"{}"), ("manifest.json", b"{}"))
    assert standalone.main([str(twice)]) == 74


def test_any_byte_of_the_file_may_be_anything_and_nothing_breaks(log: Path, tmp_path: Path) -> None:
    import random

    made = make_bundle(
        log, tmp_path / "b.zip", Selection("customer", "C001"), archive=None, even_if_broken=False, progress=Quiet()
    )
    data, dice = made.path.read_bytes(), random.Random(7)  # noqa: S311
    for _ in range(150):
        spoilt = bytearray(data)
        for _ in range(dice.choice((1, 1, 4))):
            spoilt[dice.randrange(len(spoilt))] = dice.randrange(256)
        made.path.write_bytes(bytes(spoilt))
        assert standalone.main([str(made.path), "--lang", "en"]) in {1, 3, 74}

"""What can be done to a log by somebody who writes its files, and what the two verifiers then say.

``full`` does it as often as it is told and counts: thousands of cases in a minute on one core.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from fakes import Quiet
from tampering_logs import KEY, NEW_KEY, STRANGER, open_log_at, signed_log, write_night

from u8sync.audit import standalone_verify as standalone
from u8sync.audit.chain import GENESIS, encode, link
from u8sync.audit.checkpoint import Checkpoint, Note, SigningKey, parse_checkpoint, parse_note
from u8sync.audit.merkle import Frontier
from u8sync.audit.reading import verify_folder
from u8sync.audit.segments import HEAD, head_bytes
from u8sync.errors import AuditError
from u8sync.ports import Head
from u8sync.text import Message

Files = dict[str, bytes]
Verdict = Literal["whole", "open", "not whole"]


# --- the logs ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Victim:
    """A log as it was written.

    Attributes:
        name: What is special about it.
        folder: Its folder's name.
        files: Name -> bytes of its segments and the head file.
        older: The same at an earlier time.
        keys: Public keys that somebody outside holds.
        kept: The newest checkpoint, kept outside; empty: none.
        verdict: What is true of it.
    """

    name: str
    folder: str
    files: Files
    older: Files
    keys: tuple[str, ...]
    kept: str
    verdict: Verdict


def victims(root: Path) -> list[Victim]:
    """Logs of every kind: signed, in segments, left open by a crash, torn, with a key that changed, unsigned."""
    codes = ["C000", "C001", "C002"]
    made = []
    folder = signed_log(root / "plain", nights=1)
    older = read_files(folder)
    for night in (2, 3):
        log = open_log_at(root / "plain", f"run-{night}")
        write_night(log, f"run-{night}", codes)
        log.close()
    made.append(_victim("signed", folder, older, "whole"))
    folder = signed_log(root / "segments", nights=1, segment_bytes=3000)
    older = read_files(folder)
    folder = _night(root / "segments", 2, codes, segment_bytes=3000)
    made.append(_victim("segments", folder, older, "whole"))
    folder = signed_log(root / "open", nights=2)
    older = read_files(folder)
    folder = _night(root / "open", 3, codes, dies_after=3)
    made.append(_victim("open", folder, older, "open"))
    folder = signed_log(root / "torn", nights=2)
    older = read_files(folder)
    last = max(folder.glob("seg-*.jsonl"))
    last.chmod(0o600)
    last.write_bytes(last.read_bytes() + b'{"batch":1,"custo')
    made.append(_victim("torn", folder, older, "open"))
    folder = signed_log(root / "rotated", nights=1)
    older = read_files(folder)
    log = open_log_at(root / "rotated", "rotation")
    log.hand_over(NEW_KEY)
    log.close()
    folder = _night(root / "rotated", 2, codes, signer=NEW_KEY)
    made.append(_victim("rotated", folder, older, "whole"))
    folder = _night(root / "unsigned", 1, codes, signer=None)
    older = read_files(folder)
    folder = _night(root / "unsigned", 2, codes, signer=None)
    made.append(_victim("unsigned", folder, older, "whole"))
    return made


def _night(root: Path, night: int, codes: Sequence[str], *, dies_after: int | None = None, **opening: Any) -> Path:
    log = open_log_at(root, f"run-{night}", **opening)
    write_night(log, f"run-{night}", codes, dies_after=dies_after)
    log.close()
    return log.folder


def _victim(name: str, folder: Path, older: Files, verdict: Verdict) -> Victim:
    files = read_files(folder)
    notes = [note for _, note in notes_in(files)]
    keys = (KEY.verification.text,) if notes else ()
    return Victim(name, folder.name, files, older, keys, notes[-1] if notes else "", verdict)


def read_files(folder: Path) -> Files:
    """The segments and the head file."""
    return {path.name: path.read_bytes() for path in [*sorted(folder.glob("seg-*.jsonl")), folder / HEAD]}


def notes_in(files: Mapping[str, bytes]) -> list[tuple[int, str]]:
    """Number of the record and text of every checkpoint."""
    records = (json.loads(line) for line in lines_in(files) if line.endswith(b"}\n"))
    return [(record["seq"], record["note"]) for record in records if record["type"] == "checkpoint"]


def segments_in(files: Mapping[str, bytes]) -> list[str]:
    return sorted(name for name in files if name != HEAD)


def lines_in(files: Mapping[str, bytes]) -> list[bytes]:
    """All lines, with LF."""
    return [line for name in segments_in(files) for line in files[name].splitlines(keepends=True)]


# --- what the verifiers say -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """What one verifier says: its verdict, and the first record that it names (null: none, or the log as a whole)."""

    verdict: Verdict
    first: int | None


def said_by_u8sync(folder: Path, keys: Sequence[str], kept: Sequence[str]) -> Said:
    """What ``audit verify`` finds."""
    from u8sync.audit.checkpoint import parse_key

    trusted = [key for key in map(parse_key, keys) if not isinstance(key, Message)]
    notes = [note for note in map(parse_note, kept) if isinstance(note, Note)]
    try:
        found = verify_folder(folder, Quiet(), keys=trusted, outside=notes)
    except AuditError:
        return Said("not whole", None)
    if found.faults:
        return Said("not whole", found.faults[0].seq)
    return Said("open" if found.open_intents or found.torn else "whole", None)


def said_standing_alone(folder: Path, keys: Sequence[str], kept: Sequence[str]) -> Said:
    """What the standalone verifier finds."""
    seals = standalone.Seals(list(map(standalone.parse_key, keys)), list(map(standalone.parse_checkpoint, kept)))
    try:
        found = standalone.check_folder(str(folder), None, seals)
    except standalone.Unreadable:
        return Said("not whole", None)
    if found.faults:
        return Said("not whole", found.faults[0].seq or None)
    return Said("open" if found.open or found.torn else "whole", None)


# --- what is done -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attack:
    """One way to tamper.

    Attributes:
        name: What it is.
        do: Victim, dice -> the files afterwards; null when it cannot be done to this victim.
        needs_outside: Whether only something from outside shows it: a key or checkpoint that was kept.
    """

    name: str
    do: Callable[[Victim, random.Random], Files | None]
    needs_outside: bool = False


def _bytes(change: Callable[[bytearray, random.Random], object]) -> Callable[[Victim, random.Random], Files]:
    def do(victim: Victim, dice: random.Random) -> Files:
        name = dice.choice(segments_in(victim.files))
        data = bytearray(victim.files[name])
        for _ in range(dice.choice((1, 1, 1, 2, 5))):
            if data:
                change(data, dice)
        return {**victim.files, name: bytes(data)}

    return do


def _lines(change: Callable[[list[bytes], random.Random], object]) -> Callable[[Victim, random.Random], Files]:
    def do(victim: Victim, dice: random.Random) -> Files:
        name = dice.choice(segments_in(victim.files))
        lines = victim.files[name].splitlines(keepends=True)
        change(lines, dice)
        return {**victim.files, name: b"".join(lines)}

    return do


def _flip(data: bytearray, dice: random.Random) -> None:
    at = dice.randrange(len(data))
    data[at] ^= 1 << dice.randrange(8)


def _insert(data: bytearray, dice: random.Random) -> None:
    at = dice.randrange(len(data))
    data[at:at] = bytes(dice.randrange(256) for _ in range(dice.choice((1, 1, 3))))


def _delete(data: bytearray, dice: random.Random) -> None:
    at = dice.randrange(len(data))
    del data[at : at + dice.choice((1, 1, 3, 200))]


def _cut(data: bytearray, dice: random.Random) -> None:
    del data[dice.randrange(len(data)) :]


def _swap(lines: list[bytes], dice: random.Random) -> None:
    one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]


def _move(lines: list[bytes], dice: random.Random) -> None:
    lines.insert(dice.randrange(len(lines)), lines.pop(dice.randrange(len(lines))))


def _cut_lines(lines: list[bytes], dice: random.Random) -> None:
    del lines[dice.randrange(len(lines)) :]


def _double(lines: list[bytes], dice: random.Random) -> None:
    lines.insert(dice.randrange(len(lines) + 1), dice.choice(lines))


def _other_value(lines: list[bytes], dice: random.Random) -> None:
    """A value changed by somebody who knows the form."""
    at = dice.randrange(len(lines))
    if lines[at].endswith(b"}\n"):
        record = json.loads(lines[at])
        name = dice.choice(sorted(record))
        record[name] = f"{record[name]}0" if isinstance(record[name], str) else 7
        lines[at] = encode(record) + b"\n"


def _double_segment(victim: Victim, dice: random.Random) -> Files:
    names = segments_in(victim.files)
    number = int(names[-1][4:10]) + 1
    target = dice.choice([*names, f"seg-{number:06d}.jsonl"])
    return {**victim.files, target: victim.files[dice.choice(names)]}


def _lose_segment(victim: Victim, dice: random.Random) -> Files:
    gone = dice.choice(segments_in(victim.files))
    return {name: data for name, data in victim.files.items() if name != gone}


def _swap_segments(victim: Victim, dice: random.Random) -> Files:
    one, other = dice.choice(segments_in(victim.files)), dice.choice(segments_in(victim.files))
    return {**victim.files, one: victim.files[other], other: victim.files[one]}


def _older_log(victim: Victim, _: random.Random) -> Files:
    """An older copy of the log, with its own head."""
    return dict(victim.older)


def _older_log_newer_head(victim: Victim, _: random.Random) -> Files:
    return {**victim.older, HEAD: victim.files[HEAD]}


def _no_head(victim: Victim, dice: random.Random) -> Files:
    head = dice.choice([None, b"", b"{}", victim.files[HEAD][: dice.randrange(100)], b"[" * 50])
    rest = {name: data for name, data in victim.files.items() if name != HEAD}
    return rest if head is None else {**rest, HEAD: head}


def _anew(victim: Victim, dice: random.Random, *, signer: SigningKey | None, strip: bool, head: bool) -> Files | None:
    """The log made anew after a change: a value changed or a record taken out, every number and link put right.

    Args:
        victim: Whose.
        dice: Says where.
        signer: Signs the checkpoints anew; null: the old signatures stay.
        strip: Whether keys and checkpoints are taken out.
        head: Whether the head file is made anew too.
    """
    records = [json.loads(line) for line in lines_in(victim.files) if line.endswith(b"}\n")]
    at = dice.randrange(len(records))
    if records[at]["type"] in {"segment_open", "checkpoint", "key", "recovered_tail"}:
        return None
    if dice.random() < 0.5 and records[at]["type"] == "guard":
        del records[at]
    else:
        records[at]["host"] = "elsewhere"
    if strip:
        records = [record for record in records if record["type"] not in {"key", "checkpoint"}]
    return relinked(victim, records, signer=signer, head=head)


def relinked(
    victim: Victim, records: Sequence[dict[str, Any]], *, signer: SigningKey | None = None, head: bool = True
) -> Files:
    """The files of a log of these records, every number and link put right."""
    files: Files = {}
    name, previous, tree = "", GENESIS, Frontier()
    for seq, record in enumerate(records, 1):
        record |= {"seq": seq, "prev": previous}
        if record["type"] == "segment_open":
            name = f"seg-{record['segment']:06d}.jsonl"
        if signer is not None and record["type"] == "key":
            record["key"] = signer.verification.text
        if signer is not None and record["type"] == "checkpoint":
            old = parse_checkpoint(record["note"].rpartition("\n\n")[0] + "\n")
            assert isinstance(old, Checkpoint)
            body = Checkpoint(old.origin, tree.size, tree.root(), old.time, old.account_set).body
            record["note"] = Note(body, (signer.sign(body),)).text
        line = encode(record)
        previous = link(line)
        tree.append(bytes.fromhex(previous))
        files[name] = files.get(name, b"") + line + b"\n"
    return {**files, HEAD: head_bytes(Head(tree.size, previous)) if head else victim.files[HEAD]}


ATTACKS: tuple[Attack, ...] = (
    Attack("bits flipped", _bytes(_flip)),
    Attack("bytes put in", _bytes(_insert)),
    Attack("bytes taken out", _bytes(_delete)),
    Attack("cut off at a byte", _bytes(_cut)),
    Attack("cut off at a line", _lines(_cut_lines)),
    Attack("line taken out", _lines(lambda lines, dice: lines.pop(dice.randrange(len(lines))))),
    Attack("line doubled", _lines(_double)),
    Attack("lines swapped", _lines(_swap)),
    Attack("line moved", _lines(_move)),
    Attack("lines sorted", _lines(lambda lines, _: lines.sort())),
    Attack("CR LF by an editor", _lines(lambda lines, _: lines.__setitem__(slice(None), _crlf(lines)))),
    Attack("value changed in form", _lines(_other_value)),
    Attack("segment doubled", _double_segment),
    Attack("segment lost", _lose_segment),
    Attack("segments swapped", _swap_segments),
    Attack("older copy under the newer head", _older_log_newer_head),
    Attack("head spoilt", _no_head),
    Attack("made anew, old head", lambda v, dice: _anew(v, dice, signer=None, strip=False, head=False)),
    Attack("older copy with its head", _older_log, needs_outside=True),
    Attack("made anew, old signatures", lambda v, dice: _anew(v, dice, signer=None, strip=False, head=True), True),
    Attack("made anew, seals taken out", lambda v, dice: _anew(v, dice, signer=None, strip=True, head=True), True),
    Attack(
        "made anew, signed by a stranger", lambda v, dice: _anew(v, dice, signer=STRANGER, strip=False, head=True), True
    ),
)


def _crlf(lines: Sequence[bytes]) -> list[bytes]:
    return [line.replace(b"\n", b"\r\n") for line in lines]


# --- doing it ---------------------------------------------------------------------------------------------------------


@dataclass
class Count:
    """What came of many cases.

    Attributes:
        cases: Attack -> number of cases.
        beyond: Cases that nothing from outside can show: the part that the kept checkpoint covers is untouched.
        missed: Other cases that a verifier did not find: attack, victim, number of the case, which verifier.
        apart: Cases in which the verdicts differ: attack, victim, number of the case, what each said.
        named_alike: Cases in which both name the same first record.
    """

    cases: Counter[str] = field(default_factory=Counter)
    beyond: int = 0
    missed: list[tuple[str, str, int, str]] = field(default_factory=list)
    apart: list[tuple[str, str, int, str, str]] = field(default_factory=list)
    named_alike: int = 0


def tamper(victims: Sequence[Victim], root: Path, *, cases: int, seed: int = 1) -> Count:
    """Tamper so many times, with the last checkpoint and the key known outside, and ask both verifiers.

    Args:
        victims: The logs.
        root: An empty folder to work in.
        cases: How often.
        seed: Of the dice.
    """
    count = Count()
    for number in range(cases):
        dice = random.Random(f"{seed}-{number}")  # noqa: S311 - dice that fall alike every time
        victim, attack = victims[number % len(victims)], ATTACKS[number // len(victims) % len(ATTACKS)]
        if attack.needs_outside and not victim.keys:
            continue
        files = attack.do(victim, dice)
        if files is None or _same_log(files, victim.files):
            continue
        count.cases[attack.name] += 1
        folder = put(root / victim.folder, files)
        kept = [victim.kept] if victim.kept else []
        ours, alone = said_by_u8sync(folder, victim.keys, kept), said_standing_alone(folder, victim.keys, kept)
        found = {"audit verify": ours, "standalone": alone}
        if attack.needs_outside and _beyond_evidence(victim, files):
            count.beyond += 1
            found = {}
        count.missed += [
            (attack.name, victim.name, number, who) for who, said in found.items() if not _found(said, victim, files)
        ]
        if ours.verdict != alone.verdict:
            count.apart.append((attack.name, victim.name, number, ours.verdict, alone.verdict))
        count.named_alike += ours.first == alone.first
    return count


def _found(said: Said, victim: Victim, files: Files) -> bool:
    """Whether tampering was noticed. A torn end that was cut off or made longer is still only a torn end."""
    return said.verdict == "not whole" or (victim.name == "torn" and _same_but_tail(files, victim.files))


def _beyond_evidence(victim: Victim, files: Files) -> bool:
    """Whether all that the kept checkpoint covers is as it was."""
    covered, _ = notes_in(victim.files)[-1]
    return lines_in(files)[:covered] == lines_in(victim.files)[:covered]


def _same_but_tail(files: Files, others: Files) -> bool:
    whole = [[line for line in lines_in(one) if line.endswith(b"\n")] for one in (files, others)]
    return whole[0] == whole[1] and files.get(HEAD) == others[HEAD] and set(files) == set(others)


def _same_log(files: Files, others: Files) -> bool:
    return files == others


def put(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Make the folder hold these files and no others."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.name not in files:
            path.unlink()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def full(cases: int) -> Count:
    """Tamper so often and print the counts."""
    with TemporaryDirectory() as name:
        root = Path(name)
        count = tamper(victims(root / "made"), root / "work", cases=cases)
    total = sum(count.cases.values())
    for attack, number in count.cases.most_common():
        print(f"{number:8,} {attack}")  # noqa: T201
    print(  # noqa: T201
        f"{total:,} tampered logs · missed: {len(count.missed)} · verdicts apart: {len(count.apart)}"
        f" · beyond what is kept outside: {count.beyond}"
        f" · same first record named: {count.named_alike / max(total, 1):.1%}"
    )
    return count


if __name__ == "__main__":
    import sys

    done = full(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
    sys.exit(1 if done.missed or done.apart else 0)

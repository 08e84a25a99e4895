"""The evidence bundle: one zip file from which an auditor, without u8sync, sees what a log says and that it is true.

What lives here: which records and files go in, the proofs that tie them to the log's checkpoints, and the zip file.
What does not: the check of a bundle, which is ``standalone_verify.py`` and shares no code with this.

The idea: the bytes of a record never change, so that the log itself is evidence. For a part of it, the hashes of whole
subtrees stand for the records that are left out, and the newest checkpoint covers both.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zipfile
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal

from u8sync.audit.chain import link, parse
from u8sync.audit.checkpoint import Checkpoint, parse_checkpoint, parse_note
from u8sync.audit.findings import Verification
from u8sync.audit.history import passed_over_of
from u8sync.audit.merkle import consistency_proof, nodes_of, root_of
from u8sync.audit.reading import verify_folder
from u8sync.audit.segments import BASE, FILES, DamagedError, Segment, bytes_of, read_head, segments_of
from u8sync.errors import AuditError, InputError
from u8sync.ports import Progress, Record
from u8sync.text import Message, msg

__all__ = ["FORMAT", "Bundled", "Selection", "make_bundle"]

FORMAT: Final = "u8sync-bundle-1"
"""Form of a bundle: what its manifest says first."""

VERIFIER: Final = "standalone_verify.py"
README: Final = "README.txt"
ANCHORS: Final = "anchors"

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""Time of every member: the same log gives the same bytes."""

_DIGEST: Final = re.compile(r'"([0-9a-f]{64})"')
_ANCHOR: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}", re.ASCII)
_STAMP: Final = re.compile(r"([0-9]{12,16})-[0-9a-f]{8}\.tsr", re.ASCII)
"""Name of a time stamp: the size of its checkpoint comes first."""

_ANCHOR_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class Selection:
    """What goes in.

    Attributes:
        kind: ``all``: the whole log; ``run``: all records of one run; ``customer``: all changes of one
            customer, and when its tier was held.
        name: The run, or the customer's code; empty for the whole log.
    """

    kind: Literal["all", "run", "customer"] = "all"
    name: str = ""

    @property
    def plain(self) -> dict[str, str]:
        """As the manifest says it."""
        return {"kind": self.kind} | ({self.kind: self.name} if self.name else {})


@dataclass(frozen=True)
class Bundled:
    """What was made.

    Attributes:
        path: The file.
        sha256: Hash of its bytes, hex: what to write down beside it.
        records: Records in it.
        checkpoints: Checkpoints in it; 0: nothing of it is signed.
        uncovered: Records in it that no checkpoint covers yet.
        missing: Hashes of files that the records name and the log did not keep.
        whole: Whether the log was found whole.
    """

    path: Path
    sha256: str
    records: int
    checkpoints: int
    uncovered: int
    missing: tuple[str, ...]
    whole: bool


def make_bundle(
    folder: Path,
    out: Path,
    selection: Selection,
    *,
    archive: Path | None,
    even_if_broken: bool,
    checkpoints: Collection[int] = (),
    progress: Progress,
) -> Bundled:
    """Check a log and put it, or a part of it, into a zip file.

    Args:
        folder: The log.
        out: The file to make; one that is there is replaced, once the new one is whole.
        selection: What goes in.
        archive: Where older segments were moved to; null: nowhere.
        even_if_broken: Whether a log that is not whole is bundled too, as evidence of that; only as a whole.
        checkpoints: For a part: sizes of further checkpoints that go in, such as those that an auditor holds.
        progress: Hears of the check.

    Raises:
        AuditError: The log is not whole, or cannot be read.
        InputError: The log has no such run or customer, or the file cannot be written.
    """
    found = verify_folder(folder, progress, archive=archive)
    if found.faults and not (even_if_broken and selection.kind == "all"):
        raise AuditError(
            msg("The audit log {folder} is not whole: {fault}", folder=str(folder), fault=found.faults[0].message),
            hint=msg("'u8sync audit verify' lists every fault. --even-if-broken bundles the whole log as it is."),
        )
    segments = [one for one in segments_of(folder, archive) if one.number > found.base.segments]
    if selection.kind != "all" and found.base.count:
        raise InputError(
            msg(
                "The first {count:,} records of the log were moved away, and a part needs all of it",
                count=found.base.count,
            ),
            hint=msg("Name the folder that they were moved to with --archive, or bundle the whole log."),
        )
    content = (
        _Content.whole(found, segments)
        if selection.kind == "all"
        else _Content.part(found, segments, selection, frozenset(checkpoints))
    )
    temporary = out.with_name(f"{out.name}.new")
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as opened:
            missing = _write(_Zip(opened), folder, found, segments, selection=selection, content=content)
        temporary.replace(out)
        with out.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise InputError(
            msg("{path} cannot be written: {why}", path=str(out), why=error.strerror or str(error)),
            hint=msg("Name another file with --out."),
        ) from None
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return Bundled(out, digest, content.records, len(content.notes), content.uncovered, missing, whole=not found.faults)


# --- what goes in -----------------------------------------------------------------------------------------------------


@dataclass
class _Content:
    """What a pass over the log found to go in.

    Attributes:
        target: The account set.
        records: Number of records.
        numbers: For a part: the records' numbers; empty for the whole log.
        leaves: For a part: the hashes of all records of the log.
        notes: Size -> checkpoint note.
        keys: Public keys, in the order of the log.
        files: Hash that a record names -> whether it is certainly that of a file.
        uncovered: Records that no checkpoint covers.
    """

    target: str = ""
    records: int = 0
    numbers: tuple[int, ...] = ()
    leaves: list[bytes] = field(default_factory=list)
    notes: dict[int, str] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    files: dict[str, bool] = field(default_factory=dict)
    uncovered: int = 0

    @classmethod
    def whole(cls, found: Verification, segments: Sequence[Segment]) -> _Content:
        """Everything."""
        content = cls(records=found.head.count - found.base.count)
        if found.base.key is not None:
            content.keys.append(found.base.key)
        for line in _lines(segments, None if found.faults else content.records):
            record = parse(line)
            if not isinstance(record, Message):
                content.name(record)
        newest = max(content.notes, default=0)
        content.uncovered = content.records if not newest else max(found.head.count - newest - 1, 0)
        return content

    @classmethod
    def part(
        cls, found: Verification, segments: Sequence[Segment], selection: Selection, sizes: frozenset[int]
    ) -> _Content:
        """The records of a run or customer, and what they need to be proved."""
        count = found.head.count
        choice = _Choice(selection, sizes)
        leaves = []
        for line in _lines(segments, count):
            record = _parsed(line)
            leaves.append(bytes.fromhex(link(line)))
            choice.take(record)
        numbers = choice.numbers()
        content = cls(records=len(numbers), numbers=numbers, leaves=leaves)
        wanted = set(numbers)
        for seq, line in enumerate(_lines(segments, count), 1):
            if seq in wanted:
                content.name(_parsed(line))
        newest = max(content.notes, default=0)
        content.uncovered = sum(1 for seq in numbers if seq > newest + (1 if newest else 0))
        return content

    def name(self, record: Record) -> None:
        """Read what a record names that has to go in with it."""
        self.target = self.target or str(record["target"])
        match record["type"]:
            case "checkpoint":
                checkpoint = _parsed_note(str(record.get("note")))
                if checkpoint is not None:
                    self.notes[checkpoint.size] = str(record["note"])
            case "key":
                self.keys.append(str(record.get("key")))
            case "run_open" | "plan":
                seal = record.get("seal")
                certain = [record.get("config_sha256")]
                certain += [seal.get("mapping"), seal.get("policy")] if isinstance(seal, dict) else []
                said = json.dumps({**record, "prev": None, "plan": None})
                for digest in _DIGEST.findall(said):
                    self.files[digest] = self.files.get(digest, False) or digest in certain
            case _:
                pass


class _Choice:
    """Which records of a log belong to a run or customer."""

    def __init__(self, selection: Selection, sizes: frozenset[int]) -> None:
        self._selection = selection
        self._sizes = sizes
        self._chosen: set[int] = set()
        self._names: set[str] = set()
        self._frames: dict[str, list[int]] = {}  # run -> its records that are of no single customer
        self._wanted_frames: set[str] = set()
        self._checkpoints: list[int] = []
        self._after_key = False
        self._first = self._last = 0  # of the run itself
        self._count = 0

    def take(self, record: Record) -> None:
        """Look at the next record."""
        self._count += 1
        seq, kind, run = self._count, record["type"], str(record["run_id"])
        if kind == "key":
            self._chosen.add(seq)
            self._after_key = True
        elif kind == "checkpoint":
            self._checkpoints.append(seq)
            # The one that says that a key took over, and those that are asked for.
            if self._after_key or seq - 1 in self._sizes:
                self._chosen.add(seq)
            self._after_key = False
        elif kind in {"run_open", "plan", "guard", "approval", "run_close"}:
            self._frames.setdefault(run, []).append(seq)
        if self._selection.kind == "run":
            self._of_run(record, seq, str(kind), run)
        elif self._is_of_customer(record, str(kind)):
            self._chosen.add(seq)
            self._wanted_frames.add(run)

    def _is_of_customer(self, record: Record, kind: str) -> bool:
        """Whether a record says what became of the customer; one that tells of held tiers names others as well."""
        if kind == "hold":
            return any(passed_over_of(record, frozenset({self._selection.name})))
        return (
            kind in {"wait", "decision", "intent", "outcome", "settle"}
            and record.get("customer") == self._selection.name
        )

    def _of_run(self, record: Record, seq: int, kind: str, run: str) -> None:
        wanted = self._selection.name
        if run == wanted:
            if kind == "run_open":
                self._first = seq
            if self._first:
                self._last = seq
            decisions = record.get("decisions") if kind == "approval" else None
            self._chosen.update(int(str(one)) for one in (decisions if isinstance(decisions, list) else ()))
            return
        undoes = record.get("undoes")
        if record.get("of_run") == wanted or (isinstance(undoes, dict) and undoes.get("run_id") == wanted):
            self._chosen.add(seq)
            self._names.add(str(record.get("op_id")))
            self._wanted_frames.add(run)
        elif kind in {"outcome", "settle"} and record.get("op_id") in self._names:
            self._chosen.add(seq)
            self._wanted_frames.add(run)

    def numbers(self) -> tuple[int, ...]:
        """The numbers of the records that go in. Raises InputError when there are none."""
        chosen = set(self._chosen)
        if self._selection.kind == "run":
            if not self._first:
                raise InputError(
                    msg("The audit log has no run {run}", run=self._selection.name),
                    hint=msg("'u8sync audit runs' lists them."),
                )
            # The record after the last one shows that the run had no more.
            chosen.update(range(self._first, min(self._last + 1, self._count) + 1))
        elif not self._wanted_frames:
            raise InputError(
                msg(
                    "The audit log has no change and no held tier of customer {customer}", customer=self._selection.name
                ),
                hint=msg("Give the code as it stands in U8. 'u8sync audit list' lists the changes."),
            )
        for run in self._wanted_frames:
            chosen.update(self._frames.get(run, ()))
        first_after = next((seq for seq in self._checkpoints if seq > self._last), 0)
        chosen.update(self._checkpoints[:1] + self._checkpoints[-1:])
        if self._selection.kind == "run" and first_after:
            chosen.add(first_after)
        return tuple(sorted(chosen))


def _parsed_note(text: str) -> Checkpoint | None:
    note = parse_note(text)
    checkpoint = note if isinstance(note, Message) else parse_checkpoint(note.body)
    return None if isinstance(checkpoint, Message) else checkpoint


def _parsed(line: bytes) -> Record:
    record = parse(line)
    if isinstance(record, Message):
        raise AuditError(msg("The audit log changed while it was read"), hint=msg("Try again when no run is at work."))
    return record


def _lines(segments: Sequence[Segment], count: int | None) -> Iterator[bytes]:
    """The first ``count`` lines without LF; null: every one, also those that are no records."""
    left = count
    for segment in segments:
        for data in bytes_of(segment):
            if left == 0:
                return
            yield data.removesuffix(b"\n")
            left = None if left is None else left - 1


# --- proofs -----------------------------------------------------------------------------------------------------------


def _proofs(content: _Content) -> dict[str, Any]:
    """That the records stand at their places in the tree of the newest checkpoint, and that the log only ever grew."""
    size = max(content.notes, default=0)
    covered = [seq - 1 for seq in content.numbers if seq <= size]
    node = nodes_of(content.leaves)
    return {
        "tree_size": size,
        "hashes": _texts(_rest(covered, content.leaves, size)) if covered else [],
        "not_covered": [seq for seq in content.numbers if seq > size],
        "consistency": [
            {"first": first, "second": second, "hashes": _texts(consistency_proof(first, second, node))}
            for first, second in pairwise(sorted(content.notes))
        ],
    }


def _rest(chosen: Sequence[int], leaves: Sequence[bytes], size: int) -> list[bytes]:
    """The largest subtrees without a chosen leaf, from left to right: with the chosen leaves they give the root."""
    hashes: list[bytes] = []

    def walk(start: int, end: int) -> None:
        if bisect_left(chosen, start) == bisect_left(chosen, end):
            hashes.append(root_of(leaves[start:end]))
        elif end - start > 1:
            middle = start + (1 << ((end - start - 1).bit_length() - 1))
            walk(start, middle)
            walk(middle, end)

    walk(0, size)
    return hashes


def _texts(hashes: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(one).decode() for one in hashes]


# --- the zip file -----------------------------------------------------------------------------------------------------


class _Zip:
    """A zip file that is the same for the same content, and the list of what it holds."""

    def __init__(self, opened: zipfile.ZipFile) -> None:
        self._opened = opened
        self.members: dict[str, dict[str, int | str]] = {}

    def stream(self, name: str, pieces: Iterator[bytes]) -> None:
        """Add a member."""
        info = zipfile.ZipInfo(name, _EPOCH)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.create_system = 3  # whatever this system is: the same bytes everywhere
        info.external_attr = 0o100600 << 16
        digest, size = hashlib.sha256(), 0
        with self._opened.open(info, "w", force_zip64=True) as member:
            for piece in pieces:
                member.write(piece)
                digest.update(piece)
                size += len(piece)
        self.members[name] = {"bytes": size, "sha256": digest.hexdigest()}

    def add(self, name: str, data: bytes) -> None:
        """Add a small member."""
        self.stream(name, iter((data,)))

    def add_json(self, name: str, value: Mapping[str, Any]) -> None:
        """Add a JSON object in the one form that the verifier knows."""
        self.add(name, f"{json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1)}\n".encode())


def _write(
    made: _Zip,
    folder: Path,
    found: Verification,
    segments: Sequence[Segment],
    *,
    selection: Selection,
    content: _Content,
) -> tuple[str, ...]:
    """Write all members; returns the hashes of the files that are missing."""
    here = Path(__file__)
    made.add(README, here.with_name("bundle_readme.txt").read_bytes())
    made.add(VERIFIER, here.with_name(VERIFIER).read_bytes())
    if selection.kind == "all":
        if found.base.count:
            made.add_json(f"log/{BASE}", found.base.fields)
        for segment in segments:
            made.stream(f"log/{segment.name}", _raw(segment))
    else:
        wanted = frozenset(content.numbers)
        lines = enumerate(_lines(segments, found.head.count), 1)
        made.stream("records.jsonl", (line + b"\n" for seq, line in lines if seq in wanted))
        made.add_json("proofs.json", _proofs(content))
    for size, note in sorted(content.notes.items()):
        made.add(f"checkpoints/{size:012d}.checkpoint", note.encode())
    made.add("keys.txt", "".join(f"{key}\n" for key in content.keys).encode())
    missing = _write_files(made, folder, content)
    made.add_json("manifest.json", _manifest(folder, found, selection, content, missing) | {"members": made.members})
    return missing


def _manifest(
    folder: Path, found: Verification, selection: Selection, content: _Content, missing: Sequence[str]
) -> dict[str, Any]:
    """What the bundle is. Everything in it follows from the other members, so that no word of it can be changed."""
    newest = max(content.notes, default=0)
    origins = [parsed.origin for parsed in map(_parsed_note, content.notes.values()) if parsed is not None]
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "origin": origins[0] if origins else None,
        "account_set": content.target,
        "selection": selection.plain,
        "tree_size": found.head.count if selection.kind == "all" else newest,
        "records": content.records,
        "checkpoints": len(content.notes),
        "missing_files": list(missing),
        "whole": not found.faults,
    }
    if selection.kind == "all":
        head = read_head(folder) if found.faults else found.head
        manifest["head"] = {"count": head.count, "hash": head.hash} if head else None
    return manifest


def _write_files(made: _Zip, folder: Path, content: _Content) -> tuple[str, ...]:
    """The files that the records name, and what lies in the folder of the anchors."""
    missing = []
    for digest, certain in sorted(content.files.items()):
        path = folder / FILES / digest
        if path.is_file() and not path.is_symlink():
            made.add(f"{FILES}/{digest}", path.read_bytes())
        elif certain:
            missing.append(digest)
    anchors = folder / ANCHORS
    for path in sorted(anchors.iterdir()) if anchors.is_dir() else ():
        plain = path.is_file() and not path.is_symlink() and path.stat().st_size <= _ANCHOR_BYTES
        stamped = _STAMP.fullmatch(path.name)
        if plain and _ANCHOR.fullmatch(path.name) and (stamped is None or int(stamped[1]) in content.notes):
            made.add(f"{ANCHORS}/{path.name}", path.read_bytes())
    return tuple(missing)


def _raw(segment: Segment) -> Iterator[bytes]:
    """The bytes of a segment as they were written; of a damaged file those that can be unpacked."""
    try:
        yield from bytes_of(segment)
    except DamagedError:
        return

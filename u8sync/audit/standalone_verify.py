#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Python 3.8 and no other file: what the rules of the package want is not there.
# ruff: noqa: ANN401, B905, C901, D101, D102, D103, E501, EXE001, FBT001, FURB161, N818, PLR0911, PLR0912, PLR0915
# ruff: noqa: PLR1714, PLR2004, PTH100, PTH112, PTH118, PTH119, PTH123, PTH202, PTH208, RUF005, TRY301, UP006, UP031
# ruff: noqa: UP035, UP045
"""Check a u8sync audit log or evidence bundle. One file, Python 3.8 or newer, nothing to install.

    python standalone_verify.py FILE.zip [--key VKEY]... [--checkpoint FILE]... [--json] [--lang zh|en]
    python standalone_verify.py FOLDER   [--archive FOLDER] ...

It shares no code with u8sync, so that a mistake there is not repeated here. Take it from a place that you trust, not
from the bundle that you check. How it reads, from top to bottom: Ed25519 signatures; the Merkle tree; keys and
checkpoints; one record; the chain of records; the story that they tell; a folder; a bundle; the report.

The idea. Each record is one line and carries the SHA-256 of the line before it, so that a change anywhere shows at the
next line. That hash is also a leaf of a Merkle tree, whose root the log signs now and then: a checkpoint. Whoever can
write the files can make all of it anew, but cannot sign it, and cannot change a checkpoint that you kept. So bring at
least one thing from outside: the public key (--key) or a checkpoint that was kept elsewhere (--checkpoint).

Ends with 0 whole, and all of it vouched for from outside | 1 tampered | 2 whole, but a change is open or the last line
is torn | 3 whole, but nothing from outside vouches for all of it | 64 wrong usage | 74 cannot be read.

Sources: RFC 8785 (form of a line), RFC 9162 section 2.1 (tree), RFC 8032 (Ed25519), C2SP signed-note, tlog-checkpoint.
"""

from __future__ import annotations

import argparse
import base64
import bisect
import functools
import gzip
import hashlib
import io
import json
import locale
import operator
import os
import re
import stat
import sys
import zipfile
import zlib
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple

# --- Ed25519 (RFC 8032): checking only -------------------------------------------------------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
NEUTRAL = (0, 1, 1, 0)
Point = Tuple[int, int, int, int]  # x = X/Z, y = Y/Z, x*y = T/Z


def add(one: Point, two: Point) -> Point:
    a = (one[1] - one[0]) * (two[1] - two[0]) % P
    b = (one[1] + one[0]) * (two[1] + two[0]) % P
    c = 2 * one[3] * two[3] * D % P
    d = 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def compress(point: Point) -> bytes:
    inverse = pow(point[2], P - 2, P)
    return (point[1] * inverse % P | (point[0] * inverse % P & 1) << 255).to_bytes(32, "little")


def decompress(data: bytes) -> Optional[Point]:
    """The point, or nothing when these bytes are not the one right spelling of a point of the curve."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE_POINT = decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little")) or NEUTRAL


def verify_signature(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether this is the key's signature: S*B - k*A must be R, to the byte."""
    key = decompress(public)
    s = int.from_bytes(signature[32:], "little")
    if key is None or len(signature) != 64 or s >= ORDER:
        return False
    eightfold = key
    for _ in range(3):
        eightfold = add(eightfold, eightfold)
    if eightfold[0] == 0 and eightfold[1] == eightfold[2]:
        return False  # a key of small order fits everything
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    minus = (P - key[0], key[1], 1, P - key[3])
    terms = (NEUTRAL, BASE_POINT, minus, add(BASE_POINT, minus))
    total = NEUTRAL
    for bit in range(252, -1, -1):
        total = add(total, total)
        if s >> bit & 1 or k >> bit & 1:
            total = add(total, terms[(s >> bit & 1) + 2 * (k >> bit & 1)])
    return compress(total) == signature[:32]


# --- the Merkle tree (RFC 9162, 2.1) ---------------------------------------------------------------------------------


def leaf_hash(line: bytes) -> bytes:
    return hashlib.sha256(b"\0" + line).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    """A growing tree, kept as a binary number: at each level at most one complete subtree waits for its neighbour."""

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        """Go on after ``size`` leaves with the complete subtrees over them, the largest first."""
        self.size = size
        largest_first = list(peaks)
        self.waiting = [largest_first.pop() if size >> level & 1 else None for level in range(size.bit_length())]

    def add(self, leaf: bytes) -> None:
        self.size += 1
        for level, left in enumerate(self.waiting):
            if left is None:
                self.waiting[level] = leaf
                return
            leaf = node_hash(left, leaf)
            self.waiting[level] = None
        self.waiting.append(leaf)

    def root(self) -> bytes:
        root = None
        for left in self.waiting:
            if left is not None:
                root = left if root is None else node_hash(left, root)
        return hashlib.sha256().digest() if root is None else root


def split(size: int) -> int:
    """Where a tree of ``size`` leaves divides: the largest power of two below."""
    return 1 << (size - 1).bit_length() - 1


def root_from_parts(size: int, leaves: Dict[int, bytes], proof: List[bytes]) -> bytes:
    """The root of a tree of which some leaves are here, and of all the rest only the hashes of whole subtrees.

    ``proof`` names those subtrees from left to right. Raises ValueError when there are too few or too many.
    """
    known, rest = sorted(leaves), iter(proof)

    def over(start: int, end: int) -> bytes:
        if bisect.bisect_left(known, start) == bisect.bisect_left(known, end):
            return next(rest)
        if end - start == 1:
            return leaves[start]
        middle = start + split(end - start)
        left = over(start, middle)
        return node_hash(left, over(middle, end))

    try:
        root = over(0, size)
    except StopIteration:
        raise ValueError("too few hashes") from None
    if next(rest, None) is not None or not known or known[0] < 0 or known[-1] >= size:
        raise ValueError("the hashes do not fit")
    return root


def roots_from_growth(first: int, second: int, old_root: bytes, proof: List[bytes]) -> Tuple[bytes, bytes]:
    """The roots over ``first`` and over ``second`` leaves that a consistency proof leads to (RFC 9162, 2.1.4.1)."""
    rest = iter(proof)

    def over(old: int, size: int, whole: bool) -> Tuple[bytes, bytes]:
        if old == size:
            root = old_root if whole else next(rest)
            return root, root
        middle = split(size)
        if old <= middle:
            before, after = over(old, middle, whole)
            return before, node_hash(after, next(rest))
        before, after = over(old - middle, size - middle, False)
        left = next(rest)
        return node_hash(left, before), node_hash(left, after)

    if not 0 < first <= second:
        raise ValueError("sizes")
    try:
        roots = over(first, second, True)
    except StopIteration:
        raise ValueError("too few hashes") from None
    if next(rest, None) is not None:
        raise ValueError("too many hashes")
    return roots


# --- keys and checkpoints (C2SP signed-note, tlog-checkpoint) --------------------------------------------------------


class Key(NamedTuple):
    name: str
    id: bytes
    public: bytes
    text: str


class Checkpoint(NamedTuple):
    origin: str
    size: int
    root: bytes
    time: str
    account_set: str
    body: str
    signatures: List[Tuple[str, bytes, bytes]]  # name, id of the key, signature
    text: str


def unbase64(text: str, length: int) -> bytes:
    """Exactly ``length`` bytes in their one spelling; ValueError otherwise."""
    data = base64.b64decode(text, validate=True)
    if len(data) != length or base64.b64encode(data).decode() != text:
        raise ValueError("base64")
    return data


def parse_key(text: str) -> Key:
    """``name+id+key``. Raises ValueError."""
    name, short, long = text.split("+", 2)
    data = unbase64(long, 33)
    identity = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
    if not re.fullmatch(r"[^\s+]+", name) or data[0] != 1 or identity.hex() != short:
        raise ValueError("key")
    return Key(name, identity, data[1:], text)


def parse_checkpoint(text: str) -> Checkpoint:
    """A signed checkpoint; its signatures are not checked yet. Raises ValueError."""
    body, gap, tail = text.rpartition("\n\n")
    lines = body.split("\n")
    if not gap or not tail.endswith("\n") or len(lines) != 5 or len(text) > 16384:
        raise ValueError("note")
    signatures = []
    for line in tail[:-1].split("\n"):
        found = re.fullmatch("\u2014 ([^\\s+]+) ([A-Za-z0-9+/=]+)", line)
        if not found:
            raise ValueError("signature")
        data = unbase64(found.group(2), 68)
        signatures.append((found.group(1), data[:4], data[4:]))
    origin, size, root, time, account_set = lines
    if (
        not origin.startswith("u8sync/")
        or not re.fullmatch("0|[1-9][0-9]{0,15}", size)
        or not re.fullmatch(r"time \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", time, re.ASCII)
        or not account_set.startswith("account-set ")
    ):
        raise ValueError("checkpoint")
    return Checkpoint(origin, int(size), unbase64(root, 32), time[5:], account_set[12:], body + "\n", signatures, text)


@functools.lru_cache(maxsize=10000)
def signed_by(key: Key, text: str) -> bool:
    checkpoint = parse_checkpoint(text)
    return any(
        name == key.name and short == key.id and verify_signature(key.public, checkpoint.body.encode(), signature)
        for name, short, signature in checkpoint.signatures
    )


class Fault(NamedTuple):
    """``kind``: edited inserted removed moved truncated forked signature story file. ``seq`` 0: no single record."""

    kind: str
    seq: int
    place: str
    sentence: str
    values: Dict[str, Any]


class Seals:
    """The keys and checkpoints that a log names, in its order, and those that came from outside."""

    def __init__(self, trusted: List[Key], kept: List[Checkpoint]) -> None:
        self.given, self.trusted = tuple(trusted), list(trusted)
        self.named: List[Key] = []
        self.current: Optional[Key] = None
        self.successor: Optional[Key] = None
        self.lost = False
        self.kept = sorted(kept, key=lambda one: one.size)  # not yet compared
        self.compared: List[Checkpoint] = []
        self.origin = ""
        self.roots: Dict[int, bytes] = {}  # of the log's checkpoints: size -> root
        self.texts: Dict[int, str] = {}
        self.signed = 0  # records under a checkpoint of the log, whoever's key signed it
        self.trusted_size = self.kept_size = 0  # records that a trusted key, a kept checkpoint vouches for
        self.notes: List[Tuple[str, Dict[str, Any]]] = []

    @property
    def vouched(self) -> int:
        """Number of the first records for which something from outside vouches."""
        return max(self.trusted_size, self.kept_size)

    def take_key(self, record: Dict[str, Any]) -> Optional[str]:
        """Read a record ``key``; names the sentence that tells what is wrong with it."""
        try:
            key = parse_key(str(record.get("key")))
        except ValueError:
            return "bad_key"
        if record.get("replaces") != (self.current.text if self.current else None) or self.successor:
            return "key_out_of_turn"
        self.lost = record.get("lost") is True
        self.named.append(key)
        if self.current is None:
            self.current = key
        else:
            self.successor = key
        if self.lost:
            self.notes.append(("key_lost", {"seq": record["seq"], "key": key.text}))
        return None

    def take_checkpoint(self, record: Dict[str, Any], root: Optional[bytes]) -> Optional[str]:
        """Read a record ``checkpoint``; ``root`` is that of the records before it, where all of them are here."""
        try:
            note = parse_checkpoint(str(record.get("note")))
        except ValueError:
            return "bad_checkpoint"
        if note.size != record["seq"] - 1 or note.account_set != record["target"]:
            return "checkpoint_misplaced"
        if self.origin not in ("", note.origin):
            return "checkpoint_of_another_log"
        self.origin = note.origin
        signers: List[Optional[Key]] = [self.successor] if self.successor else []
        signers += [] if self.successor and self.lost else [self.current]
        if not all(key and signed_by(key, note.text) for key in signers):
            return "bad_signature"
        if self.successor:
            # A new key is believed when the old one is and both signed: nobody else could have brought it in.
            if self.current in self.trusted and not self.lost:
                self.trusted.append(self.successor)
            self.current, self.successor, self.lost = self.successor, None, False
        if root is not None and note.root != root:
            return "root_differs"
        self.roots[note.size], self.texts[note.size], self.signed = note.root, note.text, note.size
        if self.current in self.trusted:
            self.trusted_size = note.size
        return None

    def compare_kept(self, size: int, root: bytes) -> List[Fault]:
        """Compare the checkpoints from outside that were made of so many records."""
        faults = []
        for kept in [one for one in self.kept if one.size == size]:
            self.kept.remove(kept)
            self.compared.append(kept)
            if kept.root != root:
                faults.append(Fault("forked", 0, "", "kept_differs", {"size": size}))
            else:
                self.kept_size = max(self.kept_size, size)
        return faults

    def finish(self, size: int) -> List[Fault]:
        """What is wrong when the log ends after so many records."""
        faults = [
            Fault("truncated", 0, "", "kept_beyond", {"size": kept.size, "end": size})
            for kept in self.kept
            if kept.size > size
        ]
        for kept in self.compared:
            if self.origin not in ("", kept.origin):
                faults.append(Fault("forked", 0, "", "kept_of_another_log", {"origin": kept.origin}))
            elif not any(signed_by(key, kept.text) for key in (*self.given, *self.named)):
                faults.append(Fault("signature", 0, "", "kept_unsigned", {"size": kept.size}))
        if self.given and not self.trusted_size:
            faults.append(Fault("signature", 0, "", "no_trusted_signature", {}))
        if self.successor:
            self.notes.append(("key_never_took_over", {"key": self.successor.text}))
        return faults


# --- one record ------------------------------------------------------------------------------------------------------

LINE_LIMIT = 65536
GENESIS = "0" * 64
FIELDS = ("v", "seq", "prev", "ts", "mono_us", "type", "run_id", "target", "host", "pid", "tool_version")
FIELD_TYPES = (int, int, str, str, int, str, str, str, str, int, str)
fields_of = operator.itemgetter(*FIELDS)


def whole_number(text: str) -> int:
    if len(text) < 16 or (len(text) < 18 and abs(int(text)) < 2**53):
        return int(text)
    raise ValueError("another program could not read it exactly")


def refuse(text: str) -> Any:
    raise ValueError(text)


def dictionary_writer() -> Callable[[Any], str]:
    """The canonical form of a value. What the library makes anew for each value is made once, if it can be."""
    encoder = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False)
    try:
        # As JSONEncoder.iterencode does it: no markers, no indent, the two separators, sorted, no key left out.
        make: Any = json.encoder.c_make_encoder  # type: ignore[attr-defined]
        pieces = make(None, encoder.default, json.encoder.encode_basestring, None, ":", ",", True, False, True)
        if "".join(pieces({"b": ["\u00e9", 1], "a": None}, 0)) != '{"a":null,"b":["\u00e9",1]}':
            return encoder.encode
    except (AttributeError, TypeError):
        return encoder.encode  # another Python
    return lambda value: "".join(pieces(value, 0))


encode = dictionary_writer()
careful = json.JSONDecoder(parse_int=whole_number, parse_float=refuse, parse_constant=refuse).raw_decode
quick = json.JSONDecoder(parse_float=refuse, parse_constant=refuse).raw_decode
# The bytes before and in a number: only where sixteen digits follow each other can it be too large.
NUMBERS = bytes(48 if chr(byte) in "0123456789" else 58 if chr(byte) in ":,[-" else 32 for byte in range(256))
LARGE = b":" + b"0" * 16
# Quotation marks, colons and what is not ASCII are all that tells a key that is not ASCII.
REST = bytes(byte for byte in range(128) if chr(byte) not in '":')
FOREIGN_KEY = re.compile(rb'[\x80-\xff][^"]*":')


def ascii_keys(value: Any) -> bool:
    if isinstance(value, dict):
        return "".join(value).isascii() and all(map(ascii_keys, value.values()))
    return not isinstance(value, list) or all(map(ascii_keys, value))


def parse_record(text: str, line: bytes) -> Dict[str, Any]:
    """The record in a line without LF, of which the length was checked. Raises ValueError unless it is there in its one canonical form.

    Written again, it must give the same text: this finds blanks, keys out of order or twice, and other spellings.
    """
    record: Dict[str, Any] = {}
    try:
        record, _ = (careful if LARGE in line.translate(NUMBERS) else quick)(text)
        canonical = type(record) is dict and encode(record) == text
    except RecursionError:
        canonical = False
    if not canonical:
        raise ValueError("not canonical")
    if not text.isascii() and FOREIGN_KEY.search(line.translate(None, REST)) and not ascii_keys(record):
        raise ValueError("keys sort alike everywhere only if they are ASCII")
    try:
        fields = fields_of(record)
    except KeyError:
        raise ValueError("a field is missing") from None
    if tuple(map(type, fields)) != FIELD_TYPES or record["v"] != 1:
        raise ValueError("a field is wrong")
    return record


# --- the story that the records tell ---------------------------------------------------------------------------------

OUTSIDE_RUNS = {"segment_open", "recovered_tail", "key", "checkpoint", "archived", "decision"}
IN_RUNS = {"run_open", "plan", "guard", "approval", "skip", "hold", "wait", "intent", "outcome", "settle", "run_close"}


class Story:
    """Runs that open and close, changes that end once, totals that agree, plans that are what was sealed.

    ``complete``: every record from the first one on is read. ``only``: the one run of which that is so; "" none.
    """

    def __init__(self, complete: bool, only: Optional[str] = None) -> None:
        self.complete, self.only = complete, only
        self.target = ""
        self.runs: Dict[str, bool] = {}  # run -> whether it was closed
        self.open: Dict[str, Tuple[Any, str]] = {}  # name of a change without end -> customer, run
        self.ended: Dict[str, str] = {}  # of the last run that opened: name of a change -> how it ended
        self.whole_run = ""
        self.plan: Optional[Dict[str, Any]] = None
        self.plan_and_run = ""  # the end of what the name of each of its changes is made of
        self.sent = 0
        self.changes = hashlib.sha256()
        self.intents = self.plans_proved = self.plans_in_part = 0
        self.approved: Dict[int, str] = {}  # number of the record that says yes -> customer
        self.files: Dict[str, bool] = {}  # hash that a record names -> whether it is certainly one of a file

    def take(self, record: Dict[str, Any], text: str) -> Optional[str]:
        """Add a record, from this line; names the sentence that tells what is impossible about it."""
        kind, run = record["type"], record["run_id"]
        if record["target"] != self.target:
            if self.target:
                return "another_account_set"
            self.target = record["target"]
        if kind == "decision" and record.get("answer") == "yes":
            self.approved[record["seq"]] = str(record.get("customer"))
        if kind in OUTSIDE_RUNS:
            return None
        if kind == "run_open":
            if run in self.runs:
                return "run_opens_twice"
            self.plan, self.sent = None, 0
            self.ended.clear()
            self.whole_run = run if self.only in (None, run) else ""
        elif kind not in IN_RUNS:
            return "unknown_type"
        elif self.runs.get(run, self.complete):
            return "run_closed" if run in self.runs else "run_never_opened"
        self.runs[run] = kind == "run_close"
        if kind == "intent":
            return self.take_intent(record, text)
        if kind == "approval" and self.complete and not self.is_approved(record):
            return "not_approved"
        if kind == "outcome" or kind == "settle":
            return self.take_end(record, run, record.get("status" if kind == "outcome" else "verdict"))
        if kind == "run_open" or kind == "plan":
            self.name_files(record)
        if kind == "plan":
            self.plan, self.sent, self.changes = record, 0, hashlib.sha256(b'{"changes":[')
            self.plan_and_run = '"plan":%s,"run":%s}' % (encode(record.get("plan")), encode(record["run_id"]))
        return self.take_close(record) if kind == "run_close" and run == self.whole_run else None

    def is_approved(self, approval: Dict[str, Any]) -> bool:
        """What a run says that people approved, they must have approved before."""
        decisions, customers = approval.get("decisions"), approval.get("customers")
        if not isinstance(decisions, list) or not isinstance(customers, list):
            return True
        return all(self.approved.get(seq) == code for seq, code in zip(decisions, customers))

    def take_intent(self, intent: Dict[str, Any], text: str) -> Optional[str]:
        name, customer = str(intent.get("op_id")), intent.get("customer")
        if name in self.open or name in self.ended:
            return "announced_twice"
        self.intents += 1
        self.open[name] = (customer, intent["run_id"])
        if self.plan is None or self.plan["run_id"] != intent["run_id"]:
            return None
        # The name of a change is made of plan, customer and run: no intent can be lent to another plan.
        named = '{"customer":%s,%s' % (encode(customer), self.plan_and_run)
        if hashlib.sha256(named.encode()).hexdigest()[:32] != name:
            return "not_of_the_plan"
        try:
            change = change_in(intent, text)
        except (KeyError, TypeError, ValueError, AttributeError):
            return "not_of_the_plan"
        self.changes.update((("," if self.sent else "") + change).encode())
        self.sent += 1
        return None

    def take_end(self, record: Dict[str, Any], run: str, status: Any) -> Optional[str]:
        name = str(record.get("op_id"))
        if name not in self.open:
            return "ends_twice" if self.complete or name in self.ended else None
        customer, of_run = self.open[name]
        if customer != record.get("customer"):
            return "another_customer"
        if of_run == run:
            self.ended[name] = str(status)
        if status != "unknown":
            del self.open[name]
        return None

    def take_close(self, record: Dict[str, Any]) -> Optional[str]:
        totals = record.get("totals")
        if isinstance(totals, dict):
            counts = {name: count for name, count in totals.items() if name != "planned" and type(count) is int}
            if totals.get("planned", 0) != sum(counts.values()):
                return "totals_do_not_add_up"
            ends = list(self.ended.values())
            if any(count != ends.count(name) for name, count in counts.items() if name != "not_started"):
                return "totals_differ"
        if self.plan is None or not self.plan.get("changes"):
            return None
        if self.sent != self.plan["changes"]:
            self.plans_in_part += 1
            return None
        self.changes.update(b'],"seal":' + encode(self.plan.get("seal")).encode() + b"}")
        self.plans_proved += 1
        return None if self.changes.hexdigest() == self.plan.get("plan") else "plan_differs"

    def name_files(self, record: Dict[str, Any]) -> None:
        for digest in re.findall('"([0-9a-f]{64})"', encode({**record, "prev": None, "plan": None})):
            self.files.setdefault(digest, False)
        seal = record.get("seal")
        seal = seal if isinstance(seal, dict) else {}
        for digest in (record.get("config_sha256"), seal.get("mapping"), seal.get("policy")):
            if isinstance(digest, str) and len(digest) == 64:
                self.files[digest] = True


def change_in(intent: Dict[str, Any], text: str) -> str:
    """The change as it stands in a plan, in canonical form, from the intent that announced it."""
    before, after = intent["before"], intent["after"]
    change = {
        "code": intent["customer"],
        "fields": [dict(one, before=before[one["column"]], after=after[one["column"]]) for one in intent["fields"]],
        "holds": {column: value for column, value in before.items() if column not in after},
    }
    undoes = ',"undoes":' + encode(intent["undoes"]) if "undoes" in intent else ""
    return '%s,"reason":%s%s}' % (encode(change)[:-1], reason_in(intent, text), undoes)


def reason_in(intent: Dict[str, Any], text: str) -> str:
    """The longest part of an intent; where it can be no other, it is cut out of the line instead of written again."""
    names = list(intent)
    follows = names.index("reason") + 1 == names.index("run_id")
    if follows and text.count('"reason":') == 1 and text.count('"run_id":') == 1:
        return text[text.index('"reason":') + 9 : text.index(',"run_id":')]
    return encode(intent["reason"])


# --- the chain of records --------------------------------------------------------------------------------------------


class Head(NamedTuple):
    records: int
    hash: str


class Start(NamedTuple):
    """Where the reading begins: the segments before were moved away. ``tree``: over the records before; ``key`` signs on."""

    segments: int
    hash: str
    tree: Tree
    key: Optional[Key]


class Chain:
    """A whole log, line by line. Once a link is broken only the chain is looked at, to tell what was changed."""

    def __init__(self, seals: Seals, head: Optional[Head], start: Start) -> None:
        self.seals, self.head, self.tree = seals, head, start.tree
        tree = start.tree
        self.first, self.seq, self.hash = tree.size + 1, tree.size, start.hash  # seq, hash: of the last record in place
        self.start = {"count": tree.size, "segments": start.segments, "hash": start.hash}
        self.start["frontier"] = [one.hex() for one in reversed(tree.waiting) if one]
        self.start["key"] = start.key.text if start.key else None
        if start.key:
            seals.current = start.key
            seals.named.append(start.key)
        self.start_named = tree.size == 0
        self.next_segment = start.segments + 1
        self.story = Story(complete=tree.size == 0)
        self.breaks: List[Fault] = []  # of the chain
        self.faults: List[Fault] = list(seals.compare_kept(tree.size, tree.root()))  # of all else
        self.lines = self.torn = 0
        self.place, self.segment_number, self.segment_begun = "", 0, False
        self.missing: Dict[int, None] = {}
        self.damaged = 0  # number of the first of the damaged lines just before; 0: none
        self.doubt: Optional[Tuple[int, str, str, str]] = None  # a broken link: seq, place before, place, own hash
        self.hash_at_head = start.hash if head and head.records == tree.size else ""

    def fault(self, kind: str, sentence: str, seq: int, place: str = "", **values: Any) -> None:
        of_chain = kind in ("edited", "inserted", "removed", "moved", "truncated")
        fault = Fault(kind, seq, place or self.place, sentence, dict(values, seq=seq))
        (self.breaks if of_chain else self.faults).append(fault)

    def read(self, name: str, number: int, lines: Iterable[bytes]) -> None:
        """Read the lines of a segment, each with its LF."""
        self.end_torn()
        if number != self.next_segment:
            self.fault("removed", "segment_missing", 0, "seg-%06d.jsonl" % self.next_segment)
        self.next_segment = number + 1
        self.segment_number, self.segment_begun = number, False
        for count, data in enumerate(lines, 1):
            self.end_torn()
            before, self.place = self.place, "%s:%d" % (name, count)
            self.lines += 1
            line, text = data[:-1], ""
            record: Dict[str, Any] = {}
            if data[-1:] == b"\n":
                try:
                    text = line.decode("utf-8")
                    record = parse_record(text, line)
                except ValueError:
                    pass
            elif self.head and self.head.records <= self.seq and len(data) < LINE_LIMIT:
                self.torn = len(data)  # the last line, and never said to be durable: a crash does that
                continue
            leaf = leaf_hash(line)
            own = leaf.hex()
            follows = record and record["prev"] == self.hash and record["seq"] == self.seq + 1
            if follows and not self.damaged and not self.doubt:
                self.seq, self.hash = self.seq + 1, own
                if not self.breaks:
                    self.read_content(record, text)
                    self.tree.add(leaf)
                    if self.seals.kept and self.seals.kept[0].size == self.seq:
                        self.faults += self.seals.compare_kept(self.seq, self.tree.root())
            else:
                self.out_of_line(record, own, before)
            if self.head and self.seq == self.head.records and not self.hash_at_head:
                self.hash_at_head = self.hash

    def read_content(self, record: Dict[str, Any], text: str) -> None:
        kind, seq = record["type"], record["seq"]
        opens = kind == "segment_open"
        if opens == self.segment_begun or (opens and record.get("segment") != self.segment_number):
            self.fault("story", "segment_opening", seq)
        self.segment_begun = True
        if kind == "checkpoint":
            first = self.seals.signed + 1
            wrong = self.seals.take_checkpoint(record, self.tree.root())
            if wrong == "root_differs":
                self.fault("forked", wrong, first, first=first, last=seq - 1)
            elif wrong:
                self.fault("signature", wrong, seq)
        elif kind == "key":
            wrong = self.seals.take_key(record)
            if wrong:
                self.fault("signature", wrong, seq)
        elif kind == "archived" and record.get("count") == self.first - 1:
            self.start_named = self.start == {name: record.get(name) for name in self.start}
        wrong = self.story.take(record, text)
        if wrong:
            self.fault("story", wrong, seq, run=record["run_id"], name=record.get("op_id"), type=kind)

    def out_of_line(self, record: Dict[str, Any], own: str, before: str) -> None:
        """A line that is damaged, or not the successor of the one before: tell what happened, and go on after it."""
        if not record:
            self.settle_doubt("")
            self.seq, self.hash = self.seq + 1, own
            self.damaged = self.damaged or self.seq
            self.fault("edited", "damaged", self.seq)
            return
        seq, explained = record["seq"], self.settle_doubt(record["prev"])
        if self.damaged:
            # Nobody knows how many records the damaged lines were; this one tells.
            self.seq, self.damaged, explained = min(self.seq, max(self.damaged, seq - 1)), 0, True
        expected = self.seq + 1
        if record["prev"] == self.hash and seq != expected:
            self.fault("edited", "number_changed", expected)
            seq = expected
        elif seq > expected:
            self.fault("removed", "missing", expected, last=seq - 1)
            self.missing.update(dict.fromkeys(range(expected, min(seq, expected + 100000))))
        elif seq < expected:
            self.fault("moved" if seq in self.missing else "inserted", "out_of_order", seq, expected=expected)
            self.missing.pop(seq, None)
            return
        elif record["prev"] != self.hash and not explained:
            self.doubt = (seq, before, self.place, own)
        self.seq, self.hash = seq, own

    def settle_doubt(self, successor: str) -> bool:
        """Which of two records with a broken link was changed? The later one stands if its successor leads back to it.

        True when it was the later one, so that the link after it is broken too.
        """
        if not self.doubt:
            return False
        (seq, before, place, own), self.doubt = self.doubt, None
        vouched = self.head and self.head == (seq - 1, self.hash_at_head)
        later = seq == self.first or vouched or successor not in (own, "")
        self.fault("edited", "edited", seq if later else seq - 1, place if later else before)
        return bool(later)

    def end_torn(self) -> None:
        """Something follows a line without end: then it is no torn one."""
        if self.torn:
            self.torn = 0
            self.out_of_line({}, "", "")

    def finish(self) -> List[Fault]:
        head, last = self.head, self.place
        self.settle_doubt(head.hash if head and head.records == self.seq else "")
        if head is None:
            if self.lines:
                self.fault("truncated", "no_head", 0, "HEAD")
        elif head.records > self.seq:
            self.fault("truncated", "cut_off", self.seq + 1, last, last=head.records)
        elif self.hash_at_head != head.hash and not self.breaks:
            self.fault("edited", "edited", head.records, last if head.records == self.seq else "HEAD")
        if not self.start_named:
            self.fault("story", "start_unnamed", 0, "BASE", first=self.first)
        # Of a chain that is broken nothing else can be said.
        self.faults += self.seals.finish(self.seq)
        return sorted(self.breaks, key=lambda one: one.seq) or self.faults


# --- a folder --------------------------------------------------------------------------------------------------------


class Unreadable(Exception):
    """There is no log or bundle that could be checked."""

    def __init__(self, sentence: str, **values: Any) -> None:
        super().__init__(sentence)
        self.sentence, self.values = sentence, values


Said = Tuple[str, Dict[str, Any]]


class Result:
    """All that is known in the end; the report is made of it."""

    def __init__(self, name: str, seals: Seals) -> None:
        self.name, self.seals = name, seals
        self.faults: List[Fault] = []
        self.proven: List[Said] = []
        self.unproven: List[Said] = []
        self.account_set = ""
        self.records = self.size = self.torn = self.uncovered = self.runs = self.changes = 0
        self.open: List[str] = []

    def take_chain(self, chain: Chain) -> None:
        self.faults += chain.finish()
        self.records, self.size, self.torn = chain.seq - chain.first + 1, chain.seq, chain.torn
        if not self.faults:
            self.proven.append(("chain_whole", {"first": chain.first, "last": chain.seq}))
        if chain.first > 1:
            self.unproven.append(("archived", {"last": chain.first - 1}))
        covered = self.seals.vouched
        # The record of a checkpoint cannot be covered by itself; what matters in it is signed.
        self.uncovered = self.size - covered - (covered in self.seals.roots and covered < self.size)
        self.take_story(chain.story)

    def take_story(self, story: Story) -> None:
        self.account_set, self.open = story.target, list(story.open)
        self.runs, self.changes = len(story.runs), story.intents
        if story.plans_proved:
            self.proven.append(("plans_proved", {"count": story.plans_proved}))
        if story.plans_in_part:
            self.unproven.append(("plans_in_part", {"count": story.plans_in_part}))

    def exit_code(self) -> int:
        if self.faults:
            return 1
        if self.open or self.torn:
            return 2
        return 3 if self.uncovered or not self.seals.vouched else 0


def lines_of(stream: Any) -> Iterator[bytes]:
    """Lines with their LF; none can fill the memory."""
    with io.BufferedReader(stream, 1 << 18) as reader:
        yield from iter(functools.partial(reader.readline, LINE_LIMIT), b"")


def small_json(path: str) -> Any:
    """What a small file beside the log says; nothing when it is missing, no plain file, or no JSON."""
    try:
        if stat.S_ISREG(os.lstat(path).st_mode) and os.path.getsize(path) <= 65536:
            with open(path, encoding="utf-8") as file:
                return json.load(file)
    except (OSError, ValueError, RecursionError):
        pass
    return None


def head_in(said: Any) -> Optional[Head]:
    said = said if isinstance(said, dict) else {}
    count, own = said.get("count"), said.get("hash")
    if type(count) is not int or count < 0 or not isinstance(own, str):
        return None
    check = hashlib.sha256(("%d %s" % (count, own)).encode()).hexdigest()[:8]
    return Head(count, own) if said.get("check", check) == check else None


def start_in(said: Any, first: int) -> Start:
    """What the file BASE says, if segments before ``first`` are missing; else the beginning of the log."""
    try:
        peaks = [bytes.fromhex(one) for one in said["frontier"]]
        segments, count = said["segments"], said["count"]
        fits = type(count) is int and count > 0 and bin(count).count("1") == len(peaks)
        if 1 < first <= segments + 1 and fits and {len(one) for one in peaks} == {32}:
            key = None if said["key"] is None else parse_key(str(said["key"]))
            return Start(segments, str(said["hash"]), Tree(count, peaks), key)
    except (KeyError, TypeError, ValueError):
        pass
    return Start(0, GENESIS, Tree(), None)


def check_folder(folder: str, archive: Optional[str], seals: Seals) -> Result:
    result = Result(os.path.basename(os.path.abspath(folder)), seals)
    # Read first: a writer beside us only appends. It may be in the middle of writing this one.
    heads = (head_in(small_json(os.path.join(folder, "HEAD"))) for _ in range(5))
    head = next(filter(None, heads), None)
    paths: Dict[int, str] = {}
    for place in [folder] + ([archive] if archive else []):
        for name in sorted(os.listdir(place)):  # so that a plain file goes before the same one compressed
            found = re.fullmatch(r"seg-([0-9]{6})\.jsonl(\.gz)?", name)
            if found:
                paths.setdefault(int(found.group(1)), os.path.join(place, name))
    if not paths and head is None:
        raise Unreadable("no_log", path=folder)
    start = start_in(small_json(os.path.join(folder, "BASE")), min(paths, default=1))
    chain = Chain(seals, head, start)
    for number, path in sorted(paths.items()):
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise Unreadable("no_plain_file", path=path)
        if number <= start.segments:
            continue  # it was moved, and is not yet removed here
        with open(path, "rb", buffering=0) as file:
            try:
                stream = gzip.GzipFile(fileobj=file) if path.endswith(".gz") else file
                chain.read("seg-%06d.jsonl" % number, number, lines_of(stream))
            except (EOFError, zlib.error, gzip.BadGzipFile):
                chain.fault("edited", "file_damaged", 0, os.path.basename(path))
    result.take_chain(chain)
    kept = os.path.join(folder, "files")
    names = sorted(os.listdir(kept)) if os.path.isdir(kept) else []
    for name in names:
        if not name.endswith(".new") and sha256_of(os.path.join(kept, name)) != name:
            result.faults.append(Fault("file", 0, "files/" + name, "file_changed", {}))
    missing = [digest for digest, certain in chain.story.files.items() if certain and digest not in names]
    if missing:
        result.unproven.append(("files_missing", {"count": len(missing)}))
    return result


def sha256_of(path: str) -> str:
    if not stat.S_ISREG(os.lstat(path).st_mode):
        return ""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for piece in iter(functools.partial(file.read, 1 << 18), b""):
            digest.update(piece)
    return digest.hexdigest()


# --- a bundle --------------------------------------------------------------------------------------------------------

MEMBER = re.compile(
    r"manifest\.json|README\.txt|standalone_verify\.py|keys\.txt|proofs\.json|records\.jsonl|log/BASE"
    r"|log/seg-[0-9]{6}\.jsonl|checkpoints/[0-9]{12}\.checkpoint|files/[0-9a-f]{64}|anchors/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}"
)
SMALL = 256 << 20  # most bytes in a member that is read as a whole
LARGEST = 64 << 30  # most bytes in all members together
PACKED = 400  # so many times smaller a member above 1 MiB may have become


class Hashed(io.RawIOBase):
    """The bytes of a member while they are read, with their hash."""

    def __init__(self, member: Any) -> None:
        super().__init__()
        self.member, self.digest = member, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self.member.read(len(buffer))
        self.digest.update(data)
        buffer[: len(data)] = data
        return len(data)


class Bundle:
    """The members of a zip file. Nothing is ever unpacked to disk, and only names that we know are looked at."""

    def __init__(self, opened: zipfile.ZipFile, result: Result) -> None:
        self.zip, self.result = opened, result
        infos = opened.infolist()
        self.names = {info.filename for info in infos}
        self.manifest: Dict[str, Any] = {}
        for info in infos:
            kind = stat.S_IFMT(info.external_attr >> 16)
            plain = kind in (0, stat.S_IFREG) and not info.flag_bits & 1 and info.compress_type in (0, 8)
            if not MEMBER.fullmatch(info.filename) or not plain:
                raise Unreadable("bad_member", name=ascii(info.filename))
            if info.file_size > max(1 << 20, PACKED * info.compress_size):
                raise Unreadable("bomb", name=info.filename)
        if len(self.names) != len(infos):
            raise Unreadable("member_twice")
        if sum(info.file_size for info in infos) > LARGEST:
            raise Unreadable("bomb", name=result.name)

    def under(self, folder: str) -> List[str]:
        return sorted(name for name in self.names if name.startswith(folder))

    def lines(self, name: str, use: Callable[[Iterator[bytes]], None]) -> None:
        """Read a member line by line, and compare its hash with what the manifest says."""
        with self.zip.open(name) as member:
            hashed = Hashed(member)
            try:
                use(lines_of(hashed))
                damaged = False
            except (zipfile.BadZipFile, zlib.error, EOFError):
                damaged = True
        said = self.manifest.get("members", {}).get(name)
        if damaged or said != {"bytes": self.zip.getinfo(name).file_size, "sha256": hashed.digest.hexdigest()}:
            self.result.faults.append(Fault("file", 0, name, "file_damaged" if damaged else "file_changed", {}))

    def read(self, name: str) -> bytes:
        if name not in self.names:
            return b""
        if self.zip.getinfo(name).file_size > SMALL:
            raise Unreadable("bomb", name=name)
        pieces: List[bytes] = []
        self.lines(name, pieces.extend)
        return b"".join(pieces)

    def read_json(self, name: str) -> Dict[str, Any]:
        """A JSON object in the one form that bundles have; empty, and a fault, when it is none."""
        try:
            data = self.zip.read(name) if name == "manifest.json" else self.read(name)
            said = json.loads(data.decode("utf-8"))
            written = json.dumps(said, sort_keys=True, ensure_ascii=False, indent=1) + "\n"
            if isinstance(said, dict) and written.encode() == data:
                return said
        except (KeyError, ValueError, RecursionError, zipfile.BadZipFile, zlib.error, EOFError):
            pass
        self.result.faults.append(Fault("file", 0, name, "file_changed", {}))
        return {}


def check_bundle(path: str, seals: Seals) -> Result:
    result = Result(os.path.basename(path), seals)
    try:
        with zipfile.ZipFile(path) as opened:
            check_members(Bundle(opened, result), result)
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError):
        raise Unreadable("no_zip", path=path) from None
    return result


def check_members(bundle: Bundle, result: Result) -> None:
    seals = result.seals
    bundle.manifest = manifest = bundle.read_json("manifest.json")
    if manifest.get("format") != "u8sync-bundle-1" or not isinstance(manifest.get("members"), dict):
        raise Unreadable("no_manifest")
    for name in sorted(set(manifest["members"]) ^ (bundle.names - {"manifest.json"})):
        result.faults.append(Fault("file", 0, name, "member_unlisted", {}))
    if bundle.under("log/"):
        story = check_whole(bundle, result)
        true: Dict[str, Any] = {"selection": {"kind": "all"}, "tree_size": result.size}
    else:
        story = check_selection(bundle, result)
        # What was selected is checked there; the length of the log is that of the newest checkpoint.
        true = {"selection": manifest.get("selection"), "tree_size": max(seals.roots, default=0)}
    for name in ["README.txt", "standalone_verify.py"] + bundle.under("anchors/"):
        bundle.read(name)
    for name in bundle.under("files/"):
        if hashlib.sha256(bundle.read(name)).hexdigest() != name[6:] or name[6:] not in story.files:
            result.faults.append(Fault("file", 0, name, "file_changed", {}))
    for name in bundle.under("checkpoints/"):
        if seals.texts.get(int(name[12:24])) != bundle.read(name).decode("utf-8", "replace"):
            result.faults.append(Fault("file", 0, name, "file_changed", {}))
    if bundle.read("keys.txt").decode("utf-8", "replace") != "".join(key.text + "\n" for key in seals.named):
        result.faults.append(Fault("file", 0, "keys.txt", "file_changed", {}))
    for name in bundle.under("anchors/"):
        found = re.fullmatch(r"anchors/([0-9]{12,16})-[0-9a-f]{8}\.tsr", name)
        if found:
            note = seals.texts.get(int(found.group(1)), "")
            if hashlib.sha256(note.encode()).digest() not in bundle.read(name):
                result.faults.append(Fault("file", 0, name, "stamp_of_something_else", {}))
            result.unproven.append(("stamp", {"name": name, "size": int(found.group(1))}))
    missing = [digest for digest, certain in story.files.items() if certain and "files/" + digest not in bundle.names]
    true.update(
        format="u8sync-bundle-1",
        origin=seals.origin or None,
        account_set=story.target,
        records=result.records,
        checkpoints=len(bundle.under("checkpoints/")),
        missing_files=sorted(missing),
        members=manifest["members"],
        whole=not result.faults,
    )
    if "head" in manifest and bundle.under("log/"):
        true["head"] = manifest["head"]  # was compared with the end of the log
    for name in sorted(set(true) | set(manifest)):
        if name not in true or name not in manifest or true[name] != manifest[name]:
            result.faults.append(Fault("file", 0, "manifest.json", "manifest_differs", {"name": name}))
    if missing:
        result.unproven.append(("files_missing", {"count": len(missing)}))
    if len(bundle.under("files/")) and not result.faults:
        result.proven.append(("files_right", {"count": len(bundle.under("files/"))}))


def check_whole(bundle: Bundle, result: Result) -> Story:
    head, segments = head_in(bundle.manifest.get("head")), bundle.under("log/seg-")
    base = bundle.read_json("log/BASE") if "log/BASE" in bundle.names else None
    chain = Chain(result.seals, head, start_in(base, int(segments[0][8:14]) if segments else 1))
    for name in segments:
        bundle.lines(name, functools.partial(chain.read, name[4:], int(name[8:14])))
    result.take_chain(chain)
    return chain.story


def check_selection(bundle: Bundle, result: Result) -> Story:
    """Some records of a log: each is proved to stand at its place in the tree that the newest checkpoint signed."""
    seals, selection = result.seals, bundle.manifest.get("selection")
    selection = selection if isinstance(selection, dict) else {}
    run, customer = selection.get("run", ""), selection.get("customer", "")
    story = Story(complete=False, only=run)
    leaves: Dict[int, bytes] = {}  # number of a record, from 0 -> its hash
    of_run: List[int] = []
    customers = set()
    closed = False

    def use(lines: Iterator[bytes]) -> None:
        nonlocal closed
        last, last_hash = -1, ""
        for count, data in enumerate(lines, 1):
            place = "records.jsonl:%d" % count
            try:
                line = data[:-1] if data.endswith(b"\n") else b""
                text = line.decode("utf-8")
                record = parse_record(text, line)
            except ValueError:
                result.faults.append(Fault("edited", 0, place, "damaged", {"seq": 0}))
                continue
            seq, kind = record["seq"], record["type"]
            customers.update([str(record["customer"])] if "customer" in record else [])
            if kind == "hold" and customer:
                held = record.get("held")
                codes = [one.get("code") for one in held if isinstance(one, dict)] if isinstance(held, list) else []
                customers.add(customer if customer in codes else "")
            leaf = leaf_hash(data[:-1])
            if seq <= last or (seq == last + 1 and record["prev"] != last_hash):
                result.faults.append(Fault("edited", seq, place, "edited", {"seq": seq}))
            last, last_hash, leaves[seq - 1] = seq, leaf.hex(), leaf
            wrong = seals.take_key(record) if kind == "key" else None
            wrong = seals.take_checkpoint(record, None) if kind == "checkpoint" else wrong
            if wrong:
                result.faults.append(Fault("signature", seq, place, wrong, {"seq": seq}))
            wrong = story.take(record, text)
            if wrong:
                values = {"seq": seq, "run": record["run_id"], "name": record.get("op_id"), "type": kind}
                result.faults.append(Fault("story", seq, place, wrong, values))
            if record["run_id"] == run:
                if kind == "run_open" or (of_run and not closed):
                    of_run.append(seq)
                closed = closed or kind == "run_close"

    bundle.lines("records.jsonl", use) if "records.jsonl" in bundle.names else None
    result.records, result.size = len(leaves), max(seals.roots, default=0)
    check_proofs(bundle.read_json("proofs.json"), leaves, result)
    for size, root in sorted(seals.roots.items()):
        result.faults += seals.compare_kept(size, root)
    for kept in seals.kept:
        if kept.size < result.size:
            result.unproven.append(("kept_not_here", {"size": kept.size}))
    result.faults += seals.finish(result.size)
    # A checkpoint record is covered by what it says, as in a whole log.
    covered = [at for at in leaves if at < seals.vouched or (at in seals.roots and at == seals.vouched)]
    result.uncovered = len(leaves) - len(covered)
    result.take_story(story)
    if selection == {"kind": "run", "run": run}:
        first, last = (of_run[0], of_run[-1]) if of_run else (0, 0)
        # The writer was alone: when a run died, it ends where the records of another begin, or the log itself.
        ends = closed or last in leaves or last == result.size
        if not of_run or len(of_run) != last - first + 1 or not ends:
            result.faults.append(Fault("removed", 0, "records.jsonl", "run_incomplete", {"run": run}))
        else:
            result.proven.append(("run_complete", {"run": run, "first": first, "last": last}))
    elif selection == {"kind": "customer", "customer": customer} and customers == {customer}:
        result.unproven.append(("customer_incomplete", {"customer": customer}))
    else:
        result.faults.append(Fault("file", 0, "manifest.json", "manifest_differs", {"name": "selection"}))
    return story


def check_proofs(proofs: Dict[str, Any], leaves: Dict[int, bytes], result: Result) -> None:
    roots = result.seals.roots
    size = max(roots, default=0)
    here = {at: leaf for at, leaf in leaves.items() if at < size}
    growth = sorted(roots)
    try:
        steps = proofs["consistency"]
        if sorted(proofs) != ["consistency", "hashes", "not_covered", "tree_size"] or proofs["tree_size"] != size:
            raise ValueError("form")
        if proofs["not_covered"] != sorted(at + 1 for at in leaves if at >= size):
            raise ValueError("not covered")
        hashes = [unbase64(one, 32) for one in proofs["hashes"]]
        if here and root_from_parts(size, here, hashes) != roots[size]:
            raise ValueError("root")
        if (hashes and not here) or len(steps) != max(len(growth) - 1, 0):
            raise ValueError("form")
        for step, first, second in zip(steps, growth, growth[1:]):
            path = [unbase64(one, 32) for one in step["hashes"]]
            if (step["first"], step["second"], len(step)) != (first, second, 3):
                raise ValueError("step")
            if roots_from_growth(first, second, roots[first], path) != (roots[first], roots[second]):
                raise ValueError("growth")
    except (KeyError, TypeError, ValueError, AttributeError):
        result.faults.append(Fault("edited", 0, "proofs.json", "proof_fails", {"size": size}))
        return
    if here:
        result.proven.append(("included", {"count": len(here), "size": size}))


# --- the report ------------------------------------------------------------------------------------------------------

SENTENCES = {
    # verdicts, by exit code
    "0": ("WHOLE, and vouched for from outside", "完整，且有外部凭据证明"),
    "1": ("NOT WHOLE: something was changed", "不完整：内容被改动"),
    "2": ("WHOLE, but something was left open", "完整，但有未了结的内容"),
    "3": ("WHOLE in itself, but nothing from outside vouches for all of it", "自身完整，但没有外部凭据证明全部内容"),
    # what was changed
    "edited": ("record {seq} was changed: what follows does not lead back to it", "记录 {seq} 被改动：后面的记录与它对不上"),
    "damaged": ("record {seq} is not a record in canonical form", "记录 {seq} 不是规范格式的记录"),
    "number_changed": ("the number of record {seq} was changed", "记录 {seq} 的编号被改动"),
    "missing": ("records {seq} to {last} are missing here", "此处缺少记录 {seq} 至 {last}"),
    "out_of_order": ("record {seq} stands where record {expected} belongs", "记录 {seq} 出现在记录 {expected} 的位置"),
    "no_head": ("the file HEAD is missing or spoilt: the end of the log is not proved", "HEAD 文件缺失或损坏：日志的结尾无法证明"),
    "cut_off": ("records {seq} to {last} were cut off", "记录 {seq} 至 {last} 被截掉"),
    "segment_missing": ("this segment is missing", "缺少这个日志段"),
    "segment_opening": ("a segment must begin with its own opening record, and have only one", "日志段必须以自己的开头记录开始，且只能有一条"),
    "start_unnamed": ("the log begins with record {first}, and no record says where those before it went", "日志从记录 {first} 开始，没有记录说明之前的去向"),
    "file_changed": ("the file was changed", "文件被改动"),
    "file_damaged": ("the file is damaged and cannot be unpacked", "文件损坏，无法解压"),
    "member_unlisted": ("the file is missing, or the manifest does not name it", "文件缺失，或清单中没有列出"),
    "manifest_differs": ("the manifest says something untrue: {name}", "清单所述不实：{name}"),
    "proof_fails": ("the proof does not lead to the root that the checkpoint of {size} records signed", "证明推不出 {size} 条记录的检查点所签的根"),
    "run_incomplete": ("records of the run {run} are missing", "缺少运行 {run} 的记录"),
    "stamp_of_something_else": ("the time stamp is not for the checkpoint of its name", "时间戳不属于同名的检查点"),
    # checkpoints and keys
    "root_differs": ("records {first} to {last} are not those that the checkpoint after them signed: one was changed, and the chain made anew", "记录 {first} 至 {last} 不是其后检查点所签的内容：有记录被改动并重算了链"),
    "bad_key": ("record {seq} names no usable key", "记录 {seq} 没有可用的密钥"),
    "key_out_of_turn": ("record {seq}: the key does not replace the one that signed before", "记录 {seq}：该密钥并非接替之前签名的密钥"),
    "bad_checkpoint": ("record {seq} holds no checkpoint", "记录 {seq} 中没有检查点"),
    "checkpoint_misplaced": ("record {seq}: the checkpoint is not that of this place in this log", "记录 {seq}：检查点不属于本日志的此处"),
    "checkpoint_of_another_log": ("record {seq}: the checkpoint is that of another log", "记录 {seq}：检查点属于另一份日志"),
    "bad_signature": ("record {seq}: the checkpoint is not signed by the key that was in force", "记录 {seq}：检查点不是由当时有效的密钥签名"),
    "key_never_took_over": ("a key was to take over and no checkpoint says that it did: {key}", "有密钥准备接替，但没有检查点证实：{key}"),
    "no_trusted_signature": ("no checkpoint is signed by a key that you gave, or that such a key handed over to", "没有检查点由您给出的密钥（或其接替者）签名"),
    "kept_differs": ("FORKED: records 1 to {size} are not those that your checkpoint was made of", "分叉：记录 1 至 {size} 不是您保存的检查点所对应的内容"),
    "kept_beyond": ("ROLLED BACK: your checkpoint was made of {size} records, and here are only {end}", "回退：您保存的检查点有 {size} 条记录，而这里只有 {end} 条"),
    "kept_of_another_log": ("your checkpoint is that of another log, {origin}", "您保存的检查点属于另一份日志 {origin}"),
    "kept_unsigned": ("your checkpoint of {size} records is signed by no key that is known here", "您保存的 {size} 条记录的检查点没有已知密钥的签名"),
    # what cannot be
    "another_account_set": ("record {seq} belongs to another account set", "记录 {seq} 属于另一个账套"),
    "unknown_type": ("record {seq} has the unknown type {type}", "记录 {seq} 的类型 {type} 未知"),
    "run_opens_twice": ("record {seq}: the run {run} opens twice", "记录 {seq}：运行 {run} 开始了两次"),
    "run_closed": ("record {seq}: the run {run} was closed before", "记录 {seq}：运行 {run} 之前已结束"),
    "run_never_opened": ("record {seq}: the run {run} was never opened", "记录 {seq}：运行 {run} 从未开始"),
    "announced_twice": ("record {seq}: the change {name} is announced twice", "记录 {seq}：变更 {name} 登记了两次"),
    "ends_twice": ("record {seq}: the change {name} ends twice, or was never announced", "记录 {seq}：变更 {name} 结束两次，或从未登记"),
    "not_approved": (
        "record {seq}: an approval rests on an answer that the log does not hold",
        "记录 {seq}：批准所依据的答复不在日志中",
    ),
    "another_customer": ("record {seq}: the change {name} is that of another customer", "记录 {seq}：变更 {name} 属于另一个客户"),
    "not_of_the_plan": ("record {seq}: the change {name} is not one of the plan of run {run}", "记录 {seq}：变更 {name} 不属于运行 {run} 的计划"),
    "totals_do_not_add_up": ("record {seq}: the totals of the run {run} do not add up", "记录 {seq}：运行 {run} 的合计不平"),
    "totals_differ": ("record {seq}: the totals of the run {run} are not what its records say", "记录 {seq}：运行 {run} 的合计与其记录不符"),
    "plan_differs": ("record {seq}: the changes of the run {run} are not those of the plan that was sealed", "记录 {seq}：运行 {run} 的变更不是所封存计划的变更"),
    # proven
    "chain_whole": ("records {first} to {last}: none was changed, added, removed or moved after a later one was written", "记录 {first} 至 {last}：在后续记录写入之后，没有任何一条被改动、添加、删除或移动"),
    "included": ("each of {count} records here stands at its place in the log of {size} records that the newest checkpoint covers", "这里的 {count} 条记录都在最新检查点所覆盖的 {size} 条记录的日志中各就其位"),
    "run_complete": ("the run {run} is here from its first record to its last, {first} to {last}, none missing", "运行 {run} 的记录 {first} 至 {last} 全部在此，没有缺少"),
    "plans_proved": ("{count} plan(s): what was sent is exactly what was sealed", "{count} 个计划：所写入的正是所封存的"),
    "files_right": ("{count} mapping, policy or configuration file(s) are those that the records name", "{count} 个映射、政策或配置文件正是记录所指的文件"),
    "signed_trusted": ("up to record {size}: signed by a key that you gave, or that such a key handed over to", "截至记录 {size}：由您给出的密钥（或其接替者）签名"),
    "kept_proven": ("records 1 to {size} are those of the checkpoint that you kept", "记录 1 至 {size} 与您保存的检查点一致"),
    # not proven
    "signed_unknown": ("{count} checkpoint(s) up to record {size} are signed by this key. Compare it with the one kept outside, and give it with --key: {key}", "截至记录 {size} 的 {count} 个检查点由此密钥签名。请与外部保存的密钥核对，并用 --key 给出：{key}"),
    "unsigned": ("nothing is signed: whoever can write the files could have made all of it anew", "没有任何签名：能写文件的人可以重造全部内容"),
    "uncovered": ("{count} record(s) that nothing from outside vouches for", "有 {count} 条记录没有外部凭据证明"),
    "key_lost": ("with record {seq} a key took over that the old one did not sign: {key}", "自记录 {seq} 起由新密钥接替，旧密钥没有签名：{key}"),
    "archived": ("records 1 to {last} lie elsewhere and were not read (--archive)", "记录 1 至 {last} 存放在别处，未读取（--archive）"),
    "open": ("{count} change(s) without a recorded end; the next run settles them: {names}", "{count} 个变更没有结束记录，由下次运行了结：{names}"),
    "torn": ("the last line is torn ({bytes} bytes), as a crash leaves it", "最后一行不完整（{bytes} 字节），为崩溃所致"),
    "plans_in_part": ("{count} plan(s) of which not all was sent: what was not sent is not in the log", "{count} 个计划未全部写入：未写入的部分不在日志中"),
    "files_missing": ("{count} mapping, policy or configuration file(s) that records name are not here", "记录所指的 {count} 个映射、政策或配置文件不在这里"),
    "customer_incomplete": ("that no record of customer {customer} was left out; only the whole log shows that", "没有遗漏客户 {customer} 的记录——只有完整日志才能证明"),
    "kept_not_here": ("your checkpoint of {size} records is not in this bundle and could not be compared", "您保存的 {size} 条记录的检查点不在此证据包中，无法比对"),
    "stamp": ("time stamp: openssl ts -verify -data checkpoints/{size:012d}.checkpoint -in {name} -CAfile CA.pem", "时间戳：openssl ts -verify -data checkpoints/{size:012d}.checkpoint -in {name} -CAfile CA.pem"),
    "truthful": ("that what was written is true: the log is only as truthful as the program that wrote it", "所写内容属实——日志的真实性取决于写它的程序"),
    # cannot be read
    "no_log": ("there is no audit log in {path}", "{path} 中没有审计日志"),
    "no_plain_file": ("{path} is no plain file", "{path} 不是普通文件"),
    "no_zip": ("{path} is no zip file, or is cut off", "{path} 不是 zip 文件，或被截断"),
    "no_manifest": ("the zip file is no evidence bundle of a form that is known here", "该 zip 文件不是可识别的证据包"),
    "bad_member": ("the zip file holds something that no bundle has: {name}", "该 zip 文件含有证据包不应有的内容：{name}"),
    "member_twice": ("the zip file holds a name twice", "该 zip 文件中有重名"),
    "bomb": ("too large when unpacked: {name}", "解压后过大：{name}"),
    "unreadable": ("{path} cannot be read: {why}", "无法读取 {path}：{why}"),
    "bad_argument": ("this is no public key or no checkpoint: {text}", "这不是公钥或检查点：{text}"),
    # headings
    "faults": ("What is wrong, the first one first:", "问题（按先后）："),
    "more": ("... and {count} more", "……另有 {count} 处"),
    "proven": ("Proven:", "已证明："),
    "unproven": ("Not proven, or open:", "未证明或未了结："),
    "counts": ("account set {account_set} · {records} records · {runs} runs · {changes} changes", "账套 {account_set} · {records} 条记录 · {runs} 次运行 · {changes} 个变更"),
}  # fmt: skip


def complete(result: Result) -> None:
    """Say what the signatures and checkpoints prove, and what nobody can."""
    seals = result.seals
    if not result.faults:
        if seals.trusted_size:
            result.proven.append(("signed_trusted", {"size": seals.trusted_size}))
        if seals.kept_size:
            result.proven.append(("kept_proven", {"size": seals.kept_size}))
        if not seals.roots:
            result.unproven.append(("unsigned", {}))
        elif not seals.trusted_size and seals.current:
            values = {"count": len(seals.roots), "size": seals.signed, "key": seals.current.text}
            result.unproven.append(("signed_unknown", values))
        if result.uncovered:
            result.unproven.append(("uncovered", {"count": result.uncovered}))
        result.unproven += seals.notes
    if result.open:
        names = ", ".join(result.open[:5]) + (", ..." if len(result.open) > 5 else "")
        result.unproven.append(("open", {"count": len(result.open), "names": names}))
    if result.torn:
        result.unproven.append(("torn", {"bytes": result.torn}))
    result.unproven.append(("truthful", {}))


def harmless(value: Any) -> Any:
    """Text from a log may hold what steers a terminal."""
    return (
        "".join(sign if sign.isprintable() else "\\u%04x" % ord(sign) for sign in value)
        if isinstance(value, str)
        else value
    )


def text_report(result: Result, language: int) -> Iterator[str]:
    def words(sentence: str, values: Dict[str, Any]) -> str:
        return SENTENCES[sentence][language].format(**{name: harmless(value) for name, value in values.items()})

    yield "%s: %s" % (harmless(result.name), words(str(result.exit_code()), {}))
    yield words("counts", dict(vars(result)))
    if result.faults:
        yield words("faults", {})
    for fault in result.faults[:20]:
        yield "  - [%s] %s%s" % (
            fault.kind,
            words(fault.sentence, fault.values),
            " (%s)" % harmless(fault.place) if fault.place else "",
        )
    if len(result.faults) > 20:
        yield "  " + words("more", {"count": len(result.faults) - 20})
    for heading, said in (("proven", result.proven), ("unproven", result.unproven)):
        if said:
            yield words(heading, {})
        for sentence, values in said:
            yield "  - " + words(sentence, values)


def json_report(result: Result) -> str:
    def english(sentence: str, values: Dict[str, Any]) -> str:
        return SENTENCES[sentence][0].format(**values)

    report = {
        name: getattr(result, name)
        for name in ("name", "account_set", "records", "size", "runs", "changes", "open", "torn")
    }
    report.update(
        exit_code=result.exit_code(),
        verdict=english(str(result.exit_code()), {}),
        uncovered=result.uncovered,
        origin=result.seals.origin,
        keys=[key.text for key in result.seals.named],
        faults=[
            {"kind": one.kind, "seq": one.seq, "place": one.place, "what": english(one.sentence, one.values)}
            for one in result.faults
        ],
        proven=[english(*said) for said in result.proven],
        unproven=[english(*said) for said in result.unproven],
    )
    return json.dumps(report, indent=1)


def main(words: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(description="Check a u8sync audit log or evidence bundle.")
    parser.add_argument("path", help="a bundle (.zip) or the folder of a log")
    parser.add_argument("--key", action="append", default=[], help="a public key that you trust: name+id+key")
    parser.add_argument("--checkpoint", action="append", default=[], help="a file with a checkpoint that you kept")
    parser.add_argument("--archive", help="the folder that older segments were moved to")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--lang", choices=("zh", "en"), help="language; the system's when absent")
    try:
        given = parser.parse_args(words)
    except SystemExit as ended:
        return 64 if ended.code else 0
    language = 1 if (given.lang or (locale.getlocale()[0] or "")[:2].lower()) in ("zh", "ch") else 0
    try:
        "\u5b8c\u6574".encode(sys.stdout.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        language = 0  # this console has no Chinese
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    argument = given.path
    try:
        kept = []
        for argument in given.checkpoint:
            with open(argument, encoding="utf-8", newline="") as file:
                kept.append(parse_checkpoint(file.read(20000)))
        keys = []
        for argument in given.key:
            keys.append(parse_key(argument))
    except OSError as error:
        sys.stderr.write(SENTENCES["unreadable"][language].format(path=argument, why=error.strerror) + "\n")
        return 74
    except ValueError:
        sys.stderr.write(SENTENCES["bad_argument"][language].format(text=argument) + "\n")
        return 64
    try:
        seals = Seals(keys, kept)
        found = (
            check_folder(given.path, given.archive, seals)
            if os.path.isdir(given.path)
            else check_bundle(given.path, seals)
        )
    except Unreadable as wrong:
        sys.stderr.write(SENTENCES[wrong.sentence][language].format(**wrong.values) + "\n")
        return 74
    except OSError as error:
        sys.stderr.write(
            SENTENCES["unreadable"][language].format(path=error.filename or given.path, why=error.strerror) + "\n"
        )
        return 74
    complete(found)
    sys.stdout.write((json_report(found) if given.json else "\n".join(text_report(found, language))) + "\n")
    return found.exit_code()


if __name__ == "__main__":
    sys.exit(main())

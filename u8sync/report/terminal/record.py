"""One audit record on the terminal: every field under its name, what belongs to it, and its proof.

A field that has no name here is shown under its own: a record of a later version is never shown in part.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from rich.console import Group, RenderableType

from u8sync.domain.canonical import Json
from u8sync.domain.logged import Proof, Signer
from u8sync.domain.metrics import METRICS
from u8sync.domain.policy import SCORE
from u8sync.ports import Record
from u8sync.report.rule_words import HELD
from u8sync.report.terminal.blocks import Cell, Column, Writer
from u8sync.report.terminal.history import time_words
from u8sync.report.words import APPROVAL_CAUSES, CAUSES, LOGGED, subject_label
from u8sync.text import Message, Translate, msg

__all__ = ["record_view"]

_FIRST: Final = (
    *("customer", "guard", "field", "column", "was", "becomes", "fields", "before", "after"),
    *("metric", "value", "points", "contribution", "code", "tier", "earned", "cause", "score", "rule"),
)
"""Fields that come before the others, in this order."""

_KINDS: Final[Mapping[str, Message]] = {
    "segment_open": msg("a file of the log begins"),
    "recovered_tail": msg("a last line that was never finished was put aside"),
    "run_open": msg("a run begins"),
    "plan": msg("the plan of the run"),
    "guard": msg("what a guard found"),
    "approval": msg("somebody took responsibility"),
    "skip": msg("customers that were left alone"),
    "hold": msg("customers whose tier was held"),
    "wait": msg("a change is left for a person to approve"),
    "decision": msg("a person answered"),
    "intent": msg("a change is about to be sent"),
    "outcome": msg("how a change ended"),
    "settle": msg("how a change ended that was left open"),
    "run_close": msg("a run ends"),
    "key": msg("a signing key is named"),
    "checkpoint": msg("a signed checkpoint"),
    "archived": msg("older files of the log may be moved away"),
}

_ENVELOPE: Final[Mapping[str, Message]] = {
    "seq": msg("Record"),
    "type": msg("Kind"),
    "ts": msg("Time (UTC)"),
    "run_id": msg("Run"),
    "target": msg("Account set"),
    "host": msg("Computer"),
    "pid": msg("Process"),
    "mono_us": msg("Clock of the computer, microseconds"),
    "tool_version": msg("Version of u8sync"),
    "v": msg("Format of the record"),
    "prev": msg("Hash of the record before"),
}
"""What every record has, in the order in which it is shown."""

_LABELS: Final[Mapping[str, Message]] = {
    "account_set": msg("Account set"),
    "ahead": msg("Ahead"),
    "after": msg("New values"),
    "allowed": msg("Let pass"),
    "answer": msg("Answer"),
    "approver": msg("Who approved"),
    "as_of": msg("Last day of the window"),
    "attempts": msg("Attempts"),
    "batch": msg("Batch"),
    "beaten": msg("Beaten"),
    "becomes": msg("Meaning after"),
    "before": msg("Values that had to hold"),
    "below": msg("Evaluations below in a row"),
    "by": msg("Who answers for it"),
    "bytes": msg("Bytes"),
    "cause": msg("Why"),
    "change": msg("What was asked for"),
    "changed_on": msg("Last change"),
    "changes": msg("Changes"),
    "code": msg("Customer"),
    "column": msg("Column"),
    "command": msg("Command"),
    "compared_with": msg("Compared with"),
    "config_sha256": msg("SHA-256 of the configuration"),
    "contribution": msg("Contribution"),
    "contributions": msg("Metrics"),
    "count": msg("Records"),
    "credit_days": msg("Days of credit"),
    "current": msg("Tier before"),
    "customer": msg("Customer"),
    "customers": msg("Customers"),
    "decisions": msg("Records of the answers"),
    "detail": msg("Words of U8"),
    "documents": msg("Documents in the window"),
    "earned": msg("Tier by the ladder"),
    "eased": msg("Places with the margin"),
    "edited": msg("Changed by a person"),
    "eligible": msg("Customers that get a tier"),
    "error": msg("Error"),
    "exit_code": msg("Exit code"),
    "field": msg("Field"),
    "fields": msg("Fields"),
    "floor_days": msg("Fewest days of a rate a year"),
    "frontier": msg("Tree up to there"),
    "group": msg("Compared within"),
    "guard": msg("Guard"),
    "hash": msg("Hash of the last record"),
    "held": msg("Held"),
    "history_days": msg("Days since the first sale"),
    "holds": msg("Holds with the margin"),
    "key": msg("Key"),
    "limit": msg("Limit"),
    "load": msg("Load"),
    "operations": msg("Calls of U8"),
    "pauses": msg("Pauses"),
    "retries": msg("Repeated calls"),
    "planned": msg("Planned"),
    "number": msg("Attempt"),
    "message": msg("Message"),
    "waited_s": msg("Seconds waited"),
    "mapping": msg("SHA-256 of the mapping"),
    "measured": msg("Measured"),
    "mean": msg("Mean that it was drawn to"),
    "method": msg("Method"),
    "metric": msg("Metric"),
    "mode": msg("What"),
    "moved": msg("Movement"),
    "needs": msg("Needs approval for"),
    "note": msg("Signed checkpoint"),
    "of_run": msg("Run that left it open"),
    "ok": msg("Limit kept"),
    "op_id": msg("Name of the change"),
    "others": msg("Others"),
    "person": msg("Modifier shown in U8"),
    "pin": msg("Set by hand"),
    "places": msg("Places"),
    "plan": msg("Plan"),
    "platform": msg("Operating system"),
    "points": msg("Points"),
    "policy": msg("SHA-256 of the tier policy"),
    "python": msg("Python"),
    "quotas": msg("Places in tiers with a quota"),
    "ranks": msg("Places that conditions ask for"),
    "reason": msg("Reason"),
    "replaces": msg("Key before"),
    "request": msg("Record of the request"),
    "review": msg("Review day reached"),
    "route": msg("Way into U8"),
    "rule": msg("Rule"),
    "rules": msg("Rules"),
    "score": msg("Score"),
    "seal": msg("Made with"),
    "seats": msg("Places that those who keep a tier leave"),
    "seen": msg("Values seen in U8"),
    "segment": msg("Number of the file"),
    "segments": msg("Files"),
    "sha256": msg("SHA-256"),
    "shrunk": msg("Value that was judged"),
    "skipped": msg("Customers left alone"),
    "start": msg("First day of the window"),
    "status": msg("How it ended"),
    "subject": msg("Condition on"),
    "tied": msg("Level with"),
    "tier": msg("Tier"),
    "tool": msg("Version of u8sync"),
    "total": msg("All together"),
    "totals": msg("How many ended how"),
    "tries": msg("Failed attempts"),
    "undoes": msg("Takes back"),
    "until": msg("Until"),
    "user": msg("Operating-system user"),
    "value": msg("Value"),
    "verdict": msg("How it ended"),
    "version": msg("Row version"),
    "version_after": msg("Row version after"),
    "version_before": msg("Row version before"),
    "was": msg("Meaning before"),
    "what": msg("What"),
    "window": msg("Window"),
    "with_business": msg("Customers with business"),
    "with_issues": msg("Customers with an unusable value"),
    "within": msg("Within the field"),
    "wrote": msg("u8sync had written"),
}

_GROUPS: Final[Mapping[str, Message]] = {"holds": msg("Values that had to hold besides")}
"""Names of groups of fields, where they differ from that of a single field of the name."""

_HELD: Final[Mapping[str, Message]] = {str(hold): words for hold, words in HELD.items()}

_WORDS: Final[Mapping[str, Mapping[str, Message]]] = {
    "status": LOGGED,
    "verdict": LOGGED,
    "cause": {**CAUSES, **_HELD},  # of customers that were skipped, and of those that were held
    "held": _HELD,
    "answer": {"yes": msg("approved"), "no": msg("refused")},
    "needs": {str(cause): words for cause, words in APPROVAL_CAUSES.items()},
}
"""Fields whose values have words of their own."""

_TRUST: Final[Mapping[str, Message]] = {
    "given": msg("right, by a key that you trust"),
    "named": msg("right, by a key that only the log itself names: compare it with one that was kept outside"),
    "wrong": msg("WRONG: not made by this key"),
    "unknown": msg("not checked: no such key is known"),
}


def record_view(
    record: Record,
    *,
    name: str,
    line_hash: str,
    partners: Sequence[Record],
    proof: Proof | None,
    translate: Translate,
) -> RenderableType:
    """One record.

    Args:
        record: The record.
        name: The log's folder.
        line_hash: Hash of its line, hex.
        partners: What belongs to it, oldest first.
        proof: Its proof, checked; null: no checkpoint covers it.
        translate: The language.
    """
    write = Writer(translate)
    kind = str(record["type"])
    own = {key: record[key] for key in _ordered(record) if key not in _ENVELOPE}
    envelope = [(label, _value(key, record[key])) for key, label in _ENVELOPE.items() if key in record]
    parts: list[RenderableType] = [
        write.title(msg("Record {seq} of {name}: {kind}", seq=record["seq"], name=name, kind=_KINDS.get(kind, kind))),
        write.facts([(label, cell) for label, cell in envelope if label not in (_ENVELOPE["prev"], _ENVELOPE["v"])]),
        *_sections(msg("What it says"), own, write),
    ]
    if partners:
        parts += [write.heading(msg("What belongs to it")), _partner_table(partners, write)]
    parts += [write.heading(msg("Proof")), *_proof(record, line_hash, proof, write)]
    return Group(*parts)


def _ordered(keys: Iterable[str]) -> list[str]:
    """The fields in the order in which people ask for them; the record's own order is the alphabet's."""
    return sorted(keys, key=lambda key: _FIRST.index(key) if key in _FIRST else len(_FIRST))


def _label(key: str) -> Message:
    return _LABELS.get(key) or LOGGED.get(key) or Message("{name}", {"name": key})


def _value(key: str, value: Json) -> Cell:
    """A value in one cell; what is nested stays JSON, which is exact."""
    if isinstance(value, bool):
        return msg("yes") if value else msg("no")
    if value is None or value in ([], {}):
        return None
    return _text_value(key, value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _text_value(key: str, value: str) -> Cell:
    """Text in words, where it has any."""
    if key == "ts":
        return value.replace("T", " ").removesuffix("Z")
    if key == "type":
        return msg("{kind}: {name}", kind=_KINDS[value], name=value) if value in _KINDS else value
    if key in {"metric", "subject"}:
        return subject_label(value) if value in METRICS or value == SCORE else value
    return _WORDS.get(key, {}).get(value, value)


def _sections(title: Message, values: Mapping[str, Json], write: Writer) -> Iterator[RenderableType]:
    """A heading with the plain values below it, then what is nested under headings of its own."""
    plain = [(_label(key), _value(key, values[key])) for key in _ordered(values) if not _nested(key, values[key])]
    if plain:
        yield write.heading(title)
        yield write.facts(plain)
    for key in _ordered(values):
        value = values[key]
        if not _nested(key, value):
            continue
        if isinstance(value, dict):
            yield from _sections(_GROUPS.get(key) or _label(key), value, write)
        elif isinstance(value, list) and all(isinstance(one, dict) for one in value):
            yield write.heading(_label(key))
            yield _rows([one for one in value if isinstance(one, dict)], write)
        elif isinstance(value, list):
            yield write.heading(_label(key))
            yield write.line(", ".join(one if isinstance(one, str) else json.dumps(one) for one in value))
        else:
            yield write.heading(_label(key))
            yield from (write.line(line) for line in str(value).splitlines() if line)


def _nested(key: str, value: Json) -> bool:
    return bool(value) and (isinstance(value, dict | list) or key == "note")


def _rows(rows: Sequence[Mapping[str, Json]], write: Writer) -> RenderableType:
    keys = _ordered(dict.fromkeys(key for row in rows for key in row))
    columns: list[Column] = [(_label(key), "left") for key in keys]
    return write.table(columns, ([_value(key, row.get(key)) for key in keys] for row in rows))


def _partner_table(partners: Sequence[Record], write: Writer) -> RenderableType:
    return write.table(
        [
            (msg("Record"), "right"),
            (msg("Time (UTC)"), "left"),
            (msg("Kind"), "left"),
            (msg("How it ended"), "left"),
            (msg("Run"), "left"),
        ],
        (
            (
                str(one["seq"]),
                time_words(str(one["ts"])),
                _value("type", one["type"]),
                _value("status", one.get("status") or one.get("verdict")),
                str(one["run_id"]),
            )
            for one in partners
        ),
    )


def _proof(record: Record, line_hash: str, proof: Proof | None, write: Writer) -> Iterator[RenderableType]:
    rows: list[tuple[Message, Cell]] = [
        (_ENVELOPE["prev"], str(record["prev"])),
        (msg("Hash of this record"), line_hash),
    ]
    if proof is None:
        yield write.facts(rows)
        yield write.line(
            msg("No signed checkpoint covers this record yet, so nothing outside can vouch for it."), above=1
        )
        return
    covered = msg(
        "record {seq}, signed {time}, covers {count} records", seq=proof.note_seq, time=proof.time, count=proof.size
    )
    rows.append((msg("Checkpoint"), covered))
    rows += [(msg("Signature of {name}", name=_key(one)), _TRUST[one.trust]) for one in proof.signers]
    yield write.facts(rows)
    yield write.line(
        msg(
            "Proved: this record and {count} hashes lead to the root that the checkpoint signs.",
            count=len(proof.hashes),
        ),
        above=1,
    )


def _key(signer: Signer) -> str:
    return f"{signer.name}+{signer.key_id}"

"""What went wrong between u8sync and a SQL Server, and what follows from it.

Three drivers name the same fault differently, the servers of U8 speak Chinese, and the same number means one thing from
the server and another from the network. So a fault is told by codes, never by the server's words; the codes are in
``faults.tsv``, and what a class of them means in each phase of the work is in :data:`MEANINGS`.

*Why the phase*: a lost connection while reading is a nuisance; after a write was sent it hides whether the write took
effect. Lists of "transient" errors in circulation do not make that difference, and a loop over them writes twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from csv import QUOTE_NONE, DictReader
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final, Literal, TypedDict, cast

from u8sync.backends.sqlserver.fault_words import words_for
from u8sync.errors import BackendError, FatalError, TransientError, UnknownOutcomeError
from u8sync.text import Message, Private, msg

__all__ = [
    "MEANINGS",
    "PHASES",
    "Fault",
    "Meaning",
    "Phase",
    "Row",
    "Verdict",
    "classify",
    "read_fault",
    "rows",
    "to_error",
]

Phase = Literal["connect", "read", "write", "commit"]
"""``write``: from the first statement that changes something to the commit; ``commit``: once the commit was sent."""

PHASES: Final[tuple[Phase, ...]] = ("connect", "read", "write", "commit")

Meaning = Literal["transient", "fatal", "unknown", "row"]
"""``transient``: nothing took effect, and it may work if tried again. ``fatal``: nothing took effect, and trying again
cannot help. ``unknown``: read back. ``row``: one edit of the batch has a value that the database refuses."""

MEANINGS: Final[Mapping[str, tuple[Meaning, Meaning, Meaning, Meaning]]] = {
    # class: connect, read, write, commit
    "T1": ("transient", "transient", "transient", "transient"),  # the server says that it rolled back
    "T2": ("transient", "transient", "transient", "unknown"),  # somebody else's lock
    "T3": ("transient", "transient", "unknown", "unknown"),  # the link
    "T3*": ("fatal", "transient", "unknown", "unknown"),  # cannot be set up (TLS, driver file)
    "T4": ("transient", "transient", "unknown", "unknown"),  # a timeout of the driver
    "T5": ("transient", "transient", "transient", "unknown"),  # too much to do
    "T6": ("transient", "transient", "unknown", "unknown"),  # not up, or not any more
    "P1": ("fatal", "fatal", "fatal", "unknown"),  # configuration, rights, or our own statement
    "P1*": ("transient", "transient", "fatal", "unknown"),  # like P1, but a server that starts says the same
    "P2": ("fatal", "fatal", "row", "unknown"),  # the data of a row
    "P3": ("fatal", "fatal", "unknown", "unknown"),  # the server is not well
    "U": ("fatal", "fatal", "unknown", "unknown"),  # not in the table
}


class Row(TypedDict):
    """A row of ``faults.tsv``.

    ``kind`` says where the code comes from: ``server`` numbers of sys.messages, ``client`` numbers of the network layer
    of Microsoft's drivers, ``freetds`` numbers of FreeTDS, ``sqlstate`` (five characters, or two for all that begin so)
    and ``text``, a pattern of words that the driver itself says. ``driver_error`` is what mssql-python says in place
    of the SQLSTATE.
    """

    kind: str
    code: str
    fault_class: str
    topic: str
    driver_error: str
    note: str
    source: str


@dataclass(frozen=True)
class Fault:
    """The first diagnostic of a driver's error.

    Attributes:
        sqlstate: Five characters; null when the driver does not say.
        native: Number of the server, or of the driver's network layer; null when the driver does not say.
        text: Words of the driver or the server with the ``[Microsoft][...]`` tags that tell whose they are.
    """

    sqlstate: str | None
    native: int | None
    text: str


@dataclass(frozen=True)
class Verdict:
    """What a fault means in the phase where it came up.

    Attributes:
        meaning: What may be done now.
        fault_class: A key of :data:`MEANINGS`.
        sentence: What is wrong.
        hint: What to do next.
        topic: What it is about, a topic of ``faults.tsv``.
    """

    meaning: Meaning
    fault_class: str
    sentence: Message
    hint: Message
    topic: str = "unknown"


@cache
def rows() -> Mapping[tuple[str, str], Row]:
    """The table, by kind and code."""
    text = resources.files(__package__).joinpath("faults.tsv").read_text(encoding="utf-8")
    found = [cast("Row", row) for row in DictReader(text.splitlines(), delimiter="\t", quoting=QUOTE_NONE)]
    return {(row["kind"], row["code"]): row for row in found}


_TAGS: Final = re.compile(
    r"(?:\[(?:Microsoft|FreeTDS|unixODBC|iODBC|DBNETLIB|Driver Manager|(?:ODBC|SQL Server|SQL Native)[^\]]*)\]\s*)+"
)
_NEXT: Final = re.compile(r"; (?=\[[0-9A-Z]{5}\] )")
_PYODBC: Final = re.compile(r"(?:\[[0-9A-Z]{5}\] )?(?P<text>.*?) ?\((?P<native>-?\d+)\)(?: \(\w+\))?", re.DOTALL)


def read_fault(error: BaseException) -> Fault:
    """What a DBAPI error of pyodbc (with any driver) or of mssql-python says of itself.

    pyodbc puts the number at the end, as in ``[40001] [Microsoft][...][SQL Server]... (1205) (SQLExecDirectW)``, and
    all diagnostics into one text; mssql-python has neither number nor SQLSTATE, only fixed English words for the
    latter.
    """
    words = getattr(error, "driver_error", None)
    if isinstance(words, str):
        return Fault(_sqlstate_of(words), None, str(getattr(error, "ddbc_error", "")) or words)
    *before, text = [str(argument) for argument in error.args] or [""]
    first = _NEXT.split(text)[0]
    found = _PYODBC.fullmatch(first)
    return Fault(
        sqlstate=before[0] if before else None,
        native=int(found["native"]) if found else None,
        text=found["text"] if found else first,
    )


def _sqlstate_of(words: str) -> str | None:
    known = {row["driver_error"]: row["code"] for row in rows().values() if row["driver_error"]}
    other = re.fullmatch(r"An error occurred with SQLSTATE code: ([0-9A-Z]{5})", words)
    return other[1] if other else known.get(words)


def classify(fault: Fault, phase: Phase) -> Verdict:
    """What ``fault`` means in ``phase``: by its number if that is known, then by the driver's words, then by SQLSTATE.

    *Why words before the SQLSTATE*: Microsoft's driver says 08001 for a certificate that it does not accept as for a
    server that is not there; only the second is worth another try.
    """
    row = _row(fault)
    fault_class, topic = (row["fault_class"], row["topic"]) if row else ("U", "unknown")
    meaning = MEANINGS[fault_class][PHASES.index(phase)]
    # The server quotes the values of a row that it refuses, and whatever else nobody knows.
    detail = Private(_detail(fault)) if fault_class in {"P2", "U"} else _detail(fault)
    words = words_for(topic, connecting=phase == "connect", unknown=meaning == "unknown", detail=detail)
    return Verdict(meaning, fault_class, words.sentence, words.hint, topic)


def to_error(verdict: Verdict, place: str) -> BackendError:
    """The error to raise; ``place`` is what messages call the server.

    A row that the database refuses is a FatalError here: a caller that can tell the rows apart does so before.
    """
    message = msg("SQL Server {place}: {what}", place=place, what=verdict.sentence)
    match verdict.meaning:
        case "transient":
            return TransientError(message, hint=verdict.hint)
        case "unknown":
            return UnknownOutcomeError(message, hint=verdict.hint, ends_run=verdict.fault_class in _END_RUN)
        case "fatal" | "row":
            return FatalError(message, hint=verdict.hint, about=verdict.topic)


_END_RUN: Final = frozenset({"P1", "P1*", "P2", "P3", "U"})
"""Classes that another batch would only meet again, or that nobody knows."""


def _row(fault: Fault) -> Row | None:
    known = rows()
    tags = _tags(fault.text)
    if fault.native is not None:
        for kind in _sources(tags):
            if row := known.get((kind, str(fault.native))):
                return row
    if "[SQL Server]" not in tags or ("[FreeTDS]" in tags and not fault.native):
        for row in known.values():
            if row["kind"] == "text" and re.search(row["code"], fault.text):
                return row
    state = fault.sqlstate or ""
    return known.get(("sqlstate", state)) or known.get(("sqlstate", state[:2]))


def _sources(tags: str) -> tuple[str, ...]:
    """Whose numbers a text with these tags can carry. 1222 of the server is a lock, of Windows a missing network."""
    if not tags:
        return ("server", "client", "freetds")
    if "[FreeTDS]" in tags:
        return ("server", "freetds")
    return ("server",) if "[SQL Server]" in tags else ("client",)


def _tags(text: str) -> str:
    found = _TAGS.match(text)
    return found[0] if found else ""


_SECRET: Final = re.compile(r"(?i)\b(pwd|password|uid|user id)\s*=\s*(?:\{(?:[^}]|\}\})*(?:\}|$)|[^;]*)")


def _detail(fault: Fault) -> str:
    """The words without tags, line ends and whatever a connection string may have brought in; then the codes."""
    words = " ".join(_SECRET.sub(r"\1=***", fault.text[len(_tags(fault.text)) :]).split())
    codes = ", ".join(str(code) for code in (fault.sqlstate, fault.native) if code)
    return f"{words} [{codes}]" if codes else words

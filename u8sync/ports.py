"""The seams: what the engine asks of the rooms around it. One page, no behaviour.

A backend is a way into one U8 account set. It speaks raw values: every column is text or null, in one form whatever
the way in (dates ``YYYY-MM-DD``, amounts plain decimals, flags ``0`` and ``1``, row versions ``0x`` and 16 hex digits).

Which error means what: :class:`~u8sync.errors.TransientError` not done for certain, may be tried again;
:class:`~u8sync.errors.FatalError` trying again cannot help;
:class:`~u8sync.errors.UnknownOutcomeError` a write whose answer is missing: read back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, ParamSpec, Protocol, TypeVar

from u8sync.domain.canonical import Json
from u8sync.domain.columns import ColumnLimit, Glossary

if TYPE_CHECKING:
    import polars as pl

    from u8sync.domain.guards import Verdict
    from u8sync.domain.model import AccountSet, CustomerCode, Extra, Facts, Period, Window
    from u8sync.domain.plan import Plan
    from u8sync.domain.run import Ending, Settlement
    from u8sync.text import Message

__all__ = [
    "AccountSetFound",
    "Anchor",
    "AuditAt",
    "AuditLog",
    "Backend",
    "BatchEnded",
    "BatchSent",
    "Check",
    "Clock",
    "ColumnLimit",
    "DatabaseFound",
    "Edit",
    "EditOutcome",
    "Event",
    "FailedTry",
    "Glossary",
    "Head",
    "Json",
    "Needs",
    "Observer",
    "OpenSettled",
    "PlanJudged",
    "Progress",
    "Reached",
    "Reading",
    "Record",
    "Stamp",
    "StepBegan",
    "StepEnded",
    "Trying",
]


Record = Mapping[str, Json]
"""One audit record as read back: the fields of every record and those of its type."""


@dataclass(frozen=True)
class Reading:
    """One customer as U8 holds it now.

    Attributes:
        values: Column -> raw value.
        version: ``pubufts`` as ``0x`` and 16 hex digits; null where the way in offers none. Evidence, no condition.
    """

    values: Mapping[str, str | None]
    version: str | None


@dataclass(frozen=True)
class Edit:
    """One customer's change, all or nothing.

    Attributes:
        code: The customer.
        before: Column -> raw value that the plan saw: the written columns and the inputs that the decision used.
            The edit is only made while all of them still hold (compared with :func:`u8sync.domain.model.same`).
        after: Column -> raw value to write; a part of ``before``'s columns.
        op_id: Its name in the audit log, for a receipt; empty when there is none.
    """

    code: CustomerCode
    before: Mapping[str, str | None]
    after: Mapping[str, str | None]
    op_id: str = ""


@dataclass(frozen=True)
class Stamp:
    """Who and when, for U8's own bookkeeping columns (``cModifyPerson``, ``dModifyDate``).

    Attributes:
        person: What U8 shows as the modifier, at most 20 characters.
        at: Aware, in the account set's time zone: U8 keeps the wall clock there.
    """

    person: str
    at: datetime


EditStatus = Literal["applied", "already_applied", "conflict", "gone", "rejected"]


@dataclass(frozen=True)
class EditOutcome:
    """How one edit ended, known for certain.

    Attributes:
        code: The customer.
        status: ``applied`` written now; ``already_applied`` the written columns had the new values before us;
            ``conflict`` some column of ``before`` holds another value; ``gone`` no such customer;
            ``rejected`` U8 refused the value.
        seen: The columns of ``before`` as U8 held them when the decision was made; empty when ``gone``.
        version_before: Row version when the decision was made; null where there is none.
        version_after: Row version after the write; null unless ``applied``.
        detail: U8's own words for a rejection, with no secret in it; null otherwise.
    """

    code: CustomerCode
    status: EditStatus
    seen: Mapping[str, str | None]
    version_before: str | None = None
    version_after: str | None = None
    detail: str | None = None


class Backend(Protocol):
    """A way into one U8 account set. Methods may be called in any order until :meth:`close`."""

    way: str
    """Key of the mapping's column names: ``sql`` or ``openapi``."""

    read_only: bool
    """True when :meth:`write` always raises :class:`~u8sync.errors.RefusedError`."""

    route: Mapping[str, str]
    """How U8 is reached, for the audit log: driver, server, login, protection of the line. No secret; may be empty."""

    most_edits: int | None
    """Most edits in one :meth:`write`; null: any number. 1 where U8 offers no transaction over several customers."""

    late_s: float
    """How long after it was sent an edit may still take effect though its answer is missing, in seconds; 0 where
    :meth:`read` waits for it. Until then a value that is as before proves nothing."""

    def account_set(self) -> AccountSet:
        """Which account set this is."""

    def columns(self) -> frozenset[str]:
        """The columns of the customer archive that can be read here; never a contact, bank or address column."""

    def writable(self) -> Mapping[str, ColumnLimit]:
        """The columns that may be written here, with what they accept."""

    def glossary(self) -> Glossary:
        """The account set's own words for its columns and codes, as far as this way into U8 tells them for certain.

        They are about columns of :meth:`columns` only.
        """

    def customers(self, columns: Sequence[str], progress: Progress) -> pl.DataFrame:
        """All customers: ``n × (code, *columns)``, all String, ``code`` unique, in no particular order.

        Every column must be in :meth:`columns`; ``code`` is ``cCusCode`` whatever the mapping calls it.
        """

    def periods(self) -> tuple[Period, ...]:
        """The fiscal periods of the account set, ordered; empty where they cannot be read or this way has none."""

    def facts(self, window: Window, progress: Progress, extras: frozenset[Extra] = frozenset()) -> Facts:
        """What the documents inside ``window`` add up to, summed where the data lies.

        ``extras`` are read only when they are asked for; what cannot be read is null, and a note says so.
        """

    def read(self, codes: Sequence[CustomerCode], columns: Sequence[str]) -> Mapping[CustomerCode, Reading]:
        """Some customers, now. A customer that does not exist is absent from the answer."""

    def claim(self) -> None:
        """Take the account set for writing, where the way in can lock it; :meth:`write` does so too.

        Raises LockHeldError when another writer has it, RefusedError when policy forbids this login to write.
        """

    def receipts(self, op_ids: Sequence[str]) -> frozenset[str] | None:
        """Which of these operations left a receipt in U8; null where none are kept.

        A receipt is committed with the edit that it names or not at all: with it the edit was made, without it not.
        """

    def write(self, edits: Sequence[Edit], stamp: Stamp) -> Sequence[EditOutcome]:
        """Make the edits whose ``before`` still holds, in one transaction; one outcome each, in the order given.

        No column other than those of ``after`` and the bookkeeping of ``stamp`` changes.
        Raises TransientError when nothing of the batch took effect, UnknownOutcomeError when that is not known.
        """

    def close(self) -> None:
        """Give back what is held. Calling it twice is harmless."""


@dataclass(frozen=True)
class Head:
    """The end of an audit log: number of records, and the hash of the last one (64 zeros when empty)."""

    count: int
    hash: str


class AuditLog(Protocol):
    """The append-only record of one account set, held by one writer from opening to :meth:`close`."""

    def append(self, type_: str, fields: Mapping[str, Json]) -> int:
        """Add a record; returns its number, from 1. It is not durable before :meth:`commit`."""

    def commit(self) -> None:
        """Make all records so far durable. Raises AuditError when that is not certain; no write to U8 may follow."""

    def records(self, *types: str) -> Iterator[Record]:
        """The records so far, oldest first, of the given types (all when none is given)."""

    def open_changes(self) -> Sequence[str]:
        """Names of the changes that were announced and have no recorded end, oldest first."""

    def head(self) -> Head:
        """Where the log ends now."""

    def checkpoint(self) -> str | None:
        """Sign the log as it is now, and make that durable; the signed text, null when the log has no key."""

    def close(self) -> None:
        """Give the writer's lock back. Calling it twice is harmless."""


class Anchor(Protocol):
    """A place out of the writer's reach that gets the checkpoints of audit logs.

    Making one touches nothing. Each method may take as long as it likes: who calls it sets a limit. They raise
    BackendError when the place cannot be reached or does not do what it is asked, InputError when a setting or a
    secret is missing, RefusedError when the place proves nothing as it is.
    """

    @property
    def name(self) -> str:
        """What messages call it; no secret in it."""

    @property
    def timeout_s(self) -> float:
        """How long it may hold up a run, seconds."""

    @property
    def keeps(self) -> bool:
        """Whether it keeps what it gets. One that only answers, with evidence, needs the newest checkpoint alone."""

    def publish(self, checkpoint: str) -> bytes | None:
        """Hand over a checkpoint; returns evidence to keep beside the log, null when there is none.

        A checkpoint that is there already is left as it is. Raises AuditError when the place holds another one of the
        same log and size.
        """

    def newest(self, origin: str, most: int) -> Sequence[str]:
        """What it holds of the log with this origin, smallest size first: the ``most`` largest. Empty unless it keeps.

        What cannot be read as a checkpoint is handed out all the same: it may be the trace of an attack.
        """


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""


@dataclass(frozen=True)
class FailedTry:
    """One try that failed.

    Attributes:
        number: Which try of the operation, from 1.
        error: Class of the error.
        message: The error in English; the backends keep secrets out of it.
        waited_s: Seconds that were waited after it; 0 when nothing was tried after it.
    """

    number: int
    error: str
    message: str
    waited_s: Decimal


P = ParamSpec("P")
T = TypeVar("T")


class Trying(Protocol):
    """When to try again, for a way into U8 whose operations are many small calls; may be used by several threads."""

    @property
    def sleep(self) -> Callable[[float], None]:
        """Waits so many seconds."""

    @property
    def clock(self) -> Callable[[], float]:
        """Seconds that only go forwards."""

    def call(self, operation: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> tuple[T, int]:
        """Call ``operation`` until it works; returns its result and the number of attempts.

        Only a TransientError is tried again. The last one rises, exhausted, when that is all that may be done.
        """


class Progress(Protocol):
    """Hears how far a long step has come. Implementations must be quick and must never fail."""

    def start(self, step: Message, total: int | None) -> None:
        """A step begins; ``total`` units of work lie ahead, null when not known."""

    def advance(self, units: int) -> None:
        """So many units more are done."""

    def finish(self) -> None:
        """The step is over."""


# --- what happens in a run, for whoever keeps a log -------------------------------------------------------------------


@dataclass(frozen=True)
class StepBegan:
    """A step of the run begins; ``total`` units of work lie ahead, null when not known."""

    name: Message
    total: int | None


@dataclass(frozen=True)
class StepEnded:
    """A step of the run is over.

    Attributes:
        name: The step.
        seconds: Its time, with three places.
        units: Units of work that were reported done: customers, documents, records.
    """

    name: Message
    seconds: Decimal
    units: int


@dataclass(frozen=True)
class Reached:
    """U8 is open, and this is the account set."""

    account_set: AccountSet


@dataclass(frozen=True)
class AuditAt:
    """Where the audit log ends, after it was opened and after the run was closed in it."""

    head: Head


@dataclass(frozen=True)
class OpenSettled:
    """What an earlier run had left open is settled."""

    settled: tuple[Settlement, ...]


@dataclass(frozen=True)
class PlanJudged:
    """The plan stands in the audit log, and this is what the guards found."""

    plan: Plan
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True)
class BatchSent:
    """The intents of a batch are durable; now it is sent.

    Attributes:
        number: Of the batch, from 1.
        changes: Customers in it.
    """

    number: int
    changes: int


@dataclass(frozen=True)
class BatchEnded:
    """How a batch ended.

    Attributes:
        number: Of the batch, from 1.
        endings: One for each change.
        attempts: How often it was sent.
    """

    number: int
    endings: tuple[Ending, ...]
    attempts: int


Event = StepBegan | StepEnded | Reached | AuditAt | OpenSettled | FailedTry | PlanJudged | BatchSent | BatchEnded
"""What an observer is told. A new kind of event is a class here and its words in ``telemetry/happenings.py``."""


class Observer(Protocol):
    """Hears what happens in a run. Implementations must be quick, must never fail, and may be told by any thread."""

    def notice(self, event: Event) -> None:
        """This has just happened."""


# --- before the first run ---------------------------------------------------------------------------------------------


CheckStatus = Literal["ok", "warning", "failure"]


@dataclass(frozen=True)
class Check:
    """One finding of ``u8sync doctor``.

    Attributes:
        topic: What was looked at, in a few words.
        status: ``failure``: a run cannot do its work; ``warning``: it can, and something is lost or at risk.
        found: What was found.
        hint: What to do; null when nothing is to be done.
        script: T-SQL or shell that a person can run as it is; null: none. It holds no secret.
    """

    topic: Message
    status: CheckStatus
    found: Message
    hint: Message | None = None
    script: str | None = None


@dataclass(frozen=True)
class Needs:
    """What mapping and policy ask of the account set.

    Attributes:
        reads: Columns that are read, ``writes`` among them.
        writes: Columns that are written.
        writing: Whether anything is to be written at all; false where the configuration says read-only.
        extras: What is read of the documents besides the usual, for the policy's metrics.
        periods: Whether the policy's window depends on the fiscal periods.
    """

    reads: frozenset[str]
    writes: frozenset[str]
    writing: bool
    extras: frozenset[Extra] = frozenset()
    periods: bool = False


@dataclass(frozen=True)
class DatabaseFound:
    """One database of an account set.

    Attributes:
        name: The database.
        first_year: First year that it holds; null when not known.
        last_year: Last one; null: still in use, or not known.
    """

    name: str
    first_year: int | None
    last_year: int | None


@dataclass(frozen=True)
class AccountSetFound:
    """An account set that the configured login can see.

    Attributes:
        code: Three characters.
        name: As U8 shows it; the code when that may not be read.
        databases: Its databases, the oldest first.
        notes: What could not be known or may not be used.
    """

    code: str
    name: str
    databases: tuple[DatabaseFound, ...]
    notes: tuple[Message, ...] = ()

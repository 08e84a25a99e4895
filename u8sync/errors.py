"""Every error of u8sync, one tree, grouped by what follows from it.

::

    U8SyncError                 says what is wrong, and what to do next; ends a command with its exit code
    ├── InputError          65  a file, an argument or a value that a person gave cannot be used
    │   └── ConfigError     65  a YAML file: every problem of it at once, each with file, line and column
    ├── BackendError            U8 or the way into it
    │   ├── TransientError  75  not done for certain, and may work if tried again
    │   ├── FatalError      69  trying again cannot help: not reachable, not allowed, not a U8 account set
    │   └── UnknownOutcomeError 75  a write was sent and its answer is missing: read back, never send again blindly
    ├── LockHeldError        3  another run holds the audit log
    ├── StoppedError        75  somebody asked the run to stop; what was sent is recorded
    ├── UnsafePlanError      4  a guard stopped the run; nothing was written
    ├── StalePlanError       5  the plan is not true any more, or was never made for this
    ├── AuditError          74  the audit log cannot be written or cannot be trusted: nothing is sent
    └── RefusedError        78  policy forbids it

What concerns one customer only (a conflict, a refused value) is no error but an outcome of that customer:
see :class:`u8sync.ports.EditOutcome`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from u8sync.text import Message, Place, msg

__all__ = [
    "AuditError",
    "BackendError",
    "ConfigError",
    "ExitCode",
    "FatalError",
    "InputError",
    "LockHeldError",
    "Problem",
    "RefusedError",
    "StalePlanError",
    "StoppedError",
    "TransientError",
    "U8SyncError",
    "UnknownOutcomeError",
    "UnsafePlanError",
]


class ExitCode(IntEnum):
    """What a script sees when a command ends."""

    DONE = 0
    """Done, or nothing to do."""
    UNEXPECTED = 1
    """An error that u8sync did not foresee; ``audit verify``: the log is not whole."""
    PENDING = 2
    """``plan``: changes are pending. ``apply`` and ``run``: finished, but some rows were not applied.
    ``map test``: some cases failed."""
    LOCK_HELD = 3
    """Another run is at work."""
    GUARD = 4
    """A guard stopped the run; nothing was written."""
    STALE = 5
    """The plan file is stale, edited, or made for something else; nothing was written."""
    BAD_INPUT = 65
    """Bad configuration or input."""
    UNREACHABLE = 69
    """U8 is not reachable, or not usable."""
    AUDIT = 74
    """The audit log cannot be written or trusted; nothing was sent."""
    TEMPORARY = 75
    """Temporary; try again."""
    REFUSED = 78
    """Refused by policy."""


class U8SyncError(Exception):
    """Base of all errors that a user is meant to read.

    Args:
        message: What is wrong, and where.
        hint: What to do next; null when the message says it all.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.UNEXPECTED

    def __init__(self, message: Message, *, hint: Message | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return str(self.message)


class InputError(U8SyncError):
    """A file, an argument or a value that a person gave cannot be used."""

    exit_code = ExitCode.BAD_INPUT


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a file that a person wrote.

    Attributes:
        place: Where; null when the problem is the file as a whole.
        message: What is wrong.
        hint: The nearest known name, or what would be right; null when there is none.
    """

    place: Place | None
    message: Message
    hint: Message | None = None


class ConfigError(InputError):
    """A YAML file that cannot be used; holds every problem found in it, in the order of the file."""

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        super().__init__(
            msg("{file}: {count} problem(s)", file=file, count=len(problems)),
            hint=msg("Nothing was read from U8 and nothing was written. Mend the file and run the command again."),
        )
        self.file = file
        self.problems = tuple(problems)

    def __str__(self) -> str:
        lines = (f"{p.place or self.file}: {p.message}" for p in self.problems)
        return "\n".join([str(self.message), *lines])


class BackendError(U8SyncError):
    """U8, or the way into it, did not do what was asked."""

    exit_code = ExitCode.UNREACHABLE


class TransientError(BackendError):
    """It was certainly not done, and may work if tried again (a busy database, a deadlock).

    Args:
        message: What is wrong, and where.
        hint: What to do next; null when the message says it all.
        wait_s: What U8 itself asked to wait before the next try, in seconds; 0 when it did not say.
        exhausted: Whether it was tried as often as it may be: nobody tries again what somebody below gave up.
    """

    exit_code = ExitCode.TEMPORARY

    def __init__(
        self, message: Message, *, hint: Message | None = None, wait_s: float = 0.0, exhausted: bool = False
    ) -> None:
        super().__init__(message, hint=hint)
        self.wait_s = wait_s
        self.exhausted = exhausted


class FatalError(BackendError):
    """Trying again cannot help: not reachable, not allowed, not a U8 account set. Never retried.

    Args:
        message: What is wrong, and where.
        hint: What to do next; null when the message says it all.
        about: What a person could answer differently: ``login``, ``tls_certificate``, ``tls_none`` and the like, as the
            way into U8 calls it; empty when it does not say.
    """

    def __init__(self, message: Message, *, hint: Message | None = None, about: str = "") -> None:
        super().__init__(message, hint=hint)
        self.about = about


class UnknownOutcomeError(BackendError):
    """A write was sent and its answer is missing. It must be settled by reading back, never by sending it again.

    Args:
        message: What is wrong, and where.
        hint: What to do next; null when the message says it all.
        ends_run: Whether more writes would only meet the same: U8 is not well, or nobody knows what it said.
    """

    exit_code = ExitCode.TEMPORARY

    def __init__(self, message: Message, *, hint: Message | None = None, ends_run: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.ends_run = ends_run


class LockHeldError(U8SyncError):
    """Another run holds the audit log of this account set."""

    exit_code = ExitCode.LOCK_HELD


class StoppedError(U8SyncError):
    """Somebody asked the run to stop. It stopped between two batches: what was sent is recorded."""

    exit_code = ExitCode.TEMPORARY


class UnsafePlanError(U8SyncError):
    """A guard stopped the run before anything was written."""

    exit_code = ExitCode.GUARD


class StalePlanError(U8SyncError):
    """The plan is not true any more, or was made for another account set, mapping or policy."""

    exit_code = ExitCode.STALE


class AuditError(U8SyncError):
    """The audit log cannot be written or cannot be trusted. Nothing may be sent to U8."""

    exit_code = ExitCode.AUDIT


class RefusedError(U8SyncError):
    """Policy forbids it."""

    exit_code = ExitCode.REFUSED

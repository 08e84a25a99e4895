"""How the server misbehaves when told to: rules that say what happens, when, and how often."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "Action", "Drop", "DropInResult", "Fault", "Faults", "Late", "Phase", "Raise", "Stall",
    "deadlock", "lock_timeout", "login_failed",
]  # fmt: skip

Phase = Literal["prelogin", "login", "statement", "commit"]


@dataclass(frozen=True)
class Raise:
    """Answer an error; at the login it refuses the client.

    Attributes:
        number: Of sys.messages.
        message: Its text.
        severity: From 20 up the server closes the connection.
        state: Its state.
        executed: First do what was asked, and keep the error for the answer.
        rolls_back: The transaction goes with it, as with a deadlock or under XACT_ABORT.
    """

    number: int
    message: str
    severity: int = 16
    state: int = 1
    executed: bool = False
    rolls_back: bool = False


@dataclass(frozen=True)
class Drop:
    """Cut the connection instead of answering.

    Attributes:
        executed: Whether what was asked is done before.
        reset: With RST; else with FIN.
    """

    executed: bool = False
    reset: bool = False


@dataclass(frozen=True)
class DropInResult:
    """Cut the connection after so many rows.

    Attributes:
        rows: Sent whole before.
        truncated: The last packet breaks off in the middle; else the cut is between two tokens.
        reset: With RST; else with FIN.
    """

    rows: int
    truncated: bool = False
    reset: bool = False


@dataclass(frozen=True)
class Stall:
    """Do nothing until released; then go on as if nothing had been. An attention is answered meanwhile."""


@dataclass(frozen=True)
class Late:
    """Cut the connection, and do what was asked only when released: the commit that comes late."""

    reset: bool = False


Action = Raise | Drop | DropInResult | Stall | Late


def deadlock() -> Raise:
    """This session was chosen as the victim of a deadlock; its transaction is gone."""
    message = (
        "Transaction (Process ID 51) was deadlocked on lock resources with another process and has been chosen as the"
        " deadlock victim. Rerun the transaction."
    )
    return Raise(1205, message, severity=13, state=51, rolls_back=True)


def lock_timeout(*, rolls_back: bool = True) -> Raise:
    """LOCK_TIMEOUT ran out; under XACT_ABORT the transaction is gone, too."""
    return Raise(1222, "Lock request time out period exceeded.", state=51, rolls_back=rolls_back)


def login_failed(user: str = "u8sync") -> Raise:
    """Wrong name or password."""
    return Raise(18456, f"Login failed for user '{user}'.", severity=14)


class Fault:
    """One rule: what happens to which requests.

    Args:
        action: What happens.
        phase: Where. ``commit`` is a transaction manager's commit and a batch that says COMMIT; ``statement`` is all
            other SQL; a transaction manager's begin and rollback are neither.
        matching: A regular expression to be found in the SQL, small or capital; empty matches all.
        skip: Matching requests that pass unharmed first.
        times: Requests it then happens to; null for all.
    """

    def __init__(
        self, action: Action, phase: Phase = "statement", *, matching: str = "", skip: int = 0, times: int | None = 1
    ) -> None:
        self.action = action
        self._phase = phase
        self._pattern = re.compile(matching, re.IGNORECASE | re.DOTALL)
        self._skip = skip
        self._times = times
        self._changed = threading.Condition()
        self._seen = 0
        self._fired = 0
        self._ended = 0
        self._released = False

    @property
    def fired(self) -> int:
        """How often it has happened."""
        with self._changed:
            return self._fired

    def take(self, phase: Phase, sql: str) -> bool:
        """Whether it happens to this request; counts it if so."""
        if phase != self._phase or not self._pattern.search(sql):
            return False
        with self._changed:
            self._seen += 1
            if self._seen <= self._skip or (self._times is not None and self._fired >= self._times):
                return False
            self._fired += 1
            self._changed.notify_all()
            return True

    def release(self) -> None:
        """Let those go on that stall, now and later."""
        with self._changed:
            self._released = True
            self._changed.notify_all()

    def hold(self, given_up: Callable[[], bool]) -> bool:
        """Wait until released (true) or given up (false; whoever gives up calls :meth:`nudge`)."""
        with self._changed:
            self._changed.wait_for(lambda: self._released or given_up())
            return self._released

    def nudge(self) -> None:
        """Make those who wait look again whether to give up."""
        with self._changed:
            self._changed.notify_all()

    def end(self) -> None:
        """Told by the server: a late request has been carried out."""
        with self._changed:
            self._ended += 1
            self._changed.notify_all()

    def wait_until_fired(self, times: int = 1, *, timeout_s: float = 10) -> None:
        """Wait until it has happened so often. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._fired >= times, timeout_s):
                raise TimeoutError(f"the fault happened {self._fired} times, not {times}")

    def wait_until_ended(self, times: int = 1, *, timeout_s: float = 10) -> None:
        """Wait until so many late requests have been carried out. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._ended >= times, timeout_s):
                raise TimeoutError(f"{self._ended} late requests were carried out, not {times}")


class Faults:
    """The rules of one server; they may be added and cleared while it serves."""

    def __init__(self) -> None:
        self._rules: tuple[Fault, ...] = ()
        self._turn = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        """Add a rule, and give it back."""
        with self._turn:
            self._rules += (fault,)
        return fault

    def clear(self) -> None:
        """Forget all rules, and release who waits for one."""
        with self._turn:
            rules, self._rules = self._rules, ()
        for rule in rules:
            rule.release()

    def next(self, phase: Phase, sql: str = "") -> Fault | None:
        """The first rule that happens to this request, counted."""
        with self._turn:
            rules = self._rules
        return next((rule for rule in rules if rule.take(phase, sql)), None)

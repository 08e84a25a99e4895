"""What goes wrong, when and how often: a list that a test or the command line fills.

Nothing is done here. The one idea: a fault is data; each stage of a call looks whether it is meant.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from u8sync.errors import InputError
from u8sync.text import msg

__all__ = ["Fault", "Faults", "What", "fault_of"]

What = Literal[
    "expired_token",
    "errcode",
    "relay_offline",
    "data_source_missing",
    "not_approved",
    "html",
    "status",
    "redirect",
    "stall",
    "reset",
    "close",
    "lost_reply",
    "late_effect",
    "slow",
    "truncated_json",
    "gbk",
    "bom",
    "utf16",
    "nan",
    "huge_number",
    "duplicate_keys",
    "deep",
    "huge",
    "ok_but_nothing",
    "wrong_customer",
    "blanks",
    "row_added",
    "row_removed",
    "row_changed",
    "page_repeated",
    "endless_result",
    "other_result",
    "ping_after",
]
"""Every kind of fault; :class:`Fault` says what each does."""

FOR_EVER: Final = "*"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that goes wrong.

    In place of the answer: ``expired_token`` (the token sent dies), ``errcode`` (``code`` and ``text`` in an HTTP 200),
    ``relay_offline``, ``data_source_missing``, ``not_approved``, ``html`` (a page in an HTTP 200), ``status`` (HTTP
    ``status``, with ``retry_after``), ``redirect`` (HTTP 302 to ``url``), ``stall`` (nothing for ``seconds``, then the
    end of the connection; 0: until the server stops), ``reset`` (RST), ``close`` (FIN without an answer).
    Edits alone: ``lost_reply`` (done, then RST), ``late_effect`` (RST, done ``seconds`` later), ``ok_but_nothing``,
    ``wrong_customer`` (``customer`` in place of the one asked; reads too), ``blanks`` (empties ``field`` as well).
    The bytes of the answer: ``slow`` (``bytes_per_s``), ``truncated_json``, ``gbk`` (under a header that says utf-8),
    ``bom``, ``utf16``, ``nan`` and ``huge_number`` (in place of every amount, counter and timestamp),
    ``duplicate_keys``, ``deep`` (``size`` nested arrays), ``huge`` (``size`` bytes; with ``gzip`` they are compressed).
    Lists: ``row_added``, ``row_removed``, ``row_changed`` (in the account set itself, in its first row, just before the
    answer), ``page_repeated`` (the first page in place of every other).
    Results: ``endless_result``, ``other_result`` (``url`` in place of the server's own) and ``ping_after`` (``value``,
    JSON text) make an edit answer asynchronously; ``endless_result`` may stand on ``result`` as well.

    Attributes:
        call: Its path without ``api/``, such as ``customer/edit``, ``customer/batch_get``, ``system/token``,
            ``result``; ``*`` for all.
        what: What happens.
        after: How many matching requests go well first.
        times: How often it happens; null: for ever.
        when: For faults in place of the answer: ``before`` the call takes effect, so that it never does, or ``after``.
        code: Error code of ``errcode``.
        text: Sentence of ``errcode``, or of the page of ``html`` and ``status``.
        status: HTTP status of ``status``.
        retry_after: Its Retry-After header; null for none.
        seconds: Length of ``stall`` and ``late_effect``.
        bytes_per_s: Speed of ``slow``.
        customer: Code for ``wrong_customer``; blank for another one of the account set.
        field: JSON name for ``blanks``.
        url: Where ``redirect`` and ``other_result`` lead.
        value: JSON text of ``ping_after``, such as ``-1`` or ``"soon"``.
        size: Bytes of ``huge``, depth of ``deep``.
        gzip: Whether ``huge`` comes compressed.
    """

    call: str
    what: What
    after: int = 0
    times: int | None = 1
    when: Literal["before", "after"] = "before"
    code: str = "99099"
    text: str = "系统繁忙，请稍后再试"
    status: int = 503
    retry_after: str | None = None
    seconds: float = 0.0
    bytes_per_s: int = 1000
    customer: str = ""
    field: str = "domain_code"
    url: str = "http://127.0.0.1:9/"
    value: str = "-1"
    size: int = 64 * 1024 * 1024
    gzip: bool = False


class Faults:
    """The faults that wait to happen; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[Fault, list[int]]] = []
        self._happened: list[Fault] = []

    def add(self, *faults: Fault) -> None:
        """Let these happen as well."""
        with self._lock:
            self._waiting += [(fault, [0]) for fault in faults]

    def clear(self) -> None:
        """Let nothing go wrong any more, and forget what happened."""
        with self._lock:
            self._waiting.clear()
            self._happened.clear()

    @property
    def happened(self) -> tuple[Fault, ...]:
        """What has happened so far, in order; a fault that happened twice stands there twice."""
        with self._lock:
            return tuple(self._happened)

    def take(self, call: str) -> tuple[Fault, ...]:
        """What happens to this request; counts it for every fault that names its call.

        Args:
            call: Path without ``api/``.
        """
        with self._lock:
            taken = []
            for fault, seen in self._waiting:
                if fault.call not in {call, "*"}:
                    continue
                seen[0] += 1
                nth = seen[0] - fault.after
                if nth > 0 and (fault.times is None or nth <= fault.times):
                    taken.append(fault)
            self._happened += taken
            return tuple(taken)


def fault_of(word: str, *, calls: Sequence[str]) -> Fault:
    """The fault that ``call:what[:times]`` names; ``*`` as times means for ever.

    Args:
        word: As typed.
        calls: The calls that there are, without ``api/``.

    Raises:
        InputError: No such call or no such fault, or times is no number.
    """
    call, _, rest = word.partition(":")
    what, _, times = rest.partition(":")
    if call not in {*calls, "*"}:
        raise InputError(
            msg("The server has no call named {call}.", call=call),
            hint=msg("Known names: {names}", names=", ".join(("*", *calls))),
        )
    for known in get_args(What):
        if known == what:
            return Fault(call=call, what=known, times=_times(times or "1"))
    raise InputError(
        msg("The server knows no fault named {what}.", what=what or "''"),
        hint=msg("Known names: {names}", names=", ".join(get_args(What))),
    )


def _times(text: str) -> int | None:
    if text == FOR_EVER:
        return None
    if text.isascii() and text.isdecimal() and int(text):
        return int(text)
    raise InputError(
        msg("{value} does not say how often the fault happens.", value=text),
        hint=msg("It takes: {values}", values=f"1, 2, 3 …, {FOR_EVER}"),
    )

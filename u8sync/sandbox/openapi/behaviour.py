"""How the served U8 behaves where the public contract says nothing: one field for each open question.

A client must work with every combination. The defaults are the milder answer to each question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Final, Literal, get_args, get_origin, get_type_hints

from u8sync.errors import InputError
from u8sync.text import msg

__all__ = ["PLAIN", "Behaviour", "behaviour_of"]


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """The answers to the open questions of the contract.

    Attributes:
        edit: What an edit does to fields that it does not name: ``merge`` leaves them, ``replace`` empties every
            field of the card, save name, short name and class, which a card cannot be without.
        edit_reply: ``sync`` answers when it is done; ``async`` answers with ``url`` and ``ping_after`` at once.
        polls: ``async``: the edit takes effect when its result is asked for this many times, at least 1.
        effect_after_s: ``async``: the edit takes effect by itself after so many seconds, and asking does not hurry
            it; null: it waits for ``polls``.
        ping_after_s: ``async``: the pause that the answer asks for, in seconds.
        tokens: ``many`` live side by side; with ``one`` a new token kills the old.
        token_life_s: How long a token is good, in seconds.
        expires_in: Whether ``expiresIn`` of a token is a bare ``number`` or a ``text``.
        max_rows: Most rows on a page; a greater ``rows_per_page`` is cut to it, and the answer says so.
        parameters: Whether names in the query may be written in ``any_case`` or must be ``exact``.
        empty: Whether an empty text in an edit ``clears`` the field or is ``ignored``.
        red_amounts: Sign of quantities and amounts of invoices with ``isnegative`` 1.
        numbers: Whether error code, page counters and the customer's timestamp are ``text`` or ``bare`` numbers.
        invoice_pages: ``paged``; ``whole`` gives every invoice at once, whatever page is asked, and no counters.
        invoice_list: How the list of invoices is spelled, in its path and in its key.
        invoice_approval: Whether invoices tell who approved them (``verifier``).
        stock_outs: ``flat``: the list of all lines exists; ``single``: it does not (HTTP 404), only heads and
            single documents.
        order: Order of the rows of a list: by ``code``, or by ``timestamp`` (documents: by key), so that a row that
            changes moves to the end.
        one_row_as_object: Whether a list of a single row is an object instead of an array.
        latency_s: Pause before each answer, in seconds.
    """

    edit: Literal["merge", "replace"] = "merge"
    edit_reply: Literal["sync", "async"] = "sync"
    polls: int = 1
    effect_after_s: float | None = None
    ping_after_s: int = 3
    tokens: Literal["many", "one"] = "many"
    token_life_s: float = 7200.0
    expires_in: Literal["number", "text"] = "number"
    max_rows: int = 100
    parameters: Literal["any_case", "exact"] = "any_case"
    empty: Literal["clears", "ignored"] = "clears"
    red_amounts: Literal["negative", "positive"] = "negative"
    numbers: Literal["text", "bare"] = "text"
    invoice_pages: Literal["paged", "whole"] = "paged"
    invoice_list: Literal["saleinvoicelist", "salesinvoicelist"] = "saleinvoicelist"
    invoice_approval: Literal["shown", "hidden"] = "shown"
    stock_outs: Literal["flat", "single"] = "flat"
    order: Literal["code", "timestamp"] = "code"
    one_row_as_object: bool = False
    latency_s: float = 0.0


PLAIN: Final = Behaviour()
"""All defaults."""

TRUTH: Final = {"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False}


def behaviour_of(words: Sequence[str]) -> Behaviour:
    """The behaviour that ``name=value`` words ask for.

    Raises:
        InputError: No such name, or a value that it cannot have.
    """
    chosen: dict[str, object] = {}
    kinds = get_type_hints(Behaviour)
    names = [field.name for field in fields(Behaviour)]
    for word in words:
        name, _, value = word.partition("=")
        if name not in kinds:
            raise InputError(
                msg("The server has no behaviour named {name}.", name=name),
                hint=msg("Known names: {names}", names=", ".join(names)),
            )
        chosen[name] = _value(name, value, kinds[name])
    return replace(PLAIN, **chosen)  # type: ignore[arg-type]


def _value(name: str, value: str, kind: object) -> object:
    known: tuple[str, ...]
    if get_origin(kind) is Literal:
        known = get_args(kind)
        if value in known:
            return value
    elif kind is bool:
        known = ("yes", "no")
        if value.lower() in TRUTH:
            return TRUTH[value.lower()]
    elif kind is int:
        known = ("1, 2, 3 …",)
        if value.isascii() and value.isdecimal() and int(value):
            return int(value)
    else:
        known = ("0, 0.5, 10 …",)
        if value.replace(".", "", 1).isdecimal() and value.isascii():
            return float(value)
    raise InputError(
        msg("{value} is no value of the behaviour {name}.", value=value or "''", name=name),
        hint=msg("It takes: {values}", values=", ".join(known)),
    )

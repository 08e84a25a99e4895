"""One customer's card before and after an edit: what to send, and whether anything else was lost. Pure.

It is not documented whether an edit replaces the whole card. So the card is compared field by field, also the contact,
bank and address fields: those in memory only, and only their names are told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from u8sync.backends.openapi.fields import CODE, EDITABLE, JOINED, MOVING, READABLE
from u8sync.backends.openapi.replies import Row
from u8sync.domain.model import bare, same
from u8sync.errors import UnknownOutcomeError
from u8sync.text import Message, Private, listed, msg

__all__ = ["body_of", "harmed", "hidden_values"]

LONGEST: Final = 200


def body_of(card: Row, after: Mapping[str, str | None], sends: Literal["changes", "card"]) -> dict[str, str]:
    """The card to send: the code and what changes, or all of it as it was read.

    An empty text empties a field. A field that is empty and stays so is never sent: an empty text might mean something
    to U8 where none was meant.
    """
    body = {CODE: card.get(CODE) or ""}
    if sends == "card":
        body |= {field: value for field in EDITABLE if (value := card.get(field.lower())) is not None}
    return body | {field: value or "" for field, value in after.items()}


def hidden_values(card: Row) -> frozenset[str]:
    """The contact, bank and address values of a card, as no message may hold them."""
    shown = {field.lower() for field in READABLE} | JOINED | MOVING
    values = {value.strip() for field, value in card.items() if value and field not in shown}
    return frozenset(values - {"", "0", "1"})


def harmed(code: str, before: Row, now: Row, after: Mapping[str, str | None]) -> UnknownOutcomeError | None:
    """The error to raise when fields that nobody meant to change are not what they were; null when all are.

    Args:
        code: The customer.
        before: The card right before the edit.
        now: The card right after it.
        after: What the edit was to change.
    """
    meant = {field.lower() for field in after} | MOVING
    if "ccusmngtypecode" in after:
        meant |= {"ccusmngtypename"}
    changed = sorted(
        field
        for field in before.keys() | now.keys()
        if field not in meant and not same(before.get(field), now.get(field))
    )
    if not changed:
        return None
    return UnknownOutcomeError(
        # The names of the fields only: this sentence stands in the audit log.
        msg(
            "The edit of customer {code} changed fields that it did not name: {fields}. Nothing more was sent.",
            code=Private(code),
            fields=", ".join(changed),
        ),
        hint=_put_back(before, changed),
        ends_run=True,
    )


def _put_back(before: Row, changed: list[str]) -> Message:
    shown = {field.lower(): field for field in READABLE if field not in JOINED}
    values = [
        msg("{field}: {value}", field=shown[field], value=Private((bare(before.get(field)) or "-")[:LONGEST]))
        for field in changed
        if field in shown
    ]
    hidden = [field for field in changed if field not in shown]
    sentences = [msg("Put back in U8: {values}.", values=listed(values))] if values else []
    if hidden:
        sentences.append(
            msg(
                "Take {fields} from a backup or from the person who keeps the card: u8sync does not show such fields.",
                fields=", ".join(hidden),
            )
        )
    sentences.append(
        msg(
            "Either somebody edited the card in the same moment, or an edit replaces the whole card here: then set"
            " 'edit_sends: card' in the configuration."
        )
    )
    return listed(sentences, " ")

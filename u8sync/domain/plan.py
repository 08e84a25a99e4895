"""A plan: exactly what would be written, why, and a fingerprint that any edit of it breaks.

A plan is data. It can be shown, saved, sealed, checked against the present and applied; it knows nothing of how.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Literal

from u8sync.domain.canonical import Json, digest
from u8sync.domain.model import CustomerCode, Window, bare
from u8sync.domain.reason import Reason, reason_json, reason_of

__all__ = [
    "Change",
    "Edited",
    "FieldChange",
    "Held",
    "Plan",
    "Population",
    "Seal",
    "SkipCause",
    "Skipped",
    "Undoes",
    "change_json",
    "change_of",
    "held_json",
    "op_id",
    "rule_json",
    "seal_json",
    "skipped_json",
    "undoes_json",
    "window_json",
    "window_of_json",
]


@dataclass(frozen=True)
class Edited:
    """A person changed a field since u8sync wrote it.

    Attributes:
        wrote: The raw value that u8sync wrote last; null: it emptied the field.
    """

    wrote: str | None


@dataclass(frozen=True)
class FieldChange:
    """One field of one customer.

    Attributes:
        field: Canonical field.
        column: Physical column.
        before: Raw value that U8 holds; null: empty.
        after: Raw value to write; null: the field is emptied, which only an undo does.
        was: Canonical meaning of ``before``; null: empty or not known.
        becomes: Canonical meaning of ``after``; null: empty or not known.
        rule: ``file:line`` of the mapping's field that asks for it; null where the change's reason says why (the tier),
            and in an undo.
        edited: Set when a person changed ``before`` there since u8sync wrote it; null: nobody did, or never written.
    """

    field: str
    column: str
    before: str | None
    after: str | None
    was: str | None
    becomes: str | None
    rule: str | None = None
    edited: Edited | None = None

    @property
    def kind(self) -> Literal["fill", "replace"]:
        """``fill`` when the field was empty, so that nothing is lost; ``replace`` otherwise, also by nothing."""
        return "fill" if bare(self.before) is None else "replace"


@dataclass(frozen=True)
class Undoes:
    """Which change of the audit log is taken back.

    Attributes:
        run_id: The run that made it.
        op_id: Its name there.
    """

    run_id: str
    op_id: str


@dataclass(frozen=True)
class Change:
    """All that is to be written for one customer.

    Attributes:
        code: The customer.
        fields: At least one.
        holds: Column -> raw value of the inputs that the decision rests on; they must still hold when it is written.
        reason: Why; null when no tier is recommended.
        undoes: What it takes back; null for a change that the rules ask for.
    """

    code: CustomerCode
    fields: tuple[FieldChange, ...]
    holds: Mapping[str, str | None]
    reason: Reason | None
    undoes: Undoes | None = None

    @property
    def before(self) -> Mapping[str, str | None]:
        """Column -> raw value, of all columns that must still hold."""
        return {**self.holds, **{field.column: field.before for field in self.fields}}

    @property
    def after(self) -> Mapping[str, str | None]:
        """Column -> raw value to write; null: to be emptied."""
        return {field.column: field.after for field in self.fields}


SkipCause = Literal[
    "disabled",
    "set_aside",
    "excluded",
    "protected",
    "waiting",
    "refused",
    "changed_since",
    "restored",
    "gone",
    "not_allowed",
]
"""Why a customer gets no change: disabled in U8, a required field not usable, excluded or protected by setting.

``waiting`` a person has to approve the change first; ``refused`` a person refused it.

Only in an undo: ``changed_since`` U8 holds neither the value that the run wrote nor the one before it; ``restored`` it
holds the one before it; ``gone`` the customer is not there any more; ``not_allowed`` U8 does not take the value before
it any more.
"""


@dataclass(frozen=True)
class Skipped:
    """A customer that the plan leaves alone, and why.

    Attributes:
        code: The customer.
        cause: Why.
        field: The one field that is left alone; null: the whole customer.
    """

    code: CustomerCode
    cause: SkipCause
    field: str | None = None


@dataclass(frozen=True)
class Held:
    """A customer whose tier is not, or will not stay, the one that the ladder gives.

    Attributes:
        code: The customer.
        tier: The tier that it is to have; null: what U8 holds is no tier of the ladder.
        earned: The tier that the ladder gives.
        cause: What holds it, a :data:`u8sync.domain.movement.Hold`; null: nothing, it is only counted.
        below: Evaluations in a row that found it below, this one included; 0: it is not.
    """

    code: CustomerCode
    tier: str | None
    earned: str | None
    cause: str | None
    below: int


@dataclass(frozen=True)
class Seal:
    """What a plan was made from and for; a plan is only true under the same seal.

    Attributes:
        account_set: :attr:`u8sync.domain.model.AccountSet.key`.
        as_of: Last day of the window.
        mapping: SHA-256 of the mapping file.
        policy: SHA-256 of the policy file.
        tool: Version of u8sync.
    """

    account_set: str
    as_of: date
    mapping: str
    policy: str
    tool: str


@dataclass(frozen=True)
class Population:
    """How many customers the plan was made from.

    Attributes:
        customers: Rows of the archive.
        eligible: Of those, the customers that get a tier.
        with_business: Of those, the customers with business in the window.
        with_issues: Rows of the archive with at least one unusable value.
    """

    customers: int
    eligible: int
    with_business: int
    with_issues: int


@dataclass(frozen=True)
class Plan:
    """A plan.

    Attributes:
        seal: What it was made from and for.
        made_at: When, aware UTC. No part of the fingerprint: the same changes are the same plan.
        changes: Ordered by customer code; a customer stands once.
        skipped: Ordered by customer code. No part of the fingerprint.
        population: What the guards measure against. No part of the fingerprint.
        window: The days that counted; null where no tier was decided (an undo). No part of the fingerprint: it follows
            from the policy and the day.
        held: Ordered by customer code: what the next evaluation must know. No part of the fingerprint.
    """

    seal: Seal
    made_at: datetime
    changes: tuple[Change, ...]
    skipped: tuple[Skipped, ...]
    population: Population
    window: Window | None = None
    held: tuple[Held, ...] = ()

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the seal and the changes with their reasons, hex."""
        return digest({"seal": seal_json(self.seal), "changes": [change_json(change) for change in self.changes]})


def op_id(plan: Plan, change: Change, run_id: str) -> str:
    """The name of one change of one plan in one run, 32 hex digits.

    The run is part of it: after a person undid a change, the same plan may rightly be made and applied again.
    """
    return digest({"plan": plan.fingerprint, "customer": change.code, "run": run_id})[:32]


def window_json(window: Window | None) -> Json:
    """The window as plain values, with all that its figures rest on; :func:`window_of_json` reads them."""
    if window is None:
        return None
    before = window.before
    return {
        "start": window.start.isoformat(),
        "as_of": window.as_of.isoformat(),
        "compared_with": {"start": before.start.isoformat(), "as_of": before.as_of.isoformat()},
        "floor_days": window.floor_days,
        "credit_days": window.credit_days,
    }


def window_of_json(value: Mapping[str, Any] | None, asked_on: date) -> Window | None:
    """The window of :func:`window_json`. Raises KeyError, TypeError or ValueError when it is none.

    ``asked_on`` is the day of the seal.
    """
    if value is None:
        return None
    as_of, before = date.fromisoformat(value["as_of"]), value["compared_with"]
    return Window(
        date.fromisoformat(value["start"]),
        as_of,
        (date.fromisoformat(before["start"]), date.fromisoformat(before["as_of"])),
        floor_days=int(value["floor_days"]),
        credit_days=int(value["credit_days"]),
        asked_on=asked_on if asked_on > as_of else None,
    )


def seal_json(seal: Seal) -> Json:
    """The seal as plain values."""
    return {
        "account_set": seal.account_set,
        "as_of": seal.as_of.isoformat(),
        "mapping": seal.mapping,
        "policy": seal.policy,
        "tool": seal.tool,
    }


def change_json(change: Change) -> dict[str, Json]:
    """A change as plain values; decimals as text; ``undoes`` only in an undo."""
    plain: dict[str, Json] = {
        "code": change.code,
        "fields": [
            {
                "field": field.field,
                "column": field.column,
                "before": field.before,
                "after": field.after,
                "was": field.was,
                "becomes": field.becomes,
                **rule_json(field),
            }
            for field in change.fields
        ],
        "holds": dict(change.holds),
        "reason": None if change.reason is None else reason_json(change.reason),
    }
    if change.undoes is not None:
        plain["undoes"] = undoes_json(change.undoes)
    return plain


def change_of(plain: Mapping[str, Any]) -> Change:
    """The change that :func:`change_json` made these values of.

    Raises KeyError, TypeError, ValueError or ArithmeticError when they are none.
    """
    reason, undoes = plain["reason"], plain.get("undoes")
    return Change(
        code=CustomerCode(plain["code"]),
        fields=tuple(_field_of(field) for field in plain["fields"]),
        holds=plain["holds"],
        reason=None if reason is None else reason_of(reason),
        undoes=None if undoes is None else Undoes(**undoes),
    )


def _field_of(plain: Mapping[str, Any]) -> FieldChange:
    edited = plain.get("edited")
    return FieldChange(**{**plain, "edited": None if edited is None else Edited(**edited)})


def rule_json(field: FieldChange) -> dict[str, Json]:
    """The line of the mapping that asks for a change, and what u8sync wrote there last, where there is such a thing."""
    rule: dict[str, Json] = {} if field.rule is None else {"rule": field.rule}
    return rule if field.edited is None else {**rule, "edited": {"wrote": field.edited.wrote}}


def undoes_json(undoes: Undoes) -> dict[str, Json]:
    """What a change takes back, as plain values."""
    return {"run_id": undoes.run_id, "op_id": undoes.op_id}


def skipped_json(skipped: Skipped) -> dict[str, Json]:
    """A customer that is left alone, as plain values; ``field`` only where a single one is meant."""
    plain: dict[str, Json] = {"code": skipped.code, "cause": skipped.cause}
    return plain if skipped.field is None else {**plain, "field": skipped.field}


def held_json(held: Held) -> dict[str, Json]:
    """A customer that is held, as plain values."""
    return {"code": held.code, "tier": held.tier, "earned": held.earned, "cause": held.cause, "below": held.below}

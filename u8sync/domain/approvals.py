"""Which changes a person has to approve before they are written, and which have been. Pure.

What lives here: the rules, what was asked and answered so far, and the sorting of a plan's changes by both. What does
not: reading the audit log, which alone remembers (``engine/memory.py``), and writing to it. The one idea: what is
approved is a customer's change from these values to those, not a plan: the next night plans anew, and an approval
counts as long as the same change is still wanted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from u8sync.domain.canonical import digest

if TYPE_CHECKING:
    from u8sync.domain.model import CustomerCode
    from u8sync.domain.names import ApprovalCause
    from u8sync.domain.plan import Change
    from u8sync.domain.policy import Policy

__all__ = [
    "Answer",
    "Answered",
    "ApprovalRules",
    "Asked",
    "PendingChange",
    "Request",
    "Sorted",
    "Waiting",
    "change_id",
    "falls_left_open",
    "sort_out",
]


@dataclass(frozen=True)
class ApprovalRules:
    """Which changes need a person.

    Attributes:
        tiers: Into or out of one of these tiers.
        steps: Over so many steps of the ladder, or more; null: however far.
        more_than: All of them, when more than so many are left that no other rule names; null: however many.
        days: A request can be answered for so many days, and an approval counts for so many.
        refused_days: What was refused is not asked again for so many days.
        four_eyes: Whether the user whose run asked may not be the one who answers.
    """

    tiers: frozenset[str] = frozenset()
    steps: int | None = None
    more_than: int | None = None
    days: int = 7
    refused_days: int = 90
    four_eyes: bool = False


@dataclass(frozen=True)
class Request:
    """A change that a run left for a person.

    Attributes:
        change: :func:`change_id` of it.
        seq: Number of the record.
        cause: Why it needs a person.
        until: When it ages out, aware UTC.
        run_id: The run that asked.
        asked_by: Operating-system user of that run; null: not known.
        moves: (what U8 held, what it becomes) of each field, in the mapping's words; null: empty or not known.
    """

    change: str
    seq: int
    cause: ApprovalCause
    until: datetime
    run_id: str
    asked_by: str | None
    moves: tuple[tuple[str | None, str | None], ...] = ()


@dataclass(frozen=True)
class Answer:
    """What a person said to a request.

    Attributes:
        change: :func:`change_id` of what was asked.
        seq: Number of the record.
        approved: Yes or no.
        until: When it ages out, aware UTC.
        by: Operating-system user.
        reason: In that person's words.
    """

    change: str
    seq: int
    approved: bool
    until: datetime
    by: str
    reason: str


_Entry = TypeVar("_Entry", Request, Answer)


@dataclass(frozen=True)
class Asked:
    """What was asked and answered and is not used up, by customer: the newest request, and the newest answer."""

    requests: Mapping[CustomerCode, Request] = field(default_factory=dict)
    answers: Mapping[CustomerCode, Answer] = field(default_factory=dict)


@dataclass(frozen=True)
class Waiting:
    """A change that waits for a person.

    Attributes:
        change: The change.
        cause: Why it needs one.
        request: What was asked before; null: this run is the first to ask.
    """

    change: Change
    cause: ApprovalCause
    request: Request | None


@dataclass(frozen=True)
class PendingChange:
    """A change that waits for a person.

    Attributes:
        request: What was asked.
        asked_at: When, aware UTC.
        change: The change, as the run that asked had planned it.
    """

    request: Request
    asked_at: datetime
    change: Change


@dataclass(frozen=True)
class Answered:
    """A change, and what a person said to it."""

    change: Change
    answer: Answer


@dataclass(frozen=True)
class Sorted:
    """The changes of a plan, each in exactly one of the first three, in the plan's order.

    Attributes:
        ready: To be written: those that need nobody, and those that were approved.
        waiting: For a person.
        refused: By a person.
        approved: Those of ``ready`` that were approved.
        granted: Those of ``ready`` that the person at the keyboard approves by running this.
    """

    ready: tuple[Change, ...]
    waiting: tuple[Waiting, ...] = ()
    refused: tuple[Answered, ...] = ()
    approved: tuple[Answered, ...] = ()
    granted: tuple[Waiting, ...] = ()


def change_id(change: Change) -> str:
    """The name of what is approved, 32 hex digits: this customer, these columns, from these raw values to those.

    Score and reasons are no part of it: a month later the same move has another score and is the same move.
    """
    return digest(
        {
            "customer": change.code,
            "before": {field.column: field.before for field in change.fields},
            "after": dict(change.after),
        }
    )[:32]


def sort_out(
    changes: Sequence[Change],
    policy: Policy,
    rules: ApprovalRules | None,
    asked: Asked,
    now: datetime,
    *,
    grant: bool = False,
) -> Sorted:
    """Sort the changes of a plan.

    Args:
        changes: The changes, each of another customer.
        policy: The ladder.
        rules: Which of them need a person; null: none does, whatever was asked before.
        asked: What was asked and answered so far.
        now: Aware UTC.
        grant: Whether the person who runs this approves everything that waits; what was refused stays so.
    """
    if rules is None:
        return Sorted(tuple(changes))
    names = [change_id(change) for change in changes]
    answers = [
        _standing(asked.answers.get(change.code), name, now) for change, name in zip(changes, names, strict=True)
    ]
    requests = [
        _standing(asked.requests.get(change.code), name, now) for change, name in zip(changes, names, strict=True)
    ]
    causes = [_cause(change, policy, rules) for change in changes]
    # A request that stands keeps its change waiting: else some would slip through once enough others are answered.
    free = sum(
        cause is None and answer is None and request is None
        for cause, answer, request in zip(causes, answers, requests, strict=True)
    )
    many: ApprovalCause | None = "many" if rules.more_than is not None and free > rules.more_than else None
    ready: list[Change] = []
    waiting: list[Waiting] = []
    refused: list[Answered] = []
    approved: list[Answered] = []
    granted: list[Waiting] = []
    for change, cause, answer, request in zip(changes, causes, answers, requests, strict=True):
        if answer is not None and not answer.approved:
            refused.append(Answered(change, answer))
        elif answer is not None:
            ready.append(change)
            approved.append(Answered(change, answer))
        elif why := cause or (request.cause if request is not None else many):
            (granted if grant else waiting).append(Waiting(change, why, request))
            ready += [change] * grant
        else:
            ready.append(change)
    return Sorted(tuple(ready), tuple(waiting), tuple(refused), tuple(approved), tuple(granted))


def falls_left_open(asked: Asked, policy: Policy, now: datetime) -> frozenset[str]:
    """Customers of whom a fall was asked for that nobody has refused: it waits, or was approved and not yet written."""
    ladder = {tier.name: at for at, tier in enumerate(policy.tiers)}
    return frozenset(
        code
        for code, request in asked.requests.items()
        if any(
            ladder.get(was or "", -1) < ladder.get(becomes or "", -1) for was, becomes in request.moves if was in ladder
        )
        and _open(request, asked.answers.get(code), now)
    )


def _open(request: Request, answer: Answer | None, now: datetime) -> bool:
    answered = answer is not None and answer.change == request.change and now < answer.until
    return (answer is not None and answer.approved) if answered else now < request.until


def _cause(change: Change, policy: Policy, rules: ApprovalRules) -> ApprovalCause | None:
    """The first rule that names the change by itself; null when none does."""
    ladder = {tier.name: at for at, tier in enumerate(policy.tiers)}
    moves = [(one.was, one.becomes) for one in change.fields if one.was != one.becomes]
    if any(tier in rules.tiers for move in moves for tier in move):
        return "tier"
    if rules.steps is not None and any(
        was in ladder and becomes in ladder and abs(ladder[was] - ladder[becomes]) >= rules.steps
        for was, becomes in moves
        if was is not None and becomes is not None
    ):
        return "steps"
    return None


def _standing(found: _Entry | None, change: str, now: datetime) -> _Entry | None:
    """What was found, if it is of this very change and has not aged out."""
    return found if found is not None and found.change == change and now < found.until else None

"""The words for what has a name in the code: causes, endings, guards, metrics with their units, conditions.

What does not live here: counting (``figures.py``) and layout (``terminal.py``, ``html.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal

from u8sync.domain.canonical import plain
from u8sync.report.figures import clean, cut, money, strongest
from u8sync.text import Message, msg

if TYPE_CHECKING:
    from u8sync.domain.guards import GuardName, Verdict
    from u8sync.domain.metrics import Unit
    from u8sync.domain.model import AccountSet, Month
    from u8sync.domain.names import ApprovalCause
    from u8sync.domain.plan import Change, Population
    from u8sync.domain.policy import Policy, Unknown
    from u8sync.domain.reason import Contribution
    from u8sync.domain.run import EndingStatus
    from u8sync.text import Translate

__all__ = [
    "APPROVAL_CAUSES",
    "CAUSES",
    "ENDINGS",
    "GUARD_NAMES",
    "LOGGED",
    "SETTLED",
    "UNKNOWN",
    "WAYS",
    "account_set_words",
    "audit_words",
    "digits",
    "months_words",
    "people_words",
    "reason_words",
    "say",
    "subject_label",
    "tier_name",
    "value_words",
    "verdict_word",
]


BEST: Final = Decimal(100)
"""Points of a customer that beats every other."""


def say(words: str | Message | None, translate: Translate) -> str:
    """Words as they are shown: in the user's language, harmless to look at, ``-`` for null and nothing."""
    if words is None:
        return "-"
    return clean(translate(words) if isinstance(words, Message) else words) or "-"


CAUSES: Final[Mapping[str, Message]] = {
    "disabled": msg("disabled in U8"),
    "set_aside": msg("a required field cannot be used"),
    "excluded": msg("excluded by the policy"),
    "protected": msg("protected by the configuration: rated, never changed"),
    "waiting": msg("waits for approval"),
    "refused": msg("refused by a person"),
    "changed_since": msg("changed since that run"),
    "restored": msg("holds the value from before that run already"),
    "gone": msg("not in U8 any more"),
    "not_allowed": msg("U8 does not take the value from before that run any more"),
}
"""Why a customer is left alone, by :data:`u8sync.domain.plan.SkipCause`."""

APPROVAL_CAUSES: Final[Mapping[ApprovalCause, Message]] = {
    "tier": msg("a named tier"),
    "steps": msg("several steps"),
    "many": msg("many changes"),
}
"""Why a change needs approval."""

ENDINGS: Final[Mapping[EndingStatus, Message]] = {
    "applied": msg("written"),
    "already_applied": msg("U8 held the new value already"),
    "conflict": msg("changed in U8 since the plan was made; left alone"),
    "gone": msg("not in U8 any more"),
    "rejected": msg("refused by U8"),
    "not_applied": msg("not written: U8 was busy or failed"),
    "unknown": msg("not known: the answer is missing, the next run settles it"),
    "not_started": msg("not tried: the run ended before"),
}
"""How a change ended."""

SETTLED: Final[Mapping[Literal["applied", "not_applied", "conflict"], Message]] = {
    "applied": msg("was written after all"),
    "not_applied": msg("was not written"),
    "conflict": msg("U8 holds neither the old nor the new value"),
}
"""What reading U8 said of a change that an earlier run had left open."""

LOGGED: Final[Mapping[str, Message]] = {
    **{str(status): words for status, words in ENDINGS.items()},
    "open": msg("no end recorded: the next run settles it"),
}
"""How a change ended, as the audit log knows it."""

UNKNOWN: Final[Mapping[Unknown, Message]] = {
    "leave_out": msg("its weight goes to the other metrics"),
    "zero": msg("it earns no points"),
}
"""What an unknown metric counts."""

WAYS: Final[Mapping[Literal["up", "down", "enter"], Message]] = {
    "up": msg("up"),
    "down": msg("down"),
    "enter": msg("newly placed"),
}
"""Which way a customer moves."""

GUARD_NAMES: Final[Mapping[GuardName, Message]] = {
    "empty_source": msg("archive not empty"),
    "customers_missing": msg("archive not shrunk"),
    "no_business": msg("business found"),
    "share_changed": msg("share of values replaced"),
    "top_downgrades": msg("falls from the highest tier"),
    "issue_share": msg("share of unusable values"),
    "edited_in_u8": msg("values changed by people"),
    "write_window": msg("hours of writing"),
}
"""What a guard looks at."""


def account_set_words(account_set: AccountSet) -> str:
    """Code, name and database of an account set."""
    return f"{account_set.code} {account_set.name} ({account_set.database})"


def months_words(posted: tuple[Month, Month] | None) -> Message:
    """The months for which profit is known."""
    if posted is None:
        return msg("none: no profit is known")
    return msg("{start} to {end}", start=posted[0], end=posted[1])


def people_words(population: Population) -> Message:
    """How many customers were looked at."""
    return msg(
        "{customers}; {eligible} of them get a tier, {with_business} had business in the window",
        customers=f"{population.customers:,}",
        eligible=f"{population.eligible:,}",
        with_business=f"{population.with_business:,}",
    )


def audit_words(count: int, last: str) -> Message:
    """The head of an audit log."""
    return msg("{count} records, last hash {hash}", count=f"{count:,}", hash=last)


def digits(digest: str) -> str:
    """Enough of a hash to compare by eye."""
    return digest[:16]


def verdict_word(verdict: Verdict) -> Message:
    """Whether the limit is kept, and what follows."""
    if verdict.ok:
        return msg("ok")
    return msg("allowed") if verdict.allowed else msg("STOPPED")


def tier_name(tier: str | None, *, fills: bool | None = None) -> str | Message:
    """A tier, or what to say when there is none; ``fills`` tells an empty field from an unknown value, if known."""
    if tier is not None:
        return tier
    if fills is None:
        return msg("(none or not known)")
    return msg("(empty)") if fills else msg("(value not known)")


def subject_label(subject: str) -> Message:
    """What people call a metric, or the score."""
    from u8sync.domain.metrics import METRICS
    from u8sync.domain.policy import SCORE

    return msg("score") if subject == SCORE else METRICS[subject].label


_IN_UNITS: Final[Mapping[Unit, Callable[[Decimal], str | Message]]] = {
    "money": money,
    "percent": lambda value: msg("{percent} %", percent=plain(value)),
    "count": plain,
    "orders_per_year": lambda value: msg("{count} a year", count=plain(value)),
    "days": lambda value: msg("{count} days", count=plain(value)),
    "months": lambda value: msg("{count} months", count=plain(value)),
    "years": lambda value: msg("{count} years", count=cut(value, 2)),
}
"""A value in each unit."""


def value_words(subject: str, value: Decimal | None) -> str | Message:
    """A metric's value with its unit, or a score; amounts are in home currency without tax."""
    from u8sync.domain.metrics import METRICS
    from u8sync.domain.policy import SCORE

    if value is None:
        return msg("not known")
    if subject == SCORE:
        return plain(value)
    return _IN_UNITS[METRICS[subject].unit](value)


def reason_words(change: Change, policy: Policy, count: int = 2) -> tuple[Message, ...]:
    """Why a change is to be made: the strongest reasons first."""
    if change.undoes is not None:
        undone = change.undoes
        return (msg("takes back change {name} of run {run}", name=undone.op_id, run=undone.run_id),)
    if change.reason is None:
        if all(field.was == field.becomes for field in change.fields):
            return (msg("same meaning, spelt the way of the mapping"),)
        return (msg("the value of another field, by {rule}", rule=change.fields[0].rule or "-"),)
    moved = change.reason.moved
    held = () if moved is None or moved.held is None else (msg("by the ladder: {tier}", tier=moved.earned or "-"),)
    if not change.reason.contributions:
        little = change.reason.documents is not None and change.reason.documents > 0
        return (*held, msg("too little is known of it to rate it") if little else msg("no business in the window"))
    ranked = {weight.metric for weight in policy.weights if weight.method == "rank"}
    return (*held, *(_reason(part, ranked=part.metric in ranked) for part in strongest(change, policy, count)))


def _reason(part: Contribution, *, ranked: bool) -> Message:
    label = subject_label(part.metric)
    if part.points is None:
        return msg("{metric}: not known", metric=label)
    if not ranked:
        return msg("{metric}: {points} points", metric=label, points=plain(part.points))
    if part.points == BEST:
        return msg("{metric}: the best of all", metric=label)
    return msg("{metric}: better than {percent} %", metric=label, percent=cut(part.points, 1))

"""Read an account set's past, evaluation by evaluation, for a policy in hindsight. Nothing is written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from u8sync.domain.decision import needed_columns
from u8sync.domain.fitting import unjudged, unseen
from u8sync.domain.look import Look, look_back
from u8sync.domain.mapping import CustomerMapping, read_customers
from u8sync.domain.metrics import extras_for
from u8sync.domain.model import AccountSet, Extra, Facts, Window
from u8sync.domain.policy import Policy
from u8sync.domain.schedule import Schedule, Slot
from u8sync.domain.windows import WindowRule, window_by
from u8sync.engine.planner import read_periods
from u8sync.engine.retry import Retry
from u8sync.errors import ConfigError, InputError
from u8sync.ports import Backend, Progress
from u8sync.text import Message, msg

__all__ = ["SILENCE", "PastRead", "read_past"]

SILENCE = timedelta(days=31)
"""An outcome that ends longer than this after the last document is taken for one that is not over yet."""


@dataclass(frozen=True)
class PastRead:
    """What was read.

    Attributes:
        account_set: Whose past it is.
        looks: One an evaluation, oldest first, at least one.
        notes: What could not be read, in words for the report.
    """

    account_set: AccountSet
    looks: tuple[Look, ...]
    notes: tuple[Message, ...]


def read_past(
    backend: Backend,
    *,
    mapping: CustomerMapping,
    policy: Policy,
    schedule: Schedule,
    exactly: bool,
    protected: Collection[str],
    metrics: frozenset[str] = frozenset(),
    retry: Retry,
    progress: Progress,
) -> PastRead:
    """Judge the customers of each past day and lay beside them what followed.

    Args:
        backend: Where to read.
        mapping: As for a run.
        policy: As for a run.
        schedule: Which days.
        exactly: Whether fewer evaluations than asked for are an error; else those that can be made are.
        protected: Customers that are rated but never changed.
        metrics: What is measured besides the policy's own metrics.
        retry: When to try again.
        progress: Hears how far it has come.

    Raises ConfigError when mapping and account set do not fit, InputError when no evaluation can be made.
    """
    problems = unjudged(mapping, policy, way=backend.way, columns=backend.columns())
    if problems:
        raise ConfigError(mapping.fields[0].place.file, problems)
    account_set, _ = retry.call(backend.account_set)
    reader = _Reader(backend, policy.window, retry, progress)
    slots, notes = _possible(schedule, reader, exactly=exactly)
    raw, _ = retry.call(backend.customers, needed_columns(mapping, backend.way), progress)
    canonical, _ = read_customers(raw, mapping, backend.way)
    notes += unseen(mapping, policy, way=backend.way)
    notes += _thin(reader, slots)
    looks = []
    for slot in slots:
        window, remarks = reader.window(slot.as_of)
        facts = reader.facts(window, extras_for(policy.metrics | metrics))
        notes += [note for note in (*remarks, *facts.notes) if note not in notes]
        looks.append(
            look_back(
                slot,
                canonical,
                facts=facts,
                outcome=reader.facts(slot.outcome),
                before=reader.facts(slot.before),
                mapping=mapping,
                policy=policy,
                way=backend.way,
                protected=protected,
            )
        )
    return PastRead(account_set, tuple(looks), tuple(notes))


class _Reader:
    """Reads each window once, for the outcome of one evaluation is often the period before of the next."""

    def __init__(self, backend: Backend, rule: WindowRule, retry: Retry, progress: Progress) -> None:
        self._backend, self._rule, self._retry, self._progress = backend, rule, retry, progress
        self._periods = read_periods(backend, rule, retry)
        self._known: dict[tuple[Window, frozenset[Extra]], Facts] = {}

    def facts(self, window: Window, extras: frozenset[Extra] = frozenset()) -> Facts:
        if (window, extras) not in self._known:
            facts, _ = self._retry.call(self._backend.facts, window, self._progress, extras)
            self._known[window, extras] = facts
        return self._known[window, extras]

    def window(self, as_of: date) -> tuple[Window, tuple[Message, ...]]:
        """The days that count on this day; the same as for a run."""
        return window_by(self._rule, as_of, self._periods)


def _possible(schedule: Schedule, reader: _Reader, *, exactly: bool) -> tuple[list[Slot], list[Message]]:
    """The evaluations for which there is something to rate and a whole outcome to judge by."""
    asked = schedule.slots
    frame = reader.facts(asked[-1].outcome).frame
    first, last = _day(frame["first_sale_on"].min()), _day(frame["last_sale_on"].max())
    if first is None or last is None:
        raise InputError(
            msg("There is no sale up to {day}", day=asked[-1].outcome.as_of),
            hint=msg("Name a later day with --until."),
        )
    begun = [slot for slot in asked if first <= slot.as_of]
    early = len(asked) - len(begun)
    slots = [slot for slot in begun if slot.outcome.as_of - last <= SILENCE]
    if not begun or (early and exactly):
        raise InputError(
            msg(
                "There is no sale up to {day}, the first evaluation: the first document is of {first}",
                day=asked[0].as_of,
                first=first,
            ),
            hint=msg("Ask for fewer periods (--periods) or shorter ones (--every, --horizon), or a later --until."),
        )
    if not slots:
        raise InputError(
            msg(
                "The last document is of {last}, but the earliest outcome ends on {day}: it is not over yet",
                last=last,
                day=begun[0].outcome.as_of,
            ),
            hint=msg("Name an earlier day with --until, or a shorter --horizon."),
        )
    notes = []
    if early:
        notes.append(
            msg("{count} evaluation(s) before the first document ({first}) are left out.", count=early, first=first)
        )
    if len(slots) < len(begun):
        notes.append(
            msg(
                "{count} evaluation(s) are left out: their outcome ends after the last document ({last}) and would be"
                " cut short.",
                count=len(begun) - len(slots),
                last=last,
            )
        )
    return slots, notes


def _thin(reader: _Reader, slots: Sequence[Slot]) -> Iterator[Message]:
    """That the documents begin inside the earliest windows, so that those days rate on less than a later run does."""
    first = _day(reader.facts(slots[-1].outcome).frame["first_sale_on"].min())
    thin = [slot for slot in slots if first is not None and reader.window(slot.as_of)[0].start < first]
    if thin:
        yield msg(
            "The first document is of {first}: the window of {count} evaluation(s) is only partly filled.",
            first=first,
            count=len(thin),
        )


def _day(value: object) -> date | None:
    return value if isinstance(value, date) else None

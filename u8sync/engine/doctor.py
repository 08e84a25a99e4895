"""What holds for every way into U8 before the first run: is it there, and do mapping, policy and account set agree.

A check that fails is a finding, no error: the checks after it are made all the same, unless U8 cannot be reached.
What only one kind of backend can tell, and the audit log's own state, are handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from u8sync.domain.decision import needed_columns
from u8sync.domain.fitting import misfits
from u8sync.domain.mapping import CustomerMapping
from u8sync.domain.metrics import extras_for
from u8sync.domain.model import AccountSet, ColumnLimit
from u8sync.domain.policy import Policy
from u8sync.errors import BackendError, InputError, U8SyncError
from u8sync.ports import Backend, Check, Needs
from u8sync.text import Message, msg

__all__ = ["check_zone", "examine", "needs_of"]

SHOWN = 10
"""So many values are named in a finding."""


def needs_of(mapping: CustomerMapping, policy: Policy, way: str, *, writing: bool) -> Needs:
    """What mapping and policy ask of the account set in this way into U8."""
    return Needs(
        frozenset(needed_columns(mapping, way)),
        frozenset(_writes(mapping, way)),
        writing=writing,
        extras=extras_for(policy.metrics),
        periods=policy.window.needs_periods,
    )


def _writes(mapping: CustomerMapping, way: str) -> set[str]:
    """The columns that are written."""
    return {field.columns[way] for field in mapping.fields if field.write != "never" and way in field.columns}


def examine(
    own: Iterator[Check],
    open_backend: Callable[[], AbstractContextManager[Backend]],
    audit: Callable[[AccountSet | None], Iterator[Check]],
    *,
    mapping: CustomerMapping,
    policy: Policy,
) -> Iterator[Check]:
    """All checks that need U8 or the audit log, one after another.

    Args:
        own: The checks of this kind of backend. It raises BackendError or InputError when U8 cannot be reached; then
            nothing more is asked of U8, because a login that is refused again and again gets locked.
        open_backend: Opens the way into U8.
        audit: The checks of the audit log; null when the account set is not known.
        mapping: The mapping.
        policy: The policy.
    """
    account_set = None
    try:
        yield from own
        with open_backend() as backend:
            account_set = backend.account_set()
            yield Check(
                msg("Account set"),
                "ok",
                msg(
                    "{code} {name}, database {database}",
                    code=account_set.code,
                    name=account_set.name,
                    database=account_set.database,
                ),
            )
            yield from _agreement(backend, mapping, policy)
    except (BackendError, InputError) as error:
        yield failed(msg("Way into U8"), error)
    yield from audit(account_set)


def failed(topic: Message, error: U8SyncError) -> Check:
    """An error as a finding."""
    return Check(topic, "failure", error.message, error.hint)


def _agreement(backend: Backend, mapping: CustomerMapping, policy: Policy) -> Iterator[Check]:
    columns, writable = backend.columns(), backend.writable()
    problems = misfits(mapping, policy, way=backend.way, columns=columns, writable=writable)
    for problem in problems:
        where = problem.place or mapping.fields[0].place.file
        yield Check(msg("Mapping"), "failure", msg("{place}: {what}", place=where, what=problem.message), problem.hint)
    if not problems:
        yield Check(
            msg("Mapping"),
            "ok",
            msg(
                "All {count} columns of the customer archive are there.",
                count=len(needed_columns(mapping, backend.way)),
            ),
        )
    for column in sorted(_writes(mapping, backend.way) & writable.keys()):
        yield Check(msg("Values of {column}", column=column), "ok", _accepted(writable[column]))
    if policy.window.needs_periods:
        yield _periods(backend)


def _periods(backend: Backend) -> Check:
    periods = backend.periods()
    if not periods:
        return Check(
            msg("Fiscal periods"),
            "warning",
            msg("They cannot be read: the window goes by calendar months and years."),
            msg("If the fiscal year is the calendar year, nothing is lost. Otherwise give the window in 'months'."),
        )
    found = msg("{first} to {last}", first=periods[0].first, last=max(period.last for period in periods))
    return Check(msg("Fiscal periods"), "ok", found)


def _accepted(limit: ColumnLimit) -> Message:
    if limit.values is None:
        return msg("Any text of at most {width} characters.", width=limit.width)
    shown = ", ".join(sorted(limit.values)[:SHOWN]) + (", …" if len(limit.values) > SHOWN else "")
    return msg("One of {count} values: {values}", count=len(limit.values), values=shown or "-")


def check_zone(timezone: str, here: datetime) -> Check:
    """Whether this machine counts its days as the account set does.

    Args:
        timezone: The account set's, IANA name.
        here: The present instant with this machine's own offset from UTC.
    """
    there = here.astimezone(ZoneInfo(timezone))
    offset = here.utcoffset()
    # A server that keeps UTC does so on purpose, whatever zone its work is in.
    odd = offset not in (there.utcoffset(), timedelta(0))
    return Check(
        msg("Clock"),
        "warning" if odd else "ok",
        msg(
            "It is {there} in {timezone}, and {here} on this machine.",
            there=f"{there:%Y-%m-%d %H:%M}",
            timezone=timezone,
            here=f"{here:%Y-%m-%d %H:%M %z}",
        ),
        msg("Days are counted in the configuration's 'timezone', and U8 shows its hours: check that it is meant so.")
        if odd
        else None,
    )

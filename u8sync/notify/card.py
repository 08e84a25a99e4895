"""A card: how the night went, on one screen of a phone. Pure; counts and sentences, no customer, no contact, no secret.

What lives here: what stands on it and in which order. The idea: the first line says whether anything is to be done. A
card goes to a group and through somebody else's servers, so a sentence that names a customer is taken without the name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final, Literal

from u8sync.domain.run_entry import RunEntry, Told
from u8sync.domain.timeliness import Timeliness
from u8sync.notify.state import Condition, Step
from u8sync.text import Message, Translate, msg

__all__ = ["HEADLINES", "MOST_BYTES", "Card", "card_of", "cut", "missed_card"]

MOST_BYTES: Final = 2000
"""WeCom takes 2,048 bytes of text; Chinese characters have three."""

MOST_TROUBLES: Final = 3

HEADLINES: Final = {
    "ok": msg("all is well"),
    "partial": msg("finished in part"),
    "blocked": msg("blocked by a guard, nothing was written"),
    "busy": msg("did not run: another run was at work"),
    "failed": msg("FAILED"),
    "missed": msg("DID NOT RUN"),
}


@dataclass(frozen=True)
class Card:
    """What is sent.

    Attributes:
        title: One line.
        body: Some lines.
        kind: How it looks where that can be told: all is well, worth a look, or bad.
    """

    title: str
    body: str
    kind: Literal["success", "warning", "failure"]


def card_of(
    entry: RunEntry,
    condition: Condition,
    step: Step,
    due: Timeliness | None,
    *,
    site: str | None,
    language: Literal["zh", "en"],
    translate: Translate,
    zone: tzinfo,
) -> Card:
    """The card of a run.

    Args:
        entry: The run.
        condition: What it shows.
        step: Whether this is news.
        due: What became of the starts that the schedule meant; null: there is no schedule.
        site: What people call this installation; null: it needs no name.
        language: Which of an entry's sentences are taken.
        translate: Puts messages into the words of it.
        zone: The time zone of the account set.
    """
    lines = [
        translate(line) if isinstance(line, Message) else _in(entry.for_many(line), language)
        for line in _lines(entry, zone)
    ]
    headline = HEADLINES[condition.name]
    if step == "recovered":
        headline = msg("well again")
    elif condition.ok and due is not None and due.late_by is not None:
        headline = msg("ran late")
    return Card(
        title=_title(site, _account_set(entry), headline, translate),
        body=cut("\n".join(lines)),
        kind="success" if condition.ok else "warning" if condition.name in {"partial", "blocked"} else "failure",
    )


def missed_card(due: Timeliness, *, site: str | None, translate: Translate, zone: tzinfo) -> Card:
    """The card of a night that did not come."""
    starts = ", ".join(_time(start, zone) for start in due.missed[-5:])
    lines = [msg("No run answered the start of {starts}.", starts=starts)]
    if len(due.missed) > 1:
        lines.append(msg("{count:,} starts in a row were missed.", count=len(due.missed)))
    if due.next_due is not None:
        lines.append(msg("Next start: {time}", time=_time(due.next_due, zone)))
    lines.append(msg("Look at the machine and its schedule: 'u8sync schedule show', 'u8sync status'."))
    return Card(
        title=_title(site, None, HEADLINES["missed"], translate),
        body=cut("\n".join(map(translate, lines))),
        kind="failure",
    )


def _title(site: str | None, account_set: str | None, headline: Message, translate: Translate) -> str:
    who = " ".join(part for part in ("u8sync", site, account_set) if part)
    return translate(msg("{who}: {what}", who=who, what=headline))


def _account_set(entry: RunEntry) -> str | None:
    parts = [part for part in (entry.account_set, entry.account_set_name) if part]
    return " ".join(parts) or None


def _lines(entry: RunEntry, zone: tzinfo) -> Iterator[Message | Told]:
    yield msg("Started {time}, took {duration}", time=_time(entry.started_at, zone), duration=_duration(entry.duration))
    if entry.error is not None:
        yield entry.error
        if entry.hint is not None:
            yield entry.hint
    yield from _written(entry)
    yield from _to_do(entry)
    if entry.discreet:
        yield msg("What is not shown here: u8sync runs show {run}", run=entry.run_id)
    if entry.audit_count is not None and entry.audit_hash is not None:
        yield msg("Audit log: {count:,} records, {head}", count=entry.audit_count, head=entry.audit_hash[:12])
    yield msg("Run {run} on {host}", run=entry.run_id, host=entry.host)


def _to_do(entry: RunEntry) -> Iterator[Message | Told]:
    if entry.waiting:
        yield msg("Waiting for approval: {count:,} (u8sync approve)", count=entry.waiting)
    if entry.issues:
        yield msg("Customers with an unusable value: {count:,}", count=entry.issues)
    yield from entry.troubles[:MOST_TROUBLES]
    more = len(entry.troubles) - MOST_TROUBLES
    if more > 0:
        yield msg("... and {count:,} more troubles: u8sync runs show {run}", count=more, run=entry.run_id)


def _written(entry: RunEntry) -> Iterator[Message]:
    if entry.planned is None:
        return
    if entry.endings:
        yield msg("Written: {done:,} of {planned:,} changes", done=entry.in_place, planned=entry.planned)
        if entry.not_in_place:
            yield msg("NOT written: {count:,}", count=entry.not_in_place)
    elif entry.planned:
        yield msg("Planned and not written: {count:,} changes", count=entry.planned)
    else:
        yield msg("Nothing was to be written.")


def _in(told: Told, language: Literal["zh", "en"]) -> str:
    return told.zh if language == "zh" else told.en


def _time(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _duration(span: timedelta | None) -> str:
    """Hours, minutes and seconds; ``-`` when not known."""
    if span is None:
        return "-"
    seconds = round(span.total_seconds())
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def cut(text: str, most: int = MOST_BYTES) -> str:
    """The text, cut behind a whole character so that it has at most so many bytes in UTF-8."""
    data = text.encode()
    if len(data) <= most:
        return text
    return data[: most - 4].decode(errors="ignore").rstrip() + " …"

"""From what a clock on the wall shows to instants, also on the days on which it is moved.

The idea: every local time is one instant. A time that the clock passes over is the moment at which it was moved; a time
that it shows twice is the first of the two.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

__all__ = ["instant_of", "local"]


def local(instant: datetime, zone: tzinfo) -> datetime:
    """What the clock on the wall shows then, without a zone."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def instant_of(shown: datetime, zone: tzinfo, *, not_before: datetime | None = None) -> datetime:
    """The instant at which the clock shows this, aware UTC.

    Args:
        shown: Local time without a zone.
        zone: Of the wall.
        not_before: Of a time that is shown twice the second is meant when the first was earlier than this.
    """
    first = shown.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if local(first, zone) != shown:
        return _moved_at(shown, zone)
    second = shown.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return second if not_before is not None and first < not_before else first


def _moved_at(shown: datetime, zone: tzinfo) -> datetime:
    """The first second after the clock was moved past this time."""
    before = shown.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after = shown.replace(tzinfo=zone, fold=0).astimezone(UTC)
    before, after = before - timedelta(seconds=1), after + timedelta(seconds=1)
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if local(middle, zone) < shown:
            before = middle
        else:
            after = middle
    return after

"""Reading logs for a command: which ones, from which day to which, and how far it has come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import click

from u8sync.cli.options import Day, audit_folders
from u8sync.cli.session import Session
from u8sync.errors import InputError
from u8sync.text import N_, msg

if TYPE_CHECKING:
    from u8sync.ports import Record

__all__ = ["Log", "Logs", "Tail", "archive_option", "from_option", "instant", "logs_of", "to_option"]

EVERY: Final = 5000
"""The bar moves after so many records."""

archive_option = click.option(
    "--archive",
    type=click.Path(path_type=Path),
    default=None,
    help=N_("Where old segments of the log were moved to; the configuration's when absent."),
)

from_option = click.option(
    "--from",
    "since",
    type=Day(),
    default=None,
    help=N_("From this day on, in the configuration's time zone, else UTC."),
)

to_option = click.option(
    "--to", "until", type=Day(), default=None, help=N_("Up to this day, in the configuration's time zone, else UTC.")
)


@dataclass(frozen=True)
class Log:
    """One log.

    Attributes:
        folder: Its folder.
        archive: Where older files of it were moved to; null: nowhere.
    """

    folder: Path
    archive: Path | None

    def records(self, session: Session, *types: str, upto: int | None = None) -> Iterator[Record]:
        """The records, oldest first, with a bar; of the given types (all when none is given), up to this number.

        The head file only says how long the bar is: one that was put back must not hide records.
        """
        from u8sync.audit.reading import iterate
        from u8sync.audit.segments import read_head

        head = read_head(self.folder)
        progress = session.progress()
        progress.start(msg("Reading the audit log"), None if head is None else head.count)
        done = 0
        try:
            for record in iterate(self.folder, archive=self.archive):
                seq = int(str(record["seq"]))
                if upto is not None and seq > upto:
                    return
                if seq - done >= EVERY:
                    progress.advance(seq - done)
                    done = seq
                if not types or record["type"] in types:
                    yield record
        finally:
            progress.finish()

    @property
    def begins_at(self) -> int:
        """Number of the first record that is there; more than 1 when older ones were moved away."""
        from u8sync.audit.reading import base_of
        from u8sync.audit.segments import segments_of

        return base_of(self.folder, segments_of(self.folder, self.archive)).count + 1


@dataclass(frozen=True)
class Logs:
    """The logs that a command reads.

    Attributes:
        each: At least one.
        zone: Time zone of days: the configuration's, or UTC when none was read.
    """

    each: tuple[Log, ...]
    zone: tzinfo

    @property
    def only(self) -> Log:
        """The one log. Raises InputError when there are several."""
        if len(self.each) > 1:
            raise InputError(
                msg("There are {count} audit logs here, one an account set", count=len(self.each)),
                hint=msg("Name one with --folder: {folders}", folders=", ".join(str(log.folder) for log in self.each)),
            )
        return self.each[0]

    def note_missing(self, session: Session) -> None:
        """Say it when the beginning of a log is not there, so that nobody takes a part for the whole."""
        for log in self.each:
            if log.begins_at > 1:
                session.note(
                    msg(
                        "{folder} begins with record {seq}: older ones were moved away;"
                        " --archive FOLDER reads them too.",
                        folder=str(log.folder),
                        seq=log.begins_at,
                    )
                )


@dataclass
class Tail:
    """What passed by: the last record, and the last checkpoint."""

    last: Record | None = None
    checkpoint: Record | None = None
    count: int = field(default=0)

    def watch(self, records: Iterator[Record]) -> Iterator[Record]:
        """The records, looked at as they pass."""
        for record in records:
            self.last = record
            self.count += 1
            if record["type"] == "checkpoint":
                self.checkpoint = record
            yield record


def logs_of(config: Path, folder: Path | None, archive: Path | None) -> Logs:
    """Find the logs: with ``folder`` nothing of the configuration is read. Raises InputError when there is none."""
    found = audit_folders(config, folder)
    zone: tzinfo = UTC
    if folder is None:
        from u8sync.config.settings import load_settings

        settings = load_settings(config)
        zone = ZoneInfo(settings.timezone)
        archive = archive or settings.audit_archive
    return Logs(tuple(Log(one, _archive_of(one, archive)) for one in found), zone)


def _archive_of(folder: Path, archive: Path | None) -> Path | None:
    """The archive of one log: a folder of its name, or the given one itself."""
    if archive is None:
        return None
    own = archive / folder.name
    return own if own.is_dir() else archive


def instant(day: date, zone: tzinfo, *, after: bool = False) -> str | None:
    """The instant at which a day begins (or is over), as records write it; null: before or after all time."""
    try:
        begins = datetime.combine(day + timedelta(days=1) if after else day, time.min, tzinfo=zone)
        return begins.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    except OverflowError:
        return None

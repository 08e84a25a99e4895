"""What a run still needs of segments that were moved away: what people refused, what u8sync wrote, how tiers moved.

What lives here: reading them for the memory of the next run. The idea: they are believed only as a whole and only when
they lead up to the very hash at which the log goes on. What is not there any more is told, for then a run knows less;
what is there and is something else stops it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from u8sync.audit.chain import may_be, parse
from u8sync.audit.findings import Base
from u8sync.audit.quick import Check
from u8sync.audit.seals import Seals
from u8sync.audit.segments import Segment, bytes_of, lines_of, read_base, segments_of
from u8sync.errors import AuditError
from u8sync.ports import Record
from u8sync.text import Message, msg

__all__ = ["Moved", "moved_of"]


@dataclass(frozen=True)
class Moved:
    """The beginning of a log, as far as it was moved away.

    Attributes:
        segments: Its segments, checked; empty: none was moved, or they are gone.
        gone: Why they cannot be had, in words; null: none is missing.
    """

    segments: tuple[Segment, ...] = ()
    gone: Message | None = None

    def records(self, *types: str) -> Iterator[Record]:
        """The records of these types, oldest first."""
        for line in lines_of(self.segments):
            record = parse(line.data) if may_be(line.data, types) else None
            if isinstance(record, dict) and record["type"] in types:
                yield record


def moved_of(folder: Path, archive: Path | None) -> Moved:
    """The segments of a log that were moved to ``archive``; null: nobody knows where to.

    Raises AuditError when what lies there is not what was moved, or cannot be read.
    """
    own = segments_of(folder)
    base = None if not own or own[0].number == 1 else read_base(folder)
    if base is None:
        return Moved()  # nothing was moved; a beginning that is simply missing is found when the log is opened
    there = [] if archive is None or not archive.is_dir() else segments_of(archive)
    found = tuple(one for one in there if one.number <= base.segments)
    if [one.number for one in found] != list(range(1, base.segments + 1)):
        return Moved(gone=_gone(base, archive))
    check = Check(None, Base(), Seals())
    whole = all(check.take_segment(one.name, [list(bytes_of(one))]) for one in found)
    if not whole or (check.tree.size, check.last_hash) != (base.count, base.hash):
        raise AuditError(
            msg("The segments in {folder} are not those that were moved there from the audit log", folder=str(archive)),
            hint=msg("Nothing was sent to U8. Keep them as they are and run 'u8sync audit verify'."),
        )
    return Moved(found)


def _gone(base: Base, archive: Path | None) -> Message:
    where = msg("the configuration does not say where to (audit: archive:)")
    return msg(
        "The first {count:,} records of the audit log were moved away, and {why}. So it is not known what was refused"
        " there, nor what u8sync wrote: refused changes are asked again, and what people changed in U8 since is taken"
        " for u8sync's own.",
        count=base.count,
        why=where if archive is None else msg("they are not whole in {folder}", folder=str(archive)),
    )

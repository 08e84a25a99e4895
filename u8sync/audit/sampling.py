"""A sample of the changes for an auditor: drawn by a rule that anybody can redo, not by chance.

*Population*: every change of a field that u8sync wrote. *Strata*: the moves, that is field, value before, value after;
changes of spelling are one stratum a field. *Size*: every stratum gets one; the rest is shared out in proportion to
what is left of each stratum, by largest remainder, a tie going to the stratum that comes first by name. *Draw*: in
each stratum the changes with the smallest SHA-256 of ``seed:change:column``. The same records and the same seed give
the same sample in any program, and nobody can choose who is in it without choosing the seed.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from u8sync.audit.chain import encode, link
from u8sync.audit.endings import Ended, ended
from u8sync.audit.export import Filter
from u8sync.domain.run import LoggedChange
from u8sync.errors import InputError
from u8sync.ports import Record
from u8sync.text import msg

__all__ = ["Drawn", "Move", "Sample", "allocate", "draw", "sort_key"]


@dataclass(frozen=True)
class Move:
    """A stratum.

    Attributes:
        field: Canonical field.
        was: Meaning of the value before; null: empty or not known, or a change of spelling.
        becomes: Meaning of the value after; null: emptied or not known, or a change of spelling.
        spelling: Whether these are changes of spelling, of any value.
    """

    field: str
    was: str | None
    becomes: str | None
    spelling: bool = False

    @property
    def order(self) -> tuple[str, bool, str, str]:
        """By what strata are sorted."""
        return self.field, self.spelling, self.was or "", self.becomes or ""


@dataclass(frozen=True)
class Drawn:
    """One item of the sample.

    Attributes:
        change: What was changed.
        move: Its stratum.
        record_hash: Hash of the record that announced it, hex: what the next record carries as ``prev``.
        end_seq: Number of the record that says it was written.
        key: Its sort key, hex.
    """

    change: LoggedChange
    move: Move
    record_hash: str
    end_seq: int
    key: str


@dataclass(frozen=True)
class Sample:
    """A sample.

    Attributes:
        seed: What it was drawn with.
        wanted: Number of items that was asked for.
        population: Stratum -> number of changes, ordered by stratum.
        allocation: Stratum -> number of items drawn from it, in the same order.
        items: By stratum, then by sort key.
    """

    seed: str
    wanted: int
    population: Mapping[Move, int]
    allocation: Mapping[Move, int]
    items: tuple[Drawn, ...]


def sort_key(seed: str, op_id: str, column: str) -> str:
    """By what the changes of a stratum are ordered: SHA-256 of ``seed:change:column`` in UTF-8, hex."""
    return hashlib.sha256(f"{seed}:{op_id}:{column}".encode()).hexdigest()


def draw(records: Iterable[Record], wanted: Filter, *, size: int, seed: str) -> Sample:
    """Draw a sample.

    Args:
        records: Whole, oldest first.
        wanted: Which changes the population is made of; only those that were written count.
        size: Number of items, at least 1. A population that is smaller is taken as a whole; with more strata than
            ``size`` there is one item a stratum, so that no kind of change is left out.
        seed: Any text.

    Raises InputError when nothing was written.
    """
    strata: dict[Move, _Stratum] = {}
    for change in ended(records):
        if change.applied and wanted.takes(change):
            for one in change.fields:
                strata.setdefault(_move(one), _Stratum(size)).take(sort_key(seed, one.op_id, one.column), change, one)
    if not strata:
        raise InputError(
            msg("The audit log has no written change to draw from"),
            hint=msg("Look at 'u8sync audit list', and at the days that you gave."),
        )
    ordered = sorted(strata, key=lambda move: move.order)
    population = {move: strata[move].seen for move in ordered}
    allocation = allocate(population, size)
    items = tuple(item for move in ordered for item in strata[move].first(allocation[move], move))
    return Sample(seed, size, population, allocation, items)


def allocate(population: Mapping[Move, int], size: int) -> dict[Move, int]:
    """Stratum -> number of items: one each, the rest in proportion to what is left of each, by largest remainder."""
    left = {move: count - 1 for move, count in population.items()}
    total = sum(left.values())
    rest = max(0, min(size - len(population), total))
    shares = {move: Fraction(rest * count, total) if total else Fraction(0) for move, count in left.items()}
    given = {move: int(share) for move, share in shares.items()}
    by_remainder = sorted(shares, key=lambda move: (given[move] - shares[move], move.order))
    for move in by_remainder[: rest - sum(given.values())]:
        given[move] += 1
    return {move: 1 + given[move] for move in population}


def _move(change: LoggedChange) -> Move:
    if change.was is not None and change.was == change.becomes:
        return Move(change.field, None, None, spelling=True)
    return Move(change.field, change.was, change.becomes)


@dataclass
class _Stratum:
    """The changes of one stratum with the smallest keys, of all that were seen: never more than the sample needs.

    Attributes:
        most: So many are kept at most.
        seen: So many there were.
    """

    most: int
    seen: int = 0
    _kept: list[tuple[int, int, str, Ended, LoggedChange]] = field(default_factory=list)

    def take(self, key: str, change: Ended, one: LoggedChange) -> None:
        self.seen += 1
        # A heap gives the smallest away first, so that the largest key must stand there as the smallest number.
        rank = -int(key, 16)
        item = (rank, self.seen, key, change, one)
        if len(self._kept) < self.most:
            heapq.heappush(self._kept, item)
        elif rank > self._kept[0][0]:
            heapq.heapreplace(self._kept, item)

    def first(self, count: int, move: Move) -> Iterable[Drawn]:
        for _, _, key, change, one in heapq.nlargest(count, self._kept, key=lambda kept: kept[0]):
            yield Drawn(one, move, link(encode(change.intent)), int(str(change.of_end("seq"))), key)

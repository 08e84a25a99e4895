"""What the project set itself, and what was seen: ratios of figures of one run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks import audit_ways as ways
from benchmarks.figures import Figure, Results

__all__ = ["Aim", "aims_of"]

_EMBEDDED = "embedded"
_GB_IN_MIB = 1_000_000_000 / 2**20


@dataclass(frozen=True)
class Aim:
    """One of them.

    Attributes:
        name: English and Chinese.
        asked: The bound.
        seen: Null when it was not measured.
        unit: Follows both numbers.
        at_least: Whether the bound is the least; else it is the most.
        digits: After the point.
    """

    name: tuple[str, str]
    asked: float
    seen: float | None
    unit: str
    at_least: bool
    digits: int = 1

    @property
    def met(self) -> bool | None:
        """Null when it was not measured."""
        if self.seen is None:
            return None
        return self.seen >= self.asked if self.at_least else self.seen <= self.asked


def aims_of(results: Results) -> Iterator[Aim]:
    """All of them, in the order of the table."""
    ours, large = (_figure(results, _EMBEDDED, size, "u8sync") for size in (100_000, 1_000_000))
    pandas = _figure(results, _EMBEDDED, 100_000, "pandas")
    database = _figure(results, _EMBEDDED, 100_000, "the database alone")
    yield Aim(
        ("faster than pandas, 100,000 customers", "比 pandas 快，10 万客户"), 2.5, _time(pandas, ours), " ×", True
    )
    less = None if pandas is None or ours is None else pandas.peak / ours.peak
    yield Aim(("less memory than pandas", "比 pandas 省内存"), 4, less, " ×", True)
    yield Aim(("time of the database alone", "与仅数据库相比的时间"), 1.5, _time(ours, database), " ×", False)
    cost = _time(large, ours)
    yield Aim(
        ("cost of a customer, 1,000,000 against 100,000", "每客户成本，100 万对 10 万"),
        1.3,
        None if cost is None else cost / 10,
        " ×",
        False,
        2,
    )
    yield Aim(
        ("peak memory at 1,000,000", "100 万客户的峰值内存"),
        _GB_IN_MIB,
        None if large is None else large.peak,
        " MiB",
        False,
        0,
    )
    written = next((group for group in results.groups if group.kind == "writing"), None)
    audited, bare, singly = (written and written.of(name) for name in (ways.AUDITED, ways.BARE, ways.SINGLY))
    yield Aim(
        ("audited writes in batches, against a transaction each", "批量写入（含审计），对逐个事务"),
        20,
        _time(singly, audited),
        " ×",
        True,
    )
    added = _time(audited, bare)
    yield Aim(
        ("what the audit adds to the writes", "审计给写入增加的时间"),
        15,
        None if added is None else (added - 1) * 100,
        " %",
        False,
        0,
    )
    yield Aim(
        ("audit verify, records a second", "audit verify，每秒记录数"),
        150_000,
        None if results.verify is None else results.verify[0],
        "",
        True,
        0,
    )
    for command in ("u8sync --version", "u8sync --help"):
        started = _figure(results, "startup", 0, command)
        yield Aim((command, command), 0.25, None if started is None else started.median, " s", False, 2)


def _figure(results: Results, kind: str, size: int, name: str) -> Figure | None:
    group = results.group(kind, size)
    return None if group is None else group.of(name)


def _time(one: Figure | None, other: Figure | None) -> float | None:
    """How many times as long the first takes."""
    return None if one is None or other is None else one.median / other.median

"""What was measured, as it is kept in ``results.json`` and read again for the README."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Figure", "Group", "Results", "from_json", "to_json"]


@dataclass(frozen=True)
class Figure:
    """One contender, measured some times.

    Attributes:
        name: For people.
        seconds: Of each run, from before its process was made to its end.
        processor: Seconds of processor time of each run, those of its own processes among them.
        peak_mib: Most memory of each run, MiB.
        skipped: Why there are no runs; null when there are.
    """

    name: str
    seconds: tuple[float, ...] = ()
    processor: tuple[float, ...] = ()
    peak_mib: tuple[float, ...] = ()
    skipped: str | None = None

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(self.seconds)

    @property
    def peak(self) -> float:
        """MiB: the median of the peaks."""
        return statistics.median(self.peak_mib)


@dataclass(frozen=True)
class Group:
    """Contenders that did the same work.

    Attributes:
        kind: ``embedded`` or ``sqlserver`` for the night's work, ``writing``, ``startup``.
        size: Customers, changes, or 0.
        figures: In the order of the table.
    """

    kind: str
    size: int
    figures: tuple[Figure, ...]

    def of(self, name: str) -> Figure | None:
        """The figure of this contender; null when it was not measured."""
        found = self.find(name)
        return found if found is not None and found.seconds else None

    def find(self, name: str) -> Figure | None:
        """The same, also when it has a reason instead of runs."""
        return next((one for one in self.figures if one.name == name), None)


@dataclass(frozen=True)
class Results:
    """All of one run of ``python -m benchmarks``.

    Attributes:
        machine: What it ran on, in one line.
        day: ISO date, UTC.
        minutes: The whole took.
        versions: Package -> version of the contenders.
        groups: What was measured beside each other.
        verify: Records a second of ``audit verify`` on one core, and how many records the log had; null: not measured.
    """

    machine: str
    day: str
    minutes: float
    versions: dict[str, str]
    groups: tuple[Group, ...]
    verify: tuple[float, int] | None = None

    def group(self, kind: str, size: int) -> Group | None:
        """Null when it was not measured."""
        return next((one for one in self.groups if (one.kind, one.size) == (kind, size)), None)


def to_json(results: Results) -> str:
    """As a file; read again by :func:`from_json`."""
    return json.dumps(_rounded(asdict(results)), ensure_ascii=False, indent=1) + "\n"


def from_json(text: str) -> Results:
    """What :func:`to_json` wrote."""
    told = json.loads(text)
    groups = tuple(
        Group(one["kind"], one["size"], tuple(Figure(**{**each, **_tuples(each)}) for each in one["figures"]))
        for one in told.pop("groups")
    )
    verify = told.pop("verify")
    return Results(**told, groups=groups, verify=None if verify is None else tuple(verify))


def _tuples(figure: dict[str, Any]) -> dict[str, tuple[float, ...]]:
    return {name: tuple(figure[name]) for name in ("seconds", "processor", "peak_mib")}


def _rounded(told: Any) -> Any:
    """Milliseconds are told, and no more."""
    if isinstance(told, float):
        return round(told, 3)
    if isinstance(told, dict):
        return {key: _rounded(value) for key, value in told.items()}
    return [_rounded(each) for each in told] if isinstance(told, list | tuple) else told

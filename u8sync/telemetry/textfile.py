"""The figures of runs in a file for Prometheus, by way of node_exporter's textfile collector.

Several account sets may share the file: each run replaces its own series and leaves the others. The one idea: a reader
always finds a whole file, because a new one takes the old one's place in one step. Writers queue up at a lock.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from u8sync.errors import InputError
from u8sync.telemetry.figures import Figure
from u8sync.text import msg

__all__ = ["LABELS", "write_textfile"]

LABELS: Final = ("account_set", "config")
"""Whose series it is."""

_PATIENCE_S: Final = 10.0

_UNREADABLE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

_READABLE: Final = 0o644
"""Figures hold no customer and no secret, and node_exporter runs as another user."""


def write_textfile(path: Path, figures: Sequence[Figure], labels: Mapping[str, str], *, run_id: str) -> None:
    """Put the figures into the file, in the place of those with the same labels.

    Raises InputError when another run keeps it busy or there is no such folder, OSError when it cannot be written.
    """
    if not path.parent.is_dir():
        raise InputError(
            msg("The figures cannot be written: there is no folder {folder}", folder=str(path.parent)),
            hint=msg("Make it, or name another file under 'metrics: textfile:'."),
        )
    own = {name: _printable(labels[name]) for name in LABELS}
    part = path.with_name(f".{path.name}.{run_id}.new")
    try:
        with FileLock(path.with_name(f".{path.name}.lock"), timeout=_PATIENCE_S):
            try:
                part.write_bytes(_text(figures, own, _others(path, own)))
                part.chmod(_READABLE)
                part.replace(path)
            finally:
                with suppress(OSError):
                    part.unlink(missing_ok=True)
    except Timeout:
        raise InputError(
            msg("The figures cannot be written: another run keeps {path} busy", path=str(path)),
            hint=msg("The next run writes them."),
        ) from None


def _others(path: Path, own: Mapping[str, str]) -> list[Metric]:
    """The series of other account sets in the file; none when there is no file, or nobody can read what it is."""
    try:
        found = list(text_string_to_metric_families(path.read_bytes().decode()))
    except (FileNotFoundError, ValueError, IndexError, KeyError):
        return []  # what is no file of figures says nothing that is worth keeping
    for metric in found:
        metric.samples = [
            sample
            for sample in metric.samples
            if set(LABELS) <= set(sample.labels) and any(sample.labels[name] != own[name] for name in LABELS)
        ]
    return [metric for metric in found if metric.samples]


class _Given(Collector):
    """Hands out metrics that are there already."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """The metrics."""
        yield from self._metrics


def _text(figures: Sequence[Figure], own: Mapping[str, str], others: Sequence[Metric]) -> bytes:
    known: dict[str, Metric] = {}
    for figure in figures:
        metric = known[figure.name] = GaugeMetricFamily(figure.name, figure.meaning)
        for labels, value in figure.samples:
            metric.add_sample(figure.name, {**own, **{name: _printable(word) for name, word in labels.items()}}, value)
    for other in others:
        if other.name in known:
            known[other.name].samples += other.samples
        else:
            known[other.name] = other
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Given(list(known.values())))
    return generate_latest(registry)


def _printable(text: str) -> str:
    """A label that every reader of the file takes for one word: a path may hold line ends, and bytes of no text."""
    return "".join("?" if unicodedata.category(one) in _UNREADABLE else one for one in text)

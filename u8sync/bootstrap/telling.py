"""How a run tells machines of itself: its log while it goes, its figures when it is over.

What lives here: which sinks and which ways of monitoring a configuration asks for. What does not: what they are told,
which is the business of ``u8sync/telemetry``. Nothing here may stop a run; ``nights.py`` turns errors into troubles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Final

from u8sync.bootstrap.secrecy import secrets_in
from u8sync.config.settings import Settings
from u8sync.config.telling import Metrics
from u8sync.domain.run_entry import RunEntry, StepTime
from u8sync.domain.timeliness import Timeliness
from u8sync.history.store import read_history, run_folder
from u8sync.ports import Clock
from u8sync.report.language import told
from u8sync.telemetry.figures import figures_of
from u8sync.telemetry.otlp import send
from u8sync.telemetry.redaction import Redactor
from u8sync.telemetry.rendering import json_line, plain_line
from u8sync.telemetry.run_log import Outlet, RunLog
from u8sync.telemetry.sinks import FileSink, StreamSink, clear_away
from u8sync.telemetry.stopwatch import Stopwatch
from u8sync.text import Message, msg

__all__ = ["LOG", "KeptLog", "Monitoring", "StandardError", "clear_logs", "open_run_log", "step_times"]

LOG: Final = "log.jsonl"
"""Name of the log in its run's folder."""

_MEGABYTE: Final = 1024 * 1024


@dataclass(frozen=True)
class StandardError:
    """Where lines of a log go that a service manager keeps.

    Attributes:
        stream: The stream.
        journal: Whether systemd's journal reads it.
    """

    stream: IO[str]
    journal: bool


@dataclass(frozen=True)
class KeptLog:
    """The log of a run, and where it is kept.

    Attributes:
        log: The log; to be closed by who asked for it.
        sink: Its file; null: none.
        file: Its name in the run's folder, or its path when it lies elsewhere; null: there is no file.
    """

    log: RunLog
    sink: FileSink | None
    file: str | None

    @property
    def troubles(self) -> Sequence[Message]:
        """What kept the log from being whole."""
        return [*self.log.troubles, *(() if self.sink is None else self.sink.troubles)]

    @property
    def dropped(self) -> int:
        """Lines that its limit kept out."""
        return 0 if self.sink is None else self.sink.dropped


def open_run_log(settings: Settings, entry: RunEntry, clock: Clock, stderr: StandardError | None) -> KeptLog:
    """The log of a run that begins. Nothing is written yet, so nothing can fail."""
    wanted = settings.logs
    outlets = []
    sink = None
    if wanted.file == "json":
        own = run_folder(settings.runs_folder, entry.run_id) / LOG
        path = own if wanted.folder is None else wanted.folder / f"{entry.run_id}.jsonl"
        sink = FileSink(path, wanted.max_mb * _MEGABYTE)
        outlets.append(Outlet(sink, json_line))
    if stderr is not None and (wanted.console in {"plain", "json"} or (wanted.console == "auto" and stderr.journal)):
        render = json_line if wanted.console == "json" else plain_line
        outlets.append(Outlet(StreamSink(stderr.stream, journal=stderr.journal), render))
    log = RunLog(
        outlets,
        level=wanted.level,
        clock=clock,
        redactor=Redactor(secrets_in(settings.located, Path(settings.located.file).parent)),
        bound={"run_id": entry.run_id, "account_set": None, "host": entry.host, "pid": entry.pid},
    )
    return KeptLog(log, sink, None if sink is None else LOG if wanted.folder is None else str(sink.path.absolute()))


def clear_logs(settings: Settings) -> None:
    """Remove the oldest files of a folder of logs; those in the runs' folders go with their runs. Raises OSError."""
    if settings.logs.folder is not None:
        clear_away(settings.logs.folder, "[0-9]*T[0-9]*Z-??????.jsonl", settings.logs.keep)


def step_times(watch: Stopwatch) -> tuple[StepTime, ...]:
    """The steps of a run so far, and what belongs to none of them: together they are its duration."""
    steps = [StepTime(told(lap.name), _seconds(lap.seconds), lap.units) for lap in watch.laps]
    return (*steps, StepTime(told(msg("Other")), _seconds(watch.rest_s)))


@dataclass(frozen=True)
class Monitoring:
    """What a run that ended tells the monitoring.

    Attributes:
        settings: Which ways there are.
        due: What became of the starts that the schedule meant, at an instant; null: there is no schedule.
    """

    settings: Settings
    due: Callable[[datetime], Timeliness | None]

    @property
    def wanted(self) -> bool:
        """Whether anything is to be told."""
        return self.settings.metrics != Metrics(timeout_s=self.settings.metrics.timeout_s)

    def tell(self, entry: RunEntry, watch: Stopwatch, *, at_once: bool = False) -> Iterator[Callable[[], None]]:
        """The ways, each a step that may fail by itself. Raise InputError or OSError."""
        metrics = self.settings.metrics
        if not self.wanted:
            return
        history = read_history(self.settings.runs_folder, now=_end(entry)).entries
        figures = figures_of(entry, last_success=_last_success(entry, history), due=self.due(_end(entry)))
        labels = {"account_set": _account_set(entry, history) or "", "config": entry.config}
        if metrics.textfile is not None:
            # Its library is for those who ask for the file; no other run waits for it.
            from u8sync.telemetry.textfile import write_textfile

            textfile = metrics.textfile
            yield lambda: write_textfile(textfile, figures, labels, run_id=entry.run_id)
        if metrics.otlp is not None and not at_once:
            otlp = metrics.otlp
            yield lambda: send(otlp, entry, watch.laps, figures, labels, timeout_s=metrics.timeout_s)


def _end(entry: RunEntry) -> datetime:
    return entry.ended_at or entry.started_at


def _last_success(entry: RunEntry, history: Sequence[RunEntry]) -> datetime | None:
    """When the newest good run of this configuration ended; one from the future says nothing."""
    ends = [one.ended_at for one in (*history, entry) if one.config == entry.config and one.exit_code == 0]
    return max((end for end in ends if end is not None and end <= _end(entry)), default=None)


def _account_set(entry: RunEntry, history: Sequence[RunEntry]) -> str | None:
    """The account set; for a run that did not reach it, the one that this configuration reached before."""
    known = [one.account_set for one in (*history, entry) if one.config == entry.config and one.account_set]
    return known[-1] if known else None


def _seconds(elapsed: float) -> Decimal:
    return Decimal(f"{elapsed:.3f}")

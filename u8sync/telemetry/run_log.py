"""The log of one run: every line carries the run, the account set, the machine, the process and monotonic time.

The one idea: there is no logger that anybody can reach from anywhere. A run has its own, made with what it writes to,
told of events through the seam of the ports, and closed with the run; two runs in one process share nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import structlog

from u8sync.ports import Clock, Event, Reached
from u8sync.telemetry.happenings import Level, lines_of
from u8sync.telemetry.redaction import Redactor
from u8sync.telemetry.rendering import Record, instant
from u8sync.telemetry.sinks import Sink
from u8sync.text import Message, msg

__all__ = ["LIBRARIES", "Outlet", "RunLog"]

LIBRARIES: Final = ("urllib3", "requests", "apprise", "opentelemetry", "chinese_calendar", "distributed")
"""Loggers of libraries whose warnings belong into the log of the run that called them; below a warning they chat."""

_LAST: Final = "run_ended"


@dataclass(frozen=True)
class Outlet:
    """Where lines go and how they are written there."""

    sink: Sink
    render: Callable[[Record, Redactor], str]


class RunLog:
    """Lines of one run; also the :class:`u8sync.ports.Observer` of it.

    Args:
        outlets: Where the lines go; empty: nowhere.
        level: Least level that is written.
        clock: Time.
        redactor: Knows the secrets of the run.
        bound: What every line says: run, machine, process.
        monotonic: Seconds since some moment, which only go forwards.
    """

    def __init__(
        self,
        outlets: Sequence[Outlet],
        *,
        level: Level,
        clock: Clock,
        redactor: Redactor,
        bound: Mapping[str, object],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outlets = tuple(outlets)
        self._clock = clock
        self._redactor = redactor
        self._bound = dict(bound)
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._missed: str | None = None
        self._logger: Any = structlog.wrap_logger(
            self,
            processors=[self._completed],
            wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
            context_class=dict,
            cache_logger_on_first_use=False,
        )

    @property
    def troubles(self) -> Iterator[Message]:
        """What kept a line from being made; nothing when none was."""
        if self._missed is not None:
            yield msg("The run's log misses a line: {why}", why=self._missed)

    def notice(self, event: Event) -> None:
        """Write what is to be said of an event."""
        if isinstance(event, Reached):
            self._bound |= {"account_set": event.account_set.code}
        for line in lines_of(event):
            self.say(line.level, line.event, **line.fields)

    def say(self, level: Level, event: str, **fields: object) -> None:
        """Write one line. It stands between an intent and its write: a mistake in a line must not break a batch."""
        try:
            self._logger.log(getattr(logging, level.upper()), event, **fields)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the log's own
            self._missed = self._missed or self.without_secrets(f"{event}: {type(error).__name__}: {error}")

    def without_secrets(self, text: str) -> str:
        """The text as this log would write it: without the secrets of the run."""
        return self._redactor.clean(text)

    def _completed(
        self, _logger: object, level: str, fields: MutableMapping[str, Any]
    ) -> tuple[tuple[Record], dict[str, Any]]:
        """The record as all outlets get it: what every line carries first, then what is its own."""
        event = fields.pop("event")
        head = {"ts": instant(self._clock.now()), "level": level, "event": event}
        return (({**head, **self._bound, "mono": round(self._monotonic(), 6), **fields},), {})

    def msg(self, record: Record) -> None:
        """What structlog calls with a record that is complete."""
        level = str(record["level"])
        last = record["event"] == _LAST
        with self._lock:  # so that lines of several threads stand in one order everywhere
            for outlet in self._outlets:
                outlet.sink.write(outlet.render(record, self._redactor), level=level, last=last)

    debug = info = warning = error = critical = msg

    def close(self) -> None:
        """Close what the lines went to."""
        for outlet in self._outlets:
            outlet.sink.close()

    @contextmanager
    def with_libraries(self) -> Iterator[None]:
        """Take in what libraries warn of in this thread, and keep it from the terminal."""
        handler = _Library(self)
        loggers = [logging.getLogger(name) for name in LIBRARIES]
        for logger in loggers:
            logger.addHandler(handler)
        try:
            yield
        finally:
            for logger in loggers:
                logger.removeHandler(handler)


class _Library(logging.Handler):
    """Hands a library's warnings to the log of the run in whose thread they were made."""

    def __init__(self, log: RunLog) -> None:
        super().__init__(logging.WARNING)
        self._log = log
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        if record.thread != self._thread:
            return  # in a fleet that may be another run's
        try:
            said = record.getMessage()
        except (TypeError, ValueError):
            said = str(record.msg)  # a library that gives its own template the wrong arguments
        level: Level = "error" if record.levelno >= logging.ERROR else "warning"
        self._log.say(level, "library", library=record.name, said=said)

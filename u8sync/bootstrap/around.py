"""What goes on around a run and can neither stop nor change it: reports, monitoring, people, the log, the entry.

What lives here: the steps after the engine's last record, each of which may fail by itself. What does not: the run
(``nights.py``). The idea: why a step failed is a trouble of the entry; U8 and the audit log are as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from u8sync.bootstrap.telling import KeptLog, Monitoring, clear_logs, step_times
from u8sync.config.settings import Settings
from u8sync.domain.policy import Policy
from u8sync.domain.run import Planned, RunResult
from u8sync.domain.run_entry import RunEntry
from u8sync.errors import ExitCode, U8SyncError
from u8sync.history.store import prune, run_folder, write_entry
from u8sync.ports import Clock
from u8sync.report.language import Language, for_many, told, translator
from u8sync.telemetry.stopwatch import Stopwatch
from u8sync.text import Message, Private, msg

__all__ = ["Around", "attempt", "with_troubles"]

REPORT: Final = "report.html"
WORKBOOK: Final = "report.xlsx"


@dataclass(frozen=True)
class Around:
    """What goes on around a run, and ends after it.

    Attributes:
        settings: What is wanted.
        language: Of the reports.
        clock: Time.
        watch: The time of each step.
        kept: The log of the run.
        monitoring: Who measures.
        tells: Whether people are told.
    """

    settings: Settings
    language: Language
    clock: Clock
    watch: Stopwatch
    kept: KeptLog
    monitoring: Monitoring
    tells: bool

    def report(
        self, entry: RunEntry, planned: Planned, result: RunResult | None, policy: Policy
    ) -> tuple[RunEntry, list[Message]]:
        """Leave page and workbook, as far as they are wanted; gives the entry that names them, and what went wrong."""
        settings, watch, translate, so_far = self.settings, self.watch, translator(self.language), entry
        own = run_folder(settings.runs_folder, entry.run_id)

        # What a run may do without is imported by who needs it: a night that draws nothing should not wait for it.
        def page() -> None:
            from u8sync.report.html import render_report
            from u8sync.report.pages import save_page

            save_page(own / REPORT, render_report(planned, result, policy, translate, self.language, entry=so_far))

        def workbook() -> None:
            from u8sync.report.workbook import save_workbook

            path = own / WORKBOOK
            save_workbook(planned, result, policy, translate, path, language=self.language, entry=so_far)

        ways = (
            (settings.runs_report, "report", REPORT, msg("Writing the report"), page),
            (settings.runs_xlsx, "workbook", WORKBOOK, msg("Writing the workbook"), workbook),
        )
        troubles: list[Message] = []
        for wanted, kind, name, step, write in ways:
            if not wanted:
                continue
            so_far = replace(entry, steps=step_times(watch))
            watch.start(step, None)
            found = attempt(write)
            watch.finish()
            troubles += found
            entry = entry if found else replace(entry, files={**entry.files, kind: name})
        return entry, troubles

    def close(
        self, entry: RunEntry, troubles: Sequence[Message], *, at_once: bool = False
    ) -> tuple[RunEntry, list[Message]]:
        """Tell monitoring and people, end the log, write the entry for good, clear away what is too old to be kept.

        ``at_once``: somebody wants the process to end now, so nobody is told over a network. Returns the entry as it
        was written, and what went wrong around the run, each once.
        """
        settings, watch, now = self.settings, self.watch, self.clock.now()
        found = [*troubles]
        watch.step(msg("Clearing away"))
        found += attempt(lambda: prune(settings.runs_folder, settings.runs_days, now))
        found += attempt(lambda: clear_logs(settings))
        watch.finish()
        # From here on the run is over for who looks at the history, however long telling others takes.
        found += attempt(lambda: write_entry(settings.runs_folder, with_troubles(self._timed(entry), found)))
        if self.monitoring.wanted:
            watch.step(msg("Telling the monitoring"))
            ways: list[Callable[[], None]] = []
            so_far = with_troubles(self._timed(entry), found)
            found += attempt(lambda: ways.extend(self.monitoring.tell(so_far, watch, at_once=at_once)))
            found += [trouble for way in ways for trouble in attempt(way)]
            watch.finish()
        if settings.notify.to and self.tells and not at_once:
            watch.step(msg("Telling people"))
            found += self._tell_people(with_troubles(self._timed(entry), found))
            watch.finish()
        entry = self._timed(entry)
        if self.kept.file is not None:
            entry = replace(entry, files={**entry.files, "log": self.kept.file})
        self._end_log(entry, found)
        found += self.kept.troubles
        found += attempt(lambda: write_entry(settings.runs_folder, with_troubles(entry, found)))
        if settings.runs_report and (more := attempt(lambda: self._index(now))):
            found += more
            attempt(lambda: write_entry(settings.runs_folder, with_troubles(entry, found)))
        once = list({str(trouble): trouble for trouble in found}.values())
        return with_troubles(entry, once), once

    def _index(self, now: datetime) -> None:
        from u8sync.bootstrap.runs_page import write_index

        write_index(self.settings.runs_folder, self.language, now)

    def _tell_people(self, entry: RunEntry) -> list[Message]:
        from u8sync.bootstrap.notifying import tell_run

        unreached: list[Message] = []
        due = self.monitoring.due(self.clock.now())
        troubles = attempt(lambda: unreached.extend(tell_run(self.settings, entry, due)))
        return [*unreached, *troubles]

    def _timed(self, entry: RunEntry) -> RunEntry:
        return replace(entry, ended_at=self.clock.now(), steps=step_times(self.watch))

    def _end_log(self, entry: RunEntry, troubles: Sequence[Message]) -> None:
        """The last lines: what went wrong around the run, and how it ended."""
        log, kept = self.kept.log, with_troubles(entry, troubles)
        for trouble in kept.troubles:
            log.say("warning", "trouble", what=trouble.en)
        log.say(
            "error" if kept.error is not None else "warning" if kept.exit_code else "info",
            "run_ended",
            exit_code=kept.exit_code,
            error=None if kept.error is None else kept.error.en,
            endings=kept.endings,
            seconds=None if kept.duration is None else kept.duration.total_seconds(),
            steps={step.name.en: step.seconds for step in kept.steps},
            dropped_lines=self.kept.dropped,
        )
        log.close()


def with_troubles(entry: RunEntry, troubles: Sequence[Message]) -> RunEntry:
    """The entry with these troubles, each once; an exit code of 0 does not pass over them."""
    if not troubles:
        return entry
    words = dict.fromkeys([*entry.troubles, *map(told, troubles)])
    return replace(
        entry,
        troubles=tuple(words),
        exit_code=entry.exit_code or int(ExitCode.PENDING),
        discreet={**entry.discreet, **for_many(troubles)},
    )


def attempt(step: Callable[[], object]) -> list[Message]:
    """Take a step that may fail without harm; returns why it did, or nothing."""
    try:
        step()
    except U8SyncError as error:
        return [error.message]
    except OSError as error:
        return [
            msg(
                "The run's folder cannot be written: {path}: {why}",
                path=str(error.filename or "?"),
                why=error.strerror or str(error),
            )
        ]
    except Exception as error:  # noqa: BLE001 - what was written to U8 stands, and the entry has to say so
        return [msg("{kind}: {what}", kind=type(error).__name__, what=Private(str(error)))]
    return []

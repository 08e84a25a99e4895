"""``audit list``, ``audit runs`` and ``audit show``: what auditors ask, read-only and without U8."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime, tzinfo
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click

from u8sync.cli.completing import complete_runs
from u8sync.cli.log_reading import Log, archive_option, from_option, instant, logs_of, to_option
from u8sync.cli.options import config_option, folder_option, json_option
from u8sync.cli.session import Session
from u8sync.cli.trust import told_keys
from u8sync.domain.names import OUTCOMES
from u8sync.errors import ExitCode, InputError
from u8sync.text import N_, Message, msg

if TYPE_CHECKING:
    from rich.console import RenderableType

    from u8sync.audit.indexed import Index
    from u8sync.domain.canonical import Json
    from u8sync.domain.logged import Asked, LoggedRun
    from u8sync.domain.run import LoggedChange

__all__ = ["list_changes", "runs", "show"]

_NO_RUN: Final = msg("The audit log has no such run.")

_MORE: Final = msg("There is more: with --not-written, what was NOT written for these customers, and why.")

SHOWN: Final = 100
"""So many of the newest are shown to a person who does not say how many."""

Item = TypeVar("Item")

_PAGE: Final = 1_000
"""Lines of a table that are laid out together."""

no_index_option = click.option(
    "--no-index",
    "no_index",
    is_flag=True,
    help=N_("Trust no index: read the whole log. Slower; only this shows that the index leaves nothing out."),
)

limit_option = click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=None,
    help=N_("Only so many, the newest; 0: all. A person sees 100 when it is absent, a machine (--json) all."),
)


@contextmanager
def _open(session: Session, log: Log, *, no_index: bool) -> Iterator[Index]:
    """The index of one log; a person is told when it was made for this call only."""
    from u8sync.audit.index import open_index

    with open_index(log.folder, session.progress(), archive=log.archive, fresh=no_index) as index:
        if index.temporary and not no_index:
            session.note(
                msg(
                    "The index cannot be kept in {folder}: it is made for this call only, which takes longer",
                    folder=str(log.folder),
                )
            )
        yield index


@click.command(
    "list",
    help=N_(
        "List what was written, oldest first: customer, field, before, after, score, how it ended, run, and what was"
        " taken back. With --not-written: who was planned or looked at and not changed, and why."
    ),
)
@click.option("--customer", "customers", multiple=True, help=N_("Only this customer; may be given several times."))
@click.option("--field", "fields", multiple=True, help=N_("Only this field; may be given several times."))
@click.option(
    "--run",
    "run_ids",
    multiple=True,
    shell_complete=complete_runs,
    help=N_("Only this run; may be given several times."),
)
@click.option("--undo-of", "undoes", multiple=True, help=N_("Only what took back changes of this run."))
@click.option(
    "--outcome",
    "outcomes",
    type=click.Choice(OUTCOMES),
    multiple=True,
    help=N_("Only what ended like this; may be given several times."),
)
@from_option
@to_option
@limit_option
@click.option("--not-written", "not_written", is_flag=True, help=N_("What was NOT changed, and why."))
@no_index_option
@archive_option
@config_option
@folder_option
@json_option
@click.pass_obj
def list_changes(
    session: Session,
    *,
    customers: tuple[str, ...],
    fields: tuple[str, ...],
    run_ids: tuple[str, ...],
    undoes: tuple[str, ...],
    outcomes: tuple[str, ...],
    since: date | None,
    until: date | None,
    limit: int | None,
    not_written: bool,
    no_index: bool,
    archive: Path | None,
    config: Path,
    folder: Path | None,
    as_json: bool,
) -> ExitCode:
    """List what was written, or was not."""
    from u8sync.audit import questions
    from u8sync.domain.logged import Asked
    from u8sync.report.terminal.history import history_view, left_view

    logs = logs_of(config, folder, archive)
    logs.note_missing(session)
    begin, end = _instants(since, until, logs.zone)
    asked = Asked(
        frozenset(customers),
        frozenset(fields),
        frozenset(run_ids),
        frozenset(undoes),
        frozenset(outcomes),
        begin,
        end,
    )
    newest = _newest(limit, as_json=as_json)
    printer = _Printer(session, as_json=as_json, several=len(logs.each) > 1)
    for log in logs.each:
        with _open(session, log, no_index=no_index) as index:
            if not_written:
                left = questions.left_alone(index, asked, newest=newest)
                shown = printer.show(log, left, _plain, left_view)
                printer.say(log, _left_footer(shown, newest))
            else:
                found = questions.changes(index, asked, newest=newest)
                shown = printer.show(log, found, _change_json, history_view)
                printer.say(log, _footer(index, asked, shown))
                if customers and not as_json and any(questions.left_alone(index, asked, newest=1)):
                    printer.say(log, _MORE)
    if since is not None or until is not None:
        printer.say(None, msg("Days are counted in {zone}.", zone=str(logs.zone)))
    printer.end()
    return ExitCode.DONE


def _instants(since: date | None, until: date | None, zone: tzinfo) -> tuple[str | None, str | None]:
    """The first instant, and the first one after the last; null: no bound."""
    return (
        None if since is None else instant(since, zone),
        None if until is None else instant(until, zone, after=True),
    )


def _newest(limit: int | None, *, as_json: bool) -> int | None:
    if limit is None:
        return None if as_json else SHOWN
    return limit or None


def _footer(index: Index, asked: Asked, shown: int) -> Message:
    from u8sync.audit.questions import tally
    from u8sync.report.terminal.history import tally_words

    counted = tally(index, asked)
    total = sum(counted.values())
    if not total:
        return msg("The audit log has no such change.")
    endings = tally_words(counted)
    if shown < total:
        return msg(
            "The newest {shown} of {total} change(s); --limit 0 lists all. All of them: {endings}",
            shown=f"{shown:,}",
            total=f"{total:,}",
            endings=endings,
        )
    return msg("{total} change(s): {endings}", total=f"{total:,}", endings=endings)


def _left_footer(shown: int, newest: int | None) -> Message:
    if not shown:
        return msg("The audit log has nothing that was left alone.")
    if shown == newest:
        return msg("The newest {shown} line(s); --limit 0 lists all.", shown=f"{shown:,}")
    return msg("{shown} line(s)", shown=f"{shown:,}")


@click.command(
    help=N_(
        "List the runs that the audit log proves, oldest first: when, who, what for, planned and written, exit code;"
        " guards that were let pass, approvals, and runs that died. With --run everything about one. With --gaps days"
        " without a run. How the nights went, also those that never came to the audit log: 'u8sync runs'."
    ),
)
@click.option(
    "--run",
    "run_ids",
    multiple=True,
    shell_complete=complete_runs,
    help=N_("Everything about this run; may be given several times."),
)
@from_option
@to_option
@limit_option
@click.option(
    "--gaps",
    "longest",
    metavar="DAYS",
    type=click.IntRange(min=1),
    default=None,
    help=N_("List instead where more than so many days lie between two runs; 1: every day without a run."),
)
@no_index_option
@archive_option
@config_option
@folder_option
@json_option
@click.pass_obj
def runs(
    session: Session,
    *,
    run_ids: tuple[str, ...],
    since: date | None,
    until: date | None,
    limit: int | None,
    longest: int | None,
    no_index: bool,
    archive: Path | None,
    config: Path,
    folder: Path | None,
    as_json: bool,
) -> ExitCode:
    """List the runs, everything about some, or the days without one."""
    from u8sync.audit import questions
    from u8sync.domain.logged import Asked, gaps
    from u8sync.report.terminal.history import gaps_view, run_view, runs_view

    logs = logs_of(config, folder, archive)
    logs.note_missing(session)
    begin, end = _instants(since, until, logs.zone)
    asked = Asked(runs=frozenset(run_ids), since=begin, until=end)
    printer = _Printer(session, as_json=as_json, several=len(logs.each) > 1)
    for log in logs.each:
        with _open(session, log, no_index=no_index) as index:
            if longest is not None:
                days = [_day_of(run, logs.zone) for run in questions.runs(index, asked)]
                today = until or datetime.now(logs.zone).date()
                shown = printer.show(log, gaps(days, longest, max([today, *days])), _gap_json, gaps_view)
                printer.say(log, _gap_footer(days, shown))
                continue
            found = questions.runs(index, asked, newest=_newest(limit, as_json=as_json))
            if run_ids and not as_json:
                shown = 0
                for shown, run in enumerate(found, 1):  # noqa: B007 - the count is wanted
                    session.out.print(run_view(run, session.translate))
            else:
                shown = printer.show(log, found, _run_json, runs_view)
            printer.say(
                log, msg("{count} run(s)", count=f"{shown:,}") if shown else msg("The audit log has no such run.")
            )
    if longest is not None or since is not None or until is not None:
        printer.say(None, msg("Days are counted in {zone}.", zone=str(logs.zone)))
    printer.end()
    return ExitCode.DONE


def _day_of(run: LoggedRun, zone: tzinfo) -> date:
    return datetime.fromisoformat(run.opened_at).astimezone(zone).date()


def _gap_footer(days: Sequence[date], shown: int) -> Message:
    if not days:
        return _NO_RUN
    first, last, count = min(days), max(days), f"{len(days):,}"
    if shown:
        return msg("{count} run(s) from {first} to {last}", count=count, first=first, last=last)
    return msg("No such gap: {count} run(s) from {first} to {last}", count=count, first=first, last=last)


@click.command(
    help=N_(
        "Show one record: every field, what belongs to it, the hash of its line, and the proof that it is in the log"
        " that the newest signed checkpoint vouches for."
    ),
)
@click.argument("number", type=click.IntRange(min=1))
@click.option(
    "--proof",
    "proof_file",
    type=click.Path(path_type=Path),
    default=None,
    help=N_("Write the proof with its checkpoint to this file (C2SP tlog-proof)."),
)
@click.option("--key", "keys", multiple=True, help=N_("A public key that you trust (name+id+key)."))
@no_index_option
@archive_option
@config_option
@folder_option
@json_option
@click.pass_obj
def show(
    session: Session,
    *,
    number: int,
    proof_file: Path | None,
    keys: tuple[str, ...],
    no_index: bool,
    archive: Path | None,
    config: Path,
    folder: Path | None,
    as_json: bool,
) -> ExitCode:
    """Show one record with its proof."""
    from u8sync.audit.proof import prove
    from u8sync.audit.questions import partners_of, record_of
    from u8sync.report.terminal.record import record_view

    logs = logs_of(config, folder, archive)
    logs.note_missing(session)
    trusted = told_keys(config, folder, keys)
    log = logs.only
    with _open(session, log, no_index=no_index) as index:
        found = record_of(index, number)
        partners = partners_of(index, found)
        proof = prove(index, found, trusted)
    if proof_file is not None:
        if proof is None:
            raise InputError(
                msg("No signed checkpoint covers record {seq} yet, so that there is no proof to write", seq=number),
                hint=msg("Runs sign checkpoints when the configuration names a key: 'u8sync audit key new'."),
            )
        _write(proof_file, proof.text)
    if as_json:
        plain: dict[str, Json] = {
            "log": log.folder.name,
            "line": found.line.decode(),
            "leaf_hash": found.hash,
            "record": dict(found.record),
            "partners": [{"seq": one.seq, "type": one.record["type"], "leaf_hash": one.hash} for one in partners],
            "proof": None
            if proof is None
            else {
                "index": proof.index,
                "size": proof.size,
                "hashes": [one.hex() for one in proof.hashes],
                "checkpoint": proof.note,
                "checkpoint_record": proof.note_seq,
                "signatures": [asdict(one) for one in proof.signers],
            },
        }
        session.emit(json.dumps(plain, ensure_ascii=False, indent=1))
    else:
        session.out.print(
            record_view(
                found.record,
                name=log.folder.name,
                line_hash=found.hash,
                partners=[one.record for one in partners],
                proof=proof,
                translate=session.translate,
            )
        )
    if proof_file is not None:
        session.aside(msg("Proof: {path}", path=str(proof_file)))
    return ExitCode.DONE


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(
            msg("{path} cannot be written: {why}", path=str(file), why=error.strerror or str(error)),
            hint=msg("Name a file in a folder that exists and may be written."),
        ) from None


# --- printing ---------------------------------------------------------------------------------------------------------


class _Printer:
    """Prints lists of any length as they come: a JSON array, or tables page by page."""

    def __init__(self, session: Session, *, as_json: bool, several: bool) -> None:
        self._session = session
        self._as_json = as_json
        self._several = several
        self._printed = 0

    def show(
        self,
        log: Log,
        items: Iterable[Item],
        plain: Callable[[Item], dict[str, Json]],
        view: Callable[..., RenderableType],
    ) -> int:
        """Print the items of one log; returns how many they were."""
        shown = 0
        source = iter(items)
        while page := list(islice(source, _PAGE)):
            shown += len(page)
            if self._as_json:
                for item in page:
                    self._emit({"log": log.folder.name, **plain(item)})
            else:
                self._session.out.print(view(page, self._session.translate))
        return shown

    def _emit(self, item: dict[str, Json]) -> None:
        before = ",\n" if self._printed else "[\n"
        self._session.out.file.write(before + json.dumps(item, ensure_ascii=False))
        self._printed += 1

    def say(self, log: Log | None, words: Message) -> None:
        """A sentence for people."""
        if not self._as_json:
            several = self._several and log is not None
            self._session.say(msg("{log}: {words}", log=log.folder.name, words=words) if several and log else words)

    def end(self) -> None:
        """Close the array."""
        if self._as_json:
            self._session.emit("\n]" if self._printed else "[]")


def _change_json(change: LoggedChange) -> dict[str, Json]:
    return asdict(change)


def _plain(item: object) -> dict[str, Json]:
    return asdict(item)  # type: ignore[call-overload, no-any-return]


def _run_json(run: LoggedRun) -> dict[str, Json]:
    settled = [{"by": by, "verdict": verdict, "count": count} for (by, verdict), count in run.settled.items()]
    return {**_plain(run), "settled": settled}  # type: ignore[dict-item]


def _gap_json(gap: object) -> dict[str, Json]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in _plain(gap).items()}

"""``audit export`` and ``audit sample``: the changes of the log as files for people to work with."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from datetime import date, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

import click

from u8sync.cli.completing import complete_runs
from u8sync.cli.log_reading import Log, Logs, Tail, archive_option, from_option, instant, logs_of, to_option
from u8sync.cli.options import config_option, folder_option
from u8sync.cli.session import Session
from u8sync.errors import ExitCode, InputError
from u8sync.text import N_, Message, msg

if TYPE_CHECKING:
    from u8sync.audit.export import Cell, Filter
    from u8sync.audit.sampling import Move, Sample
    from u8sync.report.tables import Column, Table

__all__ = ["export", "sample"]


@click.command(
    help=N_(
        "Write all changes of the audit log to a file, one line a changed field. Values that a spreadsheet or browser"
        " could take for a formula or for code are made harmless. Needs no U8."
    ),
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help=N_("The file; its ending says how: .csv, .xlsx, .html."),
)
@click.option("--customer", "customers", multiple=True, help=N_("Only this customer; may be repeated."))
@click.option("--run", "run_id", default=None, shell_complete=complete_runs, help=N_("Only this run."))
@from_option
@to_option
@click.option("--raw", is_flag=True, help=N_("CSV for a machine: values as they are, names of columns in English."))
@config_option
@folder_option
@archive_option
@click.pass_obj
def export(
    session: Session,
    *,
    out: Path,
    customers: tuple[str, ...],
    run_id: str | None,
    since: date | None,
    until: date | None,
    raw: bool,
    config: Path,
    folder: Path | None,
    archive: Path | None,
) -> ExitCode:
    """Write all changes to a CSV, Excel or HTML file."""
    from u8sync.report.tables import save_table, suffix_of

    suffix_of(out)
    logs = logs_of(config, folder, archive)
    logs.note_missing(session)
    wanted = _filter(customers, run_id, since, until, logs.zone)
    table = _changes_table(session, logs, wanted, raw=raw)
    count = save_table(out, table, session.translate, session.language, raw=raw)
    session.aside(msg("{count} changes written to {path}", count=f"{count:,}", path=str(out)))
    return ExitCode.DONE


@click.command(
    help=N_(
        "Draw a sample of the written changes for an audit: by kind of change, the same sample for the same log and"
        " seed, with columns to sign. How it was drawn stands in the file. Needs no U8."
    ),
)
@click.option("--size", type=click.IntRange(1, 100_000), required=True, help=N_("How many changes to draw."))
@click.option("--seed", default=None, metavar="TEXT", help=N_("What decides the draw; made up when absent."))
@click.option(
    "--records", type=click.IntRange(min=1), default=None, help=N_("Only the first so many records, to draw one again.")
)
@from_option
@to_option
@click.option("--out", type=click.Path(path_type=Path), required=True, help=N_("The file; it must end in .xlsx."))
@config_option
@folder_option
@archive_option
@click.pass_obj
def sample(
    session: Session,
    *,
    size: int,
    seed: str | None,
    records: int | None,
    since: date | None,
    until: date | None,
    out: Path,
    config: Path,
    folder: Path | None,
    archive: Path | None,
) -> ExitCode:
    """Draw a sample of the changes for an audit, as an Excel file."""
    from u8sync.audit.sampling import draw
    from u8sync.report.sample import save_sample
    from u8sync.report.tables import suffix_of

    suffix_of(out, ".xlsx")
    logs = logs_of(config, folder, archive)
    logs.note_missing(session)
    log, tail = logs.only, Tail()
    wanted = _filter((), None, since, until, logs.zone)
    seed = secrets.token_hex(8) if seed is None else seed
    drawn = draw(tail.watch(log.records(session, upto=records)), wanted, size=size, seed=seed)
    last = tail.last or {}
    if records is not None and last.get("seq") != records:
        raise InputError(
            msg("The audit log has only {count} records", count=str(last.get("seq", 0))),
            hint=msg("Give --records as it stands on the first sheet of the sample."),
        )
    save_sample(
        out,
        [
            *_drawn_from(session, log, tail),
            (msg("Days"), _days(since, until, logs.zone)),
            (msg("Seed"), seed),
            (msg("Size that was asked for"), size),
            (msg("Changes in the population"), sum(drawn.population.values())),
            (msg("Strata"), len(drawn.population)),
            (msg("Items drawn"), len(drawn.items)),
        ],
        [(*_move_words(session, move), count, drawn.allocation[move]) for move, count in drawn.population.items()],
        list(_items(session, drawn)),
        session.translate,
        made_of=str(last["ts"]),
    )
    session.say(
        msg(
            "{drawn} of {population} changes drawn from {strata} strata, seed {seed}: {path}",
            drawn=f"{len(drawn.items):,}",
            population=f"{sum(drawn.population.values()):,}",
            strata=len(drawn.population),
            seed=seed,
            path=str(out),
        )
    )
    if len(drawn.items) > size:
        session.say(msg("More than asked for, because every kind of change is in the sample at least once."))
    return ExitCode.DONE


def _filter(
    customers: Sequence[str], run_id: str | None, since: date | None, until: date | None, zone: tzinfo
) -> Filter:
    from u8sync.audit.export import Filter

    return Filter(
        customers=frozenset(customers),
        run_id=run_id,
        since=None if since is None else instant(since, zone),
        before=None if until is None else instant(until, zone, after=True),
    )


def _days(since: date | None, until: date | None, zone: tzinfo) -> Message:
    """The days that count, and where a day begins."""
    return msg(
        "{start} to {end}, time zone {zone}",
        start=msg("the beginning") if since is None else since.isoformat(),
        end=msg("the end") if until is None else until.isoformat(),
        zone=str(zone),
    )


def _changes_table(session: Session, logs: Logs, wanted: Filter, *, raw: bool) -> Table:
    from u8sync.audit.endings import TYPES
    from u8sync.audit.export import COLUMNS, rows_of
    from u8sync.report.tables import Table
    from u8sync.report.words import LOGGED

    status = COLUMNS.index("status")
    words = {} if raw else {name: session.translate(message) for name, message in LOGGED.items()}

    def rows() -> Iterator[tuple[Cell, ...]]:
        for log in logs.each:
            for row in rows_of(log.folder.name, log.records(session, *TYPES), wanted):
                yield (*row[:status], words.get(str(row[status]), row[status]), *row[status + 1 :])

    notes: list[tuple[Message, str | Message]] = [(msg("Audit log"), log.folder.name) for log in logs.each]
    notes.append((msg("Command"), session.command))
    if wanted.since or wanted.before:
        notes.append((msg("From (UTC)"), wanted.since or "-"))
        notes.append((msg("Before (UTC)"), wanted.before or "-"))
    notes.append((msg("Times"), msg("UTC")))
    return Table(msg("Changes that u8sync made or meant to make"), notes, _columns(), rows())


def _columns() -> list[Column]:
    from u8sync.audit.export import COLUMNS, NUMBERS
    from u8sync.report.tables import Column

    titles = {
        "log": (msg("Audit log"), 30),
        "record": (msg("Record"), 10),
        "time": (msg("Time (UTC)"), 28),
        "run": (msg("Run"), 26),
        "customer": (msg("Customer"), 16),
        "field": (msg("Field"), 14),
        "column": (msg("Column"), 16),
        "before": (msg("Before"), 16),
        "after": (msg("After"), 16),
        "was": (msg("Meaning before"), 16),
        "becomes": (msg("Meaning after"), 16),
        "score": (msg("Score"), 10),
        "rule": (msg("Rule"), 24),
        "status": (msg("How it ended"), 16),
        "end_record": (msg("Record of the end"), 12),
        "end_time": (msg("Time of the end (UTC)"), 28),
        "attempts": (msg("Attempts"), 10),
        "version_before": (msg("Row version before"), 20),
        "version_after": (msg("Row version after"), 20),
        "undoes_run": (msg("Takes back run"), 26),
        "undoes_change": (msg("Takes back change"), 34),
        "change": (msg("Change"), 34),
    }
    return [
        Column(name, title, "number" if name in NUMBERS else "text", width)
        for name in COLUMNS
        for title, width in [titles[name]]
    ]


def _drawn_from(session: Session, log: Log, tail: Tail) -> Iterator[tuple[Message, str | int | Message]]:
    """Which records the sample comes from, with what an auditor can hold against a kept checkpoint."""
    from u8sync.audit.chain import encode, link

    last = tail.last or {}
    yield msg("Audit log"), log.folder.name
    yield msg("Account set"), str(last.get("target"))
    yield msg("Number of records"), int(str(last["seq"]))
    yield msg("First record read"), log.begins_at
    yield msg("Hash of the last record"), link(encode(last))
    yield msg("Time of the last record (UTC)"), str(last["ts"])
    if tail.checkpoint is None:
        yield msg("Newest checkpoint"), msg("none: the log is not signed")
    else:
        # On one line: a line of its own that began with a plus sign would be taken for a formula.
        yield msg("Newest checkpoint"), " | ".join(filter(None, str(tail.checkpoint.get("note")).splitlines()))
    yield msg("Command"), session.command


def _move_words(session: Session, move: Move) -> tuple[Cell, Cell, Cell]:
    if move.spelling:
        return move.field, session.translate(msg("(spelling)")), session.translate(msg("(spelling)"))
    return move.field, move.was, move.becomes


def _items(session: Session, drawn: Sample) -> Iterator[tuple[Cell, ...]]:
    for number, item in enumerate(drawn.items, 1):
        one = item.change
        yield (
            number,
            one.seq,
            one.at,
            one.run_id,
            one.customer,
            one.field,
            one.column,
            one.before,
            one.after,
            *_move_words(session, item.move)[1:],
            one.score,
            one.rule,
            item.end_seq,
            item.record_hash,
            one.op_id,
            item.key,
        )

"""``sample``: an anonymised extract of an account set, to write mappings on without U8."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from u8sync.cli.options import as_of_option, config_option
from u8sync.cli.session import Session
from u8sync.errors import ConfigError, ExitCode
from u8sync.text import N_, Message, msg

if TYPE_CHECKING:
    from u8sync.config.settings import Settings
    from u8sync.domain.mapping import CustomerMapping
    from u8sync.report.terminal.blocks import Cell
    from u8sync.sandbox.sample.making import SampleAccount

__all__ = ["sample"]

MOST_MONTHS = 120


@click.command(
    help=N_(
        "Make an anonymised sample of the account set that the configuration names: an embedded account set with"
        " made-up codes and names, moved days and amounts, and the same distributions. Mappings can be written and"
        " tried on it without U8. It says what it left in. U8 is only read."
    ),
)
@click.option("--out", metavar="FILE.db", type=click.Path(path_type=Path), required=True, help=N_("The file to make."))
@config_option
@click.option("--customers", type=click.IntRange(1), default=None, help=N_("How many customers; all when absent."))
@click.option(
    "--months",
    type=click.IntRange(1, MOST_MONTHS),
    default=24,
    show_default=True,
    help=N_("Months of business, up to the last day that counts."),
)
@as_of_option
@click.option(
    "--jitter",
    type=click.IntRange(0, 50),
    default=5,
    show_default=True,
    help=N_("Most that a customer's amounts are moved, in percent."),
)
@click.option(
    "--rare",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help=N_("Keep a free text where at least so many customers share it."),
)
@click.option(
    "--seed",
    default=None,
    help=N_("The same seed makes the same sample. Who knows it can undo the codes; a secret one is drawn when absent."),
)
@click.option("--overwrite", is_flag=True, help=N_("Replace the file if it exists."))
@click.pass_obj
def sample(
    session: Session,
    *,
    out: Path,
    config: Path,
    customers: int | None,
    months: int,
    as_of: date | None,
    jitter: int,
    rare: int,
    seed: str | None,
    overwrite: bool,
) -> ExitCode:
    """Make an anonymised sample of the account set."""
    from u8sync import bootstrap
    from u8sync.config.settings import load_settings
    from u8sync.sandbox.sample.disguise import Disguise
    from u8sync.sandbox.sample.making import Wish, make_sample

    settings = load_settings(config)
    last = bootstrap.last_day(settings, as_of=as_of, clock=bootstrap.SystemClock())
    wish = Wish(customers, last, months, jitter, rare)
    mapping, why_none = _mapping(settings)
    disguise = Disguise(seed if seed is not None else secrets.token_hex(32))
    retry = bootstrap.retry_of(settings)
    with bootstrap.open_account_set(settings, config.parent, retry=retry) as backend:
        made = make_sample(
            backend, out, wish, disguise, mapping=mapping, progress=session.progress(), overwrite=overwrite
        )
    about = _write_about(out, made)
    _show(session, made, about, why_none, own_seed=seed is not None)
    return ExitCode.DONE


def _mapping(settings: Settings) -> tuple[CustomerMapping | None, Message | None]:
    """The configured mapping, and why there is none: a sample is also for those who have to write one first."""
    from u8sync.bootstrap import shown
    from u8sync.config.mapping_file import load_mapping

    try:
        return load_mapping(settings.mapping, shown_as=shown(settings.mapping)), None
    except ConfigError as error:
        return None, msg("No mapping was used, so that only shared values were kept: {why}", why=error.message)


def _write_about(out: Path, made: SampleAccount) -> Path:
    """What the sample left in, as a file beside it: without the seed, which would undo the codes."""
    from u8sync.report.tables import in_place_of

    about = out.with_name(f"{out.name}.about.json")
    plain = {
        "customers": made.summary.customers,
        "of": made.of,
        "first_day": str(made.summary.first_day),
        "last_day": str(made.summary.last_day),
        "months_with_cost": made.posted,
        "jitter_percent": made.wish.jitter,
        "rare_below": made.wish.rare,
        "customer_classes": made.classes,
        "captions": made.captions,
        "columns": [asdict(one) for one in made.columns],
        "notes": list(made.notes),
    }
    with in_place_of(about) as part:
        part.write_text(json.dumps(plain, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")
    return about


def _show(session: Session, made: SampleAccount, about: Path, why_none: Message | None, *, own_seed: bool) -> None:
    from u8sync.cli.sandboxing import say_made
    from u8sync.report.terminal.extract import extract_view

    say_made(session, made.summary)
    notes = [
        msg(
            "Codes of classes, districts, management types, levels and currencies, and class names, are the original's."
        ),
        msg("Figures in free texts may be shared by many and stay: look at the sample before you pass it on."),
    ]
    if own_seed:
        notes.append(msg("Keep the seed to yourself: who knows it can find the original codes by trying."))
    if why_none is not None:
        notes.append(why_none)
    columns = ((one.column, one.treatment, one.filled, one.kept, one.replaced) for one in made.columns)
    session.out.print(extract_view(_facts(made), columns, notes, session.translate))
    session.say(msg("The same as a file: {path}", path=str(about)))
    session.say(msg("To work on it: --data {file}, or in a configuration:", file=str(made.summary.file)))
    line = f"account_set: {{backend: sqlite, file: {json.dumps(str(made.summary.file), ensure_ascii=False)}}}"
    for words in (line, f"as_of: {made.summary.last_day}"):
        session.out.print(f"  {words}", markup=False, highlight=False, soft_wrap=True)


def _facts(made: SampleAccount) -> Iterator[tuple[Message, Cell]]:
    wish = made.wish
    yield msg("Customers"), msg("{count:,} of {of:,}", count=made.summary.customers, of=made.of)
    yield msg("Months"), msg("{months}, {cost} of them with posted cost", months=wish.months, cost=made.posted)
    yield msg("Amounts"), msg("moved by up to {percent} %, each customer's by one factor", percent=wish.jitter)
    yield msg("Free texts"), msg("kept where at least {count} customers share them", count=wish.rare)
    yield msg("Customer classes"), f"{made.classes:,}"
    yield msg("Captions of self-defined items"), f"{made.captions:,}"

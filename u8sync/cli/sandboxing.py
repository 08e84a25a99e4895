"""``sandbox create`` and ``sandbox import``: an embedded account set to try things on."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from u8sync.cli.late import LateCommand
from u8sync.cli.options import Day
from u8sync.cli.session import Session
from u8sync.errors import ExitCode
from u8sync.text import N_, msg

if TYPE_CHECKING:
    from u8sync.sandbox.account_set import SandboxSummary

__all__ = ["LAST_DAY", "sandbox"]

LAST_DAY = date(2026, 10, 31)
"""Last day with documents in a made-up account set. Fixed, so that the same call always makes the same account set."""

overwrite_option = click.option("--overwrite", is_flag=True, help=N_("Replace the file if it exists."))


@click.group(
    help=N_("Make an embedded account set: a SQLite file with U8's tables, for demos, training and tests."),
)
def sandbox() -> None:
    """Group of the sandbox commands."""


@sandbox.command(
    short_help=N_("Make up an account set."),
    help=N_("Make up an account set with everything that real ones hold, oddities among it."),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--customers", type=int, default=1000, show_default=True, help=N_("Number of customers."))
@click.option("--months", type=int, default=24, show_default=True, help=N_("Months of business."))
@click.option("--seed", type=int, default=1, show_default=True, help=N_("The same seed makes the same account set."))
@click.option("--until", type=Day(), default=LAST_DAY, show_default=True, help=N_("Last day with documents."))
@overwrite_option
@click.pass_obj
def create(
    session: Session, *, file: Path, customers: int, months: int, seed: int, until: date, overwrite: bool
) -> ExitCode:
    """Make up an account set."""
    from u8sync.sandbox.generator import create_account_set

    summary = create_account_set(
        file,
        customers=customers,
        months=months,
        seed=seed,
        until=until,
        overwrite=overwrite,
        progress=session.progress(),
    )
    say_made(session, summary)
    return ExitCode.DONE


@sandbox.command(
    "import",
    short_help=N_("Make an account set from a purchase history."),
    help=N_(
        "Make an account set from a purchase history: a CSV file with customer, date, quantity, amount and, if known,"
        " cost. Column names may be English or Chinese; .gz is read as it is."
    ),
)
@click.argument("csv_file", metavar="FILE.csv", type=click.Path(path_type=Path))
@click.argument("file", metavar="DB", type=click.Path(path_type=Path))
@overwrite_option
@click.pass_obj
def import_(session: Session, *, csv_file: Path, file: Path, overwrite: bool) -> ExitCode:
    """Make an account set from a purchase history."""
    from u8sync.sandbox.importer import import_purchases

    summary = import_purchases(csv_file, file, overwrite=overwrite, progress=session.progress())
    say_made(session, summary)
    return ExitCode.DONE


sandbox.add_command(
    LateCommand("serve", "u8sync.cli.serving:serve", N_("Serve the OpenAPI of an account set.")),
)


def say_made(session: Session, summary: SandboxSummary) -> None:
    """Say what an account set holds."""
    session.say(
        msg(
            "{file}: account set {code} {name}, {customers:,} customers, {lines:,} invoice lines, {first} to {last}",
            file=str(summary.file),
            code=summary.code,
            name=summary.name,
            customers=summary.customers,
            lines=summary.invoice_lines,
            first=str(summary.first_day),
            last=str(summary.last_day),
        )
    )

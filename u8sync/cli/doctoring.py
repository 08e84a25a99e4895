"""``doctor``, ``accounts`` and ``grants``: on the way to the first run. None of them changes anything."""

from __future__ import annotations

import json
from pathlib import Path

import click

from u8sync.cli.options import config_option, json_option
from u8sync.cli.session import Session
from u8sync.errors import ExitCode, InputError
from u8sync.text import N_, msg

__all__ = ["accounts", "doctor", "grants"]

LONGEST_NAME = 128
"""Characters of a name in SQL Server."""


@click.command(
    help=N_(
        "Check everything that a run needs: the way into U8, rights, columns, values, audit log. Nothing is written."
        " Ends with 0 when a run can do its work, 69 when something stands in its way."
    ),
)
@config_option
@json_option
@click.pass_obj
def doctor(session: Session, *, config: Path, as_json: bool) -> ExitCode:
    """Check everything that a run needs."""
    from u8sync import bootstrap
    from u8sync.cli.as_json import checks_json
    from u8sync.report.terminal.checks import check_view, checks_summary

    checks = []
    for check in bootstrap.examine(bootstrap.load(config), bootstrap.SystemClock()):
        checks.append(check)
        if not as_json:
            session.out.print(check_view(check, session.translate), crop=False)
    if as_json:
        session.emit(json.dumps(checks_json(checks), ensure_ascii=False, indent=1))
    else:
        session.out.print(checks_summary(checks, session.translate))
    return ExitCode.UNREACHABLE if any(check.status == "failure" for check in checks) else ExitCode.DONE


@click.command(
    help=N_("List the account sets that the configured login can see, with their databases and years."),
)
@config_option
@json_option
@click.pass_obj
def accounts(session: Session, *, config: Path, as_json: bool) -> ExitCode:
    """List the account sets that the login can see."""
    from u8sync import bootstrap
    from u8sync.cli.as_json import account_set_json
    from u8sync.report.terminal.checks import account_sets_view

    found = bootstrap.account_sets(config)
    if as_json:
        session.emit(json.dumps([account_set_json(one) for one in found], ensure_ascii=False, indent=1))
    else:
        session.out.print(account_sets_view(found, session.translate))
    return ExitCode.DONE


@click.command(
    help=N_(
        "Print the T-SQL script that gives one login the right to read and another the right to write what the mapping"
        " names, and no more. An administrator of the database server runs it; u8sync never does."
    ),
)
@config_option
@click.option("--reader", default="u8sync_r", show_default=True, help=N_("The login that reads."))
@click.option("--writer", default="u8sync_w", show_default=True, help=N_("The login that reads and writes."))
@click.option("--out", type=click.Path(path_type=Path), help=N_("Save the script to this file."))
@click.pass_obj
def grants(session: Session, *, config: Path, reader: str, writer: str, out: Path | None) -> ExitCode:
    """Print the script that grants the rights needed."""
    from u8sync import bootstrap

    for name in (reader, writer):
        if not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
            raise InputError(
                msg("{name} is no name of a login.", name=ascii(name)),
                hint=msg("A login is named NAME, or DOMAIN\\NAME for Windows authentication; 128 characters at most."),
            )
    script = bootstrap.grants(bootstrap.load(config), reader=reader, writer=writer)
    if out is None:
        session.emit(script.rstrip("\n"))
        return ExitCode.DONE
    try:
        # With the mark that tells Management Studio and sqlcmd that this is UTF-8.
        out.write_text(script, encoding="utf-8-sig")
    except OSError as error:
        raise InputError(
            msg("The script cannot be written to {path}: {why}", path=str(out), why=error.strerror or str(error)),
            hint=msg("Name a file in a folder that exists and may be written."),
        ) from None
    session.aside(msg("Script: {path}", path=str(out)))
    return ExitCode.DONE

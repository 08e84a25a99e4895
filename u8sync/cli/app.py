"""The command line: language, commands, and the one place where errors become words and exit codes."""

from __future__ import annotations

import copy
import gettext
import locale
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import click

from u8sync import __version__
from u8sync.cli import PROGRAM, VARIABLE
from u8sync.cli.help_text import HelpContext
from u8sync.cli.late import LateCommand
from u8sync.cli.process import set_up
from u8sync.cli.screen import Outlasting, outlasting
from u8sync.cli.session import Session
from u8sync.errors import ExitCode, U8SyncError
from u8sync.report.language import DOMAIN, LOCALE, Language, choose, translator
from u8sync.text import N_, Message, Translate, msg

__all__ = ["call", "cli", "main"]


@click.group(
    help=N_(
        "Customer tiers for Yonyou U8: read the customer archive, recommend a tier for every customer, show the plan,"
        " write exactly that, and keep an audit log that proves it."
    ),
    epilog=N_("Start with 'u8sync demo': a made-up account set, nothing else needed."),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--lang", type=click.Choice(["zh", "en"]), help=N_("Language of all messages; else U8SYNC_LANG or the system's.")
)
@click.option("--debug", is_flag=True, help=N_("Show the traceback of an unexpected error."))
@click.option("--quiet", is_flag=True, help=N_("Say nothing but results, warnings and errors; no progress."))
@click.option("--no-color", is_flag=True, help=N_("No colours and no bold letters; NO_COLOR does the same."))
@click.version_option(
    __version__, prog_name=PROGRAM, message="%(prog)s %(version)s", help=N_("Show the version and exit.")
)
def cli(**_taken: object) -> None:
    """Group of all commands; its own options are taken before click reads."""


COMMANDS = (
    LateCommand(
        "init", "u8sync.cli.setup:init", N_("Begin: a few questions, then configuration, mapping and first plan.")
    ),
    LateCommand("demo", "u8sync.cli.demo:demo", N_("Try the whole job on a made-up account set.")),
    LateCommand("doctor", "u8sync.cli.doctoring:doctor", N_("Check everything that a run needs.")),
    LateCommand("plan", "u8sync.cli.running:plan", N_("Show what would change, and why.")),
    LateCommand("apply", "u8sync.cli.running:apply", N_("Write a saved plan.")),
    LateCommand("run", "u8sync.cli.running:run", N_("Plan and write in one go: the nightly run.")),
    LateCommand("approve", "u8sync.cli.approving:approve", N_("Show what waits for approval, and answer.")),
    LateCommand("fleet", "u8sync.cli.fleets:fleet", N_("Run many account sets in one night.")),
    LateCommand("status", "u8sync.cli.history:status", N_("Is all well? One screen, and an exit code.")),
    LateCommand("runs", "u8sync.cli.history:runs", N_("How the nights went: the history of runs.")),
    LateCommand("report", "u8sync.cli.reporting:report", N_("Write the report as an HTML file or a workbook.")),
    LateCommand("schedule", "u8sync.cli.scheduling:schedule", N_("Let the operating system start the nightly run.")),
    LateCommand(
        "notify",
        "u8sync.cli.notifying:notify",
        help=N_("Notifications: try them out, see what is told, watch over runs that did not come."),
    ),
    LateCommand("explain", "u8sync.cli.running:explain", N_("Say why a customer has its tier.")),
    LateCommand("tiers", "u8sync.cli.tiers:tiers", N_("Check policies, list the tiers, and try policies out.")),
    LateCommand("audit", "u8sync.cli.auditing:audit", help=N_("Prove and read the audit log.")),
    LateCommand("accounts", "u8sync.cli.doctoring:accounts", N_("List the account sets that the login can see.")),
    LateCommand("grants", "u8sync.cli.doctoring:grants", N_("Print the script that grants the rights needed.")),
    LateCommand("map", "u8sync.cli.mappings:mappings", N_("Write, check, test and compare mapping files.")),
    LateCommand(
        "sample",
        "u8sync.cli.sampling:sample",
        N_("Make an anonymised sample of the account set, to work on without U8."),
    ),
    LateCommand("sandbox", "u8sync.cli.sandboxing:sandbox", N_("Make an embedded account set to try things on.")),
    LateCommand("completion", "u8sync.cli.completing:completion", N_("Print the completion script of a shell.")),
)
"""One entry a command: its module is imported when the command is asked for, and its short help stands here alone."""

for command in COMMANDS:
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point; ends the process with the exit code of the command."""
    set_up()
    given = _take_global_options(list(sys.argv[1:] if arguments is None else arguments))
    sys.stdout, sys.stderr = outlasting(sys.stdout), outlasting(sys.stderr)
    language = choose(given.lang, os.environ, locale.getlocale()[0])
    # click's own sentences ("Missing argument ...") go through the process's gettext, which asks LANGUAGE.
    os.environ["LANGUAGE"] = "zh_CN" if language == "zh" else "en"
    gettext.bindtextdomain(DOMAIN, LOCALE)
    gettext.textdomain(DOMAIN)
    code = call(given.rest, language=language, debug=given.debug, quiet=given.quiet, no_color=given.no_color)
    if isinstance(sys.stdout, Outlasting) and sys.stdout.fault is not None:
        why = sys.stdout.fault.strerror or str(sys.stdout.fault)
        lost = msg("Part of the output could not be written: {why}. Everything else was done.", why=why)
        click.echo(translator(language)(lost), err=True)
        code = code or int(ExitCode.PENDING)
    sys.exit(code)


def call(
    args: Sequence[str], *, language: Language, debug: bool = False, quiet: bool = False, no_color: bool = False
) -> int:
    """Run one command and return its exit code.

    Args:
        args: The words behind ``u8sync``, without the options of :func:`cli` itself.
        language: Of everything that is said.
        debug: Whether an unexpected error is raised.
        quiet: Whether only results and what matters are said.
        no_color: Whether nothing is coloured.
    """
    translate = translator(language)
    if VARIABLE in os.environ:
        # A shell asks what could follow; click answers and ends the process.
        import u8sync.cli.completing  # noqa: F401 - makes the shells known that click does not know

        _localised(cli, translate).main(args=[], prog_name=PROGRAM, complete_var=VARIABLE)
    session = Session(
        language=language,
        translate=translate,
        command=shlex.join(["u8sync", *args]),
        no_color=no_color,
        quiet=quiet,
    )
    try:
        try:
            result = _localised(cli, translate).main(
                args=list(args), prog_name=PROGRAM, standalone_mode=False, obj=session
            )
        finally:
            session.end_progress()
    except U8SyncError as error:
        from u8sync.cli.excerpts import excerpt_of
        from u8sync.report.terminal.failure import error_view

        session.out.file.flush()
        session.err.print(error_view(error, excerpt_of, translate))
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return ExitCode.BAD_INPUT
    except (click.Abort, KeyboardInterrupt):
        session.note(msg("Interrupted. What was sent and not recorded is settled by the next run."))
        return ExitCode.TEMPORARY
    except Exception as error:
        if debug:
            raise
        session.note(
            msg(
                "Unexpected error: {kind}: {what}. Run the command again with --debug and send what it prints.",
                kind=type(error).__name__,
                what=str(error),
            )
        )
        return ExitCode.UNEXPECTED
    return int(result or 0)


@dataclass(frozen=True)
class _Given:
    """The options that hold for every command, and the words that are left."""

    rest: list[str]
    lang: str | None
    debug: bool
    quiet: bool
    no_color: bool


_FLAGS: Final = ("--debug", "--quiet", "--no-color")


def _take_global_options(arguments: list[str]) -> _Given:
    """Take the options of :func:`cli` out, wherever they stand: help texts need the language before click reads."""
    rest: list[str] = []
    lang: str | None = None
    flags: set[str] = set()
    words = iter(arguments)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in _FLAGS:
            flags.add(word)
        elif word.startswith("--lang="):
            lang = word.removeprefix("--lang=")
        elif word == "--lang":
            lang = next(words, "")
        else:
            rest.append(word)
    if lang is not None and lang not in {"zh", "en"}:
        rest, lang = ["--lang", lang, *rest], None  # click refuses it, in the system's language
    return _Given(rest, lang, *(flag in flags for flag in _FLAGS))


def _localised(command: click.Command, translate: Translate) -> click.Command:
    """A copy of a command, its help texts and all below it, in one language."""

    def words(text: str | None) -> str | None:
        return None if text is None else translate(Message(text))

    local = copy.copy(command)
    local.context_class = HelpContext
    local.help, local.epilog = words(command.help), words(command.epilog)
    local.short_help = words(command.short_help)
    local.params = [copy.copy(param) for param in command.params]
    for param in local.params:
        if isinstance(param, click.Option):
            param.help = words(param.help)
    if isinstance(command, LateCommand) and isinstance(local, LateCommand):
        local.load = lambda: _localised(command.load(), translate)
    if isinstance(command, click.Group) and isinstance(local, click.Group):
        local.commands = {name: _localised(below, translate) for name, below in command.commands.items()}
    return local

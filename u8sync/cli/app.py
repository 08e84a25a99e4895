"""The command line: language, commands, and the one place where errors become words and exit codes."""

from __future__ import annotations

import copy
import gc
import gettext
import locale
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from u8sync import __version__
from u8sync.cli.auditing import audit
from u8sync.cli.demo import demo
from u8sync.cli.doctoring import accounts, doctor, grants
from u8sync.cli.excerpts import excerpt_of
from u8sync.cli.fleets import fleet
from u8sync.cli.mappings import mappings
from u8sync.cli.running import apply, explain, plan, run
from u8sync.cli.sampling import sample
from u8sync.cli.sandboxing import sandbox
from u8sync.cli.session import Session
from u8sync.cli.tiers import tiers
from u8sync.errors import ExitCode, U8SyncError
from u8sync.report.language import Language, choose, translator
from u8sync.text import N_, Message, Translate, msg

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["call", "cli", "main"]

DOMAIN = "u8sync"
PIPED_WIDTH = 132
LOCALE = Path(__file__).parent.parent / "locale"


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
@click.version_option(
    __version__, prog_name="u8sync", message="%(prog)s %(version)s", help=N_("Show the version and exit.")
)
def cli(lang: str | None, debug: bool) -> None:
    """Group of all commands."""


for command in (
    demo,
    doctor,
    plan,
    apply,
    run,
    fleet,
    explain,
    tiers,
    audit,
    accounts,
    grants,
    mappings,
    sample,
    sandbox,
):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point; ends the process with the exit code of the command."""
    # A plan is a million small values and no rubbish among them: looking for it took a good part of the time.
    gc.set_threshold(200_000)
    # Plans, reports and account sets tell who buys how much: for the user and the group, whatever the system says.
    os.umask(os.umask(0o027) | 0o027)
    args, lang, debug = _take_global_options(list(sys.argv[1:] if arguments is None else arguments))
    for stream in (sys.stdout, sys.stderr):
        # A GBK or ASCII console must not end a run because a name has a character that it cannot show.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    language = choose(lang, os.environ, locale.getlocale()[0])
    # click's own sentences ("Missing argument ...") go through the process's gettext, which asks LANGUAGE.
    os.environ["LANGUAGE"] = "zh_CN" if language == "zh" else "en"
    gettext.bindtextdomain(DOMAIN, LOCALE)
    gettext.textdomain(DOMAIN)
    sys.exit(call(args, language=language, debug=debug))


def call(args: Sequence[str], *, language: Language, debug: bool = False) -> int:
    """Run one command and return its exit code."""
    translate = translator(language)
    session = Session(
        language=language,
        translate=translate,
        out=_console(stderr=False),
        err=_console(stderr=True),
        command=shlex.join(["u8sync", *args]),
    )
    try:
        try:
            result = _localised(cli, translate).main(
                args=list(args), prog_name="u8sync", standalone_mode=False, obj=session
            )
        finally:
            session.end_progress()
    except U8SyncError as error:
        from u8sync.report.terminal import error_view

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


def _console(*, stderr: bool) -> Console:
    """A console as wide as its window; a pipe or file gets lines wide enough for a table to be read."""
    from rich.console import Console

    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPED_WIDTH
    return console


def _take_global_options(arguments: list[str]) -> tuple[list[str], str | None, bool]:
    """Take ``--lang`` and ``--debug`` out, wherever they stand: help texts need the language before click reads."""
    rest: list[str] = []
    lang: str | None = None
    debug = False
    words = iter(arguments)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word == "--debug":
            debug = True
        elif word.startswith("--lang="):
            lang = word.removeprefix("--lang=")
        elif word == "--lang":
            lang = next(words, "")
        else:
            rest.append(word)
    if lang is not None and lang not in {"zh", "en"}:
        return ["--lang", lang, *rest], None, debug  # click refuses it, in the system's language
    return rest, lang, debug


def _localised(command: click.Command, translate: Translate) -> click.Command:
    """A copy of a command, its help texts and all below it, in one language."""

    def words(text: str | None) -> str | None:
        return None if text is None else translate(Message(text))

    local = copy.copy(command)
    local.help, local.epilog = words(command.help), words(command.epilog)
    local.short_help = words(command.short_help)
    local.params = [copy.copy(param) for param in command.params]
    for param in local.params:
        if isinstance(param, click.Option):
            param.help = words(param.help)
    if isinstance(command, click.Group) and isinstance(local, click.Group):
        local.commands = {name: _localised(below, translate) for name, below in command.commands.items()}
    return local

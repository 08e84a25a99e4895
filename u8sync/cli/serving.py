"""``sandbox serve``: the OpenAPI of an embedded account set, to try a client on, until somebody presses Ctrl+C."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from u8sync.cli.session import Session
from u8sync.cli.stopping import listening
from u8sync.errors import ExitCode
from u8sync.text import N_, msg

if TYPE_CHECKING:
    from u8sync.sandbox.openapi.server import OpenApiServer

__all__ = ["PORT", "serve", "way_to"]

SECRET = "U8SYNC_APP_SECRET"  # noqa: S105 - the name of an environment variable
PORT = 18118
LOOK_S = 0.1


@click.command(
    help=N_(
        "Serve Yonyou's OpenAPI from an embedded account set, for as long as it is left running: to try the way through"
        " the OpenAPI without U8. Credentials are made up. Edits change the file."
    ),
)
@click.argument("file", metavar="DB", type=click.Path(path_type=Path))
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help=N_("0: any free port."))
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help=N_("Address to listen on; any other lets other machines in."),
)
@click.option(
    "--behaviour",
    "behaviours",
    metavar="NAME=VALUE",
    multiple=True,
    help=N_("How it behaves where the public pages say nothing, such as edit_reply=async; may be repeated."),
)
@click.option(
    "--fault",
    "faults",
    metavar="CALL:WHAT[:TIMES]",
    multiple=True,
    help=N_("Something that goes wrong, such as customer/edit:lost_reply:2, or :* for ever; may be repeated."),
)
@click.pass_obj
def serve(
    session: Session, *, file: Path, port: int, host: str, behaviours: tuple[str, ...], faults: tuple[str, ...]
) -> ExitCode:
    """Serve the OpenAPI of an account set until somebody asks to stop."""
    from u8sync.sandbox.openapi.behaviour import behaviour_of
    from u8sync.sandbox.openapi.calls import CALLS
    from u8sync.sandbox.openapi.faults import fault_of
    from u8sync.sandbox.openapi.server import OpenApiServer

    behaviour = behaviour_of(behaviours)
    wrong = [fault_of(word, calls=tuple(CALLS)) for word in faults]
    with listening() as asked_to_stop, OpenApiServer(file, behaviour=behaviour, host=host, port=port) as server:
        server.faults.add(*wrong)
        say_served(session, file, server)
        while not asked_to_stop():
            time.sleep(LOOK_S)
    say_stopped(session, server)
    return ExitCode.DONE


def say_served(session: Session, file: Path, server: OpenApiServer) -> None:
    """Say where the OpenAPI is, how to get in, and what to write into the configuration."""
    known = server.credentials
    session.say(msg("The OpenAPI of {file} is served at {url}", file=str(file), url=server.url))
    session.say(
        msg("Made-up app_secret, for the environment variable {name}: {secret}", name=SECRET, secret=known.app_secret)
    )
    session.say(msg("For the configuration:"))
    session.emit(
        f"{way_to(server, secret=f'{{env: {SECRET}}}')}"
        f'  ds_sequence: "{known.ds_sequences[0]}"\n'
        f"  items: {{self_define4: {{length: 60}}, self_define5: {{length: 60}}}}"
    )
    session.say(msg("Edits change the file. Ctrl+C ends it."))
    session.out.file.flush()


def way_to(server: OpenApiServer, *, secret: str) -> str:
    """The lines of a configuration that lead to this server; ``secret`` says where its secret is kept."""
    known = server.credentials
    return (
        "account_set:\n"
        "  backend: openapi\n"
        f"  url: {server.url}\n"
        f"  from_account: {known.from_account}\n"
        f"  to_account: {known.to_account}\n"
        f"  app_key: {known.app_key}\n"
        f"  app_secret: {secret}\n"
    )


def say_stopped(session: Session, server: OpenApiServer) -> None:
    """Say what was asked, and every breach of the contract with how often it happened."""
    breaches = Counter((breach.call, breach.text) for breach in server.violations)
    for (call, text), times in breaches.items():
        session.say(msg("Against the contract, {times} time(s): {call}: {text}", times=times, call=call, text=text))
    session.say(
        msg(
            "Stopped after {requests:,} request(s); {fields:,} field(s) changed.",
            requests=len(server.requests),
            fields=len(server.edits),
        )
    )

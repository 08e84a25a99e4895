"""``demo``: the main job from beginning to end, on a made-up account set, in one command."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import click

from u8sync.cli.sandboxing import LAST_DAY, say_made
from u8sync.cli.serving import PORT, way_to
from u8sync.cli.session import Session
from u8sync.errors import ExitCode, InputError
from u8sync.text import N_, msg

if TYPE_CHECKING:
    from u8sync.sandbox.openapi.server import OpenApiServer

__all__ = ["demo"]

FOLDER = "u8sync-demo"
CUSTOMERS = 1000
MONTHS = 24
SEED = 1
SECRET_FILE = "app-secret.txt"  # noqa: S105 - the name of a file


@click.command(
    help=N_(
        "Make up an account set and run two nights on it: the first fills every tier, the second, a month later, moves"
        " those that changed. Leaves account set, configuration, mappings, audit log and report in the folder. With"
        " --via openapi the account set is served as Yonyou's OpenAPI serves one, and reached through that."
    ),
)
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    default=None,
    help=N_(
        "The folder to make; must not hold anything yet. Default: u8sync-demo, or the next free u8sync-demo-2, ..."
    ),
)
@click.option(
    "--via",
    type=click.Choice(["sqlite", "openapi"]),
    default="sqlite",
    show_default=True,
    help=N_("The way into the account set."),
)
@click.pass_obj
def demo(session: Session, *, folder: Path | None, via: str) -> ExitCode:
    """Run the main job on a made-up account set."""
    from u8sync.sandbox.generator import create_account_set

    if folder is None:
        folder = next(path for path in _usual_folders() if not path.exists() or not any(path.iterdir()))
    _make_folder(folder)
    summary = create_account_set(
        folder / "account-set.db",
        customers=CUSTOMERS,
        months=MONTHS,
        seed=SEED,
        until=LAST_DAY,
        overwrite=False,
        progress=session.progress(),
    )
    say_made(session, summary)
    if via == "sqlite":
        return _two_nights(session, folder, hints=())
    from u8sync.sandbox.openapi.server import OpenApiServer

    with OpenApiServer(folder / "account-set.db", port=_usual_port()) as server:
        _write_way(folder, server)
        session.say(msg("It is served as Yonyou's OpenAPI at {url} while the demo runs.", url=server.url))
        port = server.url.rstrip("/").rpartition(":")[2]
        return _two_nights(session, folder, hints=(f"sandbox serve account-set.db --port {port}",))


def _two_nights(session: Session, folder: Path, *, hints: tuple[str, ...]) -> ExitCode:
    """Run both nights; ``hints`` are commands to try before the usual ones."""
    from u8sync import bootstrap
    from u8sync.audit.checkpoint import new_key
    from u8sync.audit.reading import verify_folder
    from u8sync.cli.options import audit_folders
    from u8sync.cli.outcomes import end_of, show_end, write_report
    from u8sync.cli.running import run_once

    config = folder / "config.yaml"
    installation = bootstrap.load(config)
    signer = new_key("u8sync-demo")
    bootstrap.key_store(installation.settings).put(signer)

    month_before = LAST_DAY.replace(day=1) - timedelta(days=1)
    session.out.print()
    session.say(msg("The first night, as of {day}: every tier is new.", day=str(month_before)))
    done = run_once(session, config, as_of=month_before, quiet=True)
    show_end(session, done, as_json=False)
    end_of(done)

    session.out.print()
    session.say(msg("The next month's night, as of {day}.", day=str(LAST_DAY)))
    done = run_once(session, config, quiet=False)
    show_end(session, done, as_json=False)
    end = end_of(done)
    planned = done.planned
    if planned is not None:
        write_report(session, installation, planned, done.result, folder / "report.html")

    for log in audit_folders(config, None):
        verification = verify_folder(log, session.progress(), keys=[signer.verification])
        if verification.faults:
            raise InputError(msg("The audit log is not whole: {what}", what=verification.faults[0].message))
        session.say(
            msg(
                "Audit log verified: {records:,} records, every one whole and in its place, {signed:,} of them signed.",
                records=verification.records,
                signed=verification.signed.upto,
            )
        )
    mover = None if planned is None else next((change.code for change in planned.plan.changes), None)
    session.out.print()
    session.say(msg("Now try, in the folder {folder}:", folder=str(folder)))
    if hints:
        session.say(msg("(the first one in a window of its own: it serves the account set until Ctrl+C)"))
    for words in (*hints, "plan", f"explain {mover}", f"audit list --customer {mover}", "audit verify"):
        session.out.print(f"  {_program()} {words}", markup=False, highlight=False, soft_wrap=True)
    return end


def _usual_port() -> int:
    """The port that ``sandbox serve`` takes, where it is free."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", PORT))
        except OSError:
            return 0
    return PORT


def _write_way(folder: Path, server: OpenApiServer) -> None:
    """Put the way to this server into the configuration, and the made-up secret into a file beside it."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
    with os.fdopen(os.open(folder / SECRET_FILE, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(f"{server.credentials.app_secret}\n")
    way = way_to(server, secret=f"{{file: {SECRET_FILE}}}") + (
        "  items: {self_define5: {length: 60}}\n  calls_per_s: 0"
    )
    config = folder / "config.yaml"
    text = config.read_text(encoding="utf-8").replace("account_set: {backend: sqlite, file: account-set.db}", way)
    config.write_text(text, encoding="utf-8", newline="\n")


def _program() -> str:
    """How this program is called from another folder."""
    called = Path(sys.argv[0]).absolute()
    if shutil.which("u8sync") or called.stem != "u8sync":
        return "u8sync"
    return str(called)


def _usual_folders() -> Iterator[Path]:
    yield Path(FOLDER)
    yield from (Path(f"{FOLDER}-{number}") for number in count(2))


def _make_folder(folder: Path) -> None:
    """Make the folder with its configuration and mappings. Raises InputError when it cannot be used."""
    from u8sync.sandbox.examples import example

    try:
        if folder.exists() and any(folder.iterdir()):
            raise InputError(
                msg("The folder {folder} is not empty", folder=str(folder)),
                hint=msg("Name another one with --dir, or remove it."),
            )
        (folder / "mappings").mkdir(parents=True, exist_ok=True)
        for name in ("mappings/customer.yaml", "mappings/customer.cases.yaml", "mappings/tiers.yaml"):
            (folder / name).write_text(example(name), encoding="utf-8", newline="\n")
        config = example("config.example.yaml")
        for usual, here in (
            ("as_of: last_month_end", f"as_of: {LAST_DAY}"),
            ("share_changed: 10", "share_changed: 20"),
            ("  # key: {file: audit.key}", "  key: {file: audit.key}"),
        ):
            config = config.replace(usual, here)
        (folder / "config.yaml").write_text(config, encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(
            msg("The folder {folder} cannot be made: {why}", folder=str(folder), why=error.strerror or str(error)),
            hint=msg("Name another one with --dir."),
        ) from None

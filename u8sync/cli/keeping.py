"""``audit key`` and ``audit archive``: the key that signs checkpoints, and what becomes of old segments."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from u8sync.cli.options import config_option, logs_below
from u8sync.cli.session import Session
from u8sync.errors import ExitCode, InputError
from u8sync.text import N_, msg

if TYPE_CHECKING:
    from u8sync.audit.checkpoint import SigningKey
    from u8sync.audit.store import ChainedLog

__all__ = ["archive", "key", "made_key"]


@click.group(help=N_("Make, show and change the key that signs checkpoints of the audit log."))
def key() -> None:
    """Group of the key commands."""


@key.command(
    short_help=N_("Make the key and put it where the configuration says."),
    help=N_(
        "Make the key that signs checkpoints, put it where the configuration says (audit: key:), and print its public"
        " half. Give that line to your auditor; who has it can tell a forged log."
    ),
)
@click.option("--name", default=None, help=N_("Who signs, without blanks; default: u8sync- and the machine's name."))
@config_option
@click.pass_obj
def new(session: Session, *, name: str | None, config: Path) -> ExitCode:
    """Make the key and put it where the configuration says."""
    from u8sync import bootstrap
    from u8sync.config.settings import load_settings

    store = bootstrap.key_store(load_settings(config))
    if store.exists():
        raise InputError(
            msg("There is a signing key already"),
            hint=msg(
                "'u8sync audit key show' prints its public half; 'u8sync audit key rotate' puts another in place."
            ),
        )
    made = made_key(name)
    store.put(made)
    session.say(msg("The key was made. Its public half, for your auditor and for 'trusted_keys':"))
    session.emit(made.verification.text)
    return ExitCode.DONE


@key.command(short_help=N_("Print the public half of the key."), help=N_("Print the public half of the key, one line."))
@config_option
@click.pass_obj
def show(session: Session, *, config: Path) -> ExitCode:
    """Print the public half of the key."""
    from u8sync import bootstrap
    from u8sync.config.settings import load_settings

    session.emit(bootstrap.read_key(bootstrap.key_store(load_settings(config))).verification.text)
    return ExitCode.DONE


@key.command(
    short_help=N_("Put another key in the place of the present one."),
    help=N_(
        "Put another key in the place of the present one, which is destroyed. Every audit log below the configured"
        " folder records the change in a checkpoint that both keys sign. Stopped in the middle, it is finished by"
        " running it again."
    ),
)
@click.option(
    "--lost", is_flag=True, help=N_("The present key is lost: only the new one signs, and every check will say so.")
)
@click.option("--name", default=None, help=N_("Who signs, without blanks; default: u8sync- and the machine's name."))
@config_option
@click.pass_obj
def rotate(session: Session, *, lost: bool, name: str | None, config: Path) -> ExitCode:
    """Put another key in the place of the present one."""
    from u8sync import bootstrap
    from u8sync.config.settings import load_settings

    settings = load_settings(config)
    store = bootstrap.key_store(settings)
    old = None if lost else bootstrap.read_key(store)
    if store.next.exists():
        successor = bootstrap.read_key(store.next)
    else:
        successor = made_key(name)
        store.next.put(successor)
    for folder in logs_below(settings.audit_folder):
        signers = [key for key in (old, successor) if key is not None]
        with _open(session, folder, signers, any_key=lost) as log:
            if log.key != successor.verification:
                log.hand_over(successor, lost=lost)
                session.say(msg("{log}: handed over.", log=folder.name))
    store.take_over()
    session.say(msg("The new key signs from now on. Its public half, for your auditor and for 'trusted_keys':"))
    session.emit(successor.verification.text)
    return ExitCode.DONE


@click.command(
    help=N_(
        "Compress the closed segments of the audit log and, with a folder to move them to, move all but the newest"
        " ones. No proof is broken: the log records where it goes on. Leave the moved ones where the configuration says"
        " (audit: archive:): runs look there for what was refused and what u8sync wrote."
    ),
)
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    default=None,
    help=N_("The folder to move them to; the configuration's (audit: archive:) when absent; neither: none is moved."),
)
@click.option(
    "--keep",
    type=click.IntRange(min=0),
    default=3,
    show_default=True,
    help=N_("How many closed segments stay where they are."),
)
@config_option
@click.pass_obj
def archive(session: Session, *, to: Path | None, keep: int, config: Path) -> ExitCode:
    """Compress old segments, and move them away."""
    from u8sync import bootstrap
    from u8sync.audit.archiving import archive_segments
    from u8sync.config.settings import load_settings

    settings = load_settings(config)
    signer = bootstrap.signer_of(settings)
    to = to or settings.audit_archive
    for folder in logs_below(settings.audit_folder):
        with _open(session, folder, [signer] if signer else []) as log:
            done = archive_segments(
                log, to=None if to is None else to / folder.name, keep=keep, progress=session.progress()
            )
        gone = bootstrap.moved_from(settings, folder).gone
        if gone is not None:
            session.note(gone)
        session.say(
            msg(
                "{log}: {compressed:,} segments compressed, {moved:,} moved, {freed:,} MiB freed.",
                log=folder.name,
                compressed=len(done.compressed),
                moved=len(done.moved),
                freed=done.freed // 1024**2,
            )
        )
    return ExitCode.DONE


def made_key(name: str | None) -> SigningKey:
    """A new key; one without a name is called after this machine. Raises InputError for a name that cannot be."""
    from u8sync.audit.checkpoint import new_key

    machine = re.sub(r"[^A-Za-z0-9.-]+", "-", socket.gethostname())[:60]
    try:
        return new_key(name or f"u8sync-{machine}")
    except ValueError:
        raise InputError(
            msg("'{name}' cannot name a key", name=name),
            hint=msg("At most 100 characters, no blanks and no plus sign."),
        ) from None


@contextmanager
def _open(
    session: Session, folder: Path, signers: Sequence[SigningKey], *, any_key: bool = False
) -> Iterator[ChainedLog]:
    from u8sync import bootstrap
    from u8sync.audit.store import open_existing

    clock = bootstrap.SystemClock()
    log = open_existing(
        folder,
        run_id=bootstrap.new_run_id(clock),
        clock=clock,
        host=socket.gethostname(),
        pid=os.getpid(),
        progress=session.progress(),
        signers=signers,
        any_key=any_key,
    )
    try:
        yield log
    finally:
        log.close()

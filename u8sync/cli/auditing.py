"""``audit verify`` and ``audit list``: read-only, beside a running night if need be, and without U8."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from u8sync.cli.late import LateCommand
from u8sync.cli.log_reading import Log, archive_option, logs_of
from u8sync.cli.options import config_option, folder_option, json_option
from u8sync.cli.session import Session
from u8sync.errors import ExitCode
from u8sync.text import N_, Message, msg

if TYPE_CHECKING:
    from collections.abc import Iterator

    from u8sync.audit.checkpoint import Note
    from u8sync.audit.findings import Fault, Verification

__all__ = ["audit"]


@click.group(help=N_("Prove and read the audit log."))
def audit() -> None:
    """Group of the audit commands."""


COMMANDS = (
    LateCommand(
        "key",
        "u8sync.cli.keeping:key",
        help=N_("Make, show and change the key that signs checkpoints of the audit log."),
    ),
    LateCommand("archive", "u8sync.cli.keeping:archive", N_("Compress old segments, and move them away.")),
    LateCommand(
        "why", "u8sync.cli.evidence:why", N_("Say by the audit log why a customer has its tier, and recompute it.")
    ),
    LateCommand("reconcile", "u8sync.cli.reconciling:reconcile", N_("List what was changed in U8 outside u8sync.")),
    LateCommand("export", "u8sync.cli.extracts:export", N_("Write all changes to a CSV, Excel or HTML file.")),
    LateCommand(
        "sample", "u8sync.cli.extracts:sample", N_("Draw a sample of the changes for an audit, as an Excel file.")
    ),
    LateCommand("list", "u8sync.cli.asking:list_changes", N_("List what was written, or was not.")),
    LateCommand("runs", "u8sync.cli.asking:runs", N_("List the runs.")),
    LateCommand("show", "u8sync.cli.asking:show", N_("Show one record with its proof.")),
    LateCommand("bundle", "u8sync.cli.bundling:bundle", N_("Put evidence into a zip file.")),
)
for command in COMMANDS:
    audit.add_command(command)


@audit.command(
    short_help=N_("Check every record of the audit log."),
    help=N_(
        "Check every record of the audit log: form, order, hash chain, signed checkpoints. Names each record that was"
        " changed. With --checkpoint it proves that the log goes on from one that somebody kept. Ends with 0 when the"
        " log is whole, 1 when it is not, 2 when it is whole but a run left something open."
    ),
)
@config_option
@folder_option
@archive_option
@click.option("--key", "keys", multiple=True, metavar="KEY", help=N_("A public key that you trust; may be repeated."))
@click.option(
    "--checkpoint",
    "checkpoints",
    type=click.Path(path_type=Path),
    multiple=True,
    help=N_("A checkpoint that you kept: a file, or a folder of them; may be repeated."),
)
@click.option("--anchors", is_flag=True, help=N_("Also ask the anchors of the configuration for what they hold."))
@json_option
@click.pass_obj
def verify(
    session: Session,
    *,
    config: Path,
    folder: Path | None,
    archive: Path | None,
    keys: tuple[str, ...],
    checkpoints: tuple[Path, ...],
    anchors: bool,
    as_json: bool,
) -> ExitCode:
    """Check every record of the audit log."""
    from u8sync.audit.reading import verify_folder
    from u8sync.cli.as_json import verification_json
    from u8sync.cli.trust import kept_notes, notes_for, told_keys
    from u8sync.report.terminal.audit import verification_view

    worst = ExitCode.DONE
    found = []
    logs = logs_of(config, folder, archive)
    trusted = told_keys(config, folder, keys)
    notes = notes_for([log.folder for log in logs.each], kept_notes(checkpoints))
    for log in logs.each:
        verification = verify_folder(
            log.folder,
            session.progress(),
            archive=log.archive,
            keys=trusted,
            outside=[*notes[log.folder], *_held(session, config, log.folder, anchors=anchors)],
        )
        stamps = list(_stamps(config, log)) if anchors else []
        found.append(verification_json(log.folder.name, verification) | {"stamps": [str(said) for said, _ in stamps]})
        if not as_json:
            session.out.print(
                verification_view(
                    name=log.folder.name,
                    records=verification.records,
                    segments=verification.segments,
                    head=verification.head.hash,
                    faults=[(place_of(fault), fault.message) for fault in verification.faults],
                    open_intents=len(verification.open_intents),
                    torn=verification.torn,
                    proofs=() if verification.faults else [*proofs_of(verification), *(said for said, _ in stamps)],
                    translate=session.translate,
                )
            )
        if verification.faults or not all(good for _, good in stamps):
            worst = ExitCode.UNEXPECTED
        elif (verification.open_intents or verification.torn) and worst == ExitCode.DONE:
            worst = ExitCode.PENDING
    if as_json:
        session.emit(json.dumps(found, ensure_ascii=False, indent=1))
    return worst


def _held(session: Session, config: Path, log: Path, *, anchors: bool) -> list[Note]:
    """The checkpoints of this log that the anchors hold; nothing unless they are to be asked."""
    if not anchors:
        return []
    from u8sync import bootstrap
    from u8sync.cli.trust import note_of

    held, missed = bootstrap.checkpoints_outside(config, log.name)
    for message in missed:
        session.note(message)
    return [note_of(text, msg("an anchor")) for text in held]


def _stamps(config: Path, log: Log) -> Iterator[tuple[Message, bool]]:
    """What each time stamp beside the log proves, or what is wrong with it."""
    from u8sync import bootstrap

    for stamp in bootstrap.stamps_beside(config, log.folder, log.archive):
        if isinstance(stamp.found, Message):
            yield msg("Time stamp {name}: {what}", name=stamp.file, what=stamp.found), False
        else:
            yield (
                msg(
                    "Records 1 to {size:,} were there on {time}: a time stamping service signed it.",
                    size=stamp.size,
                    time=f"{stamp.found:%Y-%m-%d %H:%M:%S} UTC",
                ),
                True,
            )


def proofs_of(verification: Verification) -> Iterator[Message]:
    """What is proved about a whole log, and what is not."""
    signed, end = verification.signed, verification.head.count
    if verification.base.count:
        yield msg(
            "Records 1 to {count:,} were moved away and were not read; --archive names their folder.",
            count=verification.base.count,
        )
    if signed.upto:
        words = (
            msg("Records 1 to {upto:,} are signed, and the key is one that you trust.", upto=signed.upto)
            if signed.trusted
            else msg(
                "Records 1 to {upto:,} are signed with the key {key}. Compare it with the one that you keep, or give"
                " yours with --key.",
                upto=signed.upto,
                key=str(signed.key),
            )
        )
        yield words
        if verification.unsigned:
            yield msg("The last {count:,} records are not signed yet.", count=verification.unsigned)
    elif end:
        yield msg("No checkpoint is signed: somebody who can write the folder could have rewritten all of it.")
    if signed.outside:
        yield msg(
            "Records 1 to {outside:,} are those of the checkpoint that was kept outside: nothing of them was changed"
            " since.",
            outside=signed.outside,
        )
    elif end:
        yield msg("Nothing kept outside this folder was compared; --checkpoint FILE does.")
    yield from signed.notes


def place_of(fault: Fault) -> Message:
    """Which record, and where it stands."""
    if fault.seq is None:
        return msg("the log as a whole")
    if not fault.line:
        return msg("record {seq}", seq=fault.seq)
    return msg("record {seq} ({segment}, line {line})", seq=fault.seq, segment=fault.segment, line=fault.line)

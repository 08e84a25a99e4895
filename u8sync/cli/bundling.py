"""``audit bundle``: evidence for an auditor in one file, without U8."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from u8sync.cli.completing import complete_runs
from u8sync.cli.log_reading import archive_option, logs_of
from u8sync.cli.options import config_option, folder_option, json_option
from u8sync.cli.session import Session
from u8sync.errors import ExitCode, InputError
from u8sync.text import N_, msg

if TYPE_CHECKING:
    from u8sync.audit.bundle import Bundled

__all__ = ["bundle"]


@click.command(
    help=N_(
        "Put the audit log, or the records of one run or customer, into a zip file with all that an auditor needs to"
        " check it: proofs, checkpoints, the files that the runs went by, and a verifier that needs nothing but Python."
    ),
)
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help=N_("The zip file to make."))
@click.option("--run", "run_id", default=None, shell_complete=complete_runs, help=N_("Only this run, complete."))
@click.option("--customer", default=None, help=N_("Only what was written for this customer."))
@click.option(
    "--checkpoint",
    "kept",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    help=N_(
        "With --run or --customer: a checkpoint that the auditor holds, to be proved too; may be given several times."
    ),
)
@click.option(
    "--even-if-broken", "even_if_broken", is_flag=True, help=N_("Also a log that is not whole, as evidence of that.")
)
@config_option
@folder_option
@archive_option
@json_option
@click.pass_obj
def bundle(
    session: Session,
    *,
    out: Path,
    run_id: str | None,
    customer: str | None,
    kept: tuple[Path, ...],
    even_if_broken: bool,
    config: Path,
    folder: Path | None,
    archive: Path | None,
    as_json: bool,
) -> ExitCode:
    """Put evidence into a zip file."""
    from u8sync.audit.bundle import Selection, make_bundle

    if run_id is not None and customer is not None:
        raise InputError(
            msg("--run and --customer cannot be used together"), hint=msg("Make two bundles, one for each.")
        )
    selection = Selection()
    if run_id is not None:
        selection = Selection("run", run_id)
    elif customer is not None:
        selection = Selection("customer", customer)
    log = logs_of(config, folder, archive).only
    made = make_bundle(
        log.folder,
        out,
        selection,
        archive=log.archive,
        even_if_broken=even_if_broken,
        checkpoints=[_size_of(path) for path in kept],
        progress=session.progress(),
    )
    if as_json:
        session.emit(json.dumps(_bundled_json(made), ensure_ascii=False, indent=1))
    else:
        _tell(session, made)
    return ExitCode.DONE


def _tell(session: Session, made: Bundled) -> None:
    session.say(
        msg(
            "{path}: {records:,} records, {checkpoints:,} checkpoints",
            path=str(made.path),
            records=made.records,
            checkpoints=made.checkpoints,
        )
    )
    if not made.whole:
        session.say(msg("The log is not whole. The bundle is evidence of that."))
    if not made.checkpoints:
        session.say(msg("Nothing of it is signed: whoever can write the log could have made it anew."))
    elif made.uncovered:
        session.say(msg("{count:,} records of it are not yet covered by a checkpoint.", count=made.uncovered))
    if made.missing:
        session.say(msg("{count:,} files that the records name were not kept.", count=len(made.missing)))
    session.say(msg("SHA-256 of the file, to be kept elsewhere: {digest}", digest=made.sha256))
    session.say(msg("To check it: python standalone_verify.py {file} --key KEY", file=made.path.name))


def _bundled_json(made: Bundled) -> dict[str, object]:
    return {
        "path": str(made.path),
        "sha256": made.sha256,
        "records": made.records,
        "checkpoints": made.checkpoints,
        "uncovered": made.uncovered,
        "missing_files": list(made.missing),
        "whole": made.whole,
    }


def _size_of(path: Path) -> int:
    """How many records a checkpoint that somebody kept was made of."""
    from u8sync.audit.checkpoint import parse_checkpoint, parse_note
    from u8sync.text import Message

    try:
        note = parse_note(path.read_bytes().decode("utf-8"))
    except UnicodeDecodeError:
        note = msg("this is no signed note")
    except OSError as error:
        raise InputError(
            msg("{path} cannot be read: {why}", path=str(path), why=error.strerror or str(error))
        ) from None
    checkpoint = note if isinstance(note, Message) else parse_checkpoint(note.body)
    if isinstance(checkpoint, Message):
        raise InputError(msg("{path}: {what}", path=str(path), what=checkpoint))
    return checkpoint.size

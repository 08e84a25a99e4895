"""What a person who checks a log brings along: public keys, and checkpoints kept outside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from u8sync.errors import InputError
from u8sync.text import Message, msg

if TYPE_CHECKING:
    from u8sync.audit.checkpoint import Note, VerificationKey

__all__ = ["kept_notes", "note_of", "notes_for", "told_keys"]

_MOST_BYTES = 64 * 1024


def told_keys(config: Path, folder: Path | None, keys: Iterable[str]) -> list[VerificationKey]:
    """The keys named on the command line, and those of the configuration unless a folder was named instead.

    Raises InputError for a text that is no key.
    """
    from u8sync.audit.checkpoint import parse_key

    told = []
    for text in keys:
        key = parse_key(text)
        if isinstance(key, Message):
            raise InputError(
                msg("'{text}' cannot be used as a key: {what}", text=text, what=key),
                hint=msg("'u8sync audit key show' prints the key of this installation in one line."),
            )
        told.append(key)
    if folder is None:
        from u8sync import bootstrap
        from u8sync.config.settings import load_settings

        told += bootstrap.trusted_keys(load_settings(config))
    return told


def kept_notes(places: Iterable[Path]) -> list[tuple[str, Note]]:
    """The checkpoints in these files and folders, with where each was found. Raises InputError for what is none."""
    found = []
    for place in places:
        files = sorted(place.rglob("*.checkpoint")) if place.is_dir() else [place]
        if not files:
            raise InputError(
                msg("The folder {folder} has no checkpoint", folder=str(place)),
                hint=msg("Their names end in .checkpoint."),
            )
        for file in files:
            try:
                with file.open("rb") as stream:
                    data = stream.read(_MOST_BYTES)
            except OSError as error:
                raise InputError(
                    msg("{path} cannot be read: {why}", path=str(file), why=error.strerror or str(error)),
                    hint=msg("Name a file that holds a checkpoint."),
                ) from None
            # Mail programs and editors on Windows change line ends, and put a mark before the first letter.
            text = data.decode("utf-8-sig", "replace").replace("\r\n", "\n").strip("\n") + "\n"
            found.append((str(file), note_of(text, str(file))))
    return found


def note_of(text: str, where: str | Message) -> Note:
    """The checkpoint in a text. Raises InputError when it is none."""
    from u8sync.audit.checkpoint import parse_checkpoint, parse_note

    note = parse_note(text)
    wrong = note if isinstance(note, Message) else parse_checkpoint(note.body)
    if isinstance(note, Message) or isinstance(wrong, Message):
        raise InputError(
            msg("{where} holds no checkpoint: {what}", where=where, what=wrong),
            hint=msg("A checkpoint is the text that a run prints, from 'u8sync/' to the line that begins with a dash."),
        )
    return note


def notes_for(logs: Sequence[Path], notes: Sequence[tuple[str, Note]]) -> dict[Path, list[Note]]:
    """Which checkpoint is to be compared with which log: all with the only one, else those of its name.

    Raises InputError for one that belongs to none of several logs.
    """
    from u8sync.audit.checkpoint import origin_of

    if len(logs) == 1:
        return {logs[0]: [note for _, note in notes]}
    origins = {origin_of(log.name): log for log in logs}
    matched: dict[Path, list[Note]] = {log: [] for log in logs}
    for where, note in notes:
        origin = note.body.partition("\n")[0]
        if origin not in origins:
            raise InputError(
                msg("{where} is a checkpoint of {origin}, and there is no such log here", where=where, origin=origin),
                hint=msg("Name the folder of its log with --folder."),
            )
        matched[origins[origin]].append(note)
    return matched

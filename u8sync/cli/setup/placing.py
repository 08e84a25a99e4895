"""All files or none: they are made in a folder beside, and moved when everything is there."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from u8sync.errors import InputError
from u8sync.text import msg

__all__ = ["lost", "put_in_place", "staging"]


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """A folder for this user only on the same disk, gone when the block ends. Raises InputError when there is none."""
    above = folder.absolute()
    while not above.exists():
        above = above.parent
    try:
        stage = Path(tempfile.mkdtemp(prefix=".u8sync-init-", dir=above))
    except OSError as error:
        raise InputError(
            msg("Nothing can be written in {folder}: {why}", folder=str(above), why=error.strerror or str(error)),
            hint=msg("Name a folder that may be written with --dir."),
        ) from None
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def lost(folder: Path, texts: Sequence[tuple[str, bytes | None]]) -> list[str]:
    """The files that would be replaced by something else; null: by what is not known yet."""
    return [name for name, data in texts if os.path.lexists(folder / name) and not _holds(folder / name, data)]


def _holds(path: Path, data: bytes | None) -> bool:
    try:
        return path.read_bytes() == data
    except OSError:
        return False


def put_in_place(stage: Path, folder: Path) -> list[Path]:
    """Move every file of ``stage`` into ``folder``; one that was there is kept beside it as ``.bak``.

    Returns where the old ones are kept. Raises InputError when one cannot be moved; all is then as it was before.
    """
    names = sorted(path.relative_to(stage) for path in stage.rglob("*") if path.is_file())
    undo: list[tuple[Path, Path | None]] = []
    made: list[Path] = []
    try:
        for name in names:
            target = folder / name
            for parent in reversed([target.parent, *target.parent.parents]):
                if not parent.exists():
                    parent.mkdir()
                    made.append(parent)
            if _holds(target, (stage / name).read_bytes()):
                continue
            kept = _free_name(target) if target.exists() else None
            undo.append((target, kept))
            if kept is not None:
                target.rename(kept)
            (stage / name).rename(target)
    except BaseException as error:
        for target, kept in reversed(undo):
            with suppress(OSError):
                if kept is None:
                    target.unlink(missing_ok=True)
                elif kept.exists():
                    kept.replace(target)
        for parent in reversed(made):
            with suppress(OSError):
                parent.rmdir()
        if not isinstance(error, OSError):
            raise
        raise InputError(
            msg("{path} cannot be written: {why}", path=str(error.filename), why=error.strerror or str(error)),
            hint=msg("Nothing was written. Close the files in other programs, and check the rights of the folder."),
        ) from None
    return [kept for _, kept in undo if kept is not None]


def _free_name(path: Path) -> Path:
    names = (path.with_name(f"{path.name}.bak{'' if number == 1 else f'-{number}'}") for number in count(1))
    return next(name for name in names if not name.exists())

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
    moved: list[tuple[Path, Path | None]] = []
    made: list[Path] = []
    try:
        for name in names:
            _make_folders((folder / name).parent, made)
            if not _holds(folder / name, (stage / name).read_bytes()):
                _move(stage / name, folder / name, moved)
    except OSError as error:
        _take_back(moved, made)
        raise InputError(
            msg("{path} cannot be written: {why}", path=str(error.filename), why=error.strerror or str(error)),
            hint=msg("Nothing was written. Close the files in other programs, and check the rights of the folder."),
        ) from None
    except BaseException:
        _take_back(moved, made)
        raise
    return [kept for _, kept in moved if kept is not None]


def _make_folders(folder: Path, made: list[Path]) -> None:
    """Make a folder and those above it that are not there, and note which."""
    if not folder.exists():
        _make_folders(folder.parent, made)
        folder.mkdir()
        made.append(folder)


def _move(source: Path, target: Path, moved: list[tuple[Path, Path | None]]) -> None:
    """Move a file, and note where the one is kept that was there."""
    kept = _free_name(target) if os.path.lexists(target) else None
    if kept is not None:
        moved.append((target, kept))
        target.rename(kept)
        source.rename(target)
    else:
        source.rename(target)
        moved.append((target, None))


def _take_back(moved: list[tuple[Path, Path | None]], made: list[Path]) -> None:
    for target, kept in reversed(moved):
        with suppress(OSError):
            if kept is None:
                target.unlink(missing_ok=True)
            elif os.path.lexists(kept):
                kept.replace(target)
    for folder in reversed(made):
        with suppress(OSError):
            folder.rmdir()


def _free_name(path: Path) -> Path:
    names = (path.with_name(f"{path.name}.bak{'' if number == 1 else f'-{number}'}") for number in count(1))
    return next(name for name in names if not os.path.lexists(name))

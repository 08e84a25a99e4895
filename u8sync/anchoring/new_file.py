"""A file that appears whole or not at all, and never in the place of another."""

from __future__ import annotations

import errno
import os
import secrets
from pathlib import Path
from typing import Final

__all__ = ["write_new"]

_FLAGS: Final = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_BINARY", 0)
)
_NO_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})
"""What file systems say that know no second name for a file: FAT, many network shares."""


def write_new(path: Path, data: bytes) -> bool:
    """Write ``data`` to ``path`` durably; returns whether it was done: false when there is a file already.

    Raises OSError when it cannot be written.
    """
    # The dot and the ending keep a leftover of a sudden death from being taken for the file itself.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    descriptor = os.open(temporary, _FLAGS, 0o644)
    try:
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return _give_name(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _give_name(temporary: Path, path: Path) -> bool:
    try:
        if os.name == "nt":
            temporary.rename(path)  # which on Windows never overwrites
        else:
            _link(temporary, path)
            _sync_folder(path.parent)
    except FileExistsError:
        return False
    return True


def _link(temporary: Path, path: Path) -> None:
    try:
        os.link(temporary, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # Two writers at once could pass here both; a log has one.
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        temporary.rename(path)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network shares cannot
            raise
    finally:
        os.close(descriptor)

"""Writing that lasts: every byte, through no link, and durable when it says so. The system calls and nothing else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

__all__ = ["FLAGS", "NEW", "replace_file", "sync", "sync_folder", "write_all"]

# Windows needs O_BINARY, or it writes CR LF; the others exist on POSIX only.
FLAGS: Final = os.O_WRONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
"""For opening a file to write."""

NEW: Final = os.O_CREAT | os.O_EXCL
"""For a file that must not be there yet."""


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte: at a size limit a write ends short without an error, and only the next one fails."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def replace_file(path: Path, data: bytes) -> None:
    """Put a small file in the place of another, whole or not at all, and through no link.

    It is made durable before it gets its name: after a power failure the name must not stand for an empty file, which
    would pass for a head that somebody spoilt.
    """
    temporary = path.with_name(f"{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, FLAGS | NEW, 0o600)
    try:
        write_all(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        temporary.replace(path)
    except PermissionError:
        # Windows, while a reader has the old one open. The log itself is durable; a head that is behind is no fault.
        if os.name != "nt" or not path.exists():
            raise


def sync(descriptor: int) -> None:
    """Make what was written durable; the time of the last change need not be."""
    getattr(os, "fdatasync", os.fsync)(descriptor)


def sync_folder(folder: Path) -> None:
    """Make a new name in a folder durable; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

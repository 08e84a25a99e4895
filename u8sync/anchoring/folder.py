"""A folder on another machine as an anchor: one small file for each checkpoint, never overwritten.

The best folder is one where the account that runs u8sync may add files and nothing else.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from u8sync.anchoring.new_file import write_new
from u8sync.domain.standing import MOST_BYTES, Standing, forked, standing_of
from u8sync.errors import TransientError
from u8sync.text import Message, msg

__all__ = ["FolderAnchor"]

_FILE: Final = re.compile(r"(?P<size>[0-9]{12,16})\.checkpoint", re.ASCII)


@dataclass(frozen=True)
class FolderAnchor:
    """A folder, as :class:`u8sync.ports.Anchor`.

    It holds ``<log folder's name>/<size, 12 digits>.checkpoint``. The folder itself is never made: a share that is not
    mounted would pass for one that is empty.

    Attributes:
        root: The folder.
        timeout_s: How long it may hold up a run, seconds.
    """

    root: Path
    timeout_s: float = 30.0

    @property
    def name(self) -> str:
        """The folder."""
        return str(self.root)

    @property
    def keeps(self) -> bool:
        """It does."""
        return True

    def publish(self, checkpoint: str) -> None:
        """Write the checkpoint unless it is there."""
        standing = standing_of(checkpoint)
        if standing is None:
            raise ValueError("no checkpoint of a u8sync log")
        path = self._folder(standing.origin) / f"{standing.size:012d}.checkpoint"
        data = checkpoint.encode()
        try:
            path.parent.mkdir(exist_ok=True)
            if not (path.exists() or path.is_symlink()) and write_new(path, data):
                return
            if _read(path) != data:
                raise forked(self.name, standing)
        except OSError as error:
            raise self._unreachable(error.strerror or type(error).__name__) from None

    def newest(self, origin: str, most: int) -> list[str]:
        """Read the files of the largest sizes."""
        folder = self._folder(origin)
        try:
            sizes = sorted(
                (int(found["size"]), path)
                for path in (folder.iterdir() if folder.exists() else ())
                if (found := _FILE.fullmatch(path.name))
            )
            return [_read(path).decode("utf-8", "replace") for _, path in sizes[-most:]]
        except OSError as error:
            raise self._unreachable(error.strerror or type(error).__name__) from None

    def _folder(self, origin: str) -> Path:
        try:
            there = self.root.is_dir()
        except OSError as error:
            raise self._unreachable(error.strerror or type(error).__name__) from None
        if not there:
            raise self._unreachable(msg("there is no such folder"))
        return self.root / Standing(origin, 0).folder

    def _unreachable(self, why: Message | str) -> TransientError:
        return TransientError(
            msg("The anchor {anchor} cannot be used: {why}", anchor=self.name, why=why),
            hint=msg(
                "Check that the share is connected and that the account that runs u8sync may add files there; u8sync"
                " makes no folder that is missing."
            ),
        )


def _read(path: Path) -> bytes:
    """What stands there; empty for anything but a regular file, which no checkpoint is."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if path.is_symlink():
        return b""
    with os.fdopen(os.open(path, flags), "rb") as stream:
        return stream.read(MOST_BYTES) if stat.S_ISREG(os.fstat(stream.fileno()).st_mode) else b""

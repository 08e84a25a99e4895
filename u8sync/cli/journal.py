"""Whether systemd's journal reads standard error: it says so in the environment, for this very stream."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import IO

__all__ = ["VARIABLE", "in_journal"]

VARIABLE = "JOURNAL_STREAM"
"""Holds ``device:inode`` of the stream that goes to the journal, see systemd.exec(5)."""


def in_journal(stream: IO[str], environ: Mapping[str, str]) -> bool:
    """Whether this stream is the one; a stream that was redirected since is not."""
    said = environ.get(VARIABLE)
    if not said:
        return False
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return said == f"{status.st_dev}:{status.st_ino}"

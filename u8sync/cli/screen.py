"""How words reach a window, a file or a pipe: colours, width, and a reader that goes away.

What does not live here: what is said. The ideas: whatever is no window gets plain text; and who stops reading, as
``| head`` does, neither ends a run that is writing to U8 nor changes how it ended.
"""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["PIPED_WIDTH", "Look", "Outlasting", "console", "look", "outlasting", "reader_gone"]

PIPED_WIDTH: Final = 132
"""Cells of a line where there is no window."""

_READER_GONE: Final = frozenset({errno.EPIPE, errno.ESHUTDOWN})


@dataclass(frozen=True)
class Look:
    """What a stream gets.

    Attributes:
        styled: Colours and bold letters.
        moving: Progress that is drawn over itself.
    """

    styled: bool
    moving: bool


def look(environ: Mapping[str, str], *, window: bool, no_color: bool = False) -> Look:
    """Decide it.

    ``--no-color`` comes before NO_COLOR, that before FORCE_COLOR, that before TERM=dumb, that before what the stream
    is; see no-color.org and force-color.org. Forced colours are for a log that a web page shows: nothing moves there.

    Args:
        environ: The environment.
        window: Whether the stream ends in a window.
        no_color: Whether ``--no-color`` was given.
    """
    capable = window and environ.get("TERM", "").casefold() not in {"dumb", "unknown"}
    forced = environ.get("FORCE_COLOR", "").casefold() not in {"", "0", "false"}
    plain = no_color or bool(environ.get("NO_COLOR"))
    return Look(styled=not plain and (forced or capable), moving=capable)


def console(stream: TextIO, environ: Mapping[str, str], *, stderr: bool, no_color: bool = False) -> Console:
    """A console as wide as its window; a pipe or file gets lines wide enough for a table to be read."""
    from rich.console import Console

    window = stream.isatty()
    how = look(environ, window=window, no_color=no_color)
    made = Console(
        stderr=stderr,
        highlight=False,
        color_system="auto" if how.styled else None,
        force_terminal=how.styled or how.moving,
        force_interactive=how.moving,
        # What rich makes of the environment was decided above.
        no_color=False,
        _environ={name: value for name, value in environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}},
    )
    if how.styled and made.color_system is None:
        # A dumb terminal whose user asks for colours all the same.
        made = Console(
            stderr=stderr, highlight=False, color_system="standard", force_terminal=True, force_interactive=False
        )
    if not window and not environ.get("COLUMNS", "").isdecimal():
        made.width = PIPED_WIDTH
    return made


class _Outlasting(io.RawIOBase):
    """A raw stream on which everything can be written; ``fault`` says why something did not arrive, null: it did.

    A reader that went away is no fault: it had what it wanted.
    """

    def __init__(self, raw: Any) -> None:  # noqa: ANN401 - any raw stream
        super().__init__()
        self._raw = raw
        self._over = False
        self.fault: OSError | None = None

    def write(self, data: Any, /) -> int | None:  # noqa: ANN401 - any buffer
        if not self._over:
            try:
                written: int | None = self._raw.write(data)
            except OSError as error:
                self._over = True
                self.fault = None if reader_gone(error.errno) else error
            else:
                return written
        return len(data)

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return bool(self._raw.isatty())

    def fileno(self) -> int:
        return int(self._raw.fileno())


class Outlasting(io.TextIOWrapper):
    """A text stream that nothing can end, onto the same end as ``stream``; ``?`` stands for what that cannot show.

    A run that is writing to U8 must not stop half-way because a GBK console lacks a character of a name, because
    ``head`` read enough, or because the disk under a log is full.
    """

    def __init__(self, stream: io.TextIOWrapper) -> None:
        stream.flush()
        self._end = _Outlasting(getattr(stream.buffer, "raw", stream.buffer))
        super().__init__(
            io.BufferedWriter(self._end),
            encoding=stream.encoding,
            errors="replace",
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )

    @property
    def fault(self) -> OSError | None:
        """Why something did not arrive, a full disk say; null: nothing was lost that anybody wanted."""
        self.flush()
        return self._end.fault


def reader_gone(number: int | None, system: str = os.name) -> bool:
    """Whether an error number says that nobody reads any more; Windows calls it an invalid argument."""
    return number in _READER_GONE or (system == "nt" and number == errno.EINVAL)


def outlasting(stream: TextIO | None) -> TextIO:
    """The stream, such that nothing can end it; null, as under ``pythonw``: one that keeps nothing.

    A stream that is no file of the system, a test's say, is given back as it is.
    """
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")
    return Outlasting(stream) if type(stream) is io.TextIOWrapper else stream

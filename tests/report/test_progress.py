"""Bars for a person who watches, nothing for a log file, and never an error."""

from io import StringIO

import pytest
from rich.console import Console

from u8sync.ports import Progress
from u8sync.report.language import translator
from u8sync.report.progress import NoProgress, RichProgress
from u8sync.text import msg


class ClosedTerminal(StringIO):
    """A terminal that went away."""

    def write(self, _text: str) -> int:
        raise OSError("gone")

    def flush(self) -> None:
        raise OSError("gone")


def walk(progress: Progress) -> None:
    """A step as the engine reports it, and calls that come too early or too late."""
    progress.advance(1)
    progress.finish()
    progress.start(msg("revenue"), 4)
    progress.advance(2)
    progress.start(msg("gross profit"), None)
    progress.advance(1)
    progress.finish()
    progress.advance(1)


def fail_in_a_step(progress: Progress) -> None:
    """A step that ends with an error."""
    progress.start(msg("revenue"), 4)
    raise OSError("U8 is gone")


def test_a_person_sees_each_step_by_its_name() -> None:
    screen = StringIO()
    console = Console(file=screen, force_terminal=True, force_interactive=True, width=80)
    progress: Progress = RichProgress(console, translator("zh"))
    walk(progress)

    assert "销售额" in screen.getvalue()
    assert "毛利" in screen.getvalue()
    assert "0/4" in screen.getvalue()


def test_a_log_file_sees_nothing() -> None:
    log = StringIO()
    walk(RichProgress(Console(file=log), translator("zh")))
    walk(NoProgress())

    assert log.getvalue() == ""


def test_a_terminal_that_went_away_does_not_end_the_run() -> None:
    walk(RichProgress(Console(file=ClosedTerminal(), force_terminal=True, force_interactive=True), translator("en")))


def test_the_cursor_comes_back_when_a_step_fails() -> None:
    screen = StringIO()
    console = Console(file=screen, force_terminal=True, force_interactive=True, width=80, legacy_windows=False)
    progress = RichProgress(console, translator("en"))
    with pytest.raises(OSError, match="U8"), progress:
        fail_in_a_step(progress)

    assert screen.getvalue().rindex("\x1b[?25h") > screen.getvalue().rindex("\x1b[?25l")

"""Bars for a person who watches, nothing for a log file, and never an error."""

from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from u8sync.ports import Progress
from u8sync.report.language import translator
from u8sync.report.no_progress import NoProgress
from u8sync.report.progress import RichProgress, Seen, progress_line
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


# The line -------------------------------------------------------------------------------------------------------------


def line(done: int, total: int | None, elapsed_s: float, width: int = 100, name: str = "Reading customers") -> str:
    return progress_line(Seen(name, done, total, elapsed_s), width, translator("en"))


def test_a_step_of_known_size_says_how_far_how_fast_and_how_long_still() -> None:
    assert (
        line(2_500, 10_000, 5.0)
        == "Reading customers [######..................] 2,500/10,000  25% 500/s 0:00:05 0:00:15 left"
    )


def test_a_step_of_unknown_size_turns_and_counts() -> None:
    assert line(1_234, None, 2.0) == "Reading customers | 1,234 617/s 0:00:02"
    assert len({line(0, None, 0.05 + tenth / 10).split()[2] for tenth in range(8)}) == 4


@pytest.mark.parametrize(
    ("done", "total", "elapsed_s"),
    [
        pytest.param(0, 10, 60.0, id="nothing is done"),
        pytest.param(5, 10, 0.2, id="it has only just begun"),
        pytest.param(1, 10**9, 60.0, id="it would take years"),
        pytest.param(10, 10, 60.0, id="all is done"),
        pytest.param(12, 10, 60.0, id="more came than was told"),
    ],
)
def test_no_time_left_is_told_where_it_would_be_a_guess(done: int, total: int, elapsed_s: float) -> None:
    shown = line(done, total, elapsed_s)
    assert "left" not in shown
    assert f"{done:,}/{total:,}" in shown


def test_a_slow_step_is_counted_by_the_minute() -> None:
    assert "30/min" in line(60, 100, 120.0)


def test_a_narrow_window_keeps_the_name_and_the_count() -> None:
    assert line(2_500, 10_000, 5.0, 45) == "Reading customers 2,500/10,000  25%"
    assert line(2_500, 10_000, 5.0, 20) == "2,500/10,000  25%"


@given(
    name=st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=80),
    done=st.integers(0, 10**12),
    total=st.none() | st.integers(0, 10**12),
    elapsed_s=st.floats(0, 10**6),
    width=st.integers(1, 140),
)
def test_the_line_never_breaks(name: str, done: int, total: int | None, elapsed_s: float, width: int) -> None:
    shown = line(done, total, elapsed_s, width, name)
    assert cell_len(shown) <= width
    assert "\n" not in shown


def test_what_is_around_the_words_shows_on_every_console() -> None:
    """Chinese Windows consoles draw lines and blocks two cells wide, or not at all."""
    assert line(2_500, 10_000, 5.0).isascii()
    assert all(line(1, None, tenth / 10).isascii() for tenth in range(20))


def test_the_rate_that_is_drawn_is_that_of_the_step() -> None:
    now = [0.0]
    screen = StringIO()
    console = Console(file=screen, force_terminal=True, force_interactive=True, width=100, color_system=None)
    progress = RichProgress(console, translator("en"), seconds=lambda: now[0])
    progress.start(msg("revenue"), 400)
    for _ in range(3):
        now[0] += 1.0
        progress.advance(100)
    progress.finish()

    assert "revenue [##################......] 300/400  75% 100/s 0:00:03 0:00:01 left" in screen.getvalue()
    assert screen.getvalue().count("revenue") == 5, "at the start, once a second, and at the end"

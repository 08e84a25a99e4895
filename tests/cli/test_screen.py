"""Windows, pipes, files and readers that go away: real processes, real pseudo-terminals."""

from __future__ import annotations

import errno
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_home import Ask, edit
from command_tree import walk
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from u8sync.cli.app import cli
from u8sync.cli.help_text import wrapped
from u8sync.cli.screen import PIPED_WIDTH, look, outlasting, reader_gone

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
STYLE = re.compile(r"\x1b\[[0-9;]*m")
posix = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals and /dev/full are POSIX")


def environment(**more: str) -> dict[str, str]:
    quiet = {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE", "PYTHONIOENCODING"}
    return {**{name: value for name, value in os.environ.items() if name not in quiet}, **more}


def piped(home: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "u8sync", *words],
        cwd=home,
        capture_output=True,
        encoding=more.get("PYTHONIOENCODING", "utf-8"),
        env=environment(**more),
        check=False,
    )


def in_a_window(home: Path, *words: str, columns: int = 80, **more: str) -> str:
    """What u8sync writes to a window of that width, control codes and all."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-m", "u8sync", *words],
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env=environment(**{"TERM": "xterm-256color", **more}),
    ) as process:
        os.close(theirs)
        said = b"".join(_until_closed(ours))
        process.wait()
    os.close(ours)
    return said.decode("utf-8")


def _until_closed(end: int) -> Iterator[bytes]:
    while True:
        try:
            some = os.read(end, 65536)
        except OSError as error:
            assert error.errno == errno.EIO  # noqa: PT017 - the other side is closed
            return
        if not some:
            return
        yield some


# Colours and progress -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "given_is", "expected"),
    [
        pytest.param({"TERM": "xterm"}, (True, False), (True, True), id="a window"),
        pytest.param({"TERM": "xterm"}, (False, False), (False, False), id="a pipe"),
        pytest.param({}, (True, False), (True, True), id="a Windows console, which knows no TERM"),
        pytest.param({"TERM": "dumb"}, (True, False), (False, False), id="a dumb window"),
        pytest.param({"TERM": "dumb", "FORCE_COLOR": "1"}, (True, False), (True, False), id="dumb, but asked for"),
        pytest.param({"FORCE_COLOR": "1"}, (False, False), (True, False), id="a log that a page shows"),
        pytest.param({"FORCE_COLOR": "0"}, (False, False), (False, False), id="asked not to force"),
        pytest.param({"FORCE_COLOR": ""}, (False, False), (False, False), id="empty is not set"),
        pytest.param(
            {"NO_COLOR": "1", "FORCE_COLOR": "1"}, (True, False), (False, True), id="NO_COLOR before FORCE_COLOR"
        ),
        pytest.param({"NO_COLOR": ""}, (True, False), (True, True), id="an empty NO_COLOR is not set"),
        pytest.param({"FORCE_COLOR": "1"}, (True, True), (False, True), id="--no-color before everything"),
    ],
)
def test_what_a_stream_gets(
    variables: dict[str, str], given_is: tuple[bool, bool], expected: tuple[bool, bool]
) -> None:
    window, no_color = given_is
    how = look(variables, window=window, no_color=no_color)
    assert (how.styled, how.moving) == expected


def test_a_pipe_gets_plain_text_and_no_bar(home: Path) -> None:
    done = piped(home, "plan", TERM="xterm-256color")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout + done.stderr
    assert done.stderr == ""
    assert max(map(cell_len, done.stdout.splitlines())) <= PIPED_WIDTH


@posix
def test_a_window_gets_bold_headings_and_a_bar(home: Path) -> None:
    shown = in_a_window(home, "plan")
    assert STYLE.search(shown)
    assert "Reading customers [" in ANSI.sub("", shown)
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l"), "the cursor comes back"


@posix
@pytest.mark.parametrize(
    ("words", "variables"),
    [
        pytest.param(["--no-color", "plan"], {}, id="--no-color before the command"),
        pytest.param(["plan", "--no-color"], {"FORCE_COLOR": "1"}, id="and behind it"),
        pytest.param(["plan"], {"NO_COLOR": "1"}, id="NO_COLOR"),
        pytest.param(["plan"], {"TERM": "dumb"}, id="a dumb window"),
    ],
)
def test_nothing_is_coloured_where_nobody_wants_it(home: Path, words: list[str], variables: dict[str, str]) -> None:
    shown = in_a_window(home, *words, **variables)
    assert not STYLE.search(shown)
    if variables.get("TERM") == "dumb":
        assert "\x1b" not in shown


def test_colours_can_be_asked_for_in_a_pipe_and_nothing_moves_there(home: Path) -> None:
    done = piped(home, "plan", FORCE_COLOR="1")
    assert STYLE.search(done.stdout)
    assert done.stderr == ""
    assert "\x1b[?" not in done.stdout


@posix
@pytest.mark.parametrize("columns", [60, 80, 132])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_line_is_wider_than_the_window(home: Path, columns: int, language: str) -> None:
    shown = ANSI.sub("", in_a_window(home, "plan", "--all", "--lang", language, columns=columns))
    lines = [line.rsplit("\r", 1)[-1] for line in shown.replace("\r\n", "\n").split("\n")]
    assert len(lines) > 20
    assert [line for line in lines if cell_len(line.rstrip()) > columns] == []


LONG_NAME = "上海华东国际贸易进出口股份有限公司（浦东分公司）" * 2 + "👨\u200d👩\u200d👧e\u0301"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_view_fits_its_window(home: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    """Sentences are left to the window: a path or a command in them is there to be copied in one piece."""
    edit(home, "UPDATE Customer SET cCusName = ?", LONG_NAME)
    run = ask("audit", "runs", "--json").json[-1]["run_id"]
    monkeypatch.setattr("u8sync.cli.screen.PIPED_WIDTH", 60)
    for words in (
        "doctor",
        "accounts",
        "plan --all",
        f"plan --undo {run}",
        "explain 00001",
        "tiers list",
        "tiers simulate",
        "audit list --customer 00001",
        "audit runs",
        f"audit runs --run {run}",
        "audit verify",
        "audit show 2",
        "audit why 00001",
        "audit reconcile",
        "map check",
        "map coverage",
        "map test",
    ):
        answer = ask(*words.split(), language=language)
        assert answer.code in {0, 2}, (words, answer.err)
        assert len(answer.out.splitlines()) > 2, words
        assert [line for line in answer.out.splitlines() if cell_len(line) > 60] == [], words


def test_lines_in_a_file_do_not_end_in_blanks(home: Path) -> None:
    lines = piped(home, "plan", "--all").stdout.splitlines()
    headings = [line for line in lines if line.startswith(("Plan for", "Tiers", "Guards", "Worth knowing", "- "))]
    assert len(headings) > 3
    assert [line for line in headings if line != line.rstrip()] == []


@posix
def test_quiet_says_results_only(home: Path) -> None:
    report = home / "quiet.html"
    loud = in_a_window(home, "plan", "--report", str(report))
    quiet = in_a_window(home, "plan", "--quiet", "--report", str(report))
    assert "quiet.html" in loud
    assert "quiet.html" not in quiet
    assert "Reading customers" not in quiet
    assert "Plan for account set" in quiet


def test_quiet_hides_no_error(home: Path) -> None:
    done = piped(home, "--quiet", "plan", "--config", "nowhere.yaml")
    assert done.returncode == 65
    assert "nowhere.yaml" in done.stderr


# Readers that go away -------------------------------------------------------------------------------------------------


def read_one_line(home: Path, *words: str, **more: str) -> tuple[int, str]:
    """The exit code and what stands on standard error when the reader leaves after one line."""
    with subprocess.Popen(
        [sys.executable, "-m", "u8sync", *words],
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment(**more),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
        return process.wait(), said


@pytest.mark.parametrize("words", [["plan", "--all"], ["plan", "--json"], ["--help"]])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_leaves_is_no_error(fresh: Path, words: list[str], unbuffered: str) -> None:
    code, said = read_one_line(fresh, *words, PYTHONUNBUFFERED=unbuffered)
    assert said == ""
    assert code == (0 if words == ["--help"] else 2), "the exit code says what became of the command"


def test_a_run_goes_on_when_nobody_reads_any_more(fresh: Path, ask: Ask) -> None:
    assert ask("plan").code == 2
    code, said = read_one_line(fresh, "run", PYTHONUNBUFFERED="1")
    assert (code, said) == (0, "")
    assert ask("plan").code == 0, "everything was written"


@posix
def test_a_full_disk_is_told_and_the_run_is_done_all_the_same(fresh: Path, ask: Ask) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "u8sync", "run"],
            cwd=fresh,
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=environment(),
            check=False,
        )
    assert done.returncode == 2, "success would hide that the output is not whole"
    assert (
        done.stderr == "Part of the output could not be written: No space left on device. Everything else was done.\n"
    )
    assert ask("plan").code == 0


@posix
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_service_without_output_runs(home: Path, closed: str) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -m u8sync plan {closed}', sys.executable],
        cwd=home,
        env=environment(),
        check=False,
    )
    assert done.returncode == 0


def test_who_went_away_is_told_from_what_went_wrong() -> None:
    assert reader_gone(errno.EPIPE, "posix")
    assert reader_gone(errno.EINVAL, "nt"), "what Windows says of a pipe that was closed"
    assert not reader_gone(errno.EINVAL, "posix")
    assert not reader_gone(errno.ENOSPC, "posix")
    assert not reader_gone(errno.ENOSPC, "nt")


def test_a_stream_of_somebody_else_is_left_alone() -> None:
    own = io.StringIO()
    assert outlasting(own) is own


def test_a_gbk_console_gets_what_it_can_show(home: Path) -> None:
    done = piped(home, "plan", "--lang", "zh", PYTHONIOENCODING="gbk")
    assert done.returncode == 0
    assert "客户" in done.stdout
    assert "?" not in done.stdout


# Help texts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_help_text_fits_eighty_cells(ask: Ask, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    every = [path for path, _ in walk(cli)]
    assert len(every) > 40
    for path in every:
        monkeypatch.setenv("COLUMNS", "80")
        answer = ask(*path, "--help", language=language)
        assert answer.code == 0
        assert [line for line in answer.out.splitlines() if cell_len(line) > 80] == [], path
        options = [line for line in answer.out.splitlines() if re.match(r"  -", line)]
        starts = {cell_len(found[1]) for line in options if (found := re.match(r"(  \S.*?\s{2,})\S", line)) is not None}
        assert len(starts) <= 1, f"the texts of {path} do not stand below each other"


LETTERS = [*"abc |,.-()", *"客户等级，。（）“”：；①", "e\u0301", "客\u0301", "👨\u200d👩\u200d👧"]
TEXTS = st.lists(st.sampled_from(LETTERS), max_size=200).map("".join)


@given(text=TEXTS, width=st.integers(2, 90))
def test_wrapped_lines_fit_and_hold_every_word(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(text=TEXTS, width=st.integers(2, 90))
def test_no_character_is_torn_from_its_accent_and_no_family_apart(text: str, width: int) -> None:
    for line in wrapped(text, width):
        assert not line.startswith(("\u0301", "\u200d"))
        assert not line.endswith("\u200d")


@given(words=st.lists(st.sampled_from(["客户", "等级u8", "plan"]), min_size=1, max_size=60), width=st.integers(16, 90))
def test_no_line_begins_with_a_full_stop_or_ends_with_an_opening_mark(words: list[str], width: int) -> None:
    for line in wrapped("".join(f"“{word}”，" for word in words), width):
        assert line[0] not in "”，"
        assert line[-1] != "“"


def test_a_choice_breaks_behind_its_bar() -> None:
    assert wrapped("--allow [one|two|three|four]", 16) == ["--allow [one|", "two|three|four]"]

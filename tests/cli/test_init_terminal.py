"""``init`` in a terminal as the operating system makes one: letters of its encoding, and passwords that do not show."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from canary import WORD, hits, hits_below

from u8sync.config.settings import load_settings
from u8sync.errors import ExitCode


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "客户 分级"
    folder.mkdir()
    return folder


def at_a_terminal(
    here: Path, *words: str, answers: list[tuple[str, bytes]], encoding: str = "utf-8"
) -> tuple[int, str]:
    """Run the program in a terminal of its own; type each answer once the screen shows what it waits for."""
    pty = pytest.importorskip("pty", reason="Windows has terminals of another kind")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "u8sync", *words],
        cwd=here,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=_take_terminal,  # noqa: PLW1509 - nothing else makes it the terminal that passwords are asked at
        env={**os.environ, "PYTHONIOENCODING": encoding, "TERM": "dumb"},
    )
    os.close(theirs)
    screen = b""
    rest = list(answers)
    while True:
        ready, _, _ = select.select([ours], [], [], 120)
        if not ready:
            process.kill()
            process.wait()
            pytest.fail(f"nothing more came after {screen[-400:]!r}")
        try:
            part = os.read(ours, 65536)
        except OSError:  # how Linux tells that the other end is closed
            part = b""
        if not part:
            break
        screen += part
        if rest and rest[0][0].encode(encoding) in screen.rpartition(b"\x00")[2]:
            os.write(ours, rest.pop(0)[1])
            screen += b"\x00"  # what stood before has been answered
    os.close(ours)
    assert rest == []
    return process.wait(60), screen.replace(b"\x00", b"").decode(encoding)


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the tests themselves may run in the background of a shell


@pytest.mark.parametrize(
    ("language", "encoding", "first", "last"),
    [("en", "utf-8", "How is U8 reached?", "Next, in this order:"), ("zh", "gbk", "如何访问 U8？", "接下来，请依次：")],
)
def test_a_real_terminal_asks_in_its_own_letters(
    here: Path, language: str, encoding: str, first: str, last: str
) -> None:
    code, screen = at_a_terminal(
        here,
        *("--lang", language, "init", "--customers", "60"),
        answers=[
            ("[practice] > ", b"?\n"),
            ("[practice] > ", b"\n"),
            ("[Asia/Shanghai] > ", b"\n"),
            ("[audit] > ", "日志 夜\n".encode(encoding)),
            ("[yes] > ", b"no\n"),
            ("[cCusDefine5] > ", b"\n"),
        ],
        encoding=encoding,
    )
    assert code == 0, screen
    assert first in screen
    assert last in screen
    assert load_settings(here / "config.yaml").audit_folder.name == "日志 夜"


def test_a_password_is_not_shown_while_it_is_typed_and_ctrl_c_leaves_nothing(here: Path) -> None:
    words = ["--lang", "en", "init", "--yes", "--backend", "sqlserver", "--server", "127.0.0.1,1", "--login", "a"]
    code, screen = at_a_terminal(here, *words, answers=[("(not shown): ", WORD.encode() + b"\x03")])
    assert code == ExitCode.TEMPORARY
    assert not hits(WORD, screen)
    assert "Traceback" not in screen
    assert list(here.iterdir()) == []

    code, screen = at_a_terminal(here, *words, answers=[("(not shown): ", WORD.encode() + b"\n")])
    assert code in (ExitCode.TEMPORARY, ExitCode.UNREACHABLE)
    assert "Run 'u8sync init' again" in " ".join(screen.split())
    assert not hits(WORD, screen)
    assert not hits_below(WORD, here)

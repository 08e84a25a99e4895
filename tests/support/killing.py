"""Nights in processes of their own, that die or whose disk fails at a chosen system call.

What lives here is how to start them and where to hit them; what must hold afterwards is in :mod:`oracle`. The one idea:
a nursery imports everything once and forks a ready process for each night, so that a night costs a tenth of a second;
strace takes hold of it before its first step and does the killing. Linux only.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final, Self

__all__ = ["CALLS", "DISK", "WIRE", "Ended", "Night", "Nursery", "Point", "points_of", "require_strace"]

DISK: Final = (
    *("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "openat", "mkdir", "mkdirat"),
    *("rename", "renameat", "renameat2", "unlink", "unlinkat"),
)
"""The system calls that change what a disk holds."""

WIRE: Final = ("sendto", "recvfrom", "sendmsg", "recvmsg")
"""Those that carry bytes to a server and back."""

CALLS: Final = DISK + WIRE

_HEAVY: Final = (
    *("u8sync.cli.app", "u8sync.cli.running", "u8sync.cli.as_json", "u8sync.bootstrap.nights", "u8sync.report.html"),
    *("u8sync.report.terminal.plan", "u8sync.report.terminal.run", "u8sync.report.terminal.failure"),
    *("u8sync.report.no_progress", "u8sync.cli.log_reading", "encodings.gb18030"),
    *("matplotlib.lines", "matplotlib.patches", "matplotlib.text", "matplotlib.backends.backend_svg"),
    *("u8sync.report.progress", "u8sync.backends.sqlite", "u8sync.backends.sqlserver", "u8sync.backends.openapi"),
    *(
        "u8sync.engine.plan_file",
        "u8sync.engine.planner",
        "u8sync.audit.history",
        "rich.console",
        "polars",
        "tenacity",
        "zoneinfo",
    ),
    *(
        "requests",
        "sqlalchemy.dialects.sqlite",
        "sqlalchemy.dialects.mssql",
        "filelock",
        "gettext",
        "platform",
        "getpass",
    ),
)
_OPTIONAL: Final = ("pyodbc", "cryptography.hazmat.primitives.asymmetric.ed25519")
_ANY_TRACER: Final = (0x59616D61, -1)
"""``prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY)``: strace is no ancestor of what it is to trace."""


@dataclass(frozen=True)
class Point:
    """One moment of a night: just before a system call.

    Attributes:
        call: The system call.
        number: Which one of its name, from 1.
        on: The file's name, or ``server``.
    """

    call: str
    number: int
    on: str

    def __str__(self) -> str:
        return f"{self.call} {self.number} ({self.on})"

    def kill(self) -> str:
        """The words that make strace kill the process here; the call is not made."""
        return f"inject={self.call}:signal=KILL:when={self.number}"

    def signal(self, number: signal.Signals) -> str:
        """The words that make strace send a signal here; the call is made."""
        return f"inject={self.call}:signal={number.name}:when={self.number}"

    def fail(self, error: str) -> str:
        """The words that make the call fail with ``error``, e.g. ``ENOSPC``; it is not made."""
        return f"inject={self.call}:error={error}:when={self.number}"


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes:
        code: Its exit code; null when a signal ended it.
        killed_by: That signal.
        out: What it said on standard output.
        err: On standard error.
        trace: The lines of strace.
        cpu_s: Seconds of work that it took.
    """

    code: int | None
    killed_by: int | None
    out: str
    err: str
    trace: tuple[str, ...] = ()
    cpu_s: float = 0.0


def require_strace(folder: Path) -> None:
    """Skip the test where strace is missing or may not trace; fail there if drivers are required."""
    import pytest

    reason = None
    if sys.platform != "linux" or shutil.which("strace") is None:
        reason = "needs strace (apt-get install strace)"
    else:
        trial = subprocess.run(
            ["strace", "-o", folder / "trial", "-e", "inject=getppid:error=EIO", "true"],
            capture_output=True,
            check=False,
        )
        if trial.returncode:
            reason = f"strace may not trace here: {trial.stderr.decode(errors='replace').strip()}"
    if reason is None:
        return
    if os.environ.get("U8SYNC_REQUIRE_DRIVERS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def points_of(trace: Sequence[str], *places: Path) -> list[Point]:
    """The moments of a traced night that matter: calls on something below ``places``, and all bytes on the wire."""
    counts: Counter[str] = Counter()
    points = []
    for line in trace:
        call = line.partition("(")[0]
        counts[call] += 1
        if " = -1 E" in line:
            continue  # it changed nothing: a folder that is there already, a name that is not
        if call in WIRE:
            if "<TCP" in line:
                points.append(Point(call, counts[call], "server"))
            continue
        # Relative names start at the night's current folder, the first of the places.
        named = [places[0] / name for name in re.findall(r'[<"]([^>"]+)[>"]', line)]
        touched = [name for name in named if any(name.is_relative_to(place) for place in places)]
        if call in CALLS and touched and (call != "openat" or "O_CREAT" in line):
            points.append(Point(call, counts[call], re.sub(r"^[0-9a-f]{64}", "content", touched[-1].name)))
    return points


class Night:
    """A process that was started, and waits at its first step when it was told to."""

    def __init__(self, nursery: Nursery, pid: int, folder: Path, tracer: subprocess.Popen[bytes] | None) -> None:
        self.pid = pid
        self._nursery = nursery
        self._folder = folder
        self._tracer = tracer

    def go(self) -> None:
        """Let it begin."""
        os.kill(self.pid, signal.SIGCONT)

    def signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def work(self, seconds: float) -> None:
        """Wait until it has worked for so long, or has ended: whatever else this machine does meanwhile."""
        while True:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
            if fields[0] == "Z" or (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") >= seconds:
                return
            time.sleep(0.001)

    def reached(self, point: Point) -> bool:
        """Whether a traced night has made the call at ``point``."""
        with contextlib.suppress(FileNotFoundError):
            trace = (self._folder / "trace").read_text(errors="replace")
            return sum(line.startswith(f"{point.call}(") for line in trace.splitlines()) >= point.number
        return False

    def wait(self) -> Ended:
        """Wait for its end."""
        answer = self._nursery.ask(wait=self.pid)
        status = int(answer["status"])
        if self._tracer is not None:
            self._tracer.wait()
        trace = self._folder / "trace"
        return Ended(
            os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
            os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
            (self._folder / "out").read_text(encoding="utf-8", errors="replace"),
            (self._folder / "err").read_text(encoding="utf-8", errors="replace"),
            tuple(trace.read_text(errors="replace").splitlines()) if self._tracer is not None else (),
            float(answer["cpu_s"]),
        )


class Nursery:
    """Forks ready processes, from ``with`` to its end.

    Args:
        folder: Where what they say is kept.
        environment: Set in all of them, beside the present one.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._count = 0
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def ask(self, **words: Any) -> dict[str, Any]:
        """One question to the forking process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def prepare(
        self, home: Path, *words: str, trace: Sequence[str] = (), inject: Sequence[str] = (), **settings: Any
    ) -> Night:
        """A process that stands before its first step.

        Args:
            home: Its current folder.
            words: What follows ``u8sync``.
            trace: The system calls that strace writes down; none: no strace, unless ``inject`` needs one.
            inject: What strace does, see :class:`Point`.
            settings: ``file_bytes``: no file may grow beyond; ``umask``; ``environment``; ``ignore``: signals that it
                ignores from the start; ``unheard``: nobody reads what it says on standard output.
        """
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        pid = self.ask(cwd=str(home), words=words, folder=str(folder), **settings)["pid"]
        tracer = _attach(pid, folder, trace, inject) if trace or inject else None
        return Night(self, pid, folder, tracer)

    def run(self, home: Path, *words: str, **settings: Any) -> Ended:
        """The same from its first step to its end."""
        night = self.prepare(home, *words, **settings)
        night.go()
        return night.wait()


def _attach(pid: int, folder: Path, trace: Sequence[str], inject: Sequence[str]) -> subprocess.Popen[bytes]:
    calls = set(trace) | {words.partition("=")[2].partition(":")[0] for words in inject}
    # Without -f: only the thread that writes is held up, and a call has the same number in every night.
    command = ["strace", "-qq", "-yy", "-s", "0", "-e", "signal=none", "-o", str(folder / "trace"), "-p", str(pid)]
    known = ",".join(f"?{call}" for call in sorted(calls))
    command += ["-e", f"trace={known}"]
    for words in inject:
        command += ["-e", words]
    with (folder / "strace").open("wb") as said:
        tracer = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)
    status = Path(f"/proc/{pid}/status")
    while "TracerPid:\t0\n" in status.read_text():
        if tracer.poll() is not None:
            raise RuntimeError((folder / "strace").read_text())
        time.sleep(0.001)
    return tracer


# --- the forking process ----------------------------------------------------------------------------------------------


def _serve() -> None:
    for name in (*_HEAVY, *_OPTIONAL):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    _know_the_templates()
    for question in _questions():
        if "wait" in question:
            _, status, used = os.wait4(question["wait"], 0)
            answer = {"status": status, "cpu_s": used.ru_utime + used.ru_stime}
        else:
            answer = {"pid": _fork(question)}
        print(json.dumps(answer), flush=True)  # noqa: T201 - the answer


def _know_the_templates() -> None:
    """Compile what pages are made of once: in each night that draws one it takes longer than the page itself."""
    from u8sync.report.language import translator
    from u8sync.report.pages import page_environment

    environment = page_environment(translator("en"))  # the language of every night
    for file in resources.files("u8sync").joinpath("report", "templates").iterdir():
        if file.name.endswith((".j2", ".css")):
            environment.get_template(file.name)


def _questions() -> Iterator[dict[str, Any]]:
    for line in sys.stdin:
        yield json.loads(line)


def _fork(question: Mapping[str, Any]) -> int:
    pid = os.fork()
    if pid:
        os.waitpid(pid, os.WUNTRACED)  # until it stands before its first step
        return pid
    try:
        os._exit(_night(question))
    except SystemExit as end:
        os._exit(end.code if isinstance(end.code, int) else 1)
    except BaseException:  # noqa: BLE001 - the forked process must never go on as its parent
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
        os._exit(99)


def _night(question: Mapping[str, Any]) -> int:
    import resource

    from u8sync.cli.app import main

    folder = Path(question["folder"])
    for number, name in enumerate(("in", "out", "err")):
        path = os.devnull if name == "in" else str(folder / name)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)
    if question.get("unheard"):
        reader, writer = os.pipe()
        os.close(reader)
        os.dup2(writer, 1)
        os.close(writer)
    os.chdir(question["cwd"])
    os.environ.update(question.get("environment", {}))
    time.tzset()
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests themselves may run under nohup
    for number in question.get("ignore", ()):
        signal.signal(number, signal.SIG_IGN)
    if "umask" in question:
        os.umask(question["umask"])
    if "file_bytes" in question:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (question["file_bytes"], question["file_bytes"]))
    ctypes.CDLL(None).prctl(*_ANY_TRACER, 0, 0, 0)
    os.kill(os.getpid(), signal.SIGSTOP)
    try:
        main(["--lang", "en", *question["words"]])
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    _serve()

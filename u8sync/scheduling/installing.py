"""Telling the operating system, and asking it: the one module here that touches files and runs programs.

What is done is decided first (:class:`Setup`), so that it can be shown without being done; then it is carried out.
Nothing is removed that does not bear our mark or our name. What a tool says when it refuses is passed on word by word;
none of them is ever given a secret.
"""

from __future__ import annotations

import locale
import shutil
import subprocess
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from u8sync.errors import InputError, RefusedError
from u8sync.scheduling.crontab import block_in, cron_line, with_block, without_block
from u8sync.scheduling.systemd import MARK, service_unit, timer_unit
from u8sync.scheduling.task import Kind, Task
from u8sync.scheduling.task_scheduler import is_service_account, task_xml
from u8sync.text import Message, msg

__all__ = ["Machine", "NewFile", "Setup", "Step", "carry_out", "files_of", "installation", "present", "removal"]


@dataclass(frozen=True)
class Machine:
    """What the texts depend on besides the task.

    Attributes:
        system: Whether u8sync has the rights of root, so that systemd's units are the whole machine's.
        units: The folder of systemd's units.
        user: Who sets it up.
        files: The folder for the definition of a Windows task.
        minutes: Of the hour, at which starts come on this machine's clock.
        offsets: Distances of the account set's zone to UTC during a year; empty: the machine is in the same zone.
        today: The machine's day.
    """

    system: bool
    units: Path
    user: str
    files: Path
    minutes: frozenset[int]
    offsets: frozenset[timedelta]
    today: date


@dataclass(frozen=True)
class NewFile:
    """A file to write."""

    path: Path
    content: bytes


@dataclass(frozen=True)
class Step:
    """A program to run.

    Attributes:
        words: Program and arguments.
        stdin: What it is given; null: nothing.
        shown: What of it concerns us: the other lines of a crontab are nobody's business.
        asks: Whether it asks the person who sits there for a password.
    """

    words: tuple[str, ...]
    stdin: bytes | None = None
    shown: str | None = None
    asks: bool = False


@dataclass(frozen=True)
class Setup:
    """What is to be done, in this order.

    Attributes:
        before: Programs to run first.
        files: Files to write.
        gone: Files to remove.
        steps: Programs to run last.
        notes: What a person should know of it.
    """

    before: tuple[Step, ...] = ()
    files: tuple[NewFile, ...] = ()
    gone: tuple[Path, ...] = ()
    steps: tuple[Step, ...] = ()
    notes: tuple[Message, ...] = ()


def files_of(kind: Kind, task: Task, machine: Machine, folder: Path) -> tuple[NewFile, ...]:
    """The files of a scheduler, in this folder; for cron one with the block. Raises InputError."""
    match kind:
        case "windows":
            xml = task_xml(task, user=machine.user, first_day=machine.today, offsets=machine.offsets)
            return (NewFile(folder / f"{task.name}.xml", xml),)
        case "systemd":
            service = service_unit(task, system=machine.system)
            return (
                NewFile(folder / f"{task.name}.service", service.encode()),
                NewFile(folder / f"{task.name}.timer", timer_unit(task).encode()),
            )
        case "cron":
            block = with_block("", task.name, cron_line(task, machine.minutes))
            return (NewFile(folder / f"{task.name}.cron", _encoded(block)),)


def installation(kind: Kind, task: Task, machine: Machine) -> Setup:
    """What sets the task up, in the place of an earlier one of its name. Raises InputError, RefusedError."""
    match kind:
        case "windows":
            files = files_of(kind, task, machine, machine.files)
            words: tuple[str, ...] = ("schtasks", "/Create", "/TN", task.name, "/XML", str(files[0].path), "/F")
            asks = task.account is not None and not is_service_account(task.account)
            if asks:
                words += ("/RU", str(task.account), "/RP", "*")
            notes = () if task.account is not None else (_NO_PASSWORD,)
            return Setup(files=files, steps=(Step(words, asks=asks),), notes=notes)
        case "systemd":
            files = files_of(kind, task, machine, machine.units)
            for file in files:
                _refuse_foreign(file.path)
            start = Step((*_systemctl(machine), "enable", "--now", f"{task.name}.timer"))
            notes = () if machine.system else (_linger(machine.user),)
            return Setup(files=files, steps=(Step((*_systemctl(machine), "daemon-reload")), start), notes=notes)
        case "cron":
            if task.account is not None:
                raise InputError(
                    msg("A crontab belongs to the account that sets it up: --account is not for cron"),
                    hint=msg("Run the command as that account."),
                )
            line = cron_line(task, machine.minutes)
            new = with_block(_crontab(), task.name, line)
            return Setup(steps=(Step(("crontab", "-"), _encoded(new), with_block("", task.name, line)),))


def present(kind: Kind, name: str, machine: Machine) -> bool:
    """Whether the task is set up now. Raises InputError when the scheduler's tool is not there."""
    match kind:
        case "windows":
            return _call(Step(("schtasks", "/Query", "/TN", name))).returncode == 0
        case "systemd":
            return _is_ours(machine.units / f"{name}.timer") or _is_ours(machine.units / f"{name}.service")
        case "cron":
            return block_in(_crontab(), name) is not None


def removal(kind: Kind, name: str, machine: Machine) -> Setup | None:
    """What takes the task away; null: it is not set up. Raises InputError, RefusedError."""
    if not present(kind, name, machine):
        return None
    match kind:
        case "windows":
            file = machine.files / f"{name}.xml"
            gone = (file,) if file.exists() else ()
            return Setup(before=(Step(("schtasks", "/Delete", "/TN", name, "/F")),), gone=gone)
        case "systemd":
            units = [machine.units / f"{name}.{kind_of_unit}" for kind_of_unit in ("timer", "service")]
            return Setup(
                before=(Step((*_systemctl(machine), "disable", "--now", f"{name}.timer")),),
                gone=tuple(unit for unit in units if _is_ours(unit)),
                steps=(Step((*_systemctl(machine), "daemon-reload")),),
            )
        case "cron":
            return Setup(steps=(Step(("crontab", "-"), _encoded(without_block(_crontab(), name))),))


def carry_out(setup: Setup) -> None:
    """Do it. Raises InputError when a tool is not there, RefusedError when it or the file system refuses.

    Files are as they were when a tool refuses them.
    """
    for step in (*setup.before, *setup.steps):
        _tool(step.words[0])  # before anything is done: half a set-up is worse than none
    for step in setup.before:
        _run(step)
    earlier = {file.path: _content(file.path) for file in setup.files}
    try:
        for file in setup.files:
            file.path.parent.mkdir(parents=True, exist_ok=True)
            file.path.write_bytes(file.content)
        for path in setup.gone:
            path.unlink(missing_ok=True)
        try:
            for step in setup.steps:
                _run(step)
        except RefusedError:
            for path, content in earlier.items():
                if content is None:
                    path.unlink(missing_ok=True)
                else:
                    path.write_bytes(content)
            raise
    except OSError as error:
        raise RefusedError(
            msg("{path} cannot be written: {why}", path=str(error.filename), why=error.strerror or str(error)),
            hint=msg("Run the command with the rights that this needs, or have the files written with --out FOLDER."),
        ) from None


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


_NO_PASSWORD = msg(
    "The task runs as you, logged on or not, and without a stored password: it cannot use Windows authentication at"
    " another machine, nor network folders. If it needs them, name an account: --account DOMAIN\\NAME; Windows asks for"
    " its password."
)


def _linger(user: str) -> Message:
    return msg(
        "A user's timers stop when that user logs off. Let them go on with 'loginctl enable-linger {user}', or set the"
        " schedule up as root with --account {user}.",
        user=user,
    )


def _systemctl(machine: Machine) -> tuple[str, ...]:
    return ("systemctl",) if machine.system else ("systemctl", "--user")


def _refuse_foreign(path: Path) -> None:
    if path.exists() and not _is_ours(path):
        raise InputError(
            msg("{path} is there and was not made by u8sync", path=str(path)),
            hint=msg("Move it away, or give the schedule another name with --name."),
        )


def _is_ours(path: Path) -> bool:
    try:
        return path.read_bytes().startswith(MARK.encode())
    except OSError:
        return False


def _crontab() -> str:
    """The user's crontab; a user without one has an empty one."""
    done = _call(Step(("crontab", "-l")))
    if done.returncode == 0:
        return done.stdout.decode("utf-8", "surrogateescape")
    if b"no crontab for" in done.stderr:
        return ""
    raise _refused(("crontab", "-l"), done)


def _encoded(crontab: str) -> bytes:
    return crontab.encode("utf-8", "surrogateescape")


def _tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise InputError(
            msg("{tool} is not there on this machine", tool=name),
            hint=msg(
                "Choose the scheduler with --kind windows, systemd or cron; --out FOLDER only writes the files,"
                " for another machine."
            ),
        )
    return path


def _call(step: Step) -> subprocess.CompletedProcess[bytes]:
    command = [_tool(step.words[0]), *step.words[1:]]
    if step.asks:
        return subprocess.run(command, stderr=subprocess.PIPE, stdout=None, check=False)  # noqa: S603
    return subprocess.run(command, input=step.stdin or b"", capture_output=True, check=False)  # noqa: S603


def _run(step: Step) -> None:
    done = _call(step)
    if done.returncode != 0:
        raise _refused(step.words, done)


def _refused(words: tuple[str, ...], done: subprocess.CompletedProcess[bytes]) -> RefusedError:
    said = (done.stderr or b"") + b" " + (done.stdout or b"")
    text = " ".join(said.decode(locale.getpreferredencoding(do_setlocale=False), "replace").split())
    return RefusedError(
        msg("{tool} ended with {code}: {words}", tool=words[0], code=done.returncode, words=text or "-"),
        hint=msg(
            "The scheduler refused. Run the command with the rights that it asks for, for instance as an administrator"
            " or as root; 'u8sync schedule install --dry-run' shows what is run."
        ),
    )

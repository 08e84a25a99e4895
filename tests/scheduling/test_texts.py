"""What each scheduler is told, read back by its own rules: every path arrives as it was."""

from __future__ import annotations

import re
import shlex
import shutil
import string
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import assume, given
from hypothesis import strategies as some

from u8sync.errors import InputError
from u8sync.scheduling.crontab import block_in, cron_line, with_block, without_block
from u8sync.scheduling.systemd import service_unit, timer_unit
from u8sync.scheduling.task import Task
from u8sync.scheduling.task_scheduler import task_xml

FOLDER = "/srv/用友 100% & \"Q\" 'x' $HOME;#"
TASK = Task(
    "u8sync-1",
    ("/opt/u8 sync/python", "-P", "run", "--config", f"{FOLDER}/config.yaml"),
    FOLDER,
    ((2, 0), (14, 30)),
    "Asia/Shanghai",
)
SPACE = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
words = some.text(some.sampled_from(f"{string.ascii_letters}0 %&'\"$`!;#<>|*?~()[]{{}}=:,.-_/用友é"), max_size=30)
FIRST = date(2026, 11, 28)


def task(folder: str, arguments: Sequence[str]) -> Task:
    return replace(TASK, command=("/opt/python", *arguments), folder=f"/{folder}")


# --- crontab ---------------------------------------------------------------------------------------------------------


def as_cron_reads(line: str) -> str:
    """What cron hands to the shell: the sixth field on; a percent sign without a backslash would end the line."""
    command = line.split(maxsplit=5)[5] if line.count(" ") >= 5 else ""
    assert not re.search(r"(?<!\\)%", command)
    return command.replace("\\%", "%")


@given(words, some.lists(words, max_size=4))
def test_a_shell_gets_every_word_from_cron_as_it_was(folder: str, arguments: list[str]) -> None:
    line = cron_line(task(folder, arguments), {0})
    parts = shlex.split(as_cron_reads(line))
    assert parts == ["cd", f"/{folder}", "&&", "exec", "/opt/python", *arguments]


def test_the_real_shell_does_too(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER.replace("/", "_")
    folder.mkdir()
    show = ("/usr/bin/printf", "[%s]", *TASK.command[1:])
    line = cron_line(replace(TASK, command=show, folder=str(folder)), {0})
    done = subprocess.run(["/bin/sh", "-c", as_cron_reads(line)], capture_output=True, text=True, check=True)
    assert done.stdout == "".join(f"[{word}]" for word in TASK.command[1:])


def test_cron_knocks_every_hour_at_the_minutes_of_the_starts() -> None:
    assert cron_line(TASK, {30, 0}).startswith("0,30 * * * * cd ")


@pytest.mark.skipif(shutil.which("crontab") is None, reason="no crontab here")
def test_the_real_crontab_takes_the_block(tmp_path: Path) -> None:
    file = tmp_path / "crontab"
    file.write_text(with_block("MAILTO=''\n", "u8sync-1", cron_line(TASK, {0})), encoding="utf-8")
    done = subprocess.run(["crontab", "-n", str(file)], capture_output=True, text=True, check=False)
    if "invalid option" in done.stderr:
        pytest.skip("this crontab cannot only check")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("text", ["a\nb", "a\\b", "x" * 1000])
def test_what_no_line_of_a_crontab_can_hold_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        cron_line(task("f", [text]), {0})


@given(some.text(some.sampled_from("ab#\n %>< \r"), max_size=60), some.booleans())
def test_other_lines_of_a_crontab_stay_as_they_are(before: str, again: bool) -> None:
    once = with_block(before, "u8sync-1", "0 * * * * x")
    twice = with_block(once, "u8sync-1", "5 * * * * y") if again else once
    assert block_in(twice, "u8sync-1") == ("5 * * * * y\n" if again else "0 * * * * x\n")
    assert without_block(twice, "u8sync-1") in (before, f"{before}\n")
    assert without_block(before, "u8sync-1") == before


def test_two_blocks_live_beside_each_other() -> None:
    both = with_block(with_block("", "u8sync-1", "a"), "u8sync-2", "b")
    assert block_in(without_block(both, "u8sync-1"), "u8sync-2") == "b\n"


def test_a_block_that_was_cut_in_half_is_left_alone() -> None:
    cut = with_block("", "u8sync-1", "a").replace("# <<< u8sync-1\n", "")
    for what in (without_block, block_in):
        with pytest.raises(InputError, match="its first or last line is missing"):
            what(cut, "u8sync-1")


# --- systemd ---------------------------------------------------------------------------------------------------------


def as_systemd_reads(value: str) -> list[str]:
    """The words of ``ExecStart``, by systemd.service(5) and systemd.syntax(7)."""
    found = []
    for quoted in re.findall(r'"((?:[^"\\]|\\.)*)"', value):
        word = re.sub(r"\\(.)", r"\1", quoted)
        assert not re.search(r"(?<!%)(?:%%)*%(?!%)", word)
        found.append(word.replace("%%", "%"))
    return [found[0], *(word.replace("$$", "$") for word in found[1:])]


def value(unit: str, key: str) -> str:
    (line,) = [line for line in unit.splitlines() if line.startswith(f"{key}=")]
    return line.removeprefix(f"{key}=")


@given(words, some.lists(words | words.map("\\{}".format), max_size=4))
def test_systemd_gets_every_word_as_it_was(folder: str, arguments: list[str]) -> None:
    assume(folder == folder.strip())
    unit = service_unit(task(folder, arguments), system=True)
    assert as_systemd_reads(value(unit, "ExecStart")) == ["/opt/python", *arguments]
    assert value(unit, "WorkingDirectory").replace("%%", "%") == f"/{folder}"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
@pytest.mark.parametrize("account", [None, "root"])
def test_the_real_systemd_finds_no_fault(tmp_path: Path, account: str | None) -> None:
    folder = tmp_path / FOLDER.replace("/", "_")
    folder.mkdir()
    program = folder.parent / "my python"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    here = replace(TASK, command=(str(program), *TASK.command[1:]), folder=str(folder), account=account)
    units = [tmp_path / "u8sync-1.service", tmp_path / "u8sync-1.timer"]
    units[0].write_text(service_unit(here, system=True), encoding="utf-8")
    units[1].write_text(timer_unit(here), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *map(str, units)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "u8sync-1" in done.stderr) == (0, False), done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_the_real_systemd_knows_the_time_and_its_zone() -> None:
    for line in timer_unit(TASK).splitlines():
        if line.startswith("OnCalendar="):
            when = line.removeprefix("OnCalendar=")
            done = subprocess.run(
                ["systemd-analyze", "calendar", "--base-time=2026-11-28 12:00 UTC", when],
                capture_output=True, text=True, check=True, env={"TZ": "UTC", "LC_ALL": "C"},
            )  # fmt: skip
            assert any(each in done.stdout for each in ("2026-11-28 18:00:00 UTC", "2026-11-29 06:30:00 UTC"))


def test_a_service_is_asked_to_stop_and_given_the_time_for_it() -> None:
    unit = service_unit(TASK, system=True)
    assert (value(unit, "KillSignal"), value(unit, "TimeoutStopSec")) == ("SIGTERM", "10min")
    assert "Persistent=true" in timer_unit(TASK)


def test_a_users_own_manager_knows_no_network_and_no_other_account() -> None:
    assert "network-online" not in service_unit(TASK, system=False)
    with pytest.raises(InputError, match="Only root"):
        service_unit(replace(TASK, account="u8"), system=False)
    assert value(service_unit(replace(TASK, account="u8"), system=True), "User") == "u8"


@pytest.mark.parametrize(
    "broken",
    [
        replace(TASK, command=("/opt/$x/python",)),
        replace(TASK, command=("/opt/python", "a\nExecStart=/bin/evil")),
        replace(TASK, folder="/srv/x "),
        replace(TASK, folder="/srv/x\\"),
        replace(TASK, account="u8\nx"),
    ],
)
def test_what_no_unit_can_hold_is_refused(broken: Task) -> None:
    with pytest.raises(InputError):
        service_unit(broken, system=True)


# --- Windows ---------------------------------------------------------------------------------------------------------


def as_windows_reads(line: str) -> list[str]:
    """The words of a command line, by the rules of CommandLineToArgvW for all but the first."""
    found: list[str] = []
    word, inside, started, index = "", False, False, 0
    while index < len(line):
        slashes = len(line[index:]) - len(line[index:].lstrip("\\"))
        after = line[index + slashes : index + slashes + 1]
        if slashes and after == '"':
            word, started = word + "\\" * (slashes // 2), True
            index += slashes
            if slashes % 2:
                word += '"'
                index += 1
            continue
        if slashes:
            word, started, index = word + "\\" * slashes, True, index + slashes
            continue
        if after == '"':
            inside, started = not inside, True
        elif after in " \t" and not inside:
            if started:
                found.append(word)
            word, started = "", False
        else:
            word, started = word + after, True
        index += 1
    return [*found, word] if started else found


def read(data: bytes) -> ET.Element:
    assert data.startswith(b"\xff\xfe"), "schtasks wants UTF-16 with its mark"
    return ET.fromstring(data)  # noqa: S314 - our own


def text(root: ET.Element, path: str) -> str | None:
    found = root.find("/".join(f"{SPACE}{step}" for step in path.split("/")))
    assert found is not None
    return found.text


@given(words, some.lists(words | words.map("C:\\{}\\".format), max_size=4))
def test_windows_gets_every_word_as_it_was(folder: str, arguments: list[str]) -> None:
    here = task(folder, arguments)
    assume(not any(re.search(r"%[^%\\/:\s\"]+%|\$\(", each) for each in (*here.command, here.folder)))
    root = read(task_xml(here, user="HOST\\me", first_day=FIRST))
    assert as_windows_reads(text(root, "Actions/Exec/Arguments") or "") == arguments
    assert text(root, "Actions/Exec/Command") == "/opt/python"
    assert text(root, "Actions/Exec/WorkingDirectory") == f"/{folder}"


@pytest.mark.parametrize("part", ["C:\\%TEMP%\\x", "$(Arg0)", "a\x07"])
def test_what_the_task_scheduler_would_change_is_refused(part: str) -> None:
    with pytest.raises(InputError):
        task_xml(task("f", [part]), user="me", first_day=FIRST)


@pytest.mark.parametrize(
    ("account", "user", "logon"),
    [
        (None, "HOST\\me", "S4U"),
        ("CORP\\u8sync", "CORP\\u8sync", "Password"),
        ("NT AUTHORITY\\SYSTEM", "S-1-5-18", None),
    ],
)
def test_who_runs_it_and_with_which_rights(account: str | None, user: str, logon: str | None) -> None:
    root = read(task_xml(replace(TASK, account=account), user="HOST\\me", first_day=FIRST))
    assert text(root, "Principals/Principal/UserId") == user
    found = root.find(f".//{SPACE}LogonType")
    assert (None if found is None else found.text) == logon
    assert text(root, "Principals/Principal/RunLevel") == "LeastPrivilege"


def test_a_missed_start_is_made_up_for_and_a_second_run_never_stands_beside_the_first() -> None:
    root = read(task_xml(TASK, user="me", first_day=FIRST))
    settings = {
        "StartWhenAvailable": "true",
        "MultipleInstancesPolicy": "IgnoreNew",
        "ExecutionTimeLimit": "PT6H",
        "RunOnlyIfNetworkAvailable": "true",
    }
    assert {name: text(root, f"Settings/{name}") for name in settings} == settings


def test_a_machine_in_another_zone_gets_a_start_for_each_distance_to_utc() -> None:
    def begins(*hours: int) -> list[str | None]:
        offsets = [timedelta(hours=each) for each in hours]
        root = read(task_xml(replace(TASK, times=((2, 0),)), user="me", first_day=FIRST, offsets=offsets))
        return [each.text for each in root.iter(f"{SPACE}StartBoundary")]

    assert begins() == ["2026-11-28T02:00:00"]
    assert begins(-4, -5) == ["2026-11-28T02:00:00-05:00", "2026-11-28T02:00:00-04:00"]

"""The script of the test line installs what is missing if it may, says it if it may not, and never stops the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a script for Debian; Windows brings its ODBC along")

SCRIPT = Path(__file__).parent.parent / "system-packages.sh"
MISSING = "exit 1"
PRESENT = "exit 0"


class Machine:
    """A folder of programs that the script finds, and nothing else; what apt-get was asked for is in ``asked``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked = folder / "asked"
        self.has("env", f'exec {shutil.which("env")} "$@"')
        for name in ("python3", "strace", "openssl", "chromium"):
            self.has(name, PRESENT)
        self.has("fc-list", "echo WenQuanYi Zen Hei")

    def has(self, name: str, body: str) -> None:
        program = self.folder / name
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o755)

    def has_apt(self, body: str = PRESENT) -> None:
        self.has("apt-get", f'echo "$DEBIAN_FRONTEND" "$@" >> "{self.asked}"; {body}')

    def run(self) -> str:
        """Its output; it must have ended well."""
        done = subprocess.run(
            ["/bin/sh", SCRIPT], env={"PATH": str(self.folder)}, capture_output=True, text=True, encoding="utf-8",
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert not done.stderr
        return done.stdout


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def as_root(machine: Machine) -> None:
    machine.has("id", "echo 0")


def as_user(machine: Machine) -> None:
    machine.has("id", "echo 1000")


def test_nothing_is_done_where_everything_is_there(machine: Machine) -> None:
    machine.has("odbcinst", PRESENT)
    assert machine.run() == ""


def test_root_installs_exactly_what_is_missing(machine: Machine) -> None:
    machine.has("python3", MISSING)
    for name in ("strace", "openssl", "chromium", "fc-list"):
        (machine.folder / name).unlink()
    machine.has_apt()
    as_root(machine)
    every = "python3-venv unixodbc tdsodbc strace openssl chromium fontconfig fonts-wqy-zenhei"
    assert machine.run() == ""
    assert machine.asked.read_text().splitlines() == [
        " update",
        f"noninteractive install -y --no-install-recommends {every}",
    ]


def test_what_is_there_is_not_installed_again(machine: Machine) -> None:
    machine.has("odbcinst", MISSING)
    machine.has_apt()
    as_root(machine)
    machine.run()
    assert machine.asked.read_text().splitlines()[-1].endswith("--no-install-recommends tdsodbc")


def test_a_machine_without_chinese_letters_gets_some(machine: Machine) -> None:
    machine.has("odbcinst", PRESENT)
    machine.has("fc-list", PRESENT)
    machine.has_apt()
    as_root(machine)
    machine.run()
    assert machine.asked.read_text().splitlines()[-1].endswith("--no-install-recommends fontconfig fonts-wqy-zenhei")


def test_a_user_installs_with_sudo_that_asks_no_password(machine: Machine) -> None:
    machine.has_apt()
    as_user(machine)
    machine.has("sudo", 'shift; exec "$@"')
    machine.has("true", PRESENT)
    assert machine.run() == ""
    assert len(machine.asked.read_text().splitlines()) == 2


@pytest.mark.parametrize("why", ["no apt-get", "no sudo", "sudo asks for a password", "the network is down"])
def test_what_may_not_be_installed_is_named_in_both_languages(machine: Machine, why: str) -> None:
    if why != "no apt-get":
        machine.has_apt(MISSING if why == "the network is down" else PRESENT)
    if why == "the network is down":
        as_root(machine)
    else:
        as_user(machine)
    if why == "sudo asks for a password":
        machine.has("sudo", MISSING)
    english, chinese = machine.run().splitlines()
    assert english == "Not installed: tdsodbc. Tests that need them are skipped. As root: apt-get install tdsodbc"
    assert "apt-get install tdsodbc" in chinese
    assert "未安装" in chinese


def test_the_script_is_one_that_every_shell_understands() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    assert text.startswith("#!/bin/sh\n")
    assert os.access(SCRIPT, os.X_OK)
    subprocess.run(["/bin/sh", "-n", SCRIPT], check=True)

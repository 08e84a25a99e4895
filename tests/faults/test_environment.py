"""Odd surroundings: other locales, no home, no terminal, no driver. A night is the same, or says what it lacks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from deaths import FileSite

BAD_INPUT, UNREACHABLE = 65, 69
SURROUNDINGS = {
    "the C locale": {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "a GBK console": {"PYTHONIOENCODING": "gbk", "U8SYNC_LANG": "zh"},
    "an ASCII console": {"PYTHONIOENCODING": "ascii", "U8SYNC_LANG": "zh"},
    "no home": {"HOME": "", "USER": "", "LOGNAME": ""},
    "a home that is not there": {"HOME": "/nonexistent", "XDG_CONFIG_HOME": "/nonexistent"},
    "a terminal that nobody knows": {"TERM": "dumb", "COLUMNS": "20"},
    "bytes in the environment that are no text": {"U8SYNC_NOTE": "\udcff\udcfe"},
}


@pytest.mark.parametrize("name", SURROUNDINGS)
def test_a_night_is_the_same_in_any_surroundings(new_home: Path, tmp_path: Path, name: str) -> None:
    home = FileSite(new_home, tmp_path).fresh()
    environment = {key: value for key, value in {**os.environ, **SURROUNDINGS[name]}.items() if value}
    night = subprocess.run(
        [sys.executable, "-m", "u8sync", "run"], cwd=home, env=environment, capture_output=True, check=False
    )
    assert night.returncode == 0, night.stderr.decode(errors="replace")
    assert b"Traceback" not in night.stderr
    again = subprocess.run(
        [sys.executable, "-m", "u8sync", "audit", "verify"], cwd=home, env=environment, capture_output=True, check=False
    )
    assert again.returncode == 0, again.stderr.decode(errors="replace")


def test_a_driver_that_is_not_there_is_told_by_name(new_home: Path, tmp_path: Path) -> None:
    home = FileSite(new_home, tmp_path).fresh()
    settings = yaml.safe_load((home / "config.yaml").read_text(encoding="utf-8"))
    settings["account_set"] = {
        "backend": "sqlserver",
        "server": "127.0.0.1",
        "account": "999",
        "driver": "ODBC Driver 99",
    }
    (home / "config.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    night = subprocess.run([sys.executable, "-m", "u8sync", "run"], cwd=home, capture_output=True, check=False)
    said = night.stderr.decode(errors="replace")
    assert night.returncode in {BAD_INPUT, UNREACHABLE}, said
    assert "ODBC Driver 99" in said
    assert "Traceback" not in said
    assert not (home / "audit").exists()

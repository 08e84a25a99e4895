"""Starting is quick because heavy libraries are imported by the commands that need them, and by no other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from u8sync import __version__

HEAVY = (
    "polars",
    "sqlalchemy",
    "pydantic",
    "yaml",
    "jinja2",
    "tenacity",
    "filelock",
    "babel",
    "requests",
    "pyodbc",
    "xlsxwriter",
    "openpyxl",
    "rapidfuzz",
    "pypinyin",
    "cronsim",
    "chinese_calendar",
)


@pytest.mark.parametrize(
    "words",
    [
        "--version",
        "--help",
        "plan --help",
        "sandbox --help",
        "audit --help",
        "audit sample --help",
        "audit why --help",
        "map coverage --help",
        "map test --help",
        "map schema --help",
        "tiers --help",
        "tiers list --help",
        "tiers simulate --help",
        "schedule --help",
        "schedule install --help",
    ],
)
def test_asking_for_help_loads_nothing_heavy(words: str) -> None:
    code = (
        "import sys\nfrom u8sync.cli.app import call\n"
        f"call({words.split()!r}, language='en')\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "u8sync", *words],
        capture_output=True,
        encoding=environment.get("PYTHONIOENCODING", "utf-8"),
        env={**os.environ, **environment},
        check=False,
    )


def test_the_version_is_shown() -> None:
    assert run("--version").stdout.strip() == f"u8sync {__version__}"


@pytest.mark.parametrize(
    ("words", "environment", "expected"),
    [
        pytest.param(["--lang", "zh", "--help"], {}, "用法", id="asked for before the command"),
        pytest.param(["plan", "--help", "--lang=zh"], {}, "选项", id="asked for behind it"),
        pytest.param(["--help"], {"U8SYNC_LANG": "zh"}, "用法", id="U8SYNC_LANG"),
        pytest.param(["--help"], {"U8SYNC_LANG": "", "LC_ALL": "zh_CN.UTF-8"}, "用法", id="the locale"),
        pytest.param(["--lang", "en", "--help"], {"U8SYNC_LANG": "zh"}, "Usage", id="the option before all"),
        pytest.param(["plan", "--nonsense"], {"U8SYNC_LANG": "zh"}, "没有选项", id="mistakes too"),
    ],
)
def test_the_language_is_chosen(words: list[str], environment: dict[str, str], expected: str) -> None:
    done = run(*words, **environment)
    assert expected in done.stdout + done.stderr


def test_an_unknown_language_is_refused() -> None:
    done = run("--lang", "fr", "plan")
    assert done.returncode == 65
    assert "'fr'" in done.stderr


def test_a_gbk_console_shows_chinese_and_never_ends_a_run(tmp_path: Path) -> None:
    done = run("demo", "--dir", str(tmp_path / "示例"), U8SYNC_LANG="zh", PYTHONIOENCODING="gbk")
    assert done.returncode == 0, done.stderr
    assert "推荐" in done.stdout


def test_an_ascii_console_never_ends_a_run(tmp_path: Path) -> None:
    done = run("demo", "--dir", str(tmp_path / "demo"), U8SYNC_LANG="zh", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr

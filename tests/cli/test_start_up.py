"""Starting is quick because heavy libraries are imported by the commands that need them, and by no other."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from cli_home import draw_pages

from u8sync import __version__

QUICK = ("rich.console", "u8sync.ports", "u8sync.domain.run_entry", "importlib.resources", "importlib.metadata")
"""What no help needs."""

WIRES = ("requests", "pyodbc", "mssql_python", "opentelemetry", "apprise", "distributed", "dask", "keyring")
FRAMES = ("numpy", "pandas", "matplotlib", "scipy")
FILES = ("xlsxwriter", "openpyxl", "jinja2", "babel", "rapidfuzz", "pypinyin", "questionary", "chinese_calendar")
RUN_ONLY = ("structlog", "prometheus_client", "cryptography")
CORE = ("polars", "sqlalchemy", "pydantic", "yaml", "tenacity", "filelock", "cronsim", "msgspec")

NEVER = (*WIRES, *FRAMES, *FILES, *RUN_ONLY)
"""What neither a help nor a look at the runs nor a plan needs, on an account set that is a file."""

CODE = """
import sys
from u8sync.cli.app import main
try:
    main({words!r})
except SystemExit as end:
    code = end.code
print(code, sorted(name for name in {heavy!r} if name in sys.modules), file=sys.stderr)
"""


def imported(words: str, heavy: Sequence[str], folder: Path | None = None) -> tuple[str, str]:
    """Exit code and which of these modules were imported, in one line, and what the command printed."""
    code = CODE.format(words=words.split(), heavy=heavy)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", cwd=folder, check=True)
    return done.stderr.splitlines()[-1], done.stdout


@pytest.mark.parametrize(
    "words",
    [
        "--version",
        "--help",
        "--lang zh --help",
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
        "status --help",
        "run --help",
    ],
)
def test_asking_for_help_loads_nothing_heavy(words: str) -> None:
    said, _ = imported(words, (*NEVER, *CORE, *QUICK))
    assert said == "0 []"


@pytest.mark.parametrize("words", ["--version", "--help", "--lang zh --help"])
def test_version_and_help_load_no_command(words: str) -> None:
    said, _ = imported(words, ("u8sync.cli.running", "u8sync.cli.options", "u8sync.cli.completing", "u8sync.domain"))
    assert said == "0 []"


@pytest.mark.parametrize("words", ["status", "runs", "runs show last"])
def test_a_look_at_the_runs_loads_neither_frames_nor_a_way_into_u8(home: Path, words: str) -> None:
    heavy = (*NEVER, "polars", "sqlalchemy", "tenacity", "asyncio", "rich.progress", "u8sync.bootstrap.installation")
    said, printed = imported(words, heavy, home)
    assert said == "0 []"
    assert printed


def test_a_plan_loads_nothing_of_what_only_runs_and_reports_need(home: Path) -> None:
    said, printed = imported("plan", (*NEVER, "rich.progress", "u8sync.anchoring", "u8sync.engine.nightly"), home)
    assert said == "0 []"
    assert printed


def test_a_run_loads_no_way_of_telling_that_the_configuration_does_not_ask_for(home: Path) -> None:
    said, printed = imported("run", (*WIRES, "pandas", "prometheus_client", "xlsxwriter", "openpyxl", "babel"), home)
    assert said == "0 []"
    assert printed


def test_what_is_looked_for_is_found_where_it_is_needed(home: Path) -> None:
    draw_pages(home)
    said, _ = imported("run", ("polars", "structlog", "matplotlib", "jinja2"), home)
    assert said == "0 ['jinja2', 'matplotlib', 'polars', 'structlog']"


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


@pytest.mark.parametrize(("wanted", "seen"), [("", "seen"), (None, "")], ids=["who asks for plugins", "who does not"])
def test_no_plugin_of_another_program_gets_to_see_a_configuration(
    home: Path, tmp_path: Path, wanted: str | None, seen: str
) -> None:
    plugin = tmp_path / "packages"
    (plugin / "nosy-1.dist-info").mkdir(parents=True)
    (plugin / "nosy-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: nosy\nVersion: 1\n")
    (plugin / "nosy-1.dist-info" / "entry_points.txt").write_text("[pydantic]\nnosy = nosy:PLUGIN\n")
    (plugin / "nosy.py").write_text(
        "class Plugin:\n"
        "    def new_schema_validator(self, *_given, **_named):\n"
        f"        open({str(tmp_path / 'seen')!r}, 'w').write('seen')\n"
        "        return None, None, None\n"
        "PLUGIN = Plugin()\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(plugin)])}
    environment.pop("PYDANTIC_DISABLE_PLUGINS", None)
    if wanted is not None:
        environment["PYDANTIC_DISABLE_PLUGINS"] = wanted
    done = subprocess.run([sys.executable, "-m", "u8sync", "status"], cwd=home, env=environment, check=False)
    assert done.returncode in {0, 2}
    assert ((tmp_path / "seen").read_text() if (tmp_path / "seen").exists() else "") == seen


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc; polars brings another allocator along on Windows")
def test_memory_that_a_step_has_done_with_goes_back_to_the_system() -> None:
    code = """
from pathlib import Path
from u8sync.cli.process import set_up
set_up()
import polars as pl

def held():  # MiB
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024

before = held()
columns = [pl.Series([number]).new_from_index(0, 1_000_000) for number in range(20)]
between = held()
del columns
print(between - before, held() - before)
"""
    environment = {name: value for name, value in os.environ.items() if name != "_RJEM_MALLOC_CONF"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    taken, kept = map(int, done.stdout.split())
    assert taken > 100
    assert kept < taken / 4

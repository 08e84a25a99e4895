"""Completion in the shells themselves where they are installed, and the protocol that PowerShell speaks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cli_home import Ask
from command_tree import loaded

from u8sync.cli.app import cli
from u8sync.cli.completing import SHELLS, complete_runs

HEAVY = ("polars", "sqlalchemy", "pydantic", "yaml", "jinja2", "rich.console", "xlsxwriter")
OLD, NEW = "20261101T183100Z-7f3a00", "20261102T183100Z-0b1c2d"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with two runs, and a u8sync that the shells find."""
    for name in (OLD, NEW, "fleet", "notes.txt"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    (tmp_path / "config.yaml").write_text("version: 1\n", encoding="utf-8")
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    command = bin_folder / "u8sync"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m u8sync "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return tmp_path


def shell(place: Path, name: str, script: str) -> list[str]:
    """What a shell prints that has loaded the completion, a line each."""
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is not installed")
    environment = {**os.environ, "PATH": f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}", "U8SYNC_LANG": "en"}
    environment.pop("ENV", None)
    done = subprocess.run(
        [program, "-c", script], cwd=place, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def in_bash(place: Path, *words: str) -> list[str]:
    line = " ".join(f"'{word}'" for word in words)
    return shell(
        place,
        "bash",
        f'eval "$(u8sync completion bash)"; complete -p u8sync >/dev/null || exit 1; COMP_WORDS=({line});'
        f' COMP_CWORD={len(words) - 1}; _u8sync_completion u8sync; printf "%s\\n" "${{COMPREPLY[@]}}"',
    )


def in_powershell(place: Path, *words: str) -> list[list[str]]:
    """What the script gets to read when these words were typed."""
    environment = {
        **os.environ,
        "_U8SYNC_COMPLETE": "powershell_complete",
        "COMP_WORDS": "\n".join(words),
        "COMP_CWORD": str(len(words) - 1),
        "U8SYNC_LANG": "zh",
        "PYTHONIOENCODING": "utf-8",
    }
    done = subprocess.run(
        [sys.executable, "-m", "u8sync"], cwd=place, env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_bash_completes_commands_options_choices_and_runs(place: Path) -> None:
    assert in_bash(place, "u8sync", "pl") == ["plan"]
    assert set(in_bash(place, "u8sync", "audit", "")) >= {"list", "verify", "why"}
    assert set(in_bash(place, "u8sync", "plan", "--a")) == {"--as-of", "--all", "--allow"}
    assert "share_changed" in in_bash(place, "u8sync", "plan", "--allow", "")
    assert in_bash(place, "u8sync", "plan", "--undo", "") == [NEW, OLD]
    assert in_bash(place, "u8sync", "audit", "list", "--run", "20261101") == [OLD]


def test_fish_completes_with_what_the_names_mean(place: Path) -> None:
    lines = shell(place, "fish", 'u8sync completion fish | source; complete -C "u8sync pl"')
    assert len(lines) == 1
    assert lines[0].startswith("plan\tShow what would change")


def test_zsh_takes_the_script(place: Path) -> None:
    script = 'autoload -Uz compinit; compinit -D -u; eval "$(u8sync completion zsh)"; print -r -- $_comps[u8sync]'
    assert shell(place, "zsh", script) == ["_u8sync_completion"]


def test_powershell_gets_kind_value_and_help_in_the_users_language(place: Path) -> None:
    assert in_powershell(place, "u8sync", "pl") == [["plain", "plan", "显示将会变更的内容及原因。"]]
    assert [value for _, value, _ in in_powershell(place, "u8sync", "plan", "--undo", "")] == [NEW, OLD]
    assert [kind for kind, *_ in in_powershell(place, "u8sync", "plan", "--out", "x")] == ["file"]
    for line in in_powershell(place, "u8sync", "plan", "--allow", ""):
        assert len(line) == 3
        assert all(line), "PowerShell refuses an empty help"


def test_the_powershell_script_leaves_the_session_as_it_was(ask: Ask) -> None:
    script = ask("completion", "powershell").out
    assert script.startswith("Register-ArgumentCompleter -Native -CommandName u8sync -ScriptBlock {")
    assert "%(" not in script
    for opening, closing in ("{}", "()", "[]"):
        # Those within the pattern of characters to quote come in pairs as well, but for its own bracket.
        assert script.count(opening) == script.count(closing)
    body, cleaning = script.split("finally {")
    for name in ("_U8SYNC_COMPLETE", "COMP_WORDS", "COMP_CWORD", "PYTHONIOENCODING"):
        assert f"$env:{name} =" in body
        assert f"Env:{name}" in cleaning or name in cleaning
    assert "[Console]::OutputEncoding = $encoding" in cleaning


@pytest.mark.parametrize("name", SHELLS)
def test_each_script_names_the_program_and_no_path(ask: Ask, name: str) -> None:
    answer = ask("completion", name)
    assert answer.code == 0
    assert "u8sync" in answer.out
    assert str(Path.home()) not in answer.out
    assert answer.err == ""


def test_a_shell_that_nobody_knows_is_refused(ask: Ask) -> None:
    answer = ask("completion", "tcsh")
    assert answer.code == 65
    assert "powershell" in answer.err


@pytest.mark.parametrize(
    ("config", "folder"),
    [
        pytest.param("version: 1\n", "runs", id="not said"),
        pytest.param("runs:\n  folder: nights\n", "nights", id="said"),
        pytest.param(
            "runs:   # 历史\n  keep_days: 9 # d\n\n  folder: 'two words' # c\n", "two words", id="further down"
        ),
        pytest.param('runs: {keep_days: 9, folder: "nights"}\n', "nights", id="in one line"),
        pytest.param("audit:\n  folder: log\nruns:\n  keep_days: 9\nother:\n  folder: no\n", "runs", id="of others"),
        pytest.param("\udcff: [", "runs", id="no YAML at all"),
    ],
)
def test_the_runs_are_found_where_the_configuration_keeps_them(tmp_path: Path, config: str, folder: str) -> None:
    path = tmp_path / "other.yaml"
    path.write_bytes(config.encode("utf-8", "surrogateescape"))
    (tmp_path / folder / NEW).mkdir(parents=True)
    assert offered(path) == [NEW]


def offered(config: Path) -> list[str]:
    plan = loaded(cli.commands["plan"])
    with plan.make_context("plan", ["--config", str(config)], resilient_parsing=True) as context:
        return [item.value for item in complete_runs(context, plan.params[0], "")]


def test_only_the_newest_runs_are_offered(tmp_path: Path) -> None:
    names = [f"202611{day:02}T{hour:02}0000Z-000000" for day in range(1, 29) for hour in range(3)]
    for name in names:
        (tmp_path / "runs" / name).mkdir(parents=True)
    (tmp_path / "config.yaml").write_text("version: 1\n", encoding="utf-8")
    assert offered(tmp_path / "config.yaml") == sorted(names, reverse=True)[:50]


def test_nothing_is_offered_and_nothing_said_where_there_is_nothing(tmp_path: Path) -> None:
    assert offered(tmp_path / "nowhere.yaml") == []


def test_a_key_press_loads_nothing_heavy(place: Path) -> None:
    code = (
        "import sys\nfrom u8sync.cli.app import call\n"
        "try:\n    call([], language='en')\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    environment = {
        **os.environ,
        "_U8SYNC_COMPLETE": "bash_complete",
        "COMP_WORDS": "u8sync\nplan\n--undo\n",
        "COMP_CWORD": "3",
    }
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=place, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [f"plain,{NEW}", f"plain,{OLD}"]
    assert done.stderr.strip() == "[]"

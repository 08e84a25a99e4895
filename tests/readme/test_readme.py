"""The READMEs, the CI script and the examples say what is true."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
from command_tree import below, walk

from u8sync.cli.app import cli
from u8sync.domain.metrics import METRICS
from u8sync.domain.names import GUARDS
from u8sync.domain.operators import OPERATORS
from u8sync.errors import ExitCode

ROOT = Path(__file__).parent.parent.parent
READMES = ["README.md", "README.zh-CN.md"]
RUN = "python3 -m venv .venv && .venv/bin/python -m pip install . && .venv/bin/u8sync demo"
PACKAGES = "sh tests/system-packages.sh && "
TEST = 'python3 -m venv .venv && .venv/bin/python -m pip install -e ".[test]" && .venv/bin/python -m pytest -n auto'

every_readme = pytest.mark.parametrize("name", READMES)


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@every_readme
def test_two_lines_do_all_the_set_up_and_their_windows_forms_stand_beside_them(name: str) -> None:
    lines = text(name).splitlines()
    for packages, line in (("", RUN), (PACKAGES, TEST)):
        windows = line.replace("python3", "py", 1).replace(".venv/bin/", ".venv\\Scripts\\")
        assert packages + line in lines
        assert windows in lines


def test_ci_runs_the_test_line_as_it_stands_in_the_readme() -> None:
    assert PACKAGES + TEST in text(".ci/run").splitlines()


def test_ci_fails_where_a_driver_is_missing() -> None:
    assert "export U8SYNC_REQUIRE_DRIVERS=1" in text(".ci/run").splitlines()


def test_the_packages_that_the_lines_install_exist() -> None:
    project = text("pyproject.toml")
    assert 'u8sync = "u8sync.cli.app:main"' in project
    assert re.search(r"^test = \[", project, re.MULTILINE)
    for needed in ("mssql-python>=", "pyodbc>=", "pytest>=", "pytest-xdist>="):
        assert needed in project


def test_every_extra_that_is_named_exists() -> None:
    sources = [path for folder in ("u8sync", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    found = [path.read_text(encoding="utf-8") for path in [*sources, *(ROOT / name for name in READMES)]]
    named = {
        extra for text_ in found for words in re.findall(r"u8sync\[([a-z,-]+)\]", text_) for extra in words.split(",")
    }
    offered = tomllib.loads(text("pyproject.toml"))["project"]["optional-dependencies"]
    assert {"sqlserver", "mssql-python", "keyring"} <= named <= offered.keys()


@every_readme
def test_every_command_that_is_named_exists(name: str) -> None:
    named = set(re.findall(r"(?:`|\.venv/bin/|\\Scripts\\)u8sync ((?:[a-z]+)(?: [a-z]+)?)", text(name)))
    assert len(named) > 8
    for words in named:
        command: click.Command = cli
        for word in words.split():
            if inner := below(command):
                assert word in inner, words
                command = inner[word]


@every_readme
def test_every_command_is_named(name: str) -> None:
    for outer, command in below(cli).items():
        for inner in below(command) or ("",):
            assert f"u8sync {outer} {inner}".strip() in text(name)


@every_readme
def test_every_exit_code_guard_operator_and_option_is_explained(name: str) -> None:
    for code in ExitCode:
        assert f"| {code.value} |" in text(name)
    for word in (*GUARDS, *OPERATORS):
        assert f"`{word}`" in text(name)
    for option in re.findall(r"`(--[a-z-]+)", text(name)):
        known = {"--help", *(name for _, command in walk(cli) for param in command.params for name in param.opts)}
        assert option in known


def test_every_metric_stands_in_the_example_policy() -> None:
    for metric in METRICS:
        assert metric in text("mappings/tiers.yaml")


@every_readme
def test_every_file_that_is_linked_exists(name: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", text(name)):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target


@every_readme
def test_both_readmes_have_the_same_commands(name: str) -> None:
    blocks = re.findall(r"```(?:sh|bat)\n(.*?)```", text(name), re.DOTALL)
    assert blocks == re.findall(r"```(?:sh|bat)\n(.*?)```", text("README.md"), re.DOTALL)


def test_a_wheel_brings_the_example_files_and_the_catalogue(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="the build backend is not installed: pip install hatchling")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    import zipfile

    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    for needed in (
        "u8sync/examples/config.example.yaml",
        "u8sync/examples/mappings/customer.yaml",
        "u8sync/examples/mappings/customer.cases.yaml",
        "u8sync/locale/zh_CN/LC_MESSAGES/u8sync.mo",
        "u8sync/report/templates/report.html.j2",
        "u8sync/config/schemas/mapping.schema.json",
        "u8sync/config/schemas/cases.schema.json",
        "u8sync/pytest_plugin.py",
        "u8sync/py.typed",
    ):
        assert needed in names

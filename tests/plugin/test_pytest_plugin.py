"""The pytest plugin: cases as tests, found by pytest itself, and no burden to projects that have none."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAPPING = """\
version: 1
fields:
  code: {label: 编码, columns: {sql: cCusCode}}
  kind: {label: 类型, columns: {sql: cKind}, operators: [{table: kinds}]}
tables: {kinds: {values: {"01": 一般, "04": VIP}}}
"""
CASES = """\
version: 1
mapping: customer.yaml
cases:
  - {name: 好的, given: {cKind: "01"}, expect: {kind: 一般}}

  - name: not [so] good
    given: {cKind: "04"}
    expect: {kind: 一般}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project of somebody: a mapping with its cases."""
    for name, text in (("customer.yaml", MAPPING), ("customer.cases.yaml", CASES)):
        (tmp_path / name).write_text(text, encoding="utf-8", newline="\n")
    return tmp_path


def run(folder: Path, *words: str, code: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Pytest in that folder, with this plugin and no other; as strict as a project can be."""
    strict = ["-p", "no:cacheprovider", "-W", "error", "--strict-markers", "--import-mode=importlib"]
    command = ["-m", "pytest", "-p", "u8sync.pytest_plugin", *strict, *words] if code is None else ["-c", code]
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONIOENCODING": "utf-8",
            "COLUMNS": "150",
            "U8SYNC_LANG": "en",
            **environment,
        },
        check=False,
    )


def test_each_case_is_one_test_with_its_name(folder: Path) -> None:
    done = run(folder, "-v")
    assert done.returncode == 1
    assert "customer.cases.yaml::好的 PASSED" in done.stdout
    assert "customer.cases.yaml::not [so] good FAILED" in done.stdout
    assert "1 failed, 1 passed" in done.stdout


def test_a_failure_says_what_differs_and_which_line_decided(folder: Path) -> None:
    lines = run(folder).stdout.splitlines()
    assert "customer.cases.yaml:6: not [so] good (sql)" in lines
    assert ["kind", "一般", "VIP", "customer.yaml:5"] in [line.split() for line in lines]
    assert not any("Traceback" in line or "pytest_plugin.py" in line for line in lines)


def test_a_case_is_chosen_by_its_name_and_located_by_its_line(folder: Path) -> None:
    assert run(folder, "customer.cases.yaml::好的").returncode == 0
    assert run(folder, "-k", "good").returncode == 1
    done = run(folder, "--junit-xml=out.xml", "-o", "junit_family=xunit1")
    assert done.returncode == 1
    assert 'file="customer.cases.yaml" line="5"' in (folder / "out.xml").read_text(encoding="utf-8")


def test_the_language_is_that_of_the_user(folder: Path) -> None:
    english, chinese = (run(folder, U8SYNC_LANG=language).stdout for language in ("en", "zh"))
    assert english != chinese


def test_a_file_that_cannot_be_used_is_an_error_with_every_problem(folder: Path) -> None:
    (folder / "customer.cases.yaml").write_text(
        CASES.replace("cKind", "cKnd").replace("expect: {kind", "expect: {knd"), encoding="utf-8"
    )
    done = run(folder)
    assert done.returncode == 2
    for told in ("customer.cases.yaml:4:24: the mapping reads no column 'cKnd'", "unknown field 'knd'",
                 "Did you mean 'cKind'?", "4 problem(s)"):  # fmt: skip
        assert told in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize(
    "foreign",
    [
        "cases: [1, 2]\n",
        "mapping: x\n",
        "suite:\n  mapping: x\n  cases: []\n",
        "# mapping: x\n# cases: []\n",
        "- mapping: x\n- cases: y\n",
        "\x00\x01",
        "",
    ],
)
def test_files_of_others_with_the_same_ending_are_left_alone(folder: Path, foreign: str) -> None:
    (folder / "customer.cases.yaml").write_text(foreign, encoding="utf-8")
    done = run(folder)
    assert (done.returncode, "no tests ran" in done.stdout) == (5, True)


HEAVY = (
    "polars",
    "pydantic",
    "yaml",
    "rich",
    "sqlalchemy",
    "click",
    "u8sync.bootstrap",
    "u8sync.domain",
    "u8sync.report",
)


def test_nothing_heavy_is_loaded_before_a_file_of_cases_is_met(folder: Path) -> None:
    (folder / "customer.cases.yaml").write_text("cases: []\n", encoding="utf-8")
    (folder / "test_it.py").write_text("def test_it():\n    pass\n", encoding="utf-8")
    code = (
        "import sys, pytest\n"
        "assert pytest.main(['-q', '-p', 'u8sync.pytest_plugin', '-p', 'no:cacheprovider']) == 0\n"
        "assert 'u8sync.pytest_plugin' in sys.modules\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = run(folder, code=code)
    assert (done.returncode, done.stderr.strip()) == (0, "[]")


def test_pytest_finds_the_plugin_by_itself_and_this_project_runs_its_own_cases() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["entry-points"]["pytest11"] == {"u8sync": "u8sync.pytest_plugin"}
    assert "mappings" in project["tool"]["pytest"]["ini_options"]["testpaths"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "mappings"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout

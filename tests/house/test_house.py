"""The checks that hold the house: form, types, floors. They run with the tests, so that one command says it all."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(("-m", "ruff", "check", "."), id="ruff finds nothing"),
        pytest.param(("-m", "ruff", "format", "--check", "."), id="everything is formatted"),
        pytest.param(("-m", "mypy"), id="mypy strict finds nothing"),
        pytest.param(("-c", "from importlinter.cli import lint_imports_command as c; c()"), id="imports go down only"),
    ],
)
def test_the_house_stands(check: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, *check], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr

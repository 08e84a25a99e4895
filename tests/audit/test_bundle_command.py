"""``u8sync audit bundle``, from the demo's log to the verdict of the verifier that needs nothing."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from cli_home import Ask, ask, demo_folder, home

from u8sync.errors import ExitCode

__all__ = ["ask", "demo_folder", "home"]  # fixtures


def verdict(path: Path) -> int:
    """What the copy inside the bundle says of it."""
    with zipfile.ZipFile(path) as opened:
        program = path.with_name("verifier.py")
        program.write_bytes(opened.read("standalone_verify.py"))
    return subprocess.run([sys.executable, "-I", "-S", str(program), str(path)], check=False, timeout=60).returncode


def test_the_log_a_run_and_a_customer_are_bundled_and_the_copy_inside_checks_them(ask: Ask, home: Path) -> None:
    listed = ask("audit", "list", "--json").json
    changes = listed["changes"] if isinstance(listed, dict) else listed
    run, customer = changes[0]["run"] if "run" in changes[0] else changes[0]["run_id"], changes[0]["customer"]
    for words in ([], ["--run", run], ["--customer", customer]):
        said = ask("audit", "bundle", "--out", home / "b.zip", "--json", *words)
        assert said.code == ExitCode.DONE, said.err
        assert said.json["whole"]
        assert verdict(home / "b.zip") in {0, 3}


def test_a_mistake_is_told_and_leaves_nothing_behind(ask: Ask, home: Path) -> None:
    out = home / "b.zip"
    for words in (
        ["--run", "nothing"],
        ["--customer", "nobody"],
        ["--run", "x", "--customer", "y"],
        ["--folder", home / "nowhere"],
    ):
        said = ask("audit", "bundle", "--out", out, *words)
        assert said.code == ExitCode.BAD_INPUT
        assert "Traceback" not in said.err
        assert not out.exists()
    assert ask("audit", "bundle", "--out", home / "no" / "such" / "b.zip").code == ExitCode.BAD_INPUT


@pytest.mark.parametrize("language", ["en", "zh"])
def test_help_is_there_in_both_languages(ask: Ask, language: str) -> None:
    assert "--even-if-broken" in ask("audit", "bundle", "--help", language=language).out

"""Who may read what u8sync writes: the audit log its user, all else its user and group, whatever the umask."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import deaths
import pytest
from killing import Nursery

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has access lists, not modes")


@pytest.mark.parametrize("umask", [0o000, 0o022], ids=["umask 000", "umask 022"])
def test_nothing_is_open_to_everybody(nursery: Nursery, tmp_path: Path, umask: int) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    assert nursery.run(home, "demo", "--dir", "demo", umask=umask).code == 0
    demo = home / "demo"
    for words in (
        ("plan", "--out", "plan.json", "--report", "plan.html", "--as-of", "2026-09-30"),
        ("apply", "plan.json", "--allow", "share_changed", "--allow", "top_downgrades"),
        ("run", "--report", "night.html", "--allow", "share_changed", "--allow", "top_downgrades"),
        ("sandbox", "create", "another.db", "--customers", "10"),
    ):
        ended = nursery.run(demo, *words, umask=umask)
        assert ended.code in {0, 2}, ended.err
    written = [demo, *demo.rglob("*")]
    assert {path.name for path in written} >= {"plan.json", "plan.html", "night.html", "another.db", "HEAD"}
    for path in written:
        mode = stat.S_IMODE(path.lstat().st_mode)
        audit = "audit" in path.relative_to(demo).parts
        if audit:
            assert mode == (0o700 if path.is_dir() else 0o600), f"{path} has {mode:o}"
        else:
            assert mode & ~(0o750 if path.is_dir() else 0o640) == 0, f"{path} has {mode:o}"


def test_a_strict_umask_stays_strict(nursery: Nursery, new_home: Path, tmp_path: Path) -> None:
    home = deaths.FileSite(new_home, tmp_path).fresh()
    assert nursery.run(home, "plan", "--out", "plan.json", umask=0o077).code == 2
    assert stat.S_IMODE((home / "plan.json").stat().st_mode) == 0o600

"""The auditor's page is followed as it stands: from an empty folder to a bundle that is verified elsewhere."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import venv
from pathlib import Path

import pytest
from cli_home import Ask, ask  # noqa: F401 - a fixture

from u8sync.report.language import Language

ROOT = Path(__file__).parent.parent.parent
PAGES: dict[Language, tuple[str, str]] = {
    "en": ("README.md", "### From an empty folder to a verified bundle"),
    "zh": ("README.zh-CN.md", "### 从空文件夹到核对通过的证据包"),
}
WHOLE = {"en": "WHOLE, and vouched for from outside", "zh": "完整，且有外部凭据证明"}


def page(language: Language) -> str:
    name, heading = PAGES[language]
    return (ROOT / name).read_text(encoding="utf-8").partition(heading)[2].partition("\n### ")[0]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_leads_from_an_empty_folder_to_a_verified_bundle(
    language: Language,
    ask: Ask,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key, *others = re.findall(r"`(key: \{file: [^`]*\})`", page(language))
    assert not others
    make_key, make_bundle, check = [
        [shlex.split(line) for line in block.strip().splitlines()]
        for block in re.findall(r"```sh\n(.*?)```", page(language), re.DOTALL)
    ]
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    # The admin's page: the example configuration, the mappings, and an account set to practise on.
    shutil.copytree(ROOT / "mappings", home / "mappings")
    config = (ROOT / "config.example.yaml").read_text(encoding="utf-8").replace("last_month_end", "2026-10-31")
    assert f"# {key}" in config
    (home / "config.yaml").write_text(config.replace(f"# {key}", key), encoding="utf-8")
    assert ask("sandbox", "create", "account-set.db", "--customers", 100).code == 0

    for words in make_key:
        assert words.pop(0) == "u8sync"
        said = ask(*words, language=language)
        assert said.code == 0, said.err
    public = said.out.strip()
    night = ask("run", language=language)
    assert night.code == 0, night.err
    (beside,) = home.glob("audit/*/CHECKPOINT")
    checkpoint = beside.read_text(encoding="utf-8")
    assert len(checkpoint.splitlines()) == 7
    assert all(line in night.out for line in checkpoint.splitlines())
    for words in make_bundle:
        assert words.pop(0) == "u8sync"
        assert ask(*words, language=language).code == 0

    elsewhere = tmp_path / "elsewhere"
    venv.EnvBuilder(with_pip=False, symlinks=os.name != "nt").create(elsewhere / "python")
    python = elsewhere / "python" / ("Scripts/python.exe" if os.name == "nt" else "bin/python3")
    shutil.copy(ROOT / "u8sync/audit/standalone_verify.py", elsewhere)
    shutil.copy(home / "evidence.zip", elsewhere)
    (elsewhere / "kept.checkpoint").write_text(checkpoint, encoding="utf-8", newline="")
    for words in check:
        assert words.pop(0) == "python3"
        words = [public if word == "KEY" else word for word in words]  # noqa: PLW2901
        done = subprocess.run(
            [python, "-I", *words, "--lang", language],
            cwd=elsewhere,
            capture_output=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8"},
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert WHOLE[language] in done.stdout

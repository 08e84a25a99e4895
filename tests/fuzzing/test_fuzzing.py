"""The fuzzing of the loaders itself: a second of it finds nothing, and it would tell what it finds."""

from __future__ import annotations

import importlib.util
import random
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).with_name("fuzz_loaders.py")


@pytest.fixture(scope="module")
def fuzzing() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fuzz_loaders", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_forty_files_of_every_kind_are_read_or_refused(fuzzing: ModuleType, tmp_path: Path) -> None:
    findings = fuzzing.Findings(fuzzing.checker(), tmp_path, tmp_path / "found")
    chance, texts = random.Random(7), fuzzing.seeds()  # noqa: S311 - no secret
    for _ in range(40):
        findings.run(fuzzing.make_case(chance.randrange, texts))
    assert findings.count["wrong"] == 0, findings.report()
    assert findings.count["refused"] > 0
    assert findings.count["loaded"] > 0


def test_the_files_to_begin_with_are_sound_or_refused_for_one_reason(fuzzing: ModuleType, tmp_path: Path) -> None:
    check = fuzzing.checker()
    ends = {
        kind: [check(fuzzing.Case(kind, {f"{kind}.yaml": text.encode()}), tmp_path) for text in texts]
        for kind, texts in fuzzing.seeds().items()
    }
    assert ends["policy"] == ends["settings"] == ["loaded"]
    assert ends["mapping"].count("loaded") >= 3
    assert ends["mapping"].count("refused") >= 10


def test_what_is_found_is_kept_with_the_shortest_file(fuzzing: ModuleType, tmp_path: Path) -> None:
    def refuses_the_word(case: object, _folder: Path) -> str:
        [data] = case.files.values()  # type: ignore[attr-defined]
        if b"bad" in data:
            raise RecursionError
        return "loaded"

    findings = fuzzing.Findings(refuses_the_word, tmp_path, tmp_path / "found")
    for data in (b"good", b"something bad", b"bad", b"also bad"):
        findings.run(fuzzing.Case("mapping", {"m.yaml": data}))
    assert findings.count == {"refused": 0, "loaded": 1, "wrong": 3, "slow": 0}
    [place] = (tmp_path / "found").iterdir()
    assert (place / "m.yaml").read_bytes() == b"bad"
    assert "RecursionError" in (place / "words.txt").read_text(encoding="utf-8")

"""``u8sync sample``: what a consultant takes along to a laptop without U8."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from cli_home import Ask
from openapi_home import OpenApiHome, small_account_set

from u8sync.sandbox.openapi.server import OpenApiServer


def test_a_sample_is_made_shown_and_worked_on(ask: Ask, home: Path) -> None:
    answer = ask("sample", "--out", "s.db", "--months", "12")
    assert answer.code == 0
    assert "1,000 customers" in answer.out
    assert "What the sample left in" in answer.out
    assert 'account_set: {backend: sqlite, file: "s.db"}' in answer.out
    about = json.loads((home / "s.db.about.json").read_text(encoding="utf-8"))
    assert (about["customers"], about["of"], about["jitter_percent"]) == (1000, 1000, 5)
    assert "seed" not in json.dumps(about)
    assert ask("map", "coverage", "--data", "s.db").code == 0
    assert ask("map", "diff", "mappings/customer.yaml", "mappings/customer.yaml", "--data", "s.db").code == 0
    config = (home / "config.yaml").read_text(encoding="utf-8").replace("file: account-set.db", "file: s.db")
    (home / "config.yaml").write_text(config, encoding="utf-8")
    assert ask("plan").code in (0, 2)


def test_a_seed_of_one_s_own_makes_the_same_again_and_a_warning(ask: Ask, home: Path) -> None:
    answers = [ask("sample", "--out", name, "--months", "2", "--customers", "50", "--seed", "x") for name in "ab"]
    assert [answer.code for answer in answers] == [0, 0]
    assert "Keep the seed to yourself" in answers[0].out
    assert "Keep the seed" not in ask("sample", "--out", "c", "--months", "1", "--customers", "9").out


def test_a_mapping_that_cannot_be_read_yet_is_no_hindrance(ask: Ask, home: Path) -> None:
    (home / "mappings/customer.yaml").unlink()
    answer = ask("sample", "--out", "s.db", "--months", "1", "--customers", "20")
    assert answer.code == 0
    assert "No mapping was used" in answer.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--customers", "5000"), "fewerthan5,000"),
        (("--customers", "0"), "--customers"),
        (("--months", "0"), "--months"),
        (("--jitter", "51"), "--jitter"),
        (("--out", "nowhere/s.db"), "cannotbewritten"),
        (("--out", "account-set.db"), "existsalready"),
        (("--config", "none.yaml"), "nosuchfile"),
    ],
)
def test_what_cannot_be_done_is_told(ask: Ask, home: Path, words: tuple[str, str], told: str) -> None:
    before = (home / "account-set.db").read_bytes()
    answer = ask("sample", *(() if words[0] == "--out" else ("--out", "s.db")), *words)
    assert answer.code == 65
    assert told in answer.complaint
    assert not (home / "s.db").exists()
    assert (home / "account-set.db").read_bytes() == before


def test_through_the_openapi_a_sample_is_an_account_set_of_the_database_kind(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = Path(shutil.copy(small_account_set(), tmp_path / "served.db"))
    with OpenApiServer(file) as server:
        OpenApiHome(tmp_path / "home", server, monkeypatch)
        answer = ask("sample", "--out", "s.db", "--months", "3")
        assert (answer.code, server.violations) == (0, ())
    assert "cCusMngTypeCode" in answer.out
    assert ask("map", "coverage", "--data", "s.db", "--mapping", "mappings/customer.yaml").code in (0, 2)

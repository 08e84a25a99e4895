"""``init`` as a new administrator meets it: questions, files, first plan; nothing is left when it ends early."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from cli_home import Ask
from setup_person import Person, sits_there

from u8sync.config.settings import load_settings
from u8sync.errors import ExitCode

PRACTICE = ("--sandbox", "--customers", "60")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "客户 分级"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_practice_goes_from_nothing_to_a_first_plan_and_a_first_run(ask: Ask, here: Path) -> None:
    answer = ask("init", *PRACTICE, "--yes")

    assert answer.code == 0, answer.err
    assert "Changes" in answer.out
    assert "0 failure(s)" in answer.out
    assert {"config.yaml", "account-set.db", "audit.key", "mappings/customer.yaml", "mappings/tiers.yaml"} <= {
        *files(here)
    }
    assert not (here / "audit").exists()
    assert ask("run").code == 0
    assert ask("plan").code == 0


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_person_who_takes_every_default_gets_the_practice_account_set(
    ask: Ask, here: Path, monkeypatch: pytest.MonkeyPatch, language: Any
) -> None:
    person = Person("", "", "", "", "")
    sits_there(monkeypatch, person)
    answer = ask("init", "--customers", "60", "--audit-folder", "日志", language=language)

    assert answer.code == 0, answer.err
    assert person.prompts == ["[practice] > ", "[Asia/Shanghai] > ", "[yes] > ", "[cCusDefine5] > "]
    assert load_settings(here / "config.yaml").audit_folder.name == "日志"


def test_a_question_mark_explains_and_a_smaller_sign_goes_back(
    ask: Ask, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = Person("<", "?", "1", "Mars", "<", "1", "Asia/Urumqi", "logs", "no", "")
    sits_there(monkeypatch, person)
    answer = ask("init", "--customers", "60")

    assert answer.code == 0, answer.err
    assert "This is the first question." in answer.out
    assert "'practice' needs no U8 at all" in answer.out
    assert "this is no time zone" in answer.out
    settings = load_settings(here / "config.yaml")
    assert settings.timezone == "Asia/Urumqi"
    assert settings.audit_folder.name == "logs"
    assert settings.audit_key is None


@pytest.mark.parametrize("leaving", [KeyboardInterrupt, EOFError])
@pytest.mark.parametrize("answered", range(5))
def test_who_leaves_at_any_question_leaves_nothing_behind(
    ask: Ask, here: Path, monkeypatch: pytest.MonkeyPatch, leaving: type[BaseException], answered: int
) -> None:
    person = Person(*[""] * answered, leaving)
    sits_there(monkeypatch, person)

    answer = ask("init", "--customers", "60")
    assert answer.code == ExitCode.TEMPORARY
    assert "Left. Nothing was written." in answer.err
    assert person.lines == []
    assert list(here.iterdir()) == []


def test_without_a_person_an_open_question_names_its_option(ask: Ask, here: Path) -> None:
    answer = ask("init")
    assert answer.code == ExitCode.BAD_INPUT
    assert "--backend" in answer.err

    answer = ask("init", "--backend", "sqlserver", "--yes")
    assert answer.code == ExitCode.BAD_INPUT
    assert "Answer with --server." in answer.err
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--sandbox", "--backend", "openapi"], "--sandbox, --backend do not go together"),
        (["--login", "a", "--windows"], "--login, --windows do not go together"),
        (["--password-env", "A", "--password-file", "b"], "--password-env, --password-file do not go together"),
        (["--trust-certificate"], "there must be a reason"),
        (["--sandbox", "--timezone", "Mars"], "--timezone: this is no time zone"),
        (["--backend", "openapi", "--ds-sequence", "x", "--from-account", "1", "--to-account", "2", "--app-key", "k"],
         "--ds-sequence: a number from 0 to 9999 is needed"),
    ],
)  # fmt: skip
def test_options_that_make_no_sense_are_refused_before_anything_is_made(
    ask: Ask, here: Path, words: list[str], complaint: str
) -> None:
    answer = ask("init", "--yes", *words)
    assert answer.code == ExitCode.BAD_INPUT
    assert complaint in answer.err
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("name", ["config.yaml", "mappings/customer.yaml", "mappings/tiers.yaml", "account-set.db"])
def test_a_file_that_is_there_is_left_alone(ask: Ask, here: Path, name: str) -> None:
    (here / name).parent.mkdir(exist_ok=True)
    (here / name).write_text("mine\n", encoding="utf-8")
    answer = ask("init", *PRACTICE, "--yes")

    assert answer.code == ExitCode.BAD_INPUT
    assert "existsalreadyandisleftalone" in answer.complaint
    assert files(here) == [name]
    assert (here / name).read_text(encoding="utf-8") == "mine\n"


def test_force_replaces_files_and_keeps_the_old_ones_each_time(ask: Ask, here: Path) -> None:
    for mine in ("first\n", "second\n"):
        (here / "config.yaml").write_text(mine, encoding="utf-8")
        answer = ask("init", *PRACTICE, "--yes", "--force")
        assert answer.code == 0, answer.err
        assert "The old files are kept" in answer.out
    assert (here / "config.yaml.bak").read_text(encoding="utf-8") == "first\n"
    assert (here / "config.yaml.bak-2").read_text(encoding="utf-8") == "second\n"
    assert load_settings(here / "config.yaml").backend == "sqlite"


@pytest.mark.parametrize("at", range(6))
def test_a_move_that_fails_leaves_every_file_as_it_was(
    ask: Ask, here: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    (here / "config.yaml").write_text("mine\n", encoding="utf-8")
    moves: list[Path] = []
    rename = Path.rename

    def fail_once(path: Path, target: Path) -> Path:
        moves.append(path)
        if len(moves) == at + 1:
            raise PermissionError(13, "Permission denied", str(target))
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", fail_once)
        answer = ask("init", *PRACTICE, "--yes", "--force")

    assert answer.code == ExitCode.BAD_INPUT
    assert "Nothing was written" in answer.err
    assert len(moves) == at + 1
    assert files(here) == ["config.yaml"]
    assert [path.name for path in here.iterdir()] == ["config.yaml"]
    assert (here / "config.yaml").read_text(encoding="utf-8") == "mine\n"


@pytest.mark.skipif(os.name == "nt", reason="there is no /proc")
def test_a_folder_that_cannot_be_written_is_told_at_once(ask: Ask, here: Path) -> None:
    answer = ask("init", *PRACTICE, "--yes", "--dir", "/proc/u8sync-init")
    assert answer.code == ExitCode.BAD_INPUT
    assert "Nothing can be written in /proc" in answer.err


def test_an_audit_folder_that_is_cleaned_up_is_warned_of(ask: Ask, here: Path) -> None:
    answer = ask("init", *PRACTICE, "--yes", "--audit-folder", "Temp/audit")
    assert answer.code == 0
    assert "Careful" in answer.err


def test_the_key_is_for_its_user_only_and_one_that_is_there_stays(ask: Ask, here: Path) -> None:
    assert ask("init", *PRACTICE, "--yes").code == 0
    key = here / "audit.key"
    if os.name != "nt":
        assert key.stat().st_mode & 0o077 == 0
    before = key.read_bytes()
    assert ask("init", *PRACTICE, "--yes", "--force").code == 0
    assert key.read_bytes() == before
    assert not (here / "audit.key.bak").exists()


def test_the_next_steps_can_be_pasted_from_another_folder(
    ask: Ask, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = ask("init", *PRACTICE, "--yes", "--dir", "客户 分级")
    assert answer.code == 0
    commands = [line.strip() for line in answer.out.splitlines() if line.startswith("   u8sync ")]
    assert commands[0] == f'u8sync plan --all --config "{Path("客户 分级/config.yaml")}"'
    assert ask("plan", "--all", "--config", "客户 分级/config.yaml").code == ExitCode.PENDING

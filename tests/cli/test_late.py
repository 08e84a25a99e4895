"""Commands that are imported when somebody asks for them are where their tables say, and are what these say."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from cli_home import Ask
from click.testing import CliRunner
from command_tree import loaded, walk

from u8sync.cli.app import cli
from u8sync.cli.late import LateCommand


def tables() -> Iterator[tuple[str, LateCommand]]:
    for path, command in walk(cli):
        for name, entry in command.commands.items() if isinstance(command, click.Group) else ():
            if isinstance(entry, LateCommand):
                yield " ".join((*path, name)), entry


TABLES = dict(tables())


@pytest.mark.parametrize("words", TABLES)
def test_each_entry_is_the_command_that_it_names_and_the_table_alone_has_its_short_help(words: str) -> None:
    entry, command = TABLES[words], loaded(TABLES[words])
    assert command.name == entry.name == words.rsplit(maxsplit=1)[-1]
    assert command.short_help is None
    assert entry.help in (None, command.help)
    assert entry.get_short_help_str()
    assert (entry.hidden, entry.deprecated) == (command.hidden, command.deprecated)


def test_the_groups_with_modules_of_their_own_are_late() -> None:
    for words in ("plan", "run", "audit", "audit why", "map check", "tiers simulate", "sandbox serve"):
        assert words in TABLES


@pytest.mark.parametrize("words", ["audi", "audit verfy", "map chek", "tiers lst"])
def test_a_misspelt_command_gets_the_nearest_names_without_their_modules(ask: Ask, words: str) -> None:
    answer = ask(*words.split())
    assert answer.code == 65
    assert "Did you mean" in answer.err


def test_help_of_a_group_imports_none_of_its_commands() -> None:
    code = (
        "import sys\nfrom u8sync.cli.app import call\n"
        "for group in ([], ['audit'], ['map'], ['tiers']):\n    call([*group, '--help'], language='zh')\n"
        "print(sorted(m for m in sys.modules if m.startswith('u8sync.cli.')), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-X", "utf8", "-c", code], capture_output=True, text=True, check=True)
    groups = ("auditing", "mappings", "tiers")
    for words, entry in TABLES.items():
        module = str(loaded(entry).callback.__module__)  # type: ignore[union-attr]
        if not module.startswith(tuple(f"u8sync.cli.{group}" for group in groups)) or " " in words:
            assert f"'{module}'" not in done.stderr, words


def test_the_language_reaches_what_is_imported_late(ask: Ask) -> None:
    assert "显示将会变更的内容及原因" in ask("--help", language="zh").out
    assert "仅凭审计日志说明客户" in ask("audit", "why", "--help", language="zh").out
    assert "Say by the audit log alone" in ask("audit", "why", "--help", language="en").out


def test_a_command_that_is_called_is_called_once_and_with_what_was_typed() -> None:
    seen: list[object] = []

    @click.command("real", context_settings={"ignore_unknown_options": True})
    @click.argument("words", nargs=-1)
    @click.pass_context
    def real(ctx: click.Context, words: tuple[str, ...]) -> None:
        seen.append((words, ctx.command_path, ctx.command))

    group = click.Group("top")
    entry = LateCommand("real", "nowhere:at_all", "Short.")
    entry.load = lambda: real
    group.add_command(entry)
    done = CliRunner().invoke(group, ["real", "a", "--b"])
    assert done.exit_code == 0
    assert seen == [(("a", "--b"), "top real", real)]


def test_a_module_that_is_not_there_is_found_out_when_it_is_asked_for() -> None:
    with pytest.raises(ModuleNotFoundError):
        LateCommand("real", "u8sync.nowhere:command").load()

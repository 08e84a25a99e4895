"""``completion``: what a shell must know to finish the words of a command line.

The shells that click knows use click's own scripts; PowerShell gets one that speaks the same protocol. The idea: a key
is pressed and a person waits, so only names are offered that can be told at once, from the commands themselves and
from the names of folders. A completion may miss something; it never complains.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from click.shell_completion import CompletionItem, ShellComplete, add_completion_class, get_completion_class

from u8sync.cli import PROGRAM, VARIABLE
from u8sync.errors import ExitCode
from u8sync.text import N_

if TYPE_CHECKING:
    from u8sync.cli.session import Session

__all__ = ["PowerShellComplete", "complete_runs", "completion"]

SHELLS: Final = ("bash", "zsh", "fish", "powershell")

MOST_RUNS: Final = 50
"""So many runs are offered, the newest first."""

_RUN_ID: Final = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")

_RUNS_FOLDER: Final = re.compile(
    r"^runs:[ \t]*(?:\{[^}\n]*?|(?:\#.*)?\n(?:[ \t]+(?!folder:).*\n|[ \t]*\n)*[ \t]+)folder:[ \t]*"
    r"(?:\"([^\"\n]+)\"|'([^'\n]+)'|([^\s,}#]+))",
    re.MULTILINE,
)
"""The folder of runs in a configuration. A reader of YAML would take longer than a person waits for a completion."""

# Everything is set for this one call and taken back: the words reach u8sync through the environment, in UTF-8 whatever
# the code page of the window is. A word of the line is one line of text there.
_POWERSHELL: Final = """\
Register-ArgumentCompleter -Native -CommandName %(prog_name)s -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $before = $commandAst.CommandElements | Where-Object { $_.Extent.StartOffset -lt $cursorPosition }
    $words = @($before | ForEach-Object {
        if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value }
        else { $_.Extent.Text }
    })
    $position = $words.Count
    if ($wordToComplete -ne '') { $position = $position - 1 }
    $encoding = [Console]::OutputEncoding
    try {
        [Console]::OutputEncoding = [System.Text.Encoding]::UTF8
        $env:PYTHONIOENCODING = 'utf-8'
        $env:COMP_WORDS = $words -join "`n"
        $env:COMP_CWORD = $position
        $env:%(complete_var)s = 'powershell_complete'
        & $words[0] | ForEach-Object {
            $type, $value, $help = $_ -split "`t", 3
            if ($type -eq 'plain') {
                $text = $value
                if ($value -match '[\\s;&|<>(){}$`"'']') { $text = "'" + ($value -replace "'", "''") + "'" }
                [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $help)
            }
        }
    }
    finally {
        [Console]::OutputEncoding = $encoding
        Remove-Item Env:%(complete_var)s, Env:COMP_WORDS, Env:COMP_CWORD, Env:PYTHONIOENCODING -ErrorAction Ignore
    }
}
"""


class PowerShellComplete(ShellComplete):
    """Completion for Windows PowerShell 5.1 and PowerShell 7: kind, value and help, parted by tabs, a line each."""

    name = "powershell"
    source_template = _POWERSHELL

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is typed, and that one."""
        words = os.environ.get("COMP_WORDS", "").split("\n")
        position = int(os.environ.get("COMP_CWORD", "0"))
        return words[1:position], words[position] if position < len(words) else ""

    def format_completion(self, item: CompletionItem[str]) -> str:
        """One line. The help is never empty: PowerShell refuses that. A file is left to PowerShell itself."""
        words = " ".join((item.help or "").split()) or str(item.value)
        return f"{item.type}\t{item.value}\t{words}"


add_completion_class(PowerShellComplete)


def complete_runs(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """The runs that the history holds, newest first, for every option and argument that names one."""
    config = ctx.params.get("config") or Path("config.yaml")
    try:
        text = Path(config).read_text(encoding="utf-8", errors="replace")
        found = _RUNS_FOLDER.search(text)
        folder = Path(config).parent / (next(filter(None, found.groups())) if found else "runs")
        names = sorted((path.name for path in folder.iterdir() if _RUN_ID.fullmatch(path.name)), reverse=True)
    except (OSError, ValueError, TypeError):
        return []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)][:MOST_RUNS]


@click.command(
    help=N_(
        "Print a script that lets a shell finish commands, options, choices and runs when Tab is pressed. It is run"
        " when the shell starts: add its output to the shell's profile."
    ),
)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_obj
def completion(session: Session, *, shell: str) -> ExitCode:
    """Print the completion script of a shell."""
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - the choice holds those that there are
    maker = kind(click.Group(), {}, PROGRAM, VARIABLE)
    # Not maker.source(): it would ask the bash of this machine for its version.
    session.out.file.write(maker.source_template % maker.source_vars())
    return ExitCode.DONE

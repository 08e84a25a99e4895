"""What every command needs to talk to a person: the language, two consoles, and how chatty to be."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from u8sync.cli.screen import console
from u8sync.text import Message, Translate

if TYPE_CHECKING:
    from rich.console import Console

    from u8sync.ports import Progress
    from u8sync.report.language import Language

__all__ = ["Session"]


@dataclass(frozen=True)
class Session:
    """One call of the command line.

    Attributes:
        language: ``zh`` or ``en``.
        translate: Puts messages into words.
        command: The command as typed, for the audit log.
        no_color: Whether nothing is coloured.
        quiet: Whether only results and what matters are said.
        bars: The progress bars handed out so far.
    """

    language: Language
    translate: Translate
    command: str
    no_color: bool = False
    quiet: bool = False
    bars: list[Progress] = field(default_factory=list)

    @cached_property
    def out(self) -> Console:
        """Standard output: results only, so that it can be piped."""
        return console(sys.stdout, os.environ, stderr=False, no_color=self.no_color)

    @cached_property
    def err(self) -> Console:
        """Standard error: progress and errors."""
        return console(sys.stderr, os.environ, stderr=True, no_color=self.no_color)

    def say(self, message: Message) -> None:
        """Print one sentence."""
        self.out.print(self.translate(message), markup=False, highlight=False, soft_wrap=True)

    def note(self, message: Message) -> None:
        """Print one sentence that matters beside the results, where a pipe does not see it."""
        self.out.file.flush()  # what was said before stands before it, also where both streams are one
        self.err.print(self.translate(message), markup=False, highlight=False, soft_wrap=True)

    def aside(self, message: Message) -> None:
        """Print one sentence that nobody misses, such as where a file was put that was asked for by name."""
        if not self.quiet:
            self.note(message)

    def emit(self, json_text: str) -> None:
        """Print a JSON document as it is: a console would measure every character of it."""
        self.out.file.write(f"{json_text}\n")

    def progress(self) -> Progress:
        """Bars on standard error when somebody watches, nothing otherwise."""
        bar: Progress
        if self.err.is_interactive and not self.quiet:
            from u8sync.report.progress import RichProgress

            bar = RichProgress(self.err, self.translate)
        else:
            from u8sync.report.no_progress import NoProgress

            bar = NoProgress()
        self.bars.append(bar)
        return bar

    def end_progress(self) -> None:
        """Take away every bar that an error left standing, before the error is shown."""
        for bar in self.bars:
            bar.finish()

"""Somebody at a terminal who answers the questions of ``init``."""

from __future__ import annotations

import pytest

from u8sync.cli.setup import command
from u8sync.cli.setup.terminal import Terminal

__all__ = ["Person", "sits_there"]


class Person(Terminal):
    """Answers with these lines; an exception among them is what happens there."""

    def __init__(self, *lines: str | type[BaseException]) -> None:
        self.lines = list(lines)
        self.prompts: list[str] = []

    @property
    def attended(self) -> bool:
        return True

    def line(self, prompt: str) -> str:
        self.prompts.append(prompt)
        said = self.lines.pop(0)
        if isinstance(said, str):
            return said
        raise said

    def secret(self, prompt: str) -> str:
        return self.line(prompt)


def sits_there(monkeypatch: pytest.MonkeyPatch, person: Terminal) -> None:
    """Let this person sit before the command."""
    monkeypatch.setattr(command, "Terminal", lambda: person)

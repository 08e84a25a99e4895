"""Where questions are asked: one line out, one line in. Plain input only: it works in cmd.exe and over SSH alike."""

from __future__ import annotations

import getpass
import sys

__all__ = ["Terminal"]


class Terminal:
    """The person at the terminal."""

    @property
    def attended(self) -> bool:
        """Whether somebody can answer."""
        return sys.stdin.isatty()

    def line(self, prompt: str) -> str:
        """One line, without blanks at its ends. Raises EOFError or KeyboardInterrupt when the person leaves."""
        return input(prompt).strip()

    def secret(self, prompt: str) -> str:
        """One line that is not shown while it is typed."""
        return getpass.getpass(prompt)

"""An administrator's statement, read word by word."""

from __future__ import annotations

from collections.abc import Sequence

from emulated.errors import near
from emulated.tokens import Token, tokens_of, unquoted

__all__ = ["Words"]


class Words:
    """A statement's tokens, read from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens: Sequence[Token] = tokens_of(text)
        self._at = 0

    def peek(self, ahead: int = 0) -> str:
        """A word in upper case; empty at the end."""
        at = self._at + ahead
        return self._tokens[at].word if at < len(self._tokens) else ""

    def next(self) -> str:
        """The next token as it is written."""
        if self._at >= len(self._tokens):
            raise near(self._tokens[-1].text)
        self._at += 1
        return self._tokens[self._at - 1].text

    def name(self) -> str:
        """The next token as a name."""
        return unquoted(self.next())

    def skip(self, *words: str) -> bool:
        """Pass over these words when they come next."""
        if all(self.peek(ahead) == word for ahead, word in enumerate(words)):
            self._at += len(words)
            return True
        return False

    def expect(self, *words: str) -> None:
        """Pass over these words. Raises SqlError 102 when they do not come next."""
        if not self.skip(*words):
            raise near(self._tokens[min(self._at, len(self._tokens) - 1)].text)

    def dotted(self) -> list[str]:
        """A name with its parts."""
        parts = [self.name()]
        while self.skip("."):
            parts.append(self.name())
        return parts

    def columns(self) -> list[str]:
        """Names in brackets, if there are any."""
        found: list[str] = []
        if self.skip("("):
            found.append(self.name())
            while self.skip(","):
                found.append(self.name())
            self.expect(")")
        return found

"""The token of the app: fetched when it is needed, renewed before it ends, by one thread for all.

Not established by any public source: the errcode of a token that is not valid, and whether a new token ends the old
one. So a refused token is renewed once; one that was refused before it ever worked is a failed login, and a failed
login is not repeated as long as the program runs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from u8sync.errors import FatalError, U8SyncError

__all__ = ["USUAL_LIFE_S", "Token", "Tokens"]

USUAL_LIFE_S: Final = 7200.0
"""Life of a token when the server does not say: 2 hours."""

EARLY_S: Final = 300.0
"""A token is renewed so long before it ends, but not before half of its life is over."""


@dataclass
class Token:
    """One token.

    Attributes:
        text: The secret.
        renew_at: When to fetch another one, by the clock of :class:`Tokens`.
        proved: Whether any call was accepted with it.
    """

    text: str
    renew_at: float
    proved: bool = False

    def __repr__(self) -> str:
        return f"Token(proved={self.proved})"


class Tokens:
    """Hands out the token.

    Args:
        fetch: Asks for one: its text, and its life in seconds. Raises FatalError when the login is refused.
        clock: Seconds that only go forwards.
    """

    def __init__(self, fetch: Callable[[], tuple[str, float]], *, clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._refusal: FatalError | None = None

    def current(self) -> Token:
        """A token that should work; whoever asks meanwhile waits for the same one."""
        with self._lock:
            if self._token is None or self._clock() >= self._token.renew_at:
                self._token = self._new()
            return self._token

    def renewed(self, refused: Token, why: U8SyncError) -> Token:
        """Another token in place of one that was refused. Raises ``why`` when that one never worked."""
        with self._lock:
            if self._token is refused:
                if not refused.proved:
                    raise why
                self._token = None
                self._token = self._new()
            elif self._token is None:
                self._token = self._new()
            return self._token

    def _new(self) -> Token:
        if self._refusal is not None:
            raise self._refusal
        try:
            text, life = self._fetch()
        except FatalError as error:
            self._refusal = error
            raise
        return Token(text, self._clock() + max(life - EARLY_S, life / 2))

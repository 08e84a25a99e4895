"""How single values are replaced: by a key, so that one value always becomes the same other one.

Nobody without the key can tell which: it is made from the seed by HMAC-SHA256. Who knows the seed can undo the codes;
it is therefore neither stored nor printed unless a person chose it.
"""

from __future__ import annotations

import hashlib
import hmac
from calendar import monthrange
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Final

__all__ = ["PARITY", "Disguise"]

PARITY: Final = 10_000
"""A factor of 1, in ten-thousandths."""

CHINESE: Final = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"
"""What stands for a Chinese character of a value that is replaced: ten stems and twelve branches, which name nobody."""

DIGITS: Final = "0123456789"
LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Disguise:
    """Replaces values by one seed.

    Attributes:
        seed: Whatever it was chosen to be.
    """

    seed: str
    _key: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_key", hashlib.sha256(self.seed.encode()).digest())

    def _throw(self, purpose: str, value: str) -> bytes:
        return hmac.new(self._key, f"{purpose}\0{value}".encode(), hashlib.sha256).digest()

    def mark(self, text: str) -> str:
        """16 hex digits that stand for a text and tell nothing of it."""
        return self._throw("mark", text).hex()[:16]

    def order(self, values: Iterable[str], purpose: str) -> list[str]:
        """The values, each once, in an order that says nothing of them."""
        return sorted(set(values), key=lambda value: self._throw(purpose, value))

    def numbered(self, values: Iterable[str], prefix: str, purpose: str) -> dict[str, str]:
        """Value -> ``prefix`` and a running number, as wide as the largest."""
        ordered = self.order(values, purpose)
        width = max(len(str(len(ordered))), 4)
        return {value: f"{prefix}{number:0{width}d}" for number, value in enumerate(ordered, start=1)}

    def factor(self, code: str, jitter: int) -> int:
        """The factor of a customer's amounts in ten-thousandths, evenly within 1 ± ``jitter`` percent."""
        most = jitter * (PARITY // 100)
        throw = int.from_bytes(self._throw("factor", code)[:8], "big")
        return PARITY - most + throw % (2 * most + 1)

    def day(self, day: date, code: str, column: str) -> date:
        """Another day of the same month, so that months and years of a relation stay."""
        throw = int.from_bytes(self._throw(f"day {column}", f"{code}\0{day}")[:8], "big")
        return day.replace(day=1 + throw % monthrange(day.year, day.month)[1])

    def shape(self, value: str, taken: Collection[str]) -> str:
        """A text of the same shape: digits for digits, letters for letters, cyclic signs for Chinese.

        Marks and blanks stay. It is none of ``taken``, the values that really occur.
        """
        for attempt in count():
            made = self._shaped(value, attempt)
            if made not in taken or attempt > len(taken):
                return made
        raise AssertionError

    def _shaped(self, value: str, attempt: int) -> str:
        stream = b"".join(self._throw(f"shape {attempt} {at}", value) for at in range(len(value) // 32 + 1))
        return "".join(_replaced(character, throw) for character, throw in zip(value, stream, strict=False))


def _replaced(character: str, throw: int) -> str:
    if character.isascii():
        for alphabet in (DIGITS, LETTERS, LETTERS.upper()):
            if character in alphabet:
                return alphabet[throw % len(alphabet)]
        return character
    # Whatever else is a letter or a digit somewhere could tell as much as a Chinese character.
    return CHINESE[throw % len(CHINESE)] if character.isalnum() else character

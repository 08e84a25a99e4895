"""Made-up contacts, banks and addresses: the embedded account set has none, but a customer card has them.

They depend on the customer's code alone, are plain to see as made up, and live in memory as long as the server. Each
third customer lacks some, because empty fields are left out of an answer.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["WIDTHS", "People"]

WIDTHS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "address": 255,
        "bank_open": 100,
        "bank_acc_number": 50,
        "contact": 50,
        "phone": 100,
        "fax": 100,
        "mobile": 100,
        "devliver_site": 255,
        "memo": 240,
        "bserviceattribute": 1,
    }
)
"""The fields that live here, with the most characters they take (general knowledge of U8, not proved)."""


class People:
    """What each customer card holds beside the account set."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._edited: dict[str, dict[str, str]] = {}

    def of(self, code: str) -> Mapping[str, str]:
        """The fields of a customer that are not empty."""
        with self._lock:
            edited = self._edited.get(code)
        return _made_up(code) if edited is None else MappingProxyType(edited)

    def change(self, code: str, changes: Mapping[str, str | None]) -> None:
        """Set these fields; null empties one."""
        if not changes:
            return
        card = {**self.of(code), **changes}
        with self._lock:
            self._edited[code] = {name: value for name, value in card.items() if value}


def _made_up(code: str) -> Mapping[str, str]:
    number = zlib.crc32(code.encode())
    card = {
        "address": f"示例省示例市示例路{number % 999 + 1}号",
        "bank_open": "示例银行示例支行",
        "bank_acc_number": f"0000{number % 10**8:08d}",
        "contact": f"联系人{number % 97 + 1}",
        "phone": "000-0000000",
        "devliver_site": f"示例路{number % 999 + 1}号仓库",
        "bserviceattribute": "0",
    }
    if number % 3:
        card |= {"fax": "000-0000001", "mobile": "00000000000", "memo": "示例备注"}
    else:
        del card["contact"], card["bank_open"], card["bank_acc_number"]
    return card

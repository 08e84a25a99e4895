"""Take the secrets of a run out of a text, in every form that they may have on their way out.

This is the last line of defence: no code here or elsewhere puts a secret into a record on purpose, but a driver's or a
library's own words may hold one.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

__all__ = ["SHORTEST", "Redactor"]

SHORTEST: Final = 4
"""Characters: what is shorter is found in every text by chance, and taking it out would leave no log. So no part uses a
shorter secret (``u8sync/backends/secrets.py``)."""

_MASK: Final = "***"


class Redactor:
    """Knows the secrets of one run.

    Args:
        secrets: The secrets themselves. They are kept in patterns only, and shown by no method.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {form for secret in secrets if len(secret) >= SHORTEST for form in _forms(secret)}
        # The longest first: a form that holds another one goes as a whole.
        words = sorted((form for form in known if len(form) >= SHORTEST), key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, words)), re.IGNORECASE) if words else None

    def __repr__(self) -> str:
        return "Redactor(...)"

    def clean(self, text: str) -> str:
        """The text without any of the secrets."""
        return text if self._pattern is None else self._pattern.sub(_MASK, text)


def _forms(secret: str) -> Iterator[str]:
    """How a secret looks as it is, quoted for a URL, a page, JSON or Python, and as bytes in hex or base64."""
    yield secret
    yield secret[::-1]
    yield from (quote(secret, safe=""), quote_plus(secret), quote(secret))
    yield html.escape(secret)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield ascii(secret)[1:-1]
    yield repr(secret)[1:-1]
    for charset in ("utf-8", "utf-16-le", "gb18030"):
        raw = secret.encode(charset, errors="replace")
        yield raw.hex()
        for shift in range(3):
            # Inside a longer text it may begin at any of three places; only whole groups are sure.
            coded = base64.b64encode(b"\0" * shift + raw).decode()
            sure = coded[4 if shift else 0 : len(coded) // 4 * 4 - 4]
            if len(sure) >= 2 * SHORTEST:
                yield sure
                yield sure.translate(str.maketrans("+/", "-_"))

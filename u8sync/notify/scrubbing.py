"""Take out of a text whatever an address holds that only its owner may know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

__all__ = ["scrub"]

SHORTEST: Final = 4
"""A shorter part is no token, and taking it out of every text would leave nothing readable."""


def scrub(text: str, url: str) -> str:
    """The text without the address and without any part of it that may be a token; host and scheme may stay."""
    for part in sorted(set(_parts(url)), key=len, reverse=True):
        text = text.replace(part, "***")
    return text


def _parts(url: str) -> Iterator[str]:
    for form in (url, unquote(url)):
        yield form
        try:
            pieces = urlsplit(form)
            names = [pieces.username, pieces.password, *pieces.path.split("/")]
            values = [value for _, value in parse_qsl(pieces.query, keep_blank_values=True)]
        except ValueError:
            continue
        # Many services keep the token where other addresses have the host.
        host = pieces.netloc.rpartition("@")[2]
        names.append(None if "." in host or host.startswith(("localhost", "[")) else host)
        for part in (*names, *values, pieces.query, pieces.path):
            if part and len(part) >= SHORTEST:
                yield part
                yield unquote(part)

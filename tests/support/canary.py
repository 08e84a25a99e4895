"""Look for a planted secret, in every form that it may have taken on its way out.

What lives here is the search; where secrets are planted and what goes wrong meanwhile is for the tests to say.
"""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote, quote_plus

__all__ = ["WORD", "forms", "hits", "hits_below"]

WORD: Final = "Canary#42;泄漏"
"""A password that no text has by chance, with characters that every way of quoting changes."""


def forms(secret: str) -> Mapping[str, bytes]:
    """How a secret looks: name of the form -> its bytes."""
    found: dict[str, bytes] = {}
    for charset in ("utf-8", "utf-16-le", "gb18030"):
        raw = secret.encode(charset)
        found[charset] = raw
        found[f"hex of {charset}"] = raw.hex().encode()
        found[f"upper-case hex of {charset}"] = raw.hex().upper().encode()
        for shift in range(3):
            # Inside a longer text it may begin at any of three places; only whole groups are sure.
            coded = base64.b64encode(b"\0" * shift + raw)
            sure = coded[4 if shift else 0 : len(coded) // 4 * 4 - 4]
            found[f"base64 of {charset}, shifted {shift}"] = sure
            found[f"URL-safe base64 of {charset}, shifted {shift}"] = sure.translate(bytes.maketrans(b"+/", b"-_"))
    found["URL"] = quote(secret, safe="").encode()
    found["URL in lower case"] = quote(secret, safe="").lower().encode()
    found["form"] = quote_plus(secret).encode()
    found["JSON"] = json.dumps(secret)[1:-1].encode()
    found["HTML"] = html.escape(secret).encode()
    found["repr"] = ascii(secret)[1:-1].encode()
    found["reversed"] = secret[::-1].encode()
    return found


def hits(secret: str, text: str | bytes) -> list[str]:
    """The forms in which a text holds the secret."""
    data = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    return [name for name, form in forms(secret).items() if form in data]


def hits_below(secret: str, *places: Path) -> list[str]:
    """Every file at or below some places that holds the secret, each with the form; names of files count too."""
    found = []
    for place in places:
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            found += [f"name of {path}: {form}" for form in hits(secret, str(path))]
            if path.is_file():
                found += [f"{name}: {form}" for name, data in _contents(path) for form in hits(secret, data)]
    return found


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    data = path.read_bytes()
    yield str(path), data
    if path.suffix == ".gz":
        yield f"{path} unpacked", gzip.decompress(data)
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for name in packed.namelist():
                yield f"{path}/{name}", packed.read(name)

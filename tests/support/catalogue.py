"""Keep the Chinese catalogue in step with the sentences in the source: extract, update, compile.

Run it after adding or changing a sentence, then fill the empty ``msgstr`` lines of the .po file and run it again::

    python tests/support/catalogue.py

A sentence is the first argument of ``msg`` or ``N_``, in Python and in the report's templates. The files hold no dates
and no line numbers, so that running this twice changes nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

ROOT: Final = Path(__file__).resolve().parents[2]
PO: Final = ROOT / "u8sync" / "locale" / "zh_CN" / "LC_MESSAGES" / "u8sync.po"
MO: Final = PO.with_suffix(".mo")
KEYWORDS: Final = {"msg": None, "N_": None}
PLURALS: Final = {"NN_": (1, 2)}
COMMENT: Final = "# Simplified Chinese catalogue of u8sync. Maintained by tests/support/catalogue.py."
HEADERS: Final = [
    ("Project-Id-Version", "u8sync"),
    ("Language", "zh_CN"),
    ("MIME-Version", "1.0"),
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Transfer-Encoding", "8bit"),
    ("Plural-Forms", "nplurals=1; plural=0;"),
]


class DatelessCatalog(Catalog):
    """A catalogue whose header says nothing of when it was made."""

    mime_headers = property(lambda _self: HEADERS, lambda _self, _headers: None)


def sentences() -> Iterator[tuple[str, str]]:
    """Every sentence in the source, as (file, template)."""
    for path in sorted((ROOT / "u8sync").rglob("*")):
        if path.suffix not in {".py", ".j2"}:
            continue
        method = "python" if path.suffix == ".py" else babel_extract
        with path.open("rb") as file:
            for _line, found, _comments, _context in extract(method, file, KEYWORDS):
                yield path.relative_to(ROOT).as_posix(), found if isinstance(found, str) else found[0]


def plurals() -> Iterator[tuple[str, tuple[str, str]]]:
    """Every sentence of a library in its two English forms, as (file, (singular, plural))."""
    path = ROOT / "u8sync" / "cli" / "library_words.py"
    with path.open("rb") as file:
        for _line, found, _comments, _context in extract("python", file, PLURALS):
            yield path.relative_to(ROOT).as_posix(), (found[0], found[1])


def known() -> dict[str, str]:
    """The translations that there are, empty where one is missing."""
    if not PO.exists():
        return {}
    with PO.open("rb") as file:
        return {
            message.id[1] if isinstance(message.id, tuple) else str(message.id): message.string[0]
            if isinstance(message.string, tuple)
            else str(message.string or "")
            for message in read_po(file)
            if message.id
        }


def updated() -> Catalog:
    """The catalogue of today's sentences, with the translations that are known."""
    translations = known()
    catalog = DatelessCatalog(locale="zh_CN", header_comment=COMMENT, fuzzy=False)
    for file, template in sentences():
        entry = catalog.add(template, translations.get(template, ""), locations=[(file, 0)])
        # Babel takes "40 % changed" for a printf format; these are str.format templates.
        entry.flags.clear()
    for file, forms in plurals():
        # Chinese has one form; it is kept under the plural, whose placeholders it has.
        catalog.add(forms, (translations.get(forms[1], ""),), locations=[(file, 0)]).flags.clear()
    return catalog


def po_bytes(catalog: Catalog) -> bytes:
    """The .po file of a catalogue."""
    buffer = BytesIO()
    write_po(buffer, catalog, width=0, sort_output=True, include_lineno=False)
    return buffer.getvalue()


def mo_bytes(catalog: Catalog) -> bytes:
    """The .mo file of a catalogue."""
    buffer = BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def main() -> int:
    """Update both files; returns 1 while a translation is missing."""
    catalog = updated()
    PO.parent.mkdir(parents=True, exist_ok=True)
    PO.write_bytes(po_bytes(catalog))
    MO.write_bytes(mo_bytes(catalog))
    written = known()
    missing = [t for t in [*(t for _, t in sentences()), *(forms[1] for _, forms in plurals())] if not written[t]]
    for template in missing:
        sys.stdout.write(f"not translated: {template}\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())

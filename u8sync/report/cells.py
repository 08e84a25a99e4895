"""Values from elsewhere made harmless to show: on a terminal, in a spreadsheet, in a page.

What lives here: what one value becomes. What does not: files (``tables.py``, ``xlsx.py``) and layout. The idea: a name
that somebody typed into the ERP may hold a formula, an escape sequence of a terminal, or a mark that turns the reading
direction round; an auditor must see that it does, and neither the terminal nor the spreadsheet may act on it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["defused", "escaped", "is_number"]

_FORMULA: Final = frozenset("=+-@＝＋－＠")
"""A spreadsheet takes a cell that begins so for a formula; the full-width forms where it was set to Chinese."""

_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Control, direction and zero-width marks, halves of a pair, separators of lines and paragraphs."""

_NAMED: Final = {"\0": "\\0", "\t": "\\t", "\n": "\\n", "\r": "\\r"}

_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def escaped(text: str) -> str:
    r"""The text with every character that cannot be seen written out: ESC as ``\x1b``, a direction mark as ``\u202e``.

    Characters for private use stay: old Chinese systems keep rare name characters there. For one that is to be read
    rather than examined, see :func:`u8sync.report.figures.clean`, which takes such characters away.
    """
    return text if text.isprintable() else "".join(map(_visible, text))


def defused(text: str) -> str:
    """The text as a spreadsheet may hold it: escaped, and with ``'`` before what could be taken for a formula.

    A plain number stays as it is: ``-12.50`` does no harm, and ``'-12.50`` could not be added up.

    Source: OWASP ASVS 1.2.10, CWE-1236.
    """
    shown = escaped(text)
    if is_number(shown):
        return shown
    first = text.lstrip()[:1]
    return f"'{shown}" if first in _FORMULA or text[:1] in _NAMED else shown


def is_number(text: str) -> bool:
    """Whether the text is a plain decimal number."""
    return _NUMBER.fullmatch(text) is not None


def _visible(character: str) -> str:
    if character in _NAMED:
        return _NAMED[character]
    number = ord(character)
    # The last two places of each plane and 32 others are no characters; XML cannot hold them.
    nothing = number & 0xFFFE == 0xFFFE or 0xFDD0 <= number <= 0xFDEF  # noqa: PLR2004
    if unicodedata.category(character) not in _HIDDEN and not nothing:
        return character
    return f"\\x{number:02x}" if number <= 0xFF else f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"  # noqa: PLR2004

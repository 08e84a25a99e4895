"""What an account set says of its columns: what they accept, and what they are called.

What does not live here: what stands in them (``model.py``). Apart from there because a seam is made of these two, and
who only crosses it needs no frames.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["ColumnLimit", "Glossary"]


@dataclass(frozen=True)
class ColumnLimit:
    """What the account set accepts in a column that may be written.

    Attributes:
        width: Most characters.
        values: The only values allowed; null when any text is.
    """

    width: int
    values: frozenset[str] | None = None


@dataclass(frozen=True)
class Glossary:
    """The account set's own words for its columns and codes. What U8 does not tell is absent, and no word is blank.

    Attributes:
        captions: Column -> caption of the self-defined item, for those that the site has set up.
        names: Column -> code -> name of the code, without blanks at the end of either.
    """

    captions: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

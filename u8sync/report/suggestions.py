"""What a value that no line of a table covers may mean, and the line to paste for it.

What does not live here: which values those are (``domain/coverage.py``) and what a line looks like
(``domain/table_lines.py``). The idea: people mistype in three ways, and each can be told apart: the input method was in
another width, a character is wrong, or another character of the same sound was picked. A code with digits is none of
these: 0101 is as far from 0102 as from any other, so codes are only compared in width and case.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Final, Literal

from u8sync.domain.coverage import ValueLine
from u8sync.domain.table_lines import comment, left_side, line, quoted
from u8sync.domain.tables import ValueTable
from u8sync.text import Message, Translate, msg

__all__ = ["Suggestion", "pasted", "reason_words", "suggest"]

Reason = Literal["same", "width", "spelling", "pronunciation"]

THRESHOLD: Final = 65
"""Less likeness than this, in percent, is none: two of three characters must agree."""

CONTAINED: Final = 75
"""Likeness of a word to a longer one that holds it whole."""

SAME_SOUND: Final = 95
"""Likeness of words that are read alike, and of a word to its Pinyin."""

INITIALS: Final = 90
"""Likeness of a word to the first letters of its syllables."""

NEAR_SOUND: Final = 85
"""Pinyin shares many letters by nature; less agreement than this says nothing."""


@dataclass(frozen=True)
class Suggestion:
    """What a value may mean.

    Attributes:
        like: The left side or meaning of the table that it is like.
        meaning: What that means.
        score: How like, 1 to 100.
        reason: In what.
    """

    like: str
    meaning: str
    score: int
    reason: Reason


def suggest(value: str, table: ValueTable, *, name: str | None = None) -> Suggestion | None:
    """The most similar known word of a table; null when none is similar enough.

    Args:
        value: A value that no line covers.
        table: The table.
        name: What the account set calls the value, where it is a code with a name.
    """
    known = [] if table.match == "pattern" else [(entry.raw, entry.canonical) for entry in table.entries]
    known += [(meaning, meaning) for meaning in table.results]
    best: Suggestion | None = None
    for asked in filter(None, (value, name)):
        for like, meaning in known:
            score, reason = _likeness(asked, like)
            if score >= THRESHOLD and (best is None or score > best.score):
                best = Suggestion(like, meaning, score, reason)
    return best


def reason_words(suggestion: Suggestion) -> Message:
    """In what a value is like a known one."""
    match suggestion.reason:
        case "same":
            return msg("the same word as {like}", like=suggestion.like)
        case "width":
            return msg("{like} but for width, case, blanks or marks", like=suggestion.like)
        case "spelling":
            return msg("spelt like {like} ({score} %)", like=suggestion.like, score=suggestion.score)
        case "pronunciation":
            return msg("sounds like {like} ({score} %)", like=suggestion.like, score=suggestion.score)


def pasted(
    table: ValueTable, values: Iterable[ValueLine], names: Mapping[str, str], translate: Translate
) -> Iterator[str]:
    """The lines to paste under ``values:`` of a table, one for each value that no line covers.

    Where nothing is similar the line is a comment with ``?`` for the meaning, so that pasting all of them does no harm.

    Args:
        table: The table.
        values: Its unmapped values.
        names: Value -> what the account set calls it, where it has a name.
        translate: The language of the comments.
    """
    in_braces = _in_braces(table)
    indent = " " * (0 if in_braces or not table.entries else table.entries[0].place.column - 1)
    taken = {entry.raw for entry in table.entries}
    for each in values:
        value = each.value or ""
        name = names.get(value)
        left = left_side(value, table.match)
        words = [msg("{count} customer(s)", count=f"{each.customers:,}")]
        words += [msg("in U8: {name}", name=name)] if name else []
        found = suggest(value, table, name=name)
        if left is None:
            words.append(msg("no line can cover it; see whether 'trim' is missing before the table"))
            yield f"{indent}# {comment(quoted(value))}  # {_comment(words, translate)}"
        elif left in taken:
            continue
        elif found is None:
            words.append(msg("put its meaning in place of the ? and take the first # away"))
            yield f"{indent}# {comment(quoted(left))}: ?  # {_comment(words, translate)}"
        else:
            taken.add(left)
            comma = ", " if in_braces else ""
            yield f"{indent}{comma}{line(left, found.meaning)}  # {_comment([*words, reason_words(found)], translate)}"


def _comment(words: Sequence[Message], translate: Translate) -> str:
    return comment(translate(reduce(lambda one, other: msg("{one}; {other}", one=one, other=other), words)))


def _in_braces(table: ValueTable) -> bool:
    """Whether the lines stand in braces, by their places: on one line, or far behind the table's own key."""
    lines = [entry.place.line for entry in table.entries]
    far = bool(lines) and table.entries[0].place.column - table.place.column > len("values: ")
    return len(set(lines)) < len(lines) or (len(lines) == 1 and far)


def _likeness(value: str, known: str) -> tuple[int, Reason]:
    """How like two words are, in percent, and in what they are most like."""
    from rapidfuzz import fuzz

    left, right = _folded(value), _folded(known)
    if not left or not right:
        return 0, "spelling"
    if _is_code(left) or _is_code(right):
        return (100, "width") if _in_one_width(value) == _in_one_width(known) else (0, "spelling")
    if left == right:
        return 100, "same" if value == known else "width"
    spelling = fuzz.ratio(left, right)
    short, long = sorted((left, right), key=len)
    if len(short) > 1 and short in long:
        spelling = max(spelling, CONTAINED)
    sound = _sound(left, right)
    return (int(sound), "pronunciation") if sound > spelling else (int(spelling), "spelling")


def _sound(left: str, right: str) -> float:
    """How like two words are when they are read aloud; one of them may be Pinyin or initials."""
    from rapidfuzz import fuzz

    if left.isascii() and right.isascii():
        return 0
    mine, theirs = _pinyin(left), _pinyin(right)
    if "".join(mine) == "".join(theirs):
        return SAME_SOUND
    for letters, syllables in ((left, theirs), (right, mine)):
        if letters.isascii() and len(syllables) > 1 and letters == "".join(each[:1] for each in syllables):
            return INITIALS
    near = fuzz.ratio("".join(mine), "".join(theirs))
    return near * SAME_SOUND / 100 if near >= NEAR_SOUND else 0


@lru_cache(maxsize=4096)
def _pinyin(word: str) -> tuple[str, ...]:
    """The syllables of a word, without tones; what is not Chinese stays as it is."""
    from pypinyin import lazy_pinyin

    return tuple(lazy_pinyin(word))


@lru_cache(maxsize=4096)
def _folded(word: str) -> str:
    """The word without what differs by input method: width, case, blanks and marks."""
    return "".join(character for character in _in_one_width(word) if character.isalnum())


def _in_one_width(word: str) -> str:
    return "".join(unicodedata.normalize("NFKC", word).casefold().split())


def _is_code(word: str) -> bool:
    """Whether marks and single characters count: a code with digits."""
    return any(map(str.isdigit, word)) and word.isascii()

"""Regular expressions in value tables: which ones are taken.

They are polars' own, which never go back and try again: a match costs time in proportion to the text, whatever the
pattern. What can still be slow is a pattern that is large once its counted repetitions are written out, and those are
refused; look-around and back-references do not exist in this kind.
"""

from __future__ import annotations

import re
from functools import reduce
from typing import Final

import polars as pl

from u8sync.text import Message, msg

__all__ = ["MAX_LENGTH", "MAX_REPEATS", "what_is_wrong_with"]

MAX_LENGTH: Final = 200
"""Most characters of a pattern."""

MAX_REPEATS: Final = 1_000
"""Most that its counted repetitions (``{3}``, ``{2,20}``) may come to, multiplied."""

_COUNTED: Final = re.compile(r"\{([0-9]+)(?:,([0-9]*))?\}")

_TOLD: Final = re.compile("(?m)^error: (.*)$")
"""The line of polars' complaint that says what is wrong; around it stands where, for a wide screen."""


def what_is_wrong_with(pattern: str) -> tuple[Message, Message] | None:
    """The complaint about a pattern and what to do, null when it can be used."""
    if len(pattern) > MAX_LENGTH:
        return (
            msg("a pattern has at most {count} characters", count=MAX_LENGTH),
            msg("Split it into several lines of the table."),
        )
    counts = (int(high or low) for low, high in _COUNTED.findall(pattern))
    repeats = reduce(lambda product, count: min(product * max(count, 1), 10**9), counts, 1)
    if repeats > MAX_REPEATS:
        return (
            msg("this pattern is too slow: its counted repetitions come to more than {count}", count=MAX_REPEATS),
            msg("Use '*' or '+' where the number does not matter; a column of U8 bounds the length anyway."),
        )
    try:
        # The whole and the bare pattern: 'a)(b' would only be right with the brackets that are put around it.
        pl.Series([""]).to_frame("text").select(
            pl.col("text").str.contains(pattern), pl.col("text").str.contains(f"^(?:{pattern})$").alias("whole")
        )
    except pl.exceptions.ComputeError as error:
        told = _TOLD.search(str(error))
        reason = told.group(1) if told else str(error).splitlines()[0]
        return (
            msg("this is no regular expression that can be used: {reason}", reason=reason),
            msg(r"A backslash before a character takes it as it is, e.g. '\.'; look-around and \1 are not possible."),
        )
    return None

"""Texts without quotes that other YAML programs take for something else.

Here ``NO``, ``0101`` and ``1e3`` are the texts that they look like. An editor, a formatter or a script that reads the
same file sees false, 65 and 1000, and may write that back: such a text is worth a warning wherever a text is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

import yaml
from pydantic import BaseModel

from u8sync.config.checking import meant
from u8sync.config.located_yaml import Located, Route
from u8sync.config.shapes.cases import ValueUse
from u8sync.config.shapes.uses import TestUse
from u8sync.errors import Problem
from u8sync.text import Message, Place, msg

__all__ = ["traps"]

_NUMBER: Final = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
"""A number of YAML 1.2, which PyYAML (YAML 1.1) may take for a text: ``1e3``, ``08``."""


def traps(located: Located, model: type[BaseModel]) -> Iterator[Problem]:
    """A warning for each key and value that is meant as text, stands without quotes and is none elsewhere."""
    for route in located.bare_keys:
        key = str(route[-1])
        if meant(model, route[:-1]) is dict and (other := _elsewhere(key)) is not None:
            yield _warning(located.key_place(route), key, other)
    for route in located.bare_values:
        text = located.at(route)
        if isinstance(text, str) and _is_text(model, route) and (other := _elsewhere(text)) is not None:
            yield _warning(located.value_place(route), text, other)


def _is_text(model: type[BaseModel], route: Route) -> bool:
    """Whether a text is meant there: by the model, or as a word of a condition or a value, which may be in a list."""
    if meant(model, route) is str:
        return True
    above = (route[:depth] for depth in range(max(len(route) - 2, 0), len(route) + 1))
    return route[-1:] != ("empty",) and any(meant(model, prefix) in (TestUse, ValueUse) for prefix in above)


def _warning(place: Place, text: str, other: str | Message) -> Problem:
    return Problem(
        place,
        msg("'{text}' stands without quotes: other programs read {other}", text=text, other=other),
        msg('u8sync reads the text as typed. Write "{text}" in quotes, so that everybody does.', text=text),
    )


def _elsewhere(text: str) -> str | Message | None:
    """What another program makes of a text without quotes; null when it is that text."""
    try:
        read = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return None
    if isinstance(read, str) and _NUMBER.fullmatch(text):
        read = int(text) if text.isdigit() else float(text)
    match read:
        case bool():
            return str(read).lower()
        case int() | float():
            return str(read)
        case date():
            return msg("a date")
        case _:
            return None

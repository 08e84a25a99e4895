"""The configuration of a new installation: the example's own text with a person's answers put in.

What lives here: where in the text an answer goes. What does not: the questions, and the way to disk. The idea: there is
one commented configuration, the example; the parser knows where each of its values begins and ends, so only that is
replaced, and the result is read again and compared with what was wanted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import yaml

from u8sync.domain.table_lines import plain_or_quoted

__all__ = ["Answer", "first_config"]

Answer = str | int | bool | date | Mapping[str, Any]
"""A value of the configuration; a mapping stands in braces on one line."""

_WAY: Final = "account_set"


def first_config(example: str, way: Mapping[str, Answer], values: Mapping[tuple[str, ...], Answer]) -> str:
    """The text of a configuration.

    Args:
        example: The example's text; its ``account_set`` stands on one line.
        way: The keys of ``account_set``, in the order to be written.
        values: Place -> value. A place that the example has as a comment only is taken out of its comment.

    Raises ValueError when the example has no such place, or a value would come out as something else.
    """
    wanted = yaml.safe_load(example)
    wanted[_WAY] = _plain(way)
    text = _put(example, (_WAY,), "\n" + "\n".join(f"  {key}: {_spelt(value)}" for key, value in way.items()))
    # "account_set:" ends at its colon when its keys stand below.
    text = text.replace(f"{_WAY}: \n", f"{_WAY}:\n", 1)
    for route, value in values.items():
        text = _put(text, route, _spelt(value))
        parent = wanted
        for key in route[:-1]:
            parent = parent[key]
        parent[route[-1]] = _plain(value)
    if yaml.safe_load(text) != wanted:
        raise ValueError("an answer cannot be written into the example")
    return text


def _put(text: str, route: tuple[str, ...], piece: str) -> str:
    parent, node = _nodes(text, route)
    if node is not None:
        return text[: node.start_mark.index] + piece + text[node.end_mark.index :]
    start, end = parent.start_mark.index, parent.end_mark.index
    commented = re.compile(rf"(?m)^(?P<indent> *)# (?P<key>{re.escape(route[-1])}: )[^#\n]*?(?P<rest> +#.*)?$")
    found = commented.search(text, start, end)
    if found is None:
        raise ValueError(f"the example has no place for {'.'.join(route)}")
    line = f"{found['indent']}{found['key']}{piece}{found['rest'] or ''}"
    return text[: found.start()] + line + text[found.end() :]


def _nodes(text: str, route: tuple[str, ...]) -> tuple[yaml.Node, yaml.Node | None]:
    """The group of keys that a place belongs to, and its value; null when it has none yet."""
    parent: Any = None
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    for step in route:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        parent, node = node, next((value for key, value in pairs if key.value == step), None)
    return parent, node


def _spelt(value: Answer) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | date():
            return str(value)
        case str():
            return plain_or_quoted(value)
        case _:
            return "{" + ", ".join(f"{key}: {_spelt(each)}" for key, each in value.items()) + "}"


def _plain(value: Answer) -> object:
    return {key: _plain(each) for key, each in value.items()} if isinstance(value, Mapping) else value

"""Operators and conditions as they stand in a mapping file: a word, or one word with what belongs to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, NamedTuple

from pydantic import PlainValidator, WithJsonSchema

from u8sync.config.checking import did_you_mean, shown
from u8sync.domain.conditions import TestKind
from u8sync.domain.operators import OPERATORS, SEPARATORS
from u8sync.text import english, msg

__all__ = ["Operator", "OperatorUse", "Test", "TestUse"]


class OperatorUse(NamedTuple):
    """An operator as it stands in a file: its name, and what stands behind it."""

    name: str
    argument: str | None


def _operator_use(value: object) -> OperatorUse:
    match value:
        case str():
            return OperatorUse(value, None)
        case dict() if len(value) == 1:
            name, argument = next(iter(value.items()))
            if argument is None or isinstance(argument, str):
                return OperatorUse(name, argument)
        case _:
            pass
    raise ValueError(msg("an operator is a word, or one word with its argument such as {{table: roles}}"))


class TestUse(NamedTuple):
    """A condition on one field as it stands in a file."""

    test: TestKind
    words: tuple[str, ...]


_TESTS: Final[Mapping[str, str]] = {
    "is": "等于其中之一；多值字段含有即可。One of these; of several values one is enough.",
    "is_not": "不是其中任何一个。None of these.",
    "begins": "以其中之一开头，如客户分类编码。Begins with one of these, e.g. the code of a customer class.",
    "empty": "true 为空，false 不为空。Whether nothing stands there.",
}


def _test_use(value: object) -> TestUse:
    words = _test_words(value)
    if words:
        return TestUse("is", words)
    if isinstance(value, dict) and len(value) == 1:
        test, inner = next(iter(value.items()))
        if test not in _TESTS:
            raise ValueError(msg("unknown test '{name}'", name=shown(test)), did_you_mean(test, tuple(_TESTS)))
        words = _test_words(inner)
        if test == "empty" and isinstance(inner, str) and inner.lower() in ("true", "false"):
            return TestUse("empty" if inner.lower() == "true" else "filled", ())
        if test != "empty" and words:
            return TestUse(test, words)
    raise ValueError(
        msg("a condition is a word, a list of words, or one test such as {{is_not: VIP}}"),
        msg("Tests: {known}.", known=", ".join(_TESTS)),
    )


def _test_words(value: object) -> tuple[str, ...]:
    """The words of a condition; none when it is no word and no list of words."""
    words = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    if any(not isinstance(word, str) or not word.strip() for word in words):
        return ()
    return tuple(word.strip() for word in words)


def _test_schema() -> dict[str, Any]:
    words = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
    tests = {name: {**words, "description": told} for name, told in _TESTS.items() if name != "empty"}
    tests["empty"] = {"type": "boolean", "description": _TESTS["empty"]}
    one = {"type": "object", "properties": tests, "minProperties": 1, "maxProperties": 1, "additionalProperties": False}
    told = (
        "条件：一个词、词的列表，或一个测试。A condition: a word, a list of words, or one test such as {is_not: VIP}."
    )
    return {"anyOf": [*words["anyOf"], one], "description": told}


def _operators_schema() -> dict[str, Any]:
    argument: dict[str, dict[str, Any]] = {
        "text": {"enum": list(SEPARATORS)},
        "number": {"type": "integer", "minimum": 1, "maximum": 999},
        "table": {"type": "string"},
    }
    return {
        "anyOf": [
            {"const": name, "description": english(kind.help)}
            if kind.argument == "none"
            else {
                "type": "object",
                "properties": {name: {**argument[kind.argument], "description": english(kind.help)}},
                "required": [name],
                "additionalProperties": False,
            }
            for name, kind in OPERATORS.items()
        ]
    }


Operator = Annotated[OperatorUse, PlainValidator(_operator_use), WithJsonSchema(_operators_schema())]
Test = Annotated[TestUse, PlainValidator(_test_use), WithJsonSchema(_test_schema())]

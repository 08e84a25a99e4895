"""From pydantic's findings to sentences with a place: every problem of a file, in our own words.

What lives here: checking a located file against a model. What does not: the models (each beside its file's loader, and
in a backend's options class) and checks that need two parts of a file at once.

The idea: files hold text only, so the models convert. pydantic alone would take ``1_000`` for a number, ``0`` for false
and ``86400`` for a date; the form of such a text is therefore tested first, by the type that the model asks for. A
model's own validators complain with ``raise ValueError(msg(...))``, and may add a hint: ``ValueError(msg(...), hint)``.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import Annotated, Any, Final, NamedTuple, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from u8sync.config.located_yaml import Located, Route, Value, in_file_order
from u8sync.errors import ConfigError, Problem
from u8sync.text import Message, msg

__all__ = ["SENTENCES", "check", "check_part", "did_you_mean", "examine", "meant", "raise_all", "shown"]

M = TypeVar("M", bound=BaseModel)

_SHOWN: Final = 60
"""Most characters of a value that a message shows."""


def check(located: Located, model: type[M]) -> M:
    """Check a whole file.

    The model's keys are its fields' names; ``extra="forbid"`` makes it refuse others.

    Raises:
        ConfigError: With every problem, in the order of the file.
    """
    return check_part(located, (), model)


def check_part(located: Located, route: Route, model: type[M]) -> M:
    """Check the part of a file below ``route``; see :func:`check`."""
    found = examine(located, route, model)
    if isinstance(found, list):
        raise ConfigError(located.file, found)
    return found


def examine(located: Located, route: Route, model: type[M]) -> M | list[Problem]:
    """The part below ``route`` as the model, or all that is wrong with it, in the order of the file.

    What was found when the file was read counts when the whole file is examined.
    """
    value = located.at(route)
    misread = {at: _expected(wanted, text) for at, text, wanted in _misreadings(value, model, ())}
    problems = [] if route else [*located.problems]
    problems += [Problem(located.value_place((*route, *at)), message) for at, message in misread.items()]
    try:
        checked = model.model_validate(value)
    except ValidationError as error:
        seen = set(misread)
        for finding in error.errors(include_url=False):
            at = _route(finding["loc"], value)
            # A union reports once for each of its types; the first says enough.
            is_union = len(at) < len(finding["loc"]) and not (
                finding["type"] in ("missing", "extra_forbidden") or finding["loc"][-1] == "[key]"
            )
            if at in misread or (is_union and at in seen):
                continue
            seen.add(at)
            problems.append(_problem(located, route, at, _Finding.of(finding), model))
        return in_file_order(problems)
    return in_file_order(problems) or checked


def raise_all(file: str, problems: Iterable[Problem]) -> None:
    """Raise a ConfigError when there is any problem."""
    found = in_file_order(problems)
    if found:
        raise ConfigError(file, found)


def did_you_mean(word: str, known: Collection[str]) -> Message | None:
    """The nearest known word, if one is near, and all known ones; null when none is known."""
    if not known:
        return None
    words = ", ".join(known)
    by_lower = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), by_lower, n=1)
    if near:
        return msg("Did you mean '{near}'? Known: {known}.", near=by_lower[near[0]], known=words)
    return msg("Known: {known}.", known=words)


def shown(text: str) -> str:
    """A value as a message shows it: one line, not too long."""
    line = "".join(character if character.isprintable() else "?" for character in " ".join(text.split()))
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


# --- the form of numbers, dates and flags ---

_FORMS: Final[Mapping[object, tuple[re.Pattern[str], Message]]] = {
    bool: (re.compile(r"(?i:true|false|yes|no|on|off)"), msg("true or false")),
    int: (re.compile(r"-?[0-9]{1,18}"), msg("a whole number")),
    float: (re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?"), msg("a plain number such as 2.5")),
    Decimal: (re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?"), msg("a plain number such as 2.5")),
    date: (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), msg("a date (YYYY-MM-DD)")),
}


def _misreadings(value: Value, annotation: object, at: Route) -> Iterator[tuple[Route, str, Message]]:
    """Texts that pydantic would read but a person did not mean so: route, text, what is wanted."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _misreadings(inner, _inside(annotation, key), (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _misreadings(item, _inside(annotation, index), (*at, index))
    elif isinstance(value, str):
        form = _FORMS.get(_bare(annotation))
        if form and not form[0].fullmatch(value):
            yield at, value, form[1]


def _bare(annotation: object) -> object:
    """The type without ``Annotated`` and ``| None``; null for a union of several."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        arms = [arm for arm in get_args(annotation) if arm is not type(None)]
        return _bare(arms[0]) if len(arms) == 1 else None
    return annotation


def _inside(annotation: object, step: str | int) -> object:
    """The type of what stands at ``step`` inside a value of that type; null when it is not known."""
    outer = _bare(annotation)
    if isinstance(outer, type) and issubclass(outer, BaseModel):
        info = outer.model_fields.get(str(step))
        return info.annotation if info else None
    arguments = get_args(outer)
    if get_origin(outer) in (dict, Mapping) and isinstance(step, str):
        return arguments[1]
    if get_origin(outer) in (list, tuple, set, frozenset, Sequence) and isinstance(step, int):
        return arguments[0]
    return None


def meant(model: type[BaseModel], route: Route) -> object:
    """The type that a model asks for at ``route``: a class, ``dict`` or ``list`` of a group; null: it is not known."""
    around: object = model
    for step in route:
        around = _inside(around, step)
    bare = _bare(around)
    origin = get_origin(bare)
    return bare if origin is None else origin


# --- pydantic's findings ---


class _Finding(NamedTuple):
    """One finding of pydantic; ``loc`` is left out because it names types and aliases beside keys."""

    type: str
    last: str
    given: object
    context: Mapping[str, Any]

    @classmethod
    def of(cls, finding: Mapping[str, Any]) -> _Finding:
        loc = finding["loc"]
        return cls(finding["type"], str(loc[-1]) if loc else "", finding["input"], finding.get("ctx", {}))


def _route(loc: Sequence[str | int], value: Value) -> Route:
    """The part of pydantic's location that the file has; the rest names a type or a missing key."""
    at: Route = ()
    for step in loc:
        match value:
            case dict() if isinstance(step, str) and step in value:
                value = value[step]
            case list() if isinstance(step, int) and step < len(value):
                value = value[step]
            case _:
                break
        at = (*at, step)
    return at


def _problem(located: Located, route: Route, at: Route, finding: _Finding, model: type[BaseModel]) -> Problem:
    full = (*route, *at)
    match finding.type:
        case "missing":
            place = located.key_place(full)
            return Problem(place, msg("the key '{key}' is missing", key=finding.last))
        case "extra_forbidden":
            around: object = model
            for step in at[:-1]:
                around = _inside(around, step)
            inner = _bare(around)
            known = inner.model_fields if isinstance(inner, type) and issubclass(inner, BaseModel) else ()
            hint = did_you_mean(finding.last, tuple(known))
            return Problem(located.key_place(full), msg("unknown key '{key}'", key=shown(finding.last)), hint)
        case _:
            place = located.key_place(full) if finding.last == "[key]" else located.value_place(full)
            return Problem(place, *_sentence(finding))


def _sentence(finding: _Finding) -> tuple[Message, Message | None]:
    if finding.type == "value_error":
        said = finding.context["error"].args
        if said and isinstance(said[0], Message):
            hint = said[1] if len(said) > 1 and isinstance(said[1], Message) else None
            return said[0], hint
    if finding.given is None:
        return msg("a value is missing"), None
    if finding.type == "literal_error" and isinstance(finding.given, str):
        known = re.findall(r"'([^']*)'", finding.context["expected"])
        return msg("unknown word '{word}'", word=shown(finding.given)), did_you_mean(finding.given, known)
    sentence = SENTENCES.get(finding.type)
    return (sentence(finding) if sentence else msg("this value cannot be used here")), None


def _expected(wanted: Message, given: object) -> Message:
    return msg("expected {wanted}, found {found}", wanted=wanted, found=_described(given))


def _described(given: object) -> Message:
    match given:
        case dict():
            return msg("a group of keys")
        case list():
            return msg("a list")
        case _:
            return msg("'{text}'", text=shown(str(given)))


def _wants(wanted: Message) -> Callable[[_Finding], Message]:
    return lambda finding: _expected(wanted, finding.given)


_GROUP: Final = _wants(msg("a group of keys"))
_LIST: Final = _wants(msg("a list"))
_TEXT: Final = _wants(msg("a text"))
_FLAG: Final = _wants(_FORMS[bool][1])
_WHOLE: Final = _wants(_FORMS[int][1])
_NUMBER: Final = _wants(_FORMS[Decimal][1])
_DATE: Final = _wants(_FORMS[date][1])

SENTENCES: Final[Mapping[str, Callable[[_Finding], Message]]] = {
    "model_type": _GROUP,
    "dict_type": _GROUP,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "string_type": _TEXT,
    "path_type": _TEXT,
    "literal_error": _TEXT,
    "bool_type": _FLAG,
    "bool_parsing": _FLAG,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "greater_than_equal": lambda f: msg("must be at least {bound}, not {given}", bound=f.context["ge"], given=f.given),
    "greater_than": lambda f: msg("must be more than {bound}, not {given}", bound=f.context["gt"], given=f.given),
    "less_than_equal": lambda f: msg("must be at most {bound}, not {given}", bound=f.context["le"], given=f.given),
    "less_than": lambda f: msg("must be less than {bound}, not {given}", bound=f.context["lt"], given=f.given),
    "decimal_max_places": lambda f: msg("must have at most {count} decimal places", count=f.context["decimal_places"]),
    "decimal_max_digits": lambda f: msg("must have at most {count} digits", count=f.context["max_digits"]),
    "decimal_whole_digits": lambda f: msg("must have at most {count} digits", count=f.context["whole_digits"]),
    "string_too_short": lambda _: msg("must not be empty"),
    "string_too_long": lambda f: msg("must have at most {count} characters", count=f.context["max_length"]),
    "too_short": lambda f: msg("too few entries; at least {count}", count=f.context["min_length"]),
    "too_long": lambda f: msg("too many entries; at most {count}", count=f.context["max_length"]),
    "string_pattern_mismatch": lambda f: msg(
        "'{text}' is not of the form {pattern}", text=shown(str(f.given)), pattern=f.context["pattern"]
    ),
    "value_error": lambda f: msg("'{text}' cannot be used here", text=shown(str(f.given))),
}
"""pydantic's type of finding -> our sentence. ``missing`` and ``extra_forbidden`` have theirs where the place is found;
a type that is not listed gets a plain sentence without details."""

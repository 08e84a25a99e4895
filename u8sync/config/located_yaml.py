"""YAML as people type it: every scalar stays text, and everything knows its line and column.

What lives here: reading one file, refusing what makes YAML dangerous or ambiguous, and finding places again. What does
not: what the keys mean (``checking.py`` and the files built on it).

The idea: YAML 1.1 turns ``0101`` into 65, ``12:30`` into 750 and ``NO`` into false. U8 codes look exactly like that, so
nothing is guessed here; the models convert, and only where they ask for a number. The parser's events are read one by
one, so a bomb of aliases or brackets stops at its first sign, before anything is built.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NoReturn

import yaml

from u8sync.errors import ConfigError, Problem
from u8sync.text import Message, Place, msg

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "SECRET_KEY",
    "SECRET_TEXT",
    "Located",
    "Route",
    "Value",
    "excerpt",
    "in_file_order",
    "load",
    "parse",
    "read_bytes",
]

MAX_BYTES: Final = 256 * 1024
"""Largest file that is read; a thousand customer classes need a tenth of it."""

MAX_DEPTH: Final = 50
"""Deepest nesting that is read; our own files need five."""

Value = None | str | list["Value"] | dict[str, "Value"]
"""What a file holds: text as typed, null only for nothing, ``~`` or ``null``."""

Route = tuple[str | int, ...]
"""The way to a value from the top: keys and list positions (from 0)."""

_LINE_BREAK: Final = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""What YAML counts as the end of a line; columns and lines would not agree with the parser's otherwise."""

_UNPRINTABLE: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_CONFIDENTIAL: Final = "password|passwd|pwd|secret|token|密码|口令"
SECRET_KEY: Final = re.compile(f"(?i)({_CONFIDENTIAL})$")
"""Keys whose value would be a secret; no file of ours may hold one, and no excerpt shows one."""

SECRET_TEXT: Final = re.compile(
    rf"(?i)(?:{_CONFIDENTIAL})[\"']?\s*[:=：]|://[^/\s:@]{{0,200}}:(?=[^\s@]{{1,200}}@)|PRIVATE\+KEY\+"
    r"|(?:wecombot|dingtalk|feishu|lark|mailtos?|jsons?|forms?|xmls?|tgram|slack|discord)://"
    r"|/webhook/send\?key=|/bot/v2/hook/"
)
"""What comes just before a secret inside a text: ``PWD=``, the colon of ``scheme://user:``, a key without its blank,
the beginning of a signing key, the address of a bot."""

_ADDRESS: Final = re.compile(r"(?i)\burl[\"']?\s*:\s*(?!\s|\{\s*(?:env\s*:\s*\w+\s*[,}]|(?:file|keyring)\b))")
"""What comes just before an address that is no reference: no excerpt shows it, a token may be a part of it."""

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Located:
    """A file with the place of everything in it.

    Attributes:
        file: Name as shown to people.
        value: What it holds.
        keys: Route of a key -> where the key stands.
        values: Route of a value -> where the value begins; the empty route is the whole.
        sha256: Digest of the file's bytes, hex.
        bare_keys: Routes of the keys that stand without quotes.
        bare_values: Routes of the texts that stand without quotes, in one line.
        problems: What is wrong with the file and keeps nobody from looking further, such as a key that stands twice;
            :func:`u8sync.config.checking.examine` tells it with the rest.
    """

    file: str
    value: Value
    keys: Mapping[Route, Place]
    values: Mapping[Route, Place]
    sha256: str
    bare_keys: frozenset[Route] = frozenset()
    bare_values: frozenset[Route] = frozenset()
    problems: tuple[Problem, ...] = ()

    def key_place(self, route: Route) -> Place:
        """Where the key stands; a list item and the top have no key, so it is their value's place."""
        return self.keys.get(route) or self.value_place(route)

    def value_place(self, route: Route) -> Place:
        """Where the value begins; for what is not in the file, the nearest thing around it that is."""
        while route not in self.values:
            route = route[:-1]
        return self.values[route]

    def at(self, route: Route) -> Value:
        """The value there; null when there is none."""
        value = self.value
        for step in route:
            if isinstance(value, dict) and isinstance(step, str):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
                value = value[step]
            else:
                return None
        return value

    def without(self, route: Route) -> Located:
        """The same file as if one of its keys were not there; every place stays."""

        def less(value: Value, way: Route) -> Value:
            if not isinstance(value, dict):
                return value
            if len(way) == 1:
                return {key: inner for key, inner in value.items() if key != way[0]}
            return {key: less(inner, way[1:]) if key == way[0] else inner for key, inner in value.items()}

        return replace(self, value=less(self.value, route))


def load(path: Path, shown_as: str) -> Located:
    """Read a file whose top level is a group of keys.

    Args:
        path: The file.
        shown_as: Its name in messages.

    Raises:
        ConfigError: With every problem that could be found, in the order of the file.
    """
    located = parse(read_bytes(path, shown_as), shown_as)
    if located.problems:
        raise ConfigError(shown_as, in_file_order(located.problems))
    return located


def parse(data: bytes, shown_as: str) -> Located:
    """What the bytes of a file hold, as :func:`load` says; only what keeps anybody from looking further is raised."""
    text = _decode(data, shown_as)
    sha256 = hashlib.sha256(data).hexdigest()
    composer = _Composer(shown_as)
    try:
        value = composer.document(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        composer.stop(*_syntax(error, text, shown_as))
    except (yaml.YAMLError, ValueError, OverflowError):
        # PyYAML's own scanner lets the ValueError of an impossible escape or version number pass.
        composer.stop(Place(shown_as, 1, 1), *_NOT_YAML)
    bare_keys, bare_values = frozenset(composer.bare_keys), frozenset(composer.bare_values)
    found = tuple(composer.problems)
    return Located(shown_as, value, composer.keys, composer.values, sha256, bare_keys, bare_values, found)


_NEAR: Final = 30
"""So many characters of a line are shown on either side of a place: 60 cells when they are Chinese."""


def excerpt(place: Place, text: str) -> tuple[str, str]:
    """The line of ``place`` and a caret under its column, for a terminal with fixed width.

    Args:
        place: Line and column, both from 1.
        text: The file's text, without byte order mark.

    Returns:
        The line, cut to what is near the column, and a line of blanks that ends in ``^``. Chinese characters count as
        two columns; what cannot be printed is shown as ``?``, and a secret as ``***``.
    """
    lines = _LINE_BREAK.split(text)
    line = _without_secrets(lines, place.line - 1)
    start = max(0, place.column - 1 - _NEAR)
    shown = "".join(map(_glyph, line[start : start + 2 * _NEAR]))
    shift = sum(_width(character) for character in shown[: place.column - 1 - start])
    return shown, " " * shift + "^"


def _without_secrets(lines: Sequence[str], index: int) -> str:
    """A line with ``***`` for what follows a secret's key, on this line or on one that holds it by indentation."""
    line = lines[index] if index < len(lines) else ""
    indent = _indent(line)
    for above in reversed(lines[:index]):
        if above.strip() and not above.lstrip().startswith("#") and _indent(above) < indent:
            indent = _indent(above)
            if SECRET_TEXT.search(above):
                return "***"
    shown = SECRET_TEXT.search(line) or _ADDRESS.search(line)
    return f"{line[: shown.end()]} ***" if shown else line


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def in_file_order(problems: Iterable[Problem]) -> list[Problem]:
    """The problems by file, line and column; those of a file as a whole first."""
    return sorted(problems, key=lambda p: (p.place.file, p.place.line, p.place.column) if p.place else ("", 0, 0))


def _glyph(character: str) -> str:
    if character.isprintable() or character == "\u3000":
        return character
    return " " if character.isspace() else "?"


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def read_bytes(path: Path, shown_as: str) -> bytes:
    """The bytes of a file that may be read as YAML. Raises ConfigError when it cannot be read or is too large."""

    def refuse(message: Message, hint: Message) -> NoReturn:
        raise ConfigError(shown_as, [Problem(None, message, hint)])

    try:
        if path.is_dir():
            refuse(msg("this is a folder, not a file"), msg("Give the path of the YAML file itself."))
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        refuse(msg("there is no such file"), msg("Check the path: {path}", path=path.absolute()))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        refuse(msg("the file cannot be read: {reason}", reason=reason), msg("Check the path and the file's rights."))
    if len(data) > MAX_BYTES:
        refuse(
            msg("the file is larger than {size} KiB", size=MAX_BYTES // 1024), msg("Is it really a file for u8sync?")
        )
    return data


def _decode(data: bytes, shown_as: str) -> str:
    """The text, without byte order mark. Raises ConfigError when it is not UTF-8 or holds control characters."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        place = _place_after(data[: error.start].decode("utf-8"), shown_as)
        message = msg("the file is not UTF-8 text from here on (byte {byte})", byte=f"0x{data[error.start]:02x}")
        hint = msg("Save the file as UTF-8. Chinese Windows programs often save as GBK, which they call ANSI.")
        raise ConfigError(shown_as, [Problem(place, message, hint)]) from None
    found = _UNPRINTABLE.search(text)
    if found:
        place = _place_after(text[: found.start()], shown_as)
        raise ConfigError(shown_as, [Problem(place, *_control(found.group()))])
    return text


def _control(character: str) -> tuple[Message, Message]:
    return (
        msg("a character that cannot be printed stands here ({code})", code=f"U+{ord(character):04X}"),
        msg("Delete it; it often comes along when text is copied."),
    )


def _place_after(before: str, shown_as: str) -> Place:
    lines = _LINE_BREAK.split(before)
    return Place(shown_as, len(lines), len(lines[-1]) + 1)


class _Composer:
    """Turns the parser's events into values and places, and collects what we do not take."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.keys: dict[Route, Place] = {}
        self.values: dict[Route, Place] = {}
        self.bare_keys: set[Route] = set()
        self.bare_values: set[Route] = set()
        self.problems: list[Problem] = []
        self._broken = False
        self._shared = False

    def stop(self, place: Place, message: Message, hint: Message | None = None) -> NoReturn:
        """Add a problem after which nothing can be understood, and give up."""
        self.problems.append(Problem(place, message, hint))
        raise ConfigError(self.file, in_file_order(self.problems))

    def document(self, events: Iterator[yaml.Event]) -> dict[str, Value]:
        """The one document of a file."""
        value: Value = None
        found = False
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if found:
                    self.stop(self._at(event), msg("a second document begins here; a file holds one only"))
                found = True
                value = self._node(next(events), events, ())
        if value is None:
            self.stop(Place(self.file, 1, 1), msg("the file is empty"))
        if not isinstance(value, dict):
            self.stop(self.values[()], msg("the file must begin with keys, such as 'version: 1'"))
        if self._broken:
            raise ConfigError(self.file, in_file_order(self.problems))
        return value

    def _at(self, event: yaml.Event) -> Place:
        mark = event.start_mark
        return Place(self.file, mark.line + 1, mark.column + 1) if mark else Place(self.file, 1, 1)

    def _add(self, place: Place, message: Message, hint: Message | None = None, *, broken: bool = True) -> None:
        """Note a problem; ``broken``: what it stands for is not known, so that looking further would only confuse."""
        self.problems.append(Problem(place, message, hint))
        self._broken = self._broken or broken

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], route: Route) -> Value:
        place = self._at(event)
        self.values[route] = place
        if len(route) > MAX_DEPTH:
            self.stop(place, _TOO_DEEP)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            self._refuse_sharing(place)
        if getattr(event, "tag", None) is not None:
            self._add(place, msg("tags ('!') are not taken here; write the plain value"))
        if isinstance(event, yaml.ScalarEvent):
            if event.implicit[0]:
                self.bare_values.add(route)
            return self._scalar(event, place)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, route)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(events, route)
        return None

    def _refuse_sharing(self, place: Place) -> None:
        # Once is enough: a bomb has hundreds.
        if not self._shared:
            self._shared = True
            self._add(
                place,
                msg("anchors (&), aliases (*) and merge keys (<<) are not taken here"),
                msg("Write the value out where it is used; put text that begins with & or * in quotes."),
            )

    def _scalar(self, event: yaml.ScalarEvent, place: Place) -> str | None:
        text: str = event.value
        if event.implicit[0] and text in ("", "~", "null"):
            return None
        found = _UNPRINTABLE.search(text)
        if found:  # by an escape such as "\0"
            self._add(place, *_control(found.group()), broken=False)
        return text

    def _sequence(self, events: Iterator[yaml.Event], route: Route) -> list[Value]:
        items: list[Value] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, events, (*route, len(items))))
        return items

    def _mapping(self, events: Iterator[yaml.Event], route: Route) -> dict[str, Value]:
        pairs: dict[str, Value] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            place = self._at(event)
            key = self._key(event, events, route)
            here = (*route, key)
            if here in self.keys:
                first = self.keys[here]
                message = msg("'{name}' stands here again; it stands first at {first}", name=key, first=first)
                self._add(place, message, broken=False)
            else:
                self.keys[here] = place
            pairs[key] = self._node(next(events), events, here)
        return pairs

    def _key(self, event: yaml.Event, events: Iterator[yaml.Event], route: Route) -> str:
        place = self._at(event)
        if not isinstance(event, yaml.ScalarEvent):
            self._node(event, events, (*route, ""))
            if not isinstance(event, yaml.AliasEvent):
                self._add(place, msg("a key must be a plain word"))
            return f"\0{place}"  # unlike any key that a person can type
        self._node(event, events, (*route, event.value))
        if event.implicit[0]:
            self.bare_keys.add((*route, event.value))
        self.bare_values.discard((*route, event.value))
        if event.implicit[0] and event.value == "<<":
            self._refuse_sharing(place)
        if event.implicit[0] and not event.value:
            self._add(place, msg("a key is missing before this ':'"))
            return f"\0{place}"
        return event.value


_NOT_YAML: Final = (
    msg("this is not valid YAML"),
    msg("Look at this line and the one before it: indentation, quotes, brackets, ':' with a blank after it."),
)

_TOO_DEEP: Final = msg("nested deeper than {depth} levels", depth=MAX_DEPTH)

_SYNTAX: Final[tuple[tuple[str, Message, Message], ...]] = (
    # libyaml reads ahead and has a limit of its own, far beyond ours.
    ("exceeded maximum nesting depth", _TOO_DEEP, _NOT_YAML[1]),
    (
        "could not find expected ':'",
        msg("a ':' is missing in the line before, or it is indented wrongly"),
        msg("A key is followed by ':' and a blank; a full-width '：' does not count."),
    ),
    (
        "mapping values are not allowed",
        msg("a ':' is not possible here"),
        msg("Check the indentation of this line, put a text with ':' in quotes, and write no full-width '：'."),
    ),
    (
        "cannot start any token",
        msg("a text cannot begin with this character"),
        msg("Put the text in single quotes."),
    ),
    (
        "unexpected end of stream",
        msg("a quote that opens here is never closed"),
        msg("Add the closing quote."),
    ),
    (
        "expected ',' or",
        msg("a ',' or a closing bracket is missing before this"),
        msg("A list in brackets is [a, b]; keys in braces are {{a: 1, b: 2}}."),
    ),
    (
        "unknown escape character",
        msg("a backslash has a special meaning in double quotes"),
        msg("Put the text in single quotes."),
    ),
    (
        "expected key",
        msg("the indentation does not fit the lines above"),
        msg("Keys of one group begin in the same column."),
    ),
    (
        "expected '-' indicator",
        msg("the indentation does not fit the lines above"),
        msg("The items of one list begin with '-' in the same column."),
    ),
    (
        "<block end>",
        msg("the indentation does not fit the lines above"),
        msg("Keys of one group begin in the same column."),
    ),
)
"""The parser's words -> ours. libyaml and PyYAML's own scanner word some of them differently; both are here."""


def _syntax(error: yaml.MarkedYAMLError, text: str, file: str) -> tuple[Place, Message, Message]:
    words = error.problem or ""
    mark = error.problem_mark or error.context_mark
    if "unexpected end of stream" in words:
        mark = error.context_mark or mark
    if mark is None:
        return Place(file, 1, 1), *_NOT_YAML
    lines = _LINE_BREAK.split(text)
    # libyaml ends a last line that nobody ended.
    row, column = (mark.line, mark.column) if mark.line < len(lines) else (len(lines) - 1, len(lines[-1]))
    line = lines[row]
    place = Place(file, row + 1, column + 1)
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    if "\t" in indent or line[column : column + 1] == "\t":
        tab = indent.find("\t") if "\t" in indent else column
        return (
            Place(file, place.line, tab + 1),
            msg("a tab stands here; YAML is indented with blanks only"),
            msg("Replace the tab by blanks, and let your editor insert blanks for the tab key."),
        )
    for fragment, message, hint in _SYNTAX:
        if fragment in words:
            return place, message, hint
    return place, *_NOT_YAML

"""Sentences that wait for a language: a template with its arguments, put into words only where it is shown.

Floors below the command line know no language. They speak in :class:`Message` values; the report and the command line
turn them into Chinese or English. The template is the English sentence and at the same time the key of the catalogue,
so every template is written out in full at the call of :func:`msg` (Babel finds it there).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["NN_", "N_", "Message", "Place", "Private", "Translate", "discreet", "english", "fill", "listed", "msg"]


@dataclass(frozen=True)
class Message:
    """One sentence: an English template in ``str.format`` form, and its arguments.

    An argument may itself be a :class:`Message`; it is put into words in the same language as the whole.
    """

    template: str
    args: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return english(self)


@dataclass(frozen=True)
class Private:
    """An argument that is for the people of the site alone: a customer's code or value, words that may hold one.

    It is shown on their screens and kept in their files; what goes out to many leaves it out (:func:`discreet`).
    """

    text: str

    def __str__(self) -> str:
        return self.text


Translate = Callable[[Message], str]
"""Puts a message into the words of one language."""


def msg(template: str, /, **args: object) -> Message:
    """Make a message; ``template`` must be a literal, because the catalogues are made from the source."""
    return Message(template, args)


def listed(messages: Sequence[Message], separator: str = "; ") -> Message:
    """Several sentences as one message."""
    named = {f"m{number}": message for number, message in enumerate(messages)}
    return Message(separator.join(f"{{{name}}}" for name in named), named)


def discreet(message: Message) -> Message:
    """The sentence without what is private in it; the same message when nothing is."""
    args = {name: _discreet(value) for name, value in message.args.items()}
    return message if args == message.args else Message(message.template, args)


def _discreet(value: object) -> object:
    if isinstance(value, Message):
        return discreet(value)
    return msg("(not shown here)") if isinstance(value, Private) else value


def N_(template: str) -> str:  # noqa: N802 - the name that Babel and gettext know
    """Mark a sentence for the catalogues where a plain string is wanted, such as a command's help text."""
    return template


def NN_(singular: str, plural: str) -> tuple[str, str]:  # noqa: N802
    """Mark a sentence that a library counts with, in its two English forms."""
    return singular, plural


def fill(template: str, args: Mapping[str, object], translate: Translate) -> str:
    """Put ``args`` into ``template``, translating the messages among them."""
    words: dict[str, Any] = {
        name: translate(value) if isinstance(value, Message) else value for name, value in args.items()
    }
    return template.format(**words)


def english(message: Message) -> str:
    """The sentence in English: what a log and ``str(error)`` show."""
    return fill(message.template, message.args, english)


@dataclass(frozen=True, order=True)
class Place:
    """Where something stands in a file that a person wrote; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

"""Which language the user reads, and the catalogue that puts messages into it.

What does not live here: the sentences (they stand where they are made, see :mod:`u8sync.text`) and the upkeep of the
catalogue (``tests/support/catalogue.py``). The idea: English is the template itself and Chinese is looked up, so that a
sentence without a translation is still a sentence.
"""

from __future__ import annotations

import gettext
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from u8sync.text import Message, Translate, discreet, english, fill

if TYPE_CHECKING:
    from u8sync.domain.run_entry import Told

__all__ = ["DOMAIN", "ENVIRONMENT", "LOCALE", "Language", "choose", "for_many", "told", "translator", "words_of"]

Language = Literal["zh", "en"]

DOMAIN: Final = "u8sync"
LOCALE: Final = Path(__file__).parent.parent / "locale"
"""Where the catalogues are, and what they are called, as gettext wants to know."""

ENVIRONMENT: Final = ("U8SYNC_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
"""Environment variables that name the language, the first one set wins."""


def choose(explicit: str | None, environ: Mapping[str, str], system_locale: str | None) -> Language:
    """Choose the language; the first that says anything decides, and whatever is not Chinese means English.

    Args:
        explicit: What was asked for on the command line; null: nothing.
        environ: The environment, see :data:`ENVIRONMENT`.
        system_locale: What the operating system says, ``zh_CN`` or ``Chinese (Simplified)_China``; null: nothing.
    """
    said = (explicit, *(environ.get(name) for name in ENVIRONMENT), system_locale)
    first = next((word for word in said if word), "").lower()
    return "zh" if first.startswith(("zh", "chinese")) else "en"


@cache
def translator(language: Language) -> Translate:
    """What puts messages, and the messages among their arguments, into the words of ``language``; one for each."""
    if language == "en":
        return english
    catalogue = _chinese()

    def chinese(message: Message) -> str:
        return fill(catalogue.gettext(message.template), message.args, chinese)

    return chinese


def told(message: Message) -> Told:
    """A sentence in both languages, for reading later."""
    from u8sync.domain.run_entry import Told

    return Told(en=english(message), zh=translator("zh")(message))


def for_many(messages: Iterable[Message | None]) -> dict[str, Told]:
    """Sentences with something private in them, in English -> the same without; see :class:`RunEntry`."""
    return {
        english(message): told(other)
        for message in messages
        if message is not None and (other := discreet(message)) is not message
    }


def words_of(sentence: Told, language: Language) -> str:
    """A sentence that was kept, in one language."""
    return sentence.zh if language == "zh" else sentence.en


@cache
def _chinese() -> gettext.NullTranslations:
    # Not by opening the file: click's own words come from it as well, and gettext reads it once for both.
    return gettext.translation(DOMAIN, LOCALE, ["zh_CN"])

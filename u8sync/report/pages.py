"""How pages are made: templates of the house, everything escaped, in one language; a whole file or none."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from u8sync.report.tables import in_place_of
from u8sync.report.words import say
from u8sync.text import Message, Translate, msg

__all__ = ["Script", "page_environment", "page_script", "save_page"]


@dataclass(frozen=True)
class Script:
    """The script of a page.

    Attributes:
        text: What stands in the page, to the byte.
        source: What the page's own policy allows to run: the hash of exactly that.
    """

    text: Markup
    source: str


def page_script(name: str) -> Script:
    """A script of the house. It holds no data: what it finds and sorts is the page's own text."""
    text = _template(name)
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return Script(Markup(text), f"sha256-{digest}")  # noqa: S704 - a file of this package


@lru_cache(maxsize=4)  # compiling the templates takes longer than rendering a page
def page_environment(translate: Translate) -> Environment:
    """What renders the templates: messages become words, and what comes from elsewhere is escaped and made visible.

    ``msg`` is known in every template and macro. The same translator gets the same environment.
    """
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(_template),
        finalize=lambda value: _shown(value, translate),
    )
    environment.globals["msg"] = msg
    return environment


def save_page(path: Path, page: str) -> None:
    """Write a page that others may read. Raises InputError when it cannot be written."""
    with in_place_of(path, shared=True) as part:
        part.write_text(page, encoding="utf-8", newline="\n")


def _shown(value: object, translate: Translate) -> str:
    """A value as it stands in the page; what a macro made of escaped values is left as it is."""
    if isinstance(value, Markup):
        return value
    return say(value if isinstance(value, Message | None) else str(value), translate)


def _template(name: str) -> str:
    return files("u8sync").joinpath("report", "templates", name).read_text(encoding="utf-8")

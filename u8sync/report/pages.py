"""How pages are put together: templates of the house, everything escaped, in one language."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from u8sync.report.words import say
from u8sync.text import Message, Translate, msg

__all__ = ["page_environment"]


def page_environment(translate: Translate) -> Environment:
    """What renders the templates: messages become words, and what comes from elsewhere is escaped and made visible.

    ``msg`` is known in every template and macro.
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


def _shown(value: object, translate: Translate) -> str:
    """A value as it stands in the page; what a macro made of escaped values is left as it is."""
    if isinstance(value, Markup):
        return value
    return say(value if isinstance(value, Message | None) else str(value), translate)


def _template(name: str) -> str:
    return files("u8sync").joinpath("report", "templates", name).read_text(encoding="utf-8")

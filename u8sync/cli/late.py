"""Commands that are imported when somebody asks for them, and not before.

A group's table says where each command stands and what the group's help says of it: so much is enough for the help of
the group, for completion, and for "Did you mean". What does not live here: the tables, each in the module of its group,
and the commands, whose own help stands with them. The one idea: click dispatches by making a context, and asks that
context for the command from then on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import click

__all__ = ["LateCommand"]


class LateCommand(click.Command):
    """Stands in a group for a command of another module.

    Args:
        name: Of the command, as it is typed.
        where: ``module:attribute`` of the command.
        short_help: What the group's help says of it; null where that is the beginning of ``help``.
        help: The command's own help.
    """

    load: Callable[[], click.Command]
    """Gives the command itself."""

    def __init__(
        self,
        name: str,
        where: str,
        short_help: str | None = None,
        help: str | None = None,  # noqa: A002 - click's name
    ) -> None:
        super().__init__(name, short_help=short_help, help=help)
        self.load = partial(_imported, *where.split(":"))

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - as click has it
    ) -> click.Context:
        """A context of the command itself."""
        return self.load().make_context(info_name, args, parent, **extra)


def _imported(module: str, attribute: str) -> click.Command:
    command: click.Command = getattr(import_module(module), attribute)
    return command

"""The commands themselves, with those that are imported only when somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click

from u8sync.cli.late import LateCommand

__all__ = ["below", "loaded", "walk"]


def loaded(command: click.Command) -> click.Command:
    """The command itself."""
    return command.load() if isinstance(command, LateCommand) else command


def below(command: click.Command) -> Mapping[str, click.Command]:
    """Name -> command of a group; none of a command that is no group."""
    own = loaded(command)
    return {name: loaded(each) for name, each in own.commands.items()} if isinstance(own, click.Group) else {}


def walk(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """The command and all below it, each with the words by which it is called."""
    yield path, loaded(command)
    for name, each in below(command).items():
        yield from walk(each, (*path, name))

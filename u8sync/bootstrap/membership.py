"""Who belongs to a fleet: from the file, and from the servers that it names, to members with all that tells them apart.

Nothing is written, and only a discovery connects. The one idea: whatever is wrong with a single account set stays with
that member and fails there, so that it cannot keep the rest of the group from its night; only what nobody can have
meant, such as the same account set twice, is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from u8sync.bootstrap import account_sets, kind_of
from u8sync.bootstrap.installation import OPENING_TRIES
from u8sync.bootstrap.member_runs import failed
from u8sync.config.fleet_file import Discovery, FleetFile, overlaid
from u8sync.config.settings import load_settings
from u8sync.domain.fleet import Member, Overlay
from u8sync.errors import ConfigError, InputError, Problem, U8SyncError
from u8sync.text import msg

__all__ = ["members_of"]


def members_of(file: FleetFile, *, only: Collection[str], as_of: date | None) -> tuple[Member, ...]:
    """The members, those that the file lists first.

    Args:
        file: The fleet file.
        only: Names of those that are wanted; empty: all.
        as_of: Last day that counts, for all of them; null: as file and configurations say.

    Raises:
        InputError: There is none, two are the same, or ``only`` names one that is not there.
        U8SyncError: The server of a discovery cannot be asked. Where the file lists members as well, one member more
            stands for those of the server and ends with that error: the others have their night.
    """
    found = [_member(one.name, one.config, Overlay(as_of=one.as_of)) for one in file.members]
    unasked: U8SyncError | None = None
    if file.discover is not None:
        codes, unasked = _codes(file, file.discover)
        if unasked is not None and not found:
            raise unasked
        found += [_of_server(file.discover, code) for code in codes]
        if unasked is not None:
            found.append(_stand_in(file.discover, unasked))
    _refuse_twins(found)
    unknown = sorted(set(only) - {member.name for member in found})
    if unknown and unasked is not None:
        raise unasked  # it may well be there
    if unknown:
        raise InputError(
            msg("This fleet has no member '{name}'", name=unknown[0]),
            hint=msg("Members: {names}", names=", ".join(member.name for member in found)),
        )
    wanted = [member for member in found if not only or member.name in only]
    if as_of is not None:
        wanted = [replace(member, overlay=replace(member.overlay, as_of=as_of)) for member in wanted]
    return tuple(wanted)


def _member(name: str, config: Path, overlay: Overlay) -> Member:
    """A member; a configuration that cannot be used is told when it runs, by that member alone."""
    config = config.absolute()
    try:
        settings = overlaid(load_settings(config), overlay)
        digest = settings.digest
        kind, options = kind_of(settings)
        server = str(config) if kind.server is None else kind.server(options)
    except ConfigError:
        return Member(name, config, overlay, str(config), None)
    return Member(name, config, overlay, server, digest)


def _of_server(found: Discovery, code: str) -> Member:
    return _member(found.names.get(code, code), found.config, found.overlays.get(code, Overlay(account=code)))


def _stand_in(found: Discovery, error: U8SyncError) -> Member:
    """Who stands for the account sets of a server that cannot be asked for them."""
    member = _member(str(found.config), found.config, Overlay())
    return replace(member, ended=failed(member, error))


def _codes(file: FleetFile, found: Discovery) -> tuple[Sequence[str], U8SyncError | None]:
    """Codes of the account sets on a server, and why it cannot be asked for more; null: it was, or need not be.

    Raises ConfigError and InputError when what the fleet file says of it cannot be meant.
    """
    try:
        settings = load_settings(found.config)
        kind, options = kind_of(settings)
    except ConfigError as error:
        return (), error
    if kind.accounts is None:
        raise ConfigError(
            str(file.path),
            [
                Problem(
                    found.place,
                    msg(
                        "{config} leads to one account set only: {backend}",
                        config=found.config,
                        backend=settings.backend,
                    ),
                    msg("Only a database server (sqlserver) can be asked; list other account sets under 'members'."),
                )
            ],
        )
    if getattr(options, "database", None) is not None:
        raise ConfigError(
            settings.located.file,
            [
                Problem(
                    settings.located.key_place(("account_set", "database")),
                    msg("this names one database, and the fleet is to find the account sets of the server"),
                    msg("Take 'database' out: each account set is then found by its code."),
                )
            ],
        )
    # An account set that somebody named and the login does not see is a member that fails, and says so.
    if found.accounts is not None:
        codes, unasked = list(found.accounts), None
    else:
        seen, unasked = _seen(found.config)
        codes = sorted({*seen, *found.overlays})
    left = [code for code in codes if code not in found.without]
    if not left and unasked is None:
        raise InputError(
            msg("{file} leaves no account set of those that {config} leads to", file=file.path, config=found.config),
            hint=msg("'u8sync accounts --config {config}' lists what the login can see.", config=found.config),
        )
    return left, unasked


def _seen(config: Path) -> tuple[Sequence[str], U8SyncError | None]:
    """Codes of what the login sees, and why they cannot be had."""
    try:
        return [one.code for one in account_sets(config, tries=OPENING_TRIES)], None
    except U8SyncError as error:
        return (), error


def _refuse_twins(members: Sequence[Member]) -> None:
    """Two of one name, or two that are one account set by their configuration."""
    names: set[str] = set()
    ways: dict[tuple[Path, str | None], str] = {}
    for member in members:
        if member.name in names:
            raise InputError(
                msg("Two members of this fleet are named '{name}'", name=member.name),
                hint=msg("Give one of them another name; a discovered one gets it under 'overlays'."),
            )
        names.add(member.name)
        way = member.config.resolve(), member.overlay.account
        if way in ways:
            raise same_account_set(ways[way], member.name)
        ways[way] = member.name


def same_account_set(one: str, other: str) -> U8SyncError:
    """The error when two members are one account set."""
    return InputError(
        msg("The members '{one}' and '{other}' are the same account set", one=one, other=other),
        hint=msg("Nothing was written. Take one of them out: two runs would write into each other's hands."),
    )

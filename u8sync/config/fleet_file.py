"""The fleet file: read, checked as a whole, and made into what a fleet is put together from.

What lives here: the file and the overlay of a member on its base configuration. What does not: asking a server for its
account sets (``bootstrap/fleets.py``) and who runs when (``engine/fleet.py``). The idea: an overlay changes the checked
settings, never the file, so that what the audit log keeps as evidence is what stands on the disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Literal

from u8sync.config.checking import examine, raise_all, shown
from u8sync.config.located_yaml import Located, in_file_order, parse, read_bytes
from u8sync.config.settings import Settings
from u8sync.config.shapes.fleet import FleetShape
from u8sync.domain.fleet import Limits, Overlay
from u8sync.errors import ConfigError, Problem
from u8sync.text import Place, msg

__all__ = ["Discovery", "FleetFile", "Listed", "load_fleet", "overlaid"]

AsOf = Literal["today", "last_month_end"] | date


@dataclass(frozen=True)
class Listed:
    """A member that the file names.

    Attributes:
        name: Its name.
        config: Its configuration file.
        as_of: Its as-of day; null: the configuration's.
        place: Where it stands.
    """

    name: str
    config: Path
    as_of: AsOf | None
    place: Place


@dataclass(frozen=True)
class Discovery:
    """Members that a server is asked for.

    Attributes:
        config: The base configuration.
        accounts: Codes of account sets; null: all that the login can see.
        without: Codes to leave out.
        names: Code -> name of the member; the code itself when it is not here.
        overlays: Code -> what differs from the base configuration.
        place: Where it stands.
    """

    config: Path
    accounts: tuple[str, ...] | None
    without: frozenset[str]
    names: Mapping[str, str]
    overlays: Mapping[str, Overlay]
    place: Place


@dataclass(frozen=True)
class FleetFile:
    """A fleet file that was checked when it was loaded. Paths are absolute or start at the current folder.

    Attributes:
        path: The file.
        members: Those that it names, in its order.
        discover: Those that are to be found; null: none.
        limits: How many run at a time.
        notify: The configuration whose section says who is told of the fleet; null: each member tells its own people.
        runs_folder: Folder of the summaries.
        runs_days: How long one is kept, days.
        digest: SHA-256 of the file's bytes, hex.
    """

    path: Path
    members: tuple[Listed, ...]
    discover: Discovery | None
    limits: Limits
    notify: Path | None
    runs_folder: Path
    runs_days: int
    digest: str


def load_fleet(path: Path) -> FleetFile:
    """Read a fleet file; the files that it names are not opened.

    Raises:
        ConfigError: With every problem of the file, in its order.
    """
    located = parse(read_bytes(path, str(path)), str(path))
    shape = examine(located, (), FleetShape)
    twice = list(_twice(located))
    if isinstance(shape, list):
        raise ConfigError(located.file, in_file_order([*shape, *twice]))
    raise_all(located.file, [*twice, *_unused_overlays(located, shape)])
    folder = path.parent
    return FleetFile(
        path=path,
        members=tuple(
            Listed(member.name, folder / member.config, member.as_of, located.value_place(("members", at)))
            for at, member in enumerate(shape.members)
        ),
        discover=_discovery(located, shape, folder),
        limits=Limits(shape.limits.workers, shape.limits.per_server),
        notify=None if shape.notify is None else folder / shape.notify,
        runs_folder=folder / shape.runs.folder,
        runs_days=shape.runs.keep_days,
        digest=located.sha256,
    )


def overlaid(settings: Settings, overlay: Overlay) -> Settings:
    """The settings with what differs for one member; places and digest stay those of the file."""
    located = settings.located
    if overlay.account is not None and isinstance(located.value, dict):
        section = located.at(("account_set",))
        keys = {**section, "account": overlay.account} if isinstance(section, dict) else section
        located = replace(located, value={**located.value, "account_set": keys})
    return replace(
        settings,
        located=located,
        mapping=overlay.mapping or settings.mapping,
        policy=overlay.policy or settings.policy,
        as_of=overlay.as_of or settings.as_of,
    )


def _discovery(located: Located, shape: FleetShape, folder: Path) -> Discovery | None:
    found = shape.discover
    if found is None:
        return None
    return Discovery(
        config=folder / found.config,
        accounts=None if found.accounts == "all" else tuple(found.accounts),
        without=frozenset(found.without),
        names={code: overlay.name for code, overlay in found.overlays.items() if overlay.name is not None},
        overlays={
            code: Overlay(
                account=code,
                mapping=None if overlay.mapping is None else folder / overlay.mapping,
                policy=None if overlay.policy is None else folder / overlay.policy,
                as_of=overlay.as_of,
            )
            for code, overlay in found.overlays.items()
        },
        place=located.key_place(("discover",)),
    )


def _twice(located: Located) -> Iterator[Problem]:
    """Names of members and codes of account sets that stand in the file twice."""
    named = [("members", at, "name") for at in range(_length(located, ("members",)))]
    codes = [("discover", "accounts", at) for at in range(_length(located, ("discover", "accounts")))]
    overlays = located.at(("discover", "overlays"))
    other = [("discover", "overlays", code, "name") for code in overlays] if isinstance(overlays, dict) else []
    for routes in ([*named, *other], codes):
        seen: dict[str, Place] = {}
        for route in routes:
            value = located.at(route)
            if not isinstance(value, str):
                continue
            first = seen.setdefault(value.strip(), located.value_place(route))
            if first != located.value_place(route):
                yield Problem(
                    located.value_place(route),
                    msg("'{name}' stands here twice, first in line {line}", name=shown(value), line=first.line),
                )


def _length(located: Located, route: tuple[str | int, ...]) -> int:
    value = located.at(route)
    return len(value) if isinstance(value, list) else 0


def _unused_overlays(located: Located, shape: FleetShape) -> Iterator[Problem]:
    """Overlays of account sets that the file itself leaves out: they would be passed over in silence."""
    found = shape.discover
    if found is None:
        return
    for code in found.overlays:
        if code in found.without or (found.accounts != "all" and code not in found.accounts):
            yield Problem(
                located.key_place(("discover", "overlays", code)),
                msg("the account set {code} is not in this fleet, and an overlay is given for it", code=code),
                msg("Add it to 'accounts', take it out of 'without', or remove the overlay."),
            )

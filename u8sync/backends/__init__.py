"""The ways into U8; one file each, all listed in :data:`BACKENDS` and imported only when chosen.

Importing this package loads neither a database library nor a driver, so that a site pays only for the way it uses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from u8sync.errors import InputError
from u8sync.ports import AccountSetFound, Anchor, Backend, Check, Needs, Trying
from u8sync.text import msg

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["BACKENDS", "AnchorKind", "BackendKind", "backend_kind", "usual_columns"]


@dataclass(frozen=True)
class AnchorKind:
    """How a server of one kind keeps checkpoints of audit logs.

    Attributes:
        options: The class of its settings, as in :class:`BackendKind`.
        open: Makes it: ``(options, base, timeout_s)``. Nothing is reached yet.
        grants: The script that makes its table and gives a login the right to add to it, ``(options)``.
    """

    options: type[BaseModel]
    open: Callable[[Any, Path, float], Anchor]
    grants: Callable[[Any], str]


@dataclass(frozen=True)
class BackendKind:
    """One kind of backend.

    Attributes:
        options: The class of its settings; made from the configuration file, unknown names are an error.
        open: Opens it: ``(options, base, trying)``, where ``base`` is the folder that relative paths start from, and
            ``trying`` says when to try again, for a way whose operations are many small calls; most ways need it not.
            Raises FatalError when there is no usable account set behind it.
        way: :attr:`u8sync.ports.Backend.way` of what it opens.
        examine: The checks of ``u8sync doctor`` that only this kind can make, ``(options, base, needs)``; what can be
            asked of every open backend is no part of them. Null: none.
        accounts: Lists the account sets that the login can see, ``(options, base)``; raises FatalError when there is
            none. Null: there is only the one.
        grants: The script that gives logins the rights they need and no more,
            ``(options, base, needs, reader, writer)``; null: there are no logins.
        anchor: How such a server keeps checkpoints of audit logs; null: it does not.
        server: The server behind the options, ``(options)``: equal texts mean the same one, of which a fleet does not
            ask too much at a time. Null: each account set stands by itself.
    """

    options: type[BaseModel]
    open: Callable[[Any, Path, Trying], Backend]
    way: str = "sql"
    examine: Callable[[Any, Path, Needs], Iterator[Check]] | None = None
    accounts: Callable[[Any, Path], Sequence[AccountSetFound]] | None = None
    grants: Callable[[Any, Path, Needs, str, str], str] | None = None
    anchor: AnchorKind | None = None
    server: Callable[[Any], str] | None = None


BACKENDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "openapi": "u8sync.backends.openapi:KIND",
        "sqlite": "u8sync.backends.sqlite:KIND",
        "sqlserver": "u8sync.backends.sqlserver:KIND",
    }
)
"""Name in the configuration file -> module and attribute of its :class:`BackendKind`."""


def usual_columns() -> Mapping[str, frozenset[str]]:
    """Way into U8 -> the columns of the customer archive that can usually be read there; a site may have fewer."""
    from u8sync.backends.openapi.fields import READABLE
    from u8sync.backends.u8_schema import ARCHIVE

    return {"sql": frozenset(ARCHIVE), "openapi": frozenset(READABLE)}


def backend_kind(name: str) -> BackendKind:
    """Load the kind of backend with this name. Raises InputError when there is none."""
    if name not in BACKENDS:
        raise InputError(
            msg("There is no backend named {name}.", name=name),
            hint=msg("Known backends: {names}", names=", ".join(sorted(BACKENDS))),
        )
    module, attribute = BACKENDS[name].split(":")
    kind = getattr(import_module(module), attribute)
    if not isinstance(kind, BackendKind):
        raise TypeError(f"{BACKENDS[name]} is no BackendKind")
    return kind

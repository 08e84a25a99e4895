"""A table of checkpoints on an emulated SQL Server, made by the script that an administrator runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulated.server import EmulatedServer
from sqlserver_site import PASSWORD, driver_options
from tds.server import TdsServer

from u8sync.backends import AnchorKind, backend_kind
from u8sync.ports import Anchor

__all__ = ["SECRET", "AnchorSite", "anchor_kind", "anchor_site"]

SECRET = "Geheim#1"  # noqa: S105 - of a server that lives as long as a test
DATABASE = "AUDIT"


@dataclass(frozen=True)
class AnchorSite:
    """A server with the table, and the way to it.

    Attributes:
        server: What answers.
        port: Where.
        folder: Where relative paths of the settings start from.
        settings: As they stand in the configuration.
    """

    server: EmulatedServer
    port: int
    folder: Path
    settings: dict[str, Any]

    def anchor(self, *, timeout_s: float = 20, **settings: Any) -> Anchor:
        """The anchor with these settings changed."""
        kind = anchor_kind()
        return kind.open(kind.options.model_validate(self.settings | settings), self.folder, timeout_s)

    def run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """What somebody does behind the anchor's back, in SQLite's words."""
        with self.server.back_door(DATABASE) as connection:
            return connection.execute(statement, values).fetchall()


def anchor_kind() -> AnchorKind:
    """Of SQL Server."""
    kind = backend_kind("sqlserver").anchor
    if kind is None:
        raise LookupError("sqlserver")
    return kind


@contextmanager
def anchor_site(folder: Path, driver: str = "msodbcsql", *, script: bool = True) -> Iterator[AnchorSite]:
    """A server with an empty database, in which the script was run unless ``script`` is false."""
    settings = {
        "server": "127.0.0.1",
        "database": DATABASE,
        "login": "u8sync_anchor",
        "password": {"env": PASSWORD},
        "encrypt": "no",
        "insecure_reason": "loopback of a test",
        "login_timeout_s": 2,
        **driver_options(driver),
    }
    with EmulatedServer.create(folder / "server") as server:
        server.add_database(DATABASE)
        with TdsServer(server) as wire:
            site = AnchorSite(server, wire.port, folder, {**settings, "port": wire.port})
            if script:
                kind = anchor_kind()
                words = kind.grants(kind.options.model_validate(site.settings))
                server.run_script(words.replace("<N'password'>", f"N'{SECRET}'"), "master")
            yield site

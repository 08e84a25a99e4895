"""Nights that die or whose disk fails, and what must hold at once, after the next night, and after the one after that.

What lives here are the account sets to do it to (a file, a server over the wire, a served OpenAPI) and the
experiments; how a night is killed is in :mod:`killing`, what must hold in :mod:`oracle`. The one idea: one experiment
is one function of one point, so that a sample of points is a test and all of them are the full matrix.
"""

from __future__ import annotations

import io
import random
import re
import shutil
import socket
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

import oracle
import yaml
from emulated.journal import Change
from killing import CALLS, DISK, Ended, Night, Nursery, Point, points_of
from openapi_site import NAMES, SECRET, openapi_settings
from oracle import Entry
from sqlserver_site import PASSWORD, EmulatedSite

from u8sync.cli.app import call
from u8sync.sandbox.openapi.gate import Credentials
from u8sync.sandbox.openapi.server import OpenApiServer

__all__ = [
    "ENVIRONMENT",
    "RUN",
    "TIER",
    "Failed",
    "FileSite",
    "HttpSite",
    "Planned",
    "Site",
    "WireSite",
    "comes_right",
    "dice_of",
    "die",
    "failing",
    "failures",
    "make_home",
    "points",
    "random_death",
    "recoveries",
    "sample",
    "short_writes",
    "wanted",
    "written",
]

BATCH: Final = 3
TIER: Final = "cCusDefine5"
TIERS: Final = frozenset({TIER, NAMES[TIER]})
"""What the tier's column is called, whichever the way in."""
CUSTOMERS: Final = 30
RUN: Final = ("run", "--json")
ENVIRONMENT: Final = {PASSWORD: "Geheim#1", SECRET: Credentials().app_secret}
"""What nights find in their environment: the secrets of the servers."""
FINISHED: Final = frozenset({0, 2})
"""Exit codes of a night that came to its end."""

Planned = Mapping[tuple[str, str | None], int]
"""Customer and tier -> how often an undisturbed night writes it: once."""


def make_home(
    folder: Path, *, customers: int = CUSTOMERS, batch: int = BATCH, seed: int = 1, report: bool = False
) -> Path:
    """An account set without a tier that keeps a journal, and a configuration that writes in batches and signs.

    Without ``report`` its nights draw no page: that takes longer than the night, and its failures have their own tests.
    """
    folder.mkdir(parents=True)
    file = folder / "account-set.db"
    with redirect_stdout(io.StringIO()):
        made = call(["sandbox", "create", str(file), "--customers", str(customers), "--seed", str(seed)], language="en")
    assert made == 0
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(f"UPDATE Customer SET {TIER} = NULL")
    oracle.keep_journal(file)
    examples = Path(__file__).parent.parent.parent
    shutil.copytree(examples / "mappings", folder / "mappings")
    settings = {
        "version": 1,
        "account_set": {"backend": "sqlite", "file": file.name},
        "mapping": "mappings/customer.yaml",
        "policy": "mappings/tiers.yaml",
        "as_of": "2026-10-31",
        "timezone": "Asia/Shanghai",
        "audit": {"folder": "audit", "key": {"file": "audit.key"}, "anchors": [{"folder": "anchor"}]},
        "write": {"batch": batch, "person": "u8sync"},
        "guards": {"share_changed": 100, "top_downgrades": 1000, "issue_share": 100, "from_customers": 10},
        "retry": {"tries": 2, "budget_s": 5},
        "runs": {"report": report},
    }
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    (folder / "anchor").mkdir()
    with redirect_stdout(io.StringIO()):
        assert call(["audit", "key", "new", "--config", str(config)], language="en") == 0
    return folder


class Site(Protocol):
    """An account set that can be put back to where it began."""

    name: str

    def fresh(self) -> Path:
        """Begin anew; the folder to run nights in."""

    def journal(self) -> list[Entry]:
        """All that was committed since, once nothing is on its way any more."""

    def touches(self, trace_line: str) -> bool:
        """Whether a traced system call can change the account set."""


class FileSite:
    """The embedded account set. Each beginning is a copy of its home."""

    name = "sqlite"

    def __init__(self, home: Path, folder: Path) -> None:
        self._home = home
        self._folder = folder
        self._count = 0
        self.file = home / "account-set.db"

    def fresh(self) -> Path:
        """A copy; the one before it goes."""
        shutil.rmtree(self._folder / str(self._count), ignore_errors=True)
        self._count += 1
        copy = Path(shutil.copytree(self._home, self._folder / str(self._count)))
        self.file = copy / "account-set.db"
        return copy

    def journal(self) -> list[Entry]:
        """From the file."""
        return oracle.sqlite_journal(self.file)

    def touches(self, trace_line: str) -> bool:
        """A call that writes into the file or its journal."""
        changes = re.match(r"(pwrite64|write|ftruncate|fdatasync|fsync)\(", trace_line)
        return changes is not None and "account-set.db" in trace_line


class WireSite:
    """An account set on the emulated server, in the test's own process. Each beginning empties its tiers."""

    def __init__(self, home: Path, at: EmulatedSite, driver: str, **options: Any) -> None:
        self.name = f"SQL Server through {driver}"
        self._home = home
        self._at = at
        self._start = len(at.server.journal)
        settings = yaml.safe_load((home / "config.yaml").read_text(encoding="utf-8"))
        settings["account_set"] = {"backend": "sqlserver", **at.options, "login_timeout_s": 5, **options}
        (home / "config.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")

    def fresh(self) -> Path:
        """The same home without its log and what was kept of it; the server's tiers emptied."""
        self._settle_down()
        for name in ("audit", "anchor"):
            shutil.rmtree(self._home / name, ignore_errors=True)
        (self._home / "anchor").mkdir()
        self._at.run(f"UPDATE Customer SET {TIER} = NULL WHERE {TIER} IS NOT NULL")
        self._start = len(self._at.server.journal)
        return self._home

    def journal(self) -> list[Entry]:
        """The server's own, once the sessions of the dead are gone."""
        self._settle_down()
        changes: Sequence[Change] = self._at.server.journal[self._start :]
        return oracle.server_journal(changes)

    def touches(self, trace_line: str) -> bool:
        """A call that sends."""
        return re.match(r"(sendto|sendmsg)\(", trace_line) is not None

    def _settle_down(self) -> None:
        while self._at.server.sessions:
            time.sleep(0.0005)  # the server works in this very process: who only looks takes its time


class HttpSite:
    """The embedded account set behind the OpenAPI that the test's own process serves. Each beginning empties its tiers.

    Args:
        home: Its folder, whose configuration is changed to reach it through ``server``.
        server: Serves the account set in ``home``.
        options: More settings of the account set.
    """

    name = "OpenAPI"

    def __init__(self, home: Path, server: OpenApiServer, **options: Any) -> None:
        self.server = server
        self.file = home / "account-set.db"
        self._home = home
        settings = yaml.safe_load((home / "config.yaml").read_text(encoding="utf-8"))
        items = {NAMES[TIER]: {"length": 60}}
        settings["account_set"] = openapi_settings(server, calls_per_s=0, items=items, **options)
        (home / "config.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")

    def fresh(self) -> Path:
        """The same home without its log, what was kept of it, and its cache; the tiers emptied."""
        self._settle_down()
        for name in ("audit", "anchor", "cache"):
            shutil.rmtree(self._home / name, ignore_errors=True)
        (self._home / "anchor").mkdir()
        with closing(sqlite3.connect(self.file)) as connection, connection:
            connection.execute(f"UPDATE Customer SET {TIER} = NULL WHERE {TIER} IS NOT NULL")
            connection.execute("DELETE FROM test_journal")
        return self._home

    def journal(self) -> list[Entry]:
        """From the file, by the names of the OpenAPI, once every request of the dead is answered."""
        self._settle_down()
        return [
            replace(entry, column=NAMES.get(entry.column, entry.column))
            if entry.column not in oracle.BOOKKEEPING
            else entry
            for entry in oracle.sqlite_journal(self.file)
        ]

    def touches(self, trace_line: str) -> bool:
        """A call that sends."""
        return re.match(r"(sendto|sendmsg|write)\(.*<TCP", trace_line) is not None

    def _settle_down(self) -> None:
        # Connections are taken in the order in which they came: with an answer, those of the dead are known.
        host, port = self.server.url.removeprefix("http://").rstrip("/").split(":")
        with socket.create_connection((host, int(port))) as probe:
            probe.sendall(b"GET / HTTP/1.0\r\n\r\n")
            while probe.recv(4096):
                pass
        while self.server.connections:
            time.sleep(0.001)


# --- the experiments --------------------------------------------------------------------------------------------------


def points(nursery: Nursery, site: Site) -> list[Point]:
    """The moments of an undisturbed night."""
    home = site.fresh()
    ended = nursery.run(home, *RUN, trace=CALLS)
    assert ended.code == 0, ended.err
    return points_of(ended.trace, home)


def wanted(nursery: Nursery, site: Site) -> Counter[tuple[str, str | None]]:
    """What an undisturbed night writes, customer and tier."""
    home = site.fresh()
    ended = nursery.run(home, *RUN)
    assert ended.code == 0, ended.err
    return written(site.journal())


def written(journal: Sequence[Entry]) -> Counter[tuple[str, str | None]]:
    """Customer and tier -> how often it was written."""
    return Counter((entry.customer, entry.after) for entry in journal if entry.column in TIERS)


def die(
    nursery: Nursery,
    site: Site,
    point: Point,
    planned: Planned,
    *,
    again: Sequence[str] = (),
) -> int:
    """Kill a night at ``point``, its recovery at ``again``, one after the other; then let a night finish.

    Returns:
        How many of them did die: a recovery may be over before its moment comes.
    """
    home = site.fresh()
    deaths = 0
    for inject in (point.kill(), *again):
        ended = nursery.run(home, *RUN, inject=[inject])
        deaths += ended.killed_by is not None
        assert ended.killed_by is not None or ended.code in FINISHED, f"{inject}: {ended.code} {ended.err}"
        _holds(site, home, recovered=False)
    comes_right(nursery, site, home, planned)
    return deaths


def random_death(nursery: Nursery, site: Site, planned: Planned, wait: Callable[[Night], object]) -> bool:
    """Kill a night from outside when ``wait`` is over; whether that came before its end."""
    home = site.fresh()
    night = nursery.prepare(home, *RUN)
    night.go()
    wait(night)
    night.signal(9)
    ended = night.wait()
    _holds(site, home, recovered=False)
    comes_right(nursery, site, home, planned)
    return ended.killed_by is not None


@dataclass(frozen=True)
class Failed:
    """What became of a night whose disk failed.

    Attributes:
        code: Its exit code.
        log: Whether it was the audit log that could not be written.
        sent_after: Calls after the failure that could change the account set.
    """

    code: int | None
    log: bool
    sent_after: int


def failing(nursery: Nursery, site: Site, point: Point, error: str, planned: Planned) -> Failed:
    """Let the call at ``point`` fail with ``error``, once; then let a night with a sound disk finish."""
    home = site.fresh()
    ended = nursery.run(home, *RUN, trace=CALLS, inject=[point.fail(error)])
    assert ended.killed_by is None
    assert "Traceback" not in ended.err, ended.err
    hit = next((number for number, line in enumerate(ended.trace) if "(INJECTED)" in line), None)
    assert hit is not None, f"{point} never came"
    log = re.search(r'[/"]audit[/">]', ended.trace[hit]) is not None
    after = sum(map(site.touches, ended.trace[hit + 1 :]))
    journal = _holds(site, home, recovered=False)
    if ended.code == 0:
        assert written(journal) == planned, f"{point} {error}: ended with 0, and not all was written"
    comes_right(nursery, site, home, planned)
    return Failed(ended.code, log, after)


def short_writes(nursery: Nursery, site: Site, file_bytes: int, planned: Planned) -> Ended:
    """A night in which no file may grow beyond ``file_bytes``: a write ends short, and the next one fails."""
    home = site.fresh()
    ended = nursery.run(home, *RUN, file_bytes=file_bytes)
    assert "Traceback" not in ended.err, ended.err
    _holds(site, home, recovered=False)
    comes_right(nursery, site, home, planned)
    return ended


def comes_right(nursery: Nursery, site: Site, home: Path, planned: Planned) -> None:
    """The next night finishes what is left, and the one after it has nothing to do."""
    ended = nursery.run(home, *RUN)
    assert ended.code == 0, ended.err
    journal = _holds(site, home, recovered=True)
    ours = [entry for entry in journal if entry.ours]
    assert written(ours) == planned, "each planned change once, and nothing else"
    ended = nursery.run(home, *RUN)
    assert ended.code == 0, ended.err
    assert _holds(site, home, recovered=True) == journal, "I6: a night without new input wrote something"
    oracle.nothing_left(oracle.records_in(oracle.log_below(home / "audit")))
    ended = nursery.run(home, "audit", "verify", "--anchors")
    assert ended.code == 0, f"I7: what was signed and kept elsewhere is not held: {ended.out}{ended.err}"


def _holds(site: Site, home: Path, *, recovered: bool) -> list[Entry]:
    journal = site.journal()
    log = oracle.log_below(home / "audit")
    if log is not None:
        oracle.whole(log, recovered=recovered)
    oracle.agree(oracle.records_in(log), journal, recovered=recovered)
    return journal


def dice_of(seed: int) -> random.Random:
    """Dice that fall alike in every run."""
    return random.Random(seed)  # noqa: S311 - chance is wanted, not secrecy


def recoveries(dice: random.Random, points: Sequence[Point], depth: int) -> list[str]:
    """Where the nights after a death die themselves: anywhere from their first call on."""
    return [dice.choice(points).kill() for _ in range(depth)]


def sample(points: Sequence[Point], size: int, dice: random.Random) -> list[Point]:
    """Some of the points: one of each kind of call on each kind of file as far as they go, the others by chance."""
    kinds: dict[tuple[str, str], list[Point]] = {}
    for point in points:
        kinds.setdefault((point.call, point.on), []).append(point)
    chosen = dice.sample([dice.choice(kind) for kind in kinds.values()], min(size, len(kinds)))
    rest = [point for point in points if point not in chosen]
    return chosen + dice.sample(rest, min(len(rest), size - len(chosen)))


def failures(points: Sequence[Point]) -> list[tuple[Point, str]]:
    """Each moment with what can go wrong at it: no space where something is added, an error where it is synced."""
    errors: dict[str, tuple[str, ...]] = {
        **dict.fromkeys(("write", "pwrite64"), ("ENOSPC", "EIO")),
        **dict.fromkeys(("fsync", "fdatasync"), ("EIO", "ENOSPC")),
        **dict.fromkeys(("openat", "mkdir", "mkdirat"), ("ENOSPC", "EROFS")),
        **dict.fromkeys(("rename", "renameat", "renameat2"), ("EIO",)),
    }
    return [(point, error) for point in points if point.call in DISK for error in errors.get(point.call, ())]

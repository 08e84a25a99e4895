"""How fast a SQL Server is read and written, with each driver that is installed.

The server runs in a process of its own. It is the emulated one, or the one that ``U8SYNC_TEST_MSSQL_URL`` names.

* Writing: tiers of 10,000 customers, by u8sync with its audit log in batches of 200, against one customer a transaction
  with the same guarantees, and against the two ways that scripts usually take: one UPDATE and commit a row, and
  ``executemany`` with one commit, both without any log or comparison.
* Reading: 200,000 customers, and how much memory that takes over what the result itself needs, by size of page.

Between client and emulated server lies a line on which each request takes ``--latency-ms`` (1: the same building).

Usage: ``python benchmarks/sqlserver.py [--customers N] [--changes N] [--latency-ms N]``
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import odbc
from emulated.server import EmulatedServer
from fakes import Quiet, Ticking
from sqlalchemy import Connection as SqlConnection
from sqlalchemy import create_engine, insert, make_url
from sqlserver_site import DATABASE, PASSWORD, REAL_SERVER, driver_options, real_site
from tds.server import TdsServer

from u8sync.audit.store import open_log
from u8sync.backends import backend_kind, u8_schema
from u8sync.backends.sqlserver.connect import open_server
from u8sync.backends.sqlserver.options import SqlServerOptions
from u8sync.domain.model import CustomerCode
from u8sync.domain.plan import Change, FieldChange, Plan, Population, Seal
from u8sync.engine.applier import apply_changes
from u8sync.engine.nightly import Unobserved
from u8sync.engine.retry import Retry
from u8sync.ports import Backend, Edit, Stamp

TIER: Final = "cCusDefine5"
WORD: Final = "Geheim#1"
COLUMNS: Final = ("cCusName", "cCCCode", "cCusMngTypeCode", "dCusDevDate", TIER)


def main() -> None:
    """Measure with every driver, or on the real server."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=200_000)
    parser.add_argument("--changes", type=int, default=10_000)
    parser.add_argument("--latency-ms", type=float, default=1.0)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--read", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    os.environ.setdefault(PASSWORD, WORD)
    if asked.serve:
        serve(asked.serve, latency_s=asked.latency_ms / 1000)
        return
    if asked.read:
        read(json.loads(asked.read[0]), page=int(asked.read[1]))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if REAL_SERVER:
            with real_site(make_url(REAL_SERVER), folder, lambda connection: fill(connection, asked.customers)) as site:
                measure("real server", site.options, folder, asked)
            return
        make_account_set(folder / "account-set.db", asked.customers)
        with served(folder, latency_ms=asked.latency_ms) as port:
            for driver in odbc.DRIVERS:
                measure(driver, emulated_options(driver, port), folder, asked)


# --- the server -------------------------------------------------------------------------------------------------------


def customers(count: int) -> Iterator[dict[str, Any]]:
    """So many rows of the archive."""
    for number in range(1, count + 1):
        yield {
            "cCusCode": f"C{number:07d}",
            "cCusName": f"第{number}贸易有限公司",
            "cCusAbbName": f"简称{number}",
            "cCCCode": "0101",
            "cCusMngTypeCode": "999",
            "dCusDevDate": date(2019, 2, 28),
        }


def fill(connection: SqlConnection, count: int) -> None:
    """Put customers, and the one item that is written, into tables that are empty."""
    connection.execute(insert(u8_schema.UserDefBase).values(cID="66", cItemName="客户等级", iLength=60))
    connection.execute(insert(u8_schema.Customer), list(customers(count)))


def make_account_set(file: Path, count: int) -> None:
    """An embedded account set with so many customers and nothing else."""
    engine = create_engine(f"sqlite:///{file.as_posix()}")
    with engine.begin() as connection:
        u8_schema.METADATA.create_all(connection)
        u8_schema.create_rowversion_triggers(connection)
        connection.execute(insert(u8_schema.UAAccount).values(cAcc_Id="999", cAcc_Name="x", iYear=2019, cCurName="x"))
        year = {"cAcc_Id": "999", "iBeginYear": 2019, "cDatabase": DATABASE}
        connection.execute(insert(u8_schema.UAAccountDatabase).values(year))
        fill(connection, count)
    engine.dispose()


def serve(folder: Path, *, latency_s: float) -> None:
    """Be the server and the line to it until standard input ends; the line's port is printed first."""
    with EmulatedServer.create(folder) as server:
        server.import_account_set(folder / "account-set.db", database=DATABASE)
        server.add_login("admin", WORD, sysadmin=True)
        with TdsServer(server) as wire:
            line = socket.create_server(("127.0.0.1", 0))
            threading.Thread(target=lay, args=(line, wire.port, latency_s), daemon=True).start()
            print(line.getsockname()[1], flush=True)
            sys.stdin.read()


def lay(line: socket.socket, port: int, latency_s: float) -> None:
    """A line for each connection; what the client sends arrives later."""
    while True:
        client, _ = line.accept()
        server = socket.create_connection(("127.0.0.1", port))
        for source, target, wait_s in ((client, server, latency_s), (server, client, 0)):
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=pass_on, args=(source, target, wait_s), daemon=True).start()


def pass_on(source: socket.socket, target: socket.socket, wait_s: float) -> None:
    """Until one end closes."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            if wait_s:
                time.sleep(wait_s)
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def served(folder: Path, *, latency_ms: float) -> Iterator[int]:
    """The server's port."""
    command = [sys.executable, __file__, "--serve", str(folder), "--latency-ms", str(latency_ms)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.stdin.close()


def emulated_options(driver: str, port: int) -> dict[str, Any]:
    """Settings of the account set on the emulated server."""
    return {
        "server": "127.0.0.1",
        "port": port,
        "account": "999",
        "login": "admin",
        "password": {"env": PASSWORD},
        "encrypt": "no",
        "insecure_reason": "a benchmark on one machine",
        "allow_overprivileged": "a benchmark",
        **driver_options(driver),
    }


def opened(options: dict[str, Any], **more: Any) -> Backend:
    """The account set through the backend."""
    kind = backend_kind("sqlserver")
    return kind.open(kind.options.model_validate({**options, **more}), Path())


def bare(options: dict[str, Any]) -> Any:
    """A connection of the driver itself, as a script would use it."""
    server = open_server(SqlServerOptions.model_validate(options), Path())
    connection = server._open(options.get("database", DATABASE), writing=True)
    connection.autocommit = False
    return connection


# --- measuring --------------------------------------------------------------------------------------------------------


def measure(name: str, options: dict[str, Any], folder: Path, asked: argparse.Namespace) -> None:
    """All figures of one driver."""
    print(f"{name}:")
    codes = [f"C{number:07d}" for number in range(1, asked.changes + 1)]
    some = codes[: len(codes) // 10]
    empty_tiers(options)
    in_the_dark = opened(options)
    unrecorded = seconds(lambda: write_unrecorded(in_the_dark, codes, batch=200))
    empty_tiers(options)
    many_at_once = opened(options)
    ours = seconds(lambda: write_with_u8sync(many_at_once, codes, folder / name, batch=200))
    empty_tiers(options)
    one_by_one = opened(options, write_form="row")
    alone = seconds(lambda: write_with_u8sync(one_by_one, some, folder / f"{name}-1", batch=1))
    alone *= len(codes) / len(some)
    rows = seconds(lambda: write_row_by_row(options, codes))
    many = seconds(lambda: write_with_executemany(options, codes))
    print(f"  write {len(codes):,} tiers: u8sync with audit {ours:.1f} s")
    print(f"    without audit {unrecorded:.1f} s: the audit adds {ours / unrecorded - 1:.0%}")
    print(f"    the same, one customer a transaction (from a tenth of them): {alone:.1f} s = {alone / ours:.1f} x")
    print(f"    one UPDATE and commit a row, no audit: {rows:.1f} s = {rows / ours:.1f} x")
    print(f"    executemany, no audit: {many:.1f} s = {many / ours:.1f} x")
    for page in (2_000, 20_000, asked.customers):
        command = [sys.executable, __file__, "--read", json.dumps(options), str(page)]
        figures = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        print(f"  read {asked.customers:,} customers by {page:,}: {figures.strip()}")


def seconds(step: Callable[[], None]) -> float:
    """How long it takes."""
    begun = time.perf_counter()
    step()
    return time.perf_counter() - begun


def write_with_u8sync(backend: Backend, codes: list[str], folder: Path, *, batch: int) -> None:
    """The whole of the writing half of a night: intents, compare-and-set, outcomes."""
    account_set = backend.account_set()
    changes = [Change(CustomerCode(c), (FieldChange("tier", TIER, None, "VIP", None, "VIP"),), {}, None) for c in codes]
    plan = Plan(
        Seal(account_set.key, date(2026, 10, 31), "0" * 64, "0" * 64, "benchmark"),
        datetime.now(UTC),
        tuple(changes),
        (),
        Population(len(codes), len(codes), 0, 0),
    )
    clock = Ticking()
    log = open_log(folder, account_set, run_id="r", clock=clock, host="h", pid=1, progress=Quiet())
    log.append("run_open", {})
    applied = apply_changes(
        plan,
        backend,
        log,
        run_id="r",
        batch=batch,
        person="u8sync",
        zone=ZoneInfo("Asia/Shanghai"),
        clock=clock,
        retry=Retry(tries=1, budget_s=60, sleep=time.sleep),
        progress=Quiet(),
        observer=Unobserved(),
        asked_to_stop=lambda: False,
    )
    log.close()
    backend.close()
    assert {ending.status for ending in applied.endings} == {"applied"}, applied.stopped_by


def write_unrecorded(backend: Backend, codes: list[str], *, batch: int) -> None:
    """The same edits, compared and read back as ever, and recorded nowhere."""
    at = datetime.now(ZoneInfo("Asia/Shanghai"))
    for start in range(0, len(codes), batch):
        edits = [Edit(CustomerCode(code), {TIER: None}, {TIER: "VIP"}) for code in codes[start : start + batch]]
        assert {outcome.status for outcome in backend.write(edits, Stamp("u8sync", at))} == {"applied"}
    backend.close()


def empty_tiers(options: dict[str, Any]) -> None:
    """What was written before is taken out."""
    connection = bare(options)
    connection.cursor().execute(f"UPDATE Customer SET {TIER} = NULL")
    connection.commit()
    connection.close()


UPDATE: Final = f"UPDATE Customer SET {TIER} = ?, dModifyDate = ?, cModifyPerson = ? WHERE cCusCode = ?"
AT: Final = datetime(2026, 11, 2, 2, 0)  # noqa: DTZ001 - U8 keeps the wall clock


def write_row_by_row(options: dict[str, Any], codes: list[str]) -> None:
    """One UPDATE and commit a row."""
    connection = bare(options)
    cursor = connection.cursor()
    for code in codes:
        cursor.execute(UPDATE, ("重要", AT, "u8sync", code))
        connection.commit()
    connection.close()


def write_with_executemany(options: dict[str, Any], codes: list[str]) -> None:
    """All rows and one commit."""
    connection = bare(options)
    connection.cursor().executemany(UPDATE, [("一般", AT, "u8sync", code) for code in codes])
    connection.commit()
    connection.close()


def read(options: dict[str, Any], *, page: int) -> None:
    """Read all customers once, in a process of its own: the greatest memory of a process never sinks."""
    backend = opened(options)
    backend._page = page  # type: ignore[attr-defined]
    backend.read(["C0000001"], COLUMNS)  # loads what is loaded late
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.perf_counter()
    frame = backend.customers(COLUMNS, Quiet())
    took = time.perf_counter() - begun
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"{took:.1f} s, {grown // 1024} MiB more, of which {frame.estimated_size() // 2**20} MiB are the result")
    backend.close()


if __name__ == "__main__":
    main()

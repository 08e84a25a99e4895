"""How close reading through the OpenAPI comes to what the line makes necessary, and what a second night asks for.

The server is the one of ``u8sync sandbox serve``, in a process of its own, that waits before each answer as a gateway
far away would. Necessary are: one call for the token, the first page, and the other pages as many at a time as there
are connections, each for one latency. What is measured is all of :meth:`customers`, the local cache among it. The
server of a benchmark takes time of its own, so that the same calls are also made by a bare client that reads no answer.

Usage: ``python benchmarks/openapi.py [--customers N] [--latency-ms N] [--connections N]``
"""

from __future__ import annotations

import argparse
import http.client
import json
import math
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from fakes import Quiet

from u8sync.backends import backend_kind
from u8sync.engine.retry import Retry
from u8sync.sandbox.openapi.gate import Credentials

SECRET: Final = "U8SYNC_APP_SECRET"  # noqa: S105 - the name of a variable
RUNS: Final = 5
PAGE: Final = 100


def main() -> None:
    """Make the account set, serve it, read it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--latency-ms", type=int, default=30)
    parser.add_argument("--connections", type=int, default=4)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        file = folder / "account-set.db"
        words = ["sandbox", "create", str(file), "--customers", str(asked.customers), "--months", "1"]
        subprocess.run([sys.executable, "-m", "u8sync", *words], check=True, capture_output=True)
        with served(file, asked.latency_ms / 1000) as url:
            whole(folder, url, asked)
            second_night(folder, file, url, asked)


@contextmanager
def served(file: Path, latency_s: float) -> Iterator[str]:
    """Serve the account set in another process; gives its address."""
    words = ["sandbox", "serve", str(file), "--port", "0", "--behaviour", f"latency_s={latency_s}"]
    command = [sys.executable, "-m", "u8sync", "--lang", "en", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found is not None, "the server did not start"
            os.environ[SECRET] = Credentials().app_secret
            yield found[0]
        finally:
            process.terminate()


def opened(folder: Path, url: str, cache: str, connections: int) -> Any:
    """A backend with a cache of its own."""
    known = Credentials()
    kind = backend_kind("openapi")
    options = kind.options.model_validate(
        {
            "url": url,
            "from_account": known.from_account,
            "to_account": known.to_account,
            "app_key": known.app_key,
            "app_secret": {"env": SECRET},
            "connections": connections,
            "calls_per_s": 0,
            "rows_per_page": PAGE,
            "cache": cache,
            "timestamp_overlap": 0,
        }
    )
    return kind.open(options, folder, Retry(tries=3, budget_s=30, sleep=time.sleep))


def whole(folder: Path, url: str, asked: argparse.Namespace) -> None:
    """Read every customer, with an empty cache each time."""
    latency = asked.latency_ms / 1000
    pages = math.ceil(asked.customers / PAGE)
    necessary = latency * (2 + math.ceil((pages - 1) / asked.connections))
    times = []
    for run in range(RUNS):
        began = time.perf_counter()
        backend = opened(folder, url, f"cache-{run}", asked.connections)
        frame = backend.customers(["name", "sort_code", "self_define5"], Quiet())
        times.append(time.perf_counter() - began)
        backend.close()
        assert frame.height == asked.customers
    median = statistics.median(times)
    least = statistics.median(bare(url, pages, asked.connections) for _ in range(RUNS))
    print(
        f"{asked.customers:,} customers, {asked.latency_ms} ms, {asked.connections} connections, {PAGE} a page:"
        f" {median:.2f} s ({min(times):.2f} to {max(times):.2f}); necessary {necessary:.2f} s;"
        f" ratio {median / necessary:.2f}; a bare client {least:.2f} s, ratio {median / least:.2f}"
    )


def bare(url: str, pages: int, connections: int) -> float:
    """The seconds that the same calls take when nobody looks at the answers."""
    known = Credentials()
    host = urlsplit(url).netloc
    mine = threading.local()

    def ask(path: str, **query: str) -> bytes:
        if not hasattr(mine, "line"):
            mine.line = http.client.HTTPConnection(host)
        common = {"from_account": known.from_account, "app_key": known.app_key}
        mine.line.request("GET", f"/{path}?{urlencode({**common, **query})}")
        answer: bytes = mine.line.getresponse().read()
        return answer

    def page(number: int) -> bytes:
        more = {"to_account": known.to_account, "token": token, "rows_per_page": str(PAGE)}
        return ask("api/customer/batch_get", page_index=str(number), **more)

    began = time.perf_counter()
    token = json.loads(ask("system/token", app_secret=known.app_secret))["token"]["id"]
    page(1)
    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(page, range(2, pages + 1)))
    return time.perf_counter() - began


def second_night(folder: Path, file: Path, url: str, asked: argparse.Namespace) -> None:
    """Change one customer in a hundred and read again; the rows that came are counted by their timestamps."""
    connection = sqlite3.connect(file)
    with connection:
        changed = connection.execute(
            "UPDATE Customer SET cCusDefine5 = CASE cCusDefine5 WHEN 'VIP' THEN '重要' ELSE 'VIP' END"
            " WHERE cCusCode IN (SELECT cCusCode FROM Customer ORDER BY cCusCode LIMIT ?)",
            (asked.customers // 100,),
        ).rowcount
    connection.close()
    backend = opened(folder, url, "cache-0", asked.connections)
    counted = Counting()
    began = time.perf_counter()
    frame = backend.customers(["self_define5"], counted)
    took = time.perf_counter() - began
    backend.close()
    assert frame.height == asked.customers
    print(
        f"second night, {changed:,} of {asked.customers:,} customers changed: {counted.rows:,} rows came"
        f" ({counted.rows / asked.customers:.2%}) in {took:.2f} s"
    )


class Counting(Quiet):
    """Counts the rows that come over the line."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = 0

    def advance(self, units: int) -> None:
        """So many rows came."""
        self.rows += units


if __name__ == "__main__":
    main()

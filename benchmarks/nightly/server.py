"""The account set behind a SQL Server: ``python -m benchmarks.nightly.server FILE`` serves it until its input ends.

The server is the emulated one of the tests, in a process of its own, and is reached through FreeTDS over TDS.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.nightly.job import FIRST
from benchmarks.nightly.place import Place, place_of

__all__ = ["missing", "served"]

ROOT: Final = Path(__file__).resolve().parents[2]
SUPPORT: Final = ROOT / "tests" / "support"
PASSWORD: Final = "U8SYNC_TEST_PASSWORD"  # noqa: S105 - the name of an environment variable
_WORD: Final = "Geheim#1"


def missing() -> str | None:
    """Why nothing can be reached over TDS here; null when it can."""
    if not all(map(importlib.util.find_spec, ("pytest", "hypothesis"))):
        return "needs pip install -e '.[test]' for the test server"
    # Asked in a process of its own, since each that works begins with the memory of this one.
    words = [sys.executable, "-m", "benchmarks.nightly.server"]
    driver = subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    return None if driver else "needs the ODBC driver FreeTDS (Debian: apt-get install tdsodbc)"


@contextmanager
def served(file: Path) -> Iterator[Place]:
    """Where this embedded account set is to be had from a SQL Server, for as long as the block lasts."""
    os.environ[PASSWORD] = _WORD  # for those who read from it
    words = [sys.executable, "-m", "benchmarks.nightly.server", str(file)]
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield place_of(process.stdout.readline())
        finally:
            process.stdin.close()


def main() -> None:
    """Serve; without a file, only tell which driver there is."""
    sys.path.append(str(SUPPORT))
    import odbc
    from sqlserver_site import emulated_site

    if not sys.argv[1:]:
        print(odbc.freetds() or "")
        return
    database = f"UFDATA_999_{FIRST.year}"
    with (
        tempfile.TemporaryDirectory() as folder,
        emulated_site(Path(folder), "freetds", account_set=Path(sys.argv[1]), database=database) as site,
    ):
        words = {
            "DRIVER": f"{{{odbc.freetds()}}}",
            "SERVER": "127.0.0.1",
            "PORT": str(site.wire.port),
            "TDS_Version": "7.4",
            "ClientCharset": "UTF-8",
            "DATABASE": site.database,
            "UID": site.options["login"],
            "PWD": os.environ[PASSWORD],
        }
        odbc_words = ";".join(f"{key}={value}" for key, value in words.items())
        print(Place({"backend": "sqlserver", **site.options}, odbc=odbc_words).told(), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()

"""What the audit log costs, and how fast it is checked.

* Writing: tiers of 10,000 customers of an embedded account set, in batches of 200: with the log; compared and read
  back as ever, but recorded nowhere; with the log, one customer a transaction; and as a script would, one UPDATE with
  its condition and one commit a row, without any log. In turn; the single ones take long and run once, one customer a
  transaction on a tenth of the changes.
* Checking: a log of 200,000 records by ``audit verify`` and by the standalone verifier, records a second of processor
  time on one core, and the memory that each needed at most.

Usage: ``python benchmarks/audit.py [--customers N] [--records N] [--rounds N] [--json]``
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from fakes import Quiet, Ticking

from benchmarks.audit_ways import AUDITED, BARE, ROW_BY_ROW, SINGLY
from benchmarks.figures import Figure, Group
from u8sync.audit.checkpoint import SigningKey, new_key
from u8sync.audit.segments import HEAD
from u8sync.audit.store import open_log
from u8sync.backends import backend_kind
from u8sync.cli.app import call
from u8sync.cli.process import set_up
from u8sync.config.mapping_file import load_mapping
from u8sync.config.policy_file import load_policy
from u8sync.domain.guards import Limits
from u8sync.domain.plan import Plan
from u8sync.engine.applier import apply_changes
from u8sync.engine.nightly import Unobserved
from u8sync.engine.planner import Rules, make_plan
from u8sync.engine.retry import Retry
from u8sync.ports import Edit, Stamp
from u8sync.sandbox.generator import create_account_set

BATCH: Final = 200
ZONE: Final = ZoneInfo("Asia/Shanghai")

PROCESS: Final = """
import sys, time
from pathlib import Path
{prepare}
began = time.process_time()
{work}
used = time.process_time() - began
status = Path("/proc/self/status")
lines = status.read_text().splitlines() if status.exists() else []
most = [line.split()[1] for line in lines if line.startswith("VmHWM")]
print(used, int(most[0]) // 1024 if most else 0)
"""


def open_set(file: Path) -> Any:
    """The embedded account set."""
    kind = backend_kind("sqlite")
    return kind.open(kind.options(file=str(file)), file.parent)


def planned(file: Path) -> Plan:
    """The plan for it: every tier is new."""
    rules = Rules(
        mapping=load_mapping(ROOT / "mappings/customer.yaml", "customer.yaml"),
        policy=load_policy(ROOT / "mappings/tiers.yaml", "tiers.yaml"),
        limits=Limits(),
        as_of=date(2026, 10, 31),
        allow=frozenset(),
        tool="bench",
    )
    backend = open_set(file)
    try:
        return make_plan(backend, rules, clock=Ticking(), retry=retry(), progress=Quiet()).plan
    finally:
        backend.close()


def retry() -> Retry:
    """As in a run."""
    return Retry(tries=3, budget_s=60, sleep=time.sleep)


def write_audited(plan: Plan, file: Path, root: Path, signer: SigningKey, *, batch: int = BATCH) -> float:
    """Seconds for writing the plan as a run does, so many customers a transaction."""
    backend = open_set(file)
    log = open_log(
        root,
        backend.account_set(),
        run_id="bench",
        clock=Ticking(),
        host="h",
        pid=1,
        progress=Quiet(),
        signer=signer,
    )
    log.append("run_open", {})
    log.commit()
    try:
        began = time.perf_counter()
        applied = apply_changes(
            plan,
            backend,
            log,
            run_id="bench",
            batch=batch,
            person="u8sync",
            zone=ZONE,
            clock=Ticking(),
            retry=retry(),
            progress=Quiet(),
            observer=Unobserved(),
            asked_to_stop=lambda: False,
        )
        log.checkpoint()
        took = time.perf_counter() - began
    finally:
        log.close()
        backend.close()
    assert all(ending.status == "applied" for ending in applied.endings)
    return took


def write_bare(plan: Plan, file: Path) -> float:
    """Seconds for the same edits in the same batches, compared and read back as ever, and recorded nowhere."""
    backend = open_set(file)
    try:
        began = time.perf_counter()
        for start in range(0, len(plan.changes), BATCH):
            changes = plan.changes[start : start + BATCH]
            edits = [Edit(change.code, change.before, change.after) for change in changes]
            outcomes = backend.write(edits, Stamp("u8sync", Ticking().now().astimezone(ZONE)))
            assert all(outcome.status == "applied" for outcome in outcomes)
        return time.perf_counter() - began
    finally:
        backend.close()


def write_row_by_row(plan: Plan, file: Path) -> float:
    """Seconds for one UPDATE with its condition, and one commit, a row, as a script would."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        began = time.perf_counter()
        for change in plan.changes:
            (column, value), *_ = change.after.items()
            statement = f"UPDATE Customer SET {column} = ? WHERE cCusCode = ? AND {column} IS ?"
            done = connection.execute(statement, (value, change.code, change.before[column]))
            connection.commit()
            assert done.rowcount == 1
        return time.perf_counter() - began


def writing(folder: Path, customers: int, rounds: int) -> Group:
    """What the log adds to the time of the writes, and what batches save."""
    source, work = folder / "source.db", folder / "work.db"
    create_account_set(
        source, customers=customers, months=14, seed=1, until=date(2026, 10, 31), overwrite=True, progress=Quiet()
    )
    plan = planned(source)
    tenth = replace(plan, changes=plan.changes[: len(plan.changes) // 10])
    signer = new_key("bench")
    ways: dict[str, tuple[int, Callable[[int], float]]] = {
        AUDITED: (rounds, lambda n: write_audited(plan, work, folder / f"audit-{n}", signer)),
        BARE: (rounds, lambda _: write_bare(plan, work)),
        SINGLY: (1, lambda n: 10 * write_audited(tenth, work, folder / f"singly-{n}", signer, batch=1)),
        ROW_BY_ROW: (1, lambda _: write_row_by_row(plan, work)),
    }
    took: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        for name, (times, way) in ways.items():
            if number < times:
                shutil.copyfile(source, work)
                took[name].append(way(number))
    return Group("writing", len(plan.changes), tuple(Figure(name, tuple(each)) for name, each in took.items()))


def make_log(folder: Path, wanted: int) -> tuple[Path, int]:
    """A log of at least so many records, by true runs on an account set whose tiers are taken out each time."""
    home = folder / "home"
    (home / "mappings").mkdir(parents=True)
    for name in ("mappings/customer.yaml", "mappings/tiers.yaml"):
        shutil.copyfile(ROOT / name, home / name)
    config = (ROOT / "config.example.yaml").read_text(encoding="utf-8")
    config = config.replace("as_of: last_month_end", "as_of: 2026-10-31").replace("# key: {file", "key: {file")
    (home / "config.yaml").write_text(config, encoding="utf-8")
    shutil.copyfile(folder / "source.db", home / "account-set.db")
    words = ["--config", str(home / "config.yaml")]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        call(["audit", "key", "new", *words], language="en")
        count = 0
        while count < wanted:
            with contextlib.closing(sqlite3.connect(home / "account-set.db")) as connection:
                connection.execute("UPDATE Customer SET cCusDefine5 = NULL")
                connection.commit()
            allowed = ["--allow", "edited_in_u8", "--reason", "bench"] if count else []  # people took the tiers out
            assert call(["run", *allowed, *words], language="en") == 0
            log = next(path for path in (home / "audit").iterdir() if path.is_dir())
            count = json.loads((log / HEAD).read_text(encoding="utf-8"))["count"]
    return log, count


def timed(prepare: str, work: str) -> tuple[float, int]:
    """Processor seconds and most MiB of a process of its own."""
    code = PROCESS.format(prepare=prepare, work=work)
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    seconds, memory = said.split()[-2:]
    return float(seconds), int(memory)


def checking(folder: Path, wanted: int) -> dict[str, Any]:
    """How fast both verifiers read a long log: records, bytes a record, and records a second and MiB of each."""
    target, count = make_log(folder, wanted)
    size = sum(path.stat().st_size for path in target.glob("seg-*"))
    seconds, memory = timed(
        "sys.path.insert(0, 'tests/support')\nfrom u8sync.cli.process import set_up\nset_up()\n"
        "from fakes import Quiet\nfrom u8sync.audit.reading import verify_folder",
        f"found = verify_folder(Path({str(target)!r}), Quiet())\nassert not found.faults and found.records == {count}",
    )
    own = (count / seconds, memory)
    standalone = ROOT / "u8sync/audit/standalone_verify.py"
    seconds, memory = timed(
        f"import runpy, contextlib, io\nmain = runpy.run_path({str(standalone)!r})['main']",
        f"with contextlib.redirect_stdout(io.StringIO()):\n    code = main([{str(target)!r}])\nassert code == 3, code",
    )
    return {"records": count, "bytes": size / count, "audit verify": own, "standalone": (count / seconds, memory)}


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--customers", type=int, default=10_500)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="for a machine to read")
    asked = parser.parse_args()
    set_up()  # as every command does
    with tempfile.TemporaryDirectory() as name:
        written = writing(Path(name), asked.customers, asked.rounds)
        checked = checking(Path(name), asked.records)
    if asked.json:
        print(json.dumps({"writing": asdict(written), "checking": checked}))
        return
    print(f"{datetime.now(UTC):%Y-%m-%d}, Python {sys.version.split()[0]}")
    for figure in written.figures:
        print(f"{figure.name}: {written.size:,} changes in {figure.median:.2f} s")
    print(f"a log of {checked['records']:,} records, {checked['bytes']:,.0f} bytes each")
    for verifier in ("audit verify", "standalone"):
        rate, memory = checked[verifier]
        print(f"{verifier}: {rate:,.0f} records a second, at most {memory} MiB")


if __name__ == "__main__":
    main()

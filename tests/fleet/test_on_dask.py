"""A fleet on a real Dask cluster of this machine: workers that are killed in the middle of writing lose nothing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import oracle
import pytest
from cli_home import Ask
from fleet_home import all_hold, last_summary, make_group, planned, tiers_in, written

pytest.importorskip("distributed")

NAMES = ("alpha", "beta", "gamma")
SPARE = 300.0
"""Far longer than anything here takes, seconds: who waits so long has found a fault."""

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kills processes")


@dataclass
class Cluster:
    """A scheduler and its workers, processes of their own."""

    folder: Path
    stack: ExitStack
    address: str = ""
    scheduler: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *words: str, **environment: str) -> subprocess.Popen[bytes]:
        log = self.stack.enter_context((self.folder / f"{len(self.workers)}-{words[0]}.log").open("wb"))
        process = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_" + words[0], *words[1:]],
            stdout=log,
            stderr=log,
            cwd=self.folder,
            env={**os.environ, **environment},
        )
        self.stack.callback(process.wait)
        self.stack.callback(process.kill)
        return process

    def add_worker(self, **environment: str) -> None:
        """One more, with one thread."""
        words = (self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
        self.workers.append(self.start("worker", *words, **environment))

    def wait_for(self, count: int) -> None:
        """Until so many workers are there."""
        from distributed import Client

        with Client(self.address, set_as_default=False, timeout=SPARE) as client:
            client.wait_for_workers(count, timeout=SPARE)


@contextmanager
def cluster(folder: Path, *, workers: int, allowed_failures: int = 3, **environment: str) -> Iterator[Cluster]:
    """A cluster on the loopback, for as long as the block lasts."""
    folder.mkdir()
    file = folder / "scheduler.json"
    with ExitStack() as stack:
        made = Cluster(folder, stack)
        made.scheduler = made.start(
            "scheduler",
            *("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)),
            DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES=str(allowed_failures),
            **environment,
        )
        made.address = until(lambda: json.loads(file.read_text(encoding="utf-8"))["address"] if file.exists() else "")
        for _ in range(workers):
            made.add_worker()
        made.wait_for(workers) if workers else None
        yield made


def until(look: Callable[[], str]) -> str:
    """What ``look`` finds once it finds anything."""
    pause = threading.Event()
    for _ in range(int(SPARE / 0.005)):
        try:
            found = look()
        except (OSError, ValueError):  # half written
            found = ""
        if found:
            return found
        pause.wait(0.005)
    raise AssertionError("it never came")


def kill_while_writing(home: Path) -> threading.Thread:
    """Kill the process that runs this account set as soon as it has written something."""

    def look() -> str:
        log = oracle.log_below(home / "audit")
        if log is None or not any('"outcome"' in file.read_text("utf-8") for file in log.glob("seg-*.jsonl")):
            return ""
        [entry] = (home / "runs").glob("*/run.json")
        return str(json.loads(entry.read_text(encoding="utf-8"))["pid"])

    def strike() -> None:
        os.kill(int(until(look)), signal.SIGKILL)

    thread = threading.Thread(target=strike)
    thread.start()
    return thread


def kill_scheduler_while_writing(home: Path, dask: Cluster) -> threading.Thread:
    """Kill the scheduler as soon as this account set has something written."""

    def look() -> str:
        log = oracle.log_below(home / "audit")
        there = log is not None and any('"outcome"' in file.read_text("utf-8") for file in log.glob("seg-*.jsonl"))
        return "yes" if there else ""

    def strike() -> None:
        until(look)
        assert dask.scheduler is not None
        dask.scheduler.kill()

    thread = threading.Thread(target=strike)
    thread.start()
    return thread


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three account sets of many batches; nobody works in it, only in copies."""
    folder = tmp_path_factory.mktemp("group")
    make_group(folder, NAMES, customers=30, batch=1)
    return folder


@pytest.fixture
def here(group: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = Path(shutil.copytree(group, tmp_path / "here"))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    return folder


@pytest.mark.parametrize("allowed_failures", [0, 3], ids=["repeated by us", "repeated by Dask"])
def test_a_worker_killed_while_it_writes_loses_nothing_and_writes_nothing_twice(
    here: Path, tmp_path: Path, ask: Ask, allowed_failures: int
) -> None:
    wanted = {name: planned(here / name) for name in NAMES}
    with cluster(tmp_path / "cluster", workers=2, allowed_failures=allowed_failures) as dask:
        killer = kill_while_writing(here / "beta")
        answer = ask("fleet", "run", "--scheduler", dask.address, "--json")
        killer.join()
        assert sorted(worker.poll() is None for worker in dask.workers) == [False, True]
        assert answer.code == 0, answer.err
        members = {member["name"]: member for member in answer.json["members"]}
        assert members["beta"]["starts"] == 2
        assert members["alpha"]["starts"] + members["gamma"]["starts"] == 2
        for name in NAMES:
            all_hold(here / name, wanted[name])
        records = oracle.records_in(oracle.log_below(here / "beta" / "audit"))
        assert [record["type"] for record in records].count("run_open") == 2, "it did not die in the middle"
        first = [record for record in records if record["run_id"] == records[0]["run_id"]]
        assert 0 < sum(record["type"] == "outcome" for record in first) < len(wanted["beta"])
        assert last_summary(here)["results"][1]["starts"] == 2

        # Another night has nothing to do.
        again = ask("fleet", "run", "--scheduler", dask.address)
        assert again.code == 0, again.err
        for name in NAMES:
            all_hold(here / name, wanted[name])
            oracle.nothing_left(oracle.records_in(oracle.log_below(here / name / "audit")))


def test_a_member_that_kills_every_worker_is_given_up_and_the_others_are_not(
    here: Path, tmp_path: Path, ask: Ask
) -> None:
    wanted = {name: planned(here / name) for name in NAMES}
    # Whoever opens this account set dies, as with a driver that crashes.
    (here / "sitecustomize.py").write_text(
        "import os\nfrom u8sync.bootstrap import member_runs\n"
        "run = member_runs._run\n"
        "def _run(order, *rest):\n"
        "    if order.member.name == 'beta':\n        os.kill(os.getpid(), 9)\n"
        "    return run(order, *rest)\n"
        "member_runs._run = _run\n",
        encoding="utf-8",
    )
    with cluster(tmp_path / "cluster", workers=0, allowed_failures=0) as dask:
        path = os.pathsep.join([str(here), os.environ["PYTHONPATH"]])
        for _ in range(4):
            dask.add_worker(PYTHONPATH=path)
        dask.wait_for(4)
        answer = ask("fleet", "run", "--scheduler", dask.address, "--json")
    assert answer.code == 2
    ends = {member["name"]: (member["state"], member["starts"]) for member in answer.json["members"]}
    assert ends["beta"] == ("failed", 3)
    assert (ends["alpha"][0], ends["gamma"][0]) == ("done", "done")
    for name in ("alpha", "gamma"):
        all_hold(here / name, wanted[name])
    assert not written(here / "beta")


def test_a_scheduler_killed_in_the_middle_of_a_night_hangs_nobody_and_spoils_nothing(
    here: Path, tmp_path: Path, ask: Ask
) -> None:
    wanted = {name: planned(here / name) for name in NAMES}
    with cluster(tmp_path / "cluster", workers=2) as dask:
        killer = kill_scheduler_while_writing(here / "beta", dask)
        # A process of its own: it has to come to its end, whatever its threads still wait for.
        words = ["fleet", "run", "--scheduler", dask.address, "--json"]
        night = subprocess.run(
            [sys.executable, "-m", "u8sync", *words], capture_output=True, timeout=SPARE, check=False
        )
        killer.join()
        for worker in dask.workers:
            worker.wait(SPARE)  # they end what they do, and then themselves
    assert night.returncode == 75, night.stderr.decode()
    members = {member["name"]: member for member in json.loads(night.stdout)["members"]}
    ends = {name: (one["state"], one["exit_code"], one["starts"]) for name, one in members.items()}
    assert ends == {"alpha": ("failed", 75, 1), "beta": ("failed", 75, 1), "gamma": ("not_run", None, 0)}
    for name in ("alpha", "beta"):
        assert "how it ended is not known: the Dask scheduler tcp://" in members[name]["error"]["en"]
        assert "Run it again" in members[name]["hint"]["en"]
    assert members["gamma"]["error"]["en"].startswith("not run: the Dask scheduler tcp://")
    kept = last_summary(here)
    assert (kept["stopped"], kept["ended_at"] is None, len(kept["results"])) == (False, False, 3)
    assert not written(here / "gamma")
    for name in ("alpha", "beta"):  # whole, as after any death, and nothing is written that no night planned
        log = oracle.log_below(here / name / "audit")
        assert log is not None
        oracle.whole(log, recovered=False)
        assert written(here / name) <= wanted[name]

    again = ask("fleet", "run")
    assert again.code == 0, again.err
    for name in NAMES:
        all_hold(here / name, wanted[name])


def test_when_every_worker_is_gone_no_other_is_waited_for_for_ever(
    here: Path, tmp_path: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from u8sync.bootstrap import cluster as dask_cluster

    monkeypatch.setattr(dask_cluster, "WORKERLESS", 0.1)  # of 15 s
    wanted = {name: planned(here / name) for name in NAMES}
    with cluster(tmp_path / "cluster", workers=1) as dask:
        killer = kill_while_writing(here / "alpha")
        answer = ask("fleet", "run", "--scheduler", dask.address, "--json")
        killer.join()
    assert answer.code == 75, answer.err
    members = {member["name"]: member for member in answer.json["members"]}
    ends = {name: (one["state"], one["exit_code"]) for name, one in members.items()}
    assert ends == {"alpha": ("failed", 75), "beta": ("not_run", None), "gamma": ("not_run", None)}
    assert all("has no worker any more" in one["error"]["en"] for one in members.values())

    assert ask("fleet", "run").code == 0
    for name in NAMES:
        all_hold(here / name, wanted[name])


def test_a_worker_of_another_version_is_refused_before_anything_is_written(
    here: Path, tmp_path: Path, ask: Ask
) -> None:
    other = tmp_path / "other" / "u8sync"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text('__version__ = "0.0.1"\n', encoding="utf-8")
    with cluster(tmp_path / "cluster", workers=0) as dask:
        dask.add_worker(PYTHONPATH=str(other.parent))
        dask.wait_for(1)
        for language, word in (("en", "has u8sync 0.0.1"), ("zh", "u8sync 0.0.1；需要的版本是")):
            answer = ask("fleet", "run", "--scheduler", dask.address, language=language)
            assert answer.code == 78
            assert "".join(word.split()) in answer.complaint
    # The scheduler itself takes the orders apart, so it counts too.
    (other / "__init__.py").write_text("raise ImportError\n", encoding="utf-8")
    with cluster(tmp_path / "again", workers=1, PYTHONPATH=str(other.parent)) as dask:
        answer = ask("fleet", "run", "--scheduler", dask.address)
        assert (answer.code, f"{dask.address}hasnou8sync" in answer.complaint) == (78, True)
    assert [tiers_in(here / name) for name in NAMES] == [0, 0, 0]


def test_a_scheduler_that_is_not_there_or_has_no_worker_is_told_in_time(
    here: Path, tmp_path: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from u8sync.bootstrap import cluster as dask_cluster
    from u8sync.bootstrap import fleets

    monkeypatch.setattr(
        fleets, "on_dask", lambda address, topic, workers: dask_cluster.on_dask(address, topic, workers, 0.5)
    )
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for address in (f"tcp://127.0.0.1:{silent.getsockname()[1]}", "tcp://127.0.0.1:1"):
            answer = ask("fleet", "run", "--scheduler", address)
            assert answer.code == 69
            assert "doesnotanswerwithin0.5s" in answer.complaint
    assert ask("fleet", "run", "--scheduler", "ftp://x:1").code == 65
    with cluster(tmp_path / "cluster", workers=0) as dask:
        answer = ask("fleet", "run", "--scheduler", dask.address)
        assert (answer.code, "hasnoworker" in answer.complaint) == (69, True)
    assert [tiers_in(here / name) for name in NAMES] == [0, 0, 0]
